"""JSON documents and JSON lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from guanxi.core import DataError
from guanxi.engines.sources.preset import Table
from guanxi.engines.sources.readers.archive import Opened
from guanxi.engines.sources.readers.base import BROKEN, BadRow
from guanxi.engines.sources.readers.objects import Stack, steps, walk
from guanxi.engines.sources.readers.text import decoded, encoding_of

MAX_DOCUMENT: Final = 512 << 20  # bytes of one JSON document, which is read whole
MAX_LINE: Final = 64 << 20
DECODER: Final = msgspec.json.Decoder(float_hook=str)  # numbers keep the digits they were written with


@dataclass(slots=True)
class JsonRows:
    """The rows of one JSON document."""

    source: Opened
    table: Table

    def stacks(self) -> Iterator[tuple[int, Stack | BadRow]]:
        """Yield every element of the row path, numbered from 1."""
        yield from enumerate(walk((document(self.source),), steps(self.table.rows)), 1)


@dataclass(slots=True)
class JsonLines:
    """The rows of JSON lines; a line that is not JSON becomes a bad row."""

    source: Opened
    table: Table

    def stacks(self) -> Iterator[tuple[int, Stack | BadRow]]:
        """Yield every row, numbered from 1 over all lines."""
        path, number = steps(self.table.rows), 0
        for line in lines(self.source):
            if not line.strip():
                continue
            found: list[Stack | BadRow] = []
            try:
                value = parse(line)
                found = list(walk((value,), path)) if isinstance(value, dict | list) else []
            except DataError as error:
                found = [
                    BadRow(number + 1, "malformed", error.what, error.mend, msgspec.json.encode(_shown(line)).decode())
                ]
            if not found:
                what = "the line is no JSON object with the rows that the mapping names"
                found = [
                    BadRow(number + 1, "malformed", what, "Check read.rows", msgspec.json.encode(_shown(line)).decode())
                ]
            for row in found:
                number += 1
                yield number, row


def document(source: Opened) -> Any:
    """Return a JSON document; floats stay text so that no digit is lost.

    raises   DataError when it is not JSON or too long to be read whole
    """
    with source.stream() as stream:
        data = stream.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        raise DataError(
            f"{source.name} is a JSON document of more than {MAX_DOCUMENT >> 20} MB",
            "Write one object per line (JSONL)",
        )
    try:
        return parse(_utf8(data))
    except DataError as error:
        raise DataError(f"{source.name}: {error.what}", error.mend) from error


def lines(source: Opened) -> Iterator[str]:
    """Yield the lines of a text source; a line beyond the limit comes as one broken line."""
    held = ""
    with source.stream() as stream:
        for text in decoded(stream, encoding_of(source.head(), ())):
            parts = (held + text).split("\n")
            held = parts.pop()
            yield from parts
            if len(held) > MAX_LINE:
                raise DataError(
                    f"{source.name} has a line of more than {MAX_LINE >> 20} MB",
                    "It is not JSON lines: check the format",
                )
    if held:
        yield held


def parse(text: str | bytes) -> Any:
    """Return JSON text as values; raises DataError."""
    try:
        return DECODER.decode(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise DataError(f"it is not JSON: {str(error)[:200]}", "Check that the file is whole and is JSON") from error


def _utf8(data: bytes) -> bytes:
    encoding = encoding_of(data[: 256 << 10], ())
    if encoding == "utf-8":
        return data.removeprefix(b"\xef\xbb\xbf")
    return data.decode(encoding, "replace").removeprefix("\ufeff").encode()


def _shown(line: str) -> str:
    text = line if len(line) <= 100_000 else f"{line[:1000]}… ({len(line):,} characters)"
    return text.replace(BROKEN, "\ufffd").encode("utf-8", "replace").decode()
