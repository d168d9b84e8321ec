"""What the desk shows: events as of a moment, kinds, parked rows, parties, exports, the live line, the document."""

import csv
import io
import json
import re
import time

import httpx
import pytest

from guanxi.app import ImportJob


@pytest.fixture(scope="module")
def people(served) -> list[int]:
    """Seven events of one person and a parked one, sent by a server key; their sequence numbers."""
    batch = [
        {
            "type": "track", "event": "desk_test", "userId": "=cmd|'/c calc'!A1", "messageId": f"desk-{n}",
            "timestamp": f"2026-01-0{n + 1}T00:00:00+08:00", "properties": {"note": f"=HYPERLINK({n})", "n": n},
        }
        for n in range(7)
    ]  # fmt: skip
    batch.append(
        {
            "type": "track",
            "event": "Order Completed",
            "userId": "u-bad",
            "properties": {"order_id": "1", "revenue": "a lot"},
        }
    )
    with served.client(served.gate) as client:
        answer = client.post("/v1/batch", json={"batch": batch}, auth=(served.keys["server"], ""))
        assert answer.status_code == 200, answer.text
    return [event.seq for event in served.workspace.reader.read(kind="desk_test")]


@pytest.fixture
def analyst(served):
    with served.browser("analyst") as browser:
        yield browser


def notes(rows: list[dict]) -> list[int]:
    return [row["properties"]["n"] for row in rows]


def test_events_newest_first_in_pages(analyst: httpx.Client, people: list[int]) -> None:
    asked, got, cursor = {"kind": "desk_test", "limit": 3}, [], ""
    sizes = []
    while cursor is not None:
        page = analyst.get("/v1/events", params={**asked, **({"cursor": cursor} if cursor else {})}).json()
        got += notes(page["rows"])
        sizes.append(len(page["rows"]))
        cursor = page["next"]
    assert got == [6, 5, 4, 3, 2, 1, 0]
    assert sizes == [3, 3, 1]


def test_pages_stay_as_known_when_the_first_was_read(served, analyst: httpx.Client, people: list[int]) -> None:
    asked = {"kind": "desk_test", "limit": 4, "order": "oldest"}
    first = analyst.get("/v1/events", params=asked).json()
    more = {"type": "track", "event": "desk_test", "userId": "late", "properties": {"n": 99}}
    with served.client(served.gate) as client:
        client.post("/v1/track", json=more, auth=(served.keys["server"], ""))
    second = analyst.get("/v1/events", params={**asked, "cursor": first["next"]}).json()
    assert notes(first["rows"]) + notes(second["rows"]) == [0, 1, 2, 3, 4, 5, 6]
    assert second["known"] == first["known"]
    fresh = analyst.get("/v1/events", params={"kind": "desk_test", "limit": 1}).json()
    assert notes(fresh["rows"]) == [99]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({"until": "2026-01-03T00:00:00+08:00"}, [1, 0], id="until-is-exclusive"),
        pytest.param({"until": "2026-01-03 00:00:00"}, [1, 0], id="no-zone-is-china"),
        pytest.param({"until": "2026-01-02T16:00:00Z"}, [1, 0], id="utc"),
        pytest.param({"until": "1767369600001"}, [2, 1, 0], id="milliseconds"),
        pytest.param({"party": "account:app:=cmd|'/c calc'!A1"}, [6, 5, 4, 3, 2, 1, 0], id="party"),
        pytest.param({"party": "account:app:nobody"}, [], id="nobody"),
        pytest.param({"known": 0}, [], id="nothing-known"),
    ],
)
def test_events_as_of(analyst: httpx.Client, people: list[int], asked: dict, expected: list[int]) -> None:
    rows = analyst.get("/v1/events", params={"kind": "desk_test", **asked}).json()["rows"]
    assert [n for n in notes(rows) if n != 99] == expected


