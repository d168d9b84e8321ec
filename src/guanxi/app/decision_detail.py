"""One decision with all that it rests on: candidates, limits, what became of it, and the proof of its record."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from guanxi.actions import Outgoing
from guanxi.app.decision_words import DecisionRow, DecisionWords
from guanxi.app.limits import LimitBar
from guanxi.app.people import names_of
from guanxi.app.scope import scope
from guanxi.app.workspace import Workspace
from guanxi.core import NotFound
from guanxi.decisions import Context, Limit, Record, Scalar, Weighed, for_person, shown_trait, story
from guanxi.engines.control import DecisionFilter, DecisionLine, HoldNote, Kept
from guanxi.traits import Trait

_LANGS: Final[tuple[Literal["zh", "en"], ...]] = ("zh", "en")


class RefusalLine(msgspec.Struct, frozen=True, kw_only=True):
    """Why a candidate could not be chosen; fields as in `Refusal`."""

    by: str
    name: str
    zh: str
    en: str
    unit: str = ""
    account: str = ""
    asked: int = 0
    free: int = 0
    resets_ms: int | None = None


class WeighedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate as it was weighed; value, low and high in yuan, None when nobody estimated them; cost in fen."""

    id: str
    kind: str
    zh: str
    en: str
    verdict: str
    channel: str
    purpose: str
    params: dict[str, str | int | float | bool]
    value: float | None
    low: float | None
    high: float | None
    level: float | None
    n: int
    method: str
    cost: int
    score: float | None
    propensity: float
    refusals: tuple[RefusalLine, ...]


class SeenTrait(msgspec.Struct, frozen=True, kw_only=True):
    """A trait that the policy read; value None = unknown, withheld by consent, or hidden.

    hidden  it is sensitive: the person's page shows it to whoever says why
    """

    name: str
    zh: str
    en: str
    unit: str
    value: str | int | float | bool | None
    shown_zh: str
    shown_en: str
    hidden: bool = False


class DecisionProof(msgspec.Struct, frozen=True, kw_only=True):
    """That the record, as it is kept, is part of what the ledger's entry `key` names.

    leaf, path, root   RFC 6962: the leaf is the hash of salt and record; place, size: where in the tree
    holds              the path leads from the leaf to the root
    kept               False: the person was erased, and with them the record; the leaf stays
    """

    leaf: str
    place: int
    size: int
    path: tuple[str, ...]
    root: str
    key: str
    batch: int
    written_ms: int
    holds: bool
    kept: bool


class DecisionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One decision with all that it rests on; after an erasure the proof alone.

    explore, holdout   shares of the policy's people, as its text had them
    context_at_ms      as of when traits were read; known: up to which sequence number
    rooms              the limits that were looked at, as they then stood
    why, chance        why this one, and how likely it was, in sentences
    person_zh, person_en   what the person concerned is told
    out, hold          its row of the outbox and what it has reserved; None = nothing
    """

    row: DecisionRow
    version: int
    policy_hash: str
    bucket: float
    until_ms: int
    known: int
    personalise: bool
    consents: dict[str, bool]
    facts: dict[str, str | int | float | bool]
    traits: tuple[SeenTrait, ...]
    why_zh: tuple[str, ...]
    why_en: tuple[str, ...]
    chance_zh: tuple[str, ...]
    chance_en: tuple[str, ...]
    person_zh: str
    person_en: str
    weighed: tuple[WeighedLine, ...]
    rooms: tuple[LimitBar, ...]
    out: Outgoing | None
    hold: HoldNote | None
    proof: DecisionProof


def decision_detail(workspace: Workspace, id: str) -> DecisionDetail:  # noqa: A002
    """Return one decision with its record, what came of it, and its proof; sensitive traits are not told.

    raises  NotFound
    """
    control = workspace.control
    kept = control.decisions.kept(id)
    line = _line(workspace, kept)
    record = kept.record
    words = DecisionWords(workspace)
    if record is not None:
        words.take(record)
    name = names_of(workspace, scope(workspace), [kept.party]).get(kept.party, "") if kept.party else ""
    out = control.decision_pages.out_of(id)
    context = record.context if record else Context(party=kept.party or "person::erased", at_ms=kept.at_ms)
    limits = control.limits.all()
    return DecisionDetail(
        row=words.row(line, name), version=record.version if record else 0, policy_hash=record.policy if record else "",
        bucket=record.bucket if record else 0.0, until_ms=context.until_ms, known=context.known,
        personalise=context.personalise, consents=context.consents, facts=dict(context.facts),
        traits=tuple(_trait(workspace, *pair) for pair in context.traits.items()),
        **_told(workspace, record, limits),
        weighed=tuple(_weighed(one, limits) for one in record.weighed) if record else (),
        rooms=_rooms(record, limits) if record else (), out=control.outbox.row(out) if out else None,
        hold=control.reach.hold(kept.hold) if kept.hold else None, proof=_proof(kept),
    )  # fmt: skip


def _told(workspace: Workspace, record: Record | None, limits: Mapping[str, Limit]) -> dict[str, Any]:
    """The sentences of the story that the page shows as such."""
    if record is None:
        return {f"{key}_{lang}": () for key in ("why", "chance") for lang in _LANGS} | {
            "person_zh": "",
            "person_en": "",
        }
    told: dict[str, Any] = {}
    for lang in _LANGS:
        parts = story(record, limits.values(), lang=lang, catalogue=workspace.traits).sections
        lines = {one.key: one.lines for one in parts}
        told |= {f"why_{lang}": lines.get("why", ()), f"chance_{lang}": lines.get("chance", ())}
        told[f"person_{lang}"] = for_person(record, lang)
    return told


def _line(workspace: Workspace, kept: Kept) -> DecisionLine:
    """The line of one decision, as the list has it."""
    found = workspace.control.decision_pages.page(DecisionFilter(), before=kept.number + 1, limit=1)
    if not found or found[0].id != kept.id:
        raise NotFound(f"there is no decision {kept.id}", "See `guanxi decide list`")
    return found[0]


def _weighed(one: Weighed, limits: Mapping[str, Limit]) -> WeighedLine:
    value = one.value
    return WeighedLine(
        id=one.id, kind=one.kind, zh=one.zh, en=one.en, verdict=one.verdict, channel=one.channel, purpose=one.purpose,
        params=dict(one.params), value=value.value if value else None, low=value.low if value else None,
        high=value.high if value else None, level=value.level if value else None, n=value.n if value else 0,
        method=value.method if value else "", cost=one.cost, score=one.score, propensity=one.propensity,
        refusals=tuple(
            RefusalLine(
                by=why.by, name=why.name, zh=why.zh, en=why.en, account=why.account, asked=why.asked, free=why.free,
                unit=limits[why.name].unit if why.by == "limit" and why.name in limits else "",
                resets_ms=why.resets_ms,
            )
            for why in one.refusals
        ),
    )  # fmt: skip


def _rooms(record: Record, limits: Mapping[str, Limit]) -> tuple[LimitBar, ...]:
    found = {}
    for one in record.rooms:
        limit = limits.get(one.limit)
        found[one.account] = LimitBar(
            limit=one.limit, zh=limit.zh if limit else one.limit, en=limit.en if limit else one.limit,
            unit=limit.unit if limit else "", cap=one.cap, used=one.used, reserved=one.reserved, free=one.free,
            subject=one.subject, resets_ms=one.resets_ms, account=one.account,
        )  # fmt: skip
    return tuple(found.values())


def _trait(workspace: Workspace, name: str, value: Scalar | None) -> SeenTrait:
    row: Trait | None = workspace.traits.rows.get(name)
    hidden = row is not None and row.privacy == "sensitive"
    return SeenTrait(
        name=name, zh=row.zh if row else name, en=row.en if row else name, unit=row.unit if row else "",
        value=None if hidden else value, shown_zh="" if hidden else shown_trait(value, row.unit if row else "", "zh"),
        shown_en="" if hidden else shown_trait(value, row.unit if row else "", "en"), hidden=hidden,
    )  # fmt: skip


def _proof(kept: Kept) -> DecisionProof:
    return DecisionProof(
        leaf=kept.leaf, place=kept.place, size=kept.size, path=kept.path, root=kept.root, key=kept.key,
        batch=kept.batch, written_ms=kept.written_ms, holds=kept.is_proved, kept=kept.record is not None,
    )  # fmt: skip
