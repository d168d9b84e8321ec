"""Kinds of the workspace's own: defined on the page, in force at the gate and the desk without a restart."""

from collections.abc import Iterator

import httpx
import pytest

TEA = {
    "zh": "品茶", "purpose": "A guest tasted a tea.", "family": "place",
    "properties": {"score": {"type": "integer", "zh": "评分"}, "guest": {"zh": "客人", "personal": True}},
}  # fmt: skip


@pytest.fixture
def ann(served) -> Iterator[httpx.Client]:
    with served.browser("analyst") as browser:
        yield browser


def taste(served, number: int, **properties: object) -> None:
    sent = {"type": "track", "event": "Tea Tasted", "userId": f"tea-{number}", "messageId": f"tea-{number}",
            "properties": properties}  # fmt: skip
    with served.client(served.gate) as client:
        answer = client.post("/v1/track", json=sent, auth=(served.keys["server"], ""))
        assert answer.status_code == 200, answer.text


def test_a_kind_is_seen_defined_in_force_and_taken_back(served, ann: httpx.Client, is_error) -> None:
    taste(served, 1, score=7, phone="13812341234")
    seen = ann.get("/v1/kinds/Tea Tasted/seen").json()
    assert (seen["kind"], seen["custom"], seen["events"]) == (None, True, 1)
    properties = {row["name"]: row for row in seen["properties"]}
    assert (properties["score"]["type"], properties["score"]["declared"]) == ("integer", False)
    assert "13812341234" not in str(seen)
    assert ann.put("/v1/kinds/Tea Tasted", json=TEA).json()["custom"] is True
    taste(served, 2, score="9 ", guest="王小芳")
    taste(served, 3, score="very good")
    newest = ann.get("/v1/events", params={"kind": "Tea Tasted"}).json()["rows"][0]
    assert newest["properties"]["score"] == 9
    assert newest["properties"]["guest"].startswith("vt_")
    assert any(row["kind"] == "Tea Tasted" for row in ann.get("/v1/parked").json()["rows"])
    again = ann.get("/v1/kinds/Tea Tasted/seen").json()
    assert (again["kind"]["zh"], again["events"]) == ("品茶", 2)
    listed = next(row for row in ann.get("/v1/kinds").json()["rows"] if row["name"] == "Tea Tasted")
    assert (listed["zh"], listed["events"], listed["first_ms"] <= listed["last_ms"]) == ("品茶", 2, True)
    assert listed["defined"] is True
    assert ann.get("/v1/kinds/Tea Tasted").json()["purpose"] == TEA["purpose"]
    assert ann.delete("/v1/kinds/Tea Tasted").json()["name"] == "Tea Tasted"
    taste(served, 4, score="fine")
    assert ann.get("/v1/events", params={"kind": "Tea Tasted"}).json()["rows"][0]["properties"]["score"] == "fine"
    gone = next(row for row in ann.get("/v1/kinds").json()["rows"] if row["name"] == "Tea Tasted")
    assert (gone["defined"], gone["custom"]) == (False, True)
    is_error(ann.delete("/v1/kinds/Tea Tasted"), 404)
    verbs = [row.verb for row in served.workspace.control.operations(limit=20)]
    assert {"kind.define", "kind.remove"} <= set(verbs)


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        pytest.param("Order Completed", {}, "name", id="shipped"),
        pytest.param("order completed", {}, "name", id="its-table"),
        pytest.param("品茶", {}, "name", id="no-table"),
        pytest.param("Order", {}, "name", id="one-word"),
        pytest.param("Tea Poured", {"family": "sky"}, "family", id="family"),
        pytest.param("Tea Poured", {"roles": ["king"]}, "", id="role"),
        pytest.param("Tea Poured", {"zh": " "}, "zh", id="label"),
        pytest.param("Tea Poured", {"zh": "a\nb"}, "zh", id="two-lines"),
        pytest.param("Tea Poured", {"properties": {"Bad Name": {"zh": "x"}}}, "", id="property"),
        pytest.param("Tea Poured", {"properties": {"x": {"zh": "x", "type": "feeling"}}}, "", id="type"),
        pytest.param("Tea Poured", {"trust": "nobody"}, "trust", id="trust"),
    ],
)
def test_kinds_that_are_refused(ann: httpx.Client, is_error, name: str, change: dict, field: str) -> None:
    body = is_error(ann.put(f"/v1/kinds/{name}", json=TEA | change), 400)
    assert not field or body["field"] == field
    assert ann.get("/v1/kinds/Tea Poured").status_code == 404


def test_who_may_define(served, is_error) -> None:
    with served.browser("operator") as operator:
        is_error(operator.put("/v1/kinds/Tea Poured", json=TEA), 403)
        is_error(operator.get("/v1/kinds/Never Seen/seen"), 404)
