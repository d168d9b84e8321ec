"""Events of people and the house: profiles, consent, messages, coupons, points, talks with service."""

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.decisions import CHANNELS
from guanxi.events import AGE_BANDS, CONSENT_BITS, EventBatch
from guanxi.world.base.consent import PURPOSES
from guanxi.world.base.people import JOBS, SEXES
from guanxi.world.base.reach import COMPLAINT, DELIVERED, GIVEN, ISSUED, OPENED, UNSUBSCRIBED, WITHDRAWN
from guanxi.world.day import Day
from guanxi.world.draws import Draws
from guanxi.world.emit import Texts, digits, sheet
from guanxi.world.say import talk_lines
from guanxi.world.tables import Orders, Sessions, Told
from guanxi.world.words import names, nicknames, phones

_CHANNELS: Final = pl.Series("", CHANNELS, pl.String())
_FILLED_IN: Final = {"p_gender": 0.75, "p_age_band": 0.55, "p_occupation": 0.30}  # share who do [G]
_PURPOSES: Final = pl.Series("", PURPOSES, pl.String())


def messages(day: Day, texts: Texts, told: Told) -> list[EventBatch]:
    """Return what was delivered: messages, and coupons issued."""
    batches = []
    for kind, rows, code in (
        ("Message Delivered", np.flatnonzero(~told.coupon), DELIVERED),
        ("Coupon Issued", np.flatnonzero(told.coupon), ISSUED),
    ):
        some = told.take(rows)
        ids = day.pair("reach", some.person, (code << 15) | some.slot)
        columns: dict[str, Any] = _roles(day, texts, some.account)
        if kind == "Message Delivered":
            columns |= {
                "ref_message": digits(ids[1]),
                "p_channel": _CHANNELS.gather(some.channel),
                "p_delivered": True,
                "ref_campaign": some.decision.fill_null("house"),
            }
        else:
            until = some.at + some.days.astype(np.int64) * 86_400_000
            columns |= {
                "ref_coupon": digits(some.key),
                "ref_decision": some.decision,
                "amount": some.amount.astype(np.int64),
                "currency": "CNY",
                "p_threshold": some.threshold.astype(np.int64),
                "p_kind": "off",
                "p_valid_from": some.at,
                "p_valid_until": until,
            }
        batches.append(sheet(kind, ids, some.at, some.person, columns))
    return batches


def openings(day: Day, texts: Texts, told: Told, rows: NDArray[np.int64], at: NDArray[np.int64]) -> EventBatch:
    """Return the messages opened: rows of `told`, each with its instant."""
    some = told.take(rows)
    key = day.ids.low("reach", day.index, some.person, (DELIVERED << 15) | some.slot)
    ids = day.pair("reach", some.person, (OPENED << 15) | some.slot)
    roles = _roles(day, texts, some.account)
    roles.pop("role_shop")
    device = texts.device.gather(day.board["account.device"][some.account])
    return sheet(
        "Message Opened",
        ids,
        at,
        some.person,
        {
            **roles,
            "role_device": device,
            "ref_message": digits(key),
            "p_channel": _CHANNELS.gather(some.channel),
        },
    )


def opt_outs(day: Day, texts: Texts, told: Told, complains: NDArray[np.bool_]) -> list[EventBatch]:
    """Return who leaves after these messages (unsubscribed, consent withdrawn), and who complains too."""
    at = told.at + 90_000
    roles = _roles(day, texts, told.account)
    key = digits(day.ids.low("reach", day.index, told.person, (DELIVERED << 15) | told.slot))
    left = sheet(
        "Message Unsubscribed",
        day.pair("reach", told.person, (UNSUBSCRIBED << 15) | told.slot),
        at,
        told.person,
        {
            **roles,
            "ref_message": key,
            "p_channel": _CHANNELS.gather(told.channel),
            "p_scope": "all",
        },
    )
    bit = np.full(len(told), CONSENT_BITS["message"], np.uint8)
    gone = withdrawn(day, texts, told.account, told.person, bit, at + 10, told.slot, reason="too_many_messages")
    rows = np.flatnonzero(complains)
    some = told.take(rows)
    filed = sheet(
        "Complaint Filed",
        day.pair("reach", some.person, (COMPLAINT << 15) | some.slot),
        some.at + 600_000,
        some.person,
        {**_roles(day, texts, some.account), "p_channel": "hotline", "p_category": "骚扰", "p_severity": 2},
    )
    return [left, gone, filed]


