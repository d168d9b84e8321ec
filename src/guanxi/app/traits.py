"""Traits over a workspace: what they are, of some parties or of all of a type, as of an instant."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.app.consents import refusing
from guanxi.app.labels import PURPOSES
from guanxi.app.metrics import same_party
from guanxi.app.stated import stated
from guanxi.app.tags import deleted_tags, without_deleted
from guanxi.app.trait_replay import Replay, columns, feed, identity, known_text, new_state, values_of
from guanxi.app.workspace import Workspace
from guanxi.core import DAY_MS, DataError, NotFound, Refused, nearest
from guanxi.events import ROLE
from guanxi.traits import PARTIES, TOPICS, Trait, TraitCatalogue

MAX_PARTIES: Final = 100_000  # asked for by name at once
USES: Final = ("", "profile", "risk")
SEEN_MS: Final = 30 * DAY_MS  # a party of a type is one that was named so lately, or as far back as its traits look
_WHOLE: Final = ("count", "sum", "distinct", "after", "streak", "balance", "min", "max", "first", "last",
                 "since_first", "since_last")  # fmt: skip
_BLOCK: Final = 20_000  # parties read at once


def choose(catalogue: TraitCatalogue, names: Iterable[str], *, use: str = "", party: str = "") -> list[Trait]:
    """Return traits of a catalogue by name, or all of a topic, each once.

    use    "profile" or "risk": of a topic those alone; a trait named for something it is not meant for is refused
    party  of a topic only those of this party
    raises NotFound for what is neither; DataError when nothing is left; Refused
    """
    if use not in USES:
        raise DataError(f"the use is {use[:20]!r}", "Use profile or risk", "use")
    table, found = catalogue.rows, dict[str, Trait]()
    for name in names:
        row = table.find(name)
        if row is None and name not in TOPICS:
            near = nearest(name, [*TOPICS, *table])
            raise NotFound(f"no trait or topic is called {name[:80]!r}",
                           f"Did you mean {', '.join(near)}?" if near else "See `guanxi traits list`",
                           "names")  # fmt: skip
        if row is not None and use and use not in row.uses:
            raise Refused(f"the trait {row.name} is not meant for {use}", "Name one whose `uses` say so", "names")
        some = [row] if row else [one for one in table.values() if one.topic == name and (not use or use in one.uses)]
        found.update((one.name, one) for one in some if row or not party or one.party == party)
    if not found:
        raise DataError("no trait is chosen", "Name some traits or a topic; see `guanxi traits list`", "names")
    return list(found.values())


def as_of(
    workspace: Workspace, parties: Sequence[str], names: Iterable[str], *, until: int, known: int | None = None,
    use: str = "",
) -> pl.DataFrame:  # fmt: skip
    """Return traits of parties as of an instant: events with a trait clock before it.

    parties  references; a person may be named by any of its own
    names    of traits, or topics
    known    only what had been learnt up to this sequence number: events, what they superseded, and identities, which
             hold for every event; None = all
    use      what for; of people who do not allow analysis or personalisation, traits of profiles are null
    returns  party, then a column a trait: whole numbers, numbers, or text for `top`; null = unknown, or of another type
    """
    if len(parties) > MAX_PARTIES:
        raise DataError(f"{len(parties):,} parties are asked for", f"Ask for {MAX_PARTIES:,} at most", "parties")
    rows = choose(workspace.traits, names, use=use)
    values, texts = values_of(workspace, parties, rows, until=until, known=known)
    hidden = withheld(workspace, parties, known) if any(is_withheld(row, use) for row in rows) else frozenset()
    frame = framed({"party": list(parties)}, rows, values, texts, hidden, use=use)
    return kept(workspace, frame, rows, use=use, known=known)


def everyone(
    workspace: Workspace, party: str, names: Iterable[str], *, until: int, known: int | None = None, use: str = ""
) -> Iterator[pl.DataFrame]:
    """Yield traits of all parties of a type as of an instant, some thousands at a time, as `as_of` returns them.

    A party is one that an event which the traits read named in the 30 days before, or as far back as they look.
    raises  DataError for neighbours' traits, or those of another party
    """
    rows = [row for row in choose(workspace.traits, names, use=use, party=party) if not row.via]
    if strange := [row.name for row in rows if row.party != party] or ([] if rows else [party]):
        raise DataError(f"{strange[0]} cannot be read of every {party}", "Name traits of one party, without `via`",
                        "names")  # fmt: skip
    with Replay(workspace, rows, until=until, known=known, seen_ms=SEEN_MS) as replay:
        state, refs = new_state(replay.plan), dict[int, str]()
        for batch, stretch in replay.batches():
            feed(state, batch)
            role = ROLE + PARTIES[party].role
            refs |= _keys(batch.parties[:, replay.plan.parties.index(party)], columns(stretch, [role])[role])
        people = [replay.mapping.get(ref, ref) if PARTIES[party].resolved else ref for ref in refs.values()]
        keys, texts = np.array(list(refs), np.uint64).view(np.int64), replay.names
        at = [[row.name for row in replay.plan.traits].index(row.name) for row in rows]
        sealed = withheld(workspace, None, replay.known) if any(is_withheld(row, use) for row in rows) else frozenset()
        for start in range(0, len(keys), _BLOCK):
            some = slice(start, start + _BLOCK)
            values = state.read_many(party, keys[some], until)[:, at]
            frame = framed({"party": people[some]}, rows, values, texts, sealed, use=use)
            yield kept(workspace, frame, rows, use=use, known=replay.known)


def framed(
    head: dict[str, list[str]], rows: Sequence[Trait], values: NDArray[np.float64], texts: dict[str, dict[int, str]],
    hidden: frozenset[str] = frozenset(), *, use: str = "",
) -> pl.DataFrame:  # fmt: skip
    """Return what a state read as a frame in the traits' units.

    head    columns before them; the first holds the party
    hidden  parties whose traits of profiles are null
    """
    who = pl.Series(next(iter(head.values())), dtype=pl.String).is_in(list(hidden))
    found: dict[str, pl.Series | list[str]] = {**head}
    for place, row in enumerate(rows):
        column = series(row, values[:, place], texts)
        found[row.name] = column.set(who, None) if hidden and is_withheld(row, use) else column
    return pl.DataFrame(found)


def kept(
    workspace: Workspace, frame: pl.DataFrame, rows: Sequence[Trait], *, use: str = "", known: int | None = None
) -> pl.DataFrame:
    """Return a frame of `framed` without the traits of profiles that people had deleted, as known at a moment."""
    mine = [row.name for row in rows if is_withheld(row, use)]
    deleted = deleted_tags(workspace, known=known)
    if not mine or deleted.is_empty():
        return frame
    names, _ = identity(workspace, workspace.reader.last_seq() if known is None else known)
    at = workspace.reader.last_seq() if known is None else known
    who = pl.Series("~", [names.resolve(ref, at) for ref in frame["party"]], dtype=pl.String)
    return without_deleted(frame.insert_column(0, who), deleted, mine).drop("~")


def series(row: Trait, values: NDArray[np.float64], texts: dict[str, dict[int, str]]) -> pl.Series:
    """Return a column of a state's numbers in the trait's unit; null = unknown."""
    if row.aggregate == "top":
        return pl.Series([texts[row.by].get(one) for one in known_text(values).tolist()], dtype=pl.String)
    numbers = pl.Series(values * row.factor, nan_to_null=True, dtype=pl.Float64)
    return numbers.cast(pl.Int64) if row.aggregate in _WHOLE and not row.via and row.factor == 1 else numbers


def is_withheld(row: Trait, use: str) -> bool:
    """Tell whether a trait is of a profile, so that it needs consent; risk rests on its own basis."""
    return use == "profile" or (use == "" and "risk" not in row.uses)


def withheld(workspace: Workspace, parties: Sequence[str] | None, known: int | None) -> frozenset[str]:
    """Return those of some references, or of all, whose people do not allow analysis or personalisation.

    The same rule as for labels; None: of everybody, by the reference that names the person.
    """
    last = workspace.reader.last_seq()
    known = last if known is None else min(known, last)
    names, _ = identity(workspace, known)
    if parties is None:
        pairs = same_party(workspace, known)
    else:
        own = [(ref, names.resolve(one, known)) for one in parties for ref in names.members(one, known)]
        pairs = pl.DataFrame(own, {"ref": pl.String, "person": pl.String}, orient="row").unique()
    told = stated(workspace, ("city",), pairs, known=known, only=parties is not None)
    bits = told.select("person", "consent")
    refused = frozenset(refusing(workspace, PURPOSES, bits, known=known, pairs=None if parties is None else pairs))
    if parties is None:
        return refused
    return frozenset(one for one in parties if names.resolve(one, known) in refused)


def _keys(keys: NDArray[np.uint64], refs: pl.Series) -> dict[int, str]:
    """Key -> reference of the parties that stand in a batch."""
    pairs = pl.DataFrame({"key": keys, "ref": refs}).filter(pl.col("key") != 0).unique("key", keep="any")
    return dict(pairs.iter_rows())
