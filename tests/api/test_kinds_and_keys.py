"""Every kind of event with every scope of key."""

from typing import NamedTuple

import pytest

from guanxi.events import Kind, shipped

KINDS = sorted(shipped())
ROLE_TYPES = {"actor": "account", "payer": "account", "recipient": "account", "agent": "account", "object": "account"}


def message(kind: Kind, scope: str) -> dict:
    roles = {role: f"{ROLE_TYPES.get(role, role)}:app:{scope}-1" for role in kind.required_roles}
    own = {"roles": roles, "refs": dict.fromkeys(kind.required_refs, f"{scope}-1")}
    return {"type": "track", "event": kind.name, "messageId": f"{scope}:{kind.name}", "context": {"guanxi": own}}


class Sent(NamedTuple):
    status: int
    refused: dict[int, dict]  # index -> error
    stored: set[str]  # kinds in the log under this key


@pytest.fixture(scope="module")
def sent(apart) -> dict[str, Sent]:
    """One batch of the whole catalogue per scope."""
    found: dict[str, Sent] = {}
    scopes: dict[str, str] = {}
    listed = apart.workspace.control.keys()
    ids = {key.prefix: key.id for key in listed}
    with apart.client(apart.gate) as client:
        for scope, secret in {**apart.keys, "unknown": "gxs_nobody"}.items():
            batch = [message(kind, scope) for kind in map(shipped().get, KINDS) if kind]
            answer = client.post("/v1/batch", json={"batch": batch}, auth=(secret, ""))
            refused = {row["index"]: row for row in answer.json().get("errors", [])}
            found[scope] = Sent(answer.status_code, refused, set())
            scopes[f"http:{ids.get(secret[:10])}"] = scope
    for event in apart.workspace.reader.read():
        if event.source in scopes:
            found[scopes[event.source]].stored.add(event.kind)
    return found


@pytest.mark.parametrize("name", KINDS)
def test_kind(sent: dict[str, Sent], name: str) -> None:
    index, client_may = KINDS.index(name), shipped()[name].trust == "client"
    assert name in sent["server"].stored
    assert (name in sent["client"].stored) is client_may
    assert (index not in sent["client"].refused) is client_may
    for scope in ("read", "admin", "unknown"):
        assert name not in sent[scope].stored


def test_statuses(sent: dict[str, Sent]) -> None:
    assert {scope: one.status for scope, one in sent.items()} == {
        "client": 200, "server": 200, "read": 403, "admin": 403, "unknown": 401,
    }  # fmt: skip
    assert sent["server"].refused == {}
    assert all(row["what"] and row["mend"] for row in sent["client"].refused.values())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/v1/alias", {"userId": "u-1", "previousId": "anon-1"}, id="alias-to-a-known-person"),
        pytest.param("/v1/identify", {"userId": "u-1", "traits": {"city": "杭州"}}, id="traits-of-a-known-person"),
        pytest.param("/v1/group", {"userId": "u-1", "groupId": "hh-1"}, id="group"),
        pytest.param("/v1/relate", {"kind": "spouse", "from": "account:app:1", "to": "account:app:2"}, id="relate"),
        pytest.param("/v1/track", {"userId": "u-1", "event": "Order Completed"}, id="order"),
        pytest.param("/v1/import", {"batch": []}, id="history"),
    ],
)
def test_what_a_client_key_may_not_send(served, path: str, body: dict, is_error) -> None:
    before = served.workspace.reader.sizes()["last_seq"]
    with served.client(served.gate) as client:
        is_error(client.post(path, json=body, auth=(served.keys["client"], "")), 403)
    assert served.workspace.reader.sizes()["last_seq"] == before


def test_a_key_text_of_the_settings_works_at_its_sdk_path(served, is_error) -> None:
    body = [{"eventType": "CUSTOM", "eventName": "order_paid", "userId": "u-9", "timestamp": 1767323045678}]
    with served.client(served.gate) as client:
        assert client.post("/v3/projects/PRODUCT/collect?stm=1767323045678", json=body).status_code == 200
        is_error(client.post("/v3/projects/OTHER/collect?stm=1767323045678", json=body), 401)
    stored = served.workspace.reader.read(kind="order_paid")
    assert [event.roles["actor"] for event in stored] == ["account:app:u-9"]
