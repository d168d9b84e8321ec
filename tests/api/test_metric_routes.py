"""The desk's metrics: the console's number, the command line's and the query's are one number."""

import httpx
import msgspec
import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace, queries
from guanxi.cli import cli
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, event_id

DAY = "custom:2026-01-02..2026-01-02"
START = 1_767_283_200_000  # 2 January 2026, 00:00 in China


@pytest.fixture(scope="module")
def sold(apart) -> httpx.Client:
    """Two paid orders of one person, one of another; a browser of an operator."""
    events = [
        Event(
            id=event_id("sold", str(number)), kind="Order Completed", at_ms=START + number * 3_600_000,
            received_ms=START + number * 3_600_000, roles={"actor": f"account:app:{who}"}, platform=platform,
            refs={"order": f"O-{number}"}, amount=amount, currency="CNY", live=True,
        )
        for number, (who, platform, amount) in enumerate([("a", "app", 1000), ("a", "jd", 250), ("b", "app", 4)])
    ]  # fmt: skip
    log = SqliteLog(apart.folder)
    log.append(events)
    log.close()
    with apart.browser("operator") as client:
        yield client


def told(client: httpx.Client, path: str, **given: str) -> dict:
    answer = client.get(path, params=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_console_command_and_query_say_the_same_number(apart, sold: httpx.Client) -> None:
    card = told(sold, "/v1/metrics/gmv_paid", t=DAY)
    assert (card["current"]["value"], card["current"]["n"]) == (1254, 3)
    cockpit = told(sold, "/v1/cockpit", t=DAY)
    assert cockpit["cards"][0]["current"] == card["current"]
    command = ["metrics", "show", "gmv_paid", "--t", DAY, "--json", "-w", str(apart.folder)]
    shown = msgspec.json.decode(CliRunner().invoke(cli, command).stdout)
    assert shown["answer"] == card
    behind = told(sold, "/v1/evidence", of="metric:gmv_paid", t=DAY)
    assert behind["command"] == f"guanxi metrics show gmv_paid --t {DAY}"
    assert (behind["rows"], behind["people"], behind["person_refs"]) == (3, 2, ["account:app:a", "account:app:b"])
    with Workspace.open(apart.folder) as workspace:
        assert queries.query(workspace, behind["sql"])[1][0] == (1254, 3)


def test_parts_series_and_freshness(sold: httpx.Client) -> None:
    parts = told(sold, "/v1/metrics/gmv_paid/parts", t=DAY, by="platform")["rows"]
    assert {one["part"]: one["current"] for one in parts} == {"app": 1004, "jd": 250}
    series = told(sold, "/v1/metrics/gmv_paid/series", t=DAY, by="platform", bucket="hour")
    assert [one["key"] for one in series] == ["", "compared", "app", "jd"]
    assert [point["value"] for point in series[0]["points"]][:4] == [1000, 250, 4, 0]
    fresh = {one["platform"]: one for one in told(sold, "/v1/freshness")}
    assert (fresh["jd"]["state"], fresh["jd"]["events"]) == ("stopped", 1)
    assert {one["kind"] for one in told(sold, "/v1/todo")} == {"stale"}
    assert told(sold, "/v1/cockpit", t=DAY, pf="jd")["cards"][0]["current"]["value"] == 250


def test_the_wall_sees_totals_and_nobody(apart, sold: httpx.Client) -> None:
    with apart.browser("wall") as wall:
        behind = told(wall, "/v1/evidence", of="metric:buyers", t=DAY)
        assert (behind["people"], behind["person_refs"], behind["sample"]) == (2, [], [])
        assert wall.get("/v1/evidence", params={"of": "party:account:app:a"}).status_code == 403
    assert told(sold, "/v1/evidence", of="party:account:app:a")["sample"] == [["Order Completed", 2]]
    assert told(sold, "/v1/evidence", of="event:1")["en"] == "Order Completed"


@pytest.mark.parametrize(
    ("path", "given", "status", "field"),
    [
        ("/v1/cockpit", {"t": "fortnight"}, 400, "t"), ("/v1/cockpit", {"pf": "myspace"}, 400, "pf"),
        ("/v1/metrics/gmv_paid/parts", {"by": "item"}, 400, "by"), ("/v1/metrics/gmv", {}, 404, ""),
        ("/v1/metrics/gmv_paid/series", {"bucket": "second"}, 400, "bucket"),
        ("/v1/evidence", {"of": "rumour:1"}, 400, "of"), ("/v1/cockpit", {"asof": "soon"}, 400, ""),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(
    sold: httpx.Client, is_error, path: str, given: dict, status: int, field: str
) -> None:
    body = is_error(sold.get(path, params=given), status)
    assert body["field"] == field
