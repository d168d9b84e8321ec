"""The book: the contract of a ledger, and its laws under any order of requests."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from guanxi.core import DataError, GuanxiError, Refused
from guanxi.ledger import (
    ISSUER,
    LARGEST,
    NO_CAP,
    Account,
    Book,
    Edge,
    Entry,
    Move,
    Receipt,
    Release,
    Request,
    Reserve,
    Settle,
    Transfer,
    chain_hashes,
    entry_bytes,
    leaf_hashes,
    limit_words,
    read_entry,
    read_limits,
    verify_run,
)
from guanxi.ledger.contract import DAY, NOW, TOWN, LedgerContract, name, pay, reserve

MEMBERS = tuple(name(f"member {i}") for i in range(4))
BANK = {unit: name(f"bank {unit}") for unit in ("points", "fen")}


class TestBook(LedgerContract):
    def make_ledger(self) -> Book:
        return Book()


def test_entries_are_the_canonical_ones_in_a_chain_and_a_tree() -> None:
    book = TestBook().town()
    book.post(reserve("h", "ann", "shop", 80), now_ms=NOW)
    book.post(Settle(name("s"), name("h"), (50,)), now_ms=NOW + 7)
    rows = [line.row for line in book.lines]
    assert [entry_bytes(read_entry(row)) for row in rows] == rows
    assert read_entry(rows[1]) == Entry(1, 0, "limit", *[name("ann")] * 2, "points", 0, "0" * 32, NO_CAP)
    assert read_entry(rows[0]).transfer == "00000000000000999999999999999999"
    assert read_entry(rows[6]) == Entry(
        6, NOW + 7, "settle", name("ann"), name("shop"), "points", 50, name("h"), name("s")
    )
    assert [read_entry(row).kind for row in rows[4:]] == ["transfer", "reserve", "settle", "release"]
    assert verify_run(rows, book.hashes) is None
    edge = Edge()
    edge.extend(leaf_hashes(rows))
    assert (book.chain, book.edge.root()) == (chain_hashes(rows)[-1], edge.root())


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Account(id="Zhang San", unit="points"), id="a-name-for-an-id"),
        pytest.param(lambda: Account(id=name("a"), unit="Points"), id="unit"),
        pytest.param(lambda: Account(id=name("a"), unit="points", floor=1), id="floor-above-zero"),
        pytest.param(lambda: Account(id=name("a"), unit="points", cap=-1), id="cap-below-zero"),
        pytest.param(lambda: Account(id=name("a"), unit="points", kind=ISSUER, cap=1), id="issuer-with-a-cap"),
        pytest.param(lambda: Move(name("a"), name("b"), "points", 0), id="nothing"),
        pytest.param(lambda: Move(name("a"), name("b"), "points", -1), id="backwards"),
        pytest.param(lambda: Move(name("a"), name("b"), "points", True), id="a-truth-value"),
        pytest.param(lambda: Move(name("a"), name("a"), "points", 1), id="to-itself"),
        pytest.param(lambda: Transfer(name("k"), ()), id="no-movement"),
        pytest.param(lambda: Transfer("13800138000", (Move(name("a"), name("b"), "fen", 1),)), id="a-phone-for-a-key"),
        pytest.param(lambda: Transfer(name("k"), (Move(name("a"), name("b"), "fen", 1),), "settle"), id="own-kind"),
        pytest.param(lambda: Move(name("a"), name("b"), "fen", 1, -5), id="a-date-before-1970"),
        pytest.param(lambda: Settle(name("k"), name("h"), (0, 0)), id="settles-nothing"),
        pytest.param(lambda: Release(name("k"), "h"), id="hold"),
    ],
)
def test_values_check_themselves(make: Any) -> None:
    with pytest.raises(DataError) as said:
        make()
    assert not any(word in str(said.value) for word in ("Zhang", "13800138000"))


def test_accounts_are_ensured_together_or_not_at_all() -> None:
    book = TestBook().town()
    written = len(book.lines)
    new, week = (Account(id=name(word), unit="points", cap=4) for word in ("new", "week"))
    wrong = [
        [new, Account(id=name("ann"), unit="fen")],
        [new, week, Account(id=new.id, unit="fen", cap=4)],
        [new, Account(id=name("ann"), unit="points", kind="used")],
    ]
    for accounts in wrong:
        with pytest.raises(Refused):
            book.ensure(accounts, now_ms=NOW)
    assert len(book.lines) == written
    ann = Account(id=name("ann"), unit="points", cap=120)
    assert [one.room for one in book.ensure([new, ann, week, week], now_ms=NOW)] == [4, 20, 4, 4]
    assert [purse.number for purse in book.purses.values()] == [1, 2, 3, 4, 5, 6]
    assert [(one.giver, one.taker, one.moved, one.held) for one in book.lines[written:]] == [
        (5, 5, 0, 0), (2, 2, 0, 0), (6, 6, 0, 0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("floor", "cap"),
    [(0, None), (0, 0), (-LARGEST, None), (-500, LARGEST), (0, 7)],
    ids=["as-opened", "closed", "an-issuer", "the-widest", "a-limit"],
)
def test_limits_as_words_of_an_entry(floor: int, cap: int | None) -> None:
    words = limit_words(floor, cap)
    assert [len(word) for word in words] == [32, 32]
    assert read_limits(*words) == (floor, cap)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param((NO_CAP, "0" * 32), id="no-floor"),
        pytest.param(("0" * 64, NO_CAP), id="too-long"),
        pytest.param(("0" * 32, "a" * 32), id="hex"),
        pytest.param((f"{LARGEST + 1:032d}", NO_CAP), id="too-large"),
        pytest.param(("\u0661" * 32, NO_CAP), id="other-digits"),
    ],
)
def test_other_words_are_no_limits(words: tuple[str, str]) -> None:
    with pytest.raises(DataError):
        read_limits(*words)


def test_a_message_never_tells_what_may_be_a_name() -> None:
    with pytest.raises(LookupError) as said:
        Book().standing("Zhang San")
    assert "Zhang" not in str(said.value)


class Laws(RuleBasedStateMachine):
    """Any requests in any order, at a clock that also runs back."""

    @initialize()
    def start(self) -> None:
        self.book, self.now, self.made = Book(), NOW, 0
        self.asked: list[tuple[Request, Receipt | GuanxiError]] = []
        self.past: list[tuple[int, str, tuple[int, int, int, tuple[int, int | None]]]] = []
        for unit, bank in BANK.items():
            self.book.open(Account(id=bank, unit=unit, kind=ISSUER, floor=-LARGEST))
        for place, member in enumerate(MEMBERS):
            self.book.open(Account(id=member, unit="points", floor=-5 * (place == 1), cap=40 if place == 2 else None))
        for place in range(2):
            self.book.open(Account(id=name(f"fen {place}"), unit="fen"))
            self.post(Transfer(name(f"seed {place}"), (Move(BANK["fen"], name(f"fen {place}"), "fen", 20),)))

    def key(self) -> str:
        self.made += 1
        return name(f"key {self.made}")

    def post(self, request: Request) -> None:
        self.asked.append((request, self.book.post_many([request], now_ms=self.now)[0]))

    @rule(taker=st.sampled_from(MEMBERS), amount=st.integers(1, 30), days=st.none() | st.integers(1, 4))
    def grant(self, taker: str, amount: int, days: int | None) -> None:
        until = None if days is None else self.now + days * DAY
        self.post(Transfer(self.key(), (Move(BANK["points"], taker, "points", amount, until),), "grant"))

    @rule(data=st.data(), fen=st.integers(0, 15))
    def transfer(self, data: st.DataObject, fen: int) -> None:
        moves = data.draw(st.lists(self.moves(), min_size=1, max_size=3))
        both = [Move(name("fen 0"), name("fen 1"), "fen", fen)] if fen else []
        self.post(Transfer(self.key(), (*moves, *both)))

    @rule(data=st.data(), days=st.integers(1, 3), dated=st.none() | st.integers(1, 4))
    def reserve(self, data: st.DataObject, days: int, dated: int | None) -> None:
        moves = tuple(data.draw(st.lists(self.moves(), min_size=1, max_size=2)))
        if dated is not None:
            moves = (*moves, Move(BANK["points"], moves[0].taker, "points", 3, self.now + dated * DAY))
        self.post(Reserve(self.key(), moves, self.now + days * DAY))

    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        if self.book.holds:
            hold = self.book.holds[data.draw(st.sampled_from(sorted(self.book.holds)))]
            used = tuple(data.draw(st.integers(0, move.amount + 1)) for move in hold.moves)
            self.post(Settle(self.key(), hold.id, used) if any(used) else Release(self.key(), hold.id))

    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        done = [pair for pair in self.asked if isinstance(pair[1], Receipt)]
        if done:
            request, receipt = data.draw(st.sampled_from(done))
            written = len(self.book.lines)
            assert self.book.post(request, now_ms=self.now) == receipt
            new = self.book.lines[written:]
            assert all(b'"lapse"' in line.row for line in new), "only time goes on"

    @rule(floor=st.sampled_from([0, -5, -20]), cap=st.none() | st.integers(0, 60), place=st.integers(0, 3))
    def limit(self, floor: int, cap: int | None, place: int) -> None:
        self.book.limit(MEMBERS[place], floor=floor, cap=cap)

    @rule(hours=st.integers(-30, 40))
    def pass_time(self, hours: int) -> None:
        for account, purse in self.book.purses.items():
            limits = purse.account.floor, purse.account.cap
            self.past.append((self.book.clock_ms + 1, account, (purse.balance, purse.held, purse.coming, limits)))
        self.now = max(self.now + hours * DAY // 24, NOW)
        self.book.clock_ms += 2  # so that what was seen lies before what follows

    @rule()
    def sweep(self) -> None:
        self.book.expire(now_ms=self.now)
        now = max(self.now, self.book.clock_ms)
        assert all(hold.until_ms > now for hold in self.book.holds.values() if hold.state == "open")
        for purse in self.book.purses.values():
            assert sum(lot.left for lot in purse.lots if lot.expires_ms <= now) <= purse.held
        assert self.book.expire(now_ms=self.now) == 0

    @staticmethod
    def moves() -> st.SearchStrategy[Move]:
        pairs = st.permutations(MEMBERS).map(lambda order: order[:2])
        return st.builds(lambda pair, amount: Move(pair[0], pair[1], "points", amount), pairs, st.integers(1, 25))

    @invariant()
    def every_unit_sums_to_zero(self) -> None:
        for unit in BANK:
            purses = [purse for purse in self.book.purses.values() if purse.account.unit == unit]
            assert sum(purse.balance for purse in purses) == 0
            assert sum(purse.held for purse in purses) == sum(purse.coming for purse in purses)

    @invariant()
    def held_is_what_open_holds_say(self) -> None:
        for account, purse in self.book.purses.items():
            moves = [move for hold in self.book.holds.values() if hold.state == "open" for move in hold.moves]
            assert purse.held == sum(move.amount for move in moves if move.giver == account)
            assert purse.coming == sum(move.amount for move in moves if move.taker == account)

    @invariant()
    def nothing_is_admitted_beyond_a_limit(self) -> None:
        for account, purse in self.book.purses.items():
            left, room = self.before.get(account, (0, 0)) if hasattr(self, "before") else (0, 0)
            assert purse.available >= min(0, left) or purse.account != self.limits.get(account)
            assert purse.room >= min(0, room) or purse.account != self.limits.get(account)
        self.before = {account: (purse.available, purse.room) for account, purse in self.book.purses.items()}
        self.limits = {account: purse.account for account, purse in self.book.purses.items()}

    @invariant()
    def dated_amounts_lie_inside_the_balance(self) -> None:
        for purse in self.book.purses.values():
            assert sum(lot.left for lot in purse.lots) <= max(purse.balance, 0)
            assert purse.lots == sorted(purse.lots)
            assert all(lot.left > 0 for lot in purse.lots)

    @invariant()
    def no_hold_gives_more_than_it_holds(self) -> None:
        for hold in self.book.holds.values():
            ended = [read_entry(line.row) for line in self.book.lines if hold.id.encode() in line.row and line.held]
            given = sum(one.amount for one in ended if one.kind in ("settle", "release", "lapse"))
            assert given == (0 if hold.state == "open" else sum(move.amount for move in hold.moves))

    def teardown(self) -> None:
        if not hasattr(self, "book"):
            return
        self.book.post_many([], now_ms=self.now)
        for before_ms, account, seen in self.past:
            then = self.book.standing(account, before_ms=before_ms)
            limits = then.account.floor, then.account.cap
            assert (then.balance, then.held, then.coming, limits) == seen, "opening and flows do not give the closing"
        rows = [line.row for line in self.book.lines]
        assert verify_run(rows, self.book.hashes) is None
        assert [line.at_ms for line in self.book.lines] == sorted(line.at_ms for line in self.book.lines)


TestLaws = Laws.TestCase
TestLaws.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_dated_amount_is_not_laundered_through_another_movement() -> None:
    book = TestBook().town()
    book.post(pay("soon", "issuer", "ben", 60, expires_ms=NOW + DAY), now_ms=NOW)
    book.post(pay("plain", "issuer", "ben", 40), now_ms=NOW)
    book.post(reserve("h", "ben", "shop", 60, until_ms=NOW + 2 * DAY), now_ms=NOW)
    book.post(pay("k", "ben", "ann", 40), now_ms=NOW + DAY)  # only the undated ones are free
    book.post(Release(name("r"), name("h")), now_ms=NOW + DAY)
    book.expire(now_ms=NOW + DAY)
    assert book.standing(name("ben")).balance == 0


def test_amounts_of_one_issuer_with_one_date_are_one() -> None:
    book = TestBook().town()
    book.open(Account(id=name("other"), unit="points", kind=ISSUER, floor=-LARGEST))
    for place in range(3):
        book.post(pay(f"late {place}", "issuer", "ben", 10, expires_ms=NOW + 2 * DAY), now_ms=NOW)
        book.post(pay(f"soon {place}", "issuer", "ben", 10, expires_ms=NOW + DAY), now_ms=NOW)
        book.post(pay(f"other {place}", "other", "ben", 1, expires_ms=NOW + 2 * DAY), now_ms=NOW)
    lots = [(lot.expires_ms - NOW, lot.left, lot.number) for lot in book.purse(name("ben")).lots]
    assert lots == [(DAY, 30, TOWN + 2), (2 * DAY, 30, TOWN + 1), (2 * DAY, 3, TOWN + 3)]
    book.post(pay("k", "ben", "shop", 62), now_ms=NOW)
    assert book.expire(now_ms=NOW + 2 * DAY) == 1
    assert [book.standing(name(word)).balance for word in ("ben", "issuer", "other")] == [0, -160, -2]


def test_an_overdraft_is_used_last() -> None:
    book = TestBook().town()
    book.open(Account(id=name("trusted"), unit="points", floor=-5))
    book.post(pay("soon", "issuer", "trusted", 1, expires_ms=NOW + DAY), now_ms=NOW)
    book.post(reserve("h", "trusted", "shop", 1, until_ms=NOW + 2 * DAY), now_ms=NOW)
    book.post(pay("k", "trusted", "ann", 1), now_ms=NOW)  # the dated one leaves, the hold now stands on the overdraft
    book.post(Release(name("r"), name("h")), now_ms=NOW)
    assert book.expire(now_ms=NOW + DAY) == 0
    assert book.standing(name("trusted")).balance == 0
