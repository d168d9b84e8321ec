"""`python -m guanxi.api gate|desk --workspace FOLDER`: one listener; `guanxi serve` starts both."""

import argparse
import signal
import socket
import sys
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from guanxi.api.desk import desk_app
from guanxi.api.gate import gate_app
from guanxi.app import Gate, Workspace
from guanxi.core import Busy, GuanxiError

GRACE_S: Final = 3  # live streams are cut after this when the process is told to end


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m guanxi.api")
    parser.add_argument("listener", choices=("gate", "desk"))
    parser.add_argument("--workspace", "-w", type=Path, required=True)
    named = parser.parse_args(arguments)
    try:
        with Workspace.open(named.workspace) as workspace:
            (_serve_gate if named.listener == "gate" else _serve_desk)(workspace)
    except GuanxiError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 1
    return 0


def _serve_gate(workspace: Workspace) -> None:
    settings = workspace.settings.serve
    with listener(settings.host, settings.gate_port) as bound:
        gate = Gate(workspace)
        token = gate.announce(loopback_url(settings.host, bound.getsockname()[1]))
        run(gate_app(workspace, gate, token=token), bound)


def _serve_desk(workspace: Workspace) -> None:
    settings = workspace.settings.serve
    with listener(settings.host, settings.desk_port) as bound:
        run(desk_app(workspace, gate_url=loopback_url(settings.host, settings.gate_port)), bound)


def listener(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 takes a free one.

    raises  Busy when the port is taken
    """
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
    except OSError as error:
        raise Busy(
            f"cannot listen at {host}:{port}: {error.strerror}", "Stop what listens there, or change serve.*_port"
        ) from error


def loopback_url(host: str, port: int) -> str:
    """Return the address by which another process of this machine reaches a listener."""
    near = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{near}:{port}"


def run(app: ASGIApp, bound: socket.socket) -> None:
    """Serve an application on a bound socket until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, proxy_headers=False, lifespan="on", ws="none",
        timeout_graceful_shutdown=GRACE_S, h11_max_incomplete_event_size=64 * 1024,
    )  # fmt: skip
    # uvicorn ends in order at a signal, then raises it again; what is still open here is to be closed too.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    sys.exit(main())
