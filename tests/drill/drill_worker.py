"""Short-lived processes for the drills; each is started to be killed. What it acknowledges, it writes to a file."""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from guanxi.api.__main__ import main as serve
from guanxi.app import Workspace, import_files
from guanxi.app.importing import ImportReport
from guanxi.core import Busy
from guanxi.engines.lake import Reader, Sealer
from guanxi.engines.locks import GATE, SEALER, Lock
from guanxi.engines.log import SqliteLog
from guanxi.engines.sources import expand, read_preset
from guanxi.events import Event, event_id

T0 = 1_767_326_400_000
MAPPING = """
id = "drill"
zh = "演习"
[match]
headers = ["order", "who", "text", "paid"]
[read]
chunk_rows = {chunk}
[[event]]
kind = "Order Completed"
when = [{{ column = "order", is = "filled" }}]
key = ["order"]
at = "at"
amount = "paid"
refs.order = "order"
roles.actor = {{ type = "account", column = "who" }}
[[event]]
kind = "Product Viewed"
at = "at"
roles.item = {{ type = "item", column = "text" }}
properties.name = "text"
"""


def rows(count: int, seed: int = 1) -> Iterator[str]:
    """Orders, restated orders, rows that repeat, rows to be parked."""
    dice = random.Random(seed)
    yield "order,who,text,paid,at"
    for number in range(count):
        order = f"o{dice.randrange(count)}" if number % 3 else ""
        paid = "much" if number % 29 == 5 and order else f"{dice.randrange(5)}.50"
        yield f"{order},w{number % 4},t{dice.randrange(4)},{paid},2026-01-02 10:00:0{number % 2}"


def load(folder: Path, file: Path, *, chunk: int) -> ImportReport:
    """Import the drill's file in chunks of so many rows."""
    with Workspace.open(folder) as workspace:
        return import_files(
            workspace, [(one, read_preset(MAPPING.format(chunk=chunk), "drill")) for one in expand(file)]
        )


def append(folder: Path, acks: Path, prefix: str) -> None:
    """Append batches for ever, each acknowledged after `append` returned; every second one is sent twice."""
    dice, number = random.Random(prefix), 0
    with acks.open("ab", buffering=0) as file, Lock(folder, GATE, doing="drill"):
        log = SqliteLog(folder)
        while True:
            names = [f"{prefix}-{number + i}" for i in range(dice.randrange(1, 30))]
            number += len(names)
            for _ in range(1 + number % 2):
                log.append([live(name) for name in names])
            file.write("".join(f"{name}\n" for name in names).encode())


def live(name: str) -> Event:
    """A live event, known by its name."""
    kind = "Tea Tasted" if name[-1] in "13579" else "Product Viewed"
    return Event(
        id=event_id("drill", name),
        kind=kind,
        at_ms=T0,
        received_ms=T0,
        properties={"name": name},
        source="drill",
        live=True,
    )


def seal(folder: Path, pause: float = 0.01) -> None:
    """Seal and compact for ever."""
    with Workspace.open(folder) as workspace:
        sealer = Sealer(folder, workspace.catalogue)
        while True:
            try:
                with Lock(folder, SEALER, doing="drill"):
                    sealer.run(hot_after=20)
                    sealer.tidy()
            except Busy:
                time.sleep(pause)
            time.sleep(pause)


def import_again(folder: Path, file: Path, chunk: int) -> None:
    """Import the file again and again, waiting while another process owns the log."""
    while True:
        try:
            load(folder, file, chunk=chunk)
        except Busy:
            time.sleep(0.02)


def read(folder: Path) -> None:
    """Read everything for ever: sequence numbers rise, ids are once, the newest number never falls."""
    with Workspace.open(folder) as workspace:
        newest = 0
        while True:
            reader = Reader(folder, workspace.catalogue)
            for _ in range(5):
                found = list(reader.read())
                assert all(a.seq < b.seq for a, b in pairwise(found)), "a number twice"
                assert len({event.id for event in found}) == len(found), "an id twice"
                assert not found or found[-1].seq >= newest, "newer events are gone"
                newest = found[-1].seq if found else 0
            reader.close()


def gate(folder: Path) -> None:
    """Serve ingest over HTTP until killed; try again while an import owns the log, as the supervisor does."""
    while True:
        serve(["gate", "--workspace", str(folder)])
        time.sleep(0.05)


def run(action: Callable[..., None], errors: Path, *arguments: object) -> None:
    """Run an action in a process of its own; what it raises is written down, for the test to see."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    try:
        action(*arguments)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test must see it
        with errors.open("a") as file:
            file.write(f"{action.__name__}: {type(error).__name__}: {error}\n")
        sys.exit(3)
