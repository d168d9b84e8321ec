"""The sealer: moves what the log holds into the lake, each segment exactly once, whatever is killed when."""

import os
import shutil
import time
from pathlib import Path
from typing import Final

import numpy as np

from guanxi.core import Busy, DataError
from guanxi.engines.lake.lake import Lake, Stream, table_of
from guanxi.engines.log.hot import STAGED, now_ms, read_hot, staged_files
from guanxi.engines.log.index import RUNS
from guanxi.engines.log.runs import MERGE_BELOW, Run, flush_folder, merge
from guanxi.engines.log.schema import connect, snapshot, transaction, translated
from guanxi.events import Catalogue, from_events, id_pair

SEGMENT_ROWS: Final = 50_000  # hot rows sealed at once; bounds memory and the length of a transaction
KEEP_MS: Final = 600_000  # readers with an older picture may still open staged files and merged runs
RUNS_BEFORE_MERGE: Final = 8


class Sealer:
    """Seals segments. One at a time works on a workspace: the caller holds its sealer's lock."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self.folder, self.catalogue = folder, catalogue
        self._db = connect(folder)
        try:
            self._lake = Lake(folder, catalogue)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close both stores."""
        self._db.close()
        self._lake.close()

    def run(self, *, hot_after: int = SEGMENT_ROWS) -> int:
        """Seal every open segment, and the hot rows once there are `hot_after` of them; return the events sealed.

        What arrives meanwhile is left to the next run, so that a run ends under any traffic.
        """
        sealed = 0
        with translated():
            (last,) = self._db.execute("SELECT value FROM meta WHERE name='last_seq'").fetchone()
        while True:
            segment = self._next(hot_after)
            if segment is None or int(str(segment["first_seq"])) > last:
                break
            sealed += self._seal(segment)
        self._sweep_hot()
        self._merge_runs()
        return sealed

    def tidy(self) -> None:
        """Compact the lake; remove the staged files and runs that no reader can still need.

        raises  Busy when another process holds the lake for long
        """
        with translated():
            row = self._db.execute("SELECT value FROM meta WHERE name='compacted_ms'").fetchone()
        if self._lake.tables() and now_ms() - (row[0] if row else 0) >= KEEP_MS:
            self._lake.compact()
            with transaction(self._db):
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('compacted_ms', ?)", (now_ms(),))
        with translated():
            rows = self._db.execute(
                "SELECT segment, folder FROM segments WHERE state='sealed' AND sealed_ms < ?", (now_ms() - KEEP_MS,)
            ).fetchall()
            for segment, folder in rows:
                if folder:
                    shutil.rmtree(self.folder / STAGED / folder, ignore_errors=True)
                self._db.execute("UPDATE segments SET state='tidied' WHERE segment=?", (segment,))
        with transaction(self._db):  # nothing is committed meanwhile, so what has no name now was left behind
            named = {folder for (folder,) in self._db.execute("SELECT folder FROM segments WHERE folder != ''")}
            for path in _forgotten(self.folder / STAGED, named):
                shutil.rmtree(path, ignore_errors=True)
            named = {path for (path,) in self._db.execute("SELECT path FROM runs")}
            for path in _forgotten(self.folder / RUNS, named):
                path.unlink(missing_ok=True)

    def _next(self, hot_after: int) -> dict[str, object] | None:
        """Return the oldest open segment; make one of the hot rows when there are enough and no other is open."""
        with snapshot(self._db):
            found = self._open_one() or (None if self._hot_range(hot_after) is None else {})
        if found is None or found:
            return found
        with transaction(self._db):  # looked at again: a commit may have put a segment between
            found = self._open_one()
            hot = self._hot_range(hot_after) if found is None else None
            if hot is not None:
                self._db.execute(
                    "INSERT INTO segments(origin, first_seq, last_seq, rows, state, created_ms)"
                    " VALUES ('hot',?,?,?,'open',?)",
                    (*hot, now_ms()),
                )
                found = self._open_one()
        return found

    def _open_one(self) -> dict[str, object] | None:
        cursor = self._db.execute("SELECT * FROM segments WHERE state='open' ORDER BY first_seq LIMIT 1")
        row = cursor.fetchone()
        names = [column[0] for column in cursor.description]
        return None if row is None else dict(zip(names, row, strict=True))

    def _hot_range(self, hot_after: int) -> tuple[int, int, int] | None:
        """Return first, last and count of the next hot rows to seal; None when fewer than `hot_after` wait."""
        db = self._db
        (upto,) = db.execute("SELECT coalesce(max(last_seq), 0) FROM segments WHERE origin='hot'").fetchone()
        (first,) = db.execute("SELECT min(seq) FROM events WHERE seq > ?", (upto,)).fetchone()
        (waiting,) = db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM events WHERE seq > ? LIMIT ?)", (upto, max(hot_after, 1))
        ).fetchone()
        if first is None or waiting < hot_after:
            return None
        (end,) = db.execute(  # a range of hot rows never spans an imported segment
            "SELECT min(first_seq) FROM segments WHERE origin='bulk' AND first_seq > ?", (first,)
        ).fetchone()
        rows, last = db.execute(
            "SELECT count(*), max(seq) FROM"
            " (SELECT seq FROM events WHERE seq > ? AND (? IS NULL OR seq < ?) ORDER BY seq LIMIT ?)",
            (upto, end, end, SEGMENT_ROWS),
        ).fetchone()
        return int(first), int(last), int(rows)

    def _seal(self, segment: dict[str, object]) -> int:
        number, rows = int(str(segment["segment"])), int(str(segment["rows"]))
        run: Path | None = None
        if segment["origin"] == "bulk":
            self._store_bulk(number, segment)
        else:
            run = self._store_hot(number, segment)
        with transaction(self._db):
            if run is not None:
                self._db.execute(
                    "INSERT INTO runs(family, path, rows, age) VALUES ('ids',?,?,?)", (run.name, rows, number)
                )
            self._db.execute("UPDATE segments SET state='sealed', sealed_ms=? WHERE segment=?", (now_ms(), number))
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
        with translated():
            events = list(read_hot(self._db, first, last))
        if len(events) != segment["rows"]:
            what = f"the log holds {len(events)} of {segment['rows']} events from {first} to {last}"
            raise DataError(what, "Restore the workspace with `guanxi restore`")
        path = self.folder / RUNS / f"hot-{number:08d}.npy"
        Run.of(np.array([id_pair(event.id) for event in events], np.uint64)).save(path)
        flush_folder(path.parent)
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
            if attempt and self._lake.holds(number):  # the commit held, and only its answer was lost
                return
            try:
                self._lake.insert(number, parts)
                return
            except Busy:
                if attempt == 7:
                    raise
                time.sleep(0.05 * 2**attempt)

    def _sweep_hot(self) -> None:
        """Delete hot rows that are sealed, in short transactions, so that ingest never waits long."""
        with translated():
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
        """Join neighbouring small runs. Only neighbours: of a natural key, the newest run must stay the newest."""
        for family in ("ids", "keys"):
            with translated():
                rows = self._db.execute(
                    "SELECT run, path, rows, age FROM runs WHERE family=? ORDER BY age, run", (family,)
                ).fetchall()
            if len(rows) <= RUNS_BEFORE_MERGE:
                continue
            for stretch in _stretches(rows):
                if len(stretch) >= RUNS_BEFORE_MERGE // 2:  # fewer are cheaper to look through than to rewrite
                    self._merge(family, [row[0] for row in stretch], [row[1] for row in stretch], stretch[-1][3])

    def _merge(self, family: str, numbers: list[int], names: list[str], age: int) -> None:
        home = self.folder / RUNS
        joined = merge([Run.open(home / name) for name in names])
        path = home / f"merged-{family}-{numbers[0]}-{numbers[-1]}.npy"
        joined.save(path)
        flush_folder(home)
        for name in names:
            os.utime(home / name)  # `tidy` removes them KEEP_MS from now: somebody may be about to open them
        with transaction(self._db):
            self._db.executemany("DELETE FROM runs WHERE run=?", [(number,) for number in numbers])
            self._db.execute(
                "INSERT INTO runs(family, path, rows, age) VALUES (?,?,?,?)", (family, path.name, len(joined), age)
            )


