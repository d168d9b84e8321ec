"""Parked rows wait in the vault: once each, sealed, found by group, and gone with the person."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.core import DataError, NotFound, Refused
from guanxi.engines.vault import Vault
from guanxi.events import Parked

READER = {"purpose": "replay", "who": "import 1"}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.open(tmp_path) as opened:
        yield opened


def parked(row: int, raw: str = "{}", reason: str = "amount", group: str = "") -> Parked:
    return Parked(source="import:x", row=row, kind="Order Completed", field="price", reason=reason, what=f"what {row}",
                  mend="mend", raw=raw, group=group)  # fmt: skip


def test_the_same_row_is_parked_once(vault: Vault) -> None:
    first = vault.parked.add([parked(1), parked(2), parked(1)], job="j1")
    assert first[0] == first[2] != first[1]
    assert vault.parked.add([parked(2), parked(3)], job="j1")[0] == first[1]
    assert vault.parked.add([parked(2)], job="j2")[0] not in first  # another export of the same order
    assert vault.parked.counts() == {"open": 4, "replayed": 0, "dropped": 0}
    assert [row.job for row in vault.parked.rows()] == ["j1", "j1", "j1", "j2"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200), st.text(max_size=20))
def test_a_row_comes_back_whole(vault: Vault, raw: str, group: str) -> None:
    row = parked(7, raw, group=group)
    (row_id,) = vault.parked.add([row])
    (back,) = vault.parked.whole([row_id], **READER)
    assert back.raw == raw
    assert vault.parked.raw(row_id, **READER) == raw


def test_groups_count_open_rows_and_show_the_first(vault: Vault) -> None:
    ids = vault.parked.add([parked(1), parked(2), parked(3), parked(4, reason="time")])
    vault.parked.mark(ids[:1], status="replayed", note="price mended")
    groups = vault.parked.groups()
    assert [(group.reason, group.count, group.what) for group in groups] == [
        ("amount", 2, "what 2"),
        ("time", 1, "what 4"),
    ]
    assert vault.parked.counts() == {"open": 3, "replayed": 1, "dropped": 0}
    assert [row.note for row in vault.parked.rows(status="replayed")] == ["price mended"]


def test_rows_are_filtered_and_paged(vault: Vault) -> None:
    ids = vault.parked.add([parked(n, reason="time" if n % 2 else "amount", group=f"o{n // 4}") for n in range(1, 9)])
    assert [row.row for row in vault.parked.rows(reason="time", limit=2)] == [1, 3]
    assert [row.row for row in vault.parked.rows(reason="time", after=ids[2])] == [5, 7]
    assert [row.row for row in vault.parked.rows(group="o1")] == [4, 5, 6, 7]
    assert vault.parked.rows(source="import:y") == []


def test_looks_are_logged(vault: Vault) -> None:
    (row_id,) = vault.parked.add([parked(1)])
    with pytest.raises(Refused):
        vault.parked.raw(row_id, purpose="", who="x")
    with pytest.raises(NotFound):
        vault.parked.whole([row_id, 99], **READER)
    assert vault.reveals() == []
    vault.parked.raw(row_id, **READER)
    assert [look.token for _, look in vault.reveals()] == [f"parked:{row_id}"]


def test_an_unknown_status_is_refused(vault: Vault) -> None:
    with pytest.raises(DataError, match="'gone'"):
        vault.parked.mark([1], status="gone")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "texts", "purged"),
    [
        pytest.param('{"id": "17850"}', ["17850"], 1, id="exact"),
        pytest.param('{"price": "178509"}', ["17850"], 0, id="part-of-a-longer-number"),
        pytest.param('{"name": "王小明先生"}', ["王小明"], 1, id="chinese-neighbours"),
        pytest.param('{"name": "\\u738b\\u5c0f\\u660e"}', ["王小明"], 1, id="escaped-json"),
        pytest.param('{"name": "a \\"b\\" c"}', ['a "b" c'], 1, id="quotes"),
        pytest.param('{"name": "x"}', [], 0, id="nothing-asked"),
    ],
)
def test_purge_takes_the_rows_of_a_person(vault: Vault, raw: str, texts: list[str], purged: int) -> None:
    vault.parked.add([parked(1, raw), parked(2, '{"other": 1}')])
    assert vault.parked.purge(texts) == purged
    assert vault.parked.counts()["open"] == 2 - purged


def test_purge_takes_the_whole_group_and_leaves_no_byte(tmp_path: Path, vault: Vault) -> None:
    vault.parked.add(
        [parked(1, "AAE1x", group="o1"), parked(2, "no name", group="o1"), parked(3, "AAE1xx", group="o2")]
    )
    raw = sqlite3.connect(tmp_path / "vault.sqlite")
    boxes = [row[0] for row in raw.execute("SELECT box FROM parked ORDER BY id")]
    raw.close()
    assert vault.parked.purge(["AAE1x"]) == 2
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [box in held for box in boxes] == [False, False, True]
    assert b"AAE1x" not in held


def test_purge_refuses_an_empty_text(vault: Vault) -> None:
    with pytest.raises(DataError):
        vault.parked.purge([" "])
