"""Appearance: how one person wants the page to look; it belongs to the person, not to a link."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args

import msgspec
from sqlalchemy import insert, select, update

from guanxi.core import SettingError
from guanxi.engines.control.database import Database
from guanxi.engines.control.tables import appearances

Colours = Literal["none", "red_up", "green_up"]
Density = Literal["compact", "roomy"]
Language = Literal["zh", "en"]
Theme = Literal["light", "dark", "system"]


class Appearance(msgspec.Struct, frozen=True, kw_only=True):
    """What one person chose.

    colours    of rises and falls (涨跌配色): none, red means up, green means up
    density    compact (rows of 32 px) or roomy (40 px)
    shortcuts  single-key shortcuts are on
    tour_ms    when the tour was finished or closed; None: it is offered
    """

    colours: Colours = "none"
    density: Density = "compact"
    language: Language = "zh"
    theme: Theme = "light"
    shortcuts: bool = True
    tour_ms: int | None = None


class Appearances:
    """The part of `Control` that remembers what people chose."""

    _database: Database
    _now: Callable[[], int]

    def appearance(self, user_id: int) -> Appearance:
        """Return what a person chose; the defaults when nothing yet."""
        with self._database.read() as connection:
            row = connection.execute(select(appearances).where(appearances.c.user_id == user_id)).one_or_none()
        if row is None:
            return Appearance()
        return Appearance(**{name: getattr(row, name) for name in Appearance.__struct_fields__})

    def set_appearance(self, user_id: int, **changes: Any) -> Appearance:
        """Change some of what a person chose; return all of it.

        raises  SettingError when a name or a value is not allowed
        """
        _check(changes)
        changes["changed_ms"] = self._now()
        mine = appearances.c.user_id == user_id
        with self._database.write() as connection:
            changed = connection.execute(update(appearances).where(mine).values(changes))
            if changed.rowcount == 0:
                defaults = msgspec.to_builtins(Appearance())
                connection.execute(insert(appearances).values(defaults | changes | {"user_id": user_id}))
        return self.appearance(user_id)

    def finish_tour(self, user_id: int, *, done: bool = True) -> Appearance:
        """Remember that a person has seen the tour, or offer it again."""
        return self.set_appearance(user_id, tour_ms=self._now() if done else None)


_ALLOWED: Final[dict[str, tuple[Any, ...]]] = {
    "colours": get_args(Colours), "density": get_args(Density), "language": get_args(Language),
    "theme": get_args(Theme), "shortcuts": (True, False),
}  # fmt: skip


def _check(changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name == "tour_ms":
            continue
        allowed = _ALLOWED.get(name)
        if allowed is None:
            raise SettingError(f"{name[:40]!r} cannot be chosen", f"Choose {', '.join(_ALLOWED)}", name)
        if value not in allowed or isinstance(value, bool) != (name == "shortcuts"):
            raise SettingError(f"{name} is {str(value)[:40]!r}", f"Use one of {', '.join(map(str, allowed))}", name)
