"""Receipts with a server key; the outbox, its counts and its verbs by session."""

import msgspec
import pytest

from guanxi.actions import Ended, Outcome, Outgoing, Pace, judge
from guanxi.api.receipt_routes import RECEIPTS
from guanxi.engines.control import Control
from guanxi.engines.log import now_ms
from guanxi.events import event_id

BODY = (("channel", "sms"), ("content", "spring"), ("purpose", "care"))


def row(name: str, *, kind: str = "message", party: str = "account:app:reach") -> Outgoing:
    return Outgoing(
        id=event_id("reach", name), decision=event_id("reached", name), run="reach-run", party=party, kind=kind,
        channel="sms", body=BODY, dry=False, not_before_ms=now_ms() - 1, not_after_ms=now_ms() + 3_600_000,
    )  # fmt: skip


def put(control: Control, *rows: Outgoing) -> None:
    with control.transaction() as connection:
        control.outbox.put_in(connection, rows, now_ms=now_ms())


def attempt(control: Control, name: str, kind: str) -> None:
    outcome, ended = Outcome(kind=kind), []  # type: ignore[arg-type]
    for one in control.outbox.take(now_ms=now_ms(), lease_ms=60_000, limit=100):
        if one.row.id != event_id("reach", name):
            control.outbox.put_back([one])
            continue
        verdict = judge(one.row, outcome, now_ms=now_ms(), pace=Pace(attempts=1), tried=one.tried)
        ended.append(Ended(id=one.row.id, attempt=one.row.attempts, outcome=outcome, verdict=verdict))
    assert ended
    control.outbox.record(ended, now_ms=now_ms())


@pytest.fixture(scope="module")
def outbox(served) -> Control:
    """One sent, one given up, one open; and what the tests of receipts need."""
    control = served.workspace.control
    put(control, row("sent"))
    attempt(control, "sent", "accepted")
    put(control, row("dead"))
    attempt(control, "dead", "busy")
    put(control, row("open"))
    return control


