"""Column names: cleaned the same way in files and in mappings."""

import re
from collections.abc import Sequence
from typing import Final

HEADER_ROWS: Final = 10  # the header is looked for in the first ten rows


def clean_header(name: str) -> str:
    """Return a column name without BOM, blanks and TABs, with half-width brackets and colons.

    >>> clean_header(" 商家应收金额（元） ")
    '商家应收金额(元)'
    """
    return re.sub(r"\s+", " ", name.translate(_HALF).strip(_BLANK)).strip()


def clean_headers(names: Sequence[str]) -> list[str]:
    """Return cleaned names; the second of one name gets the suffix `#2`, a nameless column `#` and its place."""
    found: list[str] = []
    seen: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        text = clean_header(name) or f"#{place}"
        seen[text] = seen.get(text, 0) + 1
        found.append(text if seen[text] == 1 else f"{text}#{seen[text]}")
    return found


def find_header(rows: Sequence[Sequence[str]], signatures: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the first of the leading rows that holds all names of one signature."""
    wanted = [frozenset(map(clean_header, signature)) for signature in signatures if signature]
    for index, row in enumerate(rows[:HEADER_ROWS]):
        names = frozenset(clean_header(cell) for cell in row)
        if any(signature <= names for signature in wanted):
            return index
    return None


_BLANK: Final = " \t\r\n\u00a0\u3000\ufeff\u200b"
_HALF: Final = str.maketrans({"（": "(", "）": ")", "：": ":", "［": "[", "］": "]", "\ufeff": None})
