"""Events of browsing: sessions, sign-ins, slates, views, searches, carts, likes."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.events import EventBatch
from guanxi.world.base.browse import ADDED, FOUND_VIEW, PLANNED, REACTED, SEARCHED, SESSION, SIGNED, SLATE_SHOWN, VIEWED
from guanxi.world.day import Day
from guanxi.world.emit import Texts, digits, look, sheet
from guanxi.world.kernel import LOGGED_IN, SIGN_IN_FAILED, SIGNED_IN, SLATE
from guanxi.world.kernel_views import CARTED, FOUND
from guanxi.world.kernel_views import REACTED as LIKED
from guanxi.world.say import queries
from guanxi.world.tables import Searches, Sessions, Slates, Views

_STEPS: Final = 10_000  # propensities are written to four digits
_NETWORKS: Final = ("wifi", "5g", "4g")


@dataclass(frozen=True, slots=True)
class Browsed:
    """All browsing of a day; `chosen` and `propensity` (asks, SLATE); `policy` one text for each slate."""

    sessions: Sessions
    slates: Slates
    chosen: NDArray[np.int32]
    propensity: NDArray[np.float32]
    policy: pl.Series
    views: Views
    searches: Searches


def session_keys(day: Day, person: NDArray[Any], slot: NDArray[Any]) -> NDArray[np.uint64]:
    """Return the keys of sessions: what `ref_session` says."""
    return day.ids.low("browse", day.index, person, (SESSION << 15) | slot)


def whereabouts(day: Day, texts: Texts, account: NDArray[np.int32], logged_in: NDArray[np.bool_]) -> dict[str, Any]:
    """Return actor, device, shop and platform of what an account does; logged out the device acts."""
    board = day.board
    device = texts.device.gather(board["account.device"][account])
    actor = texts.account.gather(account).zip_with(pl.Series(logged_in), device)
    place = board["account.platform"][account]
    return {
        "role_actor": actor,
        "role_device": device,
        "role_shop": texts.shop.gather(place),
        "platform": texts.platform.gather(place),
    }


def activity(day: Day, texts: Texts, sessions: Sessions) -> EventBatch:
    """Return the sessions as events."""
    board, n = day.board, len(sessions.person)
    person, slot = sessions.person, sessions.slot
    ids = day.pair("browse", person, (SESSION << 15) | slot)
    logged_in = (sessions.flag & LOGGED_IN) > 0
    roles = whereabouts(day, texts, sessions.account, logged_in)
    home = day.draws("browse").child("network").uniform(person, day.index, slot)
    ip = np.where(home < 0.55, board["people.home_ip"][person], board["people.mobile_ip"][person])
    return sheet(
        "Session Started",
        ids,
        day.start_ms + sessions.at,
        person,
        {
            **roles,
            "role_ip": texts.ip.gather(ip),
            "ref_session": digits(ids[1]),
            "p_entry": pl.Series("", ["feed", "direct"], pl.String()).gather((slot == PLANNED).astype(np.int64)),
            "p_network": pl.Series("", _NETWORKS, pl.String()).gather(
                np.where(home < 0.55, 0, np.where(home < 0.85, 1, 2))
            ),
            "p_os": texts.os.gather(board["account.device"][sessions.account]) if n else None,
        },
    )


def sign_ins(day: Day, texts: Texts, sessions: Sessions) -> list[EventBatch]:
    """Return who signs in at the start of a session, and failed attempts before."""
    batches = []
    for kind, bit, code, shift in (
        ("Signed In", SIGNED_IN, SIGNED, 900),
        ("Sign In Failed", SIGN_IN_FAILED, SIGNED + 8, 300),
    ):
        rows = np.flatnonzero(sessions.flag & bit)
        account, person, slot = sessions.account[rows], sessions.person[rows], sessions.slot[rows]
        roles = whereabouts(day, texts, account, np.ones(len(rows), bool))
        batches.append(
            sheet(
                kind,
                day.pair("browse", person, (code << 15) | slot),
                day.start_ms + sessions.at[rows] + shift,
                person,
                {
                    **roles,
                    "role_ip": texts.ip.gather(day.board["people.home_ip"][person]),
                    "ref_session": digits(session_keys(day, person, slot)),
                    "p_method": "sms_code",
                    "p_reason": "wrong_code" if bit == SIGN_IN_FAILED else None,
                    "p_os": texts.os.gather(day.board["account.device"][account]),
                },
            )
        )
    return batches


def browsing(day: Day, texts: Texts, all_: Browsed) -> list[EventBatch]:
    """Return everything that was shown, viewed, searched for, put in the cart and liked."""
    return [*_slates(day, texts, all_), *_views(day, texts, all_), *_searches(day, texts, all_)]


def _slates(day: Day, texts: Texts, all_: Browsed) -> list[EventBatch]:
    slates, sessions = all_.slates, all_.sessions
    person, account = sessions.person[slates.session], sessions.account[slates.session]
    if not len(person):
        return []
    ids = day.pair("browse", person, (SLATE_SHOWN << 15) | slates.slot)
    flags = sessions.flag[slates.session]
    steps = pl.Series("", [f"{n / _STEPS:g}" for n in range(_STEPS + 1)], pl.String())
    likely = np.clip(np.rint(all_.propensity * _STEPS).astype(np.int64), 1, _STEPS)
    full = (all_.chosen >= 0).all()
    items = _json([look(texts.item, all_.chosen[:, k]) for k in range(SLATE)], '"')
    shares = [look(steps, np.where(all_.chosen[:, k] < 0, -1, likely[:, k])) for k in range(SLATE)]
    count = (all_.chosen >= 0).sum(axis=1)
    positions = pl.Series("", [_numbers(n) for n in range(SLATE + 1)], pl.String())
    return [
        sheet(
            "Slate Shown",
            ids,
            day.start_ms + slates.at,
            person,
            {
                **whereabouts(day, texts, account, (flags & LOGGED_IN) > 0),
                "ref_slate": digits(slates.key),
                "ref_session": digits(session_keys(day, person, sessions.slot[slates.session])),
                "p_slot": "feed",
                "p_items": items,
                "p_positions": _numbers(SLATE) if full else positions.gather(count),
                "p_propensities": _json(shares, ""),
                "p_policy": all_.policy,
                "p_personalised": True,
            },
        )
    ]


def _views(day: Day, texts: Texts, all_: Browsed) -> list[EventBatch]:
    views, slates, sessions = all_.views, all_.slates, all_.sessions
    if not len(views.ask):
        return []
    session = slates.session[views.ask]
    person, account = sessions.person[session], sessions.account[session]
    where = slates.slot[views.ask] * 8 + views.place
    shared = {
        **whereabouts(day, texts, account, (sessions.flag[session] & LOGGED_IN) > 0),
        "role_item": texts.item.gather(views.item),
        "ref_slate": digits(slates.key[views.ask]),
        "ref_session": digits(session_keys(day, person, sessions.slot[session])),
        "p_category": texts.category.gather(views.item),
        "p_price": texts.price.gather(views.item),
        "p_position": views.place + 1,
    }
    at = day.start_ms + views.at
    viewed = {**shared, "p_dwell_s": np.round(views.dwell.astype(np.float64), 1), "p_source": "feed"}
    batches = [sheet("Product Viewed", day.pair("browse", person, (VIEWED << 15) | where), at, person, viewed)]
    carted = np.flatnonzero(views.flag & CARTED)
    liked = np.flatnonzero(views.flag & LIKED)
    shares = day.draws("browse").child("shares").uniform(person[liked], day.index, where[liked]) < 0.2
    for kind, rows, code, wait in (
        ("Product Added", carted, ADDED, 20_000),
        ("Product Added to Wishlist", liked[~shares], REACTED, 12_000),
        ("Product Shared", liked[shares], REACTED, 15_000),
    ):
        columns = {name: _some(value, rows) for name, value in shared.items()}
        if kind == "Product Added":
            columns |= {"p_quantity": 1}
        elif kind == "Product Shared":
            columns.pop("ref_slate")
            columns |= {"p_share_via": "wechat"}
        batches.append(
            sheet(
                kind,
                day.pair("browse", person[rows], (code << 15) | where[rows]),
                at[rows] + wait,
                person[rows],
                columns,
            )
        )
    return batches


def _searches(day: Day, texts: Texts, all_: Browsed) -> list[EventBatch]:
    found, sessions = all_.searches, all_.sessions
    if not len(found.session):
        return []
    person, account = sessions.person[found.session], sessions.account[found.session]
    slot = sessions.slot[found.session]
    logged_in = (sessions.flag[found.session] & LOGGED_IN) > 0
    keys = day.draws("browse").child("query").bits(person, day.index, slot)
    batches = [
        sheet(
            "Products Searched",
            day.pair("browse", person, (SEARCHED << 15) | slot),
            day.start_ms + found.at,
            person,
            {
                **whereabouts(day, texts, account, logged_in),
                "ref_session": digits(session_keys(day, person, slot)),
                "p_query": queries(found.category, keys),
                "p_results": 20 + (keys >> np.uint64(54)).astype(np.int64),
            },
        )
    ]
    for place in range(FOUND):
        rows = np.flatnonzero(found.item[:, place] >= 0)
        item, who = found.item[rows, place], person[rows]
        batches.append(
            sheet(
                "Product Viewed",
                day.pair("browse", who, (FOUND_VIEW << 15) | slot[rows] * FOUND + place),
                day.start_ms + found.at[rows] + 9_000 + 60_000 * place,
                who,
                {
                    **whereabouts(day, texts, account[rows], logged_in[rows]),
                    "role_item": texts.item.gather(item),
                    "ref_session": digits(session_keys(day, who, slot[rows])),
                    "p_category": texts.category.gather(item),
                    "p_price": texts.price.gather(item),
                    "p_position": place + 1,
                    "p_source": "search",
                    "p_dwell_s": np.round(found.dwell[rows, place].astype(np.float64), 1),
                },
            )
        )
    return batches


def _some(value: Any, rows: NDArray[np.int64]) -> Any:
    if isinstance(value, pl.Series):
        return value.gather(rows)
    return value[rows] if isinstance(value, np.ndarray) else value


def _numbers(count: int) -> str:
    return "[" + ",".join(str(n + 1) for n in range(count)) + "]"


def _json(parts: list[pl.Series], quote: str) -> pl.Series:
    frame = pl.DataFrame({str(n): part for n, part in enumerate(parts)})
    cells = [
        pl.concat_str(pl.lit(quote), pl.col(name), pl.lit(quote)) if quote else pl.col(name) for name in frame.columns
    ]
    return frame.select(
        pl.concat_str(pl.lit("["), pl.concat_str(cells, separator=",", ignore_nulls=True), pl.lit("]"))
    ).to_series()
