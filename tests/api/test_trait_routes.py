"""The desk's routes about traits, by real sessions and keys: catalogue, values, reasons, rights and consent."""

import httpx
import pytest

SPEND, LATEST = "person.spend.sum.life", "person.orders.since_last.life"
VIA = "account.refunds.ratio_spend_via_address.30d"
SECRET = "person.spend.top_share_address.365d"


@pytest.fixture(scope="module")
def ref(served) -> str:
    """Two who bought; one of them withdrew analysis."""
    batch = [
        {
            "type": "track", "event": event, "userId": user, "messageId": f"t-{user}-{event}-{day}",
            "timestamp": f"2026-01-0{day}T12:00:00+08:00",
            "properties": {"order_id": f"T{user}{day}", "total": day * 10},
        }
        for user, days in (("t-1", (2, 4)), ("t-2", (3,))) for day in days
        for event in ("Order Created", "Order Completed")
    ]  # fmt: skip
    batch.append({"type": "track", "event": "Consent Withdrawn", "userId": "t-2", "messageId": "t-c",
                  "timestamp": "2026-01-05T12:00:00+08:00", "properties": {"purpose": "analyse"}})  # fmt: skip
    with served.client(served.gate) as client:
        answer = client.post("/v1/import", json={"batch": batch}, auth=(served.keys["server"], ""))
        assert answer.status_code == 200, answer.text
    return "account:app:t-1"


@pytest.fixture
def analyst(served):
    with served.browser("analyst") as browser:
        yield browser


def test_the_catalogue(analyst: httpx.Client, is_error) -> None:
    rows = analyst.get("/v1/traits", params={"q": "付款", "topic": "purchase", "use": "profile"}).json()["rows"]
    assert SPEND in [row["name"] for row in rows]
    assert {row["topic"] for row in rows} == {"purchase"}
    assert len(analyst.get("/v1/traits").json()["rows"]) > 700
    assert analyst.get(f"/v1/traits/{SPEND}").json()["unit"] == "money"
    assert analyst.get("/v1/traits.csv", params={"topic": "taste"}).text.startswith("\ufeffname,zh,en,unit,party,of")
    is_error(analyst.get("/v1/traits", params={"topic": "speed"}), 404)
    is_error(analyst.get("/v1/traits/person.nothing"), 404)


def test_values_and_reasons(analyst: httpx.Client, ref: str) -> None:
    asked = {"parties": [ref], "names": [SPEND, "person.orders.count.7d"]}
    found = analyst.post("/v1/traits", json=asked | {"until": 1_767_628_800_000}).json()
    assert (found["names"], found["rows"], found["units"]) == (asked["names"], [[6_000, 2]], ["money", "count"])
    why = analyst.get(f"/v1/traits/{SPEND}/explain", params={"ref": ref}).json()
    assert (why["value"], why["total"]) == (6_000, 2)
    for event in why["events"]:
        assert analyst.get(f"/v1/events/{event['id']}").json()["event"]["kind"] == "Order Completed"
    before = analyst.get(f"/v1/traits/{SPEND}/explain", params={"ref": ref, "until": "2026-01-03"}).json()
    assert (before["value"], before["total"]) == (2_000, 1)
    then = analyst.get(f"/v1/traits/{SPEND}/explain", params={"ref": ref, "asof": "2026-01-03"}).json()
    assert then["value"] == 0  # nothing had been learnt yet


def test_a_person_by_topic(analyst: httpx.Client, ref: str) -> None:
    found = analyst.get(f"/v1/people/{ref}/traits").json()
    values = {row["name"]: (row["value"], row["state"]) for part in found["topics"] for row in part["rows"]}
    assert values[SPEND] == (6_000, "known")
    assert values["person.spend.gap_mean.30d"][1] == "unknown"
    assert values[SECRET] == (None, "hidden")
    assert found["hidden"] == sum(state == "hidden" for _, state in values.values()) > 0
    assert all(name.startswith("person.") for name in values)
    one = analyst.get(f"/v1/people/{ref}/traits", params={"topic": "velocity"}).json()
    assert [part["topic"] for part in one["topics"]] == ["velocity"]


def test_consent_holds_profiles_back(analyst: httpx.Client, is_error, ref: str) -> None:
    other = "account:app:t-2"
    found = analyst.get(f"/v1/people/{other}/traits").json()
    states = {row["name"]: row["state"] for part in found["topics"] for row in part["rows"]}
    assert (states[SPEND], states[LATEST]) == ("withheld", "known")
    is_error(analyst.get(f"/v1/traits/{SPEND}/explain", params={"ref": other}), 403)
    assert analyst.get(f"/v1/traits/{LATEST}/explain", params={"ref": other}).json()["total"] == 1
    both = analyst.post("/v1/traits", json={"parties": [ref, other], "names": [SPEND, LATEST]}).json()
    assert (both["rows"][1][0], both["withheld"]) == (None, [other])
    assert both["rows"][1][1] > 0
    is_error(analyst.post("/v1/traits", json={"parties": [ref], "names": [LATEST], "use": "profile"}), 403)


