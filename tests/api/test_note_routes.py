import datetime

import pytest


@pytest.fixture
def boss(served):
    with served.browser("manager") as client:
        yield client


def test_a_note_is_written_shown_and_removed(boss) -> None:
    made = boss.post("/v1/notes", json={"day": "2026-03-04", "text": " 换了主播 ", "platform": "douyin"})
    assert made.status_code == 201, made.text
    note = made.json()
    assert (note["text"], note["platform"], note["source"]) == ("换了主播", "douyin", "person")
    rows = boss.get("/v1/notes", params={"first": "2026-03-04", "last": "2026-03-04"}).json()["rows"]
    assert note in rows
    assert boss.delete(f"/v1/notes/{note['id']}").json() == note
    rows = boss.get("/v1/notes", params={"first": "2026-03-01", "last": "2026-03-31"}).json()["rows"]
    assert note["id"] not in [row["id"] for row in rows]
    assert boss.delete(f"/v1/notes/{note['id']}").status_code == 404


def test_the_calendar_writes_its_own_notes(boss) -> None:
    rows = boss.get("/v1/notes", params={"first": "2026-11-01", "last": "2026-11-30"}).json()["rows"]
    texts = {row["day"]: row["text"] for row in rows if row["source"] == "calendar"}
    assert "双11" in texts["2026-11-11"]
    rows = boss.get("/v1/notes", params={"first": "2026-02-10", "last": "2026-02-20"}).json()["rows"]
    assert ("2026-02-17", "春节") in {(row["day"], row["text"]) for row in rows}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"day": "2026-3-4", "text": "x"}, "day", id="day-in-another-form"),
        pytest.param({"day": "2026-02-30", "text": "x"}, "day", id="no-such-day"),
        pytest.param({"day": "2026-03-04", "text": "  "}, "text", id="empty"),
        pytest.param({"day": "2026-03-04", "text": "a\nb"}, "text", id="two-lines"),
        pytest.param({"day": "2026-03-04", "text": "长" * 61}, "text", id="too-long"),
        pytest.param({"day": "2026-03-04", "text": "x", "platform": "myspace"}, "platform", id="unknown-platform"),
    ],
)
def test_a_bad_note_says_what_and_mend(boss, body: dict, field: str) -> None:
    answer = boss.post("/v1/notes", json=body)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["mend"]


def test_a_span_too_long_for_a_chart_has_no_notes(boss) -> None:
    last = datetime.date(2026, 1, 1) + datetime.timedelta(400)
    assert boss.get("/v1/notes", params={"first": "2026-01-01", "last": last.isoformat()}).json()["rows"] == []
