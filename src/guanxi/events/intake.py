"""Intake: the door through which every single event passes, checked, repaired where safe, or parked."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import polars as pl

from guanxi.core import DataError, Refused
from guanxi.events import repair
from guanxi.events.ages import band_of_birthday
from guanxi.events.columns import EARLIEST_MS, MAX_AMOUNT, MAX_ID, PROPERTY, REF, ROLE, decimal_text
from guanxi.events.event import CONSENT_BITS, Event, Trust, consent_bits, event_id, split_ref
from guanxi.events.kinds import REFS, ROLES, Catalogue, Kind
from guanxi.events.names import looks_personal
from guanxi.events.parked import Parked
from guanxi.events.readers import READERS, Reader, keepable, read_amount, read_free, read_name, read_ref, read_role

AHEAD_MS: Final = 5 * 60_000  # a clock may run this far ahead before it is clamped
MAX_PROPERTIES: Final = 255
MAX_KIND: Final = 100  # characters
BIRTHDAY, AGE_BAND = "birthday", "age_band"  # sealed; what the log keeps of it
SURROGATE_ROLES: Final = ("phone", "address", "card")  # never stored in the clear


class Personal(Protocol):
    """Turns personal values into tokens and keeps the values in the vault."""

    def seal(self, person: str, field: str, value: str) -> str:
        """Return the token that stands for a personal value; the same value gives the same token."""

    def surrogate(self, role: str, key: str) -> str:
        """Return the keyed hash by which a phone, card or address is known in the log."""


class RawEvent(msgspec.Struct, kw_only=True):
    """An event as a wire adapter or a caller states it, not yet believed.

    namespace   scope of `message_id`: two sources may use the same ids
    message_id  the source's own id; "" = the content makes the id
    at          anything that `repair.read_time` reads; None = now
    historical  True: imported history, whose trait clock is `at`; needs a server key
    correction_ms  added to `at` for a client clock that runs wrong
    """

    kind: str
    namespace: str = ""
    message_id: str = ""
    at: Any = None
    roles: dict[str, Any] = {}  # role -> party reference, as text
    refs: dict[str, Any] = {}  # name -> id, as text or a whole number
    platform: str = ""
    amount: Any = None  # major units: yuan
    currency: str = "CNY"
    properties: dict[str, Any] = {}
    consent: Any = None
    historical: bool = False
    correction_ms: int = 0


class Intake:
    """Checks single events against the catalogue of a workspace."""

    def __init__(self, catalogue: Catalogue, platforms: Iterable[str], personal: Personal) -> None:
        self.catalogue = catalogue
        self._platforms = frozenset(platforms) | {""}
        self._personal = personal
        self._plans: dict[str, _Plan] = {}

    def check(self, raw: RawEvent, trust: Trust, *, received_ms: int, source: str) -> Event | Parked:
        """Return the event, or the parked row when it cannot be accepted.

        trust        what the sender's key may send
        received_ms  now
        raises       Refused when the key may not send this kind, or history: nothing is kept of it
        """
        kind = self.catalogue.find(raw.kind)
        if trust == "client" and kind is not None and kind.trust == "server":
            raise Refused(
                f"a client key may not send {raw.kind!r}", "Send it from your server with a server key", "kind"
            )
        if trust == "client" and raw.historical:
            raise Refused("a client key may not send history", "Import it with a server key", "historical")
        try:
            return self._event(raw, kind, received_ms, source)
        except DataError as error:
            return park(raw, error, source)

    def _event(self, raw: RawEvent, kind: Kind | None, received_ms: int, source: str) -> Event:
        _check_kind(raw.kind)
        if raw.platform not in self._platforms:
            what = f"the platform {raw.platform[:40]!r} is not known"
            raise DataError(what, "Add it under [platforms] in guanxi.toml", "platform")
        plan = self._plan(kind)
        repairs: list[str] = []
        stated_ms = _time(raw, received_ms, repairs)
        at_ms = stated_ms
        if stated_ms > received_ms + AHEAD_MS:
            repairs.append("at:clamped")
            at_ms = received_ms
        roles = self._roles(raw)
        refs = {name: text for name, value in raw.refs.items() if (text := _ref(name, value)) is not None}
        for role in plan.roles:
            if role not in roles:
                raise DataError(f"{raw.kind!r} needs the role {role!r}", f"Send roles.{role}", role)
        for ref in plan.refs:
            if ref not in refs:
                raise DataError(f"{raw.kind!r} needs the reference {ref!r}", f"Send refs.{ref}", ref)
        amount = _amount(raw, repairs)
        properties = self._properties(raw, plan, repairs, roles, refs)
        if plan.bands and AGE_BAND not in properties and (birthday := raw.properties.get(BIRTHDAY)):
            band = band_of_birthday(_plain(birthday), at_ms)
            properties |= {AGE_BAND: band} if band else {}
        currency = raw.currency if amount is not None or not plan.money.isdisjoint(properties) else ""
        consent = _consent(raw.consent)
        if raw.message_id:
            key = event_id(raw.namespace, raw.message_id)
        else:
            content = [roles, refs, raw.platform, amount, currency, properties]
            body = msgspec.json.encode(content, order="sorted").decode()
            key = event_id(raw.namespace, raw.kind, str(stated_ms), body)
        return Event(
            id=key, kind=raw.kind, at_ms=at_ms, received_ms=received_ms, roles=roles, refs=refs, platform=raw.platform,
            amount=amount, currency=currency, properties=properties, consent=consent, source=source,
            live=not raw.historical, repairs=tuple(repairs),
        )  # fmt: skip

    def _plan(self, kind: Kind | None) -> "_Plan":
        if kind is None:
            return _NO_PLAN
        plan = self._plans.get(kind.name)
        if plan is None:
            plan = self._plans[kind.name] = _plan(kind)
        return plan

    def _roles(self, raw: RawEvent) -> dict[str, str]:
        roles: dict[str, str] = {}
        for role, value in raw.roles.items():
            if role not in ROLES:
                raise _no_such(role, "role", ROLES)
            ref = read_role(role, value)
            if ref is not None:
                roles[role] = _seal_ref(ref, role, self._personal) if role in SURROGATE_ROLES else ref
        return roles

    def _properties(
        self, raw: RawEvent, plan: "_Plan", repairs: list[str], roles: Mapping[str, str], refs: Mapping[str, str]
    ) -> dict[str, Any]:
        if len(raw.properties) > MAX_PROPERTIES:
            what = f"{len(raw.properties)} properties, at most {MAX_PROPERTIES} are allowed"
            raise DataError(what, "Send fewer", "properties")
        checked: dict[str, Any] = {}
        for given, value in raw.properties.items():
            if value is None:
                continue
            read = plan.readers.get(given)
            if read is not None:
                result = read(given, value, raw.currency, repairs)
                if result is not None:
                    checked[given] = result
                continue
            name = read_name(given)
            if given in plan.personal:
                sealed = self._sealed(name, value, plan.personal[name], raw, repairs, roles, refs)
                if sealed is not None:
                    checked[name] = sealed
            elif name in checked or (name != given and name in raw.properties):
                what = "two properties have the same name once it is cleaned"
                raise DataError(what, "Use printable names", "properties")
            else:
                free = read_free(name, value, repairs)
                if looks_personal(name) and isinstance(free, str):
                    free = self._personal.seal(person_of(roles, refs, raw.platform), name, free)
                checked[name] = free
        return checked

    def _sealed(
        self, name: str, value: Any, read: Reader, raw: RawEvent, repairs: list[str],
        roles: Mapping[str, str], refs: Mapping[str, str],
    ) -> str | None:  # fmt: skip
        try:
            result = read(name, value, raw.currency, repairs)
        except DataError as error:  # what it says may show the value
            raise DataError(f"the personal property {name!r} is not readable", error.mend, name) from None
        if result is None:
            return None
        return self._personal.seal(person_of(roles, refs, raw.platform), name, _plain(result))


class _Plan(NamedTuple):
    """What intake must know of a kind, looked up once."""

    roles: tuple[str, ...]  # required
    refs: tuple[str, ...]  # required
    readers: Mapping[str, Reader]  # property -> reader, of those that are not personal
    personal: Mapping[str, Reader]
    money: frozenset[str]  # properties that are amounts
    bands: bool = False  # a date of birth leaves a band of age in the log


_NO_PLAN: Final = _Plan((), (), {}, {}, frozenset())


def person_of(roles: Mapping[str, str], refs: Mapping[str, str], platform: str) -> str:
    """Return whose personal data an event holds: the actor, else recipient, payer, device or the order."""
    for role in _OWNING_ROLES:
        if role in roles:
            return roles[role]
    for ref in _OWNING_REFS:
        if ref in refs:
            return f"{ref}:{platform}:{refs[ref]}"
    return f"unknown:{platform}:"


_OWNING_ROLES: Final = ("actor", "recipient", "payer", "device")
_OWNING_REFS: Final = ("order", "conversation", "parcel", "message")


def seal_columns(kind: Kind | None, frame: pl.DataFrame, personal: Personal) -> pl.DataFrame:
    """Return the frame with personal properties replaced by tokens and delicate roles by surrogates."""
    declared = kind.properties if kind is not None else {}
    given = [name.removeprefix(PROPERTY) for name in frame.columns if name.startswith(PROPERTY)]
    names = [name for name in given if (declared[name].personal if name in declared else looks_personal(name))]
    roles = [role for role in SURROGATE_ROLES if ROLE + role in frame.columns]
    if not names and not roles:
        return frame
    sealed: dict[str, list[str | None]] = {PROPERTY + name: [] for name in names}
    for role in roles:
        values = frame[ROLE + role]
        surrogates = {value: _seal_ref(value, role, personal) for value in values.drop_nulls().unique().to_list()}
        sealed[ROLE + role] = [surrogates.get(value) for value in values.to_list()]
    if names:
        people = frame.with_columns(person=_person_column(frame))["person"].to_list()
        for name in names:
            cells = zip(people, frame[PROPERTY + name].to_list(), strict=True)
            sealed[PROPERTY + name] = [
                None if value is None else personal.seal(person, name, _text(value)) for person, value in cells
            ]
    if kind is not None and _has_bands(kind) and BIRTHDAY in names:
        cells = zip(frame[PROPERTY + BIRTHDAY].to_list(), frame["at_ms"].to_list(), strict=True)
        bands = pl.Series(["" if value is None else band_of_birthday(_text(value), at) for value, at in cells])
        told = pl.col(PROPERTY + AGE_BAND) if PROPERTY + AGE_BAND in frame.columns else pl.lit(None, pl.String)
        frame = frame.with_columns(pl.coalesce(told, bands.replace("", None)).alias(PROPERTY + AGE_BAND))
    return frame.with_columns(pl.Series(name, values, pl.String()) for name, values in sealed.items())


def _person_column(frame: pl.DataFrame) -> pl.Expr:
    """What `person_of` says of each row."""
    platform = pl.col("platform").fill_null("") if "platform" in frame.columns else pl.lit("")
    roles = [pl.col(ROLE + role) for role in _OWNING_ROLES if ROLE + role in frame.columns]
    refs = [
        pl.concat_str(pl.lit(f"{ref}:"), platform, pl.lit(":"), pl.col(REF + ref))
        for ref in _OWNING_REFS
        if REF + ref in frame.columns
    ]
    nobody = pl.concat_str(pl.lit("unknown:"), platform, pl.lit(":"))
    texts = [one.cast(pl.String) for one in (*roles, *refs)]
    return pl.coalesce(*texts, nobody)


def park(raw: RawEvent, error: DataError, source: str) -> Parked:
    """Return the parked form of a raw event that failed; it decodes as a RawEvent again."""
    kept = keepable(msgspec.structs.asdict(raw))
    return Parked(
        source=source, kind=kept["kind"][:MAX_KIND], field=keepable(error.field)[:MAX_ID], reason=_reason(error),
        what=error.what, mend=error.mend, raw=msgspec.json.encode(kept).decode(),
    )  # fmt: skip


def _reason(error: DataError) -> str:
    """The key of REASONS for an error: by its field, else by what it says."""
    fields = {"kind": "kind-missing", "at": "time", "amount": "amount", "platform": "platform-unknown"}
    if error.field in fields:
        return fields[error.field]
    for words, reason in _SAID:
        if any(word in error.what for word in words):
            return reason
    if " needs the " in error.what:
        return "role-missing" if error.field in ROLES else "id-missing"
    return "type"


_SAID: Final = (
    (("longer than", "over the limit of"), "text-too-long"),
    (("destroyed",), "id-destroyed"),
    (("absurd amount", "amount in", "known currency"), "amount"),
    (("outside 0..1", "not finite", "fit 64 bits", "absurd", "before 1990", "too deeply"), "range"),
)


def _check_kind(name: str) -> None:
    if not name.strip() or len(name) > MAX_KIND or not name.isprintable():
        raise DataError(
            "the event's name is empty, too long or not printable", f"Use 1 to {MAX_KIND} characters", "kind"
        )


def _time(raw: RawEvent, received_ms: int, repairs: list[str]) -> int:
    """When it says that it happened; now when it does not say."""
    if raw.at is None:
        return received_ms
    try:
        value, note = repair.read_time(raw.at)
    except DataError as error:
        raise DataError(error.what, error.mend, "at") from None
    if value is None:
        return received_ms
    if note:
        repairs.append(f"at:{note}")
    at_ms: int = value + raw.correction_ms
    if at_ms < EARLIEST_MS:
        raise DataError("the time lies before 1990", "Check the date and its unit (s or ms)", "at")
    return at_ms


def _ref(name: str, value: Any) -> str | None:
    if name not in REFS:
        raise _no_such(name, "reference", REFS)
    return read_ref(name, value)


def _no_such(name: Any, what: str, allowed: Iterable[str]) -> DataError:
    shown = str(name)[:40]
    return DataError(f"{shown!r} is not a {what}", f"Use one of {', '.join(allowed)}", shown)


def _amount(raw: RawEvent, repairs: list[str]) -> int | None:
    if raw.amount is None:
        return None
    value = read_amount("amount", raw.amount, raw.currency, repairs)
    if value is not None and abs(value) > MAX_AMOUNT:
        raise DataError("the amount is absurd", "Check the unit: yuan or fen", "amount")
    return value


def _consent(value: Any) -> int | None:
    if value is None or (type(value) is int and 0 <= value < 2 ** len(CONSENT_BITS)):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        try:
            return consent_bits(value)
        except KeyError:
            pass
    raise DataError("consent is not understood", f"Send a list of {', '.join(CONSENT_BITS)}", "consent")


def _plan(kind: Kind) -> _Plan:
    open_ones = {name: READERS[row.type] for name, row in kind.properties.items() if not row.personal}
    personal = {name: READERS[row.type] for name, row in kind.properties.items() if row.personal}
    money = frozenset(name for name, row in kind.properties.items() if row.type == "money")
    return _Plan(kind.required_roles, kind.required_refs, open_ones, personal, money, _has_bands(kind))


def _has_bands(kind: Kind) -> bool:
    held = kind.properties
    return AGE_BAND in held and BIRTHDAY in held and held[BIRTHDAY].personal


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _text(value: Any) -> str:
    """A cell as a vault keeps it, as `_plain` writes the same value."""
    return decimal_text(value) if isinstance(value, Decimal) else _plain(value)


def _seal_ref(ref: str, role: str, personal: Personal) -> str:
    party_type, scope, key = split_ref(ref)
    return f"{party_type}:{scope}:{personal.surrogate(role, key)}"
