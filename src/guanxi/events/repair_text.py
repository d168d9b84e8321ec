"""Repair of text, identifiers and yes-or-no marks."""

import math
import re
import unicodedata
from decimal import Decimal
from typing import Final, Generic, NamedTuple, TypeVar

from guanxi.core import DataError

T = TypeVar("T")

#: Marks by which exports say "no value"; compared after blanks are stripped.
NO_VALUE: Final = frozenset({
    "", "-", "--", "---", "—", "——", "–", "//", "null", "NULL", "Null", "nan", "NaN", "NAN", "None", "none", "N/A",
    "n/a", "#N/A", "<NA>", "\\N",
})  # fmt: skip

ID_LIMIT: Final = 512  # characters


class Repaired(NamedTuple, Generic[T]):
    """A value read from outside and what had to be mended.

    value   None when the source says "no value"
    note    "" or codes joined by "+": full-width, thousands, currency-sign, unit-suffix, wan (万), yi (亿), negative
            (brackets), rounded, percent, excel-serial, epoch-s, epoch-ms, float-id, invisible, control,
            broken-unicode, nfc, to-text
    """

    value: T
    note: str = ""


def read_id(value: object) -> Repaired[str | None]:
    """Read an identifier: never as a number, without the guards that spreadsheets need.

    value    blanks, TAB, BOM, zero-width marks, `="..."`, a leading `'` and `.0` after digits are taken off
    returns  None for `0`, `-`, `—`, `null`, `nan`, `//`, "" and the other marks of NO_VALUE
    raises   DataError for `6.90E+18` (a spreadsheet destroyed it), for a float that is not a whole number below
             2**53, for more than 512 characters, for any other type
    """
    if isinstance(value, str):
        if value.isascii() and value.isalnum() and len(value) <= ID_LIMIT:  # the common case
            return _NO_ID if value == "0" or value in NO_VALUE else Repaired(value)
        return _clean_id(value)
    if value is None:
        return _NO_ID
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 256:
        return Repaired(str(value)) if value else _NO_ID
    if isinstance(value, float | Decimal):
        return _number_id(value)
    raise DataError(f"an identifier is {shown(value)}", "Send identifiers as text or as whole numbers")


def read_text(value: object, *, limit: int = 10_000) -> Repaired[str | None]:
    """Read text in Unicode normal form C, without BOM, NUL and control characters (newline and TAB stay).

    limit    characters
    returns  None when blank; outer blanks are stripped; numbers become text with the note "to-text"
    raises   DataError over the limit or for lists, objects and bytes; the text itself is never in the message
    """
    note = ""
    if not isinstance(value, str):
        if value is None:
            return Repaired(None)
        value, note = _number_text(value), "to-text"
    if len(value) > limit:
        raise _too_long(len(value), limit)
    if value.isascii() and value.isprintable():  # the common case
        return Repaired(value.strip() or None, note)
    text, codes = _whole_unicode(value.replace("\r\n", "\n"))
    if _CONTROL.search(text):
        text = _CONTROL.sub("", text)
        codes.append("control")
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
        codes.append("nfc")
    text = text.strip()
    if len(text) > limit:
        raise _too_long(len(text), limit)
    return Repaired(text or None, "+".join([note, *codes] if note else codes))


def read_boolean(value: object) -> Repaired[bool | None]:
    """Read yes or no: true/false, 1/0, yes/no, y/n, on/off, 是/否, 有/无, 已…/未….

    raises   DataError for anything else
    """
    if isinstance(value, bool):
        return Repaired(value)
    if value is None:
        return Repaired(None)
    if isinstance(value, int | float) and value in (0, 1):
        return Repaired(bool(value))
    if isinstance(value, str) and len(value) <= 40:
        text, note = half_width(value)
        if text in NO_VALUE:
            return Repaired(None)
        found = _BOOLEANS.get(text.lower())
        if found is None and len(text) <= 8 and text[0] in "已未":
            found = text[0] == "已"
        if found is not None:
            return Repaired(found, note)
    raise DataError(f"{shown(value)} is neither yes nor no", "Use true or false, 1 or 0, yes or no, 是 or 否")


def is_masked(text: str) -> bool:
    """Tell whether a platform hid part of this value: `138****1234`, `t**1`, `测*`, `##…##`, `$$…$$`, `~…~`.

    A masked value is weak evidence of identity and never equal to another.
    """
    if "*" not in text and "#" not in text and "$" not in text and "~" not in text:  # the common case
        return False
    return _MASK.search(text) is not None


def half_width(text: str) -> tuple[str, str]:
    """Return the text with ASCII forms of full-width characters and of U+2212, stripped; and the note."""
    if text.isascii():
        return text.strip(), ""
    mended = text.translate(_HALF_WIDTH)
    wide = any("！" <= mark <= "～" or mark in "￥￡" for mark in text)
    return mended.strip(), "full-width" if wide else ""


