"""The days of a town: stepped in this process, or in another one while this one stores what came before."""

import io
import multiprocessing
import os
import queue
import threading
from collections.abc import Generator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
import polars as pl

from guanxi.core import DataError
from guanxi.events import EventBatch

if TYPE_CHECKING:  # the world compiles its kernels: only those who run it wait for that
    from guanxi.app.town import TownSpec
    from guanxi.world import Town

SNAPSHOTS: Final = "town"  # folder of the town's private state
CHUNK: Final = 1_000_000  # events in one segment, at least one day
AHEAD: Final = 4  # days that the other process may be ahead


class Step(NamedTuple):
    """A day that has passed.

    day      how many have passed now; events: in all of them
    batches  its events, with `row`, the 1-based place of each in the whole story
    ends     whether a segment ends here: then the snapshot of this day is on the disk
    """

    day: int
    events: int
    batches: list[EventBatch]
    ends: bool


Steps = Generator[Step, None, None]


def days_of(folder: Path, spec: "TownSpec", start: tuple[int, int], goal: int, *, processes: int = 1) -> Steps:
    """Step a workspace's town; the days are the same, by one process or by two.

    start      days that have passed, and their events
    goal       how many shall have passed
    processes  1, or 2: another one steps while the caller works on what it was given
    raises     DataError when the other process dies
    """
    if processes == 1:
        yield from _here(folder, spec, start, goal)
    else:
        yield from _aside(folder, spec, start, goal)


def town_at(folder: Path, spec: "TownSpec", day: int) -> "Town":
    """Return the town after so many days: from its snapshot, or stepped again."""
    from guanxi.world import Town

    path = snapshot_of(folder, day)
    if path.exists():
        try:
            return Town.restore(path)
        except DataError:  # cut short or of another form: the seed says the same
            pass
    town = Town(seed=spec.seed, people=spec.people, start=spec.start)
    for each in range(day):
        town.detail = _detail(spec, each)
        for _ in town.step(town.ms_of(each + 1)):
            pass
    return town


def snapshot_of(folder: Path, day: int) -> Path:
    """Return where the snapshot of a day lies."""
    return folder / SNAPSHOTS / f"day-{day:05d}.npz"


def forget_before(folder: Path, day: int) -> None:
    """Remove the snapshots of earlier days, and drafts that a killed process left."""
    for path in (folder / SNAPSHOTS).glob("day-*"):
        if int(path.name[4:9]) < day or (path.suffix == ".new" and int(path.name[4:9]) == day):
            path.unlink(missing_ok=True)


def _here(folder: Path, spec: "TownSpec", start: tuple[int, int], goal: int) -> Steps:
    before, events = start
    waiting, town = 0, town_at(folder, spec, before)
    (folder / SNAPSHOTS).mkdir(exist_ok=True)
    for day in range(before, goal):
        town.detail = _detail(spec, day)
        batches, after = _numbered(list(town.step(town.ms_of(day + 1))), events)
        waiting += after - events
        events = after
        ends = day + 1 == goal or waiting >= CHUNK
        if ends:
            waiting, path = 0, snapshot_of(folder, day + 1)
            draft = path.with_name(f"{path.stem}.{os.getpid()}.new")  # whoever was killed may still be writing its own
            town.snapshot(draft)
            draft.replace(path)
        yield Step(day + 1, events, batches, ends)


def _aside(folder: Path, spec: "TownSpec", start: tuple[int, int], goal: int) -> Steps:
    context = multiprocessing.get_context("spawn")  # polars has threads: a forked process would wait for them for ever
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_send_days, args=(there, folder, spec, start, goal), daemon=True)
    process.start()
    there.close()
    arrived: queue.Queue[Any] = queue.Queue(AHEAD)
    stop = threading.Event()
    reader = threading.Thread(target=_receive, args=(here, arrived, stop), daemon=True)
    reader.start()
    try:
        for _ in range(start[0], goal):
            found = arrived.get()
            if isinstance(found, Exception):
                raise found
            if found is None:
                process.join()
                raise DataError(
                    f"the process that steps the town ended with {process.exitcode}",
                    "Run it again; it goes on where it was",
                )
            day, events, parts, ends = found
            yield Step(day, events, [EventBatch(kind, pl.read_ipc(io.BytesIO(raw))) for kind, raw in parts], ends)
    finally:
        stop.set()
        process.terminate()
        process.join()
        reader.join()
        here.close()


def _send_days(line: Connection, folder: Path, spec: "TownSpec", start: tuple[int, int], goal: int) -> None:
    """What the other process does: it ends when nobody listens any more."""
    try:
        for step in _here(folder, spec, start, goal):
            line.send(
                (step.day, step.events, [(batch.kind, _packed(batch.frame)) for batch in step.batches], step.ends)
            )
    except (BrokenPipeError, KeyboardInterrupt):  # Ctrl-C reaches both: the one who was asked says so
        return
    except Exception as error:
        line.send(error)
        raise


def _receive(line: Connection, arrived: "queue.Queue[Any]", stop: threading.Event) -> None:
    """Take days off the line as they come, so that the other process need not wait for the store."""
    while not stop.is_set():
        try:
            found = line.recv()
        except (EOFError, OSError):
            found = None
        while not stop.is_set():
            try:
                arrived.put(found, timeout=0.1)
                break
            except queue.Full:
                continue
        if found is None:
            return


def _packed(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    return buffer.getvalue()


def _numbered(batches: Sequence[EventBatch], before: int) -> tuple[list[EventBatch], int]:
    """The batches of a day with `row`, the 1-based place of each event in the whole story; and the story's length."""
    batches = [batch for batch in batches if len(batch)]
    if not batches:
        return [], before
    at = np.concatenate([batch.frame["at_ms"].to_numpy() for batch in batches])
    place = np.empty(len(at), np.int64)
    place[np.argsort(at, kind="stable")] = np.arange(before + 1, before + 1 + len(at))
    ends = np.cumsum([len(batch) for batch in batches])[:-1]
    rows = np.split(place, ends)
    numbered = [
        EventBatch(batch.kind, batch.frame.with_columns(pl.Series("row", part)))
        for batch, part in zip(batches, rows, strict=True)
    ]
    return numbered, before + len(at)


def _detail(spec: "TownSpec", day: int) -> Literal["full", "trade"]:
    return "trade" if day < spec.trade_days else "full"
