"""Rows of the relation bank: programmes, what earns, what stops farming, and rewards."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import msgspec

from guanxi.core import DAY_MS, SHANGHAI, SettingError, from_ms, local_day, midnight_ms
from guanxi.ledger.chain import LARGEST

Window = Literal["day", "week", "month"]

#: Guards that the law knows; a workspace may change their numbers and words, or take them away.
GUARDS: Final = (
    "masked", "once", "device", "made_up", "late", "self", "circle", "invited_before", "customer_before",
    "shared_mark", "small", "slow", "invites",
)  # fmt: skip
MARKS: Final = ("device", "ip", "phone", "card", "address")  # roles by which two accounts may prove to be one person


class Programme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit that people earn.

    days      after which what came expires, at the end of that day in China; 0 = never
    per_yuan  how many are worth one yuan when they are used; 0 = they cannot be used
    """

    name: str
    zh: str
    en: str
    days: int = 0
    per_yuan: int = 0

    def due_ms(self, at_ms: int) -> int | None:
        """When what came at an instant expires; None = never."""
        if not self.days:
            return None
        return midnight_ms(local_day(at_ms)) + (self.days + 1) * DAY_MS

    def fen(self, amount: float) -> float:
        """What an amount is worth when all of it is used."""
        return amount * 100 / self.per_yuan if self.per_yuan else 0.0


class Earn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whoever does something of a kind gains.

    amount    of the unit, at least 1; made_up: what a made-up one brings
    """

    name: str
    zh: str
    en: str
    kind: str
    unit: str
    amount: int
    made_up: int = 0


class Invite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whoever invited gains when the invited person does something real.

    kind       of the event by which an invitation is followed: its actor was invited, its object invited
    after      kinds of event that are something real; undone_by: kinds that take it back, by the same order
    """

    name: str
    zh: str
    en: str
    kind: str
    unit: str
    amount: int
    after: tuple[str, ...]
    undone_by: tuple[str, ...] = ()


class Guard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way of farming that is stopped; each uses the numbers that it needs.

    most, window   at most so many in a local day, week or month
    days, least_fen, marks   an age, an amount of money, roles that tell who somebody is
    """

    name: str
    zh: str
    en: str
    most: int = 0
    window: Window = "day"
    days: int = 0
    least_fen: int = 0
    marks: tuple[str, ...] = ()


class Reward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people may have for what they earned.

    price      in the unit; stock: how many there are in all, None = no end; worth_fen: what one is worth
    kind       coupon, seat, item, ...
    """

    name: str
    zh: str
    en: str
    unit: str
    price: int
    worth_fen: int = 0
    stock: int | None = None
    kind: str = "coupon"


class Bank(msgspec.Struct, frozen=True, kw_only=True):
    """All rows, by name.

    since_ms   what happened before it does not count; None = the bank is closed
    raises     SettingError when a row names another that is not there
    """

    since_ms: int | None
    programmes: dict[str, Programme]
    earns: dict[str, Earn]
    invites: dict[str, Invite]
    guards: dict[str, Guard]
    rewards: dict[str, Reward]

    @property
    def is_open(self) -> bool:
        """Whether anything is posted."""
        return self.since_ms is not None

    def __post_init__(self) -> None:
        rows: list[Earn | Invite | Reward] = [*self.earns.values(), *self.invites.values(), *self.rewards.values()]
        for row in rows:
            if row.unit not in self.programmes:
                known = ", ".join(self.programmes)
                raise SettingError(f"{row.name} counts in {row.unit!r}", f"Use a programme: {known}", row.name)
            number = row.price if isinstance(row, Reward) else row.amount
            if not 0 < number <= LARGEST:
                raise SettingError(f"{row.name} has {number}", "Give a whole number above 0", row.name)
        for reward in self.rewards.values():
            if not self.programmes[reward.unit].per_yuan:
                raise SettingError(
                    f"the reward {reward.name} costs {reward.unit}, which cannot be used",
                    f"Give per_yuan of the programme {reward.unit}", reward.name,
                )  # fmt: skip
            if reward.worth_fen < 0 or (reward.stock is not None and not 0 <= reward.stock <= LARGEST):
                raise SettingError(f"the reward {reward.name} has a number below 0", "Give 0 or more", reward.name)
        for guard in self.guards.values():
            if guard.name not in GUARDS:
                raise SettingError(f"there is no guard {guard.name!r}", f"Use one of {', '.join(GUARDS)}", guard.name)
            if unknown := set(guard.marks) - set(MARKS):
                raise SettingError(
                    f"{guard.name} compares {', '.join(sorted(unknown))}", f"Use {', '.join(MARKS)}", "marks"
                )


