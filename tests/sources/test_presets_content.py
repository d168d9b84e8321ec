"""Content and live rooms: totals are levels, channels and SKUs are not added twice, commenters are weakly known."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from guanxi.core import SettingError
from guanxi.engines.sources import recognise
from guanxi.parties.types import is_masked

CHINA = ZoneInfo("Asia/Shanghai")
SAMPLES: list[tuple[str, str, dict[str, str]]] = [
    ("douyin_live_room.xlsx", "douyin_live_room", {}),
    ("douyin_live_sessions.csv", "douyin_live_sessions", {}),
    ("wechat_channels_video.csv", "wechat_channels_video", {"downloaded": "2026-01-10"}),
    ("wechat_mp_articles.csv", "wechat_mp_articles", {}),
    ("wechat_datacube_articletotal.json", "wechat_datacube_articletotal", {}),
    ("xiaohongshu_notes.xlsx", "xiaohongshu_notes", {"downloaded": "2026-01-10"}),
    ("xiaohongshu_note_detail.xlsx", "xiaohongshu_note_detail", {"note": "n1", "downloaded": "2026-01-10"}),
    ("bilibili_danmaku.xml", "bilibili_danmaku_xml", {}),
    ("bilibili_danmaku_seg.bin", "bilibili_danmaku_seg", {"video": "cid:1"}),
    ("bilibili_live.json", "bilibili_live", {"room": "77"}),
]
Read = Callable[..., Any]
Sample = Callable[[str], Path]


def china(*parts: int) -> datetime:
    """A moment on the clock of China."""
    return datetime(*parts, tzinfo=CHINA)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(("name", "preset", "settings"), SAMPLES, ids=[row[1] for row in SAMPLES])
def test_a_sample_is_known_by_its_content_and_reads_the_same_row_by_row(
    name: str, preset: str, settings: dict[str, str], sample: Sample, read_whole: Read
) -> None:
    path = sample(name)
    assert [found.preset for found in recognise(path)] == [preset]
    whole = read_whole(path, preset, settings)
    cut = read_whole(path, preset, settings, chunk_rows=1)
    assert whole.parked == []
    assert whole.as_set() == cut.as_set()
    assert (whole.rows, whole.accepted, whole.gaps) == (cut.rows, cut.accepted, cut.gaps)


def test_a_live_session_is_one_event_with_its_channels_and_products_apart(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("douyin_live_room.xlsx"), "douyin_live_room")
    (room,) = made.of("Live Room Metrics Recorded", dimension="room")
    assert room.at == china(2026, 1, 2, 15, 44, 39)
    assert room.roles == {"creator": "creator:douyin:fake_account_1", "room": "room:douyin:fake_account_1"}
    assert room.refs == {"live": "fake_account_1@2026/01/02 08:15:49"}
    wanted = {
        "paid": 3_655_200, "paid_per_1000_views": 538_956, "viewers": 6782, "avg_online": 22.0, "avg_watch_s": 65.0,
        "view_to_buy_rate": 0.0068, "click_to_buy_rate": 0.0308, "exposure_to_view_rate": 0.1012, "buyers": 46,
        "started_at": room.at_ms - 26_930_000,
    }  # fmt: skip
    assert {name: room.properties[name] for name in wanted} == wanted
    assert "gmv" not in room.properties  # the workbook has 用户支付金额 and no 成交金额
    channels = made.of("Live Room Metrics Recorded", dimension="channel")
    assert [(one.properties["channel"], one.properties["orders"]) for one in channels] == [
        ("推荐feed", 30),
        ("千川竞价", 21),
    ]
    assert sum(one.properties["paid"] for one in channels) == room.properties["paid"]
    assert sum(one.properties["ad_spend"] for one in channels) == 220_151
    assert made.gaps == {"用户支付金额": 0, "成交订单数": 0, "千川消耗": 0}
    items = made.of("Live Room Metrics Recorded", dimension="item")
    assert [one.roles["item"] for one in items] == [
        "item:douyin:3500000000000000001",
        "item:douyin:3500000000000000002",
    ]
    assert sum(one.properties["units"] for one in items) == 51  # 92 with the SKU row
    (video,) = made.of("Live Room Metrics Recorded", dimension="video")
    assert (video.properties["exposures"], video.properties["views"], video.properties["exposure_to_view_rate"]) == (
        1200,
        60,
        0.05,
    )
    assert made.skipped == {"fact": 2, "total": 1, "sku": 1}
    assert made.rows == made.accepted + sum(made.skipped.values())


def test_a_channel_total_that_is_more_than_its_channels_is_told(tmp_path: Path, read_whole: Read) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in {
        "基本信息": [
            ["达人昵称", "抖音号or火山号", "直播时间"],
            ["店", "a1", "2026/01/02 08:00:00-2026/01/02 09:00:00"],
        ],
        "整体看板": [["直播间观看人数"], ["10"]],
        "流量分析-渠道分析": [
            ["渠道名称", "观看人数", "用户支付金额", "成交订单数", "千川消耗"],
            ["整体", "10", "¥1,100", "3", "—"],
            ["推荐feed", "10", "¥1,000", "2", "—"],
        ],
    }.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    path = tmp_path / "x"
    book.save(path)
    made = read_whole(path, "douyin_live_room")
    assert made.gaps == {"用户支付金额": 100, "成交订单数": 1}
    (channel,) = made.of("Live Room Metrics Recorded", dimension="channel")
    assert "ad_spend" not in channel.properties


def test_a_session_over_midnight_keeps_its_minutes(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("douyin_live_sessions.csv"), "douyin_live_sessions")
    late = made.of("Live Room Metrics Recorded")[1]
    assert (late.at, late.properties["duration_s"]) == (china(2026, 1, 3, 1), 5400.0)
    assert [one.at for one in made.of("Live Room Started")] == [china(2026, 1, 2, 11, 0, 21), china(2026, 1, 2, 23, 30)]
    assert made.of("Live Room Ended")[1].refs == {"live": "fake_account_1@2026/01/02 23:30:00"}


def test_videos_are_levels_as_of_the_download(sample: Sample, read_whole: Read) -> None:
    path = sample("wechat_channels_video.csv")
    with pytest.raises(SettingError, match="downloaded"):
        read_whole(path, "wechat_channels_video")
    made = read_whole(path, "wechat_channels_video", {"downloaded": "2026-01-10 08:00"})
    one, quiet = made.events
    assert (one.at, one.platform) == (china(2026, 1, 10, 8), "channels")
    assert made.keys == ["export/FAKE-1|2026-01-10 08:00", "export/FAKE-2|2026-01-10 08:00"]
    wanted = {
        "title": "示例短片\n#示例 #测试", "views": 1204, "recommends": 3, "likes_thumb": 8, "finish_rate": 0.0441,
        "avg_watch_s": 14.73, "forwards": 4, "grain": "lifetime",
    }  # fmt: skip
    assert {name: one.properties[name] for name in wanted} == wanted
    assert not {"saves", "likes"} & one.properties.keys()  # 喜欢 is neither
    assert quiet.properties["avg_watch_s"] == 0
    assert not {"finish_rate", "title"} & quiet.properties.keys()
    later = read_whole(path, "wechat_channels_video", {"downloaded": "2026-01-11"})
    assert not set(made.keys) & set(later.keys)


@pytest.mark.parametrize(
    ("settings", "at"),
    [
        pytest.param({}, datetime(2026, 1, 8, 23, 59, 59, 999_000, tzinfo=CHINA), id="seven-days-after"),
        pytest.param({"downloaded": "2026-01-05 12:00"}, china(2026, 1, 5, 12), id="as-of-the-download"),
    ],
)
def test_articles_are_totals_of_seven_days(
    settings: dict[str, str], at: datetime, sample: Sample, read_whole: Read
) -> None:
    made = read_whole(sample("wechat_mp_articles.csv"), "wechat_mp_articles", settings)
    one = made.events[0]
    assert (len(made.events), one.at) == (2, at)
    assert one.roles == {"content": "content:wechat:https://example.com/s/FAKE1"}
    wanted = {
        "delivered": 2112, "viewers": 94, "views": 163, "sharers": 7, "shares": 10, "delivered_view_rate": 0.0374,
        "first_share_rate": 0.0633, "finish_rate": 0.6889, "grain": "7d",
    }  # fmt: skip
    assert {name: one.properties[name] for name in wanted} == wanted
    assert made.key(one) == "https://example.com/s/FAKE1"


def test_article_totals_are_levels_by_day(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("wechat_datacube_articletotal.json"), "wechat_datacube_articletotal")
    assert [(one.properties["period"], one.properties["grain"], one.properties["views"]) for one in made.events] == [
        ("2026-01-02", "lifetime", 90), ("2026-01-03", "lifetime", 163),
    ]  # fmt: skip
    assert made.keys == ["10000050_1|2026-01-02", "10000050_1|2026-01-03"]
    assert made.events[1].at == datetime(2026, 1, 3, 23, 59, 59, 999_000, tzinfo=CHINA)


def test_notes_have_no_id_but_a_title_and_a_time(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("xiaohongshu_notes.xlsx"), "xiaohongshu_notes", {"downloaded": "2026-01-10"})
    one = made.events[0]
    assert one.roles == {"content": "content:xiaohongshu:示例笔记一@2026年01月02日20时30分00秒"}
    wanted = {
        "published_at": int(china(2026, 1, 2, 20, 30).timestamp() * 1000), "impressions": 12_345, "views": 2345,
        "cover_click_rate": 0.19, "likes": 210, "saves": 180, "follows": 12, "avg_watch_s": 18.5, "format": "图文",
    }  # fmt: skip
    assert {name: one.properties[name] for name in wanted} == wanted


def test_days_and_hours_of_a_note_stay_apart(sample: Sample, read_whole: Read) -> None:
    settings = {"note": "n1", "downloaded": "2026-01-10"}
    made = read_whole(sample("xiaohongshu_note_detail.xlsx"), "xiaohongshu_note_detail", settings)
    found = {
        grain: [one.properties["impressions"] for one in made.of("Content Metrics Recorded", grain=grain)]
        for grain in ("lifetime", "day", "hour")
    }
    assert found == {"lifetime": [12_345], "day": [9000, 3345], "hour": [4000, 5000]}
    assert sum(found["day"]) == found["lifetime"][0]
    (whole,) = made.of("Content Metrics Recorded", grain="lifetime")
    assert (whole.properties["cover_click_rate"], whole.properties["avg_watch_s"]) == (0.19, 18.5)
    assert "finish_rate" not in whole.properties
    hour = made.of("Content Metrics Recorded", grain="hour")[0]
    assert hour.at == datetime(2026, 1, 2, 20, 59, 59, 999_000, tzinfo=CHINA)
    assert len(set(made.keys)) == len(made.keys) == 5


def test_danmaku_are_the_same_as_xml_and_as_protobuf(sample: Sample, read_whole: Read) -> None:
    xml = read_whole(sample("bilibili_danmaku.xml"), "bilibili_danmaku_xml")
    seg = read_whole(sample("bilibili_danmaku_seg.bin"), "bilibili_danmaku_seg", {"video": "cid:1"})
    for one, two in zip(xml.events[:2], seg.events, strict=True):
        told = {name: value for name, value in two.properties.items() if name != "weight"}  # only the segment tells it
        assert (one.kind, one.at, one.roles, one.properties) == (two.kind, two.at, two.roles, told)
    assert xml.keys[:2] == seg.keys
    first = xml.events[0]
    assert first.at == datetime(2026, 1, 2, 11, tzinfo=UTC)
    assert first.roles == {"content": "content:bilibili:cid:1", "actor": "account:bilibili~masked:deadbeef"}
    assert is_masked(first.roles["actor"])
    assert first.properties == {
        "comment_id": "1800000000000000001", "text": "哈哈哈 & 学到了", "author_hash": "deadbeef", "offset_ms": 12_345,
        "mode": "1", "color": "16777215", "pool": "0",
    }  # fmt: skip
    assert "text" not in xml.events[2].properties  # an empty comment was sent all the same


def test_a_danmaku_file_may_be_given_its_video(tmp_path: Path, read_whole: Read) -> None:
    path = tmp_path / "x"
    path.write_text(
        '<i><chatserver>c</chatserver><chatid>9</chatid><d p="0.0005,1,25,1,1767351600,0,ab,7,1">好</d></i>', "utf-8"
    )
    (one,) = read_whole(path, "bilibili_danmaku_xml", {"video": "BV1"}).events
    assert (one.roles["content"], one.properties["offset_ms"]) == ("content:bilibili:BV1", 1)


def test_live_messages(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("bilibili_live.json"), "bilibili_live", {"room": "77"})
    comment, gift = made.events
    assert (comment.kind, comment.at) == ("Live Comment Sent", datetime(2026, 1, 2, 11, 0, 0, 123_000, tzinfo=UTC))
    assert comment.roles == {"room": "room:bilibili:77", "actor": "account:bilibili:100001"}
    assert comment.properties == {"text": "抽奖什么时候", "author_name": "示例观众", "kind": "text"}
    assert (gift.kind, gift.amount) == ("Live Gift Sent", 200)  # 2,000 gold coins are 2 yuan
    assert gift.properties == {
        "gift": "示例礼物", "quantity": 2, "unit_price": "1", "coins": 2000, "paid": True, "author_name": "示例观众",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("message", "kind", "amount"),
    [
        pytest.param(
            '{"cmd":"SEND_GIFT","data":{"coin_type":"silver","total_coin":500,"num":5,"price":100,"uid":1,"timestamp":1767351605}}',
            "Live Gift Sent", None, id="silver-is-free",
        ),
        pytest.param(
            '{"cmd":"SUPER_CHAT_MESSAGE","data":{"id":9,"price":30,"message":"加油","uid":1,"start_time":1767351605}}',
            "Live Gift Sent", 3000, id="super-chat-is-yuan",
        ),
        pytest.param(
            '{"cmd":"GUARD_BUY","data":{"uid":1,"price":198000,"num":1,"gift_name":"舰长","start_time":1767351605}}',
            "Membership Bought", 19_800, id="guard-is-coins",
        ),
    ],
)  # fmt: skip
def test_what_a_live_message_is_worth(
    message: str, kind: str, amount: int | None, tmp_path: Path, read_whole: Read
) -> None:
    path = tmp_path / "x"
    path.write_text(f"[{message},{{'cmd':'ONLINE_RANK_COUNT'}}]".replace("'", '"'), "utf-8")
    made = read_whole(path, "bilibili_live", {"room": "77"})
    assert [(one.kind, one.amount) for one in made.events] == [(kind, amount)]
    assert made.skipped == {"no-event": 1}
