"""What a platform says of its ads: counts as they happened, revenue by the last click within its own window."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from guanxi.core import DAY_MS
from guanxi.world.base.ads import CAMPAIGNS, CLICK_MS, WINDOW, WINDOWS, Ads

DAYS, PEOPLE, CLICKED = 7, 500, 0.2  # many more clicks than people give, so that many orders are credited


def clicking(kit: Any, **fields: Any) -> Any:
    town = kit.town(people=PEOPLE, **fields)
    town.part("ads").parameters["clicked"] = CLICKED
    return town


@pytest.fixture(scope="module")
def seen(kit: Any) -> tuple[Any, dict[str, pl.DataFrame], list[Any]]:
    """A town, what it gave, and each day's (day, sessions, served, orders)."""
    days: list[Any] = []
    real = Ads.credited

    def recorded(self: Ads, day: Any, *what: Any) -> Any:
        days.append((day, *what))
        return real(self, day, *what)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ads, "credited", recorded)
        town = clicking(kit)
        given = kit.run(town, DAYS)
    return town, given, days


def by_hand(town: Any, days: list[Any]) -> dict[tuple[int, str], list[int]]:
    """(day, campaign) -> orders and fen: every paid order looks through every click before it."""
    names, clicks = list(town.board.texts("platform.ids")), []
    found: dict[tuple[int, str], list[int]] = {}
    for day, sessions, served, _ in days:
        for row, campaign, at, clicked in zip(served.rows, served.campaign, served.at, served.clicked, strict=True):
            if clicked:
                clicks.append((int(sessions.account[row]), day.index * DAY_MS + int(at) + CLICK_MS, int(campaign)))
    for day, _, _, orders in days:
        for row in np.flatnonzero(orders.paid).tolist():
            when = day.index * DAY_MS + int(orders.at[row])
            mine = [(at, campaign) for account, at, campaign in clicks if account == orders.account[row] and at <= when]
            at, campaign = max(mine, default=(-(1 << 60), 0))
            if when - at // 1_000 * 1_000 < DAY_MS * WINDOWS.get(names[campaign // CAMPAIGNS], WINDOW):
                paid = day.index + int(orders.paid_at[row] >= DAY_MS)
                sums = found.setdefault((paid, f"{names[campaign // CAMPAIGNS]}-{campaign % CAMPAIGNS + 1}"), [0, 0])
                sums[0] += 1
                sums[1] += int(orders.payable[row])
    return {key: sums for key, sums in found.items() if key[0] < DAYS}


def reported(town: Any, reports: pl.DataFrame) -> dict[tuple[int, str], list[int]]:
    rows = reports.with_columns(day=(pl.col("at_ms") - town.ms_of(0)) // DAY_MS).filter(pl.col("p_orders") > 0)
    return {(day, name): [n, fen] for day, name, n, fen in
            rows.select("day", "p_campaign", "p_orders", "p_revenue").iter_rows()}  # fmt: skip


def test_revenue_is_that_of_orders_under_their_last_click(seen: Any) -> None:
    town, given, days = seen
    expected = by_hand(town, days)
    assert len(expected) > 10
    assert reported(town, given["Ad Spend Recorded"]) == expected


def test_counts_are_those_of_the_events(seen: Any) -> None:
    town, given, _ = seen
    reports = given["Ad Spend Recorded"]
    for kind, column in (("Ad Shown", "p_impressions"), ("Ad Clicked", "p_clicks")):
        counted = given[kind].group_by("ref_campaign").len().sort("ref_campaign")
        said = reports.group_by("ref_campaign").agg(pl.col(column).sum()).filter(pl.col(column) > 0)
        # What is shown just before midnight is clicked on the next day, beyond the last one here.
        gap = counted.join(said, on="ref_campaign", how="left").select(pl.col(column) - pl.col("len"))
        assert gap.to_series().is_between(0, 5).all()
    sells = dict(zip(town.board.texts("platform.ids"), town.board["platform.sells"].tolist(), strict=True))
    unknown = reports.filter(pl.col("platform").is_in([name for name, one in sells.items() if not one]))
    assert unknown.height
    assert unknown["p_revenue"].null_count() == unknown["p_orders"].null_count() == unknown.height
    assert reports.filter(pl.col("p_revenue").is_not_null())["p_attribution_window_days"].null_count() == 0
    assert reports["p_period"].n_unique() == DAYS


def test_clicks_are_remembered_whatever_is_written(kit: Any, seen: Any) -> None:
    _, given, _ = seen
    town = clicking(kit, detail="trade")
    kit.run(town, 4)
    town.detail = "full"
    late = kit.run(town, DAYS)["Ad Spend Recorded"]
    assert late.equals(given["Ad Spend Recorded"].filter(pl.col("at_ms") >= town.ms_of(4)).select(late.columns))


def test_a_click_of_a_twin_is_its_own(kit: Any) -> None:
    town = kit.town()
    kit.run(town, 2)
    before = town.part("ads").state["click_s"].copy()
    kit.run(town.fork(), 5)
    assert (town.part("ads").state["click_s"] == before).all()