def test_events_as_known(analyst: httpx.Client, people: list[int]) -> None:
    rows = analyst.get("/v1/events", params={"kind": "desk_test", "known": people[2]}).json()["rows"]
    assert notes(rows) == [2, 1, 0]


def test_an_offset_that_a_browser_did_not_escape(served, analyst: httpx.Client, people: list[int]) -> None:
    rows = analyst.get("/v1/events?kind=desk_test&until=2026-01-03T00:00:00+08:00").json()["rows"]
    assert notes(rows) == [1, 0]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/events?limit=0", "limit"), ("/v1/events?limit=1001", "limit"), ("/v1/events?cursor=x", "cursor"),
        ("/v1/events?until=soon", ""), ("/v1/events?known=-1", "known"), ("/v1/events?order=up", "order"),
        ("/v1/events?cursor=1.2.3", "cursor"),
        ("/v1/operations?cursor=-1", "cursor"), ("/v1/parked/rows?cursor=x", "cursor"),
        (f"/v1/events?kind={'k' * 200}", "kind"),
    ],
)  # fmt: skip
def test_bad_questions(served, is_error, path: str, field: str) -> None:
    with served.browser("manager") as browser:
        body = is_error(browser.get(path), 400)
    assert body["field"] == field


@pytest.mark.parametrize(
    "path",
    ["/v1/events/999999999", "/v1/events/" + "0" * 32, "/v1/kinds/Nothing", "/v1/parties/account:app:nobody", "/v1/x"],
)
def test_what_is_not_there(analyst: httpx.Client, is_error, path: str) -> None:
    is_error(analyst.get(path), 404)


def test_one_event_one_kind_one_party(analyst: httpx.Client, people: list[int]) -> None:
    found = analyst.get(f"/v1/events/{people[0]}").json()
    assert found["event"]["seq"] == people[0]
    assert analyst.get(f"/v1/events/{found['event']['id']}").json() == found
    assert analyst.get("/v1/kinds/Order Completed").json()["family"] == "trade"
    party = analyst.get("/v1/parties/" + found["event"]["roles"]["actor"]).json()
    assert party["counts"] == {"desk_test": 7}


def test_status_kinds_parked_sources_jobs(served, analyst: httpx.Client, people: list[int]) -> None:
    status = analyst.get("/v1/status").json()
    assert status["last_seq"] >= people[-1]
    assert [row["job"] for row in status["processes"]] == ["gate"]
    kinds = {row["name"]: row for row in analyst.get("/v1/kinds").json()["rows"]}
    assert kinds["desk_test"]["custom"] is True
    assert kinds["desk_test"]["events"] >= 7
    groups = analyst.get("/v1/parked").json()["rows"]
    assert any(row["reason"] == "amount" and row["kind"] == "Order Completed" for row in groups)
    rows = analyst.get("/v1/parked/rows", params={"reason": "amount"}).json()["rows"]
    assert rows
    assert all("raw" not in row for row in rows)
    sources = analyst.get("/v1/sources").json()["rows"]
    assert {"taobao", "jd"} <= {row["platform"] for row in sources}
    served.workspace.control.save_job(
        ImportJob(id="j", source="a.csv", preset="p", file_hash="h", state="done", started_ms=1)
    )
    assert analyst.get("/v1/jobs", params={"state": "done"}).json()["rows"][0]["source"] == "a.csv"
    for path in ("/v1/status", "/v1/kinds", "/v1/parked"):
        assert analyst.get(f"{path}.json" if path != "/v1/status" else path).status_code == 200


def test_events_as_csv(served, analyst: httpx.Client, people: list[int]) -> None:
    answer = analyst.get("/v1/events.csv", params={"kind": "desk_test", "known": people[-1], "limit": 2})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [json.loads(row["properties"])["n"] for row in rows] == [6, 5, 4, 3, 2, 1, 0]  # all pages
    assert all(not re.match(r"[=+@\t\r]", value) for row in rows for value in row.values())
    last = served.workspace.control.operations(limit=1)[0]
    assert (last.verb, last.object) == ("export", "events")


