"""Readers of outside text: tables of what exports hold, and laws that hold for any input."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.events import repair

READERS: dict[str, Callable[[Any], repair.Repaired[Any]]] = {
    "id": repair.read_id,
    "text": repair.read_text,
    "integer": repair.read_integer,
    "decimal": repair.read_decimal,
    "number": repair.read_number,
    "money": repair.read_money,
    "fen": lambda value: repair.read_money(value, unit="minor"),
    "yen": lambda value: repair.read_money(value, currency="JPY"),
    "percent": lambda value: repair.read_rate(value, form="percent"),
    "fraction": lambda value: repair.read_rate(value, form="fraction"),
    "duration": repair.read_duration,
    "time": repair.read_time,
    "dmy": lambda value: repair.read_time(value, order="dmy", day_end=True),
    "boolean": repair.read_boolean,
}


class Strange:
    """An object whose text form fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no text form")


def attempt(name: str, value: object) -> repair.Repaired[Any] | DataError:
    try:
        return READERS[name](value)
    except DataError as error:
        return error


@pytest.mark.parametrize(
    ("given_value", "value", "note"),
    [
        pytest.param("6901234567890123456", "6901234567890123456", "", id="nineteen-digits-survive"),
        pytest.param("\t4712\t", "4712", "", id="tabs"),
        pytest.param('="00471200"', "00471200", "", id="formula-guard-keeps-zeros"),
        pytest.param("'13800000000", "13800000000", "", id="apostrophe"),
        pytest.param("'=\"''9\"", "9", "", id="guards-in-guards"),
        pytest.param("1000001.0", "1000001", "float-id", id="point-zero"),
        pytest.param("\ufeffA1", "A1", "", id="bom"),
        pytest.param("A\u200b1", "A1", "invisible", id="zero-width-inside"),
        pytest.param("A\x1f1", "A1", "invisible", id="hash-separator-inside"),
        pytest.param("\ud800A", "\ufffdA", "broken-unicode", id="lone-surrogate"),
        pytest.param("1.0.0", "1.0.0", "", id="a-version-is-not-a-float"),
        pytest.param("款式 红", "款式 红", "", id="inner-blank-stays"),
        pytest.param(42, "42", "", id="integer"),
        pytest.param(42.0, "42", "", id="whole-float"),
        pytest.param(Decimal("7"), "7", "", id="decimal"),
        *[pytest.param(mark, None, "", id=f"no-id-{mark!r}") for mark in ("0", "-", "—", "——", "null", "NULL", "nan")],
        *[pytest.param(mark, None, "", id=f"no-id-{mark!r}") for mark in ("//", "", " \t", "None", 0, None, "0.0")],
        pytest.param(float("nan"), None, "", id="nan-float"),
    ],
)
def test_ids(given_value: object, value: str | None, note: str) -> None:
    assert repair.read_id(given_value) == (value, note)


@pytest.mark.parametrize("value", ["6.90E+18", "6.9e+18", '="6.90123E+18"', 2.0**53, 1e19])
def test_an_id_that_a_spreadsheet_destroyed_is_said_to_be_destroyed(value: object) -> None:
    with pytest.raises(DataError, match="already destroyed"):
        repair.read_id(value)


@pytest.mark.parametrize(
    "value", [1.5, float("inf"), True, [1], b"1", "x" * 513, 10**400, Decimal("1e999999"), Strange()]
)
def test_what_is_no_id_is_refused(value: object) -> None:
    with pytest.raises(DataError):
        repair.read_id(value)


