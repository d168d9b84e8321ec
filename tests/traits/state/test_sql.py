"""Traits as SQL: DuckDB gives what the definitions and the state give, on any stream, for the whole catalogue."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from guanxi.bench.traits_equal import EXECUTIONS, compared, differs, random_batch, replayed, run
from guanxi.core import DAY_MS, MissingEngine
from guanxi.engines.lake import Stream
from guanxi.events import CUSTOM, Event, event_id, from_events, shipped, table_name
from guanxi.traits.batch import Batch
from guanxi.traits.family import traits
from guanxi.traits.measure import measures
from guanxi.traits.sql import TOGETHER, trait_queries
from guanxi.traits.sql_prepared import KNOWN_PARTY, one_query, prepared_frame, prepared_query
from guanxi.traits.state import Plan, TraitState, compile_plan
from guanxi.traits.state import layout as L  # noqa: N812 - as in the state itself
from guanxi.traits.trait import MEMORY_MS, Trait

from .conftest import MEASURES, Naive, every_trait, random_events, same, trait

PLAN = compile_plan(every_trait(("10m", "1h", "1d", "30d"), ("60d", "365d", "life")), MEASURES)
START = 1_700_000_000_000


def batch_of(plan: Plan, events: NDArray[np.int64]) -> Batch:
    """The batch whose words these events are."""
    ends = np.cumsum([L.E_BITS, plan.bit_words, len(plan.values), len(plan.codes), len(plan.parties)])
    parts = [np.ascontiguousarray(events[:, a:b]) for a, b in pairwise(ends)]
    return Batch(
        clock_ms=events[:, L.E_CLOCK].copy(), seq=events[:, L.E_SEQ].copy(), bits=parts[0].view(np.uint64),
        values=parts[1], present=events[:, L.E_PRESENT].copy().view(np.uint64), codes=parts[2].view(np.uint64),
        parties=parts[3].view(np.uint64),
    )  # fmt: skip


def by_sql(plan: Plan, events: NDArray[np.int64]) -> NDArray[np.float64]:
    """What every event sees by SQL, as the state gives it."""
    found = np.full((len(events), len(plan.traits)), math.inf)
    with duckdb.connect() as connection:
        connection.register("events", Stream(prepared_frame(plan.intake, batch_of(plan, events))))
        place = {row.name: at for at, row in enumerate(plan.traits)}
        for query in trait_queries(plan.traits, MEASURES):
            got = pl.DataFrame(connection.sql(query.sql))
            for name in query.traits:
                found[:, place[name]] = math.nan
                found[np.searchsorted(events[:, L.E_SEQ], got["seq"]), place[name]] = as_seen(got[name])
    return found


def as_seen(column: pl.Series) -> NDArray[np.float64]:
    """A column as the state gives it: unknown is nan, a name its hash, bit by bit."""
    if column.dtype == pl.String:
        column = hashed(column)
    if column.dtype == pl.UInt64:
        return np.where(column.is_null(), math.nan, column.fill_null(0).to_numpy().view(np.float64))
    return column.fill_null(math.nan).to_numpy().copy()


def differences(seen: NDArray[np.float64], other: NDArray[np.float64]) -> list[str]:
    return [row.name for at, row in enumerate(PLAN.traits)
            if differs(row, seen[:, at].copy(), other[:, at].copy()).any()]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "days", "parties"),
    [
        pytest.param(300, 500, 6, id="sparse-over-lives"),
        pytest.param(500, 40, 2, id="busy"),
        pytest.param(400, 0.01, 1, id="ties"),
        pytest.param(300, 2_000, 3, id="forgotten"),
    ],
)
def test_sql_gives_what_the_definitions_and_the_state_say(count: int, days: float, parties: int) -> None:
    events = random_events(PLAN, seed=count, count=count, days=days, parties=parties)
    sql = by_sql(PLAN, events)
    assert differences(TraitState(PLAN).feed(events, read=True), sql) == []  # type: ignore[arg-type]
    naive, found = Naive(PLAN), []
    for place, event in enumerate(events):
        if place % 20 == 0:
            cells = zip(PLAN.traits, naive.read(event), sql[place], strict=True)
            found += [row.name for row, one, other in cells if not same(row, one, float(other))]
        naive.add(event)
    assert found == []


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(1, 150), st.floats(0, 900), st.integers(1, 4))
def test_no_stream_is_read_otherwise(seed: int, count: int, days: float, parties: int) -> None:
    events = random_events(PLAN, seed=seed, count=count, days=days, parties=parties)
    assert differences(TraitState(PLAN).feed(events, read=True), by_sql(PLAN, events)) == []  # type: ignore[arg-type]


def worked(rows: Sequence[Trait], events: Iterable[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """What a few events of one device see; each is (ms, orders?, fails?, spend, city)."""
    schema = ["clock_ms", "m_orders", "m_fails", "m_spend", "v_spend", "c_p_city"]
    made = [(START + at, orders, fails, spend is not None, spend, city) for at, orders, fails, spend, city in events]
    frame = pl.DataFrame(made, schema=schema, orient="row").with_columns(
        pl.int_range(1, pl.len() + 1).alias("seq"), pl.lit("device::d").alias("party_device")
    )
    found: dict[str, list[Any]] = {}
    with duckdb.connect() as connection:
        connection.register("events", Stream(frame))
        for query in trait_queries(rows, MEASURES):
            got = pl.DataFrame(connection.sql(f"FROM ({query.sql}) ORDER BY seq"))
            found |= {name: got[name].to_list() for name in query.traits}
    return found


def test_ties_and_the_ends_of_windows_by_hand() -> None:
    rows = [
        trait("device", "orders", "count", "10m"),
        trait("device", "orders", "after", "1h", after="fails", within="30m"),
    ]
    found = worked(rows, [
        (0, True, False, None, None),
        (0, True, False, None, None),  # the same instant: sees the first
        (600_000, True, False, None, None),  # at the window's very end: both
        (600_001, False, True, None, None),  # one millisecond later: one
        (600_001, True, False, None, None),  # the failure of this instant came before
        (600_001, False, False, None, None),  # no measure's event sees as well
    ])  # fmt: skip
    assert found["device.orders.count.10m"] == [0, 1, 2, 1, 1, 2]
    assert found["device.orders.after_fails_30m.1h"] == [0, 0, 0, 0, 0, 1]


def test_names_and_lives_by_hand() -> None:
    rows = [trait("device", "orders", "top", "60d", by="p.city", rank=rank) for rank in (1, 2)]
    rows += [trait("device", "spend", "balance", "life"), trait("device", "orders", "streak", "life")]
    found = worked(rows, [
        (0, True, False, 5, "沪"),
        (DAY_MS, True, False, None, "京"),
        (2 * DAY_MS, True, False, -2, "沪"),
        (2 * DAY_MS, False, False, None, None),
        (2 * DAY_MS + MEMORY_MS, True, False, None, "京"),  # 400 days to the millisecond: still known
        (2 * DAY_MS + 2 * MEMORY_MS + 1, True, False, 1, "京"),  # a millisecond longer: a new life
        (2 * DAY_MS + 2 * MEMORY_MS + 2, False, False, None, None),
    ])  # fmt: skip
    assert found["device.orders.top_city.60d"] == [None, "沪", "京", "沪", None, None, "京"]
    assert found["device.orders.top2_city.60d"] == [None, None, "沪", "京", None, None, None]
    assert found["device.spend.balance.life"] == [0, 5, 5, 3, 3, 0, 1]
    assert found["device.orders.streak.life"] == [0, 1, 2, 3, 0, 0, 1]


def test_one_trait_is_asked_for_in_the_life_of_its_plan() -> None:
    row = trait("device", "spend", "balance", "life")
    (alone,), (kept,) = (list(trait_queries([row], MEASURES, plan=plan)) for plan in (None, PLAN.traits))
    assert "m_orders" not in alone.sql
    assert "m_orders" in kept.sql
    assert alone.traits == kept.traits == (row.name,)


def test_queries_give_every_row_once_and_stay_small() -> None:
    queries = list(trait_queries(traits().values(), measures()))
    named = [name for query in queries for name in query.traits]
    assert sorted(named) == sorted(row.name for row in traits().values() if row.plan != "ties")
    assert max(len(query.traits) for query in queries) <= TOGETHER


@pytest.mark.slow
def test_every_row_of_the_catalogue_is_equal_by_every_execution() -> None:
    plan = compile_plan(traits().values(), measures())
    batch = random_batch(plan.intake, 3_000, seed=3)
    found = compared(plan, batch, replayed(plan, batch))
    assert {name: cells for name, (cells, _) in found.items()} == {name: {} for name in EXECUTIONS}


def test_what_differs_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [trait("device", "orders", one, "60d", by="p.city") for one in ("top", "entropy", "distinct")]
    plan = compile_plan(rows, MEASURES)
    batch = random_batch(plan.intake, 400, seed=1)

    def wrong(plan: Plan, batch: Batch, words: NDArray[np.int64]) -> Any:
        state = TraitState(plan)
        values = state.feed(words, read=True)
        assert values is not None
        values[7] = 12_345.0
        yield slice(0, 400), [0, 1], values[:, :2]  # and the third is not given

    monkeypatch.setattr("guanxi.bench.traits_equal.EXECUTIONS", {"wrong": wrong})
    cells, _ = compared(plan, batch, replayed(plan, batch))["wrong"]
    assert [cells[row.name] for row in plan.traits] == [1, 1, 400]
    nan, near = math.nan, 1.0 + 1e-12
    columns = np.array([nan, 1.0, 1.0, 2.0]), np.array([nan, near, nan, 2.1])
    assert differs(rows[1], *columns).tolist() == [False, False, True, True]
    assert differs(rows[2], *columns).tolist() == [False, True, True, True]


def test_the_bench_says_what_it_compared(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [row for row in traits().values() if row.party == "card"]
    monkeypatch.setattr("guanxi.bench.traits_equal.traits", lambda: {row.name: row for row in few})
    monkeypatch.setattr("guanxi.bench.traits_equal.lacking", lambda: MissingEngine("there is no Java", "Install it"))
    figures = {one.name: one for one in run(tmp_path, events=500)}
    assert (figures["differing_cells"].value, figures["differing_cells"].ok) == (0, True)
    assert "spark is left out: there is no Java. Install it" in capsys.readouterr().err
    assert figures["executions"].value == len(EXECUTIONS) + 1
    assert figures["rows"].value == len([row for row in few if row.plan != "ties"])
    assert figures["rows_varied"].value > figures["rows"].value / 2


KINDS = ("Order Completed", "Payment Failed", "Order Refunded", "Product Viewed", "Payment Method Added", CUSTOM)


def some_events(count: int) -> list[Event]:
    """Events of several kinds, with ties, masked names, empty references and missing amounts."""
    rng, made, at = np.random.default_rng(1), [], START
    for seq in range(1, count + 1):
        name = KINDS[rng.integers(len(KINDS))]
        kind = shipped().find(name)
        at += int(rng.choice([0, 1, 60_000, 86_400_000]))
        named = [role for role in (kind.role_names if kind else ("actor", "card", "shop")) if rng.random() < 0.8]
        roles = {role: f"{'account:taobao' if role == 'actor' else role + ':'}:{rng.integers(4)}" for role in named}
        if rng.random() < 0.1:
            roles["actor"] = ["account:taobao~masked:t**1", "shop::1", ""][rng.integers(3)]
        amount = None if rng.random() < 0.2 else int(rng.integers(-500, 100_000))
        properties = {"method": "card"} if kind and "method" in kind.properties else {}
        late = int(rng.integers(0, 3_600_000))
        made.append(Event(id=event_id("test", str(seq)), kind="My Own" if name == CUSTOM else name, seq=seq, at_ms=at,
                          received_ms=at + late, live=bool(rng.random() < 0.3), platform="taobao", amount=amount,
                          currency="CNY", roles=roles, properties=properties))  # fmt: skip
    return made


def resolve(ref: str, seq: int) -> str:
    return "person::one" if ref in ("account:taobao:1", "account:taobao:2") and seq >= 40 else ref


def test_tables_of_kinds_give_what_the_intake_and_the_state_give() -> None:
    rows = [row for row in traits().values() if row.party in ("card", "account", "person") and row.plan != "ties"]
    plan = compile_plan(rows, measures())
    parts = from_events(some_events(150), shipped(), stored=True)
    batch = Batch.join([plan.intake.columns(part, resolve=resolve) for part in parts])
    known = [(f"account:taobao:{n}", 40, "person::one") for n in (1, 2)]
    seen = dict(zip((row.name for row in plan.traits), replayed(plan, batch), strict=True))
    with duckdb.connect() as connection:
        connection.register(KNOWN_PARTY, Stream(pl.DataFrame(known, schema=["ref", "seq", "person"], orient="row")))
        for part in parts:
            connection.register(table_name(part.kind), Stream(part.frame))
        text = prepared_query(rows, measures(), [part.kind for part in parts], resolved=True)
        prepared = pl.DataFrame(connection.sql(f"FROM ({text}) ORDER BY clock_ms, seq"))
        for query in list(trait_queries(rows, measures()))[::4]:
            got = pl.DataFrame(connection.sql(one_query(query, text)))
            at = batch.seq.argsort()[np.searchsorted(np.sort(batch.seq), got["seq"])]
            for name in query.traits:
                assert not differs(traits()[name], seen[name][at], as_seen(got[name])).any(), name
    wanted = prepared_frame(plan.intake, batch)
    for name in wanted.columns:
        column, right = prepared[name], wanted[name]
        if name.startswith("v_"):  # a number is read of the measure's own kinds alone
            column, right = (one.filter(wanted["m_" + name[2:]]) for one in (column, right))
        elif column.dtype == pl.String:
            column = hashed(column)
        elif name.startswith("m_"):
            column = column.fill_null(False)
        assert column.to_list() == right.to_list(), name
    assert "person::one" in prepared["party_person"]


def hashed(texts: pl.Series) -> pl.Series:
    hashes = [None if one is None else xxhash.xxh3_64_intdigest(one.encode()) for one in texts]
    return pl.Series(hashes, dtype=pl.UInt64)
