"""Tables for training: every event of one measure with the traits it saw, as it was then known; and files of them."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.app.trait_replay import Replay, columns, key_of, new_state
from guanxi.app.traits import choose, framed, is_withheld, withheld
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, NotFound, nearest
from guanxi.events import ROLE, EventBatch, id_text, shipped
from guanxi.parties import Resolution
from guanxi.traits import PARTIES, Batch, Intake, Measure, Trait, TraitCatalogue

if TYPE_CHECKING:
    from guanxi.traits.state import TraitState

SUFFIXES: Final = (".parquet", ".csv")
_SLICE: Final = 20_000  # events whose traits are held at once


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was written: its name, rows and columns."""

    file: str
    rows: int
    columns: int


def table(
    workspace: Workspace, of: str, names: Iterable[str], *, cut_off: int, known: int | None = None, use: str = "",
    since: int | None = None,
) -> Iterator[pl.DataFrame]:  # fmt: skip
    """Yield the events of a measure before a cut-off with what each saw, in order of the trait clock.

    Every row uses the identities known at its own sequence number, for itself and for all events before it; which
    events there are, and what they superseded, is as known at `known`. So a row shows what the gate answered, but for
    events that were learnt after it and lie before it. Neighbours' traits are not part of a topic here.

    of      a measure, or a kind of event
    since   only events from this clock on
    returns event, seq, kind, clock_ms, at_ms, a column for each party of the traits, then the traits; see `as_of`.
            For the use of profiles, events of people who do not allow it are left out
    raises  NotFound for neither; DataError for neighbours' traits
    """
    names = list(names)
    rows = [row for row in choose(workspace.traits, names, use=use) if not row.via]
    if not rows or any("_via_" in name for name in names):
        raise DataError("neighbours' traits are read as of an instant", "Leave them out, or use as-of", "names")
    measure = measure_of(workspace.traits, of)
    roles = [ROLE + PARTIES[party].role for party in dict.fromkeys(row.party for row in rows)]
    with Replay(
        workspace, rows, until=cut_off, known=known, since=since, beside=(measure,), columns=(*roles, f"{ROLE}actor"),
        whole=since is None,
    ) as replay:  # fmt: skip
        made = _Table(workspace, replay, rows, measure, use)
        for batch, stretch in replay.batches(resolved=False):
            yield from made.read(batch, stretch, since)


def measure_of(catalogue: TraitCatalogue, name: str) -> Measure:
    """Return a measure of a catalogue by its name, or one of all events of a kind.

    raises  NotFound with what comes near
    """
    found = catalogue.measures.find(name)
    if found is not None:
        return found
    if name not in shipped():
        near = nearest(name, [*catalogue.measures, *shipped()])
        raise NotFound(f"no measure or kind of event is called {name[:80]!r}",
                       f"Did you mean {', '.join(near)}?" if near else "See docs/traits.md", "of")  # fmt: skip
    return Measure(name="rows", kinds=(name,), zh=shipped()[name].zh, en=name)


def write(
    frames: Iterable[pl.DataFrame], path: Path, *, progress: Callable[[int], None] | None = None
) -> Written:  # fmt: skip
    """Write frames of one form into a Parquet or CSV file, never more than a few of them in memory.

    progress  called with the rows written so far
    raises    DataError for another kind of file, or when there is nothing to write; the file is whole or not there
    """
    if path.suffix not in SUFFIXES:
        raise DataError(f"the file is called {path.name[:80]!r}", f"End its name in {' or '.join(SUFFIXES)}", "file")
    rows, width = 0, 0
    folder = Path(tempfile.mkdtemp(prefix=".traits-", dir=path.parent))
    try:
        for place, frame in enumerate(frames):
            rows, width = rows + frame.height, frame.width
            if path.suffix == ".parquet":
                frame.write_parquet(folder / f"{place:06d}.parquet")
            else:
                with (folder / "rows.csv").open("ab") as file:
                    frame.write_csv(file, include_header=place == 0)
            if progress:
                progress(rows)
        if not width:
            raise DataError("there is nothing to write", "Choose a longer time or other events", "file")
        done = folder / "rows.csv"
        if path.suffix == ".parquet":
            done = folder / "whole"
            pl.scan_parquet(folder / "*.parquet").sink_parquet(done)
        done.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Written(file=path.name, rows=rows, columns=width)


