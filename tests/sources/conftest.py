"""A reader for the tests of presets: rows or documents in, what they become out."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from guanxi.engines.sources import open_source, preset
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
