"""Replays: the log's events, in trait-clock order and bounded memory, through one plan into a state."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from guanxi.app.identity import identities
from guanxi.app.workspace import Workspace
from guanxi.core import DAY_MS
from guanxi.engines.lake import History, known_at
from guanxi.events import CUSTOM, ROLE, EventBatch, columns_of
from guanxi.parties import RESOLVED, Resolution, default_type, is_masked, party_type
from guanxi.traits import (
    LIFE,
    MEMORY_MS,
    PARTIES,
    SHARED_MS,
    Batch,
    Measure,
    Trait,
    TraitCatalogue,
    check,
    column_of,
    length_ms,
    midnight_before,
    neighbour_means,
    neighbours,
    own_trait,
    tie_roles,
)

if TYPE_CHECKING:
    from guanxi.traits.state import Plan, TraitState

_UNKNOWN: Final = np.array([np.nan]).view(np.uint64)[0]  # the one nan that stands for "unknown": hashes may look alike
_IDS: Final = ("id_hi", "id_lo")
_SLICE: Final = 50_000  # events that are laid out for the state at once


class Replay:
    """Reads a plan's events and feeds them; closes what it opened.

    rows   the traits, those of neighbours left out
    known  the last sequence number that is looked at; identities hold as known there for every event
    names  codes of `top` traits -> their texts by hash, as far as events were read
    """

    def __init__(
        self, workspace: Workspace, rows: Sequence[Trait], *, until: int, known: int | None = None,
        refs: Mapping[str, Collection[str]] | None = None, since: int | None = None, whole: bool = False,
        seen_ms: int = 0, beside: Sequence[Measure] = (), columns: Sequence[str] = (), plan: "Plan | None" = None,
    ) -> None:  # fmt: skip
        """Take a picture of the log.

        until    events with a trait clock before it
        refs     role -> references: only events that name one of them
        since    the first instant at which anything is read; None = only at `until`
        whole    True: from the first event on, however short the windows are
        seen_ms  read at least so far back from that instant
        beside   measures that are read of the same events for another end
        columns  further columns to read
        plan     these very rows, compiled, with all that tells lives apart; None = made here
        """
        last = workspace.reader.last_seq()
        self.known = last if known is None else min(known, last)
        self.rows, self.until = tuple(row for row in rows if row.plan != "ties"), until
        self.names: dict[str, dict[int, str]] = {row.by: {} for row in self.rows if row.aggregate == "top"}
        self.identities, self.mapping = identity(workspace, self.known)
        self.since = None if whole else _earliest(self.rows, until if since is None else since, seen_ms)

        def look(plan: "Plan") -> History:
            wanted = _columns(workspace, plan, beside, (*_IDS, *columns))
            return History(workspace.reader, wanted, known=self.known, refs=refs)

        self.plan = plan or plan_of(workspace.traits, self.rows)
        self.history = look(self.plan)
        if plan is None and any(has_life(row) for row in self.rows):
            first = self.history.first_ms(until)
            if first is not None and until - first > MEMORY_MS:
                # Lives are told apart by silence in everything that is measured of a party, not in what was chosen.
                self.plan = plan_of(workspace.traits, self.rows, lives=True)
                self.history.close()
                self.history = look(self.plan)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.history.close()

    def batches(self, *, resolved: bool = True) -> Iterator[tuple[Batch, list[EventBatch]]]:
        """Yield what traits read of the events, in order of (clock, seq), and the events' columns, a batch a kind.

        resolved  False: a person is the reference itself
        """
        for stretch in self.history.stretches(self.since, self.until):
            parts = [
                self.plan.intake.columns(
                    batch, resolve=self._resolve if resolved else None, merged=self.mapping.keys(), names=self.names
                )
                for batch in stretch
            ]
            if parts:
                yield Batch.join(parts), stretch

    def run(self) -> "TraitState":
        """Feed everything and return the state."""
        state = new_state(self.plan)
        for batch, _ in self.batches():
            feed(state, batch)
        return state

    def _resolve(self, ref: str, seq: int) -> str:
        return self.mapping.get(ref, ref)


def values_of(
    workspace: Workspace, asked: Sequence[str], rows: Sequence[Trait], *, until: int, known: int | None = None
) -> tuple[NDArray[np.float64], dict[str, dict[int, str]]]:  # fmt: skip
    """Return what traits of parties are as of an instant, those of neighbours included.

    asked    references; a person may be named by any of its own
    known    as known at this sequence number; None = now. Identities as known there hold for every event
    returns  (asked, rows) in the numbers of the state, nan = unknown or of another type of party, and the texts of
             codes by their hash
    """
    out = np.full((len(asked), len(rows)), np.nan)
    last = workspace.reader.last_seq()
    known = last if known is None else min(known, last)
    names, _ = identity(workspace, known)
    plain = [row for row in rows if not row.via]
    texts: dict[str, dict[int, str]] = {}
    if plain and asked:
        with Replay(workspace, plain, until=until, known=known, refs=references(asked, plain, names, known)) as replay:
            state, texts = replay.run(), replay.names
            for party in dict.fromkeys(row.party for row in plain):
                fit = [place for place, ref in enumerate(asked) if fits(ref, party, names, known)]
                keys = np.array([key_of(canonical(asked[at], party, names, known)) for at in fit], np.int64)
                found = state.read_many(party, keys, until)
                at = {row.name: place for place, row in enumerate(replay.plan.traits)}
                for place, row in enumerate(rows):
                    if row.party == party and not row.via:
                        out[fit, place] = found[:, at[row.name]]
    for place, row in enumerate(rows):
        if row.via:
            out[:, place] = _of_neighbours(workspace, asked, row, until=until, known=known)
    return out, texts


def met(
    workspace: Workspace, asked: Sequence[str], row: Trait, *, until: int, known: int
) -> pl.DataFrame:  # fmt: skip
    """Return (party, other) of parties and those that shared `row.via` with them in the 30 days before an instant."""
    names, _ = identity(workspace, known)
    via = tie_roles(row)[1]
    mine = references(asked, [row], names, known)
    first = _pairs(workspace, row, mine, until=until, known=known)
    pairs = _pairs(workspace, row, {via: first["via"].unique().to_list()}, until=until, known=known)
    fit = [ref for ref in asked if fits(ref, row.party, names, known)]
    return neighbours(pairs, [canonical(ref, row.party, names, known) for ref in fit])


def identity(workspace: Workspace, known: int) -> tuple[Resolution, Mapping[str, str]]:
    """Return who is the same as whom, and reference -> canonical one as known at a sequence number."""
    if not workspace.reader.counts().get(RESOLVED):
        return Resolution(), {}
    names = identities(workspace)
    return names, _mapping(names, min(known, names.last_seq))


def known_then(workspace: Workspace, instant: int) -> int:
    """Return the last sequence number that had been learnt by an instant."""
    return known_at(workspace.reader, instant)


def plan_of(catalogue: TraitCatalogue, rows: Iterable[Trait], *, lives: bool = False) -> "Plan":
    """Return the compiled plan of some traits of a catalogue.

    lives   with every measure of the parties some trait of which is of a life
    """
    return _compiled(catalogue, tuple(rows), lives)


def new_state(plan: "Plan") -> "TraitState":
    """Return an empty state; what it needs takes long to load, so nothing else waits for it."""
    from guanxi.traits.state import TraitState

    return TraitState(plan)


def feed(state: "TraitState", batch: Batch) -> None:
    """Give a batch to a state; what no measure counts is left out."""
    batch = batch.take(np.flatnonzero(batch.bits.any(axis=1)))
    for at in range(0, len(batch), _SLICE):
        state.feed(state.plan.events(batch.take(np.arange(at, min(at + _SLICE, len(batch))))))


def begin(row: Trait, instant: int) -> int | None:
    """Return the first clock that a trait as of an instant may look at; None = the first of all."""
    if has_life(row):
        return None
    if row.days:
        return midnight_before(instant) - (row.days - 1) * DAY_MS
    return instant - row.window_ms - (length_ms(row.within) if row.within else 0)


def has_life(row: Trait) -> bool:
    """Tell whether a trait depends on when its party's life began."""
    return row.plan == "life" or row.aggregate in ("gap_mean", "gap_std") or (row.plan == "days" and not row.days)


