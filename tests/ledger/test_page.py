"""docs/ledger-proofs.md: its example is sound, and its verifier, which uses nothing of ours, agrees."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature

from guanxi.ledger import (
    DrawRecord,
    SignedHead,
    Ticket,
    chain_hashes,
    entry_bytes,
    is_canonical,
    leaf_hash,
    read_entry,
    read_public_key,
    verify_draw,
    verify_export,
)

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "ledger-proofs.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.S | re.M)


PEM = blocks("pem")[0].encode()
EXPORT, RECORD = (block.encode() for block in blocks("json"))
LINES = EXPORT.splitlines(keepends=True)
TICKETS = [Ticket("11" * 16, 1), Ticket("22" * 16, 2), Ticket("33" * 16, 1)]


@pytest.fixture(scope="module")
def names() -> dict[str, Callable[..., Any]]:
    """The functions of the page's verifier."""
    found: dict[str, Any] = {}
    exec(blocks("python")[0], found)
    return found


def test_the_example_is_sound_by_our_verifier() -> None:
    verdict = verify_export(LINES, read_public_key(PEM))
    assert (verdict.fault, verdict.entries, verdict.heads, verdict.proofs) == (None, 4, 2, 2)


def test_the_example_is_sound_by_the_pages_verifier(names: dict[str, Callable[..., Any]]) -> None:
    assert names["check_export"](LINES, PEM) == (4, 2)


def test_the_pages_verifier_finds_changes(names: dict[str, Callable[..., Any]]) -> None:
    with pytest.raises(AssertionError, match="other entries"):
        names["check_export"](EXPORT.replace(b"300", b"301", 1).splitlines(keepends=True), PEM)
    with pytest.raises(AssertionError, match="a number is missing"):
        names["check_export"]([*LINES[:2], *LINES[3:]], PEM)
    with pytest.raises(InvalidSignature):
        names["check_export"](EXPORT.replace(b"1790000003000]", b"1790000003001]").splitlines(keepends=True), PEM)


def test_the_table_of_hashes() -> None:
    rows = [line[:-1] for line in LINES if is_canonical(line[:-1])]
    assert [entry_bytes(read_entry(row)) for row in rows] == rows
    made = [
        f"| {number} | `{leaf_hash(row).hex()}` | `{chained.hex()}` |"
        for number, (row, chained) in enumerate(zip(rows, chain_hashes(rows), strict=True))
    ]
    assert re.findall(r"^\| \d \| `[0-9a-f]{64}` \| .*$", PAGE, re.M) == made


def test_the_draw_of_the_example(names: dict[str, Callable[..., Any]]) -> None:
    record = msgspec.json.decode(RECORD, type=DrawRecord)
    notes = [read_entry(line[:-1]) for line in LINES if is_canonical(line[:-1])]
    heads = [msgspec.json.decode(line, type=SignedHead) for line in LINES if line.startswith(b'["head"')]
    verdict = verify_draw(record, TICKETS, notes=notes, heads=heads, public_key=read_public_key(PEM))
    assert verdict.is_fair, verdict.fault
    for ticket in TICKETS:
        assert f"`{msgspec.json.encode(ticket).decode()}`" in PAGE
    plain = [list(msgspec.structs.astuple(ticket)) for ticket in TICKETS]
    names["check_draw"](msgspec.json.decode(RECORD), plain)
    with pytest.raises(AssertionError, match="another list"):
        names["check_draw"](msgspec.json.decode(RECORD), plain[:2])
    with pytest.raises(AssertionError, match="other winners"):
        names["check_draw"]([*msgspec.json.decode(RECORD)[:-1], [plain[0][0]]], plain)
