"""Deleted tags: what people no longer want to be described by, obeyed wherever a tag would be read."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from guanxi.app.metrics import same_party
from guanxi.app.workspace import Workspace
from guanxi.events import PROPERTY, ROLE

DELETED: Final = "Tag Deleted"


def deleted_tags(workspace: Workspace, *, known: int | None = None) -> pl.DataFrame:
    """Return person, tag: every tag that somebody had deleted, as known at a moment, each once.

    A tag is the name of a trait, the id of a label, or a property that people state of themselves (city, gender, …).
    """
    if not workspace.reader.counts().get(DELETED):
        return pl.DataFrame(schema={"person": pl.String, "tag": pl.String})
    last = workspace.reader.last_seq()
    known = last if known is None else min(known, last)
    rows = workspace.reader.frame(DELETED, known=known)
    tag = pl.col(f"{PROPERTY}tag") if f"{PROPERTY}tag" in rows.columns else pl.lit(None, pl.String)
    said = rows.select(pl.col(f"{ROLE}actor").alias("ref"), tag.alias("tag")).drop_nulls()
    pairs = same_party(workspace, known)
    named = said.join(pairs, on="ref", how="left").with_columns(pl.coalesce("person", "ref").alias("person"))
    return named.select("person", "tag").unique()


def without_deleted(frame: pl.DataFrame, deleted: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return traits of parties without the values that people had deleted; those are null.

    frame    its first column names the parties, by the reference that names the person; then a column a trait
    deleted  as `deleted_tags` returns them
    """
    party = frame.columns[0]
    for name in set(names).intersection(deleted["tag"]):
        hidden = pl.col(party).is_in(deleted.filter(pl.col("tag") == name)["person"].implode())
        frame = frame.with_columns(pl.when(hidden).then(None).otherwise(pl.col(name)).alias(name))
    return frame
