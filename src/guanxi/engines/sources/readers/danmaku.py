"""Bilibili's danmaku segments: a protobuf message of comments, decoded by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from guanxi.core import DataError
from guanxi.engines.sources.readers.archive import Opened
from guanxi.engines.sources.readers.base import BadRow
from guanxi.engines.sources.readers.objects import Stack

#: Field number -> name, of DanmakuElem (bilibili-api-python 17.4.2, bilibili_api/video.py).
FIELDS: Final = {
    1: "id", 2: "progress", 3: "mode", 4: "fontsize", 5: "color", 6: "midHash", 7: "content", 8: "ctime", 9: "weight",
    10: "action", 11: "pool", 12: "idStr", 13: "attr",
}  # fmt: skip
MAX_SEGMENT: Final = 64 << 20


@dataclass(slots=True)
class DanmakuRows:
    """The comments of one segment: `progress` in ms, `ctime` in s, `midHash` the author's CRC32."""

    source: Opened

    def stacks(self) -> Iterator[tuple[int, Stack | BadRow]]:
        """Yield every comment, numbered from 1."""
        with self.source.stream() as stream:
            data = stream.read(MAX_SEGMENT + 1)
        if len(data) > MAX_SEGMENT:
            raise DataError(f"{self.source.name} is over {MAX_SEGMENT >> 20} MB, no segment is", "Check the file")
        number = 0
        try:
            for field, value in message(data):
                if field == 1 and isinstance(value, bytes):
                    number += 1
                    yield number, (comment(value),)
        except ValueError as error:
            raise DataError(
                f"{self.source.name} is damaged after {number} comments: {error}", "Download the segment again"
            ) from error


def looks_like(head: bytes) -> bool:
    """Tell whether bytes begin with a danmaku segment."""
    if head[:1] != b"\x0a":
        return False
    try:
        field, value = next(message(head))
        found = comment(value) if field == 1 and isinstance(value, bytes) else {}
    except (ValueError, StopIteration):
        return False
    return {"ctime", "midHash"} <= set(found)


def comment(data: bytes) -> dict[str, Any]:
    """Return one comment; raises ValueError."""
    found: dict[str, Any] = {}
    for field, value in message(data):
        name = FIELDS.get(field)
        if name is not None:
            found[name] = value.decode("utf-8", "guanxi-mark") if isinstance(value, bytes) else value
    return found


def message(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of a protobuf message.

    raises  ValueError when it is cut off or no message
    source  https://protobuf.dev/programming-guides/encoding/
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        field, wire = key >> 3, key & 7
        if field == 0:
            raise ValueError("field number 0")
        if wire == 0:
            number, at = _varint(data, at)
            yield field, number
            continue
        if wire not in (1, 2, 5):
            raise ValueError(f"wire type {wire}")
        size, at = _varint(data, at) if wire == 2 else (8 if wire == 1 else 4, at)
        if at + size > len(data):
            raise ValueError("cut off")
        yield field, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
