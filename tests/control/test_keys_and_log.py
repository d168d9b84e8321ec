"""The control database: keys, the operation log, jobs, roles."""

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from guanxi.core import DataError, GuanxiError, NotFound, SettingError
from guanxi.engines.control import (
    FILE,
    ROLES,
    SCOPE_VERBS,
    SCOPES,
    VERBS,
    Control,
    ImportJob,
    SettingsKey,
)
from guanxi.engines.control.keys import REMEMBER_MS

from .conftest import QUICK, Clock


def test_a_key_is_shown_once_and_stored_hashed(control: Control, tmp_path: Path) -> None:
    made = control.create_key("server", label="shop")
    assert made.secret.startswith(made.key.prefix)
    assert len(made.secret) > 40
    assert control.find_key(made.secret).id == made.key.id  # type: ignore[union-attr]
    listed = control.keys()
    assert [row.used_ms for row in listed] == [1_767_225_600_000]
    control.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob(f"{FILE}*"))
    assert made.secret.encode() not in stored
    assert made.secret[12:].encode() not in stored


@pytest.mark.parametrize("text", ["", "x", "gxs_", "é" * 20, "\x00", "k" * 100_000], ids=repr)
def test_unknown_keys(control: Control, text: str) -> None:
    control.create_key("server")
    assert control.find_key(text) is None


def test_a_revoked_key_dies_here_at_once_and_elsewhere_in_seconds(
    control: Control, tmp_path: Path, clock: Clock
) -> None:
    other = Control.open(tmp_path, now=clock, hasher=QUICK)
    made = control.create_key("client")
    assert control.find_key(made.secret)
    assert other.find_key(made.secret)
    assert control.revoke_key(made.key.id).revoked_ms == clock.ms
    assert control.find_key(made.secret) is None
    clock.ms += REMEMBER_MS
    assert other.find_key(made.secret) is None
    other.close()


def test_a_second_revocation_keeps_the_first_time(control: Control, clock: Clock) -> None:
    key = control.create_key("client").key
    first = control.revoke_key(key.id).revoked_ms
    clock.ms += 5
    assert control.revoke_key(key.id).revoked_ms == first
    with pytest.raises(NotFound):
        control.revoke_key(99)
    with pytest.raises(SettingError):
        control.create_key("root")


def test_keys_of_the_settings_follow_the_settings(control: Control, clock: Clock) -> None:
    control.sync_keys([SettingsKey("PRODUCT", "client", "growing"), SettingsKey("APPID", "server", "")])
    found = control.find_key("PRODUCT")
    assert found is not None
    assert (found.scope, found.origin, found.prefix) == ("client", "settings", "PRO")
    control.sync_keys([SettingsKey("PRODUCT", "server", "growing")])
    assert control.find_key("PRODUCT").scope == "server"  # type: ignore[union-attr]
    assert control.find_key("PRODUCT").id == found.id  # type: ignore[union-attr]
    assert control.find_key("APPID") is None
    control.sync_keys([SettingsKey("APPID", "client", "")])
    assert control.find_key("APPID").scope == "client"  # type: ignore[union-attr]
    assert control.find_key("PRODUCT") is None


def test_settings_cannot_take_over_a_made_key(control: Control) -> None:
    made = control.create_key("client")
    with pytest.raises(SettingError):
        control.sync_keys([SettingsKey(made.secret, "server", "")])
    with pytest.raises(SettingError):
        control.sync_keys([SettingsKey("A", "server", ""), SettingsKey("A", "client", "")])
    assert control.find_key(made.secret).scope == "client"  # type: ignore[union-attr]


def test_the_operation_log_pages_and_filters(control: Control) -> None:
    for number in range(5):
        control.record(
            who="admin" if number % 2 else "cli", verb="create", object=f"key {number}", detail={"n": number}
        )
    first = control.operations(limit=2)
    assert [row.object for row in first] == ["key 4", "key 3"]
    assert [row.object for row in control.operations(limit=9, before=first[-1].seq)] == ["key 2", "key 1", "key 0"]
    assert [row.object for row in control.operations(who="admin")] == ["key 3", "key 1"]


@pytest.mark.parametrize("sql", ["UPDATE operation_log SET who='x'", "DELETE FROM operation_log"])
def test_the_operation_log_is_append_only(control: Control, sql: str) -> None:
    control.record(who="admin", verb="create", object="key 1")
    with pytest.raises(DBAPIError, match="append-only"), control._database.write() as connection:
        connection.exec_driver_sql(sql)
    assert [row.who for row in control.operations()] == ["admin"]


@pytest.mark.parametrize(
    "detail",
    [
        {"password": "x"}, {"newSecret": "x"}, {"user": {"phone": "x"}}, {"rows": [{"csrf_token": 1}]},
        {"e_mail": 1, "email": 2},
        {"note": "x" * 5_000},
    ],
    ids=lambda detail: next(iter(detail)),
)  # fmt: skip
def test_what_the_operation_log_refuses(control: Control, detail: dict) -> None:
    with pytest.raises(DataError):
        control.record(who="admin", verb="create", object="user", detail=detail)
    assert control.operations() == []


def test_jobs(control: Control) -> None:
    job = ImportJob(id="j1", source="orders.csv", preset="taobao-order", file_hash="ab", started_ms=1)
    control.save_job(job)
    done = ImportJob(
        id="j1", source="orders.csv", preset="taobao-order", file_hash="ab", state="done", rows=3, accepted=2, parked=1,
        started_ms=1, ended_ms=2,
    )  # fmt: skip
    control.save_job(done)
    control.save_job(ImportJob(id="j2", source="b.csv", preset="p", file_hash="cd", started_ms=5))
    assert [row.id for row in control.jobs()] == ["j2", "j1"]
    assert control.job("j1") == done
    assert [row.id for row in control.jobs(state="done")] == ["j1"]
    with pytest.raises(NotFound):
        control.job("nope")


def test_roles_and_scopes_name_known_verbs() -> None:
    assert {verb for role in ROLES.values() for verb in role.verbs} == set(VERBS)
    assert set(SCOPE_VERBS) == set(SCOPES)
    assert SCOPE_VERBS["read"] == {"view"}
    assert not SCOPE_VERBS["client"] | SCOPE_VERBS["server"]
    assert ROLES["wall"].verbs == ("view",)
    assert "reveal" not in ROLES["engineer"].verbs
    assert all(role.zh and role.en for role in ROLES.values())


def test_every_error_of_control_says_what_and_mend(control: Control) -> None:
    with pytest.raises(GuanxiError) as caught:
        control.create_key("root")
    assert caught.value.what
    assert caught.value.mend


@pytest.mark.parametrize("role", ROLES.values(), ids=lambda role: role.name)
def test_the_page_on_security_shows_each_role_as_it_is(role) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| {role.zh} {role.name} "))
    cells = [one.strip() for one in row.strip("|").split("|")[1:]]
    shown = {verb for verb, one in zip(VERBS, cells, strict=True) if one}
    assert shown == set(role.verbs)
