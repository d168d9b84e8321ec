"""Mechanisms one by one: taking what one writes away, or adding one that is off, changes no event of the others."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import pytest

from guanxi.world import Day, Dial, Planted, Spec, Term, write
from guanxi.world.base.ads import Ads
from guanxi.world.base.live import Live
from guanxi.world.founding import BASE
from guanxi.world.spec import CHOICES

DAYS, PEOPLE = 4, 200
#: Whoever writes events: a function of `write`, or a method of a base part.
WRITERS = (
    "sign_ins", "browsing", "trading", "following", "talks", "messages", "_points", "_introduce",
    (Ads, "showing"), (Live, "watching"),
)  # fmt: skip
#: What a base part that is off changes on the very first day, before anything told is in force.
AT_ONCE = {"response": {"Message Unsubscribed", "Consent Withdrawn", "Complaint Filed"}}


@pytest.fixture(scope="module")
def plain(kit: Any) -> list[tuple[str, str]]:
    town = kit.town(people=PEOPLE)
    return list(kit.digest(town.step(town.ms_of(DAYS))))


@pytest.mark.parametrize("writer", WRITERS, ids=lambda one: one if isinstance(one, str) else one[1])
def test_what_one_writes_changes_nothing_of_the_others(kit: Any, plain: list[tuple[str, str]], writer: Any) -> None:
    owner, name = (write, writer) if isinstance(writer, str) else writer
    real, kinds = getattr(owner, name), set[str]()

    def silent(*arguments: Any) -> list[Any]:
        kinds.update(batch.kind for batch in real(*arguments))
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, silent)
        town = kit.town(people=PEOPLE)
        found = kit.digest(town.step(town.ms_of(DAYS)))
    assert kinds
    assert len(found) < len(plain)
    assert [row for row in found if row[0] not in kinds] == [row for row in plain if row[0] not in kinds]


@pytest.mark.parametrize("name", sorted(part.spec.name for part in BASE))
def test_a_base_part_that_is_off_leaves_the_first_day(kit: Any, plain: list[tuple[str, str]], name: str) -> None:
    town = kit.town(people=PEOPLE, dials={name: Dial(strength="off")})
    found, own = kit.digest(town.step(town.ms_of(1))), AT_ONCE.get(name, set())
    first = plain[: next(n for n, row in enumerate(plain) if n and row[0] < plain[n - 1][0])]
    assert len(found) > 20
    assert [row for row in found if row[0] not in own] == [row for row in first if row[0] not in own]


class Lean(Planted):
    """Leans on one choice along one axis."""

    spec: ClassVar[Spec] = Spec(name="lean", reads=("people.age",))
    choice, axis = "open", "person"

    def lean(self, day: Day) -> Iterable[Term]:
        counts = {"person": "people", "platform": "platforms", "category": "categories", "item": "items"}
        if self.axis == "cell":
            rows = np.arange(10)
            value = np.stack([rows, rows % 5, np.full(10, 2.0 * self.dial.dose)])
        else:
            length = 24 if self.axis == "hour" else day.board.count(counts[self.axis])
            value = np.full(length, 2.0 * self.dial.dose, np.float32)
        return (Term(choice=self.choice, axes=(self.axis,), value=value),)


@pytest.mark.slow
@pytest.mark.parametrize("choice", CHOICES)
def test_leaning_with_no_weight_changes_nothing(kit: Any, plain: list[tuple[str, str]], choice: str) -> None:
    for axis in CHOICES[choice]:
        one = Lean(Dial(strength="off"))
        one.choice, one.axis = choice, axis
        town = kit.town(people=PEOPLE, mechanisms=(one,))
        found = kit.digest(town.step(town.ms_of(2)))
        assert len(found) > 50
        assert found == plain[: len(found)], axis
