"""The tables of the control database, in types that SQLite and Postgres share."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table

#: Constraint names are fixed, so that a migration can name what it changes on every database.
metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite counts up only in a column that is exactly INTEGER PRIMARY KEY.
Counter: Final = BigInteger().with_variant(Integer, "sqlite")

users: Final = Table(
    "users",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False, unique=True),  # folded to lower case
    Column("password_hash", String(255), nullable=False),  # argon2id, encoded with its parameters
    Column("roles", JSON, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("disabled_ms", BigInteger),
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # SHA-256 of the cookie's value
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False, index=True),
)

login_failures: Final = Table(
    "login_failures",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("name_hash", String(64), nullable=False),
    Column("ip", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("ix_login_failures_ip_at_ms", "ip", "at_ms"),
    Index("ix_login_failures_name_hash_at_ms", "name_hash", "at_ms"),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("secret_hash", String(64), nullable=False, unique=True),  # SHA-256: the secrets are long and random
    Column("prefix", String(16), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("label", String(128), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("used_ms", BigInteger),
    sqlite_autoincrement=True,  # events name their source by this number: it is never used twice
)

operation_log: Final = Table(
    "operation_log",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("who", String(128), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("object", String(255), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("ip", String(64), nullable=False),
    sqlite_autoincrement=True,  # a number is never used twice
)

import_jobs: Final = Table(
    "import_jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("source", String(512), nullable=False),
    Column("preset", String(64), nullable=False),
    Column("file_hash", String(64), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("parked", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("problem", String(1024), nullable=False),
)

appearances: Final = Table(
    "appearances",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("colours", String(16), nullable=False),
    Column("density", String(16), nullable=False),
    Column("language", String(8), nullable=False),
    Column("theme", String(16), nullable=False),
    Column("shortcuts", Boolean, nullable=False),
    Column("tour_ms", BigInteger),
    Column("changed_ms", BigInteger, nullable=False),
)

notes: Final = Table(
    "notes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("day", String(10), nullable=False, index=True),
    Column("text", String(240), nullable=False),
    Column("platform", String(64), nullable=False),
    Column("who", String(128), nullable=False),
    Column("written_ms", BigInteger, nullable=False),
)
