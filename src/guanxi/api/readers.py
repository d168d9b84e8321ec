"""Readers of the desk: a few open workspaces, each lent to one request at a time."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from guanxi.app import Workspace
from guanxi.core import Busy, GuanxiError

OPEN: Final = 2  # a query keeps a core busy; more would only take memory
WAIT_S: Final = 15.0


class Readers:
    """Lends workspaces: a reader's connections serve one thread at a time."""

    def __init__(self, workspace: Workspace, *, count: int = OPEN) -> None:
        self._folder, self._count = workspace.folder, count
        self._free: queue.LifoQueue[Workspace | None] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(None)  # opened when first lent

    @contextmanager
    def lend(self) -> Iterator[Workspace]:
        """Lend one; wait when all are in use.

        raises  Busy when none came back in time
        """
        try:
            held = self._free.get(timeout=WAIT_S)
        except queue.Empty:
            raise Busy("all readers are in use", "Ask again in a moment, or for a smaller page") from None
        try:
            held = held or Workspace.open(self._folder)
            held.refresh()
            yield held
        finally:
            self._free.put(held)

    def ready(self) -> None:
        """Open the one that is lent first, so that the first answer need not; what fails, the first answer tells."""
        with suppress(GuanxiError), self.lend() as held:
            held.reader.last_seq()

    def close(self) -> None:
        """Close those that are not in use."""
        while not self._free.empty():
            held = self._free.get_nowait()
            if held is not None:
                held.close()
