"""The tables of log.sqlite, and how every process opens them."""

import sqlite3
from pathlib import Path
from typing import Final

from guanxi.core import DataError, NotFound

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

    raises  NotFound when there is no log; DataError when it was written by a newer Guanxi or is damaged
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
    except sqlite3.DatabaseError as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise
        raise DataError(f"{FILE} is damaged: {error}", "Restore it with `guanxi restore`") from error
    if version > VERSION:
        connection.close()
        raise DataError(f"{FILE} has version {version}, this Guanxi reads up to {VERSION}", "Update guanxi")
    return connection
