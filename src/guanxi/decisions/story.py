"""The story of a decision: what, why, what else, which limit, how likely, by which policy; and a word to the person."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from guanxi.core import DAY_MS, Estimate
from guanxi.decisions.choice import is_off
from guanxi.decisions.laws import Scalar
from guanxi.decisions.limits import Limit, Room
from guanxi.decisions.records import Record, Weighed
from guanxi.decisions.refusals import shown_amount, shown_time, shown_window
from guanxi.decisions.values import NOTHING
from guanxi.traits import TraitCatalogue, shipped_traits

Lang = Literal["zh", "en"]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a story: a key that stays, a title, and its sentences."""

    key: Literal["what", "why", "seen", "else", "limits", "chance", "policy"]
    title: str
    lines: tuple[str, ...]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A decision told in full, for those who work with it."""

    decision: str
    lang: Lang
    sections: tuple[Section, ...]

    def text(self) -> str:
        """All of it as plain text."""
        return "\n\n".join("\n".join((one.title, *(f"  {line}" for line in one.lines))) for one in self.sections)


def story(record: Record, limits: Iterable[Limit], *, lang: Lang, catalogue: TraitCatalogue | None = None) -> Story:
    """Return the whole story of a record.

    limits     as they were named; one that is not among them is told by its name
    catalogue  what the traits are called; None = those that ship
    """
    rows = shipped_traits() if catalogue is None else catalogue
    named = {one.name: one for one in limits}
    parts: dict[str, tuple[str, ...]] = {
        "what": _what(record, lang),
        "why": _why(record, lang),
        "seen": _seen(record, rows, lang),
        "else": _else(record, lang),
        "limits": tuple(_room(one, named, lang) for one in record.rooms),
        "chance": _chance(record, lang),
        "policy": _policy(record, lang),
    }
    sections = tuple(
        Section(key=key, title=_pick(lang, *_TITLES[key]), lines=lines)  # type: ignore[arg-type]  # keys as declared
        for key, lines in parts.items()
        if lines
    )
    return Story(decision=record.decision.id, lang=lang, sections=sections)


def for_person(record: Record, lang: Lang) -> str:
    """Return what the person concerned is told: plain words about them alone, and what they can do."""
    chosen = _chosen(record)
    if record.context.erased:
        return _pick(lang, "你的资料已经删除，我们没有联系你。", "Your data is erased, and we have not contacted you.")
    lines = [_nothing(record, lang)] if chosen is None else _given(record, chosen, lang)
    off = is_off(record.context)
    if not off and record.context.traits and chosen is not None:
        count = sum(value is not None for value in record.context.traits.values())
        lines.append(
            _pick(
                lang,
                f"系统只看了你自己的 {count} 项使用记录，没有看别人的。",
                f"The system looked at {count} facts about your own use, and at nobody else's.",
            )
        )
    elif off:
        lines.append(
            _pick(
                lang,
                "你关闭了个性化，所以系统没有看你的使用记录。",
                "You switched personalisation off, so the system did not look at how you use it.",
            )
        )
    lines.append(
        _pick(
            lang,
            "你可以随时退订、关闭个性化，或请人工再看一次。",
            "You can unsubscribe, switch personalisation off, or ask for a person to look again.",
        )
    )
    return ("" if lang == "zh" else " ").join(lines)


def shown_trait(value: Scalar | None, unit: str, lang: Lang) -> str:
    """Return a trait's value as people read it: 40 天, ¥12.50, 31%; 未知 when it is not known."""
    if value is None:
        return _pick(lang, "未知", "unknown")
    if isinstance(value, str | bool):
        return str(value)
    if unit == "money":
        return shown_amount(round(value), "fen", lang)
    if unit == "ms":
        return _pick(lang, f"{value / DAY_MS:,.3g} 天", f"{value / DAY_MS:,.3g} days")
    if unit in ("ratio", "share"):
        return f"{value * 100:.3g}%"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _what(record: Record, lang: Lang) -> tuple[str, ...]:
    made, one = record.decision, _chosen(record)
    mode = _pick(lang, *_MODES[made.mode])
    when = shown_time(made.at_ms, lang)
    if one is None:
        return (_pick(lang, f"{when}，对 {made.party}：什么都不做", f"{when}, for {made.party}: do nothing"),)
    channel = _pick(lang, *_CHANNELS[one.channel]) if one.channel else ""
    by = _pick(lang, f"，{channel}", f", by {channel}") if channel else ""
    first = _pick(
        lang, f"{when}，给 {made.party}：{one.zh}{by}（{mode}）", f"{when}, for {made.party}: {one.en}{by} ({mode})"
    )
    return first, _worth(one, lang)


