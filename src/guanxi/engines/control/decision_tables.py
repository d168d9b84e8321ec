"""The tables of limits, policies, runs and decisions."""

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from guanxi.engines.control.tables import Counter, metadata

#: Every version of every limit, oldest first; the newest of a name holds. Only added to.
limits: Final = Table(
    "limits",
    metadata,
    Column("number", Counter, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False, index=True),
    Column("row", Text, nullable=False),  # the Limit as JSON; "" = taken away
    Column("since_ms", BigInteger, nullable=False),
    Column("who", String(128), nullable=False),
    Column("reason", String(240), nullable=False),
)

#: What an account of the ledger stands for; the subject goes when its person is erased, the account stays.
account_names: Final = Table(
    "account_names",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("what", String(16), nullable=False),  # limit, source, bank, ...
    Column("name", String(64), nullable=False),  # of the limit, of the bank's unit
    Column("person", String(1024), nullable=False),  # reference that names the person; "" = none, or erased
    Column("subject", Text, nullable=False),  # JSON: the other dimensions
    Index("ix_account_names_what_name", "what", "name"),
    Index("ix_account_names_person", "person"),
)

#: Every text of every policy that ever decided.
policies: Final = Table(
    "policies",
    metadata,
    Column("hash", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("who", String(128), nullable=False),
    UniqueConstraint("name", "version"),
)

#: One deciding about many people.
runs: Final = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("policy", String(64), nullable=False, index=True),
    Column("hash", String(32), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("state", String(16), nullable=False),  # deciding, waiting, sending, done, refused, withdrawn, failed
    Column("audience", String(240), nullable=False),
    Column("who", String(128), nullable=False),
    Column("known", BigInteger, nullable=False),
    Column("begun_ms", BigInteger, nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),  # when what is chosen is to happen
    Column("ended_ms", BigInteger),
    Column("send", Integer, nullable=False),  # 1 = for real; 0 = dry run
    Column("counts", Text, nullable=False),  # JSON: people, acting, holdout, refused by what, cost, ...
)

decisions: Final = Table(
    "decisions",
    metadata,
    Column("number", Counter, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("run", String(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("policy", String(64), nullable=False),  # name
    Column("party", String(1024), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("arm", String(16), nullable=False),
    Column("chosen", String(512), nullable=False),  # ids, comma-joined
    Column("propensity", Float, nullable=False),
    Column("acts", Integer, nullable=False),  # 1 = something but NOTHING was chosen
    Column("batch", BigInteger, nullable=False),
    Column("salt", LargeBinary, nullable=False),  # 16 bytes: without it the leaf tells nothing of the record
    Column("leaf", LargeBinary, nullable=False),  # leaf_hash(salt + record): stays when the person is erased
    Column("record", LargeBinary, nullable=False),  # record_bytes; of erased people empty
    Column("hold", String(64), nullable=False),  # reservation in the ledger; "" = none
    Index("ix_decisions_party_number", "party", "number"),
    Index("ix_decisions_policy_number", "policy", "number"),
    Index("ix_decisions_run_number", "run", "number"),
    Index("ix_decisions_mode_number", "mode", "number"),
    Index("ix_decisions_batch", "batch"),
    sqlite_autoincrement=True,
)

#: What refused candidates of a decision: to find decisions by the limit, the rule or the purpose.
decision_refusals: Final = Table(
    "decision_refusals",
    metadata,
    Column("decision", BigInteger, primary_key=True, autoincrement=False),  # its number
    Column("by", String(16), primary_key=True),
    Column("name", String(64), primary_key=True),
    Index("ix_decision_refusals_by_name_decision", "by", "name", "decision"),
    sqlite_with_rowid=False,
)

#: Decisions that were written together: the root of the Merkle tree over their salted records is the key of an entry.
decision_batches: Final = Table(
    "decision_batches",
    metadata,
    Column("number", Counter, primary_key=True, autoincrement=True),
    Column("root", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("first", BigInteger, nullable=False),  # number of the first decision
    Column("key", String(64), nullable=False),  # of the ledger's entry
    Column("at_ms", BigInteger, nullable=False),
)
