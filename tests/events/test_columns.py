"""Columns: the same checks as intake, there and back again without a loss, hashes that no cutting changes."""

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from guanxi.events import (
    CONSENT_BITS,
    CUSTOM,
    MAX_AMOUNT,
    REFS,
    ROLES,
    Event,
    EventBatch,
    Kind,
    Parked,
    Property,
    RawEvent,
    columns_of,
    conform,
    content_hash,
    event_id,
    from_events,
    hash_texts,
    person_of,
    problems,
    seal_columns,
    shipped,
    to_events,
)

from .test_intake import ALL, CATALOGUE, INTAKE, MUCH, NOW, Box

LATEST = NOW + 5 * 60_000
DEFINED = msgspec.structs.replace(ALL, name="Defined Here", custom=True)
KINDS = CATALOGUE.extended([DEFINED])


def one_row(kind: Kind, **cells: Any) -> list[tuple[str, str]]:
    """(reason, field) of the problems of a frame of one good row with some cells changed."""
    given_ = {"at_ms": NOW, "platform": "jd"} | cells
    schema = columns_of(kind) | {f"p_{name}": KINDS_OF[row.type] for name, row in kind.properties.items()}
    frame = pl.DataFrame({name: pl.Series([value], dtype=schema.get(name)) for name, value in given_.items()})
    return problems(kind, frame, latest_ms=LATEST).select("reason", "field").rows()


