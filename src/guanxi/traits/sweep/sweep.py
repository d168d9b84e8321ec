"""The sweep: history by columns, one party after the other, each trait one pass over its events."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.core import DataError
from guanxi.traits.state import Plan
from guanxi.traits.state import layout as L  # noqa: N812 - as in the state itself
from guanxi.traits.sweep.party import Party
from guanxi.traits.sweep.reads import returned

MOST_EVENTS: Final = 2**31 - 2  # places are 32-bit numbers


def sweep(
    plan: Plan,
    events: NDArray[np.int64],
    *,
    traits: Sequence[int] | None = None,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return what each event saw before it: the values of `TraitState.feed`, bit for bit, for wide back-fills.

    events   (n, words) a history from its beginning in order of (clock, seq), as `Plan.events` lays it out
    traits   places in `plan.traits` of the columns wanted; None = all
    out      (n, traits) array to fill instead of a new one; best when its columns lie in one piece
    returns  (n, traits) in column order, nan = unknown
    raises   DataError when the events are out of order, or too many
    """
    if len(events) > MOST_EVENTS:
        raise DataError(f"{len(events)} events are too many for one sweep", f"Sweep at most {MOST_EVENTS} at a time")
    clocks = events[:, L.E_CLOCK]
    if (clocks[1:] < clocks[:-1]).any():
        raise DataError("an event is older than the one before it", "Sort the events by clock and seq", "at")
    wanted = range(len(plan.traits)) if traits is None else traits
    columns = {place: column for column, place in enumerate(wanted)}
    out = np.empty((len(events), len(columns)), order="F") if out is None else out
    for place, name in enumerate(plan.parties):
        if any(plan.traits[one].party == name for one in columns):
            _fill(Party(plan, place, events), columns, out)
    return out


def _fill(party: Party, columns: dict[int, int], out: NDArray[np.float64]) -> None:
    """Fill a party's columns: each in the party's order first, then in that of the events."""
    at = np.full(len(out), -1, np.int32)
    at[party.places] = np.arange(len(party.places), dtype=np.int32)
    values = np.empty(len(party.places))
    for output in party.near.outputs(columns):
        party.read(output, values)
        returned(values, at, out[:, output.column])
