"""Assignment: within its limits, alike for the alike, and near a bound that nobody can pass."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.decisions import Assignment, assign


def market(people: int, offers: int, *, cells: int, seed: int, own_costs: bool = False) -> dict:
    """A market with correlated values, about half of the pairs allowed, and money for some."""
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, cells, people)
    depth = rng.integers(1, 40, offers)
    values = depth * np.exp(rng.normal(size=(cells, 1)) + rng.normal(size=(cells, offers)) * 0.5)[cell]
    values *= np.exp(rng.normal(size=(people, offers)) * 0.2)
    allowed = (rng.random((cells, offers)) < 0.7)[cell] & (rng.random((people, 1)) < 0.8)
    costs = rng.integers(1, 40, (people, offers)) if own_costs else depth
    return {
        "values": values, "costs": costs, "allowed": allowed, "groups": cell,
        "budget": int(depth.mean() * people * 0.3), "caps": rng.integers(0, max(people // 3, 2), offers),
        "pools": [(rng.random(offers) < 0.6, int(rng.integers(0, max(people // 2, 2)))) for _ in range(seed % 3)],
    }  # fmt: skip


def run(asked: dict, **changed) -> Assignment:
    asked = {**asked, **changed}
    return assign(asked.pop("values"), asked.pop("costs"), asked.pop("allowed"), **asked)


def check_limits(asked: dict, made: Assignment) -> None:
    got = np.flatnonzero(made.choice >= 0)
    costs = np.broadcast_to(asked["costs"], asked["values"].shape)
    assert asked["allowed"][got, made.choice[got]].all()
    assert made.spent == costs[got, made.choice[got]].sum() <= asked["budget"]
    assert (made.used == np.bincount(made.choice[got], minlength=asked["values"].shape[1])).all()
    assert (made.used <= asked["caps"]).all()
    assert all(made.used[flags].sum() <= most for flags, most in asked["pools"])


def blocks_of(asked: dict) -> dict[tuple, np.ndarray]:
    keys: dict[tuple, list[int]] = {}
    for row, (cell, may) in enumerate(zip(asked["groups"], asked["allowed"], strict=True)):
        keys.setdefault((int(cell) if cell >= 0 else f"alone {row}", may.tobytes()), []).append(row)
    return {key: np.array(rows) for key, rows in keys.items()}


def optimum(asked: dict) -> float:
    """The best value of all assignments of single people, by trying each."""
    values, offers = asked["values"], asked["values"].shape[1]
    costs, best = np.broadcast_to(asked["costs"], values.shape), 0.0
    choices = [[-1, *(j for j in range(offers) if may[j])] for may in asked["allowed"]]
    for choice in itertools.product(*choices):
        pairs = [(i, j) for i, j in enumerate(choice) if j >= 0]
        spent = sum(costs[pair] for pair in pairs)
        used = np.bincount([j for _, j in pairs], minlength=offers)
        pooled = all(used[flags].sum() <= most for flags, most in asked["pools"])
        if spent <= asked["budget"] and (used <= asked["caps"]).all() and pooled:
            best = max(best, sum(values[pair] for pair in pairs))
    return best


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), people=st.integers(1, 6), offers=st.integers(1, 3), own=st.booleans())
def test_no_assignment_passes_the_bound(seed: int, people: int, offers: int, own: bool) -> None:
    asked = market(people, offers, cells=people, seed=seed, own_costs=own)
    asked["groups"] = np.full(people, -1)
    made, best = run(asked), optimum(asked)
    check_limits(asked, made)
    assert made.value <= best * (1 + 1e-9)
    assert best <= made.bound * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), people=st.integers(1, 60), offers=st.integers(1, 70), own=st.booleans())
def test_limits_hold_and_a_cell_is_treated_alike(seed: int, people: int, offers: int, own: bool) -> None:
    asked = market(people, offers, cells=4, seed=seed, own_costs=own)
    made = run(asked, seed=seed)
    check_limits(asked, made)
    assert made.value <= made.bound
    value, cut = 0.0, 0
    for rows in blocks_of(asked).values():
        mean = asked["values"][rows].mean(axis=0)
        got, many = np.unique(made.choice[rows], return_counts=True)
        cut += len(got) > 1
        value += sum(n * mean[j] for j, n in zip(got, many, strict=True) if j >= 0)
        for j, n in zip(got, many, strict=True):  # the chance that is told is the share of the cell
            assert made.chance[rows][made.choice[rows] == j] == pytest.approx(n / len(rows))
    assert value == pytest.approx(made.value)
    assert cut == made.cut


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), own=st.booleans())
def test_the_order_of_rows_changes_nothing(seed: int, own: bool) -> None:
    asked = market(80, 5, cells=6, seed=seed, own_costs=own)
    asked["groups"][::7] = -1
    ids = np.random.default_rng(seed).permutation(10**6)[:80]
    mixed = np.random.default_rng(seed + 1).permutation(80)
    there = {
        name: asked[name][mixed] if len(asked[name]) == 80 else asked[name]
        for name in ("values", "costs", "allowed", "groups", "caps")
    }
    one, other = run(asked, ids=ids, seed=seed), run({**asked, **there}, ids=ids[mixed], seed=seed)
    assert (one.choice[mixed] == other.choice).all()
    assert (one.value, one.bound, one.spent) == (other.value, other.bound, other.spent)


def test_the_same_seed_gives_the_same_bytes() -> None:
    asked = market(300, 6, cells=5, seed=4)
    one, same, other = run(asked, seed=1), run(asked, seed=1), run(asked, seed=2)
    assert one.choice.tobytes() == same.choice.tobytes()
    assert (one.value, one.bound) == (same.value, same.bound)
    assert (one.choice != other.choice).any()
    assert one.cut


def test_a_draw_knows_nothing_but_the_draw() -> None:
    """Three of ten win, whatever they are worth; over many seeds each as often as the others."""
    values = np.linspace(1, 100, 10)[:, None]
    won = np.zeros(10)
    for seed in range(1_000):
        made = assign(
            values, [5], np.ones((10, 1), bool), budget=15, caps=[10], groups=np.zeros(10, int), seed=seed
        )  # fmt: skip
        assert made.used.tolist() == [3]
        assert set(made.chance[made.choice == 0]) == {0.3}
        assert set(made.chance[made.choice < 0]) == {0.7}
        won += made.choice == 0
    expected = 1_000 * 0.3
    assert ((won - expected) ** 2 / (expected * 0.7)).sum() < 30  # chi-square of 9, far in its tail


def test_a_dear_person_does_not_shut_the_cell_out() -> None:
    """Costs differ within a cell: the winners' number is set by the dearest, so anybody drawn can be paid."""
    for seed in range(50):
        made = assign(
            np.ones((4, 1)), np.array([[1], [1], [1], [7]]), np.ones((4, 1), bool), budget=8, groups=np.zeros(4, int),
            seed=seed,
        )  # fmt: skip
        assert made.used.tolist() == [1]
        assert made.spent <= 8