class _Table:
    """Reads stretches of events one after the other through one state."""

    def __init__(
        self, workspace: Workspace, replay: Replay, rows: Sequence[Trait], measure: Measure, use: str
    ) -> None:  # fmt: skip
        self.plan, self.rows, self.use, self.texts = replay.plan, rows, use, replay.names
        self.state, self.fed = new_state(replay.plan), 0
        self.marks = Intake((measure,), (), parties=("place",))
        self.epochs = _Epochs(replay.identities, replay.known)
        self.at = [[row.name for row in self.plan.traits].index(row.name) for row in rows]
        self.known, self.mapping = replay.known, replay.mapping
        needs = any(is_withheld(row, use) for row in rows)
        self.refused = withheld(workspace, None, replay.known) if needs else frozenset()

    def read(self, batch: Batch, stretch: Sequence[EventBatch], since: int | None) -> Iterator[pl.DataFrame]:
        """Yield the rows of one stretch."""
        marked = np.concatenate([one.seq[one.bits[:, 0] != 0] for one in map(self.marks.columns, stretch)])
        wanted = np.isin(batch.seq, marked)
        if since is not None:
            wanted &= batch.clock_ms >= since
        roles = {party: ROLE + PARTIES[party].role for party in dict.fromkeys(row.party for row in self.rows)}
        head = columns(stretch, ["at_ms", "id_hi", "id_lo", f"{ROLE}actor", *dict.fromkeys(roles.values())])
        batch, origin = self.epochs.spread(batch, head, self.plan.parties)
        keep = np.flatnonzero(batch.bits.any(axis=1) | (wanted[origin.clip(0)] & (origin >= 0)))
        batch, origin = batch.take(keep), origin[keep]
        # An event that fills several keys stands several times: the state wants one place each, in the same order.
        batch.seq[:] = np.arange(self.fed + 1, self.fed + 1 + len(batch))
        self.fed += len(batch)
        for start in range(0, len(batch), _SLICE):
            part = batch.take(np.arange(start, min(start + _SLICE, len(batch))))
            mine = origin[start : start + _SLICE]
            places = np.flatnonzero((mine >= 0) & wanted[mine.clip(0)])
            values = _seen(self.state, self.plan.events(part), places)[:, self.at]
            if len(places):
                yield self._frame(head[mine[places]], values, roles)

    def _frame(self, head: pl.DataFrame, values: NDArray[np.float64], roles: dict[str, str]) -> pl.DataFrame:
        named = {
            party: [self.epochs.names.resolve(ref, seq) if ref in self.epochs.touched else ref
                    for ref, seq in zip(head[role].to_list(), head["seq"].to_list(), strict=True)]
            if PARTIES[party].resolved else head[role].to_list()
            for party, role in roles.items()
        }  # fmt: skip
        first = pl.DataFrame(
            {"event": [id_text(*pair) for pair in zip(head["id_hi"], head["id_lo"], strict=True)], "seq": head["seq"],
             "kind": head["kind"], "clock_ms": head["clock_ms"], "at_ms": head["at_ms"],
             **{party: pl.Series(refs, dtype=pl.String) for party, refs in named.items()}},
        )  # fmt: skip
        who = pl.Series([self.mapping.get(ref, ref) for ref in head[f"{ROLE}actor"].fill_null("")], dtype=pl.String)
        shown = framed({"~": who.to_list()}, self.rows, values, self.texts).drop("~")
        return pl.concat([first, shown], how="horizontal").filter(~who.is_in(list(self.refused)))


class _Epochs:
    """Who is one with whom at each row's own place in the log.

    A party that identities ever touched has one key for each stretch of the log between two changes of its family:
    every event of the family goes to all of them, and a row reads the one of its own stretch.
    """

    def __init__(self, names: Resolution, known: int) -> None:
        self.names, self.known = names, known
        self.touched = names.touched
        self._starts: dict[str, list[int]] = {}
        self._keys: dict[tuple[str, int], int] = {}

    def spread(
        self, batch: Batch, head: pl.DataFrame, parties: Sequence[str]
    ) -> tuple[Batch, NDArray[np.int64]]:  # fmt: skip
        """Return a batch with such keys, and of each row the place it had; -1 for one that only fills other keys."""
        origin = np.arange(len(batch))
        for place, party in enumerate(parties):
            if not PARTIES[party].resolved or not self.touched:  # at most one is: the person
                continue
            refs = head[ROLE + PARTIES[party].role]
            at = np.flatnonzero(
                refs.is_in(list(self.touched)).fill_null(False).to_numpy() & (batch.parties[:, place] > 0)
            )
            more: list[tuple[int, int]] = []
            for row, ref in zip(at.tolist(), refs.gather(at).to_list(), strict=True):
                starts = self._starts_of(ref)
                own = max(one for one in starts if one <= batch.seq[row])
                batch.parties[row, place] = self._key(ref, own)
                more += [(row, self._key(ref, one)) for one in starts if one != own]
            if more:
                copies = batch.take(np.array([row for row, _ in more]))
                copies.parties[:] = 0
                copies.parties[:, place] = np.array([key for _, key in more], np.uint64)
                batch, origin = _joined(batch, copies, origin)
        return batch, origin

    def _starts_of(self, ref: str) -> list[int]:
        if ref not in self._starts:
            changed = (one.seq for one in self.names.history(ref, self.known) if one.effect in ("merged", "split"))
            self._starts[ref] = [0, *sorted(changed)]
        return self._starts[ref]

    def _key(self, ref: str, start: int) -> int:
        if (ref, start) not in self._keys:
            self._keys[ref, start] = key_of(f"{self.names.resolve(ref, start)}\x1f{start}") % (1 << 64)
        return self._keys[ref, start]


def _joined(batch: Batch, copies: Batch, origin: NDArray[np.int64]) -> tuple[Batch, NDArray[np.int64]]:
    whole = Batch(
        **{one.name: np.concatenate([getattr(batch, one.name), getattr(copies, one.name)]) for one in fields(Batch)}
    )
    places = np.concatenate([origin, np.full(len(copies), -1)])
    order = np.lexsort((whole.seq, whole.clock_ms))
    return whole.take(order), places[order]


def _seen(state: "TraitState", events: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.float64]:
    """Feed events; return what those at some places saw."""
    if len(places) * 3 > len(events):
        read = state.feed(events, read=True)
        assert read is not None  # noqa: S101 - reading was asked for
        return read[places]
    out, done = np.empty((len(places), len(state.plan.traits))), 0
    for place, at in enumerate(places.tolist()):
        if at > done:
            state.feed(events[done:at])
        out[place], done = state.step(events[at]), at + 1
    state.feed(events[done:])
    return out
