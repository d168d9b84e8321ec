"""Words: the sentence of a trait in Chinese and English, made from its parts."""

from typing import Final

from guanxi.core import DAY_MS, RowTable
from guanxi.traits.measure import Measure
from guanxi.traits.trait import LIFE, PARTIES, Trait, length_ms

_CODE_ZH: Final = {
    "item": "商品", "shop": "店铺", "device": "设备", "ip": "IP", "card": "支付卡", "address": "收货地址",
    "phone": "手机号", "actor": "账号", "recipient": "收件人", "payer": "付款人", "creator": "达人", "content": "内容",
    "room": "直播间", "brand": "品牌", "category": "品类", "platform": "平台", "day": "天", "hour": "钟点",
    "coupon": "券", "campaign": "活动", "session": "会话", "order": "订单", "city": "城市", "method": "方式",
    "place": "地点", "household": "家庭", "community": "群", "channel": "渠道", "reason": "原因",
}  # fmt: skip
_UNITS_ZH: Final = {"m": "分钟", "h": "小时", "d": "天"}
_UNITS_EN: Final = {"m": "minutes", "h": "hours", "d": "days"}


def sentence(trait: Trait, known: RowTable[Measure]) -> tuple[str, str]:
    """Return what a trait says, Chinese and English, without a full stop."""
    of = known[trait.of]
    party, (when, ago) = PARTIES[trait.party], span(trait.window)
    value_zh, value_en = of.value_zh or "数值", of.value_en or "value"
    code = trait.by.rpartition(".")[2]
    code_zh, code_en = of.code_zh or _CODE_ZH.get(code, code), of.code_en or code.replace("_", " ")
    over = known[trait.over] if trait.over else of
    after = known[trait.after] if trait.after else of
    nth_zh, nth_en = {2: ("第二多", "second most"), 3: ("第三多", "third most")}.get(trait.rank, ("最多", "most"))
    back_zh, back_en = _plain(trait.within), span(trait.within)[1]
    half_zh, half_en = _plain(trait.half_life), span(trait.half_life)[1]
    both = bool(of.value and over.value)
    summed_zh, summed_en = (value_zh, f"{value_en} of ") if of.value else ("次数", "")
    zh, en = {
        "count": (f"{of.zh}次数", f"number of {of.en}"),
        "sum": (f"{of.zh}{value_zh}合计", f"total {value_en} of {of.en}"),
        "mean": (f"{of.zh}平均{value_zh}", f"mean {value_en} of {of.en}"),
        "min": (f"{of.zh}最小{value_zh}", f"smallest {value_en} of {of.en}"),
        "max": (f"{of.zh}最大{value_zh}", f"largest {value_en} of {of.en}"),
        "std": (f"{of.zh}{value_zh}标准差", f"standard deviation of the {value_en} of {of.en}"),
        "distinct": (f"{of.zh}涉及的{code_zh}数", f"number of different {code_en} values of {of.en}"),
        "top": (f"{of.zh}{nth_zh}的{code_zh}", f"{nth_en} frequent {code_en} of {of.en}"),
        "top_share": (f"{of.zh}最多的{code_zh}占比", f"share of the most frequent {code_en} of {of.en}"),
        "entropy": (f"{of.zh}的{code_zh}分散度", f"entropy of {code_en} over {of.en}"),
        "ratio": (
            (f"{of.zh}{value_zh}与{over.zh}{over.value_zh}之比", f"{value_en} of {of.en} per {over.value_en}")
            if both else (f"{of.zh}次数与{over.zh}次数之比", f"{of.en} per {over.en}")
        ),
        "gap_mean": (f"{of.zh}平均间隔", f"mean time between {of.en}"),
        "gap_std": (f"{of.zh}间隔标准差", f"standard deviation of the time between {of.en}"),
        "after": (f"{after.zh}后{back_zh}内的{of.zh}次数", f"number of {of.en} within {back_en} of {after.en}"),
        "versus": (f"{of.zh}本次{value_zh}与均值之比", f"this {value_en} over the mean of {of.en}"),
        "first": (f"首次{of.zh}的{value_zh}", f"{value_en} of the first of {of.en}"),
        "last": (f"最近一次{of.zh}的{value_zh}", f"{value_en} of the latest of {of.en}"),
        "since_first": (f"距首次{of.zh}的时间", f"time since the first of {of.en}"),
        "since_last": (f"距最近一次{of.zh}的时间", f"time since the latest of {of.en}"),
        "streak": (f"连续{of.zh}的天数", f"days in a row with {of.en}"),
        "decayed": (f"{of.zh}{summed_zh}衰减累计，每{half_zh}减半", f"{summed_en}{of.en}, halved every {half_en}"),
        "balance": (f"{of.zh}{value_zh}余额", f"balance of the {value_en} of {of.en}"),
    }[trait.aggregate]  # fmt: skip
    if trait.via:
        shared = _CODE_ZH.get(trait.via, trait.via)
        zh, en = f"同{shared}者{zh}的均值", f"mean over those who share a {trait.via} of the {en}"
    return f"{party.zh}{when}{'' if trait.plan == 'life' and zh[0] in '距连' else '的'}{zh}", (
        f"{party.en}: {en}{f', last {ago}' if ago else ''}"
    )


def _plain(window: str) -> str:
    return span(window)[0].removeprefix("近")


def span(window: str) -> tuple[str, str]:
    """Return a window in words: ("近10分钟", "10 minutes"); whole days say so; a life says nothing."""
    if window in ("", LIFE):
        return "", ""
    number, unit = window[:-1], window[-1]
    whole = length_ms(window) > 30 * DAY_MS
    english = f"{number} {_UNITS_EN[unit] if number != '1' else _UNITS_EN[unit].removesuffix('s')}"
    return f"近{number}{_UNITS_ZH[unit]}", f"{english}{' of whole days' if whole else ''}"
