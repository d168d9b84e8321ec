"""What stands behind an account, a hold and a dated amount while requests are judged: small values that change."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from guanxi.ledger.accounts import Account, Move, Standing
from guanxi.ledger.chain import LARGEST

HoldState = Literal["open", "settled", "released", "lapsed"]


class Line(NamedTuple):
    """An entry in columns: what it changes.

    giver, taker   numbers of the accounts
    moved          enters the taker's balance and leaves the giver's
    held           change of what the giver holds and of what comes to the taker; negative when a hold ends
    row            canonical bytes of the entry
    """

    number: int
    at_ms: int
    giver: int
    taker: int
    moved: int
    held: int
    row: bytes


@dataclass(slots=True, eq=False)
class Lot:
    """A dated amount inside an account: all that came from one issuer with one date, while some of it is left.

    number    of the entry by which the first of it came
    left      not used yet
    issuer    account that it goes back to
    transfer  by which the first of it came
    """

    number: int
    account: str
    expires_ms: int
    left: int
    issuer: str
    transfer: str

    def __lt__(self, other: "Lot") -> bool:
        return (self.expires_ms, self.number) < (other.expires_ms, other.number)


@dataclass(slots=True, eq=False)
class Hold:
    """Amounts set aside until it is settled, released or lapses."""

    id: str
    moves: tuple[Move, ...]
    until_ms: int
    state: HoldState = "open"


@dataclass(slots=True, eq=False)
class Purse:
    """An account as it stands.

    number   of the account, in order of opening
    lots     the dated part of the balance, soonest first; the rest has no date
    """

    number: int
    account: Account
    balance: int = 0
    held: int = 0
    coming: int = 0
    lots: list[Lot] = field(default_factory=list)

    @property
    def available(self) -> int:
        """What can leave or be reserved, down to the floor."""
        return self.balance - self.held - self.account.floor

    @property
    def room(self) -> int:
        """What can enter or be expected, up to the cap."""
        cap = self.account.cap
        return (LARGEST if cap is None else cap) - self.balance - self.coming

    def standing(self) -> Standing:
        """The account as a value."""
        return Standing(account=self.account, balance=self.balance, held=self.held, coming=self.coming)

    def take(self, amount: int, *, skip: int) -> list[Lot]:
        """Let `amount` leave; dated amounts go first, soonest first; the changed lots are returned.

        skip   of the dated amounts, the soonest so many are kept, since what is held stands on them: they go only
               before an overdraft is used
        """
        self.balance -= amount
        if not self.lots:
            return []
        changed = self._use(amount, skip)
        if self.balance < (dated := sum(lot.left for lot in self.lots)):
            changed += self._use(dated - max(self.balance, 0), 0)
        return changed

    def put(self, amount: int, lot: Lot | None = None) -> Lot | None:
        """Let `amount` enter; what pays off an overdraft has no date. The lot that it is in now is returned."""
        self.balance += amount
        if lot is None:
            return None
        lot.left = min(amount, max(self.balance, 0))
        if not lot.left:
            return None
        at = bisect_left(self.lots, lot.expires_ms, key=_date)
        for place in range(at, len(self.lots)):
            other = self.lots[place]
            if other.expires_ms > lot.expires_ms:
                break
            if other.issuer == lot.issuer:
                other.left += lot.left
                return other
            at += 1
        self.lots.insert(at, lot)
        return lot

    def due(self, now_ms: int) -> list[tuple[Lot, int]]:
        """Dated amounts whose time has come, beyond what is held: each lot, and how much of it goes."""
        skip, found = self.held, []
        for lot in self.lots:
            if lot.expires_ms > now_ms:
                break
            kept = min(lot.left, skip)
            skip -= kept
            if lot.left > kept:
                found.append((lot, lot.left - kept))
        return found

    def expire(self, lot: Lot, amount: int) -> None:
        """Let `amount` of a lot go."""
        self.balance -= amount
        lot.left -= amount
        self._drop_empty([lot])

    def _use(self, amount: int, skip: int) -> list[Lot]:
        """Use up to `amount` of the lots behind the first `skip`; returns those that changed."""
        changed = []
        for lot in self.lots:
            if not amount:
                break
            kept = min(lot.left, skip)
            skip -= kept
            used = min(lot.left - kept, amount)
            if used:
                lot.left -= used
                amount -= used
                changed.append(lot)
        self._drop_empty(changed)
        return changed

    def _drop_empty(self, changed: list[Lot]) -> None:
        if any(not lot.left for lot in changed):
            self.lots = [lot for lot in self.lots if lot.left]


def _date(lot: Lot) -> int:
    return lot.expires_ms
