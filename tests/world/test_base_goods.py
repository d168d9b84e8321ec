"""Days, places, goods and content of the base economy lie in the bands that the design names."""

from datetime import date, timedelta

import numpy as np
import pytest

from guanxi.core import SettingError
from guanxi.world.base import Calendar, Content, Creators, Goods, Places, Platforms, Service
from guanxi.world.board import Board, plant

FIRST = date(2026, 9, 1)
PARTS = (Places(), Goods(), Creators(), Content(), Platforms(), Service())


@pytest.fixture(scope="module")
def board() -> Board:
    counts = {"people": 20_000, "days": 366, "items": 8000, "content": 2000}
    return plant(Board(counts=counts), [Calendar(FIRST), *PARTS], seed=7)


def on(day: date) -> int:
    return (day - FIRST).days


# --- days


def test_days_are_what_the_calendar_says(board: Board) -> None:
    kind = board["calendar.kind"]
    assert board["calendar.first_day"][0] == FIRST.toordinal()
    assert kind[on(date(2026, 9, 2))] == 0  # a Wednesday
    assert kind[on(date(2026, 9, 5))] == 1  # a Saturday
    assert kind[on(date(2026, 10, 1))] == 2
    assert kind[on(date(2026, 10, 7))] == 2
    assert kind[on(date(2026, 10, 8))] == 0
    assert kind[on(date(2027, 2, 6))] == 2  # spring festival
    festivals = board.texts("calendar.festivals")
    assert festivals[board["calendar.festival"][on(date(2026, 9, 25))] - 1] == "mid_autumn"


def test_double_eleven_is_the_busiest_day_of_the_year(board: Board) -> None:
    peak = on(date(2026, 11, 11))
    assert board["calendar.traffic"].argmax() == board["calendar.orders"].argmax() == peak
    assert board["calendar.traffic"][peak] == pytest.approx(2.5)  # [G]
    assert board["calendar.orders"][peak] == pytest.approx(4.0)  # [G]
    assert board["calendar.phase"][peak] == 3
    assert board["calendar.orders"][peak - 1] < board["calendar.orders"][peak - 10]  # people wait


def test_wages_come_on_work_days(board: Board) -> None:
    paid = np.flatnonzero(board["calendar.payday"])
    assert len(paid) == 24
    assert all((FIRST + timedelta(int(n))).weekday() < 5 for n in paid)


def test_rain_lasts_and_summers_are_warm(board: Board) -> None:
    rain, warm = board["calendar.rain"].astype(int), board["calendar.temperature"]
    before, after = rain[:, :-1].ravel(), rain[:, 1:].ravel()
    assert after[before == 1].mean() == pytest.approx(0.6, abs=0.04)  # [G]
    assert after[before == 0].mean() == pytest.approx(0.2, abs=0.03)  # [G]
    assert (warm[:, on(date(2027, 7, 1)) : on(date(2027, 8, 1))].mean(axis=1) > 19).all()
    north, south = warm[0, on(date(2027, 1, 1)) : on(date(2027, 2, 1))].mean(), warm[2].min()
    assert north < 4 < south


def test_days_outside_the_tables_are_refused() -> None:
    with pytest.raises(SettingError, match=r"1991\.\.2049"):
        plant(Board(counts={"people": 10, "days": 800}), [Calendar(date(2048, 6, 1)), Places()], seed=1)


# --- places


def test_sites_stand_by_kind_and_city(board: Board) -> None:
    block = board["site.kind"].astype(int) * board.count("cities") + board["site.city"]
    assert (np.diff(block) >= 0).all()
    assert (np.searchsorted(block, np.arange(61)) == board["site.start"]).all()
    assert board["city.share"].sum() == pytest.approx(1.0, abs=1e-5)
    assert set(board["city.tier"].tolist()) == {1, 2, 3, 4}
    compound = board["site.capacity"][board["site.kind"] == 0]
    assert 200 <= compound.min() <= compound.max() <= 2000  # [G]


# --- goods


