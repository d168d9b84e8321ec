"""Journeys: their declaration, and moves of all at once as moves of each alone."""

from collections.abc import Iterable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.core import SettingError
from guanxi.plays import END, EVENTS, FOREVER, MOVES, STATES, Journey, advance, read_journey, resting

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOON = 1_767_240_000_000
WELCOME = """
zh = "新客欢迎"
en = "Welcome"
enter = ["User Registered"]
leave = ["Consent Withdrawn"]
again = "30d"
keep = ["city"]

[[steps]]
name = "hello"
do = "welcome"
wait = "3d"
on = { "Order Completed" = "thanks" }

[[steps]]
name = "remind"
do = "remind"
wait = "2d"
then = "end"
on = { "Order Completed" = "thanks" }

[[steps]]
name = "thanks"
do = "thanks"
wait = "0m"
"""
IN, OUT, BUY = "User Registered", "Consent Withdrawn", "Order Completed"


@pytest.fixture(scope="module")
def welcome() -> Journey:
    return read_journey(WELCOME, name="welcome", kinds=[IN, OUT, BUY], policies=["welcome", "remind", "thanks"])


def states(rows: Iterable[dict]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=STATES)


def events(*rows: tuple[str, int, str]) -> pl.DataFrame:
    """(party, at, kind), in the order in which they were learnt."""
    full = [(party, seq, at, kind, '{"city":"杭州"}') for seq, (party, at, kind) in enumerate(rows, 1)]
    return pl.DataFrame(full, schema=EVENTS, orient="row")


def told(moves: pl.DataFrame) -> list[tuple]:
    return moves.select("party", "entry", "step", "state", "why", "todo").rows()


NOBODY, SILENCE = states([]), events()


def test_the_whole_way_of_one_person(welcome: Journey) -> None:
    first = advance(welcome, NOBODY, events(("a", NOON, IN)), NOON + MINUTE)
    assert told(first) == [("a", 1, "hello", "open", "enter", "welcome")]
    assert first.select("due_ms", "entered_ms", "data").row(0) == (NOON + 3 * DAY, NOON, '{"city":"杭州"}')
    assert advance(welcome, resting(first), SILENCE, NOON + 3 * DAY - 1).is_empty()
    second = advance(welcome, resting(first), SILENCE, NOON + 3 * DAY)
    assert told(second) == [("a", 1, "remind", "open", "time", "remind")]
    third = advance(welcome, resting(second), events(("a", NOON + 4 * DAY, BUY)), NOON + 4 * DAY + 1)
    assert told(third) == [
        ("a", 1, "thanks", "open", BUY, ""), ("a", 1, "thanks", "done", "time", ""),
    ]  # fmt: skip
    assert third["data"][-1] == '{"city":"杭州"}'  # as it was when they began


@pytest.mark.parametrize(
    ("later", "entries"),
    [pytest.param(29 * DAY, 1, id="too-soon"), pytest.param(30 * DAY, 2, id="again")],
)
def test_beginning_anew(welcome: Journey, later: int, entries: int) -> None:
    ended = resting(advance(welcome, NOBODY, events(("a", NOON, IN), ("a", NOON, OUT)), NOON))
    assert ended["state"].to_list() == ["left"]
    moves = advance(welcome, ended, events(("a", NOON + later, IN)), NOON + later)
    assert len(ended) + len(moves) == entries
    never = read_journey(WELCOME.replace("30d", "never"), name="welcome")
    assert advance(never, ended, events(("a", NOON + later, IN)), NOON + later).is_empty()


def test_who_is_in_does_not_enter_twice(welcome: Journey) -> None:
    moves = advance(welcome, NOBODY, events(("a", NOON, IN), ("a", NOON + 1, IN), ("b", NOON, BUY)), NOON + 2)
    assert told(moves) == [("a", 1, "hello", "open", "enter", "welcome")]


def test_what_somebody_only_passed_is_not_done(welcome: Journey) -> None:
    moves = advance(welcome, NOBODY, events(("a", NOON, IN), ("a", NOON + 1, OUT)), NOON + 2)
    assert told(moves) == [("a", 1, "hello", "open", "enter", ""), ("a", 1, "hello", "left", "leave", "")]


def test_a_clock_that_jumps_bunches_nothing(welcome: Journey) -> None:
    inside = resting(advance(welcome, NOBODY, events(("a", NOON, IN)), NOON))
    late = NOON + 400 * DAY
    moves = advance(welcome, inside, SILENCE, late)
    assert told(moves) == [("a", 1, "remind", "open", "time", "remind")]
    assert moves["due_ms"].to_list() == [late + 2 * DAY]  # two days for the next step, from now
    assert advance(welcome, resting(moves), SILENCE, NOON).is_empty()  # and back: nothing is done twice
    assert advance(welcome, resting(moves), SILENCE, late).is_empty()


def test_an_event_from_ahead_counts_as_now(welcome: Journey) -> None:
    moves = advance(welcome, NOBODY, events(("a", NOON + DAY, IN)), NOON)
    assert moves["moved_ms"].to_list() == [NOON]


def test_a_step_that_is_no_more_is_left(welcome: Journey) -> None:
    inside = resting(advance(welcome, NOBODY, events(("a", NOON, IN)), NOON))
    other = read_journey(WELCOME.replace('"hello"', '"hi"'), name="welcome")
    assert other.version != welcome.version
    moves = advance(other, inside, SILENCE, NOON + 3 * DAY)
    assert told(moves) == [("a", 1, "hello", "left", "gone", "")]


