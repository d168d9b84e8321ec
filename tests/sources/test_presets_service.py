"""Service, parcels, receipts and forms: digits that clash, phones that are hidden, receipts that come twice."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from guanxi.engines.sources import preset, recognise
from guanxi.events import shipped
from guanxi.parties.types import is_masked

CHINA = ZoneInfo("Asia/Shanghai")
SAMPLES = [
    ("meiqia_conversation.json", "meiqia_conversation"),
    ("qianniu_chat.txt", "qianniu_chat"),
    ("kdniao_push.json", "kdniao_push"),
    ("kuaidi100.json", "kuaidi100"),
    ("sms_aliyun.json", "sms_aliyun"),
    ("sms_tencent.json", "sms_tencent"),
    ("wechat_template_event.xml", "wechat_template_event"),
    ("jinshuju_webhook.json", "jinshuju_webhook"),
]
Read = Callable[..., Any]
Sample = Callable[[str], Path]


@pytest.mark.parametrize(("name", "preset_id"), SAMPLES, ids=[row[1] for row in SAMPLES])
def test_a_sample_is_known_by_its_content_and_reads_the_same_row_by_row(
    name: str, preset_id: str, sample: Sample, read_whole: Read
) -> None:
    path = sample(name)
    assert [found.preset for found in recognise(path)] == [preset_id]
    whole = read_whole(path, preset_id)
    assert whole.events
    assert whole.parked == []
    assert whole.as_set() == read_whole(path, preset_id, chunk_rows=1).as_set()


@pytest.mark.parametrize(
    ("preset_id", "kind", "names"),
    [
        ("meiqia_conversation", "Service Message Sent", ["text", "author_name"]),
        ("meiqia_conversation", "Conversation Ended", ["agent_name", "visitor_name"]),
        ("qianniu_chat", "Service Message Sent", ["text", "author_name"]),
        ("kdniao_push", "Parcel Updated", ["text"]),
        ("kuaidi100", "Parcel Updated", ["text"]),
        ("jinshuju_webhook", "Form Submitted", ["answers", "nickname", "creator"]),
        ("bilibili_live", "Live Comment Sent", ["text", "author_name"]),
        ("bilibili_danmaku_xml", "Video Comment Sent", ["text"]),
    ],
)
def test_what_persons_typed_is_personal(preset_id: str, kind: str, names: list[str]) -> None:
    written = {name for event in preset(preset_id).events if event.kind == kind for name in event.properties}
    assert set(names) <= written
    assert all(shipped()[kind].properties[name].personal for name in names)


def test_a_conversation_with_its_messages(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("meiqia_conversation.json"), "meiqia_conversation")
    (ended,) = made.of("Conversation Ended")
    assert ended.at == datetime(2026, 1, 2, 10, 53, 5, 976_000, tzinfo=CHINA)
    assert ended.roles == {
        "actor": "account:meiqia:50000001", "agent": "agent:meiqia:agent@example.com", "ip": "ip::192.0.2.2",
    }  # fmt: skip
    assert (ended.properties["agent_messages"], ended.properties["customer_messages"]) == (1, 2)  # they came as text
    messages = sorted(made.of("Service Message Sent"), key=lambda one: one.at)
    assert [(one.properties["role"], one.properties["text"]) for one in messages] == [
        ("client", "什么时候发货"), ("agent", "今天下午发"), ("client", "太慢了！！"),
    ]  # fmt: skip
    assert [one.roles["actor"].split(":")[0] for one in messages] == ["account", "agent", "account"]
    assert messages[1].roles["object"] == "account:meiqia:50000001"
    assert {one.refs["conversation"] for one in messages} == {"68000001"}


def test_an_open_conversation_has_not_ended(tmp_path: Path, read_whole: Read) -> None:
    one = {
        "conv_id": 7, "conv_start_tm": "2026-01-02 10:00:00", "conv_end_tm": None, "client_id": 5, "agent_account": "a",
        "conv_content": [
            {"from": "client", "timestamp": "2026-01-02 10:00:01", "content": "在吗", "content_type": "text"},
        ],
    }  # fmt: skip
    path = tmp_path / "x"
    path.write_text(json.dumps([one, {**one, "conv_id": 8}]), "utf-8")  # a list of conversations reads as well
    assert [found.preset for found in recognise(path)] == ["meiqia_conversation"]
    made = read_whole(path, "meiqia_conversation")
    assert sorted(one.kind for one in made.events) == ["Conversation Started"] * 2 + ["Service Message Sent"] * 2
    assert made.accepted == 2


def test_copied_chat_knows_the_shop_from_the_buyer(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("qianniu_chat.txt"), "qianniu_chat")
    (buyer,) = made.of("Service Message Sent", role="client")
    assert (buyer.at, buyer.roles) == (
        datetime(2026, 1, 2, 10, 0, 20, tzinfo=CHINA), {"actor": "account:taobao~masked:t**1"},
    )  # fmt: skip
    assert is_masked(buyer.roles["actor"])
    agents = made.of("Service Message Sent", role="agent")
    assert {one.roles["actor"] for one in agents} == {"agent:taobao:示例客服:小测"}
    assert agents[1].properties["text"] == "今天 16:00 前付款今天发\n[图片]"
    assert {one.refs["conversation"] for one in made.events} == {"chat@2026-01-02 10:00:01"}
    named = read_whole(sample("qianniu_chat.txt"), "qianniu_chat", {"conversation": "c1"})
    assert {one.refs["conversation"] for one in named.events} == {"c1"}


def parcels(path: Path, **changes: str) -> tuple[Path, Path]:
    """The same parcel and the same digit at both trackers."""
    state = changes.get("state", "2")
    text = changes.get("text", "运输中")
    one, two = path / "kdniao", path / "kuaidi100"
    trace = {"AcceptTime": "2026-01-02 18:00:00", "AcceptStation": text}
    row = {"ShipperCode": "YTO", "LogisticCode": "T1", "OrderCode": "9", "State": state, "Traces": [trace]}
    one.write_text(json.dumps({"PushTime": "2026-01-02 19:00:00", "Data": [row]}), "utf-8")
    line = {"time": "2026-01-02 18:00:00", "ftime": "2026-01-02 18:00:00", "context": text}
    two.write_text(
        json.dumps({"nu": "T1", "com": "yuantong", "status": "200", "state": state, "data": [line]}), "utf-8"
    )
    return one, two


@pytest.mark.parametrize(
    ("state", "kdniao", "kuaidi100"),
    [
        pytest.param("0", "unknown", "in_transit", id="0"),
        pytest.param("1", "collected", "collected", id="1"),
        pytest.param("2", "in_transit", "problem", id="2"),
        pytest.param("3", "delivered", "delivered", id="3"),
        pytest.param("4", "problem", "returned", id="4"),
    ],
)
def test_the_same_digit_means_different_things(
    state: str, kdniao: str, kuaidi100: str, tmp_path: Path, read_whole: Read
) -> None:
    one, two = parcels(tmp_path, state=state)
    first, second = read_whole(one, "kdniao_push"), read_whole(two, "kuaidi100")
    assert [one.properties["state"] for one in first.events if "state" in one.properties] == [kdniao]
    assert [one.properties["state"] for one in second.events if "state" in one.properties] == [kuaidi100]
    assert {one.roles["institution"] for one in first.events + second.events} == {"institution::yuantong"}


def test_an_unknown_parcel_state_is_parked(tmp_path: Path, read_whole: Read) -> None:
    made = read_whole(parcels(tmp_path, state="88")[1], "kuaidi100")
    assert (made.events, [one.reason for one in made.parked]) == ([], ["state-unknown"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("派件中，电话13800000009", "派件中，电话138****0009", id="one-phone"),
        pytest.param("张三(138 0000 0009)、驿站15900000008", "张三(138****0009)、驿站159****0008", id="two-phones"),
        pytest.param("13800000001,13800000002,13800000003", "138****0001,138****0002,138****0003", id="three"),
        pytest.param("运单 773013800000009123 已发出", "运单 773013800000009123 已发出", id="inside-a-tracking-number"),
        pytest.param("【杭州】已揽收", "【杭州】已揽收", id="none"),
    ],
)
def test_phones_in_traces_are_hidden(text: str, shown: str, tmp_path: Path, read_whole: Read) -> None:
    one, two = parcels(tmp_path, text=text)
    for path, name in ((one, "kdniao_push"), (two, "kuaidi100")):
        made = read_whole(path, name)
        assert [one.properties["text"] for one in made.events if "text" in one.properties] == [shown]


def test_a_push_of_kdniao(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("kdniao_push.json"), "kdniao_push")
    collected, delivering, whole = made.events
    assert (collected.at, collected.properties["state"]) == (datetime(2026, 1, 2, 18, tzinfo=CHINA), "collected")
    assert delivering.properties["state"] == "out_for_delivery"
    assert delivering.properties["text"] == "【西湖】派件中(138****0009)"
    assert delivering.refs == {"parcel": "FAKE0000000001", "order": "900001"}
    assert (whole.properties["state"], whole.properties["state_detail"]) == ("in_transit", "out_for_delivery")
    assert made.key(collected) == "YTO|FAKE0000000001|2026-01-02 18:00:00|【杭州】已揽收"


def test_a_later_push_repeats_the_old_lines_unchanged(tmp_path: Path, read_whole: Read) -> None:
    first = read_whole(parcels(tmp_path, state="2")[0], "kdniao_push")
    later = read_whole(parcels(tmp_path, state="3")[0], "kdniao_push")
    assert first.events[0] == later.events[0]
    assert first.keys[0] == later.keys[0]
    assert first.keys[1] != later.keys[1]


def test_an_answer_of_kuaidi100(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("kuaidi100.json"), "kuaidi100")
    whole = made.events[-1]
    assert (whole.at, whole.properties["state"], whole.properties["signed"]) == (
        datetime(2026, 1, 4, 19, 10, 30, tzinfo=CHINA), "delivered", True,
    )  # fmt: skip
    assert [one.properties.get("text") for one in made.events] == ["客户 签收人: 本人签收", "已收入", None]


@pytest.mark.parametrize(
    ("name", "keys", "refs"),
    [
        pytest.param(
            "sms_aliyun", ["FAKEBIZ1|13800000010", "FAKEBIZ2|13800000011"],
            [{"message": "FAKEBIZ1", "action": "act-1"}, {"message": "FAKEBIZ2", "action": "act-2"}], id="aliyun",
        ),
        pytest.param(
            "sms_tencent", ["FAKE-SID-1", "FAKE-SID-2"], [{"message": "FAKE-SID-1"}, {"message": "FAKE-SID-2"}],
            id="tencent",
        ),
    ],
)  # fmt: skip
def test_receipts_are_known_by_their_id(
    name: str, keys: list[str], refs: list[dict[str, str]], sample: Sample, tmp_path: Path, read_whole: Read
) -> None:
    path = sample(f"{name}.json")
    made = read_whole(path, name)
    assert made.keys == keys
    assert [one.kind for one in made.events] == ["Message Delivered", "Message Failed"]
    assert [one.refs for one in made.events] == refs
    assert [one.properties["delivered"] for one in made.events] == [True, False]
    assert [one.roles for one in made.events] == [{"phone": "phone::13800000010"}, {"phone": "phone::13800000011"}]
    twice = tmp_path / "twice"
    rows = json.loads(path.read_text("utf-8"))
    twice.write_text(json.dumps(rows + rows), "utf-8")
    again = read_whole(twice, name)
    assert again.as_set() == sorted(made.as_set() * 2)  # the same content under the same key: stored once


def test_a_phone_abroad_keeps_its_country(tmp_path: Path, read_whole: Read) -> None:
    row = {
        "user_receive_time": "2026-01-02 12:00:04",
        "nationcode": "852",
        "mobile": "51234567",
        "sid": "s",
        "errmsg": "-",
    }
    path = tmp_path / "x"
    path.write_text(json.dumps([{**row, "report_status": "SUCCESS"}, {**row, "report_status": "MAYBE"}]), "utf-8")
    made = read_whole(path, "sms_tencent")
    assert [one.roles["phone"] for one in made.events] == ["phone::+85251234567"]
    assert [one.reason for one in made.parked] == ["state-unknown"]


XML = (
    "<xml><ToUserName>gh</ToUserName><FromUserName>openid</FromUserName><CreateTime>1767351600</CreateTime>"
    "<MsgType>event</MsgType>{}</xml>"
)


@pytest.mark.parametrize(
    ("inner", "kind", "properties"),
    [
        pytest.param(
            "<Event>TEMPLATESENDJOBFINISH</Event><MsgID>2</MsgID><Status>success</Status>", "Message Delivered",
            {"delivered": True, "receipt_id": "2", "channel": "wechat_template", "provider": "wechat"}, id="delivered",
        ),
        pytest.param(
            "<Event>TEMPLATESENDJOBFINISH</Event><MsgID>2</MsgID><Status>failed: system failed</Status>",
            "Message Failed",
            {"delivered": False, "receipt_id": "2", "channel": "wechat_template", "provider": "wechat",
             "error": "system failed", "error_text": "failed: system failed"}, id="failed",
        ),
        pytest.param(
            "<Event>MASSSENDJOBFINISH</Event><MsgID>3</MsgID><Status>send success</Status><TotalCount>100</TotalCount>"
            "<FilterCount>80</FilterCount><SentCount>75</SentCount><ErrorCount>5</ErrorCount>", "Broadcast Finished",
            {"audience": 100, "targeted": 80, "delivered": 75, "failed": 5, "channel": "wechat_broadcast",
             "status": "send success"}, id="broadcast",
        ),
    ],
)  # fmt: skip
def test_results_of_wechat(inner: str, kind: str, properties: dict[str, Any], tmp_path: Path, read_whole: Read) -> None:
    path = tmp_path / "x"
    path.write_text(XML.format(inner), "utf-8")
    (one,) = read_whole(path, "wechat_template_event").events
    assert (one.kind, one.at, one.properties) == (kind, datetime(2026, 1, 2, 11, tzinfo=UTC), properties)


def test_a_result_names_its_receiver(sample: Sample, read_whole: Read) -> None:
    (one,) = read_whole(sample("wechat_template_event.xml"), "wechat_template_event").events
    assert (one.kind, one.roles, one.refs) == (
        "Message Failed", {"actor": "account:wechat:FAKEOPENID"}, {"message": "200163836"},
    )  # fmt: skip
    assert one.properties["error"] == "user block"


@pytest.mark.parametrize(
    ("settings", "phone", "nickname"),
    [
        pytest.param({}, None, None, id="kept-as-answers"),
        pytest.param({"phone": "field_2", "nickname": "field_1"}, "phone::13800000012", "测试", id="fields-are-told"),
    ],
)
def test_a_form(
    settings: dict[str, str], phone: str | None, nickname: str | None, sample: Sample, read_whole: Read
) -> None:
    made = read_whole(sample("jinshuju_webhook.json"), "jinshuju_webhook", settings)
    (one,) = made.events
    assert one.at == datetime(2026, 1, 2, 3, 36, 9, 16_000, tzinfo=UTC)
    assert (made.keys, one.amount) == (["FAKE01|123"], None)  # a form of 0 yuan was not paid for
    assert one.roles["actor"] == "account:wechat:FAKEOPENID"
    assert (one.roles.get("phone"), one.properties.get("nickname")) == (phone, nickname)
    assert json.loads(one.properties["answers"])["field_3"] == ["选项一", "选项二"]
    assert "unionid" not in one.properties
