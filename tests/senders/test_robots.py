"""Robots of 企业微信, 钉钉 and 飞书 against a real server on loopback: signatures, codes, long texts."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from guanxi.actions.contract import NOW_MS, attempt, notice
from guanxi.engines.senders import RobotSender

from .conftest import Scripted, http


def robot(kind: str, url: str, secret: str = "") -> RobotSender:
    return RobotSender(kind, "t0ken", now=lambda: NOW_MS, secret=secret, url=url, allow_private=True)


def test_wecom() -> None:
    with Scripted(http(200, b'{"errcode":0,"errmsg":"ok"}')) as server:
        (outcome,) = attempt(robot("wecom", f"{server.url}send?key="), notice())
    assert outcome.kind == "accepted"
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /send?key=t0ken HTTP")
    assert json.loads(body) == {"msgtype": "text", "text": {"content": "今日审批\n有 3 项待审批"}}


def test_the_token_of_a_robot_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="")
    with Scripted(http(200, b'{"errcode":0}')) as server:
        attempt(robot("wecom", f"{server.url}send?key="), notice())
    assert "t0ken" not in caplog.text


def test_dingtalk_signs_the_address() -> None:
    with Scripted(http(200, b'{"errcode":0,"errmsg":"ok"}')) as server:
        (outcome,) = attempt(robot("dingtalk", f"{server.url}send?access_token=", "SECabc"), notice())
    assert outcome.kind == "accepted"
    asked = parse_qs(urlsplit(server.asked[0].split()[1].decode()).query)
    digest = hmac.new(b"SECabc", f"{NOW_MS}\nSECabc".encode(), hashlib.sha256).digest()
    assert asked == {
        "access_token": ["t0ken"], "timestamp": [str(NOW_MS)], "sign": [base64.b64encode(digest).decode()],
    }  # fmt: skip


def test_feishu_signs_the_body() -> None:
    with Scripted(http(200, b'{"code":0,"msg":"success"}')) as server:
        (outcome,) = attempt(robot("feishu", f"{server.url}hook/", "SECabc"), notice())
    assert outcome.kind == "accepted"
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    second = str(NOW_MS // 1000)
    digest = hmac.new(f"{second}\nSECabc".encode(), b"", hashlib.sha256).digest()
    assert head.startswith(b"POST /hook/t0ken HTTP")
    assert json.loads(body) == {
        "msg_type": "text", "content": {"text": "今日审批\n有 3 项待审批"}, "timestamp": second,
        "sign": base64.b64encode(digest).decode(),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "answer", "outcome"),
    [
        pytest.param("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, "busy", id="wecom-too-often"),
        pytest.param("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, "refused", id="wecom-no-such-robot"),
        pytest.param("wecom", {"errcode": 40058, "errmsg": "exceed"}, "invalid", id="wecom-bad-text"),
        pytest.param("wecom", {"errcode": -1}, "server", id="wecom-system-busy"),
        pytest.param("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, "busy", id="dingtalk-too-often"),
        pytest.param("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, "refused", id="dingtalk-bad-sign"),
        pytest.param("feishu", {"code": 19021, "msg": "sign match fail"}, "refused", id="feishu-bad-sign"),
        pytest.param("feishu", {"code": 11232, "msg": "frequency limited"}, "busy", id="feishu-too-often"),
        pytest.param("feishu", {"StatusCode": 0, "StatusMessage": "success"}, "accepted", id="feishu-old-form"),
        pytest.param("feishu", {"hello": 1}, "unknown", id="another-form"),
    ],
)
def test_codes_of_robots(kind: str, answer: dict[str, Any], outcome: str) -> None:
    with Scripted(http(200, json.dumps(answer).encode())) as server:
        (found,) = attempt(robot(kind, server.url + "?key="), notice())
    assert found.kind == outcome
    assert "errmsg" not in answer or str(answer["errmsg"]) not in found.text


def test_a_long_text_is_cut_at_a_character() -> None:
    with Scripted(http(200, b'{"errcode":0}')) as server:
        attempt(robot("wecom", f"{server.url}?key="), notice(text="字" * 3_000))
    said = json.loads(server.asked[0].partition(b"\r\n\r\n")[2])["text"]["content"]
    assert said.endswith("字…")
    assert len(said.encode()) <= 2_000
