"""Bodies: gzip, base64, form fields and JSON opened with limits, whatever the bytes are."""

import binascii
import json
import re
import zlib
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from guanxi.core import DataError

MAX_INFLATED: Final = 32 * 2**20  # bytes; SDKs send at most a few hundred kB
GZIP: Final = b"\x1f\x8b"


def inflate(data: bytes, limit: int = MAX_INFLATED) -> bytes:
    """Return what a gzip stream holds.

    limit   bytes that may come out of it
    raises  DataError when it is truncated, followed by other bytes, no gzip, or a bomb
    """
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = stream.decompress(data, limit + 1)
    except zlib.error:
        raise DataError(
            "the body is announced as gzip and is none", "Send gzip, or leave the announcement out"
        ) from None
    if len(plain) > limit:
        raise DataError(f"the body inflates to more than {limit} bytes", "Send smaller batches")
    if not stream.eof or stream.unused_data:
        raise DataError("the gzip body is truncated or followed by other bytes", "Send the batch again")
    return plain


def unbase64(text: str) -> bytes:
    """Return the bytes of base64 text; blanks that were "+" and missing padding are mended.

    raises  DataError when it is no base64
    """
    text = text.strip().replace(" ", "+")  # a form decoder reads an unescaped "+" as a blank
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except (binascii.Error, ValueError):  # ValueError: text beyond ASCII
        raise DataError("the data is not base64", "Check that nothing cut or re-coded the request") from None


def form_fields(data: bytes) -> dict[str, str]:
    """Return the fields of a form-encoded body.

    raises  DataError when there are more than 64 fields or the body is not ASCII
    """
    try:
        return dict(parse_qsl(data.decode("ascii"), keep_blank_values=True, max_num_fields=64))
    except ValueError:
        raise DataError("the body is not form-encoded", "Send application/x-www-form-urlencoded") from None


def packed(text: str) -> bytes:
    """Return the JSON bytes behind a form field: plain, base64, or base64 of gzip."""
    if text.lstrip()[:1] in ("{", "["):
        return text.encode("utf-8", "replace")
    data = unbase64(text)
    return inflate(data) if data.startswith(GZIP) else data


def read_json(data: bytes) -> Any:
    """Return the value of a JSON body.

    What some encoders write against the standard is read as well: NaN and infinities (intake parks
    the event that holds one), lone surrogates (become U+FFFD), raw control characters in strings.

    raises  DataError when it is no JSON
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _whole(json.loads(data.decode("utf-8-sig"), strict=False))
    except (ValueError, RecursionError):
        raise DataError("the body is not JSON in UTF-8", "Send one JSON document in UTF-8") from None


_LONE: Final = re.compile("[\ud800-\udfff]")


def _whole(value: Any) -> Any:
    """Return the value with lone surrogates replaced: such text cannot be stored."""
    if type(value) is str:
        return _LONE.sub("\ufffd", value)
    if type(value) is list:
        return [_whole(one) for one in value]
    if type(value) is dict:
        return {_whole(name): _whole(one) for name, one in value.items()}
    return value
