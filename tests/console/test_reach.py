"""触达: what was sent and what came of it, dead letters tried again, the whole story of one action, taking back."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from guanxi.actions import Ended, Outcome, Outgoing, Pace, Receipt, judge
from guanxi.app.sending import send_once
from guanxi.engines.control import Control
from guanxi.engines.control.runs import Run
from guanxi.engines.log import now_ms
from guanxi.events import event_id

from .conftest import Served, serving_alone

pytestmark = pytest.mark.slow
HOUR = 3_600_000


def row(name: str, **fields: Any) -> Outgoing:
    coupon = fields.get("kind") == "coupon"
    body = (("channel", "sms"), ("content", "补货提醒"), ("purpose", "message"))
    given: dict[str, Any] = {
        "id": event_id("shown", name), "decision": event_id("decided", name), "run": "run-refill",
        "party": f"account:app:u-{name}", "kind": "message", "channel": "coupon" if coupon else "sms",
        "body": (("amount", 500), ("days", 7), ("threshold", 2000)) if coupon else body, "dry": False,
        "not_before_ms": now_ms() - 1, "not_after_ms": now_ms() + 24 * HOUR, **fields,
    }  # fmt: skip
    return Outgoing(**given)


def put(control: Control, *rows: Outgoing) -> None:
    with control.transaction() as connection:
        control.outbox.put_in(connection, rows, now_ms=now_ms())


def attempt(control: Control, outcomes: dict[str, Outcome]) -> None:
    """Try every row that is due, once; a row whose name begins with a word of `outcomes` has that outcome."""
    by_id = {event_id("shown", name): outcome for name, outcome in outcomes.items()}
    ended = []
    for one in control.outbox.take(now_ms=now_ms(), lease_ms=60_000, limit=500):
        outcome = by_id.get(one.row.id, Outcome(kind="accepted", receipt="m-1"))
        verdict = judge(one.row, outcome, now_ms=now_ms(), pace=Pace(attempts=1), tried=one.tried)
        ended.append(Ended(id=one.row.id, attempt=one.row.attempts, outcome=outcome, verdict=verdict))
    control.outbox.record(ended, now_ms=now_ms())


def fill(control: Control) -> None:
    """Ninety messages and forty coupons sent, fourteen given up for two reasons, some that wait, some dry."""
    at = now_ms()
    control.runs.begin(
        Run(
            id="run-refill", policy="refill", hash="0" * 32, mode="auto", state="sending", audience="all", who="zhou",
            known=0, begun_ms=at, at_ms=at, send=True,
        )
    )  # fmt: skip
    put(control, *(row(f"m{n}") for n in range(90)), *(row(f"c{n}", kind="coupon") for n in range(40)))
    put(control, *(row(f"busy{n}") for n in range(9)), *(row(f"lost{n}") for n in range(5)))
    busy, lost = Outcome(kind="busy", text="HTTP 429"), Outcome(kind="timeout", text="no answer within 10 s")
    attempt(control, {**{f"busy{n}": busy for n in range(9)}, **{f"lost{n}": lost for n in range(5)}})
    with control.transaction() as connection:
        told = [
            *((f"m{n}", "delivered") for n in range(80)), *((f"m{n}", "opened") for n in range(26)),
            *((f"m{n}", "failed") for n in range(80, 84)), *((f"c{n}", "redeemed") for n in range(11)),
        ]  # fmt: skip
        receipts = [Receipt(action=event_id("shown", name), at_ms=now_ms(), state=state) for name, state in told]  # type: ignore[arg-type]
        control.receipts.put_in(connection, receipts, now_ms=now_ms())
    later = now_ms() + 6 * HOUR
    put(
        control, *(row(f"later{n}", not_before_ms=later) for n in range(12)),
        *(row(f"ask{n}", state="waiting", approval="a1") for n in range(20)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def served(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """What is sent here is counted: no other module's rows are in it."""
    with serving_alone(tmp_path_factory.mktemp("reach") / "shop") as one:
        yield one


@pytest.fixture(scope="module")
def sent(served) -> Control:
    control = served.workspace.control
    fill(control)
    return control


def test_at_a_glance(served, sent, page, axe, shot) -> None:
    page.goto("/reach")
    glance = page.get_by_label("概况")
    glance.get_by_text("已发出").wait_for()
    glance.get_by_role("button", name="已发出 130").wait_for()
    glance.get_by_role("button", name="没发出去 14").wait_for()
    page.get_by_text("12 条等到点（短信）").wait_for()
    page.get_by_text("20 条等批准（短信）").wait_for()
    page.get_by_role("table", name="从发出到核销").get_by_text("89%").wait_for()
    axe(page)
    shot("reach")
    page.set_viewport_size({"width": 390, "height": 844})
    shot("reach-390")
    page.get_by_role("table", name="明细").scroll_into_view_if_needed()
    shot("reach-390-rows")


