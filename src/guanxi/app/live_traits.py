"""Live traits: the state of the hot plan beside the log, fed with each commit; a question costs microseconds."""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import msgspec

from guanxi.app.identity import identities
from guanxi.app.live_events import EventAnswer, coming, named
from guanxi.app.live_state import AHEAD_MS, SINCE, Build, Kept, Standing, follow
from guanxi.app.trait_replay import canonical, fits, key_of
from guanxi.app.workspace import TRAITS, Workspace
from guanxi.core import Busy, DataError, GuanxiError, NotFound, SettingError
from guanxi.engines.lake import erased
from guanxi.engines.log import now_ms
from guanxi.events import Event
from guanxi.traits import PARTIES, Trait, TraitCatalogue, read_own, shipped_traits

FOLDER: Final = "traits"  # of the workspace: the snapshot
OWN: Final = "hot.toml"  # beside it: the workspace's own rows when it was stored
EVERY_S: Final = 1.0  # how often erasures are looked for, and what is due is done
SNAPSHOT_S: Final = 600.0
PAUSE_S: Final = 5.0  # between two readings of the whole log: an import commits many segments
PATIENCE_S: Final = 2.0  # how long a question waits until every event before it is in
ENDING_S: Final = 8.0  # how long an end waits for a snapshot; without it the next start reads the log
NEVER: Final = -1


class LiveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a party's traits are now.

    as_of_ms  the instant
    seq       every event up to this sequence number is counted, but those that `behind` tells of
    behind    True while history that came later than its time is being taken in: the next moment may say otherwise
    building  how much of a new state is made, in percent: of other rows, or of history; null = none is
    values    name -> value in its unit; null = unknown
    units     name -> unit
    """

    party: str
    as_of_ms: int
    seq: int
    behind: bool
    building: int | None = None
    values: dict[str, float | None]
    units: dict[str, str]


class LiveTraits:
    """Keeps one state on a thread of its own: from the snapshot and the log behind it, else from the whole log.

    What comes later than its time (imports, events that replace others, erasures) makes it read the log anew, and so
    do other rows in the workspace's traits.toml. A new state is built beside the one at hand, which follows the log
    and answers until the new one has caught up with it.

    uses  rows for these uses are kept, as `Kept` says
    """

    def __init__(self, folder: Path, uses: Collection[str]) -> None:
        from guanxi.engines.trait_store import TraitStore  # loads a compiler, which no command is to wait for

        self._folder, self._uses, self._store = folder, tuple(uses), TraitStore(folder / FOLDER)
        self._queue: queue.SimpleQueue[list[Event] | None] = queue.SimpleQueue()
        self._changed = threading.Condition()  # holds the state while it changes or is read
        self._standing: Standing | None = None  # what answers
        self._wanted: Kept | None = None  # what is to be kept
        self._seen: TraitCatalogue | None = None  # the catalogue that was looked at last
        self._build: Build | None = None
        self._since: deque[Event] = deque(maxlen=SINCE)  # what came while it was built
        self._committed = 0  # last event of the log
        self._late = NEVER  # up to this one the log must be read anew
        self._looked = 0  # what `_changed_ns` said when traits.toml was looked at
        self._trouble = self._refused = ""  # what went wrong last; what is wrong with traits.toml
        self._began = False
        self._due = self._saved = 0.0  # when the log may be read anew; when a snapshot was stored
        self._thread = threading.Thread(target=self._run, name="traits", daemon=True)

    @property
    def is_ready(self) -> bool:
        """Whether questions are answered."""
        return self._standing is not None

    @property
    def building(self) -> int | None:
        """How much of a new state is made, in percent; None = none is."""
        build = self._build
        return None if build is None else build.percent

    @property
    def trouble(self) -> str:
        """What keeps it from answering by the newest rows; "" when nothing does."""
        return self._refused or self._trouble

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
                the first state is being read, or what is asked for is being filled in
        """
        with self._changed:
            one, behind = self._caught_up()
            parties = one.kept.plan.parties
            if party not in parties:
                raise NotFound(f"no party is called {party[:40]!r}", f"Use one of {', '.join(parties)}", "party")
            rows = self._chosen(one.kept, (party,), names)
            if not fits(ref, party, one.names, one.upto):
                types = ", ".join(PARTIES[party].types) or PARTIES[party].role
                raise DataError(f"the reference names no {party}", f"Give type:scope:key with a type of {types}", "ref")
            key = key_of(canonical(ref, party, one.names, one.upto))
            clock, seq = max(now_ms(), one.state.clock_ms), one.upto
            found = one.state.read(party, key, clock)
        return LiveAnswer(
            party=party, as_of_ms=clock, seq=seq, behind=behind, building=self.building,
            values=one.kept.values(found, rows), units={row.name: row.unit for row in rows},
        )  # fmt: skip

    def see(self, event: Event, names: Collection[str] = ()) -> EventAnswer:
        """Return what an event would see if it came now, after every event that was acknowledged before.

        event   one that was checked; it is not counted
        names   traits or topics; none = all of the parties that it names
        raises  NotFound for another trait; Refused for an event that tells who is who; Busy as `read` does
        """
        with self._changed:
            one, behind = self._caught_up()
            plan = one.kept.plan
            rows = self._chosen(one.kept, plan.parties, names)
            clock, seq = max(now_ms(), event.received_ms, one.state.clock_ms), one.upto
            event = coming(event, clock_ms=clock, seq=seq + 1)
            batch = plan.intake.rows([event], resolve=one.names.resolve)
            found = one.kept.sight.read(one.state, batch)
            parties = named(event, batch, plan.parties, one.names.resolve)
        rows = [row for row in rows if names or row.party in parties]
        return EventAnswer(
            parties=parties, as_of_ms=clock, seq=seq, behind=behind or "supersedes" in event.refs,
            building=self.building, values=one.kept.values(found, rows), units={row.name: row.unit for row in rows},
        )  # fmt: skip

    def _caught_up(self) -> tuple[Standing, bool]:
        """Wait until every event of now is in, the lock being held; return what stands, and whether it is behind."""
        target = self._committed

        def is_in() -> bool:
            return self._standing is not None and (self._late != NEVER or self._standing.upto >= target)

        self._changed.wait_for(is_in, PATIENCE_S)
        if self._standing is None:
            done = "" if self.building is None else f", {self.building}% done"
            raise Busy(self.trouble or f"the traits are being read from the log{done}", "Ask again in a moment")
        one, is_due = self._standing, 0 < self._standing.ahead_ms <= now_ms()
        return one, is_due or self._late != NEVER or one.upto < target

    def _chosen(self, kept: Kept, parties: Collection[str], names: Collection[str]) -> list[Trait]:
        """Rows that are asked for.

        raises  Busy when one is being filled in; NotFound for another
        """
        try:
            return kept.chosen(parties, names)
        except NotFound:
            if self._looked != _changed_ns(self._folder):
                raise Busy(f"{TRAITS} has changed and is being looked at", "Ask again in a moment", "names") from None
            if self._wanted is None or self._wanted is kept:
                raise
            new = {row.name for row in self._wanted.chosen(parties, names)} - set(kept.rows)  # raises
            asked = [name for name in names if name in new] or sorted(new)
            raise Busy(f"the trait {asked[0]} is being filled in, {self.building or 0}% done",
                       "Ask again in a moment; leave it out until then", "names") from None  # fmt: skip

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
        if not self._began:
            return []
        try:
            return self._queue.get(timeout=EVERY_S)
        except queue.Empty:
            return []

    def _step(self, workspace: Workspace, events: Sequence[Event], ended: bool) -> None:
        now = time.monotonic()
        self._look(workspace)
        if not self._began:
            self._began, self._saved = True, now
            self._restore(workspace)
        if self._standing is not None:
            if self._late == NEVER and self._is_stale(workspace, self._standing):
                self._must_read(self._committed)
            self._standing.take(workspace, events)
        if self._build is not None:
            self._since.extend(events)
        if self._build is not None and not ended:
            self._built(workspace, self._build)
        if self._build is None and not ended and now >= self._due and self._is_due():
            self._begin()
        if self._standing is not None and self._late == NEVER and (ended or now - self._saved >= SNAPSHOT_S):
            self._saved = now
            self._save(self._standing)
        if self._build is not None and ended:
            self._build.stop()
            self._build.join(ENDING_S)

    def _is_stale(self, workspace: Workspace, one: Standing) -> bool:
        """Whether somebody was erased since, or the time has come of events that were dated ahead."""
        return str(erased(workspace.reader)) != one.mark or 0 < one.ahead_ms <= now_ms()

    def _look(self, workspace: Workspace) -> None:
        """Take in another traits.toml; one that cannot be used changes nothing."""
        stamp = _changed_ns(self._folder)
        try:
            self._look_into(workspace)
        finally:
            self._looked = stamp

    def _look_into(self, workspace: Workspace) -> None:
        workspace.refresh()
        try:
            catalogue = workspace.traits
            if self._seen is catalogue:
                return
            self._wanted, self._seen, self._refused = Kept(catalogue, self._uses), catalogue, ""
        except SettingError as error:
            self._refused = str(error)
            self._seen = workspace.__dict__.get("traits")  # a plan that cannot be made is not tried again
            return
        one = self._standing
        if one is not None and one.kept is not self._wanted and one.kept.plan.hash == self._wanted.plan.hash:
            with self._changed:  # other words alone
                one.kept = self._wanted

    def _is_due(self) -> bool:
        """Whether a new state is needed and can be made."""
        if self._wanted is None:
            return False
        return self._late != NEVER or self._standing is None or self._standing.kept is not self._wanted

    def _begin(self) -> None:
        """Begin to read the whole log into another state."""
        assert self._wanted is not None  # noqa: S101 - see _is_due
        self._since.clear()
        self._build = Build(
            self._folder, self._wanted, until=now_ms() + AHEAD_MS, late=self._must_read,
            committed=lambda: self._committed, ended=lambda: self._queue.put([]),
        )  # fmt: skip
        self._build.start()

    def _built(self, workspace: Workspace, build: Build) -> None:
        """Let a new state that was read catch up and stand; stop one that is of no use any more."""
        if build.kept is not self._wanted:
            build.stop()
        if build.is_alive():
            return
        self._build, self._due = None, time.monotonic() + PAUSE_S
        if build.kept is not self._wanted:
            self._due = 0.0
            return
        if build.error is not None:
            raise build.error
        assert build.standing is not None  # noqa: S101 - it was not stopped, and nothing went wrong
        self._follow(workspace, build.standing)
        if self._standing is None or self._standing.kept.plan.hash != build.kept.plan.hash:
            self._saved -= SNAPSHOT_S  # no snapshot is of this plan: store one now
        self._stand(workspace, build.standing, build.known)
        workspace.reopen()  # the files that it knows may have been rewritten

    def _stand(self, workspace: Workspace, fresh: Standing, known: int) -> None:
        """Let a state answer that was read in order up to an event, and has followed the log since."""
        is_stale = self._is_stale(workspace, fresh)
        with self._changed:
            fresh.changed, self._standing = self._changed, fresh
            self._committed = max(self._committed, fresh.upto)
            if is_stale:
                self._late = self._committed
            elif self._late <= known:
                self._late = NEVER
            self._changed.notify_all()

    def _follow(self, workspace: Workspace, one: Standing) -> None:
        """Take in what came while a state was built: it is at hand, unless there was too much of it."""
        if len(self._since) == SINCE and self._since[0].seq > one.upto + 1:
            workspace.reopen()
            while follow(workspace, one):
                pass
        one.take(workspace, self._since)
        self._since.clear()

    def _restore(self, workspace: Workspace) -> None:
        """Take up the snapshot and the log behind it; one that cannot be used is left to be replaced."""
        mark = str(erased(workspace.reader))
        with contextlib.suppress(DataError):
            head = self._store.head()
            kept = None if head is None or head.mark != mark else self._kept_by(head.plan)
            if head is None or kept is None or (state := self._store.load(kept.plan)) is None:
                return
            one = Standing(
                kept, state, upto=head.known, mark=mark, names=identities(workspace), late=self._must_read,
                ahead_ms=head.ahead_ms,
            )  # fmt: skip
            while follow(workspace, one):
                pass
            self._stand(workspace, one, NEVER)

    def _kept_by(self, plan: str) -> Kept | None:
        """The rows of a snapshot's plan: those of now, or those that the workspace had when it was stored."""
        if self._wanted is not None and self._wanted.plan.hash == plan:
            return self._wanted
        path = self._folder / FOLDER / OWN
        with contextlib.suppress(OSError, SettingError):
            then = read_own(path.read_text("utf-8"), OWN) if path.exists() else shipped_traits()
            kept = Kept(then, self._uses)
            return kept if kept.plan.hash == plan else self._wanted
        return self._wanted

    def _save(self, one: Standing) -> None:
        """Store a snapshot, and the own rows that it was kept by: without them it is of no use once they change."""
        path = self._folder / FOLDER / OWN
        if text := one.kept.catalogue.text:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.with_suffix(".part").write_text(text, "utf-8")
            path.with_suffix(".part").replace(path)
        else:
            path.unlink(missing_ok=True)
        self._store.save(one.state, known=one.upto, mark=one.mark, ahead_ms=one.ahead_ms)

    def _must_read(self, seq: int) -> None:
        with self._changed:
            self._late = max(self._late, seq)
            self._changed.notify_all()


def _changed_ns(folder: Path) -> int:
    """When a workspace's own traits changed; 0 = it has none."""
    try:
        return (folder / TRAITS).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
