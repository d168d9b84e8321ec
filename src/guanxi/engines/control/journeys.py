"""Where people are on their journeys: read and written by many at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
import polars as pl
from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from guanxi.engines.control.decision_tables import decisions
from guanxi.engines.control.job_tables import journeys
from guanxi.plays import FOREVER, STATES, Journey, resting

PARTIES: Final = 500  # in one query
_KEY: Final = ("journey", "party", "entry")


class JourneyCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many people are at a step, or ended there; soonest_ms: when the first of them goes on, None = not by time."""

    journey: str
    step: str
    state: str
    people: int
    soonest_ms: int | None


class JourneyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of one person into one journey; todo: a policy that is still to decide about them."""

    journey: str
    party: str
    entry: int
    version: int
    step: str
    state: str
    due_ms: int
    entered_ms: int
    moved_ms: int
    moves: int
    data: str
    todo: str


class Journeys:
    """The states of all journeys."""

    def standing_in(
        self, connection: Connection, journey: str, *, parties: Iterable[str], now_ms: int, most: int
    ) -> pl.DataFrame:
        """Return STATES of these people, and of at most `most` whose time is over, the longest waiting first."""
        table = journeys.c
        columns = [journeys.c[name] for name in STATES]
        due = (
            select(*columns)
            .where(table.journey == journey, table.state == "open", table.due_ms <= now_ms)
            .order_by(table.due_ms)
            .limit(most)
        )
        rows = [tuple(row) for row in connection.execute(due)]
        for part in _parts(sorted(set(parties))):
            asked = select(*columns).where(table.journey == journey, table.party.in_(part))
            rows += [tuple(row) for row in connection.execute(asked)]
        return pl.DataFrame(rows, schema=STATES, orient="row").unique(["party", "entry"], maintain_order=True)

    def move_in(self, connection: Connection, journey: Journey, moves: pl.DataFrame) -> int:
        """Write where moves have led, and what is to be done there; return how many people moved."""
        last = resting(moves).with_columns(journey=pl.lit(journey.name), version=pl.lit(journey.version))
        begun = moves.filter(why="enter").select("party", "entry", new=pl.lit(True))
        last = last.join(begun, on=["party", "entry"], how="left").drop("came_from", "why")
        fresh = last.filter(pl.col("new")).drop("new").to_dicts()
        if fresh:
            connection.execute(insert(journeys), fresh)
        moved = last.filter(pl.col("new").is_null()).drop("new").rename({name: f"b_{name}" for name in _KEY}).to_dicts()
        if moved:
            names = [name for name in moved[0] if not name.startswith("b_")]
            at = [journeys.c[name] == bindparam(f"b_{name}") for name in _KEY]
            connection.execute(update(journeys).where(*at).values({name: bindparam(name) for name in names}), moved)
        return len(last)

    def recall_in(self, connection: Connection, journey: Journey, *, now_ms: int) -> int:
        """Make those due who stand at a step that the declaration does not have any more; return how many."""
        table = journeys.c
        stray = (table.journey == journey.name, table.state == "open", table.due_ms > now_ms)
        names = [step.name for step in journey.steps]
        return connection.execute(
            update(journeys).where(*stray, table.step.not_in(names)).values(due_ms=now_ms)
        ).rowcount  # fmt: skip

    def todo_in(self, connection: Connection, journey: str, *, most: int) -> list[JourneyRow]:
        """Return entries for which a policy is still to decide, by policy."""
        table = journeys.c
        asked = select(journeys).where(table.journey == journey, table.todo != "").order_by(table.todo).limit(most)
        return [JourneyRow(**row) for row in connection.execute(asked).mappings()]

    def did_in(self, connection: Connection, rows: Sequence[JourneyRow]) -> None:
        """Note that a policy has decided about these, where they still stand as they stood then."""
        if rows:
            names = (*_KEY, "moves", "todo")
            at = [journeys.c[name] == bindparam(f"b_{name}") for name in names]
            values: list[dict[str, Any]] = [{f"b_{name}": getattr(row, name) for name in names} for row in rows]
            connection.execute(update(journeys).where(*at).values(todo=""), values)

    def settle_in(self, connection: Connection, journey: str) -> int:
        """Note what was decided already, by a run that was cut off before it could say so; return for how many."""
        table, made = journeys.c, decisions.c
        decided = exists().where(
            made.party == table.party, made.policy == table.todo, made.at_ms >= table.moved_ms
        )  # fmt: skip
        at = (table.journey == journey, table.todo != "", decided)
        return connection.execute(update(journeys).where(*at).values(todo="")).rowcount

    def page_in(
        self, connection: Connection, *, journey: str = "", party: str = "", state: str = "", limit: int = 100
    ) -> list[JourneyRow]:
        """Return entries, the latest moved first."""
        given = {"journey": journey, "party": party, "state": state}
        wanted = [journeys.c[name] == value for name, value in given.items() if value]
        asked = select(journeys).where(*wanted).order_by(journeys.c.moved_ms.desc(), journeys.c.party).limit(limit)
        return [JourneyRow(**row) for row in connection.execute(asked).mappings()]

    def counts_in(self, connection: Connection) -> list[JourneyCount]:
        """Return how many people are where."""
        table = journeys.c
        by = (table.journey, table.step, table.state)
        rows = connection.execute(select(*by, func.count(), func.min(table.due_ms)).group_by(*by).order_by(*by))
        return [
            JourneyCount(
                journey=journey, step=step, state=state, people=people, soonest_ms=None if due >= FOREVER else due
            )
            for journey, step, state, people, due in rows
        ]  # fmt: skip

    def forget_in(self, connection: Connection, parties: Iterable[str]) -> int:
        """Remove all that is known of people, who were erased; return how many entries."""
        gone = 0
        for part in _parts(sorted(set(parties))):
            gone += connection.execute(delete(journeys).where(journeys.c.party.in_(part))).rowcount
        return gone


def _parts(parties: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(parties), PARTIES):
        yield parties[start : start + PARTIES]
