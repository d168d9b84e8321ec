"""The lake: sealed history in Parquet, and the reader that sees hot, staged and sealed rows as one."""

from guanxi.engines.lake.footprint import WHO, TimeSpan, events_at, footprint, kind_spans, known_at, time_span
from guanxi.engines.lake.history import History
from guanxi.engines.lake.lake import CATALOG, DATA, Lake, Stream, lake_error, open_duckdb
from guanxi.engines.lake.memory import Memory, PlatformFreshness, erased
from guanxi.engines.lake.metrics import aggregate, freshness
from guanxi.engines.lake.reader import Reader
from guanxi.engines.lake.sealer import Sealer

__all__ = [
    "CATALOG",
    "DATA",
    "WHO",
    "History",
    "Lake",
    "Memory",
    "PlatformFreshness",
    "Reader",
    "Sealer",
    "Stream",
    "TimeSpan",
    "aggregate",
    "erased",
    "events_at",
    "footprint",
    "freshness",
    "kind_spans",
    "known_at",
    "lake_error",
    "open_duckdb",
    "time_span",
]
