"""How the console looks and is used: the dark theme, a phone, the wall, and the main tasks by the keyboard alone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Served

MENU = "nav[aria-label='主菜单']"
PHONE, WALL = {"width": 390, "height": 844}, {"width": 1920, "height": 1080}
#: Texts on the screen that are smaller than so many pixels, with their sizes.
SMALL = """(least) => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.data.trim(), box = walk.currentNode.parentElement;
    const { width, height } = box.getBoundingClientRect(), style = getComputedStyle(box);
    if (!text || width < 2 || height < 2 || style.visibility === 'hidden' || style.clipPath !== 'none') continue;
    if (parseFloat(style.fontSize) < least) found.push(`${text} ${style.fontSize}`);
  }
  return found;
}"""


def settled(page: Any) -> None:
    """Wait until nothing is being read any more."""
    from playwright.sync_api import expect

    page.locator("main").wait_for()
    expect(page.locator("main [aria-busy=true], main .ant-skeleton")).to_have_count(0, timeout=30_000)
    page.locator("main *:visible").first.wait_for()


def menu(page: Any) -> list[str]:
    """The paths of the menu."""
    page.locator(f"{MENU} a").first.wait_for()
    paths = [link.get_attribute("href") for link in page.locator(f"{MENU} a").all()]
    assert len(paths) > 15
    return paths


def test_every_page_is_accessible_in_the_dark(page, served: Served, axe, shot) -> None:
    served.show("zhou.ning", theme="dark")
    page.goto("/cockpit?t=7d")
    page.locator("html[data-mode=dark]").wait_for()
    for path in menu(page):
        page.locator(f"{MENU} a[href='{path}']").click()
        page.locator(f"{MENU} a.active[href='{path}']").wait_for()
        settled(page)
        assert page.evaluate("document.documentElement.dataset.mode") == "dark"
        axe(page)
        shot(f"dark-{path.strip('/').replace('/', '-')}")


def test_a_person_is_accessible_in_the_dark(page, served: Served, axe, shot) -> None:
    served.show("zhou.ning", theme="dark")
    page.goto("/people")
    page.get_by_role("table", name="名单", exact=True).locator("tbody tr[tabindex]").first.click()
    page.get_by_role("heading", name="时间线").wait_for()
    settled(page)
    axe(page)
    shot("dark-person")


def test_every_page_fits_a_phone_and_the_menu_reaches_all(page, shot) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/cockpit?t=7d")
    for path in menu(page):
        link = page.locator(f"{MENU} a[href='{path}']")
        link.scroll_into_view_if_needed()
        link.click()
        page.locator(f"{MENU} a.active[href='{path}']").wait_for()
        settled(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], f"{path} is {wide} px wide"
        shot(f"390-{path.strip('/').replace('/', '-')}")


def test_a_person_and_the_evidence_fit_a_phone(page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/people")
    page.get_by_role("table", name="名单", exact=True).locator("tbody tr[tabindex]").first.click()
    page.get_by_role("heading", name="时间线").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.goto("/cockpit?t=7d&ev=metric:gmv_paid")
    page.get_by_role("dialog").get_by_role("tab").first.wait_for()
    box = page.locator(".ant-drawer-section, .ant-drawer-content").first.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]


@pytest.fixture
def wall(browser, served: Served) -> Iterator[Any]:
    """The screen of a member who only looks, as it opens."""
    name = served.member("wall")
    served.show(name)
    context = browser.new_context(viewport=WALL, locale="zh-CN", timezone_id="Asia/Shanghai", base_url=served.url)
    context.set_default_timeout(30_000)
    context.add_cookies([served.cookie(name)])
    page = context.new_page()
    page.goto("/")
    yield page
    context.close()


def test_the_wall_is_read_from_afar_and_needs_no_hand(wall, axe) -> None:
    wall.locator(".strip-first").wait_for()
    settled(wall)
    assert wall.evaluate("document.documentElement.dataset.mode") == "dark"
    assert wall.locator(f"{MENU}, .topbar").count() == 0
    assert wall.evaluate(SMALL, 20) == []
    number = wall.locator(".strip-first button.evidence")
    assert number.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)") >= 64
    assert wall.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        WALL["width"], WALL["height"],
    ]  # fmt: skip
    wall.locator(".wall-corner time").get_by_text(re.compile(r"\d\d:\d\d")).wait_for()
    axe(wall)


def test_the_wall_says_large_that_its_numbers_stand_still(wall, served: Served) -> None:
    wall.locator(".strip-first").wait_for()
    served.stop_desk()
    try:
        said = wall.get_by_text(re.compile(r"连接断开，数字停在 \d\d:\d\d:\d\d")).first
        said.wait_for()
        assert said.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)") >= 32
    finally:
        served.start_desk()
    said.wait_for(state="detached")


# By the keyboard alone.


def tab_to(page: Any, what: str) -> None:
    """Press Tab until the focus is on what a selector names; fail when it is not reached."""
    for _ in range(120):
        if page.evaluate("(what) => Boolean(document.activeElement?.matches(what))", what):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{what} is not reached by Tab")


def test_by_keys_a_range_is_changed_and_evidence_opened_and_closed(page) -> None:
    page.goto("/cockpit?t=7d")
    page.locator(".strip-first").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past the menu
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.innerText.startsWith('时间')"):
            break
    page.keyboard.press("Enter")
    page.locator("label", has_text="近30天").wait_for()
    tab_to(page, "input[type=radio]:checked")
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**t=30d*")
    page.keyboard.press("Escape")
    page.locator(".strip-first").wait_for()
    page.locator("main").focus()
    tab_to(page, ".strip-first button.evidence")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("tab").first.wait_for()
    page.wait_for_url("**ev=*")
    page.keyboard.press("Tab")
    assert page.evaluate("Boolean(document.activeElement.closest('.ant-drawer'))"), "the focus is not in the drawer"
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    page.wait_for_url(lambda url: "ev=" not in url)
    page.locator("button.evidence:focus").wait_for()  # the focus comes back


def test_by_keys_a_person_is_found_opened_and_left(page) -> None:
    page.goto("/cockpit?t=7d")
    page.locator(".strip-first").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/people**")
    page.get_by_role("table", name="名单", exact=True).locator("tbody tr[tabindex]").first.wait_for()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.matches('form[role=search] input')")
    page.keyboard.type("account:")
    page.keyboard.press("Enter")
    page.get_by_text(re.compile(r"共 \d")).last.wait_for()
    tab_to(page, "tbody tr[tabindex]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/account%3A**")
    page.get_by_role("heading", name="时间线").wait_for()
    page.locator("body").press("Tab")
    tab_to(page, ".crumbs a")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/people(\?|$)"))
    page.get_by_role("table", name="名单", exact=True).wait_for()


def test_by_keys_a_file_is_brought_and_tried(page) -> None:
    page.goto("/cockpit?t=7d")
    page.locator(".strip-first").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/data/import")
    page.get_by_role("button", name="选文件").wait_for()
    page.locator("main:focus").wait_for()  # where a new page begins
    tab_to(page, "main button.ant-btn-primary")
    page.locator("button:focus", has_text="选文件").wait_for()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    # headers of its own: a mapping that another test kept would know those of test_data
    text = "单号,下单时间,实付金额,会员名\n" + "".join(f"K{row},2026-01-02 10:00:00,19.90,k{row}\n" for row in range(4))
    chooser.value.set_files({"name": "keys.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_text("没有认出这个文件").wait_for()
    save = page.get_by_role("button", name="保存并试运行")
    save.wait_for()
    page.locator("main").focus()
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText === '保存并试运行'"):
            break
    page.keyboard.press("Enter")
    page.get_by_text(re.compile("4 行会变成 .* 条事件")).wait_for()
    page.locator("main").focus()
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText === '不导入，删除文件'"):
            break
    page.keyboard.press("Enter")
    page.get_by_text("已删除 keys.csv").wait_for()
