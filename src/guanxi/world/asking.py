"""Asking: the slates that the town asks for, and the house policy that answers when nobody else does."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DataError
from guanxi.decisions import Asks, Decisions, check_answers, decision_id
from guanxi.world.base.browse import Browse
from guanxi.world.day import Day
from guanxi.world.draws import Draws
from guanxi.world.emit import Texts, digits
from guanxi.world.kernel import CANDIDATES, LOGGED_IN, SLATE, house_slates
from guanxi.world.spec import Answerer
from guanxi.world.tables import Sessions, Slates

BATCH: Final = 8_192  # asks in one call
HOUSE_NAME: Final = "house"
_LIKELY: Final = tuple(
    f"p_likely_{n + 1}" for n in range(SLATE)
)  # params: how likely each place was, given those before


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is shown: (asks, SLATE) items (-1: none) and how likely each place was; policy: one text for each slate."""

    items: NDArray[np.int32]
    propensity: NDArray[np.float32]
    policy: pl.Series


@dataclass(frozen=True, slots=True)
class HousePolicy:
    """The house as an answerer: the same slates as when nobody answers.

    seed      of the town
    epsilon   how often a place explores
    """

    seed: int
    epsilon: float = 0.05

    def answer(self, asks: Asks) -> Decisions:
        """Return the house's slate for each ask; candidates stand as the house ranks them."""
        frame = asks.frame.filter(pl.col("kind") == "slate")
        if not frame.height:
            return Decisions()
        key = frame["id"].cast(pl.UInt64).to_numpy()
        places, likely = np.empty((len(key), SLATE), np.int64), np.empty((len(key), SLATE), np.float32)
        house_slates(Draws(self.seed, "browse", "house").key, key, len(key), SLATE, self.epsilon, places, likely)
        ranks = pl.Series("", places).arr.to_list() if len(key) else pl.Series("", [], pl.List(pl.Int64))
        chosen = frame.select(pl.col("candidates").list.gather(ranks)).to_series()
        ids = [
            decision_id(HOUSE_NAME, ask, "slate", at, tuple(items))
            for ask, at, items in zip(frame["id"], frame["at_ms"], chosen.to_list(), strict=True)
        ]
        return Decisions(
            pl.DataFrame(
                {
                    "id": ids,
                    "ask": frame["id"],
                    "at_ms": frame["at_ms"],
                    "kind": frame["kind"],
                    "party": frame["party"],
                    "chosen": chosen,
                    "alternatives": frame["candidates"],
                    "propensity": np.prod(likely.astype(np.float64), axis=1),
                    "policy": pl.Series([HOUSE_NAME] * len(key)),
                    "mode": pl.Series(["auto"] * len(key)),
                    "size": frame["size"],
                    **{name: likely[:, n].astype(np.float64) for n, name in enumerate(_LIKELY)},
                }
            )
        )


def by_house(browse: Browse, seed: int, epsilon: float, slates: Slates) -> Chosen:
    """Return what the house shows."""
    places, propensity = browse.house(seed, slates.key, epsilon)
    items = np.take_along_axis(slates.items, places, axis=1)
    return Chosen(items, propensity, pl.Series("", [HOUSE_NAME], pl.String()).new_from_index(0, len(slates.key)))


def by_answerer(
    answerer: Answerer, house: Chosen, day: Day, texts: Texts, slates: Slates, sessions: Sessions
) -> Chosen:
    """Return what an answerer shows, asked in batches by (at, id); the house stands in where it is silent.

    raises   DataError when an answer does not fit its ask
    """
    items, propensity = house.items.copy(), house.propensity.copy()
    policies = house.policy.to_numpy().astype(object)
    order = np.lexsort((slates.key, slates.at))
    for low in range(0, len(order), BATCH):
        rows = order[low : low + BATCH]
        asks = _asks(day, texts, slates, sessions, rows)
        answers = answerer.answer(asks)
        check_answers(asks, answers)
        frame = answers.frame.filter(pl.col("mode") == "auto")
        if not frame.height:
            continue
        place = pl.DataFrame({"ask": asks.frame["id"], "row": rows})
        found = frame.join(place, on="ask", how="left", maintain_order="left")
        at = found["row"].to_numpy()
        items[at], propensity[at] = _items(found, texts), _likely(found)
        policies[at] = found["policy"].to_numpy()
    return Chosen(items, propensity, pl.Series("", policies.tolist(), pl.String()))


def _asks(day: Day, texts: Texts, slates: Slates, sessions: Sessions, rows: NDArray[np.int64]) -> Asks:
    session = slates.session[rows]
    account = sessions.account[session]
    actor = texts.account.gather(account)
    device = texts.device.gather(day.board["account.device"][account])
    actor = actor.zip_with(pl.Series((sessions.flag[session] & LOGGED_IN) > 0), device)
    candidates = texts.item.gather(slates.items[rows].ravel()).reshape((len(rows), CANDIDATES)).arr.to_list()
    return Asks(
        pl.DataFrame(
            {
                "id": digits(slates.key[rows]),
                "at_ms": day.start_ms + slates.at[rows],
                "kind": pl.Series(["slate"] * len(rows)),
                "party": actor,
                "candidates": candidates,
                "size": np.full(len(rows), SLATE),
                "c_platform": texts.platform.gather(day.board["account.platform"][account]),
            }
        )
    )


def _items(found: pl.DataFrame, texts: Texts) -> NDArray[np.int32]:
    count = found["chosen"].list.len().to_numpy().astype(np.int64)
    if count.max(initial=0) > SLATE:
        raise DataError(f"a slate of {count.max()} items is chosen", f"Choose at most {SLATE}")
    held = np.flatnonzero(count)
    flat = found["chosen"].gather(held).explode()
    table = pl.DataFrame({"text": texts.item, "item": np.arange(len(texts.item), dtype=np.int32)})
    index = pl.DataFrame({"text": flat}).join(table, on="text", how="left", maintain_order="left")["item"]
    rows = np.repeat(held, count[held])
    place = np.arange(len(rows)) - np.repeat(np.cumsum(count[held]) - count[held], count[held])
    out = np.full((found.height, SLATE), -1, np.int32)
    out[rows, place] = index.to_numpy()
    return out


def _likely(found: pl.DataFrame) -> NDArray[np.float32]:
    """How likely each place was: as the policy says, else the slate's own for every place."""
    whole = found["propensity"].to_numpy()
    columns = [found[name].fill_null(1.0).to_numpy() if name in found.columns else whole for name in _LIKELY]
    return np.stack(columns, axis=1).astype(np.float32)
