"""Templates as arrays: a line is a pair (template, key), and becomes text when it is written.

A template is literals and slots, "{thing}什么牌子好". All parts of all templates lie in one pool; a slot is a range of
it, and the key picks one. The same slot twice in a template is the same word; `{thing2}` is another pick of `thing`.
So a line costs a hash and a look-up a part, and no template is parsed twice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from guanxi.core import SettingError
from guanxi.world.draws import mix64
from guanxi.world.jit import compiled

Half = Literal["all", "learning", "scoring"]

_SLOT: Final = re.compile(r"\{(\w+)\}")
_BLANK: Final = "_"  # an option that writes nothing


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """The templates of one kind of text.

    groups    names of the groups, e.g. "skincare/find"; a group's number is its place
    texts     templates, those of a group together, its learning half first
    start     (groups + 1,) first template of each group
    middle    (groups,) first template of the scoring half of each group
    pool      words and literals, as objects
    low, size (templates, parts) range of the pool for each part
    salt      (templates, parts) which hash of the key picks
    apart     (templates, parts) salt of the part that this one must differ from, 0 = none
    """

    groups: tuple[str, ...]
    texts: tuple[str, ...]
    start: NDArray[np.int32]
    middle: NDArray[np.int32]
    pool: NDArray[np.object_]
    low: NDArray[np.int32]
    size: NDArray[np.int32]
    salt: NDArray[np.uint8]
    apart: NDArray[np.uint8]

    def group(self, name: str) -> int:
        """Return the number of a group.

        raises   SettingError when there is none of that name
        """
        if name not in self.groups:
            raise SettingError(f"no templates are called {name!r}", f"Choose among {', '.join(self.groups[:8])}…")
        return self.groups.index(name)

    def choose(self, group: ArrayLike, u: ArrayLike, *, half: Half = "all") -> NDArray[np.int32]:
        """Return a template of each group.

        group   group numbers
        u       uniforms in (0, 1), one a pick
        half    "learning": those a language model may see in tests of learning · "scoring": those it is scored on
        """
        g = np.asarray(group, np.int64)
        low = self.middle[g] if half == "scoring" else self.start[g]
        high = self.middle[g] if half == "learning" else self.start[g + 1]
        picked = low + np.minimum((np.asarray(u) * (high - low)).astype(np.int64), high - low - 1)
        chosen: NDArray[np.int32] = picked.astype(np.int32)
        return chosen

    def scoring(self, template: ArrayLike) -> NDArray[np.bool_]:
        """Return which templates are of the scoring half."""
        t = np.asarray(template, np.int64)
        group = np.searchsorted(self.start, t, side="right") - 1
        return np.asarray(t >= self.middle[group])

    def render(self, template: ArrayLike, key: ArrayLike) -> list[str]:
        """Return the text of each (template, key), all of them (n,)."""
        t, k = np.atleast_1d(np.asarray(template, np.int64)), np.atleast_1d(np.asarray(key)).astype(np.uint64)
        if t.shape != k.shape:
            raise SettingError(f"{len(t)} templates and {len(k)} keys are no pairs", "Pass one key for each template")
        place = np.empty((self.low.shape[1], len(t)), np.int32)
        _places(t, k, self.low, self.size, self.salt, self.apart, place)
        used = int(np.count_nonzero(self.size[t].any(axis=0))) if len(t) else 0
        return list(map("".join, zip(*(self.pool[row].tolist() for row in place[:used]), strict=True)))


def shelf(templates: Mapping[str, Iterable[str]], slots: Mapping[str, Mapping[str, Sequence[str]]]) -> Shelf:
    """Build a shelf.

    templates   group -> its templates
    slots       group -> slot -> options; an option "_" writes nothing
    raises      SettingError for a slot without options, or a group with fewer than two templates
    """
    pool: list[str] = [""]
    known: dict[tuple[str, ...], int] = {}

    def put(options: Sequence[str]) -> tuple[int, int]:
        words = tuple("" if option == _BLANK else option for option in options)
        if words not in known:
            known[words] = len(pool)
            pool.extend(words)
        return known[words], len(words)

    texts, start, middle, rows = [], [0], [], []
    for group, lines in templates.items():
        learning, scoring = halves(lines)
        if not learning:
            raise SettingError(f"{group!r} has fewer than two templates", "Write more of them")
        texts += [*learning, *scoring]
        middle.append(start[-1] + len(learning))
        start.append(len(texts))
        rows += [_parts(text, slots[group], put) for text in (*learning, *scoring)]
    width = max(len(row) for row in rows)
    table = np.zeros((len(rows), width, 4), np.int32)
    for n, row in enumerate(rows):
        table[n, : len(row)] = row
    return Shelf(
        groups=tuple(templates), texts=tuple(texts), start=np.array(start, np.int32),
        middle=np.array(middle, np.int32), pool=np.array(pool, object), low=table[:, :, 0].copy(),
        size=table[:, :, 1].copy(), salt=table[:, :, 2].astype(np.uint8),
        apart=table[:, :, 3].astype(np.uint8),
    )  # fmt: skip


def halves(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split templates in two equal halves in the order of their hashes, so that neither half has a style."""
    unique = sorted(set(lines), key=lambda line: blake2b(line.encode(), digest_size=8).digest())
    return unique[: len(unique) // 2], unique[len(unique) // 2 :]


def uniform_of(key: NDArray[Any]) -> NDArray[np.float64]:
    """Return a uniform in [0, 1) of each key, apart from what `render` takes of it."""
    mixed = np.asarray(key).astype(np.uint64) ^ np.uint64(0xD1B54A32D192ED03)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed >> np.uint64(11)) * 2.0**-53, np.float64)


def words(text: str) -> tuple[str, ...]:
    """Return the options of a table, which spaces separate."""
    return tuple(text.split())


def lines(text: str) -> tuple[str, ...]:
    """Return the templates of a table, one a line."""
    return tuple(line for line in text.split("\n") if line)


def _parts(text: str, slots: Mapping[str, Sequence[str]], put: Any) -> list[tuple[int, int, int, int]]:
    row: list[tuple[int, int, int, int]] = []
    salts: dict[str, int] = {}
    for n, part in enumerate(_SLOT.split(text)):
        if n % 2 == 0:
            if part:
                row.append((*put((part,)), 0, 0))
            continue
        options = slots.get(part) or slots.get(part.removesuffix("2"))
        if not options:
            raise SettingError(f"the slot {part!r} of {text!r} has no options", "Add a table of that name")
        other = salts.get(part[:-1], 0) if part[-1] == "2" and part not in slots else 0
        row.append((*put(options), salts.setdefault(part, len(salts) + 1), other))
    return row


@compiled
def _places(template: Any, key: Any, low: Any, size: Any, salt: Any, apart: Any, place: Any) -> None:
    for n in range(len(template)):
        t = template[n]
        for part in range(place.shape[0]):
            count = size[t, part]
            pick = 0
            if count > 1 and apart[t, part] > 0:
                first = _pick(key[n], apart[t, part], count)
                pick = (first + 1 + _pick(key[n], salt[t, part], count - 1)) % count
            elif count > 1:
                pick = _pick(key[n], salt[t, part], count)
            place[part, n] = low[t, part] + pick


@compiled
def _pick(key: Any, salt: Any, count: Any) -> Any:
    bits = mix64(key + np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15))
    return np.int64(((bits >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))
