"""The contract of a ledger: a store is one when its test class, which inherits this, is green."""
# ruff: noqa: S101 - these are tests, shipped beside the protocol that they test

import pytest

from guanxi.core import DataError, NotFound, Refused
from guanxi.ledger.accounts import (
    ISSUER,
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
)
from guanxi.ledger.chain import LARGEST, opaque_id
from guanxi.ledger.protocol import Ledger

NOW = 1_767_326_400_000  # 2026-01-02 12:00 in China
DAY = 86_400_000
TOWN = 5  # entries of the town: four accounts are opened, one has a gift


def name(word: str) -> str:
    """The opaque id that stands for a word in these tests."""
    return opaque_id(b"a secret of tests", word)


def pay(key: str, giver: str, taker: str, amount: int, *, expires_ms: int | None = None) -> Transfer:
    """A transfer of points."""
    return Transfer(name(key), (Move(name(giver), name(taker), "points", amount, expires_ms),))


def reserve(key: str, giver: str, taker: str, amount: int, *, until_ms: int = NOW + DAY) -> Reserve:
    """A reservation of points."""
    return Reserve(name(key), (Move(name(giver), name(taker), "points", amount),), until_ms)


class LedgerContract:
    """Inherit this in a test class, under a name that starts with Test, and give `make_ledger`."""

    def make_ledger(self) -> Ledger:
        """Return a new, empty ledger."""
        raise NotImplementedError

    def town(self) -> Ledger:
        """An issuer with no bottom; ann has 100 points, ben none and shop none."""
        ledger = self.make_ledger()
        ledger.open(Account(id=name("issuer"), unit="points", kind=ISSUER, floor=-LARGEST))
        for word in ("ann", "ben", "shop"):
            ledger.open(Account(id=name(word), unit="points"))
        ledger.post(pay("gift", "issuer", "ann", 100), now_ms=NOW)
        return ledger

    def test_a_transfer_moves(self) -> None:
        """What one loses another gains, and the receipt says which entry it was."""
        ledger = self.town()
        receipt = ledger.post(pay("k", "ann", "ben", 30), now_ms=NOW + 5)
        assert receipt == Receipt(key=name("k"), first=TOWN, entries=1, at_ms=NOW + 5)
        assert (_balance(ledger, "ann"), _balance(ledger, "ben"), _balance(ledger, "issuer")) == (70, 30, -100)

    def test_nobody_is_overdrawn(self) -> None:
        """One too many is refused by the account's floor, and says how many there are."""
        ledger = self.town()
        with pytest.raises(OverLimit, match=f"{name('ann')} has 100 points available and 101 are asked for") as said:
            ledger.post(pay("k", "ann", "ben", 101), now_ms=NOW)
        assert said.value.field == name("ann")
        ledger.post(pay("k", "ann", "ben", 100), now_ms=NOW)  # the refusal did not use up the key
        assert _balance(ledger, "ann") == 0

    def test_an_overdraft_ends_at_its_floor(self) -> None:
        """A stated overdraft may be used up, not more."""
        ledger = self.town()
        ledger.open(Account(id=name("trusted"), unit="points", floor=-50))
        ledger.post(pay("k", "trusted", "ben", 50), now_ms=NOW)
        with pytest.raises(OverLimit):
            ledger.post(pay("l", "trusted", "ben", 1), now_ms=NOW)

    def test_a_cap_counts_what_is_expected(self) -> None:
        """A contact cap: at most so many inside, reserved ones included; settling meets no limit."""
        ledger = self.town()
        ledger.open(Account(id=name("week"), unit="points", kind="quota", cap=3))
        ledger.post(reserve("h", "ann", "week", 2), now_ms=NOW)
        with pytest.raises(OverLimit, match="has room for 1 points and 2 would enter"):
            ledger.post(pay("k", "ann", "week", 2), now_ms=NOW)
        ledger.post(pay("k", "ann", "week", 1), now_ms=NOW)
        ledger.post(Settle(name("s"), name("h")), now_ms=NOW)
        assert ledger.standing(name("week")).room == 0

    def test_a_cap_counts_all_movements_of_a_request(self) -> None:
        """Two that fit one by one do not fit together; what leaves first makes room."""
        ledger = self.town()
        ledger.open(Account(id=name("week"), unit="points", kind="quota", cap=3))
        enter, leave = Move(name("ann"), name("week"), "points", 2), Move(name("week"), name("ben"), "points", 1)
        both: list[Request] = [Transfer(name("k"), (enter, enter)), Reserve(name("h"), (enter, enter), NOW + DAY)]
        for request in both:
            with pytest.raises(OverLimit, match="has room for 1 points"):
                ledger.post(request, now_ms=NOW)
        ledger.post(Transfer(name("l"), (enter, leave, enter)), now_ms=NOW)
        assert ledger.standing(name("week")).room == 0

    def test_movements_succeed_together_or_not_at_all(self) -> None:
        """Two units in one transfer; the second is short, so the first does not move."""
        ledger = self.town()
        for word in ("purse", "till"):
            ledger.open(Account(id=name(word), unit="fen"))
        both = Move(name("ann"), name("shop"), "points", 10), Move(name("purse"), name("till"), "fen", 5)
        with pytest.raises(OverLimit):
            ledger.post(Transfer(name("k"), both), now_ms=NOW)
        assert (_balance(ledger, "ann"), _balance(ledger, "shop")) == (100, 0)

    def test_a_later_movement_may_use_what_an_earlier_one_brought(self) -> None:
        """Movements of a transfer are judged in order."""
        ledger = self.town()
        move = (Move(name("ann"), name("ben"), "points", 10), Move(name("ben"), name("shop"), "points", 10))
        ledger.post(Transfer(name("k"), move), now_ms=NOW)
        with pytest.raises(OverLimit):
            ledger.post(Transfer(name("l"), move[::-1]), now_ms=NOW)
        assert (_balance(ledger, "ann"), _balance(ledger, "ben"), _balance(ledger, "shop")) == (90, 0, 10)

    def test_the_same_key_again_gives_the_first_receipt(self) -> None:
        """A retry moves nothing, whenever it comes; other content under the key is refused."""
        ledger = self.town()
        first = ledger.post(pay("k", "ann", "ben", 30), now_ms=NOW)
        ledger.post(pay("l", "ann", "ben", 70), now_ms=NOW)
        assert ledger.post(pay("k", "ann", "ben", 30), now_ms=NOW + DAY) == first
        with pytest.raises(KeyUsed):
            ledger.post(pay("k", "ann", "ben", 31), now_ms=NOW)
        assert _balance(ledger, "ben") == 100

    def test_a_refusal_undoes_no_other(self) -> None:
        """Each request of a group has its own outcome; a key twice in a group is done once."""
        ledger = self.town()
        first, short = pay("k", "ann", "ben", 60), pay("l", "ann", "ben", 60)
        asked = [first, short, pay("m", "ann", "shop", 40), first, pay("n", "ann", "nobody", 1)]
        done = ledger.post_many(asked, now_ms=NOW)
        assert [type(one) for one in done] == [Receipt, OverLimit, Receipt, Receipt, NotFound]
        assert done[0] == done[3]
        assert (_balance(ledger, "ann"), _balance(ledger, "ben"), _balance(ledger, "shop")) == (0, 60, 40)

    def test_held_amounts_are_not_available(self) -> None:
        """Reserve, settle a part: the rest comes back."""
        ledger = self.town()
        ledger.post(reserve("h", "ann", "shop", 80), now_ms=NOW)
        assert _standing(ledger, "ann") == (100, 80, 0, 20)
        assert _standing(ledger, "shop") == (0, 0, 80, 0)
        with pytest.raises(OverLimit, match="has 20 points available"):
            ledger.post(pay("k", "ann", "ben", 21), now_ms=NOW)
        done = ledger.post(Settle(name("s"), name("h"), (50,)), now_ms=NOW)
        assert done.entries == 2
        assert _standing(ledger, "ann") == (50, 0, 0, 50)
        assert _standing(ledger, "shop") == (50, 0, 0, 50)

    def test_no_settlement_exceeds_its_hold(self) -> None:
        """More than is held, or another number of amounts, is refused; the hold stays."""
        ledger = self.town()
        ledger.post(reserve("h", "ann", "shop", 80), now_ms=NOW)
        for amounts in ((81,), (40, 40), (-1,)):
            with pytest.raises(OverLimit):
                ledger.post(Settle(name("s"), name("h"), amounts), now_ms=NOW)
        assert _standing(ledger, "ann") == (100, 80, 0, 20)

    def test_a_hold_ends_once(self) -> None:
        """Settled is settled: another settlement or release says so."""
        ledger = self.town()
        ledger.post(reserve("h", "ann", "shop", 80), now_ms=NOW)
        ledger.post(reserve("g", "ann", "shop", 20), now_ms=NOW)
        ledger.post(Settle(name("s"), name("h")), now_ms=NOW)
        ledger.post(Release(name("r"), name("g")), now_ms=NOW)
        again: tuple[Request, ...] = (Settle(name("t"), name("h")), Release(name("u"), name("h")))
        for request in again:
            with pytest.raises(HoldEnded, match="was settled"):
                ledger.post(request, now_ms=NOW)
        with pytest.raises(HoldEnded, match="was released"):
            ledger.post(Settle(name("v"), name("g")), now_ms=NOW)
        with pytest.raises(NotFound):
            ledger.post(Settle(name("w"), name("none")), now_ms=NOW)
        assert _standing(ledger, "ann") == (20, 0, 0, 20)

    def test_a_retry_after_the_hold_lapsed_is_refused(self) -> None:
        """At its instant a hold lapses, whether or not anybody swept; what was settled before stays settled."""
        ledger = self.town()
        ledger.post(reserve("h", "ann", "shop", 40), now_ms=NOW)
        ledger.post(reserve("g", "ann", "shop", 60), now_ms=NOW)
        settled = ledger.post(Settle(name("s"), name("h")), now_ms=NOW + DAY - 1)
        assert ledger.post(Settle(name("s"), name("h")), now_ms=NOW + DAY) == settled
        with pytest.raises(HoldEnded, match="has lapsed"):
            ledger.post(Settle(name("t"), name("g")), now_ms=NOW + DAY)
        assert _standing(ledger, "ann") == (60, 0, 0, 60)
        with pytest.raises(DataError, match="would lapse at"):
            ledger.post(reserve("i", "ann", "shop", 1, until_ms=NOW + DAY), now_ms=NOW + DAY)

    def test_a_clock_that_runs_back_stands_still(self) -> None:
        """What lapsed stays lapsed, and no entry is older than the one before it."""
        ledger = self.town()
        ledger.post(reserve("h", "ann", "shop", 40), now_ms=NOW)
        assert ledger.expire(now_ms=NOW + DAY) == 1
        with pytest.raises(HoldEnded):
            ledger.post(Settle(name("s"), name("h")), now_ms=NOW)
        assert ledger.post(pay("k", "ann", "ben", 1), now_ms=NOW).at_ms == NOW + DAY

    def test_a_limit_lowered_below_what_is_reserved(self) -> None:
        """Holds stand and settle; nothing new is admitted until there is room again."""
        ledger = self.town()
        ledger.open(Account(id=name("week"), unit="points", kind="quota", cap=50))
        ledger.post(reserve("h", "ann", "week", 40), now_ms=NOW)
        assert ledger.limit(name("week"), floor=0, cap=10).room == -30
        with pytest.raises(OverLimit, match="has room for 0 points"):
            ledger.post(reserve("g", "ann", "week", 1), now_ms=NOW)
        ledger.post(Settle(name("s"), name("h"), (15,)), now_ms=NOW)
        assert _balance(ledger, "week") == 15
        ledger.post(pay("k", "week", "ben", 6), now_ms=NOW)  # what makes it better is admitted
        ledger.post(pay("l", "ann", "week", 1), now_ms=NOW)

    def test_an_overdraft_taken_back_while_it_is_used(self) -> None:
        """The account stays below its floor, may take in, and gives nothing until it is above."""
        ledger = self.town()
        ledger.open(Account(id=name("trusted"), unit="points", floor=-50))
        ledger.post(pay("k", "trusted", "ben", 40), now_ms=NOW)
        ledger.limit(name("trusted"), floor=0, cap=None)
        with pytest.raises(OverLimit, match="has 0 points available"):
            ledger.post(pay("l", "trusted", "ben", 1), now_ms=NOW)
        ledger.post(pay("m", "ann", "trusted", 45), now_ms=NOW)
        ledger.post(pay("n", "trusted", "ben", 5), now_ms=NOW)

    def test_what_expires_soonest_is_used_first(self) -> None:
        """Dated before undated, sooner before later; the rest goes back to its issuer at its instant."""
        ledger = self.town()
        ledger.post(pay("late", "issuer", "ann", 30, expires_ms=NOW + 2 * DAY), now_ms=NOW)
        ledger.post(pay("soon", "issuer", "ann", 30, expires_ms=NOW + DAY), now_ms=NOW)
        ledger.post(pay("k", "ann", "shop", 40), now_ms=NOW)
        assert ledger.expire(now_ms=NOW + DAY) == 0  # the soon ones were used up
        assert ledger.expire(now_ms=NOW + 2 * DAY) == 1
        assert (_balance(ledger, "ann"), _balance(ledger, "issuer")) == (100, -140)
        assert ledger.expire(now_ms=NOW + 3 * DAY) == 0

    def test_what_has_expired_cannot_be_spent(self) -> None:
        """It goes back before the request is judged, without a sweep, even when the request is refused."""
        ledger = self.town()
        ledger.post(pay("soon", "issuer", "ben", 30, expires_ms=NOW + DAY), now_ms=NOW)
        with pytest.raises(OverLimit, match="has 0 points available"):
            ledger.post(pay("k", "ben", "shop", 1), now_ms=NOW + DAY)
        assert (_balance(ledger, "ben"), _balance(ledger, "issuer")) == (0, -100)

    def test_what_is_held_does_not_expire_under_the_hold(self) -> None:
        """A hold stands on the soonest amounts: they settle after their date, or go back once it is released."""
        ledger = self.town()
        ledger.post(pay("soon", "issuer", "ben", 30, expires_ms=NOW + DAY), now_ms=NOW)
        ledger.post(pay("plain", "issuer", "ben", 20), now_ms=NOW)
        ledger.post(reserve("h", "ben", "shop", 20, until_ms=NOW + 3 * DAY), now_ms=NOW)
        ledger.post(reserve("g", "ben", "shop", 5, until_ms=NOW + 3 * DAY), now_ms=NOW)
        assert ledger.expire(now_ms=NOW + DAY) == 1
        assert _standing(ledger, "ben") == (45, 25, 0, 20)
        ledger.post(pay("k", "ben", "shop", 20), now_ms=NOW + DAY)  # the undated ones: the dated ones are held
        ledger.post(Settle(name("s"), name("h")), now_ms=NOW + 2 * DAY)
        ledger.post(Release(name("r"), name("g")), now_ms=NOW + 2 * DAY)
        assert ledger.expire(now_ms=NOW + 2 * DAY) == 1
        assert (_balance(ledger, "ben"), _balance(ledger, "shop")) == (0, 40)

    def test_only_an_issuer_gives_what_expires(self) -> None:
        """It must have somewhere to go back to, and a date to come; reserved or not."""
        ledger = self.town()
        for giver, at, said in (
            ("ann", NOW + DAY, "kind member gives an amount that"),
            ("issuer", NOW, "would expire"),
        ):
            moves = (Move(name(giver), name("ben"), "points", 1, at),)
            asked: tuple[Request, ...] = (Transfer(name("k"), moves), Reserve(name("h"), moves, NOW + DAY))
            for request in asked:
                with pytest.raises((Refused, DataError), match=said):
                    ledger.post(request, now_ms=NOW)

    def test_what_was_reserved_with_a_date_is_dated_from_its_settlement(self) -> None:
        """A use that counts until its instant: coming while reserved, inside once settled, gone at the instant."""
        ledger = self.town()
        ledger.open(Account(id=name("week"), unit="points", kind="used", cap=3))
        used = tuple(Move(name("issuer"), name("week"), "points", 1, NOW + days * DAY) for days in (2, 3))
        ledger.post(Reserve(name("h"), used, NOW + DAY), now_ms=NOW)
        assert _standing(ledger, "week") == (0, 0, 2, 0)
        done = ledger.post(Settle(name("s"), name("h")), now_ms=NOW)
        assert (done.entries, _standing(ledger, "week")) == (2, (2, 0, 0, 2))
        assert ledger.expire(now_ms=NOW + 2 * DAY) == 1
        assert _balance(ledger, "week") == 1
        assert ledger.expire(now_ms=NOW + 3 * DAY) == 1
        assert (_balance(ledger, "week"), _balance(ledger, "issuer")) == (0, -100)

    def test_what_is_settled_after_its_date_expires_at_once(self) -> None:
        """It is written, so the chain tells that it happened; the receipt counts the settlement alone."""
        ledger = self.town()
        used = (Move(name("issuer"), name("ben"), "points", 5, NOW + DAY),)
        ledger.post(Reserve(name("h"), used, NOW + 2 * DAY), now_ms=NOW)
        settle = Settle(name("s"), name("h"), (3,))
        done = ledger.post(settle, now_ms=NOW + DAY)
        assert (done.entries, ledger.post(settle, now_ms=NOW + DAY)) == (2, done)
        assert (_standing(ledger, "ben"), _balance(ledger, "issuer")) == ((0, 0, 0, 0), -100)
        assert ledger.post(pay("k", "ann", "ben", 1), now_ms=NOW + DAY).first == done.first + 3

    def test_what_is_not_settled_of_a_dated_reservation_comes_to_nothing(self) -> None:
        """It lapsed, so nothing entered and nothing expires."""
        ledger = self.town()
        used = (Move(name("issuer"), name("ben"), "points", 5, NOW + 3 * DAY),)
        ledger.post(Reserve(name("h"), used, NOW + DAY), now_ms=NOW)
        assert [ledger.expire(now_ms=NOW + days * DAY) for days in (1, 3)] == [1, 0]
        assert _standing(ledger, "ben") == (0, 0, 0, 0)

    def test_what_is_not_transferable_passes_between_no_two_people(self) -> None:
        """Experience comes from its issuer and goes back there; nobody gives it, or reserves it for another."""
        ledger = self.town()
        ledger.open(Account(id=name("source"), unit="experience", kind=ISSUER, floor=-LARGEST))
        for word in ("ann's", "ben's"):
            ledger.open(Account(id=name(word), unit="experience"))
        grow = Move(name("source"), name("ann's"), "experience", 10)
        ledger.post(Transfer(name("k"), (grow,)), now_ms=NOW)
        give = (Move(name("ann's"), name("ben's"), "experience", 5),)
        asked: tuple[Request, ...] = (Transfer(name("l"), give), Reserve(name("h"), give, NOW + DAY))
        for request in asked:
            with pytest.raises(Refused, match="experience cannot pass from an account of kind member"):
                ledger.post(request, now_ms=NOW)
        ledger.post(Transfer(name("m"), (Move(name("ann's"), name("source"), "experience", 4),)), now_ms=NOW)
        assert (_balance(ledger, "ann's"), _balance(ledger, "ben's")) == (6, 0)

    def test_an_overdraft_is_paid_off_before_anything_is_dated(self) -> None:
        """Of 30 dated points that meet a debt of 10, 20 expire."""
        ledger = self.town()
        ledger.open(Account(id=name("trusted"), unit="points", floor=-50))
        ledger.post(pay("k", "trusted", "ben", 10), now_ms=NOW)
        ledger.post(pay("l", "issuer", "trusted", 30, expires_ms=NOW + DAY), now_ms=NOW)
        ledger.expire(now_ms=NOW + DAY)
        assert _balance(ledger, "trusted") == 0

    def test_a_unit_does_not_change_on_the_way(self) -> None:
        """Accounts of another unit than the movement's are refused."""
        ledger = self.town()
        ledger.open(Account(id=name("till"), unit="fen"))
        for unit in ("points", "fen"):
            with pytest.raises(DataError, match="cannot move from an account of points to one of fen"):
                ledger.post(Transfer(name("k"), (Move(name("ann"), name("till"), unit, 1),)), now_ms=NOW)

    def test_an_account_opens_once(self) -> None:
        """The same again changes nothing; another content is refused; an unknown one is not found."""
        ledger = self.town()
        assert ledger.open(Account(id=name("ann"), unit="points")).balance == 100
        with pytest.raises(Refused, match="is a member of points"):
            ledger.open(Account(id=name("ann"), unit="fen"))
        with pytest.raises(NotFound):
            ledger.standing(name("none"))
        with pytest.raises(NotFound):
            ledger.limit(name("none"), floor=0, cap=None)

    def test_any_past_instant_can_be_read(self) -> None:
        """Balance, held and coming before an instant are those of the entries until then."""
        ledger = self.town()
        seen: list[tuple[int, Standing]] = []
        requests: list[Request] = [
            reserve("h", "ann", "ben", 60), pay("k", "ann", "shop", 40), Settle(name("s"), name("h"), (10,)),
            pay("l", "ben", "shop", 10),
        ]  # fmt: skip
        for step, request in enumerate(requests, 1):
            seen.append((NOW + step, ledger.standing(name("ann"))))
            ledger.post(request, now_ms=NOW + step)
        assert [ledger.standing(name("ann"), before_ms=at) for at, _ in seen] == [one for _, one in seen]
        assert ledger.standing(name("ann"), before_ms=NOW).balance == 0

    def test_limits_of_any_past_instant_can_be_told(self) -> None:
        """Opening and each change are entries, at their instant or, when none is given, at that of the latest one."""
        ledger = self.town()
        ledger.open(Account(id=name("week"), unit="points", kind="quota", cap=50), now_ms=NOW + 10)
        ledger.limit(name("week"), floor=0, cap=10, now_ms=NOW + 20)
        ledger.limit(name("week"), floor=-7, cap=None, now_ms=NOW + 30)
        assert ledger.post(pay("k", "ann", "week", 20), now_ms=NOW + 40).first == TOWN + 3
        seen = [ledger.standing(name("week"), before_ms=NOW + at) for at in (5, 20, 21, 31, 41)]
        told = [(one.account.floor, one.account.cap, one.balance) for one in seen]
        assert told == [(0, 50, 0), (0, 50, 0), (0, 10, 0), (-7, None, 0), (-7, None, 20)]
        assert ledger.limit(name("week"), floor=0, cap=LARGEST).account.cap == LARGEST
        assert ledger.standing(name("week"), before_ms=NOW + 41).account.cap == LARGEST

    def test_nothing_asked_is_nothing_done(self) -> None:
        """An empty group, and a sweep with nothing due, write nothing."""
        ledger = self.town()
        assert ledger.post_many([], now_ms=NOW) == []
        assert ledger.expire(now_ms=NOW) == 0
        ledger.limit(name("ann"), floor=0, cap=None)
        assert ledger.post(pay("k", "ann", "ben", 1), now_ms=NOW).first == TOWN


def _balance(ledger: Ledger, word: str) -> int:
    return ledger.standing(name(word)).balance


def _standing(ledger: Ledger, word: str) -> tuple[int, int, int, int]:
    now = ledger.standing(name(word))
    return now.balance, now.held, now.coming, now.available
