"""Run a command and measure what the whole process took."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from guanxi.core import DataError


@dataclass(frozen=True, slots=True)
class Run:
    """A finished process: what it printed, processor seconds (user and system), wall seconds, peak memory in MB."""

    out: bytes
    cpu: float
    wall: float
    peak_mb: float


def guanxi(arguments: Sequence[str], *, environment: dict[str, str] | None = None) -> Run:
    """Run a `guanxi` command to its end.

    raises  DataError with the last line of its talk when it fails
    """
    return module("guanxi.cli", arguments, environment=environment)


def module(name: str, arguments: Sequence[str], *, environment: dict[str, str] | None = None) -> Run:
    """Run a module in a fresh process to its end.

    raises  DataError with the last line of its talk when it fails
    """
    begin = time.monotonic()
    with TemporaryFile() as out, TemporaryFile() as err:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", name, *arguments],
            stdout=out,
            stderr=err,
            env={**os.environ, **(environment or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begin
        out.seek(0)
        err.seek(0)
        if process.returncode:
            lines = err.read().decode("utf-8", "replace").strip().splitlines() or ["no message"]
            shown = f"{name.removesuffix('.cli').replace('.', ' ')} {arguments[0]}"
            raise DataError(f"`{shown}` ended with {process.returncode}: {lines[-1]}", "Run it by hand")
        return Run(out.read(), usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def cpu_seconds(pid: int) -> float:
    """Return the processor seconds that a running process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