@pytest.mark.parametrize(
    ("given_value", "value", "note"),
    [
        pytest.param("  Hello  ", "Hello", "", id="outer-blanks"),
        pytest.param("多行\r\n文案\t好", "多行\n文案\t好", "", id="newline-and-tab-stay"),
        pytest.param("a\x00b\x07", "ab", "control", id="controls"),
        pytest.param("\ufeff名称", "名称", "control", id="bom"),
        pytest.param("e\u0301", "é", "nfc", id="composed"),
        pytest.param("\ud83d", "\ufffd", "broken-unicode", id="lone-surrogate"),
        pytest.param("👩\u200d🚀", "👩\u200d🚀", "", id="emoji-joiner-stays"),
        pytest.param(" \u3000\n", None, "", id="blank"),
        pytest.param(5, "5", "to-text", id="number"),
        pytest.param(True, "true", "to-text", id="boolean"),
        pytest.param(None, None, "", id="none"),
        pytest.param("-", "-", "", id="a-dash-is-text"),
    ],
)
def test_texts(given_value: object, value: str | None, note: str) -> None:
    assert repair.read_text(given_value) == (value, note)


def test_a_text_over_the_limit_is_named_by_its_length_only() -> None:
    with pytest.raises(DataError, match="10,001 characters") as caught:
        repair.read_text("王" * 10_001)
    assert "王" not in str(caught.value)
    assert repair.read_text("王" * 10_000).value == "王" * 10_000


@pytest.mark.parametrize(
    ("given_value", "fen", "note"),
    [
        pytest.param("1,234.50", 123450, "thousands", id="thousands"),
        pytest.param("１，２３４．５０", 123450, "full-width+thousands", id="full-width"),
        pytest.param("¥236,552", 23655200, "thousands+currency-sign", id="yuan-sign"),
        pytest.param("￥49.90", 4990, "full-width+currency-sign", id="wide-yuan-sign"),
        pytest.param("0元", 0, "unit-suffix", id="zero-yuan"),
        pytest.param("12块", 1200, "unit-suffix", id="kuai"),
        pytest.param("RMB 8", 800, "currency-sign", id="rmb"),
        pytest.param("1.2万", 1200000, "wan", id="wan"),
        pytest.param("1.2万元", 1200000, "wan+unit-suffix", id="wan-yuan"),
        pytest.param("0.05亿", 500000000, "yi", id="yi"),
        pytest.param("(8.00)", -800, "negative", id="brackets"),
        pytest.param("（8.00）", -800, "full-width+negative", id="wide-brackets"),
        pytest.param("-8", -800, "", id="minus"),
        pytest.param("\u22128", -800, "", id="true-minus"),
        pytest.param("-¥8.00", -800, "currency-sign", id="minus-before-sign"),
        pytest.param("¥-8.00", -800, "currency-sign", id="minus-after-sign"),
        pytest.param("+8", 800, "", id="plus"),
        pytest.param("1.005", 101, "rounded", id="half-up"),
        pytest.param("-1.005", -101, "rounded", id="half-away-from-zero"),
        pytest.param("1.50000", 150, "", id="zeros-are-not-digits"),
        pytest.param(19.99, 1999, "", id="float-by-its-shortest-form"),
        pytest.param(Decimal("0.07"), 7, "", id="decimal"),
        pytest.param(3, 300, "", id="integer"),
        *[
            pytest.param(mark, None, "", id=f"missing-{mark!r}")
            for mark in ("", "-", "—", "——", "--", "NULL", "nan", None)
        ],
    ],
)
def test_money_in_yuan(given_value: object, fen: int | None, note: str) -> None:
    assert repair.read_money(given_value) == (fen, note)


@pytest.mark.parametrize(
    ("given_value", "currency", "unit", "minor"),
    [
        pytest.param("1234", "CNY", "minor", 1234, id="fen"),
        pytest.param(1234.5, "CNY", "minor", 1235, id="half-a-fen"),
        pytest.param("£2.55", "GBP", "major", 255, id="pounds"),
        pytest.param("$2.55", "USD", "major", 255, id="dollars"),
        pytest.param("€2,000", "EUR", "major", 200000, id="euro"),
        pytest.param("¥980", "JPY", "major", 980, id="yen-have-no-minor-unit"),
        pytest.param("1.234", "KWD", "major", 1234, id="three-digits"),
        pytest.param(10**15, "CNY", "minor", 10**15, id="at-the-limit"),
    ],
)
def test_money_by_currency_and_unit(given_value: object, currency: str, unit: Any, minor: int) -> None:
    assert repair.read_money(given_value, currency=currency, unit=unit).value == minor