def test_items_stand_by_category_and_every_category_has_some(board: Board) -> None:
    start, category = board["category.item_start"], board["item.category"]
    assert board.count("categories") == 24
    assert (np.diff(start) > 0).all()
    assert (np.searchsorted(category, np.arange(25)) == start).all()
    assert len(board.texts("line.names")) == 13
    assert set(board["category.line"].tolist()) == set(range(13))
    assert (board["item.brand"] // 12 == category).all()


def test_prices_spread_as_planned(board: Board) -> None:
    assert np.log(board["item.price"]).std() == pytest.approx(1.0, abs=0.15)  # [G]
    assert (board["item.price"] > board["item.cost"]).all()
    assert (board["item.price"] % 10 == 0).all()  # to the tenth of a yuan, as shops write


def test_popularity_is_zipf(board: Board) -> None:
    weight = np.sort(board["item.weight"].astype(float))[::-1]
    assert weight.sum() == pytest.approx(1.0, abs=1e-4)
    rank = np.arange(1, len(weight) + 1)
    slope = np.polyfit(np.log(rank), np.log(weight), 1)[0]
    assert slope == pytest.approx(-0.9, abs=0.01)  # [G]
    assert abs(np.corrcoef(np.arange(len(weight)), board["item.weight"])[0, 1]) < 0.05  # an item's number tells nothing


def test_the_same_product_is_bought_again_after_four_weeks(board: Board) -> None:
    # Median over repeats: a category's repeats go as its demand over its gap.
    gap, cycle = board["category.gap_days"], board["category.lasting"] == 0
    demand = np.bincount(board["item.category"], weights=board["item.weight"])[cycle]
    order = np.argsort(gap[cycle])
    total = (demand / gap[cycle])[order].cumsum()
    median = gap[cycle][order][np.searchsorted(total, total[-1] / 2)]
    assert 24 <= median <= 30  # 27 d [D complete_journey]
    assert (board["category.gap_cv"] == np.float32(0.82)).all()  # [D]


@pytest.mark.parametrize("kind", ["complement", "substitute", "accessory", "next"])
def test_links_join_other_items(board: Board, kind: str) -> None:
    start, other = board[f"link.{kind}_start"], board[f"link.{kind}"]
    one = np.repeat(np.arange(board.count("items")), np.diff(start))
    assert start[-1] == len(other) > 0
    assert (one != other).all()
    assert (board["item.weight"][other].mean()) > 0
    same = board["item.category"][one] == board["item.category"][other]
    if kind == "substitute":
        assert same.all()
    pairs = np.stack([one, other], axis=1)
    assert len(np.unique(pairs, axis=0)) == len(pairs)


def test_babies_want_diapers(board: Board) -> None:
    diaper = board.texts("category.names").index("diaper")
    assert board["category.appeal"].shape == (8, 24)
    assert board["category.appeal"][:, diaper].argmax() == 4


# --- content, creators, service


def test_content_lives_as_planned(board: Board) -> None:
    life, form = board["content.half_life"], board["content.form"]
    assert np.median(life[form == 0]) == pytest.approx(3, rel=0.1)  # [G]
    assert np.median(life[form == 1]) == pytest.approx(30, rel=0.1)  # [G]
    assert (board["content.item"] == -1).mean() == pytest.approx(0.45, abs=0.04)  # [G]
    item = board["content.item"]
    assert (board["item.category"][item[item >= 0]] == board["content.topic"][item >= 0]).all()
    assert (board["content.born"] < 0).any()


def test_creators_followers_are_log_normal(board: Board) -> None:
    assert np.log(board["creator.followers"]).std() == pytest.approx(1.5, abs=0.25)  # [G]
    assert ((board["creator.trust"] > 0) & (board["creator.trust"] < 1)).all()
    one = np.repeat(np.arange(board.count("creators")), np.diff(board["creator.overlap_start"]))
    assert (one != board["creator.overlap"]).all()


def test_service_knows_24_intents(board: Board) -> None:
    assert len(board.texts("service.intents")) == 24
    assert board["service.intent_share"].sum() == pytest.approx(1.0, abs=1e-5)
    assert board["service.per_order"][0] == np.float32(0.06)  # [G]
