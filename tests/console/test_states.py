"""The bad states of the console: each one is said, none hangs, and none shows an old number as a fresh one."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from guanxi.app import Workspace

from .conftest import PASSWORD, SIZE, Served, serving, settle

MENU = "nav[aria-label='主菜单']"
CUT = re.compile(r"连接断开，数字停在 \d\d:\d\d:\d\d")
#: Paths with the route that feeds them and what is there when it answers.
FED = {
    "/cockpit?t=7d": ("**/v1/cockpit?*", ".strip-first"),
    "/people": ("**/v1/people?*", "table[aria-label='名单'], [aria-label='名单'] table"),
    "/explore/events": ("**/v1/explore/events?*", "figure.chart"),
    "/data/live": ("**/v1/events?*", "tbody tr[tabindex]"),
    "/data/parked": ("**/v1/parked", "[role=status]"),
}
DAY_S = 86_400
LONG = "<script>window.ran=1</script><img src=x onerror='window.ran=2'>" + "长名字" * 1_000
IMG = "<img src=x onerror='window.ran=3'>"


def count(locator: Any, number: int) -> None:
    """Wait until so many are seen."""
    from playwright.sync_api import expect

    expect(locator).to_have_count(number, timeout=30_000)


@pytest.fixture
def visit(browser) -> Iterator[Callable[..., Any]]:
    """Open a page of another workspace as somebody who may do everything; it fails on an error of the page's code."""
    opened, errors = [], []

    def go(served: Served, path: str, *, name: str = "", **options: Any) -> Any:
        who = name or served.member("manager", "engineer", "reviewer", "operator", name="zhou.ning")
        served.show(who)
        context = browser.new_context(**{
            "viewport": SIZE, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", "base_url": served.url, **options
        })  # fmt: skip
        opened.append(context)
        context.set_default_timeout(30_000)
        context.add_cookies([served.cookie(who)])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script("window.refused = []; document.addEventListener('securitypolicyviolation',"
                             " (one) => window.refused.push(one.violatedDirective))")  # fmt: skip
        page.goto(path)
        return page

    yield go
    for context in opened:
        context.close()
    assert errors == [], "the page's own code failed"


@pytest.fixture(scope="module")
def empty(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A workspace to which nothing was ever sent."""
    folder = tmp_path_factory.mktemp("empty") / "shop"
    Workspace.create(folder)[0].close()
    with serving(folder) as one:
        yield one


@pytest.fixture(scope="module")
def odd(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Orders of Douyin until now and of Kuaishou until five days ago; a buyer whose texts are scripts."""
    folder = tmp_path_factory.mktemp("odd") / "shop"
    Workspace.create(folder)[0].close()

    def order(platform: str, days: float) -> dict[str, Any]:
        key = f"{platform}-{days}"
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * DAY_S - 60))
        who = f"account:{platform}:u-{int(days) % 3}"
        own = {"platform": platform, "roles": {"actor": who, "payer": who}, "refs": {"order": key}}
        return {"type": "track", "event": "Order Completed", "messageId": key, "timestamp": at,
                "properties": {"order_id": key, "total": 100}, "context": {"guanxi": own}}  # fmt: skip

    batch = [order("douyin", day) for day in range(14)] + [order("kuaishou", day) for day in range(5, 14)]
    batch += [
        {"type": "identify", "userId": "long", "messageId": "n-1", "traits": {"name": LONG, "city": LONG}},
        {"type": "track", "event": "Product Viewed", "userId": "long", "messageId": "n-2",
         "properties": {"product_id": "p-1", "name": LONG, "category": IMG}},
        {"type": "track", "event": "Product Reviewed", "userId": "long", "messageId": "n-3",
         "properties": {"product_id": "p-1", "review_id": IMG, "review_body": LONG, "rating": 5}},
        {"type": "track", "event": IMG, "userId": "long", "messageId": "n-4", "properties": {IMG: IMG}},
    ]  # fmt: skip
    with serving(folder) as one:
        key = one.workspace.control.create_key("server", label="odd").secret
        answer = httpx.post(f"{one.gate}/v1/import", json={"batch": batch}, auth=(key, ""), timeout=30)
        assert answer.status_code == 200, answer.text
        yield one


# The live line.