def known_text(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the hashes in a column of a `top` trait; 0 = unknown."""
    bits = np.ascontiguousarray(values).view(np.uint64)
    return np.where(bits == _UNKNOWN, np.uint64(0), bits)


def columns(stretch: Sequence[EventBatch], names: Sequence[str]) -> pl.DataFrame:
    """Return some columns of the events of a stretch, and `kind`, in order of (clock, seq); missing ones are null."""
    frames = []
    for batch in stretch:
        have = [name for name in dict.fromkeys(("seq", "clock_ms", *names)) if name in batch.frame.columns]
        kind = pl.col("kind") if "kind" in batch.frame.columns else pl.lit(batch.kind).alias("kind")
        frames.append(batch.frame.select(*have, kind))
    frame = pl.concat(frames, how="diagonal").sort("clock_ms", "seq")
    lost = [name for name in names if name not in frame.columns]
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in lost)


def fits(ref: str, party: str, names: Resolution, known: int) -> bool:
    """Tell whether a reference can be a party of traits; masked ones are nobody."""
    row, kind = PARTIES[party], canonical(ref, party, names, known).partition(":")[0]
    if is_masked(ref):
        return False
    if row.types:
        return kind in row.types
    usual = default_type(row.role)
    return kind == usual or (party_type(usual).who and usual == "account" and _who(kind))


def canonical(ref: str, party: str, names: Resolution, known: int) -> str:
    """Return the reference that names a party, as known at a sequence number."""
    return names.resolve(ref, known) if PARTIES[party].resolved else ref


def key_of(text: str) -> int:
    """Return the state's key of a reference."""
    digest = xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
    return digest - (1 << 64) if digest >> 63 else digest


def references(
    asked: Iterable[str], rows: Sequence[Trait], names: Resolution, known: int
) -> dict[str, list[str]]:  # fmt: skip
    """Return role -> the references by which events name the parties asked for."""
    found: dict[str, list[str]] = {}
    for party in dict.fromkeys(row.party for row in rows):
        role = PARTIES[party]
        some = found.setdefault(role.role, [])
        for ref in asked:
            if fits(ref, party, names, known):
                some += names.members(ref, known) if role.resolved else [ref]
    return {role: list(dict.fromkeys(some)) for role, some in found.items()}


def _earliest(rows: Sequence[Trait], instant: int, seen_ms: int) -> int | None:
    """The first clock that any of some traits may look at; None = the first of all."""
    begins = [begin(row, instant) for row in rows]
    sure = [one for one in begins if one is not None]
    return min(*sure, instant - seen_ms) if len(sure) == len(begins) else None


def _of_neighbours(
    workspace: Workspace, asked: Sequence[str], row: Trait, *, until: int, known: int
) -> NDArray[np.float64]:  # fmt: skip
    links = met(workspace, asked, row, until=until, known=known)
    others = links["other"].unique().sort().to_list()
    names, _ = identity(workspace, known)
    mine = [canonical(ref, row.party, names, known) for ref in asked]
    alone = own_trait(row, workspace.traits.measures)
    values, _ = values_of(workspace, others, [alone], until=midnight_before(until), known=known)
    return neighbour_means(links, mine, others, values[:, 0])


def _pairs(
    workspace: Workspace, row: Trait, refs: Mapping[str, Collection[str]], *, until: int, known: int
) -> pl.DataFrame:  # fmt: skip
    """party, via: what stood together in an event of the 30 days before an instant."""
    role, via = tie_roles(row)
    both = (ROLE + role, ROLE + via)
    wanted = {kind: both for kind, have in _occurred(workspace).items() if set(both) <= set(have)}
    mapping = identity(workspace, known)[1]
    types = PARTIES[row.party].types
    parts = [pl.DataFrame(schema={"party": pl.String, "via": pl.String})]
    with closing(History(workspace.reader, wanted, known=known, refs=refs)) as history:
        for stretch in history.stretches(until - SHARED_MS, until):
            parts += [batch.frame.select(pl.col(both[0]).alias("party"), pl.col(both[1]).alias("via")).unique()
                      for batch in stretch]  # fmt: skip
    pairs = pl.concat(parts).unique().filter(pl.all_horizontal(pl.col("party", "via").is_not_null()))
    pairs = pairs.filter(pl.all_horizontal(pl.col("party", "via") != ""),
                         *(~pl.col(one).str.contains(r"^[^:]*:[^:]*~masked:") for one in ("party", "via")))  # fmt: skip
    if types:
        pairs = pairs.filter(pl.col("party").str.split(":").list.first().is_in(list(types)))
    if PARTIES[row.party].resolved and mapping:
        pairs = pairs.with_columns(pl.col("party").replace(dict(mapping)))
    return pairs


def _who(kind: str) -> bool:
    return kind in ("person", "account", "creator", "agent", "phone")


@lru_cache(maxsize=8)
def _mapping(names: Resolution, known: int) -> Mapping[str, str]:
    return names.mapping(known)


@lru_cache(maxsize=16)
def _compiled(catalogue: TraitCatalogue, rows: tuple[Trait, ...], lives: bool) -> "Plan":
    from guanxi.traits.state import compile_plan

    return compile_plan((*rows, *(_anchors(catalogue, rows) if lives else ())), catalogue.measures)


def _anchors(catalogue: TraitCatalogue, rows: tuple[Trait, ...]) -> list[Trait]:
    """One trait for every measure of the parties whose lives matter, so that every event of a life is seen."""
    there, made = {row.name for row in rows}, []
    for party in dict.fromkeys(row.party for row in rows if has_life(row)):
        mine = [row for row in catalogue.rows.values() if row.party == party and not row.via]
        for name in sorted({name for row in mine for name in (row.of, row.over, row.after) if name}):
            made.append(check(
                Trait(name="", party=party, of=name, aggregate="since_last", window=LIFE, topic="life", uses=("risk",),
                      zh="", en="", why_zh="", why_en=""), catalogue.measures,
            ))  # fmt: skip
    return [row for row in made if row.name not in there]


def _occurred(workspace: Workspace) -> dict[str, list[str]]:
    """Kind -> its columns, of the kinds that occurred; those without a table of their own are one."""
    catalogue, found = workspace.catalogue, dict[str, list[str]]()
    for name in workspace.reader.counts():
        row = catalogue.own_table(name)
        found[CUSTOM if row is None else name] = list(columns_of(row))
    return found


def _columns(
    workspace: Workspace, plan: "Plan", beside: Iterable[Measure], more: Sequence[str]
) -> dict[str, list[str]]:  # fmt: skip
    """Kind -> columns that measures, codes and parties read of it; kinds that name none of the parties are left out.

    beside  measures whose kinds are read in any case
    """
    occurred, wanted = _occurred(workspace), dict[str, set[str]]()
    roles = {ROLE + PARTIES[one].role for one in plan.parties}
    shared = {"kind", *roles, *more, *(column_of(field) for field in plan.codes)}
    named = [kind for kind, have in occurred.items() if roles & set(have)]
    for measures_of, kinds in ((plan.measures, named), (beside, list(occurred))):
        for measure in measures_of:
            fields = {column_of(field) for field in measure.fields}
            for kind in measure.kinds or kinds:
                if kind in kinds:
                    wanted.setdefault(kind, {*shared}).update(fields)
    return {kind: sorted(names & set(occurred[kind])) for kind, names in wanted.items()}
