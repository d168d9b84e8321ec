"""The twin: the same randomness under other decisions, so that every difference was caused by them."""

from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from guanxi.core import DataError, SettingError
from guanxi.decisions import Asks, Decisions
from guanxi.world import Dial, HousePolicy, Planted, Spec, twin_effect

PEOPLE, DAY = 3_000, 4


@pytest.fixture(scope="module")
def runs(kit: Any) -> dict[str, Any]:
    """A town at day 4, told coupons for every other person, beside its twin."""
    town = kit.town(people=PEOPLE, detail="trade", campaigns=False)
    kit.run(town, DAY)
    treated = np.arange(0, PEOPLE, 2)
    other = town.fork()
    told = kit.tell(town, treated, "coupon", town.ms_of(DAY), amount=2_000, threshold=4_900)
    return {
        "town": town,
        "other": other,
        "treated": treated,
        "with": kit.run(town, DAY + 1, told=told),
        "without": kit.run(other, DAY + 1),
    }


def _lines(kit: Any, run: dict[str, pl.DataFrame], town: Any) -> pl.DataFrame:
    lines = run["Order Line Recorded"]
    return lines.with_columns(person=pl.Series(kit.person_of(town, lines["role_actor"])))


def test_the_untreated_are_unchanged_and_nobody_loses_an_order(kit: Any, runs: dict[str, Any]) -> None:
    one, two = (_lines(kit, runs[name], runs["town"]) for name in ("with", "without"))
    keys = ["person", "role_item"]
    untouched = ~pl.col("person").is_in(runs["treated"].tolist())
    assert one.filter(untouched).drop("id_hi").equals(two.filter(untouched).drop("id_hi"))
    assert two.filter(~untouched).join(one, on=keys, how="anti").is_empty()
    assert one.filter(~untouched).height > two.filter(~untouched).height


def test_nothing_of_the_untreated_changes_in_any_kind_of_event(kit: Any) -> None:
    town = kit.town(people=1_200)
    kit.run(town, 2)
    twin, treated = town.fork(), np.arange(0, 1_200, 3)
    told = kit.tell(town, treated, "coupon", town.ms_of(2), amount=4_000, threshold=0) + kit.tell(
        town, treated, "message", town.ms_of(2)
    )
    one, two = kit.run(town, 12, told=told), kit.run(twin, 12)
    for kind in sorted(two.keys() - {"Ad Spend Recorded"}):
        rows = []
        for run in (one, two):
            # Whoever shares a tablet with someone treated is told apart by the account alone.
            mine = run[kind].filter(pl.col("role_actor").str.starts_with("account"))
            untreated = ~np.isin(kit.person_of(town, mine["role_actor"]), treated)
            rows.append(mine.filter(pl.Series(untreated)))
        assert rows[0].select(rows[1].columns).equals(rows[1]), kind


def test_the_formula_agrees_with_the_coin_flip_twin(kit: Any, runs: dict[str, Any]) -> None:
    counts = []
    for name in ("with", "without"):
        lines = _lines(kit, runs[name], runs["town"]).filter(pl.col("p_traffic_source") == "搜索直达")
        counts.append(np.bincount(lines["person"].to_numpy(), minlength=PEOPLE)[runs["treated"]])
    gain = counts[0] - counts[1]
    error = gain.std() / np.sqrt(len(gain))
    effect = runs["town"].truth().effect("coupon", "att", outcome="planned_purchases", window=1)
    assert effect.value == pytest.approx(gain.mean(), abs=3.5 * error)
    assert effect.value > 3 * error > 0


def test_sessions_lifted_by_messages_agree_with_the_formula(kit: Any) -> None:
    town = kit.town(people=PEOPLE, campaigns=False)
    kit.run(town, 1)
    twin, everyone = town.fork(), np.arange(PEOPLE)
    told = kit.tell(town, everyone, "message", town.ms_of(1))
    with_, without = kit.run(town, 2, told=told), kit.run(twin, 2)
    feeds = [run["Session Started"].filter(pl.col("p_entry") == "feed") for run in (with_, without)]
    gain = (feeds[0].height - feeds[1].height) / PEOPLE
    assert town.truth().effect("message", "att", outcome="sessions", window=1).value == pytest.approx(gain, rel=0.12)
    lost = feeds[1].join(feeds[0], on="id_lo", how="anti").filter(pl.col("role_actor").str.starts_with("account"))
    lift = town.truth().label("message_lift")["value"].to_numpy()
    assert lost.height > 0
    assert (lift[kit.person_of(town, lost["role_actor"])] < 0).all()  # sleeping dogs


