"""What the town must know of a mechanism, and the protocols of the circle: mechanism, world, answerer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from guanxi.core import SettingError
from guanxi.decisions import Asks, Decisions
from guanxi.events import EventBatch
from guanxi.world.board import Board, planting_order
from guanxi.world.draws import Draws
from guanxi.world.truth import Truths

if TYPE_CHECKING:
    from guanxi.world.day import Day

Strength = Literal["off", "on", "strong"]

#: How much of an effect each strength plants.
DOSE: Final[Mapping[Strength, float]] = {"off": 0.0, "on": 1.0, "strong": 2.0}

#: What a term may lean on, and the axes that the core sums for it. On "order" an item is leaned on where it is shown;
#: planned purchases feel the person, the category and the cell.
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "open": ("person", "platform", "hour"),
    "view": ("person", "category", "item"),
    "react": ("person", "category", "item"),
    "search": ("person",),
    "cart": ("person", "category", "item"),
    "order": ("person", "category", "item", "cell"),
    "pay": ("person", "platform", "hour"),
    "return": ("person", "category", "item"),
    "review": ("person", "category", "item"),
    "contact": ("person",),
    "redeem": ("person",),
    "opt_out": ("person",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A parameter that each seed draws anew.

    low, high   drawn uniformly between; equal: fixed
    unit        "log-odds", "d", "share", ""
    meaning     one clause, for the docs
    basis       D measured on a public set, S claimed by practitioners, M recalled, G a guess
    """

    name: str
    low: float
    high: float
    unit: str = ""
    meaning: str = ""
    basis: Literal["D", "S", "M", "G"] = "G"

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise SettingError(f"the range {self.name!r} runs from {self.low} to {self.high}", "Swap the two")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What the town must know of a mechanism before it runs.

    serves           rows of the capability list
    reads, writes    board columns
    answers, emits   kinds of decision, kinds of event
    variants         functional forms, the first is the default; never empty
    ranges           parameters, drawn per seed
    """

    name: str
    serves: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    emits: tuple[str, ...] = ()
    variants: tuple[str, ...] = ("a",)
    ranges: tuple[Range, ...] = ()

    def __post_init__(self) -> None:
        if not self.variants:
            raise SettingError(f"{self.name} has no variant", "Name at least one")
        if len({row.name for row in self.ranges}) < len(self.ranges):
            raise SettingError(f"{self.name} has a range twice", "Give each parameter its own name")

    def draw(self, seed: int) -> dict[str, float]:
        """Return parameter -> value for a seed; the same whatever else the town holds."""
        draws = Draws(seed, self.name).child("parameters")
        return {
            row.name: float(row.low + (row.high - row.low) * draws.child(row.name).uniform(0)) for row in self.ranges
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """How a mechanism is set; no draw depends on it, so two settings share one population.

    strength     off: same people and traffic, no effect (placebo); on; strong: twice the log-odds
    confounding  how far the house's own choices follow what drives the outcome, 0..1; 0: the naive estimate is right
    variant      one of the spec's; "": the first
    """

    strength: Strength = "on"
    confounding: float = 0.5
    variant: str = ""

    def __post_init__(self) -> None:
        if self.strength not in DOSE:
            raise SettingError(f"the strength is {self.strength!r:.40}", f"Use one of {', '.join(DOSE)}", "strength")
        if not 0 <= self.confounding <= 1:
            raise SettingError(f"confounding is {self.confounding}", "Use a value in 0..1", "confounding")

    @property
    def dose(self) -> float:
        """What an effect is multiplied with: 0, 1 or 2."""
        return DOSE[self.strength]

    def variant_of(self, spec: Spec) -> str:
        """Return the variant, the spec's first when none is set.

        raises   SettingError when the spec has no such variant
        """
        if self.variant and self.variant not in spec.variants:
            raise SettingError(
                f"{spec.name} has no variant {self.variant!r:.40}", f"Use one of {', '.join(spec.variants)}", "variant"
            )
        return self.variant or spec.variants[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Pressure on one choice of the core today.

    choice   a key of CHOICES
    axes     one axis, or ("cell",) for sparse pairs of person and category
    value    log-odds (open: of each chance to open) by the axis: (people,), (platforms,), (categories,), (items,) or
             (24,); for cells (people_i, category_i, log-odds_i) as three equally long arrays
    """

    choice: str
    axes: tuple[str, ...]
    value: NDArray[Any]

    def __post_init__(self) -> None:
        if self.choice not in CHOICES:
            raise SettingError(f"no choice is called {self.choice!r:.40}", f"Use one of {', '.join(CHOICES)}")
        if len(self.axes) != 1 or self.axes[0] not in CHOICES[self.choice]:
            raise SettingError(
                f"{self.choice!r} cannot be shaped by {', '.join(self.axes)}",
                f"Use one of {', '.join(CHOICES[self.choice])}; add a term for each axis",
            )
        if not np.isfinite(self.value).all():
            raise SettingError(f"a term of {self.choice!r} is not finite", "Use 0 where there is no pressure")


