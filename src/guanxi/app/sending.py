"""Sending for a workspace: its senders, its dry-run file, the thread of the keeper and the command's single round."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from guanxi.actions import SENT, Outgoing
from guanxi.app.courier import Courier, Way
from guanxi.app.sending_people import FIELDS, Watch
from guanxi.app.workspace import Workspace
from guanxi.core import SHANGHAI, Busy, GuanxiError, from_ms
from guanxi.engines.locks import SENDER, Lock
from guanxi.engines.log import now_ms
from guanxi.engines.senders import RATE, Closed, append_lines, open_sender
from guanxi.settings import Settings, secret

FOLDER: Final = "outbox"  # of the workspace: dry-run files, and files of senders
ROBOTS: Final = ("wecom", "dingtalk", "feishu")


class SenderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A sender as people see it.

    problem   why it cannot be used; "" = it can
    """

    name: str
    kind: str
    channels: tuple[str, ...]
    keys: bool
    asks: bool
    problem: str = ""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What one round did.

    handled   rows that were looked at; left: rows that wait for their time or for another attempt
    """

    handled: int
    left: int
    states: dict[str, int]


class Sending:
    """The courier of a workspace; nobody else sends from it meanwhile.

    doing    the command, as other processes are told
    stop     set: begin nothing more
    raises   Busy when another process sends
    """

    def __init__(
        self, workspace: Workspace, *, doing: str, now: Callable[[], int] = now_ms, stop: threading.Event | None = None
    ) -> None:
        ways, watch = open_ways(workspace.settings, workspace.folder, now=now), Watch(workspace)
        self._lock = Lock(workspace.folder, SENDER, doing=doing)
        self._courier = Courier(
            workspace.control, ways, watch.guard, now,
            address_of=watch.address_of, prepare=lambda rows: watch.prepare(rows, now()),
            write_dry=lambda rows: write_dry(workspace.folder, rows, now()), alone=True, stop=stop,
        )  # fmt: skip
        self.round, self.wait_s = self._courier.round, self._courier.wait_s

    def close(self) -> None:
        """Give back connections and the lock."""
        self._courier.close()
        self._lock.release()


class SendingThread:
    """Sends in the background while a workspace is served."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stop = folder, threading.Event()
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="guanxi-sending", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise what ended the thread: then the keeper ends too, and is begun again."""
        if self._problem is not None:
            raise self._problem

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            self._serve()
        except Exception as error:  # noqa: BLE001 - told by `check`, in the keeper's own thread
            self._problem = error

    def _serve(self) -> None:
        with Workspace.open(self._folder) as workspace:
            while not self._stop.is_set():
                try:
                    sending = Sending(workspace, doing="guanxi serve", stop=self._stop)
                except Busy:
                    self._stop.wait(1.0)  # a `guanxi send` is at work
                    continue
                try:
                    self._send(sending)
                finally:
                    sending.close()

    def _send(self, sending: Sending) -> None:
        while not self._stop.is_set():
            try:
                sending.round()
                pause = sending.wait_s()
            except GuanxiError:  # the database is busy, or the disk is full: nothing is lost, a later round goes on
                pause = 1.0
            self._stop.wait(pause)


def open_ways(settings: Settings, folder: Path, *, now: Callable[[], int] = now_ms) -> dict[str, Way]:
    """Return the senders of a workspace's settings by name; one that cannot be used lets what is its wait."""
    return {
        row.name: Way(
            sender=open_sender(row, folder, secret=secret, now=now), channels=row.channels, doubt=row.doubt,
            rate=row.rate or (RATE if row.kind in ROBOTS else 0),
        )
        for row in settings.senders
    }  # fmt: skip


def sender_facts(workspace: Workspace) -> list[SenderFacts]:
    """Return the senders of a workspace, and what is wrong with them."""
    ways = open_ways(workspace.settings, workspace.folder)
    return [
        SenderFacts(
            name=row.name, kind=row.kind, channels=row.channels, keys=way.sender.keys, asks=way.sender.asks,
            problem=way.sender.problem.what if isinstance(way.sender, Closed) else "",
        )
        for row, way in zip(workspace.settings.senders, ways.values(), strict=True)
    ]  # fmt: skip


def send_once(workspace: Workspace, *, now: Callable[[], int] = now_ms, stop: threading.Event | None = None) -> Sent:
    """Send what is due, once; returns what stands in the outbox then.

    raises   Busy when another process sends
    """
    sending = Sending(workspace, doing="guanxi send", now=now, stop=stop)
    try:
        handled = sending.round()
    finally:
        sending.close()
    return _sent(workspace, handled)


def send_dry(workspace: Workspace, *, now: Callable[[], int] = now_ms, limit: int = 10_000) -> Sent:
    """Write what is due to the dry-run file, with what would refuse it, and change nothing; returns how many rows."""
    now_here = now()
    due = [row for row in _ready(workspace, limit) if row.next_ms <= now_here < row.not_after_ms]
    watch = Watch(workspace)
    watch.prepare(due, now_here)
    names = _names(open_ways(workspace.settings, workspace.folder))
    shown = []
    for row in due:
        refusal = watch.guard(row, now_here)
        shown.append((row, f"refused: {refusal.en}" if refusal else row.sender or names.get(row.channel, "")))
    write_dry(workspace.folder, shown, now_here)
    return _sent(workspace, len(shown))


def write_dry(folder: Path, rows: list[tuple[Outgoing, str]], at_ms: int) -> None:
    """Add rows to the dry-run file of the day; it names no person and no address.

    rows   each with the name of the sender that would have had it, "" = none is set
    """
    day = datetime.date(from_ms(at_ms).astimezone(SHANGHAI)).isoformat()
    lines = [
        msgspec.json.encode({
            "id": row.id, "decision": row.decision, "run": row.run, "kind": row.kind, "channel": row.channel,
            "sender": name, "to": _masked(row), "params": dict(row.body), "not_before_ms": row.not_before_ms,
            "not_after_ms": row.not_after_ms,
        })
        for row, name in rows
    ]  # fmt: skip
    if lines:
        append_lines(folder / FOLDER / f"dry-{day}.jsonl", lines)


def _masked(row: Outgoing) -> str:
    """What kind of address it would go to: the file outlives an erasure, so nothing of the person stands in it."""
    if row.kind not in SENT or not row.party:
        return ""
    return f"{FIELDS.get(row.channel, 'account')} ***"


def _names(ways: Mapping[str, Way]) -> dict[str, str]:
    return {channel: name for name, way in ways.items() for channel in way.channels}


def _ready(workspace: Workspace, limit: int) -> list[Outgoing]:
    found: list[Outgoing] = []
    after = 0
    while len(found) < limit:
        page = workspace.control.outbox.page(state="ready", after=after, limit=1_000)
        found += [row for _, row in page if not row.dry]
        if len(page) < 1_000:
            break
        after = page[-1][0]
    return found[:limit]


def _sent(workspace: Workspace, handled: int) -> Sent:
    counts = workspace.control.outbox.counts()
    return Sent(
        handled=handled,
        left=counts["ready"] + counts["sending"],
        states={str(name): count for name, count in counts.items()},
    )
