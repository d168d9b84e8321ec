"""Families: rows that make many traits at once, party by measure by aggregate by window."""

import itertools
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from guanxi.core import RowTable, SettingError
from guanxi.traits.measure import Measure, measures
from guanxi.traits.trait import LIFE, PARTIES, Aggregate, Privacy, Trait, Use, check
from guanxi.traits.words import sentence, times


class Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Traits that differ in party, measure, aggregate, code or window alone; fields as in `Trait`.

    party, of, aggregate, window, by   every combination is one trait
    zh, en                             a sentence instead of the one made from the parts; {party}, {window} and {of}
                                       stand for their words
    """

    party: tuple[str, ...]
    of: tuple[str, ...]
    aggregate: tuple[Aggregate, ...]
    window: tuple[str, ...] = (LIFE,)
    by: tuple[str, ...] = ("",)
    over: str = ""
    after: str = ""
    via: str = ""
    within: str = ""
    rank: tuple[int, ...] = (1,)
    half_life: str = ""
    privacy: Privacy = "behaviour"
    topic: str
    uses: tuple[Use, ...]
    zh: str = ""
    en: str = ""
    why_zh: str
    why_en: str


def expand(family: Family, known: RowTable[Measure]) -> list[Trait]:
    """Return the traits of a family.

    raises  SettingError, NotFound when the parts of one do not fit
    """
    return [
        _one(family, known, *parts)
        for parts in itertools.product(
            family.party, family.of, family.aggregate, family.by, family.rank, family.window
        )
    ]  # fmt: skip


def read_families(text: str, where: str, known: RowTable[Measure]) -> list[Trait]:
    """Return the traits of a TOML text: an array of tables `[[family]]`.

    where   the file's name, for messages
    raises  SettingError when a row is not usable
    """
    rows: list[Trait] = []
    for place, row in enumerate(tomllib.loads(text).get("family", []), 1):
        try:
            rows += expand(msgspec.convert(row, Family), known)
        except (msgspec.ValidationError, TypeError) as error:
            raise SettingError(f"{where}: family {place} is not usable: {error}", "See docs/traits.md") from error
    return rows


@cache
def traits() -> RowTable[Trait]:
    """Return the catalogue that ships with Guanxi: the other files of `traits/catalogue`."""
    folder = resources.files("guanxi.traits.catalogue")
    files = sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml"))
    texts = ((name, (folder / name).read_text("utf-8")) for name in files if not name.startswith("measures"))
    return table(row for name, text in texts for row in read_families(text, name, measures()))


def table(rows: Iterable[Trait]) -> RowTable[Trait]:
    """Return traits as a table.

    raises  SettingError when a name occurs twice
    """
    return RowTable(rows, noun="trait", mend=_MEND)


_MEND: Final = "See `guanxi traits list`."


def _one(
    family: Family,
    known: RowTable[Measure],
    party: str,
    of: str,
    aggregate: Aggregate,
    by: str,
    rank: int,
    window: str,
) -> Trait:
    row = check(
        Trait(
            name="", party=party, of=of, aggregate=aggregate, window=window, by=by, over=family.over,
            after=family.after, via=family.via, within=family.within, rank=rank, half_life=family.half_life,
            privacy=family.privacy, topic=family.topic, uses=family.uses, zh="", en="", why_zh=family.why_zh,
            why_en=family.why_en,
        ), known,
    )  # fmt: skip
    zh, en = sentence(row, known)
    if family.zh or family.en:
        about, measure, (when, ago) = PARTIES[party], known[of], times(row)
        zh = family.zh.format(party=about.zh, of=measure.zh, window=when) or zh
        en = family.en.format(party=about.en, of=measure.en, window=ago) or en
    return msgspec.structs.replace(row, zh=zh, en=en)
