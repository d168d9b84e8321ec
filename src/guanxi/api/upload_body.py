"""The body of an upload: streamed to the disk, piece by piece, never held whole."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from guanxi.api.errors import Problem
from guanxi.core import Busy

BUFFER: Final = 1 << 20  # bytes that are written at once
OPEN_BODY: Final = ("", "application/octet-stream", "text/csv", "application/zip", "application/json")
FIELD: Final = "file"  # of the form

Begin = Callable[[str], Path]  # name of the file -> where it goes


async def receive_file(request: Request, begin: Begin, *, name: str = "") -> Path:
    """Write the file that a request carries and return where; the shield bounds the size of the body.

    The body is a form with the file in the field `file`, or the file itself, named in the query.
    begin   called once, with the file's name, when its first byte is about to come
    raises  Problem: 400 no file or cut off, 415 another type; Busy when the disk is full
    """
    media, options = parse_options_header(request.headers.get("content-type", ""))
    kind = media.decode("latin-1").lower()
    if kind == "multipart/form-data":
        boundary = options.get(b"boundary", b"")
        if not boundary:
            raise Problem(400, "the form has no boundary", "Send the file as a browser does", "content-type")
        form = _Form(boundary)
        return await _written(request, begin, form.feed, lambda: form.name)
    if kind in OPEN_BODY or kind.startswith(("application/vnd.", "application/x-")):
        if not name:
            raise Problem(400, "the file has no name", "Add ?name=orders.csv", "name")
        return await _written(request, begin, lambda piece: piece, lambda: name)
    raise Problem(415, f"the Content-Type is {kind[:60]!r}", "Send multipart/form-data", "content-type")


class _Form:
    """Takes a form apart: the bytes of the field `file`, and its name."""

    def __init__(self, boundary: bytes) -> None:
        self.name = ""
        self._header, self._value = b"", b""
        self._ours, self._done = False, False
        self._out = bytearray()
        callbacks = {
            "on_part_begin": self._begin, "on_header_field": self._on_header, "on_header_value": self._on_value,
            "on_header_end": self._on_header_end, "on_part_data": self._on_data, "on_part_end": self._end,
        }  # fmt: skip
        self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]  # the names are its own

    def feed(self, piece: bytes) -> bytes:
        """Return the bytes of the file that a piece of the body holds."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise Problem(400, f"the form is broken: {error}", "Send the file again") from None
        out, self._out = bytes(self._out), bytearray()
        return out

    def _begin(self) -> None:
        self._header, self._value, self._ours = b"", b"", False

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            if options.get(b"name") == FIELD.encode() and b"filename" in options and not self._done:
                self.name, self._ours = _decoded(options[b"filename"]), True
        self._header, self._value = b"", b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._ours:
            self._out += data[start:end]

    def _end(self) -> None:
        self._done = self._done or self._ours


async def _written(
    request: Request, begin: Begin, take: Callable[[bytes], bytes], name: Callable[[], str]
) -> Path:  # fmt: skip
    path: Path | None = None
    file: IO[bytes] | None = None
    waiting = bytearray()
    try:
        async for piece in request.stream():
            waiting += take(piece)
            if file is None and name():
                path = await asyncio.to_thread(begin, name())
                file = await asyncio.to_thread(path.open, "wb")
            if file is not None and len(waiting) >= BUFFER:
                await _flushed(asyncio.to_thread(file.write, bytes(waiting)))
                waiting.clear()
        if path is None or file is None:
            raise Problem(400, "the request carries no file", f"Send it in the field {FIELD!r} of a form", FIELD)
        await _flushed(asyncio.to_thread(file.write, bytes(waiting)))
    except ClientDisconnect:
        raise Problem(400, "the upload was cut off", "Send the file again") from None
    finally:
        if file is not None:
            await asyncio.to_thread(file.close)
    if path.stat().st_size == 0:
        raise Problem(400, "the file is empty", "Check that the export finished", FIELD)
    return path


async def _flushed(writing: Awaitable[object]) -> None:
    try:
        await writing
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Busy("the disk is full", "Free space, then upload the file again") from error
        raise


def _decoded(name: bytes) -> str:
    """Return a file's name: UTF-8, with the three characters that browsers escape."""
    text = name.decode("utf-8", "replace")
    return text.replace("%22", '"').replace("%0D", "").replace("%0A", "")
