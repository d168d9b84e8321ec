"""The chain of entries: canonical bytes, opaque ids only, and the first break named."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.ledger import (
    GENESIS,
    LARGEST,
    Entry,
    chain_hash,
    chain_hashes,
    entry_bytes,
    is_canonical,
    opaque_id,
    read_entry,
    verify_run,
)

SECRET = b"sixteen bytes or"


def entry(number: int, **fields: object) -> Entry:
    words = {name: opaque_id(SECRET, f"{name} {number}") for name in ("giver", "taker", "transfer", "key")}
    return Entry(**{"number": number, "at_ms": 1_790_000_000_000 + number, "kind": "settle", "unit": "points",
                    "amount": 100 + number, **words, **fields})  # fmt: skip


def run(count: int, first: int = 0) -> tuple[list[bytes], list[bytes]]:
    rows = [entry_bytes(entry(number)) for number in range(first, first + count)]
    return rows, chain_hashes(rows)


numbers = st.integers(0, LARGEST)
words = st.sampled_from(["a", "settle", "points", "a_9", "z" * 32])
ids = st.sampled_from([32, 64]).flatmap(lambda size: st.text("0123456789abcdef", min_size=size, max_size=size))


@given(st.builds(Entry, numbers, numbers, words, ids, ids, words, numbers, ids, ids))
def test_every_entry_has_one_canonical_form(one: Entry) -> None:
    row = entry_bytes(one)
    assert is_canonical(row)
    assert read_entry(row) == one
    assert msgspec.json.decode(row) == list(msgspec.structs.astuple(one))


@given(st.binary(min_size=1, max_size=1), st.data())
def test_bytes_that_pass_as_canonical_write_back_the_same(byte: bytes, data: st.DataObject) -> None:
    row = entry_bytes(entry(7))
    at = data.draw(st.integers(0, len(row)))
    for changed in (row[:at] + byte + row[at:], row[:at] + byte + row[at + 1 :], row[:at] + row[at + 1 :]):
        if is_canonical(changed):
            assert entry_bytes(read_entry(changed)) == changed
        else:
            with pytest.raises(DataError):
                read_entry(changed)


@pytest.mark.parametrize("fields", [
    pytest.param({"giver": "13800138000"}, id="a-phone-number"),
    pytest.param({"taker": "account:taobao:AAE1x"}, id="a-party"),
    pytest.param({"key": "order 20261123"}, id="a-key-as-the-caller-wrote-it"),
    pytest.param({"transfer": "A" * 32}, id="upper-case"),
    pytest.param({"giver": "a" * 48}, id="between-two-lengths"),
    pytest.param({"kind": "王小明"}, id="a-name"),
    pytest.param({"unit": "points\n"}, id="a-line-end"),
    pytest.param({"kind": ""}, id="no-kind"),
    pytest.param({"amount": -1}, id="below-nothing"),
    pytest.param({"amount": LARGEST + 1}, id="nineteen-digits"),
    pytest.param({"amount": 1.0}, id="not-whole"),
    pytest.param({"amount": True}, id="a-truth-value"),
    pytest.param({"at_ms": -1}, id="before-1970"),
])  # fmt: skip
def test_another_form_is_refused_without_repeating_it(fields: dict) -> None:
    with pytest.raises(DataError) as caught:
        entry(3, **fields)
    assert not any(isinstance(value, str) and value and value in str(caught.value) for value in fields.values())


def test_the_chain_is_what_the_page_says() -> None:
    rows, hashes = run(3)
    made = bytes(32)
    for row, stored in zip(rows, hashes, strict=True):
        made = hashlib.sha256(b"\x02" + made + row).digest()
        assert made == stored
    assert chain_hash(GENESIS, rows[0]) == hashes[0]


def test_a_sound_run_has_no_break_wherever_it_is_cut() -> None:
    rows, hashes = run(20)
    assert verify_run(rows, hashes) is None
    for cut in range(1, 20):
        assert verify_run(rows[cut:], hashes[cut:], first=cut, previous=hashes[cut - 1]) is None
    assert verify_run([], []) is None


def changed_amount(rows: list[bytes], hashes: list[bytes]) -> None:
    rows[4] = entry_bytes(entry(4, amount=999))


def changed_hash(rows: list[bytes], hashes: list[bytes]) -> None:
    hashes[4] = hashes[4][::-1]


def rewritten_to_the_end(rows: list[bytes], hashes: list[bytes]) -> None:
    rows[4] = entry_bytes(entry(4, amount=999))
    hashes[5:] = chain_hashes(rows, previous=GENESIS)[5:]


def dropped(rows: list[bytes], hashes: list[bytes]) -> None:
    del rows[4], hashes[4]


def dropped_and_chained_again(rows: list[bytes], hashes: list[bytes]) -> None:
    del rows[4], hashes[4]
    hashes[:] = chain_hashes(rows)


def put_in(rows: list[bytes], hashes: list[bytes]) -> None:
    rows.insert(4, entry_bytes(entry(4, amount=999)))
    hashes.insert(4, hashes[3])


def put_over(rows: list[bytes], hashes: list[bytes]) -> None:
    rows[4] = entry_bytes(entry(4, amount=999))
    hashes[4] = hashes[4][::-1]


def swapped(rows: list[bytes], hashes: list[bytes]) -> None:
    rows[4], rows[5] = rows[5], rows[4]


def blank(rows: list[bytes], hashes: list[bytes]) -> None:
    rows[4] = rows[4].replace(b",", b", ", 1)


def last_changed(rows: list[bytes], hashes: list[bytes]) -> None:
    rows[-1] = entry_bytes(entry(7, amount=999))


def hash_missing(rows: list[bytes], hashes: list[bytes]) -> None:
    del hashes[-1]


def row_missing(rows: list[bytes], hashes: list[bytes]) -> None:
    del rows[-1]


@pytest.mark.parametrize(("tamper", "number", "words"), [
    pytest.param(changed_amount, 4, "the entry was changed after", id="amount"),
    pytest.param(changed_hash, 4, "its stored hash was changed", id="hash"),
    pytest.param(rewritten_to_the_end, 4, "its stored hash was changed", id="rewritten-but-one-hash"),
    pytest.param(dropped, 4, "an entry numbered 5 stands in its place", id="dropped"),
    pytest.param(dropped_and_chained_again, 4, "an entry numbered 5", id="dropped-and-chained-again"),
    pytest.param(put_in, 4, "an entry was put in", id="put-in"),
    pytest.param(put_over, 4, "the entry and what follows it", id="put-over-with-its-hash"),
    pytest.param(swapped, 4, "an entry numbered 5", id="swapped"),
    pytest.param(blank, 4, "not in canonical form", id="a-blank"),
    pytest.param(last_changed, 7, "the entry or its stored hash", id="the-last"),
    pytest.param(hash_missing, 7, "its hash is missing", id="hash-missing"),
    pytest.param(row_missing, 7, "the entry is missing", id="entry-missing"),
])  # fmt: skip
def test_the_first_break_is_named(tamper, number: int, words: str) -> None:
    rows, hashes = run(8)
    tamper(rows, hashes)
    found = verify_run(rows, hashes)
    assert found is not None
    assert found.number == number
    assert words in found.what


@given(st.data())
def test_one_flipped_bit_anywhere_is_found(data: st.DataObject) -> None:
    rows, hashes = run(6)
    side, at = data.draw(st.sampled_from([rows, hashes])), data.draw(st.integers(0, 5))
    word = bytearray(side[at])
    bit = data.draw(st.integers(0, 8 * len(word) - 1))
    word[bit // 8] ^= 1 << bit % 8
    side[at] = bytes(word)
    found = verify_run(rows, hashes)
    assert found is not None
    assert found.number == at


def test_an_opaque_id_needs_its_secret() -> None:
    assert opaque_id(SECRET, "13800138000") == opaque_id(SECRET, "13800138000")
    assert opaque_id(SECRET, "13800138000") != opaque_id(b"another sixteen b", "13800138000")
    with pytest.raises(DataError, match="16 random bytes"):
        opaque_id(b"short", "x")
