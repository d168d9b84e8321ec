"""Measures and traits to declare things with."""

from typing import Any

from guanxi.core import RowTable
from guanxi.traits.measure import Measure
from guanxi.traits.trait import Trait

WHY = {"why_zh": "为了测试。", "why_en": "For the test."}
KNOWN = RowTable(
    [
        Measure(name="orders", kinds=("Order Created",), zh="下单", en="orders placed"),
        Measure(
            name="spend", kinds=("Order Completed",), value="amount", unit="money", zh="付款", en="orders paid",
            value_zh="金额", value_en="amount",
        ),
        Measure(
            name="refunds", kinds=("Order Refunded",), value="amount", unit="money", zh="退款", en="refunds",
            value_zh="金额", value_en="amount",
        ),
        Measure(name="night_orders", kinds=("Order Created",), where=("hour < 6",), zh="夜间下单", en="night orders"),
        Measure(
            name="invitations", kinds=("Invitation Accepted",), code="role.object", zh="接受邀请",
            en="invitations accepted", code_zh="邀请人", code_en="inviter",
        ),
        Measure(name="moves", kinds=("Address Changed",), zh="改地址", en="address changes"),
        Measure(name="events", zh="活动", en="events"),
    ],
    noun="measure",
)  # fmt: skip


def trait(**parts: Any) -> Trait:
    """A trait as a family makes it, before it is checked."""
    plain = {"name": "", "party": "person", "of": "orders", "aggregate": "count", "window": "1d", "topic": "velocity"}
    return Trait(**(plain | {"uses": ("risk",), "zh": "", "en": ""} | WHY | parts))