@dataclass(slots=True)
class State:
    """Private arrays of one mechanism: copied on the first write after a fork.

    arrays   name -> array
    """

    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def __setitem__(self, name: str, values: NDArray[Any]) -> None:
        self.arrays[name] = values
        self.shared.discard(name)

    def own(self, name: str) -> NDArray[Any]:
        """Return an array that may be written in place."""
        if name in self.shared:
            self.arrays[name] = self.arrays[name].copy()
            self.shared.discard(name)
        return self.arrays[name]

    def fork(self) -> "State":
        """Return a state that shares every array until either side writes."""
        self.shared.update(self.arrays)
        return State(dict(self.arrays), set(self.arrays))

    def bytes(self) -> int:
        """Return how many bytes the arrays hold."""
        return sum(array.nbytes for array in self.arrays.values())


class Mechanism(Protocol):
    """One planted cause: what it adds, how it shows, what it answers, what is true of it.

    `spec`, `dial` and the parameters stay; everything that changes lies in `state`, so a fork is a copy of states.
    """

    @property
    def spec(self) -> Spec:
        """What the town must know before it runs."""

    @property
    def dial(self) -> Dial:
        """How it is set."""

    @property
    def state(self) -> State:
        """What changes from day to day."""

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the public columns and the private state."""

    def lean(self, day: "Day") -> Iterable[Term]:
        """Give pressure on the core's choices today."""

    def emit(self, day: "Day") -> Iterable[EventBatch]:
        """Give events of its own, beside the core's; ids by `day.ids`."""

    def respond(self, told: Decisions, day: "Day") -> Iterable[EventBatch]:
        """Let decisions that come into force today change the state; give receipts."""

    def truth(self, day: "Day") -> Truths:
        """Say what is true as of the day."""

    def fork(self, *, strength: Strength | None = None) -> "Mechanism":
        """Return one that shares the state until a write, at another strength when given."""


class Answerer(Protocol):
    """What chooses when the town asks. One that draws keys its draws by ask id, or the twin's noise comes back."""

    def answer(self, asks: Asks) -> Decisions:
        """Return at most one decision for each ask; an ask without one is answered by the house."""


class World(Protocol):
    """The town, and foreign worlds read from files."""

    def step(self, until: int, told: Decisions = ..., answer: "Answerer | None" = ...) -> Iterable[EventBatch]:
        """Run until an instant (ms UTC), telling and answering; give the events."""

    def truth(self) -> Truths:
        """Say what is true, for scorers only."""

    def fork(self, *, without: str = "") -> "World":
        """Return a copy of the state: the twin starts here."""


@dataclass(frozen=True, slots=True)
class _Planted:
    """A mechanism as the board's planting order sees it."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    plant: Any = None


def order_of(mechanisms: Sequence[Mechanism], *, given: Iterable[str]) -> tuple[Mechanism, ...]:
    """Return mechanisms so that each comes after those whose columns it reads; the order of the list is free.

    given    board columns that stand already
    raises   SettingError for two owners, a circle of reads, or a read that nobody writes
    """
    by_name = {one.spec.name: one for one in mechanisms}
    if len(by_name) < len(mechanisms):
        raise SettingError("two mechanisms have one name", "Give each its own")
    rows = [_Planted(one.spec.name, one.spec.reads, one.spec.writes) for one in mechanisms]
    return tuple(by_name[row.name] for row in planting_order(rows, given=given))