def test_receipts_need_a_server_key(served, desk, bearer, is_error) -> None:
    body = {"receipts": [{"action": "x", "state": "delivered"}]}
    is_error(desk.post(RECEIPTS, json=body), 401)
    is_error(desk.post(RECEIPTS, json=body, headers={"authorization": "Bearer nope"}), 401)
    for scope in ("client", "read", "admin"):
        is_error(desk.post(RECEIPTS, json=body, headers=bearer(scope)), 403)
    with served.browser("manager") as browser:
        is_error(browser.post(RECEIPTS, json=body), 401)
    signed = {"webhook-id": "r1", "webhook-timestamp": str(now_ms() // 1000), "webhook-signature": "v1,AAAA"}
    assert "signature" in is_error(desk.post(RECEIPTS, json=body, headers=signed), 401)["what"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"receipts": 5}', b'{"receipts": [], "more": 1}', b'{"receipts": []}', b"\xff"]
)
def test_no_receipts(desk, bearer, is_error, body: bytes) -> None:
    assert is_error(desk.post(RECEIPTS, content=body, headers=bearer("server")), 400)["field"] == "receipts"


def test_receipts_are_kept_once_and_answered_one_by_one(outbox, desk, bearer) -> None:
    sent = event_id("reach", "sent")
    body = {"receipts": [
        {"action": sent, "at": now_ms(), "state": "delivered"},
        {"action": sent, "state": "arrived"},
        {"action": "f" * 32, "state": "opened"},
    ]}  # fmt: skip
    first = desk.post(RECEIPTS, json=body, headers=bearer("server"))
    assert first.status_code == 200
    answer = first.json()
    assert (answer["accepted"], answer["parked"][0]["index"]) == (1, 2)
    assert answer["refused"] == [
        {"index": 1, "what": "the state is 'arrived'",
         "mend": "Use one of delivered, opened, failed, redeemed, refused", "field": "state"}
    ]  # fmt: skip
    again = desk.post(RECEIPTS, json=body, headers=bearer("server")).json()
    assert (again["accepted"], again["repeated"]) == (0, 1)
    wrong = {"receipts": [{"action": sent, "state": "arrived"}]}
    assert desk.post(RECEIPTS, json=wrong, headers=bearer("server")).status_code == 400
    assert [one.state for one in outbox.receipts.of(sent)] == ["delivered"]


def test_a_large_request_is_taken(outbox, desk, bearer) -> None:
    body = {"receipts": [{"action": event_id("many", str(n)), "state": "delivered"} for n in range(1_000)]}
    assert len(msgspec.json.encode(body)) > 64 * 1024
    assert len(desk.post(RECEIPTS, json=body, headers=bearer("server")).json()["parked"]) == 1_000


def test_the_outbox_and_its_story(served, outbox) -> None:
    with served.browser("operator") as browser:
        page = browser.get("/v1/reach/outbox", params={"run": "reach-run", "limit": 2}).json()
        assert [one["id"] for one in page["rows"]] == [event_id("reach", name) for name in ("open", "dead")]
        rest = browser.get("/v1/reach/outbox", params={"run": "reach-run", "limit": 2, "cursor": page["next"]}).json()
        assert [one["id"] for one in rest["rows"]] == [event_id("reach", "sent")]
        csv = browser.get("/v1/reach/outbox.csv", params={"run": "reach-run"}).text
        assert csv.count("\r\n") == 4
        assert browser.get("/v1/reach/funnel.xlsx").status_code == 200
        assert browser.get("/v1/reach/dead.csv").text.count("busy") == 1
        counts = browser.get("/v1/reach", params={"run": "reach-run"}).json()["counts"]
        assert {one["state"]: one["rows"] for one in counts} == {"sent": 1, "dead": 1, "ready": 1}
        told = browser.get(f"/v1/reach/actions/{event_id('reach', 'sent')}").json()
        assert [one["what"] for one in told["steps"]][:3] == ["decision", "action", "attempt"]


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        pytest.param("/v1/reach/outbox", {"state": "gone"}, "state", id="state"),
        pytest.param("/v1/reach/outbox", {"cursor": "x"}, "cursor", id="cursor"),
        pytest.param("/v1/reach/outbox", {"cursor": "9" * 20}, "cursor", id="cursor-beyond-the-database"),
        pytest.param("/v1/reach", {"since": "9" * 20}, "since", id="since-beyond-the-database"),
    ],
)
def test_questions_that_are_wrong(served, is_error, path: str, params: dict, field: str) -> None:
    with served.browser("operator") as browser:
        assert is_error(browser.get(path, params=params), 400)["field"] == field
        is_error(browser.get("/v1/reach/actions/nothing"), 404)


def test_totals_for_the_wall_people_for_nobody_there(served, is_error) -> None:
    with served.browser("wall") as browser:
        assert browser.get("/v1/reach").status_code == 200
        is_error(browser.get("/v1/reach/outbox"), 403)


def test_who_may_take_back_and_try_again(served, outbox, is_error) -> None:
    dead, waits = event_id("reach", "dead"), event_id("reach", "open")
    with served.browser("engineer") as browser:
        is_error(browser.post("/v1/reach/retry", json={"ids": [dead]}), 403)
        is_error(browser.post("/v1/reach/withdraw", json={"ids": [waits]}), 403)
    with served.browser("operator") as browser:
        is_error(browser.post("/v1/reach/withdraw", json={}), 400)
        is_error(browser.post("/v1/reach/retry", json={"ids": [], "channel": "sms"}), 400)
        assert browser.post("/v1/reach/retry", json={"error": "busy", "channel": "sms"}).json()["rows"] == 1
        assert browser.post("/v1/reach/withdraw", json={"run": "reach-run"}).json() == {
            "withdrawn": 2, "sent": 1, "sending": 0,
        }  # fmt: skip
    verbs = [line.verb for line in outbox.operations(limit=2)]
    assert verbs == ["reach.withdraw", "reach.retry"]
