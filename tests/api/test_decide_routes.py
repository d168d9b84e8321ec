"""Deciding over HTTP: with a server key or by who may propose, once under a key, with the story of it."""

import pytest

from guanxi.app.policies import save_policy, template

POLICY = template("care").replace('mode = "propose"', 'mode = "auto"')
PERSON = "account:app:u1"


@pytest.fixture
def decider(served):
    save_policy(served.workspace, "care", POLICY, who="test", replace=True)
    save_policy(served.workspace, "winback", template("winback"), who="test", replace=True)
    with served.client(served.desk, headers={"authorization": f"Bearer {served.keys['server']}"}) as client:
        yield client


def test_a_program_asks_once_and_gets_the_same_answer_again(served, decider) -> None:
    asked = {"policy": "care", "person": PERSON, "ask": "ticket-1", "facts": {"hour": 20}}
    made = decider.post("/v1/decide", json=asked)
    assert made.status_code == 200, made.text
    answer = made.json()
    assert decider.post("/v1/decide", json=asked).json() == answer
    assert answer["mode"] == "auto"
    assert sum(one == answer["chosen"] for one in answer["possible"]) == 1
    assert 0 < answer["propensity"] <= 1
    with served.browser("manager") as boss:
        story = boss.get(f"/v1/decisions/{answer['id']}/story").json()
        assert story["proved"]
        assert [part["key"] for part in story["zh"]] == [part["key"] for part in story["en"]]
        assert story["person_zh"]
    refused = decider.post("/v1/decide", json=asked | {"person": "account:app:u2"})
    assert (refused.status_code, refused.json()["field"]) == (403, "ask")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        pytest.param({"policy": "care"}, 400, "person", id="nobody"),
        pytest.param({"policy": "car", "person": PERSON}, 404, "care", id="unknown-policy"),
        pytest.param({"policy": "../etc", "person": PERSON}, 400, "called", id="no-name"),
        pytest.param({"policy": "care", "person": PERSON, "mode": "now"}, 400, "mode", id="mode"),
        pytest.param({"policy": "winback", "person": PERSON}, 403, "proposes", id="proposes"),
        pytest.param({"policy": "winback", "person": PERSON, "mode": "auto"}, 403, "propose", id="more-than-it-may"),
        pytest.param({"policy": "care", "person": PERSON, "colour": 1}, 400, "colour", id="unknown-field"),
        pytest.param({"policy": "care", "person": PERSON, "facts": {"Hour": 1}}, 400, "lower-case", id="fact"),
    ],
)
def test_a_bad_question_is_told(decider, body, status, words) -> None:
    told = decider.post("/v1/decide", json=body)
    assert told.status_code == status, told.text
    assert words in told.json()["what"] + told.json()["mend"]


def test_who_may_ask(served, decider) -> None:
    body = {"policy": "care", "person": PERSON}
    for name, status in (("read", 403), ("client", 403)):
        with served.client(served.desk, headers={"authorization": f"Bearer {served.keys[name]}"}) as client:
            assert client.post("/v1/decide", json=body).status_code == status
    with served.browser("operator") as operator, served.browser("reviewer") as reviewer:
        assert operator.post("/v1/decide", json=body).status_code == 200
        assert reviewer.post("/v1/decide", json=body).status_code == 403


def test_policies_and_runs_are_listed(served, decider) -> None:
    with served.browser("manager") as boss:
        rows = {row["name"]: row for row in boss.get("/v1/policies").json()["rows"]}
        assert rows["care"]["wrong"] == rows["winback"]["wrong"] == ""
        assert boss.get("/v1/policies/winback").json()["text"] == template("winback")
        assert boss.get("/v1/policies/none").status_code == 404
        assert isinstance(boss.get("/v1/runs").json()["rows"], list)
        assert boss.get("/v1/runs/none").status_code == 404
        assert "winback" in boss.get("/v1/policies.csv").text
