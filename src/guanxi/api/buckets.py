"""Token buckets: how often one sender may ask."""

import time
from collections.abc import Callable, Hashable
from typing import Final

from guanxi.api.errors import Problem

KEPT: Final = 100_000  # buckets; full ones are forgotten first


class Buckets:
    """One bucket per sender, in this process.

    rate   requests per second, sustained
    burst  requests at once
    clock  seconds that never go back
    """

    def __init__(self, *, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._state: dict[Hashable, tuple[float, float]] = {}  # sender -> tokens, at

    def take(self, sender: Hashable) -> None:
        """Take one token.

        raises  Problem: 429 with Retry-After when there is none
        """
        now = self._clock()
        tokens, at = self._state.get(sender, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        if tokens < 1:
            wait = max(1, round((1 - tokens) / self._rate + 0.5))
            raise Problem(
                429, f"more than {self._rate:g} requests per second", f"Wait {wait} s, then send it again",
                headers={"retry-after": str(wait)},
            )  # fmt: skip
        if len(self._state) >= KEPT and sender not in self._state:
            self._forget(now)
        self._state[sender] = (tokens - 1, now)

    def _forget(self, now: float) -> None:
        full_after = self._burst / self._rate
        self._state = {one: state for one, state in self._state.items() if now - state[1] < full_after}
        if len(self._state) >= KEPT:
            self._state.clear()
