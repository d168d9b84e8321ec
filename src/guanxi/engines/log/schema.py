"""The tables of log.sqlite, and how every process opens them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from guanxi.core import Busy, DataError, GuanxiError, NotFound

VERSION: Final = 1
FILE: Final = "log.sqlite"

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS events(
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, at_ms INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS segments(
  segment INTEGER PRIMARY KEY AUTOINCREMENT,
  origin TEXT NOT NULL CHECK(origin IN ('hot', 'bulk')),
  first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, rows INTEGER NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('open', 'sealed', 'tidied')),
  folder TEXT NOT NULL DEFAULT '', source TEXT NOT NULL DEFAULT '', files TEXT NOT NULL DEFAULT '[]',
  created_ms INTEGER NOT NULL, sealed_ms INTEGER
);
CREATE TABLE IF NOT EXISTS runs(
  run INTEGER PRIMARY KEY AUTOINCREMENT, family TEXT NOT NULL CHECK(family IN ('ids', 'keys')),
  path TEXT NOT NULL, rows INTEGER NOT NULL, age INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS superseded(id BLOB PRIMARY KEY, by_seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS imports(
  job TEXT PRIMARY KEY, cursor TEXT NOT NULL DEFAULT '', chunks INTEGER NOT NULL DEFAULT 0,
  accepted INTEGER NOT NULL DEFAULT 0, parked INTEGER NOT NULL DEFAULT 0,
  duplicates INTEGER NOT NULL DEFAULT 0, stored INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS counts(kind TEXT PRIMARY KEY, events INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


def connect(folder: Path, *, create: bool = False, read_only: bool = False) -> sqlite3.Connection:
    """Return a connection to the workspace's log.

    raises  NotFound when there is no log; DataError when it was written by a newer Guanxi or is damaged; Busy when
            the disk is full or another process holds it for long
    """
    path = folder / FILE
    if not create and not path.exists():
        raise NotFound(f"there is no log in {folder.name!r}", "Make a workspace with `guanxi init`")
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=30, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA busy_timeout=30000")
        if create:
            connection.execute("PRAGMA journal_mode=WAL")
        if not read_only:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("PRAGMA journal_size_limit=67108864")
        if create:
            connection.executescript("BEGIN IMMEDIATE;" + SCHEMA + "COMMIT;")
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('version', ?), ('last_seq', 0)", (VERSION,))
        (version,) = connection.execute("SELECT value FROM meta WHERE name='version'").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:  # TypeError: the row is not there
        connection.close()
        raise storage_error(error) from error
    if version > VERSION:
        connection.close()
        raise DataError(f"{FILE} has version {version}, this Guanxi reads up to {VERSION}", "Update guanxi")
    return connection


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Hold the write lock from begin to commit; undo everything when anything fails, the commit included.

    raises  Busy when the disk is full or another process holds the lock for long; DataError when the file is damaged
    """
    with translated():
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # a full disk may have ended it already
                db.execute("ROLLBACK")
            raise


@contextmanager
def snapshot(db: sqlite3.Connection) -> Iterator[None]:
    """Hold one picture of the file while several questions are asked; raises as `transaction` does."""
    with translated():
        db.execute("BEGIN")
        try:
            yield
        finally:
            if db.in_transaction:
                db.execute("COMMIT")


@contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLite says into the house's errors."""
    try:
        yield
    except GuanxiError:
        raise
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        raise storage_error(error) from error


def storage_error(error: Exception) -> GuanxiError:
    """Return the house's error for what SQLite said of the log."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(f"{FILE} is locked by another process", "Try again; `guanxi status` names who holds it")
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return Busy(f"{FILE} cannot be written: {error}", "Free disk space; nothing was acknowledged, send it again")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return DataError(f"{FILE} cannot be opened: {error}", "Check the folder and its owner")
    return DataError(f"{FILE} is damaged: {error}", "Restore it with `guanxi restore`")
