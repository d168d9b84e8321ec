"""Homes: who lives together, where, and whose parents live near.

A home's size counts everybody; people are those who hold accounts, so children under 12 are counted and are no people.

| column | unit | source |
|---|---|---|
| people.home i32[n] | home of a person; people of one home stand together | |
| people.role u8[n] | 0 head, 1 spouse, 2 elder, 3 child, 4 flatmate, 5 dorm mate | |
| home.site i32, home.room i32 | room = building * 100,000 + unit * 10,000 + floor * 100 + door, one home a room | |
| home.kind u8 | 0 single .25, 1 couple, 2 with child, 3 three generations, 4 shared flat, 5 dorm room | [M] |
| home.size u8, home.small u8 | everybody, mean 2.62; children under 12 | [M] |
| home.age u8, home.youngest u8 | years: of the head; of the youngest child, 255 = none | [G] |
| home.kin i32 | for homes headed by 58+: home of a grown child, else -1; same compound .30 | [G] |
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.core import SettingError
from guanxi.world.base.places import COMPOUND, DORM, pick_site
from guanxi.world.board import Board
from guanxi.world.draws import Draws

SINGLE, COUPLE, WITH_CHILD, THREE, SHARED, DORM_ROOM = range(6)
HEAD, SPOUSE, ELDER, CHILD, FLATMATE, DORM_MATE = range(6)
NO_CHILD: Final = 255

_KINDS: Final = np.array([0.247, 0.247, 0.306, 0.124, 0.064, 0.012])
_NEAR: Final = 0.30  # parents with a grown child in the same compound
_HEADS: Final = {  # kind -> (share, youngest, oldest) of the head's age bands [G]
    SINGLE: ((0.55, 22, 36), (0.21, 36, 60), (0.24, 60, 88)),
    COUPLE: ((0.50, 24, 40), (0.28, 45, 60), (0.22, 60, 86)),
    SHARED: ((1.0, 21, 34),),
    DORM_ROOM: ((1.0, 18, 24),),
}


@dataclass(frozen=True, slots=True)
class Homes:
    """Plants homes until the board's number of people is housed."""

    name: str = "homes"
    reads: tuple[str, ...] = ("city.share", "site.start", "site.capacity", "site.city")
    writes: tuple[str, ...] = (
        "people.home", "people.role", "home.site", "home.room", "home.kind", "home.size", "home.small", "home.age",
        "home.youngest", "home.kin",
    )  # fmt: skip

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        people = board.count("people")
        if people < 1:
            raise SettingError(f"a town of {people} people has no homes", "Plant at least one person")
        kind, size, small, age, youngest = _members(draw, people)
        users = size - small
        last = int(np.searchsorted(users.cumsum(), people))  # the first home that ends at or after the last person
        homes = last + 1
        kind, size, small, age, youngest, users = (
            column[:homes] for column in (kind, size, small, age, youngest, users)
        )
        surplus = int(users.sum()) - people
        users[-1] -= surplus
        size[-1] -= surplus
        board.size("homes", homes)
        home = np.repeat(np.arange(homes), users)
        board.add(self.name, "people.home", home.astype(np.int32))
        place = np.arange(people) - np.concatenate(([0], users.cumsum()))[home]
        board.add(self.name, "people.role", _roles(place, kind[home], size[home]).astype(np.uint8))
        city = draw.child("city").choice(board["city.share"], np.arange(homes))
        u = draw.child("site").uniform(np.arange(homes))
        site = np.where(kind == DORM_ROOM, pick_site(board, DORM, city, u), pick_site(board, COMPOUND, city, u))
        board.add(self.name, "home.site", site.astype(np.int32))
        board.add(self.name, "home.room", _rooms(draw, site, board["site.capacity"]).astype(np.int32))
        for name, values in (("kind", kind), ("size", size), ("small", small), ("age", age), ("youngest", youngest)):
            board.add(self.name, f"home.{name}", values.astype(np.uint8))
        board.add(self.name, "home.kin", _kin(draw.child("kin"), kind, age, site, city).astype(np.int32))


