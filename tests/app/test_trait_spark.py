"""Histories for Spark: the files hold what a table of traits is made from."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from guanxi.app import Workspace
from guanxi.app.trait_spark import store_history
from guanxi.app.trait_table import table
from guanxi.core import DAY_MS, DataError, NotFound, Refused, midnight_ms
from guanxi.engines.log import SqliteLog
from guanxi.engines.spark_traits import lacking, spark_session, spark_traits
from guanxi.events import Event, RawEvent
from guanxi.traits.state import TraitState

MISSING = lacking()
JAN = midnight_ms(date(2026, 1, 1))
END = JAN + 20 * DAY_MS


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Orders of eight people from three devices, some at the same instant."""
    made, _ = Workspace.create(tmp_path_factory.mktemp("shop") / "ws")
    intake, events, rng = made.intake(), [], np.random.default_rng(2)
    for number in range(120):
        who, device, hour = (int(one) for one in rng.integers(0, (8, 3, 200)))
        raw = RawEvent(
            kind=("Order Completed", "Payment Failed")[number % 2], at=JAN + hour * DAY_MS // 24,
            message_id=str(number), amount="12.50", platform="app", historical=True,
            refs={"order": f"o{number}"}, roles={"actor": f"account:app:u{who}", "device": f"device::d{device}"},
        )  # fmt: skip
        event = intake.check(raw, "server", received_ms=END, source="test")
        assert isinstance(event, Event)
        events.append(event)
    made.vault.flush()
    log = SqliteLog(made.folder)
    log.append(events)
    log.close()
    with made:
        yield made


def told(shop: Workspace, kind: str) -> pl.DataFrame:
    return pl.concat(table(shop, kind, ["velocity"], cut_off=END)).sort("seq")


def test_the_files_hold_what_a_table_is_made_from(shop: Workspace, tmp_path: Path) -> None:
    plan = store_history(shop, ["velocity"], tmp_path / "events", cut_off=END)
    words = pl.read_parquet(tmp_path / "events" / "*.parquet")["words"].to_list()
    events = np.array(sorted(words, key=lambda row: row[:2]), np.int64)
    assert events.shape == (120, plan.event_words)
    seen = TraitState(plan).feed(events, read=True)
    assert seen is not None
    found = pl.DataFrame({row.name: seen[:, place] for place, row in enumerate(plan.traits)} | {"seq": events[:, 1]})
    for kind in ("Order Completed", "Payment Failed"):
        rows = told(shop, kind)
        mine = found.filter(pl.col("seq").is_in(rows["seq"].to_list())).sort("seq")
        for name in (row.name for row in plan.traits if row.name in rows.columns):
            assert mine[name].fill_nan(None).to_list() == rows[name].cast(pl.Float64).to_list(), name
        assert sum(rows[name].sum() for name in rows.columns if ".count." in name) > 100


def test_what_is_not_stored(shop: Workspace, tmp_path: Path) -> None:
    for names, error in (
        (["no such trait"], NotFound), (["account.holds.count_via_device.30d"], DataError), (["taste"], Refused),
    ):  # fmt: skip
        with pytest.raises(error):
            store_history(shop, names, tmp_path / "never", cut_off=END)
        assert not (tmp_path / "never").exists()
    (tmp_path / "letters.txt").write_text("dear", "utf-8")
    with pytest.raises(DataError, match="holds files"):
        store_history(shop, ["velocity"], tmp_path, cut_off=END)


@pytest.mark.slow
@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_spark_reads_the_files(shop: Workspace, tmp_path: Path) -> None:
    plan = store_history(shop, ["velocity"], tmp_path / "events", cut_off=END)
    session = spark_session(tmp_path / "spark")
    try:
        spark_traits(plan, session.read.parquet(str(tmp_path / "events"))).write.parquet(str(tmp_path / "traits"))
    finally:
        session.stop()
    found = pl.read_parquet(tmp_path / "traits" / "*.parquet").sort("seq")
    assert found.height == 120
    rows = told(shop, "Payment Failed")
    mine = found.filter(pl.col("seq").is_in(rows["seq"].to_list()))
    for row in plan.traits:
        assert mine[row.name].to_list() == rows[row.name].cast(pl.Float64).to_list(), row.name