@pytest.mark.parametrize(
    ("value", "options"),
    [
        *[
            pytest.param(text, {}, id=text)
            for text in ("1,23", "1.2.3", "12,34,567", "无退款", "(-8)", "()", "--8", "8-", "1e99")
        ],
        *[pytest.param(text, {}, id=text) for text in ("inf", "-Infinity", "1²", "٣", "½", "=1+1", "0x10", "1_000")],
        pytest.param("$5", {}, id="another-currency"),
        pytest.param("5元", {"unit": "minor"}, id="yuan-where-fen-are-declared"),
        pytest.param(5, {"currency": "XXX"}, id="unknown-currency"),
        pytest.param(5, {"unit": "milli"}, id="unknown-unit"),
        pytest.param(float("nan"), {}, id="nan"),
        pytest.param(float("inf"), {}, id="infinity"),
        pytest.param(Decimal("NaN"), {}, id="decimal-nan"),
        pytest.param(True, {}, id="boolean"),
        pytest.param(10**15 + 1, {"unit": "minor"}, id="absurd"),
        pytest.param(Decimal("1e1000000"), {}, id="absurd-decimal"),
        pytest.param(10**5000, {}, id="huge"),
        pytest.param("9" * 100_000, {}, id="long"),
    ],
)
def test_what_is_no_amount_is_refused(value: object, options: dict[str, Any]) -> None:
    with pytest.raises(DataError) as caught:
        repair.read_money(value, **options)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("reader", "given_value", "value", "note"),
    [
        pytest.param("integer", "1,204", 1204, "thousands", id="count"),
        pytest.param("integer", "3.4亿", 340_000_000, "yi", id="count-yi"),
        pytest.param("integer", "1.2w", 12_000, "wan", id="count-w"),
        pytest.param("integer", "１２件", 12, "full-width+unit-suffix", id="count-pieces"),
        pytest.param("integer", "12.0", 12, "", id="whole"),
        pytest.param("integer", -(2**63), -(2**63), "", id="least"),
        pytest.param("integer", "——", None, "", id="missing-count"),
        pytest.param("decimal", "1.50", Decimal("1.5"), "", id="decimal"),
        pytest.param("decimal", 0.1, Decimal("0.1"), "", id="decimal-of-float"),
        pytest.param("decimal", "0.1234565", Decimal("0.123457"), "rounded", id="six-places"),
        pytest.param("decimal", "-0.00", Decimal(0), "", id="no-negative-zero"),
        pytest.param("decimal", "1e3", Decimal(1000), "", id="exponent"),
        pytest.param("number", "2.5e3", 2500.0, "", id="number"),
        pytest.param("number", 7, 7.0, "", id="number-of-integer"),
        pytest.param("percent", "5.49%", 0.0549, "", id="percent"),
        pytest.param("percent", 5.49, 0.0549, "", id="percent-number"),
        pytest.param("percent", "100", 1.0, "", id="all"),
        pytest.param("percent", "５％", 0.05, "full-width", id="wide-percent"),
        pytest.param("fraction", "0.0374", 0.0374, "", id="fraction"),
        pytest.param("fraction", "3.74%", 0.0374, "percent", id="fraction-with-sign"),
        pytest.param("fraction", "-", None, "", id="missing-rate"),
        pytest.param("boolean", "是", True, "", id="yes"),
        pytest.param("boolean", "无", False, "", id="none-there"),
        pytest.param("boolean", "已支付", True, "", id="done"),
        pytest.param("boolean", "未支付", False, "", id="not-done"),
        pytest.param("boolean", "Y", True, "", id="y"),
        pytest.param("boolean", 0, False, "", id="zero"),
        pytest.param("boolean", "", None, "", id="missing-boolean"),
    ],
)
def test_numbers_rates_and_marks(reader: str, given_value: object, value: object, note: str) -> None:
    assert READERS[reader](given_value) == (value, note)


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("integer", "1.5"), ("integer", 2**63), ("integer", 1.5), ("integer", "9" * 20), ("number", float("nan")),
        ("number", "nan%"), ("decimal", "1e18"), ("percent", "101%"), ("percent", -1), ("fraction", "5.49"),
        ("fraction", "%"), ("boolean", "maybe"), ("boolean", 2), ("boolean", "已" * 9), ("duration", "-1"),
        ("duration", "1秒5分"), ("duration", "1:2:3:4"), ("duration", "01:99:03"), ("duration", 1e11),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(reader: str, value: object) -> None:
    with pytest.raises(DataError):
        READERS[reader](value)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("138****0001", True), ("1******6198", True), ("测**", True), ("测*", True), ("t**1", True), ("王*明", True),
        ("##cipher##", True), ("$$cipher$$", True), ("~FAKE~", True), ("****", True), ("*明", True), ("王小明", False),
        ("13800000001", False), ("5*3", False), ("C#", False), ("$5", False), ("~", False), ("", False),
    ],
)  # fmt: skip
def test_masks(text: str, masked: bool) -> None:
    assert repair.is_masked(text) is masked


