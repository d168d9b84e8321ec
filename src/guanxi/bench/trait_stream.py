"""The stream that benches of traits read: busy and quiet people, shared devices, a daily wave; whole numbers only."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from guanxi.core import DAY_MS

#: Parties of each event of the stream, and out of how many they are drawn.
POOLS: Final[dict[str, int]] = {
    "user": 500_000,
    "device": 600_000,
    "ip": 300_000,
    "card": 400_000,
    "address": 200_000,
    "merchant": 5_000,
}
#: Kinds of event by number, and how often each comes.
KINDS: Final = ("view", "cart", "order", "login", "refund", "chat")
SHARES: Final = (0.45, 0.20, 0.15, 0.10, 0.06, 0.04)
START_MS: Final = 1_767_196_800_000  # 2026-01-01 00:00 in China
_RING: Final = 50  # addresses of the network that one event in a hundred comes from
_WAVE_MS: Final = 9_000_000  # how far the day's wave moves an event


def stream(
    events: int,
    *,
    seed: int = 7,
    days: float = 14.0,
    pools: Mapping[str, int] = POOLS,
    ranks: NDArray[np.int64] | None = None,
) -> dict[str, NDArray[Any]]:
    """Return events in order of (clock_ms, seq), as columns.

    Users are drawn by Zipf's law with exponent 0.9, merchants with 1.0; a user has one to three devices, up to six
    networks, three cards and two addresses, most events with the first of each.

    days     over which they are spread
    pools    parties of each column of POOLS
    ranks    all users, busy ones first; None = in an order of the seed's own
    returns  clock_ms, seq, amount (i64, fen), kind (i8, place in KINDS), and one i64 key, never 0, for each of POOLS
    """
    rng = np.random.default_rng(seed)
    user = _drawn(rng, events, pools["user"], 0.9)
    user = (rng.permutation(pools["user"]) if ranks is None else ranks)[user]
    base = user * 2_654_435_761
    ip = (base * 31 + rng.choice(6, events, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.05]) * 104_729) % pools["ip"]
    ring = rng.random(events) < 0.01
    ip[ring] = rng.integers(0, _RING, int(ring.sum()))
    ids = {
        "user": user,
        "device": (base + rng.choice(3, events, p=[0.85, 0.12, 0.03]) * 7_919) % pools["device"],
        "ip": ip,
        "card": (base * 17 + rng.choice(3, events, p=[0.8, 0.15, 0.05]) * 65_537) % pools["card"],
        "address": (base * 13 + rng.choice(2, events, p=[0.9, 0.1]) * 31_337) % pools["address"],
        "merchant": _drawn(rng, events, pools["merchant"], 1.0),
    }
    columns: dict[str, NDArray[Any]] = {
        "clock_ms": START_MS + _times(rng, events, days),
        "seq": np.arange(1, events + 1, dtype=np.int64),
        "amount": np.round(np.exp(rng.normal(4.5, 1.2, events)) * 100).astype(np.int64),
        "kind": rng.choice(len(KINDS), events, p=SHARES).astype(np.int8),
    }
    return columns | {name: _keys(place, one) for place, (name, one) in enumerate(ids.items())}


def _drawn(rng: np.random.Generator, events: int, pool: int, exponent: float) -> NDArray[np.int64]:
    """Places drawn by Zipf's law."""
    weight = np.cumsum(np.arange(1, pool + 1) ** -exponent)
    found: NDArray[np.int64] = np.searchsorted(weight, rng.random(events) * weight[-1]).astype(np.int64)
    return found


def _times(rng: np.random.Generator, events: int, days: float) -> NDArray[np.int64]:
    """Milliseconds since the start, in order, with a daily wave."""
    span = days * DAY_MS
    at = rng.random(events) * span
    at += _WAVE_MS * np.sin(2 * np.pi * (at % DAY_MS) / DAY_MS)
    return np.sort(np.clip(at, 0, span)).astype(np.int64)


def _keys(place: int, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Spread ids over 64 bits, as hashes of references are.

    source  the finaliser of splitmix64, Steele et al., OOPSLA 2014
    """
    x = (ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(place << 40)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x.view(np.int64)
