"""Fairness: the same offer for the same behaviour, no penalty for loyalty, no pressure on minors or in distress."""

import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from guanxi.core import SettingError
from guanxi.decisions.laws import Scalar
from guanxi.decisions.policy import Offer
from guanxi.decisions.rules import Expression

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


def protected(facts: Mapping[str, Scalar]) -> tuple[str, ...]:
    """Return what protects somebody, by facts that are stated to be true."""
    return tuple(name for name in PROTECTED if facts.get(name) is True)
