"""Limits and the decision log as people use them: a limit is changed with a reason, a decision is understood."""

import re

import pytest

from guanxi.app import limits
from guanxi.app.deciding import run_policy
from guanxi.app.policies import save_policy
from guanxi.app.queries import query
from guanxi.engines.control import Run
from guanxi.engines.log import now_ms

from .conftest import Served

POLICY = """\
zh = "久未下单唤回"
en = "Win back"
mode = "auto"
holdout = 0.2
explore = 0.15

[[offers]]
id = "greeting"
zh = "问候一条"
en = "A greeting"
kind = "message"
channel = "app"
content = "好久不见，最近上了新。"
value = 0.8
value_band = 0.6

[[offers]]
id = "coupon5"
zh = "5 元券"
en = "5 yuan off"
kind = "coupon"
channel = "app"
content = "送你一张 5 元券，7 天内可用。"
params = { amount = 500, threshold = 3000, days = 7 }
cost_yuan = 1.5
value = 3.2
value_low = 1.1
value_high = 5.3

[[rules]]
name = "looked"
when = "person_product_views_count_7d > 0"
effect = "require"
offers = ["coupon5"]
zh = "7 天内看过商品"
en = "looked at goods within 7 days"
"""


@pytest.fixture(scope="module")
def runs(served: Served) -> list[Run]:
    """Two runs of a policy in one day: the second meets the limit of one contact a day."""
    workspace, now = served.workspace, now_ms()
    _, rows = query(workspace, "SELECT DISTINCT role_actor FROM order_completed ORDER BY 1 LIMIT 80")
    people = [str(row[0]) for row in rows]
    save_policy(workspace, "winback", POLICY, who="test")
    # The budget is close to its cap, as on a busy day.
    budget = limits.amended_limit(workspace, "policy_budget", {"cap": 7_000})
    limits.set_limit(workspace, budget, who="zhou.ning", reason="试运行期间收紧", now_ms=now)
    return [
        run_policy(workspace, "winback", some, audience="买过的人", who="zhou.ning", now_ms=now, send=True)
        for some in (people, people[:30])
    ]


def look(page, url: str, wait: str) -> None:
    page.goto(url)
    page.get_by_text(wait).first.wait_for()


@pytest.mark.parametrize(
    ("lang", "limit", "policy"),
    [
        pytest.param("zh", "每人每周营销触达", "久未下单唤回", id="zh"),
        pytest.param("en", "Marketing contacts a person a week", "Win back", id="en"),
    ],
)
def test_both_pages_are_accessible(page, axe, shot, served: Served, runs, lang: str, limit: str, policy: str) -> None:
    served.show("zhou.ning", language=lang)
    look(page, "/settings/limits", limit)
    axe(page)
    shot(f"limits-{lang}", full=True)
    look(page, "/decisions", policy)
    axe(page)
    shot(f"decisions-{lang}")
    page.locator("main tbody tr").first.click()
    page.locator(".decision h2").wait_for()
    axe(page)
    shot(f"decision-{lang}")


def test_a_limit_is_changed_with_a_reason_after_a_look_at_the_effect(page, shot, runs, served: Served) -> None:
    page.goto("/settings/limits")
    page.get_by_role("button", name="修改「单个策略每天影响人数」").click()
    cap = page.get_by_label("新的上限")
    cap.fill("10")
    page.get_by_text(re.compile("1 个账户已超出新上限，最多超出")).wait_for()
    page.get_by_role("button", name="改为 10 人").click()
    page.get_by_text("先写原因").wait_for()
    page.get_by_label("原因（所有人可见）").fill("先小范围试")
    shot("limit-change")
    page.get_by_role("button", name="改为 10 人").click()
    page.get_by_text("「单个策略每天影响人数」已改为 10 人").wait_for()
    page.get_by_text(re.compile("超出上限")).first.wait_for()
    page.get_by_text("超出原因：先小范围试").wait_for()
    shot("limit-over", full=True)
    assert served.workspace.control.limits.all()["policy_people"].cap == 10
    page.get_by_role("button", name="历史 单个策略每天影响人数").click()
    page.get_by_role("button", name="恢复到这一版 5,000 人").click()
    page.get_by_label("原因（所有人可见）").fill("试完了")
    shot("limit-history")
    page.get_by_role("button", name="把「单个策略每天影响人数」恢复为 5,000 人").click()
    page.get_by_text("「单个策略每天影响人数」已恢复为 5,000 人").wait_for()
    assert [one.who for one in served.workspace.control.limits.history("policy_people")][:2] == ["zhou.ning"] * 2


def test_who_may_not_configure_sees_limits_without_buttons(page, context, served: Served, runs) -> None:
    name = served.member("operator")
    served.show(name)
    context.clear_cookies()
    context.add_cookies([served.cookie(name)])
    page.goto("/settings/limits")
    page.get_by_text("每人每周营销触达").first.wait_for()
    assert page.get_by_role("button", name=re.compile("^修改")).count() == 0
    page.goto("/settings/limits?change=contacts_week")
    page.get_by_text("每人每周营销触达").first.wait_for()
    assert page.get_by_label("新的上限").count() == 0


def test_decisions_are_filtered_by_the_limit_that_refused(page, shot, runs) -> None:
    page.goto("/decisions")
    page.get_by_role("button", name=re.compile("每人每天营销触达")).click()
    page.get_by_role("button", name="去掉「被「每人每天营销触达」拦下」").wait_for()
    assert "by=limit" in page.url
    shot("decisions-limited")
    row = page.locator("main tbody tr").first
    row.focus()
    row.press("Enter")
    card = page.locator(".decision")
    card.get_by_text("还可以选什么").wait_for()
    card.get_by_text("看过的限额").wait_for()
    card.get_by_text("对本人的说明").wait_for()
    card.get_by_text("记录与当时写下的一致").wait_for()
    card.get_by_role("button", name="按当时的日志重算").click()
    card.get_by_text("重算结果与当时逐位一致").wait_for()
    shot("decision-limited")
    page.go_back()
    page.get_by_text("久未下单唤回").first.wait_for()


def test_a_person_shows_what_is_left_and_what_was_decided(page, axe, shot, runs, served: Served) -> None:
    rows = served.workspace.control.decisions.records(run=runs[0].id)
    who = next(record.context.party for _, record in rows if record.decision.acts)
    page.goto(f"/people/{who.replace(':', '%3A')}")
    page.get_by_role("meter", name="每人每天营销触达").wait_for()
    page.locator("#person-reach").scroll_into_view_if_needed()
    shot("person-limits")
    page.get_by_role("link", name="看关于此人的决策").click()
    page.get_by_role("button", name=re.compile("去掉「只看一个人")).wait_for()
    assert page.locator("main tbody tr").count() >= 1
