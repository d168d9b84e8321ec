"""Ties: derived from events alone, the same whichever way they are reached."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.events import CUSTOM, Event, EventBatch, from_events, shipped
from guanxi.parties import Resolution
from guanxi.relations import Ties, derive, extend, read_rules, resolved

DAY = 86_400_000
T0 = 1_600_000_000_000
WHO, ITEMS = ["account:store:1", "account:store:2", "account:jd:1"], ["item:store:a", "item:store:b"]
RULES = read_rules(
    """
[bought]
zh = "买过"
en = "bought"
family = "trade"
from = "actor"
to = "item"
kinds = ["Order Line Recorded"]
weight = 5.0
half_life_days = 10
confidence = 0.5

[returned]
zh = "退货"
en = "returned"
family = "conflict"
from = "actor"
to = "item"
kinds = ["Return Requested"]
sign = -1
weight = 2.0
half_life_days = inf
confidence = 1.0

[on_platform]
zh = "在平台"
en = "is on"
family = "attention"
from = "actor"
to = "platform"
kinds = ["Order Line Recorded", "Signed In"]

[invited]
zh = "邀请"
en = "invited"
family = "spread"
from = "actor"
to = "object"
kinds = ["Invitation Sent", "Friend Brought"]
""",
    "test",
)


def event(seq: int, kind: str, at: int, *, properties: dict[str, Any] | None = None, **more: str) -> Event:
    """One event: `at` in days after T0; a role per keyword, but for `platform` and `supersedes`."""
    platform, replaces = more.pop("platform", ""), more.pop("supersedes", "")
    return Event(
        id=f"{seq:032x}", kind=kind, at_ms=T0 + at * DAY, seq=seq, roles=more, platform=platform,
        properties=properties or {}, refs={"supersedes": replaces} if replaces else {},
    )  # fmt: skip


def bought(seq: int, at: int, who: str = WHO[0], item: str = ITEMS[0], **more: str) -> Event:
    return event(seq, "Order Line Recorded", at, actor=who, item=item, **more)


def batches(*events: Event) -> list[EventBatch]:
    return from_events(events, shipped(), stored=True)


def view(*events: Event, day: int = 100, known: int | None = None, keep: int = 3) -> Ties:
    return derive(batches(*events), RULES, until_ms=T0 + day * DAY, known=known, keep=keep)


def rows(ties: Ties) -> list[tuple[str, str, str, float, int]]:
    return ties.frame().select("from", "to", "kind", "weight", "count").rows()


def assert_same(one: Ties, two: Ties) -> None:
    """All that two views say is equal; floats to rounding, as sums are made in another order."""
    assert (one.until_ms, one.known, one.kinds) == (two.until_ms, two.known, two.kinds)
    left, right = one.frame(), two.frame()
    floats = ["weight", "confidence"]
    assert left.drop(floats).equals(right.drop(floats))
    for name in floats:
        np.testing.assert_allclose(left[name], right[name], rtol=1e-9, atol=1e-12)
    assert one.in_rows.tolist() == two.in_rows.tolist()
    assert one.stated.equals(two.stated)


def test_a_tie_by_hand() -> None:
    ties = view(bought(1, 80, platform="store"), bought(2, 90), day=100)
    (row,) = ties.neighbours(WHO[0], kinds=["bought"]).to_dicts()
    assert row.pop("weight") == pytest.approx(5 * (0.25 + 0.5))
    assert row.pop("confidence") == pytest.approx(0.75)
    assert row == {
        "from": WHO[0], "to": ITEMS[0], "kind": "bought", "family": "trade", "count": 2,
        "first_ms": T0 + 80 * DAY, "last_ms": T0 + 90 * DAY, "evidence": [f"{2:032x}", f"{1:032x}"],
    }  # fmt: skip
    assert ties.neighbours("platform::store")["kind"].to_list() == ["on_platform"]


def test_a_tie_that_speaks_against_is_negative_and_may_never_fade() -> None:
    ties = view(event(1, "Return Requested", 0, actor=WHO[0], item=ITEMS[0]), day=3_000)
    assert rows(ties) == [(WHO[0], ITEMS[0], "returned", -2.0, 1)]
    assert ties.confidence.tolist() == [1.0]


@pytest.mark.parametrize(
    ("made", "count"),
    [
        pytest.param(bought(1, 99), 1, id="before"),
        pytest.param(bought(1, 100), 0, id="at-the-moment"),
        pytest.param(bought(1, 101), 0, id="after"),
        pytest.param(bought(8, 99), 0, id="learnt-after-known"),
        pytest.param(bought(7, 99), 1, id="learnt-just-then"),
        pytest.param(bought(1, 99, who="account:jd~masked:t**"), 0, id="masked"),
        pytest.param(event(1, "Order Line Recorded", 99, item=ITEMS[0]), 0, id="nobody"),
        pytest.param(event(1, "Invitation Sent", 99, actor=WHO[0], object=WHO[0]), 0, id="with-oneself"),
        pytest.param(event(1, "Friend Brought", 99, actor=WHO[0], object=WHO[1]), 1, id="custom-kind"),
        pytest.param(event(1, "Friend Lost", 99, actor=WHO[0], object=WHO[1]), 0, id="custom-kind-of-no-rule"),
        pytest.param(event(1, "Page Viewed", 99, actor=WHO[0]), 0, id="kind-of-no-rule"),
    ],
)
def test_what_is_evidence(made: Event, count: int) -> None:
    assert len(view(made, day=100, known=7)) == count


def test_custom_kinds_share_a_batch_and_are_told_apart_by_name() -> None:
    held = batches(
        event(1, "Friend Brought", 1, actor=WHO[0], object=WHO[1]),
        event(2, "Friend Lost", 1, actor=WHO[0], object=WHO[2]),
    )
    assert [batch.kind for batch in held] == [CUSTOM]
    assert rows(derive(held, RULES, until_ms=T0 + DAY + 1))[0][:3] == (WHO[0], WHO[1], "invited")


def test_an_event_that_was_replaced_is_no_evidence_once_that_is_known() -> None:
    events = (bought(1, 10), bought(2, 10, item=ITEMS[1], supersedes=f"{1:032x}"))
    assert [row[1] for row in rows(view(*events))] == [ITEMS[1]]
    assert [row[1] for row in rows(view(*events, known=1))] == [ITEMS[0]]


def test_only_the_newest_events_are_named_as_evidence() -> None:
    ties = view(*(bought(seq, 50 - seq) for seq in range(1, 6)), keep=2)
    assert ties.evidence(0) == (f"{1:032x}", f"{2:032x}")
    assert ties.part.count.tolist() == [5]


def test_neighbours_degree_and_top_from_either_end() -> None:
    ties = view(
        bought(1, 99, WHO[0], ITEMS[0]), bought(2, 98, WHO[0], ITEMS[0]), bought(3, 97, WHO[1], ITEMS[0]),
        bought(4, 96, WHO[0], ITEMS[1]), event(5, "Invitation Sent", 95, actor=WHO[1], object=WHO[0]),
    )  # fmt: skip
    assert ties.neighbours(WHO[0], "out")["to"].to_list() == [ITEMS[0], ITEMS[1]]
    assert ties.neighbours(WHO[0], "in")["from"].to_list() == [WHO[1]]
    assert (ties.degree(WHO[0]), ties.degree(WHO[0], "out"), ties.degree(ITEMS[0], "in")) == (3, 2, 2)
    assert ties.degree(WHO[0], kinds=["bought"]) == 2
    assert ties.top(1)["to"].to_list() == [ITEMS[0]]
    assert ties.top(9, kinds=["invited"])["from"].to_list() == [WHO[1]]


@pytest.mark.parametrize("ref", ["account:store:0", "item:store:c", "zzz", ""])
def test_a_party_without_ties_has_no_neighbours(ref: str) -> None:
    ties = view(bought(1, 99))
    assert (ties.code(ref), ties.degree(ref), ties.neighbours(ref).height) == (None, 0, 0)


def test_no_events_give_no_ties() -> None:
    ties = view()
    assert (len(ties), len(ties.parties), ties.top(3).height, ties.degree(WHO[0])) == (0, 0, 0, 0)


def stated(seq: int, at: int, **properties: Any) -> Event:
    return event(seq, "Relation Stated", at, actor=WHO[0], object=WHO[1], properties=properties)


@pytest.mark.parametrize(
    ("events", "found"),
    [
        pytest.param([stated(1, 10, kind="guarantees")], [("guarantees", 1.0)], id="plain"),
        pytest.param([stated(1, 10)], [("relation", 1.0)], id="no-kind"),
        pytest.param([stated(1, 10, kind="k", weight=0.5, sign=-1)], [("k", -0.5)], id="negative"),
        pytest.param(
            [stated(1, 10, kind="k", weight=1.0), stated(2, 11, kind="k", weight=7.0)], [("k", 7.0)], id="newest"
        ),
        pytest.param([stated(1, 10, kind="k"), stated(2, 11, kind="k", weight=0.0)], [], id="taken-back"),
        pytest.param([stated(1, 10, kind="k"), stated(2, 11, kind="j")], [("j", 1.0), ("k", 1.0)], id="two-kinds"),
        pytest.param([stated(1, 10, kind="k", valid_until=T0 + 100 * DAY)], [], id="ends-at-the-moment"),
        pytest.param([stated(1, 10, kind="k", valid_until=T0 + 100 * DAY + 1)], [("k", 1.0)], id="ends-after"),
        pytest.param([stated(1, 10, kind="k", valid_from=T0 + 100 * DAY)], [("k", 1.0)], id="begins-at-the-moment"),
        pytest.param([stated(1, 10, kind="k", valid_from=T0 + 100 * DAY + 1)], [], id="begins-after"),
        pytest.param(
            [stated(1, 10, kind="k", weight=2.0), stated(2, 11, kind="k", valid_from=T0 + 200 * DAY)],
            [("k", 2.0)], id="what-comes-later-does-not-hide-what-holds",
        ),
    ],
)  # fmt: skip
def test_stated_ties_hold_while_they_are_in_force(events: list[Event], found: list[tuple[str, float]]) -> None:
    assert [(row[2], row[3]) for row in rows(view(*events, day=100))] == [("stated:" + kind, w) for kind, w in found]


def test_a_stated_tie_of_a_known_kind_belongs_to_its_family() -> None:
    frame = view(stated(1, 10, kind="invited", confidence=0.4)).frame()
    assert frame.select("kind", "family", "confidence").row(0) == ("stated:invited", "spread", pytest.approx(0.4))


facts = st.tuples(
    st.sampled_from(["Order Line Recorded", "Return Requested", "Invitation Sent", "Signed In", "Relation Stated"]),
    st.integers(0, 20), st.sampled_from(WHO), st.sampled_from(WHO), st.sampled_from(ITEMS), st.booleans(),
)  # fmt: skip


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    events = []
    for seq, (kind, at, actor, other, item, flag) in enumerate(draw(st.lists(facts, max_size=16)), 1):
        roles = {"actor": actor}
        properties: dict[str, Any] = {}
        if kind in ("Order Line Recorded", "Return Requested"):
            roles["item"] = item
        if kind in ("Invitation Sent", "Relation Stated"):
            roles["object"] = other
        if kind == "Relation Stated":
            properties = {"kind": "knows", "weight": float(at % 3)} | ({"valid_until": T0 + 12 * DAY} if flag else {})
        platform = "jd" if flag else ""
        events.append(event(seq, kind, at, properties=properties, platform=platform, **roles))
    return events


moments = st.tuples(st.integers(0, 22), st.integers(0, 16))


@given(logs(), moments, moments)
def test_adding_what_is_new_equals_deriving_anew(log: list[Event], one: tuple[int, int], two: tuple[int, int]) -> None:
    (day, known), (later_day, later_known) = map(min, one, two), map(max, one, two)
    early = derive(batches(*log), RULES, until_ms=T0 + day * DAY, known=known)
    grown = extend(early, batches(*log), until_ms=T0 + later_day * DAY, known=later_known)
    assert_same(grown, derive(batches(*log), RULES, until_ms=T0 + later_day * DAY, known=later_known))
    new = [one for one in log if one.seq > known or one.at_ms >= early.until_ms]
    only_new = extend(early, batches(*new), until_ms=T0 + later_day * DAY, known=later_known)
    assert_same(only_new, grown)


@given(logs(), moments)
def test_a_view_as_of_a_moment_never_sees_the_future(log: list[Event], moment: tuple[int, int]) -> None:
    day, known = moment
    past = [one for one in log if one.at_ms < T0 + day * DAY and one.seq <= known]
    seen = derive(batches(*log), RULES, until_ms=T0 + day * DAY, known=known)
    assert_same(seen, derive(batches(*past), RULES, until_ms=T0 + day * DAY, known=known))


@given(logs(), st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_cut_into_batches_matters(log: list[Event], random: Any) -> None:
    shuffled = list(log)
    random.shuffle(shuffled)
    singles = [batch for one in shuffled for batch in batches(one)]
    whole = derive(batches(*log), RULES, until_ms=T0 + 30 * DAY, known=99)
    assert_same(whole, derive(singles, RULES, until_ms=T0 + 30 * DAY, known=99))


@given(logs())
def test_sums_agree_with_a_second_implementation(log: list[Event]) -> None:
    until = T0 + 15 * DAY
    sums: dict[tuple[str, str, str], float] = {}
    for one in (one for one in log if one.at_ms < until):
        for rule in RULES:
            ends = [
                one.roles.get(role, f"platform::{one.platform}" if role == "platform" and one.platform else "")
                for role in (rule.source, rule.target)
            ]
            if one.kind in rule.kinds and all(ends) and ends[0] != ends[1]:
                age = (until - one.at_ms) / DAY
                key = (ends[0], ends[1], rule.id)
                sums[key] = sums.get(key, 0.0) + rule.sign * rule.weight * 0.5 ** (age / rule.half_life_days)
    ties = derive(batches(*log), RULES, until_ms=until)
    found = {(row[0], row[1], row[2]): row[3] for row in rows(ties) if not row[2].startswith("stated:")}
    assert found == pytest.approx(sums)


@given(logs())
def test_renaming_parties_equals_having_had_that_name(log: list[Event]) -> None:
    merge = event(99, "Party Resolved", 0, properties={"operation": "merge"}, actor=WHO[0], object=WHO[2])
    names = Resolution([merge]).mapping()
    assert names == {WHO[0]: WHO[2]}
    renamed = [
        event(
            one.seq, one.kind, (one.at_ms - T0) // DAY, properties=one.properties, platform=one.platform,
            **{role: names.get(ref, ref) for role, ref in one.roles.items()},
        )
        for one in log
    ]  # fmt: skip
    until = T0 + 30 * DAY
    whole = resolved(derive(batches(*log), RULES, until_ms=until, known=99), names)
    expected = derive(batches(*renamed), RULES, until_ms=until, known=99)
    assert whole.frame().drop("weight", "confidence").equals(expected.frame().drop("weight", "confidence"))
    np.testing.assert_allclose(whole.weight, expected.weight, rtol=1e-9)
    np.testing.assert_allclose(whole.confidence, expected.confidence, rtol=1e-9, atol=1e-12)


def test_ties_of_whole_parties_cannot_be_added_to() -> None:
    whole = resolved(view(bought(1, 10)), {})
    with pytest.raises(DataError, match="whole parties"):
        extend(whole, [], until_ms=whole.until_ms)


@pytest.mark.parametrize(("day", "known"), [pytest.param(99, 1, id="until"), pytest.param(100, 0, id="known")])
def test_the_past_is_not_reached_by_adding(day: int, known: int) -> None:
    ties = view(bought(1, 10), day=100)
    with pytest.raises(DataError, match="before that of the ties"):
        extend(ties, [], until_ms=T0 + day * DAY, known=known)


def test_what_replaces_an_added_event_asks_to_derive_again() -> None:
    ties = view(bought(1, 10), day=100)
    with pytest.raises(DataError, match="1 events replace"):
        extend(ties, batches(bought(2, 10, supersedes=f"{1:032x}")), until_ms=ties.until_ms)
    both = batches(bought(2, 101), bought(3, 101, item=ITEMS[1], supersedes=f"{2:032x}"))
    grown = extend(ties, both, until_ms=T0 + 200 * DAY)
    assert [row[1] for row in rows(grown)] == [ITEMS[0], ITEMS[1]]


def test_events_not_read_from_the_log_are_refused() -> None:
    with pytest.raises(DataError, match="no column 'seq'"):
        derive(from_events([bought(1, 10)], shipped()), RULES, until_ms=T0)


def test_memory_is_as_stated() -> None:
    n = 20_000
    numbers = np.arange(n)
    frame = pl.DataFrame(
        {
            "id_hi": np.zeros(n, np.uint64), "id_lo": numbers.astype(np.uint64), "seq": numbers + 1,
            "at_ms": T0 + numbers, "role_actor": [f"account:store:{one}" for one in numbers % 500],
            "role_item": [f"item:store:{one}" for one in numbers % 997],
        }
    )  # fmt: skip
    ties = derive([EventBatch("Order Line Recorded", frame)], RULES, until_ms=T0 + DAY)
    assert len(ties) == n
    texts = int(ties.parties.estimated_size())
    assert ties.memory_bytes == pytest.approx(n * (68 + 40) + 16 * len(ties.parties) + texts, rel=0.01)
