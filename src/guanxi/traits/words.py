"""Words: the sentence of a trait in Chinese and English, made from its parts; the names of topics and codes."""

from typing import Final

from guanxi.core import RowTable
from guanxi.traits.measure import Measure
from guanxi.traits.trait import LIFE, LONGEST_MS, OF_CODE, PARTIES, Trait, length_ms

#: Topics of the catalogue: id -> Chinese, English; the order of pages.
TOPICS: Final[dict[str, tuple[str, str]]] = {
    "velocity": ("频次", "Velocity"),
    "ages": ("新旧", "Ages"),
    "sharing": ("共用", "Sharing"),
    "amounts": ("金额", "Amounts"),
    "failures": ("失败", "Failures"),
    "rhythm": ("节奏", "Rhythm"),
    "geography": ("地域", "Geography"),
    "addresses": ("地址与收货", "Addresses and delivery"),
    "takeover": ("盗号链路", "Account takeover"),
    "refunds": ("退款与拒付", "Refunds and chargebacks"),
    "abuse": ("优惠滥用", "Promotion abuse"),
    "traffic": ("虚假流量", "False traffic"),
    "merchant": ("商家与商品", "Merchants and goods"),
    "neighbours": ("关联邻居", "Neighbours"),
    "activity": ("活跃", "Activity"),
    "life": ("生命周期", "Life cycle"),
    "purchase": ("购买", "Purchase"),
    "taste": ("品类偏好", "Taste"),
    "price": ("价格", "Price"),
    "promotion": ("促销响应", "Response to promotions"),
    "content": ("内容", "Content"),
    "live": ("直播", "Live rooms"),
    "service": ("服务", "Service"),
    "social": ("社交", "Social"),
    "platforms": ("平台与渠道", "Platforms and channels"),
    "recipient": ("收礼与代付", "Recipients and payers"),
    "reach": ("触达", "Reach"),
    "loyalty": ("会员与积分", "Loyalty"),
    "learning": ("学习与闯关", "Learning and play"),
    "household": ("家庭", "Household"),
}

#: What a code or a party is called: last part of a field's name -> Chinese, one in English, several in English.
CODES: Final[dict[str, tuple[str, str, str]]] = {
    "actor": ("账号", "account", "accounts"),
    "account": ("账号", "account", "accounts"),
    "person": ("人", "person", "people"),
    "object": ("对方", "other party", "other parties"),
    "payer": ("付款人", "payer", "payers"),
    "recipient": ("收件人", "recipient", "recipients"),
    "device": ("设备", "device", "devices"),
    "ip": ("IP", "IP address", "IP addresses"),
    "card": ("支付卡", "payment card", "payment cards"),
    "address": ("收货地址", "delivery address", "delivery addresses"),
    "phone": ("手机号", "phone number", "phone numbers"),
    "shop": ("店铺", "shop", "shops"),
    "item": ("商品", "product", "products"),
    "content": ("内容", "piece of content", "pieces of content"),
    "creator": ("达人", "creator", "creators"),
    "room": ("直播间", "live room", "live rooms"),
    "brand": ("品牌", "brand", "brands"),
    "campaign": ("活动", "campaign", "campaigns"),
    "creative": ("创意", "creative", "creatives"),
    "agent": ("客服", "agent", "agents"),
    "household": ("家庭", "household", "households"),
    "community": ("群", "group", "groups"),
    "place": ("地点", "place", "places"),
    "institution": ("机构", "institution", "institutions"),
    "coupon": ("券", "coupon", "coupons"),
    "session": ("会话", "session", "sessions"),
    "order": ("订单", "order", "orders"),
    "invitation": ("邀请", "invitation", "invitations"),
    "group": ("团", "group buy", "group buys"),
    "platform": ("平台", "platform", "platforms"),
    "day": ("天", "day", "days"),
    "hour": ("钟点", "hour of the day", "hours of the day"),
    "weekday": ("星期", "weekday", "weekdays"),
    "category": ("品类", "category", "categories"),
    "channel": ("渠道", "channel", "channels"),
    "method": ("方式", "method", "methods"),
    "reason": ("原因", "reason", "reasons"),
    "error_code": ("错误码", "error code", "error codes"),
    "provider": ("支付机构", "payment provider", "payment providers"),
    "bank": ("银行", "bank", "banks"),
    "city": ("城市", "city", "cities"),
    "province": ("省份", "province", "provinces"),
    "district": ("区县", "district", "districts"),
    "receiver_city": ("收货城市", "delivery city", "delivery cities"),
    "receiver_province": ("收货省份", "delivery province", "delivery provinces"),
    "receiver_district": ("收货区县", "delivery district", "delivery districts"),
    "timezone": ("时区", "time zone", "time zones"),
    "locale": ("语言设置", "language setting", "language settings"),
    "network": ("网络类型", "kind of network", "kinds of network"),
    "os": ("操作系统", "operating system", "operating systems"),
    "os_version": ("系统版本", "system version", "system versions"),
    "model": ("机型", "phone model", "phone models"),
    "traffic_source": ("流量来源", "source of traffic", "sources of traffic"),
    "query": ("搜索词", "search word", "search words"),
    "code": ("券码", "coupon code", "coupon codes"),
    "coupon_id": ("券", "coupon", "coupons"),
}

