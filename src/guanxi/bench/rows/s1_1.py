"""S1.1: RFM as shops use it, kept as the arm to beat: how well its scores rank who buys next, and for how much.

The method sees the paid orders of the first days, joined to persons: the row tests ranking, not identity. The baseline
is a list in random order, the oracle ranks by what the town expects of each person. RFM passes when it is above random;
it is the baseline of later rows.
"""

from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.bench.rows.score import Reading, Row, Size
from guanxi.traits.metrics import rfm

if TYPE_CHECKING:  # loading the world compiles its kernels
    from guanxi.world import Town

AHEAD: Final = 30  # days in which the future is counted
TOP: Final = 0.2  # share of people at the head of the list


def read(seed: int, variant: str, size: Size) -> list[Reading]:
    """Score RFM in one town.

    size      days: how long the method may watch
    returns   `orders`, `spend`: share of the next 30 days' orders and amount that the first fifth of the list holds;
              `alive`: AUC of the recency score against who has not left for good, where anybody has
    """
    from guanxi.world import Dial, Town

    town = Town(seed=seed, people=size.people, start=date(2025, 3, 1), detail="trade", campaigns=False,
                dials={"repeat": Dial(variant=variant)})  # fmt: skip
    seen = _paid(town, size.days)
    cut_off, truth, count = town.now_ms, town.truth(), town.board.count("people")
    later = _paid(town, size.days + AHEAD)
    scores = rfm(seen, cut_off).frame
    rank = np.zeros(count)
    rank[scores["person"].to_numpy()] = scores["r"].to_numpy() + scores["f"].to_numpy() + scores["m"].to_numpy()
    recency = np.zeros(count)
    recency[scores["person"].to_numpy()] = scores["r"].to_numpy()
    orders = np.bincount(later["person"].to_numpy(), minlength=count).astype(float)
    spend = np.bincount(later["person"].to_numpy(), later["amount"].to_numpy(), minlength=count).astype(float)
    expected, value, alive = (
        truth.label(name)["value"].to_numpy() for name in ("expected_purchases", "expected_value", "alive")
    )
    rates = {"buyers": float((orders > 0).mean()), "orders_per_person": float(orders.mean())}
    found = [
        Reading(name="orders", method=head(rank, orders), baseline=TOP, oracle=head(expected, orders), rates=rates),
        Reading(name="spend", method=head(rank, spend), baseline=TOP, oracle=head(value, spend),
                rates={"spend_per_person": float(spend.mean() / 100)}),
    ]  # fmt: skip
    if variant != "c":  # nobody leaves for good in c
        gone = {"gone": float(1 - alive.mean())}
        found.append(Reading(name="alive", method=auc(recency, alive), baseline=0.5, oracle=1.0, rates=gone))
    return found


def head(rank: NDArray[np.float64], amount: NDArray[np.float64]) -> float:
    """Return the share of the amount that the TOP share of people holds, best rank first; ties share alike.

    rank, amount   (n,) one for each person
    """
    places = TOP * len(rank)
    values, group = np.unique(-rank, return_inverse=True)
    people = np.bincount(group, minlength=len(values))
    held = np.bincount(group, amount, minlength=len(values))
    taken = np.clip(places - (np.cumsum(people) - people), 0, people)
    return float((held * taken / people).sum() / amount.sum())


def auc(score: NDArray[np.float64], is_one: NDArray[np.float64]) -> float:
    """Return the chance that a one scores above a zero; ties count half.

    source   Mann and Whitney, 1947
    """
    values, group = np.unique(score, return_inverse=True)
    ones = np.bincount(group, is_one, minlength=len(values))
    zeros = np.bincount(group, 1 - is_one, minlength=len(values))
    below = np.cumsum(zeros) - zeros
    return float((ones * (below + zeros / 2)).sum() / (ones.sum() * zeros.sum()))


def _paid(town: "Town", until: int) -> pl.DataFrame:
    """The paid orders from where the town stands to a day: person (number), at_ms, amount."""
    frames = [
        batch.frame.select("role_actor", "at_ms", "amount")
        for batch in town.step(town.ms_of(until))
        if batch.kind == "Order Completed"
    ]
    people = pl.DataFrame({"role_actor": town.texts.account, "person": town.board["account.person"].astype(np.int64)})
    return pl.concat(frames).join(people, on="role_actor", how="inner", maintain_order="left").drop("role_actor")


ROW: Final = Row(
    id="S1.1", name="RFM, the usual way", planted="repeat", variants=("a", "b", "c"),
    bare=(Size(people=2_000, days=60), 4), full=(Size(people=10_000, days=90), 40), read=read,
)  # fmt: skip
