"""The file of a policy: TOML, checked line by line; an error names the place, the value and what is allowed."""

import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from guanxi.core import GuanxiError, SettingError, nearest
from guanxi.decisions.expressions import Expression, trait_variables
from guanxi.decisions.fairness import check_fair
from guanxi.decisions.laws import EARLIEST_MS, NAME, require_id, require_pairs
from guanxi.decisions.policy import (
    LARGEST_YUAN,
    MOST_EXPLORE,
    MOST_HOLDOUT,
    MOST_OFFERS,
    MOST_RULES,
    Offer,
    Policy,
    Rule,
    hash_of,
)
from guanxi.decisions.rules import RuleSet
from guanxi.decisions.values import NOTHING, Decision, Mode
from guanxi.events import CONSENT_BITS
from guanxi.traits import TraitCatalogue

MOST_BYTES: Final = 200_000
R = TypeVar("R", Offer, Rule)


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands above the offers."""

    zh: str
    en: str
    mode: Mode = "propose"
    unit: str = "person"
    holdout: float = 0.10
    holdout_reason: str = ""
    explore: float = 0.05
    purposes: tuple[str, ...] | None = None


def read_policy(text: str, catalogue: TraitCatalogue, *, name: str) -> Policy:
    """Return the policy that a TOML text describes.

    catalogue  the traits that its rules may read
    name       of the policy: its file's name without the ending
    raises     SettingError that names the file, the line, the value and what is allowed
    """
    where = f"policies/{name}.toml"
    with _at(where, text):
        if not re.fullmatch(NAME, name):
            raise SettingError(
                f"a policy is called {name!r:.60}", "Use a-z, 0-9 and _, at most 63, a letter first", "name"
            )
        if len(text) > MOST_BYTES:
            raise SettingError(f"it has {len(text):,} characters", f"Use {MOST_BYTES:,} at most", "text")
        rows = _rows(text)
        head = _convert({key: value for key, value in rows.items() if key not in _TABLES}, _Head)
        _check_head(head)
    read: dict[str, tuple[Any, ...]] = {}
    for table, type_ in _TABLES.items():
        made: list[Any] = []
        for place, row in enumerate(rows.get(table, [])):
            with _at(where, text, table, place):
                made.append(_check(_convert(row, type_), made, read.get("offers", ())))
        read[table] = tuple(made)
    with _at(where):
        _check_counts(len(read["offers"]), len(read["rules"]))
    policy = Policy(
        name=name, offers=read["offers"], rules=read["rules"],
        **{key: getattr(head, key) for key in _Head.__struct_fields__ if key not in ("purposes", "unit")},
    )  # fmt: skip
    return _compiled(policy, head, catalogue, text, where)


def _compiled(policy: Policy, head: _Head, catalogue: TraitCatalogue, text: str, where: str) -> Policy:
    """Return the policy with what follows from its expressions."""
    traits = trait_variables(catalogue)
    rules: list[Expression] = []
    numbers: list[Expression] = []
    for place, offer in enumerate(policy.offers):
        with _at(where, text, "offers", place):
            mine = [
                Expression(one, traits, number=True) for one in (offer.value, offer.cost_yuan) if isinstance(one, str)
            ]
            check_fair(offer.id, [offer], mine)
            numbers += mine
    for place, rule in enumerate(policy.rules):
        with _at(where, text, "rules", place):
            expression = Expression(rule.when, traits)
            touched = [
                one for one in policy.offers if rule.effect != "warn" and (not rule.offers or one.id in rule.offers)
            ]
            check_fair(rule.name, touched, [expression])
            rules.append(expression)
    with _at(where):
        reads = RuleSet(rules, numbers).reads
    names = sorted({one.source for one in reads.values() if not one.fact})
    needs = tuple(_needs(offer, head.purposes) for offer in policy.offers)
    personal = any("profile" in catalogue.rows[one].uses for one in names)
    purposes = (
        {one for row in needs for one in row} | set(head.purposes or ()) | ({"personalise"} if personal else set())
    )
    policy = msgspec.structs.replace(
        policy, reads=tuple(names), needs=needs, purposes=tuple(one for one in CONSENT_BITS if one in purposes),
        variables={name: found for name, found in traits.items() if found[1] in names},
    )  # fmt: skip
    return msgspec.structs.replace(policy, hash=hash_of(policy))


def _needs(offer: Offer, stated: tuple[str, ...] | None) -> tuple[str, ...]:
    if stated is not None:
        return tuple(one for one in CONSENT_BITS if one in stated and one != "personalise")
    return ("message",) if offer.purpose == "marketing" else ()


@contextmanager
def _at(where: str, text: str = "", table: str = "", place: int = 0) -> Iterator[None]:
    """Say where in the file something is wrong: the line, the table and its number."""
    try:
        yield
    except GuanxiError as error:
        line = _line(text, table, place, error.field)
        parts = [where, f"line {line}" if line else "", f"{table} {place + 1}" if table else ""]
        raise SettingError(f"{', '.join(filter(None, parts))}: {error.what}", error.mend, error.field) from error


def _line(text: str, table: str, place: int, field: str) -> int:
    """The line of a row's field, else of the row; 0 = nowhere."""
    starts = [one.start() for one in _HEADER.finditer(text) if one[1] == table] if table else [0]
    if place >= len(starts):
        return 0
    after = _HEADER.search(text, starts[place] + 2) if table else _HEADER.search(text)
    end = after.start() if after else len(text)
    found = (
        re.compile(rf"^[ \t]*{re.escape(field)}[ \t]*=", re.MULTILINE).search(text, starts[place], end)
        if field
        else None
    )
    if not found and not table:
        return 0
    return text.count("\n", 0, found.start() if found else starts[place]) + 1


