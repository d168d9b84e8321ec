"""Chance that can be drawn again: who is kept out for comparison, and for whom chance chooses."""

from typing import Final

import xxhash

from guanxi.core import DAY_MS
from guanxi.decisions.policy import Policy
from guanxi.decisions.records import Arm


def bucket(policy_name: str, party: str) -> float:
    """Return where a party falls in [0, 1) for a policy: the same on every day, on every machine, in every version.

    source  XXH3-64 of the names, as experiments by hashing do
    """
    return _uniform("bucket", policy_name, party)


def arm_of(policy: Policy, party: str, *, at_ms: int | None = None) -> Arm:
    """Return the arm of a party.

    at_ms  None: only whether it is kept out; else also whether chance chooses for it on that local day
    """
    if bucket(policy.name, party) < policy.holdout:
        return "holdout"
    return "explore" if at_ms is not None and explores(policy, party, at_ms=at_ms) else "treated"


def explores(policy: Policy, party: str, *, at_ms: int) -> bool:
    """Whether chance chooses for a party, not kept out, on a local day."""
    return _uniform("explore", policy.hash, party, _day(at_ms)) < policy.explore


def pick(policy: Policy, party: str, *, at_ms: int, count: int) -> int:
    """Return which of `count` possible ones chance chooses for a party on a local day, each as likely as another."""
    return int(_uniform("pick", policy.hash, party, _day(at_ms)) * count)


def _uniform(*parts: str) -> float:
    """A number in [0, 1) that follows from texts."""
    return (xxhash.xxh3_64_intdigest("\x1f".join(parts).encode()) >> _SPARE) * 2.0**-53


def _day(at_ms: int) -> str:
    """The number of the local day of an instant; China has had no summer time since 1991."""
    return str((at_ms + _CHINA_MS) // DAY_MS)


_CHINA_MS: Final = 28_800_000
_SPARE: Final = 11  # bits beyond a float's 53
