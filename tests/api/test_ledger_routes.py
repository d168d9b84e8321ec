"""The routes of the ledger and of the chain of evidence, over HTTP."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from guanxi.app import bank, bank_rewards
from guanxi.app.importing import Taker
from guanxi.core import DAY_MS
from guanxi.engines.log import now_ms
from guanxi.events import Event
from guanxi.ledger import read_public_key, verify_export, verify_inclusion

from .conftest import Served

NOW = now_ms()
ME = "account:app:me"
Check = Callable[[httpx.Response, int], dict]


@pytest.fixture(scope="module")
def banked(apart: Served) -> Served:
    """A workspace in which one person checked in for 60 days and took a reward."""
    bank.open_bank(apart.workspace, since="2020-01-01")
    first = NOW - 60 * DAY_MS
    events = [
        Event(id=f"{n:032x}", kind="Checked In", at_ms=first + n * DAY_MS, received_ms=first + n * DAY_MS,
              roles={"actor": ME}, live=True)
        for n in range(60)
    ]  # fmt: skip
    with Taker(apart.workspace, doing="test") as taker:
        taker.append(events)
    bank.follow(apart.workspace, now_ms=NOW)
    bank_rewards.redeem(apart.workspace, ME, "course_discount", key="a", now_ms=NOW + 1)
    return apart


@pytest.fixture
def manager(banked: Served) -> Iterator[httpx.Client]:
    with banked.browser("manager") as client:
        yield client


def test_accounts_entries_and_what_they_add_up_to(banked: Served, manager: httpx.Client) -> None:
    rows = manager.get("/v1/ledger/accounts", params={"unit": "coins", "kind": "member"}).json()["rows"]
    assert [(row["balance"], row["person"], row["zh"]) for row in rows] == [(100, ME, "知识币 · 个人账户")]
    card = manager.get(f"/v1/ledger/accounts/{rows[0]['id']}").json()
    assert sum(lot["left"] for lot in card["lots"]) + card["undated"] == card["account"]["balance"] == 100
    page = manager.get(f"/v1/ledger/accounts/{rows[0]['id']}/entries", params={"limit": 10}).json()
    assert [row["kind"] for row in page["rows"][:2]] == ["settle", "reserve"]
    rest = manager.get(
        f"/v1/ledger/accounts/{rows[0]['id']}/entries", params={"cursor": page["next"], "limit": 99}
    ).json()["rows"]
    assert sum(row["moved"] for row in [*page["rows"], *rest]) == 100
    assert (page["rows"][0]["balance"], page["rows"][1]["balance"], rest[-2]["balance"]) == (100, 600, 10)


def test_pages_go_on_and_twins_hold_all(banked: Served, manager: httpx.Client) -> None:
    first = manager.get("/v1/ledger/accounts", params={"limit": 2}).json()
    second = manager.get("/v1/ledger/accounts", params={"limit": 2, "cursor": first["next"]}).json()
    assert [row["number"] for row in [*first["rows"], *second["rows"]]] == [1, 2, 3, 4]
    lines = manager.get("/v1/ledger/accounts.csv", params={"limit": 2}).text.splitlines()
    total = sum(row["accounts"] for row in manager.get("/v1/ledger/units").json())
    assert len(lines) == 1 + total
    assert manager.get("/v1/ledger/exposure.xlsx").status_code == 200


def test_as_of_a_past_moment(banked: Served, manager: httpx.Client) -> None:
    past = {"asof": str(NOW - 86_400_000 * 400)}
    (row,) = manager.get("/v1/ledger/accounts", params={"unit": "coins", "kind": "member", **past}).json()["rows"]
    assert row["balance"] == 0
    assert manager.get(f"/v1/ledger/accounts/{row['id']}", params=past).json()["lots"] is None
    assert manager.get("/v1/ledger/exposure", params=past).json() == []


def test_flows_add_up(banked: Served, manager: httpx.Client) -> None:
    flows = manager.get("/v1/ledger/flows", params={"unit": "coins", "t": "7d"}).json()
    assert flows["opening"] + flows["came"] - flows["left"] == flows["closing"] == 100
    assert {row["kind"]: (row["came"], row["left"]) for row in flows["rows"]} == {"earn": (600, 0), "settle": (0, 500)}


def test_exposure_says_what_it_may_cost(banked: Served, manager: httpx.Client) -> None:
    (one,) = manager.get("/v1/ledger/exposure").json()
    assert (one["unit"], one["outstanding"], one["value_fen"]) == ("coins", 100, 100)
    assert one["low_fen"] <= one["value_fen"] * one["share"] <= one["high_fen"]
    bank = manager.get("/v1/bank").json()
    assert {row["of"] for row in bank["rules"]} == {"earn", "invite", "guard"}
    assert bank["since_ms"] is not None
    reward = next(row for row in manager.get("/v1/bank/rewards").json() if row["name"] == "salon_seat")
    assert (reward["stock"], reward["left"]) == (30, 30)


def test_whoever_sees_no_people_sees_no_names(banked: Served) -> None:
    with banked.browser("wall") as client:
        rows = client.get("/v1/ledger/accounts", params={"kind": "member"}).json()["rows"]
        assert rows
        assert {row["person"] for row in rows} == {""}


def test_an_outsider_checks_all_of_it(banked: Served, manager: httpx.Client, is_error: Check) -> None:
    is_error(manager.get("/v1/ledger/key"), 404)
    is_error(manager.get("/v1/ledger/export"), 404)
    state = manager.get("/v1/ledger/chain").json()
    assert (state["key"], state["heads"], state["unsigned"]) == ("", [], state["size"])
    head = manager.post("/v1/ledger/heads").json()
    state = manager.get("/v1/ledger/chain").json()
    assert (state["heads"], state["unsigned"], state["root"]) == ([head], 0, head["root"])
    key = read_public_key(manager.get("/v1/ledger/key").content)
    found = verify_export(manager.get("/v1/ledger/export").content.splitlines(keepends=True), key)
    assert (found.is_sound, found.entries, found.heads) == (True, state["size"], 1)
    proof = manager.get("/v1/ledger/entries/7").json()
    path = [bytes.fromhex(word) for word in proof["path"]]
    assert proof["signed"] == head
    assert json.loads(proof["line"])[0] == 7
    assert verify_inclusion(bytes.fromhex(proof["leaf"]), 7, size=proof["size"], path=path,
                            root=bytes.fromhex(head["root"]))  # fmt: skip
    growth = manager.get("/v1/ledger/consistency", params={"old": 5}).json()
    assert (growth["new"], growth["new_root"]) == (head["size"], head["root"])
    is_error(manager.get("/v1/ledger/entries/999999"), 404)
    assert manager.get("/v1/ledger/accounts").text.count(ME) == manager.get("/v1/ledger/accounts").text.count(
        '"person":"a'
    )
    assert ME not in manager.get("/v1/ledger/export").text


def test_a_check_in_steps(banked: Served, manager: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guanxi.app.evidence_chain.STEP", 40)
    first = manager.get("/v1/ledger/check").json()
    assert (first["stop"], first["done"], first["sound"]) == (40, False, True)
    second = manager.get("/v1/ledger/check", params={"start": 40, "chain": first["chain"]}).json()
    assert (second["done"], second["sound"], second["audit"]["broken"]) == (True, True, None)
    other = manager.get("/v1/ledger/check", params={"start": 40, "chain": "0" * 64}).json()
    assert (other["done"], other["sound"], other["fault_at"]) == (True, False, 40)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/v1/ledger/accounts/00", 404, id="no-account"),
        pytest.param("/v1/ledger/accounts?cursor=x", 400, id="cursor"),
        pytest.param("/v1/ledger/accounts?cursor=%C2%B2", 400, id="cursor-of-other-digits"),
        pytest.param("/v1/ledger/accounts?cursor=99999999999999999999", 400, id="cursor-beyond-the-database"),
        pytest.param("/v1/ledger/flows?unit=%20&t=7d", 400, id="unit"),
        pytest.param("/v1/ledger/check?start=1", 400, id="no-chain"),
    ],
)  # fmt: skip
def test_what_is_refused(manager: httpx.Client, is_error: Check, path: str, status: int) -> None:
    is_error(manager.get(path), status)
