"""Request bodies: read whole, freed of their Content-Encoding, never larger than allowed."""

import zlib
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from guanxi.api.errors import Problem

#: Media types in which SDKs and browsers send events; "" = none was named.
MEDIA_TYPES: Final = frozenset({
    "", "application/json", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream",
})  # fmt: skip


async def read_body(receive: Receive) -> bytes:
    """Return the whole body; the shield bounds its size.

    raises  ClientDisconnect when the sender went away
    """
    message = await receive()
    if not message.get("more_body", False) and message["type"] == "http.request":
        body: bytes = message.get("body", b"")  # nearly always one piece
        return body
    parts = []
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()


def decode_body(body: bytes, encoding: str, *, limit: int) -> bytes:
    """Return the body as it was before the Content-Encoding that the sender applied.

    limit   bytes that may come out of it; checked while it is inflated
    raises  Problem: 400 truncated or not gzip, 413 too large, 415 another encoding
    """
    named = encoding.strip().lower()
    if named in ("", "identity"):
        return body
    if named not in ("gzip", "x-gzip"):
        raise Problem(415, f"the Content-Encoding is {named[:40]!r}", "Send gzip, or leave the header out")
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error:
        raise Problem(
            400, "the body is not gzip, as Content-Encoding says", "Send gzip, or leave the header out"
        ) from None
    if len(plain) > limit:
        raise Problem(413, f"the body inflates to more than {limit} bytes", "Send smaller batches")
    if not stream.eof or stream.unused_data:
        raise Problem(400, "the gzip body is truncated or followed by other bytes", "Send the request again")
    return plain


def check_media_type(header: str) -> None:
    """Check a Content-Type header.

    raises  Problem: 415
    """
    media, _, parameters = header.partition(";")
    if media.strip().lower() not in MEDIA_TYPES:
        raise Problem(415, f"the Content-Type is {media.strip()[:60]!r}", "Send application/json", "content-type")
    charset = parameters.lower().partition("charset=")[2].strip(" \"'").partition(";")[0]
    if charset not in ("", "utf-8", "utf8"):
        raise Problem(415, f"the charset is {charset[:40]!r}", "Send UTF-8", "content-type")