def test_sensitive_values_need_the_right_and_a_purpose(served, analyst: httpx.Client, is_error, ref: str) -> None:
    path, asked = f"/v1/traits/{SECRET}/explain", {"ref": ref, "purpose": "风险核验"}
    is_error(analyst.get(path, params=asked), 403)
    assert analyst.post("/v1/traits", json={"parties": [ref], "names": [SECRET]}).json()["hidden"] == [SECRET]
    with served.browser("reviewer", fresh=True) as browser:
        who = browser.get("/v1/me").json()["who"]
        is_error(browser.get(path, params={"ref": ref}), 403)
        assert browser.get(path, params=asked).status_code == 200
        table = {"parties": [ref], "names": [SECRET], "purpose": "风险核验"}
        assert browser.post("/v1/traits", json=table).json()["hidden"] == []
        assert browser.get(f"/v1/people/{ref}/traits", params={"purpose": "风险核验"}).json()["hidden"] == 0
    logged = served.workspace.control.operations(who=who, verb="reveal traits")
    assert [row.detail["purpose"] for row in logged] == ["风险核验"] * 3
    assert ref not in str(logged)


def test_how_a_trait_is_spread(served, analyst: httpx.Client, is_error, ref: str) -> None:
    found = analyst.get("/v1/traits/person.spend.sum.30d/distribution", params={"until": "2026-01-06"}).json()
    assert found["parties"] >= 2
    assert (found["psi"] is None) == (found["parties_before"] == 0)
    assert sum(one["parties"] for one in found["bins"]) == found["parties"]
    assert sum(one["parties"] for one in found["bars"]) == found["parties"] * (1 - found["unknown"])
    assert found["drift"] in ("none", "few")
    now = [analyst.get("/v1/traits/person.spend.sum.30d/distribution").json() for _ in range(2)]
    assert now[0]["until_ms"] == now[1]["until_ms"]  # told a moment ago
    is_error(analyst.get(f"/v1/traits/{VIA}/distribution"), 400)
    is_error(analyst.get(f"/v1/traits/{SECRET}/distribution", params={"purpose": "风险核验"}), 403)
    with served.browser("reviewer", fresh=True) as browser:
        is_error(browser.get(f"/v1/traits/{SECRET}/distribution"), 403)
        assert browser.get(f"/v1/traits/{SECRET}/distribution", params={"purpose": "风险核验"}).status_code == 200
        logged = served.workspace.control.operations(who=browser.get("/v1/me").json()["who"], verb="reveal traits")
    assert logged[0].object == "all parties"


def test_what_a_trait_is_made_of(analyst: httpx.Client) -> None:
    found = analyst.get("/v1/traits/person.night_orders.ratio_orders.365d").json()
    assert [(one["role"], one["name"]) for one in found["measures"]] == [("of", "night_orders"), ("over", "orders")]
    assert found["measures"][0]["where"] == [
        {"text": "hour < 6", "zh": "发生在 0 至 6 点", "en": "between 0:00 and 6:00"}
    ]
    (kind,) = found["measures"][1]["kinds"]
    assert (kind["name"], kind["zh"]) == ("Order Created", "下单")
    assert (found["spread"], found["base"], found["readers"]) == ("parties", None, [])
    windows = [one["window"] for one in analyst.get("/v1/traits/person.spend.sum.90d").json()["windows"]]
    assert (windows[0], windows[-1]) == ("30d", "life")
    near = analyst.get(f"/v1/traits/{VIA}").json()
    assert near["spread"] == "neighbours"
    base = analyst.get(f"/v1/traits/{near['base']['name']}").json()
    assert VIA in [one["name"] for one in base["readers"]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/traits/person.spend.sum.30d/explain?ref=device::x", None, 400),
        ("GET", "/v1/traits/person.spend.sum.30d/explain?ref=account:app:t-1&asof=soon", None, 400),
        ("GET", "/v1/traits/person.spend.sum.30d/explain?ref=account:app:t-1&asof=1&until=1", None, 400),
        ("GET", "/v1/people/account:app:t-1/traits?topic=speed", None, 404),
        ("POST", "/v1/traits", {"parties": [], "names": ["velocity"]}, 400),
        ("POST", "/v1/traits", {"parties": ["account:app:t-1"], "names": ["nothing"]}, 404),
    ],
)  # fmt: skip
def test_questions_that_cannot_be_answered(
    analyst: httpx.Client, is_error, method: str, path: str, body: object, status: int
) -> None:
    is_error(analyst.request(method, path, json=body), status)


def test_totals_only_and_nobody(served, desk: httpx.Client, is_error, ref: str, bearer) -> None:
    is_error(desk.get("/v1/traits"), 401)
    assert desk.get("/v1/traits/person.spend.sum.30d", headers=bearer("read")).status_code == 200
    with served.browser("wall") as screen:
        is_error(screen.get(f"/v1/people/{ref}/traits"), 403)
        is_error(screen.post("/v1/traits", json={"parties": [ref], "names": [SPEND]}), 403)
