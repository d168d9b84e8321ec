"""Traits on the page of one person: what stands out, where it stands among all people, and what is held back."""

import base64
import json
import re
import urllib.parse
import urllib.request
from datetime import datetime, timedelta

import pytest

from guanxi.app.trait_ranks import FOLDER, make_ranks
from guanxi.core import SHANGHAI

from .conftest import Served

RICH, SHY = "account:app:rich", "account:app:shy"
VIEWS = "近7天的浏览商品次数"


@pytest.fixture(scope="module")
def ranked(served: Served) -> None:
    """One who looks and buys more than anybody, one who does not allow analysis; then the ranks of the day."""
    noon = datetime.now(SHANGHAI).replace(hour=12, minute=0, second=0, microsecond=0)
    views = [
        {"type": "track", "event": "Product Viewed", "userId": "rich", "messageId": f"rich-{day}-{n}",
         "timestamp": (noon - timedelta(days=day, minutes=n)).isoformat(), "properties": {"product_id": f"p-{n}"}}
        for day in (1, 2, 3, 4) for n in range(60)
    ]  # fmt: skip
    orders = [
        {"type": "track", "event": event, "userId": who, "messageId": f"{who}-{event}",
         "timestamp": (noon - timedelta(days=2)).isoformat(), "properties": {"order_id": f"T-{who}", "total": 99_999}}
        for who in ("rich", "shy") for event in ("Order Created", "Order Completed")
    ]  # fmt: skip
    refusal = {"type": "track", "event": "Consent Withdrawn", "userId": "shy", "messageId": "shy-no",
               "timestamp": (noon - timedelta(days=1)).isoformat(), "properties": {"purpose": "analyse"}}  # fmt: skip
    key = served.workspace.control.create_key("server").secret
    request = urllib.request.Request(
        served.gate + "/v1/import", data=json.dumps({"batch": [*views, *orders, refusal]}).encode(),
        headers={"content-type": "application/json",
                 "authorization": f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
    served.workspace.reopen()
    make_ranks(served.workspace)


def part(page, ref: str, query: str = ""):
    """Open a person's page; return its part about traits."""
    page.goto(f"/people/{urllib.parse.quote(ref, safe='')}{query}")
    return page.get_by_role("region", name="特征")


def test_what_stands_out_and_where(page, ranked: None, axe, shot) -> None:
    traits = part(page, RICH)
    row = traits.get_by_role("listitem").filter(has_text=VIEWS)
    row.get_by_text("240", exact=True).wait_for()
    row.get_by_text(re.compile(r"人中最高$|^高于 99\.\d% 的人$")).wait_for()
    traits.get_by_text(re.compile(r"名次截至 .*在 [\d,]+ 人中")).wait_for()
    traits.get_by_text("个敏感特征").wait_for()
    assert traits.get_by_role("listitem").count() <= 18
    axe(page)
    shot("person-traits-zh", full=True)
    link = row.get_by_role("link", name=VIEWS)
    assert (
        link.get_attribute("href") == f"/traits/person.product_views.count.7d?ref={urllib.parse.quote(RICH, safe='')}"
    )
    page.get_by_role("button", name="EN", exact=True).click()
    page.get_by_role("region", name="Traits").get_by_text(re.compile("^Ranks as of")).wait_for()
    axe(page)
    shot("person-traits-en", full=True)


def test_all_of_them_by_keyboard(page, ranked: None, axe, shot) -> None:
    traits = part(page, RICH)
    more = traits.get_by_role("button", name=re.compile(r"^全部 \d+ 个特征$"))
    more.wait_for()
    few = traits.get_by_role("listitem").count()
    more.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**traits=all**")
    rare = traits.get_by_role("checkbox", name=re.compile("^也显示"))
    rare.wait_for()
    most = traits.get_by_role("listitem").count()
    assert most > few
    rare.focus()
    page.keyboard.press("Space")
    traits.get_by_text("未知", exact=True).first.wait_for()
    traits.get_by_text(re.compile("（都为 0）")).first.wait_for()
    assert traits.get_by_role("listitem").count() > most
    axe(page)
    shot("person-traits-all", full=True)
    traits.get_by_role("button", name="只看突出的").click()
    rare.wait_for(state="detached")
    assert "traits=" not in page.url


def test_search_inside(page, ranked: None) -> None:
    traits = part(page, RICH)
    search = traits.get_by_role("textbox", name="在特征中找")
    search.fill("浏览商品 近7天")
    traits.get_by_role("listitem").filter(has_text=VIEWS).wait_for()
    assert all("浏览商品" in text for text in traits.get_by_role("listitem").all_inner_texts())
    assert "浏览" not in urllib.parse.unquote(page.url)  # free text never enters the address
    search.fill("没有这样的词")
    traits.get_by_text("没有含「没有这样的词」的特征。").wait_for()
    traits.get_by_role("button", name="清除", exact=True).click()
    traits.get_by_role("button", name=re.compile(r"^全部 \d+ 个特征$")).wait_for()


def test_the_moment_travels_to_the_trait(page, ranked: None) -> None:
    asof = (datetime.now(SHANGHAI) + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M")
    traits = part(page, RICH, f"?asof={asof}")
    link = traits.get_by_role("link", name=VIEWS)
    link.wait_for()
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(link.get_attribute("href") or "").query) == {
        "ref": [RICH], "asof": [asof],
    }  # fmt: skip


def test_without_ranks_there_are_values(page, served: Served, ranked: None, shot) -> None:
    folder = served.folder / FOLDER
    aside = folder.rename(folder.with_name("aside"))
    try:
        traits = part(page, RICH)
        traits.get_by_text("还没有名次：运行中的服务每天午夜后算一次。").wait_for()
        traits.get_by_role("listitem").filter(has_text=VIEWS).get_by_text("240", exact=True).wait_for()
        assert traits.get_by_text("的人").count() == 0
        shot("person-traits-unranked")
    finally:
        aside.rename(folder)


def test_sensitive_ones_need_a_purpose_and_are_logged(page, served: Served, ranked: None, axe) -> None:
    traits = part(page, RICH, "?traits=all")
    traits.get_by_role("button", name="说明用途后查看").click()
    dialog = page.get_by_role("dialog", name=re.compile(r"^查看 \d+ 个敏感特征$"))
    look = dialog.get_by_role("button", name="查看并记录")
    assert look.is_disabled()
    axe(page)
    dialog.get_by_role("radio", name="风险核验").check()
    look.click()
    dialog.wait_for(state="detached")
    traits.get_by_text("个敏感特征").wait_for(state="detached")
    traits.get_by_role("textbox", name="在特征中找").fill("地址")
    traits.get_by_role("listitem").filter(has_text="收货地址").first.wait_for()
    logged = served.workspace.control.operations(verb="reveal traits")
    assert [one.detail["purpose"] for one in logged] == ["风险核验"]


def test_who_does_not_allow_profiles_has_none(page, ranked: None, axe, shot) -> None:
    traits = part(page, SHY)
    traits.get_by_text(re.compile(r"此人不同意用于分析或个性化，\d+ 个画像特征不读取")).wait_for()
    assert traits.get_by_role("listitem").count() == 0
    assert traits.get_by_text("名次截至").count() == 0
    axe(page)
    shot("person-traits-withheld")


def test_waiting_and_failing_leave_the_page_alive(page, ranked: None, axe) -> None:
    held = []  # the first question waits until the page was seen to wait for it

    def answer(route) -> None:
        route.continue_() if held else held.append(route)

    page.route(re.compile("/traits\\?"), answer)
    traits = part(page, RICH)
    traits.get_by_text("正在读取此人的历史").wait_for(state="attached")
    body = '{"what": "the lake is being rewritten", "mend": "Try again"}'
    held[0].fulfill(status=500, body=body, content_type="application/json")
    again = traits.get_by_role("button", name="再试一次")
    again.wait_for()
    page.get_by_role("heading", name="时间线").wait_for()
    axe(page)
    again.click()
    traits.get_by_role("listitem").filter(has_text=VIEWS).wait_for()
