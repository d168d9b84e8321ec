"""The lake: history as Parquet, one table per kind, under a DuckLake catalog that only DuckDB opens."""

import secrets
from collections.abc import Mapping
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from guanxi.core import Busy, DataError, MissingEngine
from guanxi.engines.log.hot import STAGED
from guanxi.events import CUSTOM, STORED, Catalogue, columns_of, table_name

CATALOG: Final = "lake.sqlite"
DATA: Final = "lake"
BUSY_MS: Final = 10_000  # how long a second writer of the catalog waits
SPILL: Final = "spill"  # and the process: what does not fit into memory; DuckDB removes it
MARKERS: Final = "sealed_segments"  # which segments of the log the lake holds

_TYPES: Final[dict[pl.DataType, str]] = {
    pl.String(): "VARCHAR",
    pl.Int64(): "BIGINT",
    pl.UInt64(): "UBIGINT",
    pl.Float64(): "DOUBLE",
    pl.Boolean(): "BOOLEAN",
    pl.Decimal(18, 6): "DECIMAL(18,6)",
}


class Lake:
    """One attached catalog; every process opens its own."""

    def __init__(self, folder: Path, catalogue: Catalogue, *, read_only: bool = False, threads: int = 2) -> None:
        self.folder, self.catalogue = folder, catalogue
        self.connection = open_duckdb(threads=threads)
        # The default is the current folder; two connections in one folder would write over each other's files.
        self.connection.execute(f"SET temp_directory={_quoted(folder / f'{SPILL}-{secrets.token_hex(6)}')}")
        (folder / DATA).mkdir(exist_ok=True)
        options = f"DATA_PATH {_quoted(folder / DATA)}, OVERRIDE_DATA_PATH true, DATA_INLINING_ROW_LIMIT 0"
        # Write-ahead: readers and the sealer never wait for each other.
        options += f", META_BUSY_TIMEOUT {BUSY_MS}, " + ("READ_ONLY" if read_only else "META_JOURNAL_MODE 'WAL'")
        try:
            self.connection.execute(f"ATTACH 'ducklake:sqlite:{_path(folder / CATALOG)}' AS lake ({options})")
            if read_only:
                self._confine()
            else:
                self.connection.execute(f"CREATE TABLE IF NOT EXISTS lake.{MARKERS}(segment BIGINT)")
        except duckdb.Error as error:
            self.connection.close()
            raise lake_error(error) from error

    def _confine(self) -> None:
        """Let this DuckDB read the workspace and nothing else: queries of users run in it."""
        folders = ", ".join(_quoted(self.folder / name) for name in (DATA, STAGED))
        self.connection.execute(f"SET allowed_directories=[{folders}]")
        self.connection.execute(f"SET allowed_paths=[{_quoted(self.folder / CATALOG)}]")
        self.connection.execute("SET enable_external_access=false")
        self.connection.execute("SET lock_configuration=true")

    def close(self) -> None:
        """Detach and close."""
        self.connection.close()

    def tables(self) -> list[str]:
        """Return the tables of kinds that exist."""
        rows = self.connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_catalog='lake' ORDER BY 1"
        ).fetchall()
        return [name for (name,) in rows if name != MARKERS]

    def layout(self) -> dict[str, list[str]]:
        """Return table -> columns of the tables of kinds that exist."""
        found: dict[str, list[str]] = {}
        for table, column in self.connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_catalog='lake'"
            " ORDER BY table_name, ordinal_position"
        ).fetchall():
            if table != MARKERS:
                found.setdefault(table, []).append(column)
        return found

    def holds(self, segment: int) -> bool:
        """Return whether a segment of the log is in the lake."""
        found = self.connection.execute(f"SELECT 1 FROM lake.{MARKERS} WHERE segment=?", [segment]).fetchone()
        return found is not None

    def insert(self, segment: int, parts: Mapping[str, list[str]]) -> None:
        """Insert the rows of one segment, and its marker, in one transaction.

        parts   table -> SELECT statements in order of time, whose columns are the table's, by name
        """
        try:
            self.connection.execute("BEGIN")
            for table, selects in parts.items():
                columns = self.ensure(table)
                names = ", ".join(columns)
                for select in selects:
                    self.connection.execute(f"INSERT INTO lake.{table} ({names}) SELECT {names} FROM ({select})")
            self.connection.execute(f"INSERT INTO lake.{MARKERS} VALUES (?)", [segment])
            self.connection.execute("COMMIT")
        except duckdb.Error as error:
            self._abandon()
            raise lake_error(error) from error
        except BaseException:
            self._abandon()
            raise

    def ensure(self, table: str) -> list[str]:
        """Make the table, or the columns that a newer catalogue adds; return its columns as the catalogue has them."""
        wanted = self.columns(table)
        have = self.existing(table)
        if not have:
            body = ", ".join(f"{name} {sql}" for name, sql in wanted.items())
            self.connection.execute(f"CREATE TABLE lake.{table} ({body})")
        else:
            for name, sql in wanted.items():
                if name not in have:
                    self.connection.execute(f"ALTER TABLE lake.{table} ADD COLUMN {name} {sql}")
        return list(wanted)

    def existing(self, table: str) -> list[str]:
        """Return the columns that a table has now; empty when there is no such table."""
        rows = self.connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_catalog='lake' AND table_name=?"
            " ORDER BY ordinal_position",
            [table],
        ).fetchall()
        return [name for (name,) in rows]

    def columns(self, table: str) -> dict[str, str]:
        """Return column -> SQL type of a table as the catalogue declares it."""
        kind = self.catalogue[self.catalogue.tables[table]] if table != CUSTOM else None
        return {name: _TYPES[dtype] for name, dtype in (STORED | columns_of(kind)).items()}

    def compact(self) -> int:
        """Join small neighbouring files, after removing those that nobody needs; return how many.

        What this compaction replaces stays on the disk until the next one, for readers with an older picture: the
        caller lets at least ten minutes pass. (`older_than` of DuckLake's clean-up does not hold with an SQLite
        catalog: it removed files replaced a second ago.)
        """
        try:
            gone = self.connection.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
            removed = len(gone.fetchall())
            self.connection.execute("CALL ducklake_merge_adjacent_files('lake')")
            self.connection.execute("CALL ducklake_expire_snapshots('lake', older_than => now() - INTERVAL 10 MINUTE)")
            lost = self.connection.execute(  # written by a process that was killed before its commit
                "CALL ducklake_delete_orphaned_files('lake', older_than => now() - INTERVAL 10 MINUTE)"
            )
            return removed + len(lost.fetchall())
        except duckdb.Error as error:
            raise lake_error(error) from error

    def _abandon(self) -> None:
        try:
            self.connection.execute("ROLLBACK")
        except duckdb.Error:
            return  # the failed statement ended the transaction already


