"""The command that serves, and the keeper that it starts."""

import signal
import threading
from pathlib import Path

import typer

from guanxi.app import Workspace, keep
from guanxi.app.serving import Supervisor
from guanxi.cli.output import DEFAULT_WORKSPACE, WorkspaceOption, say


def serve(workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Serve the API: gate, desk and keeper. 启动服务"""
    code = Supervisor(Path(workspace), say=say).run()
    raise typer.Exit(code)


def keeper(workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Seal the log until told to stop; `guanxi serve` starts this."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Workspace.open(Path(workspace)) as opened:
        keep(opened, stop)
