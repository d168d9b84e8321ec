"""The page of one person (用户细查): counted facts, evidence, plain text by purpose, merges with undo."""

import base64
import json
import urllib.parse
import urllib.request

import pytest

from .conftest import Served

PHONE = "13812341234"
LONG = "囍" * 3000
SCRIPT = "<img src=x onerror=document.title='taken'>"


def post(served: Served, batch: list[dict[str, object]]) -> None:
    """Send events as a server does."""
    key = served.workspace.control.create_key("server").secret
    basic = base64.b64encode(f"{key}:".encode()).decode()
    request = urllib.request.Request(
        served.gate + "/v1/batch", data=json.dumps({"batch": batch}).encode(),
        headers={"content-type": "application/json", "authorization": f"Basic {basic}"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def named(user: str, name: str, **traits: str) -> dict[str, object]:
    return {"type": "identify", "userId": user, "messageId": f"id-{user}", "traits": {"name": name, **traits}}


@pytest.fixture(scope="module")
def people(served: Served) -> None:
    """Somebody with an order and much browsing, one to join, one with a long name, one with a script, one erased."""
    views = [
        {"type": "track", "event": "Product Viewed", "userId": "wang", "messageId": f"v-{day}-{n}",
         "timestamp": f"2026-01-{day:02}T21:{n:02}:00+08:00", "properties": {"product_id": "p-7"}}
        for day in range(5, 15) for n in range(12)
    ]  # fmt: skip
    order = {
        "type": "track", "event": "Order Completed", "userId": "wang", "messageId": "order",
        "timestamp": "2026-01-14T21:30:00+08:00", "properties": {"order_id": "W1", "total": 19.9},
    }  # fmt: skip
    others = [
        named("wang", "王小芳", phone=PHONE), named("other", "王小芳"), named("long", LONG), named("script", SCRIPT),
        named("gone", "李四"),
    ]  # fmt: skip
    post(served, [*others, *views, order])
    served.workspace.vault.forget(["account:app:gone"], reason="本人请求")


def visit(page, user: str, query: str = "") -> None:
    page.set_default_timeout(30_000)
    page.goto(f"/people/{urllib.parse.quote(f'account:app:{user}', safe='')}{query}")


def test_the_facts_the_rhythm_and_the_evidence(page, people: None, axe, shot) -> None:
    visit(page, "wang")
    page.get_by_role("heading", name="王*芳", level=2).wait_for()
    page.get_by_role("img", name="21 至 22 点最多").wait_for()
    axe(page)
    shot("person-zh", full=True)
    run = page.get_by_role("button", name="浏览商品 12 次").first
    run.click()
    page.get_by_role("button", name="第 2 个事件").click()
    page.wait_for_url("**ev=event%3A**")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="EN", exact=True).click()
    page.get_by_role("heading", name="Strongest ties").wait_for()
    axe(page)
    shot("person-en", full=True)


def test_families_stay_in_the_url(page, people: None) -> None:
    visit(page, "wang")
    page.get_by_role("button", name="交易 1").click()
    page.get_by_role("button", name="浏览商品 12 次").first.wait_for(state="detached")
    page.get_by_role("button", name="订单付清 ¥19.90").wait_for()
    assert "fam=trade" in page.url


def test_plain_text_needs_a_purpose_and_is_logged(page, served: Served, people: None, axe) -> None:
    visit(page, "wang")
    page.get_by_role("button", name="查看明文").click()
    dialog = page.get_by_role("dialog", name="查看明文")
    dialog.get_by_role("radio", name="手机号").check()
    look = dialog.get_by_role("button", name="查看并记录")
    assert look.is_disabled()
    axe(page)
    dialog.get_by_role("radio", name="售后处理").check()
    look.click()
    dialog.get_by_text(PHONE).wait_for()
    dialog.get_by_text("已记入操作日志").wait_for()
    dialog.get_by_role("button", name="关闭").last.click()
    dialog.wait_for(state="detached")
    assert PHONE not in page.content()
    assert any(
        one.verb == "reveal" and one.detail == {"field": "phone", "purpose": "售后处理"}
        for one in served.workspace.control.operations()
    )


def test_two_accounts_are_joined_and_taken_apart(page, people: None) -> None:
    visit(page, "wang")
    page.get_by_role("button", name="合并另一个账号").click()
    page.get_by_label("另一个账号的编号").fill("account:app:other")
    assert page.get_by_role("button", name="合并为一人").is_disabled()  # not without a reason
    page.get_by_label("原因").fill("同一手机号")
    page.get_by_role("button", name="合并为一人").click()
    page.get_by_role("heading", name="账号（2）").wait_for()
    page.get_by_role("button", name="撤销").click()
    page.get_by_role("heading", name="账号（1）").wait_for()


def test_in_the_past_nothing_can_be_changed(page, people: None) -> None:
    visit(page, "wang", "?asof=2099-01-01T00:00")
    page.get_by_role("heading", name="王*芳", level=2).wait_for()
    for name in ("查看明文", "合并另一个账号"):
        assert page.get_by_role("button", name=name).count() == 0
    assert page.get_by_role("switch", name="实时跟随").count() == 0


def test_an_erased_person_and_an_unknown_one(page, people: None, axe) -> None:
    visit(page, "gone")
    page.get_by_text("抹去：本人请求").wait_for()
    assert "李" not in page.locator("main").inner_text()
    axe(page)
    visit(page, "nobody-at-all")
    page.get_by_text("没有事件提到这个人").wait_for()


@pytest.mark.parametrize("user", ["long", "script"])
def test_strange_names_stay_text_and_break_nothing(page, people: None, user: str, shot) -> None:
    visit(page, user)
    page.get_by_role("heading", name="时间线").wait_for()
    shot(f"person-{user}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert "taken" not in page.title()
    assert page.locator("main img[src=x]").count() == 0


def test_rights_are_absent_not_dead(context, served: Served, people: None) -> None:
    context.add_cookies([served.cookie(served.member("reviewer"))])
    page = context.new_page()
    visit(page, "wang")
    page.get_by_role("heading", name="王*芳", level=2).wait_for()
    assert page.get_by_role("button", name="合并另一个账号").count() == 0
