"""Asking: SQL of our own making over one view a kind, with bound values and small frames beside it."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from guanxi.engines.lake.lake import Stream, table_of
from guanxi.engines.lake.reader import Reader, patient


def ask(
    reader: Reader, sql: str, values: Mapping[str, Any], *, kinds: Iterable[str], known: int | None = None,
    frames: Mapping[str, pl.DataFrame] | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Return what a query gives; it is trusted text, what people write goes through `Reader.sql`.

    sql     one SELECT over views named as the tables of `kinds`; kinds without a table of their own share `custom`
    values  parameters by name, exactly those of the text
    kinds   every kind that the text reads; one that never occurred is an empty view
    known   as known at this sequence number
    frames  tables beside the views, by name
    """
    picture = reader.picture(known=known)
    connection = reader._lake.connection.cursor()
    connection.execute("USE memory")
    layout = patient(reader._lake.layout)
    for table in dict.fromkeys(table_of(kind, reader.catalogue) for kind in kinds):
        _, select = reader._select(table, layout.get(table, []), picture, [], connection)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS {select}")
    for name, frame in (frames or {}).items():
        # As a table: DuckDB hands filters on a registered stream to pyarrow where that is installed, which fails on text.
        connection.register("given", Stream(frame))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given")
    return patient(lambda: pl.DataFrame(connection.sql(sql, params=dict(values))))
