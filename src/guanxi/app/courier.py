"""The courier: takes what is due from the outbox, sends it side by side, and writes down what came of it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from types import TracebackType
from typing import Final, Self, TypeAlias

from guanxi.actions import (
    NOTICE,
    Breaker,
    Ended,
    Outcome,
    Outgoing,
    OutState,
    Pace,
    Rate,
    Route,
    Sender,
    Taken,
    judge,
)
from guanxi.core import GuanxiError
from guanxi.decisions import Refusal
from guanxi.engines.control import Control

LEASE_MS: Final = 120_000  # an attempt is over long before
DEPTH: Final = 3  # rows taken for each attempt that may be under way
DRY_AT_ONCE: Final = 500
GATHER_S: Final = 0.005
GRACE_S: Final = 5.0  # for attempts under way when the courier is to stop
OTHERS_S: Final = 0.2  # between two looks for rows of dry runs
SWEEP_S: Final = 1.0  # between two looks for what is late

Guard: TypeAlias = Callable[[Outgoing, int], Refusal | None]
AddressOf: TypeAlias = Callable[[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A sender, and what leaves by it.

    channels   whose rows name no sender
    rate       most attempts a minute, 0 = no bound
    doubt      what to do when an attempt may have acted and nobody can tell: again, or leave it to a person
    """

    sender: Sender
    channels: tuple[str, ...]
    rate: int = 0
    doubt: str = "again"


@dataclass(slots=True)
class _Lane:
    """One way at work."""

    name: str
    way: Way
    breaker: Breaker
    rate: Rate
    gate: asyncio.Semaphore
    flying: dict[str, Taken] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    @property
    def route(self) -> Route:
        return Route(senders=(self.name,), channels=self.way.channels)

    def room(self) -> int:
        room = self.breaker.room(len(self.flying), self.way.sender.at_once * DEPTH)
        allowed = self.rate.room()
        return room if allowed is None else min(room, allowed)


_Said: TypeAlias = Outcome | Refusal | str  # what came of it; refused by policy; or left to a person, and why


