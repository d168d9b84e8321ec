"""Analyses by the API, as JSON and as files; the command line and the functions say the same."""

import csv
import io
import json
from datetime import date

import httpx
import msgspec
import openpyxl
import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace, analysis, labels, people
from guanxi.app import scope as scopes
from guanxi.cli import cli
from guanxi.core import midnight_ms

WHEN = "custom:2025-11-01..2025-11-30"
PHONE = "13812340000"
X, VIEWED, YEARS = "/v1/explore", "Product Viewed", "custom:2020-01-01..2025-01-01"


@pytest.fixture(scope="module")
def sent(served) -> None:
    """Two buyers of November 2025, sent by a server key; other tests of the session write at other times."""

    def event(kind: str, who: str, day: int, **properties: object) -> dict[str, object]:
        at = f"2025-11-{day:02}T12:00:00+08:00"
        return {"type": "track", "event": kind, "userId": who, "messageId": f"an-{kind}-{who}-{day}", "timestamp": at,
                "properties": properties}  # fmt: skip

    batch = [
        event("Product Viewed", "an-1", 1, product_id="7"), event("Product Viewed", "an-2", 2, product_id="7"),
        event("Order Completed", "an-1", 2, order_id="AN1", total=10),
        event("Order Completed", "an-1", 9, order_id="AN2", total=20),
        event("Order Completed", "an-2", 20, order_id="AN3", total=99.5),
        {"type": "identify", "userId": "an-1", "messageId": "an-id", "timestamp": "2025-11-01T12:00:00+08:00",
         "traits": {"name": "王小芳", "phone": PHONE, "gender": "女", "birthday": "1990-05-01", "city": "苏州"}},
    ]  # fmt: skip
    with served.client(served.gate) as client:
        answer = client.post("/v1/import", json={"batch": batch}, auth=(served.keys["server"], ""))
        assert answer.status_code == 200, answer.text


@pytest.fixture
def analyst(served, sent):
    with served.browser("analyst") as browser:
        yield browser


def asked(client: httpx.Client, path: str, **given: object) -> dict[str, object]:
    answer = client.get(path, params={"t": WHEN, **given})
    assert answer.status_code == 200, answer.text
    return answer.json()


def without_time(told: object) -> dict[str, object]:
    """An answer but for how long it took and what the log grew by meanwhile."""
    body = json.loads(msgspec.json.encode(told))
    return {name: value for name, value in body.items() if name not in ("took_ms", "known")}


QUESTIONS = [
    pytest.param("/v1/people/rfm", {}, lambda ws, at: analysis.rfm(ws, at), ["people", "rfm"], id="rfm"),
    pytest.param("/v1/people/repeat", {}, lambda ws, at: analysis.repeat(ws, at), ["people", "repeat"], id="repeat"),
    pytest.param("/v1/people", {}, lambda ws, at: people.people(ws, at), ["people", "list", "-n", "50"], id="people"),
    pytest.param("/v1/people/labels", {"segment": "buyers"}, lambda ws, at: labels.labels(ws, at, segment="buyers"),
                 ["people", "labels", "--segment", "buyers"], id="labels"),
    pytest.param("/v1/people", {"label": "gender:female"}, lambda ws, at: people.people(ws, at, label="gender:female"),
                 ["people", "list", "-n", "50", "--label", "gender:female"], id="people-by-label"),
    pytest.param("/v1/explore/events", {"by": "platform"}, lambda ws, at: analysis.trend(ws, at, by="platform"),
                 ["explore", "events", "--by", "platform"], id="events"),
    pytest.param("/v1/explore/funnel", {"steps": "Product Viewed,订单付清", "within": "5d"},
                 lambda ws, at: analysis.funnel(ws, at, steps=("Product Viewed", "Order Completed"), within="5d"),
                 ["explore", "funnel", "Product Viewed", "Order Completed", "--within", "5d"], id="funnel"),
    pytest.param("/v1/explore/retention", {"period": "week"}, lambda ws, at: analysis.retention(ws, at),
                 ["explore", "retention"], id="retention"),
    pytest.param("/v1/explore/ltv", {"period": "week"}, lambda ws, at: analysis.ltv(ws, at, period="week"),
                 ["explore", "ltv", "--period", "week"], id="ltv"),
    pytest.param("/v1/explore/paths", {"start": "Product Viewed"},
                 lambda ws, at: analysis.paths(ws, at, start="Product Viewed"), ["explore", "paths", "Product Viewed"],
                 id="paths"),
    pytest.param("/v1/explore/distribution", {"unit": "money"},
                 lambda ws, at: analysis.distribution(ws, at, unit="money"),
                 ["explore", "distribution", "--unit", "money"], id="distribution"),
    pytest.param("/v1/explore/interval", {}, lambda ws, at: analysis.interval(ws, at), ["explore", "interval"],
                 id="interval"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "given", "function", "command"), QUESTIONS)
