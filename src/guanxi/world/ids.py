"""Event ids: a bijection of where an event comes from, so unique without a table and the same in both twins.

An address is (mechanism 7 bits, day 13, entity 24, slot 20). Both halves of the 128-bit id are one-to-one scrambles of
it under keys of the seed: they tell nothing of who, when or what.
"""

from hashlib import blake2b
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from guanxi.core import SettingError
from guanxi.world.draws import Draws, mix64
from guanxi.world.jit import compiled, elementwise

#: Most entities, days and slots of one mechanism that an address holds.
MAX_ENTITIES: Final = 1 << 24
MAX_DAYS: Final = 1 << 13
MAX_SLOTS: Final = 1 << 20

_BASE: Final = (
    "core",
    "browse",
    "trade",
    "consent",
    "repeat",
    "response",
    "reach",
    "live",
    "ads",
    "service",
    "people",
    "points",
)
_FIRST_FREE: Final = 16


def number(mechanism: str) -> int:
    """Return the 7-bit number of a mechanism: it follows from the name alone, so the order of a list is free."""
    if mechanism in _BASE:
        return _BASE.index(mechanism)
    digest = blake2b(mechanism.encode(), digest_size=4, person=b"guanxi.id").digest()
    return _FIRST_FREE + int.from_bytes(digest, "little") % (128 - _FIRST_FREE)


def check_numbers(mechanisms: tuple[str, ...]) -> None:
    """Refuse two mechanisms of one town whose ids would meet.

    raises   SettingError
    """
    taken: dict[int, str] = {}
    for name in mechanisms:
        if (other := taken.setdefault(number(name), name)) != name:
            raise SettingError(f"{name!r} and {other!r} share an id number", "Rename one of the two")


@compiled
def address(mechanism: Any, day: Any, entity: Any, slot: Any) -> Any:
    """The 64-bit address of an event, for kernels; arguments within their bits."""
    return (
        (np.uint64(mechanism) << np.uint64(57))
        | (np.uint64(day) << np.uint64(44))
        | (np.uint64(entity) << np.uint64(20))
        | np.uint64(slot)
    )


class Ids:
    """The ids of one town.

    seed   of the town
    """

    def __init__(self, seed: int) -> None:
        self.high_key = Draws(seed, "ids", "high").key
        self.low_key = Draws(seed, "ids", "low").key

    def pair(
        self, mechanism: str, day: ArrayLike, entity: ArrayLike, slot: ArrayLike
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Return the high and low halves of the ids of events; the arguments broadcast.

        raises   SettingError when an address does not hold them
        """
        for name, values, limit in (
            ("day", day, MAX_DAYS),
            ("entity", entity, MAX_ENTITIES),
            ("slot", slot, MAX_SLOTS),
        ):
            array = np.asarray(values)
            if array.size and (int(array.min()) < 0 or int(array.max()) >= limit):
                raise SettingError(f"the {name} of an event id is {int(array.max())}", f"Keep it in 0..{limit - 1}")
        where = _address(number(mechanism), np.asarray(day), np.asarray(entity), np.asarray(slot))
        return _scramble(where, self.high_key), _scramble(where, self.low_key)

    def low(self, mechanism: str, day: ArrayLike, entity: ArrayLike, slot: ArrayLike) -> NDArray[np.uint64]:
        """Return the low halves alone: keys of orders, sessions, slates and parcels."""
        return self.pair(mechanism, day, entity, slot)[1]


def permuted_keys(draw: Draws, count: int) -> NDArray[np.uint64]:
    """Return (count,) distinct 48-bit numbers that tell nothing of their place.

    source   a four-round Feistel network over 24-bit halves: a bijection whatever its round function
    """
    left = np.zeros(count, np.uint64)
    right = np.arange(count, dtype=np.uint64)
    if count > MAX_ENTITIES:
        raise SettingError(f"{count} ids are asked for", f"Use at most {MAX_ENTITIES}")
    mask = np.uint64(MAX_ENTITIES - 1)
    for step in range(4):
        left, right = right, left ^ (draw.bits(right, 0, step) & mask)
    return (left << np.uint64(24)) | right


def hex_texts(prefix: str, keys: NDArray[np.uint64], *, digits: int = 12) -> pl.Series:
    """Return "<prefix><hex>" for each key, as a text column."""
    raw = keys.astype(">u8").tobytes().hex().encode()
    texts = np.frombuffer(raw, "S16").astype("U16") if len(keys) else np.empty(0, "U16")
    return prefix + pl.Series("", texts, pl.String()).str.slice(16 - digits)


_address = elementwise(lambda mechanism, day, entity, slot: address(mechanism, day, entity, slot))
_scramble = elementwise(lambda where, key: mix64(where ^ key))
