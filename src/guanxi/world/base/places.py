"""Places: cities in four tiers, and sites in them: compounds, dorms, offices, pick-up stations, shops, metro stops.

City and district names are real, so that weather and tiers make sense; streets, compounds and buildings are invented
(`world/words`), and nobody real can be met. The people are a business's customers: one home in ten of a compound, one
desk in ten of an office [G].

| column | unit | source |
|---|---|---|
| city.tier u8 | 1..4 | [M] |
| city.share f32 | of the people, sums to 1 | [G] |
| city.warmth, city.swing f32 | yearly mean and half the summer-winter difference, degrees C | [M] |
| site.city i16, site.kind u8 | 0 compound, 1 dorm, 2 office, 3 pick-up station, 4 shop; sorted by kind, then city | |
| site.start i32[5*cities+1] | CSR of the sites by kind * cities + city | |
| site.x, site.y f32 | km from the city's middle | [G] |
| site.capacity i32 | compound 200..2,000 homes, dorm 100..600 rooms, office 20..200 desks; 1 else | [G] |
| site.district u8 | 0..5, place in the city's list of districts | |
| metro.city i16, metro.line u8, metro.x, metro.y f32 | stops along straight lines, tiers 1 and 2 only | [G] |
Notes: city.names.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.world.board import Board
from guanxi.world.draws import Draws

#: name, tier, share of the people, yearly mean temperature, half of summer minus winter
CITIES: Final = (
    ("北京", 1, 0.11, 13.0, 15.5), ("上海", 1, 0.12, 17.0, 12.0), ("深圳", 1, 0.09, 23.0, 7.0),
    ("成都", 2, 0.10, 16.5, 10.5), ("杭州", 2, 0.11, 17.5, 12.5), ("武汉", 2, 0.10, 17.0, 13.0),
    ("洛阳", 3, 0.08, 15.0, 13.5), ("临沂", 3, 0.08, 14.0, 14.0), ("绵阳", 3, 0.07, 16.5, 10.5),
    ("曲靖", 4, 0.04, 15.0, 6.5), ("六安", 4, 0.05, 16.5, 13.0), ("玉林", 4, 0.05, 22.0, 7.5),
)  # fmt: skip
COMPOUND, DORM, OFFICE, STATION, SHOP = range(5)
COVERAGE: Final = 0.1  # share of a compound, dorm or office that is among the people

_RADIUS: Final = {1: 14.0, 2: 11.0, 3: 7.0, 4: 5.0}  # km, tier -> spread of the homes
_CAPACITY: Final = {COMPOUND: (200, 2000), DORM: (100, 600), OFFICE: (20, 200)}
_PER_PERSON: Final = {COMPOUND: 0.44, DORM: 0.0055, OFFICE: 0.5}  # homes, rooms, desks needed for one person


@dataclass(frozen=True, slots=True)
class Places:
    """Plants cities, sites and metro stops for as many people as the board counts."""

    name: str = "places"
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = (
        "city.tier", "city.share", "city.warmth", "city.swing", "city.names", "site.city", "site.kind", "site.start",
        "site.x", "site.y", "site.capacity", "site.district", "metro.city", "metro.line", "metro.x", "metro.y",
    )  # fmt: skip

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        names, tier, share, warmth, swing = zip(*CITIES, strict=True)
        board.size("cities", len(CITIES))
        board.note(self.name, "city.names", names)
        board.add(self.name, "city.tier", np.array(tier, np.uint8))
        board.add(self.name, "city.share", np.array(share, np.float32))
        board.add(self.name, "city.warmth", np.array(warmth, np.float32))
        board.add(self.name, "city.swing", np.array(swing, np.float32))
        counts = _site_counts(board.count("people"), np.array(share), np.array(tier))
        start = np.concatenate(([0], counts.ravel().cumsum()))
        block = np.repeat(np.arange(counts.size), counts.ravel())
        kind, city = block // len(CITIES), block % len(CITIES)
        site = np.arange(len(block))
        board.size("sites", len(site))
        board.add(self.name, "site.city", city.astype(np.int16))
        board.add(self.name, "site.kind", kind.astype(np.uint8))
        board.add(self.name, "site.start", start.astype(np.int32))
        board.add(self.name, "site.district", draw.child("district").integers(site, high=6).astype(np.uint8))
        low = np.array([_CAPACITY.get(k, (1, 1))[0] for k in range(5)])[kind]
        high = np.array([_CAPACITY.get(k, (1, 1))[1] for k in range(5)])[kind]
        capacity = np.exp(np.log(low) + draw.child("capacity").uniform(site) * np.log(high / low))
        board.add(self.name, "site.capacity", np.rint(capacity).astype(np.int32))
        x, y = _spread(draw, kind, city, start)
        board.add(self.name, "site.x", x.astype(np.float32))
        board.add(self.name, "site.y", y.astype(np.float32))
        self._metro(board, draw.child("metro"))

    def _metro(self, board: Board, draw: Draws) -> None:
        city, line, x, y = [], [], [], []
        for c, (_, tier, *_) in enumerate(CITIES):
            for k in range({1: 5, 2: 3}.get(tier, 0)):
                angle, offset = np.pi * draw.uniform(c, 0, k), 3.0 * float(draw.normal(c, 1, k))
                along = np.linspace(-_RADIUS[tier], _RADIUS[tier], 14)
                city.append(np.full(14, c))
                line.append(np.full(14, k + 1))
                x.append(along * np.cos(angle) - offset * np.sin(angle))
                y.append(along * np.sin(angle) + offset * np.cos(angle))
        board.add(self.name, "metro.city", np.concatenate(city).astype(np.int16))
        board.add(self.name, "metro.line", np.concatenate(line).astype(np.uint8))
        board.add(self.name, "metro.x", np.concatenate(x).astype(np.float32))
        board.add(self.name, "metro.y", np.concatenate(y).astype(np.float32))


def pick_site(board: Board, kind: int, city: NDArray[np.integer], u: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a site of a kind in each city, drawn in proportion to capacity.

    city   (k,) city numbers
    u      (k,) uniforms, one a pick
    reads  site.start, site.capacity
    """
    block = kind * board.count("cities") + np.asarray(city, np.int64)
    total = np.concatenate(([0.0], board["site.capacity"].cumsum(dtype=np.float64)))
    first, last = board["site.start"][block], board["site.start"][block + 1]
    found = np.searchsorted(total, total[first] + u * (total[last] - total[first]), side="right") - 1
    site: NDArray[np.int64] = np.clip(found, first, last - 1).astype(np.int64)
    return site


