"""Tree heads: what the ledger was at an instant, signed with Ed25519 so that it cannot be denied later.

The signature is over the text "guanxi-ledger-head-1", a line feed, and the head as a JSON array without blanks.
source   Ed25519: RFC 8032; the idea of signed tree heads: RFC 6962 section 3.5
"""

import re
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from guanxi.core import DataError, SettingError
from guanxi.ledger.chain import GENESIS, LARGEST
from guanxi.ledger.merkle import EMPTY_ROOT

HEAD_LABEL: Final = b"guanxi-ledger-head-1\n"


class Head(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The ledger at an instant.

    ledger   id of the ledger, 32 lower-case hex digits
    size     entries so far
    root     of the tree over them, 64 lower-case hex digits
    chain    hash of the chain after the last of them, 64 lower-case hex digits
    at_ms    when the head was made, milliseconds since 1970 in UTC
    raises   DataError when a field has another form, or an empty ledger another root than that of nothing
    """

    ledger: str
    size: int
    root: str
    chain: str
    at_ms: int

    def __post_init__(self) -> None:
        for field in ("size", "at_ms"):
            value = getattr(self, field)
            if type(value) is not int or not 0 <= value <= LARGEST:
                raise DataError(f"{field} is {value}, outside 0 to 10**18 - 1", "Give a whole number in that range")
        if not re.fullmatch(r"[0-9a-f]{32}", self.ledger):
            raise DataError("the ledger's id is not 32 lower-case hex digits", "Give the id the ledger was made with")
        if not all(re.fullmatch(r"[0-9a-f]{64}", word) for word in (self.root, self.chain)):
            raise DataError("root or chain is not 64 lower-case hex digits", "Give the hashes as hex")
        if self.size == 0 and (self.root, self.chain) != (EMPTY_ROOT.hex(), GENESIS.hex()):
            raise DataError("an empty ledger has another root or chain", "Give EMPTY_ROOT and GENESIS as hex")


class SignedHead(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="head"):
    """A head with its signature.

    head        what is signed
    key         fingerprint of the public key that checks it, 64 lower-case hex digits
    signature   Ed25519 over `head_bytes`, 128 lower-case hex digits
    """

    head: Head
    key: str
    signature: str


def head_bytes(head: Head) -> bytes:
    """The bytes that are signed: a label of this format, then the head as a JSON array without blanks."""
    return HEAD_LABEL + _ENCODER.encode(head)


def sign_head(head: Head, key: Ed25519PrivateKey) -> SignedHead:
    """Sign a head; the same head and key give the same signature."""
    return SignedHead(head, fingerprint(key.public_key()), key.sign(head_bytes(head)).hex())


def verify_head(signed: SignedHead, public_key: Ed25519PublicKey) -> bool:
    """Whether the owner of `public_key` signed this head."""
    if signed.key != fingerprint(public_key) or not re.fullmatch(r"[0-9a-f]{128}", signed.signature):
        return False
    try:
        public_key.verify(bytes.fromhex(signed.signature), head_bytes(signed.head))
    except InvalidSignature:
        return False
    return True


def fingerprint(public_key: Ed25519PublicKey) -> str:
    """SHA-256 of the key in its DER form (SubjectPublicKeyInfo), 64 hex digits: short enough to read out."""
    return sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """The public key as PEM: what an outsider needs."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: Ed25519PrivateKey) -> bytes:
    """The private key as PEM (PKCS 8, not encrypted): write it to a file of mode 0600 only."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_public_key(pem: bytes) -> Ed25519PublicKey:
    """Public key from PEM; raises SettingError when it is not an Ed25519 key."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise SettingError(
            f"{len(pem)} bytes are not an Ed25519 public key in PEM form",
            'Give the file that begins with "-----BEGIN PUBLIC KEY-----"',
        )
    return key


def read_private_key(pem: bytes, *, mode: int) -> Ed25519PrivateKey:
    """Private key from PEM.

    mode     permission bits of the file that it was read from
    raises   SettingError when others than its owner may touch that file, or it is not a plain Ed25519 key
    """
    if mode & 0o077:
        raise SettingError(
            f"the signing key's file has mode {mode & 0o777:04o}: others can read or change it",
            "Run chmod 600 on it; when others were on this machine, make a new key",
        )
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingError(
            f"{len(pem)} bytes are not an Ed25519 private key in PEM form, or it is encrypted",
            'Give the file that begins with "-----BEGIN PRIVATE KEY-----"',
        )
    return key


_ENCODER: Final = msgspec.json.Encoder()
