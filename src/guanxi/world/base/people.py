"""People: what they are, like, earn and need. All of it is hidden truth; events show its effects only.

| column | unit | source |
|---|---|---|
| people.age u8, sex u8 | years from 12; 0 woman, 1 man | [G] |
| people.city u8 | the city of the home | |
| people.stage u8 | STAGES: student, single, couple, expecting, baby, school, empty nest, retired | [G] |
| people.income f32 | yuan a month, log-normal with sd .6 about a median by stage and tier | sd [G] |
| people.price_sensitivity f32 | gamma of shape 3, mean 1; -.3 rank correlation with income | [G] |
| people.motive f16[n,3] | ingredient, looks, value: Dirichlet(.5), sums to 1 | [G] |
| people.taste f16[n,16] | standard normal; correlation .3 within a home | [G] |
| people.rhythm u8 | RHYTHMS: office, early, night, student, home, sleepless (12%, 60+ 30%) | [G] |
| rhythm.hours f32[6,24] | share of a day's sessions by hour | shape [D] |
| people.os u8 | 0 Android .72, 1 iOS | [G] |
| people.patience f32 | gamma of shape 2, mean 1 | [G] |
| people.office i32 | site of work, -1 = none | |
| people.job u8 | JOBS: student, clerk in an office, own boss or at home, retired | |
| people.birthday u16 | day of the year, 1..365 | |
| people.need f32 | 0..1, hidden state of need on day 0, mean 1/3 | [G] |
| people.minor u8 | 1 under 18; about 6% | [G] |
| people.activity f32 | sessions, mean 1: gamma of shape 1.4, scaled so that 60+ make 15% of traffic | [S] |
| people.style u8 | language: 0 plain, 1 brief, 2 chatty, 3 young slang, 4 elder | [G] |
| people.typing f16, people.scroll f16 | ms a character, screens a minute | [G] |
| people.contact f32 | how readily they write to service, mean about 1 | [G] |
The aggregate of the hours has one broad peak and one trough; without the sleepless the trough is about 1.5% of the
peak [D complete_journey baskets].
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.world.base.homes import CHILD, COUPLE, DORM_ROOM, ELDER, NO_CHILD, SHARED, SPOUSE, THREE, WITH_CHILD
from guanxi.world.base.places import OFFICE, pick_site
from guanxi.world.board import Board
from guanxi.world.draws import Draws
from guanxi.world.quantiles import gamma_quantile, normal_cdf

STAGES: Final = ("student", "single", "couple", "expecting", "baby", "school", "empty_nest", "retired")
STUDENT, ALONE, PAIR, EXPECTING, BABY, SCHOOL, EMPTY, RETIRED = range(8)
SEXES: Final = ("女", "男")
JOBS: Final = ("学生", "公司职员", "自由职业", "退休")
TASTES: Final = 16
RHYTHMS: Final = ("office", "early", "night", "student", "home", "sleepless")
SLEEPLESS: Final = 5

_INCOME: Final = np.array([1900, 6500, 7500, 7500, 7800, 8000, 6500, 3800])  # yuan a month in a tier 2 city [G]
_TIER: Final = np.array([0, 1.5, 1.0, 0.78, 0.65])
_RHYTHM_OF_STAGE: Final = np.array([  # weights of the five that sleep, by stage [G]
    [0, 1, 3, 6, 0], [6, 1, 3, 0, 1], [6, 2, 2, 0, 1], [4, 2, 1, 0, 4],
    [3, 2, 1, 0, 5], [5, 3, 1, 0, 3], [4, 4, 1, 0, 3], [0, 6, 0.5, 0, 5],
])  # fmt: skip
_BUMPS: Final = (  # rhythm -> (hour, width in hours, height) of its busy times [G]
    ((8, 1.2, 0.5), (12.5, 1.3, 0.9), (20.8, 2.3, 1.6)),
    ((7.2, 1.2, 1.1), (11.5, 2.4, 0.9), (19, 2.0, 1.0)),
    ((13, 2.5, 0.5), (19, 2.5, 0.8), (22.7, 1.5, 1.7)),
    ((12.3, 1.0, 0.9), (17.5, 1.5, 0.6), (21.5, 1.8, 1.7)),
    ((10, 1.9, 1.1), (14.5, 2.0, 0.9), (20.5, 2.0, 1.1)),
    ((11, 3.0, 0.7), (20.5, 2.5, 1.0), (2.8, 1.3, 1.1)),
)
_FLOOR: Final = 0.012  # of the highest hour: nobody is never awake


@dataclass(frozen=True, slots=True)
class People:
    """Plants what a person is, given the home."""

    name: str = "people"
    reads: tuple[str, ...] = (
        "people.home", "people.role", "home.kind", "home.age", "home.youngest", "home.site", "site.city", "site.start",
        "site.capacity", "city.tier",
    )  # fmt: skip
    writes: tuple[str, ...] = (
        "people.age", "people.sex", "people.city", "people.stage", "people.income", "people.price_sensitivity",
        "people.motive", "people.taste", "people.rhythm", "rhythm.hours", "people.os", "people.patience",
        "people.office", "people.job", "people.birthday", "people.need", "people.minor", "people.activity",
        "people.style", "people.typing", "people.scroll", "people.contact",
    )  # fmt: skip

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        person = np.arange(board.count("people"))
        home, role = board["people.home"], board["people.role"]
        age = _ages(draw.child("age"), person, home, role, board)
        sex = _sexes(draw.child("sex"), person, home, role)
        stage = _stages(draw.child("stage"), person, age, role, board["home.kind"][home], board["home.youngest"][home])
        city = board["site.city"][board["home.site"][home]].astype(np.int64)
        for name, small in (("age", age), ("sex", sex), ("stage", stage), ("city", city), ("minor", age < 18)):
            board.add(self.name, f"people.{name}", small.astype(np.uint8))
        self._means(board, draw, person, stage, city)
        _likes(board, draw, person, home)
        _ways(board, draw, person, age, stage)
        works = (stage >= ALONE) & (stage < RETIRED) & (draw.child("works").uniform(person) < 0.78)
        office = pick_site(board, OFFICE, city, draw.child("office").uniform(person))
        board.add(self.name, "people.office", np.where(works, office, -1).astype(np.int32))
        job = np.select([stage == STUDENT, stage == RETIRED, works], [0, 3, 1], 2)
        board.add(self.name, "people.job", job.astype(np.uint8))

    def _means(self, board: Board, draw: Draws, person: NDArray[np.int64], stage: NDArray[np.int64],
               city: NDArray[np.int64]) -> None:  # fmt: skip
        wealth = draw.child("income").normal(person)
        median = _INCOME[stage] * _TIER[board["city.tier"][city]]
        board.add(self.name, "people.income", (median * np.exp(0.6 * wealth)).astype(np.float32))
        thrift = -0.3 * wealth + np.sqrt(1 - 0.3**2) * draw.child("thrift").normal(person)
        sensitivity = gamma_quantile(normal_cdf(thrift), 3.0) / 3.0
        board.add(self.name, "people.price_sensitivity", sensitivity.astype(np.float32))


def rhythm_hours() -> NDArray[np.float32]:
    """Return how the day's sessions of each rhythm fall on the 24 hours of China time.

    returns  (6, 24), rows sum to 1
    """
    hour = np.arange(24) + 0.5
    rows = []
    for bumps in _BUMPS:
        curve = np.zeros(24)
        for middle, width, height in bumps:
            away = np.abs(hour - middle)
            curve += height * np.exp(-0.5 * (np.minimum(away, 24 - away) / width) ** 2)
        curve += _FLOOR * curve.max()
        rows.append(curve / curve.sum())
    return np.array(rows, np.float32)


def _ages(draw: Draws, person: NDArray[np.int64], home: NDArray[np.int32], role: NDArray[np.uint8],
          board: Board) -> NDArray[np.int64]:  # fmt: skip
    head = board["home.age"][home].astype(np.int64)
    youngest = board["home.youngest"][home].astype(np.int64)
    jitter = np.rint(draw.normal(person) * 2.0).astype(np.int64)
    # The children who are people are the older ones; a second child is three years above the first.
    second = np.concatenate(([False], (role[1:] == CHILD) & (role[:-1] == CHILD) & (home[1:] == home[:-1])))
    child = np.where(youngest >= 12, youngest + 3 * second, youngest + 3)
    dorm = 18 + (draw.uniform(person, slot=1) * 5.5).astype(np.int64)
    flat = 21 + (draw.uniform(person, slot=1) * 13).astype(np.int64)
    kind = board["home.kind"][home]
    by_role = np.select(
        [role == SPOUSE, role == ELDER, role == CHILD], [head + jitter, head + 26 + jitter, child], head
    )
    age = np.select([kind == DORM_ROOM, kind == SHARED], [dorm, flat], by_role)
    clipped: NDArray[np.int64] = np.clip(age, np.where(role == CHILD, 12, 18), 95).astype(np.int64)
    return clipped


def _sexes(draw: Draws, person: NDArray[np.int64], home: NDArray[np.int32], role: NDArray[np.uint8]
           ) -> NDArray[np.int64]:  # fmt: skip
    own = (draw.uniform(person) < 0.5).astype(np.int64)
    first = np.searchsorted(home, home, side="left")
    return np.where(role == SPOUSE, 1 - own[first], own)


def _stages(draw: Draws, person: NDArray[np.int64], age: NDArray[np.int64], role: NDArray[np.uint8],
            kind: NDArray[np.uint8], youngest: NDArray[np.uint8]) -> NDArray[np.int64]:  # fmt: skip
    parent = ((kind == WITH_CHILD) | (kind == THREE)) & (role <= SPOUSE) & (youngest != NO_CHILD)
    expecting = (kind == COUPLE) & (age < 40) & (draw.uniform(person - (role == SPOUSE)) < 0.10)  # both or none
    return np.select(
        [
            (kind == DORM_ROOM) | ((role == CHILD) & (age < 23)),
            age >= 60,
            parent & (youngest <= 2),
            parent & (youngest < 18),
            (parent | (kind == COUPLE)) & (age >= 44),
            expecting,
            (kind == COUPLE) | parent,
        ],
        [STUDENT, RETIRED, BABY, SCHOOL, EMPTY, EXPECTING, PAIR],
        ALONE,
    )


def _likes(board: Board, draw: Draws, person: NDArray[np.int64], home: NDArray[np.int32]) -> None:
    shared, own = draw.child("home_taste"), draw.child("taste")
    taste = np.empty((len(person), TASTES), np.float16)
    for k in range(TASTES):
        taste[:, k] = np.sqrt(0.3) * shared.normal(home, slot=k) + np.sqrt(0.7) * own.normal(person, slot=k)
    board.add("people", "people.taste", taste)
    # The square of a normal is a gamma of shape 1/2, so three of them, shared out, are Dirichlet(.5).
    parts = draw.child("motive").normal(person[:, None], slot=np.arange(3)[None, :]) ** 2
    board.add("people", "people.motive", (parts / parts.sum(axis=1, keepdims=True)).astype(np.float16))
    board.add("people", "people.need", (draw.child("need").uniform(person) ** 2).astype(np.float32))


def _ways(board: Board, draw: Draws, person: NDArray[np.int64], age: NDArray[np.int64], stage: NDArray[np.int64]
          ) -> None:  # fmt: skip
    old = age >= 60
    sleeps = draw.child("sleep").uniform(person) >= np.where(old, 0.30, 0.084)
    rhythm = draw.child("rhythm").choice(_RHYTHM_OF_STAGE[stage], person)
    board.add("people", "people.rhythm", np.where(sleeps, rhythm, SLEEPLESS).astype(np.uint8))
    board.add("people", "rhythm.hours", rhythm_hours())
    board.add("people", "people.os", (draw.child("os").uniform(person) >= 0.72).astype(np.uint8))
    board.add("people", "people.patience", (draw.child("patience").gamma(person, shape=2.0) / 2).astype(np.float32))
    board.add("people", "people.birthday", draw.child("birthday").integers(person, low=1, high=366).astype(np.uint16))
    activity = draw.child("activity").gamma(person, shape=1.4) * np.where(old, _elder_activity(old), 1.0)
    board.add("people", "people.activity", (activity / activity.mean()).astype(np.float32))
    young = np.clip((34 - age) / 16, 0, 1)
    weights = np.stack(
        [np.full(len(age), 3.0), np.full(len(age), 2.0), np.full(len(age), 1.5), 4 * young, 5.0 * old], 1
    )
    board.add("people", "people.style", draw.child("style").choice(weights, person).astype(np.uint8))
    slow = 1 + np.maximum(age - 35, 0) / 40
    hand = draw.child("hand")
    board.add("people", "people.typing", (210 * slow * np.exp(0.3 * hand.normal(person))).astype(np.float16))
    board.add("people", "people.scroll", (14 / slow * np.exp(0.4 * hand.normal(person, slot=1))).astype(np.float16))
    board.add("people", "people.contact", draw.child("contact").gamma(person, shape=1.0).astype(np.float32))


def _elder_activity(old: NDArray[np.bool_]) -> float:
    """Return what scales the activity of the old so that they make 15% of all."""
    share = float(old.mean())
    return 0.15 * (1 - share) / (0.85 * share) if 0 < share < 1 else 1.0
