"""Typed doors to numba: what is compiled keeps its signature for the type checker."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a loop over arrays; the first call compiles, later processes read the cache.

    No fastmath: a reordered sum differs between machines in the last bit, and a choice with it.
    """
    return cast(F, numba.njit(cache=True, nogil=True, fastmath=False)(function))


def elementwise(function: Callable[..., object]) -> Callable[..., NDArray[Any]]:
    """Compile a function of numbers to one of arrays, with numpy's broadcasting."""
    vectorize: Any = numba.vectorize  # numba ships no types for it
    return cast("Callable[..., NDArray[Any]]", vectorize(nopython=True, cache=True)(function))
