"""The file that holds a ledger's signing key."""

import os
import stat
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guanxi.core import SettingError
from guanxi.ledger import private_pem, read_private_key

LEDGER_KEY: Final = "ledger.pem"  # in the workspace; no backup copies it


def make_signing_key(path: Path) -> Ed25519PrivateKey:
    """Write a new Ed25519 key to `path`, readable by its owner only.

    raises   SettingError when the file is there already: a key is never written over
    """
    key = Ed25519PrivateKey.generate()
    try:
        # The mode is set as the file is made: there is no instant at which others can open it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingError(
            f"{path} is there already", "Read it, or give another name; heads signed with it need it"
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(private_pem(key))
        file.flush()
        os.fsync(file.fileno())
    return key


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """Read the key that `make_signing_key` wrote.

    raises   SettingError when the file is missing, others than its owner may touch it, or it holds another key
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            pem = file.read(_LARGEST_PEM)
    except FileNotFoundError:
        raise SettingError(
            f"the signing key {path} is missing", "Put the copy you keep back, or make a new key and publish it"
        ) from None
    return read_private_key(pem, mode=mode)


_LARGEST_PEM = 4096  # bytes; a plain Ed25519 key has 119
