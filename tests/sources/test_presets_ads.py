"""Reports of ads and shops: one spend, many windows; totals are not rows; a missing amount is not zero."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from guanxi.core import SettingError
from guanxi.engines.sources import recognise

CHINA = ZoneInfo("Asia/Shanghai")
SAMPLES: list[tuple[str, str, dict[str, str]]] = [
    ("wanxiangtai_subject.gbk.csv", "wanxiangtai_subject", {}),
    ("sycm_products.gb18030.csv", "sycm_products", {}),
    ("qianchuan_material.csv", "qianchuan_material", {"period": "2026-01-01~2026-01-07"}),
    ("jd_ads.gbk.csv", "jd_ads", {}),
    ("jd_sku_daily.csv", "jd_sku_daily", {}),
    ("pdd_ads.csv", "pdd_ads", {}),
]
WANXIANGTAI = (
    "统计日期,店铺名称,转化周期,场景名字,原二级场景名字,计划ID,计划名字,"
    "主体ID,主体类型,主体名称,展现量,点击量,花费,总成交金额,总成交笔数\n"
)
Read = Callable[..., Any]
Sample = Callable[[str], Path]


def day_end(day: int) -> datetime:
    """The last millisecond of a day of January 2026 in China."""
    return datetime(2026, 1, day, 23, 59, 59, 999_000, tzinfo=CHINA)


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


def test_one_spend_of_two_windows_is_recorded_once(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("wanxiangtai_subject.gbk.csv"), "wanxiangtai_subject")
    spends = [one for one in made.of("Ad Spend Recorded") if one.amount is not None]
    results = [one for one in made.of("Ad Spend Recorded") if one.amount is None]
    assert [(one.at, one.amount, one.currency) for one in spends] == [
        (day_end(2), 1000, "CNY"), (day_end(3), 123_450, "CNY"),
    ]  # fmt: skip
    assert spends[0].roles == {"campaign": "campaign:taobao:800001", "item": "item:taobao:700001"}
    assert (spends[0].properties["impressions"], spends[0].properties["clicks"]) == (1000, 50)
    named = [
        (r.properties["attribution_window_days"], r.properties.get("orders"), r.properties.get("revenue"))
        for r in results
    ]
    assert named == [(1, 1, 3000), (15, 3, 9000), (15, None, None)]  # "-" is not 0
    assert made.key(results[1]) == "2026-01-02|示例小店|关键词推广|关键词推广|800001|700001|15天转化"
    assert made.key(spends[0]) == "2026-01-02|示例小店|关键词推广|关键词推广|800001|700001"


@pytest.mark.parametrize(
    ("rows", "spends", "parked"),
    [
        pytest.param(["1天转化,5.00", "30天转化,5.00"], [500], 0, id="windows-apart"),
        pytest.param(["1天转化,5.00", "30天转化,6.00"], [], 2, id="windows-that-disagree-wait-for-a-person"),
        pytest.param(['1天转化,"1,005.00"', "30天转化,1005"], [100_500], 0, id="thousands"),
        pytest.param(["1天转化,NULL"], [], 0, id="no-spend-is-not-zero"),
    ],
)
def test_spend_stands_on_every_window(
    rows: list[str], spends: list[int], parked: int, tmp_path: Path, read_whole: Read
) -> None:
    lines = [
        f"2026-01-02,店,{window},关键词推广,NULL,8,计划A,7,商品,面膜,10,1,{spend},30.00,1\n"
        for window, spend in (row.split(",", 1) for row in rows)
    ]
    path = tmp_path / "x"
    path.write_bytes((WANXIANGTAI + "".join(lines)).encode("gbk"))
    made = read_whole(path, "wanxiangtai_subject", chunk_rows=1)
    assert [one.amount for one in made.of("Ad Spend Recorded") if one.amount is not None] == spends
    assert len(made.parked) == parked
    assert {one.reason for one in made.parked} <= {"group"}


def test_a_subject_that_is_no_product_is_no_item(tmp_path: Path, read_whole: Read) -> None:
    path = tmp_path / "x"
    path.write_text(
        WANXIANGTAI + "2026-01-02,店,1天转化,人群推广,NULL,8,计划A,7,店铺,我的店,10,1,5.00,30.00,1\n", "utf-8"
    )
    made = read_whole(path, "wanxiangtai_subject", {"shop": "s9"})
    assert made.events[0].roles == {"shop": "shop:taobao:s9", "campaign": "campaign:taobao:8"}


def test_products_of_a_day(sample: Sample, read_whole: Read) -> None:
    one, idle = read_whole(sample("sycm_products.gb18030.csv"), "sycm_products").of("Shop Metrics Recorded")
    assert (one.at, one.roles) == (day_end(2), {"item": "item:taobao:700001"})
    assert one.properties == {
        "period": "2026-01-02", "grain": "day", "dimension": "item", "title": "示例面膜", "visitors": 1234,
        "views": 3456, "avg_stay_s": 12.34, "cart_users": 56, "buyers": 23, "units": 40, "paid": 256_000,
        "refund": 12_800, "view_to_buy_rate": 0.0186,
    }  # fmt: skip
    assert idle.properties["paid"] == 0
    assert not {"avg_stay_s", "view_to_buy_rate"} & idle.properties.keys()


def test_a_material_report_takes_its_period_from_the_operator(sample: Sample, read_whole: Read) -> None:
    path = sample("qianchuan_material.csv")
    with pytest.raises(SettingError, match="period"):
        read_whole(path, "qianchuan_material")
    made = read_whole(path, "qianchuan_material", {"period": "2026-01-01~2026-01-07"})
    one, idle = made.of("Ad Spend Recorded")
    assert (one.at, one.amount, one.roles) == (day_end(7), 123_456, {"creative": "creative:douyin:7600000000000000101"})
    assert made.key(one) == "default|2026-01-01~2026-01-07|7600000000000000101"
    assert one.properties["revenue"] == 285_183  # with coupons and subsidies, which make 2,700.00 of it paid
    assert (one.properties["user_paid"], one.properties["coupon"], one.properties["subsidy"]) == (270_000, 5000, 10_183)
    assert (one.properties["conversion_rate"], one.properties["base_spend"]) == (0.012, 100_000)
    assert idle.amount == 0
    assert "conversion_rate" not in idle.properties
    assert made.skipped == {"total": 1}
    assert made.gaps == {"整体消耗": 0, "整体成交金额": 0, "整体成交订单数": 0}


def test_a_period_without_a_date_parks_the_rows(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("qianchuan_material.csv"), "qianchuan_material", {"period": "上周"})
    assert (made.events, [one.reason for one in made.parked]) == ([], ["time", "time"])


def test_jd_ads_count_lines_within_a_window(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("jd_ads.gbk.csv"), "jd_ads")
    one, untied = made.of("Ad Spend Recorded")
    assert (one.at, one.amount) == (day_end(2), 2597)
    assert made.key(one) == "20260102|京东快车|500001|600001|0|100000000001|0|15"
    assert one.properties["attribution_window_days"] == 15
    assert (one.properties["order_lines"], one.properties["direct_order_lines"]) == (2, 1)
    assert "orders" not in one.properties
    assert (one.properties["revenue"], one.properties["indirect_revenue"]) == (99_875, 74_875)
    assert (untied.amount, untied.roles) == (1000, {"campaign": "campaign:jd:500001"})  # the SKU is "-"
    assert (
        read_whole(sample("jd_ads.gbk.csv"), "jd_ads", {"window": "7"}).events[0].properties["attribution_window_days"]
        == 7
    )


def test_jd_skus_of_a_day(sample: Sample, read_whole: Read) -> None:
    one, idle = read_whole(sample("jd_sku_daily.csv"), "jd_sku_daily").of("Shop Metrics Recorded")
    assert (one.at, one.roles) == (day_end(2), {"item": "item:jd:100000000001"})
    wanted = {
        "visitors": 1024, "views": 2048, "exposures": 8000, "paid": 99_875, "order_value": 124_875, "refund": 25_000,
        "orders": 2, "order_count": 3, "buyers": 2, "units": 2, "cart_users": 40, "sku_id": "100000000001",
    }  # fmt: skip
    assert {name: one.properties[name] for name in wanted} == wanted
    assert "search_exposures" not in idle.properties


def test_the_total_of_pdd_is_no_row_and_its_gap_is_told(sample: Sample, read_whole: Read) -> None:
    made = read_whole(sample("pdd_ads.csv"), "pdd_ads")
    assert [(one.at, one.amount, one.properties["billed_spend"]) for one in made.events] == [
        (day_end(3), 10_212, 10_212), (day_end(2), 8000, 8000),
    ]  # fmt: skip
    assert sum(one.amount for one in made.events) == 18_212
    assert made.gaps == {"总花费(元)": Decimal("317.88"), "成交花费(元)": Decimal("317.88"), "交易额(元)": 0}
    assert (made.rows, made.skipped) == (3, {"total": 1})


def test_a_restated_report_keeps_its_key(tmp_path: Path, read_whole: Read) -> None:
    banner = "名称：推广,,,,,,,,,,,,,\n"
    header = "日期,商品ID,商品名称,推广场景,推广名称,成交花费(元),交易额(元),实际投产比,总花费(元)\n"
    keys, amounts = [], []
    for spend in ("5.00", "5.20"):
        path = tmp_path / spend
        path.write_text(banner + header + f"2026-01-02,1,毛巾,稳定成本推广,计划,{spend},9,1.8,{spend}\n", "utf-8")
        made = read_whole(path, "pdd_ads")
        keys += made.keys
        amounts += [one.amount for one in made.events]
    assert (keys, amounts) == (["2026-01-02|1|稳定成本推广|计划"] * 2, [500, 520])