def withdrawn(
    day: Day,
    texts: Texts,
    account: NDArray[np.int32],
    person: NDArray[Any],
    bit: NDArray[np.uint8],
    at: NDArray[np.int64],
    slot: NDArray[np.int64],
    *,
    reason: str,
) -> EventBatch:
    """Return consents taken back; `slot` makes each unique among the person's of the day."""
    which = np.log2(bit.astype(np.float64)).astype(np.int64)
    return sheet(
        "Consent Withdrawn",
        day.pair("reach", person, (WITHDRAWN << 15) | slot),
        at,
        person,
        {
            **_roles(day, texts, account),
            "p_purpose": _PURPOSES.gather(which),
            "p_channel": "app",
            "p_reason": reason,
        },
    )


def first_seen(
    day: Day, texts: Texts, sessions: Sessions, rows: NDArray[np.int64], stated: NDArray[np.bool_]
) -> list[EventBatch]:
    """Return the profiles of accounts that the log has not seen, and the consents of people it has not.

    rows     sessions that show a new account, one each
    stated   (rows,) whether the person's consents stand in the log already; one false row a person
    """
    account, person = sessions.account[rows], sessions.person[rows]
    at = day.start_ms + sessions.at[rows] + 1_500
    roles = _roles(day, texts, account)
    device = texts.device.gather(day.board["account.device"][account])
    city = pl.Series("", day.board.texts("city.names"), pl.String()).gather(day.board["people.city"][person])
    words = Draws(day.seed, "words")
    place = np.asarray(account - day.board["people.account_start"][person], np.int64)
    profile = {name: value for name, value in roles.items() if name != "role_shop"}
    profiles = sheet("Profile Updated", day.pair("people", person, place), at, person, {
        **profile, "role_device": device, "p_operation": "identify", "p_city": city, **_told_of_oneself(day, person),
        "p_name": pl.Series("", names(day.board, words, person), pl.String()),
        "p_phone": pl.Series("", phones(day.board, words, person), pl.String()),
        "p_nickname": pl.Series("", nicknames(day.board, words, account), pl.String()),
    })  # fmt: skip
    return [profiles, *_consents(day, roles, person, at, np.flatnonzero(~stated))]


def _told_of_oneself(day: Day, person: NDArray[np.int32]) -> dict[str, pl.Series]:
    """Return sex, band of age and work of who fills in that field; whoever does, does it on every account."""
    board, draw = day.board, Draws(day.seed, "people").child("told")
    ages = np.array(list(AGE_BANDS))
    told = (
        ("p_gender", SEXES, board["people.sex"]),
        ("p_age_band", tuple(AGE_BANDS.values()), np.searchsorted(ages, board["people.age"], "right") - 1),
        ("p_occupation", JOBS, board["people.job"]),
    )
    return {
        name: pl.Series("", words, pl.String()).gather(which[person])
        .set(pl.Series(draw.uniform(person, slot=k) >= _FILLED_IN[name]), None)
        for k, (name, words, which) in enumerate(told)
    }  # fmt: skip


def _consents(
    day: Day, roles: dict[str, pl.Series], person: NDArray[np.int32], at: NDArray[np.int64], new: NDArray[np.int64]
) -> list[EventBatch]:
    batches = []
    for number, bit in enumerate(CONSENT_BITS.values()):
        held = new[(day.consent[person[new]] & bit) > 0]
        ids = day.pair("reach", person[held], (GIVEN << 15) | number)
        batches.append(sheet("Consent Given", ids, at[held] + 100 * number, person[held], {
            **{name: value.gather(held) for name, value in roles.items()}, "p_purpose": PURPOSES[number],
            "p_channel": "app", "p_by_guardian": pl.Series("", day.board["people.minor"][person[held]] > 0),
        }))  # fmt: skip
    return batches