def _stretches(rows: list[tuple[int, str, int, int]]) -> list[list[tuple[int, str, int, int]]]:
    """Cut neighbouring runs into stretches of at most MERGE_BELOW keys each, so that a merge needs little memory."""
    stretches: list[list[tuple[int, str, int, int]]] = []
    size = MERGE_BELOW
    for row in rows:
        if size + row[2] > MERGE_BELOW:
            stretches.append([])
            size = 0
        stretches[-1].append(row)
        size += row[2]
    return stretches


def _forgotten(folder: Path, named: set[str]) -> list[Path]:
    """Return what lies in a folder without a name in the log, and has not been touched for a while."""
    before = time.time() - KEEP_MS / 1000
    return [path for path in folder.iterdir() if path.name not in named and _touched(path) < before]


def _touched(path: Path) -> float:
    """When a path was last written; now, when whoever made it has removed it meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def staged_select(path: Path, segment: dict[str, object]) -> str:
    """Return the SELECT that reads one staged file with the columns that the log's commit decided."""
    source = str(segment["source"]).replace("'", "''")
    return (
        f"SELECT * EXCLUDE (pos), pos + {int(str(segment['first_seq']))} AS seq, "
        f"{int(str(segment['created_ms']))}::BIGINT AS received_ms, false AS live, '{source}' AS source "
        f"FROM read_parquet('{path.absolute()}')"
    )
