"""The pages of the ledger: accounts and points, and the chain of evidence."""

import json
from collections.abc import Iterator

import pytest

from guanxi.app import Workspace, bank, bank_rewards
from guanxi.app.importing import Taker
from guanxi.core import DAY_MS
from guanxi.engines.log import now_ms
from guanxi.events import Event
from guanxi.ledger import Account, Move, Reserve, Transfer, opaque_id

from .conftest import Served, serving

NOW = now_ms()
PEOPLE = 40


def check_in(person: int, days_ago: int) -> Event:
    at = NOW - days_ago * DAY_MS
    return Event(id=f"{person * 1_000 + days_ago:032x}", kind="Checked In", at_ms=at, received_ms=at, live=True,
                 roles={"actor": f"account:app:u-{person:04d}"})  # fmt: skip


def fill(workspace: Workspace) -> None:
    """People who check in, some who take rewards, a budget of which part is reserved."""
    bank.open_bank(workspace, since="2020-01-01")
    with Taker(workspace, doing="test") as taker:
        taker.append([check_in(n, days) for n in range(PEOPLE) for days in range(min(60, 2 + 3 * n), 0, -1)])
    bank.follow(workspace, now_ms=NOW - 1)
    for n in (20, 21, 22, 30):
        person, hold = f"account:app:u-{n:04d}", n == 30
        bank_rewards.redeem(workspace, person, "course_discount", key=f"k{n}", now_ms=NOW, hold=hold)
    treasury, budget, spent, a, b, c = (opaque_id(b"0123456789abcdef", name) for name in "tbsxyz")
    ledger = workspace.control.ledger
    ledger.open_many([
        Account(id=treasury, unit="fen", kind="issuer", floor=-(10**12)), Account(id=budget, unit="fen", kind="budget"),
        Account(id=spent, unit="fen", kind="used", cap=500_000),
    ])  # fmt: skip
    ledger.post(Transfer(a, (Move(treasury, budget, "fen", 1_000_000),), "grant"), now_ms=NOW)
    ledger.post(Transfer(c, (Move(budget, spent, "fen", 320_000),), "spend"), now_ms=NOW)
    ledger.post(Reserve(b[::-1], (Move(budget, spent, "fen", 90_000),), NOW + DAY_MS), now_ms=NOW)


@pytest.fixture(scope="module")
def served(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A workspace with a bank that was used."""
    made, _ = Workspace.create(tmp_path_factory.mktemp("ledger") / "shop")
    with made:
        fill(made)
    with serving(made.folder) as one:
        yield one


@pytest.fixture(scope="module")
def empty(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A workspace whose ledger has nothing."""
    made, _ = Workspace.create(tmp_path_factory.mktemp("empty") / "shop")
    made.close()
    with serving(made.folder) as one:
        yield one


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_both_pages_are_accessible(page, axe, shot, served: Served, lang: str) -> None:
    served.show("zhou.ning", language=lang)
    says = {"ledger": {"zh": "奖励库存", "en": "Rewards in stock"}, "evidence": {"zh": "校验", "en": "Check"}}
    for path, words in says.items():
        page.goto(f"/{path}")
        page.get_by_text(words[lang], exact=True).first.wait_for()
        page.locator("main table tbody tr, main .ledger-steps").first.wait_for()
        axe(page)
        shot(f"{path}-{lang}")
        shot(f"{path}-{lang}-full", full=True)


def test_an_account_with_its_lots_and_entries_leads_to_a_proof(page, axe, shot) -> None:
    page.goto("/ledger?unit=coins&kind=member")
    page.get_by_text("签到 +10 知识币").wait_for()
    page.get_by_role("button", name="知识币 · 个人账户").first.click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("heading", name="批次（先到期的先用）").wait_for()
    drawer.get_by_role("cell", name="赚取").first.wait_for()
    shot("ledger-account")
    axe(page)
    drawer.get_by_role("region", name="流水").get_by_role("link").first.click()
    page.get_by_text("浏览器已从这条分录重算到树根，一致。").wait_for()
    assert "/evidence?entry=" in page.url
    shot("evidence-proof", full=True)


def test_limits_are_bars_and_the_filter_stands_in_the_address(page, shot) -> None:
    page.goto("/ledger?unit=fen&kind=used")
    bar = page.get_by_role("table", name="账户").get_by_role("meter")
    bar.wait_for()
    assert bar.get_attribute("aria-valuetext") == "已用 ¥3,200，预留 ¥900，上限 ¥5,000"
    shot("ledger-limits")
    page.goto("/ledger?unit=fen&kind=nothing")
    page.get_by_text("没有这样的账户。").wait_for()
    page.get_by_role("button", name="看全部账户").click()
    page.get_by_role("table", name="账户").get_by_role("row").nth(5).wait_for()


def test_the_past_shows_what_stood_then(page, shot) -> None:
    page.goto("/ledger?asof=2021-01-01T00:00&unit=coins&kind=member")
    page.get_by_role("table", name="账户").get_by_role("row").nth(1).get_by_role(
        "cell", name="0", exact=True
    ).first.wait_for()
    page.get_by_text("这段时间没有").wait_for()
    shot("ledger-past")


def test_checked_signed_compared_and_exported(page, served: Served, axe, shot) -> None:
    page.goto("/evidence")
    page.get_by_text("还没有签名。").wait_for()
    page.get_by_role("button", name="签名当前账本").click()
    page.get_by_text("全部已签名").wait_for()
    page.get_by_role("button", name="校验").click()
    page.get_by_text("校验通过").wait_for()
    page.get_by_role("button", name="与现在比对").click()
    page.get_by_text("一致：现在的账本以这").wait_for()
    shot("evidence-signed", full=True)
    axe(page)
    with page.expect_download() as taken:
        page.get_by_role("link", name="导出账本").click()
    lines = taken.value.path().read_text("utf-8").splitlines()
    assert json.loads(lines[-1])[:2] == ["end", served.workspace.control.ledger.size()]


class TestEmpty:
    @pytest.fixture
    def served(self, empty: Served) -> Served:
        return empty

    def test_a_ledger_without_anything_says_what_brings_it(self, page, axe, shot) -> None:
        for path, says in (("ledger", "账本里还没有账户。"), ("evidence", "账本还是空的。")):
            page.goto(f"/{path}")
            page.get_by_text(says).wait_for()
            axe(page)
            shot(f"{path}-empty")
