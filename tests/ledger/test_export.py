"""The export: an outsider with the public key finds whatever was changed, dropped, added or written otherwise."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.ledger import (
    ExportVerdict,
    SignedHead,
    Tree,
    chain_hashes,
    entry_bytes,
    export_lines,
    leaf_hashes,
    prove_consistency,
    prove_inclusion,
    verify_export,
)

from .conftest import KEY, LEDGER, T0, Book, make_book

PUBLIC = KEY.public_key()


def checked(content: bytes) -> ExportVerdict:
    return verify_export(content.splitlines(keepends=True), PUBLIC)


def whole(book: Book, sizes: Sequence[int] = (4, 7), count: int = 7) -> list[bytes]:
    """The ledger from its beginning to `count`, with a proof of each sort."""
    node = book.tree.node
    proofs = [prove_inclusion(node, book.entries[2], size=sizes[-1]),
              prove_consistency(node, sizes[0], new=sizes[-1])]  # fmt: skip
    return list(export_lines(LEDGER, book.rows[:count], heads=[book.head(size) for size in sizes], proofs=proofs))


def part(book: Book, first: int, count: int, *, older: Sequence[int] = ()) -> list[bytes]:
    """The entries from `first` to `count`, with older heads and the proofs that tie them."""
    heads = [book.head(size) for size in (*older, count)]
    proofs = [prove_consistency(book.tree.node, size, new=count) for size in older]
    return list(
        export_lines(
            LEDGER, book.rows[first:count], heads=heads, proofs=proofs,
            edge=book.tree.edge(first), chain=book.chained(first),
        )
    )  # fmt: skip


def test_a_whole_export_is_sound(book: Book) -> None:
    verdict = verify_export(whole(book), PUBLIC)
    assert verdict.fault is None
    assert verdict.is_sound
    assert (verdict.entries, verdict.heads, verdict.proofs, verdict.last) == (7, 2, 2, book.head(7))


@given(st.data())
def test_any_part_is_sound(book: Book, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 20))
    first = data.draw(st.integers(0, count))
    older = data.draw(st.lists(st.integers(1, first - 1), unique=True)) if first > 1 else []
    verdict = verify_export(part(book, first, count, older=sorted(older)), PUBLIC)
    assert verdict.fault is None
    assert (verdict.entries, verdict.heads) == (count - first, 1 + len(older))


def test_many_entries_are_hashed_in_batches() -> None:
    large = make_book(9000)
    verdict = verify_export(export_lines(LEDGER, large.rows, heads=[large.head(5000), large.head(9000)]), PUBLIC)
    assert (verdict.fault, verdict.entries, verdict.heads) == (None, 9000, 2)


def test_every_flipped_byte_is_found(book: Book) -> None:
    content = b"".join(whole(book, sizes=(2, 3), count=3))
    assert checked(content).is_sound
    missed = [
        (at, flip)
        for at in range(len(content))
        for flip in {1 << at % 8, 0x20}
        if checked(content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :]).is_sound
    ]
    assert missed == []


def test_every_flipped_byte_of_a_part_is_found(book: Book) -> None:
    content = b"".join(part(book, 5, 6, older=[3]))
    assert checked(content).is_sound
    missed = [
        at for at in range(len(content))
        if checked(content[:at] + bytes([content[at] ^ 1 << at % 7]) + content[at + 1 :]).is_sound
    ]  # fmt: skip
    assert missed == []


@given(st.data())
def test_a_byte_put_in_or_left_out_is_found(book: Book, data: st.DataObject) -> None:
    content = b"".join(whole(book))
    at = data.draw(st.integers(0, len(content) - 1))
    assert not checked(content[:at] + content[at + 1 :]).is_sound
    extra = data.draw(st.sampled_from([b" ", b"\n", b"\r", b"\t", b"0", b'"', b",", b"\x00", b"\xff"]))
    assert not checked(content[:at] + extra + content[at:]).is_sound


def test_each_line_counts_and_stands_in_its_place(book: Book) -> None:
    lines = whole(book)
    for at in range(len(lines)):
        assert not verify_export(lines[:at] + lines[at + 1 :], PUBLIC).is_sound, f"line {at + 1} left out"
        assert not verify_export(lines[:at], PUBLIC).is_sound, f"cut before line {at + 1}"
        assert not verify_export([*lines[: at + 1], *lines[at:]], PUBLIC).is_sound, f"line {at + 1} twice"


START, ENTRY_3, HEAD_4, ENTRY_4, HEAD_7, PROVED, GROWN, END = 0, 4, 5, 6, 9, 10, 11, 12


def swap(lines: list[bytes], one: int, two: int) -> list[bytes]:
    lines[one], lines[two] = lines[two], lines[one]
    return lines


def with_line(lines: list[bytes], at: int, content: bytes) -> list[bytes]:
    return [*lines[:at], content, *lines[at + 1 :]]


@pytest.mark.parametrize(("tamper", "line", "words"), [
    pytest.param(lambda rows, book: with_line(rows, ENTRY_3, book.rows[3].replace(b"points", b"minute") + b"\n"),
                 6, "do not give the head's chain hash", id="a-unit-changed"),
    pytest.param(lambda rows, book: swap(rows, ENTRY_3, ENTRY_4), 5, "is not number 3", id="two-entries-swapped"),
    pytest.param(lambda rows, book: swap(rows, HEAD_4, ENTRY_4), 7, "of 4 entries, and 5 stand before it",
                 id="a-head-too-late"),
    pytest.param(lambda rows, book: swap(rows, PROVED, HEAD_7), 10, "no head of 7 entries", id="a-proof-too-early"),
    pytest.param(lambda rows, book: with_line(rows, ENTRY_3, b'["entry"]\n'), 5, "not one of the export's forms",
                 id="not-a-line-of-ours"),
    pytest.param(lambda rows, book: with_line(rows, HEAD_4, rows[HEAD_4].replace(b",", b", ", 1)), 6,
                 "not in canonical form", id="a-blank"),
    pytest.param(lambda rows, book: with_line(rows, END, rows[END].rstrip()), 13, "does not end with a line feed",
                 id="no-line-feed"),
    pytest.param(lambda rows, book: with_line(rows, END, b'["end",7,2,1]\n'), 13, "the end counts", id="miscounted"),
    pytest.param(lambda rows, book: rows[:END], 13, "breaks off", id="no-end"),
    pytest.param(lambda rows, book: [*rows, b"\n"], 14, "after the end", id="more-than-the-end"),
    pytest.param(lambda rows, book: [], 1, "breaks off", id="nothing"),
    pytest.param(lambda rows, book: rows[1:], 1, "not one of the export's forms", id="no-start"),
    pytest.param(lambda rows, book: [rows[START], *rows], 2, "one start", id="two-starts"),
    pytest.param(lambda rows, book: with_line(rows, HEAD_4, signed_line(book.head(4, root="ab" * 32))), 6,
                 "the head's root", id="the-signer-lies-about-the-root"),
    pytest.param(lambda rows, book: with_line(rows, HEAD_4, signed_line(book.head(4, ledger="ab" * 16))), 6,
                 "another ledger", id="a-head-of-another-ledger"),
    pytest.param(lambda rows, book: with_line(rows, HEAD_7, signed_line(book.head(7, at_ms=T0))), 10,
                 "older than the one before", id="a-clock-that-went-back"),
    pytest.param(lambda rows, book: with_line(rows, START, rows[START].replace(b"00" * 32, b"ab" * 32)), 1,
                 "does not start from zeros", id="another-chain-before-it"),
    pytest.param(lambda rows, book: with_line(rows, PROVED, rows[PROVED].replace(b"[2,", b"[3,")), 11,
                 "does not hold for entry 3", id="another-entry-proved"),
    pytest.param(lambda rows, book: with_line(rows, GROWN, rows[GROWN].replace(b",4,7,", b",7,7,")), 12,
                 "does not begin with that of 7", id="another-size-proved"),
])  # fmt: skip
def test_the_first_fault_is_named_with_its_line(book: Book, tamper, line: int, words: str) -> None:
    fault = verify_export(tamper(whole(book), book), PUBLIC).fault
    assert fault is not None
    assert fault.line == line
    assert words in fault.what


@pytest.mark.parametrize("content", [
    pytest.param(b"[" * 100_000, id="deep"),
    pytest.param(b'["end",' + b"9" * 5000 + b",2,2]", id="a-long-number"),
    pytest.param(b'["end",-1,2,2]', id="below-nothing"),
    pytest.param(b'["end",7.0,2,2]', id="a-fraction"),
    pytest.param(b'["end",7,2,2,0]', id="a-field-more"),
    pytest.param(b'["end\xff",7,2,2]', id="not-utf-8"),
    pytest.param(b'["\\u0065nd",7,2,2]', id="an-escape-that-is-not-needed"),
    pytest.param(b"{}", id="an-object"),
    pytest.param(b"", id="empty"),
])  # fmt: skip
def test_a_hostile_line_is_a_fault_and_no_crash(book: Book, content: bytes) -> None:
    lines = whole(book)
    for at in (START, HEAD_4, END):
        fault = verify_export(with_line(lines, at, content + b"\n"), PUBLIC).fault
        assert fault is not None
        assert fault.line == at + 1


def signed_line(signed: SignedHead) -> bytes:
    lines = list(export_lines(LEDGER, [b""] * signed.head.size, heads=[signed]))
    return lines[-2]


@pytest.mark.parametrize(("lines", "words"), [
    pytest.param(lambda book: export_lines(LEDGER, book.rows[:5], heads=[book.head(4)]), "no signed head covers",
                 id="entries-behind-the-last-head"),
    pytest.param(lambda book: export_lines(LEDGER, [], heads=[]), "no signed head covers", id="no-head-at-all"),
    pytest.param(lambda book: export_lines(LEDGER, book.rows[8:9], heads=[book.head(3), book.head(9)],
                 edge=book.tree.edge(8), chain=book.chained(8)), "no proof ties the older head of 3", id="loose"),
])  # fmt: skip
def test_what_is_not_proved_is_a_fault(book: Book, lines, words: str) -> None:
    fault = verify_export(lines(book), PUBLIC).fault
    assert fault is not None
    assert words in fault.what


def test_a_forked_ledger_does_not_tie_to_the_head_an_outsider_kept(book: Book) -> None:
    other = make_book(20)
    forked = [*other.rows[:2], entry_bytes(other.entries[2]).replace(b"points", b"coupon"), *other.rows[3:]]
    fork = Book(other.entries, forked, chain_hashes(forked), Tree(leaf_hashes(forked)))
    lines = list(
        export_lines(
            LEDGER, [], heads=[book.head(5), fork.head(20)], edge=fork.tree.edge(), chain=fork.chained(20),
            proofs=[prove_consistency(fork.tree.node, 5, new=20)],
        )
    )  # fmt: skip
    fault = verify_export(lines, PUBLIC).fault
    assert fault is not None
    assert "does not begin with that of 5" in fault.what


def test_a_signer_of_two_ledgers_of_one_size_is_found(book: Book) -> None:
    two = [book.head(5, root="ab" * 32), book.head(5), book.head(9)]
    proofs = [prove_consistency(book.tree.node, 5, new=9)]
    lines = export_lines(
        LEDGER, book.rows[8:9], heads=two, proofs=proofs, edge=book.tree.edge(8), chain=book.chained(8)
    )
    fault = verify_export(lines, PUBLIC).fault
    assert fault is not None
    assert (fault.line, fault.what) == (3, "two heads of one size differ")


def test_a_head_beyond_the_rows_is_refused_when_writing(book: Book) -> None:
    with pytest.raises(DataError, match="head has 9 entries"):
        list(export_lines(LEDGER, book.rows[:8], heads=[book.head(9)]))
