"""Decisions in the control database: each with its reservation, its outbox row and its event, or not at all.

What is written together is a batch: the root of the Merkle tree over its salted records is the key of one entry of
the ledger, so whoever holds a record, its salt and its path can show that it was decided so, and then.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, text, update

from guanxi.actions import Outgoing
from guanxi.core import DataError, GuanxiError, NotFound
from guanxi.decisions import Limit, Record, Room, account_of, decision_event, read_record, record_bytes
from guanxi.engines.control.database import Database
from guanxi.engines.control.decision_tables import (
    account_names,
    decision_batches,
    decision_refusals,
    decisions,
)
from guanxi.engines.control.ledger import LedgerStore
from guanxi.engines.control.outbox import OutboxStore
from guanxi.engines.control.relay import Relay
from guanxi.ledger import (
    ISSUER,
    LARGEST,
    Account,
    Move,
    Reserve,
    Transfer,
    Tree,
    leaf_hash,
    opaque_id,
    verify_inclusion,
)

SALT_BYTES: Final = 16
UNIT: Final = "decisions"  # of the entry that stands for a batch
_IN: Final = 900  # values of one IN (...)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One decision to be written.

    moves     what it reserves of the limits that it uses, until `until_ms`; () = nothing
    outgoing  what is to be sent; None = nothing
    accounts  the accounts of these limits, opened or brought to their caps first
    named     account -> (limit, person, the other dimensions)
    """

    record: Record
    moves: tuple[Move, ...] = ()
    until_ms: int = 0
    outgoing: Outgoing | None = None
    accounts: tuple[Account, ...] = ()
    named: dict[str, tuple[str, str, dict[str, str]]] = {}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One decision as it is kept.

    number   place in the order of writing
    record   None = its person was erased
    leaf     hash of its salted record; batch, place, path, root: that it is part of what the ledger's entry `key` names
    hold     reservation in the ledger; "" = none
    """

    number: int
    id: str
    run: str
    at_ms: int
    policy: str
    party: str
    kind: str
    mode: str
    arm: str
    chosen: tuple[str, ...]
    propensity: float
    record: Record | None
    salt: str
    leaf: str
    batch: int
    place: int
    size: int
    path: tuple[str, ...]
    root: str
    key: str
    written_ms: int
    hold: str

    @property
    def is_proved(self) -> bool:
        """Whether its record, as it is kept, is the one that the batch's root was made from."""
        path = [bytes.fromhex(one) for one in self.path]
        leaf, root = bytes.fromhex(self.leaf), bytes.fromhex(self.root)
        return verify_inclusion(leaf, self.place, size=self.size, path=path, root=root)


