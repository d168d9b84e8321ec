"""The limits that ship with Guanxi, and how a limit is put into words."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import msgspec

from guanxi.core import DataError
from guanxi.decisions.limits import SPAN, Limit
from guanxi.ledger import unit_of

#: what a limit guards: people's attention, money, how far a mistake reaches, or something else
Guards = Literal["attention", "money", "reach", "other"]


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """A shipped limit, and why it is what it is."""

    limit: Limit
    why_zh: str
    why_en: str


@cache
def shipped_rows() -> dict[str, LimitRow]:
    """Return the shipped limits by name, with their reasons: `decisions/limits.toml`."""
    text = (resources.files("guanxi.decisions") / "limits.toml").read_text("utf-8")
    return {row.limit.name: row for row in read_limit_rows(text, "limits.toml")}


def shipped_limits() -> dict[str, Limit]:
    """Return the shipped limits by name, in the order of their file."""
    return {name: row.limit for name, row in shipped_rows().items()}


def read_limit_rows(text: str, where: str) -> list[LimitRow]:
    """Return the limits declared in a TOML text: tables `[name]`, keys as in `Limit`, hours as two local times.

    where   the file's name, for messages
    raises  DataError when a row is not a limit
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where} is not TOML: {error}", "See docs/limits.md") from None
    rows = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise DataError(f"{where}: {name!r:.40} stands outside a table", "Begin with [name of the limit]")
        row: dict[str, Any] = dict(table)
        why_zh, why_en = (str(row.pop(key, "")) for key in ("why_zh", "why_en"))
        if "hours" in row:
            row["hours"] = read_hours(row["hours"])
        if strange := sorted(row.keys() - set(Limit.__struct_fields__)):
            raise DataError(f"{where}: the limit {name} has the key {strange[0]!r:.40}", "See docs/limits.md", name)
        try:
            limit = msgspec.convert(row | {"name": name}, Limit)
        except msgspec.ValidationError as error:
            raise DataError(f"{where}: the limit {name} is not usable: {error}", "See docs/limits.md", name) from None
        rows.append(LimitRow(limit=limit, why_zh=why_zh, why_en=why_en))
    return rows


def read_hours(given: object) -> tuple[int, int]:
    """Return minutes of the day from two local times, ["22:00", "08:00"].

    raises  DataError
    """
    pair = [_TIME.match(one) if isinstance(one, str) else None for one in given] if isinstance(given, list) else []
    if len(pair) != 2 or pair[0] is None or pair[1] is None:
        raise DataError(f"the hours are {given!r:.60}", 'Write two local times: ["22:00", "08:00"]', "hours")
    start, end = (int(one[1]) * 60 + int(one[2]) for one in pair if one)
    if start == end:
        raise DataError("the hours begin and end at the same minute", "Leave the hours out for all day", "hours")
    return start, end


def guards(limit: Limit) -> Guards:
    """Return what a limit guards, by its unit."""
    return _GUARDS.get(limit.unit, "other")


def limit_words(limit: Limit, lang: Literal["zh", "en"]) -> str:
    """Return what a limit counts, in one line without the cap: 每人 · 7 天内 · 用途：营销触达."""
    return " · ".join(_parts(limit, lang == "zh"))


def cap_words(limit: Limit, lang: Literal["zh", "en"], *, cap: int | None = None) -> str:
    """Return a cap with its unit: 2 次触达, ¥50.00.

    cap   another one than the limit's
    """
    amount, unit = limit.cap if cap is None else cap, unit_of(limit.unit)
    if unit.symbol:
        return unit.show(amount)
    zh, one, many = _COUNTERS.get(limit.unit, (unit.zh, unit.en, unit.en))
    return f"{amount:,} {zh}" if lang == "zh" else f"{amount:,} {one if amount == 1 else many}"


def _parts(limit: Limit, zh: bool) -> Iterator[str]:
    if limit.cap == 0 and limit.hours is not None and not limit.per:
        pass  # nobody may: there is nothing to count together
    elif limit.per:
        yield "、".join(_PER[one][0] for one in limit.per) if zh else ", ".join(_PER[one][1] for one in limit.per)
    else:
        yield "全店合计" if zh else "all together"
    if span := SPAN.match(limit.window):
        number, unit = span[1], span[2]
        yield (
            f"{number} {'天' if unit == 'd' else '小时'}内"
            if zh
            else (f"in {number} {'days' if unit == 'd' else 'hours'}")
        )
    elif limit.window:
        yield _CALENDAR[limit.window][0 if zh else 1]
    elif limit.hours is None:
        yield "始终" if zh else "for good"
    if limit.hours is not None:
        start, end = (f"{one // 60:02d}:{one % 60:02d}" for one in limit.hours)
        over = limit.hours[0] > limit.hours[1]
        yield f"{start} 至{'次日' if over else ''} {end}" if zh else f"{start} to {end}"
    named = (
        ("种类", "kinds", limit.kinds, _KINDS), ("渠道", "channels", limit.channels, _CHANNELS),
        ("用途", "purposes", limit.purposes, _PURPOSES),
    )  # fmt: skip
    for word_zh, word_en, values, names in named:
        if values:
            told = [names.get(one, (one, one))[0 if zh else 1] for one in values]
            yield f"{word_zh}：{'、'.join(told)}" if zh else f"{word_en}: {', '.join(told)}"
    if limit.uses == "cost":
        yield "按花费计" if zh else "by cost"


_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z")
_GUARDS: Final[dict[str, Guards]] = {
    "contacts": "attention", "fen": "money", "coupons": "money", "points": "money", "coins": "money",
    "people": "reach", "decisions": "reach",
}  # fmt: skip
_PER: Final = {
    "person": ("每人", "a person"), "channel": ("每个渠道", "a channel"), "platform": ("每个平台", "a platform"),
    "policy": ("每个策略", "a policy"), "offer": ("每个选项", "an offer"),
}  # fmt: skip
_CALENDAR: Final = {"day": ("每天", "each day"), "week": ("每周", "each week"), "month": ("每月", "each month")}
_KINDS: Final = {
    "message": ("消息", "message"), "coupon": ("优惠券", "coupon"), "content": ("内容", "content"),
    "item": ("商品", "item"),
}  # fmt: skip
_CHANNELS: Final = {
    "app": ("应用推送", "app"), "wechat": ("微信", "WeChat"), "sms": ("短信", "SMS"), "mail": ("邮件", "mail"),
}  # fmt: skip
_PURPOSES: Final = {
    "marketing": ("营销触达", "marketing"), "service": ("服务", "service"),
}  # fmt: skip
#: unit -> Chinese counter, English for one and for more
_COUNTERS: Final = {
    "contacts": ("次", "contact", "contacts"), "coupons": ("张", "coupon", "coupons"),
    "people": ("人", "person", "people"), "minutes": ("分钟", "minute", "minutes"),
    "points": ("积分", "point", "points"), "coins": ("知识币", "coin", "coins"),
}  # fmt: skip
