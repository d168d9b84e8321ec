"""What stands in the ledger, as people read it: pages of accounts and entries, flows of a unit, movements of people."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from guanxi.engines.control.database import Database
from guanxi.engines.control.ledger_rows import among, many, query, select_receipts
from guanxi.ledger import ISSUER, Entry, Moved, read_entry

MEMBER: Final = "member"  # the kind of account that people hold
GIVEN: Final = "given"  # the kind that counts rewards given; its cap is the stock
SPENT: Final = "spent"  # the kind into which goes what people used
DAY: Final = 86_400_000
CHINA: Final = 8 * 3_600_000


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """An account, what it holds, and what it stands for.

    what, name   "bank" and its unit, "limit" and its name, ...; "" = nobody named it
    person       reference of whose it is; "" = nobody's, or an erased person's
    next_ms      when the next dated amount expires; None = nothing is dated
    """

    number: int
    id: str
    unit: str
    kind: str
    floor: int
    cap: int | None
    balance: int
    held: int
    coming: int
    what: str
    name: str
    person: str
    subject: str
    next_ms: int | None


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of one account: moved is signed, balance is what it had after it."""

    entry: Entry
    moved: int
    held: int
    coming: int
    balance: int
    other: str
    other_kind: str
    other_what: str
    other_name: str


class LotRow(msgspec.Struct, frozen=True, kw_only=True):
    """A dated amount of an account: the entry by which it came, and what is left of it."""

    number: int
    at_ms: int
    expires_ms: int
    left: int


class UnitRow(msgspec.Struct, frozen=True, kw_only=True):
    """What all accounts of a unit hold together, issuers left out."""

    unit: str
    accounts: int
    balance: int
    held: int
    kinds: dict[str, int]


class FlowRow(msgspec.Struct, frozen=True, kw_only=True):
    """What came to people (or left them) on a day in China, by the kind of entry; day = its midnight."""

    day_ms: int
    kind: str
    came: int
    left: int
    entries: int


class HoldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of a reservation."""

    id: str
    giver: str
    taker: str
    unit: str
    amount: int
    until_ms: int
    state: str


class Accounting:
    """Reads the ledger's tables; names accounts. Safe for threads and for several processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, *, unit: str = "", kind: str = "", what: str = "", name: str = "", people: Collection[str] = (),
        after: int = 0, limit: int = 50,
    ) -> tuple[int, list[AccountRow]]:  # fmt: skip
        """Return how many accounts there are, and those numbered above `after`, in order of opening."""
        where, values = ["a.number > 0"], list[Any]()
        for column, value in (("a.unit", unit), ("a.kind", kind), ("n.what", what), ("n.name", name)):
            if value:
                where.append(f"{column} = ?")
                values.append(value)
        if people:
            where.append(f"n.person IN ({', '.join('?' * len(people))})")
            values += people
        chosen = " AND ".join(where)
        with self._database.read() as connection:
            join = "ledger_accounts a LEFT JOIN account_names n ON n.account = a.id"
            (total,) = next(query(connection, f"SELECT count(*) FROM {join} WHERE {chosen}", *values))
            found = query(
                connection, f"SELECT {_COLUMNS} FROM {join} WHERE {chosen} AND a.number > ? ORDER BY a.number LIMIT ?",
                *values, after, limit,
            )  # fmt: skip
            return total, [_account(row) for row in found]

    def tightest(self, *, limit: int = 6) -> list[AccountRow]:
        """Return accounts with a cap that are nobody's own, those that are used most first; what was given left out."""
        with self._database.read() as connection:
            return [_account(row) for row in query(connection, _TIGHTEST, limit)]

    def account(self, id: str) -> AccountRow | None:  # noqa: A002
        """Return one account; None when there is none."""
        with self._database.read() as connection:
            return next(iter(self.accounts_in(connection, [id])), None)

    def accounts_in(self, connection: Connection, ids: Sequence[str]) -> list[AccountRow]:
        """Return accounts by id, in order of opening; those that are not open are left out."""
        join = "ledger_accounts a LEFT JOIN account_names n ON n.account = a.id"
        found = [_account(row) for row in among(connection, f"SELECT {_COLUMNS} FROM {join} WHERE a.id IN", ids)]
        return sorted(found, key=lambda row: row.number)

    def of_people_in(self, connection: Connection, refs: Sequence[str], *, what: str) -> list[AccountRow]:
        """Return the accounts that bear one of these people's names, in order of opening."""
        named = "SELECT account, what FROM account_names WHERE person IN"
        return self.accounts_in(connection, [row[0] for row in among(connection, named, refs) if row[1] == what])

    def name_in(self, connection: Connection, rows: Iterable[tuple[str, str, str, str]]) -> None:
        """Say what accounts stand for: (account, what, name, person); one that has a name keeps it."""
        many(
            connection, "INSERT INTO account_names (account, what, name, person, subject) VALUES",
            [(*row, "{}") for row in rows], "ON CONFLICT (account) DO NOTHING",
        )  # fmt: skip

    def named_in(self, connection: Connection, ids: Sequence[str]) -> dict[str, str]:
        """Return account -> person, of those that have a name; "" for an erased person's."""
        return dict(among(connection, "SELECT account, person FROM account_names WHERE account IN", ids))

    def keys_in(self, connection: Connection, keys: Sequence[str]) -> dict[str, int]:
        """Return key -> number of its first entry, of the requests that were done."""
        return {key: made.first for key, (_, made) in select_receipts(connection, set(keys)).items()}

    def entries_at_in(self, connection: Connection, numbers: Sequence[int]) -> dict[int, Entry]:
        """Return number -> entry."""
        found = among(connection, "SELECT number, entry FROM ledger_entries WHERE number IN", numbers)
        return {row[0]: read_entry(bytes(row[1])) for row in found}

    def holds_in(self, connection: Connection, ids: Sequence[str]) -> dict[str, list[HoldRow]]:
        """Return the movements of reservations, by the id of the hold."""
        found: dict[str, list[HoldRow]] = {}
        for row in among(connection, f"SELECT {_HOLD}, place FROM ledger_holds WHERE id IN", ids, "ORDER BY place"):
            found.setdefault(row[0], []).append(_hold(row))
        return found

    def holds_of_in(self, connection: Connection, accounts: Sequence[str], *, limit: int = 1_000) -> list[str]:
        """Return ids of the reservations that give from or to accounts, the latest to lapse first."""
        found = among(connection, "SELECT DISTINCT id, until_ms FROM ledger_holds WHERE giver IN", accounts)
        return [row[0] for row in sorted(found, key=lambda row: -row[1])[:limit]]

    def entries(
        self, account: AccountRow, *, before: int | None = None, before_ms: int | None = None, limit: int = 50
    ) -> list[EntryRow]:
        """Return the newest entries of an account: those numbered below `before` and older than `before_ms`."""
        most = before if before is not None else 1 << 60
        until = before_ms if before_ms is not None else 1 << 60
        with self._database.read() as connection:
            found = list(query(connection, _ENTRIES, account.number, most, until, limit,
                               account.number, account.number, most, until, limit, limit))  # fmt: skip
            if not found:
                return []
            (balance,) = next(query(connection, _BALANCE, account.number, account.number, account.number,
                                    account.number, found[0][0]))  # fmt: skip
            numbers = {row[1 if row[1] != account.number else 2] for row in found}
            others = {row[0]: row for row in among(connection, _OTHERS, sorted(numbers))}
        rows = []
        for _, giver, taker, moved, held, entry in found:
            signed = moved * ((taker == account.number) - (giver == account.number))
            other = others.get(taker if giver == account.number else giver, (0, "", "", "", ""))
            rows.append(
                EntryRow(
                    entry=read_entry(bytes(entry)), moved=signed, held=held * (giver == account.number),
                    coming=held * (taker == account.number), balance=balance, other=other[1], other_kind=other[2],
                    other_what=other[3] or "", other_name=other[4] or "",
                )
            )  # fmt: skip
            balance -= signed
        return rows

    def lots(self, account: str, *, limit: int = 1_000) -> list[LotRow]:
        """Return the amounts of an account that are dated, the soonest so many."""
        with self._database.read() as connection:
            return [LotRow(number=n, at_ms=at, expires_ms=due, left=left)
                    for n, at, due, left in query(connection, _LOTS, account, limit)]  # fmt: skip

    def dated(self, account: str) -> int:
        """Return how much of an account is dated."""
        with self._database.read() as connection:
            (sum_,) = next(query(connection, "SELECT sum(remaining) FROM ledger_lots WHERE account = ?", account))
            return int(sum_ or 0)

    def units(self) -> list[UnitRow]:
        """Return what all accounts hold by unit."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        with self._database.read() as connection:
            for row in query(connection, _UNITS):
                found.setdefault(row[0], []).append(row)
        return [
            UnitRow(
                unit=unit, accounts=sum(row[2] for row in rows), kinds={row[1]: row[2] for row in rows},
                balance=sum(row[3] for row in rows if row[1] != ISSUER),
                held=sum(row[4] for row in rows if row[1] != ISSUER),
            )
            for unit, rows in sorted(found.items())
        ]  # fmt: skip

    def flows(self, unit: str, *, since_ms: int, until_ms: int) -> tuple[int, list[FlowRow]]:
        """Return what people held at `since_ms`, and what came to and left them until `until_ms`, by day and kind."""
        with self._database.read() as connection:
            (opening,) = next(query(connection, _OPENING, unit, since_ms))
            kind = _kind(connection)
            rows = query(connection, _FLOWS.format(kind=kind), unit, since_ms, until_ms)
            return int(opening or 0), [
                FlowRow(day_ms=int(day) * DAY - CHINA, kind=name, came=int(came), left=int(left), entries=count)
                for day, name, came, left, count in rows
            ]

    def moves(self, unit: str, *, before_ms: int) -> Iterator[Moved]:
        """Yield the movements of people's accounts of a unit before an instant, in order; dates where they stand."""
        with self._database.read() as connection:
            due = dict(query(connection, _DUE_DATES, unit))
            for number, at_ms, giver, giver_kind, taker, taker_kind, moved, entry in query(
                connection, _MOVES, unit, before_ms
            ):
                words = read_entry(bytes(entry))
                date = due.get(number)
                if giver_kind == MEMBER:
                    yield Moved(giver, number, at_ms, -moved, words.kind, False, words.transfer)
                if taker_kind == MEMBER:
                    issued = giver_kind == ISSUER
                    yield Moved(taker, number, at_ms, moved, words.kind, issued, words.transfer, date)

    def ledger_id(self) -> str:
        """Return the ledger's random id, which heads name."""
        with self._database.read() as connection:
            return str(next(query(connection, "SELECT ledger FROM ledger_ends WHERE id = 1"))[0])

    def held(self, unit: str, *, before_ms: int) -> int:
        """Return what was reserved of people's accounts of a unit before an instant."""
        with self._database.read() as connection:
            (held,) = next(query(connection, _HELD, unit, before_ms))
            return int(held or 0)


