"""Random numbers with an address: a draw is a hash of where it is used, never the next of a stream.

So a mechanism, a person or an event that is added changes no other draw, shards and their order do not matter, and
one person can be run again alone. Every distribution is inverted from one uniform: a parameter that moves shifts the
value smoothly and leaves the neighbours where they were.
"""

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from guanxi.core import SettingError
from guanxi.world.jit import compiled, elementwise
from guanxi.world.quantiles import exponential_quantile, gamma_quantile, normal_quantile, poisson_quantile

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, SplitMix64's increment
_M1: Final = np.uint64(0xBF58476D1CE4E5B9)
_M2: Final = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S12, _S32 = (np.uint64(n) for n in (30, 27, 31, 12, 32))
_LOW: Final = np.uint64(0xFFFFFFFF)


@compiled
def mix64(x: Any) -> Any:
    """SplitMix64's finaliser: 64 bits in, 64 well-mixed bits out, one to one.

    source   Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014; Stafford's variant 13
    """
    x = (x ^ (x >> _S30)) * _M1
    x = (x ^ (x >> _S27)) * _M2
    return x ^ (x >> _S31)


@compiled
def bits64(key: Any, entity: Any, day: Any, slot: Any) -> Any:
    """64 random bits of an address, for kernels.

    key      uint64, `Draws.key`
    entity   integer, taken modulo 2^64
    day      integer, taken modulo 2^32
    slot     integer, taken modulo 2^32
    """
    head = mix64(key + np.uint64(entity) * _GOLDEN)
    return mix64(head ^ (((np.uint64(day) & _LOW) << _S32) | (np.uint64(slot) & _LOW)))


@compiled
def u01(key: Any, entity: Any, day: Any, slot: Any) -> Any:
    """One uniform in (0, 1), never an end, for kernels; the arguments are those of `bits64`."""
    # 52 bits and a half: with 53 the largest would round to 1.0.
    return (np.float64(bits64(key, entity, day, slot) >> _S12) + 0.5) * 2.220446049250313e-16


@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of one mechanism for one purpose.

    seed       the town's seed
    mechanism  who draws: "people"
    purpose    for what; `child` appends to it
    key        uint64, from the three; kernels take it

    In every method `entity`, `day` and `slot` broadcast, and the result has the shape of their broadcast.
    """

    seed: int
    mechanism: str
    purpose: str = ""
    key: np.uint64 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        text = f"{self.seed}\x1f{self.mechanism}\x1f{self.purpose}".encode()
        digest = blake2b(text, digest_size=8, person=b"guanxi.town").digest()
        object.__setattr__(self, "key", np.uint64(int.from_bytes(digest, "little")))

    def child(self, purpose: str) -> "Draws":
        """Return the draws of another purpose, independent of these."""
        return replace(self, purpose=f"{self.purpose}/{purpose}")

    def bits(self, entity: ArrayLike, day: ArrayLike = 0, slot: ArrayLike = 0) -> NDArray[np.uint64]:
        """64 random bits each."""
        return _bits(self.key, _whole(entity), _whole(day), _whole(slot))

    def uniform(self, entity: ArrayLike, day: ArrayLike = 0, slot: ArrayLike = 0) -> Floats:
        """Uniforms in (0, 1), never an end."""
        return _uniform(self.key, _whole(entity), _whole(day), _whole(slot))

    def normal(self, entity: ArrayLike, day: ArrayLike = 0, slot: ArrayLike = 0) -> Floats:
        """Standard normal values."""
        return normal_quantile(self.uniform(entity, day, slot))

    def exponential(self, entity: ArrayLike, day: ArrayLike = 0, slot: ArrayLike = 0) -> Floats:
        """Exponential values of mean 1."""
        return exponential_quantile(self.uniform(entity, day, slot))

    def gamma(self, entity: ArrayLike, day: ArrayLike = 0, slot: ArrayLike = 0, *, shape: ArrayLike) -> Floats:
        """Gamma values of scale 1, hence of mean `shape`, which broadcasts and is > 0."""
        _positive("shape", shape)
        return gamma_quantile(self.uniform(entity, day, slot), np.asarray(shape, np.float64))

    def poisson(self, entity: ArrayLike, day: ArrayLike = 0, slot: ArrayLike = 0, *, mean: ArrayLike) -> Ints:
        """Poisson counts; `mean` broadcasts and is >= 0."""
        if (np.asarray(mean) < 0).any():
            raise SettingError(f"the mean of a Poisson count is {np.min(mean)}", "Pass means >= 0")
        counts: Ints = poisson_quantile(self.uniform(entity, day, slot), np.asarray(mean, np.float64))
        return counts

    def integers(self, entity: ArrayLike, day: ArrayLike = 0, slot: ArrayLike = 0, *, low: ArrayLike = 0,
                 high: ArrayLike) -> Ints:  # fmt: skip
        """Whole numbers in [low, high), which broadcast."""
        width = np.asarray(high, np.int64) - np.asarray(low, np.int64)
        _positive("high - low", width)
        u = self.uniform(entity, day, slot)
        return np.asarray(low, np.int64) + np.minimum((u * width).astype(np.int64), width - 1)

    def choice(self, weights: ArrayLike, entity: ArrayLike, day: ArrayLike = 0, slot: ArrayLike = 0) -> Ints:
        """Indices drawn in proportion to weights.

        weights  (k,) for all, or (n, k): one row per drawn value, n values drawn; >= 0, at least one > 0 in a row
        """
        w = np.asarray(weights, np.float64)
        total = w.cumsum(axis=-1)
        if (w < 0).any() or (total[..., -1] <= 0).any():
            raise SettingError("the weights of a choice are negative or all zero", "Pass weights >= 0, one above 0")
        u = self.uniform(entity, day, slot)
        if w.ndim == 1:
            found: Ints = np.searchsorted(total, u * total[-1], side="right").astype(np.int64)
        else:
            found = (u[..., None] * total[..., -1:] >= total).sum(axis=-1, dtype=np.int64)
        last = np.int64(w.shape[-1] - 1)
        return np.minimum(found, last)  # the product may round up to the total

    def permutation(self, count: int, day: int = 0, slot: int = 0) -> Ints:
        """A permutation of 0..count-1, the order of one hash per number."""
        order: Ints = np.argsort(self.bits(np.arange(count), day, slot), kind="stable").astype(np.int64)
        return order


def _whole(values: ArrayLike) -> NDArray[np.uint64]:
    array = np.asarray(values)
    if array.dtype.kind not in "iub":
        raise SettingError(f"a draw is addressed by {array.dtype} values", "Use whole numbers for entity, day and slot")
    return array.astype(np.uint64)  # negative numbers wrap, as in the kernels


def _positive(name: str, values: ArrayLike) -> None:
    if (np.asarray(values) <= 0).any():
        raise SettingError(f"{name} is {np.min(values)}", "Pass values above 0")


_bits = elementwise(lambda key, entity, day, slot: bits64(key, entity, day, slot))
_uniform = elementwise(lambda key, entity, day, slot: u01(key, entity, day, slot))
