"""The pages of traits (标签与特征): catalogue, lineage, spread, drift, why a value is what it is, purpose, rights."""

import base64
import json
import re
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from guanxi.app import Workspace

from .conftest import Served, serving

SPEND = "person.spend.sum.30d"
SECRET = "person.night_searches.ratio_searches.30d"
NEAR = "account.refunds.ratio_spend_via_address.30d"
BUYER, REFUSER = "account:app:tea-buyer", "account:app:tea-refuser"
ORDERS = 24


@pytest.fixture(scope="module")
def buyer(served: Served) -> str:
    """Somebody who paid 24 orders of 10 yuan and more, and one who does not allow analysis."""
    batch = [track("tea-buyer", "Order Completed", n, order_id=f"TEA{n}", total=10 + n) for n in range(ORDERS)]
    batch += [track("tea-refuser", "Order Completed", 0, order_id="TEAR", total=9),
              track("tea-refuser", "Consent Withdrawn", 1, purpose="analyse")]  # fmt: skip
    key = served.workspace.control.create_key("server").secret
    basic = base64.b64encode(f"{key}:".encode()).decode()
    request = urllib.request.Request(
        served.gate + "/v1/batch", data=json.dumps({"batch": batch}).encode(),
        headers={"content-type": "application/json", "authorization": f"Basic {basic}"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
    return BUYER


def track(user: str, event: str, number: int, **properties: object) -> dict[str, object]:
    return {"type": "track", "event": event, "userId": user, "messageId": f"{user}-{number}", "properties": properties}


def at(name: str, ref: str = "") -> str:
    return f"/traits/{name}" + (f"?ref={urllib.parse.quote(ref, safe='')}" if ref else "")


def rows(page) -> list[str]:
    return page.locator("table tbody tr[tabindex]").all_inner_texts()


def test_the_catalogue_is_searched_filtered_and_kept_in_the_address(page, axe, shot) -> None:
    page.goto("/traits")
    page.get_by_role("table", name="特征目录").wait_for()
    total = int(re.search(r"共 ([\d,]+) 条", page.locator(".data-table").inner_text())[1])  # type: ignore[index]
    assert total > 700
    axe(page)
    shot("traits-zh")
    page.locator("main").press("/")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "按中文、英文或代号找特征"
    page.keyboard.type("付款 合计 30天")
    page.get_by_role("row", name=re.compile("此人近30天的付款金额合计")).wait_for()
    page.get_by_role("combobox", name="对象").click()
    page.get_by_title(re.compile("^人（")).click()
    page.wait_for_function("() => location.search.includes('party=person')")
    found = rows(page)
    assert found
    assert all(SPEND.split(".")[0] + "." in row for row in found)
    page.reload()
    page.get_by_role("row", name=re.compile("此人近30天的付款金额合计")).wait_for()
    assert page.get_by_label("按中文、英文或代号找特征").input_value() == "付款 合计 30天"
    assert rows(page) == found
    page.get_by_role("button", name="清除筛选").click()
    page.get_by_role("navigation", name="按主题看").get_by_role("button", name=re.compile("^收礼与代付")).click()
    page.get_by_role("row", name=re.compile("收件人")).first.wait_for()
    assert "topic=recipient" in page.url


def test_a_phone_number_stays_out_of_the_address_and_nothing_found_says_so(page) -> None:
    page.goto("/traits")
    page.get_by_label("按中文、英文或代号找特征").fill("没有这样的特征 13812341234")
    page.get_by_text("没有符合的特征").wait_for()
    assert "1381234" not in urllib.parse.unquote(page.url)
    page.get_by_role("status").get_by_role("button", name="清除筛选").click()
    page.get_by_role("row", name=re.compile("付款")).first.wait_for()


def test_a_trait_tells_where_it_comes_from_and_how_it_is_spread(page, served: Served, buyer: str, axe, shot) -> None:
    page.goto("/traits?q=person.spend.sum.30d")
    row = page.locator("table tbody tr[tabindex]").first
    row.focus()
    row.press("Enter")
    page.get_by_role("heading", name="此人近30天的付款金额合计").wait_for()
    assert urllib.parse.urlsplit(page.url).path == f"/traits/{SPEND}"
    page.get_by_role("img", name=re.compile("的分布：.*中位数")).wait_for()
    verdict = page.locator(".trait-verdict").inner_text()
    assert any(word in verdict for word in ("稳定", "有变化", "变化很大", "还不能说", "没有一个月前"))
    assert "中位数" in page.locator(".trait-figures").inner_text()
    kinds = page.get_by_role("link", name="订单付清").get_attribute("href")
    assert kinds == "/data/kinds?kind=Order%20Completed"
    axe(page)
    shot("trait-zh", full=True)
    page.get_by_role("button", name="表格", exact=True).click()
    page.get_by_role("table", name=re.compile("的分布：")).wait_for()
    page.get_by_role("navigation", name="同一口径的时间窗").get_by_role("link", name="近 90 天").click()
    page.get_by_role("heading", name="此人近90天的付款金额合计").wait_for()
    served.show("zhou.ning", language="en")
    page.goto(at("person.night_orders.ratio_orders.365d"))
    page.get_by_text("Only if: between 0:00 and 6:00").wait_for()
    page.get_by_role("img", name=re.compile("^How .* is spread")).wait_for()
    axe(page)
    shot("trait-en", full=True)


def test_why_a_value_is_what_it_is_lists_the_very_events(page, buyer: str, axe, shot) -> None:
    page.goto(at(SPEND))
    box = page.get_by_role("search", name="选一个人").get_by_role("textbox")
    box.fill("138 1234 1234")
    box.press("Enter")
    page.get_by_text("手机号不放进地址栏").wait_for()
    box.fill(buyer)
    box.press("Enter")
    value = f"¥{sum(10 + n for n in range(ORDERS)):,.2f}"
    page.locator(".why-value", has_text=value).wait_for()
    page.get_by_text(f"{ORDERS} 条付款，合计 {value}").wait_for()
    page.get_by_text(f"共 {ORDERS} 条，最新的在前").wait_for()
    behind = page.get_by_role("table", name="计入的事件").locator("tbody tr:not([aria-hidden])")
    assert behind.count() == 20
    page.get_by_role("button", name="再显示一些").click()
    page.wait_for_function(f"() => document.querySelectorAll('.why tbody tr:not([aria-hidden])').length === {ORDERS}")
    assert behind.filter(has_text=f"¥{9 + ORDERS}.00").count() == 1
    axe(page)
    shot("trait-why-zh", full=True)
    page.reload()
    page.locator(".why-value", has_text=value).wait_for()
    page.get_by_role("button", name="订单付清").first.click()
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    page.get_by_role("link", name="看时间线").click()
    page.get_by_role("heading", name="时间线").wait_for()


def test_what_may_not_be_seen_says_why(page, served: Served, buyer: str, shot) -> None:
    page.goto(at(SPEND, REFUSER))
    page.get_by_text("此人不同意分析或个性化").wait_for()
    page.goto(at(SPEND, "device::x"))
    page.get_by_text("这个编号不是人").wait_for()
    page.goto(at("person.no.such.30d"))
    page.get_by_text("目录里没有「person.no.such.30d」").wait_for()
    page.goto(at(SECRET, buyer))
    page.get_by_text("这一特征是敏感信息，查看要写明用途").first.wait_for()
    shot("trait-sealed-zh")
    page.get_by_role("button", name="填写用途后查看").first.click()
    page.get_by_role("dialog").get_by_label("口径核对").check()
    page.get_by_role("button", name="查看并记录").click()
    page.locator(".why-value").wait_for()
    assert "口径" not in urllib.parse.unquote(page.url)
    said = served.workspace.control.operations(verb="reveal traits")
    logged = [row for row in said if SECRET in row.detail["traits"] and row.detail["purpose"] == "口径核对"]
    assert {row.object for row in logged} == {"1 parties", "all parties"}


def test_what_is_not_spread_says_so(page) -> None:
    page.goto(at(NEAR))
    page.get_by_text("这一特征是邻居的平均").wait_for()
    page.get_by_text("经由共用的收货地址找到邻居").wait_for()
    page.goto(at("account.typing_spread.versus.30d"))
    page.get_by_role("button", name="填写用途后查看").first.wait_for()
    page.get_by_text("这一特征只在一次事件上成立").wait_for()


def test_the_past_is_read_as_it_was_known_then(page, buyer: str) -> None:
    page.goto(f"{at(SPEND, buyer)}&asof=2026-01-01T08:00")
    page.locator(".why-value", has_text="¥0.00").wait_for()
    page.get_by_text("那时还没有学到提到人的事件").wait_for()
    page.get_by_text("没有计入的事件").wait_for()


def test_the_search_of_the_header_finds_traits(page) -> None:
    page.goto("/cockpit")
    page.get_by_role("button", name=re.compile("^搜索")).click()
    page.get_by_role("combobox", name="搜索").fill("付款金额合计")
    page.get_by_role("option", name=re.compile(re.escape(SPEND))).click()
    page.get_by_role("heading", name="此人近30天的付款金额合计").wait_for()


def test_who_sees_totals_alone_sees_no_person(context, served: Served, buyer: str) -> None:
    name = served.member("wall")
    served.show(name)
    context.add_cookies([served.cookie(name)])
    page = context.new_page()
    page.goto(at(SPEND, buyer))
    page.get_by_text("你可以看汇总，看不到个人").wait_for()
    page.get_by_role("img", name=re.compile("的分布：")).wait_for()
    page.goto(at(SECRET))
    page.get_by_text("需要时向管理员申请「用户明文」").first.wait_for()
    assert page.get_by_role("button", name="填写用途后查看").count() == 0


def test_a_fresh_workspace_has_a_catalogue_and_nothing_to_spread(browser, chromium: str, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    Workspace.create(folder)[0].close()
    with serving(folder) as fresh:
        name = fresh.member("manager", "engineer")
        fresh.show(name)
        made = browser.new_context(base_url=fresh.url, locale="zh-CN", timezone_id="Asia/Shanghai")
        made.set_default_timeout(30_000)
        made.add_cookies([fresh.cookie(name)])
        page = made.new_page()
        page.goto(at(SPEND))
        page.get_by_text("还没有事件提到过人，所以没有分布").wait_for()
        page.get_by_text("还没有来过").wait_for()
        made.close()
