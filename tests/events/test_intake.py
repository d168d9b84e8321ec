"""Intake: what single events may hold, what is mended, what is parked and why; nothing else gets through."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError, Refused
from guanxi.events import (
    REASONS,
    REFS,
    ROLES,
    Event,
    Intake,
    Kind,
    Parked,
    Property,
    RawEvent,
    from_events,
    repair,
    shipped,
    to_events,
)
from guanxi.events.readers import READERS, keepable, read_amount, read_ref

NOW = 1_767_326_400_000
TYPES = ("text", "id", "integer", "decimal", "money", "number", "rate", "boolean", "time", "json")
ALL = Kind(
    name="Everything Happened", zh="全部", purpose="Holds one property of every type.", family="app", trust="client",
    properties={name: Property(type=name, zh=name) for name in TYPES}
    | {f"my_{name}": Property(type=name, zh=name, personal=True) for name in ("text", "json", "integer", "decimal")},
    roles=("actor", "phone"),
)  # fmt: skip
MUCH = msgspec.structs.replace(ALL, name="Needs Much", roles=("actor!",), refs=("order!",))
CATALOGUE = shipped().extended([MUCH, ALL])


class Box:
    """A vault that forgets nothing and hides nothing: tokens are readable here."""

    def seal(self, person: str, field: str, value: str) -> str:
        return f"vt<{person}|{field}|{value}>"

    def surrogate(self, role: str, key: str) -> str:
        return f"h.{len(key)}"


INTAKE = Intake(CATALOGUE, ["app", "jd"], Box())


def check(trust: str = "server", **fields: Any) -> Event | Parked:
    raw = RawEvent(**({"kind": ALL.name, "message_id": "m1", "namespace": "n"} | fields))
    return INTAKE.check(raw, trust, received_ms=NOW, source="http:k")


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        pytest.param({"kind": ""}, "kind-missing", "kind", id="no-kind"),
        pytest.param({"kind": "a\nb"}, "kind-missing", "kind", id="kind-of-two-lines"),
        pytest.param({"kind": "k" * 101}, "kind-missing", "kind", id="long-kind"),
        pytest.param({"kind": "\ud800"}, "kind-missing", "kind", id="kind-no-unicode"),
        pytest.param({"platform": "myspace"}, "platform-unknown", "platform", id="platform"),
        pytest.param({"platform": "x" * 10**6}, "platform-unknown", "platform", id="long-platform"),
        pytest.param({"at": "yesterday"}, "time", "at", id="time-text"),
        pytest.param({"at": "1989-12-31T00:00:00Z"}, "time", "at", id="time-before-1990"),
        pytest.param({"at": float("nan")}, "time", "at", id="time-nan"),
        pytest.param({"at": [1]}, "time", "at", id="time-list"),
        pytest.param({"at": "9" * 10**6}, "time", "at", id="time-of-a-megabyte"),
        pytest.param({"roles": {"actor": "13800138000"}}, "type", "actor", id="role-without-type"),
        pytest.param({"roles": {"phone": "13800138000"}}, "type", "phone", id="phone-in-the-clear"),
        pytest.param({"roles": {"actor": "account:jd:"}}, "type", "actor", id="role-without-key"),
        pytest.param({"roles": {"actor": ":jd:1"}}, "type", "actor", id="role-without-kind"),
        pytest.param({"roles": {"actor": "account:jd:" + "1" * 600}}, "text-too-long", "actor", id="long-role"),
        pytest.param({"roles": {"hero": "account:jd:1"}}, "type", "hero", id="unknown-role"),
        pytest.param({"roles": {"actor": {"a": 1}}}, "type", "actor", id="role-object"),
        pytest.param({"refs": {"order": "6.90E+18"}}, "id-destroyed", "order", id="destroyed"),
        pytest.param({"refs": {"order": 1.5}}, "type", "order", id="ref-fraction"),
        pytest.param({"refs": {"order": "1" * 10**6}}, "text-too-long", "order", id="ref-of-a-megabyte"),
        pytest.param({"refs": {"ordre": "1"}}, "type", "ordre", id="unknown-ref"),
        pytest.param({"kind": "Needs Much", "refs": {"order": "1"}}, "role-missing", "actor", id="no-actor"),
        pytest.param({"kind": "Needs Much", "roles": {"actor": "account::1"}}, "id-missing", "order", id="no-order"),
        pytest.param(
            {"kind": "Needs Much", "roles": {"actor": "account::1"}, "refs": {"order": "0"}}, "id-missing", "order",
            id="order-zero",
        ),
        pytest.param({"amount": "much"}, "amount", "amount", id="amount-text"),
        pytest.param({"amount": float("inf")}, "amount", "amount", id="amount-infinite"),
        pytest.param({"amount": 10**14}, "amount", "amount", id="amount-absurd"),
        pytest.param({"amount": 10**400}, "amount", "amount", id="amount-1e400"),
        pytest.param({"amount": 1, "currency": "XXX"}, "amount", "amount", id="unknown-currency"),
        pytest.param({"amount": 1, "currency": "c" * 10**6}, "amount", "amount", id="currency-of-a-megabyte"),
        pytest.param({"properties": {"money": 1}, "currency": "XXX"}, "amount", "money", id="money-currency"),
        pytest.param({"consent": ["everything"]}, "type", "consent", id="consent"),
        pytest.param({"consent": 64}, "type", "consent", id="consent-bits"),
        pytest.param({"properties": {"integer": 1.5}}, "type", "integer", id="fraction"),
        pytest.param({"properties": {"integer": 2**63}}, "range", "integer", id="65-bits"),
        pytest.param({"properties": {"number": float("nan")}}, "type", "number", id="nan"),
        pytest.param({"properties": {"number": "1e400"}}, "range", "number", id="number-1e400"),
        pytest.param({"properties": {"rate": 1.2}}, "range", "rate", id="rate"),
        pytest.param({"properties": {"decimal": 10**12}}, "range", "decimal", id="decimal"),
        pytest.param({"properties": {"boolean": "perhaps"}}, "type", "boolean", id="boolean"),
        pytest.param({"properties": {"time": 5}}, "type", "time", id="time-property"),
        pytest.param({"properties": {"text": ["a"]}}, "type", "text", id="list-as-text"),
        pytest.param({"properties": {"text": "x" * 10**7}}, "text-too-long", "text", id="text-of-ten-megabytes"),
        pytest.param({"properties": {"free": "x" * 10**7}}, "text-too-long", "free", id="free-of-ten-megabytes"),
        pytest.param({"properties": {"free": ["x" * 9000] * 200}}, "text-too-long", "free", id="free-megabytes"),
        pytest.param({"properties": {"json": ["x" * 9000] * 200}}, "text-too-long", "json", id="json-of-megabytes"),
        pytest.param({"properties": {"free": float("inf")}}, "range", "free", id="free-infinite"),
        pytest.param({"properties": {"free": {"a": [float("nan")]}}}, "range", "free", id="nan-inside"),
        pytest.param({"properties": {"free": 2**64}}, "range", "free", id="free-65-bits"),
        pytest.param({"properties": {"free": object()}}, "type", "free", id="object"),
        pytest.param({"properties": {"n" * 600: 1}}, "text-too-long", "properties", id="long-name"),
        pytest.param({"properties": {"": 1}}, "type", "properties", id="no-name"),
        pytest.param({"properties": {"\x00": 1}}, "type", "properties", id="no-name-left"),
        pytest.param({"properties": {"a": 1, "a\x00": 2}}, "type", "properties", id="one-name-twice"),
        pytest.param({"properties": {"a\x01": 1, "a\x00": 2}}, "type", "properties", id="two-names-one"),
        pytest.param({"properties": {str(n): n for n in range(256)}}, "type", "properties", id="256-properties"),
        pytest.param({"properties": {"my_integer": "13800138000x"}}, "type", "my_integer", id="personal"),
    ],
)  # fmt: skip
def test_what_cannot_be_accepted_is_parked_whole(fields: dict[str, Any], reason: str, field: str) -> None:
    parked = check(**fields)
    assert isinstance(parked, Parked)
    assert (parked.reason, parked.field) == (reason, field)
    assert len(parked.what) + len(parked.mend) < 1000
    assert "13800138000" not in parked.what + parked.mend
    again = msgspec.json.decode(parked.raw, type=RawEvent)
    assert again.message_id == "m1"
    assert set(again.properties) == {keepable(name) for name in fields.get("properties", {})}


def deep(levels: int, value: Any = 1) -> Any:
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [1, 8, 9, 500, 100_000])
def test_depth_is_bounded(levels: int) -> None:
    for name in ("free", "json"):
        result = check(properties={name: deep(levels)})
        if levels <= 8:
            assert isinstance(result, Event)
            assert result.properties == {name: deep(levels)}
        else:
            assert isinstance(result, Parked)
            assert msgspec.json.decode(result.raw, type=RawEvent).kind == ALL.name


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"properties": {"free": "a\ud800\x00b"}}, {"properties": {"free": "a\ufffdb"}}, id="surrogate"),
        pytest.param({"properties": {"a\x00b": 1}}, {"properties": {"ab": 1}}, id="name"),
        pytest.param(
            {"properties": {"x": {"k\ud800": ["\x00"]}}}, {"properties": {"x": {"k\ufffd": [""]}}}, id="inside"
        ),
        pytest.param({"properties": {"text": "\x00", "free": None}}, {"properties": {}}, id="nothing-left"),
        pytest.param({"properties": {"free": Decimal("1.50")}}, {"properties": {"free": "1.5"}}, id="decimal"),
        pytest.param({"properties": {"free": (1, True, None)}}, {"properties": {"free": [1, True, None]}}, id="tuple"),
        pytest.param(
            {"properties": {"decimal": "１,２３４.５"}}, {"properties": {"decimal": "1234.5"}}, id="full-width"
        ),
        pytest.param(
            {"properties": {"money": "1.2万元"}}, {"properties": {"money": 1_200_000}, "currency": "CNY"}, id="wan"
        ),
        pytest.param({"amount": 19.9}, {"amount": 1990, "currency": "CNY"}, id="amount"),
        pytest.param({"amount": 19.9, "currency": "JPY"}, {"amount": 20, "currency": "JPY"}, id="yen"),
        pytest.param({"currency": "nonsense"}, {"currency": ""}, id="currency-of-nothing"),
        pytest.param({"at": "2026-01-02 10:00:00"}, {"at_ms": 1_767_319_200_000}, id="china-time"),
        pytest.param({"at": NOW / 1000}, {"at_ms": NOW}, id="epoch-s"),
        pytest.param({"at": NOW + 5 * 60_000}, {"at_ms": NOW + 5 * 60_000}, id="a-little-ahead"),
        pytest.param({"at": NOW + 5 * 60_000 + 1}, {"at_ms": NOW}, id="clamped"),
        pytest.param({"at": NOW, "correction_ms": -1000}, {"at_ms": NOW - 1000}, id="corrected"),
        pytest.param({"at": "-"}, {"at_ms": NOW}, id="no-time"),
        pytest.param({"roles": {"actor": "account:jd:a:b"}}, {"roles": {"actor": "account:jd:a:b"}}, id="colons"),
        pytest.param({"roles": {"actor": "", "device": None}}, {"roles": {}}, id="empty-roles"),
        pytest.param({"roles": {"actor": "account::a\x00\ud800"}}, {"roles": {"actor": "account::a\ufffd"}}, id="role"),
        pytest.param({"roles": {"phone": "phone::138"}}, {"roles": {"phone": "phone::h.3"}}, id="surrogate-key"),
        pytest.param({"refs": {"order": ' ="123" ', "session": "-"}}, {"refs": {"order": "123"}}, id="guarded-ref"),
        pytest.param({"refs": {"order": 123}}, {"refs": {"order": "123"}}, id="number-ref"),
        pytest.param({"consent": ["analyse", "message"]}, {"consent": 5}, id="consent"),
        pytest.param({"kind": "茶 会", "properties": {"a": 1}}, {"kind": "茶 会", "properties": {"a": 1}}, id="custom"),
        pytest.param({"historical": True}, {"live": False}, id="history"),
    ],
)
def test_what_is_safe_is_mended(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    event = check(**fields)
    assert isinstance(event, Event), event
    assert {name: getattr(event, name) for name in expected} == expected
    assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event


def test_mends_are_noted() -> None:
    event = check(at=NOW + 10**9, amount="１.5", properties={"text": "a\x00", "odd\nname": "b\x00"})
    assert event.repairs == ("at:epoch-ms", "at:clamped", "amount:full-width", "text:control", "properties:control")


def test_a_client_key_sends_client_kinds_of_now_only() -> None:
    assert isinstance(check("client"), Event)
    assert isinstance(check("client", kind="Never Declared"), Event)
    for fields in ({"kind": "Order Completed"}, {"historical": True}, {"kind": "Needs Much", "historical": True}):
        with pytest.raises(Refused):
            check("client", **fields)


def test_personal_values_never_stay() -> None:
    event = check(
        roles={"actor": "account:jd:1"},
        properties={"my_text": " 王 ", "my_json": {"a": 1}, "my_integer": "5", "my_decimal": "1.50", "text": "x"},
    )
    assert isinstance(event, Event)
    assert event.properties == {
        "my_text": "vt<account:jd:1|my_text|王>", "my_json": 'vt<account:jd:1|my_json|{"a":1}>',
        "my_integer": "vt<account:jd:1|my_integer|5>", "my_decimal": "vt<account:jd:1|my_decimal|1.5>", "text": "x",
    }  # fmt: skip
    (batch,) = from_events([event], CATALOGUE)
    assert next(to_events(batch, catalogue=CATALOGUE)).properties == event.properties


def test_the_id_is_the_message_else_the_content() -> None:
    assert check().id == check(properties={"text": "other"}).id
    assert check().id != check(message_id="m2").id != check(namespace="o").id
    one = {
        "message_id": "",
        "at": NOW,
        "platform": "jd",
        "roles": {"actor": "account::1"},
        "properties": {"a": 1, "b": 2},
    }
    base = check(**one).id
    assert check(**one | {"properties": {"b": 2, "a": 1}}).id == base
    for change in ({"at": NOW + 1}, {"platform": "app"}, {"amount": 1}, {"properties": {"a": 1}}, {"namespace": "x"}):
        assert check(**one | change).id != base
    future = one | {"at": NOW + 10**9}
    raw = RawEvent(kind=ALL.name, namespace="n", **future)
    later = INTAKE.check(raw, "server", received_ms=NOW + 5000, source="http:k")
    assert later.id == check(**future).id, "a clamped event that is sent again is the same event"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
ANY_TEXT = st.text(st.characters(codec=None), max_size=12)  # lone surrogates and controls too


@given(
    kind=st.sampled_from([ALL.name, "Needs Much", "Order Completed"]) | ANY_TEXT,
    at=JSON, amount=JSON, consent=JSON, currency=st.sampled_from(["CNY", "JPY", "", "?"]),
    platform=st.sampled_from(["", "jd", "?"]), message_id=ANY_TEXT,
    roles=st.dictionaries(st.sampled_from([*ROLES, "x"]), JSON | ANY_TEXT | st.just("account:jd:1"), max_size=3),
    refs=st.dictionaries(st.sampled_from([*REFS, "x"]), JSON | ANY_TEXT, max_size=3),
    properties=st.dictionaries(st.sampled_from(list(ALL.properties)) | ANY_TEXT, JSON | ANY_TEXT, max_size=5),
    correction_ms=st.integers(-(2**62), 2**62), historical=st.booleans(),
)  # fmt: skip
def test_whatever_comes_is_an_event_or_parked(**fields: Any) -> None:
    result = INTAKE.check(RawEvent(**fields), "server", received_ms=NOW, source="http:k")
    if isinstance(result, Parked):
        assert result.reason in REASONS
        assert msgspec.json.decode(result.raw, type=RawEvent).historical is fields["historical"]
        for text in (result.kind, result.field, result.what, result.mend, result.raw):
            text.encode()
        return
    assert 631_152_000_000 <= result.at_ms <= NOW + 5 * 60_000
    (batch,) = from_events([result], CATALOGUE, stored=True)  # it fits its columns
    (back,) = to_events(batch, catalogue=CATALOGUE)
    assert json.loads(msgspec.json.encode(back)) == json.loads(msgspec.json.encode(result))


AMOUNTS = (
    st.integers(-(10**14), 10**14) | st.floats() | st.decimals(allow_nan=False, places=2).map(str)
    | st.from_regex(r"-?[0-9]{0,14}(\.[0-9]{0,4})?", fullmatch=True)
)  # fmt: skip


@given(value=AMOUNTS, currency=st.sampled_from(["CNY", "JPY", "KWD", "XXX"]))
def test_quick_amounts_equal_the_slow_reader(value: Any, currency: str) -> None:
    def slow() -> tuple[Any, list[str]]:
        found, note = repair.read_money(value, currency=currency)
        return found, [f"a:{note}"] if note else []

    def quick() -> tuple[Any, list[str]]:
        notes: list[str] = []
        return read_amount("a", value, currency, notes), notes

    assert outcome(quick) == outcome(slow)


@given(AMOUNTS)
def test_quick_decimals_equal_the_slow_reader(value: Any) -> None:
    def slow() -> tuple[Any, list[str]]:
        found, note = repair.read_decimal(value)
        if found is not None and abs(found) >= 10**12:
            raise DataError("absurd", "")
        return None if found is None else f"{found:f}", [f"a:{note}"] if note else []

    def quick() -> tuple[Any, list[str]]:
        notes: list[str] = []
        return READERS["decimal"]("a", value, "CNY", notes), notes

    assert outcome(quick) == outcome(slow)


@given(ANY_TEXT | st.from_regex(r"[A-Za-z_]{1,3}[-_ =.'0-9A-Za-z]{0,8}", fullmatch=True) | st.integers() | st.floats())
def test_quick_references_equal_the_slow_reader(value: Any) -> None:
    assert outcome(lambda: read_ref("order", value)) == outcome(lambda: repair.read_id(value).value)


@given(st.text(max_size=30))
def test_text_equals_the_slow_reader(value: str) -> None:
    notes: list[str] = []
    found = READERS["text"]("a", value, "CNY", notes)
    slow, note = repair.read_text(value)
    assert (found, notes) == (slow, [f"a:{note}"] if note else [])


def outcome(call: Any) -> Any:
    try:
        return call()
    except DataError:
        return "refused"