def _why(record: Record, lang: Lang) -> tuple[str, ...]:
    possible = [one for one in record.weighed if one.verdict != "refused"]
    best = max((one.score or 0.0 for one in possible), default=0.0)
    chosen = _chosen(record)
    if record.arm == "holdout":
        first = (
            "此人在对照组：什么都不做，用来比较做与不做的差别",
            "Kept out for comparison: nothing is done, to tell what doing something brings",
        )
    elif len(possible) == 1:
        first = ("其余都不能选", "Nothing else could be chosen")
    elif record.arm == "explore":
        first = (
            f"在 {len(possible)} 个可选项里随机挑的，用来了解别的做法",
            f"Taken by chance among {len(possible)} possible ones, to learn about the others",
        )
    elif chosen is None and best > 0:
        first = (
            "按大家共用的预算和限额，这次没有分到",
            "Of what all share under budget and limits, nothing was left here",
        )
    elif chosen is None:
        first = ("能选的里面没有一项带来的多于花费", "None that is possible brings more than it costs")
    elif chosen.score == best:
        first = (
            f"在 {len(possible)} 个可选项里净值最高：{_yuan(best, 'zh')}",
            f"The best of {len(possible)} possible ones: {_yuan(best, 'en')} net",
        )
    else:
        first = ("按预算分配得到", "What the assignment under the budget gave")
    said = (_pick(lang, one.zh, one.en) for one in record.decision.reasons)
    return (_pick(lang, *first), *said)


def _seen(record: Record, catalogue: TraitCatalogue, lang: Lang) -> tuple[str, ...]:
    lines = []
    for name, value in sorted(record.context.traits.items()):
        row = catalogue.rows.find(name)
        called = name if row is None else _pick(lang, row.zh, row.en)
        lines.append(f"{called}{_pick(lang, '：', ': ')}{shown_trait(value, row.unit if row else '', lang)}")
    lines += [f"{name}{_pick(lang, '：', ': ')}{value}" for name, value in record.context.facts]
    if is_off(record.context):
        lines.append(_pick(lang, "已关闭个性化：标签都没有看", "Personalisation is off: no trait was looked at"))
    return tuple(lines)


def _else(record: Record, lang: Lang) -> tuple[str, ...]:
    lines = []
    for one in record.weighed:
        name = _pick(lang, one.zh, one.en)
        if one.verdict == "possible":
            worth = "" if one.value is None else _pick(lang, "，", "; ") + _worth(one, lang)
            lines.append(
                _pick(
                    lang,
                    f"{name}：可选，可能性 {_share(one.propensity)}",
                    f"{name}: possible, chance {_share(one.propensity)}",
                )
                + worth
            )
        elif one.verdict == "refused":
            worth = "" if one.value is None else _pick(lang, "，", "; ") + _worth(one, lang)
            whys = (_pick(lang, why.zh, why.en) for why in one.refusals)
            lines.append(_pick(lang, f"{name}：不能选{worth}", f"{name}: refused{worth}"))
            lines += [f"  · {why}" for why in whys]
    return tuple(lines)


