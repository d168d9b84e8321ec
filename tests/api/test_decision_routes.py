"""The decision log over HTTP: filters, counts, one decision, exports, and who may see it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from guanxi.app.deciding import run_policy
from guanxi.app.policies import save_policy
from guanxi.engines.log import now_ms

PEOPLE = [f"account:app:decided-{number}" for number in range(6)]

POLICY = """\
zh = "回访"
en = "Follow up"
mode = "auto"
holdout = 0
holdout_reason = "服务回访"
explore = 0

[[offers]]
id = "ask"
zh = "回访一条"
en = "A follow-up"
kind = "message"
channel = "app"
content = "您的问题解决了吗？"
purpose = "service"
value = 1.0
value_band = 0.5

[[offers]]
id = "sale"
zh = "上新一条"
en = "News"
kind = "message"
channel = "app"
content = "上新了"
value = 5.0
value_band = 0.5
"""


@pytest.fixture(scope="module")
def rows(served) -> Iterator[list[dict[str, Any]]]:
    save_policy(served.workspace, "follow_up", POLICY, who="test")
    run_policy(served.workspace, "follow_up", PEOPLE, audience="测试", who="test", now_ms=now_ms())
    with served.browser("manager") as client:
        yield client.get("/v1/decisions", params={"policy": "follow_up"}).json()["rows"]


@pytest.fixture
def boss(served, rows) -> Iterator[httpx.Client]:
    with served.browser("manager") as client:
        yield client


def test_the_log_is_read_page_by_page(boss, rows) -> None:
    assert sorted(row["party"] for row in rows) == sorted(PEOPLE)
    first = boss.get("/v1/decisions", params={"policy": "follow_up", "limit": 4}).json()
    rest = boss.get("/v1/decisions", params={"policy": "follow_up", "limit": 4, "cursor": first["next"]}).json()
    assert first["rows"] + rest["rows"] == rows
    assert rest["next"] is None
    mine = boss.get("/v1/decisions", params={"person": PEOPLE[0]}).json()["rows"]
    assert [row["party"] for row in mine] == [PEOPLE[0]]


def test_what_refused_is_counted(boss, rows) -> None:
    told = boss.get("/v1/decisions/counts", params={"policy": "follow_up"}).json()
    assert [(one["name"], one["decisions"]) for one in told["chosen"]] == [("ask", 6)]
    assert ("consent", "message", 6) in {(one["by"], one["name"], one["decisions"]) for one in told["refused"]}
    params = {"policy": "follow_up", "by": "consent", "name": "message"}
    assert len(boss.get("/v1/decisions", params=params).json()["rows"]) == 6
    assert boss.get("/v1/decisions", params=params | {"until": "2020-01-01"}).json()["rows"] == []
    assert len(boss.get("/v1/decisions", params=params | {"t": "7d"}).json()["rows"]) == 6
    assert boss.get("/v1/decisions", params=params | {"t": "yesterday"}).json()["rows"] == []


def test_one_decision_and_deciding_again(boss, rows) -> None:
    told = boss.get(f"/v1/decisions/{rows[0]['id']}").json()
    assert told["row"] == rows[0]
    assert [one["verdict"] for one in told["weighed"]] == ["chosen", "refused", "possible"]
    assert told["proof"]["holds"] is True
    again = boss.get(f"/v1/decisions/{rows[0]['id']}/replay").json()
    assert (again["decisions"], again["same"]) == (1, 1)
    assert boss.get(f"/v1/decisions/{'0' * 32}").status_code == 404


def test_the_log_is_exported(boss, rows) -> None:
    text = boss.get("/v1/decisions.csv", params={"policy": "follow_up", "limit": 2}).text
    assert text.count("follow_up") == 6
    assert "回访一条" in text
    assert boss.get("/v1/decisions.xlsx", params={"policy": "follow_up"}).content[:2] == b"PK"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        pytest.param({"mode": "loud"}, "mode", id="mode"),
        pytest.param({"cursor": "x"}, "cursor", id="cursor"),
        pytest.param({"cursor": "9" * 20}, "cursor", id="cursor-beyond-the-database"),
        pytest.param({"name": "contacts_day"}, "by", id="name-without-kind"),
        pytest.param({"by": "mood"}, "by", id="kind"),
    ],
)
def test_a_strange_filter_says_what_and_mend(boss, params: dict, field: str) -> None:
    answer = boss.get("/v1/decisions", params=params)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert answer.json()["mend"]


def test_the_wall_sees_counts_and_nobody(served, rows) -> None:
    with served.browser("wall") as client:
        assert client.get("/v1/decisions/counts").status_code == 200
        assert client.get("/v1/decisions/counts", params={"person": PEOPLE[0]}).status_code == 403  # nobody's own total
        assert client.get("/v1/decisions").status_code == 403
        assert client.get(f"/v1/decisions/{rows[0]['id']}").status_code == 403
        assert client.get(f"/v1/decisions/{rows[0]['id']}/replay").status_code == 403
