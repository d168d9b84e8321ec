"""Uploads: files that a person brought through the page, until they are imported."""

import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from guanxi.app.workspace import Workspace
from guanxi.core import DataError, NotFound
from guanxi.engines.log import now_ms
from guanxi.engines.sources import Opened, expand, read_preset
from guanxi.engines.sources import Preset as Preset
from guanxi.engines.sources import preset as shipped_preset

FOLDER: Final = "uploads"
MAPPINGS: Final = "mappings"  # mappings that people of this workspace drew up
NOTE: Final = "upload.json"
FILE: Final = "content"  # folder of the one file, under its own name: what is recognised by name stays so
KEPT_MS: Final = 7 * 24 * 3_600_000  # a file that nobody imports is personal data lying about: it goes
NAME: Final = 120  # characters of a file's name that are kept
ID: Final = re.compile(r"[0-9a-f]{16}\Z")
MAPPING_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,40}\Z")


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was brought; the file itself goes once it is imported, or after a week.

    name     as its owner calls it, cleaned
    sources  what is in it: itself, or the members of a zip; empty for one that cannot be opened, see `problem`
    jobs     ids of imports that were asked for
    present  the file is still here
    """

    id: str
    name: str
    bytes: int
    at_ms: int
    who: str
    sources: tuple[str, ...] = ()
    problem: str = ""
    jobs: tuple[str, ...] = ()
    present: bool = True


def new_upload(workspace: Workspace, name: str) -> tuple[str, Path]:
    """Return the id of a new upload and the file to write it into; others that lay too long are removed.

    raises  DataError when the name is empty
    """
    tidy(workspace)
    clean = clean_name(name)
    number = secrets.token_hex(8)
    home = workspace.folder / FOLDER / number / FILE
    home.mkdir(parents=True, mode=0o700)
    (workspace.folder / FOLDER).chmod(0o700)
    return number, home / clean


def finish_upload(workspace: Workspace, number: str, *, who: str, ip: str = "") -> Upload:
    """Return an upload whose file is whole; what cannot be opened is kept with what is wrong."""
    path = _path(workspace, number)
    sources: tuple[str, ...] = ()
    problem = ""
    try:
        sources = tuple(one.name for one in expand(path))
    except DataError as error:
        problem = str(error)
    made = Upload(
        id=number, name=path.name, bytes=path.stat().st_size, at_ms=now_ms(), who=who, sources=sources, problem=problem
    )
    save(workspace, made)
    workspace.control.record(who=who, verb="upload", object=f"file {number}", detail={"bytes": made.bytes}, ip=ip)
    return made


def drop_upload(workspace: Workspace, number: str) -> None:
    """Remove an upload, whole or half, file and note."""
    if ID.match(number):
        shutil.rmtree(workspace.folder / FOLDER / number, ignore_errors=True)


def uploads(workspace: Workspace) -> list[Upload]:
    """Return all uploads, the newest first."""
    return sorted(_all(workspace), key=lambda one: (-one.at_ms, one.id))


def upload(workspace: Workspace, number: str) -> Upload:
    """Return one upload.

    raises  NotFound when there is none
    """
    path = workspace.folder / FOLDER / number / NOTE
    if not ID.match(number) or not path.is_file():
        raise NotFound(f"there is no upload {number[:32]!r}", "Upload the file again", "id")
    return msgspec.json.decode(path.read_bytes(), type=Upload)


def opened(workspace: Workspace, number: str) -> list[Opened]:
    """Return the sources in an upload's file.

    raises  NotFound when the file is gone; DataError when it cannot be opened
    """
    return expand(_path(workspace, upload(workspace, number).id))


def file_of(workspace: Workspace, number: str) -> Path:
    """Return an upload's file.

    raises  NotFound when it is gone
    """
    return _path(workspace, upload(workspace, number).id)


def save(workspace: Workspace, row: Upload) -> None:
    """Store an upload's note, whole or not at all."""
    path = workspace.folder / FOLDER / row.id / NOTE
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(row))
    fresh.replace(path)


def forget_file(workspace: Workspace, number: str) -> None:
    """Remove an upload's file; its note stays."""
    shutil.rmtree(workspace.folder / FOLDER / number / FILE, ignore_errors=True)
    save(workspace, msgspec.structs.replace(upload(workspace, number), present=False))


def tidy(workspace: Workspace) -> int:
    """Remove uploads that lay for a week and half ones that were given up; return how many."""
    home, gone = workspace.folder / FOLDER, 0
    limit = now_ms() - KEPT_MS
    for folder in home.iterdir() if home.is_dir() else ():
        if ID.match(folder.name) and folder.stat().st_mtime_ns // 1_000_000 < limit:
            shutil.rmtree(folder, ignore_errors=True)
            gone += 1
    return gone


def clean_name(text: str) -> str:
    """Return a file name that is safe to write: no folder, no control, nothing hidden, not too long.

    raises  DataError when nothing is left

    >>> clean_name("../../etc/订单 2026?.csv"), clean_name("C:\\\\orders.xlsx")
    ('订单 2026_.csv', 'orders.xlsx')
    """
    name = unicodedata.normalize("NFC", text.replace("\\", "/")).rpartition("/")[2]
    name = "".join("_" if sign in '<>:"|?*' or not sign.isprintable() else sign for sign in name).strip(" .")
    if not name:
        raise DataError("the file has no name", "Name it, e.g. orders.csv", "name")
    stem, dot, suffix = name.rpartition(".")
    short = f"{stem[: NAME - len(suffix) - 1]}.{suffix}" if dot and len(suffix) < 12 else name[:NAME]
    while len(os.fsencode(short)) > 240:  # what a file system takes is counted in bytes
        short = short[1:]
    return short


def mapping_of(workspace: Workspace, name: str) -> Preset:
    """Return the mapping with an id: one of this workspace's own, else a shipped preset.

    raises  NotFound when there is neither; SettingError when the own one is not usable any more
    """
    path = mapping_path(workspace, name)
    if path is not None:
        return read_preset(path.read_bytes(), path.name)
    return shipped_preset(name.removesuffix(".toml"))


def mapping_path(workspace: Workspace, name: str) -> Path | None:
    """Return the file of an own mapping, None when there is none of that id."""
    path = workspace.folder / MAPPINGS / f"{name}.toml"
    return path if MAPPING_ID.match(name) and path.is_file() else None


def own_mappings(workspace: Workspace) -> list[Preset]:
    """Return the mappings that people of this workspace drew up, by id; broken ones are left out."""
    home = workspace.folder / MAPPINGS
    found = []
    for path in sorted(home.glob("*.toml")) if home.is_dir() else ():
        try:
            found.append(read_preset(path.read_bytes(), path.name))
        except ValueError:
            continue
    return found


def _all(workspace: Workspace) -> Iterator[Upload]:
    home = workspace.folder / FOLDER
    for folder in home.iterdir() if home.is_dir() else ():
        if ID.match(folder.name) and (folder / NOTE).is_file():
            yield msgspec.json.decode((folder / NOTE).read_bytes(), type=Upload)


def _path(workspace: Workspace, number: str) -> Path:
    home = workspace.folder / FOLDER / number / FILE
    found = next(home.iterdir(), None) if ID.match(number) and home.is_dir() else None
    if found is None:
        raise NotFound("the file of this upload is gone", "It was imported, or lay for a week: upload it again", "id")
    return found
