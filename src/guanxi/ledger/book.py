"""The book: what each request does to accounts, holds and dated amounts. It is the definition of the ledger.

All is in memory and nothing reads a clock. A store loads what a group of requests touches into a Book, lets it judge
them, and writes down what changed; so there is one law, however the rows are kept.

- A movement may take what is available: balance - held - floor. It may enter up to the cap, with what is expected.
- A reservation moves from available to held. Room at the taker is reserved with it, so a settlement meets no limit.
- A settlement moves what was used and gives back the rest; a release gives back all; a hold lapses at its instant.
- Dated amounts leave first, soonest first. What is held stands on the soonest ones and does not expire under a hold.
- A reservation may fix a date for what it will settle. Settled after that date, it is moved and expires at once.
- What has a unit that is not transferable moves from an issuer or to one, and between no other two accounts.
- The same key with the same content gives the first receipt again; with other content it is refused. A refusal is not
  remembered: the same request may succeed later.
- Opening an account and changing its limits are entries too, so limits of a past instant can be told.
- Limits that are changed bind what is asked from then on. Holds that stand stay, and can be settled.
- The clock never runs back: an instant before that of the latest entry counts as that one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final

from msgspec.structs import replace

from guanxi.core import DataError, GuanxiError, NotFound
from guanxi.ledger.accounts import (
    LIMIT,
    Account,
    HoldEnded,
    KeyUsed,
    Move,
    OverLimit,
    Receipt,
    Release,
    Request,
    Reserve,
    Settle,
    Standing,
    Transfer,
    check_instant,
    content_hash,
    limit_words,
    read_limits,
)
from guanxi.ledger.admission import BOUND, admit, check_bound, check_dated, check_same, told
from guanxi.ledger.chain import GENESIS, chain_hashes, read_entry
from guanxi.ledger.merkle import NODE_LEVEL, Edge, leaf_hashes
from guanxi.ledger.purses import Hold, HoldState, Line, Lot, Purse


@dataclass(slots=True)
class Touched:
    """What the last call changed: purses by account, lots by number, holds by id, and what is new."""

    purses: dict[str, Purse] = field(default_factory=dict)
    lots: dict[int, Lot] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    opened: dict[str, Purse] = field(default_factory=dict)
    reserved: dict[str, Hold] = field(default_factory=dict)
    limited: dict[str, Purse] = field(default_factory=dict)


class Book:
    """A ledger in memory.

    size, chain, edge   entries before the first one here, the hash of the chain after them, the tree's right edge
    clock_ms            instant of the latest entry
    purses, holds       as they stand
    receipts            by key: hash of the request's content, and the receipt
    opened              number of the account that was opened last
    lines, hashes       the entries written here, and the hash of the chain after each
    nodes               whole subtrees of `NODE_LEVEL` or more that became whole here: level, place, hash
    """

    def __init__(
        self,
        *,
        size: int = 0,
        chain: bytes = GENESIS,
        edge: Edge | None = None,
        clock_ms: int = 0,
        purses: dict[str, Purse] | None = None,
    ) -> None:
        self.size, self.chain, self.edge, self.clock_ms = size, chain, edge or Edge(), clock_ms
        self._now_ms = clock_ms
        self.purses: Final[dict[str, Purse]] = {} if purses is None else purses
        self.holds: Final[dict[str, Hold]] = {}
        self.receipts: Final[dict[str, tuple[bytes, Receipt]]] = {}
        self.lines: Final[list[Line]] = []
        self.hashes: Final[list[bytes]] = []
        self.nodes: Final[list[tuple[int, int, bytes]]] = []
        self.opened = 0
        self.touched = Touched()
        self._due: list[tuple[int, str]] = []  # open holds, a heap by the instant at which they lapse

    def open(self, account: Account, *, now_ms: int = 0) -> Standing:
        """Open an account, empty; the same again changes nothing.

        now_ms   0 = at the instant of the latest entry
        raises   Refused when the id belongs to an account of another unit or kind, or with other limits
        """
        return self.open_many([account], now_ms=now_ms)[0]

    def open_many(self, accounts: Sequence[Account], *, now_ms: int = 0) -> list[Standing]:
        """Open accounts: all of them, or none when one is refused."""
        seen: dict[str, Account] = {}
        for account in accounts:
            purse = self.purses.get(account.id)
            check_same(seen.setdefault(account.id, account) if purse is None else purse.account, account)
        return self.ensure(accounts, now_ms=now_ms)

    def ensure(self, accounts: Sequence[Account], *, now_ms: int = 0) -> list[Standing]:
        """Open what is missing, and change the limits of what has others.

        raises   Refused when an id belongs to an account of another unit or kind
        """
        seen: dict[str, Account] = {}
        for account in accounts:
            purse = self.purses.get(account.id)
            known = seen.setdefault(account.id, account) if purse is None else purse.account
            check_same(replace(known, floor=account.floor, cap=account.cap), account)
        self._start(now_ms)
        for account in accounts:
            purse = self.purses.get(account.id)
            if purse is None:
                self.opened += 1
                purse = self.purses[account.id] = self.touched.opened[account.id] = Purse(self.opened, account)
            elif purse.account == account:
                continue
            self._limit(purse, account)
        self._end()
        return [self.purses[account.id].standing() for account in accounts]

    def limit(self, account: str, *, floor: int, cap: int | None, now_ms: int = 0) -> Standing:
        """Change an account's limits. What lies inside and what is held stays; nothing that worsens it is admitted."""
        return self.ensure([replace(self.purse(account).account, floor=floor, cap=cap)], now_ms=now_ms)[0]

    def standing(self, account: str, *, before_ms: int | None = None) -> Standing:
        """What an account holds now, or held before an instant by the entries written until then.

        An account that was not open then is told with its first limits.
        raises   NotFound when there is no such account
        """
        purse = self.purse(account)
        if before_ms is None:
            return purse.standing()
        balance = held = coming = 0
        limits: tuple[int, int | None] | None = None
        for line in self.lines:
            if line.giver == line.taker == purse.number and (line.at_ms < before_ms or limits is None):
                entry = read_entry(line.row)
                limits = read_limits(entry.transfer, entry.key)
            if line.at_ms < before_ms:
                balance += line.moved * ((line.taker == purse.number) - (line.giver == purse.number))
                held += line.held * (line.giver == purse.number)
                coming += line.held * (line.taker == purse.number)
        floor, cap = limits or (purse.account.floor, purse.account.cap)
        then = replace(purse.account, floor=floor, cap=cap)
        return Standing(account=then, balance=balance, held=held, coming=coming)

    def post(self, request: Request, *, now_ms: int) -> Receipt:
        """Do one request and return its receipt; raises what refused it."""
        outcome = self.post_many([request], now_ms=now_ms)[0]
        if isinstance(outcome, GuanxiError):
            raise outcome
        return outcome

    def post_many(self, requests: Iterable[Request], *, now_ms: int) -> list[Receipt | GuanxiError]:
        """Do each request in turn, on its own: its receipt, or what refused it. A refusal undoes no other."""
        self._begin(now_ms)
        outcomes = [self._post(request) for request in requests]
        self._end()
        return outcomes

    def expire(self, *, now_ms: int) -> int:
        """Let lapse and expire all whose time has come; returns the number of entries written."""
        before = len(self.lines)
        self._begin(now_ms)
        for purse in list(self.purses.values()):
            self._expire(purse)
        self._end()
        return len(self.lines) - before

    def purse(self, account: str) -> Purse:
        """The account as it stands; raises NotFound."""
        purse = self.purses.get(account)
        if purse is None:
            raise NotFound(f"the ledger has no account {told(account)}", "Open it first, or see the list of accounts")
        return purse

    def keep_hold(self, hold: Hold) -> None:
        """Put in a hold as it stands."""
        self.holds[hold.id] = hold
        if hold.state == "open":
            heappush(self._due, (hold.until_ms, hold.id))

    def _start(self, now_ms: int) -> None:
        check_instant(now_ms, "now_ms")
        self._now_ms = max(self.clock_ms, now_ms)
        self.touched = Touched()

    def _begin(self, now_ms: int) -> None:
        self._start(now_ms)
        while self._due and self._due[0][0] <= self._now_ms:
            hold = self.holds[heappop(self._due)[1]]
            if hold.state == "open":
                self._end_hold(hold, "lapsed", "lapse", hold.id)

    def _end(self) -> None:
        rows = [line.row for line in self.lines[len(self.hashes) :]]
        if rows:
            self.hashes.extend(chain_hashes(rows, previous=self.chain))
            self.chain = self.hashes[-1]
            self.nodes.extend(self.edge.grow(leaf_hashes(rows), level=NODE_LEVEL))

    def _limit(self, purse: Purse, account: Account) -> None:
        """Give an account its limits."""
        purse.account = account
        self.touched.limited[account.id] = purse
        self._write(LIMIT, purse, purse, 0, 0, 0, *limit_words(account.floor, account.cap))

    def _post(self, request: Request) -> Receipt | GuanxiError:
        content = content_hash(request)
        known = self.receipts.get(request.key)
        if known is not None:
            if known[0] == content:
                return known[1]
            return KeyUsed(f"the key {request.key} belongs to another request", "Make a new key for each request")
        try:
            if isinstance(request, Transfer):
                first = self._transfer(request)
            elif isinstance(request, Reserve):
                first = self._reserve(request)
            else:
                first = self._finish(request)
        except GuanxiError as error:
            return error.with_traceback(None)
        receipt = Receipt(key=request.key, first=first, entries=self.size - first, at_ms=self._now_ms)
        self.receipts[request.key] = (content, receipt)
        self.touched.keys.append(request.key)
        if isinstance(request, Settle):
            for move in self.holds[request.hold].moves:
                if move.expires_ms is not None:
                    self._expire(self.purse(move.taker))
        return receipt

    def _transfer(self, request: Transfer) -> int:
        pairs = self._pairs(request.moves)
        admit(request.moves, pairs, reserve=False)
        first = self.size
        for move, (giver, taker) in zip(request.moves, pairs, strict=True):
            number = self._write(request.kind, giver, taker, move.amount, move.amount, 0, request.key, request.key)
            self._took(giver.take(move.amount, skip=giver.held))
            self._put(move, taker, move.amount, number, request.key)
        return first

    def _reserve(self, request: Reserve) -> int:
        if request.until_ms <= self._now_ms:
            raise DataError(
                f"the hold would lapse at {request.until_ms}, and it is {self._now_ms}",
                "Reserve for longer",
                "until_ms",
            )
        pairs = self._pairs(request.moves)
        admit(request.moves, pairs, reserve=True)
        first = self.size
        for move, (giver, taker) in zip(request.moves, pairs, strict=True):
            self._write("reserve", giver, taker, move.amount, 0, move.amount, request.key, request.key)
            giver.held += move.amount
            taker.coming += move.amount
        hold = Hold(request.key, request.moves, request.until_ms)
        self.keep_hold(hold)
        self.touched.holds[hold.id] = self.touched.reserved[hold.id] = hold
        return first

    def _finish(self, request: Settle | Release) -> int:
        hold = self.holds.get(request.hold)
        if hold is None:
            raise NotFound(f"the ledger has no hold {request.hold}", "Name the key of a reservation")
        if hold.state != "open":
            raise HoldEnded(
                f"the hold {hold.id} {_ENDED[hold.state]}", "Reserve again; what was settled is not moved twice", "hold"
            )
        first = self.size
        if isinstance(request, Release):
            self._end_hold(hold, "released", "release", request.key)
            return first
        used = tuple(move.amount for move in hold.moves) if request.amounts is None else request.amounts
        if len(used) != len(hold.moves) or any(
            not 0 <= one <= move.amount for one, move in zip(used, hold.moves, strict=True)
        ):
            held = ", ".join(str(move.amount) for move in hold.moves)
            raise OverLimit(
                f"the settlement uses {', '.join(map(str, used))} of a hold of {held}",
                "Settle at most what is held",
                "amounts",
            )
        self._end_hold(hold, "settled", "release", request.key, used=used)
        return first

    def _end_hold(
        self, hold: Hold, state: HoldState, kind: str, key: str, *, used: Sequence[int] | None = None
    ) -> None:
        """Move what was used of a hold and give back the rest."""
        hold.state = state
        self.touched.holds[hold.id] = hold
        for place, move in enumerate(hold.moves):
            giver, taker = self.purse(move.giver), self.purse(move.taker)
            settled = used[place] if used is not None else 0
            if settled:
                number = self._write("settle", giver, taker, settled, settled, -settled, hold.id, key)
                self._took(giver.take(settled, skip=0))
                self._put(move, taker, settled, number, hold.id)
            if move.amount > settled:
                self._write(kind, giver, taker, move.amount - settled, 0, settled - move.amount, hold.id, key)
            giver.held -= move.amount
            taker.coming -= move.amount

    def _put(self, move: Move, taker: Purse, amount: int, number: int, transfer: str) -> None:
        """Let an amount enter, as a dated one when the movement has a date."""
        if move.expires_ms is None:
            taker.balance += amount
        else:
            lot = Lot(number, move.taker, move.expires_ms, 0, move.giver, transfer)
            self._took(filter(None, [taker.put(amount, lot)]))

    def _expire(self, purse: Purse) -> None:
        """Send dated amounts whose time has come back to their issuers."""
        if purse.lots and purse.lots[0].expires_ms <= self._now_ms:
            for lot, amount in purse.due(self._now_ms):
                issuer = self.purse(lot.issuer)
                self._write("expire", purse, issuer, amount, amount, 0, lot.transfer, lot.transfer)
                purse.expire(lot, amount)
                issuer.balance += amount
                self._took([lot])

    def _pairs(self, moves: Sequence[Move]) -> list[tuple[Purse, Purse]]:
        """Giver and taker of each movement, without what has expired."""
        pairs = []
        for move in moves:
            giver, taker = self.purse(move.giver), self.purse(move.taker)
            if not giver.account.unit == taker.account.unit == move.unit:
                raise DataError(
                    f"{move.unit} cannot move from an account of {giver.account.unit} to one of {taker.account.unit}",
                    "Name two accounts of the same unit, and that unit",
                    "unit",
                )
            if move.unit in BOUND:
                check_bound(giver, taker)
            if move.expires_ms is not None:
                check_dated(move, giver, self._now_ms)
            pairs.append((giver, taker))
        for giver, taker in pairs:
            if giver.lots:
                self._expire(giver)
            if taker.lots:
                self._expire(taker)
        return pairs

    def _write(
        self, kind: str, giver: Purse, taker: Purse, amount: int, moved: int, held: int, transfer: str, key: str
    ) -> int:
        """Append an entry and return its number; its bytes are those of `entry_bytes`, which were checked before."""
        number, at_ms = self.size, self._now_ms
        self.clock_ms = at_ms
        account, into = giver.account, taker.account.id
        row = f'[{number},{at_ms},"{kind}","{account.id}","{into}","{account.unit}",{amount},"{transfer}","{key}"]'
        self.lines.append(Line(number, at_ms, giver.number, taker.number, moved, held, row.encode()))
        self.touched.purses[account.id] = giver
        self.touched.purses[into] = taker
        self.size = number + 1
        return number

    def _took(self, lots: Iterable[Lot]) -> None:
        for lot in lots:
            self.touched.lots[lot.number] = lot


_ENDED: Final = {"settled": "was settled", "released": "was released", "lapsed": "has lapsed"}
