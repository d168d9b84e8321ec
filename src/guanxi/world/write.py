"""What is written of a day: everything, or trade alone; the choices are the same."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.events import EventBatch
from guanxi.world.day import Day, Pressure
from guanxi.world.emit import Texts, digits
from guanxi.world.emit_after import following
from guanxi.world.emit_browse import Browsed, activity, browsing, sign_ins
from guanxi.world.emit_people import contacts, first_seen, messages, openings, opt_outs, points, talks, withdrawn
from guanxi.world.emit_trade import trading
from guanxi.world.kernel import LOGGED_IN
from guanxi.world.spec import State
from guanxi.world.tables import Sessions

CHECK_IN = 5  # points


def write_trade(
    parts: dict[str, Any], state: State, texts: Texts, day: Day, facts: Any, lean: Pressure
) -> list[EventBatch]:
    """Return one activity row for each active person, orders, payments, messages and coupons."""
    sessions: Sessions = facts.sessions
    order = np.lexsort((sessions.slot, sessions.at, sessions.person))
    first = order[np.append(True, np.diff(sessions.person[order]) != 0)] if len(order) else order
    ads = parts["ads"]
    ads.credited(day, sessions, ads.served(day, sessions), facts.orders)  # clicks are remembered, whatever is written
    return [
        activity(day, texts, _some(sessions, first)),
        *trading(day, texts, facts.orders, facts.planned),
        *messages(day, texts, facts.told),
    ]


def write_full(
    parts: dict[str, Any], state: State, texts: Texts, day: Day, facts: Any, lean: Pressure
) -> list[EventBatch]:
    """Return everything that happened."""
    sessions, orders, told = facts.sessions, facts.orders, facts.told
    chosen = facts.chosen
    all_ = Browsed(sessions, facts.slates, chosen.items, chosen.propensity, chosen.policy, facts.views, facts.searches)
    rows, at = parts["reach"].opened(day, told)
    left = told.take(facts.left)
    complains = day.draws("response").child("complains").uniform(left.person, day.index, left.slot) < 0.1
    who, bit, when = facts.withdrawn
    account = parts["reach"].account[who]
    n = day.board.count("people")
    share = float(day.board["service.per_order"][0])
    odds = np.log(np.maximum(day.board["people.contact"][orders.person].astype(np.float64), 0.05))
    odds = odds + lean.of("contact", "person", n)[orders.person]
    asks, asked_at = contacts(day, orders, share, odds)
    return [
        activity(day, texts, sessions),
        *sign_ins(day, texts, sessions),
        *_introduce(state, day, texts, sessions),
        *browsing(day, texts, all_),
        *parts["live"].watching(day, texts, sessions),
        *parts["ads"].showing(day, texts, sessions, orders),
        *trading(day, texts, orders, facts.planned),
        *following(day, texts, orders, parts["trade"], lean),
        *talks(day, texts, orders, asks, asked_at),
        *messages(day, texts, told),
        openings(day, texts, told, rows, at),
        *opt_outs(day, texts, left, complains),
        withdrawn(day, texts, account, who, bit, day.start_ms + when, np.full(len(who), 8_192), reason="in_settings"),
        *_points(state, day, texts, sessions, orders),
    ]


def _introduce(state: State, day: Day, texts: Texts, sessions: Sessions) -> list[EventBatch]:
    """The profiles of accounts not seen before, and the consents of people not seen before."""
    order = np.lexsort((sessions.slot, sessions.at, sessions.account))
    order = order[(sessions.flag[order] & LOGGED_IN) > 0]
    first = order[np.append(True, np.diff(sessions.account[order]) != 0)] if len(order) else order
    seen, stated = state.own("seen"), state.own("stated")
    rows = first[seen[sessions.account[first]] == 0]
    rows = rows[np.lexsort((sessions.account[rows], sessions.at[rows], sessions.person[rows]))]
    person = sessions.person[rows]
    new = np.append(True, np.diff(person) != 0)[: len(rows)] & (stated[person] == 0)
    seen[sessions.account[rows]] = 1
    stated[person] = 1
    return first_seen(day, texts, sessions, rows, ~new)


def _points(state: State, day: Day, texts: Texts, sessions: Sessions, orders: Any) -> list[EventBatch]:
    """Points for the day's check-in on own surfaces and for orders paid, with the balance after each, in time."""
    board, balance = day.board, state.own("points")
    names = board.texts("platform.ids")
    own = np.isin(board["account.platform"], [n for n, name in enumerate(names) if name in ("app", "wechat")])
    order = np.lexsort((sessions.slot, sessions.at, sessions.person))
    order = order[own[sessions.account[order]] & ((sessions.flag[order] & LOGGED_IN) > 0)]
    rows = order[np.append(True, np.diff(sessions.person[order]) != 0)] if len(order) else order
    rows = rows[day.draws("points").child("check_in").uniform(sessions.person[rows], day.index) < 0.4]
    paid = np.flatnonzero(orders.paid)
    person = np.concatenate((sessions.person[rows], orders.person[paid]))
    account = np.concatenate((sessions.account[rows], orders.account[paid]))
    at = np.concatenate((sessions.at[rows] + 30_000, orders.paid_at[paid] + 400))
    worth = np.concatenate((np.full(len(rows), CHECK_IN), orders.payable[paid] // 100)).astype(np.int64)
    slot = np.concatenate((np.zeros(len(rows), np.int64), (1 << 15) | orders.place[paid] << 8))
    bought = np.arange(len(person)) >= len(rows)
    line = np.lexsort((slot, at, person))
    total = np.cumsum(worth[line])
    begins = np.append(True, np.diff(person[line]) != 0)[: len(line)]
    start = np.maximum.accumulate(np.where(begins, np.arange(len(line)), 0)) if len(line) else line
    after = np.empty(len(line), np.int64)
    after[line] = balance[person[line]] + total - total[start] + worth[line][start]
    np.add.at(balance, person, worth.astype(balance.dtype))
    keys = np.zeros(len(person), np.uint64)
    keys[bought] = orders.key[paid]
    order_ids = digits(keys).set(pl.Series(~bought), None)
    reason = pl.Series("", ["check_in", "order"], pl.String()).gather(bought.astype(np.int64))
    return [points(day, texts, person, account, day.start_ms + at, worth, after, slot, order_ids, reason)]


def _some(sessions: Sessions, rows: NDArray[np.int64]) -> Sessions:
    return Sessions(*(getattr(sessions, name)[rows] for name in Sessions.__dataclass_fields__))
