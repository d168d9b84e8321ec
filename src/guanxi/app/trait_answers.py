"""What doors are answered about traits: rows of the catalogue, a party's values by topic, values of many parties."""

import time
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from guanxi.app.trait_explain import Value
from guanxi.app.trait_ranks import TraitRank, find_ranks, values_and_ranks
from guanxi.app.trait_replay import canonical, fits, identity, values_of
from guanxi.app.traits import choose, framed, is_withheld, kept, withheld
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, NotFound
from guanxi.traits import PARTIES, TOPICS, Trait, TraitCatalogue

MAX_CELLS: Final = 200_000  # of an answer
State = Literal["known", "unknown", "withheld", "hidden"]


class TraitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One trait of the catalogue; fields as docs/traits.md explains them.

    plan  what keeps it: window, days, life or ties
    own   the workspace defines it
    """

    name: str
    zh: str
    en: str
    unit: str
    party: str
    of: str
    aggregate: str
    window: str
    by: str
    over: str
    after: str
    via: str
    within: str
    rank: int
    half_life: str
    privacy: str
    topic: str
    topic_zh: str
    topic_en: str
    uses: tuple[str, ...]
    plan: str
    why_zh: str
    why_en: str
    own: bool = False


class TraitValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value.

    value  in the unit, text for names; None unless the state is "known"
    state  withheld = the person does not allow profiles; hidden = sensitive, and the asker may not see it
    rank   where it stands among all people; None without one
    """

    name: str
    zh: str
    en: str
    unit: str
    privacy: str
    value: Value
    state: State
    rank: TraitRank | None = None


