"""A person's timeline: newest first, runs of browsing folded, every line with the events behind it."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import polars as pl

from guanxi.app.identity import identities
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, Money, NotFound
from guanxi.engines.lake import events_at, footprint, known_at
from guanxi.events import Event, Kind, id_text

RUN: Final = 500  # events that one line stands for at most
GAP_MS: Final = 30 * 60_000  # a longer pause ends a run: the usual border of a session
SHOWN_IDS: Final = 20  # newest events behind a line that are named
SHOWN_FACTS: Final = 6
FLOWING: Final = frozenset({"browse", "app", "content", "video", "live"})  # families whose events come in runs
LINE: Final = "Order Line Recorded"  # lines of one order are one line here

#: family of kinds -> (Chinese, English)
FAMILIES: Final[dict[str, tuple[str, str]]] = {
    "browse": ("浏览", "browsing"), "app": ("应用", "app"), "trade": ("交易", "trade"), "coupon": ("优惠", "coupons"),
    "logistics": ("物流", "delivery"), "settlement": ("结算", "settlement"), "content": ("内容", "content"),
    "video": ("视频", "video"), "live": ("直播", "live rooms"), "ad": ("广告", "advertising"),
    "metrics": ("指标", "metrics"), "service": ("服务", "service"), "reach": ("触达", "messages"),
    "account": ("账号", "account"), "social": ("社交", "social"), "place": ("地点", "places"),
    "loyalty": ("会员", "loyalty"), "learn": ("学习", "learning"), "risk": ("风控", "risk"),
    "consent": ("同意", "consent"), "decision": ("决策", "decisions"), "system": ("系统", "system"),
    "custom": ("自定义", "custom"),
}  # fmt: skip


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One property of an event, never a personal one; money in minor units."""

    name: str
    zh: str
    en: str
    type: str
    value: str | int | float | bool


class TimelineItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line: an event, or a run of them.

    id, seq, at_ms  of the newest event
    first_ms        when the run began; `at_ms` for one event
    zh, en          what happened: 浏览 37 次
    count           events in it
    amount          minor units of `currency`; None when the event has none
    acted           the person did it; False: it was done to the person
    facts           what else one event says
    ids             the newest events of a run, at most SHOWN_IDS: each opens by /v1/events/{id}
    """

    id: str
    seq: int
    at_ms: int
    first_ms: int
    kind: str
    family: str
    family_zh: str
    family_en: str
    zh: str
    en: str
    count: int
    platform: str
    platform_zh: str
    amount: int | None
    currency: str
    order: str
    acted: bool
    facts: tuple[Fact, ...]
    ids: tuple[str, ...]


class FamilyCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a person's events are of one family."""

    family: str
    zh: str
    en: str
    events: int


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a timeline.

    next      cursor of the following page, None on the last
    families  counts over the whole timeline, on the first page only
    """

    known: int
    asof_ms: int
    rows: tuple[TimelineItem, ...]
    next: str | None
    families: tuple[FamilyCount, ...] = ()


def timeline(
    workspace: Workspace, ref: str, *, now_ms: int, asof_ms: int | None = None, families: Sequence[str] = (),
    limit: int = 50, cursor: str = "",
) -> Timeline:  # fmt: skip
    """Return a page of a person's timeline, by (at, seq), the newest first.

    families  only kinds of these; empty = all
    raises    NotFound when no event names the person; DataError for a strange family or cursor
    """
    known, before = _cursor(cursor)
    if known is None:
        last = workspace.reader.sizes()["last_seq"]
        known = last if asof_ms is None else known_at(workspace.reader, asof_ms)
    kinds = _kinds(workspace, families)
    members = identities(workspace).members(ref, known)
    rows = footprint(
        workspace.reader, members, until_ms=asof_ms, known=known, kinds=kinds, before=before,
        limit=None if before is None else (limit + 1) * RUN,
    )  # fmt: skip
    if not rows.height and before is None and not families and not workspace.vault.forgotten_among(members):
        raise NotFound(f"no event names the person {ref[:80]!r}", "Write type:scope:key, e.g. account:taobao:AAE1x")
    runs, more = _page(workspace, rows, limit)
    single = [run[0] for run in runs if len(run) == 1 and not _is_sensitive(workspace, run[0]["kind"])]
    whole = events_at(workspace.reader, [(row["kind"], row["seq"]) for row in single], known=known)
    last_row = runs[-1][-1] if runs else None
    return Timeline(
        known=known, asof_ms=now_ms if asof_ms is None else asof_ms,
        rows=tuple(_item(workspace, run, whole.get(run[0]["seq"])) for run in runs),
        next=f"{known}.{last_row['at_ms']}.{last_row['seq']}" if more and last_row else None,
        families=() if before is not None or families else _counts(workspace, rows),
    )  # fmt: skip


def _page(workspace: Workspace, rows: pl.DataFrame, limit: int) -> tuple[list[list[dict[str, Any]]], bool]:
    """Return the first runs, and whether there are more."""
    runs: list[list[dict[str, Any]]] = []
    for run in _runs(workspace, rows.head((limit + 1) * RUN).iter_rows(named=True)):
        if len(runs) == limit:
            return runs, True
        runs.append(run)
    return runs, False


def _runs(workspace: Workspace, rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    run: list[dict[str, Any]] = []
    key: object = None
    for row in rows:
        family = family_of(workspace, row["kind"])
        mine: object = (family, row["platform"]) if family in FLOWING else None
        if row["kind"] == LINE:
            mine = (LINE, row["platform"], row["ref_order"])
        near = bool(run) and run[-1]["at_ms"] - row["at_ms"] <= GAP_MS and len(run) < RUN
        if mine is not None and mine == key and near:
            run.append(row)
            continue
        if run:
            yield run
        run, key = [row], mine
    if run:
        yield run


def _item(workspace: Workspace, run: Sequence[dict[str, Any]], event: Event | None) -> TimelineItem:
    newest = run[0]
    names = {row["kind"] for row in run}
    kind = workspace.catalogue.find(newest["kind"])
    family = family_of(workspace, newest["kind"])
    zh, en = FAMILIES.get(family, (family, family))
    label = (kind.zh, kind.en or kind.name) if kind else (newest["kind"], newest["kind"])
    title = label if len(names) == 1 else (zh, en[:1].upper() + en[1:])
    amount = newest["amount"] if len(run) == 1 else None
    if len(run) > 1:
        title = (f"{title[0]} {len(run):,} 次", f"{title[1]}, {len(run):,} times")
    elif amount is not None and newest["currency"]:
        sum_ = Money(amount, newest["currency"])
        title = (f"{title[0]} {sum_}", f"{title[1]} {sum_}")
    platform = workspace.platforms.get(newest["platform"] or "")
    return TimelineItem(
        id=_id(newest), seq=newest["seq"], at_ms=newest["at_ms"], first_ms=run[-1]["at_ms"],
        kind=newest["kind"] if len(names) == 1 else "", family=family, family_zh=zh, family_en=en, zh=title[0],
        en=title[1], count=len(run), platform=newest["platform"] or "", platform_zh=platform.zh if platform else "",
        amount=amount, currency=newest["currency"] or "", order=newest["ref_order"] or "", acted=newest["mine"],
        facts=_facts(kind, event), ids=tuple(_id(row) for row in run[:SHOWN_IDS]),
    )  # fmt: skip


def _facts(kind: Kind | None, event: Event | None) -> tuple[Fact, ...]:
    if kind is None or event is None:
        return ()
    found = []
    for name, value in event.properties.items():
        row = kind.properties.get(name)
        if row is None or row.personal or row.type == "json" or not isinstance(value, str | int | float | bool):
            continue
        shown = value[:200] if isinstance(value, str) else value
        found.append(Fact(name=name, zh=row.zh, en=row.en or name, type=row.type, value=shown))
    return tuple(found[:SHOWN_FACTS])


def _counts(workspace: Workspace, rows: pl.DataFrame) -> tuple[FamilyCount, ...]:
    counts: dict[str, int] = {}
    for kind, count in rows["kind"].value_counts().iter_rows():
        family = family_of(workspace, kind)
        counts[family] = counts.get(family, 0) + count
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(
        FamilyCount(family=family, zh=FAMILIES[family][0], en=FAMILIES[family][1], events=count)
        for family, count in ordered
        if family in FAMILIES
    )


def family_of(workspace: Workspace, kind: str) -> str:
    """Return the family of a kind; "custom" when the catalogue does not know it, or has no such family."""
    row = workspace.catalogue.find(kind)
    return row.family if row is not None and row.family in FAMILIES else "custom"


def _kinds(workspace: Workspace, families: Sequence[str]) -> set[str] | None:
    if not families:
        return None
    strange = [one for one in families if one not in FAMILIES]
    if strange:
        raise DataError(f"{strange[0][:40]!r} is no family of events", f"Use {', '.join(FAMILIES)}", "families")
    occurred = workspace.reader.counts()
    return {kind for kind in occurred if family_of(workspace, kind) in families}


def _is_sensitive(workspace: Workspace, kind: str) -> bool:
    row = workspace.catalogue.find(kind)
    return row is None or row.privacy == "sensitive"


def _id(row: dict[str, Any]) -> str:
    return id_text(row["id_hi"], row["id_lo"])


def _cursor(text: str) -> tuple[int | None, tuple[int, int] | None]:
    if not text:
        return None, None
    found = re.fullmatch(r"(\d{1,18})\.(-?\d{1,18})\.(\d{1,18})", text)
    if found is None:
        raise DataError("the cursor is not one of ours", "Send `next` of the page before", "cursor")
    return int(found[1]), (int(found[2]), int(found[3]))