def talks(day: Day, texts: Texts, orders: Orders, rows: NDArray[np.int64], at: NDArray[np.int64]) -> list[EventBatch]:
    """Return the talks with service about orders: start, lines, end.

    rows   orders that someone writes about; at: when, ms UTC
    """
    board, draws = day.board, day.draws("service")
    person, place = orders.person[rows], orders.place[rows]
    ids = day.pair("service", person, place << 8)
    account = orders.account[rows]
    roles = _roles(day, texts, account)
    talk = digits(ids[1])
    share = np.cumsum(board["service.intent_share"].astype(np.float64))
    intent = np.minimum(
        np.searchsorted(share / share[-1], draws.child("intent").uniform(person, day.index, place)), len(share) - 1
    )
    intents = pl.Series("", board.texts("service.intents"), pl.String()).gather(intent)
    agents = int(board["service.agents"][0])
    agent = pl.Series("", [f"agent::{n + 1:03}" for n in range(agents)], pl.String())
    agent = agent.gather(draws.child("agent").integers(person, day.index, place, high=agents))
    lines = 2 + np.minimum(
        draws.child("lines").poisson(person, day.index, place, mean=board["service.turns"][intent] - 2.0), 14
    )
    solved = draws.child("solved").uniform(person, day.index, place) < board["service.solved"][intent]
    shared = {**roles, "role_agent": agent, "ref_conversation": talk}
    started = sheet("Conversation Started", ids, at, person, {**shared, "p_channel": "im", "p_intent": intents})
    ended_at = at + 30_000 + lines * 45_000
    ended = sheet("Conversation Ended", day.pair("service", person, (2 << 15) | place << 8), ended_at, person, {
        **shared, "p_channel": "im", "p_started_at": at, "p_ended_at": ended_at, "p_resolved": pl.Series("", solved),
        "p_agent_messages": lines // 2, "p_customer_messages": lines - lines // 2,
    })  # fmt: skip
    shared |= {"ref_order": digits(orders.key[rows])}
    return [started, ended, _said(day, shared, (person, place, at), intent, lines, solved)]


def _said(
    day: Day, shared: dict[str, pl.Series], where: tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]],
    intent: NDArray[np.int64], lines: NDArray[np.int64], solved: NDArray[np.bool_],
) -> EventBatch:  # fmt: skip
    """The lines of talks: customer and agent in turn."""
    row = np.repeat(np.arange(len(lines)), lines)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(lines) - lines, lines)
    person, place, at = (values[row] for values in where)
    by_agent = turn % 2 == 1
    keys = day.draws("service").child("text").bits(person, day.index, place * 32 + turn)
    ids = day.pair("service", person, (1 << 15) | place << 8 | turn)
    return sheet("Service Message Sent", ids, at + 20_000 + turn * 45_000, person, {
        **{name: value.gather(row) for name, value in shared.items()},
        "p_role": pl.Series("", ["customer", "agent"], pl.String()).gather(by_agent.astype(np.int64)),
        "p_text": talk_lines(intent[row], turn, turn >= lines[row] - 2, by_agent, ~solved[row] & (turn > 1), keys),
        "p_kind": "text",
    })  # fmt: skip


def contacts(
    day: Day, orders: Orders, share: float, odds: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which paid orders someone writes about, and when; `odds` (orders,) added log-odds."""
    draws = day.draws("service")
    chance = 1 / (1 + np.exp(-(np.log(share / (1 - share)) + odds)))
    writes = draws.child("contact").uniform(orders.person, day.index, orders.place) < chance
    rows = np.flatnonzero(orders.paid & writes)
    wait = draws.child("wait").uniform(orders.person[rows], day.index, orders.place[rows])
    return rows, day.start_ms + orders.paid_at[rows] + (wait * 5 * 86_400_000).astype(np.int64)


def points(
    day: Day,
    texts: Texts,
    person: NDArray[np.int32],
    account: NDArray[np.int32],
    at: NDArray[np.int64],
    worth: NDArray[np.int64],
    balance: NDArray[np.int64],
    slot: NDArray[np.int64],
    order: pl.Series,
    reason: pl.Series,
) -> EventBatch:
    """Return points posted; `balance` after each."""
    return sheet(
        "Points Posted",
        day.pair("points", person, slot),
        at,
        person,
        {
            **_roles(day, texts, account),
            "ref_order": order,
            "p_points": worth,
            "p_balance": balance,
            "p_reason": reason,
        },
    )


def _roles(day: Day, texts: Texts, account: NDArray[np.int32]) -> dict[str, pl.Series]:
    place = day.board["account.platform"][account]
    return {
        "role_actor": texts.account.gather(account),
        "role_shop": texts.shop.gather(place),
        "platform": texts.platform.gather(place),
    }
