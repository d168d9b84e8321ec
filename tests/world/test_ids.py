"""Ids: unique without a table, and silent about what they name."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import SettingError
from guanxi.world.draws import Draws
from guanxi.world.ids import Ids, check_numbers, hex_texts, number, permuted_keys

address = st.tuples(st.integers(0, 2**13 - 1), st.integers(0, 2**24 - 1), st.integers(0, 2**20 - 1))


@given(rows=st.lists(address, min_size=2, max_size=30, unique=True), seed=st.integers(0, 2**31))
def test_different_addresses_have_different_ids_in_both_halves(rows: list[tuple[int, int, int]], seed: int) -> None:
    day, entity, slot = (np.array(column) for column in zip(*rows, strict=True))
    for half in Ids(seed).pair("browse", day, entity, slot):
        assert len(np.unique(half)) == len(rows)


def test_the_mechanism_is_part_of_the_address() -> None:
    ids = Ids(1)
    assert ids.low("browse", 0, 0, 0) != ids.low("trade", 0, 0, 0)
    assert number("browse") != number("trade")


@pytest.mark.parametrize(
    ("day", "entity", "slot"),
    [
        pytest.param(2**13, 0, 0, id="day"),
        pytest.param(0, 2**24, 0, id="entity"),
        pytest.param(0, 0, 2**20, id="slot"),
        pytest.param(0, -1, 0, id="negative"),
    ],
)
def test_an_address_that_does_not_fit_is_refused(day: int, entity: int, slot: int) -> None:
    with pytest.raises(SettingError, match="of an event id"):
        Ids(1).pair("browse", day, np.array([entity]), slot)


def test_two_mechanisms_with_one_number_are_refused() -> None:
    names = [f"m{n}" for n in range(200)]
    check_numbers(("browse", "trade", "browse"))
    with pytest.raises(SettingError, match="share an id number"):
        check_numbers(tuple(names))


def test_permuted_keys_are_distinct_and_write_as_hex() -> None:
    keys = permuted_keys(Draws(3, "x"), 50_000)
    assert len(np.unique(keys)) == 50_000
    texts = hex_texts("account:app:", keys[:3])
    assert texts.str.len_chars().to_list() == [len("account:app:") + 12] * 3
    assert [int(text.rsplit(":", 1)[1], 16) for text in texts] == keys[:3].tolist()


def auc(score: np.ndarray, label: np.ndarray) -> float:
    """Chance that a positive outranks a negative (Mann-Whitney)."""
    rank = np.empty(len(score))
    rank[np.argsort(score, kind="stable")] = np.arange(1, len(score) + 1)
    positives = label.sum()
    return float((rank[label].sum() - positives * (positives + 1) / 2) / (positives * (len(score) - positives)))


def test_ids_order_and_gaps_tell_nothing_of_what_is_planted(kit: Any) -> None:
    town = kit.town(people=4_000, detail="trade")
    accounts = town.accounts_of(np.arange(4_000)).str.split(":").list.last().str.to_integer(base=16).to_numpy()
    keys = np.stack([(accounts >> shift) & 0xFFFF for shift in (0, 16, 32)], axis=1).astype(float)
    board = town.board
    labels = {
        "woman": board["people.sex"] == 0,
        "old": board["people.age"] > np.median(board["people.age"]),
        "sensitive": board["people.price_sensitivity"] > np.median(board["people.price_sensitivity"]),
    }
    session = kit.run(town, 1)["Session Started"]
    who = kit.person_of(town, session["role_actor"])
    for name, label in labels.items():
        noise = 4 * 0.5 / np.sqrt(len(label) / 3)
        for column in range(3):
            assert abs(auc(keys[:, column], label) - 0.5) < noise, name
        x = np.column_stack([keys, keys**2, np.ones(len(keys))]) / keys.max()
        half = np.arange(len(x)) % 2 == 0
        fitted = x[~half] @ np.linalg.lstsq(x[half], label[half].astype(float), rcond=None)[0]
        assert abs(auc(fitted, label[~half]) - 0.5) < 1.5 * noise, name
        for half_id in ("id_hi", "id_lo"):
            assert abs(auc(session[half_id].to_numpy().astype(float), label[who]) - 0.5) < noise, name


def test_the_order_of_rows_is_that_of_time_and_id(kit: Any) -> None:
    for batch in kit.town().step(kit.town().ms_of(1)):
        rows = batch.frame.select("at_ms", "id_hi", "id_lo")
        assert rows.equals(rows.sort("at_ms", "id_hi", "id_lo")), batch.kind
        assert rows["id_hi"].dtype == pl.UInt64
