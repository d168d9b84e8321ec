"""Labels over a workspace: counted, filtered, held back without consent; in a town they are the truth that was told."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from guanxi.app import Workspace, found_town, labels, open_town, people, plan_town, run_town, seal_now
from guanxi.app.scope import scope
from guanxi.core import DataError, midnight_ms
from guanxi.engines.log import SqliteLog
from guanxi.events import AGE_BANDS, Event, RawEvent
from guanxi.world.base.people import JOBS
from guanxi.world.emit import Texts

DAY = 86_400_000
JAN = midnight_ms(date(2026, 1, 1))
WHEN = "custom:2026-01-01..2026-01-31"
ANN, ANN_APP, BEN, CARL, DORA, EVE = (
    f"account:{one}" for one in ("taobao:ann", "app:u1", "app:ben", "jd:carl", "app:dora", "app:eve")
)


def one(kind: str, day: float, who: str, **fields: object) -> RawEvent:
    roles = {"actor": who, **fields.pop("roles", {})}  # type: ignore[dict-item]
    return RawEvent(
        kind=kind, at=JAN + int(day * DAY), message_id=f"{kind}{day}{who}{fields}", roles=roles, historical=True,
        platform=who.split(":")[1], **fields,
    )  # type: ignore[arg-type]  # fmt: skip


def profile(day: float, who: str, *, consent: int | None = None, **properties: str) -> RawEvent:
    return one("Profile Updated", day, who, properties=properties, consent=consent)


def life() -> list[RawEvent]:
    return [
        profile(1, ANN, gender="女", age_band="26-35岁", city="苏州市", occupation="教师"),
        profile(5, ANN_APP, city="杭州"),  # the same person moved
        one("Party Resolved", 8, ANN, roles={"object": ANN_APP}, properties={"operation": "merge"}),
        profile(2, BEN, gender="男", birthday="1990-05-01"),
        one("Order Completed", 3, BEN, amount="20.00", refs={"order": "B1"}, properties={"receiver_city": "临沂市"}),
        profile(2, CARL, gender="女", city="北京"),
        one("Consent Withdrawn", 9, CARL, properties={"purpose": "personalise"}),
        profile(2, DORA, consent=1, gender="女", city="成都"),  # analysis alone is allowed
        profile(2, EVE, consent=1, gender="保密"),
        one("Consent Given", 3, EVE, properties={"purpose": "personalise"}),
        profile(40, EVE, gender="女"),  # after the asked time
    ]


@pytest.fixture(scope="module", params=["hot", "sealed"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made, _ = Workspace.create(tmp_path_factory.mktemp("shop") / "ws")
    with made:
        intake, events = made.intake(), []
        for raw in life():
            event = intake.check(raw, "server", received_ms=int(raw.at) + 1000, source="test")
            assert isinstance(event, Event), event
            events.append(event)
        made.vault.flush()
        log = SqliteLog(made.folder)
        log.append(events)
        log.close()
        if request.param == "sealed":
            seal_now(made, hot=True)
        yield made


def test_labels_by_hand(shop: Workspace) -> None:
    found = labels.labels(shop, scope(shop, t=WHEN))
    assert (found.people, found.withheld) == (5, 2)
    told = {
        row.id: ({one.value: (one.people, one.share, one.buyers, one.amount) for one in row.values}, row.unknown)
        for row in found.labels
    }
    assert told == {
        "age": ({"26-35": (1, 0.5, 0, 0), "35-44": (1, 0.5, 1, 2_000)}, 1),
        "gender": ({"female": (1, 0.5, 0, 0), "male": (1, 0.5, 1, 2_000)}, 1),
        "region": ({"east": (2, 1.0, 1, 2_000)}, 1),
        "tier": ({"new1": (1, 0.5, 0, 0), "2": (1, 0.5, 1, 2_000)}, 1),
        "city": ({"杭州": (1, 0.5, 0, 0), "临沂": (1, 0.5, 1, 2_000)}, 1),
        "job": ({"教师": (1, 1.0, 0, 0)}, 2),
    }


@pytest.mark.parametrize(
    ("label", "refs"),
    [
        pytest.param("gender:female", [ANN_APP], id="one"),
        pytest.param("region:east,gender:male", [BEN], id="both-hold"),
        pytest.param(" gender:female , tier:2 ", [], id="never-both"),
        pytest.param("gender:unknown", [EVE], id="nobody-said"),
        pytest.param("city:北京", [], id="withdrawn"),
        pytest.param("city:成都", [], id="bits-that-lack-personalisation"),
    ],
)
def test_people_by_label(shop: Workspace, label: str, refs: list[str]) -> None:
    assert [row.ref for row in people.people(shop, scope(shop, t=WHEN), label=label).rows] == refs


@pytest.mark.parametrize("label", ["wealth:rich", "age", "age:", ":x"])
def test_a_label_that_cannot_be(shop: Workspace, label: str) -> None:
    with pytest.raises(DataError) as told:
        people.people(shop, scope(shop, t=WHEN), label=label)
    assert told.value.field == "label"


def test_a_birthday_stays_sealed_and_leaves_its_band(shop: Workspace) -> None:
    row = shop.reader.frame("Profile Updated").filter(pl.col("role_actor") == BEN).row(0, named=True)
    assert row["p_age_band"] == "35-44"
    assert row["p_birthday"].startswith("vt_")


def test_a_segment_shares_its_people_out(shop: Workspace) -> None:
    found = labels.labels(shop, scope(shop, t=WHEN), segment="buyers")
    assert (found.people, found.labels[1].told, found.labels[1].values[0].value) == (1, 1, "male")


@pytest.mark.slow
def test_labels_of_the_town_are_its_truth_where_it_was_told(tmp_path: Path) -> None:
    """Every account is labelled as its owner is; who left a field empty, or does not consent, is not guessed."""
    spec = plan_town("tiny", people=300, days=3, start=date(2025, 9, 1), today=date(2026, 3, 1))
    made, _ = found_town(tmp_path / "ws", spec)
    with made:
        run_town(made)
        town = open_town(made.folder)
        board, refs = town.board, Texts(town.board, spec.seed).account
        owner = board["account.person"]
        bands, tiers = list(AGE_BANDS), {1: "1", 2: "new1"}
        truth = pl.DataFrame({
            "ref": refs,
            "age": [AGE_BANDS[bands[bisect_right(bands, int(age)) - 1]] for age in board["people.age"][owner]],
            "gender": [("female", "male")[int(sex)] for sex in board["people.sex"][owner]],
            "job": [JOBS[int(job)] for job in board["people.job"][owner]],
            "city": [board.texts("city.names")[int(city)] for city in board["people.city"][owner]],
            "tier": [tiers.get(int(tier)) for tier in board["city.tier"][board["people.city"][owner]]],
        })  # fmt: skip
        asked = scope(made, t=f"custom:{spec.start}..{spec.start + timedelta(spec.days - 1)}")
        counted = labels.labels(made, asked)
        told = {row.id: row.told for row in counted.labels}
        assert 0 < counted.withheld < 0.7 * counted.people
        assert told["city"] == told["region"] > 200  # every profile of the town names a city
        rates = {name: count / told["city"] for name, count in told.items()}
        for name, rate in (("gender", 0.75), ("age", 0.55), ("job", 0.30)):
            assert abs(rates[name] - rate) < 0.12, name  # told by as many as the town draws [G]
            for one in next(row for row in counted.labels if row.id == name).values:
                found = people.people(made, asked, label=f"{name}:{one.value}", size=1_000)
                assert found.total == one.people
                so = truth.filter(pl.col("ref").is_in([row.ref for row in found.rows]))
                assert so.height == len(found.rows)
                assert (so[name] == one.value).all(), name
        first = people.people(made, asked, label="tier:1", size=1_000)
        assert (truth.filter(pl.col("ref").is_in([row.ref for row in first.rows]))["tier"] == "1").all()
