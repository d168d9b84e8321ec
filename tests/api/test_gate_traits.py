"""The gate's own answer about traits: for server keys, of this moment, in clear words when it cannot."""

import time
from collections.abc import Iterator

import httpx
import pytest

from .conftest import GENEROUS, Served, serve

ORDER = {"event": "Order Created", "userId": "u-1", "properties": {"order_id": "o-1", "total": 19.9}}
NAME = "account.orders.count.1h"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("kept") / "shop", GENEROUS + "[traits]\nlive = true\n") as one:
        with one.client(one.gate) as client:
            give_up = time.monotonic() + 60
            while client.get("/readyz").status_code == 503:
                assert time.monotonic() < give_up
                time.sleep(0.02)
        yield one


def ask(served: Served, scope: str, body: object) -> httpx.Response:
    with served.client(served.gate) as client:
        return client.post("/v1/traits", json=body, headers={"authorization": f"Bearer {served.keys[scope]}"})


def test_an_event_counts_from_its_acknowledgement_on(kept: Served) -> None:
    headers = {"authorization": f"Bearer {kept.keys['server']}"}
    with kept.client(kept.gate) as client:
        for number in range(3):
            event = {**ORDER, "messageId": f"m{number}"}
            assert client.post("/v1/track", json=event, headers=headers).status_code == 200
            answer = client.post(
                "/v1/traits", json={"party": "account", "ref": "account:app:u-1", "names": [NAME]}, headers=headers
            ).json()
            assert answer["seq"] == number + 1
            assert (answer["values"], answer["units"]) == ({NAME: number + 1}, {NAME: "count"})


def test_what_an_event_would_see_is_told_and_not_counted(kept: Served) -> None:
    headers = {"authorization": f"Bearer {kept.keys['server']}"}
    event = {**ORDER, "userId": "u-2", "type": "track", "context": {"ip": "192.0.2.9"}}
    versus, counts = "account.order_value.versus.30d", ["account.orders.count.1h", "ip.orders.count.1h"]
    with kept.client(kept.gate) as client:
        for number, told in ((0, None), (1, 1.0), (2, 1.0)):
            asked = {"event": {**event, "messageId": f"e{number}"}, "names": [versus, *counts]}
            for body in (asked, {**asked, "event": {**asked["event"], "messageId": "other"}}):
                answer = client.post("/v1/traits", json=body, headers=headers).json()
                assert answer["parties"] == {
                    "person": "account:app:u-2", "account": "account:app:u-2", "ip": "ip::192.0.2.9"
                }  # fmt: skip
                assert answer["values"] == {versus: told, counts[0]: number, counts[1]: number}
                assert not answer["behind"]
            sent = client.post("/v1/batch", json={"batch": [asked["event"]]}, headers=headers)
            assert sent.json() == {"success": True}
        every = client.post("/v1/traits", json={"event": event}, headers=headers).json()["values"]
        assert {name.partition(".")[0] for name in every} == {"person", "account", "ip"}


@pytest.mark.parametrize(
    ("scope", "body", "status"),
    [
        pytest.param("client", {"event": ORDER}, 403, id="an-event-by-a-client-key"),
        pytest.param("server", {"event": ORDER, "party": "account"}, 400, id="an-event-and-a-party"),
        pytest.param("server", {"event": {"event": " "}}, 400, id="an-event-without-a-name"),
        pytest.param("server", {"event": {**ORDER, "properties": {"total": "much"}}}, 400, id="parked-if-it-were-sent"),
        pytest.param("server", {"event": {**ORDER, "properties": 5}}, 400, id="no-message"),
        pytest.param("server", {"event": {**ORDER, "type": "shout"}}, 400, id="no-such-type"),
        pytest.param(
            "server", {"event": {"type": "alias", "userId": "a", "previousId": "b"}}, 403, id="it-tells-who-is-who"
        ),
        pytest.param("client", {"party": "account", "ref": "account:app:u-1"}, 403, id="a-client-key"),
        pytest.param("server", {"party": "account"}, 400, id="no-reference"),
        pytest.param("server", {"party": "account", "ref": "a", "more": 1}, 400, id="a-field-too-many"),
        pytest.param("server", {"party": "account", "ref": "device::d1"}, 400, id="another-type"),
        pytest.param("server", {"party": "planet", "ref": "account:app:u-1"}, 404, id="no-such-party"),
        pytest.param("server", {"party": "account", "ref": "account:app:u-1", "names": ["x"]}, 404, id="no-such-trait"),
        pytest.param(
            "server", {"party": "account", "ref": "account:app:u-1", "names": ["x"] * 2_001}, 400, id="too-many"
        ),
    ],
)
def test_what_cannot_be_answered(kept: Served, is_error, scope: str, body: dict, status: int) -> None:
    is_error(ask(kept, scope, body), status)


def test_a_gate_that_keeps_none_is_ready_and_has_no_such_door(served: Served, gate: httpx.Client) -> None:
    assert gate.get("/readyz").status_code == 200
    assert ask(served, "server", {"party": "account", "ref": "account:app:u-1"}).status_code == 404