def test_in_english_and_dark(served, sent, page, axe, shot) -> None:
    served.show("zhou.ning", language="en", theme="dark")
    page.goto("/reach")
    page.get_by_text("12 wait for their time (SMS)").wait_for()
    page.get_by_text("From sent to redeemed").first.wait_for()
    axe(page)
    shot("reach-en-dark")


def test_the_story_of_one_action(served, sent, page, axe, shot) -> None:
    page.goto(f"/reach?action={event_id('shown', 'm3')}")
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("navigation", name="全程").wait_for()
    assert drawer.get_by_text("对方已接收").first.is_visible()
    drawer.get_by_role("table", name="收到的回执").get_by_text("已打开").wait_for()
    axe(page)
    shot("reach-story")
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    assert "action" not in page.url


def test_filters_are_in_the_url(served, sent, page) -> None:
    page.goto("/reach")
    page.get_by_label("概况").get_by_role("button", name="没发出去 14").click()
    table = page.get_by_role("table", name="明细")
    page.get_by_text("共 14 条").wait_for()
    assert "state=dead" in page.url
    assert table.get_by_text("对方忙").first.is_visible()
    page.goto("/reach?channel=coupon&state=expired")
    page.get_by_text("没有符合条件的触达").wait_for()
    page.get_by_role("button", name="清除筛选").first.click()
    page.get_by_text("补货提醒").first.wait_for()


def test_dead_letters_are_tried_again_by_reason(served, sent, page, shot) -> None:
    page.goto("/reach")
    dead = page.get_by_label("没发出去的", exact=True)
    dead.get_by_role("button", name="重发 9 条", exact=True).click()
    page.get_by_role("status").get_by_text("已安排重发 9 条").wait_for()
    dead.get_by_text("对方一直请求稍后再来").wait_for(state="hidden")
    assert sent.reach.dead(now_ms=now_ms())[0].error == "timeout"
    assert dead.get_by_role("button", name=re.compile("^重发 ")).count() == 0
    dead.get_by_role("button", name="已核对没收到，重发 5 条").click()
    dead.get_by_text("没有发送失败的").wait_for()
    assert sent.operations(limit=1)[0].detail == {"rows": 5, "refused": 0, "uncertain": True}


def test_a_run_is_taken_back_and_says_what_was_too_late(served, sent, page, shot) -> None:
    page.goto("/reach?run=run-refill")
    page.get_by_role("button", name=re.compile("撤回这一批还没发的")).click()
    page.get_by_role("status").get_by_text("已发 130 条收不回").wait_for()
    shot("reach-taken-back")
    page.get_by_text("没有等着发的").wait_for()
    assert sent.outbox.counts(run="run-refill")["withdrawn"] > 0
    assert sent.operations(limit=1)[0].verb == "reach.withdraw"


def test_dry_runs_say_so(served, sent, page, shot) -> None:
    put(sent, *(row(f"dry{n}", dry=True, run="") for n in range(3)))
    with ThreadPoolExecutor(1) as apart:  # the browser's own loop runs in this thread
        apart.submit(send_once, served.workspace).result()
    page.goto("/reach?dry=yes")
    table = page.get_by_role("table", name="明细")
    table.get_by_text("已演练").first.wait_for()
    assert table.get_by_title("演练：只写进文件，没有发给任何人").count() == 3
    shot("reach-dry")


def test_who_may_not_act_sees_no_buttons(served, sent, context) -> None:
    name = served.member("engineer", name="reads.only")
    served.show(name)
    context.clear_cookies()
    context.add_cookies([served.cookie(name)])
    page = context.new_page()
    page.goto("/reach?run=run-refill")
    page.get_by_label("概况").get_by_text("已发出").wait_for()
    assert page.get_by_role("button", name=re.compile("^(撤回|重发|已核对)")).count() == 0
    page.close()


def test_receipts_over_http_are_seen(served, sent, page) -> None:
    key = served.workspace.control.create_key("server").secret
    body = {"receipts": [{"action": event_id("shown", "m85"), "state": "delivered", "at": now_ms()}]}
    answer = page.request.post(
        "/v1/receipts", data=json.dumps(body),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
    )  # fmt: skip
    assert answer.json()["accepted"] == 1
    page.goto(f"/reach?action={event_id('shown', 'm85')}")
    page.get_by_role("dialog").get_by_role("table", name="收到的回执").get_by_text("已送达").wait_for()