def table_of(kind: str, catalogue: Catalogue) -> str:
    """Return the lake table that holds a kind: its own, or the shared one of custom events."""
    return table_name(kind) if catalogue.own_table(kind) is not None else CUSTOM


def open_duckdb(*, threads: int = 2, memory: str = "1GB") -> duckdb.DuckDBPyConnection:
    """Return an in-memory DuckDB that can attach the lake and never asks the network for anything."""
    # The extensions come in wheels, trusted as every package of the lock; to check their signatures again at each
    # start would take 230 ms. Nothing else can be loaded: users' queries are single SELECTs.
    connection = duckdb.connect(
        config={"threads": threads, "memory_limit": memory, "autoinstall_known_extensions": False,
                "autoload_known_extensions": False, "allow_unsigned_extensions": True,
                "preserve_insertion_order": True}
    )  # fmt: skip
    connection.execute("SET enable_progress_bar=false")  # the keeper's output is a log
    for name in ("sqlite_scanner", "ducklake"):
        connection.execute(f"LOAD {_quoted(_extension(name))}")
    return connection


def lake_error(error: duckdb.Error) -> Exception:
    """Return the house's error for what DuckDB said: busy files are worth another try."""
    text = str(error)
    if any(word in text for word in ("No space", "disk is full", "File too large", "disk I/O error")):
        return Busy("the lake cannot be written: the disk is full", "Free space; nothing was lost")
    if "Cannot open file" in text and "No such file" in text:
        return Busy("the lake was compacted meanwhile", "Try again in a moment")
    if "locked" in text or "conflict" in text.lower() or "busy" in text:
        return Busy("the lake is being written by another process", "Try again in a moment")
    return DataError(
        f"the lake cannot be read: {text.splitlines()[0][:200]}", "Run `guanxi status`, or restore a backup"
    )


@cache
def _extension(name: str) -> Path:
    package = f"duckdb_extension_{name}"
    try:
        root = Path(str(resources.files(package)))
    except ModuleNotFoundError as error:
        raise MissingEngine(f"the DuckDB extension {name} is not installed", f"Run: pip install {package}") from error
    found = root / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not found.exists():
        raise MissingEngine(
            f"{package} {metadata.version(package)} does not fit duckdb {duckdb.__version__}",
            f"Run: pip install {package}=={duckdb.__version__}",
        )
    return found


def _path(path: Path) -> str:
    text = str(path.absolute())
    if "'" in text:
        raise DataError("the workspace's path holds a quotation mark", "Move the workspace to another folder")
    return text


def _quoted(path: Path) -> str:
    return f"'{_path(path)}'"


def scalar(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """Return the single value of a query."""
    row = connection.execute(sql).fetchone()
    return row[0] if row else None


class Stream:
    """A polars frame as DuckDB takes it in without another library: the Arrow stream interface alone."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a fresh stream over the frame."""
        return self._frame.__arrow_c_stream__(requested_schema)
