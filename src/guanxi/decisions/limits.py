"""Limits (限额): what may be used of something in a time, as accounts of the ledger.

A limit has one account for each subject that it counts apart: a person, a channel, a policy. What is used lies in
that account and leaves it when its time is over, so the account's cap is the limit, its balance what was used, what
is coming into it what decisions have reserved, and its room what is left.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from guanxi.core import DAY_MS, SHANGHAI, DataError, from_ms, midnight_ms
from guanxi.ledger import ISSUER, LARGEST, Account, Move, check_word, opaque_id

Dimension = Literal["person", "channel", "platform", "policy", "offer"]
Uses = Literal["one", "cost"]

DIMENSIONS: Final[tuple[Dimension, ...]] = ("person", "channel", "platform", "policy", "offer")
SPAN: Final = re.compile(r"([1-9]\d{0,3})([hd])\Z")  # 12h, 7d: rolling
CALENDAR: Final = ("day", "week", "month")  # of China; a week begins on Monday
_UNITS: Final = {"h": 3_600_000, "d": DAY_MS}


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One row: how much of a unit may be used.

    name      lower-case word; zh, en: as people call it
    unit      contacts, fen, coupons, points, minutes, ...
    per       what is counted apart: an account for each combination; () = one account for all
    cap       most that may be used or reserved at once, in the unit
    window    "7d", "12h": rolling, each use counts so long; "day", "week", "month": until that ends in China;
              "" = for good
    kinds     of candidates that it counts; () = all that touch somebody
    channels  that it counts; () = all, also none
    purposes  that it counts; () = all
    hours     (from, to) in minutes of the local day, to < from over midnight: it counts what would happen then alone;
              None = at any hour
    uses      "one" of the unit for each candidate, or its "cost" in fen
    """

    name: str
    zh: str
    en: str
    unit: str
    cap: int
    per: tuple[Dimension, ...] = ()
    window: str = ""
    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    hours: tuple[int, int] | None = None
    uses: Uses = "one"

    def __post_init__(self) -> None:
        check_word(self.name, "the limit")
        check_word(self.unit, "the unit")
        if not self.zh.strip() or not self.en.strip():
            raise DataError(f"the limit {self.name} has no name in one of the languages", "Give both zh and en", "zh")
        if type(self.cap) is not int or not 0 <= self.cap <= LARGEST:
            raise DataError(f"the cap of {self.name} is {self.cap!r:.40}", "Give a whole number of 0 or more", "cap")
        if self.window and self.window not in CALENDAR and not SPAN.match(self.window):
            raise DataError(
                f"the window of {self.name} is {self.window!r:.40}",
                "Write 7d, 12h, day, week or month; leave it out for good",
                "window",
            )
        if list(self.per) != [one for one in DIMENSIONS if one in self.per]:
            raise DataError(
                f"{self.name} is counted per {', '.join(map(str, self.per))!r:.60}",
                f"Use each of {', '.join(DIMENSIONS)} at most once, in this order",
                "per",
            )
        if self.hours is not None and not all(type(one) is int and 0 <= one < 1440 for one in self.hours):
            raise DataError(f"the hours of {self.name} are {self.hours}", "Give minutes of the day, 0 to 1439", "hours")
        if self.uses == "cost" and self.unit != "fen":
            raise DataError(f"{self.name} counts costs in {self.unit}", "A cost is in fen: use the unit fen", "unit")

    def counts(self, kind: str, *, channel: str, purpose: str, at_ms: int) -> bool:
        """Whether something of this kind, on this channel, at this instant, uses any of it."""
        return (
            (not self.kinds or kind in self.kinds)
            and (not self.channels or channel in self.channels)
            and (not self.purposes or purpose in self.purposes)
            and (self.hours is None or self.within(at_ms))
        )

    def within(self, at_ms: int) -> bool:
        """Whether an instant lies in its hours."""
        if self.hours is None:
            return True
        local = from_ms(at_ms).astimezone(SHANGHAI)
        minute, (start, end) = local.hour * 60 + local.minute, self.hours
        return start <= minute < end if start <= end else minute >= start or minute < end

    def over_ms(self, at_ms: int) -> int | None:
        """Return the instant from which what is used at `at_ms` counts no more; None = it counts for good."""
        if not self.window:
            return None
        if span := SPAN.match(self.window):
            return at_ms + int(span[1]) * _UNITS[span[2]]
        day = from_ms(at_ms).astimezone(SHANGHAI).date()
        if self.window == "day":
            return midnight_ms(day + timedelta(days=1))
        if self.window == "week":
            return midnight_ms(day + timedelta(days=7 - day.weekday()))
        return midnight_ms((day.replace(day=1) + timedelta(days=32)).replace(day=1))

    def opens_ms(self, at_ms: int) -> int:
        """Return the first instant from `at_ms` on that lies outside its hours; `at_ms` when it has none."""
        if self.hours is None or not self.within(at_ms):
            return at_ms
        local = from_ms(at_ms).astimezone(SHANGHAI)
        ends = datetime(local.year, local.month, local.day, *divmod(self.hours[1], 60), tzinfo=SHANGHAI)
        ends += timedelta(days=1) if ends <= local else timedelta(0)
        return int(ends.timestamp() * 1000)


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What a limit leaves to one subject, as a decision saw it.

    limit      its name; account: the account's opaque id
    subject    dimension -> value, without the person
    cap, used, reserved   as the account stood
    resets_ms  when the next part of what is used comes free; None = never, or nothing is used
    """

    limit: str
    account: str
    cap: int
    used: int = 0
    reserved: int = 0
    subject: dict[str, str] = {}
    resets_ms: int | None = None

    @property
    def free(self) -> int:
        """What can still be reserved; below 0 after a limit was lowered."""
        return self.cap - self.used - self.reserved


def account_of(limit: Limit, subject: Mapping[str, str], *, secret: bytes) -> Account:
    """Return the account in which lies what one subject has used.

    subject  a value for each of `limit.per`; more do no harm
    secret   the workspace's: without it nobody can tell whose account it is
    raises   DataError when a dimension has no value
    """
    try:
        values = [subject[one] for one in limit.per]
    except KeyError as error:
        raise DataError(f"the limit {limit.name} needs {error}", "Name it in the subject", "subject") from None
    name = "\x1f".join(("limit", limit.name, *values))
    return Account(id=opaque_id(secret, name), unit=limit.unit, kind="used", cap=limit.cap)


def source_of(limit: Limit, *, secret: bytes) -> Account:
    """Return the account from which use comes, and to which it goes back when its time is over."""
    name = "\x1f".join(("limit", limit.name, "", "source", limit.unit))
    return Account(id=opaque_id(secret, name), unit=limit.unit, kind=ISSUER, floor=-LARGEST)


def use_of(limit: Limit, *, account: str, source: str, cost: int, at_ms: int) -> Move | None:
    """Return the movement that uses one, or the cost, of a limit at an instant; None when that is nothing."""
    amount = 1 if limit.uses == "one" else cost
    return Move(source, account, limit.unit, amount, limit.over_ms(at_ms)) if amount else None
