"""The gate: the one process that owns the log, checks what arrives and answers once it is durable."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import msgspec

from guanxi.app.handing import hand_over
from guanxi.app.live_traits import LiveTraits
from guanxi.app.workspace import Workspace
from guanxi.core import Busy, DataError, Refused
from guanxi.engines.locks import GATE, Lock
from guanxi.engines.log import Committed, Manifest, SqliteLog, now_ms
from guanxi.engines.vault import Vault
from guanxi.events import Appended, Event, Intake, Parked, RawEvent, Trust

GROUP: Final = 5_000  # events in one commit at most
WAITING: Final = 50_000  # events not yet committed at most; then senders are told to come back


class Refusal(msgspec.Struct, frozen=True):
    """One event of a batch that the sender may not send."""

    index: int
    what: str
    mend: str


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch; every stored or parked event is durable.

    accepted    new events stored
    duplicates  events whose id was stored before
    parked      events kept aside with a reason
    refused     events that this key may not send: not kept
    last_seq    the log's last sequence number
    """

    accepted: int = 0
    duplicates: int = 0
    parked: int = 0
    refused: tuple[Refusal, ...] = ()
    last_seq: int = 0


@dataclass(slots=True)
class _Work:
    events: list[Event]
    parked: list[Parked]
    done: asyncio.Future[tuple[int, int, int]]  # accepted, duplicates, last_seq
    manifest: Manifest | None = None
    committed: Committed | None = field(default=None)


