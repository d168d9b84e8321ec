"""The frame of the console: signing in, languages, a lost session, keys, access, and texts that stay texts."""

import re

import pytest

from .conftest import PASSWORD, Served

pytestmark = pytest.mark.slow
SIGNED_IN = "nav[aria-label='主菜单']"


def sign_in(page, name: str, password: str) -> None:
    page.get_by_label("用户名").wait_for()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def test_signing_in_by_keyboard_comes_to_the_page_that_was_asked_for(context, served: Served, axe) -> None:
    page = context.new_page()
    page.goto("/settings/members?page=2")
    page.get_by_text("工作区 shop").wait_for()
    axe(page)
    sign_in(page, served.member("manager"), PASSWORD)
    page.wait_for_selector(SIGNED_IN)
    assert page.url.endswith("/settings/members?page=2")


def test_a_wrong_password_says_so_and_keeps_the_name(context, served: Served, axe) -> None:
    page = context.new_page()
    page.goto("/")
    sign_in(page, served.member("manager"), "not the password")
    page.get_by_role("alert").get_by_text("用户名或密码不对").wait_for()
    assert page.get_by_label("用户名").input_value() == "manager"
    assert page.evaluate("document.activeElement.id") == "login-password"
    axe(page)
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(SIGNED_IN)


def test_empty_fields_are_named(context, served: Served) -> None:
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="登录").click()
    page.get_by_text("写上用户名").wait_for()
    assert page.evaluate("document.activeElement.id") == "login-name"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_language_switches_at_once_and_both_are_accessible(page, served: Served, axe, shot, theme: str) -> None:
    served.show("zhou.ning", theme=theme)
    page.goto("/parts?parts")
    page.wait_for_selector(SIGNED_IN)
    page.get_by_text("8 个平台里有 7 个已到齐").wait_for()
    page.get_by_text("正在数").wait_for()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    axe(page)
    shot(f"shell-zh-{theme}")
    page.get_by_role("button", name="EN", exact=True).click()
    page.wait_for_selector("nav[aria-label='Main menu']")
    assert page.evaluate("document.documentElement.lang") == "en"
    axe(page)
    shot(f"shell-en-{theme}")
    page.reload()
    page.wait_for_selector("nav[aria-label='Main menu']")


def test_a_lost_session_comes_back_to_the_same_place(page, served: Served) -> None:
    page.goto("/parts?parts&t=30d")
    again = page.get_by_role("button", name="再读一次")
    page.get_by_text(re.compile(r"读到 [1-9]\d* 条")).wait_for()
    page.context.clear_cookies()
    again.click()
    page.get_by_text("登录已失效").wait_for()
    assert page.get_by_label("用户名").input_value() == "zhou.ning"
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(SIGNED_IN)
    assert page.url.endswith("/parts?parts&t=30d")


def test_a_server_that_is_away_is_said_and_found_again(context, served: Served) -> None:
    page = context.new_page()
    page.goto("/")
    page.get_by_label("用户名").wait_for()
    served.stop_desk()
    try:
        sign_in(page, served.member("manager"), PASSWORD)
        page.get_by_role("alert").get_by_text("服务器没有应答").wait_for()
    finally:
        served.start_desk()
    page.get_by_role("button", name="登录").click()
    page.wait_for_selector(SIGNED_IN)


def test_the_cut_line_is_said(page, served: Served) -> None:
    page.goto("/parts?parts")
    page.wait_for_selector(SIGNED_IN)
    page.wait_for_timeout(1_500)  # the first news
    served.stop_desk()
    try:
        page.get_by_text(re.compile(r"连接断开，数字停在 \d\d:\d\d:\d\d")).wait_for()
    finally:
        served.start_desk()
    page.get_by_text(re.compile("连接断开")).wait_for(state="detached", timeout=20_000)


def test_names_stay_text_and_do_not_break_the_frame(context, served: Served, axe) -> None:
    name = "<img src=x onerror=alert(1)>"
    page = context.new_page()
    context.add_cookies([served.cookie(served.member("manager"))])
    page.route("**/v1/me", lambda route: _as(route, name + "长" * 3000))
    page.goto("/parts?parts")
    page.wait_for_selector(SIGNED_IN)
    assert page.evaluate("document.querySelector('header img[src=x]')") is None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    axe(page)


def _as(route, name: str) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "who": name})


def test_keys_search_help_and_skip(page, shot) -> None:
    page.goto("/parts?parts")
    page.wait_for_selector(SIGNED_IN)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("快捷键").first.wait_for()
    shot("keys")
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="搜索").fill("部件")
    page.get_by_role("option", name="部件").wait_for()
    shot("search")
    page.keyboard.press("Enter")
    page.wait_for_url("**/parts")


def test_back_undoes_a_filter_and_the_past_switches_writing_off(page, shot) -> None:
    page.goto("/parts?parts")
    page.wait_for_selector(SIGNED_IN)
    page.get_by_role("button", name=re.compile("^时间")).click()
    page.get_by_text("近30天", exact=True).click()
    page.wait_for_url("**t=30d*")
    shot("time-filter")
    page.go_back()
    page.wait_for_url(lambda url: "t=30d" not in url)
    page.goto("/parts?parts&asof=2026-01-02T08:00")
    page.get_by_text("正在看").wait_for()
    page.get_by_role("button", name="回到现在").first.click()
    page.wait_for_url(lambda url: "asof" not in url)


def test_a_page_that_is_not_there(page) -> None:
    page.goto("/nowhere")
    page.get_by_text("这里没有页面").wait_for()


def test_the_platform_filter_names_those_with_data_first(page) -> None:
    page.goto("/cockpit?t=7d")
    page.locator(".strip-first").wait_for()
    page.get_by_role("button", name="全部平台").click()
    page.get_by_text("有数据", exact=True).wait_for()
    group = page.get_by_role("group", name="平台")
    first = group.locator("div").first.locator("input[type=checkbox]")
    assert first.count() > 1
    first.first.click()  # the URL says what is checked, a moment later
    page.wait_for_url(re.compile(r"[?&]pf=\w+"))
    page.locator("button.multiple[aria-pressed=true]").wait_for()


def test_all_parts_are_shown_and_accessible(page, axe, shot) -> None:
    page.goto("/parts?parts")
    page.get_by_role("heading", name="时间线").wait_for()
    page.locator("figure.chart svg").first.wait_for()
    axe(page)
    shot("parts", full=True)
