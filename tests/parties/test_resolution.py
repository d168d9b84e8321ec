"""Merges can be undone, and any past state can be read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.events import Event
from guanxi.parties import Resolution

NAMES = ["person::p", "account:jd:1", "account:taobao:2", "account:taobao:3", "device::d", "device::e"]
MASKED = "account:taobao~masked:t**1"


def resolved(seq: int, operation: str, kept: str, other: str, *, cause: str = "", key: int | None = None) -> Event:
    return Event(
        id=f"{seq if key is None else key:032x}", kind="Party Resolved", at_ms=1_000 * seq, seq=seq,
        roles={"actor": kept, "object": other}, refs={"cause": cause} if cause else {},
        properties={"operation": operation},
    )  # fmt: skip


def merge(seq: int, kept: str, other: str, *, key: int | None = None) -> Event:
    return resolved(seq, "merge", kept, other, key=key)


def split(seq: int, kept: str, other: str, *, cause: str = "") -> Event:
    return resolved(seq, "split", kept, other, cause=cause)


def state(resolution: Resolution, known: int | None = None) -> list[tuple[str, ...]]:
    return [resolution.members(name, known) for name in NAMES]


pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1])
steps = st.lists(st.tuples(st.sampled_from(["merge", "merge", "split"]), pairs), max_size=14)


def log_of(chosen: list[tuple[str, tuple[str, str]]]) -> list[Event]:
    return [resolved(place + 1, operation, *pair) for place, (operation, pair) in enumerate(chosen)]


def by_hand(chosen: list[tuple[str, tuple[str, str]]]) -> set[frozenset[str]]:
    """A second implementation: a multiset of standing pairs, closed under reachability by repeated joining."""
    standing: list[frozenset[str]] = []
    for operation, pair in chosen:
        if operation == "merge":
            standing.append(frozenset(pair))
        elif frozenset(pair) in standing:
            standing.remove(frozenset(pair))
    groups = [{name} for name in NAMES]
    for pair in standing:
        touched = [group for group in groups if group & pair]
        groups = [group for group in groups if not group & pair] + [set().union(*touched)]
    return {frozenset(group) for group in groups}


@given(steps)
def test_the_parties_are_those_of_the_merges_still_standing(chosen: list[tuple[str, tuple[str, str]]]) -> None:
    resolution = Resolution(log_of(chosen))
    assert {frozenset(members) for members in state(resolution)} == by_hand(chosen)


@given(steps, pairs)
def test_a_merge_and_its_split_leave_what_was_before(
    chosen: list[tuple[str, tuple[str, str]]], pair: tuple[str, str]
) -> None:
    resolution = Resolution(log_of(chosen))
    before = state(resolution)
    last = len(chosen)
    resolution.add(merge(last + 1, *pair))
    assert resolution.resolve(pair[0]) == resolution.resolve(pair[1])
    resolution.add(split(last + 2, *pair))
    assert state(resolution) == before


@given(st.lists(pairs, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_merges_does_not_matter(chosen: list[tuple[str, str]], random: object) -> None:
    shuffled = list(chosen)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = Resolution(merge(place + 1, *pair) for place, pair in enumerate(chosen))
    two = Resolution(merge(place + 1, *pair) for place, pair in enumerate(shuffled))
    assert state(one) == state(two)


@given(steps, st.integers(0, 14))
def test_any_past_state_can_be_read_again(chosen: list[tuple[str, tuple[str, str]]], known: int) -> None:
    events = log_of(chosen)
    past = Resolution(events[:known])
    now = Resolution(reversed(events))  # whatever order they come in, the log's order rules
    assert state(now, known) == state(past)
    assert now.mapping(known) == past.mapping()
    assert [now.history(name, known) for name in NAMES] == [past.history(name) for name in NAMES]


@given(steps)
def test_events_told_twice_change_nothing(chosen: list[tuple[str, tuple[str, str]]]) -> None:
    events = log_of(chosen)
    once, twice = Resolution(events), Resolution([*events, *events])
    assert [twice.add(event) for event in events] == [None] * len(events)
    assert state(once) == state(twice)


@given(steps)
def test_renaming_columns_agrees_with_asking_for_each(chosen: list[tuple[str, tuple[str, str]]]) -> None:
    resolution = Resolution(log_of(chosen))
    mapping = resolution.mapping()
    assert [mapping.get(name, name) for name in NAMES] == [resolution.resolve(name) for name in NAMES]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=8))
def test_a_masked_value_never_joins_anybody(chosen: list[tuple[str, bool]]) -> None:
    resolution = Resolution(
        merge(place + 1, *((name, MASKED) if first else (MASKED, name))) for place, (name, first) in enumerate(chosen)
    )
    assert state(resolution) == [(name,) for name in NAMES]
    assert resolution.members(MASKED) == (MASKED,)
    assert {change.effect for change in resolution.history(MASKED)} <= {"refused"}


def test_a_split_undoes_the_merge_that_it_names_and_no_other() -> None:
    a, b, c = "account:jd:1", "account:taobao:2", "account:taobao:3"
    resolution = Resolution([merge(1, a, b), merge(2, b, c), merge(3, a, b), merge(4, a, c)])
    assert resolution.add(split(5, b, a, cause=f"{1:032x}")).undoes == f"{1:032x}"  # type: ignore[union-attr]
    assert [change.seq for change in resolution.standing(a)] == [2, 3, 4]
    resolution.add(split(6, a, c))
    assert resolution.members(a) == (a, b, c)  # still joined through b
    resolution.add(split(7, b, c))
    assert (resolution.members(a), resolution.members(c)) == ((a, b), (c,))
    assert resolution.members(a, known=4) == (a, b, c)


@pytest.mark.parametrize(
    "cause", [pytest.param("", id="no-cause"), pytest.param(f"{99:032x}", id="a-cause-that-is-no-merge")]
)
def test_a_split_without_a_merge_to_name_undoes_the_newest_of_the_pair(cause: str) -> None:
    resolution = Resolution([merge(1, NAMES[1], NAMES[2]), merge(2, NAMES[1], NAMES[2])])
    change = resolution.add(split(3, NAMES[2], NAMES[1], cause=cause))
    assert change is not None
    assert (change.effect, change.undoes) == ("split", f"{2:032x}")
    assert resolution.resolve(NAMES[2]) == NAMES[1]


def test_a_split_of_parties_never_merged_is_kept_and_does_nothing() -> None:
    resolution = Resolution([split(1, NAMES[1], NAMES[2])])
    assert [change.effect for change in resolution.history(NAMES[1])] == ["nothing"]


def test_somebody_and_something_are_never_one() -> None:
    resolution = Resolution([merge(1, "account:jd:1", "item:jd:1")])
    assert resolution.resolve("item:jd:1") == "item:jd:1"
    assert [change.effect for change in resolution.history("item:jd:1")] == ["refused"]


def test_other_kinds_say_nothing_about_identity() -> None:
    event = Event(id="1" * 32, kind="Signed In", at_ms=1, seq=1, roles={"actor": NAMES[1], "device": NAMES[4]})
    assert Resolution([event]).members(NAMES[1]) == (NAMES[1],)


def test_an_event_from_before_is_refused() -> None:
    resolution = Resolution([merge(5, NAMES[1], NAMES[2])])
    with pytest.raises(DataError, match="order of seq"):
        resolution.add(merge(4, NAMES[1], NAMES[3]))
