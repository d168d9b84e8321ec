"""The tables of what touches the world: outbox, attempts, receipts, approvals, and what the log must still hear of."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, text

from guanxi.engines.control.tables import Counter, metadata

_OPEN: Final = "state IN ('ready', 'sending')"
_PARKED: Final = "problem <> ''"
_ALIVE: Final = "state IN ('waiting', 'ready', 'sending')"

outbox: Final = Table(
    "outbox",
    metadata,
    Column("number", Counter, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),  # the action's id: the idempotency key
    Column("decision", String(32), nullable=False, index=True),  # "" = a notice to operators
    Column("run", String(32), nullable=False),
    Column("party", String(1024), nullable=False),  # "" = none; after an erasure too
    Column("kind", String(32), nullable=False),  # message, coupon, notice
    Column("channel", String(32), nullable=False),
    Column("sender", String(64), nullable=False),  # name of the sender; "" = that of the channel
    Column("body", Text, nullable=False),  # JSON: params as decided; addresses are looked up in the vault when sending
    Column("state", String(16), nullable=False),
    Column("dry", Integer, nullable=False),  # 1 = written to the dry-run file, never sent
    Column("approval", String(32), nullable=False),  # "" = needs none
    Column("hold", String(64), nullable=False),  # reservation to settle or release; "" = none
    Column("not_before_ms", BigInteger, nullable=False),
    Column("not_after_ms", BigInteger, nullable=False),  # later it is not sent any more
    Column("next_ms", BigInteger, nullable=False),  # next attempt
    Column("lease_ms", BigInteger, nullable=False),  # until when an attempt belongs to whoever took it; 0 = nobody
    Column("attempts", Integer, nullable=False),
    Column("earlier", Integer, nullable=False),  # attempts before a person last asked for another round of them
    Column("uncertain", Integer, nullable=False),  # 1 = an attempt may have acted and never said so
    Column("stopped", Integer, nullable=False),  # 1 = taken back during an attempt: there is no other one
    Column("made_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),  # sent, or given up
    Column("error", String(32), nullable=False),  # kind of the last error; "" = none
    Column("error_text", String(480), nullable=False),
    Column("receipt", String(128), nullable=False),  # the sender's id for it
    Index("ix_outbox_due", "next_ms", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
    Index("ix_outbox_ends", "not_after_ms", sqlite_where=text(_ALIVE), postgresql_where=text(_ALIVE)),
    Index("ix_outbox_state_number", "state", "number"),
    Index("ix_outbox_run_number", "run", "number"),
    Index("ix_outbox_approval", "approval"),
    Index("ix_outbox_party_number", "party", "number"),
    sqlite_autoincrement=True,
)

outbox_attempts: Final = Table(
    "outbox_attempts",
    metadata,
    Column("action", String(32), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),  # 1, 2, ...
    Column("begun_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),  # None = never heard of again
    Column("outcome", String(32), nullable=False),
    Column("detail", String(480), nullable=False),
)

receipts: Final = Table(
    "receipts",
    metadata,
    Column("id", String(32), primary_key=True),  # derived from action and state: each state is heard of once
    Column("action", String(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("detail", String(480), nullable=False),
    Column("heard_ms", BigInteger, nullable=False),
    Column("event", String(32), nullable=False),  # of the log that tells of it; "" = none does
    Column("problem", String(16), nullable=False),  # why it counts for nothing: unknown, unsent; "" = it counts
    Index("ix_receipts_action", "action", "state", "problem"),  # all that is counted
    Index("ix_receipts_parked", "heard_ms", sqlite_where=text(_PARKED), postgresql_where=text(_PARKED)),
)

#: Events that control made and the log must have: written with what they tell of, taken away when the log has them.
relay: Final = Table(
    "relay",
    metadata,
    Column("number", Counter, primary_key=True, autoincrement=True),
    Column("event", String(32), nullable=False, unique=True),  # its deterministic id
    Column("body", Text, nullable=False),  # the event as JSON
)

approvals: Final = Table(
    "approvals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(32), nullable=False),  # run, ...
    Column("object", String(64), nullable=False, index=True),  # id of the run
    Column("title_zh", String(240), nullable=False),
    Column("title_en", String(240), nullable=False),
    Column("detail", Text, nullable=False),  # JSON: ApprovalDetail
    Column("who", String(128), nullable=False),  # who proposed it, and may not approve it
    Column("asked_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),  # then it lapses
    Column("people", Integer, nullable=False),
    Column("cost", BigInteger, nullable=False),  # fen
    Column("needs", Integer, nullable=False),  # people who must approve: 1, or 2 above a threshold
    Column("state", String(16), nullable=False),  # open, approved, refused, withdrawn, lapsed, undone
    Column("ended_ms", BigInteger),
    Column("ended_by", String(128), nullable=False),
    Column("reason", String(240), nullable=False),
    Index("ix_approvals_state_asked_ms", "state", "asked_ms"),
)

#: Only added to.
approval_votes: Final = Table(
    "approval_votes",
    metadata,
    Column("approval", String(32), primary_key=True),
    Column("who", String(128), primary_key=True),
    Column("content", String(32), primary_key=True),  # what they saw: a vote on something else counts for nothing
    Column("ballot", String(16), nullable=False),  # approve, refuse
    Column("reason", String(240), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
