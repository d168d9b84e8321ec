"""Intake of traits: one event, columns and SQL say the same."""

import time
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
import xxhash
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from guanxi.core import SettingError
from guanxi.engines.lake import Stream
from guanxi.events import CUSTOM, Event, EventBatch, columns_of, event_id, from_events, shipped
from guanxi.traits.batch import Batch
from guanxi.traits.clause_sql import sql_code, sql_condition, sql_value
from guanxi.traits.fields import source_of
from guanxi.traits.intake import Intake
from guanxi.traits.measure import Measure
from guanxi.traits.trait import PARTIES

KINDS = ("Order Created", "Order Line Recorded", "Product Viewed", "Coupon Issued", "Payment Failed", "My Own Thing")
WHERE = (
    "amount >= 1000", "amount < 1000", "amount != 999", "amount in 0,999,5000", "amount not in 999", "has amount",
    "lacks amount", "platform = taobao", "platform not in taobao,jd", "lacks platform", "hour >= 22", "hour in 0,1,2",
    "weekday > 5", "live = true", "live != true", "has role.recipient", "lacks role.recipient",
    "role.recipient != role.actor", "role.recipient = role.actor", "role.shop = shop::s1", "role.ip < ip::2",
    "has ref.coupon", "ref.order in 1,2", "p.is_gift = true", "p.is_gift != true", "p.is_gift in false",
    "lacks p.is_gift", "p.unit_price > 19.99", "p.unit_price <= 20", "p.unit_price in 0.1,19.99", "p.quantity = 2",
    "p.dwell_s >= 0.5", "p.dwell_s < 3", "p.discount_rate not in 0.5", "p.valid_until > 1700000000000",
    "p.method in card,wallet", "p.reason != 余额不足", "p.reason > a", "has p.products", "lacks p.products",
    "p.error_code = 51", "lacks p.missing_everywhere",
)  # fmt: skip
VALUES: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("amount", 1, 1, ()), ("amount", 1, -1, ()), ("hour", 1, 1, ()), ("p.unit_price", 100, 1, ("Order Line Recorded",)),
    ("p.dwell_s", 1000, 1, ("Product Viewed",)), ("p.dwell_s", 7, -1, ("Product Viewed",)),
    ("p.discount_rate", 1000, 1, ("Coupon Issued",)), ("since p.valid_until", 1, 1, ("Coupon Issued",)),
    ("p.quantity", 10, 1, ("Order Line Recorded", "Product Viewed")), ("p.discount", 1, 1, ("Order Created",)),
)  # fmt: skip
CODES = (
    "platform", "day", "hour", "weekday", "live", "role.shop", "role.actor", "ref.order", "p.method", "p.is_gift",
    "p.category", "p.quantity", "p.unit_price", "p.dwell_s", "p.products", "p.discount", "p.name",
)  # fmt: skip


def measure(name: str, *where: str, kinds: tuple[str, ...] = (), **fields: Any) -> Measure:
    return Measure(name=name, kinds=kinds, where=where, zh=name, en=name, **fields)


def declared(text: str, kind: str) -> bool:
    """Whether a measure of one kind may name the property of this condition."""
    names = [word.removeprefix("p.") for word in text.split() if word.startswith("p.")]
    return all(name in shipped()[kind].properties for name in names)


MEASURES = (
    *(measure(f"any_{at}", text) for at, text in enumerate(WHERE) if "p.reason >" not in text),
    *(
        measure(f"k{at}_{kind.lower().replace(' ', '_')}", text, "has role.actor", kinds=(kind,))
        for kind in KINDS[:-1]
        for at, text in enumerate(WHERE)
        if declared(text, kind)
    ),
    *(
        measure(f"v{at}", kinds=kinds, value=value, scale=scale, sign=sign, unit="count")
        for at, (value, scale, sign, kinds) in enumerate(VALUES)
    ),
)
INTAKE = Intake(MEASURES, CODES)

