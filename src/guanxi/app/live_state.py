"""What live traits stand on: the rows that are kept, a state that follows the log, and another one being built."""

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from guanxi.app.identity import identities
from guanxi.app.live_events import Sight, means
from guanxi.app.trait_replay import Replay, feed, key_of, new_state, plan_of
from guanxi.app.workspace import Workspace
from guanxi.core import NotFound
from guanxi.engines.lake import erased
from guanxi.engines.log import now_ms
from guanxi.events import Event
from guanxi.parties import RESOLVED, Resolution
from guanxi.traits import PARTIES, Trait, TraitCatalogue

if TYPE_CHECKING:
    from guanxi.traits.state import TraitState

PERSON: Final = "person"
AHEAD_MS: Final = 60_000  # clocks may differ so much; what is dated further ahead is left out until then
PAGE: Final = 20_000  # events read from the log at once
SINCE: Final = 100_000  # events that came in while a state was built and are at hand when it is done
_FAR_MS: Final = 1 << 62  # no clock is so far


class Kept:
    """The rows of a catalogue that are kept live, compiled; their plan is data, so another trait compiles nothing.

    uses  rows for these uses are kept; sensitive ones, those of neighbours and names (`top`) are not
    rows  what may be asked; the plan holds more: what tells lives apart, and what an event's own value is held against
    """

    def __init__(self, catalogue: TraitCatalogue, uses: Collection[str]) -> None:
        chosen = (row for row in catalogue.rows.values() if row.plan != "ties" and row.privacy != "sensitive")
        self.catalogue = catalogue
        self.rows = {row.name: row for row in chosen if set(row.uses) & set(uses) and row.aggregate != "top"}
        beside = {row.name: row for row in means(self.rows.values(), catalogue.measures)}
        self.plan = plan_of(catalogue, (beside | self.rows).values(), lives=True)
        self.sight = Sight(self.plan)
        self.place = {row.name: place for place, row in enumerate(self.plan.traits)}

    def chosen(self, parties: Collection[str], names: Collection[str]) -> list[Trait]:
        """Return the rows of some parties that are called or whose topic is one of some names; none = all.

        raises  NotFound for another name
        """
        mine = [row for row in self.rows.values() if row.party in parties]
        known = {row.name for row in mine} | {row.topic for row in mine}
        for name in names:
            if name not in known:
                of = f" of {next(iter(parties))}" if len(parties) == 1 else ""
                raise NotFound(f"no trait{of} kept here is called {name[:80]!r}", "See `guanxi traits list`", "names")
        return [row for row in mine if not names or row.name in names or row.topic in names]

    def values(self, found: NDArray[np.float64], rows: Iterable[Trait]) -> dict[str, float | None]:
        """Return name -> value in its unit of what a state read; None = unknown."""
        values = {row.name: float(found[self.place[row.name]]) * row.factor for row in rows}
        return {name: None if np.isnan(value) else value for name, value in values.items()}