def _kind(connection: Connection) -> str:
    """SQL for the kind of an entry."""
    if connection.dialect.name == "postgresql":
        return "(convert_from(e.entry, 'UTF8')::json ->> 2)"
    return "json_extract(CAST(e.entry AS TEXT), '$[2]')"


def _account(row: tuple[Any, ...]) -> AccountRow:
    names = AccountRow.__struct_fields__
    return AccountRow(**dict(zip(names, (*row[:9], *(word or "" for word in row[9:13]), row[13]), strict=True)))


def _hold(row: tuple[Any, ...]) -> HoldRow:
    return HoldRow(**dict(zip(HoldRow.__struct_fields__, row, strict=False)))


_COLUMNS: Final = (
    "a.number, a.id, a.unit, a.kind, a.floor, a.cap, a.balance, a.held, a.coming, n.what, n.name, n.person, n.subject, "
    "(SELECT min(l.expires_ms) FROM ledger_lots l WHERE l.account = a.id)"
)
_TIGHTEST: Final = (
    f"SELECT {_COLUMNS} FROM ledger_accounts a LEFT JOIN account_names n ON n.account = a.id WHERE a.cap > 0 "
    f"AND a.kind <> '{GIVEN}' AND coalesce(n.person, '') = '' AND a.balance + a.coming > 0 "
    "ORDER BY (a.balance + a.coming) * 1.0 / a.cap DESC, a.number LIMIT ?"
)
_HOLD: Final = "id, giver, taker, unit, amount, until_ms, state"
_SIDE: Final = (
    "SELECT * FROM (SELECT number, giver, taker, moved, held, entry FROM ledger_entries WHERE {side} "
    "AND number < ? AND at_ms < ? ORDER BY number DESC LIMIT ?) {name}"
)
_ENTRIES: Final = (
    f"{_SIDE.format(side='giver = ?', name='gave')} UNION ALL "
    f"{_SIDE.format(side='taker = ? AND giver <> ?', name='took')} ORDER BY 1 DESC LIMIT ?"
)
_BALANCE: Final = (
    "SELECT coalesce(sum(CASE WHEN taker = ? THEN moved ELSE 0 END), 0) "
    "- coalesce(sum(CASE WHEN giver = ? THEN moved ELSE 0 END), 0) "
    "FROM ledger_entries WHERE (giver = ? OR taker = ?) AND number <= ?"
)
_OTHERS: Final = (
    "SELECT a.number, a.id, a.kind, n.what, n.name FROM ledger_accounts a "
    "LEFT JOIN account_names n ON n.account = a.id WHERE a.number IN"
)
_LOTS: Final = (
    "SELECT l.number, e.at_ms, l.expires_ms, l.remaining FROM ledger_lots l JOIN ledger_entries e "
    "ON e.number = l.number WHERE l.account = ? ORDER BY l.expires_ms, l.number LIMIT ?"
)
_UNITS: Final = "SELECT unit, kind, count(*), sum(balance), sum(held) FROM ledger_accounts GROUP BY unit, kind"
_PAIR: Final = (
    "ledger_entries e JOIN ledger_accounts g ON g.number = e.giver JOIN ledger_accounts t ON t.number = e.taker"
)
_OUTSIDE: Final = f"IN ('{ISSUER}', '{SPENT}')"
_SIGN: Final = f"CASE WHEN g.kind {_OUTSIDE} THEN 1 ELSE 0 END - CASE WHEN t.kind {_OUTSIDE} THEN 1 ELSE 0 END"
_OPENING: Final = f"SELECT sum(e.moved * ({_SIGN})) FROM {_PAIR} WHERE g.unit = ? AND e.at_ms < ? AND e.moved > 0"
_FLOWS: Final = (
    f"SELECT (e.at_ms + {CHINA}) / {DAY} AS day, {{kind}} AS kind, sum(CASE WHEN {_SIGN} > 0 THEN e.moved ELSE 0 END), "
    f"sum(CASE WHEN {_SIGN} < 0 THEN e.moved ELSE 0 END), count(*) FROM {_PAIR} "
    f"WHERE g.unit = ? AND e.at_ms >= ? AND e.at_ms < ? AND e.moved > 0 AND ({_SIGN}) <> 0 GROUP BY 1, 2 ORDER BY 1, 2"
)
_MOVES: Final = (
    f"SELECT e.number, e.at_ms, e.giver, g.kind, e.taker, t.kind, e.moved, e.entry FROM {_PAIR} "
    f"WHERE g.unit = ? AND e.at_ms < ? AND e.moved > 0 AND (g.kind = '{MEMBER}' OR t.kind = '{MEMBER}') "
    "ORDER BY e.number"
)
_DUE_DATES: Final = (
    "SELECT l.number, l.expires_ms FROM ledger_lots l JOIN ledger_accounts a ON a.id = l.account WHERE a.unit = ?"
)
_HELD: Final = (
    "SELECT sum(e.held) FROM ledger_entries e JOIN ledger_accounts g ON g.number = e.giver "
    f"WHERE g.unit = ? AND g.kind = '{MEMBER}' AND e.at_ms < ? AND e.held <> 0"
)
