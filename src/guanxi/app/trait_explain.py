"""Why a trait is what it is: its definition, its window in instants, and the very events that it was made from."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.app.trait_replay import (
    Replay,
    begin,
    canonical,
    columns,
    fits,
    identity,
    met,
    references,
    values_of,
)
from guanxi.app.traits import is_withheld, series, withheld
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, NotFound, Refused, RowTable
from guanxi.events import id_text
from guanxi.traits import MEMORY_MS, OF_CODE, Batch, Measure, Trait, length_ms, midnight_before, own_trait, scale_of

SHOWN: Final = 20  # events, and neighbours, that an explanation names

Value = float | str | None


class MeasureBehind(msgspec.Struct, frozen=True, kw_only=True):
    """A measure that a trait reads.

    role    "of", "over" (the denominator) or "after" (what came before)
    events  in the window
    total   of its values, in the trait's or the measure's unit; None when it has none
    """

    role: str
    name: str
    zh: str
    en: str
    kinds: tuple[str, ...]
    where: tuple[str, ...]
    value: str
    unit: str
    events: int
    valued: int
    total: float | None


class EventBehind(msgspec.Struct, frozen=True, kw_only=True):
    """One event that a trait counted; `code` is the name that it gave, "" without one."""

    id: str
    seq: int
    kind: str
    zh: str
    clock_ms: int
    at_ms: int
    role: str
    value: float | None
    code: str


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """One neighbour and what the trait was of it at the last local midnight."""

    ref: str
    value: float | None


class TraitExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """One trait of one party as of an instant, with what stands behind it.

    ref         the reference that names the party; `asked` was asked for
    value       in the unit; None = unknown. Text for `top`
    start_ms    the first instant that counts: [start, until); None when nothing does
    names       how many different names the events gave, for distinct and the like
    lineage     "kind (events) → measure → trait"
    events      the newest first; `total` of them
    neighbours  of traits of neighbours, those with a value first; `total` of them
    """

    name: str
    zh: str
    en: str
    why_zh: str
    why_en: str
    asked: str
    ref: str
    party: str
    unit: str
    aggregate: str
    window: str
    privacy: str
    value: Value
    known: int
    until_ms: int
    start_ms: int | None
    measures: tuple[MeasureBehind, ...]
    names: int | None
    lineage: tuple[str, ...]
    events: tuple[EventBehind, ...]
    neighbours: tuple[Neighbour, ...] = ()
    total: int


def explain(
    workspace: Workspace, ref: str, name: str, *, until: int, known: int | None = None, use: str = "",
    limit: int = SHOWN,
) -> TraitExplanation:  # fmt: skip
    """Return why a trait of a party is what it is as of an instant.

    known   as known at this sequence number; None = now
    use     as for `as_of`
    limit   events that are named
    raises  NotFound for an unknown trait or an erased person; DataError when the party is of another type; Refused when
            the person does not allow profiles
    """
    row = workspace.traits.rows[name]
    last = workspace.reader.last_seq()
    known = last if known is None else min(known, last)
    names, _ = identity(workspace, known)
    check(workspace, ref, row, known=known, use=use)
    values, texts = values_of(workspace, [ref], [row], until=until, known=known)
    value: Value = series(row, values[:, 0], texts)[0]
    around = _neighbours(workspace, ref, row, until=until, known=known) if row.via else ()
    measures = workspace.traits.measures
    with Replay(
        workspace, [own_trait(row, measures)], until=until, known=known, refs=references([ref], [row], names, known)
    ) as replay:
        read = _Read(replay, row, measures)
        start = read.start(until)
    return TraitExplanation(
        name=row.name, zh=row.zh, en=row.en, why_zh=row.why_zh, why_en=row.why_en, asked=ref,
        ref=canonical(ref, row.party, names, known), party=row.party, unit=row.unit, aggregate=row.aggregate,
        window=row.window, privacy=row.privacy, value=value, known=known, until_ms=until, start_ms=start,
        measures=() if row.via else read.measures(start), names=None if row.via else read.names(start),
        lineage=_lineage(row, () if row.via else read.kinds(start), measures),
        events=() if row.via else tuple(read.newest(workspace, start, limit)), neighbours=around[:limit],
        total=len(around) if row.via else read.count(start),
    )  # fmt: skip


def check(workspace: Workspace, ref: str, row: Trait, *, known: int, use: str = "") -> None:
    """Let a party pass whose trait may be read.

    raises  as `explain`
    """
    names, _ = identity(workspace, known)
    if not fits(ref, row.party, names, known):
        raise DataError(f"{ref[:80]!r} is no {row.party}", f"Name a party of the trait {row.name}", "ref")
    if workspace.vault.forgotten_among([ref, *names.members(ref, known)]):
        raise NotFound("this person was erased", "Nothing is known of them any more", "ref")
    if is_withheld(row, use) and withheld(workspace, [ref], known):
        raise Refused("this person does not allow analysis or personalisation",
                      "Use traits for risk, or ask for consent", "ref")  # fmt: skip


class _Read:
    """The events of one party that a trait's measures count, oldest first."""

    def __init__(self, replay: Replay, row: Trait, measures: RowTable[Measure]) -> None:
        self.row, self.plan, self.table = row, replay.plan, measures
        if row.aggregate in OF_CODE:
            replay.names.setdefault(row.by, {})
        self.roles = {role: one for role, one in (("of", row.of), ("over", row.over), ("after", row.after)) if one}
        bits = {role: [one.name for one in self.plan.measures].index(name) for role, name in self.roles.items()}
        clocks, codes, frames = [], [], []
        held: dict[str, list[NDArray[np.bool_]]] = {role: [] for role in bits}
        values: dict[str, list[NDArray[np.float64]]] = {role: [] for role in bits}
        key = self.plan.parties.index(row.party)
        for batch, stretch in replay.batches():
            mine = np.flatnonzero((batch.parties[:, key] != 0) & batch.bits.any(axis=1))
            batch, frame = batch.take(mine), columns(stretch, ["at_ms", "id_hi", "id_lo"])[mine]
            clocks.append(batch.clock_ms)
            frames.append(frame)
            for role, bit in bits.items():
                held[role].append((batch.bits[:, bit // 64] >> np.uint64(bit % 64) & np.uint64(1)).astype(bool))
                values[role].append(self._numbers(batch, self.roles[role]))
            if row.by:
                codes.append(batch.codes[:, self.plan.codes.index(row.by)])
        self.clocks = np.concatenate(clocks) if clocks else np.zeros(0, np.int64)
        self.held = {role: np.concatenate(some) if some else np.zeros(0, bool) for role, some in held.items()}
        self.values = {role: np.concatenate(some) if some else np.zeros(0) for role, some in values.items()}
        self.codes = np.concatenate(codes) if codes else np.zeros(len(self.clocks), np.uint64)
        self.frame = pl.concat(frames) if frames else None
        self.texts = replay.names.get(row.by, {})

    def _numbers(self, batch: Batch, name: str) -> NDArray[np.float64]:
        """A measure's number of each event, nan without one."""
        measure = self.table[name]
        at = self.plan.intake.value_of(measure)
        n = len(batch)
        if at < 0:
            return np.full(n, np.nan)
        there = batch.present >> np.uint64(at) & np.uint64(1)
        return np.where(there != 0, batch.values[:, at] / scale_of(measure), np.nan)

    def start(self, until: int) -> int | None:
        """The first instant that counts; None when no event does."""
        row = own_trait(self.row, self.table)
        if row.plan == "window":
            return until - row.window_ms
        if row.days:
            return begin(row, until)
        clocks = self.clocks
        if not len(clocks) or until - clocks[-1] > MEMORY_MS:
            return None
        silent = np.flatnonzero(np.diff(clocks) > MEMORY_MS)
        return int(clocks[silent[-1] + 1] if len(silent) else clocks[0])

    def within(self, role: str, start: int | None) -> NDArray[np.int64]:
        """Places of a measure's events that count."""
        if start is None:
            return np.zeros(0, np.int64)
        back = length_ms(self.row.within) if role == "after" else 0  # what came before may lie before the window
        return np.flatnonzero(self.held[role] & (self.clocks >= start - back))

    def count(self, start: int | None) -> int:
        return len(self._places(start))

    def measures(self, start: int | None) -> tuple[MeasureBehind, ...]:
        found = []
        for role, name in self.roles.items():
            one, at = self.table[name], self.within(role, start)
            values = self.values[role][at]
            known = values[~np.isnan(values)]
            found.append(MeasureBehind(
                role=role, name=name, zh=one.zh, en=one.en, kinds=one.kinds, where=one.where, value=one.value,
                unit=one.unit, events=len(at), valued=len(known), total=float(known.sum()) if one.value else None,
            ))  # fmt: skip
        return tuple(found)

    def names(self, start: int | None) -> int | None:
        if not self.row.by:
            return None
        codes = self.codes[self.within("of", start)]
        return len(np.unique(codes[codes != 0]))

    def kinds(self, start: int | None) -> Iterable[tuple[str, str, int]]:
        """(measure, kind, events)"""
        for role, name in self.roles.items():
            if self.frame is not None:
                counted = Counter(self.frame["kind"].gather(self.within(role, start)).to_list())
                yield from ((name, kind, n) for kind, n in sorted(counted.items()))

    def newest(self, workspace: Workspace, start: int | None, limit: int) -> Iterable[EventBehind]:
        frame = self.frame
        for at in reversed(self._places(start)[-limit:].tolist() if limit else []):
            assert frame is not None  # noqa: S101 - there are places in it
            cells = frame.row(at, named=True)
            role = next(one for one in self.roles if self.held[one][at])
            value = self.values[role][at]
            kind = workspace.catalogue.find(cells["kind"])
            yield EventBehind(
                id=id_text(cells["id_hi"], cells["id_lo"]), seq=cells["seq"], kind=cells["kind"],
                zh=kind.zh if kind else "", clock_ms=cells["clock_ms"], at_ms=cells["at_ms"], role=role,
                value=None if np.isnan(value) else float(value), code=self.texts.get(int(self.codes[at]), ""),
            )  # fmt: skip

    def _places(self, start: int | None) -> NDArray[np.int64]:
        return np.unique(np.concatenate([self.within(role, start) for role in self.roles]))


def _neighbours(
    workspace: Workspace, ref: str, row: Trait, *, until: int, known: int
) -> tuple[Neighbour, ...]:  # fmt: skip
    others = met(workspace, [ref], row, until=until, known=known)["other"].unique().sort().to_list()
    alone = own_trait(row, workspace.traits.measures)
    values, _ = values_of(workspace, others, [alone], until=midnight_before(until), known=known)
    shown = (None if np.isnan(one) else float(one) * alone.factor for one in values[:, 0])
    found = [Neighbour(ref=other, value=value) for other, value in zip(others, shown, strict=True)]
    return tuple(sorted(found, key=lambda one: (one.value is None, -(one.value or 0.0), one.ref)))


def _lineage(
    row: Trait, kinds: Iterable[tuple[str, str, int]], measures: RowTable[Measure]
) -> tuple[str, ...]:  # fmt: skip
    lines = tuple(f"{kind} ({n:,}) → {measure} → {row.name}" for measure, kind, n in kinds)
    some = ", ".join(measures[row.of].kinds) or "*"
    base = own_trait(row, measures).name
    return lines or (f"{some} → {row.of} → " + (f"{base} → " if row.via else "") + row.name,)
