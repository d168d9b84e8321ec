"""What a row that a workspace defines must keep, beyond what makes it computable; the shipped rows keep it too."""

import string
from collections.abc import Iterable
from typing import Final

from guanxi.core import RowTable, SettingError
from guanxi.events import Kind, shipped
from guanxi.traits.family import Family
from guanxi.traits.fields import check_measure, shape_of
from guanxi.traits.measure import Measure
from guanxi.traits.trait import OF_CODE, PARTIES, Trait
from guanxi.traits.words import TOPICS

#: What a family's own sentence may hold in braces.
WORDS: Final = ("party", "of", "window")
NAME_LENGTH: Final = 120  # characters of a trait's name, as the routes take it
TEXT_LENGTH: Final = 500
_VIA: Final = "_via_"  # tells neighbours' traits apart


def check_own_measure(measure: Measure) -> Measure:
    """Let a measure pass that reads what its kinds have, and says so in both languages.

    raises  SettingError naming the field
    """
    if len(measure.name) > 40 or _VIA in measure.name:
        raise SettingError(f"the measure is called {measure.name[:60]!r}", f"Use at most 40 letters, without {_VIA}",
                           "name")  # fmt: skip
    for name in ("zh", "en", "value_zh", "value_en", "code_zh", "code_en"):
        text = getattr(measure, name)
        _check_text(name, text, needed=name in ("zh", "en"))
        if "{" in text or "}" in text:
            raise SettingError(f"{name} holds a brace: {text[:40]!r}", "Write plain words", name)
    kinds = kinds_of(measure)
    for field in measure.fields:
        if all(shape_of(field, kind) is None for kind in kinds):
            raise SettingError(f"no kind of the measure {measure.name!r} has {field!r}",
                               "Use a field of its kinds (docs/events.md)", "where")  # fmt: skip
    if measure.code:
        _check_name("code", measure.code, kinds)
    return check_measure(measure)


def check_family(family: Family) -> Family:
    """Let a family pass whose topic is known and whose words can be shown.

    raises  SettingError naming the field
    """
    if family.topic not in TOPICS:
        raise SettingError(f"the topic is {family.topic[:40]!r}", f"Use one of {', '.join(TOPICS)}", "topic")
    for name in ("party", "of", "aggregate", "window", "by", "rank"):
        if not getattr(family, name):
            raise SettingError(f"{name} is empty", "Name one or more, or leave it out", name)
    for name in ("why_zh", "why_en", "zh", "en"):
        _check_text(name, getattr(family, name), needed=name.startswith("why"))
    for name in ("zh", "en"):
        _check_pattern(name, getattr(family, name))
    return family


def check_own_trait(trait: Trait, measures: RowTable[Measure]) -> Trait:
    """Let a trait pass that some event can ever reach, and that tells no more than its class of privacy says.

    raises  SettingError naming the field
    """
    if len(trait.name) > NAME_LENGTH:
        raise SettingError(f"the name {trait.name[:NAME_LENGTH]!r}… is too long", f"Use {NAME_LENGTH} letters", "of")
    for measure in (measures[name] for name in (trait.of, trait.over, trait.after) if name):
        kinds = kinds_of(measure)
        role = PARTIES[trait.party].role
        if all(shape_of(f"role.{role}", kind) is None for kind in kinds):
            raise SettingError(f"no event of {measure.name} names the {trait.party} of {trait.name}",
                               f"Use a party of its kinds: {', '.join(_parties(kinds))}", "party")  # fmt: skip
        if measure.kinds and trait.privacy != "sensitive" and any(kind.privacy == "sensitive" for kind in kinds):
            raise SettingError(f"the privacy of {trait.name} is {trait.privacy!r}, and {measure.name} reads events that"
                               " are sensitive", 'Use privacy = "sensitive"', "privacy")  # fmt: skip
    if trait.aggregate in OF_CODE and trait.by != "day":
        _check_name("by", trait.by, kinds_of(measures[trait.of]))
    return trait


def kinds_of(measure: Measure) -> list[Kind]:
    """Return the kinds whose events a measure may count."""
    return [shipped()[name] for name in measure.kinds] or list(shipped().values())


def _parties(kinds: Iterable[Kind]) -> list[str]:
    roles = {role for kind in kinds for role in kind.role_names}
    return [party.name for party in PARTIES.values() if party.role in roles]


def _check_name(field: str, code: str, kinds: Iterable[Kind]) -> None:
    shapes = {shape for kind in kinds if (shape := shape_of(code, kind)) is not None}
    if not shapes or not shapes <= {"text", "whole", "boolean"}:
        raise SettingError(f"{field} = {code!r} is no name that events of its kinds have",
                           "Use a text or a whole number of its kinds (docs/events.md)", field)  # fmt: skip


def _check_text(name: str, text: str, *, needed: bool) -> None:
    if (needed and not text.strip()) or not text.isprintable() or len(text) > TEXT_LENGTH:
        raise SettingError(f"{name} = {text[:40]!r}", f"Write one line of at most {TEXT_LENGTH} characters", name)


def _check_pattern(name: str, text: str) -> None:
    try:
        parts = [part[1:] for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError:
        parts = [("{", "", None)]
    for field, shape, turn in parts:
        if field not in WORDS or shape or turn:
            words = ", ".join(f"{{{word}}}" for word in WORDS)
            raise SettingError(f"{name} = {text[:60]!r} holds other words in braces", f"Use {words}", name)
