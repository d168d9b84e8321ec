"""Mending a whole group of parked rows: tried dry, done, logged, nothing personal shown."""

from pathlib import Path

import pytest

from guanxi.app import Workspace, import_files, mending, queries, sources
from guanxi.app.mending import Group, Mend
from guanxi.core import DataError, NotFound
from guanxi.events import Parked, RawEvent

from .conftest import HEADER, line

PRICES = ("1.990元整", "很多", "250.00")


@pytest.fixture
def spoilt(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Three orders, two of which cannot be read."""
    path = tmp_path / "orders.csv"
    place = HEADER.split(",").index("应付金额")
    rows = [HEADER]
    for number, price in enumerate(PRICES, 1):
        cells = line(f"30000000000{number}", "11").split(",")
        cells[place] = price
        rows.append(",".join(cells))
    path.write_bytes("\n".join(rows).encode("gbk"))
    import_files(workspace, sources.choose(path))
    assert workspace.vault.parked.counts()["open"] == 2
    return workspace


def group_of(workspace: Workspace) -> Group:
    found = queries.parked_groups(workspace)[0]
    return Group(reason=found.reason, field=found.field, source=found.source, kind=found.kind)


def test_a_group_shows_values_and_hides_people(spoilt: Workspace) -> None:
    detail = mending.parked_detail(spoilt, group_of(spoilt), who="zhou")
    assert (detail.count, detail.looked, detail.zh) == (2, 2, "金额读不出或不合理")
    assert {one.value: one.rows for one in detail.values} == {"1.990元整": 1, "很多": 1}
    assert detail.samples[0].cells["客户姓名"] == "王*芳"
    assert not any(secret in str(detail) for secret in ("王小芳", "13800000001", "示例路66号"))
    assert {look.purpose for _, look in spoilt.vault.reveals()} == {mending.PURPOSE}
    with pytest.raises(NotFound):
        mending.parked_detail(spoilt, Group(reason="time", field="", source="x", kind=""), who="zhou")


def test_a_mend_is_tried_first_and_then_done(spoilt: Workspace) -> None:
    group, how = group_of(spoilt), Mend(how="set", value="12.50")
    before = spoilt.reader.sizes()["last_seq"]
    dry = mending.mend(spoilt, group, how, who="zhou")
    assert (dry.dry, dry.rows, dry.changed, dry.replayed, dry.parked) == (True, 2, 2, 2, 0)
    assert dry.events >= 4
    assert {one.after for one in dry.samples} == {"12.50"}
    assert spoilt.reader.sizes()["last_seq"] == before
    assert spoilt.vault.parked.counts()["open"] == 2
    done = mending.mend(spoilt, group, how, who="zhou", dry=False)
    assert (done.replayed, done.parked, done.events) == (2, 0, dry.events)
    assert spoilt.vault.parked.counts() == {"open": 0, "replayed": 2, "dropped": 0}
    assert spoilt.reader.sizes()["last_seq"] == before + dry.events
    logged = spoilt.control.operations(verb="parked.mend")
    assert [(row.who, row.detail["how"], row.detail["rows"]) for row in logged] == [("zhou", "set", 2)]


def test_what_a_mend_does_not_reach_stays_parked_with_its_reason(spoilt: Workspace) -> None:
    how = Mend(how="replace", find="元整", value="元")
    done = mending.mend(spoilt, group_of(spoilt), how, who="zhou", dry=False)
    assert (done.changed, done.replayed, done.parked) == (1, 1, 1)
    assert sum(done.why.values()) == 1
    assert [(one.before, one.after) for one in done.samples] == [("1.990元整", "1.990元")]


def test_rows_that_are_no_data_are_set_aside(spoilt: Workspace) -> None:
    with pytest.raises(DataError, match="reason"):
        mending.mend(spoilt, group_of(spoilt), Mend(how="ignore"), who="zhou")
    how = Mend(how="ignore", note="测试单")
    assert mending.mend(spoilt, group_of(spoilt), how, who="zhou").ignored == 2
    assert spoilt.vault.parked.counts()["dropped"] == 0
    mending.mend(spoilt, group_of(spoilt), how, who="zhou", dry=False)
    assert spoilt.vault.parked.counts()["dropped"] == 2


@pytest.mark.parametrize(
    ("text", "unit", "after"),
    [
        pytest.param("1,990", "fen", "19.9", id="fen"),
        pytest.param("¥ 1.5万", "wan", "15000", id="wan"),
        pytest.param("12.5%", "percent", "0.125", id="percent"),
        pytest.param("-3", "qian", "-3000", id="negative"),
        pytest.param("很多", "fen", None, id="no-number"),
        pytest.param("1e5", "fen", None, id="exponent"),
    ],
)
def test_units(text: str, unit: str, after: str | None) -> None:
    assert mending._scaled(text, mending.UNITS[unit][2]) == after


@pytest.mark.parametrize("how", [Mend(how="scale", unit="mile"), Mend(how="replace"), Mend(how="set", column="月亮")])
def test_mends_that_cannot_be_done(spoilt: Workspace, how: Mend) -> None:
    with pytest.raises(DataError):
        mending.mend(spoilt, group_of(spoilt), how, who="zhou", dry=False)
    assert spoilt.vault.parked.counts()["open"] == 2


def test_live_events_are_mended_by_their_own_fields(workspace: Workspace) -> None:
    raw = RawEvent(
        kind="Order Completed", message_id="m", at=1_767_326_400_000, roles={"actor": "account:app:u"},
        refs={"order": "L1"}, amount="lots", properties={"affiliation": "直播"},
    )  # fmt: skip
    parked = workspace.intake().check(raw, "server", received_ms=1_767_326_400_000, source="http:1")
    assert isinstance(parked, Parked)
    workspace.vault.parked.add([parked])
    done = mending.mend(workspace, group_of(workspace), Mend(how="set", value="19.90"), who="zhou", dry=False)
    assert (done.replayed, done.events) == (1, 1)
    assert workspace.reader.newest(1)[0].amount == 1990
    assert mending.place_of(parked, "affiliation") == "properties.affiliation"
