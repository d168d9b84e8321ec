"""Limits of a workspace: changed with a reason, previewed, restored, shown for one person."""

import msgspec
import pytest
from sqlalchemy import insert

from guanxi.app import Workspace
from guanxi.app import limits as app
from guanxi.core import DAY_MS, DataError, GuanxiError, NotFound
from guanxi.decisions import Limit, account_of, shipped_limits, source_of
from guanxi.engines.control.decision_tables import account_names
from guanxi.ledger import Move, OverLimit, Reserve, Settle, opaque_id

AT = 1_767_225_600_000
BY = {"who": "zhou.ning", "reason": "旺季", "now_ms": AT}


def reserve(workspace: Workspace, limit: Limit, subject: dict[str, str], amount: int) -> GuanxiError | str:
    """Reserve some of a limit as a decision does; the hold, or what refused it."""
    control, secret = workspace.control, workspace.ledger_secret
    account, source = account_of(limit, subject, secret=secret), source_of(limit, secret=secret)
    hold = opaque_id(secret, f"{account.id}{amount}{subject}{limit.cap}")
    with control.transaction() as connection:
        control.ledger.ensure_in(connection, [account, source], now_ms=AT)
        known = [one for ids in control.limits.accounts_in(connection, limit.name) for one in ids]
        if account.id not in known:
            rest = {one: text for one, text in subject.items() if one != "person"}
            row = {"account": account.id, "what": "limit", "name": limit.name, "person": subject.get("person", "")}
            connection.execute(insert(account_names).values(row | {"subject": msgspec.json.encode(rest).decode()}))
        move = Move(source.id, account.id, limit.unit, amount, limit.over_ms(AT))
        [done] = control.ledger.post_in(connection, [Reserve(hold, (move,), AT + DAY_MS)], now_ms=AT)
    return done if isinstance(done, GuanxiError) else hold


def settle(workspace: Workspace, hold: str) -> None:
    workspace.control.ledger.post(Settle(opaque_id(b"k" * 16, hold), hold), now_ms=AT + 1)


def capped(limit: Limit, cap: int) -> Limit:
    return msgspec.structs.replace(limit, cap=cap)


def test_limits_stand_as_their_accounts_do(workspace: Workspace) -> None:
    budget = shipped_limits()["coupon_budget"]
    settle(workspace, str(reserve(workspace, budget, {}, 4_000_000)))
    reserve(workspace, budget, {}, 300_000)
    found = {one.name: one for one in app.limit_states(workspace, now_ms=AT + 2)}
    assert list(found) == list(shipped_limits())
    [bar] = found["coupon_budget"].bars
    assert (bar.used, bar.reserved, bar.free, bar.subject) == (4_000_000, 300_000, 700_000, {})
    assert bar.resets_ms == budget.over_ms(AT)
    assert (found["coupon_budget"].subjects, found["coupon_budget"].near, found["coupon_budget"].full) == (1, 1, 0)
    assert [one.used for one in found["quiet_hours"].bars] == [0]  # counted together, and nobody used any
    assert found["contacts_week"].bars == ()
    assert found["policy_budget"].bars == ()  # no policy used any yet
    assert found["contacts_week"].who == "guanxi"
    assert found["quiet_hours"].hours == ("22:00", "08:00")
    assert "管理者" in found["contacts_week"].raisers_zh


def test_a_limit_lowered_below_what_is_reserved(workspace: Workspace) -> None:
    """Holds stay and settle, nothing more is admitted, and the answer says how far over it stands."""
    people = shipped_limits()["policy_people"]
    subject = {"policy": "winback"}
    hold = str(reserve(workspace, people, subject, 3_000))
    lower = capped(people, 1_000)
    seen = app.preview_limit(workspace, lower, now_ms=AT)
    assert (seen.cap_before, seen.cap_after, seen.subjects, seen.over, seen.over_most) == (5_000, 1_000, 1, 1, 2_000)
    assert workspace.control.limits.all()["policy_people"].cap == 5_000  # looking changes nothing
    done = app.set_limit(workspace, lower, **BY)
    assert (done.number > 0, done.over, done.over_most, done.aligned, done.later) == (True, 1, 2_000, 1, False)
    [bar] = done.bars
    assert (bar.reserved, bar.free, bar.subject) == (3_000, -2_000, subject)
    assert isinstance(reserve(workspace, lower, subject, 1), OverLimit)
    settle(workspace, hold)
    [state] = app.limit_states(workspace, now_ms=AT + 2, name="policy_people")
    assert (state.bars[0].used, state.bars[0].reserved, state.over) == (3_000, 0, 1)
    # Raised again, the rest is there at once.
    app.set_limit(workspace, people, **BY)
    assert isinstance(reserve(workspace, people, subject, 2_000), str)


