"""What a trait is made of: kinds of event, measures with their conditions in words, and who reads it in turn."""

from typing import Literal

import msgspec

from guanxi.app.trait_answers import TraitRow, trait_row
from guanxi.app.workspace import Workspace
from guanxi.traits import Trait, TraitCatalogue, clause_words, length_ms, name_code, own_trait, sentence

Spread = Literal["parties", "neighbours", "event"]


class KindRead(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of event that a measure counts; `events` came so far."""

    name: str
    zh: str
    en: str
    events: int


class ClauseRead(msgspec.Struct, frozen=True, kw_only=True):
    """A condition: as the row has it, and in words."""

    text: str
    zh: str
    en: str


class MeasureRead(msgspec.Struct, frozen=True, kw_only=True):
    """A measure that a trait reads.

    role   "of", "over" (the denominator) or "after" (what came before)
    kinds  empty = every kind
    value  what is read of an event, "" = it is only counted; value_zh, value_en: what that is called
    """

    role: Literal["of", "over", "after"]
    name: str
    zh: str
    en: str
    kinds: tuple[KindRead, ...]
    where: tuple[ClauseRead, ...]
    value: str
    value_zh: str
    value_en: str
    unit: str


class TraitKin(msgspec.Struct, frozen=True, kw_only=True):
    """Another trait: the same over another window, what neighbours are read of, or one that reads this.

    listed  it stands in the catalogue
    """

    name: str
    zh: str
    en: str
    window: str
    listed: bool = True


class TraitDetail(TraitRow, frozen=True, kw_only=True):
    """One trait with its lineage.

    measures  what it reads
    base      of a neighbours' trait, the trait that is read of them; None for the others
    windows   the same over every window, itself included, the shortest first
    readers   traits of neighbours that read it
    by_zh     what the names that it reads are called, "" = it reads none; by_en
    spread    over all parties; "neighbours" and "event": it is told of one party, or of one event, alone
    """

    measures: tuple[MeasureRead, ...]
    base: TraitKin | None
    windows: tuple[TraitKin, ...]
    readers: tuple[TraitKin, ...]
    by_zh: str
    by_en: str
    spread: Spread


def trait_detail(workspace: Workspace, name: str) -> TraitDetail:
    """Return a trait of a workspace with what it is made of.

    raises  NotFound for an unknown name
    """
    table, row = workspace.traits, workspace.traits.rows[name]
    fields = msgspec.structs.asdict(trait_row(table, name))
    base = own_trait(row, table.measures) if row.via else None
    stem = name.rpartition(".")[0]
    same = [one for one in table.rows.values() if one.name.rpartition(".")[0] == stem]
    readers = [
        one for one in table.rows.values()
        if one.via and one.of == row.of and own_trait(one, table.measures).name == name
    ]  # fmt: skip
    by = name_code(row.by) if row.by else ("", "", "")
    spread: Spread = "neighbours" if row.via else "event" if row.aggregate == "versus" else "parties"
    return TraitDetail(
        **fields, measures=_measures(workspace, row), base=None if base is None else _base(table, base),
        windows=tuple(_kin(one) for one in sorted(same, key=_length)), readers=tuple(_kin(one) for one in readers),
        by_zh=by[0], by_en=by[1], spread=spread,
    )  # fmt: skip


def _measures(workspace: Workspace, row: Trait) -> tuple[MeasureRead, ...]:
    roles: tuple[tuple[Literal["of", "over", "after"], str], ...] = (
        ("of", row.of), ("over", row.over), ("after", row.after)
    )  # fmt: skip
    counts, found = workspace.reader.counts(), []
    for role, name in roles:
        if not name:
            continue
        one = workspace.traits.measures[name]
        kinds = [(kind, workspace.catalogue.find(kind)) for kind in one.kinds]
        properties = {key: value for _, kind in reversed(kinds) if kind for key, value in kind.properties.items()}
        found.append(MeasureRead(
            role=role, name=name, zh=one.zh, en=one.en,
            kinds=tuple(
                KindRead(name=kind, zh=known.zh if known else kind, en=(known.en if known else "") or kind,
                         events=counts.get(kind, 0))
                for kind, known in kinds
            ),
            where=tuple(
                ClauseRead(text=text, zh=words[0], en=words[1])
                for text, words in zip(one.where, (clause_words(clause, properties) for clause in one.clauses),
                                       strict=True)
            ),
            value=one.value, value_zh=one.value_zh, value_en=one.value_en, unit=one.unit,
        ))  # fmt: skip
    return tuple(found)


def _kin(row: Trait) -> TraitKin:
    return TraitKin(name=row.name, zh=row.zh, en=row.en, window=row.window)


def _base(table: TraitCatalogue, row: Trait) -> TraitKin:
    """What is read of neighbours may be no row of its own, so its sentence is made here."""
    zh, en = sentence(row, table.measures)
    return TraitKin(name=row.name, zh=zh, en=en, window=row.window, listed=row.name in table.rows)


def _length(row: Trait) -> float:
    return length_ms(row.window) if row.window[:1].isdigit() else float("inf")
