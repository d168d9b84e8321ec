"""What every mechanism shares: a dial, parameters of the seed, private state, and doing nothing by default."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from guanxi.decisions import Decisions
from guanxi.events import EventBatch
from guanxi.world.board import Board
from guanxi.world.day import Day
from guanxi.world.draws import Draws
from guanxi.world.spec import Dial, Spec, State, Strength, Term
from guanxi.world.truth import Truths


class Planted:
    """A mechanism that changes nothing: subclasses say what they do.

    dial        how it is set
    parameters  drawn for the seed at planting
    state       what changes from day to day
    """

    spec: ClassVar[Spec]

    def __init__(self, dial: Dial | None = None) -> None:
        self.dial = dial if dial is not None else Dial()
        self.variant = self.dial.variant_of(self.spec)
        self.parameters: dict[str, float] = {}
        self.state = State()

    def plant(self, board: Board, draw: Draws) -> None:
        """Draw the parameters; subclasses add columns and state."""
        self.parameters = self.spec.draw(draw.seed)

    def lean(self, day: Day) -> Iterable[Term]:
        """Give no pressure."""
        return ()

    def emit(self, day: Day) -> Iterable[EventBatch]:
        """Give no events."""
        return ()

    def respond(self, told: Decisions, day: Day) -> Iterable[EventBatch]:
        """Answer nothing."""
        return ()

    def truth(self, day: Day) -> Truths:
        """Say nothing."""
        return Truths()

    def fork(self, *, strength: Strength | None = None) -> Self:
        """Return one that shares the state until a write, at another strength when given."""
        other = copy.copy(self)
        other.state = self.state.fork()
        if strength is not None:
            other.dial = Dial(strength=strength, confounding=self.dial.confounding, variant=self.dial.variant)
        return other


def labels(day: Day, values: Mapping[str, NDArray[Any]]) -> Truths:
    """Return one label of each person by name, as of the day's start.

    values   name -> (people,) numbers
    """
    return Truths.of_labels(day.people, values, since_ms=day.start_ms)
