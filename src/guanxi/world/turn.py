"""One day: decisions come into force, mechanisms lean, the core chooses, events are written, state settles."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.decisions import Decisions
from guanxi.events import CONSENT_BITS, EventBatch
from guanxi.world.asking import Chosen
from guanxi.world.base.browse import PLANNED, Browse
from guanxi.world.base.reach import Reach, allowed, both
from guanxi.world.base.repeat import Repeat
from guanxi.world.base.response import NEVER, Response
from guanxi.world.base.trade import Trade, joined, place_of
from guanxi.world.board import Board
from guanxi.world.day import Day, Pressure, pressure
from guanxi.world.emit import Texts, finished
from guanxi.world.ids import Ids
from guanxi.world.kernel import CHANCES, LOGGED_IN
from guanxi.world.kernel_views import ORDERED, PURCHASES, plan_purchases
from guanxi.world.spec import Mechanism, State
from guanxi.world.tables import Basket, Orders, Searches, Sessions, Slates, Told, Views
from guanxi.world.write import write_full, write_trade

T = TypeVar("T")
Ask = Callable[[Day, Slates, Sessions], Chosen]


@dataclass(slots=True)
class Core:
    """Everything of a town but its clock.

    parts     the base mechanisms by name; extras: the others, by name
    state     people and accounts as the core remembers them
    later     events already written and not yet due
    waiting   what was told on the day before and comes into force today, and the decisions it came from
    effects   (day, name, outcome, people, value): sums of probabilities with what is in force, less those without
    """

    seed: int
    board: Board
    texts: Texts
    ids: Ids
    detail: str
    shard: int
    epsilon: float
    sends: bool
    parts: dict[str, Any]
    extras: tuple[Mechanism, ...]
    state: State
    later: list[EventBatch] = field(default_factory=list)
    waiting: Told | None = None
    waiting_told: pl.DataFrame | None = None
    effects: list[tuple[int, str, str, int, float]] = field(default_factory=list)
    violations: list[tuple[str, str, int]] = field(default_factory=list)

    def all_parts(self) -> dict[str, Any]:
        """Return every mechanism by name."""
        return {**self.parts, **{one.spec.name: one for one in self.extras}}

    def fork(self) -> "Core":
        """Return a core that shares every array until either side writes."""
        parts = {name: part.fork() for name, part in self.parts.items()}
        extras = tuple(one.fork() for one in self.extras)
        return replace(
            self,
            parts=parts,
            extras=extras,
            state=self.state.fork(),
            later=list(self.later),
            effects=list(self.effects),
            violations=list(self.violations),
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened on a day, before it is written."""

    sessions: Sessions
    slates: Slates
    chosen: Chosen
    views: Views
    searches: Searches
    orders: Orders
    planned: NDArray[np.bool_]
    told: Told
    left: NDArray[np.int64]  # rows of `told` that made someone opt out
    withdrawn: tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]


def take_turn(
    core: Core, index: int, start_ms: int, frame: pl.DataFrame, account: NDArray[np.int64], ask: Ask
) -> list[EventBatch]:
    """Run one day and return its events.

    frame     decisions with at_ms in the day, by (at_ms, id); account: whom each names
    ask       gives the slates
    """
    day = day_of(core, index, start_ms)
    told = _told(core, day, frame, account)
    receipts = _come_into_force(core, day, told, frame)
    lean = pressure([term for one in core.extras for term in one.lean(day)], core.board)
    opens, buys = core.parts["response"].leans(day)
    planned = _plan(core, day, lean, opens, buys)
    facts = _choose(core, day, lean, (opens, buys), planned, told, ask)
    own = [batch for one in core.extras for batch in one.emit(day)]
    write = write_full if core.detail == "full" else write_trade
    written = write(core.parts, core.state, core.texts, day, facts, lean)
    today, core.later = finished([*core.later, *written, *receipts, *own], day.consent, day.end_ms)
    _settle(core, day, facts)
    return today


