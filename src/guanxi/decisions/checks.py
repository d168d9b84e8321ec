"""The laws of asks and decisions over columns: what `laws` says of one value, said of all rows at once."""

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from guanxi.core import DataError
from guanxi.decisions.laws import EARLIEST_MS, LATEST_MS
from guanxi.decisions.values import CHANNELS, COUPON, NOTHING
from guanxi.events import MAX_ID, MAX_TEXT

Check = tuple[pl.Expr, str, str, str]  # a row is bad; field, what, mend

PARTY: Final = r"\A[a-z][a-z0-9_]{0,62}:[^:\s\x00-\x1f\x7f]{0,128}:[^\x00-\x1f\x7f]{1,512}\z"  # as `PartyRef`


def first_broken(frame: pl.DataFrame, noun: str, checks: Iterator[Check]) -> None:
    """Raise the DataError of the first law that a row breaks; nothing when all is well."""
    if not frame.height:
        return
    held = list(checks)
    counts = frame.select(bad.fill_null(True).sum().alias(str(place)) for place, (bad, *_) in enumerate(held)).row(0)
    for count, (_, field, what, mend) in zip(counts, held, strict=True):
        if count:
            raise DataError(f"in {count} of {frame.height} {noun} {what}", mend, field)


def ask_checks(frame: pl.DataFrame, kinds: Sequence[str]) -> Iterator[Check]:
    """Yield the laws of asks."""
    yield _id("id")
    yield _time("at_ms")
    yield _one_of("kind", kinds)
    yield _party()
    yield from _ids("candidates", least=1)
    yield _texts("candidate_kinds")
    same = pl.col("candidates").list.len() != pl.col("candidate_kinds").list.len()
    yield same, "candidate_kinds", "there is not one kind for each candidate", "Give one for each"
    yield pl.col("size") < 1, "size", "the size is below 1", "Let at least 1 be chosen"
    yield from _scalars(frame, "c_")


def decision_checks(frame: pl.DataFrame, kinds: Sequence[str], modes: Sequence[str]) -> Iterator[Check]:
    """Yield the laws of decisions."""
    yield _id("id")
    yield _id("ask", least=0)
    yield _id("policy")
    yield _time("at_ms")
    yield _one_of("kind", kinds)
    yield _one_of("mode", modes)
    yield _party()
    yield from _ids("chosen", least=0)
    yield from _ids("alternatives", least=1)
    beyond = pl.col("chosen").list.set_difference("alternatives").list.len() > 0
    yield beyond, "chosen", "something was chosen that was not possible", "List it among the alternatives"
    yield pl.col("size") < 1, "size", "the size is below 1", "Let at least 1 be chosen"
    yield pl.col("chosen").list.len() > pl.col("size"), "chosen", "more are chosen than may be", "Choose fewer"
    likely = pl.col("propensity").is_between(0, 1, closed="right") & pl.col("propensity").is_not_nan()
    yield ~likely, "propensity", "the propensity lies outside 0..1", "Log how likely the choice was: 0 < p <= 1"
    ends = pl.col("until_ms")
    late = ends.is_not_null() & ((ends <= pl.col("at_ms")) | (ends >= LATEST_MS))
    yield late, "until_ms", "it ends before it begins, or after 2099", "End it after at_ms, or leave until_ms out"
    yield from _scalars(frame, "p_")
    yield from _params(frame)


def _params(frame: pl.DataFrame) -> Iterator[Check]:
    acts = pl.col("chosen").list.set_difference([NOTHING]).list.len() > 0
    message = acts & (pl.col("kind") == "message")
    wrong = ~_param(frame, "channel", pl.String()).is_in(list(CHANNELS)).fill_null(False)
    yield message & wrong, "channel", "the channel of a message is not known", f"Use one of {', '.join(CHANNELS)}"
    for name in ("content", "purpose"):
        fits = _param(frame, name, pl.String()).str.len_chars().is_between(1, MAX_ID).fill_null(False)
        yield message & ~fits, name, f"the {name} of a message is missing", f"Use 1 to {MAX_ID} characters"
    coupon = acts & (pl.col("kind") == "coupon")
    for name, least in COUPON.items():
        fits = (_param(frame, name, pl.Int64()) >= least).fill_null(False)
        yield coupon & ~fits, name, f"the {name} of a coupon is unfit", f"Give a whole number of {least} or more"


def _param(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    """A param's column; nothing when it is absent or of another type."""
    column = f"p_{name}"
    return pl.col(column) if frame.schema.get(column) == dtype else pl.lit(None, dtype)


def _id(name: str, *, least: int = 1) -> Check:
    bad = ~pl.col(name).str.len_chars().is_between(least, MAX_ID)
    return bad, name, f"the {name} is missing or too long", f"Use {least} to {MAX_ID} characters"


def _texts(name: str) -> Check:
    lengths = pl.element().str.len_chars()
    bad = pl.col(name).list.eval(~lengths.is_between(1, MAX_ID).fill_null(False)).list.any().fill_null(True)
    return bad, name, f"one of the {name} is empty or too long", f"Use 1 to {MAX_ID} characters"


def _ids(name: str, *, least: int) -> Iterator[Check]:
    yield _texts(name)
    twice = pl.col(name).list.n_unique() < pl.col(name).list.len()
    yield twice, name, f"one of the {name} stands twice", "List each once"
    if least:
        yield pl.col(name).list.len() < least, name, "there is nothing to choose from", f"Offer at least {NOTHING!r}"


def _time(name: str) -> Check:
    bad = ~pl.col(name).is_between(EARLIEST_MS, LATEST_MS - 1)
    return bad, name, f"{name} lies before 1990 or after 2099", "Give milliseconds since 1970"


def _one_of(name: str, allowed: Sequence[str]) -> Check:
    return ~pl.col(name).is_in(list(allowed)), name, f"the {name} is not known", f"Use one of {', '.join(allowed)}"


def _party() -> Check:
    bad = ~pl.col("party").str.contains(PARTY)
    return bad, "party", 'a party is not written "type:scope:key"', "Write account:taobao:AAE1x or ip::192.0.2.1"


def _scalars(frame: pl.DataFrame, prefix: str) -> Iterator[Check]:
    for name, dtype in frame.schema.items():
        if name.startswith(prefix) and dtype == pl.String():
            long = (pl.col(name).str.len_chars() > MAX_TEXT).fill_null(False)
            yield long, name[2:], f"{name[2:]} is longer than {MAX_TEXT} characters", "Shorten it"
        elif name.startswith(prefix) and dtype == pl.Float64():
            odd = (~pl.col(name).is_finite()).fill_null(False)
            yield odd, name[2:], f"{name[2:]} is not finite", "Leave it out when unknown"