def _rows(text: str) -> dict[str, Any]:
    try:
        rows = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"it is not TOML: {error}", "Mend the line it names", "text") from error
    for table in _TABLES:
        held = rows.get(table, [])
        if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
            raise SettingError(f"{table} is no list of tables", f"Write [[{table}]] above each", table)
    return rows


def _convert(row: dict[str, Any], type_: type[Any]) -> Any:
    try:
        return msgspec.convert(row, type_)
    except msgspec.ValidationError as error:
        raise _unusable(row, type_, str(error)) from error


def _unusable(row: dict[str, Any], type_: type[Any], words: str) -> SettingError:
    """Say what a row holds in a wrong place, and what may stand there."""
    fields = type_.__struct_fields__
    if unknown := re.search(r"unknown field `(.*)`", words):
        near = nearest(unknown[1], fields)
        mend = f"Did you mean {near[0]}?" if near else f"Use {', '.join(fields)}"
        return SettingError(f"there is no field {unknown[1]!r:.60}", mend, unknown[1])
    if missing := re.search(r"missing required field `(\w+)`", words):
        return SettingError(
            f"{missing[1]} is missing", f"Give it: a row needs {', '.join(_required(type_))}", missing[1]
        )
    place = re.search(r" - at `\$\.?(\w*)", words)
    field = place[1] if place else ""
    allowed = _choices(get_type_hints(type_).get(field))
    mend = f"Use {', '.join(allowed)}" if allowed else f"{words.partition(' - at')[0]}: see docs/policies.md"
    return SettingError(f"{field} is {row.get(field)!r:.60}", mend, field)


def _required(type_: type[Any]) -> list[str]:
    return [one.name for one in msgspec.structs.fields(type_) if one.required]


def _choices(hint: Any) -> tuple[str, ...]:
    return (
        tuple(map(str, get_args(hint)))
        if get_origin(hint) is not tuple and str(hint).startswith("typing.Literal")
        else ()
    )


def _check_head(head: _Head) -> None:
    _check_words(head.zh, head.en)
    if head.unit != "person":
        raise SettingError(f"unit is {head.unit!r:.40}", "Use person", "unit")
    if not 0 <= head.holdout <= MOST_HOLDOUT:
        raise SettingError(f"holdout is {head.holdout}", f"Write a share of 0 to {MOST_HOLDOUT}: 0.10", "holdout")
    if head.holdout == 0 and not head.holdout_reason.strip():
        raise SettingError("holdout is 0 and holdout_reason is missing",
                           "Say in holdout_reason why nobody is kept out, or use 0.10", "holdout")  # fmt: skip
    if not 0 <= head.explore <= MOST_EXPLORE:
        raise SettingError(f"explore is {head.explore}", f"Write a share of 0 to {MOST_EXPLORE}: 0.05", "explore")
    for one in head.purposes or ():
        if one not in CONSENT_BITS:
            raise SettingError(f"purposes holds {one!r:.40}", f"Use some of {', '.join(CONSENT_BITS)}", "purposes")