def test_a_limit_of_people_follows_when_it_is_next_used(workspace: Workspace) -> None:
    week = shipped_limits()["contacts_week"]
    for person, amount in (("account:app:1", 2), ("account:app:2", 1)):
        settle(workspace, str(reserve(workspace, week, {"person": person}, amount)))
    done = app.set_limit(workspace, capped(week, 1), **BY)
    assert (done.subjects, done.over, done.over_most, done.bars, done.later, done.aligned) == (2, 1, 1, (), True, 0)
    assert isinstance(reserve(workspace, capped(week, 1), {"person": "account:app:2"}, 1), OverLimit)
    [state] = app.limit_states(workspace, now_ms=AT + 2, name="contacts_week")
    assert (state.cap, state.shipped_cap, state.subjects, state.full, state.over) == (1, 2, 2, 1, 1)


def test_a_limit_is_taken_away_and_restored(workspace: Workspace) -> None:
    app.set_limit(workspace, capped(shipped_limits()["contacts_week"], 3), **BY)
    gone = app.remove_limit(workspace, "contacts_week", **BY)
    assert (gone.cap_before, gone.cap_after) == (3, None)
    detail = app.limit_detail(workspace, "contacts_week", now_ms=AT)
    assert (detail.state.holds, detail.state.cap) == (False, 3)
    assert [one.cap for one in detail.history] == [None, 3, 2]
    assert detail.history[-1].words_zh == "每人 · 7 天内 · 用途：营销触达"
    again = app.set_limit(workspace, app.version_of(workspace, "contacts_week", 0), **BY)
    assert (again.cap_before, again.cap_after) == (None, 2)
    for number in (detail.history[0].number, 999):
        with pytest.raises(NotFound, match="restored"):
            app.version_of(workspace, "contacts_week", number)
    with pytest.raises(NotFound, match="no limit"):
        app.limit_detail(workspace, "nothing_such", now_ms=AT)


def test_fields_are_amended_one_by_one(workspace: Workspace) -> None:
    quiet = app.amended_limit(workspace, "quiet_hours", {"hours": ["21:00", "09:00"]})
    assert (quiet.hours, quiet.cap, quiet.zh) == ((1260, 540), 0, "夜间不打扰")
    assert app.amended_limit(workspace, "quiet_hours", {"hours": []}).hours is None
    own = {
        "zh": "每渠道每天",
        "en": "A channel a day",
        "unit": "contacts",
        "cap": 9,
        "per": ["channel"],
        "window": "day",
    }
    assert app.amended_limit(workspace, "channel_day", own).per == ("channel",)


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        pytest.param("fresh", {"cap": 1}, "has no zh", id="no-name"),
        pytest.param("contacts_week", {"cap": "many"}, "is not usable", id="cap-in-words"),
        pytest.param("contacts_week", {"cap": -1}, "is -1", id="below-zero"),
        pytest.param("contacts_week", {"window": "soon"}, "window", id="window"),
        pytest.param("contacts_week", {"hours": ["8"]}, "hours", id="hours"),
    ],
)
def test_what_is_no_limit_says_why(workspace: Workspace, name: str, fields: dict, says: str) -> None:
    with pytest.raises(DataError, match=says):
        app.amended_limit(workspace, name, fields)


def test_the_limits_of_one_person(workspace: Workspace) -> None:
    week = shipped_limits()["contacts_week"]
    settle(workspace, str(reserve(workspace, week, {"person": "account:app:1"}, 1)))
    mine = app.person_limits(workspace, "account:app:1", now_ms=AT + 2)
    shown = {one.limit: (one.used, one.cap) for one in mine.rows}
    assert shown == {
        "contacts_week": (1, 2), "contacts_day": (0, 1), "sms_month": (0, 4), "coupons_person": (0, 3),
        "coupon_money_person": (0, 5_000), "compensation_person": (0, 10_000),
    }  # fmt: skip
    assert mine.rows[0].resets_ms == AT + 7 * DAY_MS
