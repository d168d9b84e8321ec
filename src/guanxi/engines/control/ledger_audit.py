"""The audit of a stored ledger: everything that stands is counted again from the entries."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from guanxi.core import DataError
from guanxi.engines.control.ledger_rows import mark_of, open_book, purse_of
from guanxi.engines.control.ledger_tables import (
    ledger_accounts,
    ledger_ends,
    ledger_entries,
    ledger_holds,
    ledger_keys,
    ledger_lots,
    ledger_nodes,
)
from guanxi.ledger import (
    GENESIS,
    HOLD_KINDS,
    LARGEST,
    LIMIT,
    NODE_LEVEL,
    Break,
    Edge,
    Entry,
    Purse,
    chain_hash,
    leaf_hash,
    read_limits,
)


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted.

    entries         read and hashed again
    imbalance       units that do not sum to zero, and accounts that are not what their entries give
    overdraft       accounts that an entry took beyond a limit that they had then; those that were opened before limits
                    were entries are judged from their first change of limits on
    limits          accounts whose limits are not those of their last entry about them
    double_settle   holds whose entries give more or less than was held, or twice
    keys            requests whose receipt names entries that are not theirs
    lots            accounts whose dated amounts exceed the balance
    nodes           stored nodes of the tree that are not what the entries give, or are missing
    broken          the first entry that is not what was chained; size, when the ends do not fit; None = sound
    """

    entries: int
    imbalance: int
    overdraft: int
    double_settle: int
    keys: int
    lots: int
    limits: int
    nodes: int
    broken: Break | None

    @property
    def is_sound(self) -> bool:
        """Whether everything that stands is what the entries give, and the entries are what was chained."""
        return self.broken is None and not any(getattr(self, name) for name in _FAULTS)


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
    wrong_nodes = counted.wrong_nodes(connection)
    ends = (book.size, book.chain, book.edge.root()) == (counted.size, counted.chain, counted.edge.root())
    return Audit(
        entries=counted.size,
        imbalance=counted.imbalance(),
        overdraft=len(counted.beyond),
        limits=counted.wrong_limits(),
        nodes=wrong_nodes,
        double_settle=counted.wrong_holds(held),
        keys=sum(
            counted.by_key.get(key, (0, 0)) != (first, count) or mark != mark_of(key)
            for key, mark, first, count in connection.execute(select(keys.id, keys.mark, keys.first, keys.entries))
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
        self.limits: dict[str, tuple[int, int]] = {}  # floor and cap, as of the entry at hand
        self.beyond: set[str] = set()
        self.reserved: defaultdict[str, int] = defaultdict(int)
        self.ended: defaultdict[str, int] = defaultdict(int)
        self.by_key: dict[str, tuple[int, int]] = {}  # first entry and how many
        self.nodes: dict[tuple[int, int], bytes] = {}

    def read(self, rows: Iterable[Any]) -> None:
        """Take in the stored entries, in order, with the stored hashes."""
        leaves: list[bytes] = []
        for row, stored in rows:
            line = bytes(row)
            self.chain = chain_hash(self.chain, line)
            if self.broken is None and (self.chain != bytes(stored) or not line.startswith(b"[%d," % self.size)):
                self.broken = Break(number=self.size, what="the entry or its stored hash was changed")
                self.chain = bytes(stored)
            leaves.append(leaf_hash(line))
            if len(leaves) == _BATCH:
                self._grow(leaves)
            self.size += 1
            try:
                self._add(_DECODER.decode(line))
            except (msgspec.MsgspecError, DataError):
                self.broken = self.broken or Break(number=self.size - 1, what="the entry cannot be read")
        self._grow(leaves)

    def _grow(self, leaves: list[bytes]) -> None:
        self.nodes.update(((level, place), made) for level, place, made in self.edge.grow(leaves, level=NODE_LEVEL))
        leaves.clear()

    def _add(self, entry: Entry) -> None:
        if entry.kind == LIMIT:
            floor, cap = read_limits(entry.transfer, entry.key)
            self.limits[entry.giver] = floor, LARGEST if cap is None else cap
            return
        giver, taker, amount = self.sums[entry.giver], self.sums[entry.taker], entry.amount
        moved = amount if entry.kind not in HOLD_KINDS or entry.kind == "settle" else 0
        held = (amount if entry.kind == "reserve" else -amount) if entry.kind in HOLD_KINDS else 0
        if entry.kind == "reserve":
            self.reserved[entry.transfer] += amount
        elif entry.kind in HOLD_KINDS:
            self.ended[entry.transfer] += amount
        giver[0] -= moved
        giver[1] += held
        taker[0] += moved
        taker[2] += held
        if moved + held > 0:  # less is available to the giver, and there is less room at the taker
            floor, _ = self.limits.get(entry.giver, _NONE)
            _, cap = self.limits.get(entry.taker, _NONE)
            if giver[0] - giver[1] < floor:
                self.beyond.add(entry.giver)
            if taker[0] + taker[2] > cap:
                self.beyond.add(entry.taker)
        if entry.kind not in ("expire", "lapse"):
            first, count = self.by_key.get(entry.key, (entry.number, 0))
            self.by_key[entry.key] = (first, count + 1)

    def wrong_limits(self) -> int:
        """Accounts whose limits are not those of their last entry about them."""
        limits = {
            account: (purse.account.floor, LARGEST if purse.account.cap is None else purse.account.cap)
            for account, purse in self.stored.items()
        }
        return sum(limits.get(account) != then for account, then in self.limits.items())

    def wrong_nodes(self, connection: Connection) -> int:
        """Nodes that are stored otherwise than the entries give them, and those that are missing or too many."""
        (done,) = connection.scalars(select(ledger_ends.c.nodes)).all()
        missing = {(level, place) for level, place in self.nodes if (place + 1) << level <= done}
        wrong = 0
        nodes = ledger_nodes.c
        for level, place, stored in connection.execute(select(nodes.level, nodes.place, nodes.hash)):
            missing.discard((level, place))
            wrong += self.nodes.get((level, place)) != bytes(stored)
        return wrong + len(missing)

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
_FAULTS: Final = ("imbalance", "overdraft", "double_settle", "keys", "lots", "limits", "nodes")
_NONE: Final = (-LARGEST, LARGEST)
_BATCH: Final = 4096  # leaves that are hashed into the tree together
_DECODER: Final = msgspec.json.Decoder(Entry)
