"""Fairness: the same offer for the same behaviour, no penalty for loyalty, no pressure on minors or in distress."""

import math
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from statistics import NormalDist
from typing import Final

import msgspec

from guanxi.core import Estimate, SettingError
from guanxi.decisions.expressions import Expression
from guanxi.decisions.laws import Scalar
from guanxi.decisions.policy import Offer
from guanxi.decisions.records import Record

#: Facts that, when true, protect somebody from every offer that is not a service.
PROTECTED: Final[dict[str, tuple[str, str]]] = {
    "minor": ("未成年人", "a minor"),
    "distress": ("正处于困境的人", "somebody in distress"),
}


class Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Traits that may not decide about a price.

    traits  names of traits, `*` for anything; facts: words in the names of facts
    """

    name: str
    zh: str
    en: str
    why_zh: str
    why_en: str
    traits: tuple[str, ...]
    facts: tuple[str, ...]


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """How often loyal people and others got an offer with a price.

    difference           of the shares, loyal - others, within cells of the same behaviour; None = no cell holds both
    loyal, loyal_with    people, and those who got one; others, others_with: as these
    cells, compared      cells of behaviour, and those that hold both
    """

    difference: Estimate | None
    loyal: int
    loyal_with: int
    others: int
    others_with: int
    cells: int
    compared: int


@cache
def families() -> tuple[Family, ...]:
    """Return the rows of `fairness.toml`."""
    text = (resources.files("guanxi.decisions") / "fairness.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["family"], tuple[Family, ...])


def unfair(name: str, *, fact: bool = False) -> Family | None:
    """Return the family by which a trait, or a fact, may not decide about a price; None when it may."""
    words = set(name.split("_"))
    for one in families():
        if words & set(one.facts) if fact else any(fnmatchcase(name, pattern) for pattern in one.traits):
            return one
    return None


def is_priced(offer: Offer) -> bool:
    """Whether an offer changes what somebody pays."""
    return offer.kind == "coupon" or "amount" in offer.params


def check_fair(what: str, offers: Iterable[Offer], texts: Iterable[Expression]) -> None:
    """Refuse expressions that let a price depend on what it may not.

    what    name of the rule or offer, for messages
    offers  that they decide about
    raises  SettingError that names the rule, the trait and why
    """
    priced = [one.id for one in offers if is_priced(one)]
    if not priced:
        return
    for text in texts:
        for read in text.reads.values():
            if read.sort != "constant" and (family := unfair(read.source, fact=read.fact)):
                raise SettingError(
                    f"{what} lets {'the fact ' if read.fact else ''}{read.source} decide about {', '.join(priced)},"
                    f" which changes a price: it tells {family.en}（{family.zh}）",
                    f"{family.why_en}（{family.why_zh}）. Use other behaviour, or name offers without a price",
                    "when",
                )  # fmt: skip


def parity(records: Iterable[tuple[int, Record]], loyal: Callable[[Record], bool], *, level: float = 0.95) -> "Parity":
    """Compare how often loyal people and others got an offer with a price, among those who behave the same.

    records  (cell of behaviour, record), as `Compiled.cell` gives cells; those kept out are left aside
    loyal    whether the person of a record is loyal
    returns  the difference loyal - others, weighted over cells that hold both
    source   Mantel-Haenszel risk difference with the variance of Greenland and Robins, Biometrics 1985
    """
    cells: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])  # loyal with, loyal, others with, others
    for cell, record in records:
        if record.arm == "holdout":
            continue
        side = 0 if loyal(record) else 2
        cells[cell][side] += any(one.verdict == "chosen" and one.kind == "coupon" for one in record.weighed)
        cells[cell][side + 1] += 1
    both = [one for one in cells.values() if one[1] and one[3]]
    weight = sum(n * m / (n + m) for _, n, _, m in both)
    found = None
    if weight:
        gap = sum((a * m - c * n) / (n + m) for a, n, c, m in both) / weight
        spread = math.sqrt(sum(map(_spread, both))) / weight * NormalDist().inv_cdf((1 + level) / 2)
        found = Estimate(
            value=gap, low=max(gap - spread, -1.0), high=min(gap + spread, 1.0), level=level, unit="share",
            n=sum(one[1] + one[3] for one in both), method="mantel-haenszel",
        )  # fmt: skip
    totals = [sum(one[at] for one in cells.values()) for at in range(4)]
    return Parity(difference=found, loyal=totals[1], loyal_with=totals[0], others=totals[3], others_with=totals[2],
                  cells=len(cells), compared=len(both))  # fmt: skip


def protected(facts: Mapping[str, Scalar]) -> tuple[str, ...]:
    """Return what protects somebody, by facts that are stated to be true."""
    return tuple(name for name in PROTECTED if facts.get(name) is True)


def _spread(cell: Sequence[int]) -> float:
    """A cell's part of the variance; half a person is added to each count, so that few people never look sure."""
    a, b, c, d = cell[0] + 0.5, cell[1] - cell[0] + 0.5, cell[2] + 0.5, cell[3] - cell[2] + 0.5
    n, m = a + b, c + d
    return (a * b * m**3 + c * d * n**3) / (n * m * (n + m) ** 2)