class DecisionStore:
    """The part of the control database that keeps decisions."""

    def __init__(self, database: Database, ledger: LedgerStore, outbox: OutboxStore, relay: Relay) -> None:
        self._database, self._ledger, self._outbox, self._relay = database, ledger, outbox, relay

    def rooms(
        self, asked: Sequence[tuple[Limit, Mapping[str, str]]], *, secret: bytes, now_ms: int
    ) -> list[Room]:  # fmt: skip
        """Return what each limit leaves to a subject now; an account that nobody used is empty.

        secret   the workspace's, by which accounts are named
        """
        with self._database.read() as connection:
            return self.rooms_in(connection, asked, secret=secret, now_ms=now_ms)

    def rooms_in(
        self, connection: Connection, asked: Sequence[tuple[Limit, Mapping[str, str]]], *, secret: bytes, now_ms: int
    ) -> list[Room]:
        """Return the same as an open transaction sees it."""
        accounts = [account_of(limit, subject, secret=secret) for limit, subject in asked]
        found: dict[str, Any] = {}
        ids = list(dict.fromkeys(one.id for one in accounts))
        for start in range(0, len(ids), _IN):
            rows = connection.execute(_ROOMS, {"ids": ids[start : start + _IN], "now": now_ms})
            found |= {row.id: row for row in rows}
        rooms = []
        for (limit, subject), account in zip(asked, accounts, strict=True):
            row = found.get(account.id)
            rooms.append(Room(
                limit=limit.name, account=account.id, cap=limit.cap,
                used=int(row.balance) - int(row.due) if row else 0, reserved=int(row.coming) if row else 0,
                resets_ms=None if row is None or row.next is None else int(row.next),
                subject={one: subject[one] for one in limit.per if one != "person"},
            ))  # fmt: skip
        return rooms

    def commit_in(
        self, connection: Connection, made: Sequence[Made], *, now_ms: int, secret: bytes
    ) -> list[int]:  # fmt: skip
        """Write decisions with all that belongs to them, and return their numbers.

        raises   OverLimit when a reservation does not fit any more: the caller decides again; nothing is to be kept
        """
        if not made:
            return []
        self._ledger.ensure_in(connection, _accounts(made, secret), now_ms=now_ms)
        _name_accounts(connection, made)
        salts = [secrets.token_bytes(SALT_BYTES) for _ in made]
        rows = [record_bytes(one.record) for one in made]
        leaves = [leaf_hash(salt + row) for salt, row in zip(salts, rows, strict=True)]
        root = _root(leaves)
        holds = [opaque_id(secret, f"decision\x1f{one.record.decision.id}") if one.moves else "" for one in made]
        requests: list[Reserve | Transfer] = [
            Reserve(hold, one.moves, one.until_ms) for one, hold in zip(made, holds, strict=True) if hold
        ]
        source, log = _log_accounts(secret)
        batch = Transfer(root.hex(), (Move(source.id, log.id, UNIT, len(made)),), "decide")
        for outcome in self._ledger.post_in(connection, [*requests, batch], now_ms=now_ms):
            if isinstance(outcome, GuanxiError):
                raise outcome
        numbers = self._insert(connection, made, salts, rows, holds, root.hex(), now_ms)
        outgoing = [
            msgspec.structs.replace(one.outgoing, hold=hold)
            for one, hold in zip(made, holds, strict=True) if one.outgoing is not None
        ]  # fmt: skip
        self._outbox.put_in(connection, outgoing, now_ms=now_ms)
        self._relay.put_in(connection, [decision_event(one.record) for one in made])
        return numbers

    def kept(self, id: str) -> Kept:  # noqa: A002
        """Return one decision with the proof of its record.

        raises  NotFound
        """
        with self._database.read() as connection:
            row = connection.execute(select(decisions).where(decisions.c.id == id)).one_or_none()
            if row is None:
                raise NotFound(f"there is no decision {id[:40]!r}", "See `guanxi decide list`")
            batch = connection.execute(select(decision_batches).where(decision_batches.c.number == row.batch)).one()
            mates = connection.execute(
                select(decisions.c.number, decisions.c.leaf)
                .where(decisions.c.batch == row.batch).order_by(decisions.c.number)
            ).all()  # fmt: skip
        tree = Tree([bytes(one.leaf) for one in mates])
        place = [one.number for one in mates].index(row.number)
        record = read_record(bytes(row.record)) if row.record else None
        leaf = leaf_hash(bytes(row.salt) + bytes(row.record)) if record else bytes(row.leaf)
        return Kept(
            number=row.number, id=row.id, run=row.run, at_ms=row.at_ms, policy=row.policy, party=row.party,
            kind=row.kind, mode=row.mode, arm=row.arm, chosen=tuple(row.chosen.split(",")), propensity=row.propensity,
            record=record, salt=bytes(row.salt).hex(), leaf=leaf.hex(), batch=row.batch, place=place,
            size=batch.size, path=tuple(one.hex() for one in tree.inclusion(place)),
            root=batch.root, key=batch.key, written_ms=batch.at_ms, hold=row.hold,
        )  # fmt: skip

    def is_kept_in(self, connection: Connection, id: str) -> bool:  # noqa: A002
        """Whether a decision of this id is kept."""
        return connection.execute(select(decisions.c.number).where(decisions.c.id == id)).first() is not None

    def records(self, *, run: str = "", after: int = 0, limit: int = 1_000) -> list[tuple[int, Record]]:
        """Return records in order of writing, those numbered above `after`; those of erased people are left out."""
        kept = (decisions.c.number > after, decisions.c.record != b"")
        wanted = select(decisions.c.number, decisions.c.record).where(*kept)
        wanted = wanted.where(decisions.c.run == run) if run else wanted
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(decisions.c.number).limit(limit)).all()
        return [(row.number, read_record(bytes(row.record))) for row in rows]

    def forget_in(self, connection: Connection, people: Iterable[str]) -> int:
        """Take people out of what was decided: record, salt and reference go, the leaf stays; returns how many.

        What the ledger holds of them stays under opaque ids that nobody can tell any more.
        """
        refs = list(dict.fromkeys(people))
        gone = 0
        for start in range(0, len(refs), _IN):
            some = refs[start : start + _IN]
            done = connection.execute(
                update(decisions).where(decisions.c.party.in_(some)).values(party="", record=b"", salt=b"")
            )
            gone += done.rowcount
            connection.execute(
                update(account_names).where(account_names.c.person.in_(some)).values(person="", subject="{}")
            )
        return gone

    def _insert(
        self, connection: Connection, made: Sequence[Made], salts: list[bytes], rows: list[bytes], holds: list[str],
        root: str, now_ms: int,
    ) -> list[int]:  # fmt: skip
        last = connection.execute(_LAST).scalar_one()
        batch = connection.execute(
            insert(decision_batches)
            .values(root=root, size=len(made), first=last + 1, key=root, at_ms=now_ms)
            .returning(decision_batches.c.number)
        ).scalar_one()
        values, refused = [], []
        for number, (one, salt, row, hold) in enumerate(zip(made, salts, rows, holds, strict=True), last + 1):
            what = one.record.decision
            values.append({
                "number": number, "id": what.id, "run": one.record.run, "at_ms": what.at_ms, "policy": what.policy,
                "party": what.party, "kind": what.kind, "mode": what.mode, "arm": one.record.arm,
                "chosen": ",".join(what.chosen), "propensity": what.propensity, "acts": int(what.acts), "batch": batch,
                "salt": salt, "leaf": leaf_hash(salt + row), "record": row, "hold": hold,
            })  # fmt: skip
            refused += [{"decision": number, "by": by, "name": name} for by, name in _refusals(one.record)]
        connection.execute(insert(decisions), values)
        if refused:
            connection.execute(insert(decision_refusals), refused)
        return list(range(last + 1, last + 1 + len(made)))


