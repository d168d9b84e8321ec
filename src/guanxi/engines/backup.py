"""Backup: a consistent copy of a workspace while it works, and its way back."""

import hashlib
import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from guanxi import __version__
from guanxi.core import Busy, DataError, NotFound, SettingError
from guanxi.engines.lake import CATALOG, DATA
from guanxi.engines.ledger_keys import LEDGER_KEY
from guanxi.engines.locks import SEALER, Lock
from guanxi.engines.log import now_ms
from guanxi.engines.vault import KEY_FILE, Tombstone, Vault

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
LOG: Final = "log.sqlite"
_RUNS, _STAGED = "runs", "staged"
_MAPPINGS = "mappings"  # that people of the workspace drew up; uploads wait for a week at most and are not copied


class BackupFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a backup: its path below the workspace, with slashes, its size in bytes and its SHA-256."""

    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds; written last, so that a backup without one is not a backup.

    format      version of this description
    guanxi      version of the program that made it
    created_ms  milliseconds UTC
    last_seq    the newest event in it
    key         whether vault.key is in it
    """

    format: int
    guanxi: str
    created_ms: int
    last_seq: int
    key: bool
    files: tuple[BackupFile, ...]


def backup(folder: Path, target: Path, *, include_key: bool = False, wait_s: float = 30.0) -> Manifest:
    """Copy a workspace to a new folder while gate and desk go on; sealing waits meanwhile.

    The order makes the copy one moment: the sealer's lock stops the lake and the removal of files, the log is
    copied first and names the files that belong to it, the vault after it holds every value that the log names.

    include_key  also copy vault.key: whoever has the copy can then read the personal values
    wait_s       how long to wait for the sealer's lock
    raises       SettingError when the target is not empty or lies in the workspace; Busy when the lock stays taken
    """
    if not (folder / LOG).exists():
        raise NotFound(f"there is no workspace in {folder.name!r}", "Make one with `guanxi init`, or name it with -w")
    _refuse_full(target)
    if target.resolve().is_relative_to(folder.resolve()):
        raise SettingError("the backup would lie inside the workspace", "Name a folder outside of it")
    with _sealer_lock(folder, wait_s):
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        last_seq = _copy_all(folder, target)
    if include_key:
        _copy(folder / KEY_FILE, target / KEY_FILE)
        (target / KEY_FILE).chmod(stat.S_IRUSR | stat.S_IWUSR)
    for name in (_RUNS, _STAGED, DATA):
        (target / name).mkdir(exist_ok=True)
    manifest = Manifest(
        format=FORMAT, guanxi=__version__, created_ms=now_ms(), last_seq=last_seq, key=include_key,
        files=tuple(_described(target)),
    )  # fmt: skip
    _write(target / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    return manifest


def restore(target: Path, folder: Path, *, key: Path | None = None, erased: Path | None = None) -> Manifest:
    """Make a workspace of a backup, whole or not at all.

    target  the backup; folder  the new workspace: must be empty or absent
    key     the copy of vault.key that is kept elsewhere, when the backup holds none
    erased  the list that `export_erased` wrote of the newest workspace: people erased since the backup was made are
            erased from the vault here; `engines.erasure.reapply` then erases their events
    raises  DataError when a file is missing or changed; SettingError when the folder is not empty or there is no key
    """
    manifest = _read_manifest(target)
    folder = folder.resolve()
    _refuse_full(folder)
    if key is None and not manifest.key:
        raise SettingError("this backup holds no vault.key", "Name the copy that you keep: --key FILE")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.restoring"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(mode=0o700)
        for name in (_RUNS, _STAGED, DATA):
            (draft / name).mkdir()
        for file in manifest.files:
            _copy(target / file.path, draft / file.path)
            if _digest(draft / file.path) != (file.bytes, file.sha256):
                raise DataError(f"{file.path} of the backup is not what was written", "Use another backup")
        if key is not None:
            _copy(key, draft / KEY_FILE)
        (draft / KEY_FILE).chmod(stat.S_IRUSR | stat.S_IWUSR)
        with Vault.open(draft) as vault:  # also proves that the key is this vault's
            if erased is not None:
                vault.entomb(_read_erased(erased))
        draft.replace(folder)  # an empty folder gives way
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


def export_erased(vault: Vault, path: Path) -> int:
    """Write the list of erased people, as keyed digests, for a later `restore`; return how many there are."""
    stones = vault.tombstones()
    _write(path, b"".join(msgspec.json.encode(stone) + b"\n" for stone in stones))
    return len(stones)


def _sealer_lock(folder: Path, wait_s: float) -> Lock:
    give_up = time.monotonic() + wait_s
    while True:
        try:
            return Lock(folder, SEALER, doing="guanxi backup")
        except Busy:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


def _copy_all(folder: Path, target: Path) -> int:
    """Copy everything but the key in the order that makes it one moment; return the log's last number."""
    _copy_sqlite(folder / LOG, target / LOG)
    last_seq, runs, staged = _log_files(target / LOG)
    for name in runs:
        _copy(folder / _RUNS / name, target / _RUNS / name)
    for name in staged:
        _copy_tree(folder / _STAGED / name, target / _STAGED / name)
    _copy_tree(folder / DATA, target / DATA)
    for name in (CATALOG, f"{CATALOG}-wal"):  # nobody writes them: the sealer's lock is ours
        if (folder / name).exists():  # what the log beside the file holds is part of it
            _copy(folder / name, target / name)
    for path in sorted(folder.glob("*.sqlite")):
        if path.name not in (LOG, CATALOG):
            _copy_sqlite(path, target / path.name)
    for path in sorted(folder.iterdir()):
        if path.is_file() and _is_setting(path.name):
            _copy(path, target / path.name)
    _copy_tree(folder / _MAPPINGS, target / _MAPPINGS)
    return last_seq


def _read_erased(path: Path) -> list[Tombstone]:
    try:
        return [msgspec.json.decode(line, type=Tombstone) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.DecodeError) as error:
        raise DataError(
            f"{path.name} is not a list of erased people", "Export it again from the newest workspace"
        ) from error


def _read_manifest(target: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode((target / MANIFEST).read_bytes(), type=Manifest)
    except OSError as error:
        raise NotFound(f"there is no finished backup in {target.name!r}", "Name the folder of a backup") from error
    except msgspec.DecodeError as error:
        raise DataError(f"the manifest of the backup is damaged: {error}", "Use another backup") from error
    if manifest.format != FORMAT:
        raise DataError(f"the backup has format {manifest.format}, this Guanxi reads {FORMAT}", "Update guanxi")
    for file in manifest.files:
        parts = PurePosixPath(file.path).parts
        if not parts or PurePosixPath(file.path).is_absolute() or ".." in parts or "\\" in file.path:
            raise DataError("the manifest names a file outside of the backup", "Use another backup")
        if not (target / file.path).is_file():
            raise DataError(f"{file.path} of the backup is missing", "Use another backup")
    return manifest


def _log_files(path: Path) -> tuple[int, list[str], list[str]]:
    """Read from the copied log its last number and the runs and staged folders that belong to it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as log:
        (last_seq,) = log.execute("SELECT value FROM meta WHERE name='last_seq'").fetchone()
        runs = [name for (name,) in log.execute("SELECT path FROM runs")]
        staged = [name for (name,) in log.execute("SELECT folder FROM segments WHERE state='open' AND folder != ''")]
        # What an unfinished import remembers outside of the log is not copied: it begins anew and adds nothing twice.
        log.execute("DELETE FROM imports WHERE done=0")
    return int(last_seq), runs, staged


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy one moment of a database that others may be writing, as a single file."""
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
    except sqlite3.DatabaseError as error:
        raise DataError(f"{source.name} cannot be copied: {error}", "Restore it from an earlier backup") from error


def _copy_tree(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_file():
            _copy(path, target / path.relative_to(source))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError as error:
        raise DataError(f"{source.name} is missing", "Restore the workspace from an earlier backup") from error
    _flush(target)


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(data)
    _flush(draft)
    draft.replace(path)


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _described(folder: Path) -> Iterator[BackupFile]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size, digest = _digest(path)
        yield BackupFile(path=path.relative_to(folder).as_posix(), bytes=size, sha256=digest)


def _digest(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _is_setting(name: str) -> bool:
    """Settings and mappings; not databases and their companions, locks, keys and hidden files."""
    return not (name.startswith(".") or ".sqlite" in name or name.endswith(".lock") or name in (KEY_FILE, LEDGER_KEY))


def _refuse_full(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingError(f"{folder.name!r} is not an empty folder", "Name a new folder")
