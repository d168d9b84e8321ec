"""Snapshots of traits on the disk: the state as it stood after one event; what came later is read from the log."""

import os
from pathlib import Path
from typing import Final

import msgspec
import xxhash

from guanxi.core import DataError
from guanxi.traits.state import LAYOUT, Plan, TraitState, zeroed

MAGIC: Final = b"guanxi traits\n"
SUFFIX: Final = ".traits"
_HEAD: Final = 4096  # bytes before the words, so that they begin on a page
_PART: Final = 1 << 24  # bytes written at once
_ROOM: Final = 1 << 20  # words behind the state, so that the next events do not move it
_MEND: Final = "Remove it: the state is then built anew from the log"


class SnapshotHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot says of itself.

    plan      hash of the plan that the state was kept by
    layout    of the words
    clock_ms  clock and seq of the newest event in it, by the trait clock
    known     every event of the log up to this sequence number is in it
    mark      what must be unchanged since, such as the number of erasures
    ahead_ms  the first clock of events up to `known` that are not in it, since they were dated ahead; 0 = all are
    words     how many follow
    check     xxh3_128 of the words
    """

    plan: str
    layout: int
    clock_ms: int
    seq: int
    words: int
    check: str
    known: int = 0
    mark: str = ""
    ahead_ms: int = 0


class TraitStore:
    """The snapshot of one state in a folder; it is replaced as a whole, so a crash leaves the old one or the new one.

    name  tells states of one folder apart
    """

    def __init__(self, folder: Path, name: str = "hot") -> None:
        self.path = folder / f"{name}{SUFFIX}"

    def save(self, state: TraitState, *, known: int = 0, mark: str = "", ahead_ms: int = 0) -> SnapshotHead:
        """Store a state in place of the one before; the caller feeds it nothing meanwhile. Durable on return."""
        words = state.words
        head = SnapshotHead(
            plan=state.plan.hash, layout=LAYOUT, clock_ms=state.clock_ms, seq=state.last_seq, words=len(words),
            check=xxhash.xxh3_128_hexdigest(words.data), known=known, mark=mark,
            ahead_ms=ahead_ms,
        )  # fmt: skip
        text = MAGIC + msgspec.json.encode(head)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self.path.with_suffix(".new")  # left by a crash: overwritten by the next one
        with beside.open("wb") as file:
            file.write(text.ljust(_HEAD))
            data = words.data.cast("B")
            for at in range(0, len(data), _PART):
                file.write(data[at : at + _PART])
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        _flush_folder(self.path.parent)
        return head

    def head(self) -> SnapshotHead | None:
        """Return what the snapshot says of itself; None when there is none.

        raises  DataError when the file is no snapshot
        """
        try:
            with self.path.open("rb") as file:
                return _head(file.read(_HEAD), self.path)
        except FileNotFoundError:
            return None

    def load(self, plan: Plan) -> TraitState | None:
        """Return the state as it was stored; None when nothing was.

        raises  DataError when it is of another plan or layout, or damaged
        """
        try:
            file = self.path.open("rb", buffering=0)
        except FileNotFoundError:
            return None
        with file:
            head = _head(file.read(_HEAD), self.path)
            if head.plan != plan.hash:
                raise DataError(
                    f"the snapshot {self.path.name} is of the plan {head.plan[:8]}, and the traits now make the plan"
                    f" {plan.hash[:8]}: rows or measures have changed", _MEND, "plan",
                )  # fmt: skip
            if head.layout != LAYOUT:
                raise DataError(
                    f"the snapshot {self.path.name} has the layout {head.layout}; this version reads {LAYOUT}",
                    _MEND, "layout",
                )  # fmt: skip
            words = zeroed(head.words + max(head.words // 4, _ROOM))
            data = words[: head.words].data.cast("B")
            at = 0
            while at < len(data) and (got := file.readinto(data[at : at + _PART])):
                at += got
        if at < len(data) or xxhash.xxh3_128_hexdigest(data) != head.check:
            raise DataError(f"the snapshot {self.path.name} is damaged", _MEND)
        return TraitState.of(plan, words)

    def remove(self) -> None:
        """Remove the snapshot, if there is one."""
        self.path.unlink(missing_ok=True)


def _head(start: bytes, path: Path) -> SnapshotHead:
    if start.startswith(MAGIC):
        try:
            return msgspec.json.decode(start[len(MAGIC) :].rstrip(), type=SnapshotHead)
        except msgspec.DecodeError:
            pass
    raise DataError(f"{path.name} is no snapshot of traits", _MEND)


def _flush_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
