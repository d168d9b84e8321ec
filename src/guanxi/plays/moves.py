"""Moves of journeys: where everybody is after what has happened, all at once, in columns."""

from typing import Final

import polars as pl

from guanxi.plays.journeys import END, Journey

FOREVER: Final = 2**62  # due of whoever waits for something to happen
ROUNDS: Final = 200  # moves of one person by events in one call; what else they did is not looked at any more

#: Columns of states. One row is a person's entry into a journey: 1 = their first time.
STATES: Final = {
    "party": pl.String,
    "entry": pl.Int64,
    "step": pl.String,
    "state": pl.String,  # open, done, left
    "due_ms": pl.Int64,
    "entered_ms": pl.Int64,
    "moved_ms": pl.Int64,
    "moves": pl.Int64,
    "data": pl.String,
}
#: Columns of events: who, in which order, when, what, and the values to keep as JSON.
EVENTS: Final = {"party": pl.String, "seq": pl.Int64, "at_ms": pl.Int64, "kind": pl.String, "data": pl.String}
#: A move is the state after it, where it came from, why, and what is to be done: only where a person comes to rest.
MOVES: Final = {**STATES, "came_from": pl.String, "why": pl.String, "todo": pl.String}


def advance(journey: Journey, states: pl.DataFrame, events: pl.DataFrame, now_ms: int) -> pl.DataFrame:
    """Return every move that events and waiting bring, in the order in which they happen; pure.

    states   STATES: of everybody who has events here or whose time may be over, at least their latest entry
    events   EVENTS: what came in since the last call, each once
    returns  MOVES. Events come first, in their order; then those whose time is over go on, by one wait at most: who
             was looked at late waits anew from now, so nothing bunches. What somebody only passed is not done.
    """
    steps = _steps(journey)
    latest = states.select(*STATES).sort("party", "entry").unique("party", keep="last", maintain_order=True)
    happened = events.select(*EVENTS).filter(pl.col("kind").is_in(journey.kinds)).sort("seq")
    now = _with_strangers(latest, happened)
    made, left = [], happened
    for _ in range(ROUNDS):
        moved = _by_event(journey, steps, now.join(left.select("party").unique(), on="party", how="semi"), left, now_ms)
        if moved.is_empty():
            break
        made.append(moved)
        left = left.join(moved.select("party", used="pos"), on="party").filter(pl.col("seq") > pl.col("used"))
        left = left.drop("used")
        now = _replaced(now, moved)
    for _ in range(len(journey.steps) + 1):
        moved = _by_time(steps, now, now_ms)
        if moved.is_empty():
            break
        made.append(moved)
        now = _replaced(now, moved)
    if not made:
        return pl.DataFrame(schema=MOVES)
    moves = pl.concat([one.select(pl.col(name).cast(kind) for name, kind in MOVES.items()) for one in made])
    last = pl.col("moves") == pl.col("moves").max().over("party", "entry")
    newest = pl.col("entry") == pl.col("entry").max().over("party")
    return moves.with_columns(todo=pl.when(last & newest).then(pl.col("todo")).otherwise(pl.lit("")))


def resting(moves: pl.DataFrame) -> pl.DataFrame:
    """Return the last move of each entry: the states to keep."""
    return moves.sort("party", "entry", "moves").unique(["party", "entry"], keep="last", maintain_order=True)


