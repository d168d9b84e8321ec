"""Rules of ties: rows that say which events tie which roles, how strongly and for how long."""

import tomllib
from functools import cache
from importlib import resources
from typing import Final, Literal

import msgspec

from guanxi.core import SettingError
from guanxi.events import ROLES

PLATFORM: Final = "platform"  # stands beside the roles in `from` and `to`: the event's platform as a party


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """One of the seven families of ties; each has one colour everywhere."""

    id: str
    zh: str
    en: str


FAMILIES: Final[tuple[Family, ...]] = (
    Family(id="attention", zh="注意", en="attention"),
    Family(id="trade", zh="交易", en="trade"),
    Family(id="spread", zh="传播", en="spread"),
    Family(id="kin", zh="共处", en="kin"),
    Family(id="mark", zh="标识", en="shared mark"),
    Family(id="care", zh="照料", en="care"),
    Family(id="conflict", zh="冲突", en="conflict"),
)


class TieRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of tie, read from events.

    id           name of the tie; lower-case
    zh, en       labels
    family       id of a row in FAMILIES
    source       role the tie starts from (`from` in TOML); a role of the catalogue, or "platform"
    target       role it goes to (`to` in TOML)
    kinds        kinds of event that are evidence
    sign         +1, or -1 for a tie that speaks against
    weight       what one event adds before it fades, > 0; 1.0 = one plain contact
    half_life_days  days after which that is worth half, > 0; infinity = it does not fade
    confidence   how far one event proves the tie, 0..1; n events together prove 1 - (1 - confidence)^n
    raises       SettingError when a value is outside these
    """

    id: str
    zh: str
    en: str
    family: str
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    kinds: tuple[str, ...]
    sign: Literal[-1, 1] = 1
    weight: float = 1.0
    half_life_days: float = 90.0
    confidence: float = 0.9

    def __post_init__(self) -> None:
        def refuse(field: str, what: str, mend: str) -> SettingError:
            return SettingError(f"the tie {self.id!r} has {what}", mend, field)

        if not self.id or ":" in self.id:
            raise refuse("id", "no usable id", "Use lower-case letters, digits and underscores")
        families = [row.id for row in FAMILIES]
        if self.family not in families:
            raise refuse("family", f"the family {self.family!r}", f"Use one of {', '.join(families)}")
        for field, role in (("from", self.source), ("to", self.target)):
            if role not in ROLES and role != PLATFORM:
                raise refuse(field, f"the role {role!r} in `{field}`", f"Use one of {', '.join(ROLES)}, {PLATFORM}")
        if not self.kinds:
            raise refuse("kinds", "no kinds of event", "Name at least one kind of the catalogue")
        if not 0 < self.weight < float("inf"):
            raise refuse("weight", f"the weight {self.weight}", "Use a number above 0; `sign = -1` turns it round")
        if not self.half_life_days > 0:
            raise refuse("half_life_days", f"the half-life {self.half_life_days}", "Use days above 0, or inf")
        if not 0 <= self.confidence <= 1:
            raise refuse("confidence", f"the confidence {self.confidence}", "Use a share, 0..1")


def read_rules(text: str, where: str) -> tuple[TieRule, ...]:
    """Return the rules declared in a TOML text: tables `[id]`, keys as in `TieRule`.

    where   the file's name, for messages
    raises  SettingError when a row is not a rule
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{where} is not TOML: {error}", "Mend the line it names") from error
    rules = []
    for name, row in document.items():
        if not isinstance(row, dict):
            raise SettingError(f"{where}: {name!r} is not a table", "Write one table [id] per kind of tie", name)
        try:
            rules.append(msgspec.convert({"id": name, **row}, TieRule))
        except msgspec.ValidationError as error:
            raise SettingError(
                f"{where}: the tie {name!r} is not usable: {error}", "See docs/parties.md", name
            ) from error
    return tuple(rules)


@cache
def shipped_rules() -> tuple[TieRule, ...]:
    """Return the rules that ship with Guanxi: `relations/rules.toml`."""
    return read_rules((resources.files("guanxi.relations") / "rules.toml").read_text("utf-8"), "rules.toml")