class Gate:
    """Checks events on the event loop, commits them in groups on a thread of its own."""

    def __init__(self, workspace: Workspace, *, doing: str = "guanxi serve") -> None:
        self.workspace = workspace
        self._lock = Lock(workspace.folder, GATE, doing=doing)
        try:
            self._log = SqliteLog(workspace.folder)
            self._intake = workspace.intake()
        except BaseException:
            self._lock.release()
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._queue: asyncio.Queue[_Work] = asyncio.Queue()
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None
        self._received = 0  # of the newest batch: a clock that is set back must not put an event before another
        kept = workspace.settings.traits
        self.traits = LiveTraits(workspace.folder, kept.uses) if kept.live else None
        self._looking: Vault | None = None  # for events that are looked at: keeps nothing

    async def start(self) -> None:
        """Begin to commit; call once on the event loop that serves."""
        self._task = asyncio.create_task(self._run())
        if self.traits is not None:
            self.traits.start()

    async def close(self) -> None:
        """Commit what waits, then release the log."""
        if self._task is not None:
            await self._queue.join()
            self._task.cancel()
        self._thread.shutdown()
        if self.traits is not None and self._task is not None:
            await asyncio.to_thread(self.traits.close)
        if self._looking is not None:
            self._looking.close()
        self._log.close()
        self._lock.release()

    def announce(self, url: str) -> str:
        """Say where the gate listens, so that imports find it; return the token that they will show."""
        self._lock.announce(url)
        return self._lock.owner.token

    async def ingest(self, raws: Sequence[RawEvent], *, trust: Trust, source: str) -> Ingested:
        """Check a batch and answer once it is flushed to the disk.

        raises  Busy when too much waits already: nothing of the batch was kept
        """
        if self._waiting + len(raws) > WAITING:
            raise Busy(f"{self._waiting} events wait to be stored", "Send the batch again in a moment")
        self._refresh()
        received = self._received = max(now_ms(), self._received)
        events: list[Event] = []
        parked: list[Parked] = []
        refused: list[Refusal] = []
        for index, raw in enumerate(raws):
            try:
                result = self._intake.check(raw, trust, received_ms=received, source=source)
            except Refused as error:
                refused.append(Refusal(index, error.what, error.mend))
                continue
            if isinstance(result, Event):
                events.append(result)
            else:
                parked.append(result)
        accepted = duplicates = last_seq = 0
        if events or parked:
            accepted, duplicates, last_seq = await self._submit(_Work(events, parked, _future()))
        return Ingested(
            accepted=accepted, duplicates=duplicates, parked=len(parked), refused=tuple(refused), last_seq=last_seq
        )

    def look(self, raw: RawEvent, *, trust: Trust, source: str) -> Event:
        """Check an event as `ingest` does, and keep nothing of it; call on the event loop that serves.

        raises  DataError for what would be parked; Refused for what this key may not send
        """
        self._refresh()
        if self._looking is None:
            self._looking = Vault.open(self.workspace.folder, readonly=True)
        self._looking.flush()  # keeps nothing, and hears of people who were erased
        intake = Intake(self._intake.catalogue, self.workspace.platforms, self._looking)
        found = intake.check(raw, trust, received_ms=max(now_ms(), self._received), source=source)
        if isinstance(found, Parked):
            raise DataError(found.what, found.mend, found.field)
        return found

    async def park(self, rows: Sequence[Parked]) -> None:
        """Keep rows that a wire adapter could not read."""
        if rows:
            await self._submit(_Work([], list(rows), _future()))

    async def append(self, events: Sequence[Event]) -> Appended:
        """Store events that a command of this workspace has checked, such as mended rows."""
        accepted, duplicates, last_seq = await self._submit(_Work(list(events), [], _future()))
        return Appended(stored=accepted, duplicates=duplicates, last_seq=last_seq)

    async def commit(self, manifest: Manifest) -> Committed:
        """Make a segment that an import staged part of the log.

        raises  DataError when its files are missing
        """
        work = _Work([], [], _future(), manifest)
        await self._submit(work)
        return work.committed or Committed(conflict=True)

    def _refresh(self) -> None:
        if self.workspace.refresh():  # somebody defined a kind meanwhile
            self._intake = self.workspace.intake()

    async def _submit(self, work: _Work) -> tuple[int, int, int]:
        self._waiting += len(work.events)
        await self._queue.put(work)
        return await work.done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            group = [await self._queue.get()]
            size = len(group[0].events)
            while not self._queue.empty() and size < GROUP:
                group.append(self._queue.get_nowait())
                size += len(group[-1].events)
            try:
                answers = await loop.run_in_executor(self._thread, self._commit, group)
            except Exception as error:  # noqa: BLE001 - every sender of the group must hear of it
                for work in group:
                    if not work.done.done():
                        work.done.set_exception(error)
            else:
                for work, answer in zip(group, answers, strict=True):
                    if work.done.done():
                        continue
                    if isinstance(answer, Exception):
                        work.done.set_exception(answer)
                    else:
                        work.done.set_result(answer)
            finally:
                self._waiting -= size
                for _ in group:
                    self._queue.task_done()

    def _commit(self, group: list[_Work]) -> list[tuple[int, int, int] | Exception]:
        """On the commit thread: vault first, so that a crash leaves a value without an event, never the reverse."""
        self.workspace.vault.flush()
        parked = [row for work in group for row in work.parked]
        if parked:
            self.workspace.vault.parked.add(parked)
        answers: list[tuple[int, int, int] | Exception] = []
        events = [event for work in group for event in work.events]
        fresh, last_seq = self._log.append_each(events) if events else ([], self._log.last_seq)
        if self.traits is not None and any(fresh):
            self.traits.taken(numbered(events, fresh, last_seq), last_seq)
        place = 0
        for work in group:
            flags = fresh[place : place + len(work.events)]
            place += len(work.events)
            stored = sum(flags)
            answers.append((stored, len(flags) - stored, last_seq))
            if work.manifest is not None:
                try:
                    work.committed = hand_over(self._log, work.manifest)
                    if self.traits is not None and work.manifest.rows:
                        self.traits.taken((), self._log.last_seq, history=True)
                except Exception as error:  # noqa: BLE001 - this sender alone must hear of it
                    answers[-1] = error
        return answers


def numbered(events: Sequence[Event], fresh: Sequence[bool], last_seq: int) -> list[Event]:
    """Return the new events of a commit with the sequence numbers that the log gave them."""
    new = [event for event, is_new in zip(events, fresh, strict=True) if is_new]
    first = last_seq - len(new) + 1
    return [msgspec.structs.replace(event, seq=first + place) for place, event in enumerate(new)]


def _future() -> asyncio.Future[tuple[int, int, int]]:
    return asyncio.get_running_loop().create_future()
