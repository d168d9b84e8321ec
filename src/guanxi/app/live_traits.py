"""Live traits: the state of the hot plan beside the log, fed with each commit; a question costs microseconds."""

import contextlib
import queue
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from guanxi.app.identity import identities
from guanxi.app.live_events import EventAnswer, Sight, coming, means, named
from guanxi.app.trait_replay import Replay, canonical, fits, in_unit, key_of, plan_of
from guanxi.app.workspace import Workspace
from guanxi.core import Busy, DataError, GuanxiError, NotFound
from guanxi.engines.lake import erased
from guanxi.engines.log import now_ms
from guanxi.events import Event
from guanxi.parties import RESOLVED, Resolution
from guanxi.traits import PARTIES, Trait, shipped_traits

if TYPE_CHECKING:
    from guanxi.traits.state import TraitState

FOLDER: Final = "traits"  # of the workspace: the snapshot
EVERY_S: Final = 1.0  # how often erasures are looked for, and what is due is done
SNAPSHOT_S: Final = 600.0
PAUSE_S: Final = 5.0  # between two readings of the whole log: an import commits many segments
PATIENCE_S: Final = 2.0  # how long a question waits until every event before it is in
ENDING_S: Final = 8.0  # how long an end waits for a snapshot; without it the next start reads the log
NEVER: Final = -1
AHEAD_MS: Final = 60_000  # clocks may differ so much; what is dated further ahead is left out until then
PAGE: Final = 20_000


class LiveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a party's traits are now.

    as_of_ms  the instant
    seq       every event up to this sequence number is counted, but those that `behind` tells of
    behind    True while history that came later than its time is being taken in: the next moment may say otherwise
    values    name -> value in its unit; null = unknown
    units     name -> unit
    """

    party: str
    as_of_ms: int
    seq: int
    behind: bool
    values: dict[str, float | None]
    units: dict[str, str]


class LiveTraits:
    """Keeps one state on a thread of its own: from the snapshot and the log behind it, else from the whole log.

    What comes later than its time (imports, events that replace others, erasures) makes it read the log anew; the old
    state answers until the new one stands.

    uses  rows for these uses are kept; sensitive ones, those of neighbours and names (`top`) are not
    """

    def __init__(self, folder: Path, uses: Collection[str]) -> None:
        from guanxi.engines.trait_store import TraitStore  # loads a compiler, which no command is to wait for

        chosen = (row for row in shipped_traits().rows.values() if row.plan != "ties" and row.privacy != "sensitive")
        self._rows = {row.name: row for row in chosen if set(row.uses) & set(uses) and row.aggregate != "top"}
        beside = {row.name: row for row in means(self._rows.values())}  # for what an event would see
        self._plan = plan_of(shipped_traits(), (beside | self._rows).values(), lives=True)
        self._sight = Sight(self._plan)
        self._person = self._plan.event_words - len(self._plan.parties) + self._plan.parties.index("person")
        self._place = {row.name: place for place, row in enumerate(self._plan.traits)}
        self._folder, self._store = folder, TraitStore(folder / FOLDER)
        self._queue: queue.SimpleQueue[list[Event] | None] = queue.SimpleQueue()
        self._changed = threading.Condition()  # holds the state while it changes or is read
        self._state: TraitState | None = None
        self._names = Resolution()
        self._upto = self._committed = 0  # last event in the state; last one of the log
        self._late = NEVER  # up to this one the log must be read anew
        self._mark = ""
        self._trouble = ""  # what went wrong last
        self._due = self._saved = 0.0  # when the log may be read anew; when a snapshot was stored
        self._thread = threading.Thread(target=self._run, name="traits", daemon=True)

    @property
    def is_ready(self) -> bool:
        """Whether questions are answered."""
        return self._state is not None

    def start(self) -> None:
        """Begin to read; call once, when the log is held."""
        self._thread.start()

    def close(self) -> None:
        """Take in what waits, store a snapshot, end."""
        self._queue.put(None)
        self._thread.join(ENDING_S)

    def taken(self, events: Sequence[Event], last_seq: int, *, history: bool = False) -> None:
        """Hear of a commit, in order: its new events with their numbers, or that history up to `last_seq` came in."""
        with self._changed:
            self._committed = last_seq
            if history:
                self._late = last_seq
        self._queue.put(list(events))

    def read(self, party: str, ref: str, names: Collection[str] = ()) -> LiveAnswer:
        """Return the traits of a party now, after every event that was acknowledged before.

        names   traits or topics; none = all of the party's
        raises  NotFound for another party or trait; DataError when the reference is none of the party's; Busy while
                the first state is being read
        """
        if party not in self._plan.parties:
            raise NotFound(f"no party is called {party[:40]!r}", f"Use one of {', '.join(self._plan.parties)}", "party")
        rows = self._chosen((party,), names)
        with self._changed:
            state, behind = self._caught_up()
            if not fits(ref, party, self._names, self._upto):
                types = ", ".join(PARTIES[party].types) or PARTIES[party].role
                raise DataError(f"the reference names no {party}", f"Give type:scope:key with a type of {types}", "ref")
            key = key_of(canonical(ref, party, self._names, self._upto))
            clock, seq = max(now_ms(), state.clock_ms), self._upto
            found = state.read(party, key, clock)
        return LiveAnswer(
            party=party, as_of_ms=clock, seq=seq, behind=behind, values=self._values(found, rows),
            units={row.name: row.unit for row in rows},
        )  # fmt: skip

    def see(self, event: Event, names: Collection[str] = ()) -> EventAnswer:
        """Return what an event would see if it came now, after every event that was acknowledged before.

        event   one that was checked; it is not counted
        names   traits or topics; none = all of the parties that it names
        raises  NotFound for another trait; Refused for an event that tells who is who; Busy as `read` does
        """
        rows = self._chosen(self._plan.parties, names)
        with self._changed:
            state, behind = self._caught_up()
            clock, seq = max(now_ms(), event.received_ms, state.clock_ms), self._upto
            event = coming(event, clock_ms=clock, seq=seq + 1)
            batch = self._plan.intake.rows([event], resolve=self._names.resolve)
            found = self._sight.read(state, batch)
            parties = named(event, batch, self._plan.parties, self._names.resolve)
        rows = [row for row in rows if names or row.party in parties]
        return EventAnswer(
            parties=parties, as_of_ms=clock, seq=seq, behind=behind or "supersedes" in event.refs,
            values=self._values(found, rows), units={row.name: row.unit for row in rows},
        )  # fmt: skip

    def _caught_up(self) -> tuple["TraitState", bool]:
        """Wait until every event of now is in, the lock being held; return the state, and whether it is behind."""
        target = self._committed
        self._changed.wait_for(
            lambda: self._state is not None and (self._late != NEVER or self._upto >= target), PATIENCE_S
        )
        if self._state is None:
            raise Busy(self._trouble or "the traits are being read from the log", "Ask again in a moment")
        return self._state, self._late != NEVER or self._upto < target

    def _values(self, found: NDArray[np.float64], rows: Iterable[Trait]) -> dict[str, float | None]:
        values = {row.name: float(found[self._place[row.name]]) * in_unit(row) for row in rows}
        return {name: None if np.isnan(value) else value for name, value in values.items()}

    def _chosen(self, parties: Collection[str], names: Collection[str]) -> list[Trait]:
        mine = [row for row in self._rows.values() if row.party in parties]
        known = {row.name for row in mine} | {row.topic for row in mine}
        for name in names:
            if name not in known:
                of = f" of {next(iter(parties))}" if len(parties) == 1 else ""
                raise NotFound(f"no trait{of} kept here is called {name[:80]!r}", "See `guanxi traits list`", "names")
        return [row for row in mine if not names or row.name in names or row.topic in names]

    def _run(self) -> None:
        with Workspace.open(self._folder) as workspace:
            ended = False
            while not ended:
                events = self._next()
                ended = events is None
                try:
                    self._step(workspace, events or (), ended)
                    self._trouble = ""
                except Exception as error:  # noqa: BLE001 - a busy file, a damaged one: whoever asks is told
                    self._trouble = str(error) if isinstance(error, GuanxiError) else f"traits: {error!r}"
                    workspace.reopen()
                    self._must_read(self._committed)

    def _next(self) -> list[Event] | None:
        """What was committed since, at once before the first reading, else when there is something or it is time."""
        if self._due == 0:
            return []
        try:
            return self._queue.get(timeout=EVERY_S)
        except queue.Empty:
            return []

    def _step(self, workspace: Workspace, events: Sequence[Event], ended: bool) -> None:
        now = time.monotonic()
        if self._due == 0:
            self._due, self._saved = now, now
            self._restore(workspace)
        if self._state is not None and str(erased(workspace.reader)) != self._mark:
            self._must_read(self._committed)
        if (self._late != NEVER or self._state is None) and now >= self._due and not ended:
            self._rebuild(workspace)
            self._due = time.monotonic() + PAUSE_S
        self._take(workspace, events)
        if self._state is not None and self._late == NEVER and (ended or now - self._saved >= SNAPSHOT_S):
            self._saved = now
            self._store.save(self._state, known=self._upto, mark=self._mark)

    def _must_read(self, seq: int) -> None:
        with self._changed:
            self._late = max(self._late, seq)
            self._changed.notify_all()

    def _restore(self, workspace: Workspace) -> None:
        """Take up the snapshot and the log behind it; one that cannot be used is left to be replaced."""
        mark = str(erased(workspace.reader))
        with contextlib.suppress(DataError):
            head = self._store.head()
            if head is not None and head.mark == mark and (state := self._store.load(self._plan)) is not None:
                self._set(state, head.known, mark, identities(workspace))
        while self._state is not None and self._late == NEVER:
            events = workspace.reader.newest(PAGE, after_seq=self._upto, oldest=True)
            self._take(workspace, events)
            if len(events) < PAGE:
                break

    def _rebuild(self, workspace: Workspace) -> None:
        """Read the whole log into another state; the one at hand answers meanwhile."""
        workspace.reopen()
        mark, until = str(erased(workspace.reader)), now_ms() + AHEAD_MS
        with Replay(workspace, self._plan.traits, until=until, whole=True) as replay:
            if replay.plan.hash != self._plan.hash:
                raise DataError("the log is read by another plan than the state's", "Report this")
            state, known = replay.run(), replay.known
        self._set(state, known, mark, identities(workspace))

    def _set(self, state: "TraitState", known: int, mark: str, names: Resolution) -> None:
        with self._changed:
            self._state, self._upto, self._mark, self._names = state, known, mark, names
            self._committed = max(self._committed, known)
            if self._late <= known:
                self._late = NEVER
            self._changed.notify_all()

    def _take(self, workspace: Workspace, events: Sequence[Event]) -> None:
        part: list[Event] = []
        for event in events:
            if self._state is None or event.seq <= self._upto:
                continue
            if "supersedes" in event.refs:  # what it replaces is counted already
                self._must_read(event.seq)
            if event.kind == RESOLVED:
                self._feed(part)
                part = []
                self._resolve(workspace, event)
            part.append(event)
        self._feed(part)

    def _feed(self, events: Sequence[Event]) -> None:
        state = self._state
        if state is None or not events:
            return
        batch = self._plan.intake.rows(events, resolve=self._names.resolve)
        rows = self._plan.events(batch)[batch.bits.any(axis=1)]
        clocks = rows[:, 0]
        in_time = clocks >= np.maximum.accumulate(np.concatenate(([state.clock_ms], clocks)))[:-1]
        if not in_time.all():
            self._must_read(events[-1].seq)
        with self._changed:
            state.feed(np.ascontiguousarray(rows[in_time]))
            self._upto = events[-1].seq
            self._changed.notify_all()

    def _resolve(self, workspace: Workspace, event: Event) -> None:
        """Enter the events of people anew who are one, or two, since this event; it is not counted yet."""
        state, names = self._state, identities(workspace)
        said = [ref for ref in (event.roles.get("actor"), event.roles.get("object")) if ref]
        then = (event.seq - 1, event.seq)
        before, after = ({names.resolve(ref, seq) for ref in said} for seq in then)
        with self._changed:
            self._names = names
        if state is None or before == after:
            return
        members = sorted({one for ref in said for seq in then for one in names.members(ref, seq)})
        keys = [key_of(one) for one in before | after]
        parts = [np.empty((0, self._plan.event_words), np.int64)]
        refs = {PARTIES["person"].role: members}
        with Replay(
            workspace, self._plan.traits, until=state.clock_ms + 1, known=event.seq, refs=refs, whole=True
        ) as replay:
            if replay.plan.hash != self._plan.hash:
                raise DataError("the log is read by another plan than the state's", "Report this")
            for batch, _ in replay.batches():
                rows = self._plan.events(batch)[batch.bits.any(axis=1)]
                parts.append(rows[np.isin(rows[:, self._person], keys)])
        mine = np.concatenate(parts)
        newest = (mine[:, 0] < state.clock_ms) | (mine[:, 1] <= state.last_seq)
        with self._changed:
            state.rebuild("person", keys, mine[newest])
