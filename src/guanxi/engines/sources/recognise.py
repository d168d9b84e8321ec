"""Recognition: what a file is, by its content; names lie."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from guanxi.core import DataError
from guanxi.engines.sources.headers import clean_header, find_header
from guanxi.engines.sources.plan import TablePlan
from guanxi.engines.sources.preset import Format, Preset, Table, presets
from guanxi.engines.sources.readers import Opened, Reader, expand
from guanxi.engines.sources.readers import chat as chats
from guanxi.engines.sources.readers import danmaku as danmakus
from guanxi.engines.sources.readers.csv import CsvReader, leading_records
from guanxi.engines.sources.readers.json import JsonLines, JsonRows, document, parse
from guanxi.engines.sources.readers.objects import ObjectReader, steps, walk
from guanxi.engines.sources.readers.parquet import ParquetReader, columns_of
from guanxi.engines.sources.readers.text import encoding_of
from guanxi.engines.sources.readers.xlsx import XlsxReader, first_rows, sheet_names, workbook
from guanxi.engines.sources.readers.xml import XmlRows, elements


@dataclass(frozen=True, slots=True)
class Found:
    """A preset that fits a source.

    preset   its id
    source   the file, or the member of a zip
    score    how many signs were found; higher is surer
    why      the signs, in words
    """

    preset: str
    source: str
    score: float
    why: str


def recognise(path: Path, *, among: Mapping[str, Preset] | None = None) -> list[Found]:
    """Return the presets that fit a file, the surest first; several members of a zip give several.

    among   presets to try; the shipped ones when left out
    raises  NotFound, DataError when the file cannot be opened
    """
    tried = presets() if among is None else among
    found: list[Found] = []
    for source in expand(path):
        sight = look(source)
        for row in tried.values():
            score, why = fit(sight, row)
            if score > 0:
                found.append(Found(row.id, source.name, score, why))
    return sorted(found, key=lambda one: (-one.score, one.preset))


def format_of(source: Opened) -> Format:
    """Return the format of a source by its first bytes."""
    head = source.head()
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise DataError(
            f"{source.name} is an old .xls workbook or an encrypted one", "Save it as .xlsx or CSV, without a password"
        )
    if head.startswith(b"PAR1"):
        return "parquet"
    if danmakus.looks_like(head):
        return "danmaku"
    text = head.decode(encoding_of(head, ()), "ignore").removeprefix("\ufeff").lstrip()
    if text.startswith("<"):
        return "xml"
    if text.startswith(("{", "[")):
        return "jsonl" if text.startswith("{") and _is_lines(text) else "json"
    return "chat" if chats.looks_like(text) else "csv"


def reader_for(
    source: Opened, plan: TablePlan, sheet: str = "", *, needs: Mapping[str, Sequence[str]] | None = None
) -> Reader:
    """Return the reader of one table of a source."""
    table, needs = plan.table, plan.needs if needs is None else needs
    form = table.format or format_of(source)
    match form:
        case "xlsx":
            return XlsxReader(source, table, plan.signatures, sheet)
        case "parquet":
            return ParquetReader(source, table)
        case "json":
            return ObjectReader(JsonRows(source, table), table, needs)
        case "jsonl":
            return ObjectReader(JsonLines(source, table), table, needs)
        case "xml":
            return ObjectReader(XmlRows(source, table), table, needs)
        case "danmaku":
            return ObjectReader(danmakus.DanmakuRows(source), table, needs)
        case "chat":
            return ObjectReader(chats.ChatRows(source), table, needs)
    return CsvReader(source, table, plan.signatures)


def matching_sheets(source: Opened, preset: Preset, table: Table) -> Iterator[tuple[str, str | None]]:
    """Yield (sheet, what the pattern caught) for the sheets of a workbook that a table reads."""
    names = sheet_names(source)
    if table.sheet:
        wanted = clean_header(table.sheet)
        yield from ((name, None) for name in names if clean_header(name) == wanted)
        return
    if table.sheets_like:
        cleaned = pl.Series([clean_header(name) for name in names], dtype=pl.String)
        pattern = clean_header(table.sheets_like)
        hits = cleaned.str.contains(pattern).to_list()
        caught = cleaned.str.extract(pattern, 1).to_list()
        yield from ((name, part) for name, hit, part in zip(names, hits, caught, strict=True) if hit)
        return
    signatures = [table.headers] if table.headers else [preset.match.headers, *preset.match.any_headers]
    signatures = [one for one in signatures if one]
    for name in names:
        if not signatures or find_header(first_rows(source, name), signatures) is not None:
            yield name, None
            return


@dataclass(slots=True)
class Sight:
    """What a first look at a source shows.

    grids      leading rows, once per way of reading the text, or per sheet
    documents  the first JSON documents
    """

    form: Format
    grids: list[list[list[str]]] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    documents: list[Any] = field(default_factory=list)
    xml: str = ""


def look(source: Opened) -> Sight:
    """Take a first look at a source; raises DataError when it cannot be opened."""
    sight = Sight(format_of(source))
    match sight.form:
        case "xlsx":
            with workbook(source) as book:
                sight.sheets = list(book.sheet_names)
            sight.grids = [first_rows(source, name) for name in sight.sheets]
        case "parquet":
            sight.grids = [[columns_of(source)]]
        case "json":
            sight.documents = [document(source)]
        case "jsonl":
            head = source.head()
            lines = head.decode(encoding_of(head, ()), "ignore").removeprefix("\ufeff").splitlines()
            sight.documents = list(_parsed(lines[:5]))
        case "xml":
            sight.xml = next(("/".join(path) for path, _, _ in elements(source)), "")
        case "csv":
            sight.grids = list(_grids(source.head()))
    return sight


def fit(sight: Sight, preset: Preset) -> tuple[float, str]:
    """Return (score, signs) of a preset for a first look; score 0 when it does not fit."""
    wanted, why = preset.match, []
    score = 0.0
    if wanted.format:
        if wanted.format != sight.form:
            return 0, ""
        score, why = 1.0, [f"format {wanted.format}"]
    for signatures in filter(None, ([wanted.headers] if wanted.headers else [], list(wanted.any_headers))):
        best = max((_header_score(grid, signatures, wanted.not_headers) for grid in sight.grids), default=0.0)
        if best == 0:
            return 0, ""
        score += best
        why.append(f"{int(best)} column names")
    if wanted.sheets:
        names = {clean_header(name) for name in sight.sheets}
        if not names.issuperset(map(clean_header, wanted.sheets)):
            return 0, ""
        score += len(wanted.sheets)
        why.append(f"{len(wanted.sheets)} sheet names")
    if wanted.json or wanted.json_equals:
        best = max((_json_score(one, preset) for one in sight.documents), default=0.0)
        if best == 0:
            return 0, ""
        score += best
        why.append(f"{int(best)} JSON paths")
    if wanted.xml:
        if not (sight.xml == wanted.xml or sight.xml.startswith(wanted.xml + "/")):
            return 0, ""
        score += 1 + wanted.xml.count("/")
        why.append(f"<{wanted.xml}>")
    return score, ", ".join(why)


_ENCODINGS: Final = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")


def _grids(head: bytes) -> Iterator[list[list[str]]]:
    """Yield the leading rows of a text in every encoding and with every separator that make sense."""
    encodings: Iterable[str] = _ENCODINGS
    if head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        encodings = (encoding_of(head, ()),)
    for encoding in encodings:
        text = head.decode(encoding, "ignore").removeprefix("\ufeff")
        for separator in (",", "\t", ";"):
            if separator in text:
                yield leading_records(text, separator)


def _header_score(grid: Sequence[Sequence[str]], signatures: Sequence[Sequence[str]], without: Sequence[str]) -> float:
    best = 0.0
    for signature in signatures:
        place = find_header(grid, [signature])
        if place is None:
            continue
        names = {clean_header(cell) for cell in grid[place]}
        if names.isdisjoint(map(clean_header, without)):
            # The rest of the score prefers the preset whose signature covers more of the header.
            best = max(best, len(signature) + len(signature) / (1 + len(names)))
    return best


def _json_score(value: Any, preset: Preset) -> float:
    for path in preset.match.json:
        if next(walk((value,), steps(path)), None) is None:
            return 0
    for path, wanted in preset.match.json_equals.items():
        if not any(str(stack[-1]) == wanted for stack in walk((value,), steps(path))):
            return 0
    return float(len(preset.match.json) + 2 * len(preset.match.json_equals))


def _is_lines(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return False
    return next(_parsed(lines[:1]), None) is not None and lines[1].lstrip().startswith("{")


def _parsed(lines: Iterable[str]) -> Iterator[Any]:
    for line in lines:
        try:
            yield parse(line)
        except DataError:
            continue
