"""Conditions of measures in words."""

import pytest

from guanxi.events import shipped
from guanxi.traits import clause_words, measures
from guanxi.traits.clause import parse

CREATED = "Order Created"


@pytest.mark.parametrize(
    ("text", "kind", "zh", "en"),
    [
        pytest.param("amount >= 200000", CREATED, "金额不低于 2,000 元", "the amount is at least 2,000 yuan",
                     id="money-in-yuan"),
        pytest.param("amount < 1050", CREATED, "金额小于 10.5 元", "the amount is below 10.5 yuan", id="cents"),
        pytest.param("hour < 6", CREATED, "发生在 0 至 6 点", "between 0:00 and 6:00", id="hours"),
        pytest.param("hour in 23,0,1", CREATED, "发生在 23 至 2 点", "between 23:00 and 2:00", id="past-midnight"),
        pytest.param("hour >= 22", CREATED, "发生在 22 至 24 点", "between 22:00 and 24:00", id="until-midnight"),
        pytest.param("weekday >= 6", CREATED, "发生在周六、周日", "on Sat, Sun", id="weekend"),
        pytest.param("p.is_gift = true", CREATED, "是否送礼：是", "gift: yes", id="yes"),
        pytest.param("p.delivered != false", "Message Delivered", "是否送达：不是否", "delivered: not no", id="not-no"),
        pytest.param("platform in taobao,jd", CREATED, "平台是 taobao、jd 之一", "platform is one of taobao, jd",
                     id="several"),
        pytest.param("has role.phone", CREATED, "有手机号", "has a phone number", id="has"),
        pytest.param("role.payer != role.actor", CREATED, "付款人与账号不同", "payer is not the account", id="roles"),
    ],
)  # fmt: skip
def test_words(text: str, kind: str, zh: str, en: str) -> None:
    row = shipped().find(kind)
    assert clause_words(parse(text), row.properties if row else {}) == (zh, en)


def test_every_condition_that_ships_has_words() -> None:
    for measure in measures().values():
        properties = {name: one for kind in measure.kinds for name, one in shipped()[kind].properties.items()}
        for clause in measure.clauses:
            zh, en = clause_words(clause, properties)
            assert zh != str(clause) != en
            assert "p." not in zh + en
