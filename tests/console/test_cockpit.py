"""The cockpit as people use it: numbers with evidence, platforms, the table under `t`, notes, what is absent."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from .conftest import Served


def open_cockpit(page: Any, query: str = "t=7d", lang: str = "zh") -> None:
    page.goto(f"/cockpit?{query}")
    page.locator(".strip-first").wait_for(timeout=30_000)  # the first one fills the caches of the desk
    page.locator("figure.chart svg").first.wait_for()
    if lang == "en":
        page.get_by_text("EN", exact=True).click()
        page.locator("html[lang=en]").wait_for(state="attached")


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_reads_in_both_languages_and_is_accessible(
    page: Any, axe: Callable[[Any], None], shot: Callable[..., None], lang: str
) -> None:
    open_cockpit(page, lang=lang)
    axe(page)
    shot(f"cockpit-{lang}", full=True)


def test_a_number_opens_its_evidence_and_back_closes_it(page: Any, served: Served) -> None:
    open_cockpit(page)
    page.locator(".strip-first button.evidence").click()
    page.get_by_role("dialog").wait_for()
    assert re.search(r"ev=metric%3A\w+", page.url)
    page.go_back()
    page.get_by_role("dialog").wait_for(state="detached")


def test_a_change_says_what_it_is_worth_and_opens_the_evidence_of_its_platform(page: Any) -> None:
    open_cockpit(page)
    rows = page.locator("ol.changes > li")
    assert rows.count() > 1
    assert "¥" in rows.first.locator(".change-worth").inner_text()
    metrics = [text.split()[-1] for text in page.locator(".change-what").all_inner_texts()]
    assert max(metrics.count(one) for one in metrics) <= 2
    platform = rows.first.locator(".change-what .disc").get_attribute("title")
    rows.first.locator(".change-acts button.evidence").click()
    page.get_by_role("dialog").get_by_text(f"· {platform}").wait_for()
    page.get_by_role("tab", name="方法").click()
    page.get_by_text("按折成金额的影响从大到小排").wait_for()


def days_of(url: str) -> int:
    """How many days the range of a URL holds; 0 when it is no custom one."""
    found = re.search(r"t=custom%3A(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", url)
    return (date.fromisoformat(found[2]) - date.fromisoformat(found[1])).days + 1 if found else 0


def test_a_range_of_days_is_selected_by_keys_and_by_a_drag(page: Any) -> None:
    open_cockpit(page)
    page.locator(".cockpit-trend [role=group]").first.focus()
    for key in ("Home", "Shift+ArrowRight", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url(lambda url: days_of(url) == 3)
    page.go_back()
    page.wait_for_url(re.compile(r"t=7d"))
    picture = page.locator(".cockpit-trend [role=group] [role=img] svg")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=4)
    page.mouse.up()
    page.wait_for_url(lambda url: 1 < days_of(url) < 7)


def test_a_platform_is_kept_to_by_a_click_and_let_go_by_another(page: Any) -> None:
    open_cockpit(page)
    part = page.locator("button.multiple").first
    part.click()
    page.wait_for_url(re.compile(r"[?&]pf=\w+"))
    page.locator("button.multiple[aria-pressed=true]").click()
    page.wait_for_url(lambda url: "pf=" not in url)


def test_the_key_t_turns_charts_into_tables_with_units_in_the_head(page: Any) -> None:
    open_cockpit(page)
    page.locator("main").press("t")
    heads = page.locator("section[aria-label='趋势'] table thead th").all_inner_texts()
    assert heads[0] == "时间"
    assert all(re.search(r"（.+）", head) for head in heads[1:])
    assert page.locator("section[aria-label='趋势'] tbody tr").count() == 7


def test_a_note_is_written_and_taken_away(page: Any) -> None:
    open_cockpit(page)
    page.get_by_role("button", name="加日期批注").click()
    page.get_by_label("批注，如：大促开始").fill("直播间换主播")
    page.get_by_role("button", name="保存批注").click()
    page.get_by_role("list", name="日期批注").get_by_text("直播间换主播").wait_for()
    page.get_by_role("button", name="删除批注：直播间换主播").click()
    page.get_by_role("list", name="日期批注").get_by_text("直播间换主播").wait_for(state="detached")


def test_a_range_without_data_offers_the_nearest_with_some(page: Any, shot: Callable[..., None]) -> None:
    page.goto("/cockpit?t=custom:2035-01-01..2035-01-07")
    page.get_by_text("最近的数据在").wait_for()
    shot("cockpit-empty")
    page.get_by_role("button", name=re.compile(r"^看")).click()
    page.locator(".strip-first").wait_for()


def test_a_landing_without_a_range_shows_the_newest_days_with_data(page: Any) -> None:
    page.goto("/cockpit")
    page.locator(".strip-first").wait_for()
    # The town of the fixture ends yesterday, so today holds nothing and the newest seven days stand in its place.
    page.wait_for_url(re.compile(r"t=custom"))
    assert page.get_by_text("没有数据").count() == 0
