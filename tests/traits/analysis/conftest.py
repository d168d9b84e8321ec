"""A small log in memory: rows of kinds as the lake's views show them."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from guanxi.core import Window
from guanxi.events import columns_of, shipped
from guanxi.events.columns import STORED
from guanxi.traits.metrics import Query, Slice


class Stream:
    """A frame as DuckDB takes it in: the Arrow stream alone."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


Rows = Sequence[Mapping[str, Any]]
Ask = Callable[..., pl.DataFrame]


def slice_of(start_ms: int = 0, end_ms: int = 4_000_000_000_000, **more: Any) -> Slice:
    return Slice(catalogue=shipped(), window=Window(start_ms, end_ms), **more)


@pytest.fixture(scope="session")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


@pytest.fixture(scope="session")
def ask(connection: duckdb.DuckDBPyConnection) -> Ask:
    """Run a query over kind -> rows; a row names its columns, `who` stands for role_actor."""

    def keep(name: str, frame: pl.DataFrame) -> None:
        connection.register("given", Stream(frame))
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")

    def run(query: Query, events: Mapping[str, Rows], same: Mapping[str, str] | None = None) -> pl.DataFrame:
        seq = 0
        for kind in query.kinds:
            row = shipped().own_table(kind)
            schema = STORED | columns_of(row)
            rows = []
            for given in events.get(kind, ()):
                seq += 1
                known = {"platform": "app", "seq": seq} | dict(given)
                if "who" in known:
                    known["role_actor"] = known.pop("who")
                rows.append({name: known.get(name) for name in schema})
            frame = pl.DataFrame(rows, schema=schema)
            keep(row.table if row else "custom", frame)
        pairs = same or {}
        frame = pl.DataFrame({"ref": list(pairs), "person": list(pairs.values())}, schema={"ref": str, "person": str})
        keep("same_party", frame)
        return pl.DataFrame(connection.sql(query.sql, params=dict(query.values)))

    return run


@pytest.fixture(scope="session")
def online_retail(data_file: Callable[[str], Any]) -> pl.DataFrame:
    """Paid orders of the file, by hand: person, at_ms, amount in pence; refunds, corrections and nobody's left out."""
    path = data_file("online_retail_2009_2010/online_retail_2009_2010.parquet")
    sql = f"""
    SELECT 'account:web:' || "Customer ID"::BIGINT AS person,
      epoch_ms(min(strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S')) AT TIME ZONE 'Europe/London') AS at_ms,
      round(sum(Quantity * Price::DECIMAL(18, 4)) * 100)::BIGINT AS amount, Invoice AS ref_order
    FROM '{path}' WHERE Quantity > 0 AND regexp_matches(Invoice, '^[0-9]') AND "Customer ID" IS NOT NULL
    GROUP BY Invoice, "Customer ID" ORDER BY at_ms, Invoice"""
    return pl.DataFrame(duckdb.connect().sql(sql))


@pytest.fixture
def golden_file() -> Callable[[str, Any], None]:
    """Compare a table with its golden file, value by value."""
    folder = Path(__file__).resolve().parents[2] / "golden"

    def check(name: str, told: Any) -> None:
        text = "{\n" + ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in told.items()) + "\n}\n"
        path = folder / name
        assert path.exists(), f"no golden file {name}; it would hold:\n{text}"
        assert json.loads(text) == json.loads(path.read_text("utf-8"))

    return check