def read_bank(text: str, where: str, *, over: Bank | None = None) -> Bank:
    """Return the rows of a TOML text.

    where   the file's name, for messages
    over    rows that these change, field by field; `off = true` takes a row away
    raises  SettingError when a row cannot be used
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{where} is not TOML: {error}", "Mend the line it names") from error
    since = document.pop("since", None)
    if unknown := set(document) - set(_TABLES):
        raise SettingError(
            f"{where} has {', '.join(sorted(unknown))!r:.80}", f"Use since, {', '.join(_TABLES)}", min(unknown)
        )
    parts: dict[str, Any] = {}
    for table, (field, kind) in _TABLES.items():
        standing: Mapping[str, Any] = getattr(over, field) if over else {}
        parts[field] = _rows(document.get(table, {}), standing, kind, f"{where}: {table}")
    since_ms = (over.since_ms if over else None) if since is None else _since(since, where)
    return Bank(since_ms=since_ms, **parts)


@cache
def shipped_bank() -> Bank:
    """Return the rows that ship with Guanxi: `ledger/bank.toml`."""
    return read_bank((resources.files("guanxi.ledger") / "bank.toml").read_text("utf-8"), "bank.toml")


def span_of(window: Window, at_ms: int) -> date:
    """First day, in China, of the day, week or month that holds an instant; a week begins on Monday."""
    day = from_ms(at_ms).astimezone(SHANGHAI).date()
    if window == "week":
        return date.fromordinal(day.toordinal() - day.weekday())
    return day.replace(day=1) if window == "month" else day


def _rows(given: Any, standing: Mapping[str, Any], kind: type[Any], where: str) -> dict[str, Any]:
    if not isinstance(given, dict) or not all(isinstance(row, dict) for row in given.values()):
        raise SettingError(f"{where} is not a table of rows", "Write one table [kind.name] a row")
    rows = dict(standing)
    for name, row in given.items():
        if not _IS_WORD(name):
            raise SettingError(f"{where}.{name!r:.40} is no name", "Use at most 32 lower-case letters, digits and _")
        fields = dict(row)
        if fields.pop("off", False):
            rows.pop(name, None)
            continue
        before = msgspec.structs.asdict(rows[name]) if name in rows else {}
        try:
            rows[name] = msgspec.convert(before | fields | {"name": name}, kind)
        except msgspec.ValidationError as error:
            raise SettingError(f"{where}.{name} is not usable: {error}", "See docs/bank.md", name) from error
    return rows


def _since(value: Any, where: str) -> int | None:
    if value == "":
        return None
    try:
        return midnight_ms(value if isinstance(value, date) else date.fromisoformat(value))
    except (TypeError, ValueError) as error:
        raise SettingError(f"{where}: since is {value!r:.40}", 'Write "2026-01-01", or ""', "since") from error


_IS_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,31}").fullmatch
_TABLES: Final[dict[str, tuple[str, type[Any]]]] = {
    "programme": ("programmes", Programme),
    "earn": ("earns", Earn),
    "invite": ("invites", Invite),
    "guard": ("guards", Guard),
    "reward": ("rewards", Reward),
}
