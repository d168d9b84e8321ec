"""A town on disk: what it was made of, the private arrays and the day, in one .npz with a hash over all of it.

Draws have addresses, so no generator state exists, and public columns are planted anew from the seed.
"""

import io
import zipfile
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DataError

_META: Final = "meta"
_HASH: Final = "hash"
_FORMAT: Final = 1


def write_snapshot(
    path: Path, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], frames: Mapping[str, pl.DataFrame]
) -> str:
    """Write a snapshot and return its hash; the same town gives the same hash.

    meta    JSON-ready values
    """
    members = {f"array/{name}": np.ascontiguousarray(values) for name, values in arrays.items()}
    for name, frame in frames.items():
        buffer = io.BytesIO()
        frame.write_ipc(buffer)
        members[f"frame/{name}"] = np.frombuffer(buffer.getvalue(), np.uint8)
    text = msgspec.json.encode({"format": _FORMAT, **meta}, order="sorted")
    members[_META] = np.frombuffer(text, np.uint8)
    digest = _digest(members)
    members[_HASH] = np.frombuffer(bytes.fromhex(digest), np.uint8)
    with path.open("wb") as file:
        np.savez(file, **members)  # type: ignore[arg-type]  # numpy types its switches and its arrays alike
    return digest


def read_snapshot(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]], dict[str, pl.DataFrame]]:
    """Return what `write_snapshot` was given.

    raises   DataError when the file is not a snapshot, of another format, or was changed
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            members = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name} is not a snapshot of a town", "Write one with `Town.snapshot`") from error
    held = members.pop(_HASH, None)
    if held is None or _META not in members or _digest(members) != held.tobytes().hex():
        raise DataError(f"{path.name} was changed or cut short", "Write the snapshot again")
    meta = msgspec.json.decode(members.pop(_META).tobytes())
    if meta.pop("format") != _FORMAT:
        raise DataError(f"{path.name} is of another version", "Run the town again from day 0")
    arrays = {name[6:]: values for name, values in members.items() if name.startswith("array/")}
    frames = {
        name[6:]: pl.read_ipc(io.BytesIO(v.tobytes())) for name, v in members.items() if name.startswith("frame/")
    }
    return meta, arrays, frames


def _digest(members: Mapping[str, NDArray[Any]]) -> str:
    total = blake2b(digest_size=16)
    for name in sorted(members):
        total.update(f"{name} {members[name].dtype.str} {members[name].shape}".encode())
        total.update(members[name].tobytes())
    return total.hexdigest()
