"""Exposure: what people hold, by when it expires, and what it may cost; it always adds up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DAY_MS, DataError
from guanxi.ledger import Exposure, Moved, exposure, wilson

NOW = 1_790_000_000_000


def report(moves: list[Moved], *, days: int = 100, at_ms: int = NOW, **more: int) -> Exposure:
    return exposure(
        moves, unit="coins", zh="知识币", en="coins", at_ms=at_ms, due=lambda at: at + days * DAY_MS, **more
    )


def came(account: int, number: int, amount: int, *, days_ago: int = 0, due_ms: int | None = None) -> Moved:
    return Moved(account, number, NOW - days_ago * DAY_MS, amount, "earn", True, f"t{number}", due_ms)


def went(account: int, number: int, amount: int, kind: str = "settle", transfer: str = "") -> Moved:
    return Moved(account, number, NOW, -amount, kind, False, transfer or f"t{number}")


def test_buckets_by_what_is_left_first_in_first_out() -> None:
    found = report([came(1, 0, 10, days_ago=97), came(1, 1, 20, days_ago=75), came(1, 2, 30), went(1, 3, 15)])
    assert [(one.days, one.amount) for one in found.buckets] == [
        (7, 0), (30, 15), (90, 0), (365, 30), (None, 0), (None, 0),
    ]  # fmt: skip
    assert (found.issued, found.redeemed, found.outstanding, found.people) == (60, 15, 45, 1)


def test_what_has_no_date_goes_last() -> None:
    gift = Moved(1, 0, NOW, 5, "transfer", False, "g")
    found = report([gift, came(1, 1, 5), went(1, 2, 5)])
    assert (found.buckets[-1].undated, found.buckets[-1].amount) == (True, 5)
    assert (found.received, found.issued) == (5, 5)


def test_nothing_ended_says_nothing_of_the_share() -> None:
    found = report([came(1, 0, 100)], per_yuan=100)
    assert (found.share, found.low_fen, found.value_fen, found.high_fen) == (None, 0, 100, 100)


def test_matured_amounts_alone_are_asked_once_there_are_enough() -> None:
    moves = [came(n, n, 10, days_ago=200) for n in range(40)]
    moves += [went(n, 100 + n, 10, "expire", f"t{n}") if n % 2 else went(n, 100 + n, 10) for n in range(40)]
    moves += [came(n, 200 + n, 10) for n in range(40)] + [went(n, 300 + n, 5) for n in range(40)]
    found = report(moves, per_yuan=10)
    assert (found.share_of, found.share, round(found.share_n)) == ("matured", 0.5, 40)
    assert found.value_fen == 2_000
    assert found.low_fen == round(2_000 * wilson(0.5, 40)[0])
    alone = report([*moves[:20], *moves[40:60]])
    assert alone.share_of == "ended"


def test_a_unit_without_worth_costs_nothing() -> None:
    found = report([came(1, 0, 100)])
    assert (found.value_fen, found.low_fen, found.high_fen) == (None, None, None)


def test_movements_that_are_not_all_there_are_refused() -> None:
    with pytest.raises(DataError, match="takes 5 more than the account had"):
        report([came(1, 0, 10), went(1, 1, 15)])


@pytest.mark.parametrize(("share", "n", "low", "high"), [(0.5, 10, 0.2366, 0.7634), (0.0, 10, 0.0, 0.2775)])
def test_wilson_as_the_tables_have_it(share: float, n: float, low: float, high: float) -> None:
    assert wilson(share, n) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 50), st.sampled_from(["earn", "settle", "expire", "reverse"]),
                  st.integers(0, 300)),
        max_size=60,
    )
)  # fmt: skip
def test_it_adds_up_whatever_happened(steps: list[tuple[int, int, str, int]]) -> None:
    balances, moves = [0] * 4, []
    for number, (account, amount, kind, days_ago) in enumerate(steps):
        if kind == "earn":
            moves.append(came(account, number, amount, days_ago=days_ago))
            balances[account] += amount
        elif amount := min(amount, balances[account]):
            moves.append(went(account, number, amount, kind))
            balances[account] -= amount
    found = report(moves, per_yuan=100)
    assert found.outstanding == sum(balances) == sum(one.amount for one in found.buckets)
    assert found.issued == found.redeemed + found.expired + found.taken_back + found.outstanding
    for month in found.months:
        assert month.came == month.redeemed + month.expired + month.taken_back + month.outstanding
    assert sum(month.outstanding for month in found.months) == found.outstanding
    assert 0 <= found.share_low <= (found.share if found.share is not None else 0.5) <= found.share_high <= 1
    assert (found.low_fen or 0) <= (found.high_fen or 0) <= (found.value_fen or 0)
