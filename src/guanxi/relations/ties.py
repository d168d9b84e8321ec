"""Ties: who stands in which relation to whom as of one moment, in arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.events import id_text
from guanxi.relations.parts import Codes, Floats, Ints, Part, evidence_starts
from guanxi.relations.rules import TieRule

STATED = "stated:"  # begins the kind of a tie that a Relation Stated event names
Direction = Literal["out", "in", "both"]

#: The columns of frames of ties, and their types.
TIE_COLUMNS: dict[str, pl.DataType] = {
    "from": pl.String(),
    "to": pl.String(),
    "kind": pl.String(),
    "family": pl.String(),
    "weight": pl.Float64(),
    "count": pl.Int64(),
    "first_ms": pl.Int64(),
    "last_ms": pl.Int64(),
    "confidence": pl.Float64(),
    "evidence": pl.List(pl.String()),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ties:
    """All ties as of `until_ms`: no event at or after it, and none after `known`, is in any number.

    rules             the rows they were derived by
    kinds             name of each kind code: the rules' ids in order, then "stated:<kind>" ones by name
    until_ms, known   the moment, ms; the last `seq` believed
    keep              evidence events kept per tie
    parties           (p,) references, sorted by text; the place of one is its code
    part              the n ties, ordered by source, target, kind; weights as of `until_ms`
    out_start         (p + 1,) ties of source c are rows out_start[c]:out_start[c + 1]
    in_rows, in_start  (n,) rows ordered by target, and (p + 1,) where each target's begin
    evidence_start    (n + 1,) where each tie's evidence begins in part.at, .seq, .high, .low
    stated            Relation Stated events in force or not, as read; the part holds those in force
    whole             True: references of one party were joined (`resolved`), so nothing can be added
    memory            68 bytes a tie, 40 per evidence event kept, 16 a party and the text of its reference once
    """

    rules: tuple[TieRule, ...]
    kinds: tuple[str, ...]
    until_ms: int
    known: int
    keep: int
    parties: pl.Series
    part: Part
    out_start: Ints
    in_rows: Ints
    in_start: Ints
    evidence_start: Ints
    stated: pl.DataFrame
    whole: bool = False

    def __len__(self) -> int:
        return len(self.part)

    @property
    def weight(self) -> Floats:
        """(n,) signed; each event's share halved every half-life of its rule up to `until_ms`."""
        return self.part.weight

    @property
    def confidence(self) -> Floats:
        """(n,) how far the evidence proves each tie, 0..1."""
        return 1.0 - self.part.doubt

    @property
    def memory_bytes(self) -> int:
        """Bytes held by the arrays and the dictionary of parties."""
        arrays = [getattr(self.part, name) for name in Part.__dataclass_fields__]
        arrays += [self.out_start, self.in_rows, self.in_start, self.evidence_start]
        texts = int(self.parties.estimated_size()) + int(self.stated.estimated_size())
        return texts + sum(int(array.nbytes) for array in arrays)

    def code(self, ref: str) -> int | None:
        """Return the code of a party, or None when it has no tie."""
        place: int = self.parties.search_sorted(ref)
        return place if place < len(self.parties) and str(self.parties[place]) == ref else None

    def rows_of(self, ref: str, direction: Direction = "out") -> Ints:
        """Return the rows of the ties that leave a party, reach it, or both; none for an unknown party."""
        code = self.code(ref)
        if code is None:
            return np.zeros(0, np.int64)
        out = np.arange(self.out_start[code], self.out_start[code + 1], dtype=np.int64)
        into = self.in_rows[self.in_start[code] : self.in_start[code + 1]]
        if direction == "both":
            return np.concatenate([out, into])
        return out if direction == "out" else into

    def neighbours(self, ref: str, direction: Direction = "both", *, kinds: Sequence[str] = ()) -> pl.DataFrame:
        """Return the ties of a party as a frame (see TIE_COLUMNS), strongest first.

        kinds  only these kinds of tie; empty = all
        """
        return self.frame(self._strongest(self._chosen(self.rows_of(ref, direction), kinds)))

    def degree(self, ref: str, direction: Direction = "both", *, kinds: Sequence[str] = ()) -> int:
        """Return how many different parties a party is tied to."""
        rows = self._chosen(self.rows_of(ref, direction), kinds)
        code = self.code(ref)
        ends = np.where(self.part.source[rows] == code, self.part.target[rows], self.part.source[rows])
        return len(np.unique(ends))

    def top(self, n: int, *, kinds: Sequence[str] = ()) -> pl.DataFrame:
        """Return the n strongest ties, by the size of the weight, as a frame (see TIE_COLUMNS)."""
        return self.frame(self._strongest(self._chosen(np.arange(len(self), dtype=np.int64), kinds))[:n])

    def evidence(self, row: int) -> tuple[str, ...]:
        """Return the ids of the newest events behind a tie, newest first, at most `keep`."""
        span = range(int(self.evidence_start[row]), int(self.evidence_start[row + 1]))
        return tuple(id_text(int(self.part.high[place]), int(self.part.low[place])) for place in span)

    def frame(self, rows: Ints | None = None, *, evidence: bool = True) -> pl.DataFrame:
        """Return ties as a frame with TIE_COLUMNS, in the order of `rows`; None = all, in stored order.

        evidence  False leaves out the column of event ids, which is much faster for very many ties
        """
        chosen = np.arange(len(self), dtype=np.int64) if rows is None else rows
        part, code = self.part, self.part.kind[chosen]
        families = {prefix + rule.id: rule.family for rule in self.rules for prefix in ("", STATED)}
        family_of = pl.Series([families.get(name, "") for name in self.kinds], dtype=pl.String)
        columns = {
            "from": self.parties.gather(part.source[chosen]),
            "to": self.parties.gather(part.target[chosen]),
            "kind": pl.Series(self.kinds, dtype=pl.String).gather(code),
            "family": family_of.gather(code),
            "weight": part.weight[chosen],
            "count": part.count[chosen],
            "first_ms": part.first[chosen],
            "last_ms": part.last[chosen],
            "confidence": self.confidence[chosen],
        }
        if evidence:
            columns["evidence"] = [list(self.evidence(int(row))) for row in chosen]
        return pl.DataFrame(columns, schema={name: TIE_COLUMNS[name] for name in columns})

    def _chosen(self, rows: Ints, kinds: Sequence[str]) -> Ints:
        if not kinds:
            return rows
        wanted = [code for code, name in enumerate(self.kinds) if name in kinds]
        return rows[np.isin(self.part.kind[rows], wanted)]

    def _strongest(self, rows: Ints) -> Ints:
        """Order by falling size of weight; equal ones keep the stored order, so the answer is always the same."""
        return rows[np.argsort(-np.abs(self.part.weight[rows]), kind="stable")]


