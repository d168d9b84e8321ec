"""Example answers about one person, shown in the OpenAPI document: made from the very structs."""

from typing import Any, Final

import msgspec

from guanxi.app import consents, identity, person, person_parts, person_segment, reveal, timeline
from guanxi.events import CONSENT_BITS

_NOON: Final = 1_767_326_400_000  # 2026-01-02 12:00 in China
_EVENT: Final = "5f0c5a5d9c1f4d7e8a2b3c4d5e6f7081"
_REF: Final = "account:taobao:AAE1x"
_MERGE: Final = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def _example(value: msgspec.Struct) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(value)
    return built


def _identity(ref: str, platform: str, zh: str, **more: Any) -> person_parts.Identity:
    return person_parts.Identity(
        ref=ref, type="account", type_zh="账号", type_en="account", platform=platform, platform_zh=zh, masked=False,
        events=21, first_ms=_NOON, last_ms=_NOON, **more,
    )  # fmt: skip


PERSON: Final = _example(
    person.Person(
        asked=_REF,
        ref=_REF,
        type="account",
        type_zh="账号",
        type_en="account",
        known=42,
        asof_ms=_NOON,
        name="王*芳",
        phone="138****1234",
        city="苏州",
        fields=(
            person_parts.PersonField(field="name", zh="姓名", en="name", masked="王*芳", at_ms=_NOON, event=_EVENT),
        ),
        about={"gender": "女"},
        identities=(
            _identity(_REF, "taobao", "淘宝天猫", canonical=True),
            _identity(
                "account:app:u-0001",
                "app",
                "自有应用",
                canonical=False,
                since_ms=_NOON,
                merge=_MERGE,
                with_ref=_REF,
                method="operator",
                confidence=1.0,
            ),
        ),
        consents=tuple(
            consents.PersonConsent(
                purpose=name, bit=CONSENT_BITS[name], zh=zh, en=en, state="given", since_ms=_NOON, event=_EVENT
            )
            for name, (zh, en) in consents.PURPOSES.items()
        ),
        events=42,
        first_ms=_NOON,
        first=_EVENT,
        last_ms=_NOON,
        last=_EVENT,
        totals=person_parts.Totals(orders=3, amount=123_450, first_order_ms=_NOON, last_order_ms=_NOON),
        platforms=(
            person_parts.PersonPlatform(
                platform="taobao", zh="淘宝天猫", disc="淘", events=42, orders=3, amount=123_450, last_ms=_NOON
            ),
        ),
        rhythm=person_parts.Rhythm(cells=((0,) * 24,) * 7, n=42, days=5, best=(4, 20)),
        ties=(
            person_parts.PersonTie(
                kind="bought",
                zh="买过商品",
                en="bought an item",
                family="trade",
                family_zh="交易",
                other="item:taobao:7",
                other_type_zh="商品",
                other_type_en="item",
                weight=4.2,
                confidence=0.99,
                count=2,
                first_ms=_NOON,
                last_ms=_NOON,
                evidence=(_EVENT,),
            ),
        ),
        touches=person_parts.Touches(
            start_ms=_NOON, end_ms=_NOON, sent=1, delivered=1, opened=0, clicked=0, failed=0, unsubscribed=0
        ),
        summary_zh="2026-01-02 首次出现，至今 42 个事件，在淘宝天猫下单 3 次，共 ¥1,234.50，最近一次下单在今天。",
        summary_en="First seen 2026-01-02; 42 events so far; 3 orders on 1 platform, ¥1,234.50 in all",
        took_ms=12.5,
    )
)
TIMELINE: Final = _example(
    timeline.Timeline(
        known=42,
        asof_ms=_NOON,
        next="42.1767326400000.17",
        families=(timeline.FamilyCount(family="browse", zh="浏览", en="browsing", events=37),),
        rows=(
            timeline.TimelineItem(
                id=_EVENT,
                seq=41,
                at_ms=_NOON,
                first_ms=_NOON,
                kind="Order Completed",
                family="trade",
                family_zh="交易",
                family_en="trade",
                zh="订单付清 ¥19.90",
                en="Order Completed ¥19.90",
                count=1,
                platform="taobao",
                platform_zh="淘宝天猫",
                amount=1990,
                currency="CNY",
                order="FAKE-1",
                acted=True,
                ids=(_EVENT,),
                facts=(timeline.Fact(name="affiliation", zh="销售渠道", en="affiliation", type="text", value="直播"),),
            ),
        ),
    )
)
SEGMENT: Final = _example(
    person_segment.PersonSegment(
        known=42, cut_off_ms=_NOON, variant="quantile", buyers=2_469, currency="CNY", segment="key_value",
        zh="重要价值客户", en="Key: value", rule_zh="R 高 F 高 M 高", rule_en="recent, often, much", r=5, f=4, m=5,
        recency_days=3, orders=3, amount=123_450, took_ms=8.0,
    )
)  # fmt: skip
REVEALED: Final = _example(reveal.Revealed(field="name", value="(the name)", at_ms=_NOON))
CHANGE: Final = _example(
    identity.IdentityChange(
        event=_MERGE,
        operation="merge",
        canonical="account:app:u-0001",
        members=("account:app:u-0001", _REF),
        undo=identity.Undo(
            method="POST", path="/v1/people/split", body={"merge": _MERGE, "reason": identity.TAKEN_BACK}
        ),
    )
)
