"""Limits over HTTP: seen by all, changed by who may configure, each with a reason."""

import pytest


@pytest.fixture
def boss(served):
    with served.browser("manager") as client:
        yield client


def test_limits_are_listed_and_exported(boss) -> None:
    rows = {row["name"]: row for row in boss.get("/v1/limits").json()["rows"]}
    assert rows["contacts_week"]["words_zh"] == "每人 · 7 天内 · 用途：营销触达"
    assert rows["coupon_budget"]["bars"][0]["free"] == rows["coupon_budget"]["cap"]
    assert rows["quiet_hours"]["hours"] == ["22:00", "08:00"]
    assert "每人每周营销触达" in boss.get("/v1/limits.csv").text


def test_a_limit_is_changed_seen_and_restored(served, boss) -> None:
    seen = boss.post("/v1/limits/sms_month/preview", json={"cap": 1}).json()
    assert (seen["cap_before"], seen["cap_after"], seen["number"]) == (4, 1, 0)
    done = boss.put("/v1/limits/sms_month", json={"cap": 1, "reason": "短信涨价"})
    assert done.status_code == 200, done.text
    assert boss.get("/v1/limits/sms_month/history").json()["history"][0]["reason_zh"] == "短信涨价"
    assert boss.post("/v1/limits/sms_month/remove", json={"reason": "改由渠道管"}).json()["cap_after"] is None
    assert boss.get("/v1/limits/sms_month/history").json()["state"]["holds"] is False
    back = boss.post("/v1/limits/sms_month/restore", json={"number": 0, "reason": "恢复出厂"}).json()
    assert (back["cap_before"], back["cap_after"]) == (None, 4)
    verbs = [one.verb for one in served.workspace.control.operations() if one.object == "sms_month"]
    assert verbs == ["limit.set", "limit.remove", "limit.set"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"cap": 3, "reason": " "}, "reason", id="no-reason"),
        pytest.param({"cap": -3, "reason": "x"}, "cap", id="below-zero"),
        pytest.param({"window": "1y", "reason": "x"}, "window", id="window"),
        pytest.param({"hours": ["22:00"], "reason": "x"}, "hours", id="one-hour"),
        pytest.param({"unit": "coupons", "reason": "x"}, "name", id="another-unit"),
        pytest.param({"cap": 3.5, "reason": "x"}, "cap", id="half"),
        pytest.param({"caps": 3, "reason": "x"}, "caps", id="strange"),
    ],
)
def test_a_bad_change_says_what_and_mend(boss, body: dict, field: str) -> None:
    answer = boss.put("/v1/limits/contacts_day", json=body)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["mend"]


def test_who_may_not_configure_may_look(served) -> None:
    with served.browser("operator") as client:
        assert client.get("/v1/limits").status_code == 200
        assert client.get("/v1/limits/contacts_day/history").status_code == 200
        for call in (
            client.put("/v1/limits/contacts_day", json={"cap": 9, "reason": "x"}),
            client.post("/v1/limits/contacts_day/preview", json={"cap": 9}),
            client.post("/v1/limits/contacts_day/remove", json={"reason": "x"}),
            client.post("/v1/limits/contacts_day/restore", json={"number": 0, "reason": "x"}),
        ):
            assert call.status_code == 403
    with served.browser("wall") as client:
        assert client.get("/v1/people/account:app:u-0001/limits").status_code == 403
        assert client.get("/v1/limits").status_code == 200


def test_what_is_not_there_is_not_found(boss) -> None:
    assert boss.get("/v1/limits/nothing_such/history").status_code == 404
    assert boss.post("/v1/limits/contacts_day/restore", json={"number": 999_999, "reason": "x"}).status_code == 404
    assert boss.post("/v1/limits/nothing_such/remove", json={"reason": "x"}).status_code == 404


def test_the_limits_of_one_person(boss) -> None:
    mine = boss.get("/v1/people/account:app:u-0001/limits").json()
    assert mine["ref"] == "account:app:u-0001"
    assert {row["limit"]: (row["used"], row["cap"]) for row in mine["rows"]}["contacts_week"] == (0, 2)