def test_an_off_response_is_a_placebo(kit: Any) -> None:
    town = kit.town(people=800, detail="trade", campaigns=False, dials={"response": Dial(strength="off")})
    twin = town.fork()
    told = kit.tell(town, np.arange(800), "message", town.ms_of(0))
    one, two = kit.run(town, 3, told=told), kit.run(twin, 3)
    for kind in ("Order Created", "Session Started"):  # a few people opt out of any message
        assert one[kind].drop("consent").equals(two[kind].drop("consent"))
    assert "Message Delivered" not in two


def test_taking_a_cause_away_takes_its_effect_away(kit: Any) -> None:
    town = kit.town(people=800, detail="trade")
    kit.run(town, 3)
    quiet = town.fork(without="response")
    louder, calmer = kit.run(town, 6), kit.run(quiet, 6)
    assert louder["Session Started"].height > calmer["Session Started"].height
    assert louder["Message Delivered"].select("ref_message").height > 0


def test_a_fork_and_its_origin_never_write_into_each_other(kit: Any) -> None:
    town = kit.town(people=400)
    kit.run(town, 2)
    twin, third = town.fork(), town.fork()
    first = kit.digest(town.step(town.ms_of(5)))
    assert kit.digest(twin.step(twin.ms_of(5))) == first
    assert kit.digest(third.step(third.ms_of(5))) == first


class _Fewer:
    """Answers every other ask with one item, and names itself."""

    def answer(self, asks: Asks) -> Decisions:
        frame = asks.frame.gather_every(2)
        one = frame["candidates"].list.slice(3, 1)
        n = frame.height
        return Decisions(
            pl.DataFrame(
                {
                    "id": frame["id"] + "-x",
                    "ask": frame["id"],
                    "at_ms": frame["at_ms"],
                    "kind": frame["kind"],
                    "party": frame["party"],
                    "chosen": one,
                    "alternatives": frame["candidates"],
                    "propensity": [0.1] * n,
                    "policy": ["fewer"] * n,
                    "mode": ["auto"] * n,
                    "size": frame["size"],
                }
            )
        )


def test_an_answer_changes_the_slate_and_keeps_every_items_shock(kit: Any) -> None:
    town = kit.town(campaigns=False)
    twin = town.fork()
    asked, plain = kit.run(town, 1, answer=_Fewer()), kit.run(twin, 1)
    slates = asked["Slate Shown"].join(plain["Slate Shown"], on="id_lo", suffix="_plain")
    assert slates.height == plain["Slate Shown"].height
    fewer = slates.filter(pl.col("p_policy") == "fewer")
    assert abs(fewer.height - slates.height / 2) < 2
    assert set(fewer["p_positions"]) == {"[1]"}
    assert set(fewer["p_propensities"]) == {"[0.1]"}
    kept = slates.filter(pl.col("p_policy") == "house")
    assert kept["p_items"].equals(kept["p_items_plain"])
    both = asked["Product Viewed"].join(plain["Product Viewed"], on=["ref_slate", "role_item"], suffix="_plain")
    assert both.height > 10
    assert both["p_dwell_s"].equals(both["p_dwell_s_plain"])


def test_an_answer_that_was_not_offered_is_refused(kit: Any) -> None:
    class Stranger:
        def answer(self, asks: Asks) -> Decisions:
            made = HousePolicy(seed=7).answer(asks).frame
            strange = pl.Series([["item:app:nothing"]] * made.height)
            return Decisions(made.with_columns(chosen=strange, alternatives=strange))

    town = kit.town()
    with pytest.raises(DataError, match="do not fit their ask"):
        kit.run(town, 1, answer=Stranger())


