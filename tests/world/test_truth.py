"""Truths: typed frames, found by name, added up."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from guanxi.core import DataError, NotFound
from guanxi.world import KINDS, Effect, Truths

EFFECT = Effect(
    name="coupon", estimand="att", outcome="orders", population="all", since=0, window=14, people=10, value=0.5
)


def test_labels_are_found_by_name() -> None:
    truths = Truths.of_labels(
        pl.Series(["person::1", "person::2"]), {"kind": np.array([1, 2]), "age": np.array([30, 40])}
    )
    assert truths.label("age").rows() == [
        ("person::1", "age", 30.0, None, None),
        ("person::2", "age", 40.0, None, None),
    ]
    with pytest.raises(NotFound, match=r"'height'.*kind, age"):
        truths.label("height")


def test_edges_are_found_by_name() -> None:
    ends = pl.Series(["account:app:1"]), pl.Series(["person::1"])
    truths = Truths.of_edges("person", *ends, np.ones(1), since_ms=5)
    assert truths.edge("person").rows() == [("account:app:1", "person::1", "person", 5, None, 1.0)]
    with pytest.raises(NotFound, match="Known: person"):
        truths.edge("kin")


def test_the_latest_effect_of_a_name_is_found() -> None:
    later = Effect(
        name="coupon", estimand="att", outcome="orders", population="all", since=9, window=14, people=3, value=0.7
    )
    truths = Truths.of_effects([EFFECT]) + Truths.of_effects([later])
    assert truths.effect("coupon", "att", outcome="orders", window=14) == later
    assert truths.effect("coupon", "att", outcome="orders", window=14, since=0) == EFFECT
    with pytest.raises(NotFound, match="coupon att on orders in 7 d"):
        truths.effect("coupon", "att", outcome="orders", window=7)


def test_truths_add_up_kind_by_kind() -> None:
    labels = Truths.of_labels(pl.Series(["person::1"]), {"kind": np.array([1])})
    both = labels + Truths.of_effects([EFFECT]) + Truths()
    assert {kind: getattr(both, kind).height for kind in KINDS if getattr(both, kind).height} == {
        "labels": 1,
        "effects": 1,
    }


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: Truths(labels=pl.DataFrame({"party": ["x"]})), id="columns"),
        pytest.param(
            lambda: Truths(moments=pl.DataFrame({"name": [1], "party": ["x"], "at": [0], "until": [0]})), id="types"
        ),
        pytest.param(
            lambda: Effect(**{**{f: getattr(EFFECT, f) for f in EFFECT.__slots__}, "estimand": "guess"}), id="estimand"
        ),
    ],
)
def test_what_is_no_truth_is_refused(made: Any) -> None:
    with pytest.raises(DataError):
        made()


def test_a_town_tells_who_stands_behind_its_accounts(kit: Any) -> None:
    town = kit.town(people=50)
    orders = kit.run(town, 6)["Order Created"]
    truth = town.truth()
    behind = dict(truth.edge("person").select("from", "to").rows())
    people = set(truth.label("alive")["party"])
    assert len(people) == 50
    assert {behind[actor] for actor in orders["role_actor"]} <= people
    homes = truth.edge("home")
    assert set(homes["from"]) == people
    assert homes["to"].n_unique() == town.board.count("homes")
