"""Rows: tables of declared things, each found by its name."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from guanxi.core.errors import NotFound, SettingError


class Named(Protocol):
    """A row: anything with a name."""

    @property
    def name(self) -> str:
        """The name, unique in its table."""


R = TypeVar("R", bound=Named)


class RowTable(Mapping[str, R]):
    """Rows in the order of their declaration, unique by name, never changed.

    noun     what one row is, for messages: "kind of event", "setting"
    mend     where a reader finds the list, for messages; "" names the nearest rows only
    raises   SettingError when a name is empty or declared twice; NotFound on a look-up, with the nearest names
    """

    def __init__(self, rows: Iterable[R], *, noun: str = "row", mend: str = "") -> None:
        self.noun, self.mend = noun, mend
        self._rows: dict[str, R] = {}
        for row in rows:
            if not row.name:
                raise SettingError(f"a {noun} has no name", "Give every row a name")
            if row.name in self._rows:
                raise SettingError(f"the {noun} {row.name!r} is declared twice", "Remove or rename one of the rows")
            self._rows[row.name] = row

    def __getitem__(self, name: str) -> R:
        try:
            return self._rows[name]
        except (KeyError, TypeError):
            raise NotFound(f"no {self.noun} is called {_short(name)}", self._advice(name)) from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<RowTable of {len(self)}: {self.noun}>"

    def find(self, name: str) -> R | None:
        """Return the row, or None when there is none of this name."""
        return self._rows.get(name)

    def extended(self, rows: Iterable[R]) -> "RowTable[R]":
        """Return a new table with more rows at its end."""
        return RowTable([*self._rows.values(), *rows], noun=self.noun, mend=self.mend)

    def _advice(self, name: object) -> str:
        near = nearest(name, self._rows) if isinstance(name, str) else []
        parts = [f"Did you mean {' or '.join(map(repr, near))}?" if near else "", self.mend]
        return " ".join(part for part in parts if part) or f"Use one of {', '.join(list(self._rows)[:20]) or 'none'}"


def nearest(name: str, names: Iterable[str], *, limit: int = 3) -> list[str]:
    """Return the names most like a mistyped one, best first; capitals do not matter."""
    folded: dict[str, str] = {}
    for known in names:
        folded.setdefault(known.casefold(), known)
    return [folded[found] for found in difflib.get_close_matches(name[:100].casefold(), folded, n=limit)]


def _short(name: object) -> str:
    if not isinstance(name, str):
        return f"a {type(name).__name__}"
    return repr(name if len(name) <= 40 else name[:37] + "...")
