"""The control database: migrations, people, sessions."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from guanxi.core import NotFound, Refused, SettingError
from guanxi.engines.control import (
    FILE,
    Appearance,
    Control,
    TooManyFailures,
)
from guanxi.engines.control.database import MIGRATIONS, Database
from guanxi.engines.control.people import IDLE_MS, LIFE_MS, NAME_FAILURES
from guanxi.engines.control.tables import metadata

from .conftest import PASSWORD, Clock


def test_migrations_make_the_declared_tables(control: Control) -> None:
    found = inspect(control._database.engine)
    for table in metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}, table.name
        assert {index["name"] for index in found.get_indexes(table.name) if not index.get("unique")} == {
            index.name for index in table.indexes
        }
        assert found.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]
    assert set(found.get_table_names()) == {table.name for table in metadata.sorted_tables} | {"alembic_version"}


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_tables_are_sql_on_postgres_too(table) -> None:
    text = str(CreateTable(table).compile(dialect=postgresql.dialect()))
    assert text.strip().startswith(f"CREATE TABLE {table.name}")
    assert "DATETIME" not in text


def test_ten_processes_may_open_at_once(tmp_path: Path) -> None:
    path = tmp_path / FILE
    newest = max(script.name[:4] for script in (MIGRATIONS / "versions").glob("0*.py"))
    with ThreadPoolExecutor(10) as pool:
        opened = list(pool.map(lambda _: Database(path), range(10)))
    for one in opened:
        one.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest,)]
    db.close()


def test_what_a_person_chose(control: Control, clock: Clock) -> None:
    ann, ben = (control.create_user(name, "a long enough password", roles=["operator"]) for name in ("ann", "ben"))
    assert control.appearance(ann.id) == Appearance()
    changed = control.set_appearance(ann.id, colours="red_up", shortcuts=False)
    assert changed == Appearance(colours="red_up", shortcuts=False)
    assert control.set_appearance(ann.id, density="roomy").colours == "red_up"
    assert control.finish_tour(ann.id).tour_ms == control._now()
    assert control.finish_tour(ann.id, done=False).tour_ms is None
    assert control.appearance(ben.id) == Appearance()


@pytest.mark.parametrize(
    "changes",
    [{"colours": "pink"}, {"shortcuts": "yes"}, {"theme": True}, {"nothing": 1}],
    ids=lambda changes: next(iter(changes)),
)
def test_choices_that_are_not_offered(control: Control, changes: dict) -> None:
    with pytest.raises(SettingError):
        control.set_appearance(1, **changes)


def test_pragmas(control: Control) -> None:
    with control._database.read() as connection:
        got = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert got == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_passwords_are_argon2id(tmp_path: Path) -> None:
    control = Control.open(tmp_path)
    control.create_user("Admin", PASSWORD, roles=["manager"])
    with control._database.read() as connection:
        stored = connection.exec_driver_sql("SELECT password_hash FROM users").scalar_one()
    control.close()
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize(
    ("name", "password", "known"),
    [
        pytest.param("admin", PASSWORD, True, id="right"),
        pytest.param(" ＡＤＭＩＮ ", PASSWORD, True, id="full-width-and-blanks"),
        pytest.param("admin", PASSWORD + " ", False, id="wrong-password"),
        pytest.param("nobody", PASSWORD, False, id="unknown-name"),
        pytest.param("admin", "", False, id="empty"),
        pytest.param("admin", "x" * 100_000, False, id="very-long"),
        pytest.param("admin", "\ud800" * 12, False, id="lone-surrogates"),
    ],
)
def test_sign_in(control: Control, name: str, password: str, known: bool) -> None:
    control.create_user("admin", PASSWORD, roles=["manager"])
    assert (control.verify_password(name, password, ip="192.0.2.1") is not None) is known


def test_a_disabled_user_cannot_sign_in(control: Control) -> None:
    control.create_user("admin", PASSWORD, roles=["manager"])
    user = control.create_user("zhou", PASSWORD, roles=["operator"])
    opened = control.open_session(user)
    control.disable_user(user.id)
    assert control.verify_password("zhou", PASSWORD) is None
    assert control.session(opened.token) is None
    control.enable_user(user.id)
    assert control.verify_password("zhou", PASSWORD) is not None


@pytest.mark.parametrize(
    ("name", "password", "roles", "field"),
    [
        pytest.param("admin", PASSWORD, ["manager"], "name", id="taken"),
        pytest.param("ADMIN", PASSWORD, ["manager"], "name", id="taken-in-another-case"),
        pytest.param("", PASSWORD, ["manager"], "name", id="no-name"),
        pytest.param("a b", PASSWORD, ["manager"], "name", id="blank"),
        pytest.param("a\x00b", PASSWORD, ["manager"], "name", id="control-character"),
        pytest.param("x" * 65, PASSWORD, ["manager"], "name", id="long-name"),
        pytest.param("b", "short", ["manager"], "password", id="short-password"),
        pytest.param("b", "x" * 1025, ["manager"], "password", id="long-password"),
        pytest.param("b", "\ud800" * 12, ["manager"], "password", id="half-characters"),
        pytest.param("b", PASSWORD, [], "roles", id="no-role"),
        pytest.param("b", PASSWORD, ["king"], "roles", id="unknown-role"),
    ],
)
def test_users_that_cannot_be(control: Control, name: str, password: str, roles: list[str], field: str) -> None:
    control.create_user("admin", PASSWORD, roles=["manager"])
    with pytest.raises(SettingError) as caught:
        control.create_user(name, password, roles=roles)
    assert caught.value.field == field
    assert PASSWORD not in str(caught.value)
    assert [user.name for user in control.users()] == ["admin"]


def test_failures_of_one_address_pause_it(control: Control, clock: Clock) -> None:
    control.create_user("admin", PASSWORD, roles=["manager"])
    for _ in range(3):
        assert control.verify_password("admin", "wrong", ip="192.0.2.1", per_minute=3) is None
    with pytest.raises(TooManyFailures):
        control.verify_password("admin", PASSWORD, ip="192.0.2.1", per_minute=3)
    assert control.verify_password("admin", PASSWORD, ip="192.0.2.2", per_minute=3) is not None
    clock.ms += 60_000
    assert control.verify_password("admin", PASSWORD, ip="192.0.2.1", per_minute=3) is not None


def test_failures_from_many_addresses_pause_a_name(control: Control, clock: Clock) -> None:
    control.create_user("admin", PASSWORD, roles=["manager"])
    for number in range(NAME_FAILURES):
        control.verify_password("admin", "wrong", ip=f"192.0.2.{number}")
    with pytest.raises(TooManyFailures):
        control.verify_password("ADMIN", PASSWORD, ip="198.51.100.1")
    assert control.verify_password("other", "wrong", ip="198.51.100.1") is None
    clock.ms += 15 * 60_000
    assert control.verify_password("admin", PASSWORD, ip="198.51.100.1") is not None


def test_parallel_guesses_are_all_counted(control: Control) -> None:
    control.create_user("admin", PASSWORD, roles=["manager"])
    tried: list[bool] = []

    def guess() -> None:
        try:
            control.verify_password("admin", "wrong", ip="192.0.2.1", per_minute=4)
            tried.append(True)
        except TooManyFailures:
            tried.append(False)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (tried.count(True), tried.count(False)) == (4, 8)


def test_sign_ins_that_succeed_are_no_failures(control: Control) -> None:
    control.create_user("admin", PASSWORD, roles=["manager"])
    assert all(control.verify_password("admin", PASSWORD, ip="192.0.2.1", per_minute=2) for _ in range(6))


@pytest.mark.parametrize(
    ("steps", "alive"),
    [
        pytest.param([IDLE_MS - 1], True, id="just-not-idle"),
        pytest.param([IDLE_MS], False, id="idle"),
        pytest.param([IDLE_MS - 1, IDLE_MS - 1], True, id="use-keeps-it"),
        pytest.param([IDLE_MS - 1] * 15, False, id="no-use-keeps-it-for-ever"),
    ],
)
def test_sessions_end(control: Control, clock: Clock, steps: list[int], alive: bool) -> None:
    opened = control.open_session(control.create_user("admin", PASSWORD, roles=["manager"]))
    assert sum(steps) < LIFE_MS or not alive
    got = None
    for step in steps:
        clock.ms += step
        got = control.session(opened.token)
    assert (got is not None) is alive


def test_session_tokens_are_new_and_stored_hashed(control: Control, tmp_path: Path) -> None:
    user = control.create_user("admin", PASSWORD, roles=["manager"])
    first, second = control.open_session(user), control.open_session(user)
    assert first.token != second.token
    assert first.session.csrf != second.session.csrf
    assert control.close_session(first.token) is True
    assert control.close_session(first.token) is False
    assert control.session(first.token) is None
    assert control.session(second.token) is not None
    control.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob(f"{FILE}*"))
    assert second.token.encode() not in stored
    assert PASSWORD.encode() not in stored


@pytest.mark.parametrize("act", ["roles", "password"])
def test_a_change_of_rights_ends_the_sessions(control: Control, act: str) -> None:
    control.create_user("admin", PASSWORD, roles=["manager"])
    user = control.create_user("zhou", PASSWORD, roles=["operator"])
    opened = control.open_session(user)
    if act == "roles":
        assert control.set_roles(user.id, ["analyst"]).roles == ("analyst",)
    else:
        control.set_password(user.id, "another long one")
    assert control.session(opened.token) is None


def test_somebody_always_administers(control: Control) -> None:
    admin = control.create_user("admin", PASSWORD, roles=["manager"])
    for act in (lambda: control.disable_user(admin.id), lambda: control.set_roles(admin.id, ["wall"])):
        with pytest.raises(Refused):
            act()
    assert control.users()[0] == admin
    with pytest.raises(NotFound):
        control.disable_user(99)