def test_a_stalled_line_is_said_with_its_hour_and_comes_back(page) -> None:
    page.clock.install()
    page.route("**/v1/live", lambda route: None)  # it never answers
    page.goto("/data/live")
    page.locator("tbody tr[tabindex]").first.wait_for()
    page.clock.fast_forward(21_000)
    page.get_by_text(CUT).first.wait_for()
    page.unroute("**/v1/live")
    count(page.get_by_text(CUT), 0)
    page.get_by_text("已连接").wait_for()


def test_what_came_while_the_line_was_cut_is_shown_when_it_is_back(page, served: Served) -> None:
    key = served.workspace.control.create_key("server", label="cut").secret
    page.clock.install()
    page.goto("/data/live")
    page.get_by_text("已连接").wait_for()
    served.stop_desk()
    try:
        page.get_by_text(CUT).first.wait_for()
        body = {"type": "track", "event": "While Away", "userId": "u1", "messageId": "away-1"}
        assert httpx.post(f"{served.gate}/v1/track", json=body, auth=(key, "")).status_code == 200
    finally:
        served.start_desk()
    page.clock.fast_forward(10_000)  # the longest pause between two tries
    page.locator("tbody tr[tabindex]").first.get_by_text("While Away").wait_for()
    count(page.get_by_text(CUT), 0)


# A lost session.


def test_a_session_lost_in_the_middle_of_work_keeps_what_was_typed(page) -> None:
    page.goto("/cockpit?t=7d&pf=douyin")
    page.get_by_role("button", name="加日期批注").click()
    note = page.get_by_label("批注，如：大促开始")
    note.fill("换主播，等确认")
    page.context.clear_cookies()
    page.get_by_role("button", name="保存批注").click()
    page.get_by_text("登录已失效").wait_for()
    page.keyboard.press("Escape")  # the cover does not go away
    assert page.evaluate("document.activeElement.id") == "login-password"
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("登录已失效").wait_for(state="detached")
    assert page.url.endswith("/cockpit?t=7d&pf=douyin")
    assert note.input_value() == "换主播，等确认"
    page.get_by_role("button", name="保存批注").click()
    page.get_by_role("list", name="日期批注").get_by_text("换主播，等确认").wait_for()
    page.get_by_role("button", name="删除批注：换主播，等确认").click()
    page.get_by_role("list", name="日期批注").get_by_text("换主播，等确认").wait_for(state="detached")


def test_another_person_does_not_get_what_the_first_one_typed(page, served: Served) -> None:
    page.goto("/cockpit?t=7d")
    page.get_by_role("button", name="加日期批注").click()
    page.get_by_label("批注，如：大促开始").fill("只给自己看")
    page.context.clear_cookies()
    page.get_by_role("button", name="保存批注").click()
    page.get_by_label("用户名").fill(served.member("manager"))
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("登录已失效").wait_for(state="detached")
    page.get_by_role("button", name="加日期批注").wait_for()
    assert page.get_by_label("批注，如：大促开始").count() == 0


# Answers that are no answers.


@pytest.mark.parametrize("path", FED)
def test_an_error_of_the_server_is_said_and_tried_again(page, path: str) -> None:
    route, ready = FED[path]
    broken = json.dumps({"what": "the lake does not open", "mend": "Look into the log", "field": ""})
    page.route(route, lambda one: one.fulfill(status=500, content_type="application/json", body=broken))
    page.goto(path)
    page.get_by_role("alert").get_by_text("没能读到：服务器出了错").wait_for()
    assert page.locator(MENU).is_visible(), "the rest of the page is gone"
    page.unroute(route)
    page.get_by_role("button", name="再试一次").click()
    page.locator("main").locator(ready).first.wait_for()
    count(page.get_by_role("alert").get_by_text("没能读到"), 0)


@pytest.mark.parametrize(("how", "said"), [("away", "服务器没有应答"), ("half", "回答没有传完")])
def test_no_answer_and_half_an_answer_are_asked_for_again_by_itself(page, how: str, said: str) -> None:
    page.clock.install()
    half = {"status": 200, "content_type": "application/json", "body": '{"cards": [{"metric": "gmv_paid", "cur'}
    page.route("**/v1/cockpit?*", lambda one: one.abort() if how == "away" else one.fulfill(**half))
    page.goto("/cockpit?t=7d")
    page.get_by_text("多平台驾驶舱").first.wait_for()
    for _ in range(3):
        page.clock.run_for(3_000)  # the client's own tries
    page.get_by_role("alert").get_by_text(said).wait_for()
    assert page.locator(".strip-first").count() == 0
    page.unroute("**/v1/cockpit?*")
    page.clock.run_for(6_000)
    page.locator(".strip-first").wait_for()


