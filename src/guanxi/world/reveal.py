"""What is true of the town: what each mechanism says, who stands behind accounts, and what the decisions did."""

from typing import Final

import numpy as np
import polars as pl

from guanxi.core import DAY_MS
from guanxi.world.truth import KINDS, Effect, Truths
from guanxi.world.turn import Core, day_of

_TREATED: Final = "people whom it reaches"


def truths_of(core: Core, index: int, now_ms: int) -> Truths:
    """Return the truths of a town that stands at an instant, `index` days after its start."""
    board, texts = core.board, core.texts
    day = day_of(core, min(index, board.count("days") - 1), now_ms)
    found = Truths()
    for one in (*(core.parts[name] for name in sorted(core.parts)), *core.extras):
        found += one.truth(day)
    person = board["account.person"]
    found += Truths.of_edges("person", texts.account, texts.person.gather(person), np.ones(len(person)))
    home = board["people.home"]
    found += Truths.of_edges("home", texts.person, texts.household.gather(home), np.ones(len(home)))
    start = now_ms - index * DAY_MS
    found += Truths.of_effects(
        Effect(name=name, estimand="att", outcome=outcome, population=_TREATED, since=start + at * DAY_MS, window=1,
               people=count, value=total / count)
        for at, name, outcome, count, total in core.effects
    )  # fmt: skip
    violations = pl.DataFrame(core.violations, schema=dict(KINDS["violations"]), orient="row")
    return found + Truths(violations=violations)
