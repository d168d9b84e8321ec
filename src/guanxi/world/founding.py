"""Founding a town: public columns are planted, then the mechanisms, in the order that their reads ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from guanxi.core import SettingError
from guanxi.world.base import public_parts
from guanxi.world.base.ads import Ads
from guanxi.world.base.browse import EPSILON, Browse
from guanxi.world.base.consent import Consent
from guanxi.world.base.live import Live
from guanxi.world.base.reach import Reach
from guanxi.world.base.repeat import Repeat, board_price
from guanxi.world.base.response import Response
from guanxi.world.base.trade import Trade
from guanxi.world.board import Board, plant
from guanxi.world.draws import Draws
from guanxi.world.emit import Texts
from guanxi.world.ids import MAX_ENTITIES, Ids, check_numbers
from guanxi.world.mechanism import Planted
from guanxi.world.spec import Dial, Mechanism, State, order_of
from guanxi.world.turn import Core

BASE: Final[tuple[type[Planted], ...]] = (Browse, Trade, Repeat, Response, Consent, Reach, Live, Ads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """What a town is made from, as `Town` says; equal charters, equal towns.

    raises   SettingError for what cannot be founded
    """

    seed: int
    people: int
    start: date
    detail: str
    horizon: int
    items: int | None
    content: int | None
    campaigns: bool
    deterministic: bool

    def __post_init__(self) -> None:
        if not 1 <= self.people <= MAX_ENTITIES:
            raise SettingError(f"a town of {self.people} people is asked for", f"Use 1 to {MAX_ENTITIES}", "people")
        if not 1 <= self.horizon <= 8_000:
            raise SettingError(f"the horizon is {self.horizon} days", "Use 1 to 8,000", "horizon")
        check_detail(self.detail)


def check_detail(detail: str) -> None:
    """Refuse a detail that is not known; raises SettingError."""
    if detail not in ("full", "trade"):
        raise SettingError(f"the detail is {detail!r:.40}", "Use full or trade", "detail")


def found(charter: Charter, *, mechanisms: Sequence[Mechanism], dials: Mapping[str, Dial], shard: int) -> Core:
    """Return the core of a new town.

    mechanisms   beside the base, in any order
    dials        of base mechanisms, by name
    raises       SettingError for what cannot be planted
    """
    if shard < 1:
        raise SettingError(f"a shard of {shard} people is asked for", "Use 1 or more", "shard")
    parts = _base(dials)
    check_numbers(tuple(one.spec.name for one in (*parts.values(), *mechanisms)))
    counts = {
        "people": charter.people, "days": charter.horizon,
        "items": charter.items or _sized(charter.people, 4, 600, 50_000),
        "content": charter.content or _sized(charter.people, 50, 200, 5_000),
    }  # fmt: skip
    board = plant(Board(counts=counts), public_parts(first_day=charter.start), seed=charter.seed)
    for one in order_of([*parts.values(), *mechanisms], given=(*board.columns, *board.notes)):
        one.plant(board, Draws(charter.seed, one.spec.name))
    price = board_price(board)[parts["repeat"].state["category"]]
    parts["response"].know_prices((price * parts["repeat"].share(board, 0, charter.people)).sum(axis=1))
    return Core(
        seed=charter.seed, board=board, texts=Texts(board, charter.seed), ids=Ids(charter.seed), detail=charter.detail,
        shard=shard, epsilon=0.0 if charter.deterministic else EPSILON, sends=charter.campaigns, parts=parts,
        extras=tuple(sorted(mechanisms, key=lambda one: one.spec.name)), state=_core_state(board),
    )  # fmt: skip


def _sized(people: int, per: int, low: int, high: int) -> int:
    return int(min(max(people // per, low), high))


def _base(dials: Mapping[str, Dial]) -> dict[str, Any]:
    names = {part.spec.name for part in BASE}
    strange = sorted(set(dials) - names)
    if strange:
        raise SettingError(f"there is no base mechanism {strange[0]!r:.40}", f"Use one of {', '.join(sorted(names))}")
    return {part.spec.name: part(dials.get(part.spec.name)) for part in BASE}


def _core_state(board: Board) -> State:
    people = board.count("people")
    return State(
        {
            "seen": np.zeros(board.count("accounts"), np.uint8),
            "stated": np.zeros(people, np.uint8),
            "points": np.zeros(people, np.int32),
            "bought_person": np.empty(0, np.int32),
            "bought_item": np.empty(0, np.int32),
        }
    )