_UNITS_ZH: Final = {"m": "分钟", "h": "小时", "d": "天"}
_UNITS_EN: Final = {"m": "minute", "h": "hour", "d": "day"}
_RANKS: Final = {1: ("最多", "most"), 2: ("第二多", "second most"), 3: ("第三多", "third most")}
#: Neighbours use these together; others they have in common.
_USED: Final = ("device", "ip", "card", "address", "phone")


def sentence(trait: Trait, known: RowTable[Measure]) -> tuple[str, str]:
    """Return what a trait says, Chinese and English, without a full stop."""
    party, (when, ago) = PARTIES[trait.party], times(trait)
    zh, en = _said(trait, known)
    if trait.aggregate == "versus":
        return f"{party.zh}{zh.format(when=when)}", f"{party.en}: {en}, {ago}"
    if trait.via:
        (one, _, several), shared = name_code(trait.party), name_code(trait.via)
        bond = f"共用{shared[0]}" if trait.via in _USED else f"同{shared[0]}"
        others = f"与{party.zh}{bond}的其他{one}{when}{zh}的均值"
        article = "an" if shared[1][0] in "aeiouI" else "a"
        return others, f"mean over other {several} that shared {article} {shared[1]} with {party.en}: {en}, {ago}"
    joined = "" if trait.aggregate in ("after", *OF_CODE) or not when else "的"
    return f"{party.zh}{when}{joined}{zh}", f"{party.en}: {en}{f', {ago}' if ago else ''}"


def times(trait: Trait) -> tuple[str, str]:
    """Return over which time a trait looks: ("近1天", "last day"), ("至今", "so far"), or nothing for a life."""
    if trait.window == LIFE:
        return ("至今", "so far") if trait.plan == "days" else ("", "")
    zh, en = span(trait.window)
    return zh, f"last {en.removeprefix('1 ')}"


def span(window: str) -> tuple[str, str]:
    """Return a window in words: ("近10分钟", "10 minutes"); whole days say so; a life says nothing."""
    if window in ("", LIFE):
        return "", ""
    number, unit = window[:-1], window[-1]
    english = f"{number} {_UNITS_EN[unit]}{'' if number == '1' else 's'}"
    if length_ms(window) > LONGEST_MS:
        english = f"{number} whole days"
    return f"近{number}{_UNITS_ZH[unit]}", english


def name_code(code: str) -> tuple[str, str, str]:
    """Return what a code is called: Chinese, one in English, several in English; its own name when unknown."""
    plain = code.rpartition(".")[2]
    english = plain.replace("_", " ")
    return CODES.get(plain, (plain, english, f"{english} values"))


