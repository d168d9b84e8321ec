"""What accounts and units are called: programmes and rewards of the bank, limits, kinds of accounts."""

from typing import Final

import msgspec

from guanxi.app.bank import bank_of
from guanxi.app.workspace import Workspace
from guanxi.engines.control import AccountRow
from guanxi.ledger import ISSUER, Unit, unit_of


class Words:
    """Names in both languages, as the workspace's rows have them now."""

    def __init__(self, workspace: Workspace) -> None:
        bank = bank_of(workspace)
        self._programmes = bank.programmes
        self._names = {("bank", f"reward.{row.name}"): (row.zh, row.en) for row in bank.rewards.values()}
        limits = getattr(workspace.control, "limits", None)
        if limits is not None:
            self._names |= {("limit", name): (row.zh, row.en) for name, row in limits.all().items()}

    def unit(self, name: str) -> Unit:
        """A unit, by the programme's words where it is one."""
        row = unit_of(name)
        own = self._programmes.get(name)
        return msgspec.structs.replace(row, zh=own.zh, en=own.en) if own else row

    def of(self, row: AccountRow) -> tuple[str, str]:
        """What an account is, in both languages."""
        return self.called(row.what, row.name, row.kind, row.unit)

    def called(self, what: str, name: str, kind: str, unit: str) -> tuple[str, str]:
        """The same, of an account whose fields these are."""
        own = self._names.get(("limit" if what == "source" else what, name))
        zh, en = _KINDS.get(kind, (kind, kind))
        if own is not None:
            return (f"{own[0]} · {zh}", f"{own[1]} · {en}") if kind == ISSUER else own
        row = self.unit(unit)
        return f"{row.zh} · {zh}", f"{row.en} · {en}"


_KINDS: Final = {
    "member": ("个人账户", "a person's account"),
    "issuer": ("发行方", "issuer"),
    "spent": ("已兑换", "used"),
    "given": ("已发放", "given"),
    "used": ("已用额度", "used of a limit"),
    "budget": ("预算", "budget"),
    "quota": ("额度", "quota"),
}
