"""A control database whose clock is moved by hand, with passwords hashed at their cheapest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from guanxi.engines.control import (
    Control,
)

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # argon2id at its cheapest
PASSWORD = "correct horse battery"


class Clock:
    def __init__(self) -> None:
        self.ms = 1_767_225_600_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def control(tmp_path: Path, clock: Clock) -> Iterator[Control]:
    opened = Control.open(tmp_path, now=clock, hasher=QUICK)
    yield opened
    opened.close()
