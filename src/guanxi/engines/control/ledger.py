"""The ledger in the control database: the law of `guanxi.ledger.Book`, durable and shared by processes.

A group of requests is one transaction: what they touch is read into a Book, the Book judges them, what changed is
written, with the chain and the tree's right edge. One writer at a time, so two deciders never see the same last yuan.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace
from sqlalchemy import Connection, func, insert, select, update

from guanxi.core import GuanxiError
from guanxi.engines.control.database import Database
from guanxi.engines.control.ledger_audit import Audit, audit
from guanxi.engines.control.ledger_rows import (
    among,
    execute,
    load_accounts,
    load_book,
    many,
    open_book,
    query,
    save_book,
    select_accounts,
)
from guanxi.engines.control.ledger_tables import ledger_accounts, ledger_ends, ledger_entries, ledger_heads
from guanxi.ledger import (
    Account,
    Book,
    Head,
    Purse,
    Receipt,
    Request,
    SignedHead,
    Standing,
    check_same,
    sign_head,
)


class LedgerStore:
    """The ledger of one workspace; safe for threads and for several processes.

    source   `guanxi.ledger.Ledger` says what each method does
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, account: Account) -> Standing:
        """Open an account, empty; the same again changes nothing."""
        return self.open_many([account])[0]

    def open_many(self, wanted: Iterable[Account]) -> list[Standing]:
        """Open accounts in one transaction: all of them, or none when one is refused."""
        with self._write() as connection:
            asked = list(wanted)
            book = self._open_in(connection, asked)
            for account in asked:
                check_same(book.purses[account.id].account, account)
            return [book.purses[account.id].standing() for account in asked]

    def ensure_in(self, connection: Connection, accounts: Iterable[Account], *, now_ms: int) -> None:
        """Open what is missing, inside the caller's transaction, and change the limits of what has others.

        raises   Refused when an id belongs to an account of another unit or kind
        """
        asked = {account.id: account for account in accounts}
        book = self._open_in(connection, asked.values())
        changed = []
        for account in asked.values():
            purse = book.purses[account.id]
            check_same(replace(purse.account, floor=account.floor, cap=account.cap), account)
            if purse.account != account:
                changed.append((account.floor, account.cap, purse.number))
        execute(connection, "UPDATE ledger_accounts SET floor = ?, cap = ? WHERE number = ?", changed)

    def _open_in(self, connection: Connection, asked: Collection[Account]) -> Book:
        """A book of these accounts, in which those that are missing were opened."""
        self._database.alone(connection, "ledger")
        book = Book()
        load_accounts(connection, book, [account.id for account in asked])
        missing = [account for account in asked if account.id not in book.purses]
        if missing:
            last = connection.scalars(select(func.coalesce(func.max(_ACCOUNTS.number), 0))).one()
            for account in missing:
                if account.id not in book.purses:
                    last += 1
                    book.purses[account.id] = Purse(last, account)
            new = [(book.purses[account.id].number, account) for account in missing]
            many(
                connection,
                "INSERT INTO ledger_accounts (number, id, unit, kind, floor, cap, balance, held, coming) VALUES",
                [
                    (number, one.id, one.unit, one.kind, one.floor, one.cap, 0, 0, 0)
                    for number, one in dict(new).items()
                ],
            )
        return book

    def limit(self, account: str, *, floor: int, cap: int | None) -> Standing:
        """Change an account's limits; what stands stays."""
        with self._write() as connection:
            purse = _purse(connection, account)
            purse.account = replace(purse.account, floor=floor, cap=cap)
            connection.execute(
                update(ledger_accounts).where(_ACCOUNTS.number == purse.number).values(floor=floor, cap=cap)
            )
            return purse.standing()

    def standing(self, account: str, *, before_ms: int | None = None) -> Standing:
        """What an account holds now, or held before an instant (limits as of now)."""
        with self._database.read() as connection:
            purse = _purse(connection, account)
            if before_ms is None:
                return purse.standing()
            flows = []
            for side in (_ENTRIES.giver, _ENTRIES.taker):
                sums = select(func.coalesce(func.sum(_ENTRIES.moved), 0), func.coalesce(func.sum(_ENTRIES.held), 0))
                wanted = sums.where(side == purse.number, _ENTRIES.at_ms < before_ms)
                flows.append(connection.execute(wanted).one())
        (went, held), (came, coming) = flows
        return Standing(account=purse.account, balance=int(came - went), held=int(held), coming=int(coming))

    def standings_in(self, connection: Connection, ids: Sequence[str]) -> dict[str, Standing]:
        """What accounts hold now, by id; those that are not open are left out."""
        return {purse.account.id: purse.standing() for purse in select_accounts(connection, ids)}

    def next_ms_in(self, connection: Connection, ids: Sequence[str]) -> dict[str, int]:
        """When the next dated amount of an account expires, by id; those without one are left out."""
        soonest = "SELECT account, min(expires_ms) FROM ledger_lots WHERE account IN"
        return dict(among(connection, soonest, ids, "GROUP BY account"))

    def standings(self, *, after: int = 0, limit: int = 1_000) -> list[tuple[int, Standing]]:
        """Accounts in order of opening, those numbered above `after`, with their numbers."""
        with self._database.read() as connection:
            above = select(_ACCOUNTS.id).where(_ACCOUNTS.number > after).order_by(_ACCOUNTS.number).limit(limit)
            purses = list(select_accounts(connection, list(connection.scalars(above))))
        return [(purse.number, purse.standing()) for purse in sorted(purses, key=lambda purse: purse.number)]

    def post(self, request: Request, *, now_ms: int) -> Receipt:
        """Do one request; raises what refused it."""
        outcome = self.post_many([request], now_ms=now_ms)[0]
        if isinstance(outcome, GuanxiError):
            raise outcome
        return outcome

    def post_many(self, requests: Iterable[Request], *, now_ms: int) -> list[Receipt | GuanxiError]:
        """Do each request on its own, all in one durable transaction: its receipt, or what refused it."""
        with self._write() as connection:
            return self.post_in(connection, requests, now_ms=now_ms)

    def post_in(
        self, connection: Connection, requests: Iterable[Request], *, now_ms: int
    ) -> list[Receipt | GuanxiError]:
        """Do requests inside the caller's transaction, begun by `Database.write`: they stand or fall with it."""
        self._database.alone(connection, "ledger")
        asked = list(requests)
        book = load_book(connection, asked, now_ms=now_ms)
        outcomes = book.post_many(asked, now_ms=now_ms)
        save_book(connection, book)
        return outcomes

    def expire(self, *, now_ms: int) -> int:
        """Let lapse and expire all whose time has come, some thousand accounts in a transaction."""
        written = 0
        while True:
            with self._write() as connection:
                book = load_book(connection, [], now_ms=now_ms)
                due = query(connection, _DUE, max(book.clock_ms, now_ms), _SWEPT)
                load_accounts(connection, book, [row[0] for row in due])
                made = book.expire(now_ms=now_ms)
                save_book(connection, book)
            written += made
            if not made:
                return written

    def size(self) -> int:
        """Entries so far."""
        with self._database.read() as connection:
            return open_book(connection).size

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Canonical bytes of the entries from `start` to before `stop`, and the stored hash of the chain after each."""
        stop = self.size() if stop is None else stop
        for low in range(start, stop, _READ):
            with self._database.read() as connection:
                here = _ENTRIES.number.between(low, min(low + _READ, stop) - 1)
                found = connection.execute(select(_ENTRIES.entry, _ENTRIES.chain).where(here).order_by(_ENTRIES.number))
                rows = [(bytes(entry), bytes(chain)) for entry, chain in found]
            yield from rows

    def sign(self, key: Ed25519PrivateKey, *, now_ms: int) -> SignedHead:
        """Sign the ledger as it stands, and keep the head."""
        with self._write() as connection:
            book = open_book(connection)
            ledger = connection.scalars(select(ledger_ends.c.ledger)).one()
            words = {"root": book.edge.root().hex(), "chain": book.chain.hex()}
            last = connection.scalars(
                select(ledger_heads.c.line).order_by(ledger_heads.c.number.desc()).limit(1)
            ).one_or_none()
            before_ms = 0 if last is None else _read_head(last).head.at_ms  # no head is older than the one before
            head = Head(ledger=ledger, size=book.size, at_ms=max(now_ms, book.clock_ms, before_ms), **words)
            signed = sign_head(head, key)
            connection.execute(insert(ledger_heads).values(size=book.size, line=_JSON.encode(signed)))
            return signed

    def heads(self) -> list[SignedHead]:
        """Every head that was signed, oldest first."""
        with self._database.read() as connection:
            lines = connection.scalars(select(ledger_heads.c.line).order_by(ledger_heads.c.number))
            return [_read_head(line) for line in lines]

    def audit(self) -> Audit:
        """Count everything again from the entries, in one snapshot; reads the whole ledger."""
        with self._database.read() as connection:
            return audit(connection)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """A writing transaction in which no other process posts."""
        with self._database.write() as connection:
            self._database.alone(connection, "ledger")
            yield connection


def _read_head(line: bytes) -> SignedHead:
    return msgspec.json.decode(bytes(line), type=SignedHead)


def _purse(connection: Connection, account: str) -> Purse:
    for purse in select_accounts(connection, [account]):
        return purse
    return Book().purse(account)  # which has none


_ACCOUNTS: Final = ledger_accounts.c
_ENTRIES: Final = ledger_entries.c
_JSON: Final = msgspec.json.Encoder()
_READ: Final = 20_000  # entries read at once
_SWEPT: Final = 2_000  # accounts in one transaction of a sweep
_DUE: Final = (
    "SELECT l.account FROM ledger_lots l JOIN ledger_accounts a ON a.id = l.account WHERE l.expires_ms <= ? "
    "GROUP BY l.account, a.held HAVING sum(l.remaining) > a.held LIMIT ?"
)
