"""The ledger of a workspace as others get it: an export that is signed with the workspace's key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from guanxi.app.workspace import Workspace
from guanxi.core import SettingError
from guanxi.engines.ledger_keys import LEDGER_KEY, make_signing_key, read_signing_key
from guanxi.ledger import ExportVerdict, export_lines, fingerprint, public_pem, read_public_key, verify_export

PUBLIC_KEY: Final = "ledger-public.pem"  # beside the signing key, for whoever checks


class LedgerExport(msgspec.Struct, frozen=True, kw_only=True):
    """What was written.

    entries, heads   in the file
    key              fingerprint of the public key that checks it
    """

    entries: int
    heads: int
    key: str


def export_ledger(workspace: Workspace, into: Path, *, now_ms: int) -> LedgerExport:
    """Sign the ledger as it stands and write all of it to a new file; the key is made the first time.

    raises   SettingError when the file is there already
    """
    path = workspace.folder / LEDGER_KEY
    key = read_signing_key(path) if path.exists() else make_signing_key(path)
    (workspace.folder / PUBLIC_KEY).write_bytes(public_pem(key))
    ledger = workspace.control.ledger
    signed = ledger.sign(key, now_ms=now_ms)
    rows = (row for row, _ in ledger.rows(0, signed.head.size))
    # Heads of a key that was replaced cannot be checked with this one.
    heads = [one for one in ledger.heads() if one.key == signed.key and one.head.size <= signed.head.size]
    try:
        with into.open("xb") as file:
            file.writelines(export_lines(signed.head.ledger, rows, heads=heads))
    except FileExistsError:
        raise SettingError(f"{into.name} is there already", "Give another name, or remove it") from None
    return LedgerExport(entries=signed.head.size, heads=len(heads), key=fingerprint(key.public_key()))


def check_export(export: Path, public_key: Path) -> ExportVerdict:
    """Check an export with the public key and nothing else.

    raises   SettingError when a file cannot be read, or holds no public key
    """
    try:
        key = read_public_key(public_key.read_bytes())
        return verify_export(_lines(export), key)
    except OSError as error:
        raise SettingError(f"{error.filename} cannot be read: {error.strerror}", "Check its name") from error


def _lines(export: Path) -> Iterator[bytes]:
    with export.open("rb") as file:
        yield from file
