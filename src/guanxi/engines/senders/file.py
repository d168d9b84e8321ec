"""A file that actions are added to, a line of JSON each, for whatever reads files."""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Final

import msgspec

from guanxi.actions import Outcome, Outgoing


class FileSender:
    """Adds whole lines, each on the disk before it counts as sent. The file keeps what it holds: no erasure reaches it.

    path   made when it is not there, with its folder; a line that a crash tore is taken away before the next one
    """

    keys = False
    asks = True  # the file itself says what it holds
    addressed = False
    at_once = 1

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, row: Outgoing, address: str, attempt: int) -> Outcome:
        """Add the line of one action."""
        facts = {
            "id": row.id, "kind": row.kind, "channel": row.channel, "party": row.party, "decision": row.decision,
            "run": row.run, "params": dict(row.body),
        }  # fmt: skip
        try:
            await asyncio.to_thread(append_lines, self._path, [msgspec.json.encode(facts)])
        except OSError as error:
            return Outcome(kind="unreachable", text=f"the file cannot be written: {os.strerror(error.errno or 0)}")
        return Outcome(kind="accepted")

    async def did(self, row: Outgoing) -> Outcome | None:
        """Look whether the file holds the action."""
        return Outcome(kind="accepted") if await asyncio.to_thread(_holds, self._path, row.id) else None

    async def close(self) -> None:
        """Nothing is kept open."""


def append_lines(path: Path, lines: list[bytes]) -> None:
    """Add whole lines to a file and flush them to the disk; a torn last line goes first.

    raises  OSError
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        end = _whole(handle)
        os.ftruncate(handle, end)
        data, at = b"".join(line + b"\n" for line in lines), 0
        while at < len(data):
            at += os.pwrite(handle, data[at:], end + at)
        os.fsync(handle)
    finally:
        os.close(handle)  # the lock goes with it


def _whole(handle: int) -> int:
    """Bytes up to the end of the last whole line."""
    end = size = os.fstat(handle).st_size
    while end > 0:
        low = max(end - _PART, 0)
        at = os.pread(handle, end - low, low).rfind(b"\n")
        if at >= 0:
            return low + at + 1
        end = low
    return 0 if size else size


def _holds(path: Path, id: str) -> bool:  # noqa: A002
    """Whether a whole line of the file is of this id; a torn one does not count, and goes before the next is added."""
    wanted = f'"id":"{id}"'.encode()
    try:
        with path.open("rb") as file:
            return any(wanted in line and line.endswith(b"\n") for line in file)
    except FileNotFoundError:
        return False


_PART: Final = 65_536
