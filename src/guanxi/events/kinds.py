"""Kinds of event: rows that say which roles, references and properties an event may carry."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Final, Literal

import msgspec

from guanxi.core import NotFound, SettingError

PropertyType = Literal[
    "text",  # short text, cleaned
    "id",  # an identifier: never parsed as a number
    "integer",  # 64-bit
    "decimal",  # exact, at most 6 places; travels as text
    "money",  # integer minor units of the event's currency
    "number",  # 64-bit float, finite
    "rate",  # 0..1
    "boolean",
    "time",  # milliseconds since 1970-01-01 UTC
    "json",  # list or object
]

ROLES: Final[dict[str, str]] = {
    # role -> what stands in it; every kind chooses from these
    "actor": "who did it: an account, a person or, for logged-out views, a device",
    "object": "the party it was done to, when no narrower role fits",
    "payer": "who paid, when known apart from the actor",
    "recipient": "who receives the goods or the message",
    "device": "the device it was done on",
    "ip": "the network address it came from",
    "card": "the payment card or wallet",
    "address": "the delivery address",
    "phone": "the phone number, always a surrogate",
    "shop": "the shop or store",
    "item": "the product",
    "content": "note, video, article, live replay",
    "creator": "the creator or host who brought or made it",
    "room": "the live room",
    "brand": "the brand",
    "campaign": "the campaign",
    "creative": "the ad creative",
    "agent": "the service agent or operator",
    "household": "the household",
    "community": "the group",
    "place": "the geofence, store or city",
    "institution": "a bank, carrier, insurer or other organisation",
    "rival": "the competitor",
    "coupon": "the coupon type",
}
REFS: Final[tuple[str, ...]] = (
    "order", "line", "refund", "payment", "settlement", "parcel", "session", "ticket", "conversation", "message",
    "campaign", "decision", "action", "cause", "coupon", "live", "slate", "invitation", "group", "import", "supersedes",
)  # fmt: skip

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


class Property(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One typed property of a kind.

    type      see PropertyType
    unit      "s", "km", "share", "" ...; money needs none
    zh        Chinese label
    en        English label; the name itself when left out
    personal  True: the value lives in the vault, the event holds a token
    """

    type: PropertyType = "text"
    unit: str = ""
    zh: str
    en: str = ""
    personal: bool = False


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the catalogue.

    name        Segment's "Object Action" in Title Case
    zh, en      labels; `en` is the name itself when left out
    purpose     one sentence: what it means when this event is seen
    family      browse, app, trade, coupon, logistics, settlement, content, video, live, ad, metrics, service,
                reach, account, social, place, loyalty, learn, risk, consent, decision, system
    trust       who may send it: "client" (any key) or "server" (server key only)
    privacy     "public", "behaviour" (about a person), "sensitive" (needs a purpose to read)
    roles       the roles it may carry, the required ones with a trailing "!"
    refs        the references it may carry, the required ones with a trailing "!"
    amount      what `amount` means for this kind; "" when it has none
    properties  name -> Property
    """

    name: str
    zh: str
    en: str = ""
    purpose: str
    family: str
    trust: Literal["client", "server"] = "server"
    privacy: Literal["public", "behaviour", "sensitive"] = "behaviour"
    roles: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    amount: str = ""
    properties: dict[str, Property] = {}
    custom: bool = False  # defined in a workspace, or unknown

    def __post_init__(self) -> None:
        for role in self.roles:
            if role.rstrip("!") not in ROLES:
                raise SettingError(f"kind {self.name!r} names the role {role!r}", f"Use one of {', '.join(ROLES)}")
        for ref in self.refs:
            if ref.rstrip("!") not in REFS:
                raise SettingError(f"kind {self.name!r} names the reference {ref!r}", f"Use one of {', '.join(REFS)}")
        for name in self.properties:
            if not NAME.match(name):
                raise SettingError(
                    f"kind {self.name!r} has a property called {name!r}",
                    "Use lower-case letters, digits and underscores, at most 63, a letter first",
                )

    @property
    def role_names(self) -> tuple[str, ...]:
        """The roles without their marks."""
        return tuple(role.rstrip("!") for role in self.roles)

    @property
    def ref_names(self) -> tuple[str, ...]:
        """The references without their marks."""
        return tuple(ref.rstrip("!") for ref in self.refs)

    @property
    def required_roles(self) -> tuple[str, ...]:
        """The roles that an event of this kind must fill."""
        return tuple(role[:-1] for role in self.roles if role.endswith("!"))

    @property
    def required_refs(self) -> tuple[str, ...]:
        """The references that an event of this kind must fill."""
        return tuple(ref[:-1] for ref in self.refs if ref.endswith("!"))

    @property
    def table(self) -> str:
        """The name of its table in the lake: "Order Line Recorded" -> "order_line_recorded"."""
        return table_name(self.name)


class Catalogue(Mapping[str, Kind]):
    """All kinds known to a workspace: the shipped rows and its own."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds: dict[str, Kind] = {}
        for kind in kinds:
            if kind.name in self._kinds:
                raise SettingError(f"the kind {kind.name!r} is declared twice", "Remove or rename one of the rows")
            self._kinds[kind.name] = kind
        self._tables = {kind.table: kind.name for kind in self._kinds.values() if not kind.custom}

    def __getitem__(self, name: str) -> Kind:
        try:
            return self._kinds[name]
        except KeyError:
            raise NotFound(
                f"no kind of event is called {name!r}",
                "See `guanxi events kinds`; unknown kinds are accepted as custom",
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._kinds

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def find(self, name: str) -> Kind | None:
        """Return the kind, or None when it is unknown (a custom event)."""
        return self._kinds.get(name)

    def own_table(self, name: str) -> Kind | None:
        """Return the kind when the lake has a table for it, None for custom kinds: they share one."""
        kind = self._kinds.get(name)
        return None if kind is None or kind.custom else kind

    @property
    def tables(self) -> dict[str, str]:
        """Lake table -> kind, for the kinds that have a table of their own."""
        return self._tables

    def extended(self, kinds: Iterable[Kind]) -> "Catalogue":
        """Return a new catalogue with the kinds that a workspace defines added."""
        return Catalogue([*self._kinds.values(), *kinds])


def read_kinds(text: str, where: str) -> list[Kind]:
    """Return the kinds declared in a TOML text: tables `["Kind Name"]`, keys as in `Kind`.

    where   the file's name, for messages
    raises  SettingError when a row is not a Kind
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{where} is not TOML: {error}", "Mend the line it names") from error
    kinds = []
    for name, row in document.items():
        try:
            kinds.append(msgspec.convert({"name": name, **row}, Kind))
        except (msgspec.ValidationError, TypeError) as error:
            raise SettingError(f"{where}: the kind {name!r} is not usable: {error}", "See docs/events.md") from error
    return kinds


@cache
def shipped() -> Catalogue:
    """Return the catalogue that ships with Guanxi: `events/catalogue/*.toml`."""
    folder = resources.files("guanxi.events") / "catalogue"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    return Catalogue([kind for entry in files for kind in read_kinds(entry.read_text("utf-8"), entry.name)])


def table_name(kind: str) -> str:
    """Return the lake table of a kind; custom kinds outside the catalogue share the table "custom"."""
    return re.sub(r"[^a-z0-9]+", "_", kind.lower()).strip("_")
