"""What events show about who is the same, and the view of one party."""

from typing import Any

import msgspec
import pytest

from guanxi.events import ROLES, Event, shipped
from guanxi.parties import EVIDENCE, SHARED, Resolution, party_view, same_as

A, B, D, P = "account:jd:1", "account:taobao:2", "device::d", "phone::hash"


def event(seq: int, kind: str, properties: dict[str, Any] | None = None, **roles: str) -> Event:
    return Event(id=f"{seq:032x}", kind=kind, at_ms=1_000 * seq, seq=seq, roles=roles, properties=properties or {})


@pytest.mark.parametrize(
    ("kind", "properties", "roles", "found"),
    [
        pytest.param(
            "Party Resolved", {"operation": "merge"}, {"actor": A, "object": B},
            [(A, B, "strong", "resolved")], id="merge",
        ),
        pytest.param("Party Resolved", {"operation": "split"}, {"actor": A, "object": B}, [], id="split"),
        pytest.param("Profile Updated", {}, {"actor": A, "device": D}, [(A, D, "strong", "identified")], id="identify"),
        pytest.param("Signed In", {}, {"actor": A, "device": D}, [(A, D, "weak", "signed-in")], id="sign-in"),
        pytest.param("Signed In", {}, {"actor": A}, [], id="no-device"),
        pytest.param("Page Viewed", {}, {"actor": D, "device": D}, [], id="nobody-is-the-same-as-himself"),
        pytest.param("Signed In", {}, {"actor": D, "device": D}, [], id="device-signs-in"),
        pytest.param(
            "Form Submitted", {"openid": "o1", "unionid": "u1"}, {},
            [("account:wechat:o1", "account:wechat-union:u1", "strong", "wechat-union")], id="openid-and-unionid",
        ),
        pytest.param(
            "Profile Updated", {"unionid": "u1"}, {"actor": A},
            [(A, "account:wechat-union:u1", "strong", "account-union")], id="account-with-unionid",
        ),
        pytest.param(
            "Party Resolved", {"operation": "merge"}, {"actor": A, "object": "account:jd~masked:z**"},
            [(A, "account:jd~masked:z**", "weak", "resolved")], id="masked-is-never-strong",
        ),
        pytest.param("Order Created", {}, {"actor": A, "phone": P}, [], id="a-phone-of-one-account"),
    ],
)  # fmt: skip
def test_one_event(
    kind: str, properties: dict[str, Any], roles: dict[str, str], found: list[tuple[str, str, str, str]]
) -> None:
    assert [
        (one.left, one.right, one.strength, one.reason) for one in same_as([event(1, kind, properties, **roles)])
    ] == found


def test_accounts_with_one_phone_are_tied_to_the_first_once_each() -> None:
    events = [
        event(place + 1, "Order Created", actor=who, phone=P) for place, who in enumerate([A, A, B, B, "account:jd:3"])
    ]
    found = same_as(events)
    assert [(one.left, one.right, one.strength, one.seq) for one in found] == [
        (A, B, "weak", 3), (A, "account:jd:3", "weak", 5),
    ]  # fmt: skip


def test_a_masked_phone_ties_nobody() -> None:
    masked = "phone:~masked:138****0001"
    assert (
        same_as([event(1, "Order Created", actor=A, phone=masked), event(2, "Order Created", actor=B, phone=masked)])
        == []
    )


def test_evidence_alone_merges_nothing() -> None:
    events = [event(1, "Profile Updated", actor=A, device=D), event(2, "Signed In", actor=B, device=D)]
    assert len(same_as(events)) == 2
    assert Resolution(events).mapping() == {}


def test_rows_read_what_the_catalogue_declares() -> None:
    for row in EVIDENCE:
        for side in (row.left, row.right):
            assert side.role in ROLES or side.property
            for kind in row.kinds:
                assert side.role in shipped()[kind].role_names
    assert all(row.holder in ROLES and row.shared in ROLES for row in SHARED)


def test_the_view_of_a_party_holds_what_all_its_references_did() -> None:
    merged = event(4, "Party Resolved", {"operation": "merge"}, actor=A, object=B)
    events = [
        event(1, "Order Created", actor="account:jd:9", phone=P),  # another's, read for the phone
        event(2, "Signed In", actor=A, device=D), event(3, "Order Created", actor=B, phone=P), merged,
        event(5, "Signed In", actor=B, device=D),
    ]  # fmt: skip
    view = party_view(B, [*events, events[1]], resolution=Resolution(events))
    assert (view.canonical, view.members, view.type, view.zh, view.living) == (A, (A, B), "account", "账号", True)
    assert (view.first_ms, view.last_ms) == (2_000, 5_000)
    assert view.counts == {"Signed In": 2, "Order Created": 1, "Party Resolved": 1}
    assert [one.reason for one in view.evidence] == ["signed-in", "same-phone", "resolved", "signed-in"]
    assert [change.effect for change in view.history] == ["merged"]
    before = party_view(B, events, resolution=Resolution(events), known=3)
    assert (before.members, before.counts, before.history) == ((B,), {"Order Created": 1}, ())
    assert msgspec.json.decode(msgspec.json.encode(view))["canonical"] == A


def test_a_party_never_seen_and_of_no_known_type_is_shown_as_it_is() -> None:
    view = party_view("ship:sea:1", [], resolution=Resolution())
    assert (view.canonical, view.type, view.living, view.first_ms, view.counts) == (
        "ship:sea:1",
        "ship",
        False,
        None,
        {},
    )
