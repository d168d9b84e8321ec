"""The audit of a stored ledger: everything that stands is counted again from the entries."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from guanxi.engines.control.ledger_rows import open_book, purse_of
from guanxi.engines.control.ledger_tables import (
    ledger_accounts,
    ledger_entries,
    ledger_holds,
    ledger_keys,
    ledger_lots,
)
from guanxi.ledger import GENESIS, HOLD_KINDS, Break, Edge, Entry, Purse, chain_hash, leaf_hash


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted.

    entries         read and hashed again
    imbalance       units that do not sum to zero, and accounts that are not what their entries give
    overdraft       accounts that stand below today's floor, or that an entry took there; limits are no entries, so an
                    account whose floor was raised since counts too, and such a ledger may be sound
    double_settle   holds whose entries give more or less than was held, or twice
    keys            requests whose receipt names entries that are not theirs
    lots            accounts whose dated amounts exceed the balance
    broken          the first entry that is not what was chained; size, when the ends do not fit; None = sound
    """

    entries: int
    imbalance: int
    overdraft: int
    double_settle: int
    keys: int
    lots: int
    broken: Break | None

    @property
    def is_sound(self) -> bool:
        """Whether everything that stands is what the entries give, and the entries are what was chained."""
        return self.broken is None and not any((self.imbalance, self.double_settle, self.keys, self.lots))


def audit(connection: Connection) -> Audit:
    """Read every entry and compare what it gives with what stands; inside one snapshot."""
    accounts = ledger_accounts.c
    stored = [purse_of(tuple(row)) for row in connection.execute(select(*(accounts[name] for name in _ACCOUNT)))]
    counted = _Count({purse.account.id: purse for purse in stored})
    entries = ledger_entries.c
    query = select(entries.entry, entries.chain).order_by(entries.number)
    counted.read(connection.execution_options(yield_per=10_000).execute(query))
    holds = ledger_holds.c
    held = connection.execute(select(holds.id, holds.amount, holds.state)).all()
    lots: defaultdict[str, int] = defaultdict(int)
    for account, remaining in connection.execute(select(ledger_lots.c.account, ledger_lots.c.remaining)):
        lots[account] += remaining
    keys = ledger_keys.c
    book = open_book(connection)
    ends = (book.size, book.chain, book.edge.root()) == (counted.size, counted.chain, counted.edge.root())
    return Audit(
        entries=counted.size,
        imbalance=counted.imbalance(),
        overdraft=len(counted.below | {one.account.id for one in stored if one.available < 0}),
        double_settle=counted.wrong_holds(held),
        keys=sum(
            counted.by_key.get(key, (0, 0)) != (first, count)
            for key, first, count in connection.execute(select(keys.id, keys.first, keys.entries))
        ),
        lots=sum(amount > max(counted.stored[account].balance, 0) for account, amount in lots.items()),
        broken=counted.broken or (None if ends else Break(number=counted.size, what="the stored ends do not fit")),
    )


class _Count:
    """Sums over the entries."""

    def __init__(self, stored: dict[str, Purse]) -> None:
        self.stored = stored
        self.size, self.chain, self.edge = 0, GENESIS, Edge()
        self.broken: Break | None = None
        self.sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])  # balance, held, coming
        self.below: set[str] = set()
        self.reserved: defaultdict[str, int] = defaultdict(int)
        self.ended: defaultdict[str, int] = defaultdict(int)
        self.by_key: dict[str, tuple[int, int]] = {}  # first entry and how many

    def read(self, rows: Iterable[Any]) -> None:
        """Take in the stored entries, in order, with the stored hashes."""
        for row, stored in rows:
            line = bytes(row)
            self.chain = chain_hash(self.chain, line)
            if self.broken is None and (self.chain != bytes(stored) or not line.startswith(b"[%d," % self.size)):
                self.broken = Break(number=self.size, what="the entry or its stored hash was changed")
                self.chain = bytes(stored)
            self.edge.append(leaf_hash(line))
            self.size += 1
            try:
                self._add(_DECODER.decode(line))
            except msgspec.MsgspecError:
                self.broken = self.broken or Break(number=self.size - 1, what="the entry cannot be read")

    def _add(self, entry: Entry) -> None:
        giver, taker, amount = self.sums[entry.giver], self.sums[entry.taker], entry.amount
        if entry.kind == "reserve":
            self.reserved[entry.transfer] += amount
        elif entry.kind in HOLD_KINDS:
            self.ended[entry.transfer] += amount
        if entry.kind in HOLD_KINDS:
            change = amount if entry.kind == "reserve" else -amount
            giver[1] += change
            taker[2] += change
        if entry.kind not in HOLD_KINDS or entry.kind == "settle":
            giver[0] -= amount
            taker[0] += amount
        purse = self.stored.get(entry.giver)
        if purse is not None and giver[0] - giver[1] < purse.account.floor and entry.kind not in ("release", "lapse"):
            self.below.add(entry.giver)
        if entry.kind not in ("expire", "lapse"):
            first, count = self.by_key.get(entry.key, (entry.number, 0))
            self.by_key[entry.key] = (first, count + 1)

    def imbalance(self) -> int:
        """Units that do not sum to zero, accounts that differ, and accounts of entries that do not exist."""
        units: defaultdict[str, int] = defaultdict(int)
        wrong = len(self.sums.keys() - self.stored.keys())
        for account, purse in self.stored.items():
            units[purse.account.unit] += purse.balance
            wrong += self.sums[account] != [purse.balance, purse.held, purse.coming]
        return wrong + sum(total != 0 for total in units.values())

    def wrong_holds(self, rows: Iterable[Any]) -> int:
        """Holds whose entries do not give what was held: once when they have ended, nothing while open."""
        amounts: defaultdict[str, int] = defaultdict(int)
        states = {}
        for hold, amount, state in rows:
            amounts[hold] += amount
            states[hold] = state
        ends = {hold: 0 if states[hold] == "open" else amount for hold, amount in amounts.items()}
        unknown = (self.reserved.keys() | self.ended.keys()) - ends.keys()
        return len(unknown) + sum(
            self.reserved[hold] != amounts[hold] or self.ended[hold] != ends[hold] for hold in ends
        )


_ACCOUNT: Final = ("number", "id", "unit", "kind", "floor", "cap", "balance", "held", "coming")
_DECODER: Final = msgspec.json.Decoder(Entry)
