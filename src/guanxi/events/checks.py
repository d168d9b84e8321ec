"""Checks of many events at once: the columnar twin of intake, saying the same of the same values."""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from guanxi.core import MINOR_DIGITS
from guanxi.events.columns import (
    EARLIEST_MS,
    END_MS,
    MAX_AMOUNT,
    MAX_ID,
    MAX_JSON,
    MAX_TEXT,
    PROPERTY,
    REF,
    ROLE,
)
from guanxi.events.event import CONSENT_BITS
from guanxi.events.kinds import Kind, Property

PARTY_REF: Final = r"\A[^:]+:[^:]*:(?s:.)"  # type:scope:key, see `party_ref`; the scope alone may be empty

Check = tuple[pl.Expr, str, str, str, str]  # a row is bad, field, reason, what, mend


def problems(kind: Kind | None, frame: pl.DataFrame, *, latest_ms: int) -> pl.DataFrame:
    """Return what keeps rows of a frame from being events; empty when all is well.

    frame      before personal values are sealed
    latest_ms  an `at_ms` above it is in the future
    returns    columns index (u32, row of the frame), field, reason, what, mend; the first problem of each row
    """
    frame = frame.select(name for name, dtype in frame.schema.items() if dtype != pl.Null)
    checks = [
        *_time_checks(frame, latest_ms),
        *_money_checks(frame),
        *_required_checks(kind, frame),
        *_text_checks(kind, frame),
        *_property_checks(kind, frame),
    ]
    first = pl.coalesce(pl.when(bad.fill_null(False)).then(pl.lit(place)) for place, (bad, *_) in enumerate(checks))
    found = (
        frame.select(first.cast(pl.UInt32).alias("check")).with_row_index("index").filter(pl.col("check").is_not_null())
    )
    texts = ("field", "reason", "what", "mend")
    rows = pl.DataFrame(
        {"check": range(len(checks))} | {text: [row[place + 1] for row in checks] for place, text in enumerate(texts)},
        schema_overrides={"check": pl.UInt32},
    )
    return found.join(rows, on="check", how="left", maintain_order="left").select("index", *texts)


def _time_checks(frame: pl.DataFrame, latest_ms: int) -> Iterator[Check]:
    at = pl.col("at_ms") if "at_ms" in frame.columns else pl.lit(None, pl.Int64)
    yield at.is_null(), "at", "time", "the time is missing", "Fill the time column"
    yield at < EARLIEST_MS, "at", "time", "the time lies before 1990", "Check the date and its unit (s or ms)"
    yield at > latest_ms, "at", "time", "the time lies in the future", "Check the date, its zone and its unit"


def _money_checks(frame: pl.DataFrame) -> Iterator[Check]:
    names = set(frame.columns)
    if "amount" in names:
        absurd = ~pl.col("amount").is_between(-MAX_AMOUNT, MAX_AMOUNT)
        what = f"the amount is above {MAX_AMOUNT} minor units"
        yield absurd, "amount", "amount", what, "Check the unit: yuan or fen"
    if "currency" in names:
        unknown = ~pl.col("currency").is_in(list(MINOR_DIGITS))
        yield unknown, "currency", "amount", "the currency is not known", f"Use one of {', '.join(MINOR_DIGITS)}"
    if "consent" in names:
        strange = ~pl.col("consent").is_between(0, 2 ** len(CONSENT_BITS) - 1)
        yield strange, "consent", "range", "the consent is not understood", f"Use {', '.join(CONSENT_BITS)}"


def _required_checks(kind: Kind | None, frame: pl.DataFrame) -> Iterator[Check]:
    if kind is None:
        return
    names = set(frame.columns)
    mend = "Fill the column it is read from"
    for role in kind.required_roles:
        bad = pl.col(ROLE + role).is_null() if ROLE + role in names else pl.lit(True)
        yield bad, role, "role-missing", f"the role {role!r} is required", mend
    for ref in kind.required_refs:
        bad = pl.col(REF + ref).is_null() if REF + ref in names else pl.lit(True)
        yield bad, ref, "id-missing", f"the reference {ref!r} is required", mend


def _text_checks(kind: Kind | None, frame: pl.DataFrame) -> Iterator[Check]:
    declared: Mapping[str, Property] = kind.properties if kind is not None else {}
    for name, dtype in frame.schema.items():
        if dtype != pl.String or not name.startswith((ROLE, REF, PROPERTY)):
            continue
        limit, field = MAX_ID, name.split("_", 1)[1]
        if name.startswith(PROPERTY):
            row = declared.get(field)
            limit = {"json": MAX_JSON, "id": MAX_ID}.get(row.type if row is not None else "", MAX_TEXT)
        yield (
            pl.col(name).str.len_chars() > limit, field, "text-too-long",
            f"the text is longer than {limit} characters", "Shorten it or drop the column",
        )  # fmt: skip
        if name.startswith(ROLE):
            bad = ~pl.col(name).str.contains(PARTY_REF)
            what = f"the role {field!r} holds no party reference"
            yield bad, field, "type", what, "Write it as type:scope:key, e.g. account:taobao:AAE1x"


def _property_checks(kind: Kind | None, frame: pl.DataFrame) -> Iterator[Check]:
    declared: Mapping[str, Property] = kind.properties if kind is not None else {}
    for name, dtype in frame.schema.items():
        if not name.startswith(PROPERTY):
            continue
        column, field = pl.col(name), name.removeprefix(PROPERTY)
        row = declared.get(field)
        if row is not None and row.type == "rate":
            yield ~column.is_between(0, 1) | column.is_nan(), field, "range", "a rate lies outside 0..1", "5 % is 0.05"
        elif row is not None and row.type == "money":
            absurd = ~column.is_between(-MAX_AMOUNT, MAX_AMOUNT)
            yield absurd, field, "amount", "the amount is absurd", "Check the unit: yuan or fen"
        elif row is not None and row.type == "time":
            bad = ~column.is_between(EARLIEST_MS, END_MS - 1)
            yield bad, field, "time", "the time lies before 1990 or after 2099", "Check the date and its unit (s or ms)"
        elif dtype.is_float():
            yield ~column.is_finite(), field, "range", "the number is not finite", "Leave it empty when unknown"
