"""Signatures of Standard Webhooks, version 1, with a symmetric secret.

source   https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from typing import Final

from guanxi.core import SettingError

PREFIX: Final = "whsec_"


def read_secret(text: str) -> bytes:
    """Return the bytes of a secret `whsec_…`; raises SettingError, which does not repeat it."""
    try:
        found = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not text.startswith(PREFIX) or not 24 <= len(found) <= 64:
        raise SettingError(
            "the signing secret of a sender has another form",
            f"Set it to {PREFIX} and 24 to 64 random bytes in base64: openssl rand -base64 32",
            "senders",
        )
    return found


def signed(secret: bytes, id: str, now_ms: int, body: bytes) -> dict[str, str]:  # noqa: A002 - the spec's word
    """Return the headers of a signed message: its id (the same in every attempt), the second, a signature."""
    second = now_ms // 1000
    digest = hmac.digest(secret, f"{id}.{second}.".encode() + body, "sha256")
    return {
        "webhook-id": id, "webhook-timestamp": str(second),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }  # fmt: skip
