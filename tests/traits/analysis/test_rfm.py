"""RFM: the function and the SQL say the same; every buyer in one segment; cut points by hand."""

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DAY_MS, DataError, SettingError
from guanxi.traits.metrics import (
    CLASSIC,
    NAMED,
    RfmCuts,
    local_cut_off,
    rfm,
    rfm_cells,
    rfm_query,
    rfm_segments,
    segment_name,
)

from .conftest import slice_of

DAY0 = 1_700_000_000_000
CUT = DAY0 + 400 * DAY_MS
Orders = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 400 * DAY_MS - 1), st.integers(0, 5) | st.integers(0, 10**9)),
    max_size=60,
)


def frame(orders: list[tuple[int, int, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        [(f"account:app:{who}", DAY0 + at, amount) for who, at, amount in orders],
        schema={"person": pl.String, "at_ms": pl.Int64, "amount": pl.Int64}, orient="row",
    )  # fmt: skip


def events(orders: list[tuple[int, int, int]]) -> dict[str, list[dict[str, Any]]]:
    rows = [
        {"who": f"account:app:{who}", "at_ms": DAY0 + at, "amount": amount, "currency": "CNY", "ref_order": str(place)}
        for place, (who, at, amount) in enumerate(orders)
    ]
    return {"Order Completed": rows}


@given(
    Orders, st.sampled_from(["quantile", "rule"]), st.sampled_from(["mean", "median"]),
    st.sampled_from([RfmCuts(), RfmCuts(amount=(1, 2, 3, 1000))]),
)  # fmt: skip
def test_the_sql_scores_as_the_function_does(ask, orders, variant, split, cuts) -> None:
    scores = rfm(frame(orders), CUT, variant=variant, split=split, cuts=cuts)
    told = ask(rfm_query(slice_of(DAY0, CUT), variant=variant, split=split, cuts=cuts), events(orders))
    assert told.select(scores.frame.columns).rows() == scores.frame.rows()


@given(Orders, st.sampled_from(["quantile", "rule"]))
def test_laws_of_scores(orders, variant) -> None:
    scores = rfm(frame(orders), CUT, variant=variant)
    people = scores.frame
    assert people.height == len({who for who, _, _ in orders})
    assert rfm(frame(orders[::-1]), CUT, variant=variant).frame.equals(people)  # the order of rows does not matter
    for value, score, sign in (("recency_days", "r", -1), ("orders", "f", 1), ("amount", "m", 1)):
        pairs = sorted(zip((sign * people[value]).to_list(), people[score].to_list(), strict=True))
        assert [one for _, one in pairs] == sorted(one for _, one in pairs)  # better is never scored lower
        assert len(set(pairs)) == len({one for one, _ in pairs})  # ties score equally
    # The bounds lead to the scores.
    cuts = scores.cuts
    if people.height:
        for row in people.to_dicts():
            assert row["r"] == 1 + sum(row["recency_days"] < cut for cut in cuts.recency_days)
            assert row["f"] == 1 + sum(row["orders"] >= cut for cut in cuts.orders)
            assert row["m"] == 1 + sum(row["amount"] >= cut for cut in cuts.amount)
    for naming in ("classic", "grid"):
        segments = rfm_segments(people, naming=naming)
        assert sum(one.people for one in segments) == people.height
        assert sum(one.amount for one in segments) == sum(amount for _, _, amount in orders)
    assert sum(cell.people for cell in rfm_cells(people)) == people.height


def test_fifths_by_hand() -> None:
    orders = [(who, who * DAY_MS, 100 * who) for who in range(10)]  # later buyers are more recent and pay more
    people = rfm(frame(orders), DAY0 + 10 * DAY_MS).frame.sort("amount")
    assert people["r"].to_list() == people["m"].to_list() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert people["f"].to_list() == [1] * 10  # one order each: nobody is better than anybody


@pytest.mark.parametrize(("days", "score"), [(0, 5), (29, 5), (30, 4), (60, 3), (90, 2), (179, 2), (180, 1), (399, 1)])
def test_recency_cut_points(days: int, score: int) -> None:
    at = 400 * DAY_MS - 1 - days * DAY_MS
    row = rfm(frame([(1, at, 1)]), CUT, variant="rule").frame.to_dicts()[0]
    assert (row["recency_days"], row["r"]) == (days, score)


@pytest.mark.parametrize(("count", "score"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (9, 4), (10, 5), (30, 5)])
def test_frequency_cut_points(count: int, score: int) -> None:
    assert rfm(frame([(1, 5, 1)] * count), CUT, variant="rule").frame["f"].to_list() == [score]


def test_the_eight_segments_are_the_eight_marks_and_the_ten_cover_the_grid() -> None:
    assert len({(one.recent, one.often, one.much) for one in CLASSIC}) == 8
    cells = Counter((r, f) for one in NAMED for r in one.recency for f in one.frequency)
    assert cells == Counter({(r, f): 1 for r in range(1, 6) for f in range(1, 6)})
    segments = {one.id: one for one in rfm_segments(rfm(frame([]), CUT).frame)}
    assert segments["key_value"].zh == "重要价值客户"
    assert segments["key_win_back"].rule_zh == "R 分不高于平均分，F 分不高于平均分，M 分高于平均分（花得多）"
    assert segment_name("win_back") == ("一般挽留客户", "Win back")


def test_an_order_told_twice_counts_once_as_it_was_first_told(ask) -> None:
    rows = [
        {"who": "account:app:1", "at_ms": DAY0, "amount": 100, "currency": "CNY", "ref_order": "A"},
        {"who": "account:app:1", "at_ms": DAY0 + 5, "amount": 90, "currency": "CNY", "ref_order": "A"},
        {"who": "account:app:1", "at_ms": DAY0, "amount": 7, "currency": "CNY", "ref_order": "A", "platform": "jd"},
        {"who": "account:app:1", "at_ms": DAY0, "amount": 9, "currency": "USD", "ref_order": "B"},
        {"who": "account:taobao~masked:t**1", "at_ms": DAY0, "amount": 9, "currency": "CNY", "ref_order": "C"},
        {"at_ms": DAY0, "amount": 9, "currency": "CNY", "ref_order": "D"},
        {"who": "device::x", "at_ms": DAY0 + 9, "amount": 1, "currency": "CNY", "ref_order": "E"},
    ]  # fmt: skip
    told = ask(rfm_query(slice_of(0, CUT, resolved=True)), {"Order Completed": rows}, {"device::x": "account:app:1"})
    assert told.select("person", "orders", "amount", "first_ms", "last_ms", "currency").rows() == [
        ("account:app:1", 4, 108, DAY0, DAY0 + 9, "CNY")
    ]


def test_bad_questions_say_what_is_allowed() -> None:
    with pytest.raises(DataError, match="1 orders lie at or after the cut-off"):
        rfm(frame([(1, 0, 1)]), DAY0)
    with pytest.raises(DataError, match="Use one of quantile, rule"):
        rfm(frame([]), CUT, variant="deciles")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="four numbers, ascending"):
        RfmCuts(orders=(3, 2, 5, 10))
    with pytest.raises(DataError, match="Use one of key_value"):
        segment_name("vip")


def test_a_running_range_is_cut_at_the_end_of_today() -> None:
    noon = 1_700_000_000_000
    cut = local_cut_off(noon + 30 * DAY_MS, noon)
    assert noon < cut <= noon + DAY_MS
    assert (cut + 28_800_000) % DAY_MS == 0
    assert local_cut_off(noon - 5, noon) == noon - 5


@pytest.mark.parametrize(
    ("variant", "golden"), [("quantile", "rfm_quantile.json"), ("rule", "rfm_rule.json")], ids=["quantile", "rule"]
)
def test_golden_table_of_online_retail(online_retail: pl.DataFrame, variant, golden, golden_file) -> None:
    cut = int(online_retail["at_ms"].max()) + 1  # type: ignore[arg-type]
    scores = rfm(online_retail, cut, variant=variant)
    told = {
        "buyers": scores.frame.height,
        "cuts": [scores.cuts.recency_days, scores.cuts.orders, scores.cuts.amount],
        "cells": [[one.recency, one.frequency, one.people, one.amount] for one in rfm_cells(scores.frame)],
        "classic": [[one.id, one.people, one.amount] for one in rfm_segments(scores.frame)],
        "grid": [[one.id, one.people, one.amount] for one in rfm_segments(scores.frame, naming="grid")],
    }
    golden_file(golden, told)
    assert np.array([one[2] for one in told["cells"]]).sum() == scores.frame.height
