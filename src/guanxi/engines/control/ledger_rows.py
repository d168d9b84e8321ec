"""The part of the ledger that a group of requests touches, read into a Book and written back in bulk.

The statements are plain SQL in the driver's own form, run with many rows at once: measured, the wrapping of each row
by an expression language would cost more than the ledger's law.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from msgspec.structs import astuple
from sqlalchemy import Connection

from guanxi.ledger import (
    GENESIS,
    HASH_BYTES,
    Account,
    Book,
    Edge,
    Hold,
    Lot,
    Move,
    Purse,
    Receipt,
    Request,
    Reserve,
    Settle,
    Touched,
    Transfer,
)


@dataclass(frozen=True, slots=True)
class Kept:
    """Accounts as they stood where the chain had this end, so that the next group need not read them.

    Whatever changes an account is an entry. So they are true exactly while the stored chain ends in that hash: not
    when another process has written since, nor when what was written with them was rolled back.
    """

    chain: bytes = GENESIS
    purses: dict[str, Purse] = field(default_factory=dict)


def load_book(connection: Connection, requests: Sequence[Request], *, now_ms: int, kept: Kept | None = None) -> Book:
    """A Book of all that these requests, and the holds that lapse by now, can touch."""
    book = open_book(connection, kept)
    wanted = {request.hold for request in requests if not isinstance(request, Transfer | Reserve)}
    _load_holds(connection, book, wanted, max(book.clock_ms, now_ms))
    accounts = {
        account
        for one in (*requests, *book.holds.values())
        if not isinstance(one, Settle) and hasattr(one, "moves")
        for move in one.moves
        for account in (move.giver, move.taker)
    }
    load_accounts(connection, book, accounts)
    book.receipts.update(select_receipts(connection, {request.key for request in requests}))
    return book


def load_to_open(connection: Connection, accounts: Sequence[Account], kept: Kept | None = None) -> Book:
    """A Book of these accounts, in which those that are missing can be opened."""
    book = open_book(connection, kept)
    load_accounts(connection, book, [account.id for account in accounts])
    (book.opened,) = next(query(connection, "SELECT coalesce(max(number), 0) FROM ledger_accounts"))
    return book


def open_book(connection: Connection, kept: Kept | None = None) -> Book:
    """A Book with the ends of the chain and the tree, and the accounts that were kept, while they are true."""
    size, chain, edge, clock_ms = connection.exec_driver_sql(
        "SELECT size, chain, edge, clock_ms FROM ledger_ends WHERE id = 1"
    ).one()
    words = [bytes(edge[at : at + HASH_BYTES]) for at in range(0, len(edge), HASH_BYTES)]
    purses = kept.purses if kept is not None and kept.chain == chain and len(kept.purses) < _KEPT else None
    return Book(size=size, chain=bytes(chain), edge=Edge(size, words), clock_ms=clock_ms, purses=purses)


def load_accounts(connection: Connection, book: Book, accounts: Iterable[str]) -> None:
    """Put accounts, their dated amounts, and the issuers of those into the book; unknown ones are left out."""
    new = sorted(set(accounts) - book.purses.keys())
    for purse in select_accounts(connection, new):
        book.purses[purse.account.id] = purse
    (dated,) = next(query(connection, "SELECT count(*) FROM (SELECT 1 FROM ledger_lots LIMIT 1) one"))
    lots = list(among(connection, f"SELECT {_LOT} FROM ledger_lots WHERE account IN", new if dated else []))
    for number, account, expires_ms, remaining, issuer, transfer in lots:
        book.purses[account].lots.append(Lot(number, account, expires_ms, remaining, issuer, transfer))
    for account in {row[1] for row in lots}:
        book.purses[account].lots.sort()
    issuers = {row[4] for row in lots} - book.purses.keys()
    if issuers:
        load_accounts(connection, book, issuers)


def purse_of(row: tuple[Any, ...]) -> Purse:
    """An account's row as it stands, without its dated amounts."""
    number, id_, unit, kind, floor, cap, balance, held, coming = row
    return Purse(number, _account(id_, unit, kind, floor, cap), balance, held, coming)


def select_accounts(connection: Connection, accounts: Sequence[str]) -> Iterator[Purse]:
    """Accounts without their dated amounts; unknown ones are left out."""
    rows = among(connection, f"SELECT {_ACCOUNT} FROM ledger_accounts WHERE id IN", accounts)
    return (purse_of(row) for row in rows)


def select_receipts(connection: Connection, keys: Collection[str]) -> dict[str, tuple[bytes, Receipt]]:
    """Requests that were done, by key: hash of the content, and the receipt."""
    fields, marks = "id, content, first, entries, at_ms", sorted(mark_of(key) for key in keys)
    return {
        key: (bytes(content), Receipt(key=key, first=first, entries=entries, at_ms=at_ms))
        for key, content, first, entries, at_ms in among(
            connection, f"SELECT {fields} FROM ledger_keys WHERE mark IN", marks
        )
        if key in keys
    }


def mark_of(key: str) -> int:
    """The number by which a key is found; several keys may share one."""
    return int(key[-15:], 16)


