"""Funnels, paths and intervals against oracles that walk every person's events one by one."""

from collections import Counter, defaultdict
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DAY_MS, DataError
from guanxi.events import shipped
from guanxi.traits.metrics import (
    find_kind,
    funnel_groups,
    funnel_query,
    interval_bins,
    interval_query,
    path_kinds,
    path_links,
    path_names,
    paths_query,
)

from .conftest import slice_of

T0 = 1_700_000_000_000
MINUTE = 60_000
KINDS = ("Product Viewed", "Product Added", "Checkout Started", "Order Completed")
Event = tuple[int, int, str, int]  # person, minutes, session ("" none), kind

Log = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 240), st.sampled_from(["", "", "s1", "s2"]), st.integers(0, 3)),
    max_size=40,
)


def rows(log: list[Event]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for seq, (who, minutes, session, kind) in enumerate(log, 1):
        found[KINDS[kind]].append({
            "who": f"account:app:{who}", "at_ms": T0 + minutes * MINUTE, "seq": seq, "ref_session": session or None,
            "platform": "app" if who % 2 else "jd", "ref_order": str(seq),
        })  # fmt: skip
    return found


def by_person(log: list[Event]) -> dict[int, list[tuple[int, int, str, int]]]:
    """Person -> (at, seq, session, kind) in order."""
    found = defaultdict(list)
    for seq, (who, minutes, session, kind) in enumerate(log, 1):
        found[who].append((T0 + minutes * MINUTE, seq, session, kind))
    return {who: sorted(events) for who, events in found.items()}


def walked(log: list[Event], steps: list[int], start: int, end: int, within: int) -> dict[str, list[list[int]]]:
    """Split -> for each person who began, the times of the steps that were reached."""
    found = defaultdict(list)
    for who, events in by_person(log).items():
        reached: list[tuple[int, int]] = []
        for at, seq, _, kind in events:
            if len(reached) == len(steps) or kind != steps[len(reached)]:
                continue
            if not reached and not start <= at < end:
                continue
            if reached and at - reached[0][0] > within:
                break
            reached.append((at, seq))
        if reached:
            for key in ("", "app" if who % 2 else "jd"):
                found[key].append([at for at, _ in reached])
    return found


@given(
    Log, st.lists(st.integers(0, 3), min_size=2, max_size=4), st.integers(0, 120), st.integers(0, 200),
    st.integers(1, 120), st.sampled_from(["", "platform"]),
)  # fmt: skip
def test_a_funnel_counts_as_the_oracle_does(ask, log, steps, begin, length, within, by) -> None:
    of = slice_of(T0 + begin * MINUTE, T0 + (begin + length) * MINUTE)
    kinds = [KINDS[step] for step in steps]
    found = ask(funnel_query(kinds, of, within_ms=within * MINUTE, by=by), rows(log))
    told = walked(log, steps, of.window.start_ms, of.window.end_ms, within * MINUTE)
    groups = dict(funnel_groups(found, kinds, of))
    assert set(groups) == {"", *told} if by else set(groups) == {""}
    for key, shown in groups.items():
        for place, step in enumerate(shown):
            people = [times for times in told.get(key, []) if len(times) > place]
            assert step.people == len(people)
            if place:
                gaps = [times[place] - times[place - 1] for times in people]
                assert step.median_ms == (median(gaps) if gaps else None)
                before = shown[place - 1].people
                assert step.of_previous == (step.people / before if before else None)


def paths_of(log: list[Event], start: int, steps: int, backwards: bool) -> Counter[tuple[int, ...]]:
    found: Counter[tuple[int, ...]] = Counter()
    for events in by_person(log).values():
        sessions: dict[Any, list[int]] = defaultdict(list)
        part, since = 0, None
        for at, _, session, kind in events:
            if not session:
                part += since is not None and at - since > 30 * MINUTE
                since = at
            sessions[session or part].append(kind)
        for kinds in sessions.values():
            run = kinds[:1] + [b for a, b in pairwise(kinds) if a != b]
            if start in run:
                hit = run.index(start)
                found[tuple(run[max(hit - steps, 0) : hit + 1][::-1] if backwards else run[hit : hit + steps + 1])] += 1
    return found


@given(Log, st.integers(0, 3), st.integers(1, 4), st.booleans(), st.integers(1, 3))
def test_paths_are_those_of_the_oracle(ask, log, start, steps, backwards, top) -> None:
    found = ask(paths_query(KINDS[start], KINDS, slice_of(), steps=steps, backwards=backwards), rows(log))
    told = paths_of(log, start, steps, backwards)
    assert {tuple(path): count for path, count in found.iter_rows()} == told
    links = path_links(found, KINDS, steps=steps, top=top)
    for place in range(steps):
        here = [link for link in links if link.place == place]
        assert sum(link.sessions for link in here) == sum(count for path, count in told.items() if len(path) > place)
        assert sum(one.sessions for one in here if one.target == "end") == sum(
            count for path, count in told.items() if len(path) == place + 1
        )
        named = {link.target for link in here} - {"end", "other"}
        assert len(named) <= top
    assert set(path_names(links, shipped(), backwards=backwards)) == {
        n for one in links for n in (one.source, one.target)
    }


@given(Log, st.integers(0, 3), st.integers(0, 3))
def test_intervals_are_those_of_the_oracle(ask, log, start, back) -> None:
    found = ask(interval_query(KINDS[start], KINDS[back], slice_of()), rows(log))
    gaps = []
    for events in by_person(log).values():
        mine = [(at, kind) for at, _, _, kind in events if kind in (start, back)]
        gaps += [b[0] - a[0] for a, b in pairwise(mine) if a[1] == start and b[1] == back]
    bins = interval_bins(found)
    assert sum(one.people for one in bins) == len(gaps)
    if gaps:
        assert [found[name][0] for name in ("p10", "median", "p90")] == pytest.approx(
            [np.quantile(gaps, one) for one in (0.1, 0.5, 0.9)]
        )
    for one in bins:
        assert one.people == sum(one.low <= gap / DAY_MS < (one.high or 1e9) for gap in gaps)


@pytest.mark.parametrize(("steps", "within", "mend"), [
    pytest.param(["Product Viewed"], DAY_MS, "Name 2 to 10 kinds", id="one-step"),
    pytest.param(["Product Viewed"] * 11, DAY_MS, "Name 2 to 10 kinds", id="eleven-steps"),
    pytest.param(["Product Viewed", "Order Completed"], 0, "one second to 366 days", id="no-limit"),
    pytest.param(["Product Viewed", "Order Completed"], 400 * DAY_MS, "one second to 366 days", id="too-long"),
])  # fmt: skip
def test_a_funnel_that_cannot_be(steps: list[str], within: int, mend: str) -> None:
    with pytest.raises(DataError, match=mend):
        funnel_query(steps, slice_of(), within_ms=within)


@pytest.mark.parametrize(("text", "kind"), [
    pytest.param("Order Completed", "Order Completed", id="name"),
    pytest.param("order_completed", "Order Completed", id="table"),
    pytest.param("订单付清", "Order Completed", id="label"),
    pytest.param("盲盒拆封", "盲盒拆封", id="custom-that-occurred"),
])  # fmt: skip
def test_a_kind_is_found_by_its_names(text: str, kind: str) -> None:
    assert find_kind(text, shipped(), ["盲盒拆封"]) == kind


@pytest.mark.parametrize(("text", "near"), [("Order Complete", "Order Completed"), ("订单付款", "Order Completed")])
def test_a_kind_nobody_knows_brings_the_nearest(text: str, near: str) -> None:
    with pytest.raises(DataError) as told:
        find_kind(text, shipped())
    assert near in told.value.mend
    assert told.value.field == "kind"


def test_a_split_by_what_is_not_there_or_personal() -> None:
    with pytest.raises(DataError, match="cannot be split by 'receiver_name'"):
        funnel_query(["Order Completed", "Product Viewed"], slice_of(), within_ms=DAY_MS, by="receiver_name")
    with pytest.raises(DataError, match="Use platform, app_channel"):
        funnel_query(["Order Completed", "Product Viewed"], slice_of(), within_ms=DAY_MS, by="app_chanel")


def test_what_people_do_is_a_step_and_the_rest_is_not() -> None:
    occurred = ["Product Viewed", "Order Line Recorded", "Party Resolved", "Order Completed", "盲盒拆封"]
    assert path_kinds(shipped(), occurred) == ("Product Viewed", "Order Completed")
