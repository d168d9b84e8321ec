"""A transaction on control.sqlite keeps its lock while DuckDB works on the lake in the same process."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy

from guanxi.engines.lake import Lake, Reader, Sealer
from guanxi.engines.log import SqliteLog
from guanxi.events import shipped

WRITE = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    db.execute("INSERT INTO decisions VALUES ('other')")
except sqlite3.OperationalError as error:
    print(error)
else:
    print("written")
"""


def another_process(path: Path) -> str:
    """What another process hears when it writes now."""
    done = subprocess.run([sys.executable, "-I", "-c", WRITE, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def by_sqlite3(path: Path) -> tuple[Callable[[str], object], Callable[[], object]]:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")

    def end() -> None:
        db.execute("COMMIT")
        db.close()

    return db.execute, end


def by_sqlalchemy(path: Path) -> tuple[Callable[[str], object], Callable[[], object]]:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    connection = engine.connect()

    def end() -> None:
        connection.commit()
        connection.close()
        engine.dispose()

    return (lambda text: connection.execute(sqlalchemy.text(text))), end


@pytest.mark.parametrize("opened", [by_sqlite3, by_sqlalchemy])
@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_control_transaction_outlives_work_on_the_lake(
    tmp_path: Path, opened: Callable[[Path], tuple[Callable[[str], object], Callable[[], object]]], mode: str
) -> None:
    path = tmp_path / "control.sqlite"
    setup = sqlite3.connect(path)
    setup.execute(f"PRAGMA journal_mode={mode}")
    setup.execute("CREATE TABLE decisions(name TEXT)")
    setup.commit()
    setup.close()
    log = SqliteLog(tmp_path, create=True)
    write, end = opened(path)
    write("INSERT INTO decisions VALUES ('ours')")
    assert another_process(path) == "database is locked"
    Lake(tmp_path, shipped()).close()
    sealer, reader = Sealer(tmp_path, shipped()), Reader(tmp_path, shipped())
    from ..log.conftest import event

    log.append([event("a")])
    assert sealer.run(hot_after=1) == 1
    assert len(list(reader.read())) == 1
    sealer.close()
    reader.close()
    assert another_process(path) == "database is locked", "the work on the lake dropped the lock"
    write("INSERT INTO decisions VALUES ('ours too')")
    end()
    assert another_process(path) == "written"
    check = sqlite3.connect(path)
    assert check.execute("SELECT name FROM decisions").fetchall() == [("ours",), ("ours too",), ("other",)]
    check.close()
    log.close()
