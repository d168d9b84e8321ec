"""What an event would see: the traits of its parties if it came now, read without its being counted."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from guanxi.core import Refused, RowTable
from guanxi.events import Event
from guanxi.parties import RESOLVED
from guanxi.traits import PARTIES, Batch, Measure, Trait, check

if TYPE_CHECKING:
    from guanxi.traits.state import Plan, TraitState


class EventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an event would see if it came now.

    parties   party -> the reference that names it; a person by the one that stands for all of theirs
    as_of_ms  the instant at which it would come
    seq       every event up to this sequence number is counted, but those that `behind` tells of
    behind    True while history that came later than its time is being taken in, or when the event would itself
              replace another: the next moment may say otherwise
    building  how much of a new state is made, in percent: of other rows, or of history; null = none is
    values    name -> value in its unit; null = unknown, or of a party that the event does not name
    units     name -> unit
    """

    parties: dict[str, str]
    as_of_ms: int
    seq: int
    behind: bool
    building: int | None = None
    values: dict[str, float | None]
    units: dict[str, str]


class Sight:
    """Reads what an event sees without its being counted, as `TraitState.step` does.

    plan  must have the rows of `means`
    """

    def __init__(self, plan: "Plan") -> None:
        parties = np.array([row.party for row in plan.traits])
        self._mine = [np.flatnonzero(parties == name) for name in plan.parties]
        self._plan, self._versus = plan, list[tuple[int, int, int, int]]()
        places = {row.name: place for place, row in enumerate(plan.traits)}
        bits = {one.name: bit for bit, one in enumerate(plan.measures)}
        measures = RowTable(plan.measures, noun="measure")
        for row in plan.traits:
            if row.aggregate == "versus":
                [mean], value = means([row], measures), plan.intake.value_of(measures[row.of])
                self._versus.append((places[row.name], places[mean.name], bits[row.of], value))

    def read(self, state: "TraitState", batch: Batch) -> NDArray[np.float64]:
        """Return the values of all traits of the plan, nan = unknown; the state stays as it is.

        batch  the event alone, not before the newest of the state
        """
        out = np.full(len(self._plan.traits), np.nan)
        for name, mine, key in zip(self._plan.parties, self._mine, batch.parties[0].view(np.int64), strict=True):
            if key:
                out[mine] = state.read(name, int(key), int(batch.clock_ms[0]))[mine]
        for place, mean, bit, value in self._versus:
            belongs = int(batch.bits[0, bit // 64]) >> bit % 64 & int(batch.present[0]) >> value & 1
            out[place] = batch.values[0, value] / out[mean] if belongs and out[mean] else np.nan
        return out


def means(rows: Iterable[Trait], measures: RowTable[Measure]) -> list[Trait]:
    """Return the mean beside each `versus` of some traits: what an event's own value is held against."""
    made = (msgspec.structs.replace(row, name="", aggregate="mean") for row in rows if row.aggregate == "versus")
    return [check(row, measures) for row in made]


def coming(event: Event, *, clock_ms: int, seq: int) -> Event:
    """Return an event as it would be if it came at an instant as the next of the log.

    raises  Refused for one that tells who is who: it changes the very parties that would be read
    """
    if event.kind == RESOLVED:
        raise Refused(f"a {RESOLVED!r} event changes who its parties are", "Send it, then ask about the party", "event")
    at_ms = clock_ms if event.at_ms == event.received_ms else event.at_ms  # it did not say when: now
    return msgspec.structs.replace(event, at_ms=at_ms, received_ms=clock_ms, seq=seq, live=True)


def named(event: Event, batch: Batch, parties: Iterable[str], resolve: Callable[[str, int], str]) -> dict[str, str]:
    """Return party -> reference of those that an event names; masked ones are nobody.

    batch  the event alone
    """
    found = {}
    for name, key in zip(parties, batch.parties[0], strict=True):
        if key:
            ref = event.roles[PARTIES[name].role]
            found[name] = resolve(ref, event.seq) if PARTIES[name].resolved else ref
    return found