def _room(room: Room, named: Mapping[str, Limit], lang: Lang) -> str:
    limit = named.get(room.limit)
    if limit is None:
        return _pick(
            lang,
            f"{room.limit}：上限 {room.cap}，已用 {room.used}，待定 {room.reserved}",
            f"{room.limit}: at most {room.cap}, {room.used} used, {room.reserved} pending",
        )
    cap, used, held, free = (
        shown_amount(one, limit.unit, lang) for one in (room.cap, room.used, room.reserved, max(room.free, 0))
    )
    window = shown_window(limit.window, lang)
    text = _pick(
        lang,
        f"{limit.zh}：{window}最多 {cap}，已用 {used}，待定 {held}，还剩 {free}",
        f"{limit.en}: at most {cap}{' ' if window else ''}{window}, {used} used, {held} pending, {free} left",
    )
    if room.resets_ms is None:
        return text
    return text + _pick(
        lang, f"，{shown_time(room.resets_ms, 'zh')} 恢复", f", more on {shown_time(room.resets_ms, 'en')}"
    )


def _chance(record: Record, lang: Lang) -> tuple[str, ...]:
    chance = record.decision.propensity
    others = [one for one in record.weighed if one.verdict == "possible" and one.propensity > 0]
    first = _pick(lang, f"选中它的概率是 {_share(chance)}", f"It was chosen with a chance of {_share(chance)}")
    if not others:
        return (first,)
    named = _pick(lang, "、", ", ").join(f"{_pick(lang, one.zh, one.en)} {_share(one.propensity)}" for one in others)
    return first, _pick(
        lang,
        f"这次有 {_share(1 - chance)} 的机会选别的：{named}",
        f"There was a chance of {_share(1 - chance)} for something else: {named}",
    )


def _policy(record: Record, lang: Lang) -> tuple[str, ...]:
    made = record.decision
    version = _pick(lang, f"第 {record.version} 版", f"version {record.version}") if record.version else ""
    first = _pick(
        lang,
        f"策略 {made.policy}{version and ' '}{version}（{record.policy[:12]}）",
        f"Policy {made.policy}{version and ' '}{version} ({record.policy[:12]})",
    )
    second = _pick(
        lang,
        f"此人在这个策略里的分桶是 {record.bucket:.4f}，一直不变",
        f"This person's bucket for the policy is {record.bucket:.4f}, always the same",
    )
    third = _pick(
        lang, f"看到日志第 {record.context.known:,} 条为止", f"As known at entry {record.context.known:,} of the log"
    )
    return (first, second, third) if record.context.known else (first, second)


def _given(record: Record, chosen: Weighed, lang: Lang) -> list[str]:
    """What somebody is told who gets something."""
    asked = [one for one in record.decision.reasons if one.speaks_for]
    params = dict(chosen.params)
    lines = []
    if chosen.kind == "coupon":
        amount, least = (shown_amount(int(params[one]), "fen", lang) for one in ("amount", "threshold"))
        zh = f"满 {least}可用，" if params["threshold"] else ""
        en = f" on orders from {least}" if params["threshold"] else ""
        lines.append(
            _pick(
                lang,
                f"我们为你选了一张 {amount}的优惠券（{zh}{params['days']} 天内有效）。",
                f"We chose a coupon of {amount}{en} for you, good for {params['days']} days.",
            )
        )
    else:
        lines.append(_pick(lang, "我们选择给你发一条消息。", "We chose to send you a message."))
    if record.arm == "explore":
        lines.append(
            _pick(lang, "它是在几种都适合的做法里随机选出的。", "It was taken by chance among several that fit.")
        )
    if asked:
        whys = _pick(lang, "；", "; ").join(_pick(lang, one.zh, one.en) for one in asked)
        lines.append(_pick(lang, f"原因：{whys}。", f"The reason: {whys}."))
    lines.append(_pick(lang, *_ACTS[record.decision.mode]))
    return lines


def _nothing(record: Record, lang: Lang) -> str:
    """What somebody is told who gets nothing."""
    found = {why.by for one in record.weighed for why in one.refusals}
    if record.arm == "holdout":
        return _pick(
            lang,
            "这次没有联系你：为了知道这样做有没有用，我们随机留出一部分人不联系。",
            "We did not contact you: to learn whether it helps, some people are left out by chance.",
        )
    if record.arm == "explore":
        return _pick(
            lang,
            "这次随机决定不联系你，用来了解怎样做更好。",
            "Chance decided not to contact you this time, so that we learn what serves best.",
        )
    possible = [one for one in record.weighed if one.verdict == "possible"]
    if any((one.score or 0.0) > 0 for one in possible):
        return _pick(
            lang, "名额有限，这次没有轮到你。", "There was not enough for everybody, and not for you this time."
        )
    if any(one.id != NOTHING for one in possible):
        return _pick(
            lang,
            "这次没有合适的内容，所以没有联系你。",
            "Nothing would have been of use to you, so we did not contact you.",
        )
    for by in ("consent", "fairness", "limit", "rule", "personalise"):
        if by in found:
            return _pick(lang, *_WITHOUT[by])
    return _pick(lang, "这次没有联系你。", "We did not contact you.")


