"""The event log: hot rows in SQLite, staged segments of imports, sorted runs of all ids."""

from guanxi.engines.log.hot import Committed, Manifest, SqliteLog, now_ms
from guanxi.engines.log.index import Index, Known
from guanxi.engines.log.runs import Run, Runs, Seen, flush_folder
from guanxi.engines.log.schema import connect
from guanxi.engines.log.staging import Staged, discard, settle, stage

__all__ = [
    "Committed",
    "Index",
    "Known",
    "Manifest",
    "Run",
    "Runs",
    "Seen",
    "SqliteLog",
    "Staged",
    "connect",
    "discard",
    "flush_folder",
    "now_ms",
    "settle",
    "stage",
]