def _site_counts(people: int, share: NDArray[np.float64], tier: NDArray[np.integer]) -> NDArray[np.int64]:
    counts = np.zeros((5, len(share)), np.int64)
    for kind, (low, high) in _CAPACITY.items():
        mean = (high - low) / np.log(high / low) * COVERAGE  # of a log-uniform capacity
        counts[kind] = np.maximum(2 if kind == COMPOUND else 1, np.rint(people * share * _PER_PERSON[kind] / mean))
    counts[STATION] = np.maximum(1, np.rint(counts[COMPOUND] * 0.6))
    counts[SHOP] = np.maximum(np.where(tier <= 2, 3, 1), np.rint(people * share / 1500))
    return counts


def _spread(draw: Draws, kind: NDArray[np.int64], city: NDArray[np.int64], start: NDArray[np.int64]
            ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    site = np.arange(len(kind))
    radius = np.array([_RADIUS[tier] for _, tier, *_ in CITIES])[city]
    # Offices crowd the middle; a station stands beside a compound, so it takes that compound's place and a step.
    scale = np.select([kind == OFFICE, kind == SHOP], [0.3, 0.35], 0.55) * radius
    x, y = draw.child("x").normal(site) * scale, draw.child("y").normal(site) * scale
    stations = np.flatnonzero(kind == STATION)
    first, last = start[city[stations]], start[city[stations] + 1]
    beside = draw.child("beside").integers(stations, low=first, high=last)
    step = draw.child("step")
    x[stations] = x[beside] + 0.25 * step.normal(stations)
    y[stations] = y[beside] + 0.25 * step.normal(stations, 1)
    return x, y
