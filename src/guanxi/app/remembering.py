"""Remembering: a process that answers many questions keeps the columns of metrics in memory and follows the log."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from guanxi.app.cockpit import cockpit
from guanxi.app.scope import scope
from guanxi.app.workspace import Workspace
from guanxi.core import GuanxiError
from guanxi.engines.lake import Memory, freshness
from guanxi.traits.metrics import columns_read

FIRST_S: Final = 15.0  # how long a start waits until everything is read; the lake answers what comes before
EVERY_S: Final = 2.0  # so that a question finds little left to read, and an erased person is forgotten by then


@contextmanager
def remembering(folder: Path) -> Iterator[None]:
    """Keep in memory what metrics read of a workspace while the block runs; it begins when all is read, or late."""
    memory = Memory(folder, columns_read())
    ready, ended = threading.Event(), threading.Event()
    thread = threading.Thread(target=_follow, args=(folder, memory, ready, ended), name="remembering", daemon=True)
    thread.start()
    ready.wait(FIRST_S)
    try:
        yield
    finally:
        ended.set()
        thread.join()
        memory.close()


def _follow(folder: Path, memory: Memory, ready: threading.Event, ended: threading.Event) -> None:
    try:
        with Workspace.open(folder) as workspace:
            while not ended.is_set():
                try:
                    workspace.refresh()
                    memory.extend(workspace.reader)
                    freshness(workspace.reader)
                    if not ready.is_set():
                        cockpit(workspace, scope(workspace))  # what the first answer would have to load
                except GuanxiError:  # a busy file, a damaged one: whoever asks is told, and the next round tries again
                    workspace.reopen()
                ready.set()
                ended.wait(EVERY_S)
    finally:
        ready.set()
