"""Opening the control database: connections, pragmas, one writer, migrations."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, create_engine, event, make_url, text
from sqlalchemy.exc import DatabaseError, OperationalError

from guanxi.core import Busy, DataError, SettingError

BUSY_MS: Final = 10_000  # how long a writer waits for another one
MIGRATIONS: Final = Path(__file__).parent / "migrations"
_UPGRADE_LOCK: Final = 0x6775616E7869  # "guanxi": Postgres advisory lock


class Database:
    """One control database, on SQLite or Postgres, at its newest schema.

    where   path of a SQLite file, or an SQLAlchemy URL
    """

    def __init__(self, where: str | Path) -> None:
        # Not make_url for a path: a folder may be called "a?b", and what follows the mark would be options.
        named = str(where) if isinstance(where, str) and "://" in where else ""
        url = make_url(named) if named else URL.create("sqlite", database=str(where))
        self.engine: Final = create_engine(url, hide_parameters=True, **_options(url.get_backend_name()))
        if url.get_backend_name() == "sqlite":
            event.listen(self.engine, "connect", _pragmas)
            event.listen(self.engine, "begin", _begin)
        with self.write() as connection:
            upgrade(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot; nothing is written."""
        with _busy(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that takes the writer's place at once, so it cannot fail half-way for a lock."""
        with (
            _busy(),
            self.engine.connect().execution_options(guanxi_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    def alone(self, connection: Connection, job: str) -> None:
        """Wait until no other transaction does the same job; held until this one ends.

        SQLite has one writer anyway. On Postgres two transactions do not see what the other has not committed.
        """
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:job, 0))"), {"job": job})

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def upgrade(connection: Connection) -> None:
    """Bring the schema to its newest version inside the open transaction; one process at a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    config = Config()
    # ConfigParser reads % as a reference; a folder may hold one.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _options(backend: str) -> dict[str, Any]:
    if backend == "sqlite":
        return {"connect_args": {"timeout": BUSY_MS / 1000, "check_same_thread": False}, "pool_size": 8}
    return {"pool_pre_ping": True}


def _pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver starts no transaction of its own; `_begin` does
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "secure_delete=ON",
        # A group of the ledger changes 6 MB of pages: 2 MB of cache and a checkpoint at each 4 MB cost a quarter.
        "cache_size=-32768",
        "wal_autocheckpoint=8000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("guanxi_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _busy() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if "locked" in str(error.orig):
            raise Busy(f"the control database was locked for {BUSY_MS // 1000} s", "Try again in a moment") from error
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise Busy(
                f"the control database cannot be written: {error.orig}", "Free space on the disk, then try again"
            ) from error
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            raise SettingError(
                f"the control database cannot be opened: {error.orig}", "Check the folder and its owner"
            ) from error
        raise
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        what = f"the control database is damaged: {error.orig}"
        raise DataError(what, "Restore it from a backup: guanxi restore") from error
