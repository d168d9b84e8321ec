"""The types of party: what may stand in a relation, living or not."""

from typing import Final

import msgspec

from guanxi.core import NotFound

MASKED: Final = "~masked"  # ends the scope of a reference made from a masked value: "account:taobao~masked:t**1"


class PartyType(msgspec.Struct, frozen=True, kw_only=True):
    """One type of party.

    id      first part of a reference
    zh, en  labels
    living  True: people are behind it, so consent and privacy apply
    scoped  True: the key is unique only within a platform or shop, which the reference names
    who     True: it stands for somebody, and may be the same as any other party that does;
            False: it can only be the same as a party of its own type
    """

    id: str
    zh: str
    en: str
    living: bool = False
    scoped: bool = False
    who: bool = False


# The order is the rank: of parties found to be one, the first type here names the whole.
TYPES: Final[tuple[PartyType, ...]] = (
    PartyType(id="person", zh="人", en="person", living=True, who=True),
    PartyType(id="account", zh="账号", en="account", living=True, scoped=True, who=True),
    PartyType(id="creator", zh="达人", en="creator", living=True, scoped=True, who=True),
    PartyType(id="agent", zh="客服", en="agent", living=True, scoped=True, who=True),
    PartyType(id="household", zh="家庭", en="household", living=True),
    PartyType(id="community", zh="社群", en="community", living=True, scoped=True),
    PartyType(id="phone", zh="手机号", en="phone", who=True),
    PartyType(id="device", zh="设备", en="device", who=True),
    PartyType(id="address", zh="地址", en="address"),
    PartyType(id="card", zh="支付卡", en="card"),
    PartyType(id="ip", zh="网络地址", en="IP address"),
    PartyType(id="brand", zh="品牌", en="brand"),
    PartyType(id="institution", zh="机构", en="institution"),
    PartyType(id="rival", zh="竞争对手", en="rival"),
    PartyType(id="platform", zh="平台", en="platform"),
    PartyType(id="shop", zh="店铺", en="shop", scoped=True),
    PartyType(id="room", zh="直播间", en="live room", scoped=True),
    PartyType(id="item", zh="商品", en="item", scoped=True),
    PartyType(id="content", zh="内容", en="content", scoped=True),
    PartyType(id="creative", zh="创意", en="creative", scoped=True),
    PartyType(id="campaign", zh="活动", en="campaign", scoped=True),
    PartyType(id="coupon", zh="优惠券", en="coupon", scoped=True),
    PartyType(id="place", zh="地点", en="place"),
)

#: Roles whose name is not itself a type -> the type that stands in them when nothing else is said.
ROLE_TYPES: Final[dict[str, str]] = {
    "actor": "account",
    "object": "account",
    "payer": "account",
    "recipient": "account",
}


def party_type(name: str) -> PartyType:
    """Return the row of a type; raises NotFound."""
    try:
        return _BY_ID[name]
    except KeyError:
        raise NotFound(f"{name[:40]!r} is not a type of party", f"Use one of {', '.join(_BY_ID)}", "type") from None


def default_type(role: str) -> str:
    """Return the type of party that stands in a role of the catalogue; raises NotFound for other names.

    >>> default_type("actor"), default_type("item")
    ('account', 'item')
    """
    return party_type(ROLE_TYPES.get(role, role)).id


def is_masked(ref: str) -> bool:
    """Return whether a reference was made from a masked value, which several parties may share."""
    return ref.split(":", 2)[1].endswith(MASKED) if ref.count(":") >= 2 else False


def rank(ref: str) -> tuple[int, str]:
    """Return the sort key by which one of many references names them all: type as in TYPES, then the text."""
    return _RANK.get(ref.partition(":")[0], len(TYPES)), ref


def may_be_one(left: str, right: str) -> bool:
    """Return whether two references can name one party.

    Never when one is masked; else when both stand for somebody, or both are of one type.
    """
    if is_masked(left) or is_masked(right):
        return False
    one, two = left.partition(":")[0], right.partition(":")[0]
    return one == two or (one in _WHO and two in _WHO)


_BY_ID: Final = {row.id: row for row in TYPES}
_RANK: Final = {row.id: place for place, row in enumerate(TYPES)}
_WHO: Final = frozenset(row.id for row in TYPES if row.who)
