"""A control database whose clock is moved by hand, with passwords hashed at their cheapest."""

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import URL, create_engine, make_url

from guanxi.engines.control import (
    Control,
)
from guanxi.engines.control.database import Database

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # argon2id at its cheapest
PASSWORD = "correct horse battery"


class Clock:
    def __init__(self) -> None:
        self.ms = 1_767_225_600_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def control(tmp_path: Path, clock: Clock) -> Iterator[Control]:
    opened = Control.open(tmp_path, now=clock, hasher=QUICK)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A Postgres of these tests, with a database of our schema as the template of others."""
    pgserver = pytest.importorskip("pgserver", reason="no Postgres here: pgserver is not installed")
    pytest.importorskip("psycopg", reason="no Postgres here: psycopg is not installed")
    try:
        server = pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:  # the folder's path is too long, or its owner
        pytest.skip(f"no Postgres here: it does not start, {error}")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    _run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", "CREATE DATABASE made")
    Database(_text(url.set(database="made"))).close()
    yield url
    server.cleanup()


@pytest.fixture
def on_postgres(postgres: URL) -> Iterator[Database]:
    """A new database there."""
    name = f"db{secrets.token_hex(6)}"
    _run(postgres, f"CREATE DATABASE {name} TEMPLATE made")
    opened = Database(_text(postgres.set(database=name)))
    yield opened
    opened.close()


def _run(url: URL, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
