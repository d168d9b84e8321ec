"""Reason: why something was believed or decided, in words that a person can check."""

import math
from dataclasses import dataclass

from guanxi.core.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason for or against.

    zh, en     the sentence, in both languages
    weight     its share of the verdict, in the unit of the model; above 0 speaks for, below against
    evidence   ids of the events, claims or traits that show it
    """

    zh: str
    en: str
    weight: float = 0.0
    evidence: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.zh.strip() or not self.en.strip():
            raise DataError("a reason has no sentence in one of the languages", "Give both zh and en")
        if not math.isfinite(self.weight):
            raise DataError(f"the weight of a reason is {self.weight}", "Use a finite weight")

    @property
    def speaks_for(self) -> bool:
        """Whether it speaks for the verdict."""
        return self.weight > 0