def _steps(journey: Journey) -> pl.DataFrame:
    """What a step means for whoever comes to it, and where they go when its time is over."""
    rows = [
        (step.name, -1 if step.wait_ms is None else step.wait_ms, step.do, journey.follows(step))
        for step in journey.steps
    ]
    schema = {"step": pl.String, "wait": pl.Int64, "do": pl.String, "next": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _with_strangers(latest: pl.DataFrame, happened: pl.DataFrame) -> pl.DataFrame:
    """States and those who were never in: entry 0, no step."""
    new = happened.select("party").unique().join(latest, on="party", how="anti")
    blank = new.select(
        "party", entry=pl.lit(0, pl.Int64), step=pl.lit(""), state=pl.lit("none"), due_ms=pl.lit(FOREVER, pl.Int64),
        entered_ms=pl.lit(0, pl.Int64), moved_ms=pl.lit(0, pl.Int64), moves=pl.lit(0, pl.Int64), data=pl.lit(""),
    )  # fmt: skip
    return pl.concat([latest, blank])


def _by_event(
    journey: Journey, steps: pl.DataFrame, now: pl.DataFrame, events: pl.DataFrame, now_ms: int
) -> pl.DataFrame:
    """Move everybody by the first event that means something where they are."""
    edges = [("", kind, journey.steps[0].name, "enter") for kind in journey.enter]
    for step in journey.steps:
        edges += [(step.name, kind, "", "leave") for kind in journey.leave]
        edges += [(step.name, kind, to, kind) for kind, to in step.on.items()]
    table = pl.DataFrame(edges, schema=["from", "kind", "to", "why"], orient="row")
    is_open = pl.col("state") == "open"
    at = pl.max_horizontal(pl.min_horizontal("at_ms", now_ms), "moved_ms")
    again = journey.again_ms
    may = (pl.col("entry") == 0) | (pl.lit(again is not None) & (at - pl.col("moved_ms") >= (again or 0)))
    found = (
        events.rename({"data": "given"})
        .join(now.with_columns(pl.when(is_open).then("step").otherwise(pl.lit("")).alias("from")), on="party")
        .join(table, on=["from", "kind"])
        .filter(is_open | may)
        .sort("seq")
        .unique("party", keep="first", maintain_order=True)
    )
    return _moved(found.with_columns(at=at, pos=pl.col("seq")), steps)


def _by_time(steps: pl.DataFrame, now: pl.DataFrame, now_ms: int) -> pl.DataFrame:
    """Move everybody whose time is over; who stands at a step that is no more leaves."""
    due = now.filter((pl.col("state") == "open") & (pl.col("due_ms") <= now_ms)).sort("due_ms", "party")
    due = due.join(steps.select("step", to="next"), on="step", how="left", maintain_order="left")
    gone = pl.col("to").is_null()
    due = due.with_columns(
        to=pl.col("to").fill_null(""), why=pl.when(gone).then(pl.lit("gone")).otherwise(pl.lit("time")),
        at=pl.max_horizontal(pl.lit(now_ms, pl.Int64), "moved_ms"), given=pl.lit(""), pos=pl.lit(0, pl.Int64),
    )  # fmt: skip
    return _moved(due, steps)


def _moved(found: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Turn (state, to, at, why) into the state after it; to "" = they leave."""
    enters, ends = pl.col("why") == "enter", pl.col("to").is_in(["", END])
    state = pl.when(pl.col("to") == "").then(pl.lit("left")).when(ends).then(pl.lit("done")).otherwise(pl.lit("open"))
    wait = pl.when(pl.col("wait") < 0).then(FOREVER).otherwise(pl.col("at") + pl.col("wait"))
    return found.join(steps.select(to="step", wait="wait", do="do"), on="to", how="left", maintain_order="left").select(
        "party",
        entry=pl.col("entry") + enters.cast(pl.Int64),
        step=pl.when(ends).then("step").otherwise("to"),
        state=state,
        due_ms=pl.when(ends).then(FOREVER).otherwise(wait),
        entered_ms=pl.when(enters).then("at").otherwise("entered_ms"),
        moved_ms=pl.col("at"),
        moves=pl.when(enters).then(1).otherwise(pl.col("moves") + 1),
        data=pl.when(enters).then("given").otherwise("data"),
        came_from=pl.when(enters).then(pl.lit("")).otherwise("step"),
        why=pl.col("why"),
        todo=pl.when(ends).then(pl.lit("")).otherwise("do"),
        pos=pl.col("pos"),
    )  # fmt: skip


def _replaced(now: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    stay = now.join(moved.select("party"), on="party", how="anti")
    return pl.concat([stay, moved.select(pl.col(name).cast(kind) for name, kind in STATES.items())])