DECIMALS = st.integers(-(10**17), 10**17).map(
    lambda n: f"{n // 10**6 if n >= 0 else -(-n // 10**6)}.{abs(n) % 10**6:06d}"
)
PROPERTIES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(["", "card", "wallet", "余额不足", "b", "a", "51", "true"]),
    "id": st.sampled_from(["", "1", "51", "007"]),
    "integer": st.sampled_from([0, 1, 2, -3, 2**53 - 1, 2**53, -(2**63), 2**63 - 1]),
    "money": st.integers(-(10**15), 10**15),
    "decimal": st.one_of(st.sampled_from(["19.99", "20", "0.1", "-0.000001", "0.005"]), DECIMALS),
    "number": st.one_of(st.sampled_from([0, 0.5, 2.9999999, 3.0, -1.0, 1e300, -0.0005]), st.floats(-1e12, 1e12)),
    "rate": st.floats(0, 1),
    "boolean": st.booleans(),
    "time": st.sampled_from([0, 1_700_000_000_000, 1_756_700_000_000, -(2**60)]),
    "json": st.just([{"product_id": "1"}]),
}
REFS = st.sampled_from([
    "account:taobao:a", "person::p", "device::d", "account:taobao~masked:t**1", "shop::s1", "ip::1.2.3.4", "odd",
    "account:x:~masked:1", "", "account:淘:名",
])  # fmt: skip


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    made = []
    for seq in range(1, draw(st.integers(1, 8)) + 1):
        name = draw(st.sampled_from(KINDS))
        kind = shipped().find(name)
        roles = kind.role_names if kind else ("actor", "recipient", "shop", "device")
        own = kind.properties if kind else {}
        properties = {
            key: draw(PROPERTIES["text" if row.personal else row.type])
            for key, row in own.items()
            if key in _READ and draw(st.booleans())
        }
        at, late = draw(st.integers(1_600_000_000_000, 1_800_000_000_000)), draw(st.integers(0, 10**9))
        numbered = [ref for ref in ("order", "coupon") if draw(st.booleans())]
        made.append(
            Event(
                id=event_id("test", str(seq)), kind=name, seq=seq, at_ms=at, received_ms=at + late,
                live=draw(st.booleans()), platform=draw(st.sampled_from(["", "taobao", "jd"])),
                amount=draw(st.sampled_from([None, 0, 999, 1000, 5000, 2**53, -7])), currency="CNY",
                roles={role: draw(REFS) for role in roles if draw(st.booleans())},
                refs={ref: draw(st.sampled_from(["1", "2", "x"])) for ref in numbered},
                properties=properties,
            )
        )  # fmt: skip
    return made


_READ = {word.removeprefix("p.") for text in (*WHERE, *CODES) for word in text.split() if word.startswith("p.")} | {
    value.removeprefix("since ").removeprefix("p.") for value, *_ in VALUES
}


def resolve(ref: str, seq: int) -> str:
    return "person::one" if ref.startswith("account:taobao:") and seq > 3 else ref


def sql(frame: pl.DataFrame, expressions: list[str]) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.register("events", Stream(frame))
        named = ", ".join(f"{text} AS c{at}" for at, text in enumerate(expressions))
        return connection.execute(f"SELECT {named} FROM events ORDER BY seq").fetchall()


