"""What is true of a workspace's town, for those who score: nothing else but the world may read it."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from guanxi.app import open_town

if TYPE_CHECKING:  # loading the world compiles its kernels
    from guanxi.world import Truths


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is true: its kind, its name, how many rows say it, and what they are on average."""

    kind: str
    name: str
    rows: int
    mean: float | None = None


def town_truth(folder: Path) -> "Truths":
    """Return what is true of a workspace's town after the last day that its log holds.

    raises   NotFound when the workspace holds no town
    """
    return open_town(folder).truth()


def summary(truths: "Truths") -> tuple[Planted, ...]:
    """Return what is true, a row for each kind and name, in the order of the kinds."""
    found = []
    for kind in truths.__dataclass_fields__:
        frame = getattr(truths, kind)
        named = {"bests": "context", "causes": "symptom"}.get(kind, "name")
        mean = pl.col("value").mean() if "value" in frame.columns else pl.lit(None)
        counts = frame.group_by(named, maintain_order=True).agg(rows=pl.len(), mean=mean)
        found += [Planted(kind=kind, name=name, rows=rows, mean=mean) for name, rows, mean in counts.iter_rows()]
    return tuple(found)