def alone(journey: Journey, state: dict | None, happened: list[tuple[int, str]], now: int) -> list[tuple]:
    """The same for one person, one move after the other."""
    steps, made = {one.name: one for one in journey.steps}, []
    here = dict(state) if state else None

    def go(to: str, at: int, why: str) -> None:
        ends = to in ("", END)
        wait = None if ends else steps[to].wait_ms
        here.update(
            step=here["step"] if ends else to, state={"": "left", END: "done"}.get(to, "open"), moved_ms=at,
            due_ms=FOREVER if wait is None else at + wait, moves=here["moves"] + 1,
        )  # fmt: skip
        made.append((here["entry"], here["step"], here["state"], here["due_ms"], at, here["moves"], why))

    for at, kind in happened:
        when = max(min(at, now), here["moved_ms"] if here else 0)
        if here is not None and here["state"] == "open":
            if kind in journey.leave:
                go("", when, "leave")
            elif kind in steps[here["step"]].on:
                go(steps[here["step"]].on[kind], when, kind)
        elif kind in journey.enter and (
            here is None or (journey.again_ms is not None and when - here["moved_ms"] >= journey.again_ms)
        ):
            here = {"entry": (here["entry"] if here else 0) + 1, "moves": 0, "step": ""}
            go(journey.steps[0].name, when, "enter")
    while here is not None and here["state"] == "open" and here["due_ms"] <= now:
        go(journey.follows(steps[here["step"]]), max(now, here["moved_ms"]), "time")
    return made


@settings(max_examples=60, deadline=None)
@given(
    happened=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 90), st.sampled_from([IN, OUT, BUY])), max_size=25
    ),
    cuts=st.lists(st.integers(0, 25), max_size=3),
    days=st.lists(st.integers(0, 60), min_size=4, max_size=4),
)
def test_all_at_once_is_each_alone(welcome, happened, cuts, days) -> None:  # fmt: skip
    kept, alone_kept = NOBODY, {}
    bounds = [0, *sorted(min(cut, len(happened)) for cut in cuts), len(happened)]
    now = NOON
    for begin, end, later in zip(bounds, bounds[1:], days, strict=False):
        now += later * DAY
        part = [(party, NOON + at * DAY, kind) for party, at, kind in happened[begin:end]]
        moves = advance(welcome, kept, events(*part), now)
        for party in "abc":
            own = [(at, kind) for who, at, kind in part if who == party]
            expected = alone(welcome, alone_kept.get(party), own, now)
            columns = ("entry", "step", "state", "due_ms", "moved_ms", "moves", "why")
            assert moves.filter(party=party).select(columns).rows() == expected
            if expected:
                names = ("entry", "step", "state", "due_ms", "moved_ms", "moves")
                alone_kept[party] = dict(zip(names, expected[-1], strict=False))
        assert moves.filter(pl.col("todo") != "").group_by("party").len()["len"].max() in (None, 1)
        kept = resting(pl.concat([kept, moves.select(*STATES)]))


def test_moves_have_their_columns(welcome: Journey) -> None:
    assert dict(advance(welcome, NOBODY, SILENCE, NOON).schema) == MOVES
    assert dict(advance(welcome, NOBODY, events(("a", NOON, IN)), NOON).schema) == MOVES


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param('zh = "新客欢迎"', 'zh = ""', "both languages", id="no-name"),
        pytest.param('enter = ["User Registered"]', "enter = []", "at least one kind", id="no-way-in"),
        pytest.param('"User Registered"', '"User Registred"', "Use one of User Registered", id="unknown-kind"),
        pytest.param('wait = "3d"', 'wait = "3 days"', "0m, 30m, 12h or 3d", id="no-time"),
        pytest.param('then = "end"', 'then = "thank"', "Use one of thanks", id="no-step"),
        pytest.param('do = "remind"', 'do = "remint"', "Use one of remind", id="no-policy"),
        pytest.param('name = "remind"', 'name = "hello"', "stands once", id="twice"),
        pytest.param('name = "remind"', 'name = "end"', "not end", id="end-is-no-step"),
        pytest.param('again = "30d"', 'again = "always"', "never, or a time", id="again"),
        pytest.param('again = "30d"', 'again = "0d"', "never, or a time", id="again-at-once"),
        pytest.param('wait = "0m"', 'wait = "0m"\nthen = "thanks"', "time above 0", id="ring-without-waiting"),
        pytest.param('wait = "2d"', "", "a time, since `then`", id="then-without-wait"),
        pytest.param('leave = ["Consent Withdrawn"]', 'leave = ["Order Completed"]', "not stand in leave", id="both"),
        pytest.param('keep = ["city"]', """keep = ["city' --"]""", "lower-case words", id="no-property"),
        pytest.param('keep = ["city"]', 'keep = "city"', "not usable", id="wrong-type"),
        pytest.param('keep = ["city"]', 'kept = ["city"]', "not usable", id="unknown-field"),
        pytest.param('zh = "新客欢迎"', "zh = 新客欢迎", "no TOML", id="no-toml"),
    ],
)
def test_a_bad_declaration_is_named(old: str, new: str, told: str) -> None:
    with pytest.raises(SettingError, match=told):
        read_journey(
            WELCOME.replace(old, new, 1), name="welcome", kinds=[IN, OUT, BUY],
            policies=["welcome", "remind", "thanks"],
        )  # fmt: skip
