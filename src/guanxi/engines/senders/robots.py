"""Robots of work groups, for notices to operators: 企业微信, 钉钉, 飞书.

source   https://developer.work.weixin.qq.com/document/path/91770
         https://open.dingtalk.com/document/robots/custom-robot-access
         https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec

from guanxi.actions import Outcome, OutcomeKind, Outgoing
from guanxi.core import SettingError
from guanxi.engines.senders.http import TIMEOUT_S, Caller, status_outcome

RATE: Final = 20  # messages a minute that a robot takes
TEXT_BYTES: Final = 2_000  # of a message


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of robot is spoken to.

    url     its address; the token is put behind it
    code    names under which an answer says its code; 0 = accepted
    codes   what codes say; those not here are `invalid`
    """

    url: str
    code: tuple[str, ...]
    codes: Mapping[int, OutcomeKind]


DIALECTS: Final[dict[str, Dialect]] = {
    "wecom": Dialect(
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
        ("errcode",),
        {-1: "server", 45009: "busy", 45033: "busy", 93000: "refused", 93004: "refused", 93008: "refused"},
    ),
    "dingtalk": Dialect(
        "https://oapi.dingtalk.com/robot/send?access_token=",
        ("errcode",),
        {-1: "server", 130101: "busy", 410100: "busy", 300001: "refused", 300005: "refused", 310000: "refused",
         400013: "refused", 400101: "refused", 400102: "refused"},
    ),
    "feishu": Dialect(
        "https://open.feishu.cn/open-apis/bot/v2/hook/",
        ("code", "StatusCode"),
        {9499: "busy", 11232: "busy", 11233: "busy", 19001: "refused", 19021: "refused", 19022: "refused",
         19024: "refused", 19007: "refused"},
    ),
}  # fmt: skip


class RobotSender:
    """Says notices in a work group; twice is twice, since robots know no keys.

    kind     wecom, dingtalk or feishu
    token    of the robot's address; secret: the one it signs with, "" = it does not (企业微信 never does)
    url      "" = the service's own; tests and relays name another
    """

    keys = False
    asks = False
    addressed = False

    def __init__(
        self, kind: str, token: str, *, now: Callable[[], int], secret: str = "", url: str = "",
        allow_private: bool = False, at_once: int = 1, timeout_s: float = TIMEOUT_S,
    ) -> None:  # fmt: skip
        if not token or not token.isascii() or not token.isprintable():
            raise SettingError(
                "the token of a robot is missing, or no token", "Set the variable of token_env", "senders"
            )
        self._dialect, self._kind = DIALECTS[kind], kind
        self._token, self._secret, self._now = token, secret, now
        self._caller = Caller(url or self._dialect.url, allow_private=allow_private, timeout_s=timeout_s)
        self.at_once = at_once

    async def send(self, row: Outgoing, address: str, attempt: int) -> Outcome:
        """Say one notice."""
        path, body = self._request(_text(row))
        headers = {"content-type": "application/json", "user-agent": "guanxi"}
        answer = await self._caller.call("POST", path, headers=headers, content=msgspec.json.encode(body))
        if isinstance(answer, Outcome):
            return answer
        plain = status_outcome(answer)
        try:
            said = msgspec.json.decode(answer.body, type=dict[str, Any])
        except msgspec.DecodeError:
            said = {}
        code = next((said[name] for name in self._dialect.code if type(said.get(name)) is int), None)
        if code is None:
            return Outcome(kind="unknown", text="an answer of another form") if plain.accepted else plain
        if code == 0 and plain.accepted:
            return Outcome(kind="accepted")
        kind: OutcomeKind = self._dialect.codes.get(code, "invalid")
        return Outcome(kind=kind, text=f"{self._kind} {code}", retry_after_ms=60_000 if kind == "busy" else None)

    async def did(self, row: Outgoing) -> Outcome | None:
        """Nobody can tell."""
        return None

    async def close(self) -> None:
        """Give back connections."""
        await self._caller.close()

    def _request(self, text: str) -> tuple[str, dict[str, Any]]:
        """What follows the address, and the body."""
        token, now_ms = quote(self._token, safe=""), self._now()
        if self._kind == "feishu":
            body = {"msg_type": "text", "content": {"text": text}}
            if self._secret:
                second = str(now_ms // 1000)
                body |= {"timestamp": second, "sign": _digest(f"{second}\n{self._secret}", "")}
            return token, body
        if self._kind == "dingtalk" and self._secret:
            sign = _digest(self._secret, f"{now_ms}\n{self._secret}")
            token += f"&timestamp={now_ms}&sign={quote(sign, safe='')}"
        return token, {"msgtype": "text", "text": {"content": text}}


def _digest(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()


def _text(row: Outgoing) -> str:
    params = dict(row.body)
    lines = [str(params[name]) for name in ("title", "text", "content", "url") if params.get(name)]
    data = "\n".join(lines).encode()
    return data.decode() if len(data) <= TEXT_BYTES else data[: TEXT_BYTES - 3].decode("utf-8", "ignore") + "…"
