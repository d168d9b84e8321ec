"""The tables of what goes on by itself: journeys, schedules, and how far readers of the log have come."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, text

from guanxi.engines.control.tables import metadata

_OPEN: Final = "state = 'open'"
_AHEAD: Final = "todo <> ''"

journeys: Final = Table(
    "journeys",
    metadata,
    Column("journey", String(64), primary_key=True),
    Column("party", String(1024), primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),  # 1 = the first time
    Column("version", Integer, nullable=False),
    Column("step", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # open, done, left, failed
    Column("due_ms", BigInteger, nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    Column("moved_ms", BigInteger, nullable=False),
    Column("moves", Integer, nullable=False),
    Column("data", Text, nullable=False),  # JSON
    Column("todo", String(64), nullable=False),  # policy that is to decide about them where they came; "" = done
    Index("ix_journeys_due", "journey", "due_ms", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
    Index("ix_journeys_party", "party"),
    Index("ix_journeys_todo", "journey", "todo", sqlite_where=text(_AHEAD), postgresql_where=text(_AHEAD)),
)

schedules: Final = Table(
    "schedules",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("rule", String(64), nullable=False),  # cron of China time
    Column("enabled", Integer, nullable=False),
    Column("slot_ms", BigInteger),  # instant of the rule that it ran for last
    Column("next_ms", BigInteger, nullable=False),
    Column("fails", Integer, nullable=False),  # since it last succeeded
    Column("begun_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("outcome", String(240), nullable=False),
)

#: How far somebody who follows the log has read, written with what it did.
followers: Final = Table(
    "followers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
