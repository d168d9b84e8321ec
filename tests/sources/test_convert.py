"""Columns read as the scalar readers do, and halves are rounded exactly."""

from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.engines.sources.convert import How, convert, half_up
from guanxi.engines.sources.convert import _scalar as scalar

CELLS = st.one_of(
    st.text(max_size=12), st.from_regex(r"-?[0-9]{1,13}(\.[0-9]{1,7})?", fullmatch=True),
    st.from_regex(r"20[0-9]{2}[-/][01][0-9][-/][0-3][0-9] [0-2][0-9](:[0-6][0-9]){2}", fullmatch=True),
    st.from_regex(r"[='\"\t]{0,2}[0-9A-Z_:-]{0,9}[\" ]?", fullmatch=True),
    st.sampled_from(["1,234.50", "¥5", "0", "-", "null", "1.2万", "5%", "1分5秒", "是", "１２"]),
    st.sampled_from(["6.9E+18", "1767351600"]), st.none(),
)  # fmt: skip


@pytest.mark.parametrize(
    "as_",
    [
        "id",
        "text",
        "integer",
        "decimal",
        "number",
        "money",
        "minor",
        "percent",
        "fraction",
        "time",
        "boolean",
        "duration",
        "json",
    ],
)
@given(cells=st.lists(CELLS, min_size=1, max_size=8))
def test_columns_read_as_the_scalar_readers_do(as_: str, cells: list[str | None]) -> None:
    how = How(as_, zone=ZoneInfo("Asia/Shanghai"))
    found = convert(pl.Series(cells, dtype=pl.String), how)
    bad = set(pl.concat(found.bad)["index"].to_list()) if found.bad else set()
    for place, cell in enumerate(cells):
        if cell is None:
            assert found.values[place] is None
            continue
        try:
            one = scalar(how)(cell)
        except DataError:
            assert place in bad
            continue
        assert place not in bad
        assert found.values[place] == one.value
        assert (found.notes[place] if found.notes is not None else None) == (one.note or None)


@pytest.mark.parametrize("as_", ["id", "integer", "decimal", "number", "money", "minor", "fraction"])
@given(
    cells=st.lists(st.one_of(st.floats(), st.decimals(-(10**6), 10**6, places=3).map(float)), min_size=1, max_size=6)
)
def test_float_columns_read_as_the_scalar_readers_do(as_: str, cells: list[float]) -> None:
    how = How(as_)
    found = convert(pl.Series(cells, dtype=pl.Float64), how)
    bad = set(pl.concat(found.bad)["index"].to_list()) if found.bad else set()
    for place, cell in enumerate(cells):
        if cell != cell:  # NaN in a file of columns is a missing value
            assert found.values[place] is None
            continue
        try:
            one = scalar(how)(cell)
        except DataError:
            assert place in bad
            continue
        assert found.values[place] == one.value


@given(st.lists(st.integers(-(10**30), 10**30), min_size=1), st.sampled_from([1, 10, 1000, 10**10, 10**12]))
def test_half_up_is_exact(numbers: list[int], divisor: int) -> None:
    found = half_up(pl.Series(numbers, dtype=pl.Int128), divisor)
    for number, value in zip(numbers, found, strict=True):
        wanted = (abs(number) * 2 + divisor) // (2 * divisor) * (1 if number >= 0 else -1)
        assert value == (wanted if -(2**63) < wanted < 2**63 else None)
