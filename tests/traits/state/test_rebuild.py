"""Rebuilding: after merges, their undoing, erasure and a restart the state is the one of a fresh replay."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.traits.state import TraitState, compile_plan

from .conftest import MEASURES, Naive, every_trait, random_events, same

PLAN = compile_plan(every_trait(("10m", "1h", "1d", "30d"), ("60d", "365d", "life")), MEASURES)
PERSON = PLAN.event_words - len(PLAN.parties) + PLAN.parties.index("person")
DEVICE = PLAN.event_words - len(PLAN.parties) + PLAN.parties.index("device")


class Told:
    """A state that is told who is who while events come in, and the same events as known now."""

    def __init__(self, events: np.ndarray) -> None:
        self.raw, self.events, self.done = events, events.copy(), 0  # `events` have the parties as known now
        self.state = TraitState(PLAN)
        self.names: dict[int, int] = {}  # of people: raw key -> key
        self.gone: list[tuple[int, int, int]] = []  # (column, key, events taken when it was erased)

    def feed(self, count: int) -> None:
        part = self.events[self.done : self.done + count]
        part[:, PERSON] = [
            self.names.get(int(key), int(key)) for key in self.raw[self.done : self.done + count, PERSON]
        ]
        if len(part):
            self.state.feed(part)
        self.done += len(part)

    def say(self, raw: int, name: int) -> None:
        """From now on the raw key is a party of this name: a merge, or the end of one."""
        keys = [self.names.get(raw, raw), name]
        self.names[raw] = name
        taken = self.events[: self.done]
        taken[self.raw[: self.done, PERSON] == raw, PERSON] = name
        for column, key, until in self.gone:
            if column == PERSON:
                taken[:until][self.raw[:until, PERSON] == key, PERSON] = 0
        self.state.rebuild("person", keys, taken[np.isin(taken[:, PERSON], keys)])

    def erase(self, raw: int) -> None:
        """Forget a person, and the device of the same number."""
        for column, party, key in ((PERSON, "person", self.names.get(raw, raw)), (DEVICE, "device", raw)):
            taken = self.events[: self.done]
            for one in {int(one) for one in self.raw[: self.done][taken[:, column] == key, column]}:
                self.gone.append((column, one, self.done))
            taken[taken[:, column] == key, column] = 0
            self.state.forget(party, [key])

    def check(self) -> None:
        """Equal to a fresh replay in everything, and to the definitions where they are asked."""
        fresh = TraitState(PLAN)
        fresh.feed(self.events[: self.done])
        assert self.state.digest() == fresh.digest()
        clock = self.state.clock_ms
        for later in (0, 3_600_000, 20 * 86_400_000, 100 * 86_400_000):
            for party, column in (("person", PERSON), ("device", DEVICE)):
                keys = np.unique(np.concatenate((self.events[: self.done, column], self.raw[: self.done, column])))
                one, other = (state.read_many(party, keys, clock + later) for state in (self.state, fresh))
                assert np.array_equal(one.view(np.int64), other.view(np.int64))


KEYS = [key * 0x2545F4914F6CDD1D % (1 << 62) for key in range(1, 5)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 2**32), st.floats(0.1, 900),
    st.lists(
        st.tuples(st.sampled_from(["feed", "say", "say", "erase"]), st.integers(1, 60), st.sampled_from(KEYS),
                  st.sampled_from(KEYS)),
        min_size=2, max_size=12,
    ),
)  # fmt: skip
def test_whatever_is_said_the_state_is_that_of_a_fresh_replay(
    seed: int, days: float, acts: list[tuple[str, int, int, int]]
) -> None:
    told = Told(random_events(PLAN, seed=seed, count=300, days=days, parties=4))
    told.feed(100)
    for act, count, one, other in acts:
        if act == "feed":
            told.feed(count)
        elif act == "say":
            told.say(one, other)
        else:
            told.erase(one)
    told.check()
    events, done, naive = told.events, told.done, Naive(PLAN)
    if done < len(events):
        for event in events[:done]:
            naive.add(event)
        events[done, PERSON] = told.names.get(int(told.raw[done, PERSON]), int(told.raw[done, PERSON]))
        seen = told.state.step(events[done])
        pairs = zip(PLAN.traits, naive.read(events[done]), seen, strict=True)
        assert [(row.name, one, other) for row, one, other in pairs if not same(row, one, float(other))] == []


@pytest.mark.parametrize("days", [pytest.param(2.0, id="all-in-the-window"), pytest.param(300.0, id="most-is-older")])
def test_two_busy_people_become_one_and_two_again(days: float) -> None:
    told = Told(random_events(PLAN, seed=9, count=4_000, days=days, parties=3))
    told.feed(3_000)
    before = told.state.digest()
    told.say(KEYS[0], KEYS[1])
    told.check()
    assert told.state.digest() != before
    told.say(KEYS[0], KEYS[0])
    assert told.state.digest() == before
    told.feed(1_000)
    told.check()


def test_a_state_is_restored_from_its_words() -> None:
    events = random_events(PLAN, seed=10, count=1_200, days=60, parties=5)
    state = TraitState(PLAN)
    state.feed(events[:700])
    again = TraitState.of(PLAN, state.words.copy())
    assert (again.digest(), again.clock_ms, again.last_seq) == (state.digest(), state.clock_ms, state.last_seq)
    one, other = (each.feed(events[700:], read=True) for each in (state, again))
    assert np.array_equal(one.view(np.int64), other.view(np.int64))
    assert again.digest() == state.digest()


def test_a_rebuild_that_would_be_wrong_is_refused() -> None:
    told = Told(random_events(PLAN, seed=11, count=200, days=3, parties=3))
    told.feed(200)
    mine = told.events[told.events[:, PERSON] == KEYS[0]]
    before = told.state.digest()
    for keys, events, said in (
        ([KEYS[1]], mine, "not rebuilt"),
        (KEYS[:1], mine[::-1].copy(), "not in order"),
        (KEYS[:2], np.vstack((mine[:-1], mine[-1:] + np.eye(1, PLAN.event_words, dtype=np.int64) * 10**9)), "newer"),
    ):
        with pytest.raises(DataError, match=said):
            told.state.rebuild("person", keys, events)
    renamed = mine.copy()
    renamed[:, PERSON] = KEYS[3]
    with pytest.raises(DataError, match="belonged to none") as error:
        told.state.rebuild("person", [KEYS[3]], renamed)
    assert "Name every party" in error.value.mend
    assert told.state.digest() == before
