"""The keeper: seals the log into the lake, compacts it, and goes on after any crash."""

import threading
import time

from guanxi.app.workspace import Workspace
from guanxi.core import Busy
from guanxi.engines.lake import Sealer
from guanxi.engines.locks import KEEPER, Lock, held

PAUSE: float = 1.0  # seconds between two looks at the log


def keep(workspace: Workspace, stop: threading.Event) -> None:
    """Seal and compact until told to stop; the caller runs this in a process of its own."""
    settings = workspace.settings.log
    with Lock(workspace.folder, KEEPER, doing="guanxi serve"):
        sealer = Sealer(workspace.folder, workspace.catalogue)
        try:
            sealed_all = tidied = time.monotonic()
            while not stop.wait(PAUSE):
                now = time.monotonic()
                due = now - sealed_all >= settings.seal_seconds
                try:
                    sealer.run(hot_after=1 if due else settings.seal_rows)
                    if due:
                        sealed_all = now
                    if now - tidied >= settings.tidy_seconds:
                        sealer.tidy()
                        tidied = now
                except Busy:
                    continue  # somebody reads or writes the catalog; nothing is lost, the next round tries again
        finally:
            sealer.close()


def seal_now(workspace: Workspace, *, hot: bool = False) -> int:
    """Seal what waits, unless a keeper is at it; return the events sealed.

    hot   also the last few hot rows
    """
    with held(workspace.folder, KEEPER, doing="seal") as lock:
        if lock is None:
            return 0
        sealer = Sealer(workspace.folder, workspace.catalogue)
        try:
            return sealer.run(hot_after=1 if hot else workspace.settings.log.seal_rows)
        finally:
            sealer.close()
