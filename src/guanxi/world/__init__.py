"""The town: a planted economy in which the truth is known."""

from guanxi.world.asking import HousePolicy
from guanxi.world.day import Day
from guanxi.world.foreign import Card, ForeignWorld
from guanxi.world.foreign_readers import causal_ihdp, hillstrom_email
from guanxi.world.mechanism import Planted
from guanxi.world.spec import Answerer, Dial, Mechanism, Range, Spec, State, Term, World
from guanxi.world.town import Town
from guanxi.world.truth import KINDS, Effect, Truths
from guanxi.world.twin import OUTCOMES, twin_effect

__all__ = [
    "KINDS",
    "OUTCOMES",
    "Answerer",
    "Card",
    "Day",
    "Dial",
    "Effect",
    "ForeignWorld",
    "HousePolicy",
    "Mechanism",
    "Planted",
    "Range",
    "Spec",
    "State",
    "Term",
    "Town",
    "Truths",
    "World",
    "causal_ihdp",
    "hillstrom_email",
    "twin_effect",
]
