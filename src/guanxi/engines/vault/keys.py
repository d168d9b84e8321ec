"""The vault's key: one secret file, and the keys that are derived from it."""

import hmac
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guanxi.core import DataError, SettingError

KEY_FILE: Final = "vault.key"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12  # of AES-GCM, NIST SP 800-38D section 8.2.2: random, far fewer than 2^32 boxes per key
TOKEN: Final = "vt_"  # noqa: S105 - a prefix, not a password
SURROGATE: Final = re.compile(r"h\.[0-9a-f]{32}\Z")


class Keys:
    """Everything that is derived from the master key: digests by purpose, and the wrap of data keys.

    source  HKDF, RFC 5869; HMAC-SHA256, RFC 2104; AES-256-GCM, NIST SP 800-38D
    """

    def __init__(self, master: bytes) -> None:
        self._token, self._surrogate, self._person, self._row = (
            _derived(master, name) for name in ("token", "surrogate", "person", "row")
        )
        self._wrap = AESGCM(_derived(master, "wrap"))
        self.ledger = _derived(master, "ledger")  # by which accounts and keys of the ledger are named
        self.check = _derived(master, "check")  # kept in the vault: tells whether a key file belongs to it

    def token(self, person: str, field: str, value: str) -> bytes:
        """Return the 16 bytes that stand for a value: the same for the same person, field and value."""
        # Lengths first: no two triples give the same text.
        return _digest(self._token, f"{len(person)},{len(field)}:{person}{field}{value}")

    def surrogate(self, role: str, key: str) -> str:
        """Return "h." and 32 hex digits for a delicate key; one that is a surrogate already stays as it is."""
        if SURROGATE.match(key):
            return key
        return "h." + _digest(self._surrogate, f"{len(role)}:{role}{key}").hex()

    def person(self, ref: str) -> bytes:
        """Return the 16 bytes by which the vault knows a person, so that its file lists no account."""
        return _digest(self._person, ref)

    def row(self, text: str) -> bytes:
        """Return the 16 bytes by which a parked row is known."""
        return _digest(self._row, text)

    def new_data_key(self, owner: bytes) -> tuple[AESGCM, bytes]:
        """Return a fresh data key and its wrapped form, which only `data_key` with the same owner opens."""
        key = secrets.token_bytes(KEY_BYTES)
        return AESGCM(key), seal_box(self._wrap, key, owner)

    def data_key(self, wrapped: bytes, owner: bytes) -> AESGCM:
        """Return the data key that `new_data_key` wrapped; raises DataError when it does not open."""
        return AESGCM(open_box(self._wrap, wrapped, owner))


def read_key(folder: Path) -> bytes:
    """Return the master key of a workspace.

    raises  SettingError when the file is missing, is not 32 bytes, or can be read by other users
    """
    path = folder / KEY_FILE
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            master = file.read(KEY_BYTES + 1)
    except FileNotFoundError:
        raise SettingError(
            f"the vault's key {KEY_FILE} is missing in {folder}",
            f"Put the copy you keep back as {KEY_FILE}; without it personal values cannot be read",
        ) from None
    except OSError as error:
        raise SettingError(f"the vault's key {path} cannot be read: {error.strerror}", "Run as its owner") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingError(
            f"other users may open the vault's key {path}: its mode is {stat.S_IMODE(mode):o}, allowed is 600",
            f"Run: chmod 600 {path}",
        )
    if len(master) != KEY_BYTES:
        raise SettingError(
            f"the vault's key {path} does not hold exactly {KEY_BYTES} bytes", "Put the copy you keep back in its place"
        )
    return master


def make_key(folder: Path) -> bytes:
    """Return the master key of a new workspace: written once, whole, readable by its owner only."""
    draft = folder / f".{KEY_FILE}.{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, folder / KEY_FILE)  # whole or not at all, and never over another process's key
        except FileExistsError:
            return read_key(folder)
    finally:
        draft.unlink()
    sync_folder(folder)
    return read_key(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal_box(key: AESGCM, content: bytes, bound: bytes) -> bytes:
    """Return nonce, ciphertext and tag; the box opens only with the same `bound` bytes."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, content, bound)


def open_box(key: AESGCM, box: bytes, bound: bytes) -> bytes:
    """Return what `seal_box` sealed; raises DataError when the box, the key or `bound` is another one."""
    try:
        return key.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise DataError(
            "a sealed value of the vault does not open: the file was changed or is damaged",
            "Restore vault.sqlite and vault.key from the same backup",
        ) from None


def _digest(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")[:16]


def _derived(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"guanxi vault 1 " + purpose.encode()).derive(master)
