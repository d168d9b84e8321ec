"""Values of labels: what a profile says of age, sex and work, brought to one way of writing it."""

import re
from typing import Final

from guanxi.events import age_band

UNKNOWN: Final = "unknown"
_NOTHING: Final = frozenset(
    ("", "-1", "0", "n/a", "none", "null", "unknown", "secret", "other", "未知", "保密", "不详", "无", "其他", "—", "-")
)
_FEMALE: Final = frozenset(("f", "female", "woman", "girl", "女", "女性", "女士", "女生"))
_MALE: Final = frozenset(("m", "male", "man", "boy", "男", "男性", "男士", "先生", "男生"))
_DASH: Final = re.compile(r"\s*(?:[-~～–—－至到]|to)\s*")
_MAX: Final = 40  # characters of a value


def age_of(text: str) -> str:
    """Return a band of age as it was told, in one way of writing; a plain age falls into the house's band.

    >>> [age_of(text) for text in ("26-35岁", "56岁以上", "65+", "15岁以下", "33", "90后", "-1")]
    ['26-35', '56+', '65+', '<15', '25-34', '90后', '']
    """
    plain = re.sub(r"[岁\s]|years?|yrs?", "", _folded(text))
    if re.fullmatch(r"[0-9]0后", plain):
        return plain
    if plain.isdecimal() and 0 < int(plain) < 130:
        return age_band(int(plain))
    plain = _DASH.sub("-", plain)
    if found := re.fullmatch(r"(\d{1,3})(?:\+|及?以上|andover)|(?:>=?|over)(\d{1,3})", plain):
        return f"{found[1] or found[2]}+"
    if found := re.fullmatch(r"(\d{1,3})(?:及?以下|andunder)|(?:<=?|under)(\d{1,3})", plain):
        return f"<{found[1] or found[2]}"
    return plain if re.fullmatch(r"\d{1,3}-\d{1,3}", plain) else ""


def sex_of(text: str) -> str:
    """Return female, male, or "" for whatever says neither.

    >>> sex_of("女"), sex_of("Male"), sex_of("保密")
    ('female', 'male', '')
    """
    plain = _folded(text)
    return "female" if plain in _FEMALE else "male" if plain in _MALE else ""


def job_of(text: str) -> str:
    """Return an occupation as it was told, without blanks around it; "" for words that say nothing.

    >>> job_of(" 教师 "), job_of("未知"), job_of("设计,插画")
    ('教师', '', '设计、插画')
    """
    plain = " ".join(text.split())[:_MAX].replace(",", "、")  # commas part labels in a query
    return "" if plain.casefold() in _NOTHING or "*" in plain else plain


def age_words(band: str) -> tuple[str, str]:
    """Return the Chinese and English words of a band that `age_of` gave."""
    if band.startswith("<"):
        return f"{band[1:]} 岁以下", f"under {band[1:]}"
    if band.endswith("+"):
        return f"{band[:-1]} 岁及以上", f"{band[:-1]} and over"
    return (band, f"born in the {band[:2]}s") if band.endswith("后") else (f"{band} 岁", band)


def age_order(band: str) -> tuple[int, str]:
    """Return what bands of age are sorted by: the youngest first."""
    first = int(re.sub(r"\D.*", "", band.lstrip("<")))
    if band.endswith("后"):
        return (1_000 - (first if first > 20 else first + 100), band)
    return (first - band.startswith("<"), band)


def _folded(text: str) -> str:
    return text.strip().casefold()
