"""Raw chunks become events, or parked rows; every row is accounted for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec
import polars as pl

from guanxi.engines.sources.convert import Converted, How, decimal_from_micro, micro
from guanxi.engines.sources.grouping import GROUP, group_text, grouped
from guanxi.engines.sources.headers import clean_header
from guanxi.engines.sources.level import Level, masked
from guanxi.engines.sources.origin import sources
from guanxi.engines.sources.plan import EventPlan, Filled, TablePlan, condition_names
from guanxi.engines.sources.preset import Value
from guanxi.engines.sources.readers import ROW, BadRow, RawChunk, with_context
from guanxi.events import SEPARATOR, EventBatch, Parked, problems


@dataclass(frozen=True, slots=True)
class TotalGap:
    """A total row of the file beside the sum of its rows; the gap is spend that no row names."""

    column: str
    stated: Decimal
    summed: Decimal

    @property
    def gap(self) -> Decimal:
        """What the total says beyond the sum."""
        return self.stated - self.summed


@dataclass(slots=True)
class Mapped:
    """What a raw chunk became: rows = accepted + parked + skipped.

    accepted  rows that gave at least one event
    notes     "role:masked" and the like -> how often
    """

    rows: int
    accepted: int
    batches: list[EventBatch]
    parked: list[Parked]
    skipped: dict[str, int]
    notes: dict[str, int]


@dataclass
class Mapper:
    """Maps the chunks of one table.

    latest_ms   an event later than this lies in the future
    source      "import:<preset>"
    """

    plan: TablePlan
    latest_ms: int
    source: str
    tied: pl.DataFrame | None = None
    stated: dict[str, int] = field(default_factory=dict)
    summed: dict[str, int] = field(default_factory=dict)

    def map(self, chunk: RawChunk) -> Mapped:
        """Return the events and parked rows of a chunk whose groups are whole."""
        skipped = dict(chunk.skipped)
        root = self._without_skipped(chunk, skipped)
        root_level = self._root(root)
        levels = {"": root_level}
        for path, frame in chunk.levels.items():
            if path:
                kept = (
                    frame.filter(pl.col(ROW).is_in(root[ROW].to_list())) if root.height < chunk.root.height else frame
                )
                levels[path] = Level(kept, self.plan.rules, path)
        notes: dict[str, int] = {} if self.tied is None else _tie_notes(root_level)
        made: list[_Made] = []
        found = [self._guards(root_level)]
        for event in self.plan.events:
            one = _events(event, levels[event.row.each], root_level, self.latest_ms, notes)
            made.append(one)
            found += one.problems
        return self._settled(chunk, root_level, made, [one for one in found if one.height], skipped, notes)

    @cached_property
    def context(self) -> dict[str, Any]:
        """What a parked row must remember to be mapped again: its table, and what was given beside the columns."""
        plan = self.plan
        defaults = {name: row.default for name, row in plan.preset.settings.items()}
        given = {
            name: value for name, value in plan.rules.fixed.items()
            if name in plan.context and value is not None and value != defaults.get(name)
        }  # fmt: skip
        table = {"table": plan.table.id} if len(plan.preset.tables) > 1 else {}
        return table | ({"given": given} if given else {})

    def totals(self) -> list[TotalGap]:
        """Return every stated total beside the sum of the rows seen so far."""
        return [
            TotalGap(name, decimal_from_micro(stated), decimal_from_micro(self.summed.get(name, 0)))
            for name, stated in self.stated.items()
        ]

    def _without_skipped(self, chunk: RawChunk, skipped: dict[str, int]) -> pl.DataFrame:
        """Return the data rows; total rows and rows to be skipped are counted apart."""
        frame, table = chunk.root, self.plan.table
        level = Level(frame, self.plan.rules)
        drop: list[tuple[str, pl.Series]] = []
        if table.totals is not None:
            words = [word.strip() for word in table.totals.values]
            drop.append(("total", level.cells(table.totals.column).cast(pl.String).is_in(words).fill_null(False)))
        for rule in table.skip:
            mask, _ = level.holds(rule.when)
            if mask is not None:
                drop.append((rule.reason, mask))
        keep = pl.Series([True] * frame.height, dtype=pl.Boolean)
        for reason, mask in drop:
            count = int((mask & keep).sum())
            if count:
                skipped[reason] = skipped.get(reason, 0) + count
            keep = keep & ~mask
        if table.totals is not None:
            self._add_totals(level, drop[0][1], keep)
        return frame if keep.all() else frame.filter(keep)

    def _add_totals(self, level: Level, total: pl.Series, keep: pl.Series) -> None:
        assert self.plan.table.totals is not None  # noqa: S101 - the caller looked
        for name in self.plan.table.totals.compare:
            cells = level.cells(name)
            if cells.dtype == pl.String:
                cells = cells.str.replace_all("[¥￥元]", "")
            values = micro(cells, How("decimal")).values
            for where, held in ((total, self.stated), (keep, self.summed)):
                part = values.filter(where).drop_nulls()
                if len(part):
                    held[name] = held.get(name, 0) + sum(part.to_list())

    def _root(self, root: pl.DataFrame) -> Level:
        extra: dict[str, pl.Series] = {}
        if self.tied is not None:
            joined = root.select(ROW).join(self.tied, on=ROW, how="left", maintain_order="left")
            extra = {name: joined[name] for name in ("tie.order", "tie.reason")}
        level = Level(root, self.plan.rules, "", extra)
        if self.plan.table.group:
            keys = group_text(level, self.plan.table.group)
            frame = pl.DataFrame([keys.alias("k"), root[ROW]])
            first = pl.when(pl.col("k").is_null()).then(pl.col(ROW)).otherwise(pl.col(ROW).min().over("k"))
            place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(first)
            extra |= {
                GROUP: frame.select(first.alias(GROUP)).to_series(),
                "$n": frame.select(place.alias("$n")).to_series(),
            }
            extra["$key"] = keys
        return level

    def _guards(self, root: Level) -> pl.DataFrame:
        found = [_NO_PROBLEM]
        for guard in self.plan.preset.guards:
            if guard.table != self.plan.table.id:
                continue
            mask, _ = root.holds(guard.when)
            rows = root.frame[ROW] if mask is None else root.frame[ROW].filter(mask)
            texts = {"kind": "", "field": root.origin(condition_names(guard.when)), "reason": guard.reason,
                     "what": guard.what, "mend": guard.mend}  # fmt: skip
            found.append(rows.to_frame("row").with_columns(pl.lit(text).alias(name) for name, text in texts.items()))
        return pl.concat(found)

    def _settled(
        self, chunk: RawChunk, root: Level, made: "list[_Made]", found: list[pl.DataFrame],
        skipped: dict[str, int], notes: dict[str, int],
    ) -> Mapped:  # fmt: skip
        """Park bad rows with their groups, and keep the rest."""
        first = pl.concat(found).unique("row", keep="first", maintain_order=True) if found else _NO_PROBLEM
        rows = root.frame[ROW]
        parked = [self._reader_bad(bad) for bad in chunk.bad]
        bad_rows = first["row"]
        groups = root.extra.get(GROUP)
        if groups is not None and (first.height or chunk.bad):
            spoilt = groups.filter(rows.is_in(bad_rows.to_list())).to_list()
            spoilt += self._groups_of(chunk.bad, root, groups)
            bad_rows = rows.filter(groups.is_in(spoilt))
        if len(bad_rows):
            bad_list = bad_rows.to_list()
            parked += self._parked(chunk, root, first, bad_list)
            for one in made:
                one.frame = one.frame.filter(~pl.col("row").is_in(bad_list))
                one.rows = one.rows.filter(~one.rows.is_in(bad_list))
        covered = _covered(rows, made)
        empty = len(rows) - len(bad_rows) - covered
        if empty:
            skipped["no-event"] = skipped.get("no-event", 0) + empty
        parked.sort(key=lambda row: row.row)
        batches = [EventBatch(one.kind, one.frame) for one in made if one.frame.height]
        total = covered + len(parked) + sum(skipped.values())
        return Mapped(total, covered, batches, parked, skipped, notes)

    def _reader_bad(self, bad: BadRow) -> Parked:
        return Parked(
            source=self.source,
            row=bad.row,
            field=bad.field,
            reason=bad.reason,
            what=bad.what,
            mend=bad.mend,
            raw=with_context(bad.raw, self.context),
        )

    def _groups_of(self, bad: Sequence[BadRow], root: Level, groups: pl.Series) -> list[int]:
        """Return the groups to which rows that the reader could not take apart belong, as far as they show it."""
        names = [clean_header(name) for name in self.plan.table.group]
        keys: list[str] = []
        for row in bad:
            cells = msgspec.json.decode(row.raw)
            if isinstance(cells, dict) and all(isinstance(cells.get(name), str) for name in names):
                frame = pl.DataFrame({name: [cells[name]] for name in names})
                keys += group_text(Level(frame, self.plan.rules), self.plan.table.group).drop_nulls().to_list()
        return groups.filter(root.extra["$key"].is_in(keys).fill_null(False)).to_list() if keys else []

    def _parked(self, chunk: RawChunk, root: Level, first: pl.DataFrame, rows: Sequence[int]) -> list[Parked]:
        own = {row["row"]: row for row in first.iter_rows(named=True)}
        place = {row: index for index, row in enumerate(root.frame[ROW].to_list())} if len(rows) > 50 else None
        keys = root.extra.get("$key")
        parked = []
        for row in rows:
            index = place[row] if place is not None else int(root.frame[ROW].search_sorted(row))
            problem = own.get(row) or _SIBLING
            parked.append(Parked(
                source=self.source, row=row, kind=problem["kind"], field=problem["field"], reason=problem["reason"],
                what=problem["what"], mend=problem["mend"],
                raw=with_context(chunk.raw_row(row), self.context),
                group=(keys[index] or "") if keys is not None else "",
            ))  # fmt: skip
        return parked


_SIBLING: Mapping[str, str] = {
    "kind": "", "field": "", "reason": "group", "what": "another row of the same group is parked",
    "mend": "Mend that row; both are replayed together",
}  # fmt: skip
_PROBLEM: dict[str, Any] = {"row": pl.Int64, **dict.fromkeys(("kind", "field", "reason", "what", "mend"), pl.String)}
_NO_PROBLEM = pl.DataFrame(schema=_PROBLEM)


@dataclass(slots=True)
class _Made:
    kind: str
    frame: pl.DataFrame
    rows: pl.Series  # rows of the file that gave these events
    problems: list[pl.DataFrame]


def _events(plan: EventPlan, level: Level, root: Level, latest_ms: int, notes: dict[str, int]) -> _Made:
    """Return the events of one kind, before bad rows are taken out."""
    mask, tests = level.holds(plan.row.when)
    rows = level.frame[ROW]
    columns: list[pl.Series] = [rows.alias("row")]
    found: list[pl.DataFrame] = [_problem(plan, one, rows) for one in tests]
    origins = _origins(plan, level)
    repairs: list[pl.Expr] = []
    helpers: list[pl.Series] = []

    def add(name: str, cells: Converted) -> None:
        columns.append(cells.values.alias(name))
        short = "at" if name == "at_ms" else name.split("_", 1)[-1]
        if cells.notes is not None:
            helpers.append(cells.notes.alias(f"note {name}"))
            repairs.append(pl.concat_str(pl.lit(f"{short}:"), pl.col(f"note {name}")))
        for bad in cells.bad:
            found.append(_problem(plan, bad, rows, mask))

    for one in plan.fields:
        cells = level.value(one.value, one.as_)
        if one.name.startswith("role_"):
            cells = _role(one, cells, level, mask, notes)
        add(one.name, cells)
    nk = _key(plan, level, mask, found)
    if nk is not None:
        columns.append(nk)
    frame = pl.DataFrame([*columns, *helpers])
    if repairs:
        joined = pl.concat_str(repairs, separator=",", ignore_nulls=True)
        frame = frame.with_columns(pl.when(joined != "").then(joined).alias("repairs")).drop(h.name for h in helpers)
    frame = frame.with_columns(pl.lit(plan.platform or None, pl.String).alias("platform"), _currency(plan, level))
    source_rows = rows
    if mask is not None and not mask.all():
        frame, source_rows = frame.filter(mask), rows.filter(mask)
    if plan.row.per == "group":
        groups = root.extra[GROUP] if mask is None else root.extra[GROUP].filter(mask)
        frame = grouped(plan, frame, groups, found, origins)
    frame = frame.select(name for name in frame.columns if frame.schema[name] != pl.Null)
    checked = problems(plan.kind, frame, latest_ms=latest_ms)
    if checked.height:
        index = frame["row"].gather(checked["index"])
        found.append(
            checked.select(
                index.alias("row"),
                pl.lit(plan.row.kind).alias("kind"),
                pl.col("field").replace(origins),
                "reason",
                "what",
                "mend",
            )
        )
    return _Made(plan.row.kind, frame, source_rows, found)


def _key(plan: EventPlan, level: Level, mask: pl.Series | None, found: list[pl.DataFrame]) -> pl.Series | None:
    if not plan.key:
        return None
    rows = level.frame[ROW]
    parts: list[pl.Series] = []
    for value in plan.key:
        special = value.column.startswith("$")
        cells = (
            Converted(level.cells(value.column).cast(pl.String)) if special else level.value(_with_zero(value), "id")
        )
        found += [_problem(plan, bad, rows, mask) for bad in cells.bad]
        empty = cells.values.is_null() if mask is None else cells.values.is_null() & mask
        if empty.any():
            texts = {"field": level.origin([value.column]), "reason": "id-missing",
                     "what": f"{value.column!r} is part of the key and is empty",
                     "mend": "Fill it; without it a re-import could not tell this row from others"}  # fmt: skip
            missing = pl.DataFrame({"index": empty.arg_true().cast(pl.UInt32)})
            found.append(_problem(plan, missing.with_columns(pl.lit(t).alias(n) for n, t in texts.items()), rows))
        parts.append(cells.values.alias(str(len(parts))))
    return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator=SEPARATOR).alias("nk")).to_series()


def _with_zero(value: Value) -> Value:
    # A part of a key may be 0: a line number, a position.
    return Value(column=value.column, keep_zero=True)


def _role(one: Filled, cells: Converted, level: Level, mask: pl.Series | None, notes: dict[str, int]) -> Converted:
    """Turn ids into party references; masked ids fill no role unless the mapping says so."""
    value, ids = one.value, cells.values.cast(pl.String)
    if value.scope and value.scope.startswith("$"):
        scope: pl.Expr | pl.Series = level.cells(value.scope).cast(pl.String).fill_null(level.rules.platform)
    else:
        scope = pl.lit(level.rules.platform if value.scope is None else value.scope)
    hidden = masked(ids) if value.masked != "keep" and value.const is None else None
    marks: pl.Expr = pl.lit(":")
    if hidden is not None and hidden.any():
        if value.masked == "weak":
            marks = pl.when(hidden).then(pl.lit("~masked:")).otherwise(pl.lit(":"))
        else:
            count = int((hidden if mask is None else hidden & mask).sum())
            if count:
                name = f"{one.name.removeprefix('role_')}:masked"
                notes[name] = notes.get(name, 0) + count
            ids = ids.set(hidden, None)
    frame = ids.alias("id").to_frame()
    text = pl.concat_str(pl.lit(f"{value.type}:"), scope, marks, pl.col("id"))
    return Converted(frame.select(text.alias("ref")).to_series(), cells.notes, cells.bad)


def _currency(plan: EventPlan, level: Level) -> pl.Series | pl.Expr:
    if plan.currency.const is not None:
        return pl.lit(str(plan.currency.const)).alias("currency")
    return level.value(plan.currency, "text").values.alias("currency")


def _origins(plan: EventPlan, level: Level) -> dict[str, str]:
    """Return by name of a field, with its prefix and without, the columns that it is read from."""
    read: dict[str, list[str]] = {"currency": list(sources(plan.currency))}
    for one in plan.fields:
        for name in {one.name, "at" if one.name == "at_ms" else one.name.split("_", 1)[-1]}:
            read.setdefault(name, []).extend(sources(one.value))
    found = {name: level.origin(columns) for name, columns in read.items()}
    return {name: columns for name, columns in found.items() if columns}


def _problem(plan: EventPlan, bad: pl.DataFrame, rows: pl.Series, mask: pl.Series | None = None) -> pl.DataFrame:
    """Return unreadable cells as problems of rows; cells outside the mask do not count."""
    if mask is not None:
        bad = bad.filter(mask.gather(bad["index"]))
    at = rows.gather(bad["index"]).cast(pl.Int64).alias("row")
    return bad.select(at, pl.lit(plan.row.kind).alias("kind"), "field", "reason", "what", "mend")


def _tie_notes(root: Level) -> dict[str, int]:
    """Return how many undoing rows are tied to the one they undo, and why the others are not."""
    notes = {"tied": len(root.extra["tie.order"].drop_nulls())}
    for reason, count in root.extra["tie.reason"].drop_nulls().value_counts(sort=True).iter_rows():
        notes[f"untied:{reason}"] = count
    return notes


def _covered(rows: pl.Series, made: Sequence[_Made]) -> int:
    """Return how many rows gave an event."""
    for one in made:
        if len(one.rows) == len(rows) and one.rows.n_unique() == len(rows):
            return len(rows)
    parts = [one.rows for one in made if len(one.rows)]
    return pl.concat(parts).n_unique() if parts else 0
