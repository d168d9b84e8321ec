"""Ranks of traits on the disk: a sheet a day of how all people stand in each trait; it names nobody."""

import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from guanxi.core import DataError
from guanxi.traits import Ladder

FORM: Final = 1  # of the file
SUFFIX: Final = ".npz"
_MEND: Final = "Run: guanxi traits ranks"


class LadderHead(msgspec.Struct, frozen=True, kw_only=True):
    """Of one ladder: fields as in `Ladder`, and how many values it keeps."""

    is_names: bool
    known: int
    unknown: int
    zeros: int
    rungs: int


class RankHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a sheet says of itself.

    plan      hash of the traits that it ranks, and of what they are made of
    until_ms  a local midnight: nothing later is in it
    known     the last sequence number that was looked at
    people    all who ever acted; drawn: those whose history was read, fewer only when they are very many
    ranked    those of them who are in the ladders
    made_ms   when it was made
    names     of the traits
    ladders   of each of them, in that order
    """

    form: int = FORM
    plan: str
    until_ms: int
    known: int
    people: int
    drawn: int
    ranked: int
    made_ms: int
    names: tuple[str, ...]
    ladders: tuple[LadderHead, ...]


@dataclass(frozen=True, slots=True)
class RankSheet:
    """How all people stood in each trait at one local midnight."""

    head: RankHead
    ladders: Mapping[str, Ladder]


def sheet_of(
    ladders: Mapping[str, Ladder], *, plan: str, until_ms: int, known: int, people: int, drawn: int, ranked: int,
    made_ms: int,
) -> RankSheet:  # fmt: skip
    """Return the sheet of some ladders; fields as in `RankHead`."""
    heads = tuple(
        LadderHead(is_names=one.is_names, known=one.known, unknown=one.unknown, zeros=one.zeros, rungs=len(one.values))
        for one in ladders.values()
    )
    return RankSheet(
        RankHead(plan=plan, until_ms=until_ms, known=known, people=people, drawn=drawn, ranked=ranked,
                 made_ms=made_ms, names=tuple(ladders), ladders=heads), ladders,
    )  # fmt: skip


class RankStore:
    """Sheets of the last days in a folder; each is replaced as a whole, so a crash leaves the old one or the new one.

    keep  sheets of so many days stay
    """

    def __init__(self, folder: Path, keep: int = 8) -> None:
        self.folder, self._keep = folder, keep

    def save(self, sheet: RankSheet) -> Path:
        """Store a sheet in place of that of the same day, and remove those that are too old. Durable on return."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{sheet.head.until_ms}{SUFFIX}"
        beside = path.with_suffix(".new")  # left by a crash: overwritten by the next one
        with beside.open("wb") as file:
            file.write(_packed(sheet))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        for _, old in sorted(self._files(), reverse=True)[self._keep :]:
            old.unlink(missing_ok=True)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        return path

    def newest(self) -> RankHead | None:
        """Return what the newest sheet says of itself; None when there is none.

        raises  DataError when the file is no sheet
        """
        found = max(self._files(), default=None)
        return None if found is None else _unpacked(found[1], ladders=False).head

    def upto(self, until_ms: int) -> list[Path]:
        """Return the files of the sheets that hold nothing from an instant on, the newest first."""
        return [path for midnight, path in sorted(self._files(), reverse=True) if midnight <= until_ms]

    def load(self, path: Path, plan: str) -> RankSheet:
        """Return a sheet.

        raises  DataError when it is of another plan, or damaged
        """
        sheet = _unpacked(path)
        if sheet.head.plan != plan:
            raise DataError(
                f"the ranks {path.name} are of the plan {sheet.head.plan[:8]}, and the traits now make the plan"
                f" {plan[:8]}: rows or measures have changed", _MEND, "plan",
            )  # fmt: skip
        return sheet

    def _files(self) -> Iterator[tuple[int, Path]]:
        for path in self.folder.glob(f"*{SUFFIX}"):
            if path.stem.isdigit():
                yield int(path.stem), path


def _packed(sheet: RankSheet) -> bytes:
    ladders = [sheet.ladders[name] for name in sheet.head.names]
    held = {
        "head": np.frombuffer(msgspec.json.encode(sheet.head), np.uint8),
        "values": np.concatenate([np.empty(0, np.uint64), *(one.values.view(np.uint64) for one in ladders)]),
        "below": np.concatenate([np.empty(0, np.int64), *(one.below for one in ladders)]),
        "equal": np.concatenate([np.empty(0, np.int64), *(one.equal for one in ladders)]),
    }
    packed = io.BytesIO()
    np.savez_compressed(packed, **held)  # type: ignore[arg-type]  # its last parameter is no array
    return packed.getvalue()


def _unpacked(path: Path, *, ladders: bool = True) -> RankSheet:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as held:
            head = msgspec.json.decode(held["head"].tobytes(), type=RankHead)
            if head.form != FORM:
                raise DataError(f"the ranks {path.name} have the form {head.form}; this version reads {FORM}", _MEND)
            arrays = (held["values"], held["below"], held["equal"]) if ladders else None
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, msgspec.DecodeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"the ranks {path.name} are damaged", _MEND) from error
    if arrays is None:
        return RankSheet(head, {})
    found, start = dict[str, Ladder](), 0
    for name, one in zip(head.names, head.ladders, strict=True):
        values, below, equal = (array[start : start + one.rungs] for array in arrays)
        held_as = values if one.is_names else values.view(np.float64)
        found[name] = Ladder(held_as, below, equal, one.known, one.unknown, one.zeros)
        start += one.rungs
    return RankSheet(head, found)
