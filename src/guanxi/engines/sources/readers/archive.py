"""Opening files: plain, gz, zip; bombs and broken archives are refused with a reason."""

import gzip
import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

from guanxi.core import DataError, NotFound, Refused

HEAD: Final = 256 << 10  # bytes looked at to recognise a file
FREE: Final = 64 << 20  # bytes that may come out of an archive before its ratio is looked at
MAX_RATIO: Final = 200  # unpacked bytes per packed byte; real exports stay under 60
MAX_UNPACKED: Final = 64 << 30
MAX_MEMBERS: Final = 1000


@dataclass(frozen=True, slots=True)
class Opened:
    """One source: a file, or one member of a zip; gz is taken off by itself.

    path    the file
    member  name inside the zip, "" when the file is no zip
    """

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """The name for messages: the file's own, and the member's; bytes that are not text and controls are hidden."""
        return printable(f"{self.path.name}!{self.member}" if self.member else self.path.name)

    @contextmanager
    def stream(self) -> Iterator[IO[bytes]]:
        """Give the unpacked bytes; damage in an archive raises DataError while reading."""
        with opened(self.path) as file:
            packed = file
            size = self.path.stat().st_size
            if self.member:
                with _zip(file, printable(self.path.name)) as archive:
                    info = archive.getinfo(self.member)
                    with _member(archive, info, self.name) as inner:
                        yield _unpacked(
                            _Guarded(inner, self.name, max(info.compress_size, 1)), self.name, info.compress_size
                        )
                return
            yield _unpacked(packed, self.name, size)

    def head(self) -> bytes:
        """Return the first bytes."""
        with self.stream() as stream:
            return stream.read(HEAD)

    @contextmanager
    def seekable(self) -> Iterator[IO[bytes]]:
        """Give the unpacked bytes as a file that can be read in any order."""
        with self.stream() as stream:
            if isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO):
                yield stream
                return
            with tempfile.TemporaryFile() as spool:
                while block := stream.read(1 << 20):
                    spool.write(block)
                spool.seek(0)
                yield cast("IO[bytes]", spool)


def expand(path: Path) -> list[Opened]:
    """Return the sources in a file: itself, or the members of a zip in order.

    raises   NotFound; DataError for a zip that is broken, encrypted, a bomb, or too full
    """
    name = printable(path.name)
    if not path.is_file():
        what = f"{name!r} is no file that can be read to its end" if path.exists() else f"there is no file {name!r}"
        raise NotFound(what, "Check the path")
    with opened(path) as file:
        if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            return [Opened(path)]
        with _zip(file, name) as archive:
            names = archive.namelist()
            if "[Content_Types].xml" in names or "xl/workbook.xml" in names:
                return [Opened(path)]
            infos = [info for info in archive.infolist() if not info.is_dir() and not _noise(info.filename)]
    if len(infos) > MAX_MEMBERS:
        raise DataError(f"{name} holds {len(infos)} files; at most {MAX_MEMBERS} are read", "Unpack it first")
    unpacked = sum(info.file_size for info in infos)
    _check_ratio(name, unpacked, sum(info.compress_size for info in infos))
    if not infos:
        raise DataError(f"{name} is an empty zip", "Check that the export finished")
    return [Opened(path, info.filename) for info in infos]


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading its bytes; raises NotFound or Refused when the system does not let us."""
    name = printable(path.name)
    try:
        file = path.open("rb")
    except PermissionError as error:
        raise Refused(f"{name} may not be read", "Give this user the right to read it") from error
    except OSError as error:
        raise NotFound(f"{name} cannot be opened: {error.strerror}", "Check the path") from error
    with file:
        yield file


def printable(name: str) -> str:
    """Return a file name as text for people: bytes that are not text and control characters show as a mark."""
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in name)


class _Guarded(io.RawIOBase):
    """Counts what comes out of an archive and turns damage into DataError."""

    def __init__(self, inner: Any, name: str, packed: int) -> None:
        self.inner, self.name, self.packed, self.count = inner, name, packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self.inner.read(len(buffer))
        except (
            EOFError,
            zlib.error,
            zipfile.BadZipFile,
            gzip.BadGzipFile,
            OSError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            raise DataError(
                f"{self.name} is damaged after {self.count:,} bytes: {error}",
                "It was cut off or changed on the way: download or export it again",
            ) from error
        self.count += len(data)
        _check_ratio(self.name, self.count, self.packed)
        buffer[: len(data)] = data
        return len(data)


def _unpacked(stream: Any, name: str, packed: int) -> IO[bytes]:
    """Take gz off when the bytes say so."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        return io.BufferedReader(_Guarded(gzip.GzipFile(fileobj=buffered), name, max(packed, 1)), 1 << 20)
    return buffered


def _check_ratio(name: str, unpacked: int, packed: int) -> None:
    if unpacked > MAX_UNPACKED or (unpacked > FREE and unpacked > MAX_RATIO * max(packed, 1)):
        raise DataError(
            f"{name} unpacks to more than {unpacked >> 20:,} MB from {packed:,} bytes, which no export does",
            "If it is sound, unpack it yourself and import the plain file",
        )


@contextmanager
def _zip(file: IO[bytes], name: str) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise DataError(
            f"{name} is a damaged zip: {error}", "It was cut off or changed on the way: download or export it again"
        ) from error
    try:
        yield archive
    finally:
        with suppress(OSError):
            archive.close()


@contextmanager
def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Iterator[Any]:
    if info.flag_bits & 1:
        raise DataError(f"{name} is encrypted", "Unpack it with its password and import the plain file")
    try:
        inner = archive.open(info)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError) as error:
        raise DataError(
            f"{name} cannot be unpacked: {error}", "Unpack it yourself and import the plain file"
        ) from error
    with inner:
        yield inner


def _noise(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db")