def _check_words(zh: str, en: str) -> None:
    for field, text in (("zh", zh), ("en", en)):
        if not text.strip() or len(text) > 200:
            raise SettingError(f"{field} has {len(text)} characters", "Say it in 1 to 200, in both languages", field)


def _check(row: R, before: Sequence[R], offers: Sequence[Offer]) -> R:
    _check_words(row.zh, row.en)
    if isinstance(row, Offer) and not row.purpose and (row.channel or row.kind == "message"):
        row = msgspec.structs.replace(row, purpose="marketing")
    if isinstance(row, Offer):
        _check_offer(row)
    else:
        _check_rule(row, [one.id for one in offers])
    key = row.id if isinstance(row, Offer) else row.name
    if any(key == (one.id if isinstance(one, Offer) else one.name) for one in before):
        raise SettingError(
            f"{key!r:.60} stands twice", "Rename one of them", "id" if isinstance(row, Offer) else "name"
        )
    return row


def _check_rule(row: Rule, offers: list[str]) -> None:
    if not re.fullmatch(NAME, row.name):
        raise SettingError(f"a rule is called {row.name!r:.60}", "Use a-z, 0-9 and _, a letter first", "name")
    for one in row.offers:
        if one not in offers:
            near = nearest(one, offers)
            raise SettingError(f"no offer is called {one!r:.60}", f"Did you mean {near[0]}?" if near else
                               f"Use {', '.join(offers)}", "offers")  # fmt: skip


def _check_offer(row: Offer) -> None:
    require_id("id", row.id)
    if row.id == NOTHING:
        raise SettingError(f"an offer is called {NOTHING!r}", "That one is always there; use another id", "id")
    if strange := {"channel", "content", "purpose"} & row.params.keys():
        raise SettingError(f"params holds {min(strange)}", "It is a field of the offer", "params")
    require_pairs("params", row.does)
    Decision(id="x", at_ms=EARLIEST_MS, kind=row.kind, party="person::x", chosen=(row.id,), alternatives=(row.id,),
             propensity=1.0, policy="x", params=row.does)  # fmt: skip
    stated = {name: getattr(row, name) for name in _NUMBERS}
    for name, value in stated.items():
        if isinstance(value, float) and not (math.isfinite(value) and abs(value) <= LARGEST_YUAN):
            raise SettingError(f"{name} is {value}", f"Give yuan between -{LARGEST_YUAN:,} and {LARGEST_YUAN:,}", name)
    if isinstance(row.cost_yuan, float) and row.cost_yuan < 0:
        raise SettingError(f"cost_yuan is {row.cost_yuan}", "Give yuan, 0 or more", "cost_yuan")
    if not 0 < row.value_level < 1:
        raise SettingError(f"value_level is {row.value_level}", "Write 90 % as 0.9", "value_level")
    _check_interval(row)


def _check_interval(row: Offer) -> None:
    low, high, band = row.value_low, row.value_high, row.value_band
    if isinstance(row.value, str) and (low is not None or high is not None):
        raise SettingError("value is an expression with fixed ends", "Give value_band, as in 0.5", "value_low")
    if (band is None) == (low is None and high is None) or (low is None) != (high is None):
        raise SettingError("it is not said how sure the value is",
                           "Give value_low and value_high in yuan, or value_band as a share", "value_band")  # fmt: skip
    if band is not None and band < 0:
        raise SettingError(f"value_band is {band}", "Give a share, 0 or more", "value_band")
    if low is not None and high is not None and isinstance(row.value, float) and not low <= row.value <= high:
        raise SettingError(f"value is {row.value}, outside {low} to {high}", "Give low <= value <= high", "value")


def _check_counts(offers: int, rules: int) -> None:
    if not 1 <= offers <= MOST_OFFERS:
        raise SettingError(f"it has {offers} offers", f"Write 1 to {MOST_OFFERS} [[offers]]", "offers")
    if rules > MOST_RULES:
        raise SettingError(f"it has {rules} rules", f"Write {MOST_RULES} [[rules]] at most", "rules")


_TABLES: Final[dict[str, type[Any]]] = {"offers": Offer, "rules": Rule}
_NUMBERS: Final = ("value", "value_low", "value_high", "value_band", "value_unknown", "cost_yuan")
_HEADER: Final = re.compile(r"^[ \t]*\[\[[ \t]*(offers|rules)[ \t]*\]\]", re.MULTILINE)
