"""Deriving ties: events in, the view as of a moment out, whole or by adding what is new."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from guanxi.core import DataError
from guanxi.events import CUSTOM, REF, ROLE, EventBatch, id_pair
from guanxi.parties import MASKED
from guanxi.relations.parts import Part, event_part, fold
from guanxi.relations.rules import PLATFORM, TieRule, shipped_rules
from guanxi.relations.stated import RELATION_STATED, in_force, read_stated
from guanxi.relations.ties import STATED, Ties, index_ties

DAY_MS: Final = 86_400_000
EVIDENCE_KEPT: Final = 3
_NEEDED: Final = ("at_ms", "seq", "id_hi", "id_lo")


def derive(
    batches: Iterable[EventBatch],
    rules: Iterable[TieRule] | None = None,
    *,
    until_ms: int,
    known: int | None = None,
    keep: int = EVIDENCE_KEPT,
) -> Ties:
    """Return the ties that events show as of a moment.

    batches   stored events (columns `seq`, `id_hi`, `id_lo`, `at_ms`), any kinds, any order; an event that another
              one here replaces is left out
    rules     None = the shipped ones
    until_ms  events at or after it are not evidence; weights are faded to it
    known     the last `seq` that is believed; None = the newest in the batches
    keep      evidence events kept per tie
    returns   ties by references as written: `resolved` joins those of one party
    raises    DataError when a batch was not read from the log
    """
    rows = tuple(shipped_rules() if rules is None else rules)
    held = [batch for batch in batches if len(batch)]
    believed = _newest_seq(held) if known is None else known
    visible = (pl.col("at_ms") < until_ms) & (pl.col("seq") <= believed)
    fresh, _ = _select(held, visible, believed)
    stated = read_stated([batch.frame for batch in fresh if batch.kind == RELATION_STATED])
    return _view([], fresh, stated, rules=rows, until_ms=until_ms, known=believed, keep=keep)


def extend(ties: Ties, batches: Iterable[EventBatch], *, until_ms: int, known: int | None = None) -> Ties:
    """Return the ties as of a later moment: the same as deriving them anew from all events.

    batches   at least every event that the new moment sees and the old one did not; others are passed over
    until_ms  not before that of `ties`
    known     not before that of `ties`; None = the newest known to `ties` or in the batches
    raises    DataError when the moment lies before that of `ties`, when `ties` were joined by `resolved`, or when
              an event replaces one that may have been added: it cannot be taken out, so derive again
    """
    if ties.whole:
        raise DataError("these ties are of whole parties", "Extend the ties by references, then join them again")
    held = [batch for batch in batches if len(batch)]
    believed = max(ties.known, _newest_seq(held)) if known is None else known
    if until_ms < ties.until_ms or believed < ties.known:
        raise DataError("the moment asked for lies before that of the ties", "Derive them again from the log")
    at, seq = pl.col("at_ms"), pl.col("seq")
    new = (at < until_ms) & (seq <= believed) & ~((at < ties.until_ms) & (seq <= ties.known))
    fresh, missing = _select(held, new, believed, since=ties.known)
    if missing:
        raise DataError(f"{missing} events replace earlier ones", "Derive the ties again from the log")
    stated = pl.concat(
        [ties.stated, read_stated([batch.frame for batch in fresh if batch.kind == RELATION_STATED])]
    ).sort("at", "seq")
    return _view([ties], fresh, stated, rules=ties.rules, until_ms=until_ms, known=believed, keep=ties.keep)


def resolved(ties: Ties, names: Mapping[str, str]) -> Ties:
    """Return the ties between whole parties: every reference renamed, the ties of one pair added up.

    names   reference -> canonical reference, as `Resolution.mapping(known)` gives it; a tie of a party
            with itself falls away
    """
    stated = ties.stated.with_columns(pl.col("source", "target").replace(dict(names)))
    stated = stated.filter(pl.col("source") != pl.col("target"))
    return _view(
        [ties], [], stated, rules=ties.rules, until_ms=ties.until_ms, known=ties.known, keep=ties.keep, names=names
    )


def _view(
    olds: list[Ties],
    fresh: list[EventBatch],
    stated: pl.DataFrame,
    *,
    rules: tuple[TieRule, ...],
    until_ms: int,
    known: int,
    keep: int,
    names: Mapping[str, str] | None = None,
) -> Ties:
    """Fold what was derived before, what is new and what is stated into one view."""
    valid = in_force(stated, until_ms)
    renamed = [old.parties.replace(dict(names)) if names else old.parties for old in olds]
    found = [(code, _ends(batch.frame, rule)) for batch in fresh for code, rule in _readers(batch, rules)]
    texts = [column for _, frame in found for column in (frame["source"], frame["target"])]
    texts += [valid["source"], valid["target"], *renamed]
    parties = pl.concat([text.unique() for text in texts]).unique().sort().rename("party")
    codes = pl.Enum(parties)
    kinds = [*(rule.id for rule in rules), *(STATED + name for name in stated["kind"].unique().sort())]
    parts = [
        _recoded(old, series.cast(codes).to_physical().to_numpy(), until_ms)
        for old, series in zip(olds, renamed, strict=True)
    ]
    parts += [fold([_event_rows(frame, codes, code, rules[code], until_ms)], keep) for code, frame in found]
    place = {name: code for code, name in enumerate(kinds)}
    parts.append(_stated_rows(valid, codes, place))
    part = fold(parts, keep)
    return index_ties(
        part,
        parties,
        rules=rules,
        kinds=tuple(kinds),
        until_ms=until_ms,
        known=known,
        keep=keep,
        stated=stated,
        whole=names is not None,
    )


def _newest_seq(batches: list[EventBatch]) -> int:
    newest = 0
    for batch in batches:
        missing = [name for name in _NEEDED if name not in batch.frame.columns]
        if missing:
            raise DataError(
                f"the batch of {batch.kind!r} has no column {missing[0]!r}", "Read events from the log or the lake"
            )
        newest = max(newest, int(batch.frame["seq"].max() or 0))  # type: ignore[arg-type]  # the column is Int64
    return newest


def _select(batches: list[EventBatch], chosen: pl.Expr, known: int, *, since: int = 0) -> tuple[list[EventBatch], int]:
    """Return the chosen events without replaced ones, and how many were replaced after `since` but not given here."""
    gone = pl.concat([_replaced(batch.frame, known) for batch in batches] or [_replaced(pl.DataFrame(), known)])
    absent = gone.filter(pl.col("by_seq") > since)
    kept: list[EventBatch] = []
    for batch in batches:
        frame = batch.frame.filter(chosen)
        if gone.height and frame.height:
            absent = absent.join(frame, on=["id_hi", "id_lo"], how="anti")
            frame = frame.join(gone, on=["id_hi", "id_lo"], how="anti", maintain_order="left")
        if frame.height:
            kept.append(EventBatch(batch.kind, frame))
    return kept, absent.height


def _replaced(frame: pl.DataFrame, known: int) -> pl.DataFrame:
    """Return the ids that events of a frame replace, as id_hi and id_lo, and the `seq` of the event that does."""
    column = REF + "supersedes"
    rows: list[tuple[int, int, int]] = []
    if column in frame.columns:
        believed = frame.filter(pl.col(column).cast(pl.String).str.contains("^[0-9a-f]{32}$"), pl.col("seq") <= known)
        rows = [(*id_pair(text), seq) for text, seq in believed.select(column, "seq").iter_rows()]
    return pl.DataFrame(rows, {"id_hi": pl.UInt64, "id_lo": pl.UInt64, "by_seq": pl.Int64}, orient="row")


def _readers(batch: EventBatch, rules: tuple[TieRule, ...]) -> list[tuple[int, TieRule]]:
    columns = set(batch.frame.columns)
    names = set(batch.frame["kind"].unique()) if batch.kind == CUSTOM and "kind" in columns else {batch.kind}
    return [
        (code, rule)
        for code, rule in enumerate(rules)
        if not names.isdisjoint(rule.kinds) and {_column(rule.source), _column(rule.target)} <= columns
    ]


def _column(role: str) -> str:
    return PLATFORM if role == PLATFORM else ROLE + role


def _ends(frame: pl.DataFrame, rule: TieRule) -> pl.DataFrame:
    """Return the evidence of one rule: source, target and the needed columns; masked and self ties left out."""

    def end(role: str, name: str) -> pl.Expr:
        column = pl.col(_column(role)).cast(pl.String)
        return (pl.concat_str(pl.lit("platform::"), column) if role == PLATFORM else column).alias(name)

    if "kind" in frame.columns:
        frame = frame.filter(pl.col("kind").is_in(list(rule.kinds)))
    found = frame.select(end(rule.source, "source"), end(rule.target, "target"), *_NEEDED)
    masked = pl.col("source", "target").str.contains(f"^[^:]*:[^:]*{MASKED}:")
    empty = pl.col("source", "target").is_in(["", "platform::"])
    return found.drop_nulls(["source", "target"]).filter(
        pl.col("source") != pl.col("target"), ~pl.any_horizontal(masked), ~pl.any_horizontal(empty)
    )


def _event_rows(frame: pl.DataFrame, codes: pl.Enum, kind: int, rule: TieRule, until_ms: int) -> Part:
    at = frame["at_ms"].to_numpy()
    age = (until_ms - at) / DAY_MS
    return event_part(
        _codes(frame["source"], codes), _codes(frame["target"], codes), kind,
        weight=rule.sign * rule.weight * np.exp2(-age / rule.half_life_days), doubt=1.0 - rule.confidence,
        at=at, seq=frame["seq"].to_numpy(), high=frame["id_hi"].to_numpy(), low=frame["id_lo"].to_numpy(),
    )  # fmt: skip


def _stated_rows(valid: pl.DataFrame, codes: pl.Enum, place: Mapping[str, int]) -> Part:
    kinds = np.array([place[STATED + name] for name in valid["kind"]], np.int32)
    return event_part(
        _codes(valid["source"], codes), _codes(valid["target"], codes), kinds,
        weight=valid["weight"].to_numpy(), doubt=1.0 - valid["confidence"].to_numpy(), at=valid["at"].to_numpy(),
        seq=valid["seq"].to_numpy(), high=valid["high"].to_numpy(), low=valid["low"].to_numpy(),
    )  # fmt: skip


def _codes(texts: pl.Series, codes: pl.Enum) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return texts.cast(codes).to_physical().to_numpy().astype(np.int32)


def _recoded(old: Ties, codes: np.ndarray[tuple[int], np.dtype[np.uint32]], until_ms: int) -> Part:
    """Return the derived ties of an earlier view, faded to `until_ms`, in the codes of the new dictionary."""
    part = old.part
    source, target = codes.astype(np.int32)[part.source], codes.astype(np.int32)[part.target]
    stay = (part.kind < len(old.rules)) & (source != target)  # what is stated is judged afresh
    life = np.array([rule.half_life_days for rule in old.rules] or [np.inf])
    age = (until_ms - old.until_ms) / DAY_MS
    fresh = np.cumsum(stay) - 1
    told = stay[part.tie]
    return replace(
        part, source=source[stay], target=target[stay], kind=part.kind[stay],
        weight=part.weight[stay] * np.exp2(-age / life[part.kind[stay]]), count=part.count[stay],
        first=part.first[stay], last=part.last[stay], doubt=part.doubt[stay], tie=fresh[part.tie[told]],
        at=part.at[told], seq=part.seq[told], high=part.high[told], low=part.low[told],
    )  # fmt: skip
