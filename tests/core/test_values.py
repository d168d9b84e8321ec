"""The small words: estimates, reasons, ids, rows, errors."""

import math
import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import (
    Busy,
    DataError,
    Estimate,
    EventId,
    GuanxiError,
    MissingEngine,
    NotFound,
    PartyRef,
    Reason,
    Refused,
    RowTable,
    SettingError,
    nearest,
    parse_event_id,
    parse_party_ref,
)


def estimate(value: float, low: float, high: float, unit: str = "orders", **other: Any) -> Estimate:
    return Estimate(
        **{"value": value, "low": low, "high": high, "level": 0.95, "unit": unit, "n": 9, "method": "t"} | other
    )


@pytest.mark.parametrize(
    ("found", "text"),
    [
        pytest.param(estimate(0.0823, 0.0312, 0.1341, "share"), "8% (3% to 13%)", id="share"),
        pytest.param(estimate(0.1, 0.06, 0.14, "share"), "10.0% (6.0% to 14.0%)", id="narrower-share"),
        pytest.param(estimate(312, -40, 660), "310 (−40 to 660)", id="tens"),
        pytest.param(
            estimate(1_234_567, 1_200_000, 1_300_000), "1,230,000 (1,200,000 to 1,300,000)", id="ten-thousands"
        ),
        pytest.param(estimate(1.5, 1.25, 1.75), "1.50 (1.25 to 1.75)", id="hundredths"),
        pytest.param(estimate(-0.01, -3, 4), "0.0 (−3.0 to 4.0)", id="no-negative-zero"),
        pytest.param(estimate(2, 2, 2), "2.000000 (2.000000 to 2.000000)", id="a-point"),
    ],
)
def test_an_estimate_shows_no_more_than_it_knows(found: Estimate, text: str) -> None:
    assert str(found) == text


@given(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3).map(sorted).filter(lambda row: row[2] - row[0] > 1e-6))
def test_the_last_digit_is_the_leading_one_of_a_tenth_of_the_interval(row: list[float]) -> None:
    low, value, high = row
    texts = estimate(value, low, high).shown()
    numbers = [float(text.replace(",", "").replace("−", "-")) for text in texts]
    tenth = (high - low) / 10
    for number, exact in zip(numbers, (value, low, high), strict=True):
        assert abs(number - exact) <= tenth / 2 + 1e-7  # rounding moves nothing by more than a twentieth
    places = max((len(text.partition(".")[2]) for text in texts), default=0)
    assert places == 0 or 10.0**-places > tenth / 10 * (1 - 1e-9)
    assert numbers[1] <= numbers[0] <= numbers[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 5}, "outside"), ({"high": math.inf}, "finite"), ({"value": math.nan}, "finite"),
        ({"level": 1.0}, "level"), ({"level": 95}, "level"), ({"n": -1}, "n is"),
    ],
)  # fmt: skip
def test_an_estimate_checks_itself(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        estimate(**{"value": 1, "low": 0, "high": 2} | change)


def test_clear_of_zero() -> None:
    assert [estimate(v, v - 1, v + 1).is_clear_of_zero for v in (-2, -1, 0, 1, 2)] == [True, False, False, False, True]


def test_a_reason_speaks_both_languages() -> None:
    reason = Reason(zh="同一设备下单 9 次", en="9 orders from one device", weight=0.4, evidence=("0" * 32,))
    assert reason.speaks_for
    assert not Reason(zh="常客", en="a regular", weight=-0.1).speaks_for
    for wrong in ({"zh": " "}, {"en": ""}, {"weight": math.nan}):
        with pytest.raises(DataError):
            Reason(**{"zh": "一", "en": "one", "weight": 1.0} | wrong)  # type: ignore[arg-type]


def test_event_ids() -> None:
    text = "0af30af30af30af30af30af30af30af3"
    assert EventId(text) == text
    assert parse_event_id(" 0AF30AF3-0AF3-0AF3-0AF3-0AF30AF30AF3\n") == text
    for wrong in ("", text[1:], text + "0", text.upper(), "g" * 32, text + "\n", 5):
        with pytest.raises(DataError, match="32 hex digits"):
            EventId(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("account:taobao:AAE1x", ("account", "taobao", "AAE1x")),
        ("ip::192.0.2.1", ("ip", "", "192.0.2.1")),
        ("ip::2001:db8::1", ("ip", "", "2001:db8::1")),
        (" shop:jd:好 店 ", ("shop", "jd", "好 店")),
    ],
)
def test_party_references(text: str, parts: tuple[str, str, str]) -> None:
    ref = parse_party_ref(text)
    assert (ref.type, ref.scope, ref.key) == parts
    assert isinstance(ref, str)
    assert pickle.loads(pickle.dumps(ref)) == ref