def index_ties(
    part: Part,
    parties: pl.Series,
    *,
    rules: tuple[TieRule, ...],
    kinds: tuple[str, ...],
    until_ms: int,
    known: int,
    keep: int,
    stated: pl.DataFrame,
    whole: bool = False,
) -> Ties:
    """Return the view over a folded part: unused parties dropped, rows found from both ends."""
    used = np.unique(np.concatenate([part.source, part.target]))
    fresh = np.zeros(len(parties), np.int32)
    fresh[used] = np.arange(len(used), dtype=np.int32)
    source, target = fresh[part.source], fresh[part.target]
    names = [name for name in Part.__dataclass_fields__ if name not in ("source", "target")]
    part = Part(source=source, target=target, **{name: getattr(part, name) for name in names})
    in_rows = np.argsort(target, kind="stable").astype(np.int64)
    return Ties(
        rules=rules, kinds=kinds, until_ms=until_ms, known=known, keep=keep, parties=parties.gather(used), part=part,
        out_start=_offsets(source, len(used)), in_rows=in_rows, in_start=_offsets(target[in_rows], len(used)),
        evidence_start=evidence_starts(part), stated=stated, whole=whole,
    )  # fmt: skip


def _offsets(codes: NDArray[np.int32] | Codes, parties: int) -> Ints:
    return np.searchsorted(codes, np.arange(parties + 1)).astype(np.int64)