def test_numbers_that_could_not_be_renewed_say_of_when_they_are(page) -> None:
    page.goto("/cockpit?t=7d")
    page.locator(".strip-first").wait_for()
    page.route("**/v1/cockpit?*", lambda one: one.fulfill(status=500, body="{}"))
    page.get_by_role("button", name="加日期批注").click()
    page.get_by_label("批注，如：大促开始").fill("更新失败")
    page.get_by_role("button", name="保存批注").click()  # which reads the cockpit again
    page.get_by_text(re.compile("没有更新成，下列数字是 .+ 的。")).wait_for()
    assert page.locator(".strip-first").is_visible()
    page.unroute("**/v1/cockpit?*")
    page.get_by_role("button", name="再试一次").first.click()
    count(page.get_by_text("没有更新成"), 0)
    page.get_by_role("button", name="删除批注：更新失败").click()
    page.get_by_role("list", name="日期批注").get_by_text("更新失败").wait_for(state="detached")


# Nothing, much, and strange things.

#: What a page of an empty workspace says where it is not about importing.
NEXT = {
    "/todo": "没有等你处理的事",
    "/approvals": "没有等待批准的事",
    "/reach": "看审批",
    "/decisions": "写一个策略",
    "/ledger": "看限额",
    "/evidence": "第一笔进来后",
    "/settings/limits": "修改",
    "/traits": "特征目录",
    "/data/kinds": "注册",
    "/data/parked": "没有等你处理的事",
    "/settings/members": "添加成员",
    "/settings/keys": "新建密钥",
    "/settings/appearance": "改密码",
    "/settings/audit": "建立工作区",
}


def test_every_page_of_an_empty_workspace_says_what_to_do_next(visit, empty: Served) -> None:
    page = visit(empty, "/data/kinds")
    links = page.locator(f"{MENU} a")
    links.first.wait_for()
    paths = [link.get_attribute("href") for link in links.all()]
    assert len(paths) > 15
    for path in paths:
        page.locator(f"{MENU} a[href='{path}']").click()
        page.locator(f"{MENU} a.active[href='{path}']").wait_for()
        page.locator("main").get_by_text(NEXT.get(path, "导入")).first.wait_for()
        assert page.locator("main [role=alert]").count() == 0, path
    assert page.locator(".seal").count() == 0, "an empty morning calls for somebody"


