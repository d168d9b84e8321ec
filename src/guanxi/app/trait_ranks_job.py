"""The keeper's hand for ranks: once a day one process of low priority makes them; what fails is tried again later."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from guanxi.app.trait_ranks import ranks_due
from guanxi.app.workspace import Workspace
from guanxi.engines.log import now_ms

WORKER: Final = "guanxi.app.trait_ranks_worker"
FIRST_S: Final = 60.0  # after the keeper began: what people wait for goes first
EVERY_S: Final = 60.0  # between two looks
AGAIN_S: Final = 600.0  # between two runs, also after one that failed
PATIENCE_S: Final = 5.0


class Ranker:
    """Looks whether ranks are due, and lets a process make them; nothing that fails reaches the keeper."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        self._next = time.monotonic() + FIRST_S

    def look(self, workspace: Workspace) -> None:
        """Begin when ranks are due and none are being made."""
        now = time.monotonic()
        if now < self._next or not workspace.settings.traits.ranks:
            return
        if self._child is not None and self._child.poll() is None:
            return
        self._next = now + EVERY_S
        with contextlib.suppress(Exception):  # a busy file, a full disk: the ranks of yesterday stay meanwhile
            if ranks_due(workspace, now_ms()):
                command = [sys.executable, "-m", WORKER, str(self._folder)]
                self._child = subprocess.Popen(command)  # noqa: S603 - our own module
                self._next = now + AGAIN_S

    def close(self) -> None:
        """End what runs; the next keeper begins anew."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            self._child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