class Courier:
    """Sends what is due. One courier works for a workspace; others that look at the same outbox take other rows.

    control     whose outbox it empties
    ways        sender's name -> Way
    guard       asked just before each attempt: what refuses it now, or None; a refusal that is over (`resets_ms`)
                before the row's time is over only delays it
    prepare     told the rows that will be asked about next, so that guard and address_of may look them up together
    now         the clock, ms UTC; it may jump
    address_of  (party, channel) -> address of the person there, "" when none is known
    write_dry   keeps rows of dry runs, with the name of the sender that would have had each
    alone       True: no other courier lives, so what is `sending` was left behind by one that died
    stop        set: begin nothing more
    """

    def __init__(
        self, control: Control, ways: Mapping[str, Way], guard: Guard, now: Callable[[], int], *,
        address_of: AddressOf = lambda party, channel: "",
        prepare: Callable[[list[Outgoing]], None] = lambda rows: None,
        write_dry: Callable[[list[tuple[Outgoing, str]]], None] = lambda rows: None,
        pace: Pace | None = None, lease_ms: int = LEASE_MS, alone: bool = False, stop: Event | None = None,
    ) -> None:  # fmt: skip
        self._outbox, self._ways, self._guard, self._now = control.outbox, dict(ways), guard, now
        self._prepare = prepare
        self._address_of, self._write_dry, self._lease_ms = address_of, write_dry, lease_ms
        self._pace, self._stop, self._alone = pace or Pace(), stop or Event(), alone
        self._lanes = [
            _Lane(
                name, way, Breaker(name, self._pace, now=time.monotonic), Rate(way.rate, now=time.monotonic),
                asyncio.Semaphore(way.sender.at_once),
            )
            for name, way in self._ways.items()
        ]  # fmt: skip
        self._all = Route(
            senders=tuple(self._ways), channels=tuple(one for way in self._ways.values() for one in way.channels)
        )
        self._runner = asyncio.Runner()
        self._seen_ms: int | None = None
        self._swept = self._others_at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back connections."""
        self._runner.run(self._close())
        self._runner.close()

    def round(self) -> int:
        """Send until nothing is due any more, or until told to stop; returns how many rows were handled.

        What fails is planned for later; the next round looks for it.
        """
        return self._runner.run(self._round())

    def wait_s(self) -> float:
        """Return how long to wait after a round: until the next row is due, a quarter to a whole second."""
        due = self._outbox.next_due()
        return 1.0 if due is None else min(max((due - self._now()) / 1000, 0.25), 1.0)

    async def _close(self) -> None:
        for lane in self._lanes:
            await lane.way.sender.close()

    async def _round(self) -> int:
        tasks: dict[asyncio.Task[_Said], tuple[_Lane, str]] = {}
        handled = 0
        try:
            while not self._stop.is_set():
                self._look_at_clock()
                others = self._take_others()
                handled += others
                for lane in self._lanes:
                    for taken in self._take(lane):
                        task = asyncio.create_task(self._attempt(lane, taken.row.id))
                        tasks[task] = (lane, taken.row.id)
                if not tasks:
                    if others:
                        continue
                    break
                await asyncio.wait(tasks, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(GATHER_S)  # others that are over by then share the commit
                over = [task for task in tasks if task.done() and not task.cancelled()]
                handled += self._record([(*tasks.pop(task), task.result()) for task in over])
            if tasks:
                await asyncio.wait(tasks, timeout=GRACE_S)
        finally:
            handled += self._leave(tasks)
        return handled

    def _look_at_clock(self) -> None:
        """What only a clock that was set back delays is done now; what is late is ended."""
        now_ms = self._now()
        if self._seen_ms is None and self._alone:
            self._outbox.left_behind(now_ms=now_ms)
        if self._seen_ms is None or now_ms < self._seen_ms:
            self._outbox.set_back(now_ms=now_ms, pace=self._pace, lease_ms=self._lease_ms)
        self._seen_ms = now_ms
        if time.monotonic() - self._swept >= SWEEP_S:
            self._swept = time.monotonic()
            self._outbox.expire(now_ms=now_ms)

    def _take_others(self) -> int:
        """Rows of dry runs, and rows that no sender is set for."""
        if time.monotonic() < self._others_at or not self._is_due():
            return 0
        begin, now_ms, ends = time.monotonic(), self._now(), list[tuple[str, int, OutState, str]]()
        dry = self._outbox.take(now_ms=now_ms, lease_ms=self._lease_ms, limit=DRY_AT_ONCE, dry=True)
        if dry:
            self._write_dry([(one.row, self._name_of(one.row)) for one in dry])
            ends += [(one.row.id, one.row.attempts, "dry", "") for one in dry]
        nowhere = self._outbox.take(now_ms=now_ms, lease_ms=self._lease_ms, limit=DRY_AT_ONCE, but=self._all)
        ends += [(one.row.id, one.row.attempts, "dead", _no_way(one.row)) for one in nowhere]
        if ends:
            self._outbox.close_rows(ends, now_ms=self._now())
        else:
            # A look that finds nothing reads all that is due: it may take a twentieth of the time.
            self._others_at = time.monotonic() + max(OTHERS_S, 20 * (time.monotonic() - begin))
        return len(ends)

    def _take(self, lane: _Lane) -> list[Taken]:
        room = lane.room()
        waiting = len(lane.flying) - len(lane.begun)  # a few more than can begin: one commit takes many
        if room <= 0 or waiting >= lane.way.sender.at_once or not self._is_due():
            return []
        taken = self._outbox.take(now_ms=self._now(), lease_ms=self._lease_ms, limit=room, only=lane.route)
        lane.rate.began(len(taken))
        # After a jump of the clock a row may be taken whose attempt is under way here: that one goes on for both.
        fresh = [one for one in taken if one.row.id not in lane.flying]
        lane.flying.update((one.row.id, one) for one in taken)
        if fresh:
            self._prepare([one.row for one in fresh])
        return fresh

    def _is_due(self) -> bool:
        due = self._outbox.next_due()
        return due is not None and due <= self._now()

    async def _attempt(self, lane: _Lane, id: str) -> _Said:  # noqa: A002
        async with lane.gate:
            taken = lane.flying[id]
            if self._stop.is_set():
                raise asyncio.CancelledError  # it was not begun
            try:
                refusal = self._guard(taken.row, self._now())
                address = "" if refusal or not lane.way.sender.addressed else self._address(taken.row)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing was sent, and the next attempt may find it mended
                return Outcome(kind="unreachable", text=f"it could not be checked: {_named(error)}")
            if refusal is not None:
                return refusal
            if lane.way.sender.addressed and not address and taken.row.kind != NOTICE:
                return Outcome(kind="invalid", text=f"no address of this person is known for {taken.row.channel}")
            lane.begun.add(id)
            return await _send(lane.way, taken, address)

    def _address(self, row: Outgoing) -> str:
        return self._address_of(row.party, row.channel) if row.party else ""

    def _record(self, said: list[tuple[_Lane, str, _Said]]) -> int:
        now_ms, ended, closed = self._now(), list[Ended](), list[tuple[str, int, OutState, str]]()
        later: list[tuple[Taken, int]] = []
        for lane, id_, what in said:
            taken = lane.flying.pop(id_)
            lane.begun.discard(id_)
            row = taken.row
            if isinstance(what, Outcome):
                lane.breaker.heard(what)
                verdict = judge(row, what, now_ms=now_ms, pace=self._pace, tried=taken.tried)
                keys = lane.way.sender.keys or lane.way.sender.asks
                ended.append(Ended(id=id_, attempt=row.attempts, outcome=what, verdict=verdict, keys=keys))
            elif isinstance(what, Refusal) and now_ms < (what.resets_ms or 0) < row.not_after_ms:
                later.append((taken, what.resets_ms or 0))
            elif isinstance(what, Refusal):
                closed.append((id_, row.attempts, "refused", f"{what.zh} {what.en}".strip()[:480]))
            else:
                closed.append((id_, row.attempts, "dead", what))
        if ended:
            self._outbox.record(ended, now_ms=now_ms)
        if closed:
            self._outbox.close_rows(closed, now_ms=now_ms)
        if later:
            self._outbox.put_back([one for one, _ in later], until={one.row.id: until for one, until in later})
        return len(said)

    def _leave(self, tasks: dict[asyncio.Task[_Said], tuple[_Lane, str]]) -> int:
        """Stop: write down what is done, give back what was not begun; the rest may have acted, and its lease tells."""
        done = [(*tasks[task], task.result()) for task in tasks if task.done() and not task.cancelled()]
        handled = self._record(done) if done else 0
        for task in tasks:
            task.cancel()
        back = []
        for lane in self._lanes:
            back += [one for id_, one in lane.flying.items() if id_ not in lane.begun]
            lane.flying.clear()
            lane.begun.clear()
        if back:
            self._outbox.put_back(back)
        return handled

    def _name_of(self, row: Outgoing) -> str:
        return row.sender or next((name for name, way in self._ways.items() if row.channel in way.channels), "")


async def _send(way: Way, taken: Taken, address: str) -> _Said:
    sender, row = way.sender, taken.row
    try:
        if row.uncertain and sender.asks:
            found = await sender.did(row)
            if found is not None:
                return found
        elif row.uncertain and taken.tried > 1 and not sender.keys and way.doubt == "person":
            return "an earlier attempt may have been done: look there, then retry or withdraw it"
        return await sender.send(row, address, row.attempts)
    except Exception as error:  # noqa: BLE001 - a fault of the sender must stop nobody else's action
        return Outcome(kind="unknown", text=f"the sender failed: {_named(error)}")


def _named(error: Exception) -> str:
    """What an error may be called: its words are shown only when they are ours, which hold no address."""
    return str(error)[:400] if isinstance(error, GuanxiError) else type(error).__name__


def _no_way(row: Outgoing) -> str:
    wanted = f"called {row.sender}" if row.sender else f"for the channel {row.channel}"
    return f"there is no sender {wanted}: add a row [[senders]], then retry"
