"""Laws that single values and columns of decisions share, in the words of one refusal."""

import itertools
import math
import re
from typing import Final, NoReturn

from guanxi.core import DataError
from guanxi.events import MAX_ID, MAX_TEXT

Scalar = str | int | float | bool
Pairs = tuple[tuple[str, Scalar], ...]  # (name, value), sorted by name, each name once

NAME: Final = r"[a-z][a-z0-9_]{0,62}"
EARLIEST_MS: Final = 631_152_000_000  # 1990-01-01
LATEST_MS: Final = 4_102_444_800_000  # 2100-01-01, exclusive
LARGEST: Final = 2**63 - 1


def refuse(field: str, what: str, mend: str) -> NoReturn:
    """Raise the DataError of one law."""
    raise DataError(what, mend, field)


def require_id(field: str, value: object, *, empty: bool = False) -> None:
    """Refuse what is not a text of 1 to MAX_ID characters."""
    if not isinstance(value, str) or len(value) > MAX_ID or (not value and not empty) or not _storable(value):
        refuse(field, f"the {field} is missing, no text or too long", f"Use 1 to {MAX_ID} characters")


def require_ids(field: str, values: tuple[str, ...]) -> None:
    """Refuse a list with an empty id, or with one that stands twice."""
    for value in values:
        require_id(field, value)
    if len(set(values)) != len(values):
        refuse(field, f"one of the {field} stands twice", "List each once")


def require_kind(field: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is not of the list."""
    if value not in allowed:
        refuse(field, f"the {field} is {value!r:.60}", f"Use one of {', '.join(allowed)}")


def require_time(field: str, value: object) -> None:
    """Refuse what is not an instant of 1990 to 2099 in milliseconds."""
    if type(value) is not int or not EARLIEST_MS <= value < LATEST_MS:
        refuse(field, f"{field} is {value!r:.40}", "Give milliseconds since 1970, between 1990 and 2099")


def require_size(value: object) -> None:
    """Refuse a number of choices below 1."""
    if type(value) is not int or not 1 <= value <= LARGEST:
        refuse("size", f"the size is {value!r:.40}", "Let at least 1 be chosen")


def require_pairs(field: str, pairs: Pairs) -> None:
    """Refuse names that are not sorted, unique lower-case words, and values that no column holds."""
    names = [name for name, _ in pairs]
    if any(not isinstance(name, str) or not _NAME.match(name) for name in names):
        refuse(field, f"a name in {field} is not a lower-case word", "Use a-z, 0-9 and _, at most 63, a letter first")
    if any(one >= two for one, two in itertools.pairwise(names)):
        refuse(field, f"the names in {field} are not sorted, or one stands twice", "Sort them; use each once")
    for name, value in pairs:
        if isinstance(value, str):
            if len(value) > MAX_TEXT or not _storable(value):
                refuse(field, f"{name} is longer than {MAX_TEXT} characters, or no Unicode text", "Shorten or mend it")
        elif isinstance(value, float):
            if not math.isfinite(value):
                refuse(field, f"{name} is not finite", "Leave it out when unknown")
        elif not isinstance(value, int) or not -LARGEST - 1 <= value <= LARGEST:
            refuse(field, f"{name} is no text, number or truth value", "Use str, int (64 bits), float or bool")


def _storable(text: str) -> bool:
    return text.isascii() or not _SURROGATE.search(text)


_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NAME: Final = re.compile(NAME + r"\Z")
