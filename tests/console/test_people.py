"""The page of people (人群): the grid and the segments filter the list, searches stay out of the URL, rights hold."""

import json
import urllib.request

import pytest

from .conftest import Served

PHONE = "13800000000"


def ask(served: Served, path: str, name: str = "zhou.ning"):
    """What the API answers to a member."""
    cookie = served.cookie(name)
    request = urllib.request.Request(served.url + path, headers={"cookie": f"{cookie['name']}={cookie['value']}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def total(page) -> int:
    text = page.get_by_text("共 ").last.inner_text()
    return int(text.removeprefix("共 ").removesuffix(" 条").replace(",", ""))


def test_the_page_says_who_they_are_in_both_languages(page, served: Served, axe, shot) -> None:
    page.goto("/people")
    page.get_by_role("table", name="名单", exact=True).wait_for()
    page.get_by_role("button", name="重要价值客户").wait_for()
    shown = ask(served, "/v1/people?t=30d")
    assert total(page) == shown["total"]
    axe(page)
    shot("people-zh", full=True)
    page.get_by_role("button", name="EN", exact=True).click()
    page.get_by_role("heading", name="Everybody").wait_for()
    axe(page)
    shot("people-en", full=True)


def test_a_segment_filters_the_list_and_back_undoes_it(page, served: Served) -> None:
    segment = max(ask(served, "/v1/people/rfm?t=30d")["segments"], key=lambda one: one["people"])
    everybody = ask(served, "/v1/people?t=30d")["total"]
    page.goto("/people")
    page.get_by_role("button", name=segment["zh"]).click()
    page.get_by_text(f"共 {segment['people']:,} 条").wait_for()
    assert f"seg={segment['id']}" in page.url
    page.go_back()
    page.get_by_text(f"共 {everybody:,} 条").wait_for()


def test_a_cell_of_the_grid_filters_the_list(page, served: Served) -> None:
    cell = max(ask(served, "/v1/people/rfm?t=30d&variant=rule")["cells"], key=lambda one: one["people"])
    page.goto("/people?variant=rule")
    page.get_by_role("button", name=f"R{cell['recency']} F{cell['frequency']}：").click()
    page.get_by_text(f"共 {cell['people']:,} 条").wait_for()
    page.get_by_role("button", name="看全部人").click()
    page.wait_for_url(lambda url: "r=" not in url.split("?")[-1].replace("variant=", ""))


def test_a_label_filters_the_list(page, served: Served) -> None:
    cities = next(one for one in ask(served, "/v1/people/labels?t=30d")["labels"] if one["id"] == "city")
    first = cities["values"][0]
    page.goto("/people")
    bar = page.get_by_role("group", name="城市", exact=True).get_by_role("button", name=first["zh"])
    bar.click()
    page.get_by_text(f"共 {first['people']:,} 条").wait_for()
    assert bar.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="看全部人").click()
    page.wait_for_url(lambda url: "label=" not in url)


def test_a_row_opens_by_the_keyboard_and_sorting_is_said(page, served: Served) -> None:
    page.goto("/people?sort=-orders")
    table = page.get_by_role("table", name="名单", exact=True)
    table.wait_for()
    page.get_by_text("按订单从高到低").wait_for()
    assert table.locator("th[aria-sort='descending']").inner_text().strip() == "订单"
    table.locator("tbody tr[tabindex]").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/account%3A**")
    page.get_by_role("heading", name="时间线").wait_for()


def test_a_phone_number_is_searched_for_outside_the_url(page, served: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/people")
    page.get_by_role("textbox", name="编号、订单号").fill(PHONE)
    page.keyboard.press("Enter")
    page.get_by_text("没有人留过这个值").wait_for()
    assert any(url.endswith("/v1/people/search") for url in asked)
    assert not any(PHONE in url for url in [*asked, page.url])


def test_what_was_typed_stays_when_the_answer_fails_and_is_asked_again(page, served: Served) -> None:
    page.goto("/people")
    box = page.get_by_role("textbox", name="编号、订单号")
    box.fill(PHONE)
    drawn = box.element_handle()
    failed = {"what": "the store is busy", "mend": "Ask again"}
    page.route("**/v1/people/search", lambda route: route.fulfill(status=500, json=failed))
    page.keyboard.press("Enter")
    page.get_by_role("region", name="名单").get_by_role("alert").wait_for()
    assert drawn.evaluate("box => box.isConnected && box.value") == PHONE
    page.unroute("**/v1/people/search")
    box.press("Enter")
    page.get_by_text("没有人留过这个值").wait_for()
    assert drawn.evaluate("box => box.isConnected && box.value") == PHONE
    page.get_by_role("button", name="清除搜索").click()
    page.get_by_role("table", name="名单", exact=True).locator("tbody tr[tabindex]").nth(1).wait_for()
    assert box.input_value() == ""


def test_an_id_finds_its_person(page, served: Served) -> None:
    ref = ask(served, "/v1/people?t=30d")["rows"][3]["ref"]
    page.goto("/people")
    page.get_by_role("textbox", name="编号、订单号").fill(ref)
    page.keyboard.press("Enter")
    page.get_by_text("共 1 条").wait_for()


def test_who_may_not_see_people_sees_totals(context, served: Served, axe) -> None:
    context.add_cookies([served.cookie(served.member("wall"))])
    page = context.new_page()
    page.goto("/people")
    page.get_by_text("看不到个人").wait_for()
    page.get_by_role("button", name="重要价值客户").wait_for()
    assert page.get_by_role("table", name="名单", exact=True).count() == 0
    axe(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_cut_off_sideways(page, width: int, shot) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/people")
    page.get_by_role("table", name="名单", exact=True).wait_for()
    shot(f"people-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width + (0 if width > 400 else 600)