class Standing:
    """A state that follows the log; one thread feeds it, others read it while they hold `changed`.

    upto      every event up to this sequence number is in it, but those that came later or sooner than their time
    mark      the erasures that it knows of
    names     who is one with whom
    late      called with the number of an event that came later than its time
    ahead_ms  the first clock of those that came sooner than their time: then the log must be read anew; 0 = none did
    """

    def __init__(
        self, kept: Kept, state: "TraitState", *, upto: int, mark: str, names: Resolution,
        late: Callable[[int], None], ahead_ms: int = 0,
    ) -> None:  # fmt: skip
        self.kept, self.state, self.upto, self.mark, self.names = kept, state, upto, mark, names
        self.ahead_ms = ahead_ms
        self.changed = threading.Condition()
        self._late = late

    def take(self, workspace: Workspace, events: Iterable[Event]) -> None:
        """Take in events of the log, in order; those that are in already are passed over."""
        part: list[Event] = []
        for event in events:
            if event.seq <= self.upto:
                continue
            if "supersedes" in event.refs:  # what it replaces is counted already
                self._late(event.seq)
            if event.kind == RESOLVED:
                self._feed(part)
                part = []
                self._resolve(workspace, event)
            part.append(event)
        self._feed(part)

    def _feed(self, events: Sequence[Event]) -> None:
        if not events:
            return
        plan, state = self.kept.plan, self.state
        batch = plan.intake.rows(events, resolve=self.names.resolve)
        rows = plan.events(batch)[batch.bits.any(axis=1)]
        if (ahead := rows[:, 0] > now_ms() + AHEAD_MS).any():
            first = int(rows[ahead, 0].min())
            self.ahead_ms = min(self.ahead_ms or first, first)
            rows = rows[~ahead]
        clocks = rows[:, 0]
        in_time = clocks >= np.maximum.accumulate(np.concatenate(([state.clock_ms], clocks)))[:-1]
        if not in_time.all():
            self._late(events[-1].seq)
        with self.changed:
            state.feed(np.ascontiguousarray(rows[in_time]))
            self.upto = events[-1].seq
            self.changed.notify_all()

    def _resolve(self, workspace: Workspace, event: Event) -> None:
        """Enter the events of people anew who are one, or two, since this event; it is not counted yet."""
        plan, state, names = self.kept.plan, self.state, identities(workspace)
        said = [ref for ref in (event.roles.get("actor"), event.roles.get("object")) if ref]
        then = (event.seq - 1, event.seq)
        before, after = ({names.resolve(ref, seq) for ref in said} for seq in then)
        with self.changed:
            self.names = names
        if before == after or PERSON not in plan.parties:
            return
        members = sorted({one for ref in said for seq in then for one in names.members(ref, seq)})
        keys = [key_of(one) for one in before | after]
        parts = [np.empty((0, plan.event_words), np.int64)]
        person = plan.event_words - len(plan.parties) + plan.parties.index(PERSON)
        with Replay(
            workspace, plan.traits, until=state.clock_ms + 1, known=event.seq, refs={PARTIES[PERSON].role: members},
            whole=True, plan=plan,
        ) as replay:  # fmt: skip
            for batch, _ in replay.batches():
                rows = plan.events(batch)[batch.bits.any(axis=1)]
                parts.append(rows[np.isin(rows[:, person], keys)])
        mine = np.concatenate(parts)
        newest = (mine[:, 0] < state.clock_ms) | (mine[:, 1] <= state.last_seq)
        with self.changed:
            state.rebuild(PERSON, keys, mine[newest])


def follow(workspace: Workspace, one: Standing) -> bool:
    """Let a state take in the next events of the log; tell whether there may be more."""
    events = workspace.reader.newest(PAGE, after_seq=one.upto, oldest=True)
    one.take(workspace, events)
    return len(events) == PAGE


class Build(threading.Thread):
    """Reads the whole log into a new state, on a thread of its own; whatever stands answers meanwhile.

    until      events with a trait clock before it
    committed  tells the last event of the log
    ended      called at its end, however it comes; then `standing` is there, or `error`
    percent    how much is read, 0..99
    """

    def __init__(
        self, folder: Path, kept: Kept, *, until: int, late: Callable[[int], None], committed: Callable[[], int],
        ended: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(name="traits-build", daemon=True)
        self.kept, self.percent, self.known = kept, 0, 0
        self.standing: Standing | None = None
        self.error: Exception | None = None
        self._folder, self._until, self._late, self._ended = folder, until, late, ended
        self._committed = committed
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let it end without a result."""
        self._stopped.set()

    def run(self) -> None:
        """Read; call `start` instead."""
        try:
            with Workspace.open(self._folder) as workspace:
                self._read(workspace)
        except Exception as error:  # noqa: BLE001 - who began it is told
            self.error = error
        finally:
            self._ended()

    def _read(self, workspace: Workspace) -> None:
        mark, plan, done = str(erased(workspace.reader)), self.kept.plan, 0
        with Replay(workspace, plan.traits, until=self._until, whole=True, plan=plan) as replay:
            state, total = new_state(plan), replay.history.count(None, self._until)
            for batch, _ in replay.batches():
                if self._stopped.is_set():
                    return
                feed(state, batch)
                done += len(batch)
                self.percent = min(done * 100 // max(total, 1), 99)
            left = [
                int(one.frame["clock_ms"].to_numpy().min())
                for some in replay.history.stretches(self._until, _FAR_MS) for one in some
            ]  # fmt: skip
        self.known = replay.known
        one = Standing(
            self.kept, state, upto=replay.known, mark=mark, names=identities(workspace), late=self._late,
            ahead_ms=min(left, default=0),
        )  # fmt: skip
        workspace.reopen()
        while self._committed() - one.upto > SINCE // 2 and not self._stopped.is_set():
            if not follow(workspace, one):
                break
        self.standing = one
