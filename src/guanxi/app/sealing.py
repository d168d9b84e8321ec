"""Sealing on the spot, by a command, when no keeper does it."""

from guanxi.app.workspace import Workspace
from guanxi.engines.lake import Sealer
from guanxi.engines.locks import SEALER, held


def seal_now(workspace: Workspace, *, hot: bool = False) -> int:
    """Seal what waits, unless a keeper is at it; return the events sealed.

    hot   also the last few hot rows
    """
    with held(workspace.folder, SEALER, doing="seal") as lock:
        if lock is None:
            return 0
        sealer = Sealer(workspace.folder, workspace.catalogue)
        try:
            return sealer.run(hot_after=1 if hot else workspace.settings.log.seal_rows)
        finally:
            sealer.close()
