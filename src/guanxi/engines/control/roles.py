"""Roles: rows that say which verbs each kind of operator may use."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

import msgspec

from guanxi.core import SettingError

Verb = Literal["view", "reveal", "export", "propose", "approve", "configure", "administer"]

#: verb -> (Chinese, English)
VERBS: Final[dict[Verb, tuple[str, str]]] = {
    "view": ("看", "view"),
    "reveal": ("明文", "reveal personal values"),
    "export": ("导出", "export"),
    "propose": ("提", "propose"),
    "approve": ("批", "approve"),
    "configure": ("改", "configure"),
    "administer": ("管", "administer"),
}


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a kind of operator.

    aggregates_only  True: sees totals, never a person or a single event (the wall screen)
    """

    name: str
    zh: str
    en: str
    verbs: tuple[Verb, ...]
    aggregates_only: bool = False


_ROWS: Final = (
    Role(name="operator", zh="运营", en="Operator", verbs=("view", "export", "propose")),
    Role(name="buyer", zh="投放", en="Ad buyer", verbs=("view", "export", "propose")),
    Role(name="service", zh="客服主管", en="Service lead", verbs=("view", "reveal", "propose", "approve")),
    Role(name="reviewer", zh="风控审核", en="Risk reviewer", verbs=("view", "reveal", "approve")),
    Role(name="analyst", zh="数据分析", en="Analyst", verbs=("view", "export", "propose", "configure")),
    Role(name="manager", zh="管理者", en="Manager", verbs=("view", "export", "approve", "configure", "administer")),
    Role(name="engineer", zh="工程师", en="Engineer", verbs=("view", "export", "configure", "administer")),
    Role(name="wall", zh="大屏", en="Wall", verbs=("view",), aggregates_only=True),
)
ROLES: Final[dict[str, Role]] = {row.name: row for row in _ROWS}

Scope = Literal["client", "server", "read", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
WRITING_SCOPES: Final[frozenset[Scope]] = frozenset({"client", "server"})  # may send events

#: What a key may do at the desk; client and server keys write events and nothing else.
SCOPE_VERBS: Final[dict[Scope, frozenset[Verb]]] = {
    "client": frozenset(),
    "server": frozenset(),
    "read": frozenset({"view"}),
    "admin": frozenset({"view", "configure", "administer"}),
}


def verbs_of(roles: Iterable[str]) -> frozenset[Verb]:
    """Return every verb that the roles together allow; a role that no longer exists allows none."""
    return frozenset(verb for name in roles if name in ROLES for verb in ROLES[name].verbs)


def sees_people(roles: Iterable[str]) -> bool:
    """Tell whether at least one of the roles may see single events and people."""
    return any(name in ROLES and not ROLES[name].aggregates_only for name in roles)


def check_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Return the roles, in the order of the table.

    raises  SettingError when there is none or one is unknown
    """
    wanted = set(roles)
    unknown = sorted(wanted - ROLES.keys())
    if unknown or not wanted:
        raise SettingError(f"the roles are {unknown or 'empty'}", f"Choose from {', '.join(ROLES)}", "roles")
    return tuple(name for name in ROLES if name in wanted)
