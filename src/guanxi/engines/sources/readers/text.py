"""Bytes to text: which encoding a file is in, and what to do with broken bytes."""

import codecs
from collections.abc import Iterator, Sequence
from typing import IO, Final

from guanxi.engines.sources.headers import find_header
from guanxi.engines.sources.readers.base import BROKEN

BLOCK: Final = 4 << 20  # bytes per read


def decoded(stream: IO[bytes], encoding: str) -> Iterator[str]:
    """Yield the text of a stream in blocks; bytes that are not text become BROKEN."""
    decoder = codecs.getincrementaldecoder(encoding)("guanxi-mark")
    first = True
    while block := stream.read(BLOCK):
        text = decoder.decode(block)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        yield text
    if rest := decoder.decode(b"", True):
        yield rest


def encoding_of(head: bytes, signatures: Sequence[Sequence[str]], *, separator: str = ",") -> str:
    """Return the encoding of a text file.

    head        its first bytes
    signatures  lists of column names, one of which a header row must hold; none = any text will do
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # Short GBK text can be valid UTF-8 by accident, so a known header decides before validity does.
    if signatures:
        for encoding in _TRIED:
            text = head.decode(encoding, "ignore")
            if find_header(leading_rows(text, separator), signatures) is not None:
                return encoding
    if b"\x00" in head:  # ASCII in UTF-16 is every other byte NUL, and no sound file of another encoding holds one
        return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return encoding
    return "utf-8"


def leading_rows(text: str, separator: str) -> list[list[str]]:
    """Return the first rows of a text, split; good enough to look for a header."""
    lines = [line for line in text[:200_000].splitlines() if line.strip()][:10]
    rows = []
    for line in lines:
        parts = line.split() if separator == "blanks" else line.split(separator)
        rows.append([part.strip().strip('"') for part in parts])
    return rows


_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_TRIED: Final = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BROKEN, error.end


codecs.register_error("guanxi-mark", _mark)
