"""Conditions of measures in words, Chinese and English, as people read where a number comes from."""

from collections.abc import Mapping
from typing import Final

from guanxi.events import Property
from guanxi.traits.clause import Clause
from guanxi.traits.words import name_code

_DAYS: Final = tuple(zip(("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
                         ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))  # fmt: skip
_OPS: Final = {
    "=": ("为", "is"), "!=": ("不为", "is not"), "<": ("小于", "is below"), "<=": ("不超过", "is at most"),
    ">": ("大于", "is above"), ">=": ("不低于", "is at least"), "in": ("为", "is"), "not in": ("不为", "is not"),
}  # fmt: skip
_TRUTH: Final = {True: ("是", "yes"), False: ("否", "no")}
_UNITS: Final = {"s": ("秒", "s"), "ms": ("毫秒", "ms"), "km": ("公里", "km"), "points": ("分", "points")}


def clause_words(clause: Clause, properties: Mapping[str, Property]) -> tuple[str, str]:
    """Return a condition in words: ("金额不低于 2,000 元", "amount is at least 2,000 yuan").

    properties  of the kinds that are read, by name; one without a row keeps its own name
    """
    if clause.field in ("hour", "weekday"):
        return _times(clause)
    zh, en = _named(clause.field, properties)
    if clause.op in ("has", "lacks"):
        return (f"有{zh}", f"has a {en}") if clause.op == "has" else (f"没有{zh}", f"has no {en}")
    if clause.other:
        other_zh, other_en = _named(clause.other, properties)
        same = clause.op == "="
        return f"{zh}与{other_zh}{'相同' if same else '不同'}", f"{en} is {'' if same else 'not '}the {other_en}"
    return _compared(clause, properties, zh, en)


def _compared(clause: Clause, properties: Mapping[str, Property], zh: str, en: str) -> tuple[str, str]:
    of = properties.get(clause.field.removeprefix("p.")) if clause.field.startswith("p.") else None
    money = clause.field == "amount" or (of is not None and of.type == "money")
    unit_zh, unit_en = ("元", "yuan") if money else _UNITS.get(of.unit if of else "", ("", ""))
    shown = [_shown(value, money=money) for value in clause.values]
    op_zh, op_en = _OPS[clause.op]
    right_zh, right_en = "、".join(text for text, _ in shown), ", ".join(text for _, text in shown)
    if isinstance(clause.values[0], bool):
        plain = clause.op == "="
        return f"{zh}：{'' if plain else '不是'}{right_zh}", f"{en}: {'' if plain else 'not '}{right_en}"
    if len(shown) > 1:
        op_zh = "是" if clause.op == "in" else "不是"
        return f"{zh}{op_zh} {right_zh} 之一", f"{en} {op_en} one of {right_en}"
    return f"{zh}{op_zh} {right_zh}{f' {unit_zh}' if unit_zh else ''}", (
        f"{en} {op_en} {right_en}{f' {unit_en}' if unit_en else ''}"
    )


def _shown(value: float | str | bool, *, money: bool) -> tuple[str, str]:
    if isinstance(value, bool):
        return _TRUTH[value]
    if isinstance(value, str):
        return value, value
    number = f"{value / 100 if money else value:,.2f}".rstrip("0").rstrip(".")
    return number, number


def _times(clause: Clause) -> tuple[str, str]:
    """Hours and weekdays as stretches: what a comparison of numbers means on a clock."""
    size, first = (24, 0) if clause.field == "hour" else (7, 1)
    inside = [_holds(clause, at + first) for at in range(size)]
    starts = [at for at in range(size) if inside[at] and not inside[at - 1]] or ([0] if any(inside) else [])
    spans = []
    for start in starts:
        length = next((n for n in range(1, size) if not inside[(start + n) % size]), size)
        spans.append((start, length))
    if clause.field == "hour":
        return (
            "发生在 " + "、".join(f"{at} 至 {(at + n) % 24 or 24} 点" for at, n in spans),
            "between " + ", ".join(f"{at}:00 and {(at + n) % 24 or 24}:00" for at, n in spans),
        )
    days = [_DAYS[(at + n) % 7] for at, length in spans for n in range(length)]
    return "发生在" + "、".join(zh for zh, _ in days), "on " + ", ".join(en for _, en in days)


def _holds(clause: Clause, at: int) -> bool:
    values = [value for value in clause.values if isinstance(value, int | float)]
    return {
        "=": at in values, "in": at in values, "!=": at not in values, "not in": at not in values,
        "<": bool(values) and at < values[0], "<=": bool(values) and at <= values[0],
        ">": bool(values) and at > values[0], ">=": bool(values) and at >= values[0],
        "has": True, "lacks": False,
    }[clause.op]  # fmt: skip


def _named(field: str, properties: Mapping[str, Property]) -> tuple[str, str]:
    """What a field is called: 金额, 收件人, 平台, or a property's own label."""
    if field in ("amount", "live"):
        return {"amount": ("金额", "the amount"), "live": ("实时收到", "learnt live")}[field]
    head, _, name = field.partition(".")
    of = properties.get(name) if head == "p" else None
    if of is not None:
        return of.zh, of.en or name.removeprefix("is_").replace("_", " ")
    zh, one, _ = name_code(field)
    return zh, one
