"""Intake: the door through which every single event passes, checked, repaired where safe, or parked."""

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, Final, Protocol

import msgspec
import polars as pl

from guanxi.core import DataError, Refused
from guanxi.events import repair
from guanxi.events.columns import EARLIEST_MS, MAX_AMOUNT, MAX_ID, MAX_TEXT, PROPERTY, ROLE
from guanxi.events.event import CONSENT_BITS, Event, Trust, consent_bits, event_id, split_ref
from guanxi.events.kinds import REFS, ROLES, Catalogue, Kind, Property
from guanxi.events.parked import Parked

AHEAD_MS: Final = 5 * 60_000  # a clock may run this far ahead before it is clamped
MAX_PROPERTIES: Final = 255
MAX_KIND: Final = 100  # characters
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
    historical  True: imported history, whose trait clock is `at`
    known_clock_ms  correction added to `at` for a client clock that runs wrong
    """

    kind: str
    namespace: str = ""
    message_id: str = ""
    at: Any = None
    roles: dict[str, str] = {}
    refs: dict[str, str] = {}
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

    def check(self, raw: RawEvent, trust: Trust, *, received_ms: int, source: str) -> Event | Parked:
        """Return the event, or the parked row when it cannot be accepted.

        trust        what the sender's key may send
        received_ms  now
        raises       Refused when the key may not send this kind: nothing is kept of it
        """
        kind = self.catalogue.find(raw.kind)
        if trust == "client" and kind is not None and kind.trust == "server":
            raise Refused(
                f"a client key may not send {raw.kind!r}", "Send it from your server with a server key", "kind"
            )
        try:
            return self._event(raw, kind, received_ms, source)
        except DataError as error:
            return park(raw, error, source)

    def _event(self, raw: RawEvent, kind: Kind | None, received_ms: int, source: str) -> Event:
        _check_kind(raw.kind)
        if raw.platform not in self._platforms:
            raise DataError(
                f"the platform {raw.platform!r} is not known", "Add it under [platforms] in guanxi.toml", "platform"
            )
        repairs: list[str] = []
        at_ms = self._time(raw, received_ms, repairs)
        roles = _texts(raw.roles, ROLES, "role")
        refs = _texts(raw.refs, REFS, "reference")
        for role in SURROGATE_ROLES:
            if role in roles:
                roles[role] = self._surrogate(role, roles[role])
        if kind is not None:
            for role in kind.required_roles:
                if role not in roles:
                    raise DataError(f"{raw.kind!r} needs the role {role!r}", f"Send roles.{role}", role)
            for ref in kind.required_refs:
                if ref not in refs:
                    raise DataError(f"{raw.kind!r} needs the reference {ref!r}", f"Send refs.{ref}", ref)
        amount = _amount(raw, repairs)
        currency = raw.currency if amount is not None or (kind is not None and _has_money(kind)) else ""
        person = person_of(roles, refs, raw.platform)
        properties = self._properties(raw, kind, repairs, person)
        consent = _consent(raw.consent)
        if raw.message_id:
            key = event_id(raw.namespace, raw.message_id)
        else:
            body = msgspec.json.encode([roles, refs, amount, properties], order="sorted").decode()
            key = event_id(raw.namespace, raw.kind, str(at_ms), body)
        return Event(
            id=key, kind=raw.kind, at_ms=at_ms, received_ms=received_ms, roles=roles, refs=refs, platform=raw.platform,
            amount=amount, currency=currency, properties=properties, consent=consent, source=source,
            live=not raw.historical, repairs=tuple(repairs),
        )  # fmt: skip

    def _time(self, raw: RawEvent, received_ms: int, repairs: list[str]) -> int:
        if raw.at is None:
            return received_ms
        value, note = repair.read_time(raw.at)
        if value is None:
            return received_ms
        if note:
            repairs.append(f"at:{note}")
        at_ms: int = value + raw.correction_ms
        if at_ms > received_ms + AHEAD_MS:
            repairs.append("at:clamped")
            return received_ms
        if at_ms < EARLIEST_MS:
            raise DataError("the time lies before 1990", "Check the date and its unit (s or ms)", "at")
        return at_ms

    def _surrogate(self, role: str, ref: str) -> str:
        party_type, scope, key = split_ref(ref)
        return f"{party_type}:{scope}:{self._personal.surrogate(role, key)}"

    def _properties(self, raw: RawEvent, kind: Kind | None, repairs: list[str], person: str) -> dict[str, Any]:
        if len(raw.properties) > MAX_PROPERTIES:
            raise DataError(
                f"{len(raw.properties)} properties, at most {MAX_PROPERTIES} are allowed", "Send fewer", "properties"
            )
        declared: Mapping[str, Property] = kind.properties if kind is not None else {}
        checked: dict[str, Any] = {}
        for name, value in raw.properties.items():
            row = declared.get(name)
            if value is None:
                continue
            if row is None:
                checked[name[:MAX_ID]] = _free(name, value)
                continue
            result = _READERS[row.type](name, value, raw.currency, repairs)
            if result is None:
                continue
            checked[name] = self._personal.seal(person, name, _plain(result)) if row.personal else result
        return checked


def person_of(roles: Mapping[str, str], refs: Mapping[str, str], platform: str) -> str:
    """Return whose personal data an event holds: the actor, else recipient, payer, device or the order."""
    for role in ("actor", "recipient", "payer", "device"):
        if role in roles:
            return roles[role]
    for ref in ("order", "conversation", "parcel", "message"):
        if ref in refs:
            return f"{ref}:{platform}:{refs[ref]}"
    return f"unknown:{platform}:"


def seal_columns(kind: Kind | None, frame: pl.DataFrame, personal: Personal) -> pl.DataFrame:
    """Return the frame with personal properties replaced by tokens and delicate roles by surrogates."""
    names = [name for name, row in kind.properties.items() if row.personal] if kind is not None else []
    names = [name for name in names if PROPERTY + name in frame.columns]
    roles = [role for role in SURROGATE_ROLES if ROLE + role in frame.columns]
    if not names and not roles:
        return frame
    sealed: dict[str, list[str | None]] = {PROPERTY + name: [] for name in names}
    for role in roles:
        values = frame[ROLE + role].to_list()
        sealed[ROLE + role] = [None if value is None else _seal_ref(value, role, personal) for value in values]
    if names:
        for row in frame.iter_rows(named=True):
            person = person_of(
                {key[5:]: value for key, value in row.items() if value is not None and key.startswith(ROLE)},
                {key[4:]: value for key, value in row.items() if value is not None and key.startswith("ref_")},
                row.get("platform") or "",
            )
            for name in names:
                value = row[PROPERTY + name]
                sealed[PROPERTY + name].append(None if value is None else personal.seal(person, name, value))
    return frame.with_columns(pl.Series(name, values, pl.String()) for name, values in sealed.items())


def park(raw: RawEvent, error: DataError, source: str) -> Parked:
    """Return the parked form of a raw event that failed."""
    return Parked(
        source=source, kind=raw.kind[:MAX_KIND], field=error.field, reason=_reason(error), what=error.what,
        mend=error.mend, raw=msgspec.json.encode(raw, enc_hook=str).decode(),
    )  # fmt: skip


def _reason(error: DataError) -> str:
    field = error.field
    if field == "kind":
        return "kind-missing"
    if field == "at":
        return "time"
    if field == "amount":
        return "amount"
    if field == "platform":
        return "platform-unknown"
    if "longer than" in error.what:
        return "text-too-long"
    if "spreadsheet" in error.what:
        return "id-destroyed"
    if field in ROLES and " needs the " in error.what:
        return "role-missing"
    if field in REFS and " needs the " in error.what:
        return "id-missing"
    return "type"


def _check_kind(name: str) -> None:
    if not name.strip() or len(name) > MAX_KIND or not name.isprintable():
        raise DataError(
            "the event's name is empty, too long or not printable", f"Use 1 to {MAX_KIND} characters", "kind"
        )


def _texts(values: Mapping[str, Any], allowed: Iterable[str], what: str) -> dict[str, str]:
    checked = {}
    for name, value in values.items():
        if value is None or value == "":
            continue
        if name not in allowed:
            raise DataError(f"{name!r} is not a {what}", f"Use one of {', '.join(allowed)}", str(name)[:MAX_ID])
        text = value if type(value) is str else repair.read_id(value).value
        if text is None:
            continue
        if len(text) > MAX_ID:
            raise DataError(f"the {what} {name!r} is longer than {MAX_ID} characters", "Send the id alone", name)
        checked[name] = text
    return checked


def _amount(raw: RawEvent, repairs: list[str]) -> int | None:
    if raw.amount is None:
        return None
    try:
        value, note = repair.read_money(raw.amount, currency=raw.currency)
    except DataError as error:
        raise DataError(error.what, error.mend, "amount") from None
    if note:
        repairs.append(f"amount:{note}")
    if value is not None and abs(value) > MAX_AMOUNT:
        raise DataError("the amount is absurd", "Check the unit: yuan or fen", "amount")
    return None if value is None else int(value)


def _consent(value: Any) -> int | None:
    if value is None or (type(value) is int and 0 <= value < 2 ** len(CONSENT_BITS)):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        try:
            return consent_bits(value)
        except KeyError:
            pass
    raise DataError("consent is not understood", f"Send a list of {', '.join(CONSENT_BITS)}", "consent")


def _has_money(kind: Kind) -> bool:
    return any(row.type == "money" for row in kind.properties.values())


def _free(name: str, value: Any, depth: int = 0) -> Any:
    """Check an undeclared property: finite numbers, bounded text, bounded depth."""
    kind = type(value)
    if kind is str:
        if len(value) > MAX_TEXT:
            raise DataError(f"the property {name[:40]!r} is longer than {MAX_TEXT} characters", "Shorten it", name[:40])
    elif kind is float:
        if not isfinite(value):
            raise DataError(
                f"the property {name[:40]!r} is not a finite number", "Leave it out when unknown", name[:40]
            )
    elif kind is int:
        if not -(2**63) <= value < 2**63:
            raise DataError(f"the property {name[:40]!r} does not fit 64 bits", "Send ids as text", name[:40])
    elif kind in (list, dict):
        if depth >= 8:
            raise DataError(f"the property {name[:40]!r} is nested too deeply", "At most 8 levels", name[:40])
        for one in value.values() if kind is dict else value:
            _free(name, one, depth + 1)
    return value


Reader = Callable[[str, Any, str, list[str]], Any]


def _reader(read: Callable[..., repair.Repaired[Any]], kinds: tuple[type, ...], **options: Any) -> Reader:
    def run(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
        if type(value) in kinds:
            return value
        try:
            result, note = read(value, **options)
        except DataError as error:
            raise DataError(error.what, error.mend, name) from None
        if note:
            repairs.append(f"{name}:{note}")
        return result

    return run


def _text(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
    if type(value) is not str:
        if isinstance(value, (dict, list)):
            raise DataError(f"{name!r} is not text", "Send text, or declare the property as json", name)
        value = repair.read_id(value).value
        if value is None:
            return None
    if len(value) > MAX_TEXT:
        raise DataError(f"the property {name!r} is longer than {MAX_TEXT} characters", "Shorten it", name)
    if value.isprintable():
        return value or None
    result, note = repair.read_text(value, limit=MAX_TEXT)
    if note:
        repairs.append(f"{name}:{note}")
    return result


def _integer(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
    if type(value) is not int:
        value = _ANY_INTEGER(name, value, currency, repairs)
    if value is not None and not -(2**63) <= value < 2**63:
        raise DataError(f"{name!r} does not fit 64 bits", "Check the number", name)
    return value


def _money(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
    result, note = _named(name, lambda: repair.read_money(value, currency=currency))
    if note:
        repairs.append(f"{name}:{note}")
    return result


def _decimal(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
    result, note = _named(name, lambda: repair.read_decimal(value))
    if note:
        repairs.append(f"{name}:{note}")
    if result is None:
        return None
    if abs(result) >= 10**12:
        raise DataError(f"{name!r} is absurd", "At most 12 digits before the point", name)
    text = f"{result:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
    value = _ANY_NUMBER(name, value, currency, repairs)
    if value is not None and not isfinite(value):
        raise DataError(f"{name!r} is not a finite number", "Leave it out when unknown", name)
    return float(value) if value is not None else None


def _json(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
    return _free(name, value)


def _named(name: str, call: Callable[[], repair.Repaired[Any]]) -> repair.Repaired[Any]:
    try:
        return call()
    except DataError as error:
        raise DataError(error.what, error.mend, name) from None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _seal_ref(ref: str, role: str, personal: Personal) -> str:
    party_type, scope, key = split_ref(ref)
    return f"{party_type}:{scope}:{personal.surrogate(role, key)}"


_ANY_INTEGER = _reader(repair.read_integer, (int,))
_ANY_NUMBER = _reader(repair.read_number, (int, float))
_READERS: Final[dict[str, Reader]] = {
    "text": _text,
    "id": _reader(repair.read_id, ()),
    "integer": _integer,
    "decimal": _decimal,
    "money": _money,
    "number": _number,
    "rate": _reader(repair.read_rate, (), form="fraction"),
    "boolean": _reader(repair.read_boolean, (bool,)),
    "time": _reader(repair.read_time, ()),
    "json": _json,
}