def save_book(connection: Connection, book: Book) -> None:
    """Write down what the book's last call changed: nothing, when it wrote no entry."""
    touched, lines = book.touched, book.lines
    if not lines:
        return
    many(
        connection,
        "INSERT INTO ledger_entries (number, at_ms, giver, taker, moved, held, entry, chain) VALUES",
        [(*line, chain) for line, chain in zip(lines, book.hashes, strict=True)],
    )
    _save_accounts(connection, touched)
    receipts = ((key, *book.receipts[key]) for key in touched.keys)
    many(
        connection,
        "INSERT INTO ledger_keys (first, mark, id, content, entries, at_ms) VALUES",
        [(made.first, mark_of(key), key, content, made.entries, made.at_ms) for key, content, made in receipts],
    )
    holds = [
        (hold.id, place, move.giver, move.taker, move.unit, move.amount, hold.until_ms, hold.state, move.expires_ms)
        for hold in touched.reserved.values()
        for place, move in enumerate(hold.moves)
    ]
    many(connection, f"INSERT INTO ledger_holds ({_HOLD}) VALUES", holds)
    ended = [(hold.state, hold.id) for hold in touched.holds.values() if hold.id not in touched.reserved]
    execute(connection, "UPDATE ledger_holds SET state = ? WHERE id = ?", ended)
    many(
        connection,
        f"INSERT INTO ledger_lots ({_LOT}) VALUES",
        [
            (lot.number, lot.account, lot.expires_ms, lot.left, lot.issuer, lot.transfer)
            for lot in touched.lots.values()
            if lot.left
        ],
        "ON CONFLICT (number) DO UPDATE SET remaining = excluded.remaining",
    )
    gone = [(lot.number,) for lot in touched.lots.values() if not lot.left]
    execute(connection, "DELETE FROM ledger_lots WHERE number = ?", gone)
    save_nodes(connection, book.nodes)
    before = book.size - len(lines)
    ends = (book.size, book.chain, b"".join(book.edge.hashes), book.clock_ms, before, book.size)
    execute(connection, _SAVE_ENDS, [ends])


def save_nodes(connection: Connection, nodes: list[tuple[int, int, bytes]]) -> None:
    """Store whole subtrees; those that are stored stay."""
    many(connection, "INSERT INTO ledger_nodes (level, place, hash) VALUES", nodes, "ON CONFLICT DO NOTHING")


def _save_accounts(connection: Connection, touched: Touched) -> None:
    many(
        connection,
        f"INSERT INTO ledger_accounts ({_ACCOUNT}) VALUES",
        [(one.number, *astuple(one.account), one.balance, one.held, one.coming) for one in touched.opened.values()],
    )
    execute(
        connection,
        "UPDATE ledger_accounts SET floor = ?, cap = ? WHERE number = ?",
        [
            (purse.account.floor, purse.account.cap, purse.number)
            for account, purse in touched.limited.items()
            if account not in touched.opened
        ],
    )
    execute(
        connection,
        "UPDATE ledger_accounts SET balance = ?, held = ?, coming = ? WHERE number = ?",
        [
            (purse.balance, purse.held, purse.coming, purse.number)
            for purse in sorted(touched.purses.values(), key=lambda purse: purse.number)  # page by page
            if purse.account.id not in touched.limited
        ],
    )


def execute(connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """Run a statement with ? marks once for each row."""
    if rows:
        connection.exec_driver_sql(_marked(connection, statement), rows)


def many(connection: Connection, insert: str, rows: list[tuple[Any, ...]], conflict: str = "") -> None:
    """Run `INSERT ... VALUES` once for each row."""
    if rows:
        execute(connection, f"{insert} ({', '.join('?' * len(rows[0]))}) {conflict}", rows)


def among(
    connection: Connection, statement: str, ids: Sequence[str | int], after: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Rows of a statement that ends in `IN`, for any number of ids; `after` follows each list of them."""
    for at in range(0, len(ids), _AT_ONCE):
        some = ids[at : at + _AT_ONCE]
        yield from query(connection, f"{statement} ({','.join('?' * len(some))}) {after}", *some)


def query(connection: Connection, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of a statement with ? marks."""
    rows: Any = connection.exec_driver_sql(_marked(connection, statement), values).fetchall()
    return iter(rows)


@lru_cache(maxsize=65_536)
def _account(id_: str, unit: str, kind: str, floor: int, cap: int | None) -> Account:
    """The account of these words, which is checked when it is made: once while it stays as it is."""
    return Account(id=id_, unit=unit, kind=kind, floor=floor, cap=cap)


def _load_holds(connection: Connection, book: Book, wanted: set[str], now_ms: int) -> None:
    due = query(connection, "SELECT id FROM ledger_holds WHERE state = 'open' AND until_ms <= ?", now_ms)
    ids = sorted(wanted | {row[0] for row in due})
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in among(connection, f"SELECT {_HOLD} FROM ledger_holds WHERE id IN", ids):
        found.setdefault(row[0], []).append(row)
    for id_, rows in found.items():
        rows.sort(key=lambda row: row[1])
        moves = tuple(Move(row[2], row[3], row[4], row[5], row[8]) for row in rows)
        book.keep_hold(Hold(id_, moves, rows[0][6], rows[0][7]))


def _marked(connection: Connection, statement: str) -> str:
    return statement if connection.dialect.name == "sqlite" else statement.replace("?", "%s")


_KEPT: Final = 50_000  # accounts in memory, some 20 MB
_AT_ONCE: Final = 5_000  # values in one statement; SQLite takes 32,766
_SAVE_ENDS: Final = (
    "UPDATE ledger_ends SET size = ?, chain = ?, edge = ?, clock_ms = ?, "
    "nodes = CASE WHEN nodes = ? THEN ? ELSE nodes END WHERE id = 1"
)
_ACCOUNT: Final = "number, id, unit, kind, floor, cap, balance, held, coming"
_LOT: Final = "number, account, expires_ms, remaining, issuer, transfer"
_HOLD: Final = "id, place, giver, taker, unit, amount, until_ms, state, expires_ms"
