"""Repeat purchases: how far apart, how unequal, and how they end."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from guanxi.world import Dial, Town

DATA = Path(os.environ.get("GUANXI_DATA", Path(__file__).parents[3] / "shared" / "data"))
PEOPLE, DAYS = 500, 420


def spread(frame: pl.DataFrame, people: int) -> tuple[float, float, float]:
    """CV of the gaps between baskets of all, CV of the number of baskets, mean number; frame: person, day."""
    gaps = frame.sort("person", "day").with_columns(gap=pl.col("day").diff().over("person")).drop_nulls("gap")["gap"]
    counts = np.bincount(frame["person"].to_numpy(), minlength=people)
    return float(gaps.std() / gaps.mean()), float(counts.std() / counts.mean()), float(counts.mean())


@pytest.fixture(scope="module")
def baskets() -> pl.DataFrame:
    path = DATA / "complete_journey" / "transactions.parquet"
    if not path.exists():
        pytest.skip("complete_journey is not here: set GUANXI_DATA")
    frame = (
        pl.scan_parquet(path)
        .group_by("household_id", "basket_id")
        .agg(pl.col("transaction_timestamp").first().alias("at"))
    )
    return frame.select(
        person=pl.col("household_id").rank("dense").cast(pl.Int64) - 1,
        day=(pl.col("at") - pl.col("at").min()).dt.total_seconds() / 86_400,
    ).collect()


@pytest.fixture(scope="module")
def run(kit: Any) -> tuple[Town, dict[str, pl.DataFrame]]:
    town = kit.town(people=PEOPLE, detail="trade", campaigns=False, horizon=DAYS)
    return town, kit.run(town, DAYS)


def _by_person(kit: Any, town: Town, frame: pl.DataFrame) -> pl.DataFrame:
    person = pl.Series("person", kit.person_of(town, frame["role_actor"]))
    return frame.with_columns(person, day=(pl.col("at_ms") - town.ms_of(0)) / 86_400_000)


@pytest.mark.slow
@pytest.mark.parametrize("days", [60, 420])
def test_gaps_and_rates_spread_as_in_complete_journey(kit: Any, run: Any, baskets: pl.DataFrame, days: int) -> None:
    town, got = run
    orders = _by_person(kit, town, got["Order Created"]).filter(pl.col("day") < days).select("person", "day")
    gap, rate, mean = spread(orders, PEOPLE)
    homes = int(baskets["person"].max()) + 1
    # A window in which a home buys as often as a person of the town: spread depends on how much is seen.
    window = mean / (baskets.height / homes / float(baskets["day"].max()))
    found = [
        spread(baskets.filter(pl.col("day").is_between(low, low + window)), homes)
        for low in range(0, int(365 - window), 30)
    ]
    low, high = np.min(found, axis=0), np.max(found, axis=0)
    assert 0.85 * low[0] < gap < 1.15 * high[0]
    assert 0.75 * low[1] < rate < 1.15 * high[1]


@pytest.mark.slow
def test_a_person_buys_the_same_again_after_27_days(kit: Any, run: Any) -> None:
    town, got = run
    lines = (
        _by_person(kit, town, got["Order Line Recorded"]).select("person", "role_item", pl.col("day").floor()).unique()
    )
    pairs = lines.filter(pl.len().over("person", "role_item") >= 7).sort("person", "role_item", "day")
    gaps = pairs.with_columns(gap=pl.col("day").diff().over("person", "role_item")).drop_nulls("gap")
    each = gaps.group_by("person", "role_item").agg(mean=pl.col("gap").mean(), sd=pl.col("gap").std())
    assert each.height > 100
    assert 20 < float(each["mean"].median()) < 36
    assert 0.62 < float((each["sd"] / each["mean"]).median()) < 1.0


def test_planned_purchases_come_at_their_rate_in_every_variant(kit: Any) -> None:
    for variant in "abc":
        town = kit.town(people=3_000, detail="trade", campaigns=False, dials={"repeat": Dial(variant=variant)})
        got = kit.run(town, 21)
        lines = got["Order Line Recorded"].filter(pl.col("p_traffic_source") == "搜索直达").height
        assert 0.04 < lines / 3_000 / 21 < 0.09, variant


@pytest.mark.parametrize(("variant", "leaves"), [("a", True), ("b", True), ("c", False)])
def test_people_leave_in_two_variants(kit: Any, variant: str, leaves: bool) -> None:
    town = kit.town(people=2_000, detail="trade", campaigns=False, dials={"repeat": Dial(variant=variant)})
    before = town.truth().label("alive")["value"].mean()
    kit.run(town, 20)
    after = town.truth().label("alive")["value"].mean()
    assert before == 1.0
    assert (after < 1.0) is leaves
    assert after > 0.8


def test_what_is_expected_is_bought(kit: Any) -> None:
    town = kit.town(people=3_000, detail="trade", campaigns=False, horizon=100, dials={"repeat": Dial(variant="c")})
    expected = town.truth().label("expected_purchases")["value"].to_numpy()
    lines = kit.run(town, 90)["Order Line Recorded"]
    bought = np.bincount(kit.person_of(town, lines["role_actor"]), minlength=3_000)
    calendar = float(town.board["calendar.orders"][:90].mean())
    assert bought.mean() == pytest.approx(expected.mean() * calendar, rel=0.25)
    assert np.corrcoef(bought, expected)[0, 1] > 0.85


def test_what_a_coupon_brings_forward_is_missing_later(kit: Any) -> None:
    town = kit.town(people=6_000, detail="trade", campaigns=False)
    twin = town.fork()
    told = kit.tell(town, np.arange(6_000), "coupon", town.ms_of(0), amount=4_000, threshold=0, days=4)
    lines = [kit.run(one, 20, **more)["Order Line Recorded"] for one, more in ((town, {"told": told}), (twin, {}))]
    early, late = (
        [run.filter((pl.col("at_ms") < town.ms_of(4)) == soon).height for run in lines] for soon in (True, False)
    )
    assert early[0] > 1.2 * early[1]
    assert late[0] < late[1]
    assert sum(run.height for run in lines[:1]) > lines[1].height


@pytest.mark.parametrize("variant", ["a", "c"])
def test_the_hazard_rises_from_nothing_and_means_the_gap(kit: Any, variant: str) -> None:
    town = kit.town(people=20, dials={"repeat": Dial(variant=variant)})
    hazard = town.part("repeat").hazard()
    step = 8.0 / len(hazard)
    survival = np.exp(-np.cumsum(hazard) * step)
    assert hazard[0] < 0.5 * hazard[int(1 / step)]
    assert survival.sum() * step + step == pytest.approx(1.0, abs=0.05)
