"""Votes on an approval and is killed on the way: kill_worker.py FOLDER APPROVAL CONTENT before|after|answer."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from guanxi.app import Workspace, approving
from guanxi.engines.control.outbox import OutboxStore

folder, approval, content, when = sys.argv[1:]
real = OutboxStore.free_in


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def freed(self: OutboxStore, *args: Any, **kwargs: Any) -> int:
    if when == "before":  # the vote is written, what it does is not
        die()
    count = real(self, *args, **kwargs)
    if when == "after":  # both are written, neither is committed
        die()
    return count


OutboxStore.free_in = freed  # type: ignore[method-assign]
with Workspace.open(Path(folder)) as workspace:
    approving.vote(workspace.control, approval, ballot="approve", who="lin", content=content, now_ms=1_767_225_600_005)
    die()  # committed, and nobody was told
