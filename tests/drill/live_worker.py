"""A gate that keeps live traits, in a process that is started to be killed; it stores snapshots all the time."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

from guanxi.api.__main__ import main as serve
from guanxi.app import Workspace, live_traits
from guanxi.engines import trait_store  # noqa: F401 - loaded before the processes are forked
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, event_id

DAY_MS = 86_400_000
KINDS = ("Order Created", "Payment Failed", "Signed In", "Sign In Failed", "Product Viewed")
IP = "192.0.2.7"


def gate(folder: Path) -> None:
    """Serve until told to stop, storing a snapshot several times a second."""
    live_traits.SNAPSHOT_S, live_traits.EVERY_S, live_traits.PAUSE_S = 0.25, 0.02, 0.2  # type: ignore[misc]
    while serve(["gate", "--workspace", str(folder)]):
        time.sleep(0.05)  # an import owns the log for a moment


def remember(folder: Path, count: int) -> None:
    """Give a workspace a past: events of the last 60 days, so that reading it takes a while."""
    now, log = time.time_ns() // 1_000_000, SqliteLog(folder)
    log.append(list(past(count, now)))
    log.close()


def past(count: int, now_ms: int) -> Iterator[Event]:
    """Events that happened, some out of order."""
    dice = random.Random(3)
    for number in range(count):
        at_ms = now_ms - dice.randrange(60 * DAY_MS) - 60_000
        roles = {"actor": f"account:app:p{dice.randrange(200)}", "device": f"device::{dice.randrange(150)}",
                 "ip": f"ip::198.51.100.{dice.randrange(50)}"}  # fmt: skip
        kind = dice.choice(KINDS)
        refs = {"order": f"past{number}"} if kind.startswith("Order") else {}
        yield Event(
            id=event_id("past", str(number)), kind=kind, at_ms=at_ms, received_ms=at_ms, roles=roles, refs=refs,
            platform="app", amount=dice.randrange(90_000) if refs else None, currency="CNY" if refs else "",
            source="drill",
        )  # fmt: skip


def message(name: str, number: int) -> dict[str, object]:
    """A live event as an SDK sends it; all come from one address."""
    kind = KINDS[number % 4]
    properties = {"order_id": name, "total": number % 50 + 0.5, "name": name} if number % 4 == 0 else {"name": name}
    return {
        "type": "track", "event": kind, "messageId": name, "userId": f"u{number % 7}", "properties": properties,
        "context": {"ip": IP, "device": {"id": f"phone{number % 3}"}},
    }  # fmt: skip


def stored(folder: Path) -> tuple[set[str], int]:
    """Names of the live events that the log holds, and how many of them are orders."""
    with Workspace.open(folder) as workspace:
        found = [event for event in workspace.reader.read() if event.live]
    names = [str(event.properties["name"]) for event in found]
    assert len(set(names)) == len(names), "an event twice"
    return set(names), sum(event.kind == KINDS[0] for event in found)
