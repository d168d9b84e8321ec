"""One person: who this is, what they did, what they allow; every number counted from their events."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import polars as pl

from guanxi.app.consents import PROPERTIES, PersonConsent, consents_of
from guanxi.app.identity import identities
from guanxi.app.person_parts import (
    Identity,
    PersonField,
    PersonPlatform,
    PersonTie,
    Rhythm,
    Totals,
    Touches,
    identity_rows,
    platform_rows,
    rhythm_of,
    ties_of,
    totals_of,
    touches_of,
    type_of,
)
from guanxi.app.person_words import summary
from guanxi.app.workspace import Workspace
from guanxi.core import NotFound
from guanxi.engines.lake import footprint, known_at
from guanxi.events import id_text
from guanxi.relations import shipped_rules

#: What a person page shows and may reveal -> properties that hold it, the most telling first.
FIELDS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "name": ("姓名", "name", ("name", "receiver_name", "nickname", "buyer_nick", "author_name")),
    "phone": ("手机号", "phone", ("phone", "receiver_phone")),
    "address": ("地址", "address", ("address", "receiver_address")),
    "email": ("邮箱", "email", ("email",)),
    "birthday": ("生日", "birthday", ("birthday",)),
}
_PERSONAL: Final = tuple(name for _, _, names in FIELDS.values() for name in names)
_ABOUT: Final = ("city", "gender", "age_band", "member_level")  # not personal: shown as they are
_STATED: Final = ("kind", "sign", "weight", "confidence", "valid_from", "valid_until")  # of Relation Stated
_TIED: Final = tuple(dict.fromkeys(
    role for rule in shipped_rules() for role in (rule.source, rule.target) if role != "platform"
))  # fmt: skip


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """That this person was erased, when and why."""

    at_ms: int
    reason: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person as of a moment; instants in milliseconds UTC, money in minor units of `currency`.

    ref         the reference that names the person; `asked` was asked for
    known       the sequence number as of which the log was read
    name, phone, city  masked; "" when nobody said
    fields      personal values that are kept, masked; their owner's right decides who may reveal them
    about       what else was stated: gender, age band, member level
    events      in which the person acts or is acted on; `first` and `last` are ids of the first and the last
    ties        the strongest, each with its evidence
    summary_zh  one sentence of counted facts
    erased      set: nothing else is known any more
    """

    asked: str
    ref: str
    type: str
    type_zh: str
    type_en: str
    known: int
    asof_ms: int
    name: str = ""
    phone: str = ""
    city: str = ""
    fields: tuple[PersonField, ...] = ()
    about: dict[str, str] = {}
    identities: tuple[Identity, ...] = ()
    consents: tuple[PersonConsent, ...] = ()
    events: int = 0
    first_ms: int | None = None
    first: str = ""
    last_ms: int | None = None
    last: str = ""
    totals: Totals = Totals()
    currency: str = "CNY"
    platforms: tuple[PersonPlatform, ...] = ()
    rhythm: Rhythm | None = None
    ties: tuple[PersonTie, ...] = ()
    touches: Touches | None = None
    summary_zh: str = ""
    summary_en: str = ""
    erased: Erased | None = None
    took_ms: float = 0.0


