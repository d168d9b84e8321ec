"""Intake by columns: what traits read of many events of one kind at once."""

import functools
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from guanxi.core import DAY_MS, DataError
from guanxi.events import Kind
from guanxi.traits.batch import Batch
from guanxi.traits.clause import Clause
from guanxi.traits.fields import DAY, LARGEST, Shape, Source, column_of, is_number, operands, shape_of
from guanxi.traits.measure import SINCE
from guanxi.traits.trait import HOUR_MS, PartyRole

Bools = NDArray[np.bool_]
MASKED: Final = r"^[^:]*:[^:]*~masked:"  # as `parties.is_masked` says
_CHINA_MS: Final = 8 * HOUR_MS
_ZERO: Final = np.uint64(0)
_SAMPLE: Final = 65_536  # texts looked at before finding the different ones, which costs as much as hashing many
_COMPARE: Final[dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    "=": pl.Expr.eq, "!=": pl.Expr.ne, "<": pl.Expr.lt, "<=": pl.Expr.le, ">": pl.Expr.gt, ">=": pl.Expr.ge,
}  # fmt: skip


class KindColumns:
    """What is read of events of one kind (None: custom ones), by columns.

    bits   (measure, its conditions) for the measures that such an event can belong to
    """

    def __init__(
        self,
        sources: Sequence[Source],
        codes: Sequence[str],
        parties: Sequence[PartyRole],
        bits: Sequence[tuple[int, tuple[Clause, ...]]],
        kind: Kind | None,
    ) -> None:
        self.sources, self.codes, self.parties, self.bits, self.kind = sources, codes, parties, bits, kind

    def fill(
        self,
        frame: pl.DataFrame,
        out: Batch,
        resolve: Callable[[str, int], str] | None,
        merged: Collection[str] | None,
        names: Mapping[str, dict[int, str]],
    ) -> None:
        """Fill the arrays with the rows of a frame.

        names   codes whose texts are remembered by their hash
        raises  DataError when the frame lacks seq, at_ms, received_ms or live
        """
        if lost := [name for name in ("seq", "at_ms", "received_ms", "live") if name not in frame.columns]:
            raise DataError(f"the events lack the columns {', '.join(lost)}", "Read them from the lake")
        live = pl.col("live").fill_null(False)
        frame = frame.with_columns(live, pl.when(live).then("received_ms").otherwise("at_ms").alias(_CLOCK))
        out.clock_ms[:], out.seq[:] = frame[_CLOCK].to_numpy(), frame["seq"].to_numpy()
        frame = frame.with_columns(_doubles(frame[name]) for name in self._decimals() if name in frame.columns)
        self._fill_bits(frame, out.bits)
        for place, source in enumerate(self.sources):
            number = self._number(source, frame.columns)
            if number is not None:
                found = frame.select(number.alias("value"))["value"]
                out.values[:, place] = found.fill_null(0).to_numpy()
                out.present[:] |= found.is_not_null().to_numpy().astype(np.uint64) << np.uint64(place)
        hashes: dict[str, NDArray[np.uint64]] = {}
        for place, code in enumerate(self.codes):
            if (text := self._name(code, frame.columns)) is not None:
                if code not in hashes:
                    texts = frame.select(text.alias("text"))["text"]
                    hashes[code] = _hashed(texts)
                    if code in names:
                        each = texts.drop_nulls().unique()
                        names[code].update(zip(_digests(each).tolist(), each.to_list(), strict=True))
                out.codes[:, place] = hashes[code]
        for place, row in enumerate(self.parties):  # two of them may share a role
            field = f"role.{row.role}"
            if shape_of(field, self.kind) is None or column_of(field) not in frame.columns:
                continue
            refs = frame[column_of(field)].replace("", None)
            if field not in hashes:
                hashes[field] = _hashed(refs)
            out.parties[:, place] = hashes[field]
            known = _usable(refs, row.types)
            out.parties[~known, place] = _ZERO
            if row.resolved and resolve is not None:
                _rename(refs, known, out.seq, out.parties[:, place], resolve, merged)

    def _fill_bits(self, frame: pl.DataFrame, bits: NDArray[np.uint64]) -> None:
        wanted = dict.fromkeys(clause for _, clauses in self.bits for clause in clauses)
        names = {clause: str(place) for place, clause in enumerate(wanted)}
        tests = frame.select(self._test(clause, frame.columns).alias(name) for clause, name in names.items())
        held: dict[Clause, Bools] = {clause: tests[name].to_numpy() for clause, name in names.items()}
        for bit, clauses in self.bits:
            word, mark = bits[:, bit // 64], np.uint64(1 << bit % 64)
            if not clauses:
                word |= mark
            else:
                holds = np.logical_and.reduce([held[clause] for clause in clauses]) if clauses[1:] else held[clauses[0]]
                word |= holds.astype(np.uint64) * mark

    def _decimals(self) -> list[str]:
        """The columns that are read as doubles."""
        read = [clause.field for _, clauses in self.bits for clause in clauses]
        read += [value.removeprefix(SINCE) for value, _, _ in self.sources]
        return [column_of(field) for field in dict.fromkeys(read) if shape_of(field, self.kind) == "decimal"]

    def _field(self, field: str, columns: Sequence[str]) -> tuple[Shape, pl.Expr] | None:
        """A field's shape and its column, null where it is missing; None when there is no such column."""
        shape = shape_of(field, self.kind)
        if shape is None:
            return None
        name = column_of(field)
        if name not in columns and field not in _MADE:
            return None
        if field in _PLAIN:
            return shape, _PLAIN[field]
        column = pl.col(name)
        if shape == "text":
            return shape, _where(column != "", column)
        if shape == "fraction":
            return shape, _where(column.is_finite(), column)
        return shape, column

    def _test(self, clause: Clause, columns: Sequence[str]) -> pl.Expr:
        found = self._field(clause.field, columns)
        if found is None:
            return pl.repeat(clause.op == "lacks", pl.len())
        shape, column = found
        if clause.op in ("has", "lacks"):
            return column.is_not_null() if clause.op == "has" else column.is_null()
        if clause.other:
            beside = self._field(clause.other, columns)
            if beside is None:
                return pl.repeat(False, pl.len())
            return _COMPARE[clause.op](column, beside[1]).fill_null(False)
        values = operands(clause, shape)
        if clause.op in ("in", "not in"):
            inside = column.is_in(list(values))
            return (inside if clause.op == "in" else ~inside).fill_null(False)
        return _COMPARE[clause.op](column, pl.lit(values[0])).fill_null(False)

    def _number(self, source: Source, columns: Sequence[str]) -> pl.Expr | None:
        value, scale, sign = source
        found = self._field(value.removeprefix(SINCE), columns)
        if found is None or not is_number(found[0]):
            return None
        shape, column = found
        if shape in ("fraction", "decimal"):
            scaled = column * float(scale) + 0.5
            return _bounded(scaled).floor().cast(pl.Int64) * sign
        number = _bounded(column)
        if value.startswith(SINCE):
            number = (pl.col("at_ms") - number).clip(lower_bound=0)
        return _bounded(number.cast(pl.Int128) * scale).cast(pl.Int64) * sign if scale != 1 else _bounded(number) * sign

    def _name(self, field: str, columns: Sequence[str]) -> pl.Expr | None:
        found = self._field(field, columns)
        if found is None or found[0] in ("document", "fraction", "decimal"):
            return None
        return found[1] if found[0] == "text" else found[1].cast(pl.String)


_CLOCK: Final = "~clock"
_MADE: Final = ("hour", "weekday", DAY)  # of columns that are always there
_PLAIN: Final[dict[str, pl.Expr]] = {
    "amount": pl.col("amount"),
    "platform": pl.when(pl.col("platform") != "").then(pl.col("platform")),
    "hour": (pl.col("at_ms") + _CHINA_MS) // HOUR_MS % 24,
    "weekday": ((pl.col("at_ms") + _CHINA_MS) // DAY_MS + 3) % 7 + 1,
    "live": pl.col("live"),
    DAY: (pl.col(_CLOCK) + _CHINA_MS) // DAY_MS,
}


def _small(number: pl.Expr) -> pl.Expr:
    return (number > -LARGEST) & (number < LARGEST)


def _bounded(number: pl.Expr) -> pl.Expr:
    return _where(_small(number), number)


def _where(holds: pl.Expr, value: pl.Expr) -> pl.Expr:
    """A value where something holds, else null."""
    return pl.when(holds).then(value).otherwise(None)


def _doubles(decimals: pl.Series) -> pl.Series:
    """The nearest doubles of the millionths over a million; by numpy: polars multiplies by 1e-6, which is another."""
    millionths = decimals.cast(pl.Decimal(18, 6)).to_physical().cast(pl.Int64)
    doubles = pl.Series(decimals.name, millionths.fill_null(0).to_numpy() / 1e6)
    return doubles.set(millionths.is_null(), None)


def _hashed(texts: pl.Series) -> NDArray[np.uint64]:
    """xxh3_64 of every text, 0 for nulls and empty ones; each different text once when there seem to be few."""
    if texts.head(_SAMPLE).n_unique() * 4 < min(len(texts), _SAMPLE):
        distinct = texts.unique()
        known = distinct.filter(distinct.is_not_null() & (distinct != ""))
        table = pl.Series(_digests(known), dtype=pl.UInt64)
        return np.array(texts.replace_strict(known, table, default=0, return_dtype=pl.UInt64).to_numpy())
    texts = texts.fill_null("")
    hashes = _digests(texts)
    hashes[(texts == "").to_numpy()] = _ZERO
    return hashes


def _digests(texts: pl.Series) -> NDArray[np.uint64]:
    digest = xxhash.xxh3_64_digest
    joined = b"".join([digest(text) for text in texts.cast(pl.Binary).to_list()])
    return np.frombuffer(joined, ">u8").astype(np.uint64)


def _usable(refs: pl.Series, types: tuple[str, ...]) -> Bools:
    """Which references name a party of some types: there, not masked, of a type that has such traits."""
    usable = refs.is_not_null()
    if refs.str.contains("~masked:", literal=True).any():  # seldom: the pattern costs more
        usable &= ~refs.str.contains(MASKED).fill_null(False)
    if types:
        typed = [refs.str.starts_with(f"{name}:") | (refs == name) for name in types]
        usable &= functools.reduce(operator.or_, typed).fill_null(False)
    return usable.to_numpy()


def _rename(
    refs: pl.Series,
    known: Bools,
    seq: NDArray[np.int64],
    keys: NDArray[np.uint64],
    resolve: Callable[[str, int], str],
    merged: Collection[str] | None,
) -> None:
    """Put the hash of the resolved reference in place of the reference's own."""
    asked: Any = known if merged is None else known & refs.is_in(list(merged)).fill_null(False).to_numpy()
    rows = np.flatnonzero(asked)
    digest = xxhash.xxh3_64_intdigest
    names = refs.gather(rows).to_list()
    keys[rows] = np.fromiter(
        (digest(resolve(ref, at).encode()) for ref, at in zip(names, seq[rows].tolist(), strict=True)),
        np.uint64,
        len(rows),
    )
