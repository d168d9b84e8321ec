"""The vault's file: one SQLite connection that several threads and processes may use at once."""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guanxi.core import Busy, DataError, GuanxiError, Refused, SettingError
from guanxi.engines.vault.keys import Keys

FILE: Final = "vault.sqlite"
VERSION: Final = 1  # of the tables below, kept in user_version
WAIT_S: Final = 20.0  # how long a write waits for another process

_TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE people (
  id INTEGER PRIMARY KEY,
  person BLOB NOT NULL UNIQUE,        -- keyed digest of the party reference
  wrapped BLOB NOT NULL,              -- the person's data key, wrapped by the master key
  made_ms INTEGER NOT NULL
);
CREATE TABLE sealed (
  token BLOB PRIMARY KEY,
  person INTEGER NOT NULL REFERENCES people (id),
  field TEXT NOT NULL,
  box BLOB NOT NULL,
  made_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sealed_by_person ON sealed (person);
CREATE TABLE tombstones (
  person BLOB PRIMARY KEY, at_ms INTEGER NOT NULL, reason TEXT NOT NULL, surrogate TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE erasures (
  job TEXT PRIMARY KEY,
  box BLOB,                           -- ErasureJob; null when it is done
  requested_ms INTEGER NOT NULL,
  done_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE reveals (
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  who TEXT NOT NULL,
  purpose TEXT NOT NULL,
  token TEXT NOT NULL                 -- or "parked:<id>"
);
CREATE TABLE parked (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  digest BLOB NOT NULL UNIQUE,        -- keyed digest of source, row, reason and raw text
  job TEXT NOT NULL,
  source TEXT NOT NULL,
  row INTEGER NOT NULL,
  kind TEXT NOT NULL,
  field TEXT NOT NULL,
  reason TEXT NOT NULL,
  what TEXT NOT NULL,
  mend TEXT NOT NULL,
  mates TEXT NOT NULL,                -- Parked.group
  box BLOB NOT NULL,                  -- Parked.raw
  status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replayed', 'dropped')),
  note TEXT NOT NULL DEFAULT '',
  parked_ms INTEGER NOT NULL
);
CREATE INDEX parked_by_status ON parked (status, reason, source);
CREATE INDEX parked_by_mates ON parked (source, mates) WHERE mates <> '';
"""


class Database:
    """vault.sqlite: WAL, flushed at every commit, deleted content overwritten.

    raises  DataError when the file is damaged; SettingError when another version of Guanxi made it
    """

    def __init__(self, folder: Path, *, readonly: bool, check: bytes) -> None:
        self.readonly, self.closed = readonly, False
        self.lock = threading.RLock()
        path = folder / FILE
        if readonly and not path.exists():
            raise SettingError(f"there is no {FILE} in {folder}", "Run: guanxi init")
        address = f"{path.resolve().as_uri()}?mode={'ro' if readonly else 'rwc'}"
        with _translated():
            self.connection = sqlite3.connect(
                address, uri=True, timeout=WAIT_S, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare(check)
        except BaseException:
            self.connection.close()
            raise

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock for one transaction: committed and flushed at the end, or undone whole."""
        if self.readonly:
            raise Refused("this vault was opened for reading only", "Open it with readonly=False")
        with self.lock, _translated():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection for reading."""
        with self.lock, _translated():
            yield self.connection

    def scrub(self) -> None:
        """Leave no byte of deleted rows in the file, its free pages or its write-ahead log; see `mark_scrub`.

        raises  Busy when another process kept the log in use all the time; the next call or the next open does it
        """
        with self.lock, _translated():
            mark = value_of(self.connection, "scrub")
            if mark is None:
                return
            self.connection.execute("VACUUM")
            self._truncate()
            # Only now: a process killed before this line scrubs again when it opens the file. And only this mark:
            # what another process deleted meanwhile has a mark of its own.
            self.connection.execute("DELETE FROM meta WHERE name = 'scrub' AND value = ?", (mark,))
            self._truncate()

    def close(self) -> None:
        """Close the connection; the last one to close folds the write-ahead log into the file."""
        with self.lock:
            self.closed = True
            self.connection.close()

    def _prepare(self, check: bytes) -> None:
        with _translated():
            for pragma in ("temp_store = MEMORY", "foreign_keys = ON", "secure_delete = ON", "synchronous = FULL"):
                self.connection.execute(f"PRAGMA {pragma}")
            if not self.readonly:
                self._use_wal()
                if self._version() == 0:
                    self._create(check)
        if self._version() != VERSION:
            raise SettingError(
                f"{FILE} has version {self._version()}, this Guanxi reads version {VERSION}",
                "Install the Guanxi that made it, or a newer one",
            )
        if value_of(self.connection, "check") != check:
            raise SettingError(
                "vault.key is not the key of this vault", "Put the key back that was made together with vault.sqlite"
            )
        if not self.readonly:
            self.scrub()

    def _create(self, check: bytes) -> None:
        with self.write() as connection:
            if self._version() != 0:  # another process was quicker
                return
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute("INSERT INTO meta VALUES ('check', ?)", (check,))
            connection.execute(f"PRAGMA user_version = {VERSION}")

    def _use_wal(self) -> None:
        give_up = time.monotonic() + WAIT_S
        while True:  # the change of mode does not wait for a second process that makes it too
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.02)
            else:
                return

    def _version(self) -> int:
        with _translated():
            return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    def _truncate(self) -> None:
        give_up = time.monotonic() + WAIT_S
        while self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > give_up:
                raise Busy(
                    "the vault's write-ahead log is in use, so deleted values may still lie in it",
                    "Try again; it is also done when the vault is next opened",
                )
            time.sleep(0.05)


def value_of(connection: sqlite3.Connection, name: str) -> bytes | None:
    """Return a value of the table `meta`, None when it is not there."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def workspace_key(connection: sqlite3.Connection, keys: Keys, name: str) -> AESGCM:
    """Return a data key of the workspace itself, made at its first use; call it in the transaction that uses it."""
    owner = name.encode()
    wrapped = value_of(connection, name)
    if wrapped is not None:
        return keys.data_key(wrapped, owner)
    key, wrapped = keys.new_data_key(owner)
    connection.execute("INSERT INTO meta VALUES (?, ?)", (name, wrapped))
    return key


def mark_scrub(connection: sqlite3.Connection, deleted: int) -> None:
    """Note, in the transaction that deletes, that the file must be scrubbed; a restart after a kill sees it."""
    if deleted:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('scrub', randomblob(16))")


def check_reader(purpose: str, who: str) -> None:
    """Raise Refused unless it is said who reads a personal value, and why."""
    if not purpose.strip() or not who.strip():
        raise Refused("a personal value was asked for without a reader or a purpose", "Say who reads it and why")


def log_reveals(connection: sqlite3.Connection, names: Iterable[str], *, now: int, purpose: str, who: str) -> None:
    """Log that values were looked at, in the transaction that reads them."""
    connection.executemany(
        "INSERT INTO reveals (at_ms, who, purpose, token) VALUES (?, ?, ?, ?)",
        [(now, who, purpose, name) for name in names],
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except GuanxiError:
        raise
    except sqlite3.OperationalError as error:
        code = (error.sqlite_errorcode or 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy(f"another process has held {FILE} for more than {WAIT_S:.0f} s", "Try again") from error
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise Busy(f"{FILE} cannot be written: {error}", "Free space on the disk, then try again") from error
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            raise SettingError(f"{FILE} cannot be opened: {error}", "Check the folder and its owner") from error
        raise
    except sqlite3.DatabaseError as error:
        if isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError)):
            raise
        raise DataError(f"{FILE} is damaged: {error}", "Restore it from a backup: guanxi restore") from error