def test_exports_without_the_right_are_refused_and_not_logged(served, is_error) -> None:
    with served.browser("reviewer", fresh=True) as browser:
        is_error(browser.get("/v1/events.csv"), 403)
        who = browser.get("/v1/me").json()["who"]
    assert served.workspace.control.operations(who=who) == []


def lines_of(stream: httpx.Response, count: int) -> list[dict]:
    found = []
    for line in stream.iter_lines():
        if line.startswith("data: "):
            found.append(json.loads(line[6:]))
            if len(found) == count:
                break
    return found


def test_the_live_line(served, analyst: httpx.Client, is_error) -> None:
    with analyst.stream("GET", "/v1/live") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        news = stream.iter_lines()
        first = next(json.loads(line[6:]) for line in news if line.startswith("data: "))
        begin = time.monotonic()
        batch = [{"type": "track", "event": "live", "userId": "u", "messageId": f"live-{n}"} for n in range(3)]
        with served.client(served.gate) as client:
            client.post("/v1/batch", json={"batch": batch}, auth=(served.keys["server"], ""))
        second = next(json.loads(line[6:]) for line in news if line.startswith("data: "))
    assert first["new"] == 0
    assert second == {"new": 3, "last_seq": first["last_seq"] + 3}
    assert time.monotonic() - begin < 5


def test_the_live_line_is_for_sessions(served, desk: httpx.Client, is_error) -> None:
    is_error(desk.get("/v1/live"), 401)
    is_error(desk.get("/v1/live", headers={"authorization": f"Bearer {served.keys['read']}"}), 403)


@pytest.fixture(scope="module")
def document(served) -> dict:
    with served.client(served.desk) as client:
        return client.get("/openapi.json").json()


def test_the_document_resolves(document: dict) -> None:
    assert document["openapi"].startswith("3.1")
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))
    assert references
    for reference in references:
        here = document
        for part in reference.split("/"):
            here = here[part]
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))
    schemes = document["components"]["securitySchemes"]
    for item in document["paths"].values():
        for operation in item.values():
            assert all(name in schemes for row in operation["security"] for name in row)


def test_every_route_has_an_example_two_languages_and_the_error_shape(document: dict) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert re.search(r"[\u4e00-\u9fff]", operation["summary"]), where
            assert re.search(r"[A-Za-z]{3}", operation["summary"]), where
            good = next(row for status, row in operation["responses"].items() if status.startswith("2"))
            assert all("example" in media for media in good["content"].values()), where
            assert operation["responses"]["default"]["content"]["application/json"]["example"].keys() == {
                "what",
                "mend",
                "field",
            }
            assert "422" not in operation["responses"], where
            assert set(re.findall(r"{(\w+)}", path)) == {
                row["name"] for row in operation.get("parameters", []) if row["in"] == "path"
            }, where  # fmt: skip
            if "requestBody" in operation and "schema" in (
                media := next(iter(operation["requestBody"]["content"].values()))
            ):
                name = media["schema"].get("$ref", "").rpartition("/")[2]
                assert "example" in media or "example" in document["components"]["schemas"][name], where


def test_every_route_that_is_served_is_in_the_document_or_a_twin(served, document: dict) -> None:
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        with served.client(served.desk) as client:
            answer = client.get(path)  # no reader of the document of FastAPI's own: it loads scripts from elsewhere
            assert not re.search(r"swagger|redoc|https?://", answer.text, re.IGNORECASE)
    for path in (
        "/v1/batch",
        "/v1/relate",
        "/sync_server",
        "/batch/",
        "/sa",
        "/v3/projects/{project}/collect",
        "/v1/live",
    ):
        assert path in document["paths"]


def test_desk_headers(desk: httpx.Client, served) -> None:
    for path in ("/healthz", "/openapi.json", "/v1/me", "/nothing"):
        answer = desk.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers or "uvicorn" in answer.headers["server"]
        assert "access-control-allow-origin" not in answer.headers
