"""An effect as the twin shows it: the same town under two sets of decisions, and the difference of what happened."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DAY_MS, SettingError
from guanxi.decisions import NONE, Decisions
from guanxi.world.town import Town
from guanxi.world.truth import Effect

#: What is counted: kind of event, and whether its amounts (yuan) are summed instead of its rows.
OUTCOMES: Final[Mapping[str, tuple[str, bool]]] = {
    "orders": ("Order Completed", False),
    "spend": ("Order Completed", True),
    "sessions": ("Session Started", False),
    "views": ("Product Viewed", False),
}


def twin_effect(
    town: Town,
    told: Decisions,
    *,
    name: str,
    outcome: str,
    days: int,
    instead: Decisions = NONE,
    everyone: bool = False,
) -> Effect:
    """Return the effect of decisions over the next days, as the difference between the town and its twin.

    name       what the effect is called
    outcome    a key of OUTCOMES, counted per person
    instead    what the twin is told
    everyone   the total effect on all people ("total"); else the one on those whom `told` names ("att")
    raises     SettingError for an outcome that nobody counts, or decisions that name nobody
    """
    if outcome not in OUTCOMES:
        raise SettingError(f"no outcome is called {outcome!r:.40}", f"Use one of {', '.join(OUTCOMES)}", "outcome")
    count = town.board.count("people")
    treated = np.arange(count) if everyone else people_of(town, told.frame["party"])
    if not len(treated):
        raise SettingError("the decisions name nobody", "Tell at least one person, or ask for everyone")
    sums = [_counted(town.fork(), given, outcome, days)[treated].sum() for given in (told, instead)]
    return Effect(
        name=name, estimand="total" if everyone else "att", outcome=outcome,
        population="everyone" if everyone else "people whom it reaches", since=town.now_ms, window=days,
        people=len(treated), value=float(sums[0] - sums[1]) / len(treated), by="twin",
    )  # fmt: skip


def people_of(town: Town, parties: pl.Series) -> NDArray[np.int64]:
    """Return the people behind accounts or devices, each once; references of others are left out."""
    found = pl.DataFrame({"party": parties}).join(_people(town), on="party", how="inner")
    return found["person"].unique().sort().to_numpy()


def _counted(town: Town, told: Decisions, outcome: str, days: int) -> NDArray[np.float64]:
    kind, sums = OUTCOMES[outcome]
    total = np.zeros(town.board.count("people"))
    people = _people(town)
    for batch in town.step(town.now_ms + days * DAY_MS, told=told):
        if batch.kind != kind:
            continue
        rows = batch.frame.join(people, left_on="role_actor", right_on="party", how="inner", maintain_order="left")
        weight = rows["amount"].to_numpy() / 100 if sums else None
        total += np.bincount(rows["person"].to_numpy(), weights=weight, minlength=len(total))
    return total


def _people(town: Town) -> pl.DataFrame:
    board, texts = town.board, town.texts
    return pl.concat([
        pl.DataFrame({"party": texts.account, "person": board["account.person"].astype(np.int64)}),
        pl.DataFrame({"party": texts.device, "person": board["device.person"].astype(np.int64)}),
    ])  # fmt: skip
