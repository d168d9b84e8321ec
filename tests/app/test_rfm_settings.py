"""Bounds of RFM from the settings: one definition for the list, one person, the analysis and the command."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from guanxi import settings
from guanxi.app import Workspace, analysis, people, person_segment
from guanxi.app.scope import scope
from guanxi.cli import cli
from guanxi.core import SettingError, midnight_ms
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent
from guanxi.traits.metrics import RfmCuts, rfm

DAY = 86_400_000
JAN = midnight_ms(date(2026, 1, 1))
WHEN = "custom:2026-01-01..2026-01-31"
ORDERS = (("ann", 1, 30), ("ann", 29, 5), ("ben", 3, 500), ("carl", 12, 70), ("carl", 14, 20), ("carl", 25, 1))
ROWS = """[rfm]
variant = "rule"
recency_days = [3, 7, 14, 21]
orders = [1, 2, 3, 4]
amount_yuan = [30.50, 91, 200, 501]
"""
CUTS = RfmCuts(recency_days=(3, 7, 14, 21), orders=(1, 2, 3, 4), amount=(3_050, 9_100, 20_000, 50_100))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("shop") / "ws"
    Workspace.create(folder)[0].close()
    (folder / settings.FILE).write_text(ROWS, "utf-8")
    with Workspace.open(folder) as made:
        events = []
        for who, day, yuan in ORDERS:
            raw = RawEvent(
                kind="Order Completed", at=JAN + day * DAY, roles={"actor": f"account:app:{who}"}, historical=True,
                refs={"order": f"{who}-{day}"}, platform="app", amount=yuan,
            )  # fmt: skip
            event = made.intake().check(raw, "server", received_ms=JAN + 40 * DAY, source="test")
            assert isinstance(event, Event), event
            events.append(event)
        log = SqliteLog(folder)
        log.append(events)
        log.close()
        yield made


@pytest.fixture(scope="module")
def by_hand() -> pl.DataFrame:
    rows = [(f"account:app:{who}", JAN + day * DAY, yuan * 100) for who, day, yuan in ORDERS]
    frame = pl.DataFrame(rows, schema={"person": pl.String, "at_ms": pl.Int64, "amount": pl.Int64}, orient="row")
    return rfm(frame, midnight_ms(date(2026, 2, 1)), variant="rule", cuts=CUTS).frame


def test_every_door_scores_by_the_bounds_of_the_settings(shop: Workspace, by_hand: pl.DataFrame) -> None:
    asked = scope(shop, t=WHEN)
    table = analysis.rfm(shop, asked)
    assert (table.variant, table.cuts_recency, table.cuts_frequency, table.cuts_monetary) == (
        "rule", CUTS.recency_days, CUTS.orders, CUTS.amount,
    )  # fmt: skip
    scores = by_hand.select("person", "r", "f", "m", "segment").rows()
    assert [row[1:4] for row in scores] == [(5, 3, 2), (1, 2, 4), (4, 4, 3)]
    listed = people.people(shop, asked, sort="ref").rows
    assert [(row.ref, row.r, row.f, row.m, row.segment) for row in listed] == scores
    told = CliRunner().invoke(cli, ["people", "rfm", "-w", str(shop.folder), "--t", WHEN, "--json"])
    assert told.exit_code == 0, told.output
    said = json.loads(told.stdout)
    assert (said["variant"], said["cuts_monetary"]) == ("rule", list(CUTS.amount or ()))
    assert said["segments"] == json.loads(
        json.dumps([{n: getattr(s, n) for n in s.__struct_fields__} for s in table.segments])
    )
    one = person_segment.person_segment(shop, "account:app:ben", asof=str(JAN + 31 * DAY - 1))
    assert (one.variant, one.buyers) == ("rule", 0)  # nothing was known then: the orders came in later
    assert person_segment.person_segment(shop, "account:app:ben").variant == "rule"


def test_a_question_may_ask_for_the_other_variant(shop: Workspace) -> None:
    table = analysis.rfm(shop, scope(shop, t=WHEN), variant="quantile")
    assert (table.variant, table.cuts_recency == CUTS.recency_days) == ("quantile", False)


def test_without_rows_the_bounds_are_those_of_the_function(workspace: Workspace) -> None:
    assert workspace.settings.rfm.variant == "quantile"
    assert analysis.rfm_cuts(workspace, "CNY") == RfmCuts()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param('variant = "fifths"', "rfm.variant is 'fifths': Input should be 'quantile'", id="variant"),
        pytest.param("recency_days = [30, 60, 90]", "[30, 60, 90] is not usable: write 4 numbers above 0", id="three"),
        pytest.param("orders = [2, 2, 3, 4]", "each larger than the one before", id="not-rising"),
        pytest.param("orders = [0, 2, 3, 4]", "write 4 numbers above 0", id="zero"),
        pytest.param("amount_yuan = [50, 20, 90, 100]", "or []", id="money-falls"),
        pytest.param('orders = ["many", 2, 3, 4]', "rfm.orders.0 is 'many'", id="words"),
        pytest.param("monetary = [1, 2, 3, 4]", "rfm.monetary", id="unknown-row"),
    ],
)
def test_bounds_that_cannot_be(tmp_path: Path, row: str, said: str) -> None:
    (tmp_path / settings.FILE).write_text(f"[rfm]\n{row}\n", "utf-8")
    with pytest.raises(SettingError) as told:
        settings.load(tmp_path)
    assert said in str(told.value)
    assert "docs/settings.md" in told.value.mend
