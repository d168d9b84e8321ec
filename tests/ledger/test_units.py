"""Units: their rows, and amounts as people read them."""

import pytest

from guanxi.core import DataError
from guanxi.ledger import UNITS, unit_of


@pytest.mark.parametrize(
    ("unit", "amount", "text"),
    [
        pytest.param("fen", 1234, "¥12.34", id="money"),
        pytest.param("fen", 123456789, "¥1,234,567.89", id="much-money"),
        pytest.param("fen", 5, "¥0.05", id="cents-alone"),
        pytest.param("fen", -1205, "-¥12.05", id="a-debt"),
        pytest.param("points", 300, "300", id="whole"),
        pytest.param("stamps", -7, "-7", id="a-word-of-the-workspace"),
    ],
)
def test_amounts_as_text(unit: str, amount: int, text: str) -> None:
    assert unit_of(unit).show(amount) == text


def test_every_row_has_both_names_under_its_word() -> None:
    assert all(row.name == name and row.zh and row.en for name, row in UNITS.items())
    assert [name for name, row in UNITS.items() if not row.transferable] == ["experience"]
    assert unit_of("stamps").transferable
    with pytest.raises(DataError):
        unit_of("Zhang San")