def test_the_same_numbers_by_every_door(served, analyst, path, given, function, command) -> None:
    by_api = asked(analyst, path, **given)
    with Workspace.open(served.folder) as opened:
        by_hand = function(opened, scopes.scope(opened, t=WHEN))
    told = CliRunner().invoke(cli, [*command, "--t", WHEN, "--json", "-w", str(served.folder)])
    assert told.exit_code == 0, told.output
    assert without_time(by_api) == without_time(by_hand) == without_time(json.loads(told.stdout))
    shown = CliRunner().invoke(cli, [*command, "--t", WHEN, "-w", str(served.folder)])
    assert shown.exit_code == 0, shown.output
    for form in (".csv", ".xlsx"):
        answer = analyst.get(path + form, params={"t": WHEN, **given})
        assert answer.status_code == 200, answer.text
        if form == ".xlsx":
            sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
            rows = list(sheet.values)
        else:
            rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows) > 1


def test_labels_are_counted_and_a_birthday_is_not_shown(analyst, is_error) -> None:
    found = {row["id"]: row for row in asked(analyst, "/v1/people/labels", segment="buyers")["labels"]}
    values = {name: [(one["value"], one["people"], one["amount"]) for one in found[name]["values"]] for name in found}
    assert values == {
        "age": [("35-44", 1, 3_000)], "gender": [("female", 1, 3_000)], "region": [("east", 1, 3_000)],
        "tier": [("new1", 1, 3_000)], "city": [("苏州", 1, 3_000)], "job": [],
    }  # fmt: skip
    assert all(row["definition_zh"] and row["definition_en"] for row in found.values())
    rows = asked(analyst, "/v1/people", label="age:35-44,city:苏州")["rows"]
    assert [row["orders"] for row in rows] == [2]
    assert is_error(analyst.get("/v1/people", params={"label": "wealth:rich"}), 400)["field"] == "label"


def test_the_numbers_are_right(analyst) -> None:
    funnel = asked(analyst, "/v1/explore/funnel", steps="Product Viewed,Order Completed", within="5d")
    assert [step["people"] for step in funnel["groups"][0][1]] == [2, 1]
    found = asked(analyst, "/v1/people", q="an-")
    assert [(row["ref"], row["orders"], row["amount"]) for row in found["rows"]] == [
        ("account:app:an-2", 1, 9_950), ("account:app:an-1", 2, 3_000),
    ]  # fmt: skip
    assert found["rows"][1]["name"] == "王*芳"
    trend = asked(analyst, "/v1/explore/events", kind="Order Completed", measure="amount")
    assert {p["start_ms"]: p["value"] for p in trend["series"][0][1]}[midnight_ms(date(2025, 11, 20))] == 9_950


def test_a_phone_travels_in_the_body_alone(served, analyst) -> None:
    refused = analyst.get("/v1/people", params={"q": PHONE})
    assert refused.status_code == 400
    assert refused.json()["mend"] == "Send it in the body of POST /v1/people/search"
    assert PHONE not in refused.text
    answer = analyst.post("/v1/people/search", json={"field": "phone", "value": "13999999999"})
    assert (answer.status_code, answer.json()["total"]) == (200, 0)
    logged = served.workspace.control.operations(limit=5)
    assert any(one.verb == "search" and one.detail == {"field": "phone"} for one in logged)


@pytest.mark.parametrize(
    ("path", "given", "field", "mend"),
    [
        pytest.param(f"{X}/events", {"kind": "Order Complet"}, "kind", "Did you mean Order Completed", id="kind"),
        pytest.param(f"{X}/events", {"by": "colour"}, "by", "Use platform", id="split"),
        pytest.param(f"{X}/funnel", {"steps": VIEWED}, "steps", "Name 2 to 10 kinds", id="one-step"),
        pytest.param(f"{X}/funnel", {"steps": ",".join([VIEWED] * 11)}, "steps", "2 to 10", id="eleven"),
        pytest.param(f"{X}/funnel", {"steps": f"{VIEWED},Order Completed", "within": "5"}, "within", "7d", id="limit"),
        pytest.param(f"{X}/paths", {"start": VIEWED, "depth": 9}, "steps", "Use 1 to 8", id="depth"),
        pytest.param(f"{X}/distribution", {"of": VIEWED, "unit": "money"}, "measure", "Count", id="no-amount"),
        pytest.param(f"{X}/retention", {"period": "day", "t": YEARS}, "period", "longer", id="cohorts"),
        pytest.param("/v1/people", {"segment": "vip"}, "segment", "key_value", id="segment"),
        pytest.param("/v1/people", {"pf": "nowhere"}, "pf", "Use some of", id="platform"),
        pytest.param("/v1/people/repeat", {"days": "7;9"}, "days", "7,30,90", id="days"),
        pytest.param("/v1/people/rfm", {"t": "lately"}, "t", "Use one of", id="time"),
    ],
)  # fmt: skip
def test_a_bad_question_says_what_to_do(analyst, path, given, field, mend) -> None:
    answer = analyst.get(path, params={"t": WHEN, **given})
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] == field
    assert mend in answer.json()["mend"]


def test_totals_for_a_wall_but_no_people(served, sent) -> None:
    with served.browser("wall") as wall:
        assert wall.get("/v1/people/rfm", params={"t": WHEN}).status_code == 200
        assert wall.get("/v1/people", params={"t": WHEN}).status_code == 403
        assert wall.post("/v1/people/search", json={"field": "phone", "value": "1"}).status_code == 403