def test_loyal_and_new_customers_of_one_cell_get_the_same() -> None:
    """The value of a discount is lower for who would buy anyway; one cell, one offer."""
    values = np.array([[9.0, 3.0], [1.0, 2.0], [9.0, 3.0], [1.0, 2.0]])
    made = assign(values, [100, 50], np.ones((4, 2), bool), budget=400, groups=np.zeros(4, int))
    assert made.choice.tolist() == [0, 0, 0, 0]
    alone = assign(values, [100, 50], np.ones((4, 2), bool), budget=400)
    assert alone.choice.tolist() == [0, 1, 0, 1]


def test_a_cell_cut_by_a_cap_chooses_on() -> None:
    made = assign([[5.0, 2.0]] * 6, [1, 1], np.ones((6, 2), bool), budget=5, caps=[2, 9], groups=np.zeros(6, int))
    assert made.used.tolist() == [2, 3]
    assert sorted(set(made.chance)) == [pytest.approx(1 / 6), pytest.approx(2 / 6), pytest.approx(3 / 6)]
    assert made.value == pytest.approx(16)
    assert made.bound == pytest.approx(16, rel=1e-4)


def test_prices_say_what_more_would_bring() -> None:
    """A hundred people worth 1 to 100 at a cost of 10 fen, money for 40: the next one is worth 60."""
    values = np.arange(1.0, 101)[:, None]
    made = assign(values, [10], np.ones((100, 1), bool), budget=400)
    assert made.value == sum(range(61, 101))
    assert made.budget_price == pytest.approx(6.05, abs=0.06)
    capped = assign(values, [10], np.ones((100, 1), bool), budget=None, caps=[30])
    assert capped.budget_price == 0
    assert capped.cap_prices[0] == pytest.approx(70.5, abs=0.6)


def test_offers_that_share_places() -> None:
    """Two offers of thirty people together, the third alone: the pool's price is what its next place would bring."""
    values = np.column_stack([np.arange(100.0, 0, -1), np.arange(100.0, 0, -1) + 0.5, np.full(100, 10.0)])
    may = np.ones((100, 3), bool)
    made = assign(values, [1, 1, 1], may, budget=None, pools=[([True, True, False], 30)])
    assert made.used.tolist() == [0, 30, 70]
    assert made.pool_prices[0] == pytest.approx(60.5, abs=1)
    assert made.gap < 1e-3
    none = assign(values, [1, 1, 1], may, budget=None, pools=[(np.ones(3, bool), 0)])
    assert (none.choice == -1).all()


