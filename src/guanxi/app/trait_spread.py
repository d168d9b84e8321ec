"""How a trait is spread over all parties of its type, now and a month before, and how far it drifted."""

import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import polars as pl

from guanxi.app.trait_replay import Replay, begin, feed, new_state
from guanxi.app.trait_shape import NAMED, Drift, TraitBar, bars, chance, drift_of
from guanxi.app.traits import SEEN_MS, series
from guanxi.app.workspace import Workspace
from guanxi.core import DAY_MS, DataError
from guanxi.traits import Batch, Trait

MONTH_MS: Final = 30 * DAY_MS
QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BINS: Final = 10
FRESH_MS: Final = 60_000  # how long an answer of now stands; QUIET_MS: while nothing new was learnt
QUIET_MS: Final = 600_000
_LEAST: Final = 1e-4  # share below which a bin counts as this much, so that one empty bin is not an infinite drift
_HELD: Final = 256
_NOTHING: Final = pl.Series(dtype=pl.Float64)
_Key = tuple[Path, Trait, int | None, int, int]


class Quantile(msgspec.Struct, frozen=True, kw_only=True):
    """A share of the known values lies at or below `value`."""

    share: float
    value: float


class TraitBin(msgspec.Struct, frozen=True, kw_only=True):
    """Parties with a value in [low, high), or with one name.

    low, high      None = no end

    share, before  of all parties then, the unknown included
    """

    low: float | None
    high: float | None
    text: str
    parties: int
    share: float
    before: float


class TraitSpread(msgspec.Struct, frozen=True, kw_only=True):
    """A trait over all parties of its type.

    parties   that an event named in the 30 days before, or as far back as the trait looks
    unknown   share of them whose value is unknown
    before_ms a month earlier; what was then is read as known now
    bars      a histogram of the known values; bins are cut for the index
    psi       population stability index between both, which counts the unknown too; None without a month before
    chance    index that chance alone exceeds once in twenty; None like psi
    drift     "stable" up to 0.1 or `chance`, "moved" up to 0.25, "far"; "few": under 30 parties; "none": no before
    """

    name: str
    unit: str
    party: str
    known: int
    until_ms: int
    before_ms: int
    parties: int
    unknown: float | None
    parties_before: int
    unknown_before: float | None
    mean: float | None
    mean_before: float | None
    least: float | None
    most: float | None
    quantiles: tuple[Quantile, ...]
    quantiles_before: tuple[Quantile, ...]
    bars: tuple[TraitBar, ...]
    bins: tuple[TraitBin, ...]
    psi: float | None
    chance: float | None
    drift: Drift
    took_ms: float


def distribution(
    workspace: Workspace, name: str, *, until: int, known: int | None = None
) -> TraitSpread:  # fmt: skip
    """Return how a trait is spread over all parties of its type as of an instant, and a month before, from one replay.

    raises  NotFound for an unknown trait; DataError for neighbours' traits and those that only events have
    """
    began = time.perf_counter()
    row = workspace.traits.rows[name]
    if row.via or row.aggregate == "versus":
        raise DataError(f"{name} is not spread over parties", "Look at it for one party or one event", "name")
    known = workspace.reader.last_seq() if known is None else known
    key = _key(workspace, row, until, known)
    if (found := _held(key)) is None:
        found = _told(row, *_read(workspace, row, until, known), until=until, known=known)
        _hold(key, found)
    return msgspec.structs.replace(found, took_ms=round((time.perf_counter() - began) * 1000, 1))


def latest(workspace: Workspace, name: str, *, now: int) -> TraitSpread:
    """Return how a trait is spread now; what was told up to a minute ago stands, ten while nothing new was learnt.

    raises  as `distribution`
    """
    row, known = workspace.traits.rows[name], workspace.reader.last_seq()
    found = _held(key := _key(workspace, row, None, 0))
    if found is not None and 0 <= now - found.until_ms <= (QUIET_MS if found.known == known else FRESH_MS):
        return msgspec.structs.replace(found, took_ms=0.0)
    found = distribution(workspace, name, until=now, known=known)
    _hold(key, found)
    return found


def spread(now: pl.Series, before: pl.Series) -> tuple[tuple[TraitBin, ...], float | None]:
    """Return the bins of values now and before, and the population stability index between both.

    now, before  numbers or names, null = unknown; bins follow the values before, or those now when there were none
    returns      at most BINS of numbers with about as many parties before, one for each value of few; the most named
                 names. The index counts the unknown as a bin of its own
    source       PSI: Siddiqi, "Credit Risk Scorecards", Wiley 2006
    """
    split: list[tuple[float | None, float | None, str, list[int]]]
    if now.dtype == pl.String:
        names = now.drop_nulls().value_counts(sort=True, name="n")[:, 0].to_list()[:NAMED]
        split = [(None, None, text, [int((one == text).sum()) for one in (now, before)]) for text in names]
    else:
        cuts = _edges(before.drop_nulls() if before.count() else now.drop_nulls())
        split = [(low, high, "", [_inside(one, low, high) for one in (now, before)]) for low, high in cuts]
    sizes = max(len(now), 1), max(len(before), 1)
    bins = tuple(
        TraitBin(low=low, high=high, text=text, parties=n, share=n / sizes[0], before=past / sizes[1])
        for low, high, text, (n, past) in split
    )  # fmt: skip
    if not len(now) or not len(before):
        return bins, None
    pairs = [(one.share, one.before) for one in bins]
    pairs.append((now.null_count() / sizes[0], before.null_count() / sizes[1]))
    pairs.append(tuple(max(1.0 - sum(pair[at] for pair in pairs), 0.0) for at in (0, 1)))  # type: ignore[arg-type]
    shares = np.maximum(np.array(pairs), _LEAST)
    return bins, float(((shares[:, 0] - shares[:, 1]) * np.log(shares[:, 0] / shares[:, 1])).sum())


