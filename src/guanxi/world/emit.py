"""From rows of numbers to batches of events: texts are looked up and joined as columns, never event by event."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.events import EventBatch
from guanxi.world.board import Board
from guanxi.world.draws import Draws
from guanxi.world.ids import hex_texts, permuted_keys
from guanxi.world.words import item_names

PERSON: Final = "_person"  # hidden column: whose consent the event carries; -1 nobody's
OS: Final = ("Android", "iOS", "Windows")
_ADDRESS_SPACE: Final = 1 << 24  # of 10.0.0.0/8, where no real host answers


class Texts:
    """The references of the town, one text column for each noun; rows stand as on the board.

    account device ip item shop card address place content creator   party references
    platform os category title price                                  what else events copy
    """

    def __init__(self, board: Board, seed: int) -> None:
        draw = Draws(seed, "ids", "refs")
        platforms = list(board.texts("platform.ids"))
        self.platform = pl.Series("", platforms, pl.String())
        heads = pl.Series("", [f"account:{name}:" for name in platforms], pl.String())
        count = board.count("accounts")
        self.account = heads.gather(board["account.platform"]) + hex_texts(
            "", permuted_keys(draw.child("account"), count)
        )
        self.device = hex_texts("device::", permuted_keys(draw.child("device"), board.count("devices")))
        self.item = hex_texts("item:app:", permuted_keys(draw.child("item"), board.count("items")))
        self.person = hex_texts("person::", permuted_keys(draw.child("person"), board.count("people")))
        self.card = hex_texts("card::", permuted_keys(draw.child("card"), board.count("cards")))
        self.address = hex_texts("address::h.", permuted_keys(draw.child("address"), board.count("addresses")))
        self.place = hex_texts("place::", permuted_keys(draw.child("place"), board.count("sites")))
        self.content = hex_texts("content:app:", permuted_keys(draw.child("content"), board.count("content")))
        self.creator = hex_texts("creator:app:", permuted_keys(draw.child("creator"), board.count("creators")))
        self.household = hex_texts("household::", permuted_keys(draw.child("household"), board.count("homes")))
        self.room = self.creator.str.replace("creator:app:", "room:app:", literal=True)
        self.shop = pl.Series("", [f"shop:{name}:guanxi" for name in platforms], pl.String())
        self.ip = _ips(permuted_keys(draw.child("ip"), board.count("ips")))
        self.os = pl.Series("", OS, pl.String()).gather(board["device.os"])
        self.category = pl.Series("", board.texts("category.names"), pl.String()).gather(board["item.category"])
        self.title = pl.Series(
            "", item_names(board, Draws(seed, "words"), np.arange(board.count("items"))), pl.String()
        )
        self.price = (pl.Series("", board["item.price"]).cast(pl.Decimal(18, 6)) / 100).cast(pl.Decimal(18, 6))


def look(texts: pl.Series, index: NDArray[Any]) -> pl.Series:
    """Return the texts at an index, null where it is below 0."""
    missing = index < 0
    if not missing.any():
        return texts.gather(index)
    return texts.gather(pl.Series(np.where(missing, 0, index)).set(pl.Series(missing), None))


def digits(keys: NDArray[np.uint64]) -> pl.Series:
    """Return keys as decimal texts: numbers of orders, sessions, slates."""
    return pl.Series("", keys).cast(pl.String)


def sheet(
    kind: str,
    ids: tuple[NDArray[np.uint64], NDArray[np.uint64]],
    at: NDArray[np.int64],
    person: NDArray[Any],
    columns: Mapping[str, Any],
) -> EventBatch:
    """Return rows of a kind, not yet sorted.

    at       ms UTC
    person   whose consent the events carry
    columns  name -> text column, array, or one value for all rows; None is left out
    """
    frame: dict[str, Any] = {"id_hi": ids[0], "id_lo": ids[1], "at_ms": at}
    literals = {name: value for name, value in columns.items() if isinstance(value, str | int | float | bool)}
    frame |= {name: value for name, value in columns.items() if name not in literals and value is not None}
    made = pl.DataFrame(frame).with_columns(pl.Series(PERSON, np.asarray(person, np.int32)))
    whole = pl.Int64()
    return EventBatch(
        kind,
        made.with_columns(
            pl.lit(value, whole if type(value) is int else None).alias(name) for name, value in literals.items()
        ),
    )


def finished(
    batches: list[EventBatch], consent: NDArray[np.uint8], end_ms: int
) -> tuple[list[EventBatch], list[EventBatch]]:
    """Return the batches of today and those that are due later.

    Of today: one batch a kind, kinds by name, rows by (at, id), with the consent bits in force. Later: rows with
    at >= end_ms, as they came.
    """
    kinds: dict[str, list[pl.DataFrame]] = {}
    for batch in batches:
        if len(batch):
            kinds.setdefault(batch.kind, []).append(batch.frame)
    today: list[EventBatch] = []
    later: list[EventBatch] = []
    for kind in sorted(kinds):
        frames = kinds[kind]
        frame = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal")
        ahead = frame["at_ms"] >= end_ms
        if ahead.any():
            later.append(EventBatch(kind, frame.filter(ahead)))
            frame = frame.filter(~ahead)
        if frame.height:
            today.append(EventBatch(kind, _stamped(frame, consent)))
    return today, later


def _stamped(frame: pl.DataFrame, consent: NDArray[np.uint8]) -> pl.DataFrame:
    order = np.lexsort((frame["id_lo"].to_numpy(), frame["id_hi"].to_numpy(), frame["at_ms"].to_numpy()))
    frame = frame[order]
    person = frame[PERSON].to_numpy()
    if (person < 0).all():
        return frame.drop(PERSON)
    bits = pl.Series("consent", consent[np.maximum(person, 0)].astype(np.int64))
    if (person < 0).any():
        bits = bits.set(pl.Series(person < 0), None)
    return frame.drop(PERSON).with_columns(bits)


def _ips(keys: NDArray[np.uint64]) -> pl.Series:
    # The permuted numbers' low halves are distinct only in pairs, so a rank makes them addresses.
    rank = np.empty(len(keys), np.int64)
    rank[np.argsort(keys, kind="stable")] = np.arange(len(keys))
    spread = rank * 10_007 % _ADDRESS_SPACE
    parts = pl.DataFrame({"a": spread >> 16, "b": spread >> 8 & 255, "c": spread & 255})
    return parts.select(pl.format("ip::10.{}.{}.{}", "a", "b", "c")).to_series()
