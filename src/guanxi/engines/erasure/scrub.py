"""Scrubbing: after rows are gone from tables, their bytes go from the files."""

import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from guanxi.core import Busy, DataError
from guanxi.engines.lake import CATALOG, Lake, lake_error
from guanxi.engines.log import connect

STAGED: Final = "staged"
_WAIT_S: Final = 30.0
_STATISTICS: Final = "__ducklake_metadata_lake.ducklake_table_column_stats"

# In a process of its own: a second SQLite library in this one would drop the locks that DuckDB's holds on the file.
_VACUUM: Final = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
connection.execute("PRAGMA temp_store = MEMORY")
connection.execute("VACUUM")
give_up = time.monotonic() + 30
while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
    if time.monotonic() > give_up:
        raise sqlite3.OperationalError("database is locked")
    time.sleep(0.05)
"""


def scrub_lake(lake: Lake, needles: Sequence[str]) -> None:
    """Rewrite the files that hold deleted rows, forget older snapshots and delete every file that none needs.

    The caller holds the sealer's lock, is the catalog's only writer, and closes the lake afterwards.

    needles  texts that may not stay in the catalog's statistics either
    source  DuckLake maintenance functions; by default files are rewritten only when 95 % of their rows are deleted
    """
    calls = (
        "ducklake_rewrite_data_files('lake', delete_threshold => 0)",
        "ducklake_expire_snapshots('lake', older_than => now())",
        "ducklake_cleanup_old_files('lake', cleanup_all => true)",
        "ducklake_delete_orphaned_files('lake', cleanup_all => true)",
    )
    try:
        for call in calls:
            lake.connection.execute(f"SELECT count(*) FROM {call}").fetchall()
        _widen(lake, needles)
    except duckdb.Error as error:
        raise lake_error(error) from error


def scrub_catalog(folder: Path) -> None:
    """Leave nothing of deleted statistics in the free space of the lake's catalog; the lake must not be open here.

    raises  Busy when another process reads it all the time
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter and a fixed program
        [sys.executable, "-I", "-c", _VACUUM, str(folder / CATALOG)], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no reason given"
    if "locked" in said or "full" in said:
        raise Busy(f"the lake's catalog cannot be scrubbed now: {said}", "Run it again; it goes on where it was")
    raise DataError(f"the lake's catalog cannot be scrubbed: {said}", "Restore a backup with `guanxi restore`")


def scrub_log(folder: Path) -> None:
    """Leave nothing of deleted hot rows in log.sqlite or its write-ahead log.

    raises  Busy when another process uses the log all the time
    """
    connection = connect(folder)
    try:
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("VACUUM")
        give_up = time.monotonic() + _WAIT_S
        while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > give_up:
                raise Busy("the log is in use all the time, so deleted rows may still lie in it", "Run it again")
            time.sleep(0.05)
    except sqlite3.OperationalError as error:
        raise Busy(f"the log cannot be scrubbed now: {error}", "Run it again; it goes on where it was") from error
    finally:
        connection.close()


def drop_staged(folder: Path, needles: Sequence[str]) -> None:
    """Delete staged files that the lake holds already, and those of unfinished imports that mention a person.

    An import that loses its files stages that chunk again.
    """
    connection = connect(folder)
    try:
        connection.execute("BEGIN IMMEDIATE")  # no segment becomes part of the log meanwhile
        try:
            rows = connection.execute("SELECT segment, folder, state FROM segments WHERE folder != ''").fetchall()
            for segment, name, state in rows:
                if state != "open":
                    shutil.rmtree(folder / STAGED / name, ignore_errors=True)
                    connection.execute("UPDATE segments SET state='tidied' WHERE segment=?", (segment,))
            named = {name for _, name, _ in rows}
            for home in (folder / STAGED).iterdir():
                if home.name not in named and _mentions(home, needles):
                    shutil.rmtree(home, ignore_errors=True)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    finally:
        connection.close()


def _widen(lake: Lake, needles: Sequence[str]) -> None:
    """Take texts out of the least and greatest values of whole tables, which deletions never move.

    What comes before the text in the least value is not above it, and with the last character of Unicode after it
    not below the greatest: the bounds stay true.
    """
    tests = " OR ".join(["contains(min_value, ?) OR contains(max_value, ?)"] * len(needles))
    rows = lake.connection.execute(
        f"SELECT table_id, column_id, min_value, max_value FROM {_STATISTICS} WHERE {tests}",
        [needle for needle in needles for _ in range(2)],
    ).fetchall()
    for table, column, least, greatest in rows:
        low, high = _before(least, needles), _before(greatest, needles)
        lake.connection.execute(
            f"UPDATE {_STATISTICS} SET min_value = ?, max_value = ? WHERE table_id = ? AND column_id = ?",
            [low, high if high == greatest else high + "\U0010ffff", table, column],
        )


def _before(text: str, needles: Sequence[str]) -> str:
    places = [place for needle in needles if (place := text.find(needle)) >= 0]
    return text[: min(places)] if places else text


def _mentions(home: Path, needles: Sequence[str]) -> bool:
    for path in home.glob("*.parquet"):
        try:
            texts = pl.read_parquet(path).select(pl.col(pl.String))
        except (pl.exceptions.PolarsError, OSError):
            return True  # half-written: nobody can use it
        if any(column.str.contains_any(list(needles)).any() for column in texts.iter_columns()):
            return True
    return False
