"""Exposure: what people still hold of a unit, when it expires, what became of what was issued, what it may cost.

Everything is counted from the movements of people's accounts until an instant; first in first out, as the Book does it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf, sqrt
from typing import Final, NamedTuple

import msgspec

from guanxi.core import DAY_MS, DataError, local_day

BUCKETS: Final = (7, 30, 90, 365)  # days until it expires: the upper end of each bucket; then later, then undated
MATURE: Final = 30  # accounts whose amounts have all ended, from which on only those are asked what people use
LEVEL: Final = 0.95


class Moved(NamedTuple):
    """One movement of an account that people hold.

    account  its number; number: of the entry
    amount   above 0 = it entered, below 0 = it left
    kind     of the entry; issued: it came from an issuer
    transfer by which it came, for `expire` that of what expired
    due_ms   when what entered expires, where that is known; None = by the programme's days
    """

    account: int
    number: int
    at_ms: int
    amount: int
    kind: str
    issued: bool
    transfer: str
    due_ms: int | None = None


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Part of what is outstanding: `days` = expires within so many, None = later; undated = never."""

    days: int | None
    undated: bool
    amount: int
    people: int


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what came in a month: came = redeemed + expired + taken_back + outstanding."""

    month: str
    came: int
    redeemed: int
    expired: int
    taken_back: int
    outstanding: int


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """What people hold of a unit as of an instant, and what it may cost.

    people        accounts that hold something
    issued, received   what came from issuers, and from other people
    redeemed, expired, taken_back   what left: used, timed out, taken back after a correction
    outstanding   what is held now: issued + received - redeemed - expired - taken_back
    held          of it, reserved for something
    buckets       of it, by when it expires; months: what came, by month in China
    value_fen     of it, if all were used; None = the unit is worth no money
    share         of what has ended, what was used and not left to expire; None = nothing has ended
    share_low, share_high   its 95 % interval; 0 and 1 while nothing has ended
    share_n       how many people's behaviour that is worth; share_of: "matured" or "ended"
    low_fen, high_fen   value times the share: what it will probably cost
    """

    unit: str
    zh: str
    en: str
    at_ms: int
    people: int
    issued: int
    received: int
    redeemed: int
    expired: int
    taken_back: int
    outstanding: int
    held: int
    buckets: tuple[Bucket, ...]
    months: tuple[Issue, ...]
    value_fen: int | None
    share: float | None
    share_low: float
    share_high: float
    share_n: float
    share_of: str
    low_fen: int | None
    high_fen: int | None


def exposure(
    moves: Iterable[Moved], *, unit: str, zh: str, en: str, at_ms: int, held: int = 0,
    due: Callable[[int], int | None] = lambda _: None, per_yuan: int = 0,
) -> Exposure:  # fmt: skip
    """Count what people hold of a unit before an instant.

    moves     every movement of people's accounts before `at_ms`, in order of the entries
    due       when what was issued at an instant expires, for movements that do not say
    per_yuan  how many are worth one yuan; 0 = no money
    raises    DataError when an account gives more than it has: the movements are not all there
    """
    lots = _replay(moves, due)
    parts = {name: sum(getattr(lot, name) for lot in lots) for name in ("redeemed", "expired", "taken_back", "left")}
    standing = [lot for lot in lots if lot.left]
    value = round(parts["left"] * 100 / per_yuan) if per_yuan else None
    share, low, high, n, of = _share(lots, at_ms)
    return Exposure(
        unit=unit, zh=zh, en=en, at_ms=at_ms, people=len({lot.account for lot in standing}),
        issued=sum(lot.amount for lot in lots if lot.issued),
        received=sum(lot.amount for lot in lots if not lot.issued), redeemed=parts["redeemed"],
        expired=parts["expired"], taken_back=parts["taken_back"], outstanding=parts["left"], held=held,
        buckets=_buckets(standing, at_ms), months=_months(lots), value_fen=value, share=share, share_low=low,
        share_high=high, share_n=n, share_of=of,
        low_fen=None if value is None else round(value * low), high_fen=None if value is None else round(value * high),
    )  # fmt: skip


def wilson(share: float, n: float, *, z: float = 1.959964) -> tuple[float, float]:
    """Interval of a share that n independent people are worth; z = 1.96 for 95 %.

    source   Wilson, "Probable Inference", JASA 22, 1927
    """
    width = z * z / n
    middle = (share + width / 2) / (1 + width)
    half = z / (1 + width) * sqrt(share * (1 - share) / n + width / (4 * n))
    # At the ends rounding could put the share itself outside.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


@dataclass(slots=True)
class _Lot:
    """What entered an account at once, and what became of it."""

    account: int
    number: int
    at_ms: int
    amount: int
    issued: bool
    due_ms: int | None
    left: int = 0
    redeemed: int = 0
    expired: int = 0
    taken_back: int = 0


@dataclass(slots=True)
class _Purse:
    """An account while it is replayed: its lots, soonest first, and those that were issued by their transfer."""

    heap: list[tuple[float, int, _Lot]] = field(default_factory=list)
    by_transfer: dict[str, list[_Lot]] = field(default_factory=lambda: defaultdict(list))


def _replay(moves: Iterable[Moved], due: Callable[[int], int | None]) -> list[_Lot]:
    purses: defaultdict[int, _Purse] = defaultdict(_Purse)
    lots: list[_Lot] = []
    for one in moves:
        purse = purses[one.account]
        if one.amount > 0:
            date = one.due_ms if one.due_ms is not None or not one.issued else due(one.at_ms)
            lot = _Lot(one.account, one.number, one.at_ms, one.amount, one.issued, date, one.amount)
            heappush(purse.heap, (inf if date is None else date, one.number, lot))
            purse.by_transfer[one.transfer].append(lot)
            lots.append(lot)
        else:
            _take(purse, one)
    return lots


def _take(purse: _Purse, one: Moved) -> None:
    """Let an amount leave: what expires from the lots of its transfer, anything else from what expires soonest."""
    left, place = -one.amount, _PLACES.get(one.kind, "redeemed")
    if place == "expired":
        for lot in purse.by_transfer.get(one.transfer, ()):
            left = _use(lot, left, place)
    while left and purse.heap:
        lot = purse.heap[0][2]
        left = _use(lot, left, place)
        if not lot.left:
            heappop(purse.heap)
    if left:
        raise DataError(f"entry {one.number} takes {left} more than the account had", "Run: guanxi ledger verify")


def _use(lot: _Lot, amount: int, place: str) -> int:
    used = min(lot.left, amount)
    lot.left -= used
    setattr(lot, place, getattr(lot, place) + used)
    return amount - used


def _buckets(lots: list[_Lot], at_ms: int) -> tuple[Bucket, ...]:
    amounts: defaultdict[tuple[int | None, bool], int] = defaultdict(int)
    people: defaultdict[tuple[int | None, bool], set[int]] = defaultdict(set)
    for lot in lots:
        if lot.due_ms is None:
            key: tuple[int | None, bool] = (None, True)
        else:
            ahead = lot.due_ms - at_ms
            key = next((days for days in BUCKETS if ahead <= days * DAY_MS), None), False
        amounts[key] += lot.left
        people[key].add(lot.account)
    keys: list[tuple[int | None, bool]] = [*((days, False) for days in BUCKETS), (None, False), (None, True)]
    return tuple(Bucket(days=key[0], undated=key[1], amount=amounts[key], people=len(people[key])) for key in keys)


def _months(lots: list[_Lot]) -> tuple[Issue, ...]:
    months: defaultdict[str, list[_Lot]] = defaultdict(list)
    for lot in lots:
        months[local_day(lot.at_ms).isoformat()[:7]].append(lot)
    return tuple(
        Issue(
            month=month, came=sum(lot.amount for lot in of), redeemed=sum(lot.redeemed for lot in of),
            expired=sum(lot.expired for lot in of), taken_back=sum(lot.taken_back for lot in of),
            outstanding=sum(lot.left for lot in of),
        )
        for month, of in sorted(months.items())
    )  # fmt: skip


def _share(lots: list[_Lot], at_ms: int) -> tuple[float | None, float, float, float, str]:
    """What people use of what ends: share, interval, and how many people that is worth.

    Of the amounts whose date is over once enough people have such: what ends early was used, so all that has ended
    says too much until then. People differ in how much they hold: their number is Kish's effective one.
    source   Kish, "Survey Sampling", 1965, 11.7
    """
    matured = _by_account(lot for lot in lots if lot.due_ms is not None and lot.due_ms <= at_ms)
    of = "matured" if len(matured) >= MATURE else "ended"
    ended = matured if of == "matured" else _by_account(lots)
    total = sum(used + gone for used, gone in ended.values())
    if not total:
        return None, 0.0, 1.0, 0.0, of
    n = total**2 / sum((used + gone) ** 2 for used, gone in ended.values())
    share = sum(used for used, _ in ended.values()) / total
    return share, *wilson(share, n), n, of


def _by_account(lots: Iterable[_Lot]) -> Mapping[int, tuple[int, int]]:
    """Account -> what was used and what expired, of those where anything has ended."""
    found: defaultdict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for lot in lots:
        if lot.redeemed or lot.expired:
            used, gone = found[lot.account]
            found[lot.account] = used + lot.redeemed, gone + lot.expired
    return found


_PLACES: Final = {"expire": "expired", "reverse": "taken_back"}