def elders_in(size: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many elders a three-generation home of a size has: one of four people, else two."""
    return np.where(size <= 4, 1, 2)


def _members(draw: Draws, homes: int) -> tuple[NDArray[np.int64], ...]:
    home = np.arange(homes)
    kind = draw.child("kind").choice(_KINDS, home)
    u = draw.child("size").uniform(home)
    size = np.select(
        [kind == SINGLE, kind == COUPLE, kind == WITH_CHILD, kind == THREE, kind == SHARED],
        [1, 2, 3 + (u > 0.6), 4 + (u > 0.3) + (u > 0.7), 2 + (u > 0.5) + (u > 0.85)],
        4 + (u * 5).astype(np.int64),
    )
    ages = draw.child("age")
    child = np.where(kind == WITH_CHILD, ages.integers(home, slot=0, high=23), ages.integers(home, slot=0, high=16))
    has_child = (kind == WITH_CHILD) | (kind == THREE)
    age = np.where(has_child, child + 28 + np.rint(3.5 * ages.normal(home, slot=1)), 0).astype(np.int64)
    for of, bands in _HEADS.items():
        mine = np.flatnonzero(kind == of)
        band = ages.choice([share for share, _, _ in bands], mine, slot=2)
        low, high = (np.array([row[n] for row in bands])[band] for n in (1, 2))
        age[mine] = ages.integers(mine, slot=3, low=low, high=high)
    children = np.select([kind == WITH_CHILD, kind == THREE], [size - 2, size - 2 - elders_in(size)], 0)
    small = np.minimum(children, (child < 12).astype(np.int64) + (child + 3 < 12)) * has_child
    youngest = np.where(has_child, child, NO_CHILD)
    return kind, size, small, np.maximum(age, 19 * (kind != DORM_ROOM)), youngest


def _roles(place: NDArray[np.int64], kind: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.int64]:
    elders = np.where(kind == THREE, elders_in(size), 0)
    family = np.select([place == 0, place == 1, place < 2 + elders], [HEAD, SPOUSE, ELDER], CHILD)
    alone = np.where(kind == DORM_ROOM, DORM_MATE, FLATMATE)
    return np.where((kind == SHARED) | (kind == DORM_ROOM), alone, family)


def _rooms(draw: Draws, site: NDArray[np.int64], capacity: NDArray[np.int32]) -> NDArray[np.int64]:
    order = np.argsort(site, kind="stable")
    new = np.concatenate(([True], site[order][1:] != site[order][:-1]))
    rank = np.empty(len(site), np.int64)
    rank[order] = np.arange(len(site)) - np.maximum.accumulate(np.where(new, np.arange(len(site)), 0))
    # A prime above every capacity steps through all rooms of a site before it meets one again.
    room = (rank * 100_003 + draw.child("room").integers(site, high=100_000)) % np.maximum(capacity[site], rank + 1)
    building, inside = room // 72, room % 72  # 18 floors of two doors, in two units
    unit, level = inside // 36, inside % 36
    number: NDArray[np.int64] = (building + 1) * 100_000 + (unit + 1) * 10_000 + (level // 2 + 1) * 100 + level % 2 + 1
    return number


def _kin(draw: Draws, kind: NDArray[np.int64], age: NDArray[np.int64], site: NDArray[np.int64],
         city: NDArray[np.int64]) -> NDArray[np.int64]:  # fmt: skip
    homes = np.arange(len(kind))
    kin = np.full(len(kind), -1, np.int64)
    parents = homes[(age >= 58) & (kind <= COUPLE)]
    grown = homes[(age >= 26) & (age < 55) & (kind <= THREE)]
    if not len(grown):
        return kin
    near = draw.uniform(parents) < _NEAR
    for area, mine in ((site, parents[near]), (city, parents[~near])):
        young = grown[np.argsort(area[grown], kind="stable")]
        first = np.searchsorted(area[young], area[mine], side="left")
        last = np.searchsorted(area[young], area[mine], side="right")
        inside = first < last
        mine, first, last = mine[inside], first[inside], last[inside]
        for slot in range(1, 5):  # whoever is to live apart tries again when the pick is of the same compound
            picked = young[draw.integers(mine, slot=slot, low=first, high=last)]
            kept = (kin[mine] < 0) & ((site[picked] != site[mine]) | (area is site))
            kin[mine[kept]] = picked[kept]
    return kin