def _chosen(record: Record) -> Weighed | None:
    """The offer that was chosen; None = to do nothing."""
    return next((one for one in record.weighed if one.verdict == "chosen" and one.id != NOTHING), None)


def _worth(one: Weighed, lang: Lang) -> str:
    cost = _yuan(one.cost / 100, lang)
    if one.value is None:
        return _pick(lang, f"成本 {cost}", f"costs {cost}")
    return _pick(
        lang,
        f"预计带来 {_interval(one.value, 'zh')}，成本 {cost}",
        f"expected to bring {_interval(one.value, 'en')}, costs {cost}",
    )


def _interval(value: Estimate, lang: Lang) -> str:
    level = f"{value.level:.0%}"
    ends = f"{value.low:,.2f}–{value.high:,.2f}"
    return _pick(
        lang, f"{_yuan(value.value, 'zh')}（{level} 区间 {ends}）", f"{_yuan(value.value, 'en')} ({level}: {ends})"
    )


def _yuan(value: float, lang: Lang) -> str:
    return _pick(lang, f"{value:,.2f} 元", f"¥{value:,.2f}")


def _share(value: float) -> str:
    return f"{value * 100:.3g}%"


def _pick(lang: Lang, zh: str, en: str) -> str:
    return zh if lang == "zh" else en


_TITLES: Final[dict[str, tuple[str, str]]] = {
    "what": ("选了什么", "What was chosen"),
    "why": ("为什么", "Why"),
    "seen": ("看到的数据", "What was seen"),
    "else": ("还考虑过什么", "What else was considered"),
    "limits": ("看过的限额", "The limits that were looked at"),
    "chance": ("概率", "Chance"),
    "policy": ("策略", "Policy"),
}
_CHANNELS: Final[dict[str, tuple[str, str]]] = {
    "app": ("应用推送", "app"),
    "wechat": ("微信", "WeChat"),
    "sms": ("短信", "SMS"),
    "mail": ("邮件", "mail"),
}
_MODES: Final[dict[str, tuple[str, str]]] = {
    "shadow": ("只记录，不执行", "noted only"),
    "propose": ("等人批准", "waits for a person"),
    "auto": ("自动执行", "automatic"),
}
_ACTS: Final[dict[str, tuple[str, str]]] = {
    "shadow": ("这只是一次试算，没有发给你。", "This was a trial run: nothing was sent to you."),
    "propose": (
        "它由系统按写好的规则选出，有人批准后才会发出。",
        "A system chose it by written rules; it is sent when a person approves.",
    ),
    "auto": ("它由系统按写好的规则自动选出。", "A system chose it by written rules."),
}
_WITHOUT: Final[dict[str, tuple[str, str]]] = {
    "consent": (
        "你没有同意接收这类消息，所以没有联系你。",
        "You have not agreed to such messages, so we did not contact you.",
    ),
    "fairness": (
        "我们不向需要保护的人推销，所以没有联系你。",
        "We do not press offers on people in need of care, so we did not contact you.",
    ),
    "limit": (
        "联系你的次数或优惠已到上限，所以这次没有打扰你。",
        "What we may send you is used up for now, so we did not contact you.",
    ),
    "rule": ("按写好的规则，这次没有适合你的内容。", "By written rules, nothing fits you this time."),
    "personalise": (
        "没有看你的使用记录，就没有可选的内容，所以没有联系你。",
        "Without looking at how you use it there was nothing to choose, so we did not contact you.",
    ),
}