ANYTHING = st.one_of(
    st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.binary(), st.decimals(), st.dates(),
    st.datetimes(), st.datetimes(timezones=st.timezones()), st.lists(st.integers()), st.builds(Strange),
    st.from_regex(r"[-+ (¥]{0,3}[0-9,.]{0,12}[万亿元%) 秒分Ee+]{0,4}[0-9]{0,3}"),
    st.from_regex(r"\d{1,4}[-/.年:]\d{1,2}[-/.月:]\d{1,4}[日 T]{0,2}\d{0,2}[:时]?\d{0,2}[Z+]?\d{0,4}"),
    st.text("0123456789０１２,，.+-−¥￥$元万亿%()（）eE '\"=\t:/年月日时分秒~*#\ufeff\u200b\ud800", max_size=16),
)  # fmt: skip


@pytest.mark.parametrize("name", READERS)
@given(value=ANYTHING)
def test_only_data_errors_come_out(name: str, value: object) -> None:
    found = attempt(name, value)
    if isinstance(found, DataError):
        assert len(found.what) < 200
        assert found.mend
    else:
        assert isinstance(found, repair.Repaired)


@pytest.mark.parametrize(
    "name", ["id", "text", "integer", "decimal", "number", "fen", "fraction", "duration", "time", "boolean"]
)
@given(value=ANYTHING)
def test_what_was_read_reads_as_itself(name: str, value: object) -> None:
    try:
        once = READERS[name](value).value
    except DataError:
        return
    assert READERS[name](once).value == once


@given(st.integers(-(10**15), 10**15), st.sampled_from(["{}", "¥{}", "{}元", "RMB {}", "{} CNY"]), st.booleans())
def test_money_written_by_exports_reads_back(fen: int, form: str, thousands: bool) -> None:
    yuan = Decimal(fen).scaleb(-2)
    text = form.format(format(yuan, ",.2f" if thousands else ".2f"))
    wide = text.translate({ord(mark): ord(mark) + 0xFEE0 for mark in "0123456789.,-"})
    assert repair.read_money(text).value == repair.read_money(wide).value == fen
    if fen < 0:
        assert repair.read_money(f"（{format(-yuan, '.2f')}）").value == fen


@given(st.floats(-1e9, 1e9))
def test_a_float_and_its_text_are_the_same_amount(amount: float) -> None:
    assert repair.read_money(amount) == repair.read_money(repr(amount))


@given(st.text(min_size=41), st.sampled_from(sorted(set(READERS) - {"text", "id"})))
def test_long_values_are_shortened_in_messages(text: str, name: str) -> None:
    found = attempt(name, text)
    assert not isinstance(found, DataError) or text not in found.what
