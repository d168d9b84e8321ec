"""Imports through the application: balanced, idempotent, restated, resumed, private."""

from pathlib import Path

import pytest

from guanxi.app import Workspace, import_files, queries, sources
from guanxi.app.replay import replay
from guanxi.core import DataError, NotFound

from .conftest import HEADER, line


def run(workspace: Workspace, path: Path):
    return import_files(workspace, sources.choose(path))


def test_an_import_balances_and_the_same_file_again_adds_nothing(workspace: Workspace, export: Path) -> None:
    first = run(workspace, export)
    assert (first.rows, first.accepted, first.parked) == (3, 3, 0)
    assert first.stored == workspace.reader.sizes()["last_seq"] > 3
    again = run(workspace, export)
    assert (again.stored, again.duplicates) == (0, first.stored)


def test_an_overlapping_export_adds_only_what_is_new(workspace: Workspace, export: Path, tmp_path: Path) -> None:
    run(workspace, export)
    later = tmp_path / "later.csv"
    rows = [HEADER, line("300000000003", "11"), line("300000000004", "12")]
    later.write_bytes("\n".join(rows).encode("gbk"))
    report = run(workspace, later)
    orders = workspace.reader.frame("Order Completed")["ref_order"].to_list()
    assert sorted(orders) == [f"30000000000{n}" for n in (1, 2, 3, 4)]
    assert report.duplicates > 0


def test_a_restated_order_replaces_the_old_one_and_the_past_stays_readable(
    workspace: Workspace, export: Path, tmp_path: Path
) -> None:
    run(workspace, export)
    before = workspace.reader.sizes()["last_seq"]
    restated = tmp_path / "restated.csv"
    restated.write_bytes("\n".join([HEADER, line("300000000001", "11", price="199.00")]).encode("gbk"))
    run(workspace, restated)

    def paid(known: int | None = None) -> dict[str, int]:
        frame = workspace.reader.frame("Order Completed", known=known)
        return dict(zip(frame["ref_order"], frame["amount"], strict=True))

    assert paid()["300000000001"] == 19_900
    assert paid(known=before)["300000000001"] == 25_000
    assert len(paid()) == 3


def test_a_bad_row_is_parked_mended_and_replayed(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = [HEADER, line("300000000001", "11"), line("300000000002", "12", when="someday")]
    path.write_bytes("\n".join(rows).encode("gbk"))
    report = run(workspace, path)
    assert (report.accepted, report.parked, report.rows) == (1, 1, 2)
    (group,) = queries.parked_groups(workspace)
    assert (group.reason, group.field, group.count) == ("time", "下单时间", 1)
    done = replay(workspace, fixes={"下单时间": "2026-01-02 11:00:00"})
    assert (done.replayed, done.parked) == (1, 0)
    assert queries.parked_groups(workspace) == []
    assert set(workspace.reader.frame("Order Completed")["ref_order"]) == {"300000000001", "300000000002"}


def test_a_replay_that_mends_nothing_leaves_the_row_parked(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("\n".join([HEADER, line("300000000002", "12", when="someday")]).encode("gbk"))
    run(workspace, path)
    assert replay(workspace).parked == 1
    assert len(queries.parked_rows(workspace)) == 1
    with pytest.raises(NotFound):
        replay(workspace, ids=[99])


def test_the_status_unknown_row_says_which_texts_are_known(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("\n".join([HEADER, line("300000000002", "12", state="神秘状态")]).encode("gbk"))
    assert run(workspace, path).parked == 1
    (group,) = queries.parked_groups(workspace)
    assert group.reason == "state-unknown"


def test_no_personal_value_reaches_log_or_lake(workspace: Workspace, export: Path) -> None:
    run(workspace, export)
    workspace.vault.flush()
    secrets = [text.encode() for text in ("王小芳", "示例路66号", "13800000001")]
    for file in workspace.folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(secret in content for secret in secrets), file.name
    for kind in workspace.reader.counts():
        text = str(workspace.reader.frame(kind).rows())
        assert not any(secret.decode() in text for secret in secrets), kind


def test_an_unknown_file_names_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(DataError, match="mapping suggest"):
        sources.choose(path)
    with pytest.raises(NotFound, match="nowhere"):
        sources.expand([tmp_path / "nowhere.csv"])
