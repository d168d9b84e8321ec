"""The state's door to numba, with a stamp of these sources as well: they inline some of the state's."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from guanxi.traits.state import jit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function over columns; the first call compiles, later processes read the cache."""
    made: Any = jit.compiled(function, makes_arrays=True)
    made._cache._cache_file._source_stamp = sources()
    return cast(F, made)


@cache
def sources() -> str:
    """Return a hash of the sources of everything that is compiled here, the state's included."""
    texts = (path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.sha256(b"\x00".join((jit.sources().encode(), *texts))).hexdigest()
