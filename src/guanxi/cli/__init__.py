"""The command line: `guanxi <noun> <verb>`. Exit 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted."""

import errno
import os
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from guanxi.cli.commands import cli
from guanxi.cli.output import mute, printable
from guanxi.core import GuanxiError

__all__ = ["INTERRUPTED", "cli", "main"]


INTERRUPTED: Final = 130  # as shells say it: 128 + SIGINT


def main() -> None:
    """Run the command line; an error on purpose is two lines on stderr, not a trace."""
    _ready_streams()
    try:
        try:
            cli()
        except RuntimeError as error:
            if str(error) != "Query interrupted":  # how DuckDB passes Ctrl+C on
                raise
            raise KeyboardInterrupt from error
        except SystemExit as end:
            if end.code == INTERRUPTED:
                raise KeyboardInterrupt from end
            raise
    except KeyboardInterrupt:
        _fail("interrupted", "Run it again: what was stored is kept, and an import goes on where it was", INTERRUPTED)
    except GuanxiError as error:
        _fail(error.what, error.mend)
    except BrokenPipeError:
        mute()
        sys.exit(0)
    except OSError as error:
        if error.errno not in _SYSTEM:
            raise
        named = f" ({Path(os.fsdecode(error.filename)).name})" if error.filename else ""
        _fail(f"the system says: {error.strerror}{named}", _SYSTEM[error.errno])
    except sqlite3.OperationalError as error:
        code = (error.sqlite_errorcode or 0) & 0xFF
        if code not in _SQLITE:
            raise
        _fail(f"the workspace cannot be written: {error}", _SQLITE[code])


_FULL: Final = "Free space on the disk and run it again: what was reported as stored is kept, the rest is not"
_RIGHTS: Final = "Give this user the right to read and write the folder"
_SYSTEM: Final = {
    errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EFBIG: _FULL, errno.EACCES: _RIGHTS, errno.EPERM: _RIGHTS,
    errno.EROFS: "The disk is read-only: use a folder that can be written",
    errno.EIO: "The disk does not answer: check it, then run it again",
    errno.EMFILE: "Raise the limit of open files (ulimit -n), then run it again",
    errno.ENAMETOOLONG: "Use a shorter name", errno.ENOTDIR: "Name a folder", errno.EISDIR: "Name a file",
    errno.EEXIST: "Name a new folder",
}  # fmt: skip
_SQLITE: Final = {
    sqlite3.SQLITE_FULL: _FULL, sqlite3.SQLITE_IOERR: _FULL, sqlite3.SQLITE_READONLY: _RIGHTS,
    sqlite3.SQLITE_CANTOPEN: _RIGHTS, sqlite3.SQLITE_PERM: _RIGHTS,
    sqlite3.SQLITE_BUSY: "Another process uses the workspace: run it again when it is done",
    sqlite3.SQLITE_LOCKED: "Another process uses the workspace: run it again when it is done",
}  # fmt: skip


def _fail(what: str, mend: str, code: int = 1) -> None:
    with suppress(OSError):
        sys.stderr.write(f"error: {printable(what)}\n  mend: {printable(mend)}\n")
        sys.stderr.flush()
    sys.exit(code)


def _ready_streams() -> None:
    """Open streams that the caller closed, and let none fail on a character that its encoding lacks."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # else the next file that is opened would take what is printed
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the process ends
        elif hasattr(stream, "reconfigure"):
            plain = stream.encoding.lower().replace("-", "") in ("ascii", "usascii", "latin1", "iso88591")
            stream.reconfigure(encoding="utf-8" if plain else None, errors="backslashreplace")