def shown(value: object) -> str:
    """Return a value as messages may show it: at most 40 characters, other types by name only.

    Cells slip into the wrong column, so a number as long as a phone's or a card's, an e-mail address and Chinese words
    that say no number or time are hidden: a message is read by people who may not see personal data.
    """
    if isinstance(value, str):
        return repr(without_personal(_HAN.sub("某", value[:80]), 40))
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int):
        return (
            without_personal(str(value), 40) if value.bit_length() <= 128 else f"a number of {value.bit_length()} bits"
        )
    if isinstance(value, float):
        return repr(value)
    return f"a value of type {type(value).__name__}"


def without_personal(text: str, limit: int) -> str:
    """Return at most `limit` characters of a text, without phone, card and identity numbers and e-mail addresses."""
    hidden = _LONG_NUMBER.sub(lambda found: f"{found[0][:3]}…({len(found[0])} characters)", _EMAIL.sub("…@…", text))
    return hidden if len(hidden) <= limit else hidden[: limit - 3] + "..."


_LONG_NUMBER: Final = re.compile(
    r"(?<!\d)(?!20\d{12}(?!\d))(?:\d{9,}[Xx]?|1[3-9]\d[- ]\d{4}[- ]\d{4}|0\d{2,3}-\d{7,8})(?!\d)"
)
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")
_HAN: Final = re.compile(  # but not the words of times, numbers, money and answers
    "(?![年月日号时分秒点上下午晚早中凌晨周星期一二三四五六七八九十百千万亿零两元角圆整是否])[\u3400-\u9fff]"
)
_NO_ID: Final[Repaired[str | None]] = Repaired(None)
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\ufeff\ufffe\uffff]")
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)
_DESTROYED: Final = re.compile(r"\d(?:\.\d+)?[eE]\+\d{1,3}\Z")
_FLOAT_ID: Final = re.compile(r"([0-9]+)\.0+\Z")
_MASK: Final = re.compile(
    r"\*\*|##.+##|\$\$.+\$\$|\A~.+~\Z|\A[^\W\d_]\*(?:[^\W\d_]{1,2})?\Z|\A\*[^\W\d_]{1,3}\Z", re.DOTALL
)
_HALF_WIDTH: Final[dict[int, str | None]] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    0x3000: " ", 0x00A0: " ", 0x202F: " ", 0xFFE5: "¥", 0xFFE1: "£", 0x2212: "-",
    **dict.fromkeys([0xFEFF, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060]),
}  # fmt: skip
_BOOLEANS: Final = {
    **dict.fromkeys(["true", "t", "1", "1.0", "yes", "y", "on", "是", "有", "对", "真", "已", "√"], True),
    **dict.fromkeys(["false", "f", "0", "0.0", "no", "n", "off", "否", "无", "不", "错", "假", "未", "×"], False),
    "没有": False, "不是": False,
}  # fmt: skip


def _clean_id(value: str) -> Repaired[str | None]:
    """Read an identifier that needs more than a look."""
    if len(value) > 2 * ID_LIMIT:
        raise _too_long(len(value), ID_LIMIT)
    text, codes = _whole_unicode(value)
    text = _unguarded(text)
    if _INVISIBLE.search(text):
        codes.append("invisible")
        while _INVISIBLE.search(text):
            text = _unguarded(_INVISIBLE.sub("", text))
    if len(text) > ID_LIMIT:
        raise _too_long(len(text), ID_LIMIT)
    if _DESTROYED.match(text):
        raise DataError(
            f"the identifier {text} was already destroyed by a spreadsheet",
            "Export again and open the file with this column set to text",
        )
    if number := _FLOAT_ID.match(text):
        text = number[1]
        codes.append("float-id")
    if text == "0" or text in NO_VALUE:
        return _NO_ID
    return Repaired(text, "+".join(codes))


def _unguarded(text: str) -> str:
    """Take off outer blanks, BOM, `="..."` and a leading apostrophe, until nothing changes."""
    before = None
    while text != before:
        before = text
        text = text.strip().strip("\ufeff\u200b").replace("\t", " ")
        if text.startswith('="') and text.endswith('"') and len(text) > 2:
            text = text[2:-1]
        text = text.removeprefix("'")
    return text


def _number_id(value: float | Decimal) -> Repaired[str | None]:
    if isinstance(value, Decimal):
        if value.is_nan():
            return _NO_ID
        if not value.is_finite() or abs(value.adjusted()) > 60:
            raise DataError("the identifier is an absurd number", "Send identifiers as text")
    if math.isnan(value):
        return _NO_ID
    if math.isinf(value) or value != int(value):
        raise DataError(f"the identifier {shown(value)} is not a whole number", "Send identifiers as text")
    if isinstance(value, float) and abs(value) >= 2**53:
        raise DataError(
            f"the identifier {value!r} was already destroyed: it came as a floating point number",
            "Send identifiers of more than 15 digits as text",
        )
    return read_id(int(value))


def _number_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() <= 256:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= 40:
        return format(value, "f")
    raise DataError(f"text is expected, not {type(value).__name__}", "Send a string, or declare the property as json")


def _whole_unicode(text: str) -> tuple[str, list[str]]:
    """Replace lone surrogates, which no file or database can hold, by U+FFFD."""
    if text.isascii():
        return text, []
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), ["broken-unicode"]
    return text, []


def _too_long(length: int, limit: int) -> DataError:
    return DataError(f"a text of {length:,} characters is over the limit of {limit:,}", "Shorten it at the source")