class TraitTopic(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one topic."""

    topic: str
    zh: str
    en: str
    rows: tuple[TraitValue, ...]


class PartyTraits(msgspec.Struct, frozen=True, kw_only=True):
    """The traits of one party as of an instant.

    ref       the reference that names it; `asked` was asked for
    ranked_ms the local midnight that ranks are as of; None when there are none
    ranked    people among whom ranks are: they acted in the 400 days before, and allow profiles
    people    who ever acted; drawn: those who could be ranked, fewer only when people are very many
    withheld  values that consent holds back; hidden: sensitive ones that the asker may not see
    """

    asked: str
    ref: str
    until_ms: int
    known: int
    ranked_ms: int | None = None
    ranked: int = 0
    people: int = 0
    drawn: int = 0
    topics: tuple[TraitTopic, ...]
    withheld: int
    hidden: int
    took_ms: float


class TraitTable(msgspec.Struct, frozen=True, kw_only=True):
    """Traits of many parties: a row a party, a value a name; None = unknown, withheld or hidden.

    withheld  parties whose people do not allow profiles
    hidden    sensitive names that the asker may not see
    """

    until_ms: int
    known: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    parties: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    withheld: tuple[str, ...]
    hidden: tuple[str, ...]
    took_ms: float


def catalogue(
    known: TraitCatalogue, *, q: str = "", topic: str = "", party: str = "", use: str = ""
) -> list[TraitRow]:  # fmt: skip
    """Return the rows of a catalogue whose name or words hold every word of `q`.

    raises  NotFound for an unknown topic or party; DataError for an unknown use
    """
    if topic and topic not in TOPICS:
        raise NotFound(f"no topic is called {topic[:40]!r}", f"Use one of {', '.join(TOPICS)}", "topic")
    if party:
        PARTIES[party]  # raises
    if use not in ("", "profile", "risk"):
        raise DataError(f"the use is {use[:20]!r}", "Use profile or risk", "use")
    words = q.lower().split()
    return [
        trait_row(known, row.name) for row in known.rows.values()
        if (not topic or row.topic == topic) and (not party or row.party == party) and (not use or use in row.uses)
        and all(word in f"{row.name} {row.zh} {row.en} {row.why_zh} {row.why_en}".lower() for word in words)
    ]  # fmt: skip


def trait_row(known: TraitCatalogue, name: str) -> TraitRow:
    """Return a trait of a catalogue as answers carry it.

    raises  NotFound for an unknown name
    """
    row = known.rows[name]
    zh, en = TOPICS[row.topic]
    fields = {name: getattr(row, name) for name in TraitRow.__struct_fields__ if hasattr(row, name)}
    return TraitRow(**fields | {"topic_zh": zh, "topic_en": en, "own": name in known.own})


def party_traits(
    workspace: Workspace, ref: str, *, until: int, known: int | None = None, topic: str = "", use: str = "",
    sensitive: bool = True,
) -> PartyTraits:  # fmt: skip
    """Return the traits of one party by topic: those of a person for whoever stands for one, else those that fit.

    sensitive  False: hide sensitive values
    raises     NotFound for an unknown topic, and for a person who was erased; DataError when no trait fits
    """
    began = time.perf_counter()
    last = workspace.reader.last_seq()
    known = last if known is None else min(known, last)
    names, _ = identity(workspace, known)
    if workspace.vault.forgotten_among([ref, *names.members(ref, known)]):
        raise NotFound("this person was erased", "Nothing is known of them any more", "ref")
    parties = ["person"] if fits(ref, "person", names, known) else [
        one for one in PARTIES if fits(ref, one, names, known)
    ]  # fmt: skip
    rows = [
        row for row in choose(workspace.traits, [topic] if topic else list(TOPICS), use=use) if row.party in parties
    ]
    if not rows:
        raise DataError(f"no trait is about {ref[:80]!r}", "Name an account, a device, an address …", "ref")
    sealed = bool(any(is_withheld(row, use) for row in rows) and withheld(workspace, [ref], known))
    read = [row for row in rows if _state(row, use, sealed, sensitive) == "known"]
    sheet = find_ranks(workspace, until=until, known=known) if parties == ["person"] else None
    values, texts, ranks = values_and_ranks(workspace, ref, read, sheet, until=until, known=known)
    told = kept(workspace, framed({"party": [ref]}, read, values, texts), read, use=use, known=known).row(0, named=True)
    found: dict[str, list[TraitValue]] = {}
    for row in rows:
        state, value = _state(row, use, sealed, sensitive), told.get(row.name)
        found.setdefault(row.topic, []).append(TraitValue(
            name=row.name, zh=row.zh, en=row.en, unit=row.unit, privacy=row.privacy, value=value,
            state="unknown" if state == "known" and value is None else state, rank=ranks.get(row.name),
        ))  # fmt: skip
    states = [one.state for some in found.values() for one in some]
    return PartyTraits(
        asked=ref, ref=canonical(ref, parties[0], names, known), until_ms=until, known=known,
        ranked_ms=None if sheet is None else sheet.head.until_ms, people=0 if sheet is None else sheet.head.people,
        drawn=0 if sheet is None else sheet.head.drawn, ranked=0 if sheet is None else sheet.head.ranked,
        topics=tuple(
            TraitTopic(topic=name, zh=zh, en=en, rows=tuple(found[name]))
            for name, (zh, en) in TOPICS.items() if name in found
        ),
        withheld=states.count("withheld"), hidden=states.count("hidden"), took_ms=_took(began),
    )  # fmt: skip


def trait_table(
    workspace: Workspace, parties: Sequence[str], names: Sequence[str], *, until: int, known: int | None = None,
    use: str = "", sensitive: bool = True,
) -> TraitTable:  # fmt: skip
    """Return traits of some parties as of an instant, as `traits.as_of` reads them.

    raises  as `traits.as_of`; DataError for more than MAX_CELLS values
    """
    began = time.perf_counter()
    rows = choose(workspace.traits, names, use=use)
    if len(parties) * len(rows) > MAX_CELLS:
        raise DataError(f"{len(parties) * len(rows):,} values are asked for", f"Ask for {MAX_CELLS:,} at most",
                        "parties")  # fmt: skip
    last = workspace.reader.last_seq()
    known = last if known is None else min(known, last)
    needs = any(is_withheld(row, use) for row in rows)
    sealed = withheld(workspace, parties, known) if needs else frozenset[str]()
    hidden = {row.name for row in rows if row.privacy == "sensitive" and not sensitive}
    shown = [row for row in rows if row.name not in hidden]
    values, texts = values_of(workspace, parties, shown, until=until, known=known)
    frame = framed({"party": list(parties)}, shown, values, texts, sealed, use=use)
    frame = kept(workspace, frame, shown, use=use, known=known)
    columns: list[list[Any]] = [
        [None] * len(parties) if row.name in hidden else frame[row.name].to_list() for row in rows
    ]
    return TraitTable(
        until_ms=until, known=known, names=tuple(row.name for row in rows), units=tuple(row.unit for row in rows),
        parties=tuple(parties), rows=tuple(zip(*columns, strict=True)), withheld=tuple(sorted(sealed)),
        hidden=tuple(sorted(hidden)), took_ms=_took(began),
    )  # fmt: skip


def _state(row: Trait, use: str, sealed: bool, sensitive: bool) -> State:
    if sealed and is_withheld(row, use):
        return "withheld"
    return "hidden" if row.privacy == "sensitive" and not sensitive else "known"


def _took(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