def person(workspace: Workspace, ref: str, *, now_ms: int, asof_ms: int | None = None, ties: int = 12) -> Person:
    """Return what is known of a person now, or as it was known at an earlier instant.

    ties    how many of the strongest
    raises  NotFound when no event names the person
    """
    begin = time.perf_counter()
    moment = now_ms if asof_ms is None else asof_ms
    known = None if asof_ms is None else known_at(workspace.reader, asof_ms)
    names = identities(workspace)
    members = names.members(ref, known)
    kind = type_of(members[0])
    last_seq = workspace.reader.sizes()["last_seq"] if known is None else known
    known = last_seq if known is None else known
    gone = workspace.vault.forgotten_among([ref, *members])
    if gone:
        stone = next(iter(gone.values()))
        return Person(
            asked=ref, ref=members[0], type=kind.id, type_zh=kind.zh, type_en=kind.en, known=known, asof_ms=moment,
            erased=Erased(at_ms=stone.at_ms, reason=stone.reason), took_ms=_took(begin),
        )  # fmt: skip
    rows = footprint(
        workspace.reader, members, until_ms=None if asof_ms is None else asof_ms, known=known, roles=_TIED,
        properties=tuple(dict.fromkeys((*_PERSONAL, *_ABOUT, *PROPERTIES, *_STATED))),
    )  # fmt: skip
    if not rows.height:
        raise NotFound(f"no event names the person {ref[:80]!r}", "Write type:scope:key, e.g. account:taobao:AAE1x")
    fields = personal_fields(workspace, rows)
    shown = {one.field: one.masked for one in fields}
    totals, currency = totals_of(rows)
    about = _about(rows)
    found = Person(
        asked=ref, ref=members[0], type=kind.id, type_zh=kind.zh, type_en=kind.en, known=known, asof_ms=moment,
        name=shown.get("name", ""), phone=shown.get("phone", ""), city=about.pop("city", ""), fields=fields,
        about=about, identities=identity_rows(workspace, rows, members, known), consents=consents_of(rows),
        events=rows.height, first_ms=rows["at_ms"][-1], first=_id(rows, -1), last_ms=rows["at_ms"][0],
        last=_id(rows, 0), totals=totals, currency=currency,
        platforms=platform_rows(rows, workspace.platforms, currency), rhythm=rhythm_of(rows, workspace.catalogue),
        ties=ties_of(rows, members, names.mapping(known), until_ms=moment, known=known, limit=ties),
        touches=touches_of(rows, moment),
    )  # fmt: skip
    zh, en = summary(found.totals, found.platforms, found.first_ms, found.events, currency=currency, now_ms=moment)
    return msgspec.structs.replace(found, summary_zh=zh, summary_en=en, took_ms=_took(begin))


def personal_fields(workspace: Workspace, rows: pl.DataFrame) -> tuple[PersonField, ...]:
    """Return the newest value of each personal field, masked.

    rows  newest first, with p_<property> of `FIELDS`: tokens of the vault
    """
    chosen: dict[str, tuple[str, Mapping[str, object]]] = {}
    for field, (_, _, properties) in FIELDS.items():
        for name in properties:
            held = rows.filter(pl.col("mine"), pl.col(f"p_{name}").str.starts_with("vt_")).head(1)
            if held.height:
                row = held.row(0, named=True)
                chosen[field] = (str(row[f"p_{name}"]), row)
                break
    shown = workspace.vault.masked([token for token, _ in chosen.values()])
    return tuple(
        PersonField(
            field=field, zh=FIELDS[field][0], en=FIELDS[field][1], masked=shown[token], at_ms=int(str(row["at_ms"])),
            event=id_text(int(str(row["id_hi"])), int(str(row["id_lo"]))),
        )
        for field, (token, row) in chosen.items()
        if token in shown
    )  # fmt: skip


def personal_token(workspace: Workspace, members: Sequence[str], field: str) -> str:
    """Return the token of the newest value of a field; "" when nobody said."""
    names = FIELDS[field][2]
    rows = footprint(workspace.reader, members, properties=names)
    for name in names:
        held = rows.filter(pl.col("mine"), pl.col(f"p_{name}").str.starts_with("vt_")).head(1)
        if held.height:
            return str(held[f"p_{name}"][0])
    return ""


def _about(rows: pl.DataFrame) -> dict[str, str]:
    found = {}
    for name in _ABOUT:
        said = rows.filter(pl.col("mine"), pl.col("kind") == "Profile Updated")[f"p_{name}"].drop_nulls()
        if len(said):
            found[name] = str(said[0])
    return found


def _id(rows: pl.DataFrame, place: int) -> str:
    return id_text(int(rows["id_hi"][place]), int(rows["id_lo"][place]))


def _took(begin: float) -> float:
    return round((time.perf_counter() - begin) * 1000, 1)