#: What was told last, for all readers of a desk.
_TOLD: "OrderedDict[_Key, TraitSpread]" = OrderedDict()
_LOCK: Final = threading.Lock()


def _key(workspace: Workspace, row: Trait, until: int | None, known: int) -> _Key:
    """What an answer depends on; an erasure and another definition make it another question."""
    return workspace.folder, row, until, known, len(workspace.vault.tombstones())


def _held(key: _Key) -> TraitSpread | None:
    with _LOCK:
        return _TOLD.get(key)


def _hold(key: _Key, found: TraitSpread) -> None:
    with _LOCK:
        _TOLD[key] = found
        _TOLD.move_to_end(key)
        while len(_TOLD) > _HELD:
            _TOLD.popitem(last=False)


def _told(row: Trait, before: pl.Series, now: pl.Series, *, until: int, known: int) -> TraitSpread:
    numbers, past = (one.drop_nulls() if row.aggregate != "top" else _NOTHING for one in (now, before))
    bins, psi = spread(now, before)
    free = len(bins) + (now.null_count() + before.null_count() > 0)
    both = bool(len(now)) and bool(len(before))
    return TraitSpread(
        name=row.name, unit=row.unit, party=row.party, known=known, until_ms=until, before_ms=until - MONTH_MS,
        parties=len(now), unknown=now.null_count() / len(now) if len(now) else None, parties_before=len(before),
        unknown_before=before.null_count() / len(before) if len(before) else None, mean=_mean(numbers),
        mean_before=_mean(past), least=float(str(numbers.min())) if len(numbers) else None,
        most=float(str(numbers.max())) if len(numbers) else None, quantiles=_quantiles(numbers),
        quantiles_before=_quantiles(past), bars=bars(now, before, unit=row.unit), bins=bins, psi=psi,
        chance=chance(free, len(now), len(before)) if both else None,
        drift=drift_of(psi, bins=free, now=len(now), before=len(before)), took_ms=0.0,
    )  # fmt: skip


def _mean(numbers: pl.Series) -> float | None:
    return float(str(numbers.mean())) if len(numbers) else None


def _quantiles(numbers: pl.Series) -> tuple[Quantile, ...]:
    if not len(numbers):
        return ()
    return tuple(Quantile(share=share, value=float(str(numbers.quantile(share, "lower")))) for share in QUANTILES)


def _read(workspace: Workspace, row: Trait, until: int, known: int) -> tuple[pl.Series, pl.Series]:
    """The values of all parties a month before and now."""
    before = until - MONTH_MS
    with Replay(workspace, [row], until=until, known=known, since=before, seen_ms=SEEN_MS) as replay:
        state, at = new_state(replay.plan), [one.name for one in replay.plan.traits].index(row.name)
        place = replay.plan.parties.index(row.party)
        last = pl.DataFrame(schema={"key": pl.UInt64, "clock": pl.Int64})
        past: pl.Series | None = None

        def values(instant: int) -> pl.Series:
            first = begin(row, instant)
            near = last if first is None else last.filter(pl.col("clock") >= min(first, instant - SEEN_MS))
            keys = near["key"].to_numpy().view(np.int64)
            return series(row, state.read_many(row.party, keys, instant)[:, at], replay.names)

        def take(batch: Batch) -> None:
            nonlocal last
            feed(state, batch)
            fresh = pl.DataFrame({"key": batch.parties[:, place], "clock": batch.clock_ms}).filter(pl.col("key") != 0)
            last = pl.concat([last, fresh]).group_by("key").agg(pl.col("clock").max())

        for batch, _ in replay.batches():
            if past is None and batch.clock_ms[-1] >= before:
                take(batch.take(np.flatnonzero(batch.clock_ms < before)))
                past = values(before)
                batch = batch.take(np.flatnonzero(batch.clock_ms >= before))
            take(batch)
        return values(before) if past is None else past, values(until)


def _edges(values: pl.Series) -> list[tuple[float | None, float | None]]:
    """[low, high) of bins with about as many values each; one for each value when they are few; None = no end."""
    if not len(values):
        return []
    single = values.unique().sort()
    if len(single) > BINS:
        single = pl.Series([values.quantile(place / BINS, "lower") for place in range(1, BINS)]).unique().sort()
        cuts = [float(one) for one in single]
    else:
        cuts = [float(one) for one in single][1:]
    return list(zip([None, *cuts], [*cuts, None], strict=True))


def _inside(values: pl.Series, low: float | None, high: float | None) -> int:
    inside = values.is_not_null()
    if low is not None:
        inside &= values >= low
    if high is not None:
        inside &= values < high
    return int(inside.sum())
