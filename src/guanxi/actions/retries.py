"""When to try again: a pure law of the kind of error, the attempts so far and the clock.

source   exponential back-off with "equal" jitter: M. Brooker, "Exponential Backoff And Jitter", AWS 2015
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import xxhash

from guanxi.actions.outgoing import Outgoing
from guanxi.actions.senders import AGAIN, UNCERTAIN, Outcome
from guanxi.core import DataError

SECOND_MS: Final = 1_000
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How attempts are spaced.

    first_ms   wait after the first failed attempt; each further wait is twice as long
    most_ms    longest wait of our own
    asked_ms   longest wait that a receiver may ask for with Retry-After
    attempts   after so many failed attempts it is given up
    failures   failures of a sender in a row after which it is left alone for a while
    raises     DataError
    """

    first_ms: int = 2 * SECOND_MS
    most_ms: int = 900 * SECOND_MS
    asked_ms: int = HOUR_MS
    attempts: int = 40  # with these waits about eight hours
    failures: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.first_ms <= self.most_ms or self.asked_ms < 0 or self.attempts < 1 or self.failures < 1:
            raise DataError(f"no attempts can be spaced by {self}", "Give 0 < first_ms <= most_ms, and counts from 1")

    @property
    def longest_ms(self) -> int:
        """No wait is longer than this."""
        return max(self.most_ms, self.asked_ms)

    def wait_ms(self, attempts: int, key: str, *, asked_ms: int | None = None) -> int:
        """Return how long to wait after so many failed attempts.

        attempts   failed so far, 1 or more
        key        of the action: the jitter is a function of it and of the attempt, so runs can be repeated
        asked_ms   what the receiver asked for; honoured up to the bound
        returns    half to all of first_ms * 2**(attempts - 1), at most most_ms; never less than was asked
        """
        whole = min(self.most_ms, self.first_ms << min(attempts - 1, 40))
        draw = xxhash.xxh3_64_intdigest(f"{key}\x1f{attempts}".encode()) / 2**64
        own = int(whole * (0.5 + draw / 2))
        return max(own, min(asked_ms or 0, self.asked_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of an action after an attempt.

    state      sent; ready: tried again at `next_ms`; dead: given up, for a person to look at
    why        for a dead one: which law gave it up
    uncertain  True: this attempt may have acted without saying so
    """

    state: Literal["sent", "ready", "dead"]
    next_ms: int = 0
    why: str = ""
    uncertain: bool = False


def judge(row: Outgoing, outcome: Outcome, *, now_ms: int, pace: Pace, tried: int | None = None) -> Verdict:
    """Return what becomes of an action.

    row      as it was when the attempt began, the attempt counted
    tried    failed attempts of this round, this one included; None = all of the row's
    now_ms   the clock, wherever it has jumped: nothing of an earlier reading of it is used
    """
    if outcome.accepted:
        return Verdict(state="sent")
    uncertain, tried = outcome.kind in UNCERTAIN, row.attempts if tried is None else tried
    if outcome.kind not in AGAIN:
        return Verdict(state="dead", why="the receiver would refuse it again")
    if tried >= pace.attempts:
        return Verdict(state="dead", why=f"{tried} attempts failed", uncertain=uncertain)
    next_ms = now_ms + pace.wait_ms(tried, row.id, asked_ms=outcome.retry_after_ms)
    if next_ms >= row.not_after_ms:
        return Verdict(state="dead", why="its time ends before another attempt", uncertain=uncertain)
    return Verdict(state="ready", next_ms=next_ms, uncertain=uncertain)


def is_set_back(next_ms: int, *, now_ms: int, pace: Pace) -> bool:
    """Tell whether an attempt lies further ahead than any wait: the clock was set back since it was planned."""
    return next_ms - now_ms > pace.longest_ms


class Breaker:
    """Leaves a sender alone that fails again and again, so that an outage does not use up everybody's attempts.

    After `pace.failures` failures in a row nothing is sent for a wait, then one action tries; a success opens it all.

    now   a clock that never jumps, seconds
    """

    def __init__(self, name: str, pace: Pace, *, now: Callable[[], float]) -> None:
        self._name, self._pace, self._now = name, pace, now
        self._failures = 0
        self._until = 0.0

    def room(self, under_way: int, most: int) -> int:
        """Return how many more attempts may begin, with so many under way."""
        if self._now() < self._until:
            return 0
        if self._failures >= self._pace.failures:
            return 0 if under_way else 1
        return max(most - under_way, 0)

    def wait_s(self) -> float:
        """Return how long it is still left alone."""
        return max(self._until - self._now(), 0.0)

    def heard(self, outcome: Outcome) -> None:
        """Count an outcome."""
        if outcome.kind not in AGAIN:
            self._failures = 0
            return
        self._failures += 1
        asked = min(outcome.retry_after_ms or 0, self._pace.asked_ms) if outcome.kind == "busy" else 0
        over = self._failures - self._pace.failures
        own = self._pace.wait_ms(over + 1, self._name) if over >= 0 else 0
        self._until = max(self._until, self._now() + max(own, asked) / 1000)


class Rate:
    """Keeps attempts of one sender below so many a minute, with no more than a sixth of them at once.

    a_minute   0 = no bound
    now        a clock that never jumps, seconds
    """

    def __init__(self, a_minute: int, *, now: Callable[[], float]) -> None:
        self._a_minute, self._now = a_minute, now
        self._most = max(a_minute / 6, 1.0)
        self._left, self._at = self._most, now()

    def room(self) -> int | None:
        """Return how many attempts may begin now; None = any number."""
        if not self._a_minute:
            return None
        now = self._now()
        self._left = min(self._most, self._left + (now - self._at) * self._a_minute / 60)
        self._at = now
        return int(self._left)

    def began(self, count: int) -> None:
        """Count attempts that began."""
        self._left -= count
