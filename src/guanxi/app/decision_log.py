"""The decision log (决策日志): what was decided about whom, and how many were refused by what."""

from collections.abc import Sequence
from typing import Final

import msgspec

from guanxi.app.decision_words import REFUSED_BY, DecisionRow, DecisionWords
from guanxi.app.identity import identities
from guanxi.app.people import names_of
from guanxi.app.scope import scope
from guanxi.app.workspace import Workspace
from guanxi.core import DataError
from guanxi.engines.control import DecisionCount, DecisionFilter, DecisionLine

PAGE: Final = 100


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Something by its id, as people call it."""

    id: str
    zh: str
    en: str


class DecisionList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log; `next` is the cursor of the following one, None on the last."""

    rows: tuple[DecisionRow, ...]
    next: str | None


class CountedName(msgspec.Struct, frozen=True, kw_only=True):
    """How many decisions share a value; by: of refusals, what refused."""

    by: str
    name: str
    zh: str
    en: str
    decisions: int


class DecisionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions of a filter, counted: at most the newest 50,000 (`is_whole` says whether that is all of them).

    refused   by what candidates were refused; one decision may count for several
    policies, runs   that can be filtered by, whatever the filter is
    """

    decisions: int
    is_whole: bool
    arms: tuple[CountedName, ...]
    modes: tuple[CountedName, ...]
    chosen: tuple[CountedName, ...]
    refused: tuple[CountedName, ...]
    policies: tuple[Named, ...]
    runs: tuple[str, ...]


def decision_list(
    workspace: Workspace, wanted: DecisionFilter, *, person: str = "", before: int = 0, limit: int = PAGE
) -> DecisionList:  # fmt: skip
    """Return a page of decisions, the newest first.

    person  reference of a person: decisions about any of the person's references
    before  number of the last decision of the page before; 0 = the first page
    """
    lines = workspace.control.decision_pages.page(_about(workspace, wanted, person), before=before, limit=limit + 1)
    rows = decision_rows(workspace, lines[:limit])
    return DecisionList(rows=rows, next=str(rows[-1].number) if len(lines) > limit else None)


def decision_rows(workspace: Workspace, lines: Sequence[DecisionLine]) -> tuple[DecisionRow, ...]:
    """Return lines with what people call the things in them, names masked."""
    words = DecisionWords(workspace)
    people = {one.party for one in lines if one.party}
    shown = names_of(workspace, scope(workspace), sorted(people)) if people else {}
    return tuple(words.row(one, shown.get(one.party, "")) for one in lines)


def decision_summary(workspace: Workspace, wanted: DecisionFilter, *, person: str = "") -> DecisionSummary:
    """Return how many decisions a filter has: by arm, mode, choice, and by what refused candidates."""
    pages, words = workspace.control.decision_pages, DecisionWords(workspace)
    found = pages.counts(_about(workspace, wanted, person))
    words.learn(pages.ids([one.last for one in (*found.chosen, *found.refused)]).values())
    policies, runs = pages.choices()
    return DecisionSummary(
        decisions=found.decisions, is_whole=found.is_whole, arms=_plain(found.arms), modes=_plain(found.modes),
        chosen=tuple(_counted(one, words.offer(one.name)) for one in found.chosen),
        refused=tuple(_counted(one, words.refused(one.by, one.name)) for one in found.refused),
        policies=tuple(_named(name, words.policy(name)) for name in policies), runs=runs,
    )  # fmt: skip


def _about(workspace: Workspace, wanted: DecisionFilter, person: str) -> DecisionFilter:
    if wanted.name and not wanted.by:
        raise DataError("a name of what refused stands without its kind", "Say by=limit, rule or consent", "by")
    if wanted.by and wanted.by not in REFUSED_BY:
        raise DataError(f"nothing refuses by {wanted.by[:40]!r}", f"Use one of {', '.join(REFUSED_BY)}", "by")
    if not person:
        return wanted
    members = identities(workspace).members(person, None)
    return msgspec.structs.replace(wanted, parties=tuple(dict.fromkeys((person, *members))))


def _named(name: str, pair: tuple[str, str]) -> Named:
    return Named(id=name, zh=pair[0], en=pair[1])


def _counted(one: DecisionCount, pair: tuple[str, str]) -> CountedName:
    return CountedName(by=one.by, name=one.name, zh=pair[0], en=pair[1], decisions=one.decisions)


def _plain(rows: Sequence[DecisionCount]) -> tuple[CountedName, ...]:
    return tuple(_counted(one, (one.name, one.name)) for one in rows)
