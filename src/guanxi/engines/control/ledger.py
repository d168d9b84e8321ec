"""The ledger in the control database: the law of `guanxi.ledger.Book`, durable and shared by processes.

A group of requests is one transaction: what they touch is read into a Book, the Book judges them, what changed is
written, with the chain and the tree's right edge. One writer at a time, so two deciders never see the same last yuan.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace
from sqlalchemy import Connection, insert, select

from guanxi.core import DataError, GuanxiError
from guanxi.engines.control.database import Database
from guanxi.engines.control.ledger_audit import Audit, audit
from guanxi.engines.control.ledger_nodes import fill_nodes, node_ends, node_reader, read_rows
from guanxi.engines.control.ledger_rows import (
    Kept,
    among,
    load_accounts,
    load_book,
    load_to_open,
    open_book,
    query,
    save_book,
    select_accounts,
)
from guanxi.engines.control.ledger_tables import ledger_accounts, ledger_ends, ledger_heads
from guanxi.ledger import (
    Account,
    Book,
    Consistency,
    Entry,
    Head,
    Inclusion,
    Node,
    Purse,
    Receipt,
    Request,
    SignedHead,
    Standing,
    inclusion_path,
    prove_consistency,
    read_entry,
    read_limits,
    root_at,
    sign_head,
)


class LedgerStore:
    """The ledger of one workspace; safe for threads and for several processes.

    source   `guanxi.ledger.Ledger` says what each method does
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: Kept | None = None

    def open(self, account: Account, *, now_ms: int = 0) -> Standing:
        """Open an account, empty; the same again changes nothing."""
        return self.open_many([account], now_ms=now_ms)[0]

    def open_many(self, wanted: Iterable[Account], *, now_ms: int = 0) -> list[Standing]:
        """Open accounts in one transaction: all of them, or none when one is refused."""
        with self._write() as connection:
            asked = list(wanted)
            book = load_to_open(connection, asked, self._take())
            opened = book.open_many(asked, now_ms=now_ms)
            self._save(connection, book)
            return opened

    def ensure_in(self, connection: Connection, accounts: Iterable[Account], *, now_ms: int) -> None:
        """Open what is missing, inside the caller's transaction, and change the limits of what has others.

        raises   Refused when an id belongs to an account of another unit or kind
        """
        self._database.alone(connection, "ledger")
        asked = list(accounts)
        book = load_to_open(connection, asked, self._take())
        book.ensure(asked, now_ms=now_ms)
        self._save(connection, book)

    def limit(self, account: str, *, floor: int, cap: int | None, now_ms: int = 0) -> Standing:
        """Change an account's limits; what stands stays."""
        with self._write() as connection:
            book = open_book(connection, self._take())
            load_accounts(connection, book, [account])
            changed = book.limit(account, floor=floor, cap=cap, now_ms=now_ms)
            self._save(connection, book)
            return changed

    def standing(self, account: str, *, before_ms: int | None = None) -> Standing:
        """What an account holds now, or held before an instant under the limits of then."""
        with self._database.read() as connection:
            purse = _purse(connection, account)
            if before_ms is None:
                return purse.standing()
            flows: list[tuple[int, int]] = []
            for side in ("giver", "taker"):
                sums = f"SELECT coalesce(sum(moved), 0), coalesce(sum(held), 0) FROM ledger_entries WHERE {side} = ?"
                flows += query(connection, f"{sums} AND at_ms < ?", purse.number, before_ms)
            (went, held), (came, coming) = flows
            then = purse.account
            for words in _limits(connection, purse.number, before_ms):
                floor, cap = read_limits(words.transfer, words.key)
                then = replace(then, floor=floor, cap=cap)
        return Standing(account=then, balance=int(came - went), held=int(held), coming=int(coming))

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
        book = load_book(connection, asked, now_ms=now_ms, kept=self._take())
        outcomes = book.post_many(asked, now_ms=now_ms)
        self._save(connection, book)
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
                found = query(connection, _ROWS, low, min(low + _READ, stop))
            yield from ((bytes(entry), bytes(chain)) for entry, chain in found)

    def inclusion(self, number: int, size: int | None = None) -> Inclusion:
        """Proof that an entry stands in the ledger of `size` entries; None = as it is now.

        raises   DataError when the ledger has not so many entries, or no such entry then
        """
        with self._proofs(size) as (connection, node, count):
            path = tuple(word.hex() for word in inclusion_path(node, number, count))
            return Inclusion(count, read_entry(read_rows(connection, number, number + 1)[0]), path)

    def consistency(self, old: int, new: int | None = None) -> Consistency:
        """Proof that the ledger of `new` entries, None = as it is now, begins with that of `old`."""
        with self._proofs(new) as (_, node, count):
            return prove_consistency(node, old, new=count)

    def root(self, size: int | None = None) -> bytes:
        """Root of the tree of the first `size` entries; None = as it is now."""
        with self._proofs(size) as (_, node, count):
            return root_at(node, count)

    @contextmanager
    def _proofs(self, size: int | None) -> Iterator[tuple[Connection, Node, int]]:
        """What reads the tree's nodes in one snapshot, after those that are not stored yet were."""
        while True:
            with self._database.read() as connection:
                done, now = node_ends(connection)
                if done == now:
                    count = now if size is None else size
                    if not 0 <= count <= now:
                        raise DataError(f"the ledger has {now} entries, not {count}", f"Ask for at most {now}")
                    yield connection, node_reader(connection), count
                    return
            with self._write() as connection:
                fill_nodes(connection)

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

    def _take(self) -> Kept | None:
        """The accounts that were kept; they are kept again once what follows was written."""
        kept, self._kept = self._kept, None
        return kept

    def _save(self, connection: Connection, book: Book) -> None:
        save_book(connection, book)
        self._kept = Kept(book.chain, book.purses)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """A writing transaction in which no other process posts."""
        with self._database.write() as connection:
            self._database.alone(connection, "ledger")
            yield connection


def _read_head(line: bytes) -> SignedHead:
    return msgspec.json.decode(bytes(line), type=SignedHead)


def _limits(connection: Connection, number: int, before_ms: int) -> Iterator[Entry]:
    """The entry that gave an account the limits of an instant, or else its first one; none for one without any."""
    mine = "SELECT entry FROM ledger_entries WHERE giver = ? AND giver = taker"
    found = [
        *query(connection, f"{mine} AND at_ms < ? ORDER BY number DESC LIMIT 1", number, before_ms),
        *query(connection, f"{mine} ORDER BY number LIMIT 1", number),
    ]
    return (read_entry(bytes(row[0])) for row in found[:1])


def _purse(connection: Connection, account: str) -> Purse:
    for purse in select_accounts(connection, [account]):
        return purse
    return Book().purse(account)  # which has none


_ACCOUNTS: Final = ledger_accounts.c
_JSON: Final = msgspec.json.Encoder()
_READ: Final = 20_000  # entries read at once
_SWEPT: Final = 2_000  # accounts in one transaction of a sweep
_ROWS: Final = "SELECT entry, chain FROM ledger_entries WHERE number >= ? AND number < ? ORDER BY number"
_DUE: Final = (
    "SELECT l.account FROM ledger_lots l JOIN ledger_accounts a ON a.id = l.account WHERE l.expires_ms <= ? "
    "GROUP BY l.account, a.held HAVING sum(l.remaining) > a.held LIMIT ?"
)
