"""The inbox (待办): all that waits for a person in one list, what waiting costs first; a source is one function."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from guanxi.app.workspace import Workspace
from guanxi.core import DAY_MS
from guanxi.decisions import Approval, outcome
from guanxi.engines.control import VERBS, Control, Verb
from guanxi.traits.metrics import Freshness, Todo

MOST: Final = 1_000  # things of one source that are looked at
_REFUSED: Final = "refused:limit:"  # how a run's counts name people that a limit refused


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose inbox it is: what is theirs to decide depends on who they are and what they may do."""

    who: str = ""
    verbs: frozenset[Verb] = frozenset(VERBS)


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """What a source looks at; `fresh` is how fresh each platform's data is."""

    workspace: Workspace
    viewer: Viewer
    fresh: Sequence[Freshness]
    now_ms: int


Source = Callable[[Inbox], Iterable[Todo]]


def inbox(
    workspace: Workspace, *, fresh: Sequence[Freshness], now_ms: int, viewer: Viewer | None = None
) -> tuple[Todo, ...]:
    """Return what waits for this person: what cannot wait first, then by money, by people, by how long it waits.

    viewer   None = somebody who may do everything and proposed nothing
    """
    look = Inbox(workspace=workspace, viewer=viewer or Viewer(), fresh=fresh, now_ms=now_ms)
    found = [one for source in SOURCES for one in source(look)]
    return tuple(sorted(found, key=_cost_of_waiting))


def approvals(look: Inbox) -> Iterator[Todo]:
    """Yield what this person may still decide about: open, not their own, not voted on by them."""
    if "approve" not in look.viewer.verbs:
        return
    store = look.workspace.control.approvals
    for one in store.page(state="open", limit=MOST):
        votes = store.votes(one.id)
        state = outcome(one, votes, now_ms=look.now_ms)
        if state.state == "open" and look.viewer.who not in (one.who, *state.yes):
            yield _approval(one, missing=state.missing)


def dead_letters(look: Inbox) -> Iterator[Todo]:
    """Yield what was given up while sending: nobody tries it again by itself."""
    outbox = look.workspace.control.outbox
    count = outbox.counts()["dead"]
    if not count:
        return
    people, since_ms = outbox.people("dead")
    yield Todo(
        kind="dead", count=count, path="/reach?state=dead", act_zh="去看", act_en="Look",
        since_ms=since_ms,
        zh=f"{count:,} 条没能发出，不会再自动重试", en=f"{count:,} could not be sent and are not tried again",
        cost_zh=f"{people:,} 人没有收到" if people else "", people=people or None,
        cost_en=f"{people:,} people have not heard from us" if people else "",
    )  # fmt: skip


def full_limits(look: Inbox) -> Iterator[Todo]:
    """Yield limits that have nothing left and refused people in a run of the last day; a person's own are no news."""
    control = look.workspace.control
    refused: dict[str, int] = {}
    for run in control.runs.runs(limit=100):
        if run.begun_ms > look.now_ms - DAY_MS:
            for name, count in run.counts.items():
                if name.startswith(_REFUSED) and count > 0:
                    which = name.removeprefix(_REFUSED)
                    refused[which] = refused.get(which, 0) + int(count)
    limits = control.limits.all() if refused else {}
    for name, people in refused.items():
        limit = limits.get(name)
        if limit is not None and "person" not in limit.per and limit.cap and _is_full(control, name, limit.cap, look):
            yield Todo(
                kind="limit", count=1, path=f"/settings/limits?limit={name}", since_ms=None, id=name, people=people,
                zh=f"限额「{limit.zh}」已用完", en=f"The limit {limit.en} is used up",
                cost_zh=f"24 小时内因此没有触达 {people:,} 人", act_zh="看限额", act_en="See the limit",
                cost_en=f"It refused {people:,} people in the last 24 hours", patient=True,
            )  # fmt: skip


def stopped_sources(look: Inbox) -> Iterator[Todo]:
    """Yield platforms whose data stopped coming."""
    stopped = [one for one in look.fresh if one.state == "stopped"]
    if stopped:
        names_zh, names_en = "、".join(one.zh for one in stopped), ", ".join(one.en for one in stopped)
        yield Todo(
            kind="stale", count=len(stopped), path="/data/import", act_zh="去修", act_en="Mend",
            since_ms=min((one.newest_at_ms for one in stopped if one.newest_at_ms is not None), default=None),
            zh=f"{len(stopped)} 个来源停了：{names_zh}", en=f"{len(stopped)} sources have stopped: {names_en}",
            cost_zh="总数偏低，用它们的判断会迟", cost_en="Totals are too low until it is mended",
        )  # fmt: skip


def failed_imports(look: Inbox) -> Iterator[Todo]:
    """Yield imports that did not finish."""
    failed = look.workspace.control.jobs(limit=100, state="failed")
    if failed:
        since = min((job.ended_ms for job in failed if job.ended_ms is not None), default=None)
        yield Todo(
            kind="imports", count=len(failed), path="/data/import", since_ms=since, act_zh="去处理", act_en="Mend",
            zh=f"{len(failed)} 次导入没有完成", en=f"{len(failed)} imports did not finish",
            cost_zh="这些文件里的数据还不在数字里", cost_en="What these files hold is in no number yet",
        )  # fmt: skip


def parked_rows(look: Inbox) -> Iterator[Todo]:
    """Yield rows that could not be accepted."""
    parked = sum(group.count for group in look.workspace.vault.parked.groups())
    if parked:
        yield Todo(
            kind="parked", count=parked, path="/data/parked", since_ms=None, act_zh="去修", act_en="Mend",
            zh=f"{parked:,} 行等着修好", en=f"{parked:,} rows wait to be mended", patient=True,
            cost_zh="这些行还不在数字里", cost_en="They are in no number yet",
        )  # fmt: skip


#: Whatever can wait for a person adds its function here.
SOURCES: Final[tuple[Source, ...]] = (
    approvals, dead_letters, full_limits, stopped_sources, failed_imports, parked_rows,
)  # fmt: skip


def _approval(one: Approval, *, missing: int) -> Todo:
    forecast = one.detail.forecast
    zh, en = f"到期作废，这 {one.people:,} 人不会收到", f"When it lapses, these {one.people:,} people hear nothing"
    worth = None if forecast is None else round(forecast.value * 100)
    if forecast is not None:
        value, low, high = forecast.shown()
        zh += f"；预计价值 ¥{value}（区间 ¥{low} 至 ¥{high}）"
        en += f"; expected worth {value} yuan ({low} to {high})"
    second = one.needs == 2 and missing == 1
    return Todo(
        kind="approval", count=1, path=f"/approvals?id={one.id}", since_ms=one.asked_ms, id=one.id,
        zh=f"等第二人批准：{one.title_zh}" if second else f"等批准：{one.title_zh}",
        en=f"A second person must approve: {one.title_en}" if second else f"Waits for approval: {one.title_en}",
        cost_zh=zh, cost_en=en, act_zh="去批", act_en="Decide", money=worth, people=one.people, until_ms=one.until_ms,
    )  # fmt: skip


def _is_full(control: Control, name: str, cap: int, look: Inbox) -> bool:
    with control.snapshot() as connection:
        rows = control.limits.subjects_in(connection, name, now_ms=look.now_ms, most=1)
    return any(row.used + row.reserved >= cap for row in rows)


def _cost_of_waiting(one: Todo) -> tuple[bool, int, int, int]:
    oldest = one.since_ms if one.since_ms is not None else 2**62
    return one.patient, -(one.money or 0), -(one.people or 0), oldest
