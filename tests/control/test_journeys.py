"""Journeys and schedules in the control database."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import create_engine, make_url

from guanxi.core import NotFound, SettingError
from guanxi.engines.control import Control
from guanxi.plays import EVENTS, Journey, advance, is_due, ran, read_journey

NOON, MINUTE, DAY = 1_767_240_000_000, 60_000, 86_400_000
TRIAL = """
zh = "试用"
en = "Trial"
enter = ["App Installed"]
leave = ["Order Completed"]
again = "1d"

[[steps]]
name = "first"
do = "hint"
wait = "1d"

[[steps]]
name = "second"
do = "offer"
"""


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Postgres of these tests, where the package that brings one is installed."""
    pgserver = pytest.importorskip("pgserver", reason="no Postgres here: pgserver is not installed")
    pytest.importorskip("psycopg", reason="no Postgres here: psycopg is not installed")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def control(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Control]:
    where = tmp_path / "control.sqlite"
    if request.param == "postgres":
        name, url = f"db{secrets.token_hex(6)}", make_url(request.getfixturevalue("postgres"))
        server = create_engine(url, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        server.dispose()
        where = url.set(database=name).render_as_string(hide_password=False)
    opened = Control(where)
    yield opened
    opened.close()


@pytest.fixture
def trial() -> Journey:
    return read_journey(TRIAL, name="trial")


def tick(control: Control, journey: Journey, happened: list[tuple[str, int, str]], now: int, *, most: int = 100) -> int:
    events = pl.DataFrame(
        [(who, seq, at, kind, "{}") for seq, (who, at, kind) in enumerate(happened)], schema=EVENTS, orient="row"
    )
    with control.transaction() as connection:
        states = control.journeys.standing_in(
            connection, journey.name, parties=events["party"], now_ms=now, most=most
        )  # fmt: skip
        return control.journeys.move_in(connection, journey, advance(journey, states, events, now))


def where(control: Control, party: str) -> list[tuple[int, str, str, str]]:
    with control.snapshot() as connection:
        rows = control.journeys.page_in(connection, party=party)
    return sorted((row.entry, row.step, row.state, row.todo) for row in rows)


def test_people_go_their_way(control: Control, trial: Journey) -> None:
    assert tick(control, trial, [(f"p{n}", NOON, "App Installed") for n in range(1_200)], NOON) == 1_200
    assert tick(control, trial, [("p1", NOON + 1, "Order Completed")], NOON + 1) == 1
    assert tick(control, trial, [], NOON + DAY, most=1_000) == 1_000  # the longest waiting first
    assert tick(control, trial, [], NOON + DAY, most=1_000) == 199
    assert tick(control, trial, [], NOON + DAY) == 0
    assert tick(control, trial, [("p1", NOON + 3 * DAY, "App Installed")], NOON + 3 * DAY) == 1
    assert where(control, "p1") == [(1, "first", "left", ""), (2, "first", "open", "hint")]
    assert where(control, "p2") == [(1, "second", "open", "offer")]
    with control.snapshot() as connection:
        counts = control.journeys.counts_in(connection)
    assert [(one.step, one.state, one.people, one.soonest_ms) for one in counts] == [
        ("first", "left", 1, None), ("first", "open", 1, NOON + 4 * DAY), ("second", "open", 1_199, None),
    ]  # fmt: skip


def test_what_is_to_be_done_is_done_once(control: Control, trial: Journey) -> None:
    tick(control, trial, [("a", NOON, "App Installed"), ("b", NOON, "App Installed")], NOON)
    with control.transaction() as connection:
        todo = control.journeys.todo_in(connection, "trial", most=10)
        assert [(row.party, row.todo) for row in todo] == [("a", "hint"), ("b", "hint")]
    tick(control, trial, [], NOON + DAY)  # they went on meanwhile: what is new is not ticked off
    with control.transaction() as connection:
        control.journeys.did_in(connection, todo[:1])
        again = control.journeys.todo_in(connection, "trial", most=10)
        assert [(row.party, row.todo) for row in again] == [("a", "offer"), ("b", "offer")]
        control.journeys.did_in(connection, again)
        assert control.journeys.todo_in(connection, "trial", most=10) == []


def test_a_step_that_was_taken_out_is_left(control: Control, trial: Journey) -> None:
    tick(control, trial, [("a", NOON, "App Installed")], NOON)
    tick(control, trial, [], NOON + DAY)
    other = read_journey(TRIAL.replace('"second"', '"last"'), name="trial")
    with control.transaction() as connection:
        assert control.journeys.recall_in(connection, trial, now_ms=NOON + DAY) == 0
        assert control.journeys.recall_in(connection, other, now_ms=NOON + DAY) == 1
    tick(control, other, [], NOON + DAY)
    assert where(control, "a") == [(1, "second", "left", "")]


def test_the_erased_leave_nothing(control: Control, trial: Journey) -> None:
    tick(control, trial, [("a", NOON, "App Installed"), ("b", NOON, "App Installed")], NOON)
    with control.transaction() as connection:
        assert control.journeys.forget_in(connection, ["a", "x"]) == 1
    assert where(control, "a") == []
    assert where(control, "b") == [(1, "first", "open", "hint")]


def test_schedules_are_kept_as_declared(control: Control) -> None:
    rules = {"tick": "* * * * *", "sign": "10 3 * * *"}
    with control.transaction() as connection:
        first = control.schedules.keep_in(connection, rules, now_ms=NOON)
        assert [(row.name, row.next_ms > NOON, row.outcome) for row in first] == [
            ("sign", True, ""),
            ("tick", True, ""),
        ]
        control.schedules.enable_in(connection, "tick", False)
        assert control.schedules.keep_in(connection, rules, now_ms=NOON + DAY)[1].enabled is False
        changed = control.schedules.keep_in(connection, {"sign": "10 4 * * *"}, now_ms=NOON)
        assert [(row.name, row.rule) for row in changed] == [("sign", "10 4 * * *")]
        assert changed[0].next_ms == first[0].next_ms + 60 * MINUTE
        with pytest.raises(SettingError, match="rule"):
            control.schedules.keep_in(connection, {"bad": "61 * * * *"}, now_ms=NOON)
        with pytest.raises(NotFound, match="no schedule"):
            control.schedules.begin_in(connection, "tick", now_ms=NOON)


def test_a_run_is_told(control: Control) -> None:
    with control.transaction() as connection:
        row = control.schedules.keep_in(connection, {"tick": "* * * * *"}, now_ms=NOON)[0]
        assert is_due(row.plan, NOON + MINUTE)
        control.schedules.begin_in(connection, "tick", now_ms=NOON + MINUTE)
        after = ran(row.plan, NOON + MINUTE, failed=True)
        control.schedules.end_in(connection, "tick", after, outcome="x" * 999, now_ms=NOON + MINUTE)
        row = control.schedules.all_in(connection)[0]
    assert (row.fails, row.begun_ms, row.ended_ms, len(row.outcome)) == (1, NOON + MINUTE, NOON + MINUTE, 240)
    assert row.plan == after