def day_of(core: Core, index: int, start_ms: int) -> Day:
    """Return a day before the core chooses."""
    day = Day(
        index=index,
        start_ms=start_ms,
        board=core.board,
        seed=core.seed,
        ids=core.ids,
        bought=(core.state["bought_person"], core.state["bought_item"]),
        consent=core.parts["consent"].state["bits"].copy(),
        people=core.texts.person,
    )
    repeat = core.parts["repeat"]
    day.public["mean_sessions"] = core.parts["browse"].mean_sessions(day)
    chance = repeat.state["rate"].astype(np.float64) * repeat.state["alive"] * (repeat.daily * 14.0)
    day.public["repeated"] = repeat.state["category"]
    day.public["buys_14d"] = -np.expm1(-chance)
    return day


def _told(core: Core, day: Day, frame: pl.DataFrame, account: NDArray[np.int64]) -> Told:
    reach: Reach = core.parts["reach"]
    told = reach.told(day, frame, account)
    if not core.sends:
        return told
    # Rates never change, so what the house does to one does not depend on what was told to another.
    pull = np.log(core.parts["repeat"].state["rate"].astype(np.float64) + 0.02)
    pull = (pull - pull.mean()) / max(float(pull.std()), 1e-9)
    return both(reach.campaigns(day, pull, core.parts["response"].dial.confounding), told)


def _come_into_force(core: Core, day: Day, told: Told, frame: pl.DataFrame) -> list[EventBatch]:
    """Let act what was told yesterday, and what was told for this very midnight."""
    now = told.at == day.start_ms
    held = told.take(now) if core.waiting is None else both(core.waiting, told.take(now))
    core.waiting = told.take(~now)
    response: Response = core.parts["response"]
    response.take(held, day.index)
    at_once = frame["at_ms"] == day.start_ms
    frames = [part for part in (core.waiting_told, frame.filter(at_once)) if part is not None and part.height]
    core.waiting_told = frame.filter(~at_once)
    wrong = np.flatnonzero(~told.coupon & told.decision.is_not_null().to_numpy() & ~allowed(day, told))
    for row in wrong:  # rare: what the town's own policies never do
        core.violations.append(
            ("message without consent", str(core.texts.person[int(told.person[row])]), int(told.at[row]))
        )
    if not core.extras or not frames:
        return []
    decisions = Decisions(pl.concat(frames, how="diagonal"))
    return [batch for one in core.extras for batch in one.respond(decisions, day)]


def _plan(core: Core, day: Day, lean: Pressure, opens: NDArray[np.float32], buys: NDArray[np.float32]) -> Basket:
    """Return the lines of the planned purchases of today; clocks of skipped turns start anew."""
    board, n = core.board, core.board.count("people")
    repeat: Repeat = core.parts["repeat"]
    draws = day.draws("repeat")
    keys = np.array([draws.child(name).key for name in ("buy", "skip", "leave")], np.uint64)
    base, by_category = lean.of("order", "person", n), lean.of("order", "category", board.count("categories"))
    cells, hazard, alive = lean.cell_rows(n), repeat.hazard(), repeat.state.own("alive")
    rate, expected = repeat.state["rate"].astype(np.float32), np.zeros((2, n))
    found: list[tuple[NDArray[Any], ...]] = []
    for low in range(0, n, core.shard):
        high = min(n, low + core.shard)
        person, slot = np.empty((high - low) * PURCHASES, np.int32), np.empty((high - low) * PURCHASES, np.int64)
        skipped = np.empty(len(person), np.bool_)
        count = plan_purchases(
            keys,
            day.index,
            low,
            high,
            rate,
            repeat.daily,
            repeat.state["category"],
            repeat.share(board, low, high),
            repeat.state["last"],
            alive,
            hazard,
            float(board["calendar.orders"][day.index]),
            base,
            buys,
            by_category,
            *cells,
            repeat.skip,
            repeat.state["leave"][low:high].astype(np.float32),
            repeat.variant == "b",
            person,
            slot,
            skipped,
            expected,
        )
        found.append((person[:count].copy(), slot[:count].copy(), skipped[:count].copy()))
    person, slot, skipped = (np.concatenate(parts) for parts in zip(*found, strict=True))
    _record_effects(core, day, (lean.of("open", "person", n), opens), expected)
    if skipped.any():
        repeat.state.own("last")[person[skipped], slot[skipped]] = day.index
    has = board["people.account_start"][person + 1] > board["people.account_start"][person]
    person, slot = person[~skipped & has], slot[~skipped & has]
    trade: Trade = core.parts["trade"]
    sums = trade.buying(board, core.parts["browse"].attention)
    category = repeat.state["category"][person, slot].astype(np.int64)
    return trade.planned(
        day, person, slot, category, repeat.state["item"][person, slot], repeat.parameters["loyal"], sums
    )