def bit(batch: Batch, at: int) -> np.ndarray[Any, Any]:
    return (batch.bits[:, at // 64] >> np.uint64(at % 64) & np.uint64(1)).astype(bool)


def same(left: Batch, right: Batch) -> None:
    for name in ("clock_ms", "seq", "bits", "values", "present", "codes", "parties"):
        a, b = getattr(left, name), getattr(right, name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b, err_msg=name)


@settings(max_examples=25, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(events())
def test_rows_and_columns_agree(log: list[Event]) -> None:
    parts = from_events(log, shipped(), stored=True)
    whole = Batch.join([INTAKE.columns(part, resolve=resolve) for part in parts])
    ordered = sorted(log, key=lambda one: (one.clock_ms, one.seq))
    same(INTAKE.rows(ordered, resolve=resolve), whole)
    merged = {ref for one in log for ref in one.roles.values() if resolve(ref, 99) != ref}
    same(whole, Batch.join([INTAKE.columns(part, resolve=resolve, merged=merged) for part in parts]))


def _agrees(got: Batch, found: list[tuple[Any, ...]]) -> None:
    m, v = len(MEASURES), len(MEASURES) + len(INTAKE.sources)
    for row, cells in enumerate(found):
        assert [bool(bit(got, at)[row]) for at in range(m)] == list(cells[:m])
        numbers = [int(got.values[row, at]) if int(got.present[row]) >> at & 1 else None for at in range(v - m)]
        assert numbers == list(cells[m:v])
        hashes = [xxhash.xxh3_64_intdigest(text.encode()) if text is not None else 0 for text in cells[v:]]
        assert hashes == got.codes[row].tolist()


def _valued(kind: str) -> list[str]:
    """The SQL of every number, asked of a measure that reads it."""
    first = {source_of(one): one for one in reversed(MEASURES)}
    return [sql_value(first[source], kind) for source in INTAKE.sources]


BY_KIND = {
    kind: [*(sql_condition(one, kind) for one in MEASURES), *_valued(kind), *(sql_code(code, kind) for code in CODES)]
    for kind in (*KINDS[:-1], CUSTOM)
}


@settings(max_examples=8, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(events())
def test_columns_and_sql_agree(log: list[Event]) -> None:
    for part in from_events(log, shipped(), stored=True):
        frame = part.frame.drop("kind", strict=False)
        _agrees(INTAKE.columns(part), sql(frame, BY_KIND[part.kind]))


@settings(max_examples=4, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(events())
def test_sql_over_several_kinds_agrees(log: list[Event]) -> None:
    parts = from_events(log, shipped(), stored=True)
    frames = [part.frame.with_columns(pl.lit(part.kind).alias("kind")) for part in parts]
    columns = dict(
        pair for name in (*KINDS, None) for pair in columns_of(shipped().find(name) if name else None).items()
    )
    empty = pl.DataFrame(schema=columns | {"p_missing_everywhere": pl.String()})
    frame = pl.concat([empty, *frames], how="diagonal_relaxed")
    got = Batch.join([INTAKE.columns(part) for part in parts])
    texts = [*(sql_condition(one) for one in MEASURES), *(sql_code(code) for code in CODES)]
    found = sql(frame, texts)
    order = np.argsort(got.seq)
    for row, cells in zip(order, found, strict=True):
        assert [bool(bit(got, at)[row]) for at in range(len(MEASURES))] == list(cells[: len(MEASURES)])
        hashes = [xxhash.xxh3_64_intdigest(text.encode()) if text is not None else 0 for text in cells[len(MEASURES) :]]
        assert hashes == got.codes[row].tolist()


def event(**fields: Any) -> Event:
    return Event(**{"id": "0" * 32, "kind": "Order Created", "at_ms": 1_756_742_400_000, "seq": 9, **fields})


def test_what_one_event_becomes() -> None:
    intake = Intake(
        [
            measure("night", "hour in 0,1", kinds=("Order Created",), value="amount", unit="money"),
            measure("gift", "role.recipient != role.actor", kinds=("Order Created",)),
        ],
        ["day", "role.shop"],
        parties=["person", "account", "shop", "device"],
    )
    # 1756742400000 = 2025-09-02 00:00 China time, a Tuesday
    got = intake.rows([event(amount=5, roles={"actor": "device::1", "device": "device::1", "shop": "shop::s"})])
    shop, device = (xxhash.xxh3_64_intdigest(text) for text in (b"shop::s", b"device::1"))
    assert (got.bits.tolist(), got.values.tolist(), got.present.tolist()) == ([[1]], [[5]], [1])
    assert got.codes.tolist() == [[xxhash.xxh3_64_intdigest(b"20333"), shop]]
    assert got.parties.tolist() == [[0, 0, shop, device]]  # a device is no person and no account


def test_masked_references_name_nobody() -> None:
    intake = Intake([], [])
    got = intake.rows([event(roles={"actor": "account:taobao~masked:t**1"})])
    assert got.parties.tolist() == [[0] * len(PARTIES)]


@pytest.mark.parametrize(
    ("kinds", "fields"),
    [
        pytest.param(("Order Created",), {"where": ("amount > much",)}, id="a-number-with-a-text"),
        pytest.param(("Order Created",), {"where": ("amount > 0.5",)}, id="minor-units-with-a-fraction"),
        pytest.param(("Order Created",), {"where": ("p.is_gift > true",)}, id="truth-has-no-order"),
        pytest.param(("Order Created",), {"where": ("p.products = 1",)}, id="a-document"),
        pytest.param(("Order Created",), {"value": "p.channel", "unit": "count"}, id="a-text-is-no-number"),
        pytest.param(("Order Created",), {"value": "since amount", "unit": "ms"}, id="an-amount-is-no-time"),
    ],
)
def test_what_does_not_fit_is_refused(kinds: tuple[str, ...], fields: dict[str, Any]) -> None:
    made = Measure(name="wrong", kinds=kinds, zh="x", en="x", **fields)
    with pytest.raises(SettingError):
        Intake([made], [])


def test_more_numbers_than_a_word_tells_are_refused() -> None:
    many = [measure(f"v{at}", value="amount", scale=at + 1, unit="money") for at in range(65)]
    with pytest.raises(SettingError, match="65"):
        Intake(many, [])


def _views(n: int) -> EventBatch:
    rng = np.random.default_rng(3)

    def texts(prefix: str, many: int) -> pl.Series:
        return pl.Series([f"{prefix}{at}" for at in range(many)]).gather(rng.integers(0, many, n))

    at = np.sort(rng.integers(1_756_000_000_000, 1_760_000_000_000, n))
    frame = pl.DataFrame({
        "at_ms": at, "received_ms": at, "seq": np.arange(n), "live": [False] * n, "platform": texts("p", 8),
        "role_actor": texts("account:taobao:", 300_000), "role_item": texts("item::", 5_000),
        "role_device": texts("device::", 300_000), "role_shop": texts("shop::", 8), "role_ip": texts("ip::", 200_000),
        "p_category": texts("c", 60), "p_dwell_s": rng.random(n) * 90, "p_price": rng.integers(100, 10**6, n),
    })  # fmt: skip
    return EventBatch("Product Viewed", frame.with_columns((pl.col("p_price") / 100).cast(pl.Decimal(18, 6))))


@pytest.fixture
def viewing() -> Callable[[int], tuple[Intake, EventBatch]]:
    kinds = ("Product Viewed",)
    intake = Intake(
        [
            measure("views", kinds=kinds),
            measure("night_views", "hour in 0,1,2,3,4,5", kinds=kinds),
            measure("long_views", "p.dwell_s >= 30", kinds=kinds, value="p.dwell_s", scale=1000, unit="s"),
            measure(
                "dear_views", "p.price > 5000", "has role.shop", kinds=kinds, value="p.price", scale=100, unit="money"
            ),
            measure("weekend_views", "weekday >= 6", kinds=kinds),
            measure("everything"),
        ],
        ["role.item", "p.category", "platform", "hour", "day"],
    )
    return lambda n: (intake, _views(n))


def test_columns_are_quick(viewing: Callable[[int], tuple[Intake, EventBatch]]) -> None:
    intake, batch = viewing(100_000)
    begin = time.process_time()
    got = intake.columns(batch, resolve=resolve, merged={"account:taobao:7"})
    spent = time.process_time() - begin
    assert int(bit(got, 5).sum()) == 100_000
    assert spent < 1.5  # a million in 2 s on a quiet core; noisy machines may be slower
