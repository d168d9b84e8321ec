"""The keeper: seals the log, compacts the lake, imports what the page asks for, ranks, sends; goes on after crashes."""

import threading
import time

from guanxi.app.approving import approval_round
from guanxi.app.bank import bank_round
from guanxi.app.care import erase_open
from guanxi.app.deciding import close_dead_runs
from guanxi.app.jobs import Housekeeper
from guanxi.app.relaying import relay_round
from guanxi.app.sending import SendingThread
from guanxi.app.trait_ranks_job import Ranker
from guanxi.app.upload_jobs import Importer
from guanxi.app.workspace import Workspace
from guanxi.core import Busy
from guanxi.engines.lake import Sealer
from guanxi.engines.locks import KEEPER, SEALER, Lock
from guanxi.engines.log import now_ms

PAUSE: float = 1.0  # seconds between two looks at the log


def keep(workspace: Workspace, stop: threading.Event) -> None:
    """Seal, compact, import, rank and send until told to stop; the caller runs this in a process of its own."""
    settings = workspace.settings.log
    with Lock(workspace.folder, KEEPER, doing="guanxi serve"):
        sealer, importer = Sealer(workspace.folder, workspace.catalogue), Importer(workspace.folder)
        ranker, sending = Ranker(workspace.folder), SendingThread(workspace.folder)
        housekeeper = Housekeeper(workspace.folder)
        try:
            sealed_all = tidied = time.monotonic()
            while not stop.wait(PAUSE):
                importer.look()
                housekeeper.check()
                sending.check()
                workspace.refresh()
                ranker.look(workspace)
                bank_round(workspace)
                relay_round(workspace)
                approval_round(workspace)
                close_dead_runs(workspace, now_ms=now_ms())
                workspace.control.runs.close_done(now_ms=now_ms())
                now = time.monotonic()
                due = now - sealed_all >= settings.seal_seconds
                try:
                    with Lock(workspace.folder, SEALER, doing="guanxi serve"):
                        erase_open(workspace)
                        sealer.run(hot_after=1 if due else settings.seal_rows)
                        if due:
                            sealed_all = now
                        if now - tidied >= settings.tidy_seconds:
                            sealer.tidy()
                            tidied = now
                except Busy:
                    continue  # a backup, or a reader of the catalog; nothing is lost, the next round tries again
        finally:
            housekeeper.close()
            sending.close()
            ranker.close()
            importer.close()
            sealer.close()