def _record_effects(
    core: Core, day: Day, opens: tuple[NDArray[np.float32], NDArray[np.float32]], expected: NDArray[np.float64]
) -> None:
    """Sum today's chances with what is in force, less those without, over the people whom it reaches."""
    state = core.parts["response"].state
    message, coupon = day.index - state["message_day"] < 14, state["coupon_until"] >= day.index
    chance = np.minimum(0.97, -np.expm1(-day.public["mean_sessions"].astype(np.float64) / CHANCES))
    odds = np.log(np.maximum(chance, 1e-12) / (1.0 - chance)) + opens[0]
    sessions = CHANCES * (1 / (1 + np.exp(-(odds + opens[1]))) - 1 / (1 + np.exp(-odds)))
    purchases = expected[0] - expected[1]
    for name, who in (("message", message & ~coupon), ("coupon", coupon & ~message), ("both", message & coupon)):
        count = int(who.sum())
        for outcome, gain in (("sessions", sessions), ("planned_purchases", purchases)):
            if count:
                core.effects.append((day.index, name, outcome, count, float(gain[who].sum())))


def _choose(
    core: Core,
    day: Day,
    lean: Pressure,
    told_odds: tuple[NDArray[np.float32], NDArray[np.float32]],
    planned: Basket,
    told: Told,
    ask: Ask,
) -> Facts:
    """Let the core choose: sessions, slates, views, searches, orders, who opts out."""
    browse: Browse = core.parts["browse"]
    n = core.board.count("people")
    weights = browse.attention_sums(core.board, lean.of("open", "platform", core.board.count("platforms")))
    bounds = [(low, min(n, low + core.shard)) for low in range(0, n, core.shard)]
    opened = [browse.sessions(day, low, high, lean, told_odds[0], weights) for low, high in bounds]
    asked = [browse.slates(day, *bound, sessions) for bound, sessions in zip(bounds, opened, strict=True)]
    sessions, slates = _concat(Sessions, opened), _all_slates(asked, opened)
    chosen = ask(day, slates, sessions)
    terms = _view_terms(core, day, lean, told_odds[1])
    views, at = [], 0
    for (low, high), part, some in zip(bounds, opened, asked, strict=True):
        items = chosen.items[at : at + len(some.session)]
        found = browse.views(day, low, high, part, some, items, terms)
        views.append(replace(found, ask=found.ask + np.int32(at)))
        at += len(some.session)
    seen = _concat(Views, views)
    searched = browse.searches(day, sessions, lean.of("search", "person", n))
    basket = joined([planned, _off_slates(core, sessions, slates, seen)])
    orders = core.parts["trade"].orders(day, basket, lean, _coupons(core, day, basket, lean))
    visits = _visits(core, orders)
    gone = _opt_outs(core, day, told, lean)
    return Facts(
        _concat(Sessions, [sessions, visits]),
        slates,
        chosen,
        seen,
        searched,
        orders,
        orders.place == 0,
        told,
        gone,
        core.parts["consent"].withdrawals(day),
    )