def test_told_to_nobody_or_to_the_past_is_refused(kit: Any) -> None:
    town = kit.town(people=50)
    kit.run(town, 2)
    with pytest.raises(DataError, match="stands at"):
        town.step(town.ms_of(3), told=kit.tell(town, np.arange(2), "message", town.ms_of(1)))
    lost = kit.tell(town, np.arange(2), "message", town.ms_of(2)).frame.with_columns(party=pl.lit("account:app:nobody"))
    with pytest.raises(DataError, match="does not have"):
        kit.run(town, 3, told=Decisions(lost))


@pytest.mark.parametrize("ms", [-1, 86_400_000, 400 * 86_400_000])
def test_the_clock_runs_forward_by_whole_days_within_the_horizon(kit: Any, ms: int) -> None:
    town = kit.town(people=20)
    kit.run(town, 2)
    with pytest.raises(SettingError, match="cannot run until"):
        town.step(town.ms_of(0) + ms)


class Silent(Planted):
    spec: ClassVar[Spec] = Spec(name="silent")


def test_a_twin_without_a_stranger_is_refused(kit: Any) -> None:
    with pytest.raises(SettingError, match="no mechanism 'stall'"):
        kit.town(people=20, mechanisms=(Silent(),)).fork(without="stall")


def test_the_twin_gives_an_effect_with_its_name_and_leaves_the_town_alone(kit: Any) -> None:
    town = kit.town(people=2_000, detail="trade", campaigns=False)
    kit.run(town, 2)
    told = kit.tell(town, np.arange(0, 2_000, 2), "coupon", town.ms_of(2), amount=3_000, threshold=0)
    att = twin_effect(town, told, name="coupon", outcome="orders", days=7)
    total = twin_effect(town, told, name="coupon", outcome="orders", days=7, everyone=True)
    assert (att.people, att.estimand, att.by, att.window) == (1_000, "att", "twin", 7)
    assert total.value == pytest.approx(att.value / 2)
    assert att.value > 0
    assert twin_effect(town, told, name="none", outcome="orders", days=3, instead=told).value == 0.0
    assert town.day == 2
    with pytest.raises(SettingError, match="'joy'"):
        twin_effect(town, told, name="coupon", outcome="joy", days=1)


@pytest.mark.slow
def test_a_hold_out_estimate_covers_what_the_twin_says(kit: Any) -> None:
    town = kit.town(people=8_000, detail="trade", campaigns=False, dials={"response": Dial(strength="strong")})
    kit.run(town, 3)
    treated = np.flatnonzero(np.random.default_rng(5).random(8_000) < 0.5)
    told = kit.tell(town, treated, "coupon", town.ms_of(3), amount=3_000, threshold=4_900)
    truth = twin_effect(town, told, name="coupon", outcome="orders", days=14)
    orders = kit.run(town, 17, told=told)["Order Completed"]
    counts = np.bincount(kit.person_of(town, orders["role_actor"]), minlength=8_000)
    arm = np.isin(np.arange(8_000), treated)
    estimate = counts[arm].mean() - counts[~arm].mean()
    error = np.sqrt(counts[arm].var() / arm.sum() + counts[~arm].var() / (~arm).sum())
    assert abs(estimate - truth.value) < 2.6 * error
    assert truth.value > 2.6 * error


def test_asks_come_in_time_order_with_what_can_be_chosen(kit: Any) -> None:
    class Listener:
        def __init__(self) -> None:
            self.batches: list[pl.DataFrame] = []

        def answer(self, asks: Asks) -> Decisions:
            self.batches.append(asks.frame)
            return Decisions()

    town, listener = kit.town(people=6_000, campaigns=False, detail="trade"), Listener()
    kit.run(town, 3, answer=listener)
    asks = pl.concat(listener.batches)
    assert len(listener.batches) >= 3
    assert max(batch.height for batch in listener.batches) <= 8_192
    assert asks["at_ms"].is_sorted()
    assert asks["id"].n_unique() == asks.height
    assert set(asks["candidates"].list.len()) == {10}
    assert set(asks["candidates"].list.n_unique()) == {10}
    assert set(asks["size"]) == {5}
