"""The sealer: moves what the log holds into the lake, each segment exactly once, whatever is killed when."""

import shutil
import sqlite3
import time
from pathlib import Path
from typing import Final

import numpy as np

from guanxi.core import Busy
from guanxi.engines.lake.lake import Lake, Stream, table_of
from guanxi.engines.log.hot import STAGED, now_ms, read_hot, staged_files
from guanxi.engines.log.index import RUNS
from guanxi.engines.log.runs import MERGE_BELOW, Run, merge
from guanxi.engines.log.schema import connect
from guanxi.events import Catalogue, from_events, id_pair

SEGMENT_ROWS: Final = 50_000  # hot rows sealed at once; bounds memory and the length of a transaction
KEEP_STAGED_MS: Final = 600_000  # readers with an older picture may still open the staged files
RUNS_BEFORE_MERGE: Final = 8


class Sealer:
    """Seals segments. One at a time works on a workspace: the caller holds its keeper lock."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self.folder, self.catalogue = folder, catalogue
        self._db = connect(folder)
        self._lake = Lake(folder, catalogue)

    def close(self) -> None:
        """Close both stores."""
        self._db.close()
        self._lake.close()

    def run(self, *, hot_after: int = SEGMENT_ROWS) -> int:
        """Seal every open segment, and the hot rows once there are `hot_after` of them; return the events sealed."""
        sealed = 0
        while True:
            segment = self._next(hot_after)
            if segment is None:
                break
            sealed += self._seal(segment)
        self._sweep_hot()
        self._merge_runs()
        return sealed

    def tidy(self) -> None:
        """Compact the lake and remove staged files that no reader can still need."""
        if len(self._lake.tables()):
            self._lake.compact()
        old = now_ms() - KEEP_STAGED_MS
        rows = self._db.execute(
            "SELECT segment, folder FROM segments WHERE state='sealed' AND sealed_ms < ?", (old,)
        ).fetchall()
        for segment, folder in rows:
            if folder:
                shutil.rmtree(self.folder / STAGED / folder, ignore_errors=True)
            self._db.execute("UPDATE segments SET state='tidied' WHERE segment=?", (segment,))
        named = {folder for (folder,) in self._db.execute("SELECT folder FROM segments WHERE folder != ''")}
        for path in (self.folder / STAGED).iterdir():  # left by killed imports
            if path.name not in named and time.time() - path.stat().st_mtime > KEEP_STAGED_MS / 1000:
                shutil.rmtree(path, ignore_errors=True)

    def _next(self, hot_after: int) -> dict[str, object] | None:
        db = self._db
        db.row_factory = sqlite3.Row
        try:
            open_one = db.execute("SELECT * FROM segments WHERE state='open' ORDER BY first_seq LIMIT 1").fetchone()
            (upto,) = db.execute("SELECT coalesce(max(last_seq), 0) FROM segments WHERE origin='hot'").fetchone()
            first = db.execute("SELECT min(seq) FROM events WHERE seq > ?", (upto,)).fetchone()[0]
            limit = db.execute(
                "SELECT min(first_seq) FROM segments WHERE origin='bulk' AND first_seq > ?", (first or 0,)
            ).fetchone()[0]
            if open_one is not None:
                return dict(open_one)
            if first is None:
                return None
            (waiting,) = db.execute(
                "SELECT count(*) FROM (SELECT 1 FROM events WHERE seq > ? LIMIT ?)", (upto, hot_after)
            ).fetchone()
            if waiting < hot_after:
                return None
            below = "" if limit is None else f" AND seq < {int(limit)}"
            rows, last = db.execute(
                f"SELECT count(*), max(seq) FROM (SELECT seq FROM events WHERE seq > ?{below} ORDER BY seq LIMIT ?)",
                (upto, SEGMENT_ROWS),
            ).fetchone()
            number = db.execute(
                "INSERT INTO segments(origin, first_seq, last_seq, rows, state, created_ms)"
                " VALUES ('hot',?,?,?,'open',?)",
                (first, last, rows, now_ms()),
            ).lastrowid
            return dict(db.execute("SELECT * FROM segments WHERE segment=?", (number,)).fetchone())
        finally:
            db.row_factory = None

    def _seal(self, segment: dict[str, object]) -> int:
        number, rows = int(str(segment["segment"])), int(str(segment["rows"]))
        if segment["origin"] == "bulk":
            self._store_bulk(number, segment)
            family = None
        else:
            family = self._store_hot(number, segment)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if family is not None:
                self._db.execute(
                    "INSERT INTO runs(family, path, rows, age) VALUES ('ids',?,?,?)", (family.name, rows, number)
                )
            self._db.execute("UPDATE segments SET state='sealed', sealed_ms=? WHERE segment=?", (now_ms(), number))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        return rows

    def _store_bulk(self, number: int, segment: dict[str, object]) -> None:
        if self._lake.holds(number):
            return
        home = self.folder / STAGED / str(segment["folder"])
        parts: dict[str, list[str]] = {}
        for file in staged_files(str(segment["files"])):
            select = staged_select(home / file.name, segment) + ("" if file.ordered else " ORDER BY at_ms, pos")
            parts.setdefault(table_of(file.kind, self.catalogue), []).append(select)
        self._insert(number, parts)

    def _store_hot(self, number: int, segment: dict[str, object]) -> Path:
        first, last = int(str(segment["first_seq"])), int(str(segment["last_seq"]))
        events = list(read_hot(self._db, first, last))
        path = self.folder / RUNS / f"hot-{number:08d}.npy"
        Run.of(np.array([id_pair(event.id) for event in events], np.uint64)).save(path)
        if not self._lake.holds(number):
            parts: dict[str, list[str]] = {}
            for place, batch in enumerate(from_events(events, self.catalogue, stored=True)):
                view = f"hot_{place}"
                self._lake.connection.register(view, Stream(batch.frame))
                parts.setdefault(table_of(batch.kind, self.catalogue), []).append(
                    f"SELECT * FROM {view} ORDER BY at_ms, seq"
                )
            self._insert(number, parts)
            for select in [select for selects in parts.values() for select in selects]:
                self._lake.connection.unregister(select.split()[3])
        return path

    def _insert(self, number: int, parts: dict[str, list[str]]) -> None:
        """Try a few times: a reader may hold the catalog for a moment."""
        for attempt in range(8):
            try:
                self._lake.insert(number, parts)
                return
            except Busy:
                if attempt == 7:
                    raise
                time.sleep(0.05 * 2**attempt)

    def _sweep_hot(self) -> None:
        """Delete hot rows that are sealed, in short transactions, so that ingest never waits long."""
        (upto,) = self._db.execute(
            "SELECT coalesce(max(last_seq), 0) FROM segments WHERE origin='hot' AND state != 'open'"
        ).fetchone()
        while True:
            gone = self._db.execute(
                "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq <= ? LIMIT 5000)", (upto,)
            ).rowcount
            if gone < 5000:
                return

    def _merge_runs(self) -> None:
        for family in ("ids", "keys"):
            rows = self._db.execute(
                "SELECT run, path, age FROM runs WHERE family=? AND rows < ? ORDER BY age, run", (family, MERGE_BELOW)
            ).fetchall()
            if len(rows) <= RUNS_BEFORE_MERGE:
                continue
            runs = [Run.open(self.folder / RUNS / path) for _, path, _ in rows]
            path = self.folder / RUNS / f"merged-{family}-{rows[0][0]}-{rows[-1][0]}.npy"
            joined = merge(runs)
            joined.save(path)
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("DELETE FROM runs WHERE run=?", [(number,) for number, _, _ in rows])
            self._db.execute(
                "INSERT INTO runs(family, path, rows, age) VALUES (?,?,?,?)",
                (family, path.name, len(joined), rows[-1][2]),
            )
            self._db.execute("COMMIT")


def staged_select(path: Path, segment: dict[str, object]) -> str:
    """Return the SELECT that reads one staged file with the columns that the log's commit decided."""
    source = str(segment["source"]).replace("'", "''")
    return (
        f"SELECT * EXCLUDE (pos), pos + {int(str(segment['first_seq']))} AS seq, "
        f"{int(str(segment['created_ms']))}::BIGINT AS received_ms, false AS live, '{source}' AS source "
        f"FROM read_parquet('{path.absolute()}')"
    )
