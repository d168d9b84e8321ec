"""A reader for the tests of presets: rows or documents in, what they become out."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guanxi.engines.sources import open_source, preset
from guanxi.events import Event, EventBatch, shipped, to_events
from guanxi.events.parked import Parked

CHINA = timezone(timedelta(hours=8))
Rows = list[dict[str, Any]]


@dataclass
class Got:
    """What a reading gave: every event as a mapping of its cells, and the parked rows."""

    events: Rows = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)

    def of(self, kind: str) -> Rows:
        return [event for event in self.events if event["kind"] == kind]

    def heads(self, without: str = "Order Line Recorded") -> list[str]:
        """Return "Kind time amount" of all events but the lines, sorted."""
        return sorted(
            f"{e['kind']} {_clock(e['at_ms'])} {e.get('amount')}" for e in self.events if e["kind"] != without
        )


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(CHINA).strftime("%m-%d %H:%M")


@pytest.fixture
def sheet() -> Callable[..., bytes]:
    """Write rows as the bytes of a CSV file."""
    return _sheet


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Got]:
    """Read rows (as CSV), a JSON document or bytes by a preset."""

    def go(name: str, data: Rows | dict[str, Any] | bytes, **options: Any) -> Got:
        path = tmp_path / "file"
        path.write_bytes(
            data if isinstance(data, bytes) else _sheet(data) if isinstance(data, list) else _document(data)
        )
        got = Got()
        for chunk in open_source(path, preset(name), **options):
            got.parked += chunk.parked
            for batch in chunk.batches:
                for row in batch.frame.iter_rows(named=True):
                    got.events.append({"kind": batch.kind} | {n: cell for n, cell in row.items() if cell is not None})
        return got

    return go


def _sheet(rows: Rows, encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def _document(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@dataclass
class Outcome:
    """What a whole file became; `keys` are the natural keys of `events`, U+001F written as a bar."""

    events: list[Event] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0
    accepted: int = 0

    def of(self, kind: str, **properties: Any) -> list[Event]:
        """Return the events of a kind whose properties have these values."""
        wanted = properties.items()
        return [one for one in self.events if one.kind == kind and wanted <= {**one.properties}.items()]

    def key(self, event: Event) -> str | None:
        """Return the natural key of one of the events."""
        return next(key for one, key in zip(self.events, self.keys, strict=True) if one is event)

    def as_set(self) -> list[str]:
        """Return events with their keys as sorted texts, to compare however the file was cut."""
        return sorted(f"{key} {event!r}" for event, key in zip(self.events, self.keys, strict=True))


@pytest.fixture
def read_whole() -> Callable[..., Outcome]:
    """Read a file by a preset: `read_whole(path, "jd_ads", {"window": "7"}, chunk_rows=1)`."""

    def read(path: Path, name: str, settings: Mapping[str, str] | None = None, **options: Any) -> Outcome:
        made = Outcome()
        for chunk in open_source(path, preset(name), settings=settings, **options):
            made.rows += chunk.rows
            made.accepted += chunk.accepted
            made.parked += chunk.parked
            for counts, more in ((made.skipped, chunk.skipped), (made.notes, chunk.notes)):
                for name_, count in more.items():
                    counts[name_] = counts.get(name_, 0) + count
            made.gaps |= {total.column: total.gap for total in chunk.totals}
            for batch in chunk.batches:
                keys = batch.frame["nk"].to_list() if "nk" in batch.frame.columns else [None] * len(batch)
                bare = EventBatch(batch.kind, batch.frame.drop("nk", strict=False))
                made.events += to_events(bare, catalogue=shipped(), id="")
                made.keys += [None if key is None else key.replace("\x1f", "|") for key in keys]
        return made

    return read


@pytest.fixture
def sample(data_file: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A sample of a platform's file under a name that says nothing."""

    def find(name: str) -> Path:
        copy = tmp_path / f"download{len(list(tmp_path.iterdir()))}.dat"
        copy.write_bytes(data_file(f"platform_fields/samples/{name}").read_bytes())
        return copy

    return find