KINDS_OF: dict[str, Any] = {
    "text": pl.String, "id": pl.String, "integer": pl.Int64, "decimal": pl.Decimal(18, 6), "money": pl.Int64,
    "number": pl.Float64, "rate": pl.Float64, "boolean": pl.Boolean, "time": pl.Int64, "json": pl.String,
}  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "raw", "reason"),
    [
        pytest.param({}, {}, "", id="good"),
        pytest.param({"at_ms": 631_151_999_999}, {"at": 631_151_999_999}, "time", id="before-1990"),
        pytest.param({"at_ms": 631_152_000_000}, {"at": 631_152_000_000}, "", id="from-1990"),
        pytest.param({"amount": MAX_AMOUNT}, {"amount": str(MAX_AMOUNT // 100)}, "", id="largest-amount"),
        pytest.param({"amount": MAX_AMOUNT + 100}, {"amount": str(MAX_AMOUNT // 100 + 1)}, "amount", id="absurd"),
        pytest.param({"amount": -(2**63)}, {"amount": "-92233720368547758.08"}, "amount", id="least-integer"),
        pytest.param({"amount": 1, "currency": "XXX"}, {"amount": 1, "currency": "XXX"}, "amount", id="currency"),
        pytest.param({"consent": 31}, {"consent": 31}, "", id="all-consent"),
        pytest.param({"role_actor": "account:jd:1"}, {"roles": {"actor": "account:jd:1"}}, "", id="role"),
        pytest.param({"role_actor": "13800138000"}, {"roles": {"actor": "13800138000"}}, "type", id="bare-role"),
        pytest.param({"role_actor": "account:jd:"}, {"roles": {"actor": "account:jd:"}}, "type", id="role-no-key"),
        pytest.param({"role_actor": "a::" + "k" * 509}, {"roles": {"actor": "a::" + "k" * 509}}, "", id="longest-role"),
        pytest.param(
            {"role_actor": "a::" + "k" * 510}, {"roles": {"actor": "a::" + "k" * 510}}, "text-too-long", id="long-role"
        ),
        pytest.param({"ref_order": "9" * 512}, {"refs": {"order": "9" * 512}}, "", id="longest-ref"),
        pytest.param({"ref_order": "9" * 513}, {"refs": {"order": "9" * 513}}, "text-too-long", id="long-ref"),
        *(
            pytest.param({f"p_{name}": value}, {"properties": {name: value}}, reason, id=f"{name}-{label}")
            for name, value, reason, label in [
                ("text", "长" * 10_000, "", "longest"), ("text", "长" * 10_001, "text-too-long", "long"),
                ("id", "9" * 512, "", "longest"), ("id", "9" * 513, "text-too-long", "long"),
                ("rate", 1.0, "", "one"), ("rate", 1.01, "range", "over"), ("rate", -0.01, "range", "under"),
                ("money", 0, "", "nothing"), ("time", NOW, "", "now"), ("boolean", False, "", "false"),
                ("integer", 2**63 - 1, "", "largest"), ("number", -1.5e300, "", "large"),
                ("free", "x" * 10_000, "", "longest"), ("free", "x" * 10_001, "text-too-long", "long"),
            ]
        ),
    ],
)  # fmt: skip
def test_a_column_says_what_intake_says(cells: dict[str, Any], raw: dict[str, Any], reason: str) -> None:
    found = one_row(ALL, **cells)
    single = INTAKE.check(RawEvent(kind=ALL.name, **({"at": NOW} | raw)), "server", received_ms=NOW, source="s")
    assert (single.reason if isinstance(single, Parked) else "") == reason
    assert [one for one, _ in found] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param({"at_ms": None}, ("time", "at"), id="no-time"),
        pytest.param({"at_ms": LATEST}, None, id="latest"),
        pytest.param({"at_ms": LATEST + 1}, ("time", "at"), id="future"),
        pytest.param({"consent": 32}, ("range", "consent"), id="consent"),
        pytest.param({"consent": -1}, ("range", "consent"), id="negative-consent"),
        pytest.param({"p_rate": float("nan")}, ("range", "rate"), id="rate-nan"),
        pytest.param({"p_number": float("nan")}, ("range", "number"), id="nan"),
        pytest.param({"p_number": float("inf")}, ("range", "number"), id="infinite"),
        pytest.param({"p_free": float("-inf")}, ("range", "free"), id="undeclared-infinite"),
        pytest.param({"p_money": MAX_AMOUNT + 1}, ("amount", "money"), id="money"),
        pytest.param({"p_money": -(2**63)}, ("amount", "money"), id="least-money"),
        pytest.param({"p_time": 5}, ("time", "time"), id="time"),
        pytest.param({"p_time": 4_102_444_800_000}, ("time", "time"), id="time-2100"),
        pytest.param({"p_json": "x" * 1_000_001}, ("text-too-long", "json"), id="json"),
    ],
)
def test_cells_that_are_no_events(cells: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert one_row(ALL, **cells) == ([expected] if expected else [])


def test_required_columns_may_be_absent_null_or_empty() -> None:
    good = {"role_actor": "account:jd:1", "ref_order": "1"}
    assert one_row(MUCH, **good) == []
    assert one_row(MUCH, **good | {"role_actor": None}) == [("role-missing", "actor")]
    assert one_row(MUCH, role_actor="account:jd:1") == [("id-missing", "order")]
    empty = pl.DataFrame({"at_ms": pl.Series([NOW]), "role_actor": [None], "ref_order": ["1"]})
    assert problems(MUCH, empty, latest_ms=LATEST)["reason"].to_list() == ["role-missing"]
    assert problems(MUCH, empty.clear(), latest_ms=LATEST).height == 0


def test_each_bad_row_is_named_once_with_its_first_problem() -> None:
    frame = pl.DataFrame({
        "at_ms": [NOW, 5, NOW, None], "amount": [1, 10**18, 10**18, 10**18], "role_actor": ["a::1"] * 4,
        "ref_order": ["1"] * 4,
    })  # fmt: skip
    found = problems(MUCH, frame, latest_ms=LATEST)
    assert found.select("index", "reason").rows() == [(1, "time"), (2, "amount"), (3, "time")]
    assert all(len(text) > 5 for text in found["what"].to_list() + found["mend"].to_list())


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT, "id": TEXT, "integer": st.integers(-(2**63), 2**63 - 1), "money": st.integers(-(10**15), 10**15),
    "decimal": st.decimals(-(10**11), 10**11, places=3).map(lambda one: _plain(one)),
    "number": FINITE, "rate": st.floats(0, 1), "boolean": st.booleans(),
    "time": st.integers(0, 2**42), "json": JSON.filter(lambda one: one is not None),
}  # fmt: skip


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


@st.composite
def events(draw: Any) -> Event:
    name = draw(st.sampled_from([*CATALOGUE, DEFINED.name, "Tea Tasted", "custom", "Custom", "茶 会", "no. 1!"]))
    kind = KINDS.find(name)
    properties = draw(st.dictionaries(NAMES, JSON.filter(lambda one: one is not None), max_size=3))
    for known, row in (kind.properties if kind is not None else {}).items():
        if draw(st.integers(0, 9)) == 0:
            properties[known] = draw(TEXT if row.personal else VALUES[row.type])
        else:
            properties.pop(known, None)
    refs = draw(st.dictionaries(st.sampled_from(REFS), TEXT, max_size=3))
    return Event(
        id=event_id(draw(TEXT)), kind=name, at_ms=draw(st.integers(0, 2**42)), received_ms=draw(st.integers(0, 2**42)),
        seq=draw(st.integers(1, 2**50)),
        roles=draw(st.dictionaries(st.sampled_from([*ROLES, "strange"]), TEXT, max_size=3)),
        refs=refs, platform=draw(st.sampled_from(["", "jd"])), amount=draw(st.none() | st.integers(-(10**15), 10**15)),
        currency=draw(st.sampled_from(["", "CNY"])), properties=properties,
        consent=draw(st.none() | st.integers(0, 2 ** len(CONSENT_BITS) - 1)), source=draw(TEXT),
        live=draw(st.booleans()),
        repairs=tuple(draw(st.lists(st.sampled_from(["at:clamped", "a:b+c"]), max_size=2))),
    )  # fmt: skip


def key(event: Event) -> bytes:
    return msgspec.json.encode(event, order="sorted")


@given(st.lists(events(), max_size=6))
def test_events_go_into_columns_and_come_back(given_: list[Event]) -> None:
    batches = from_events(given_, KINDS, stored=True)
    back = [event for batch in batches for event in to_events(batch, catalogue=KINDS)]
    assert sorted(map(key, back)) == sorted(map(key, given_))
    for batch in batches:
        assert batch.kind == CUSTOM or KINDS.own_table(batch.kind) is not None
        assert [event.kind for event in to_events(batch, catalogue=KINDS)] == [
            event.kind for event in given_ if (event.kind if KINDS.own_table(event.kind) else CUSTOM) == batch.kind
        ]


@given(events())
def test_what_conforms_stays_as_it_is(event: Event) -> None:
    (batch,) = from_events([event], KINDS)
    again = conform(KINDS.own_table(batch.kind), batch.frame)
    assert again.equals(batch.frame)
    assert dict(again.schema) == columns_of(KINDS.own_table(batch.kind))


def test_values_that_no_longer_fit_their_column_move_to_extra() -> None:
    wrong = {"integer": "seven", "number": "much", "decimal": "x", "boolean": 3, "text": 5, "money": 2**70}
    given_ = [
        Event(id=event_id(str(place)), kind=ALL.name, at_ms=1, properties=properties)
        for place, properties in enumerate([wrong, {"integer": 7, "text": "a"}])
    ]
    (batch,) = from_events(given_, CATALOGUE)
    assert batch.frame["p_integer"].to_list() == [None, 7]
    assert [event.properties for event in to_events(batch, catalogue=CATALOGUE)] == [wrong, {"integer": 7, "text": "a"}]


def test_a_kind_of_the_workspace_shares_the_table_of_custom_events() -> None:
    frame = pl.DataFrame({
        "id_hi": pl.Series([1], dtype=pl.UInt64), "id_lo": pl.Series([2], dtype=pl.UInt64), "at_ms": [NOW],
        "p_json": ['{"a":[1]}'], "p_decimal": pl.Series([Decimal("1.500000")], dtype=pl.Decimal(18, 6)),
        "p_rate": [0.5],
        "p_free": ["x"], "p_none": pl.Series([None], dtype=pl.String), "role_actor": ["a::1"], "kind": [DEFINED.name],
    })  # fmt: skip
    fitted = conform(DEFINED, frame)
    assert dict(fitted.schema) == columns_of(None)
    (event,) = to_events(EventBatch(CUSTOM, fitted), catalogue=KINDS)
    assert event.properties == {"json": {"a": [1]}, "decimal": "1.5", "rate": 0.5, "free": "x"}
    assert (event.kind, event.roles) == (DEFINED.name, {"actor": "a::1"})


def test_personal_columns_of_any_type_are_sealed_as_single_events_are() -> None:
    frame = pl.DataFrame({
        "at_ms": [NOW], "role_actor": ["account:jd:1"], "p_my_text": ["王"], "p_my_integer": [5],
        "p_my_decimal": pl.Series([Decimal("1.500000")], dtype=pl.Decimal(18, 6)), "p_my_json": ['{"a":1}'],
        "role_phone": ["phone::138"], "p_text": ["x"],
    })  # fmt: skip
    sealed = conform(ALL, seal_columns(ALL, frame, Box()))
    single = INTAKE.check(
        RawEvent(
            kind=ALL.name, at=NOW, roles={"actor": "account:jd:1", "phone": "phone::138"},
            properties={"my_text": "王", "my_integer": 5, "my_decimal": "1.5", "my_json": {"a": 1}, "text": "x"},
        ),
        "server", received_ms=NOW, source="s",
    )  # fmt: skip
    (event,) = to_events(EventBatch(ALL.name, sealed), catalogue=CATALOGUE, id="")
    assert (event.properties, event.roles) == (single.properties, single.roles)
    assert event.properties["my_integer"] == "vt<account:jd:1|my_integer|5>"


CELLS = st.fixed_dictionaries({
    "at_ms": st.integers(0, 5), "p_name": st.none() | TEXT, "role_actor": st.none() | TEXT,
    "amount": st.none() | st.integers(0, 3), "p_rate": st.none() | st.floats(0, 1), "nk": st.none() | TEXT,
})  # fmt: skip
SCHEMA = {
    "at_ms": pl.Int64, "p_name": pl.String, "role_actor": pl.String, "amount": pl.Int64, "p_rate": pl.Float64,
    "nk": pl.String,
}  # fmt: skip


@given(st.lists(CELLS, min_size=1, max_size=10), st.randoms(), st.integers(1, 4))
def test_a_hash_is_of_the_row_alone(rows: list[dict[str, Any]], dice: Any, size: int) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    whole = content_hash(frame, "preset", "kind")
    names = list(SCHEMA)
    dice.shuffle(names)
    assert np.array_equal(content_hash(frame.select(names), "preset", "kind"), whole)
    parts = [content_hash(frame[start : start + size], "preset", "kind") for start in range(0, len(rows), size)]
    assert np.array_equal(np.concatenate(parts), whole)
    beside = frame.with_columns(
        pl.lit(None).alias("p_more"), pl.lit(None, pl.String).alias("extra"), pl.lit(7).alias("row"),
        pl.lit("at:x").alias("repairs"), pl.lit("x").alias("ref_supersedes"),
    )  # fmt: skip
    assert np.array_equal(content_hash(beside, "preset", "kind"), whole)
    same = {tuple(pair) for pair in whole.tolist()}
    content = {tuple(sorted((name, repr(cell)) for name, cell in row.items() if name != "nk")) for row in rows}
    assert len(same) == len(content)
    assert not same & {tuple(pair) for pair in content_hash(frame, "preset", "other").tolist()}


@given(CELLS, CELLS)
def test_two_contents_have_two_hashes(one: dict[str, Any], two: dict[str, Any]) -> None:
    assume(one != two)
    frame = pl.DataFrame([one, two], schema=SCHEMA).rename({"nk": "natural_key"})
    first, second = content_hash(frame).tolist()
    assert first != second


def test_hashes_are_the_ids_that_single_events_get() -> None:
    (pair,) = hash_texts(["c"], "a", "b").tolist()
    assert f"{pair[0]:016x}{pair[1]:016x}" == event_id("a", "b", "c")
    assert hash_texts([], "a").shape == (0, 2)


def test_every_shipped_kind_has_its_columns() -> None:
    for kind in shipped().values():
        columns = columns_of(kind)
        assert len(columns) == len(set(columns))
        personal = [name for name, row in kind.properties.items() if row.personal]
        assert all(columns[f"p_{name}"] == pl.String for name in personal)
    assert Property(zh="x").type == "text"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"role_actor": "account:app:a", "role_payer": "account:app:p"}, id="actor"),
        pytest.param({"role_payer": "account:app:p", "ref_order": "7"}, id="payer"),
        pytest.param({"ref_parcel": "9", "ref_order": "7", "platform": "jd"}, id="order"),
        pytest.param({"ref_message": "3"}, id="message-nowhere"),
        pytest.param({"platform": "jd"}, id="nobody"),
        pytest.param({}, id="nothing"),
    ],
)
def test_columns_seal_for_whom_single_events_seal(given: dict[str, str]) -> None:
    class Note:
        def __init__(self) -> None:
            self.people: list[str] = []

        def seal(self, person: str, field: str, value: str) -> str:
            self.people.append(person)
            return "vt_"

        def surrogate(self, role: str, key: str) -> str:
            return key

    note = Note()
    frame = pl.DataFrame([{"p_phone": "1", **given}, {"p_phone": None, **given}])
    assert seal_columns(None, frame, note)["p_phone"].to_list() == ["vt_", None]
    roles = {name[5:]: value for name, value in given.items() if name.startswith("role_")}
    refs = {name[4:]: value for name, value in given.items() if name.startswith("ref_")}
    assert note.people == [person_of(roles, refs, given.get("platform", ""))]
