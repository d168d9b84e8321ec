"""The draw: counted again by another hand, fair by the numbers, and every tamper and every grinder found."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.ledger import (
    DRAW_NOTES,
    DrawRecord,
    Entry,
    Rules,
    SignedHead,
    Ticket,
    commitment,
    draw,
    opaque_id,
    tickets_root,
    unbiased,
    verify_draw,
)

from .conftest import KEY, LEDGER, SECRET, T0, Book

SEED = bytes(range(32))
DRAW = opaque_id(SECRET, "draw")
SALT_AT = T0 + 10_000  # the head of 10 entries


def rules(winners: int = 3, **fields: object) -> Rules:
    return Rules(**{"draw": DRAW, "winners": winners, "closes_ms": T0 + 5, "reveal_ms": T0 + 20_000,
                    "salt_from": f"head:{LEDGER}:{SALT_AT}", **fields})  # fmt: skip


def tickets(weights: Sequence[int]) -> list[Ticket]:
    return [Ticket(opaque_id(SECRET, f"ticket {number}"), weight) for number, weight in enumerate(weights)]


def note(number: int, kind: str, key: str, at_ms: int = 0) -> Entry:
    nobody = "0" * 32
    return Entry(number, at_ms or T0 + number, kind, nobody, nobody, "note", 0, DRAW, key)


def notes_of(record: DrawRecord, numbers: Sequence[int] = (2, 6, 15)) -> list[Entry]:
    keys = (record.commitment, record.tickets, record.seed)
    return [note(number, kind, key) for number, kind, key in zip(numbers, DRAW_NOTES, keys, strict=True)]


def by_another_hand(record: DrawRecord, listed: Sequence[Ticket]) -> list[str]:
    """The winners as docs/ledger-proofs.md tells it, lot by lot, with the standard library only."""
    left = [one for one in sorted(listed, key=lambda one: one.id) for _ in range(one.weight)]
    inputs = json.dumps([record.commitment, record.tickets, record.salt], separators=(",", ":"))
    context, counter, winners = b"guanxi-draw-sample-1\n" + inputs.encode() + b"\n", 0, []
    while len(winners) < record.rules.winners:
        block = hmac.new(bytes.fromhex(record.seed), context + counter.to_bytes(8, "big"), hashlib.sha256).digest()
        counter += 1
        if (value := int.from_bytes(block, "big")) < 2**256 // len(left) * len(left):
            winners.append(left[value % len(left)].id)
            left = [one for one in left if one.id != winners[-1]]
    return winners


@given(st.lists(st.integers(1, 9), min_size=3, max_size=30), st.binary(min_size=32, max_size=32))
def test_another_hand_draws_the_same_winners(weights: list[int], seed: bytes) -> None:
    listed = tickets(weights)
    record = draw(seed, rules(), tickets=listed, salt="ab")
    assert list(record.winners) == by_another_hand(record, listed)
    assert len(set(record.winners)) == 3
    assert draw(seed, rules(), tickets=listed[::-1], salt="ab") == record


@pytest.mark.parametrize(("blocks", "total", "lot"), [
    pytest.param([7], 10, 7, id="small"),
    pytest.param([2**256 - 7], 10, 9, id="the-last-below-the-limit"),  # 2**256 ends in 6
    pytest.param([2**256 - 6, 3], 10, 3, id="the-first-above-the-limit"),
    pytest.param([2**256 - 1, 2**256 - 2, 4], 10, 4, id="two-passed-over"),
    pytest.param([2**256 - 1], 2**255, 2**255 - 1, id="nothing-to-pass-over"),
    pytest.param([2**255 + 1, 5], 2**255 + 1, 5, id="half-of-all-passed-over"),
])  # fmt: skip
def test_blocks_that_would_favour_low_lots_are_passed_over(blocks: list[int], total: int, lot: int) -> None:
    assert unbiased(iter(blocks), total) == lot


def test_all_tickets_may_win() -> None:
    listed = tickets([10**17, 1, 1, 5])
    record = draw(SEED, rules(4), tickets=listed, salt="ab")
    assert set(record.winners) == {one.id for one in listed}


CRITICAL = {4: 11.345, 5: 13.277}  # tickets -> 99 % of the chi-square distribution with one degree of freedom less


def chi_square(counts: Sequence[int], chances: Sequence[float]) -> float:
    rounds = sum(counts)
    return sum((seen - rounds * chance) ** 2 / (rounds * chance) for seen, chance in zip(counts, chances, strict=True))


def frequencies(weights: Sequence[int], *, place: int, rounds: int) -> list[int]:
    """How often each ticket is the winner number `place` over fixed seeds."""
    listed, counts = tickets(weights), Counter[str]()
    for number in range(rounds):
        seed = hashlib.sha256(b"round %d" % number).digest()
        counts[draw(seed, rules(2), tickets=listed, salt="ab").winners[place]] += 1
    return [counts[one.id] for one in listed]


@pytest.mark.parametrize(("weights", "place", "chances"), [
    pytest.param([1, 1, 1, 1, 1], 0, [1 / 5] * 5, id="equal-first"),
    pytest.param([1, 1, 1, 1, 1], 1, [1 / 5] * 5, id="equal-second"),
    pytest.param([1, 2, 3, 4], 0, [0.1, 0.2, 0.3, 0.4], id="weighted-first"),
    pytest.param([1, 2, 3, 4], 1, [sum(a / 10 * b / (10 - a) for a in (1, 2, 3, 4) if a != b) for b in (1, 2, 3, 4)],
                 id="weighted-second"),
])  # fmt: skip
def test_chances_are_in_proportion(weights: list[int], place: int, chances: list[float]) -> None:
    rounds = 3000
    counts = frequencies(weights, place=place, rounds=rounds)
    assert chi_square(counts, chances) < CRITICAL[len(counts)]


def test_the_test_of_chances_sees_a_bias() -> None:
    counts = frequencies([10, 10, 10, 10, 12], place=0, rounds=3000)
    assert chi_square(counts, [1 / 5] * 5) > CRITICAL[5]


@pytest.fixture
def record(book: Book) -> DrawRecord:
    return draw(SEED, rules(), tickets=tickets([1, 2, 3, 4, 5]), salt=book.head(10).head.root)


def verdict(book: Book, record: DrawRecord, *, listed: Sequence[Ticket] = (), notes: Sequence[Entry] = (),
            heads: Sequence[SignedHead] = ()) -> str:  # fmt: skip
    return verify_draw(
        record, listed or tickets([1, 2, 3, 4, 5]), notes=notes or notes_of(record),
        heads=heads or [book.head(5), book.head(10), book.head(12)], public_key=KEY.public_key(),
    ).fault  # fmt: skip


def test_a_fair_draw_passes(book: Book, record: DrawRecord) -> None:
    assert verdict(book, record) == ""
    assert msgspec.json.decode(msgspec.json.encode(record), type=DrawRecord) == record


def replaced(**fields: object) -> Callable[[DrawRecord], DrawRecord]:
    return lambda record: msgspec.structs.replace(record, **fields)


@pytest.mark.parametrize(("change", "words"), [
    pytest.param(replaced(seed="00" * 32), "not those of the commitment", id="seed"),
    pytest.param(replaced(seed="AB" * 32), "not 64 lower-case", id="seed-in-upper-case"),
    pytest.param(replaced(rules=rules(2)), "not those of the commitment", id="fewer-winners"),
    pytest.param(replaced(rules=rules(closes_ms=T0 + 6)), "not those of the commitment", id="closed-later"),
    pytest.param(replaced(rules=rules(salt_from="")), "not those of the commitment", id="salt-from-elsewhere"),
    pytest.param(replaced(commitment="00" * 32), "not those of the commitment", id="commitment"),
    pytest.param(replaced(tickets="00" * 32), "not the one that was closed", id="root-of-the-list"),
    pytest.param(replaced(count=6), "not the one that was closed", id="count"),
    pytest.param(replaced(salt=""), "name a public salt and none", id="no-salt"),
    pytest.param(replaced(winners=()), "3 win, not 0", id="nobody-wins"),
    pytest.param(lambda one: replaced(winners=one.winners[:2])(one), "3 win, not 2", id="one-winner-dropped"),
    pytest.param(lambda one: replaced(winners=one.winners[::-1])(one), "winner 1 is another", id="another-order"),
    pytest.param(lambda one: replaced(winners=(*one.winners[:2], tickets([1] * 6)[5].id))(one), "winner 3 is another",
                 id="a-winner-put-in"),
])  # fmt: skip
def test_a_changed_record_is_found(book: Book, record: DrawRecord, change, words: str) -> None:
    assert words in verdict(book, change(record), notes=notes_of(record))


@pytest.mark.parametrize(("weights", "words"), [
    pytest.param([1, 2, 3, 4, 5, 1], "not the one that was closed", id="a-ticket-added"),
    pytest.param([1, 2, 3, 4], "not the one that was closed", id="a-ticket-removed"),
    pytest.param([1, 2, 3, 4, 6], "not the one that was closed", id="a-heavier-ticket"),
])  # fmt: skip
def test_a_changed_list_is_found(book: Book, record: DrawRecord, weights: list[int], words: str) -> None:
    assert words in verdict(book, record, listed=tickets(weights))
    assert "stands twice" in verdict(book, record, listed=[*tickets([1]), *tickets([1])])


@pytest.mark.parametrize(("numbers", "words"), [
    pytest.param((6, 2, 15), "not published in this order", id="list-before-commitment"),
    pytest.param((6, 6, 15), "not published in this order", id="both-at-once"),
    pytest.param((2, 12, 15), "does not lie between", id="list-after-the-salt-was-known"),
    pytest.param((2, 6, 8), "does not lie between", id="seed-before-the-salt"),
    pytest.param((2, 16, 15), "not published in this order", id="seed-before-the-list"),
])  # fmt: skip
def test_steps_in_another_order_are_found(book: Book, record: DrawRecord, numbers: list[int], words: str) -> None:
    assert words in verdict(book, record, notes=notes_of(record, numbers))


def test_an_operator_with_two_commitments_is_found(book: Book, record: DrawRecord) -> None:
    """Grinding: commit to many seeds, reveal the one whose winner suits."""
    spare = commitment(bytes(32), record.rules)
    assert "2 draw_commit entries" in verdict(book, record, notes=[*notes_of(record), note(3, "draw_commit", spare)])
    assert "0 draw_commit entries" in verdict(book, record, notes=notes_of(record)[1:])
    assert "1 draw_commit entries" in verdict(
        book, record, notes=[note(2, "draw_commit", spare), *notes_of(record)[1:]]
    )


def test_entries_of_other_draws_and_other_kinds_do_not_count(book: Book, record: DrawRecord) -> None:
    other = msgspec.structs.replace(note(3, "draw_commit", "ab" * 32), transfer="ab" * 16)
    assert verdict(book, record, notes=[other, note(4, "settle", "ab" * 32), *notes_of(record)]) == ""


def test_an_operator_with_two_lists_is_found(book: Book, record: DrawRecord) -> None:
    other = tickets_root(tickets([9, 9, 9]))
    assert "2 draw_close entries" in verdict(book, record, notes=[*notes_of(record), note(7, "draw_close", other)])


def test_a_late_commitment_and_a_late_seed_are_found(book: Book, record: DrawRecord) -> None:
    steps = notes_of(record)
    late = note(2, "draw_commit", record.commitment, at_ms=T0 + 6)
    assert "in this order" in verdict(book, record, notes=[late, *steps[1:]])
    late = note(15, "draw_reveal", record.seed, at_ms=record.rules.reveal_ms + 1)
    assert "void" in verdict(book, record, notes=[*steps[:2], late])


def test_an_operator_who_picks_the_head_is_found(book: Book) -> None:
    """Only the first head from the instant in the rules gives the salt."""
    later = draw(SEED, rules(), tickets=tickets([1, 2, 3, 4, 5]), salt=book.head(12).head.root)
    assert "not the root of the first head" in verdict(book, later)
    own = draw(SEED, rules(), tickets=tickets([1, 2, 3, 4, 5]), salt="ab" * 32)
    assert "not the root of the first head" in verdict(book, own)


def test_a_head_of_another_key_or_none_gives_no_salt(book: Book, record: DrawRecord) -> None:
    good = book.head(10)
    forged = SignedHead(good.head, good.key, "0" * 128)
    assert "signature" in verdict(book, record, heads=[forged])
    assert "is missing" in verdict(book, record, heads=[book.head(5)])


def test_without_a_salt_a_grinder_wins_and_with_one_does_not() -> None:
    """Who knows the seed adds a ticket of a chosen id until it wins: what the salt is there to stop."""
    open_rules, listed = rules(1, salt_from=""), tickets([1] * 4)
    salted = rules(1)
    tries = [Ticket(opaque_id(SECRET, f"mine {number}")) for number in range(60)]
    wins = [one for one in tries if draw(SEED, open_rules, tickets=[*listed, one]).winners == (one.id,)]
    assert wins
    kept = 0
    for round_ in range(200):
        salt = hashlib.sha256(b"salt %d" % round_).hexdigest()
        kept += draw(SEED, salted, tickets=[*listed, wins[0]], salt=salt).winners == (wins[0].id,)
    assert 20 <= kept <= 60  # a fifth of 200 is 40; four deviations are 23


def test_a_text_as_salt_needs_no_head(book: Book) -> None:
    told = rules(salt_from="中国福利彩票 双色球 第2026133期")
    record = draw(SEED, told, tickets=tickets([1, 2, 3, 4, 5]), salt="03 08 16 19 26 31 + 07")
    assert verdict(book, record) == ""
    changed = msgspec.structs.replace(record, salt="03 08 16 19 26 31 + 08")
    assert "winner" in verdict(book, changed)


@pytest.mark.parametrize("make", [
    pytest.param(lambda: rules(0), id="no-winners"),
    pytest.param(lambda: rules(draw="draw of May"), id="a-name-as-id"),
    pytest.param(lambda: rules(reveal_ms=T0), id="revealed-before-closed"),
    pytest.param(lambda: rules(salt_from="head:mine:1"), id="a-head-of-no-ledger"),
    pytest.param(lambda: rules(salt_from=f"head:{LEDGER}:{T0}"), id="a-head-before-closing"),
    pytest.param(lambda: rules(salt_from="two\nlines"), id="two-lines"),
    pytest.param(lambda: Ticket("13800138000"), id="a-phone-number"),
    pytest.param(lambda: Ticket(DRAW, 0), id="no-weight"),
    pytest.param(lambda: draw(SEED, rules(), tickets=tickets([1, 1]), salt="ab"), id="too-few-tickets"),
    pytest.param(lambda: draw(SEED, rules(), tickets=tickets([1] * 3) * 2, salt="ab"), id="a-ticket-twice"),
    pytest.param(lambda: draw(SEED, rules(), tickets=tickets([1] * 3)), id="salt-missing"),
    pytest.param(lambda: draw(SEED, rules(salt_from=""), tickets=tickets([1] * 3), salt="ab"), id="salt-not-named"),
    pytest.param(lambda: draw(b"short", rules(), tickets=tickets([1] * 3), salt="ab"), id="short-seed"),
])  # fmt: skip
def test_another_form_is_refused(make) -> None:
    with pytest.raises(DataError):
        make()
