"""The relation bank on a workspace: what is posted from the log, once, and rewards for it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from guanxi.app import Workspace, bank, bank_posting, bank_rewards, care
from guanxi.app.exposure import exposures
from guanxi.app.importing import Taker
from guanxi.core import DAY_MS, DataError, NotFound, SettingError
from guanxi.events import Event
from guanxi.ledger import HoldEnded, OverLimit
from guanxi.parties import Resolution

NOW = int(datetime(2026, 3, 2, 4, tzinfo=UTC).timestamp() * 1000)  # a Monday, noon in China
ME = "account:app:me"


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    bank.open_bank(workspace, since="2026-01-01")
    return workspace


def event(number: int, kind: str, *, at_ms: int = NOW, actor: str = ME, live: bool = True, **more) -> Event:
    roles = {"actor": actor} | more.pop("roles", {})
    return Event(id=f"{number:032x}", kind=kind, at_ms=at_ms, received_ms=at_ms, roles=roles, live=live, **more)


def append(workspace: Workspace, *events: Event) -> None:
    with Taker(workspace, doing="test") as taker:
        taker.append(events)


def check_ins(workspace: Workspace, days: int, *, actor: str = ME, first: int = 1) -> None:
    append(workspace, *(event(first + n, "Checked In", at_ms=NOW + n * DAY_MS, actor=actor) for n in range(days)))


def coins(workspace: Workspace, person: str = ME) -> int:
    return {one.unit: one for one in bank.holdings(workspace, person)}["coins"].balance


def waiting(workspace: Workspace) -> list[tuple[str, object]]:
    return [(one.kind, one.properties.get("points")) for one in workspace.control.relay.take()]


def test_a_closed_bank_posts_nothing(workspace: Workspace) -> None:
    check_ins(workspace, 1)
    assert bank.follow(workspace, now_ms=NOW) == bank_posting.Posted()
    assert workspace.control.ledger.size() == 0


def test_opening_says_a_day_once(workspace: Workspace) -> None:
    with pytest.raises(SettingError, match="no day is given"):
        bank.open_bank(workspace, since="")
    bank.open_bank(workspace, since="2026-01-01")
    with pytest.raises(SettingError, match="is there already"):
        bank.open_bank(workspace, since="2026-01-01")


def test_check_ins_are_posted_once_and_told_to_the_log(shop: Workspace) -> None:
    check_ins(shop, 3)
    assert bank.follow(shop, now_ms=NOW + 3 * DAY_MS).posted == 3
    assert bank.follow(shop, now_ms=NOW + 3 * DAY_MS).posted == 0
    assert coins(shop) == 30
    told = shop.control.relay.take()
    assert [one.properties["balance"] for one in told] == [10, 20, 30]
    assert {one.refs["cause"] for one in told} == {f"{n:032x}" for n in (1, 2, 3)}
    held = bank.holdings(shop, ME)[0]
    assert (held.next_ms, held.next_amount) == (NOW + DAY_MS // 2 + 365 * DAY_MS, 10)
    assert shop.control.ledger.audit().is_sound


def test_a_follower_that_begins_anew_posts_nothing_twice(shop: Workspace) -> None:
    check_ins(shop, 3)
    order = event(21, "Order Completed", actor="b", at_ms=NOW + 1, amount=9_900, refs={"order": "o"})
    append(shop, event(20, "Invitation Accepted", actor="b", roles={"object": ME}), order)
    assert bank.follow(shop, now_ms=NOW + 3 * DAY_MS).posted == 4
    with shop.control.transaction() as connection:
        shop.control.followers.forget_in(connection, "bank")
    size = shop.control.ledger.size()
    assert bank.follow(shop, now_ms=NOW + 4 * DAY_MS).posted == 0
    assert shop.control.ledger.size() == size


def test_the_same_whatever_the_steps(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    check_ins(shop, 20)
    monkeypatch.setattr(bank, "PAGE", 3)
    assert bank.follow(shop, now_ms=NOW + 30 * DAY_MS) == bank_posting.Posted(seq=20, posted=20)
    assert coins(shop) == 200


def test_inviting_brings_experience_to_the_inviter_when_the_invited_buys(shop: Workspace) -> None:
    append(shop, event(1, "Invitation Accepted", actor="account:app:b", roles={"object": ME, "device": "device::d"}))
    assert bank.follow(shop, now_ms=NOW).posted == 0
    append(shop, event(2, "Order Completed", actor="account:app:b", at_ms=NOW + DAY_MS, amount=9_900, currency="CNY",
                       refs={"order": "o"}, platform="taobao"))  # fmt: skip
    assert bank.follow(shop, now_ms=NOW + DAY_MS).posted == 1
    assert [(one.unit, one.balance) for one in bank.holdings(shop, ME)] == [("coins", 0), ("experience", 100)]
    append(shop, event(3, "Order Refunded", actor="account:app:b", at_ms=NOW + 2 * DAY_MS, amount=9_900,
                       currency="CNY", refs={"order": "o"}, platform="taobao"))  # fmt: skip
    assert bank.follow(shop, now_ms=NOW + 2 * DAY_MS).undone == 1
    assert [one.balance for one in bank.holdings(shop, ME)] == [0, 0]
    assert waiting(shop) == [("Points Posted", 100), ("Points Posted", -100)]


def test_an_invited_person_on_the_inviters_device_brings_nothing(shop: Workspace) -> None:
    append(
        shop, event(1, "Order Completed", at_ms=NOW - 9 * DAY_MS, amount=100, currency="CNY", refs={"order": "a"},
                    roles={"device": "device::mine"}),
        event(2, "Invitation Accepted", actor="account:app:b", roles={"object": ME}),
        event(3, "Order Completed", actor="account:app:b", at_ms=NOW + DAY_MS, amount=9_900, currency="CNY",
              refs={"order": "o"}, roles={"device": "device::mine"}),
    )  # fmt: skip
    found = bank.follow(shop, now_ms=NOW + DAY_MS)
    assert (found.posted, found.refused) == (0, {"shared_mark": 1})
    assert [(one.refused, one.amount) for one in bank.judged(shop, ME)] == [("shared_mark", 0)]


@pytest.mark.parametrize("spent", [pytest.param(False, id="still-there"), pytest.param(True, id="spent-already")])
def test_a_check_in_that_turns_out_to_be_anothers_is_taken_back_as_far_as_it_is_there(
    shop: Workspace, spent: bool
) -> None:
    check_ins(shop, 50)
    now = NOW + 60 * DAY_MS
    bank.follow(shop, now_ms=now)
    if spent:
        bank_rewards.redeem(shop, ME, "course_discount", key="a", now_ms=now)
    other = "account:app:other"
    append(shop, event(99, "Checked In", actor=other, refs={"supersedes": f"{1:032x}"}))
    found = bank.follow(shop, now_ms=now)
    assert (found.posted, found.undone, found.short) == (1, int(not spent), int(spent))
    assert (coins(shop), coins(shop, other)) == (0 if spent else 490, 10)
    assert shop.control.ledger.audit().is_sound


def test_correcting_ones_own_check_in_again_and_again_brings_nothing_more(shop: Workspace) -> None:
    check_ins(shop, 1)
    bank.follow(shop, now_ms=NOW)
    for n in range(2, 6):
        append(shop, event(n, "Checked In", at_ms=NOW + n, refs={"supersedes": f"{n - 1:032x}"}))
        bank.follow(shop, now_ms=NOW + n)
    assert coins(shop) == 10


def test_what_would_have_expired_is_not_posted(shop: Workspace) -> None:
    check_ins(shop, 1)
    assert bank.follow(shop, now_ms=NOW + 400 * DAY_MS).posted == 0


class TestRewards:
    @pytest.fixture
    def rich(self, shop: Workspace) -> Workspace:
        check_ins(shop, 60)
        bank.follow(shop, now_ms=NOW + 60 * DAY_MS)
        return shop

    def test_given_at_once_and_once(self, rich: Workspace) -> None:
        now = NOW + 61 * DAY_MS
        first = bank_rewards.redeem(rich, ME, "course_discount", key="k", now_ms=now)
        assert first.state == "settled"
        assert bank_rewards.redeem(rich, ME, "course_discount", key="k", now_ms=now + 1) == first
        assert coins(rich) == 100
        told = [one for one in rich.control.relay.take() if one.kind == "Reward Granted"]
        assert [(one.amount, one.currency, one.properties["kind"]) for one in told] == [(500, "CNY", "coupon")]
        assert bank_rewards.redemptions(rich, ME) == [first]

    def test_no_overdraft(self, rich: Workspace) -> None:
        with pytest.raises(OverLimit, match="costs 1200 knowledge coins and 600 are available"):
            bank_rewards.redeem(rich, ME, "salon_seat", key="k", now_ms=NOW + 61 * DAY_MS)
        with pytest.raises(OverLimit, match="0 are available"):
            bank_rewards.redeem(rich, "account:app:nobody", "course_discount", key="k", now_ms=NOW)
        assert coins(rich) == 600

    def test_what_is_over_pays_for_nothing_and_is_in_nobodys_way(
        self, rich: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check_ins(rich, 60, actor="account:app:mine-too", first=100)
        bank.follow(rich, now_ms=NOW + 60 * DAY_MS)
        later = NOW + (366 + 20) * DAY_MS  # nobody swept since
        with pytest.raises(OverLimit, match="and 390 are available"):
            bank_rewards.redeem(rich, ME, "course_discount", key="k", now_ms=later)
        both = [ME, "account:app:mine-too"]
        monkeypatch.setattr(Resolution, "members", lambda self, ref, seq=None: both)
        later += 10 * DAY_MS  # the older amounts go first; 290 and 290 are left
        assert bank_rewards.redeem(rich, ME, "course_discount", key="l", now_ms=later).state == "settled"
        assert coins(rich) == 80

    def test_held_put_back_and_given(self, rich: Workspace) -> None:
        now = NOW + 61 * DAY_MS
        held = bank_rewards.redeem(rich, ME, "course_discount", key="k", now_ms=now, hold=True)
        assert (held.state, bank.holdings(rich, ME)[0].available) == ("open", 100)
        assert bank_rewards.undo(rich, held.id, now_ms=now).state == "released"
        assert bank_rewards.undo(rich, held.id, now_ms=now).state == "released"
        assert bank.holdings(rich, ME)[0].available == 600
        with pytest.raises(HoldEnded):
            bank_rewards.settle(rich, held.id, now_ms=now)
        again = bank_rewards.redeem(rich, ME, "course_discount", key="l", now_ms=now, hold=True)
        assert bank_rewards.settle(rich, again.id, now_ms=now).state == "settled"
        with pytest.raises(HoldEnded, match="was given"):
            bank_rewards.undo(rich, again.id, now_ms=now)

    def test_stock_is_an_account(self, rich: Workspace) -> None:
        (rich.folder / "bank.toml").write_text(
            'since = "2026-01-01"\n[reward.course_discount]\nstock = 1\nprice = 10\n', "utf-8"
        )
        bank_rewards.redeem(rich, ME, "course_discount", key="k", now_ms=NOW + 61 * DAY_MS)
        with pytest.raises(OverLimit, match="none of this reward is left"):
            bank_rewards.redeem(rich, ME, "course_discount", key="l", now_ms=NOW + 61 * DAY_MS)
        row = bank_rewards.rewards(rich)[0]
        assert (row.stock, row.given, row.reserved, row.left) == (1, 1, 0, 0)
        assert coins(rich) == 590

    def test_a_key_is_of_one_redemption(self, rich: Workspace) -> None:
        bank_rewards.redeem(rich, ME, "course_discount", key="k", now_ms=NOW + 61 * DAY_MS)
        with pytest.raises(DataError, match="another redemption"):
            bank_rewards.redeem(rich, "account:app:x", "course_discount", key="k", now_ms=NOW + 61 * DAY_MS)
        with pytest.raises(NotFound, match="no reward"):
            bank_rewards.redeem(rich, ME, "castle", key="k", now_ms=NOW)
        with pytest.raises(NotFound, match="no reward was asked"):
            bank_rewards.undo(rich, "0" * 32, now_ms=NOW)


def test_exposure_equals_the_ledger_now_and_then(shop: Workspace) -> None:
    for n in range(40):
        check_ins(shop, 3, actor=f"account:app:{n}", first=1 + 10 * n)
    check_ins(shop, 60, first=1_000)
    bank.follow(shop, now_ms=NOW + 60 * DAY_MS)
    bank_rewards.redeem(shop, ME, "course_discount", key="k", now_ms=NOW + 70 * DAY_MS)
    shop.control.ledger.expire(now_ms=NOW + 366 * DAY_MS)
    for at, outstanding, expired in ((65, 1_800, 0), (71, 1_300, 0), (367, 1_300 - 400, 400)):
        (found,) = exposures(shop, at_ms=NOW + at * DAY_MS, units=["coins"])
        assert (found.outstanding, found.expired) == (outstanding, expired)
        assert found.outstanding == sum(bucket.amount for bucket in found.buckets)
        assert found.outstanding == sum(month.outstanding for month in found.months)
        assert found.issued == found.redeemed + found.expired + found.taken_back + found.outstanding
        ids = [row.id for row in shop.control.accounting.page(unit="coins", kind="member", limit=100)[1]]
        balances = (shop.control.ledger.standing(one, before_ms=NOW + at * DAY_MS).balance for one in ids)
        assert found.outstanding == sum(balances)


def test_an_erased_person_who_comes_back_gets_a_new_account(shop: Workspace) -> None:
    check_ins(shop, 1)
    bank.follow(shop, now_ms=NOW)
    with shop.control.transaction() as connection:
        shop.control.decisions.forget_in(connection, [ME])
    assert coins(shop) == 0
    append(shop, event(50, "Checked In", at_ms=NOW + DAY_MS))
    bank.follow(shop, now_ms=NOW + DAY_MS)
    assert coins(shop) == 10
    total, rows = shop.control.accounting.page(unit="coins", kind="member")
    assert (total, [row.person for row in rows], [row.balance for row in rows]) == (2, ["", ME], [10, 10])


def test_a_round_waits_for_what_it_reads_and_for_a_mended_file(shop: Workspace) -> None:
    check_ins(shop, 2)
    done = bank.bank_round(shop)
    assert done is not None
    assert (done.posted, bank.bank_round(shop)) == (2, None)
    append(shop, event(70, "Page Viewed"))
    assert bank.bank_round(shop) is None  # nothing that the bank reads
    rows = shop.folder / "bank.toml"
    rows.write_text('since = "2026-01-01"\n[earn."Ö x"]\namount = 1\n', "utf-8")
    assert bank.bank_round(shop) is None
    with pytest.raises(SettingError, match="is no name"):
        bank.follow(shop, now_ms=NOW)
    rows.write_text('since = "2026-01-01"\n[earn.check_in]\namount = 20\n', "utf-8")
    append(shop, event(71, "Checked In", at_ms=NOW + 5 * DAY_MS))
    done = bank.bank_round(shop)
    assert done is not None
    assert (done.posted, coins(shop)) == (1, 40)


def test_a_workspace_lets_its_own_kinds_earn(shop: Workspace) -> None:
    text = '[earn.walk]\nzh = "健步"\nen = "walk"\nkind = "Steps Walked"\nunit = "coins"\namount = 4\n'
    (shop.folder / "bank.toml").write_text(f'since = "2026-01-01"\n{text}', "utf-8")
    append(shop, event(1, "Steps Walked"), event(2, "Other Kind"), event(3, "Checked In"))
    assert bank.follow(shop, now_ms=NOW).posted == 2
    assert coins(shop) == 14


def test_an_erased_persons_account_stays_and_names_nobody(shop: Workspace) -> None:
    check_ins(shop, 2)
    bank.follow(shop, now_ms=NOW + DAY_MS)
    care.erase(shop, [ME], reason="asked", send=True, who="test")
    (row,) = shop.control.accounting.page(unit="coins", kind="member")[1]
    assert (row.person, row.balance) == ("", 20)
    assert shop.control.relay.take() == []
    shop.control.ledger.expire(now_ms=NOW + 400 * DAY_MS)
    assert shop.control.accounting.account(row.id).balance == 0
    assert ME.encode() not in b"".join(entry for entry, _ in shop.control.ledger.rows())


@pytest.mark.slow
def test_who_asks_from_many_sides_at_once_gets_what_they_can_pay(shop: Workspace) -> None:
    check_ins(shop, 60)
    bank.follow(shop, now_ms=NOW + 60 * DAY_MS)

    def ask(key: str) -> str:
        with Workspace.open(shop.folder) as opened:
            try:
                return bank_rewards.redeem(opened, ME, "course_discount", key=key, now_ms=NOW + 61 * DAY_MS).state
            except OverLimit:
                return "refused"

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(ask, ("a", "b", "a", "c")))
    assert set(found) == {"refused", "settled"}
    assert coins(shop) == 100  # one of them was paid; asked twice by one key it is one
    assert shop.control.ledger.audit().is_sound
