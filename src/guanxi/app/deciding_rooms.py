"""What limits leave to the people who are being decided about, kept up while one decision follows another."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from guanxi.decisions import Limit, Offer, Policy, Room, Weighed, account_of, source_of, use_of
from guanxi.engines.control import DecisionStore
from guanxi.ledger import Account, Move

Key = tuple[str, str]  # limit, offer


class Use(NamedTuple):
    """What one offer to one person uses: the accounts, the movements, and what the accounts stand for."""

    accounts: tuple[Account, ...]
    moves: tuple[Move, ...]
    named: dict[str, tuple[str, str, dict[str, str]]]


NOTHING_USED: Final = Use((), (), {})


class Rooms:
    """The rooms of a block of people under one policy at one instant.

    members references that are one person with a reference: what was used under another name counts too
    keeps   True: what is taken stays taken when the next block is loaded, since nothing of it is written
    """

    def __init__(
        self, store: DecisionStore, policy: Policy, limits: Iterable[Limit], *, secret: bytes, at_ms: int,
        members: Callable[[str], Iterable[str]] = lambda person: (), keeps: bool = False,
    ) -> None:  # fmt: skip
        self._store, self._policy, self._secret, self._at_ms, self._keeps = store, policy, secret, at_ms, keeps
        self._members = members
        self.limits: Final = tuple(limits)
        self.counting: Final[dict[str, tuple[Limit, ...]]] = {
            offer.id: tuple(
                one for one in self.limits
                if one.counts(offer.kind, channel=offer.channel, purpose=offer.purpose, at_ms=at_ms)
            )
            for offer in policy.offers
        }  # fmt: skip
        self._offers = {offer.id: offer for offer in policy.offers}
        self._sources = {one.name: source_of(one, secret=secret) for one in self.limits}
        self._accounts: dict[tuple[str, ...], Account] = {}  # of what no person is part
        self._rooms: dict[str, Room] = {}  # by account
        self._first: dict[str, Room] = {}  # of what people share: as it was when it was first read
        self._taken: dict[str, int] = {}

    def load(self, people: Sequence[str], *, now_ms: int, connection: Connection | None = None) -> None:
        """Read what the limits leave to these people, as an open transaction sees it, or now."""
        asked: dict[str, tuple[Limit, dict[str, str]]] = {}
        under: dict[str, tuple[str, Limit, dict[str, str]]] = {}  # by account of another name: the person's, and whose
        for person in people:
            others = [one for one in self._members(person) if one != person]
            for offer in self._offers.values():
                for limit in self.counting[offer.id]:
                    subject = self._subject(limit, person, offer)
                    mine = self._account(limit, subject).id
                    asked.setdefault(mine, (limit, subject))
                    for other in others if "person" in limit.per else ():
                        theirs = subject | {"person": other}
                        under.setdefault(self._account(limit, theirs).id, (mine, limit, theirs))
        wanted = [*asked.values(), *((limit, subject) for _, limit, subject in under.values())]
        found = (
            self._store.rooms(wanted, secret=self._secret, now_ms=now_ms) if connection is None
            else self._store.rooms_in(connection, wanted, secret=self._secret, now_ms=now_ms)
        )  # fmt: skip
        self._rooms = {one.account: one for one in found[: len(asked)]}
        for (mine, *_), one in zip(under.values(), found[len(asked) :], strict=True):
            self._add_used(mine, one)
        for (limit, _), one in zip(asked.values(), found, strict=False):
            if "person" not in limit.per:
                self._first.setdefault(one.account, one)
        if not self._keeps:
            self._taken.clear()
        for account in self._rooms.keys() & self._taken.keys():  # as many steps as the block has accounts
            self._add(account, self._taken[account])

    def of(self, person: str, *, planned: bool = False) -> dict[Key, Room]:
        """Return the room of each limit that counts an offer to a person who was loaded.

        planned  what people share stands as it was before any of them used it: the plan has shared it out
        """
        before = self._first if planned else {}
        found: dict[Key, Room] = {}
        for offer in self._offers.values():
            for limit in self.counting[offer.id]:
                account = self._account(limit, self._subject(limit, person, offer)).id
                found[limit.name, offer.id] = before.get(account) or self._rooms[account]
        return found

    def fits(self, person: str, chosen: Weighed) -> bool:
        """Whether the limits have room for an offer to a person now."""
        offer = self._offers[chosen.id]
        for limit in self.counting[offer.id]:
            room = self._rooms[self._account(limit, self._subject(limit, person, offer)).id]
            if (1 if limit.uses == "one" else chosen.cost) > max(room.free, 0):
                return False
        return True

    def shared(self, offer: str) -> list[tuple[Limit, Room]]:
        """Return the limits that count an offer to anybody at all together, with what they leave."""
        found = []
        for limit in self.counting[offer]:
            if "person" not in limit.per and "platform" not in limit.per:
                subject = self._subject(limit, "", self._offers[offer])
                found.append((limit, self._rooms[self._account(limit, subject).id]))
        return found

    def take(self, person: str, chosen: Weighed) -> Use:
        """Return what an offer to a person uses of the limits that count it; from now on it is reserved."""
        offer = self._offers[chosen.id]
        accounts: list[Account] = []
        moves: list[Move] = []
        named: dict[str, tuple[str, str, dict[str, str]]] = {}
        for limit in self.counting[offer.id]:
            subject = self._subject(limit, person, offer)
            account, source = self._account(limit, subject), self._sources[limit.name]
            move = use_of(limit, account=account.id, source=source.id, cost=chosen.cost, at_ms=self._at_ms)
            if move is None:
                continue
            accounts += (account, source)
            moves.append(move)
            named[account.id] = (
                limit.name, subject.get("person", ""), {one: text for one, text in subject.items() if one != "person"}
            )  # fmt: skip
            self._taken[account.id] = self._taken.get(account.id, 0) + move.amount
            self._add(account.id, move.amount)
        return Use(tuple(accounts), tuple(moves), named)

    def _add_used(self, account: str, other: Room) -> None:
        """Count what lies in the account of another name of the same person."""
        room = self._rooms[account]
        resets = min((one for one in (room.resets_ms, other.resets_ms) if one is not None), default=None)
        self._rooms[account] = msgspec.structs.replace(
            room, used=room.used + other.used, reserved=room.reserved + other.reserved, resets_ms=resets
        )  # fmt: skip

    def _add(self, account: str, amount: int) -> None:
        room = self._rooms[account]
        self._rooms[account] = msgspec.structs.replace(room, reserved=room.reserved + amount)

    def _subject(self, limit: Limit, person: str, offer: Offer) -> dict[str, str]:
        return {one: _VALUES[one](person, offer, self._policy) for one in limit.per}

    def _account(self, limit: Limit, subject: Mapping[str, str]) -> Account:
        if "person" in subject:
            return account_of(limit, subject, secret=self._secret)
        key = (limit.name, *subject.values())
        if key not in self._accounts:
            self._accounts[key] = account_of(limit, subject, secret=self._secret)
        return self._accounts[key]


def platform_of(ref: str) -> str:
    """Return the platform whose account a reference names; "" when it names none."""
    kind, _, rest = ref.partition(":")
    return rest.partition(":")[0] if kind == "account" else ""


_VALUES: Final[dict[str, Callable[[str, Offer, Policy], str]]] = {
    "person": lambda person, _, __: person,
    "channel": lambda _, offer, __: offer.channel,
    "platform": lambda person, _, __: platform_of(person),
    "policy": lambda _, __, policy: policy.name,
    "offer": lambda _, offer, __: offer.id,
}