def _view_terms(
    core: Core, day: Day, lean: Pressure, buys: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    n = len(buys)
    names = ("view", "react", "cart", "order")
    people = np.stack([lean.of(name, "person", n) for name in names])
    # On a day of promotion a view orders more, as the calendar says.
    eager = np.log(core.board["calendar.orders"][day.index] / core.board["calendar.traffic"][day.index])
    people[3] = people[3] + buys + eager
    return np.ascontiguousarray(people), np.ascontiguousarray(
        np.stack([lean.by_item(name, core.board) for name in names])
    )


def _off_slates(core: Core, sessions: Sessions, slates: Slates, views: Views) -> Basket:
    """The lines that are ordered off slates, on platforms that sell."""
    session = slates.session[views.ask]
    sells = core.parts["trade"].sells[core.board["account.platform"][sessions.account[session]]]
    rows = np.flatnonzero((views.flag & ORDERED > 0) & sells)
    session = session[rows]
    slot = slates.slot[views.ask[rows]]
    return Basket(
        sessions.person[session],
        sessions.account[session],
        place_of(slot, views.place[rows]),
        sessions.slot[session],
        views.at[rows] + 60_000,
        views.item[rows],
        np.zeros(len(rows), np.int64),
    )


def _coupons(core: Core, day: Day, basket: Basket, lean: Pressure) -> tuple[NDArray[Any], ...]:
    response: Response = core.parts["response"]
    person = basket.person
    held = response.state["coupon_until"][person] >= day.index
    amount = np.where(held, response.state["coupon_amount"][person], 0).astype(np.int64)
    willing = response.redeeming(day, person) + lean.of("redeem", "person", core.board.count("people"))[person]
    return (
        amount,
        response.state["coupon_threshold"][person].astype(np.int64),
        response.state["coupon_key"][person],
        willing,
    )


def _visits(core: Core, orders: Orders) -> Sessions:
    """The sessions in which planned purchases are made."""
    rows = np.flatnonzero(orders.place == 0)
    at = np.maximum(orders.at[rows] - 240_000, 0)
    flag = np.full(len(rows), LOGGED_IN, np.uint8)
    return Sessions(orders.person[rows], orders.account[rows], at, np.full(len(rows), PLANNED), flag)


def _opt_outs(core: Core, day: Day, told: Told, lean: Pressure) -> NDArray[np.int64]:
    """Rows of `told` whose message makes its reader opt out."""
    response: Response = core.parts["response"]
    odds = response.opting_out(told.person, allowed(day, told))
    odds = odds + lean.of("opt_out", "person", core.board.count("people"))[told.person]
    u = day.draws("response").child("opt_out").uniform(told.person, day.index, told.slot)
    rows = np.flatnonzero(~told.coupon & (u < 1 / (1 + np.exp(-odds))))
    return rows[np.unique(told.person[rows], return_index=True)[1]] if len(rows) else rows


def _settle(core: Core, day: Day, facts: Facts) -> None:
    """End the day: clocks of what was bought start anew, coupons are used up, consents are gone, weariness fades."""
    orders, repeat = facts.orders, core.parts["repeat"]
    owner = orders.line_order
    paid = orders.paid[owner]
    who, item, slot = orders.person[owner][paid], orders.line_item[paid], orders.line_slot[paid]
    planned = facts.planned[owner][paid]
    last, held = repeat.state.own("last"), repeat.state.own("item")
    last[who[planned], slot[planned]] = day.index
    held[who[planned], slot[planned]] = item[planned]
    # What was bought off a slate is not planned again soon.
    category = core.board["item.category"][item[~planned]]
    row, same = np.nonzero(repeat.state["category"][who[~planned]] == category[:, None])
    last[who[~planned][row], same] = day.index
    core.state["bought_person"], core.state["bought_item"] = who, item
    response, consent = core.parts["response"], core.parts["consent"]
    used = orders.person[(orders.coupon > 0) & orders.paid]
    if len(used):
        response.state.own("coupon_until")[used] = NEVER
    response.settle()
    gone = facts.told.person[facts.left].astype(np.int64)
    consent.withdraw(gone, np.full(len(gone), CONSENT_BITS["message"], np.uint8))
    consent.withdraw(facts.withdrawn[0], facts.withdrawn[1])


def _all_slates(parts: Sequence[Slates], sessions: Sequence[Sessions]) -> Slates:
    before = np.cumsum([0, *(len(one.person) for one in sessions)])[:-1]
    return _concat(
        Slates, [replace(one, session=one.session + np.int32(low)) for one, low in zip(parts, before, strict=True)]
    )


def _concat(table: type[T], parts: Sequence[T]) -> T:
    """Return the rows of all parts, one after another."""
    names = [field.name for field in dataclasses.fields(table)]  # type: ignore[arg-type]  # all tables are dataclasses
    return table(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
