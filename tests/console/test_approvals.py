"""审批 and 待办: what waits is seen, decided by keyboard, taken back; each person sees what is theirs."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from guanxi.actions import Outgoing
from guanxi.app import approving
from guanxi.core import Estimate
from guanxi.decisions import Approval, ApprovalDetail, ApprovalFinal, ApprovalLimit, ApprovalOffer, proposed
from guanxi.engines.control.decision_tables import runs
from guanxi.engines.log import now_ms
from guanxi.events import event_id
from guanxi.ledger import ISSUER, LARGEST, Account, Move, Reserve, opaque_id

from .conftest import Served, serving_alone

HOUR = 3_600_000
SECRET = b"console tests of approvals 32 by"
SOURCE, BUDGET = opaque_id(SECRET, "source"), opaque_id(SECRET, "budget")
CAP = 1_000_000


def propose(served: Served, title: str, *, people: int = 40, each: int = 500, who: str = "lin.yue") -> Approval:
    """Let a run over people of the town wait for approval: reservations and rows of the outbox as a run writes them."""
    control, now, run = served.workspace.control, now_ms(), event_id("run", title, str(now_ms()))
    cost, names = people * each, [f"account:app:u-{place}" for place in range(min(people, 40))]
    approval = proposed(
        kind="run", object=run, title_zh=title, title_en=f"Play: {title}", who=who, people=people, cost=cost,
        now_ms=now, rules=approving.rules_of(served.workspace.settings),
        detail=ApprovalDetail(
            offers=(
                ApprovalOffer(id="m1", zh="补货提醒", en="Refill reminder", kind="message", people=people - people // 4,
                              channel="wechat", content="refill_reminder"),
                ApprovalOffer(id="c5", zh="提醒加满 30 减 5 券", en="Reminder and 5 off 30", kind="coupon",
                              channel="app", people=people // 4, cost=cost),
            ),
            audience_zh="分群「护肤快用完」", audience_en="Segment: runs out of skin care", asked=people + people // 3,
            from_ms=now + HOUR, to_ms=now + 30 * HOUR, arms={"treated": people, "holdout": people // 10},
            refused={"consent:message": people // 8, "limit:weekly_contacts": people // 20}, channels=("wechat", "app"),
            limits=(
                ApprovalLimit(name="play_budget", zh="玩法预算", en="Budget of the play", unit="fen", cap=CAP, used=0,
                              reserved=0, asked=cost, account=BUDGET),
                ApprovalLimit(name="weekly_contacts", zh="每人每周触达", en="Contacts a person a week", unit="contacts",
                              cap=2, used=1, reserved=0, asked=1, accounts=people, full=people // 5),
            ),
            forecast=Estimate(value=people * 3.1, low=people * 1.9, high=people * 4.4, level=0.9, unit="yuan", n=2_400,
                              method="replay"),
            final=(ApprovalFinal(zh="已经发出的消息和券收不回来；没发出的可以撤回。",
                                 en="What was sent cannot be called back; what was not sent can."),),
            policy="refill", version=3, hash="0" * 32,
        ),
    )  # fmt: skip
    with control.transaction() as connection:
        connection.execute(insert(runs).values(
            id=run, policy="refill", hash="0" * 32, mode="propose", state="waiting", audience="all", who=who, known=0,
            begun_ms=now, at_ms=now, send=1, counts="{}",
        ))  # fmt: skip
        control.ledger.ensure_in(connection, [
            Account(id=SOURCE, unit="fen", kind=ISSUER, floor=-LARGEST),
            Account(id=BUDGET, unit="fen", kind="used", cap=CAP),
        ], now_ms=now)  # fmt: skip
        holds = [opaque_id(SECRET, f"{run} {name}") for name in names]
        control.ledger.post_in(connection, [
            Reserve(hold, (Move(SOURCE, BUDGET, "fen", cost // len(names)),), now + 200 * HOUR) for hold in holds
        ], now_ms=now)  # fmt: skip
        control.outbox.put_in(connection, [
            Outgoing(
                id=event_id("action", run, name), decision=event_id("decision", run, name), run=run, party=name,
                kind="message", channel="wechat", state="waiting", dry=False, approval=approval.id, hold=hold,
                not_before_ms=now, not_after_ms=now + 30 * HOUR,
                body=(("channel", "wechat"), ("content", "refill"), ("purpose", "message")),
            )
            for name, hold in zip(names, holds, strict=True)
        ], now_ms=now)  # fmt: skip
        approving.open_in(served.workspace, connection, approval, now_ms=now)
    return approval


@pytest.fixture(scope="module")
def served(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """What waits here waits for these tests alone."""
    with serving_alone(tmp_path_factory.mktemp("approvals") / "shop") as one:
        yield one


@pytest.fixture
def queue(served: Served) -> Iterator[list[Approval]]:
    """Three proposals: one for a single person, one that needs two, and one that this member proposed."""
    made = [
        propose(served, "护肤补货提醒"),
        propose(served, "双旦老客回访", people=1_204, each=400),
        propose(served, "沉睡客唤醒", who="zhou.ning"),
    ]
    yield made
    control = served.workspace.control
    for one in made:
        if control.approvals.get(one.id).state == "open":
            approving.withdraw(control, one.id, who=one.who, now_ms=now_ms())


def state(served: Served, approval: Approval) -> str:
    return served.workspace.control.approvals.get(approval.id).state


def counts(served: Served, approval: Approval) -> dict[str, int]:
    found = served.workspace.control.outbox.counts(run=approval.object)
    return {name: count for name, count in found.items() if count}


def test_one_key_approves_and_u_takes_back(page, served: Served, queue: list[Approval]) -> None:
    page.goto(f"/approvals?id={queue[0].id}")
    page.get_by_role("heading", name="护肤补货提醒").wait_for()
    page.get_by_role("button", name="批准，发给 40 人").wait_for()
    page.get_by_role("meter").first.wait_for()
    page.keyboard.press("1")
    page.get_by_text("已批准，40 条可以发出").wait_for()
    assert (state(served, queue[0]), counts(served, queue[0])) == ("approved", {"ready": 40})
    page.get_by_role("button", name="撤销，收回没发出的").wait_for()
    page.keyboard.press("u")
    page.get_by_text("已发 0 条，撤回 40 条").wait_for()
    assert (state(served, queue[0]), counts(served, queue[0])) == ("undone", {"withdrawn": 40})


def test_a_refusal_asks_why(page, axe, shot, served: Served, queue: list[Approval]) -> None:
    page.goto(f"/approvals?id={queue[0].id}")
    page.get_by_role("button", name="批准，发给 40 人").wait_for()
    page.keyboard.press("2")
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_role("button", name="驳回，收回 40 条").is_disabled()
    axe(page)
    shot("approvals-refuse")
    dialog.get_by_label("为什么").fill("1 先问客服")  # keys that are typed decide nothing
    page.keyboard.press("Enter")
    page.get_by_text("已驳回，收回 40 条").wait_for()
    found = served.workspace.control.approvals.get(queue[0].id)
    assert (found.state, found.reason, found.ended_by) == ("refused", "1 先问客服", "zhou.ning")
    page.get_by_text("原因：1 先问客服").wait_for()
    page.get_by_text("已有结果").click()
    page.get_by_role("navigation", name="审批清单").get_by_role("button", name="护肤补货提醒").first.click()
    page.get_by_text("已驳回").first.wait_for()
    axe(page)
    shot("approvals-ended")


def test_a_second_person_is_needed(page, context, served: Served, queue: list[Approval], shot) -> None:
    page.goto(f"/approvals?id={queue[1].id}")
    page.get_by_role("button", name="批准（还要第二人）").click()
    page.get_by_text("你已批准，还差 1 位别的人。").wait_for()
    shot("approvals-voted")
    page.keyboard.press("1")  # does nothing: the other vote has to come from somebody else
    assert [one.who for one in served.workspace.control.approvals.votes(queue[1].id)] == ["zhou.ning"]
    he = served.member("manager", name="he.ming")
    served.show(he)
    context.clear_cookies()
    context.add_cookies([served.cookie(he)])
    page.goto("/todo")
    page.get_by_text("等第二人批准：双旦老客回访").wait_for()
    page.get_by_role("link", name="去批：等第二人批准：双旦老客回访").click()
    page.get_by_role("button", name="批准，发给 1,204 人（你是第二人）").wait_for()
    page.keyboard.press("1")
    page.get_by_text("已批准，40 条可以发出").wait_for()
    assert state(served, queue[1]) == "approved"


def test_ones_own_proposal_is_for_others(page, served: Served, queue: list[Approval], shot) -> None:
    page.goto(f"/approvals?id={queue[2].id}")
    page.get_by_text("自己提的，由别人批。").wait_for()
    assert page.get_by_role("button", name="批准").count() == 0
    shot("approvals-own")
    page.keyboard.press("1")
    page.get_by_role("button", name="撤回提议").click()
    page.get_by_text("已撤回提议，收回 40 条").wait_for()
    assert state(served, queue[2]) == "withdrawn"


def test_the_queue_by_keyboard(page, served: Served, queue: list[Approval]) -> None:
    page.goto("/approvals")
    rows = page.get_by_role("navigation", name="审批清单").get_by_role("listitem")
    rows.nth(2).wait_for()
    titles = [rows.nth(place).locator(".approvals-title").inner_text() for place in range(3)]
    assert titles[2] == "沉睡客唤醒"  # what is mine to decide comes first
    for key, place in (("j", 1), ("j", 2), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        page.get_by_role("heading", name=titles[place], level=2).wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("下一项，上一项").wait_for()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pages_are_accessible(page, axe, shot, served: Served, queue: list[Approval], lang: str) -> None:
    served.show("zhou.ning", language=lang)
    page.goto(f"/approvals?id={queue[1].id}")
    page.get_by_role("meter").first.wait_for()
    axe(page)
    shot(f"approvals-{lang}", full=True)
    page.goto("/todo")
    page.get_by_role("list", name="待办清单" if lang == "zh" else "To-do list").wait_for()
    axe(page)
    shot(f"todo-{lang}")
    if lang == "en":
        return
    page.get_by_role("button", name="待办").click()
    page.get_by_text("看全部").wait_for()
    shot("todo-badge")
    served.show("zhou.ning", theme="dark")
    page.goto(f"/approvals?id={queue[0].id}")
    page.get_by_role("meter").first.wait_for()
    axe(page)
    shot("approvals-dark")


def test_on_a_phone(page, axe, shot, queue: list[Approval]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/approvals")
    page.get_by_role("button", name="护肤补货提醒").wait_for()
    shot("approvals-390-list", full=True)
    page.get_by_role("button", name="护肤补货提醒").click()
    page.get_by_role("button", name="批准，发给 40 人").wait_for()
    axe(page)
    shot("approvals-390", full=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="回到清单").click()
    page.get_by_role("button", name="双旦老客回访").wait_for()
    page.goto("/todo")
    page.get_by_role("list", name="待办清单").wait_for()
    shot("todo-390", full=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_nothing_waits(page, axe, shot, served: Served) -> None:
    page.goto("/approvals")
    page.get_by_text("没有等你处理的事。").or_(page.get_by_text("没有等待批准的事。")).first.wait_for()
    axe(page)
    shot("approvals-none")


def test_who_may_not_approve_sees_and_cannot(page, context, served: Served, queue: list[Approval]) -> None:
    name = served.member("analyst", name="chen.an")
    served.show(name)
    context.clear_cookies()
    context.add_cookies([served.cookie(name)])
    page.goto(f"/approvals?id={queue[0].id}")
    page.get_by_text("你可以看，不能批。").wait_for()
    page.keyboard.press("1")
    assert page.get_by_role("button", name="批准").count() == 0
    assert state(served, queue[0]) == "open"
    page.goto("/todo")
    page.locator("main").get_by_text("没有等你处理的事").or_(page.get_by_role("list", name="待办清单")).first.wait_for()
    assert page.get_by_text("等批准").count() == 0
