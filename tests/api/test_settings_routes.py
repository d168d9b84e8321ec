"""What settings pages ask: appearance, the tour, consent purposes, masking."""

from collections.abc import Iterator

import httpx
import pytest


@pytest.fixture
def ann(served) -> Iterator[httpx.Client]:
    with served.browser("operator", fresh=True) as browser:
        yield browser


def test_appearance_belongs_to_the_person(served, ann: httpx.Client) -> None:
    assert ann.get("/v1/appearance").json() == {
        "colours": "none", "density": "compact", "language": "zh", "theme": "light", "shortcuts": True, "tour_ms": None,
    }  # fmt: skip
    assert ann.put("/v1/appearance", json={"colours": "red_up", "shortcuts": False}).json()["colours"] == "red_up"
    assert ann.put("/v1/appearance", json={"theme": "dark"}).json()["shortcuts"] is False
    with served.browser("operator", fresh=True) as ben:
        assert ben.get("/v1/appearance").json()["theme"] == "light"


@pytest.mark.parametrize("body", [{"colours": "pink"}, {"shortcuts": "yes"}, {"size": 1}, {"tour_ms": 5}], ids=str)
def test_appearances_that_are_not_offered(ann: httpx.Client, is_error, body: dict) -> None:
    is_error(ann.put("/v1/appearance", json=body), 400)


def test_a_key_has_no_page(served, is_error) -> None:
    with served.client(served.desk, headers={"authorization": f"Bearer {served.keys['read']}"}) as program:
        assert program.get("/v1/appearance").json()["colours"] == "none"
        is_error(program.put("/v1/appearance", json={"theme": "dark"}), 400)


def test_the_tour_says_whose_data_this_is(served, ann: httpx.Client) -> None:
    with served.client(served.gate) as client:
        sent = {"type": "track", "event": "Tour Test", "userId": "t", "timestamp": "2026-01-02T00:00:00+08:00"}
        client.post("/v1/track", json=sent, auth=(served.keys["server"], ""))
    body = ann.get("/v1/tour").json()
    assert (body["data"], body["workspace"], body["done"]) == ("own", "shop", False)
    assert body["events"] >= 1
    assert body["first_ms"] <= 1_767_283_200_000 <= body["last_ms"]
    assert ann.put("/v1/tour", json={"done": True}).json()["tour_ms"]
    assert ann.get("/v1/tour").json()["done"] is True
    ann.put("/v1/tour", json={"done": False})
    assert ann.get("/v1/tour").json()["done"] is False


def test_purposes_count_people_once_and_now(served, ann: httpx.Client) -> None:
    def said(event: str, who: str, day: int, **properties: object) -> dict:
        return {
            "type": "track", "event": event, "userId": who, "messageId": f"consent-{event}-{who}-{day}",
            "timestamp": f"2026-01-0{day}T00:00:00+08:00", "properties": properties,
        }  # fmt: skip

    before = {row["purpose"]: row for row in ann.get("/v1/consents").json()["rows"]}
    batch = [
        said("Consent Given", "c1", 1, purpose="location"), said("Consent Given", "c2", 1, purpose="location"),
        said("Consent Withdrawn", "c2", 2, purpose="location"), said("Consent Given", "c1", 3, purpose="location"),
        said("Personalisation Switched", "c1", 3, enabled=False), said("Consent Given", "c1", 1, purpose="dance"),
    ]  # fmt: skip
    with served.client(served.gate) as client:
        assert client.post("/v1/batch", json={"batch": batch}, auth=(served.keys["server"], "")).status_code == 200
    after = {row["purpose"]: row for row in ann.get("/v1/consents").json()["rows"]}
    grown = {
        name: (row["given"] - before[name]["given"], row["withdrawn"] - before[name]["withdrawn"])
        for name, row in after.items()
    }
    assert grown == {
        "analyse": (0, 0), "personalise": (0, 1), "message": (0, 0), "location": (1, 1), "share": (0, 0),
    }  # fmt: skip


def test_masking_says_what_is_hidden_and_who_may_look(ann: httpx.Client) -> None:
    fields = {row["field"]: row for row in ann.get("/v1/masking").json()["fields"]}
    assert (fields["name"]["masked"], fields["phone"]["masked"]) == ("王*芳", "138****1234")
    assert fields["name"]["roles"] == ["客服主管", "风控审核"]


def test_a_password_that_an_administrator_makes_anew(served, is_error) -> None:
    with served.browser("manager", fresh=True) as admin:
        made = admin.post("/v1/users", json={"name": "forgetful", "roles": ["operator"]}).json()
        fresh = admin.post(f"/v1/users/{made['user']['id']}/password").json()["password"]
    with served.client(served.desk) as client:
        is_error(client.post("/v1/session", json={"name": "forgetful", "password": made["password"]}), 401)
        assert client.post("/v1/session", json={"name": "forgetful", "password": fresh}).status_code == 200


def test_platforms_and_settings_in_force(served, ann: httpx.Client, is_error) -> None:
    rows = {row["id"]: row for row in ann.get("/v1/platforms").json()["rows"]}
    assert (rows["taobao"]["disc"], rows["app"]["own"]) == ("淘", True)
    is_error(ann.get("/v1/settings"), 403)
    with served.browser("engineer") as engineer:
        answer = engineer.get("/v1/settings")
    found = {row["name"]: row for row in answer.json()["rows"]}
    assert found["limits.requests_per_second"]["changed"] is True
    assert found["limits.body_bytes"]["changed"] is False
    assert "PRODUCT" not in answer.text  # a key of the settings
