"""What refuses an offer, in a sentence: with its numbers, in Chinese and English."""

from functools import lru_cache
from typing import Final, Literal

from guanxi.core import SHANGHAI, from_ms
from guanxi.decisions.fairness import PROTECTED
from guanxi.decisions.limits import SPAN, Limit, Room
from guanxi.decisions.policy import Rule
from guanxi.decisions.records import Refusal
from guanxi.ledger import unit_of

Fate = Literal["held", "not", "unknown", "withheld", "failed"]

ERASED: Final = Refusal(
    by="erased", name="erased", zh="此人已要求删除，不再触达", en="This person was erased: nothing reaches them"
)

#: Purpose of consent -> as people call it.
CONSENTS: Final[dict[str, tuple[str, str]]] = {
    "analyse": ("统计分析", "analysis"),
    "personalise": ("个性化", "personalisation"),
    "message": ("营销触达", "messages"),
    "location": ("位置", "location"),
    "share": ("共享给合作方", "sharing with partners"),
}


@lru_cache(maxsize=64)
def no_consent(purpose: str, *, withdrawn: bool) -> Refusal:
    """Return what refuses an offer whose purpose somebody has not allowed."""
    zh, en = CONSENTS[purpose]
    if withdrawn:
        return Refusal(by="consent", name=purpose, zh=f"已撤回「{zh}」的同意", en=f"Consent to {en} was withdrawn")
    return Refusal(by="consent", name=purpose, zh=f"没有同意过「{zh}」", en=f"Consent to {en} was never given")


@lru_cache(maxsize=8)
def for_protection(name: str) -> Refusal:
    """Return what refuses an offer to somebody who is protected."""
    zh, en = PROTECTED[name]
    return Refusal(by="fairness", name=name, zh=f"对方是{zh}，不推销", en=f"This is {en}: nothing is pressed on them")


def by_rule(rule: Rule, fate: Fate) -> Refusal:
    """Return what refuses an offer by a rule."""
    zh, en = {
        "held": (f"规则「{rule.zh}」排除了它", f"Excluded by the rule: {rule.en}"),
        "not": (f"不符合规则「{rule.zh}」", f"The rule does not hold: {rule.en}"),
        "unknown": (f"规则「{rule.zh}」要看的数据还没有，按不符合处理",
                    f"What the rule reads is not known, so it does not hold: {rule.en}"),
        "withheld": (f"已关闭个性化，不看规则「{rule.zh}」要的数据",
                     f"Personalisation is off, so what the rule reads is not looked at: {rule.en}"),
        "failed": (f"规则「{rule.zh}」算不出结果，先不放行", f"The rule failed, so it lets nothing pass: {rule.en}"),
    }[fate]  # fmt: skip
    return Refusal(by="personalise" if fate == "withheld" else "rule", name=rule.name, zh=zh, en=en)


@lru_cache(maxsize=8)
def no_number(what: Literal["value", "cost"], *, withheld: bool) -> Refusal:
    """Return what refuses an offer whose value or cost cannot be computed."""
    zh, en = {"value": ("价值", "value"), "cost": ("成本", "cost")}[what]
    if withheld:
        return Refusal(by="personalise", name=what, zh=f"已关闭个性化，{zh}无从估计",
                       en=f"Personalisation is off, so its {en} cannot be estimated")  # fmt: skip
    return Refusal(by="rule", name=what, zh=f"估计{zh}要看的数据还没有", en=f"What its {en} depends on is not known")


def by_limit(limit: Limit, room: Room | None, *, asked: int, at_ms: int) -> Refusal:
    """Return what refuses an offer by a limit; room: None = nobody could say what is left, so nothing is."""
    if room is None:
        return Refusal(by="limit", name=limit.name, zh=f"{limit.zh}：读不到余量，先不放行", asked=asked,
                       en=f"{limit.en}: what is left is not known, so nothing passes")  # fmt: skip
    resets = limit.opens_ms(at_ms) if limit.hours is not None and room.cap == 0 else room.resets_ms
    zh, en = _full(limit, room.cap, room.used, room.reserved, asked, resets)
    return Refusal(by="limit", name=limit.name, zh=zh, en=en, account=room.account, asked=asked, free=room.free,
                   resets_ms=resets)  # fmt: skip


