"""A typed door to numba: what is compiled keeps its signature for the type checker."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function over the arena; the first call compiles, later processes read the cache."""
    made: Any = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function)
    # numba asks for the age of one file, but what it inlines comes from all of them: stamp the cache with their text.
    made._cache._cache_file._source_stamp = sources()
    return cast(F, made)


@cache
def sources() -> str:
    """Return a hash of the sources of everything that is compiled here."""
    texts = (path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.sha256(b"\x00".join(texts)).hexdigest()


def _lowest(typing: Any, word: Any) -> Any:
    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], cgutils.true_bit)

    return types.int64(types.int64), make


def _ones(typing: Any, word: Any) -> Any:
    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.int64), make


#: How many bits are set in a word.
ones: Any = intrinsic(_ones)
#: The place of the lowest bit that is set in a word that is not 0.
lowest: Any = intrinsic(_lowest)
