"""Limits in the control database: versions that are only added, and what their accounts hold."""

import pytest
from sqlalchemy import insert

from guanxi.core import DAY_MS, DataError, NotFound
from guanxi.decisions import Limit, account_of, shipped_limits, source_of, use_of
from guanxi.engines.control import Control
from guanxi.engines.control.decision_tables import account_names
from guanxi.ledger import Transfer, opaque_id

SECRET = b"s" * 32
AT = 1_767_225_600_000
WEEK = shipped_limits()["contacts_week"]
BY = {"who": "zhou.ning", "reason": "旺季"}


def changed(limit: Limit, **values) -> Limit:
    return Limit(**({name: getattr(limit, name) for name in limit.__struct_fields__} | values))


def use(control: Control, limit: Limit, subject: dict[str, str], amount: int, at_ms: int) -> str:
    """Use some of a limit, as a decision does."""
    account = account_of(limit, subject, secret=SECRET)
    source = source_of(limit, secret=SECRET)
    with control.transaction() as connection:
        control.ledger.ensure_in(connection, [account, source], now_ms=at_ms)
        row = {"account": account.id, "what": "limit", "name": limit.name, "person": subject.get("person", "")}
        rest = {key: value for key, value in subject.items() if key != "person"}
        known = control.limits.of_person_in(connection, row["person"], now_ms=at_ms).get(limit.name)
        if not known:
            connection.execute(insert(account_names).values(row | {"subject": str(rest).replace("'", '"')}))
        for number in range(amount):
            move = use_of(limit, account=account.id, source=source.id, cost=0, at_ms=at_ms)
            assert move is not None
            key = opaque_id(SECRET, f"{account.id}{at_ms}{number}")
            [done] = control.ledger.post_in(connection, [Transfer(key, (move,), "use")], now_ms=at_ms)
            assert not isinstance(done, Exception), done
    return account.id


def test_what_ships_holds_until_it_is_changed(control: Control) -> None:
    assert control.limits.all() == shipped_limits()
    made = control.limits.set(changed(WEEK, cap=3), **BY, now_ms=AT)
    assert (made.number > 0, made.since_ms, made.who, made.reason) == (True, AT, "zhou.ning", "旺季")
    assert control.limits.all()["contacts_week"].cap == 3
    assert list(control.limits.all()) == list(shipped_limits())
    control.limits.set(changed(WEEK, name="spring", cap=9), **BY, now_ms=AT)
    assert list(control.limits.all())[-1] == "spring"


def test_versions_are_only_added(control: Control) -> None:
    control.limits.set(changed(WEEK, cap=3), **BY, now_ms=AT)
    control.limits.set(changed(WEEK, cap=3), who="li.wei", reason="again", now_ms=AT + 1)  # the same: no version
    control.limits.remove("contacts_week", **BY, now_ms=AT + 2)
    assert "contacts_week" not in control.limits.all()
    with pytest.raises(NotFound, match="taken away already"):
        control.limits.remove("contacts_week", **BY, now_ms=AT + 3)
    control.limits.set(WEEK, **BY, now_ms=AT + 4)
    versions = control.limits.history("contacts_week")
    assert [one.limit.cap if one.limit else None for one in versions] == [2, None, 3, 2]
    assert [one.number for one in versions] == sorted((one.number for one in versions), reverse=True)
    assert (versions[-1].number, versions[-1].who, versions[-1].reason_en[:5]) == (0, "guanxi", "Above")
    with pytest.raises(NotFound, match="no limit"):
        control.limits.history("nothing_such")


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 241])
def test_a_change_needs_a_reason(control: Control, reason: str) -> None:
    with pytest.raises(DataError, match="Say why"):
        control.limits.set(changed(WEEK, cap=3), who="zhou.ning", reason=reason, now_ms=AT)
    with pytest.raises(DataError, match="Say why"):
        control.limits.remove("contacts_week", who="zhou.ning", reason=reason, now_ms=AT)
    assert len(control.limits.history("contacts_week")) == 1


@pytest.mark.parametrize("values", [{"unit": "coupons"}, {"per": ()}, {"per": ("person", "channel")}])
def test_a_name_never_counts_something_else(control: Control, values: dict) -> None:
    with pytest.raises(DataError, match="a name of its own"):
        control.limits.set(changed(WEEK, **values), **BY, now_ms=AT)
    control.limits.remove("contacts_week", **BY, now_ms=AT)
    with pytest.raises(DataError, match="a name of its own"):  # its accounts are still there
        control.limits.set(changed(WEEK, **values), **BY, now_ms=AT)


def test_a_change_falls_with_its_transaction(control: Control) -> None:
    def half_done() -> None:
        with control.transaction() as connection:
            control.limits.set_in(connection, changed(WEEK, cap=9), **BY, now_ms=AT)
            assert control.limits.all_in(connection)["contacts_week"].cap == 9
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert control.limits.all()["contacts_week"].cap == 2


def test_what_subjects_have_used(control: Control) -> None:
    first = use(control, WEEK, {"person": "account:app:1"}, 2, AT)
    use(control, WEEK, {"person": "account:app:2"}, 1, AT + DAY_MS)
    with control.snapshot() as connection:
        read = control.limits
        rows = read.subjects_in(connection, "contacts_week", now_ms=AT + DAY_MS)
        assert [(one.person, one.used, one.reserved) for one in rows] == [
            ("account:app:1", 2, 0),
            ("account:app:2", 1, 0),
        ]
        assert read.taken_in(connection, "contacts_week", now_ms=AT + DAY_MS) == [(1, 1), (2, 1)]
        mine = read.of_person_in(connection, "account:app:1", now_ms=AT)
        assert [(name, [one.account for one in rows]) for name, rows in mine.items()] == [("contacts_week", [first])]
        assert mine["contacts_week"][0].resets_ms == AT + 7 * DAY_MS
        # What is due is gone, though nobody has swept it.
        assert read.taken_in(connection, "contacts_week", now_ms=AT + 7 * DAY_MS) == [(0, 1), (1, 1)]
        assert list(read.accounts_in(connection, "contacts_week")) == [sorted(one.account for one in rows)]
        assert read.subjects_in(connection, "contacts_day", now_ms=AT) == []
