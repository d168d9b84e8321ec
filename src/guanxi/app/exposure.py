"""The exposure report of a workspace: what people hold of points, coins and coupons, and what it may cost."""

from collections.abc import Iterable

from guanxi.app.bank import bank_of
from guanxi.app.workspace import Workspace
from guanxi.engines.control import MEMBER
from guanxi.ledger import Exposure, exposure, unit_of


def exposures(workspace: Workspace, *, at_ms: int, units: Iterable[str] = ()) -> list[Exposure]:
    """Return the exposure of each unit before an instant; a unit that nobody ever held is left out.

    units   which; () = every unit that people hold, money left out
    """
    bank, accounting = bank_of(workspace), workspace.control.accounting
    asked = list(units) or [row.unit for row in accounting.units() if MEMBER in row.kinds and row.unit != "fen"]
    found = []
    for name in asked:
        programme, row = bank.programmes.get(name), unit_of(name)
        found.append(
            exposure(
                accounting.moves(name, before_ms=at_ms), unit=name, zh=programme.zh if programme else row.zh,
                en=programme.en if programme else row.en, at_ms=at_ms, held=accounting.held(name, before_ms=at_ms),
                due=programme.due_ms if programme else _never, per_yuan=programme.per_yuan if programme else 0,
            )
        )  # fmt: skip
    return [one for one in found if one.issued or one.received or list(units)]


def _never(_: int) -> int | None:
    return None
