"""Many asks and many decisions as columns: the same laws, a million rows at a time."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Generic, Self, TypeVar, get_args

import msgspec
import polars as pl

from guanxi.core import DataError, Estimate, Money, Reason
from guanxi.decisions.checks import ask_checks, decision_checks, first_broken
from guanxi.decisions.laws import NAME, Pairs, Scalar
from guanxi.decisions.values import ASKED, NOTHING, TOLD, Ask, Candidate, Decision, Mode, decision_id

R = TypeVar("R", Ask, Decision)

CONTEXT, PARAM = "c_", "p_"  # prefixes of typed columns
_ITEM: Final = pl.when(pl.element().is_null()).then(None).otherwise(pl.lit("item"))


class _Table(Generic[R]):
    """An immutable frame whose rows are all lawful."""

    COLUMNS: ClassVar[Mapping[str, pl.DataType]]
    PREFIX: ClassVar[str]
    NOUN: ClassVar[str]
    DEFAULTS: ClassVar[Mapping[str, pl.Expr]]

    __slots__ = ("_frame",)

    def __init__(self, frame: pl.DataFrame | None = None) -> None:
        """Check a frame: absent columns with a default get it; empty columns of the prefix are dropped.

        raises  DataError when a column is missing, not of its type or unknown, or a row breaks a law
        """
        if frame is None:  # nothing to check; an import that runs polars leaves forked processes without its threads
            self._frame = pl.DataFrame(schema=dict(self.COLUMNS))
            return
        whole = self._complete(frame)
        self._check(whole)
        self._frame = whole

    @classmethod
    def from_rows(cls, rows: Iterable[R]) -> Self:
        """Return single values as columns; a name means one type throughout.

        raises  DataError when a name has values of two types
        """
        raise NotImplementedError

    @property
    def frame(self) -> pl.DataFrame:
        """The columns; polars frames are immutable but for in-place methods, which nobody calls."""
        return self._frame

    def __len__(self) -> int:
        return self._frame.height

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._frame.equals(other._frame)

    __hash__ = None  # type: ignore[assignment]  # as large as it is, nobody hashes it

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"

    def __add__(self, other: Self) -> Self:
        return self.concat([self, other])

    @classmethod
    def concat(cls, tables: Iterable[Self]) -> Self:
        """Return the rows of all tables, in order.

        raises  DataError when a name has values of two types
        """
        frames = [one.frame for one in tables if len(one)]
        if not frames:
            return cls()
        try:
            return cls(pl.concat(frames, how="diagonal"))
        except (pl.exceptions.SchemaError, pl.exceptions.ShapeError) as error:
            raise DataError(f"{cls.NOUN} with a name of two types do not join", "Use one type per name") from error

    def select(self, kind: str) -> Self:
        """Return the rows of one kind."""
        return self._some(self._frame.filter(pl.col("kind") == kind))

    @classmethod
    def _some(cls, frame: pl.DataFrame) -> Self:
        """Rows of a table that was checked already."""
        made = cls.__new__(cls)
        made._frame = frame.drop([c for c in frame.columns if c.startswith(cls.PREFIX) and _empty(frame[c])])
        return made

    def _complete(self, frame: pl.DataFrame) -> pl.DataFrame:
        extra = sorted(c for c in frame.columns if c.startswith(self.PREFIX) and not _empty(frame[c]))
        strange = [c for c in frame.columns if c not in self.COLUMNS and not c.startswith(self.PREFIX)]
        if strange:
            raise DataError(f"{self.NOUN} have no column {strange[0]!r:.60}", f"Use {', '.join(self.COLUMNS)}")
        missing = [c for c in self.COLUMNS if c not in frame.columns and c not in self.DEFAULTS]
        if missing:
            raise DataError(f"{self.NOUN} need the column {missing[0]!r}", "Fill it")
        frame = frame.with_columns(
            self.DEFAULTS[c].cast(dtype).alias(c) for c, dtype in self.COLUMNS.items() if c not in frame.columns
        )
        wrong = [c for c, dtype in self.COLUMNS.items() if not _fits(frame[c], dtype)]
        wrong += [c for c in extra if not _NAMED.match(c[2:]) or frame.schema[c] not in _SCALARS]
        if wrong:
            held = frame.schema[wrong[0]]
            raise DataError(
                f"the column {wrong[0]!r:.80} of {self.NOUN} holds {held}",
                f"Use {self.COLUMNS.get(wrong[0], 'String, Int64, Float64 or Boolean and a lower-case name')}",
            )
        return frame.select(*(pl.col(c).cast(dtype) for c, dtype in self.COLUMNS.items()), *extra)

    def _check(self, frame: pl.DataFrame) -> None:
        raise NotImplementedError


class Asks(_Table[Ask]):
    """Asks as columns.

    id at_ms kind party size   as in `Ask`
    candidates                 their ids; candidate_kinds: one kind for each
    details                    JSON of the candidates' params, values and costs; null when none has any
    c_<name>                   context, String, Int64, Float64 or Boolean; null: not stated
    """

    COLUMNS: ClassVar[Mapping[str, pl.DataType]] = {
        "id": pl.String(), "at_ms": pl.Int64(), "kind": pl.String(), "party": pl.String(),
        "candidates": pl.List(pl.String()), "candidate_kinds": pl.List(pl.String()), "size": pl.Int64(),
        "details": pl.String(),
    }  # fmt: skip
    PREFIX, NOUN = CONTEXT, "asks"
    DEFAULTS: ClassVar[Mapping[str, pl.Expr]] = {
        "size": pl.lit(1), "details": pl.lit(None),
        "candidate_kinds": pl.col("candidates").list.eval(_ITEM),
    }  # fmt: skip

    __slots__ = ()

    @classmethod
    def from_rows(cls, rows: Iterable[Ask]) -> Self:
        """Return asks as columns; raises DataError when a name of the context has values of two types."""
        held = list(rows)
        data: dict[str, Any] = {c: [getattr(ask, c) for ask in held] for c in ("id", "at_ms", "kind", "party", "size")}
        data["candidates"] = [[one.id for one in ask.candidates] for ask in held]
        data["candidate_kinds"] = [[one.kind for one in ask.candidates] for ask in held]
        data["details"] = [_details(ask.candidates) for ask in held]
        frame = pl.DataFrame({c: pl.Series(c, values, cls.COLUMNS[c]) for c, values in data.items()})
        return cls(frame.with_columns(_pair_columns([ask.context for ask in held], CONTEXT)))

    def rows(self) -> Iterator[Ask]:
        """Iterate over the asks as single values."""
        for row in self._frame.iter_rows(named=True):
            details = _CANDIDATES.decode(row["details"]) if row["details"] else [_Detail()] * len(row["candidates"])
            yield Ask(
                id=row["id"], at_ms=row["at_ms"], kind=row["kind"], party=row["party"], size=row["size"],
                context=_pairs(row, CONTEXT),
                candidates=tuple(
                    Candidate(id=one, kind=kind, params=tuple((n, v) for n, v in more.params), value=more.value,
                              cost=more.cost)
                    for one, kind, more in zip(row["candidates"], row["candidate_kinds"], details, strict=True)
                ),
            )  # fmt: skip

    def _check(self, frame: pl.DataFrame) -> None:
        first_broken(frame, self.NOUN, ask_checks(frame, ASKED))
        for row in frame.filter(pl.col("details").is_not_null()).iter_rows(named=True):
            _check_details(row["details"], row["candidates"], row["candidate_kinds"])


class Decisions(_Table[Decision]):
    """Decisions as columns.

    id ask at_ms kind party chosen alternatives propensity policy mode size until_ms   as in `Decision`
    reasons                                                                            JSON; null when none
    p_<name>                                   params, String, Int64, Float64 or Boolean; null: not stated
    """

    COLUMNS: ClassVar[Mapping[str, pl.DataType]] = {
        "id": pl.String(), "ask": pl.String(), "at_ms": pl.Int64(), "kind": pl.String(), "party": pl.String(),
        "chosen": pl.List(pl.String()), "alternatives": pl.List(pl.String()), "propensity": pl.Float64(),
        "policy": pl.String(), "mode": pl.String(), "size": pl.Int64(), "reasons": pl.String(), "until_ms": pl.Int64(),
    }  # fmt: skip
    PREFIX, NOUN = PARAM, "decisions"
    DEFAULTS: ClassVar[Mapping[str, pl.Expr]] = {
        "ask": pl.lit(""), "mode": pl.lit("auto"), "size": pl.lit(1), "reasons": pl.lit(None), "until_ms": pl.lit(None),
    }  # fmt: skip

    __slots__ = ()

    @classmethod
    def from_rows(cls, rows: Iterable[Decision]) -> Self:
        """Return decisions as columns; raises DataError when a name of the params has values of two types."""
        held = list(rows)
        plain = [c for c in cls.COLUMNS if c != "reasons"]
        data: dict[str, Any] = {c: [getattr(one, c) for one in held] for c in plain}
        data["reasons"] = [msgspec.json.encode(one.reasons).decode() if one.reasons else None for one in held]
        frame = pl.DataFrame({c: pl.Series(c, data[c], dtype) for c, dtype in cls.COLUMNS.items()})
        return cls(frame.with_columns(_pair_columns([one.params for one in held], PARAM)))

    @classmethod
    def made(cls, frame: pl.DataFrame) -> Self:
        """Return decisions whose ids follow from what was decided, as in `Decision.made`; `frame` has no id."""
        if "ask" not in frame.columns:
            frame = frame.with_columns(pl.lit("").alias("ask"))
        columns = (frame[c].to_list() for c in ("policy", "ask", "party", "kind", "at_ms", "chosen"))
        ids = [
            decision_id(policy, ask or party, kind, at, tuple(chosen))
            for policy, ask, party, kind, at, chosen in zip(*columns, strict=True)
        ]
        return cls(frame.with_columns(pl.Series("id", ids, pl.String())))

    def rows(self) -> Iterator[Decision]:
        """Iterate over the decisions as single values."""
        for row in self._frame.iter_rows(named=True):
            fields = {c: row[c] for c in self.COLUMNS}
            fields["chosen"], fields["alternatives"] = tuple(row["chosen"]), tuple(row["alternatives"])
            fields["reasons"] = _REASONS.decode(row["reasons"]) if row["reasons"] else ()
            yield Decision(**fields, params=_pairs(row, PARAM))

    def in_force(self, start_ms: int, end_ms: int) -> Self:
        """Return the decisions that touch the world at some instant of [start_ms, end_ms): mode `auto`, not ended.

        A proposal that a person accepts is a decision of its own, in mode `auto`.
        """
        ends = pl.col("until_ms").is_null() | (pl.col("until_ms") > start_ms)
        return self._some(self._frame.filter((pl.col("mode") == "auto") & (pl.col("at_ms") < end_ms) & ends))

    def acting(self) -> Self:
        """Return the decisions that chose anything but NOTHING."""
        return self._some(self._frame.filter(pl.col("chosen").list.set_difference([NOTHING]).list.len() > 0))

    def _check(self, frame: pl.DataFrame) -> None:
        first_broken(frame, self.NOUN, decision_checks(frame, (*ASKED, *TOLD), get_args(Mode)))
        for text in frame["reasons"].drop_nulls():
            try:
                _REASONS.decode(text)
            except (msgspec.DecodeError, DataError) as error:
                raise DataError("the reasons of a decision are not readable", "Write a JSON list of reasons") from error


#: No decision at all.
NONE: Final = Decisions()


def check_answers(asks: Asks, answers: Decisions) -> None:
    """Refuse answers that were not asked for, come twice, or choose what was not offered.

    raises  DataError; an ask may stay without an answer
    """
    if not len(answers):
        return
    joined = answers.frame.join(asks.frame, left_on="ask", right_on="id", how="left", suffix="_asked")
    if joined["kind_asked"].null_count():
        raise DataError("a decision answers no ask of this batch", "Copy the ask's id into the decision")
    if answers.frame["ask"].n_unique() < len(answers):
        raise DataError("an ask is answered twice", "Give one decision for each ask")
    offered = pl.col("alternatives").list.set_difference("candidates").list.len() == 0
    same = (pl.col("kind") == pl.col("kind_asked")) & (pl.col("party") == pl.col("party_asked"))
    bad = joined.filter(~(offered & same & (pl.col("chosen").list.len() <= pl.col("size_asked"))))
    if bad.height:
        raise DataError(
            f"{bad.height} decisions do not fit their ask", "Keep its kind, party, candidates and size; choose of them"
        )


class _Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    params: tuple[tuple[str, Scalar], ...] = ()
    value: Estimate | None = None
    cost: Money | None = None


_CANDIDATES: Final = msgspec.json.Decoder(list[_Detail])
_REASONS: Final = msgspec.json.Decoder(tuple[Reason, ...])
_SCALARS: Final = (pl.String(), pl.Int64(), pl.Float64(), pl.Boolean())
_NAMED: Final = re.compile(NAME + r"\Z")


def _details(candidates: tuple[Candidate, ...]) -> str | None:
    held = [_Detail(one.params, one.value, one.cost) for one in candidates]
    return None if all(one == _Detail() for one in held) else msgspec.json.encode(held).decode()


def _check_details(text: str, ids: list[str], kinds: list[str]) -> None:
    try:
        details = _CANDIDATES.decode(text)
        if len(details) != len(ids) or all(one == _Detail() for one in details):
            raise DataError("the details do not fit the candidates", "Give one for each, or leave them out")
        for one, kind, more in zip(ids, kinds, details, strict=True):
            Candidate(id=one, kind=kind, params=more.params)
    except (msgspec.DecodeError, DataError) as error:
        raise DataError(
            "the details of an ask are not readable", "Write a JSON list, one for each candidate"
        ) from error


def _pairs(row: Mapping[str, Any], prefix: str) -> Pairs:
    """The stated values of a row's prefixed columns; these stand in the order of their names."""
    return tuple((c[2:], v) for c, v in row.items() if v is not None and c.startswith(prefix))


def _pair_columns(rows: list[Pairs], prefix: str) -> list[pl.Series]:
    names = sorted({name for pairs in rows for name, _ in pairs})
    found = [dict(pairs) for pairs in rows]
    columns = []
    for name in names:
        values = [pairs.get(name) for pairs in found]
        types = {type(value) for value in values if value is not None}
        if len(types) > 1:
            raise DataError(
                f"{name} has values of two types: {', '.join(sorted(t.__name__ for t in types))}", "Use one"
            )
        columns.append(pl.Series(prefix + name, values, _DTYPES[types.pop()]))
    return columns


_DTYPES: Final[dict[type, pl.DataType]] = {str: pl.String(), int: pl.Int64(), float: pl.Float64(), bool: pl.Boolean()}


def _empty(column: pl.Series) -> bool:
    return column.null_count() == len(column)


def _fits(column: pl.Series, dtype: pl.DataType) -> bool:
    """Whether a column holds its type, or nothing, or narrower whole numbers."""
    if column.dtype == dtype or column.dtype == pl.Null:
        return True
    return dtype == pl.Int64() and column.dtype.is_integer() and column.dtype != pl.UInt64()
