"""Histories for Spark: a workspace's events as the words of a plan, in files that Spark's workers read."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from guanxi.app.trait_replay import Replay
from guanxi.app.traits import choose, is_withheld
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, Refused

if TYPE_CHECKING:
    from guanxi.traits.state import Plan

_SLICE = 200_000  # events of one file


def store_history(
    workspace: Workspace, names: Iterable[str], folder: Path, *, cut_off: int, known: int | None = None
) -> "Plan":
    """Write the events before a cut-off that traits read, in Parquet files; return the plan by which they are read.

    `guanxi.engines.spark_traits.spark_traits(plan, session.read.parquet(folder))` gives what each event saw.
    The files hold numbers and hashes of names, no names. Identities hold for every event as known at `known`, also
    for those before a merge; `app.trait_table.table` reads each row's identities as they were then.

    names    of traits, or topics; neighbours' traits are not part of a topic here
    folder   made, empty until now
    known    the last sequence number that is looked at; None = all
    returns  the plan; beside the traits asked for it may hold some that tell when lives began
    raises   NotFound for a name; Refused for a trait of profiles alone, which needs the consent of people that files
             with hashes cannot ask for; DataError for neighbours' traits, or a folder that is not empty
    """
    names = list(names)
    rows = [row for row in choose(workspace.traits, names) if not row.via]
    if not rows or any("_via_" in name for name in names):
        raise DataError("neighbours' traits are read as of an instant", "Leave them out, or use as-of", "names")
    if held := next((row.name for row in rows if is_withheld(row, "")), ""):
        raise Refused(f"the trait {held} needs consent, and Spark asks nobody", "Use `guanxi traits export`", "names")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise DataError(f"the folder {folder.name[:80]!r} holds files", "Name a new one", "folder")
    from guanxi.engines.spark_traits import store_events  # loads a compiler, which no other command is to wait for

    with Replay(workspace, rows, until=cut_off, known=known, whole=True) as replay:
        number = 0
        for batch, _ in replay.batches():
            counted = np.flatnonzero(batch.bits.any(axis=1))
            for at in range(0, len(counted), _SLICE):
                events = replay.plan.events(batch.take(counted[at : at + _SLICE]))
                store_events(replay.plan, events, folder / f"{number:06d}.parquet")
                number += 1
        return replay.plan
