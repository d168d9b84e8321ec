"""Custom kinds (自定义事件): what came undeclared is seen, defined, changed and taken back on the page, with undo."""

import re
import time

import httpx
import pytest

from .conftest import Served

NAME = "Tea Tasted"
PHONE = "13812341234"


@pytest.fixture(scope="module")
def tasted(served: Served) -> str:
    """A key by which events of a kind that nobody defined came, and wait for no more."""
    key = served.workspace.control.create_key("server", label="tea").secret
    for number, score in enumerate([7, 9, 8]):
        taste(served, key, number, score=score, guest="王小芳", phone=PHONE, 茶名="龙井")
    return key


def taste(served: Served, key: str, number: int, **properties: object) -> None:
    body = {
        "type": "track",
        "event": NAME,
        "userId": f"u{number}",
        "messageId": f"tea-{number}",
        "properties": properties,
    }
    answer = httpx.post(f"{served.gate}/v1/track", json=body, auth=(key, ""))
    assert answer.status_code < 300, answer.text
    for _ in range(300):
        if served.workspace.reader.counts().get(NAME, 0) > number:
            return
        time.sleep(0.1)
    raise AssertionError("the event did not arrive")


def defined(served: Served):
    served.workspace.refresh()
    return served.workspace.catalogue.find(NAME)


def test_what_came_undeclared_is_defined_changed_and_taken_back(page, served: Served, tasted: str, axe, shot) -> None:
    page.goto("/data/kinds")
    page.get_by_role("button", name=re.compile(NAME)).click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("收到过 3 条").wait_for()
    seen = drawer.get_by_role("row", name=re.compile("^score"))
    seen.wait_for()
    assert "整数" in seen.inner_text()
    assert PHONE not in drawer.inner_text(), "a phone number is shown in plain text"
    axe(page)
    shot("kind-undefined-zh")
    drawer.get_by_role("button", name="定义这种事件").click()
    drawer.get_by_label("事件名").wait_for()
    assert not drawer.get_by_label("事件名").is_editable()
    drawer.get_by_text(re.compile("名字不合规.*茶名")).wait_for()
    drawer.get_by_role("button", name="保存定义").click()
    drawer.get_by_text("写上中文名。").wait_for()
    drawer.get_by_text("还有 2 处要改").wait_for()
    page.wait_for_function("() => document.activeElement.id === 'kind-zh'")
    axe(page)
    shot("kind-form-wrong-zh")
    drawer.get_by_label("中文名", exact=True).fill("品茶")
    drawer.get_by_label("什么时候出现").fill("客人在店里品了一款茶。")
    drawer.get_by_label(re.compile("^属性 1 的名字")).wait_for()
    row = drawer.get_by_role("row").filter(has=page.locator("input[value=guest]"))
    row.get_by_role("checkbox").check()
    shot("kind-form-zh")
    drawer.get_by_role("button", name="保存定义").click()
    page.get_by_text("已定义「品茶」").wait_for()
    drawer.get_by_text("客人在店里品了一款茶。").wait_for()
    shot("kind-defined-zh")
    kind = defined(served)
    assert (kind.zh, kind.properties["score"].type, kind.properties["guest"].personal) == ("品茶", "integer", True)
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    page.get_by_label("找事件").fill("品茶")
    page.locator("tbody tr[tabindex]").filter(has_text=NAME).press("Enter")

    drawer.get_by_role("button", name="改定义").click()
    drawer.get_by_label("英文名").fill("Tea was tasted")
    drawer.get_by_role("button", name="保存定义").click()
    page.get_by_text("已改「品茶」的定义").wait_for()
    assert defined(served).en == "Tea was tasted"

    drawer.get_by_role("button", name="取消定义").click()
    page.get_by_text("已取消「品茶」的定义，3 条事件都在").wait_for()
    assert defined(served) is None
    page.get_by_role("button", name=re.compile("^撤销")).click()
    page.get_by_text("已撤销").wait_for()
    assert (defined(served).zh, defined(served).en) == ("品茶", "Tea was tasted")
    assert page.get_by_label("找事件").input_value() == "品茶"


def test_a_kind_is_defined_from_nothing_in_english(page, served: Served, axe, shot) -> None:
    served.show("zhou.ning", language="en")
    page.goto("/data/kinds")
    page.get_by_role("button", name="Define a kind").click()
    drawer = page.get_by_role("dialog")
    name = drawer.get_by_label("Event name")
    name.fill("Order Completed")
    drawer.get_by_label("Chinese name", exact=True).fill("看牙")
    drawer.get_by_label("When it occurs").fill("A guest saw the dentist.")
    drawer.get_by_role("button", name="Add a property").click()
    drawer.get_by_label("Name of property 1", exact=True).fill("Which Tooth")
    drawer.get_by_role("button", name="Save the definition").click()
    drawer.get_by_text("The catalogue has this name already").wait_for()
    drawer.get_by_text("Use lower-case letters").wait_for()
    axe(page)
    shot("kind-form-en")
    drawer.get_by_label("Name of property 1", exact=True).fill("which_tooth")
    name.fill("order completed")  # passes here, and is refused by the server, at its field
    drawer.get_by_role("button", name="Save the definition").click()
    drawer.locator("#kind-name-note").get_by_text("◐").wait_for()
    page.keyboard.press("Escape")  # what was typed waits
    drawer.wait_for(state="hidden")
    page.get_by_role("button", name="Define a kind").click()
    assert drawer.get_by_label("Chinese name", exact=True).input_value() == "看牙"
    name.fill("Tooth Seen")
    drawer.get_by_role("button", name="Save the definition").click()
    page.get_by_text("'看牙' is defined").wait_for()
    assert served.workspace.catalogue.find("Order Completed").zh == "订单付清"
    page.get_by_role("button", name=re.compile("^Undo")).click()
    page.get_by_text("Undone").wait_for()
    served.workspace.refresh()
    assert served.workspace.catalogue.find("Tooth Seen") is None


def test_who_may_only_look_defines_nothing(context, served: Served, tasted: str) -> None:
    name = served.member("operator")
    served.show(name)
    context.add_cookies([served.cookie(name)])
    page = context.new_page()
    page.goto("/data/kinds?form=1")
    page.get_by_role("table", name="事件目录").wait_for()
    assert page.get_by_role("button", name="新定义一种事件").count() == 0
    assert page.get_by_role("dialog").count() == 0
