"""Stated: the newest of what people said of themselves, or gave with an order, by person."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from guanxi.app.workspace import Workspace
from guanxi.engines.lake import aggregate
from guanxi.events import PROPERTY, columns_of

TOLD_BY: Final = ("Profile Updated", "Order Completed", "Order Created")


def stated(
    workspace: Workspace, properties: Sequence[str], pairs: pl.DataFrame, *, known: int, until_ms: int | None = None,
    only: bool = False,
) -> pl.DataFrame:  # fmt: skip
    """Return person, consent (the newest bits) and the newest value of each property; null where nobody gave one.

    properties  text properties of the kinds TOLD_BY; personal ones are tokens of the vault
    pairs       ref, person: references that are another's
    until_ms    only what was said before it
    only        only the references of `pairs`
    """
    counts = workspace.reader.counts()
    kinds = [kind for kind in TOLD_BY if counts.get(kind)]
    schema = {"person": pl.String, "consent": pl.Int64, **dict.fromkeys(properties, pl.String)}
    if not kinds:
        return pl.DataFrame(schema=schema)
    inside = "role_actor IN (SELECT ref FROM pairs)" if only else "role_actor IS NOT NULL"
    parts = []
    for kind in kinds:
        have = columns_of(workspace.catalogue[kind])
        columns = [
            f"{PROPERTY}{one}" if PROPERTY + one in have else f"NULL::VARCHAR AS {PROPERTY}{one}" for one in properties
        ]
        parts.append(
            f"SELECT role_actor AS ref, at_ms, seq, consent, {', '.join(columns)}"
            f" FROM {workspace.catalogue[kind].table} WHERE {inside}"
            f"{'' if until_ms is None else ' AND at_ms < $until_ms'}"
        )
    newest = ", ".join(f"arg_max({PROPERTY}{one}, (at_ms, seq)) AS {one}" for one in properties)
    sql = (
        f"SELECT coalesce(person, ref) AS who, arg_max(consent, (at_ms, seq))::BIGINT AS consent, {newest}"
        f" FROM ({' UNION ALL '.join(parts)}) LEFT JOIN pairs USING (ref) GROUP BY who"
    )
    values = {} if until_ms is None else {"until_ms": until_ms}
    found = aggregate(workspace.reader, sql, values, kinds=kinds, known=known, frames={"pairs": pairs})
    return found.rename({"who": "person"})
