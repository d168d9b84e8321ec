"""The index of a log: which ids and natural keys it holds, read by its owner and by importers beside it."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from guanxi.engines.log.runs import Run, Runs, Words
from guanxi.engines.log.schema import snapshot

RUNS: Final = "runs"  # folder of the sorted id runs


@dataclass(slots=True)
class Known:
    """What the log held when a chunk was compared with it."""

    ids: Runs
    others: Runs  # the ids that did not come from this very import: its rows without a key are told apart by occurrence
    keys: Runs  # natural keys, newest last; payload: the id (two words) of the key's newest event
    hot: Words  # ids of hot rows, (n, 2): they are not in the runs
    run: int  # number of the newest run, of ids or keys
    hot_seq: int


class Index:
    """Runs of one workspace, kept open between calls."""

    def __init__(self, db: sqlite3.Connection, folder: Path) -> None:
        self._db, self._folder = db, folder
        self._open: dict[int, Run] = {}
        self._paths: dict[int, str] = {}
        self.own: set[int] = set()  # segments that the import which uses this index has committed

    def known(self) -> Known:
        """Return a consistent picture of all ids and keys."""
        with snapshot(self._db):
            (last_seq,) = self._db.execute("SELECT value FROM meta WHERE name='last_seq'").fetchone()
            ids, keys = self._load("ids"), self._load("keys")
            newest = max((number for number, _ in ids + keys), default=0)
            own = {f"ids-{segment:08d}.npy" for segment in self.own}  # a merged run has another name: it is compared
            others = Runs(run for number, run in ids if self._paths[number] not in own)
            every = Runs(run for _, run in ids)
            return Known(every, others, Runs(run for _, run in keys), self.hot_ids(), newest, last_seq)

    def ids(self) -> Runs:
        """Return the runs of ids of all events that are not hot."""
        return Runs(run for _, run in self._load("ids"))

    def newer(self, family: str, than: int) -> list[Run]:
        """Return the runs of "ids" or "keys" whose number is above a number seen before."""
        return [run for number, run in self._load(family) if number > than]

    def hot_ids(self, after_seq: int = 0) -> Words:
        """Return the ids, (n, 2), of the rows that the hot table holds after a sequence number."""
        rows = self._db.execute("SELECT id FROM events WHERE seq > ?", (after_seq,)).fetchall()
        return np.frombuffer(b"".join(row[0] for row in rows), ">u8").reshape(-1, 2).astype(np.uint64)

    def _load(self, family: str) -> list[tuple[int, Run]]:
        rows = self._db.execute("SELECT run, family, path FROM runs ORDER BY age, run").fetchall()
        live = {number for number, _, _ in rows}
        for number in [number for number in self._open if number not in live]:
            del self._open[number]
        for number, _, path in rows:
            self._paths[number] = path
            if number not in self._open:
                self._open[number] = Run.open(self._folder / RUNS / path)
        return [(number, self._open[number]) for number, kind, _ in rows if kind == family]