def shown_time(at_ms: int, lang: str) -> str:
    """Return an instant as people in China read it: 11月16日 20:00; 16 Nov 20:00."""
    local = from_ms(at_ms).astimezone(SHANGHAI)
    return (
        f"{local.month}月{local.day}日 {local:%H:%M}"
        if lang == "zh"
        else f"{local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"
    )


def shown_amount(amount: int, unit: str, lang: str) -> str:
    """Return an amount of a unit as people read it: 2 次, 5 元; 2 contacts, ¥5."""
    if unit == "fen":
        yuan = f"{amount / 100:,.2f}".removesuffix(".00")
        return f"{yuan} 元" if lang == "zh" else f"¥{yuan}"
    zh, one, many = _COUNTED.get(unit) or (unit_of(unit).zh, unit_of(unit).en, unit_of(unit).en)
    return f"{amount:,} {zh}" if lang == "zh" else f"{amount:,} {one if amount == 1 else many}"


def shown_window(window: str, lang: str) -> str:
    """Return a window as people read it: 7 天内, 当天; in 7 days, a day; "" when it is for good."""
    if span := SPAN.match(window):
        zh, en = {"d": ("天", "day"), "h": ("小时", "hour")}[span[2]]
        return f"{span[1]} {zh}内" if lang == "zh" else f"in {span[1]} {en}{'' if span[1] == '1' else 's'}"
    return _CALENDAR[window][lang == "en"]


@lru_cache(maxsize=4_096)
def _full(limit: Limit, cap: int, used: int, reserved: int, asked: int, resets: int | None) -> tuple[str, str]:
    """The sentence of a limit that is used up; many people are told the same."""
    zh, en = (f"{limit.zh}：{_words(limit, cap, used, reserved, asked, 'zh')}",
              f"{limit.en}: {_words(limit, cap, used, reserved, asked, 'en')}")  # fmt: skip
    if resets is not None:
        return f"{zh}，{shown_time(resets, 'zh')} 恢复", f"{en}, more on {shown_time(resets, 'en')}"
    return zh, en


def _words(limit: Limit, cap: int, used: int, reserved: int, asked: int, lang: str) -> str:
    if limit.hours is not None and cap == 0:
        start, end = (f"{one // 60:02}:{one % 60:02}" for one in limit.hours)
        return f"{start}–{end} 不发" if lang == "zh" else f"nothing from {start} to {end}"
    most, spent, held, want, free = (
        shown_amount(one, limit.unit, lang)
        for one in (cap, used + reserved, reserved, asked, max(cap - used - reserved, 0))
    )
    window = shown_window(limit.window, lang)
    if lang == "zh":
        text = f"{window}最多 {most}，已用 {spent}" + (f"（其中 {held}待定）" if reserved else "")
        return text + (f"，这次要 {want}，只剩 {free}" if limit.uses == "cost" else "")
    text = f"at most {most}{' ' if window else ''}{window}, {spent} used" + (
        f" ({held} of it pending)" if reserved else ""
    )
    return text + (f"; this asks {want}, {free} is left" if limit.uses == "cost" else "")


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CALENDAR: Final = {"day": ("当天", "a day"), "week": ("本周", "a week"), "month": ("本月", "a month"), "": ("", "")}
_COUNTED: Final = {
    "contacts": ("次", "contact", "contacts"), "coupons": ("张", "coupon", "coupons"),
    "people": ("人", "person", "people"), "minutes": ("分钟", "minute", "minutes"), "points": ("分", "point", "points"),
}  # fmt: skip
