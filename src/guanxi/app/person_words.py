"""A person in one sentence, of counted facts alone: no guess, no word of judgement."""

from collections.abc import Sequence

from guanxi.app.person_parts import PersonPlatform, Totals
from guanxi.core import Money, local_day


def summary(
    totals: Totals, platforms: Sequence[PersonPlatform], first_ms: int | None, events: int, *, currency: str,
    now_ms: int,
) -> tuple[str, str]:  # fmt: skip
    """Return the sentence in Chinese and in English."""
    since = local_day(first_ms if first_ms is not None else now_ms)
    zh, en = [f"{since} 首次出现", f"至今 {events:,} 个事件"], [f"first seen {since}", f"{events:,} events so far"]
    if not totals.orders:
        zh.append("没有下过单")
        en.append("no orders")
        return "，".join(zh) + "。", _sentence(en)
    where = [one for one in platforms if one.orders]
    names = "、".join(one.zh for one in where[:3]) + (f" 等 {len(where)} 个平台" if len(where) > 3 else "")
    amount = Money(totals.amount, currency)
    zh.append(
        f"在{names}下单 {totals.orders:,} 次，共 {amount}" if where else f"下单 {totals.orders:,} 次，共 {amount}"
    )
    on = f" on {len(where)} platform{'s' if len(where) != 1 else ''}" if where else ""
    en.append(f"{totals.orders:,} order{'s' if totals.orders != 1 else ''}{on}, {amount} in all")
    if totals.refunds:
        zh.append(f"退款 {totals.refunds:,} 次，共 {Money(totals.refund_amount, currency)}")
        en.append(f"{totals.refunds:,} refunds of {Money(totals.refund_amount, currency)}")
    if totals.last_order_ms is not None:
        days = (local_day(now_ms) - local_day(totals.last_order_ms)).days
        zh.append("最近一次下单在今天" if days == 0 else f"最近一次下单在 {days:,} 天前")
        en.append("last order today" if days == 0 else f"last order {days:,} day{'s' if days != 1 else ''} ago")
    return "，".join(zh) + "。", _sentence(en)


def _sentence(parts: Sequence[str]) -> str:
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] + "."
