"""Declarations: what cannot be planted is refused, and says why."""

from typing import Any, ClassVar

import numpy as np
import pytest

from guanxi.core import SettingError
from guanxi.world import Dial, Planted, Range, Spec, State, Term
from guanxi.world.spec import order_of


def mechanism(name: str, reads: tuple[str, ...] = (), writes: tuple[str, ...] = ()) -> Planted:
    class Made(Planted):
        spec: ClassVar[Spec] = Spec(name=name, reads=reads, writes=writes)

    return Made()


@pytest.mark.parametrize(
    ("made", "what"),
    [
        pytest.param((("a", (), ("t.x",)), ("b", (), ("t.x",))), "'t.x' is planted by a and by b", id="two-owners"),
        pytest.param((("a", ("t.y",), ("t.x",)), ("b", ("t.x",), ("t.y",))), "go in a circle", id="a-circle"),
        pytest.param((("a", ("t.z",), ()),), "a reads 't.z', which nobody writes", id="nobody-writes"),
        pytest.param((("a", (), ()), ("a", (), ())), "two mechanisms have one name", id="one-name"),
        pytest.param((("a", (), ("people.age",)),), "'people.age' is planted by a and by the board", id="the-boards"),
    ],
)
def test_what_cannot_be_planted_is_refused(made: tuple[Any, ...], what: str) -> None:
    with pytest.raises(SettingError, match=what):
        order_of([mechanism(*row) for row in made], given=("people.age",))


def test_a_mechanism_comes_after_those_it_reads_from() -> None:
    late, early = mechanism("a", reads=("t.x",)), mechanism("z", writes=("t.x",))
    for listed in ((late, early), (early, late)):
        assert [one.spec.name for one in order_of(listed, given=())] == ["z", "a"]


def test_a_town_refuses_a_mechanism_that_reads_what_nobody_writes(kit: Any) -> None:
    with pytest.raises(SettingError, match="nobody writes"):
        kit.town(people=10, mechanisms=(mechanism("a", reads=("moon.phase",)),))


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        pytest.param({"people": 0}, "0 people", id="nobody"),
        pytest.param({"people": 2**24 + 1}, "16777217 people", id="too-many"),
        pytest.param({"detail": "some"}, "'some'", id="detail"),
        pytest.param({"horizon": 0}, "0 days", id="horizon"),
        pytest.param({"shard": 0}, "shard of 0", id="shard"),
        pytest.param({"dials": {"weather": Dial()}}, "'weather'", id="dial"),
        pytest.param({"dials": {"repeat": Dial(variant="z")}}, "no variant 'z'", id="variant"),
    ],
)
def test_a_town_that_cannot_be_made_is_refused(kit: Any, fields: dict[str, Any], what: str) -> None:
    with pytest.raises(SettingError, match=what):
        kit.town(**{"people": 10, **fields})


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        pytest.param({"strength": "weak"}, "'weak'", id="strength"),
        pytest.param({"confounding": 1.5}, "1.5", id="confounding"),
    ],
)
def test_a_dial_is_checked(fields: dict[str, Any], what: str) -> None:
    with pytest.raises(SettingError, match=what):
        Dial(**fields)


@pytest.mark.parametrize(
    ("choice", "axes", "value", "what"),
    [
        pytest.param("dream", ("person",), [0.0], "'dream'", id="choice"),
        pytest.param("open", ("item",), [0.0], "cannot be shaped by item", id="axis"),
        pytest.param("open", ("person", "hour"), [0.0], "person, hour", id="two-axes"),
        pytest.param("open", ("person",), [np.nan], "not finite", id="not-a-number"),
    ],
)
def test_a_term_is_checked(choice: str, axes: tuple[str, ...], value: list[float], what: str) -> None:
    with pytest.raises(SettingError, match=what):
        Term(choice=choice, axes=axes, value=np.array(value))


def test_parameters_follow_from_the_seed_and_stay_in_their_range() -> None:
    spec = Spec(name="x", ranges=(Range(name="p", low=1.0, high=2.0), Range(name="q", low=5.0, high=5.0)))
    drawn = [spec.draw(seed)["p"] for seed in range(200)]
    assert spec.draw(3) == spec.draw(3)
    assert 1.0 <= min(drawn) < 1.1
    assert 1.9 < max(drawn) <= 2.0
    assert spec.draw(9)["q"] == 5.0
    more = Spec(name="x", ranges=(Range(name="o", low=0.0, high=1.0), *spec.ranges))
    assert more.draw(3)["p"] == spec.draw(3)["p"]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: Range(name="p", low=2.0, high=1.0), id="upside-down"),
        pytest.param(lambda: Spec(name="x", variants=()), id="no-variant"),
        pytest.param(lambda: Spec(name="x", ranges=(Range(name="p", low=0, high=1),) * 2), id="twice"),
    ],
)
def test_a_spec_is_checked(made: Any) -> None:
    with pytest.raises(SettingError):
        made()


def test_state_is_copied_on_the_first_write_and_not_before() -> None:
    one = State({"x": np.zeros(3)})
    two = one.fork()
    assert two["x"] is one["x"]
    two.own("x")[0] = 1
    assert one["x"].tolist() == [0, 0, 0]
    one.own("x")[1] = 2
    assert two["x"].tolist() == [1, 0, 0]
    held = one["x"]
    assert one.own("x") is held
