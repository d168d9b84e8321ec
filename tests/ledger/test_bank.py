"""The relation bank's law: what people earn, and who tries to farm it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import SettingError
from guanxi.ledger import Bank, Fact, Judged, judge_earned, judge_invited, read_bank, shipped_bank

OPEN = read_bank('since = "2026-01-01"', "test", over=shipped_bank())
CHECK_IN, FRIEND = OPEN.earns["check_in"], OPEN.invites["friend"]
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)  # a Monday, noon in China
ME = "account:app:me"


def ms(days: float = 0) -> int:
    return int((NOON + timedelta(days=days)).timestamp() * 1000)


def check_in(seq: int, *, days: float = 0, actor: str = ME, learnt: float | None = None, **fields) -> Fact:
    received = ms(days if learnt is None else learnt)
    return Fact(seq, f"{seq:032x}", "Checked In", ms(days), received, True, actor, **fields)


def invited(seq: int, actor: str, other: str, *, days: float = 0) -> Fact:
    return Fact(seq, f"{seq:032x}", "Invitation Accepted", ms(days), ms(days), True, actor, other)


def order(seq: int, actor: str, *, days: float = 1, amount: int = 9_900, number: str = "") -> Fact:
    return Fact(
        seq, f"{seq:032x}", "Order Completed", ms(days), ms(days), True, actor, amount=amount,
        order=number or f"o{seq}", platform="taobao",
    )  # fmt: skip


def refund(seq: int, number: str, amount: int, *, days: float = 3) -> Fact:
    return Fact(seq, f"{seq:032x}", "Order Refunded", ms(days), ms(days), True, "x", amount=amount, order=number,
                platform="taobao")  # fmt: skip


def same(ref: str, seq: int) -> str:
    return ref


def earned(facts: list[Fact], bank: Bank = OPEN, who=same) -> list[Judged]:
    return list(judge_earned(bank, CHECK_IN, facts, who=who))


def grown(facts: list[Fact], *, marks=lambda person, seq: frozenset(), bank: Bank = OPEN, **more) -> list[Judged]:
    return list(judge_invited(bank, FRIEND, facts, who=more.pop("who", same), marks=marks, **more))


def told(found: list[Judged]) -> list[tuple[int, str]]:
    return [(one.amount, one.refused) for one in found]


@pytest.mark.parametrize(
    ("facts", "outcomes"),
    [
        pytest.param([check_in(1)], [(10, "")], id="one"),
        pytest.param([check_in(1), check_in(2, days=0.1)], [(10, ""), (0, "once")], id="twice-a-day"),
        pytest.param([check_in(1), check_in(2, days=1)], [(10, ""), (10, "")], id="two-days"),
        pytest.param([check_in(1), check_in(2, days=0.499)], [(10, ""), (0, "once")], id="before-midnight-in-china"),
        pytest.param([check_in(1), check_in(2, days=0.5)], [(10, ""), (10, "")], id="after-midnight-in-china"),
        pytest.param([check_in(1, made_up=True)], [(3, "")], id="made-up-is-worth-less"),
        pytest.param([check_in(1, days=-5, learnt=0)], [(3, "")], id="backdated-live-counts-as-made-up"),
        pytest.param(
            [check_in(n, days=n, made_up=True) for n in range(1, 6)],
            [(3, ""), (3, ""), (3, ""), (0, "made_up"), (0, "made_up")],
            id="made-up-three-a-month",
        ),
        pytest.param(
            [check_in(n, actor=f"account:app:{n}", device="device::d") for n in range(5)],
            [(10, ""), (10, ""), (10, ""), (0, "device"), (0, "device")],
            id="a-farm-on-one-device",
        ),
        pytest.param([check_in(1, actor="account:taobao~masked:m***e")], [(0, "masked")], id="masked"),
        pytest.param([check_in(1, days=-100)], [], id="before-the-bank-opened"),
    ],
)  # fmt: skip
def test_check_ins(facts: list[Fact], outcomes: list[tuple[int, str]]) -> None:
    assert told(earned(facts)) == outcomes


def test_two_accounts_that_are_one_person_check_in_once() -> None:
    facts = [check_in(1, actor="account:app:a"), check_in(2, actor="account:jd:b")]
    assert told(earned(facts, who=lambda ref, seq: "account:app:a")) == [(10, ""), (0, "once")]


def test_coins_expire_at_the_end_of_the_day_a_year_later() -> None:
    (one,) = earned([check_in(1)])
    assert one.due_ms == ms(365.5)  # midnight in China is half a day after noon


def test_a_closed_bank_gives_nothing() -> None:
    assert not earned([check_in(1)], shipped_bank())
    assert not grown([invited(1, "b", "a"), order(2, "b")], bank=shipped_bank())


@given(st.lists(st.tuples(st.floats(0, 40), st.sampled_from("abc"), st.booleans()), max_size=40))
def test_nobody_farms_more_than_once_a_day_whatever_the_order(tries: list[tuple[float, str, bool]]) -> None:
    facts = [check_in(n, days=day, actor=f"account:app:{who}", made_up=made, device="device::d")
             for n, (day, who, made) in enumerate(tries)]  # fmt: skip
    found = [one for one in earned(facts) if one.amount]
    days = [(one.person, (one.at_ms + 8 * 3_600_000) // 86_400_000) for one in found]
    assert len(days) == len(set(days))
    assert earned(facts) == earned(facts[::-1])  # judged in the order of the log


@pytest.mark.parametrize(
    ("facts", "outcomes"),
    [
        pytest.param([invited(1, "b", "a")], [], id="nothing-real-yet"),
        pytest.param([invited(1, "b", "a"), order(2, "b")], [(100, "")], id="first-order"),
        pytest.param([invited(1, "b", "a"), order(2, "b"), order(3, "b")], [(100, "")], id="only-the-first"),
        pytest.param([invited(1, "a", "a"), order(2, "a")], [(0, "self")], id="self"),
        pytest.param(
            [invited(1, "b", "a"), invited(2, "a", "b"), order(3, "a"), order(4, "b")],
            [(0, "circle"), (100, "")],
            id="each-other",
        ),
        pytest.param(
            [invited(1, "b", "a"), invited(2, "c", "b"), invited(3, "a", "c"), order(4, "a")],
            [(0, "circle")],
            id="in-a-circle-of-three",
        ),
        pytest.param(
            [invited(1, "b", "a"), invited(2, "b", "c"), order(3, "b")],
            [(0, "invited_before"), (100, "")],
            id="the-first-inviter-counts",
        ),
        pytest.param(
            [order(1, "b", days=-2), invited(2, "b", "a"), order(3, "b")],
            [(0, "customer_before")],
            id="was-a-customer",
        ),
        pytest.param([invited(1, "b", "a"), order(2, "b", amount=1)], [], id="an-order-of-a-fen"),
        pytest.param(
            [invited(1, "b", "a"), order(2, "b", amount=1), order(3, "b", days=2)], [(100, "")], id="then-a-real-one"
        ),
        pytest.param([invited(1, "b", "a"), order(2, "b", days=31)], [(0, "slow")], id="too-slow"),
        pytest.param(
            [*(invited(n, f"b{n}", "a") for n in range(7)), *(order(10 + n, f"b{n}") for n in range(7))],
            [(100, "")] * 5 + [(0, "invites")] * 2,
            id="five-a-week",
        ),
        pytest.param([invited(1, "b", ""), order(2, "b")], [], id="invited-by-nobody"),
    ],
)  # fmt: skip
def test_invitations(facts: list[Fact], outcomes: list[tuple[int, str]]) -> None:
    assert told(grown(facts)) == outcomes


def test_the_inviter_gains_and_the_key_is_the_invitations() -> None:
    (one,) = grown([invited(1, "b", "a"), order(2, "b")])
    assert (one.person, one.unit, one.event, one.seq, one.due_ms) == ("a", "experience", f"{1:032x}", 2, None)


@pytest.mark.parametrize("mark", ["device::d", "ip::192.0.2.1", "phone::h.1", "card::h.2"])
def test_sharing_a_mark_with_the_inviter_brings_nothing(mark: str) -> None:
    def seen(person: str, seq: int) -> frozenset[str]:
        return frozenset({mark, f"device::{person}"})

    assert told(grown([invited(1, "b", "a"), order(2, "b")], marks=seen)) == [(0, "shared_mark")]
    alone = msgspec.structs.replace(OPEN, guards={k: v for k, v in OPEN.guards.items() if k != "shared_mark"})
    assert told(grown([invited(1, "b", "a"), order(2, "b")], marks=seen, bank=alone)) == [(100, "")]


def test_an_order_that_goes_back_takes_the_experience_with_it() -> None:
    facts = [invited(1, "b", "a"), order(2, "b", number="o")]
    part, rest = refund(3, "o", 4_900), refund(4, "o", 5_000)
    assert [one.kind for one in grown([*facts, part])] == ["invite"]
    found = grown([*facts, part, rest, refund(5, "o", 9_900)])
    assert [(one.kind, one.event) for one in found] == [("invite", facts[0].id), ("undo", facts[0].id)]


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        pytest.param([9_900], [], [], id="all-of-it-before"),
        pytest.param([0], [], [], id="called-off-before"),
        pytest.param([4_900], [], ["invite"], id="a-part-before"),
        pytest.param([4_900], [5_000], ["invite", "undo"], id="the-rest-after"),
    ],
)
def test_a_refund_that_the_log_hears_of_before_its_order(before: list[int], after: list[int], kinds: list[str]) -> None:
    early = [refund(2 + n, "o", amount) for n, amount in enumerate(before)]
    late = [refund(9 + n, "o", amount) for n, amount in enumerate(after)]
    facts = [invited(1, "b", "a"), *early, order(8, "b", number="o"), *late]
    assert [one.kind for one in grown(facts)] == kinds
    again = grown([*facts, order(20, "b", number="p")])
    assert again[-1].kind == (kinds or ["invite"])[-1]  # nothing yet: the next order may be real


def test_what_was_judged_is_not_judged_again() -> None:
    facts = [invited(1, "b", "a"), order(2, "b"), invited(3, "d", "a"), order(4, "d")]

    def never(person: str, seq: int) -> frozenset[str]:
        assert seq > 2
        return frozenset()

    found = grown(facts, marks=never, after=2, posted=[facts[0].id])
    assert [one.event for one in found if one.seq > 2] == [facts[2].id]
    assert not list(grown(facts[:2], marks=never, after=2))  # refused then, refused for good


def test_self_invitation_that_identity_finds_out_later() -> None:
    def who(ref: str, seq: int) -> str:
        return "a" if seq >= 2 else ref

    assert told(grown([invited(1, "b", "a"), order(2, "b")], who=who)) == [(0, "self")]


class TestRows:
    def test_a_workspace_changes_fields_and_takes_rows_away(self) -> None:
        text = "[earn.check_in]\namount = 20\n[reward.salon_seat]\noff = true\n[guard.once]\nmost = 2\n"
        made = read_bank(text, "bank.toml", over=OPEN)
        assert (made.earns["check_in"].amount, made.earns["check_in"].made_up) == (20, 3)
        assert "salon_seat" not in made.rewards
        assert told(earned([check_in(1), check_in(2, days=0.1)], made)) == [(10, ""), (10, "")]
        assert made.since_ms == OPEN.since_ms

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            pytest.param("since = 3", "since is 3", id="since"),
            pytest.param("[earn.x]\nzh = 'a'", "earn.x is not usable", id="fields-missing"),
            pytest.param("[reward.salon_seat]\nprice = 0", "salon_seat has 0", id="price"),
            pytest.param("[reward.salon_seat]\nunit = 'experience'", "cannot be used", id="not-for-rewards"),
            pytest.param("[earn.check_in]\nunit = 'gold'", "counts in 'gold'", id="unit"),
            pytest.param("[guard.other]\nzh = 'a'\nen = 'b'", "no guard 'other'", id="guard"),
            pytest.param("[guard.shared_mark]\nmarks = ['face']", "compares face", id="mark"),
            pytest.param("[odd.x]", "has 'odd'", id="table"),
            pytest.param("since =", "is not TOML", id="toml"),
        ],
    )  # fmt: skip
    def test_refused(self, text: str, says: str) -> None:
        with pytest.raises(SettingError, match=says):
            read_bank(text, "bank.toml", over=OPEN)

    def test_every_row_speaks_both_languages(self) -> None:
        rows = [*OPEN.programmes.values(), *OPEN.earns.values(), *OPEN.invites.values(), *OPEN.guards.values(),
                *OPEN.rewards.values()]  # fmt: skip
        assert all(row.zh and row.en for row in rows)
