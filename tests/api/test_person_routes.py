"""The desk's routes about a person, by a real browser session, gate and desk."""

import io

import httpx
import openpyxl
import pytest

from guanxi.core import mask_phone

PHONE = "13812341234"


@pytest.fixture(scope="module")
def ref(served) -> str:
    """A person with a profile, an order and some browsing, sent by a server key."""
    batch = [
        {"type": "identify", "userId": "p-1", "messageId": "p-id", "traits": {"name": "王小芳", "phone": PHONE}},
        {
            "type": "track", "event": "Order Completed", "userId": "p-1", "messageId": "p-order",
            "timestamp": "2026-01-02T12:00:00+08:00", "properties": {"order_id": "P1", "total": 19.9},
        },
        *(
            {"type": "track", "event": "Product Viewed", "userId": user, "messageId": f"p-{user}-{n}",
             "timestamp": f"2026-01-01T10:0{n}:00+08:00", "properties": {"product_id": "p-7"}}
            for user in ("p-1", "p/2") for n in range(3)
        ),
    ]  # fmt: skip
    with served.client(served.gate) as client:
        answer = client.post("/v1/batch", json={"batch": batch}, auth=(served.keys["server"], ""))
        assert answer.status_code == 200, answer.text
    return "account:app:p-1"


@pytest.fixture
def analyst(served):
    with served.browser("analyst") as browser:
        yield browser


def test_a_person(analyst: httpx.Client, ref: str) -> None:
    answer = analyst.get(f"/v1/people/{ref}")
    body = answer.json()
    assert answer.status_code == 200, body
    assert (body["name"], body["phone"]) == ("王*芳", mask_phone(PHONE))
    assert body["totals"]["orders"] == 1
    assert [tie["kind"] for tie in body["ties"]]
    assert PHONE not in answer.text
    assert "王小芳" not in answer.text


def test_a_key_with_a_slash(analyst: httpx.Client, ref: str) -> None:
    assert analyst.get("/v1/people/account:app:p%2F2").json()["events"] == 3
    assert analyst.get("/v1/people/account:app:p%2F2/timeline").json()["rows"][0]["count"] == 3


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/v1/people/account:app:nobody", 404, ""), ("/v1/people/account:app:nobody/timeline", 404, ""),
        ("/v1/people/account:app:p-1?asof=soon", 400, ""), ("/v1/people/account:app:p-1?ties=101", 400, "ties"),
        ("/v1/people/account:app:p-1/timeline?families=x", 400, "families"),
        ("/v1/people/account:app:p-1/timeline?cursor=x", 400, "cursor"),
    ],
)  # fmt: skip
def test_questions_that_cannot_be_answered(
    analyst: httpx.Client, is_error, ref: str, path: str, status: int, field: str
) -> None:
    body = is_error(analyst.get(path), status)
    assert not field or body["field"] == field


def test_the_timeline_and_its_workbook(analyst: httpx.Client, ref: str) -> None:
    page = analyst.get(f"/v1/people/{ref}/timeline", params={"families": "browse,trade"}).json()
    assert [(row["zh"], row["count"]) for row in page["rows"]] == [("订单付清 ¥19.90", 1), ("浏览商品 3 次", 3)]
    found = analyst.get(f"/v1/events/{page['rows'][1]['ids'][2]}").json()
    assert found["event"]["kind"] == "Product Viewed"
    answer = analyst.get(f"/v1/people/{ref}/timeline.xlsx", params={"families": "trade"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert [cell.value for cell in sheet[2]][3] == "订单付清 ¥19.90"


def test_plain_text_by_right_and_purpose(served, analyst: httpx.Client, is_error, ref: str) -> None:
    path, asked = f"/v1/people/{ref}/reveal", {"field": "phone", "purpose": "售后处理"}
    is_error(analyst.post(path, json=asked), 403)
    with served.browser("service", fresh=True) as browser:
        who = browser.get("/v1/me").json()["who"]
        assert browser.post(path, json=asked).json()["value"] == PHONE
        is_error(browser.post(path, json=asked | {"purpose": ""}), 400)
        is_error(browser.post(path, json=asked | {"field": "email"}), 404)
    logged = served.workspace.control.operations(who=who, verb="reveal")
    assert [row.detail["purpose"] for row in logged] == ["售后处理"]
    assert PHONE not in str(logged)


def test_merge_and_undo(served, analyst: httpx.Client, is_error, ref: str) -> None:
    asked = {"keep": ref, "other": "account:app:p/2", "reason": "同一手机号"}
    with served.browser("operator") as other:
        is_error(other.post("/v1/people/merge", json=asked), 403)
    done = analyst.post("/v1/people/merge", json=asked).json()
    assert done["members"] == ["account:app:p-1", "account:app:p/2"]
    assert analyst.get("/v1/people/account:app:p%2F2").json()["totals"]["orders"] == 1
    is_error(analyst.post("/v1/people/merge", json=asked | {"reason": ""}), 400)
    undo = done["undo"]
    apart = analyst.request(undo["method"], undo["path"], json=undo["body"])
    assert apart.json()["members"] == [ref]
    assert analyst.get("/v1/people/account:app:p%2F2").json()["totals"]["orders"] == 0
    is_error(analyst.request(undo["method"], undo["path"], json=undo["body"]), 400)


def test_the_wall_sees_no_person(served, is_error, ref: str) -> None:
    with served.browser("wall") as browser:
        for path in (f"/v1/people/{ref}", f"/v1/people/{ref}/timeline"):
            is_error(browser.get(path), 403)


def test_a_person_among_all_buyers(analyst: httpx.Client, ref: str) -> None:
    buyer = analyst.get(f"/v1/people/{ref}/segment").json()
    listed = analyst.get("/v1/people", params={"size": 200}).json()["rows"]
    row = next(one for one in listed if one["ref"] == ref)
    assert (buyer["orders"], buyer["segment"], buyer["r"]) == (row["orders"], row["segment"], row["r"])
    assert buyer["rule_zh"]
    assert buyer["buyers"] >= 1
    other = analyst.get("/v1/people/account:app:p%2F2/segment").json()
    assert (other["segment"], other["orders"], other["r"]) == ("", 0, None)