def _refusals(record: Record) -> Iterator[tuple[str, str]]:
    yield from dict.fromkeys((why.by, why.name) for one in record.weighed for why in one.refusals)


def _accounts(made: Sequence[Made], secret: bytes) -> list[Account]:
    found = {one.id: one for each in made for one in each.accounts}
    return [*found.values(), *_log_accounts(secret)]


def _log_accounts(secret: bytes) -> tuple[Account, Account]:
    """The two accounts between which a batch of decisions is entered."""
    source = Account(id=opaque_id(secret, "decisions\x1fsource"), unit=UNIT, kind=ISSUER, floor=-LARGEST)
    return source, Account(id=opaque_id(secret, "decisions\x1flog"), unit=UNIT, kind="log")


def _name_accounts(connection: Connection, made: Sequence[Made]) -> None:
    named = {account: row for each in made for account, row in each.named.items()}
    ids = list(named)
    known: set[str] = set()
    for start in range(0, len(ids), _IN):
        some = account_names.c.account.in_(ids[start : start + _IN])
        known.update(connection.scalars(select(account_names.c.account).where(some)))
    fresh = [
        {
            "account": account, "what": "limit", "name": limit, "person": person,
            "subject": msgspec.json.encode(subject).decode(),
        }
        for account, (limit, person, subject) in named.items() if account not in known
    ]  # fmt: skip
    if fresh:
        connection.execute(insert(account_names), fresh)


def _root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        raise DataError("a batch holds no decision", "Write at least one")
    return Tree(leaves).root()


#: accounts as of now: what is due has left them, swept or not
_ROOMS: Final = text(
    "SELECT a.id, a.balance, a.coming,"
    " coalesce(sum(CASE WHEN l.expires_ms <= :now THEN l.remaining ELSE 0 END), 0) AS due,"
    " min(CASE WHEN l.expires_ms > :now THEN l.expires_ms END) AS next"
    " FROM ledger_accounts a LEFT JOIN ledger_lots l ON l.account = a.id WHERE a.id IN :ids"
    " GROUP BY a.id, a.balance, a.coming"
).bindparams(bindparam("ids", expanding=True))
_LAST: Final = text("SELECT coalesce(max(number), 0) FROM decisions")
