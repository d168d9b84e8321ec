"""A typed door to numba: what is compiled keeps its signature for the type checker."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F, *, makes_arrays: bool = False) -> F:
    """Compile a function over the arena; the first call compiles, later processes read the cache.

    makes_arrays  arrays are made in it, so references are counted: that costs a fifth of the time of small loops
    """
    njit: Any = numba.njit  # whose types do not know of _nrt
    made: Any = njit(cache=True, nogil=True, fastmath=False, error_model="numpy", _nrt=makes_arrays)(function)
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


def _as_word(typing: Any, number: Any) -> Any:
    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), make


def _as_number(typing: Any, word: Any) -> Any:
    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), make


def _fetch(typing: Any, array: Any, at: Any) -> Any:
    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        word, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), (word, flag, flag, flag))
        declared: Any = cgutils.get_or_insert_function  # untyped
        made = declared(builder.module, kind, "llvm.prefetch.p0")
        place = builder.bitcast(builder.gep(data, [arguments[1]]), word)
        builder.call(made, [place, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), make


#: The bits of a float as a word, and a word's bits as a float.
as_word: Any = intrinsic(_as_word)
as_number: Any = intrinsic(_as_number)
#: Ask for the memory of a word, that will soon be read; any place may be named.
fetch: Any = intrinsic(_fetch)
#: How many bits are set in a word.
ones: Any = intrinsic(_ones)
#: The place of the lowest bit that is set in a word that is not 0.
lowest: Any = intrinsic(_lowest)
