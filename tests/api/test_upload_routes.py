"""Files through the desk: forms of any cut, limits, rights, and the way from file to events."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from guanxi.app import upload_jobs, uploads

CSV = "单号,下单时间,实付金额,会员,收货人手机\nU1,2026-01-02 10:00:00,19.90,u1,13812341234\n".encode()
RUN: dict = {"mapping": "", "settings": {}}


@pytest.fixture
def ann(served) -> Iterator[httpx.Client]:
    with served.browser("analyst") as browser:
        yield browser


def send(browser: httpx.Client, body: bytes, name: str = "own.csv") -> dict:
    answer = browser.post("/v1/uploads", files={"file": (name, body)})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_form_and_a_bare_body(served, ann: httpx.Client) -> None:
    big = CSV + b"x" * 3_000_000
    made = send(ann, big, '../订单 "1".csv')
    assert (made["name"], made["bytes"]) == ("订单 _1_.csv", len(big))
    assert uploads.file_of(served.workspace, made["id"]).read_bytes() == big
    bare = ann.post("/v1/uploads", params={"name": "b.csv"}, content=CSV,
                    headers={"content-type": "application/octet-stream"}).json()  # fmt: skip
    assert uploads.file_of(served.workspace, bare["id"]).read_bytes() == CSV
    listed = [row["id"] for row in ann.get("/v1/uploads").json()["rows"]]
    assert {made["id"], bare["id"]} <= set(listed)
    assert ann.delete(f"/v1/uploads/{made['id']}").json()["id"] == made["id"]
    assert ann.get(f"/v1/uploads/{made['id']}").status_code == 404


def test_other_fields_of_a_form_are_passed_over(served, ann: httpx.Client) -> None:
    body = (
        b"--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n" + CSV +
        b"\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.csv\"\r\n\r\nsecond\r\n--b--\r\n"
    )  # fmt: skip
    made = ann.post("/v1/uploads", content=body, headers={"content-type": "multipart/form-data; boundary=b"}).json()
    assert made["name"] == "a.csv"
    assert uploads.file_of(served.workspace, made["id"]).read_bytes() == CSV


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        pytest.param(b"", "multipart/form-data; boundary=b", 400, id="no-form"),
        pytest.param(b"rubbish", "multipart/form-data; boundary=b", 400, id="broken"),
        pytest.param(CSV, "multipart/form-data", 400, id="no-boundary"),
        pytest.param(CSV, "application/octet-stream", 400, id="no-name"),
        pytest.param(CSV, "image/png", 415, id="another-type"),
        pytest.param(b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n\r\n--b--\r\n',
                     "multipart/form-data; boundary=b", 400, id="empty-file"),
    ],
)  # fmt: skip
def test_bodies_without_a_file(served, ann: httpx.Client, is_error, body: bytes, kind: str, status: int) -> None:
    before = list((served.folder / "uploads").glob("*"))
    is_error(ann.post("/v1/uploads", content=body, headers={"content-type": kind}), status)
    assert list((served.folder / "uploads").glob("*")) == before


def test_who_may_bring_files(served, is_error) -> None:
    with served.browser("operator") as operator, served.browser("analyst", fresh=True) as browser:
        is_error(operator.post("/v1/uploads", files={"file": ("a.csv", CSV)}), 403)
        browser.headers.pop("x-csrf-token")
        is_error(browser.post("/v1/uploads", files={"file": ("a.csv", CSV)}), 403)


def test_a_file_that_is_too_large(tight, is_error) -> None:
    with tight.browser("analyst") as browser:
        assert len(CSV) < 3000
        is_error(browser.post("/v1/uploads", files={"file": ("a.csv", b"x" * 200_000)}), 413)
        assert list((tight.folder / "uploads").glob("*/content/*")) == []


def test_an_upload_that_is_cut_off_leaves_nothing(served, ann: httpx.Client) -> None:
    before = set((served.folder / "uploads").glob("*"))
    host, _, port = served.desk.removeprefix("http://").partition(":")
    cookie = "; ".join(f"{name}={value}" for name, value in ann.cookies.items())
    head = (
        f"POST /v1/uploads?name=cut.csv HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Length: 5000000\r\n"
        f"X-CSRF-Token: {ann.headers['x-csrf-token']}\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as line:
        line.sendall(head.encode() + b"x" * 2_000_000)
    assert ann.get("/v1/status").status_code == 200
    for _ in range(50):
        if set((served.folder / "uploads").glob("*")) == before:
            break
        ann.get("/v1/me")
    assert set((served.folder / "uploads").glob("*")) == before


def test_from_a_file_to_events(served, ann: httpx.Client, is_error) -> None:
    made = send(ann, CSV)
    path = f"/v1/uploads/{made['id']}"
    seen = ann.get(f"{path}/suggest").json()
    assert {one["column"]: one["what"] for one in seen["columns"]}["单号"] in ("", "order")
    is_error(ann.post(f"{path}/dry-run", json=RUN), 400)
    saved = ann.post(
        "/v1/mappings",
        json={"id": "own_orders", "upload": made["id"], "zh": "自己的订单", "platform": "app",
              "columns": {"单号": "order", "下单时间": "at", "会员": "buyer", "收货人手机": "drop"}},
    )  # fmt: skip
    assert saved.status_code == 201, saved.text
    assert [row["mapping"] for row in ann.get("/v1/mappings").json()["rows"]] == ["own_orders"]
    dry = ann.post(f"{path}/dry-run", json=RUN).json()["sources"][0]
    assert (dry["mapping"], dry["accepted"], dry["parked"]) == ("own_orders", 1, 0)
    assert "13812341234" not in str(dry)
    job = ann.post(f"{path}/import", json=RUN).json()["rows"][0]
    assert job["state"] == "waiting"
    is_error(ann.post(f"{path}/import", json=RUN), 400)
    is_error(ann.delete(path), 400)
    upload_jobs.carry_out(served.folder, made["id"])  # as the keeper does; through the gate that serves
    done = next(row for row in ann.get("/v1/jobs").json()["rows"] if row["id"] == job["id"])
    assert (done["state"], done["accepted"]) == ("done", 1)
    assert ann.get("/v1/events", params={"party": "account:app:u1"}).json()["rows"]
    is_error(ann.post(f"/v1/jobs/{job['id']}/stop"), 400)
    verbs = {row.verb for row in served.workspace.control.operations(limit=30)}
    assert {"upload", "mapping.save", "import"} <= verbs


def test_parked_rows_are_mended_by_group(served, ann: httpx.Client, is_error) -> None:
    bad = {
        "type": "track", "event": "Order Completed", "userId": "m-1", "messageId": "mend-1",
        "properties": {"order_id": "M1", "revenue": "a heap"},
    }  # fmt: skip
    with served.client(served.gate) as client:
        client.post("/v1/track", json=bad, auth=(served.keys["server"], ""))
    rows = ann.get("/v1/parked").json()["rows"]
    group = next({name: row[name] for name in ("reason", "field", "source", "kind")} for row in rows
                 if row["reason"] == "amount" and row["source"].startswith("http"))  # fmt: skip
    detail = ann.get("/v1/parked/group", params=group).json()
    assert detail["count"] >= 1
    assert "a heap" in [one["value"] for one in detail["values"]]
    how = {**group, "how": "replace", "find": "a heap", "value": "19.90"}
    dry = ann.post("/v1/parked/mend", json=how).json()
    assert (dry["dry"], dry["changed"], dry["replayed"]) == (True, 1, 1)
    done = ann.post("/v1/parked/mend", json={**how, "dry_run": False}).json()
    assert (done["dry"], done["replayed"], done["events"]) == (False, 1, 1)
    assert ann.get("/v1/people/account:app:m-1").json()["totals"]["amount"] == 1990
    is_error(ann.post("/v1/parked/mend", json={**how, "how": "guess"}), 400)
    is_error(ann.get("/v1/parked/group", params={**group, "field": "moon"}), 404)
    with served.browser("operator") as operator:
        is_error(operator.post("/v1/parked/mend", json=how), 403)