@pytest.mark.parametrize(
    ("changed", "choice"),
    [
        pytest.param({"budget": 0}, [-1, -1], id="no-money"),
        pytest.param({"budget": 0, "costs": [0, 0]}, [0, 0], id="costs-nothing"),
        pytest.param({"budget": None}, [0, 0], id="any-budget"),
        pytest.param({"caps": [0, 0]}, [-1, -1], id="no-places"),
        pytest.param({"values": [[-1.0, 0.0], [-2.0, 3.0]]}, [-1, 1], id="worth-nothing"),
        pytest.param({"allowed": [[False, True], [False, False]]}, [1, -1], id="not-allowed"),
        pytest.param({"values": [[np.nan, 1.0], [np.nan, 1.0]], "allowed": [[False, True]] * 2}, [1, 1], id="unknown"),
    ],
)
def test_the_edges(changed: dict, choice: list[int]) -> None:
    asked = {"values": [[5.0, 2.0], [5.0, 2.0]], "costs": [3, 1], "allowed": [[True, True]] * 2, "budget": 10}
    made = run(asked, **{name: np.array(one) if name == "allowed" else one for name, one in changed.items()})
    assert made.choice.tolist() == choice
    assert made.value <= made.bound


def test_nobody_is_nothing() -> None:
    made = assign(np.ones((0, 3)), [1, 2, 3], np.ones((0, 3), bool), budget=10)
    assert (made.choice.size, made.value, made.bound, made.gap) == (0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        pytest.param("values", np.array([[np.nan, 1.0]]), "not a number", id="nan"),
        pytest.param("values", np.ones(3), "shape", id="values-shape"),
        pytest.param("costs", np.array([1, -2]), "between -2 and 1", id="negative-cost"),
        pytest.param("costs", np.array([1.0, 2.0]), "float64", id="part-of-a-fen"),
        pytest.param("costs", np.array([1, 2**60]), "between", id="too-dear"),
        pytest.param("costs", np.array([1, 2, 3]), "shape", id="costs-shape"),
        pytest.param("allowed", np.ones((1, 2)), "float64", id="allowed-no-flags"),
        pytest.param("allowed", np.ones((1, 3), bool), "shape", id="allowed-shape"),
        pytest.param("budget", -1, "-1", id="budget-below-0"),
        pytest.param("budget", 1.5, "1.5", id="budget-no-fen"),
        pytest.param("caps", np.array([1, -1]), "-1", id="cap-below-0"),
        pytest.param("caps", np.array([1]), "shape", id="caps-shape"),
        pytest.param("pools", [(np.ones(2), 5)], "float64", id="pool-no-flags"),
        pytest.param("pools", [(np.ones(3, bool), 5)], "shape", id="pool-shape"),
        pytest.param("pools", [(np.ones(2, bool), -5)], "-5 places", id="pool-below-0"),
        pytest.param("groups", np.array([-2]), "-2", id="group-below"),
        pytest.param("groups", np.array([0, 1]), "shape", id="groups-shape"),
        pytest.param("ids", np.array([0.5]), "float64", id="ids-no-numbers"),
    ],
)
def test_bad_input_is_named(field: str, value: object, told: str) -> None:
    asked = {"values": np.ones((1, 2)), "costs": np.array([1, 2]), "allowed": np.ones((1, 2), bool), "budget": 5}
    with pytest.raises(DataError, match=told) as refused:
        run(asked, **{field: value})
    assert refused.value.field == field


def test_two_people_of_a_cell_need_two_ids() -> None:
    with pytest.raises(DataError, match="same id"):
        assign(np.ones((2, 1)), [1], np.ones((2, 1), bool), budget=1, groups=[0, 0], ids=[7, 7])


@pytest.mark.parametrize(("people", "cells"), [(400, 400), (2_000, 30), (3_000, 3), (2_001, 100), (2_002, 10)])
def test_near_the_linear_programme_of_a_solver(people: int, cells: int) -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="no solver here: scipy is not installed")
    sparse = pytest.importorskip("scipy.sparse")
    asked = market(people, 8, cells=cells, seed=people)
    made = run(asked)
    check_limits(asked, made)
    groups = list(blocks_of(asked).values())
    pairs = [(b, j) for b, rows in enumerate(groups) for j in range(8) if asked["allowed"][rows[0], j]]
    size = np.array([len(groups[b]) for b, _ in pairs], float)
    gain = np.array([asked["values"][groups[b], j].sum() for b, j in pairs])
    of, which = np.array([b for b, _ in pairs]), np.array([j for _, j in pairs])
    at, pools = np.arange(len(pairs)), asked["pools"]
    rows = np.concatenate([of, len(groups) + which, np.full(len(pairs), len(groups) + 8)])
    entries = np.concatenate([np.ones(len(pairs)), size, size * asked["costs"][which]])
    most = np.concatenate([np.ones(len(groups)), asked["caps"], [asked["budget"]]])
    matrix = sparse.csr_matrix((entries, (rows, np.tile(at, 3))), shape=(most.size, len(pairs)))
    if pools:
        matrix = sparse.vstack([matrix, *(sparse.csr_matrix(size * flags[which]) for flags, _ in pools)])
        most = np.concatenate([most, [cap for _, cap in pools]])
    best = -optimize.linprog(-gain, A_ub=matrix, b_ub=most, method="highs").fun
    assert best <= made.bound * (1 + 1e-9)
    assert made.bound <= best * 1.002  # the dual is solved
    assert made.value >= best * 0.98
