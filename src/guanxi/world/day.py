"""One day of the town as its mechanisms see it, and the sum of all pressure on the core's choices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from guanxi.core import DAY_MS, SettingError
from guanxi.world.board import Board
from guanxi.world.draws import Draws
from guanxi.world.ids import Ids

if TYPE_CHECKING:
    from guanxi.world.spec import Term

_AXIS: Final = {"platform": "platforms", "category": "categories", "item": "items", "person": "people"}


@dataclass(slots=True, kw_only=True)
class Day:
    """A day before the core chooses.

    index      0 is the town's first day
    start_ms   its first instant, ms UTC; it ends a day later
    board      the public columns
    seed       of the town; `draws(mechanism)` gives a mechanism its own
    ids        gives event ids
    bought     (person, item) of yesterday's paid lines, two equally long arrays
    consent    (people,) bits in force
    people     (people,) party references, for truth alone
    public     what base mechanisms say of today to others: name -> array
    """

    index: int
    start_ms: int
    board: Board
    seed: int
    ids: Ids
    bought: tuple[NDArray[np.int32], NDArray[np.int32]]
    consent: NDArray[np.uint8]
    people: pl.Series
    public: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def end_ms(self) -> int:
        """The first instant of the next day."""
        return self.start_ms + DAY_MS

    def draws(self, mechanism: str) -> Draws:
        """Return the draws of a mechanism."""
        return Draws(self.seed, mechanism)

    def pair(self, mechanism: str, entity: ArrayLike, slot: ArrayLike) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Return both halves of the ids of a mechanism's events of today."""
        return self.ids.pair(mechanism, self.index, entity, slot)


@dataclass(frozen=True, slots=True)
class Pressure:
    """The sum of the terms on each choice, by axis; a missing sum is zero.

    sums    (choice, axis) -> array as `Term.value` says
    cells   (person, category, log-odds) of the choice "order", by person
    """

    sums: Mapping[tuple[str, str], NDArray[np.float32]]
    cells: tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.float32]]

    def of(self, choice: str, axis: str, length: int) -> NDArray[np.float32]:
        """Return the pressure on a choice along an axis; zeros when there is none."""
        found = self.sums.get((choice, axis))
        return found if found is not None else np.zeros(length, np.float32)

    def by_item(self, choice: str, board: Board) -> NDArray[np.float32]:
        """Return the pressure on a choice for each item, that on its category included."""
        items = self.of(choice, "item", board.count("items"))
        if (choice, "category") not in self.sums:
            return items
        by_category = self.of(choice, "category", board.count("categories"))[board["item.category"]]
        return np.asarray(items + by_category, np.float32)

    def cell_rows(self, people: int) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.float32]]:
        """Return the cells by person, as CSR: start, category, log-odds; an empty start when there is none."""
        person, category, value = self.cells
        if not len(person):
            return np.zeros(1, np.int32), category, value
        start = np.zeros(people + 1, np.int32)
        np.cumsum(np.bincount(person, minlength=people), out=start[1:])
        return start, category, value


def pressure(terms: Iterable["Term"], board: Board) -> Pressure:
    """Return the sum of terms, added in their order: the caller sorts mechanisms by name, so a list's order is free.

    raises   SettingError when a term does not fit its axis
    """
    sums: dict[tuple[str, str], NDArray[np.float32]] = {}
    cells: list[tuple[NDArray[Any], ...]] = []
    for term in terms:
        axis = term.axes[0]
        if axis == "cell":
            cells.append(tuple(np.asarray(part) for part in term.value))
            continue
        length = 24 if axis == "hour" else board.count(_AXIS[axis])
        _require_length(term.value, length, f"{term.choice} by {axis}")
        key = (term.choice, axis)
        value = np.asarray(term.value, np.float32)
        sums[key] = sums[key] + value if key in sums else value
    return Pressure(sums, _joined(cells))


def _require_length(value: NDArray[Any], length: int, what: str) -> None:
    if value.shape != (length,):
        raise SettingError(f"the term on {what} has the shape {value.shape}", f"Give ({length},)")


def _joined(
    cells: list[tuple[NDArray[Any], ...]],
) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.float32]]:
    if not cells:
        return np.empty(0, np.int32), np.empty(0, np.uint8), np.empty(0, np.float32)
    person = np.concatenate([part[0] for part in cells]).astype(np.int32)
    order = np.argsort(person, kind="stable")
    category = np.concatenate([part[1] for part in cells]).astype(np.uint8)
    value = np.concatenate([part[2] for part in cells]).astype(np.float32)
    return person[order], category[order], value[order]
