"""Traits of the workspace's own over the API: checked, added whole, read by all, removed, taken back."""

from collections.abc import Iterator

import httpx
import pytest

NAME = "account.rushes.count.3h"
TEXT = """
[[measure]]
name = "rushes"
kinds = ["Order Created"]
where = ["amount >= 500"]
zh = "抢购"
en = "rushed orders"

[[family]]
party = ["account", "device"]
of = ["rushes"]
aggregate = ["count"]
window = ["3h"]
topic = "velocity"
uses = ["risk", "profile"]
why_zh = "抢。"
why_en = "A rush."
"""


@pytest.fixture
def ann(served) -> Iterator[httpx.Client]:
    with served.browser("analyst") as browser:
        yield browser
        while browser.get("/v1/own-traits").json()["rows"]:
            name = browser.get("/v1/own-traits").json()["rows"][-1]["name"]
            assert browser.delete(f"/v1/own-traits/{name}").status_code == 200
        if "rushes" in browser.get("/v1/own-traits").json()["text"]:
            assert browser.delete("/v1/own-traits/rushes").status_code == 200


def test_from_a_text_to_a_value_and_back(served, ann: httpx.Client, is_error) -> None:
    order = {"type": "track", "event": "Order Created", "userId": "rush", "messageId": "rush-1",
             "properties": {"order_id": "R1", "total": 9.9}}  # fmt: skip
    with served.client(served.gate) as client:
        assert client.post("/v1/track", json=order, auth=(served.keys["server"], "")).status_code == 200
    assert ann.get("/v1/own-traits").json() == {"text": "", "rows": [], "wrong": "", "undo": False}
    is_error(ann.get(f"/v1/traits/{NAME}"), 404)
    names = [row["name"] for row in ann.post("/v1/own-traits/check", json={"text": TEXT}).json()["added"]]
    assert names == [NAME, NAME.replace("account", "device")]
    assert ann.get("/v1/own-traits").json()["rows"] == []
    added = ann.post("/v1/own-traits", json={"text": TEXT}).json()
    assert ([row["name"] for row in added["added"]], added["own"]) == (names, 2)
    row = ann.get(f"/v1/traits/{NAME}").json()
    assert (row["own"], row["zh"], row["unit"]) == (True, "此账号近3小时的抢购次数", "count")
    listed = {row["name"]: row["own"] for row in ann.get("/v1/traits", params={"topic": "velocity"}).json()["rows"]}
    assert [name for name, own in listed.items() if own] == names
    asked = {"parties": ["account:app:rush"], "names": [NAME]}
    assert ann.post("/v1/traits", json=asked).json()["rows"] == [[1]]
    why = ann.get(f"/v1/traits/{NAME}/explain", params={"ref": "account:app:rush"}).json()
    assert (why["value"], why["total"], why["measures"][0]["where"]) == (1, 1, ["amount >= 500"])
    assert ann.delete(f"/v1/own-traits/{NAME}").json() == {"added": [], "removed": [NAME], "own": 1}
    is_error(ann.get(f"/v1/traits/{NAME}"), 404)
    assert [row["name"] for row in ann.post("/v1/own-traits/undo").json()["added"]] == [NAME]
    held = ann.get("/v1/own-traits").json()
    assert ([row["name"] for row in held["rows"]], held["text"].strip(), held["undo"]) == (
        names, held["text"][: held["text"].index("\n")] + "\n" + TEXT.rstrip(), True,
    )  # fmt: skip
    told = {row.verb: row for row in served.workspace.control.operations(limit=20)}
    assert {"trait.define", "trait.remove", "trait.undo"} <= set(told)
    assert told["trait.remove"].object == NAME
    is_error(ann.delete("/v1/own-traits/rushes"), 403)
    is_error(ann.delete("/v1/own-traits/account.orders.count.1h"), 404)


@pytest.mark.parametrize(
    ("old", "new", "what", "field"),
    [
        pytest.param('"count"', '"counts"', "text, line 9, family 1: aggregate = ['counts']", "aggregate", id="enum"),
        pytest.param("Order Created", "Order Maid", "text, line 2, measure 1: no kind of event", "kinds", id="kind"),
        pytest.param('"rushes"\nk', '"orders"\nk', "'orders' ships with Guanxi", "name", id="ships"),
        pytest.param("3h", "3w", "the window is '3w'", "window", id="window"),
        pytest.param(TEXT, "", "text defines nothing", "", id="nothing"),
    ],
)
def test_what_is_wrong_is_said(ann: httpx.Client, is_error, old: str, new: str, what: str, field: str) -> None:
    body = is_error(ann.post("/v1/own-traits", json={"text": TEXT.replace(old, new)}), 400)
    assert what in body["what"]
    assert body.get("field", "") == field
    assert ann.get("/v1/own-traits").json()["rows"] == []


def test_who_may_define(served, is_error) -> None:
    with served.browser("operator") as operator:
        for path in ("", "/check"):
            is_error(operator.post(f"/v1/own-traits{path}", json={"text": TEXT}), 403)
        is_error(operator.post("/v1/own-traits/undo"), 403)
        is_error(operator.delete(f"/v1/own-traits/{NAME}"), 403)
        assert operator.get("/v1/own-traits").json()["rows"] == []
