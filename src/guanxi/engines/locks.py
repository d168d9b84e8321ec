"""Locks of a workspace: one process owns the log, one seals; the system frees them when a process dies."""

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from guanxi.core import Busy, SettingError

GATE: Final = "gate"
KEEPER: Final = "keeper"  # held as long as a keeper serves
DECIDER: Final = "decider"  # held by the one run that decides about many people
SENDER: Final = "sender"  # held by the one courier that empties the outbox
SEALER: Final = "sealer"  # held while somebody rewrites the lake: a round of sealing, an erasure, a backup
PATIENCE_S: Final = 1.0  # how long a lock is tried whose owner is unknown


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lock, as it says in the lock's file.

    url    where the gate listens on loopback; "" when the owner takes no requests (a lone import)
    token  secret for handing over staged segments; the file is readable by its owner alone
    """

    pid: int
    url: str = ""
    token: str = ""
    doing: str = ""


class Lock:
    """An exclusive lock on one job of a workspace. The file stays; the lock goes with the process.

    raises  Busy, naming who holds it; SettingError when the folder cannot be written
    """

    def __init__(self, folder: Path, name: str, *, doing: str, url: str = "") -> None:
        self.path = folder / f"{name}.lock"
        self._handle = _acquire(folder, name)
        self.owner = Owner(pid=os.getpid(), url=url, token=secrets.token_urlsafe(32), doing=doing)
        self._write()

    def announce(self, url: str) -> None:
        """Say where the owner can be reached."""
        self.owner = msgspec.structs.replace(self.owner, url=url)
        self._write()

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back.

        remove  also delete its file, when nobody needs a lock of this name again
        """
        os.ftruncate(self._handle, 0)
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._handle)

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def _write(self) -> None:
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, msgspec.json.encode(self.owner), 0)


def owner(folder: Path, name: str) -> Owner | None:
    """Return who holds a lock now, or None when nobody does; what a dead process left behind is ignored."""
    path = folder / f"{name}.lock"
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(os.pread(handle, 4096, 0), type=Owner)
        return Owner(pid=0, doing="starting")
    else:
        return None
    finally:
        os.close(handle)


@contextlib.contextmanager
def held(folder: Path, name: str, *, doing: str) -> Iterator[Lock | None]:
    """Hold a lock for a while, or yield None when somebody else has it."""
    try:
        lock = Lock(folder, name, doing=doing)
    except Busy:
        yield None
        return
    try:
        yield lock
    finally:
        lock.release()


def _acquire(folder: Path, name: str) -> int:
    path = folder / f"{name}.lock"
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SettingError(
                f"the workspace cannot be written: {error.strerror}", "Check the folder, its owner and its disk"
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            held = owner(folder, name)
            if (held is not None and held.pid) or time.monotonic() > give_up:
                who = f"process {held.pid} ({held.doing})" if held and held.pid else "another process"
                raise Busy(
                    f"the workspace is in use by {who}", "Wait for it, or stop it; `guanxi status` says more"
                ) from None
            time.sleep(0.002)  # somebody only looks, or has not written yet who it is
            continue
        if _is(handle, path):
            return handle
        os.close(handle)  # its last owner removed the file meanwhile


def _is(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