@pytest.fixture(scope="module")
def big(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A town of which fifty thousand people did something on its only day."""
    folder = tmp_path_factory.mktemp("big") / "shop"
    settle(folder, people=67_000, days=1, detail="trade")
    with serving(folder) as one:
        yield one


def test_fifty_thousand_people_are_paged(visit, big: Served) -> None:
    page = visit(big, "/people")
    rows = page.locator("table[aria-label='名单'] tbody tr, [aria-label='名单'] table tbody tr[tabindex]")
    page.get_by_text(re.compile(r"共 5\d,\d{3} 条")).wait_for()
    count(rows, 50)
    first = rows.first.inner_text()
    last = page.locator(".ant-pagination-item").last
    assert int(last.inner_text()) > 1_000
    last.click()
    page.wait_for_url("**page=*")
    rows.filter(has_text=first).wait_for(state="detached")
    assert 0 < rows.count() <= 50
    assert page.locator("main *").count() < 5_000


def test_fifty_thousand_rows_that_are_here_already_are_drawn_by_the_hundred(page) -> None:
    groups = [
        {"reason": "kind-missing", "field": "", "source": f"http:{n}", "kind": "", "count": 1, "what": "w", "mend": "m"}
        for n in range(50_000)
    ]
    page.route("**/v1/parked", lambda one: one.fulfill(json={"rows": groups, "next": ""}))
    page.goto("/data/parked")
    rows = page.locator("tbody tr[tabindex]")
    page.get_by_text("已显示 100 条").wait_for()
    count(rows, 100)
    page.get_by_role("button", name="再显示一些").click()
    count(rows, 200)


def test_texts_of_three_thousand_signs_and_scripts_stay_cut_texts(visit, odd: Served) -> None:
    page = visit(odd, "/people")
    name = page.locator("main strong.cut[title]").filter(has_text="<").first
    name.wait_for()
    box = name.bounding_box()
    assert box is not None
    assert box["width"] <= 260
    assert len(name.get_attribute("title") or "") > 3_000
    name.click()
    page.get_by_role("heading", name="时间线").wait_for()
    for path in ["", "/data/live", "/data/kinds", "/explore/events", "/cockpit?t=7d"]:
        if path:
            page.goto(path)
        page.locator("main h2, main table, main .strip-first").first.wait_for()
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("[window.ran ?? null, window.refused, document.documentElement.scrollWidth]") == [
            None, [], SIZE["width"],
        ], path or "the person"  # fmt: skip
    page.goto("/data/live")
    page.locator("tbody tr[tabindex]").filter(has_text="<img").first.click()
    page.get_by_role("dialog").get_by_text("口径").first.wait_for()
    assert page.evaluate("[window.ran ?? null, window.refused]") == [None, []]


def test_a_platform_without_data_for_days_is_not_shown_as_fresh(visit, odd: Served) -> None:
    page = visit(odd, "/cockpit?t=7d")
    page.locator(".strip-first").wait_for()
    badge = page.locator("button").filter(has_text=re.compile("快手停在"))
    badge.locator(".seal").wait_for()
    page.get_by_text(re.compile(r"3 个平台里有 2 个已到齐；快手停在 .+，下列数字可能偏低。")).wait_for()
    page.locator(".multiple").filter(has_text="快手").get_by_text("数据晚了").wait_for()
    assert page.locator(".multiple").filter(has_text="抖音").get_by_text("数据晚了").count() == 0
    page.locator("section[aria-label='变在哪里'] li").filter(has_text="快手").first.get_by_text("数据晚了").wait_for()
    page.goto("/cockpit?t=yesterday")  # a day that is over is no better known
    page.get_by_text(re.compile("快手停在 .+，下列数字可能偏低。")).wait_for()
    page.goto("/cockpit?t=7d&pf=douyin")
    page.locator(".strip-first").wait_for()
    assert page.get_by_text("可能偏低").count() == 0
    page.goto("/cockpit?wall=1&t=7d")
    page.get_by_text(re.compile("快手停在 .+，下列数字可能偏低。")).wait_for()


def test_a_browser_without_a_chinese_font_is_told_so_in_both_languages(
    browser, chromium: str, served: Served, tmp_path: Path
) -> None:
    if not (shutil.which("fc-list") and (fonts := latin_fonts())):
        pytest.skip("no font without Chinese signs is known here: fc-list names none")
    (tmp_path / "fonts").mkdir()
    for font in fonts[:2]:
        shutil.copy(font, tmp_path / "fonts")
    (tmp_path / "fonts.conf").write_text(
        "<?xml version='1.0'?><fontconfig>"
        f"<dir>{tmp_path}/fonts</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>"
    )
    poor = browser.browser_type.launch(
        executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"],
        env={"FONTCONFIG_FILE": str(tmp_path / "fonts.conf"), "HOME": str(tmp_path)},
    )  # fmt: skip
    try:
        name = served.member("manager", "engineer", "reviewer", "operator", name="zhou.ning")
        served.show(name)
        context = poor.new_context(viewport=SIZE, locale="zh-CN", base_url=served.url)
        context.set_default_timeout(30_000)
        context.add_cookies([served.cookie(name)])
        page = context.new_page()
        page.goto("/cockpit?t=7d")
        page.locator(".strip-first").wait_for()
        hint = page.get_by_role("note")
        hint.get_by_text("This browser has no font for Chinese").wait_for()
        hint.get_by_text("此浏览器缺少中文字体").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == SIZE["width"]
        hint.get_by_role("button", name="Read in English").click()
        page.get_by_role("navigation", name="Main menu").wait_for()
        hint.get_by_role("button", name="Close").click()
        hint.wait_for(state="detached")
        page.reload()
        page.locator(".strip-first").wait_for()
        assert page.get_by_role("note").count() == 0
    finally:
        poor.close()


def latin_fonts() -> list[str]:
    """Files of fonts that write English and no Chinese."""

    def files(lang: str) -> set[str]:
        told = subprocess.run(["fc-list", f":lang={lang}", "file"], capture_output=True, text=True, check=True)
        return {line.rstrip(": ") for line in told.stdout.splitlines()}

    return sorted(files("en") - files("zh-cn"))


def test_a_browser_with_one_is_told_nothing(page) -> None:
    if not shutil.which("fc-list") or not subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True).stdout:
        pytest.skip("no Chinese font is installed here")
    page.goto("/cockpit?t=7d")
    page.locator(".strip-first").wait_for()
    assert page.get_by_role("note").count() == 0
