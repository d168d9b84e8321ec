"""Scorers of the capability list: one row, one module; they alone read what is true."""

from typing import Final

from guanxi.bench.rows import s1_1
from guanxi.bench.rows.run import run_row
from guanxi.bench.rows.score import (
    SEEDS,
    Reading,
    Row,
    Score,
    Size,
    band,
    coverage_holds,
    covers,
    read_seeds,
    scored,
    wilson,
)

__all__ = [
    "ROWS",
    "SEEDS",
    "Reading",
    "Row",
    "Score",
    "Size",
    "band",
    "coverage_holds",
    "covers",
    "read_seeds",
    "run_row",
    "scored",
    "wilson",
]

#: id of the capability list -> its scorer.
ROWS: Final[dict[str, Row]] = {row.id: row for row in (s1_1.ROW,)}
