"""The first-run tour: it says which data this is, goes by keyboard, ends for good, and starts again when asked."""

import re
from pathlib import Path

import pytest

from guanxi.app import tour as tours

from .conftest import SHOTS, Served

FULL = "/cockpit?t=30d"  # a cockpit with figures, whatever came today
#: What the first step says; other tests of this session may have added events of their own to the town.
SAID = {"town": "一座虚构的小镇", "mixed": "眼前混着几份数据"}
SAID_EN = {"town": "an invented town", "mixed": "Several sets of data"}


@pytest.fixture
def newcomer(context, served: Served, request: pytest.FixtureRequest):
    """A page of a member whose tour is not over."""
    name = served.member("operator", name=f"newcomer-{request.node.name[5:30]}")
    served.workspace.control.set_appearance(user(served, name).id, language="zh", theme="light", tour_ms=None)
    context.add_cookies([served.cookie(name)])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page, name
    assert errors == []


def user(served: Served, name: str):
    return next(one for one in served.workspace.control.users() if one.name == name)


def over(served: Served, name: str) -> bool:
    return served.workspace.control.appearance(user(served, name).id).tour_ms is not None


def data(served: Served) -> str:
    return tours.tour(served.workspace, done=False).data


def ends(answer) -> bool:
    return answer.url.endswith("/v1/tour") and answer.request.method == "PUT"


def inside(tour, width: int, height: int) -> None:
    """The card stands inside a window of this size."""
    card = tour.locator(".tour-card").bounding_box()
    assert 0 <= card["x"] <= width - card["width"]
    assert 0 <= card["y"] <= height - card["height"]


def save(page, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def test_it_says_whose_data_this_is_and_goes_by_keyboard(newcomer, served: Served, axe) -> None:
    page, name = newcomer
    page.goto("/")
    tour = page.get_by_role("dialog", name="新手引导")
    tour.wait_for()
    page.goto(FULL)
    tour.get_by_role("heading", name=SAID[data(served)]).wait_for()
    events = sum(served.workspace.reader.counts().values())
    assert f"{events:,} 条事件" in tour.inner_text()
    page.locator("main .cockpit-wide").wait_for()
    axe(page)
    save(page, "tour-1-zh")
    for step, title in enumerate(["先选时间和平台", "每个数字都能点开", "变在哪里", "都在待办", "找东西用"], 2):
        page.keyboard.press("ArrowRight" if step % 2 else "Tab")
        if step % 2 == 0:  # by the button, which Tab reaches
            tour.get_by_role("button", name="下一步").focus()
            page.keyboard.press("Enter")
        tour.get_by_role("heading", name=title).wait_for()
        assert tour.locator(".tour-hole").count() == 1, title
        inside(tour, 1440, 900)
        axe(page)
        save(page, f"tour-{step}-zh")
    page.keyboard.press("ArrowLeft")
    tour.get_by_role("heading", name="都在待办").wait_for()
    page.keyboard.press("ArrowRight")
    with page.expect_response(ends):
        tour.get_by_role("button", name="开始使用").press("Enter")
    tour.wait_for(state="hidden")
    assert over(served, name)


def test_escape_ends_it_for_good_and_the_menu_starts_it_again(newcomer, served: Served) -> None:
    page, name = newcomer
    page.goto(FULL)
    tour = page.get_by_role("dialog", name="新手引导")
    tour.wait_for()
    with page.expect_response(ends):
        page.keyboard.press("Escape")
    tour.wait_for(state="hidden")
    assert over(served, name)
    with page.expect_response(re.compile("/v1/appearance")):
        page.reload()
    page.locator("main .strip").wait_for()
    assert tour.count() == 0
    page.goto("/people")
    page.get_by_role("button", name=name).click()
    page.get_by_role("button", name="看新手引导").click()
    tour.get_by_role("heading", name=SAID[data(served)]).wait_for()
    assert "/cockpit" in page.url
    tour.get_by_role("button", name="跳过").click()
    tour.wait_for(state="hidden")


def test_it_speaks_english_and_fits_a_phone(newcomer, served: Served, axe) -> None:
    page, _ = newcomer
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(FULL)
    page.get_by_role("dialog", name="新手引导").get_by_role("button", name="EN", exact=True).click()
    tour = page.get_by_role("dialog", name="First steps")
    tour.get_by_role("heading", name=SAID_EN[data(served)]).wait_for()
    page.locator("main .cockpit-wide").wait_for()
    for step in range(1, 7):
        inside(tour, 390, 844)
        axe(page)
        save(page, f"tour-{step}-en-390")
        tour.get_by_role("button", name=re.compile("^(Next|Start)$")).click()
    tour.wait_for(state="hidden")


def test_another_page_and_another_person_in_this_browser(newcomer, context, served: Served) -> None:
    page, _ = newcomer
    page.goto("/people")
    page.get_by_role("button", name="重要价值客户").wait_for()
    assert page.get_by_role("dialog").count() == 0, "a link that was sent opens what it names"
    page.get_by_role("link", name="多平台驾驶舱").click()
    tour = page.get_by_role("dialog", name="新手引导")
    tour.get_by_role("button", name="跳过").click()
    tour.wait_for(state="hidden")
    second = served.member("manager", name="next-at-this-desk")
    served.workspace.control.set_appearance(user(served, second).id, language="zh", theme="light", tour_ms=None)
    context.add_cookies([served.cookie(second)])
    page.reload()
    tour.get_by_role("heading", name=SAID[data(served)]).wait_for()
