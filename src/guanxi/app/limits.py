"""Limits of a workspace: how they stand, who changed them and why, what a change would do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection

from guanxi.app.identity import identities
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, NotFound
from guanxi.decisions import Dimension, Guards, Limit, guards, limit_words, read_hours, shipped_limits
from guanxi.engines.control import ROLES, LimitVersion, NamedAccount
from guanxi.ledger import Account

SHOWN: Final = 50  # subjects of a limit that are shown, those who used most
NEAR: Final = 0.8  # of a cap, from which on little is left
FIXED: Final = ("unit", "per")  # what a name counts for good


class LimitBar(msgspec.Struct, frozen=True, kw_only=True):
    """How a limit stands for one subject: what is used, reserved and left of its cap.

    subject    dimension -> value, without the person; empty = one account for all
    free       below 0 when more is used or reserved than the cap allows
    resets_ms  when the next part of what is used comes free; None = never, or nothing is used
    account    its account in the ledger; "" = nobody used any yet
    """

    limit: str
    zh: str
    en: str
    unit: str
    cap: int
    used: int
    reserved: int
    free: int
    subject: dict[str, str] = {}
    resets_ms: int | None = None
    account: str = ""


class LimitState(msgspec.Struct, frozen=True, kw_only=True):
    """A limit as it stands.

    words       what it counts, in one line
    holds       False: it was taken away, and shown as it was last
    shipped_cap cap as Guanxi ships it; None = the workspace's own limit
    hours       local times, "22:00" to "08:00"; () = at any hour
    since_ms, who, reason   of the version that holds; 0 and "guanxi" as shipped
    raisers     names of the roles that may change it
    bars        how it stands for each subject, those who used most first; () when people are counted
    subjects, near, full, over   how many are counted; who used four fifths; all of it; more than all
    """

    name: str
    zh: str
    en: str
    words_zh: str
    words_en: str
    guards: Guards
    unit: str
    cap: int
    per: tuple[Dimension, ...]
    window: str
    kinds: tuple[str, ...]
    channels: tuple[str, ...]
    purposes: tuple[str, ...]
    hours: tuple[str, ...]
    uses: Literal["one", "cost"]
    holds: bool
    shipped_cap: int | None
    since_ms: int
    who: str
    reason_zh: str
    reason_en: str
    raisers_zh: tuple[str, ...]
    raisers_en: tuple[str, ...]
    bars: tuple[LimitBar, ...]
    subjects: int
    near: int
    full: int
    over: int


class LimitStep(msgspec.Struct, frozen=True, kw_only=True):
    """One version in a limit's history; `state` is the limit as it then was, None = taken away."""

    number: int
    since_ms: int
    who: str
    reason_zh: str
    reason_en: str
    cap: int | None
    words_zh: str
    words_en: str


class LimitDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A limit with its history, the newest first."""

    state: LimitState
    history: tuple[LimitStep, ...]


class LimitChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does, or would do.

    cap_before  None = the limit did not hold before; cap_after: None = it holds no more
    subjects    who has an account of it
    over        how many of them stand above the new cap; nothing more is admitted for them until it comes free
    over_most   how far above it the first of them stands
    bars        those who stand above it, people left out
    aligned     accounts whose cap was changed with it
    later       True: people are counted, and their accounts follow when they are next used
    """

    name: str
    number: int
    cap_before: int | None
    cap_after: int | None
    subjects: int
    over: int
    over_most: int
    bars: tuple[LimitBar, ...] = ()
    aligned: int = 0
    later: bool = False


class PersonLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How the limits stand for one person; nothing is told of somebody who was erased."""

    ref: str
    rows: tuple[LimitBar, ...]
    erased: bool = False


def limit_states(workspace: Workspace, *, now_ms: int, name: str = "") -> list[LimitState]:
    """Return every limit, or the one of a name, with those that were taken away.

    raises  NotFound when there is none of that name
    """
    store = workspace.control.limits
    with workspace.control.snapshot() as connection:
        newest = store.newest_in(connection)
        if name and name not in newest:
            raise NotFound(f"there is no limit {name[:40]!r}", "See `guanxi limits list`")
        wanted = [newest[name]] if name else list(newest.values())
        return [_state(workspace, connection, one, now_ms=now_ms) for one in wanted]


def limit_detail(workspace: Workspace, name: str, *, now_ms: int) -> LimitDetail:
    """Return one limit and its history.

    raises  NotFound
    """
    [state] = limit_states(workspace, now_ms=now_ms, name=name)
    return LimitDetail(state=state, history=tuple(_step(one) for one in workspace.control.limits.history(name)))


def amended_limit(workspace: Workspace, name: str, fields: Mapping[str, Any]) -> Limit:
    """Return the limit of a name with some of its fields changed, or a new one.

    fields  as in `Limit`; hours as two local times, () = at any hour
    raises  DataError when a field is missing or not usable
    """
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    if "hours" in given:
        given["hours"] = read_hours(list(given["hours"])) if given["hours"] else None
    with workspace.control.snapshot() as connection:
        known = name in workspace.control.limits.newest_in(connection)
        before = _standing(workspace.control.limits.history_in(connection, name)) if known else None
    row = {} if before is None else {key: getattr(before, key) for key in before.__struct_fields__}
    if missing := [key for key in ("zh", "en", "unit", "cap") if key not in row and key not in given]:
        raise DataError(f"the new limit {name[:40]} has no {missing[0]}", "Give zh, en, unit and cap", missing[0])
    try:
        return msgspec.convert(row | given | {"name": name}, Limit)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, DataError):  # what the limit itself says of its fields
            raise error.__cause__ from None
        raise DataError(f"the limit {name[:40]} is not usable: {error}", "See docs/limits.md") from None


def preview_limit(workspace: Workspace, limit: Limit, *, now_ms: int) -> LimitChange:
    """Return what it would do if this limit held from now on; nothing is changed."""
    with workspace.control.snapshot() as connection:
        before = workspace.control.limits.all_in(connection).get(limit.name)
        return _change(workspace, connection, limit, before=before, number=0, now_ms=now_ms)


def set_limit(workspace: Workspace, limit: Limit, *, who: str, reason: str, now_ms: int) -> LimitChange:
    """Let a limit hold from now on, with the caps of its accounts in the same transaction.

    What is used or reserved above a lowered cap stays: holds settle, nothing more is admitted until enough of it is
    over. Accounts of people are brought to the new cap when they are next used.

    raises  DataError without a reason, or when the name counts something else
    """
    control = workspace.control
    with control.transaction() as connection:
        before = control.limits.all_in(connection).get(limit.name)
        made = control.limits.set_in(connection, limit, who=who, reason=reason, now_ms=now_ms)
        change = _change(workspace, connection, limit, before=before, number=made.number, now_ms=now_ms)
        if "person" in limit.per:
            return msgspec.structs.replace(change, later=True)
        aligned = 0
        for ids in control.limits.accounts_in(connection, limit.name):
            accounts = [Account(id=one, unit=limit.unit, kind="used", cap=limit.cap) for one in ids]
            control.ledger.ensure_in(connection, accounts, now_ms=now_ms)
            aligned += len(ids)
        return msgspec.structs.replace(change, aligned=aligned)


def remove_limit(workspace: Workspace, name: str, *, who: str, reason: str, now_ms: int) -> LimitChange:
    """Take a limit away: from now on nothing uses it; what its accounts hold stays and leaves in its time.

    raises  NotFound; DataError without a reason
    """
    control = workspace.control
    with control.transaction() as connection:
        before = control.limits.all_in(connection).get(name)
        made = control.limits.remove_in(connection, name, who=who, reason=reason, now_ms=now_ms)
    return LimitChange(
        name=name, number=made.number, cap_before=None if before is None else before.cap, cap_after=None, subjects=0,
        over=0, over_most=0,
    )  # fmt: skip


def version_of(workspace: Workspace, name: str, number: int) -> Limit:
    """Return a limit as one version of its history had it; 0 = as shipped.

    raises  NotFound when there is no such version, or it took the limit away
    """
    for one in workspace.control.limits.history(name):
        if one.number == number and one.limit is not None:
            return one.limit
    raise NotFound(f"{name[:40]} has no version {number} that can be restored", "See `guanxi limits history`")


def person_limits(workspace: Workspace, ref: str, *, now_ms: int) -> PersonLimits:
    """Return how every limit that counts people stands for one person, under the reference that decisions use."""
    members = identities(workspace).members(ref, None)
    if workspace.vault.forgotten_among([ref, *members]):
        return PersonLimits(ref=members[0], rows=(), erased=True)
    with workspace.control.snapshot() as connection:
        standing = workspace.control.limits.all_in(connection)
        used = workspace.control.limits.of_person_in(connection, members[0], now_ms=now_ms)
    rows: list[LimitBar] = []
    for limit in standing.values():
        if "person" in limit.per:
            known = used.get(limit.name, [])
            rows += [_bar(limit, one) for one in known] or ([_bar(limit)] if limit.per == ("person",) else [])
    return PersonLimits(ref=members[0], rows=tuple(rows))


def raisers(lang: Literal["zh", "en"]) -> tuple[str, ...]:
    """Return the names of the roles that may change a limit."""
    return tuple(role.zh if lang == "zh" else role.en for role in ROLES.values() if "configure" in role.verbs)


def _state(workspace: Workspace, connection: Connection, version: LimitVersion, *, now_ms: int) -> LimitState:
    store = workspace.control.limits
    limit = version.limit or _standing(store.history_in(connection, version.name))
    taken = store.taken_in(connection, limit.name, now_ms=now_ms)
    subjects, near, full, over = _counts(taken, limit.cap)
    shipped = shipped_limits().get(limit.name)
    return LimitState(
        name=limit.name, zh=limit.zh, en=limit.en, words_zh=limit_words(limit, "zh"), words_en=limit_words(limit, "en"),
        guards=guards(limit), unit=limit.unit, cap=limit.cap, per=limit.per, window=limit.window, kinds=limit.kinds,
        channels=limit.channels, purposes=limit.purposes, hours=_times(limit), uses=limit.uses,
        holds=version.limit is not None, shipped_cap=None if shipped is None else shipped.cap,
        since_ms=version.since_ms, who=version.who, reason_zh=version.reason, reason_en=version.reason_en,
        raisers_zh=raisers("zh"), raisers_en=raisers("en"),
        bars=_bars(workspace, connection, limit, now_ms=now_ms), subjects=subjects, near=near, full=full, over=over,
    )  # fmt: skip


def _bars(workspace: Workspace, connection: Connection, limit: Limit, *, now_ms: int) -> tuple[LimitBar, ...]:
    if "person" in limit.per:
        return ()
    known = workspace.control.limits.subjects_in(connection, limit.name, now_ms=now_ms, most=SHOWN)
    return tuple(_bar(limit, one) for one in known) or ((_bar(limit),) if not limit.per else ())


def _bar(limit: Limit, account: NamedAccount | None = None) -> LimitBar:
    used, reserved = (account.used, account.reserved) if account else (0, 0)
    return LimitBar(
        limit=limit.name, zh=limit.zh, en=limit.en, unit=limit.unit, cap=limit.cap, used=used, reserved=reserved,
        free=limit.cap - used - reserved, subject=account.subject if account else {},
        resets_ms=account.resets_ms if account else None, account=account.account if account else "",
    )  # fmt: skip


def _change(
    workspace: Workspace, connection: Connection, limit: Limit, *, before: Limit | None, number: int, now_ms: int
) -> LimitChange:
    taken = workspace.control.limits.taken_in(connection, limit.name, now_ms=now_ms)
    subjects, _, _, over = _counts(taken, limit.cap)
    bars = [one for one in _bars(workspace, connection, limit, now_ms=now_ms) if one.free < 0]
    return LimitChange(
        name=limit.name, number=number, cap_before=None if before is None else before.cap, cap_after=limit.cap,
        subjects=subjects, over=over, over_most=max((amount for amount, _ in taken), default=limit.cap) - limit.cap
        if over else 0, bars=tuple(bars),
    )  # fmt: skip


def _counts(taken: Iterable[tuple[int, int]], cap: int) -> tuple[int, int, int, int]:
    """How many subjects there are, and of these near the cap, at it, above it."""
    rows = list(taken)
    return (
        sum(many for _, many in rows),
        sum(many for amount, many in rows if NEAR * cap <= amount < cap),
        sum(many for amount, many in rows if amount == cap > 0),
        sum(many for amount, many in rows if amount > cap),
    )


def _standing(history: Sequence[LimitVersion]) -> Limit:
    """The newest version that was a limit: a limit that was taken away is shown as it was."""
    return next(one.limit for one in history if one.limit is not None)


def _step(one: LimitVersion) -> LimitStep:
    return LimitStep(
        number=one.number, since_ms=one.since_ms, who=one.who, reason_zh=one.reason, reason_en=one.reason_en,
        cap=None if one.limit is None else one.limit.cap, words_zh=limit_words(one.limit, "zh") if one.limit else "",
        words_en=limit_words(one.limit, "en") if one.limit else "",
    )  # fmt: skip


def _times(limit: Limit) -> tuple[str, ...]:
    return () if limit.hours is None else tuple(f"{one // 60:02d}:{one % 60:02d}" for one in limit.hours)