def _said(trait: Trait, known: RowTable[Measure]) -> tuple[str, str]:
    """Return the sentence without party and window; of `versus` the window stands as {when}."""
    of = known[trait.of]
    if trait.aggregate in OF_CODE:
        return _said_of_code(trait, of)
    if trait.aggregate == "ratio":
        return _said_of_ratio(of, known[trait.over])
    if trait.aggregate == "after":
        before, (back_zh, back_en) = known[trait.after], span(trait.within)
        return (
            f"{before.zh}后{back_zh.removeprefix('近')}内的{of.zh}次数",
            f"number of {of.en} within {back_en} after {before.en}",
        )
    if trait.aggregate == "decayed":
        half_zh, half_en = (part.removeprefix("近").replace(" whole", "") for part in span(trait.half_life))
        if trait.half_life[:-1] == "1":
            half_zh, half_en = half_zh[1:], half_en[2:]
        what_zh, what_en = (of.value_zh, f"{of.value_en} of {of.en}") if of.value else ("次数", f"number of {of.en}")
        return (
            f"{of.zh}{what_zh}的衰减累计（每{half_zh}减半）",
            f"{what_en}, decayed by half every {half_en}",
        )
    zh, en = of.value_zh or "数值", of.value_en or "value"
    first_zh, first_en = (f"首次{of.zh}", f"first of the {of.en}") if of.kinds else ("首次出现", "first appearance")
    return {
        "count": (f"{of.zh}次数", f"number of {of.en}"),
        "sum": (f"{of.zh}{zh}合计", f"total {en} of {of.en}"),
        "mean": (f"{of.zh}{zh}的平均值", f"mean {en} of {of.en}"),
        "min": (f"{of.zh}{zh}的最小值", f"smallest {en} of {of.en}"),
        "max": (f"{of.zh}{zh}的最大值", f"largest {en} of {of.en}"),
        "std": (f"{of.zh}{zh}的标准差", f"standard deviation of the {en} of {of.en}"),
        "gap_mean": (f"{of.zh}的平均间隔", f"mean time between {of.en}"),
        "gap_std": (f"{of.zh}间隔的标准差", f"standard deviation of the time between {of.en}"),
        "versus": (f"本次{of.zh}{zh}与{{when}}平均值之比", f"{en} of this one over the mean {en} of {of.en}"),
        "first": (f"首次{of.zh}的{zh}", f"{en} of the first of the {of.en}"),
        "last": (f"最近一次{of.zh}的{zh}", f"{en} of the latest of the {of.en}"),
        "since_first": (f"距{first_zh}的时间", f"time since the {first_en}"),
        "since_last": (f"距最近一次{of.zh}的时间", f"time since the latest of the {of.en}"),
        "streak": (f"连续{of.zh}的天数", f"days in a row with {of.en}"),
        "balance": (f"{of.zh}{zh}余额", f"balance of the {en} of {of.en}"),
    }[trait.aggregate]


def _said_of_code(trait: Trait, of: Measure) -> tuple[str, str]:
    zh, one, several = name_code(trait.by)
    if trait.by == of.code:
        zh, one, several = of.code_zh or zh, of.code_en or one, f"{of.code_en}s" if of.code_en else several
    nth_zh, nth_en = _RANKS[trait.rank]
    if trait.aggregate == "distinct" and trait.by in ("day", "hour"):
        return f"有{of.zh}的{zh}数", f"number of {several} with {of.en}"
    if trait.aggregate == "distinct" and not of.kinds:
        return f"关联的{zh}数", f"number of different {several} seen with it"
    return {
        "distinct": (f"{of.zh}涉及的{zh}数", f"number of different {several} among {of.en}"),
        "top": (f"{of.zh}{nth_zh}的{zh}", f"{nth_en} frequent {one} of {of.en}"),
        "top_share": (f"{of.zh}最多的{zh}占比", f"share of the most frequent {one} among {of.en}"),
        "entropy": (f"{of.zh}的{zh}分散度", f"entropy of {several} over {of.en}"),
    }[trait.aggregate]


def _said_of_ratio(of: Measure, over: Measure) -> tuple[str, str]:
    """Say a share when every event counted above is counted below too, else a ratio of two different things."""
    if of.value and over.value:
        below = f"{'' if of.zh == over.zh else over.zh}{over.value_zh}"
        return f"{of.zh}{of.value_zh}与{below}之比", (
            f"{of.value_en} of {of.en} per {over.value_en}{'' if of.en == over.en else f' of {over.en}'}"
        )
    if is_part(of, over):
        return f"{of.zh}在{over.zh}中的占比", f"share of {of.en} among {over.en}"
    return f"{of.zh}次数与{over.zh}次数之比", f"number of {of.en} per number of {over.en}"


def is_part(of: Measure, over: Measure) -> bool:
    """True when every event of a measure is an event of another: fewer kinds, no condition less."""
    kinds = not over.kinds or (bool(of.kinds) and set(of.kinds) <= set(over.kinds))
    return kinds and set(over.where) <= set(of.where)