@pytest.mark.parametrize(
    "text",
    ["", "account", "account:taobao", "account:taobao:", "Account:x:1", ":x:1", "a:b c:1", "a:b:1\x00", "a:b:\ud800"],
)
def test_a_wrong_reference_is_refused_without_its_key(text: str) -> None:
    with pytest.raises(DataError, match="type:scope:key"):
        PartyRef(text)
    with pytest.raises(DataError) as caught:
        PartyRef("phone-13800000001")
    assert "138" not in str(caught.value)


@dataclass(frozen=True)
class Row:
    """A row for the tests."""

    name: str
    size: int = 0


TABLE = RowTable(
    [Row("half_life", 1), Row("recency", 2), Row("Cut Off", 3)], noun="trait", mend="See `guanxi traits list`."
)


def test_rows_are_found_by_name_in_their_order() -> None:
    assert list(TABLE) == ["half_life", "recency", "Cut Off"]
    assert TABLE["recency"].size == 2
    assert TABLE.find("absent") is None
    assert "recency" in TABLE
    assert ["recency"] not in TABLE
    assert len(TABLE.extended([Row("new")])) == 4
    assert len(TABLE) == 3


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("half_lief", "Did you mean 'half_life'? See `guanxi traits list`."),
        ("CUT OFF", "Did you mean 'Cut Off'? See `guanxi traits list`."),
        ("zzz", "See `guanxi traits list`."),
        (5, "See `guanxi traits list`."),
    ],
)
def test_a_wrong_name_is_told_the_nearest(name: Any, mend: str) -> None:
    with pytest.raises(NotFound, match="no trait is called") as caught:
        TABLE[name]
    assert caught.value.mend == mend
    assert isinstance(caught.value, LookupError)


def test_a_table_without_advice_lists_its_names() -> None:
    with pytest.raises(NotFound) as caught:
        RowTable([Row("a"), Row("b")])["x" * 100]
    assert caught.value.mend == "Use one of a, b"
    assert "x" * 50 not in caught.value.what


def test_names_are_unique_and_not_empty() -> None:
    with pytest.raises(SettingError, match="declared twice"):
        RowTable([Row("a"), Row("a")])
    with pytest.raises(SettingError, match="no name"):
        RowTable([Row("")])


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=20))
def test_the_nearest_are_among_the_names(name: str, names: list[str]) -> None:
    found = nearest(name, names)
    assert set(found) <= set(names)
    assert len(found) <= 3


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (SettingError, ValueError), (DataError, ValueError), (NotFound, LookupError), (Refused, PermissionError),
        (Busy, RuntimeError), (MissingEngine, ImportError),
    ],
)  # fmt: skip
def test_errors_are_also_the_builtin_and_survive_a_process(kind: type[GuanxiError], builtin: type[Exception]) -> None:
    error = pickle.loads(pickle.dumps(kind("it broke", "Mend it", "price")))
    assert isinstance(error, builtin)
    assert (type(error), error.what, error.mend, error.field, str(error)) == (
        kind, "it broke", "Mend it", "price", "it broke. Mend it",
    )  # fmt: skip
    assert error.retryable is (kind is Busy)
