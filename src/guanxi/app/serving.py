"""Serving: three processes, gate, desk and keeper, watched by one that restarts what falls."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import httpx

from guanxi.app.workspace import Workspace
from guanxi.core import Busy
from guanxi.engines.locks import GATE, owner

JOBS: Final[dict[str, tuple[str, ...]]] = {  # gate first: the desk relays to it
    "gate": ("guanxi.api", "gate"),
    "keeper": ("guanxi.cli", "keeper"),
    "desk": ("guanxi.api", "desk"),
}
PATIENCE: Final = 10.0  # seconds to end on request before a process is killed
CRASHES: Final = 5  # quick deaths in a row after which the whole service gives up


class Supervisor:
    """Starts the three processes of a workspace and keeps them alive."""

    def __init__(self, folder: Path, *, say: Callable[[str], None]) -> None:
        self.folder, self._say = folder, say
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}
        self._deaths: dict[str, int] = dict.fromkeys(JOBS, 0)
        self._stopping = False

    def run(self) -> int:
        """Serve until told to stop; return the exit code.

        raises  Busy when the workspace is served already
        """
        held = owner(self.folder, GATE)
        if held is not None:
            raise Busy(
                f"the workspace is in use by process {held.pid} ({held.doing})", f"It listens at {held.url or '-'}"
            )
        settings = Workspace.open(self.folder).settings.serve
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        for name in JOBS:
            self._start(name)
        if self._wait_for(settings.host, settings.gate_port) and self._wait_for(settings.host, settings.desk_port):
            where = f"http://{settings.host}:{settings.desk_port}"
            self._say(f"Serving {self.folder} at {where} (ingest also at :{settings.gate_port})")
        code = 0
        while not self._stopping:
            time.sleep(0.2)
            for name, process in list(self._running.items()):
                if process.poll() is not None and not self._stopping and not self._restart(name, process.returncode):
                    code = 1
                    self._stopping = True
        self._end()
        return code

    def _start(self, name: str) -> None:
        module, verb = JOBS[name]
        command = [sys.executable, "-m", module, verb, "--workspace", str(self.folder)]
        # A session of its own, so that Ctrl+C reaches the supervisor alone and the order of ending is ours.
        self._running[name] = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own modules
        self._started[name] = time.monotonic()

    def _restart(self, name: str, code: int | None) -> bool:
        quick = time.monotonic() - self._started[name] < 10
        self._deaths[name] = self._deaths[name] + 1 if quick else 1
        if self._deaths[name] > CRASHES:
            self._say(f"{name} ended {CRASHES} times in a row (exit {code}); stopping")
            return False
        self._say(f"{name} ended (exit {code}); starting it again")
        time.sleep(min(0.2 * 2 ** self._deaths[name], 5))
        self._start(name)
        return True

    def _wait_for(self, host: str, port: int) -> bool:
        end = time.monotonic() + 60
        while time.monotonic() < end and not self._stopping:
            if any(process.poll() is not None for process in self._running.values()):
                return False
            try:
                if httpx.get(f"http://{host}:{port}/healthz", timeout=2, trust_env=False).status_code == 200:
                    return True
            except httpx.HTTPError:
                time.sleep(0.05)
        return False

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _end(self) -> None:
        """Desk first, the gate last: what was taken in is committed before the log closes."""
        for name in reversed(JOBS):
            process = self._running.get(name)
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
