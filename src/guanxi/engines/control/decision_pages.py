"""Decisions as they are looked through: pages of them, and how many chose what and were refused by what."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from guanxi.actions import OutState
from guanxi.engines.control.database import Database
from guanxi.engines.control.ledger_rows import among, query

COUNTED: Final = 50_000  # newest decisions of a filter that are counted


class DecisionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which decisions; a field that is empty asks for nothing.

    parties   references of one person
    chosen    id of the offer; "none" = nothing was chosen
    by, name  what refused at least one of their candidates: "limit", "contacts_week"; a name needs its `by`
    since_ms, until_ms   when they were written: from, to before
    """

    policy: str = ""
    run: str = ""
    mode: str = ""
    arm: str = ""
    chosen: str = ""
    parties: tuple[str, ...] = ()
    by: str = ""
    name: str = ""
    since_ms: int = 0
    until_ms: int = 0


class DecisionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One decision in a list.

    number      place in the order of writing
    at_ms       when what was chosen holds; written_ms: when it was decided
    party       "" = the person was erased
    chosen      ids of what was chosen; () or ("none",) = nothing
    refused     (by, name) of what refused candidates, each once
    out         how far it came in the outbox; "" = nothing was to be sent
    """

    number: int
    id: str
    run: str
    at_ms: int
    written_ms: int
    policy: str
    party: str
    kind: str
    mode: str
    arm: str
    chosen: tuple[str, ...]
    propensity: float
    acts: bool
    refused: tuple[tuple[str, str], ...] = ()
    out: OutState | str = ""
    dry: bool = False


class DecisionCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many decisions have one value of something; `last` is the newest of them."""

    by: str
    name: str
    decisions: int
    last: int


class DecisionCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions counted: by arm, by what was chosen, by what refused candidates.

    decisions  of the filter that were counted: at most `COUNTED`, the newest
    is_whole   False: there are more
    """

    decisions: int
    is_whole: bool
    arms: tuple[DecisionCount, ...]
    modes: tuple[DecisionCount, ...]
    chosen: tuple[DecisionCount, ...]
    refused: tuple[DecisionCount, ...]


class DecisionPages:
    """The part of the control database that looks through decisions; it writes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, wanted: DecisionFilter, *, before: int = 0, limit: int = 100) -> list[DecisionLine]:
        """Return decisions, the newest first.

        before   number of the last decision of the page before; 0 = the first page
        """
        with self._database.read() as connection:
            where, values = _where(connection, wanted)
            if before:
                where, values = f"{where} AND {_number(wanted)} < ?", [*values, before]
            statement = f"SELECT {_COLUMNS} FROM {_from(wanted)} WHERE {where} ORDER BY {_number(wanted)} DESC LIMIT ?"
            rows = list(query(connection, statement, *values, limit))
            refused, out = _refused(connection, [row[0] for row in rows]), _out(connection, [row[1] for row in rows])
        return [_line(row, refused.get(row[0], ()), out.get(row[1], ("", 0))) for row in rows]

    def counts(self, wanted: DecisionFilter) -> DecisionCounts:
        """Return how many of the newest decisions there are of each arm, mode, choice and refusal."""
        number = _number(wanted)
        with self._database.read() as connection:
            where, values = _where(connection, wanted)
            newest = f"FROM {_from(wanted)} WHERE {where} ORDER BY {number} DESC LIMIT {COUNTED}"
            # One pass: a row's record lies beside what is counted, so each pass reads the pages of all of them.
            statement = (
                f"SELECT arm, mode, chosen, count(*), max(n), min(n) FROM (SELECT {number} AS n, d.arm, d.mode, "
                f"d.chosen {newest}) AS s GROUP BY arm, mode, chosen"
            )
            groups = list(query(connection, statement, *values))
            many, first = sum(row[3] for row in groups), min((row[5] for row in groups), default=0)
            joined = (
                "" if wanted == DecisionFilter() else f"JOIN (SELECT {number} AS n {newest}) AS s ON s.n = r.decision"
            )
            refusals = (
                f'SELECT r."by", r.name, count(*), max(r.decision) FROM decision_refusals r {joined} '
                'WHERE r.decision >= ? GROUP BY r."by", r.name'
            )
            refused = list(query(connection, refusals, *(values if joined else ()), first)) if many else []
        return DecisionCounts(
            decisions=many, is_whole=many < COUNTED, arms=_summed(groups, 0), modes=_summed(groups, 1),
            chosen=_summed(groups, 2), refused=_counts(refused),
        )  # fmt: skip

    def out_of(self, decision: str) -> str:
        """Return the id of the outbox row that carries a decision out; "" = none."""
        with self._database.read() as connection:
            rows = list(query(connection, "SELECT id FROM outbox WHERE decision = ? ORDER BY number LIMIT 1", decision))
        return rows[0][0] if rows else ""

    def ids(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return number -> id of decisions."""
        with self._database.read() as connection:
            return dict(among(connection, "SELECT number, id FROM decisions WHERE number IN", numbers))

    def choices(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names of policies that ever decided, and the ids of the latest runs."""
        with self._database.read() as connection:
            policies = tuple(row[0] for row in query(connection, "SELECT DISTINCT name FROM policies ORDER BY name"))
            runs = tuple(row[0] for row in query(connection, "SELECT id FROM runs ORDER BY begun_ms DESC LIMIT 50"))
        return policies, runs


def _from(wanted: DecisionFilter) -> str:
    # The refusals lead where one is asked for: they lie in the order of decisions already.
    if wanted.by and wanted.name:
        return "decision_refusals f JOIN decisions d ON d.number = f.decision"
    return "decisions d"


def _number(wanted: DecisionFilter) -> str:
    return "f.decision" if wanted.by and wanted.name else "d.number"


def _where(connection: Connection, wanted: DecisionFilter) -> tuple[str, list[Any]]:
    tests: list[str] = []
    values: list[Any] = []
    if wanted.by and wanted.name:
        tests, values = ['f."by" = ?', "f.name = ?"], [wanted.by, wanted.name]
    elif wanted.by:
        tests.append('EXISTS (SELECT 1 FROM decision_refusals f WHERE f.decision = d.number AND f."by" = ?)')
        values.append(wanted.by)
    for column in ("policy", "run", "mode", "arm"):
        if value := getattr(wanted, column):
            tests.append(f"d.{column} = ?")
            values.append(value)
    if wanted.chosen:
        tests.append("d.chosen IN ('none', '')" if wanted.chosen == "none" else "d.chosen = ?")
        values += [] if wanted.chosen == "none" else [wanted.chosen]
    if wanted.parties:
        tests.append(f"d.party IN ({','.join('?' * len(wanted.parties))})")
        values += wanted.parties
    for bound, sign in ((wanted.since_ms, ">="), (wanted.until_ms, "<")):
        if bound:
            tests.append(f"{_number(wanted)} {sign} ?")
            values.append(_first_from(connection, bound))
    return " AND ".join(tests) or "1 = 1", values


def _first_from(connection: Connection, at_ms: int) -> int:
    """The number of the first decision that was written at or after an instant."""
    ((first,),) = query(connection, "SELECT min(first) FROM decision_batches WHERE at_ms >= ?", at_ms)
    return int(first) if first is not None else 2**62


def _refused(connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    found: dict[int, tuple[tuple[str, str], ...]] = {}
    statement = 'SELECT decision, "by", name FROM decision_refusals WHERE decision IN'
    for decision, by, name in sorted(among(connection, statement, numbers)):
        found[decision] = (*found.get(decision, ()), (by, name))
    return found


def _out(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    rows = among(connection, "SELECT decision, state, dry FROM outbox WHERE decision IN", ids)
    return {decision: (state, dry) for decision, state, dry in rows}


def _line(row: tuple[Any, ...], refused: tuple[tuple[str, str], ...], out: tuple[str, int]) -> DecisionLine:
    number, id_, run, at_ms, written, policy, party, kind, mode, arm, chosen, propensity, acts = row
    return DecisionLine(
        number=number, id=id_, run=run, at_ms=at_ms, written_ms=written, policy=policy, party=party, kind=kind,
        mode=mode, arm=arm, chosen=tuple(filter(None, chosen.split(","))), propensity=propensity, acts=bool(acts),
        refused=refused, out=out[0], dry=bool(out[1]),
    )  # fmt: skip


def _summed(groups: Sequence[tuple[Any, ...]], column: int) -> tuple[DecisionCount, ...]:
    sums: dict[str, tuple[int, int]] = {}
    for row in groups:
        many, last = sums.get(row[column], (0, 0))
        sums[row[column]] = many + row[3], max(last, row[4])
    return _counts(("", name, many, last) for name, (many, last) in sums.items())


def _counts(rows: Any) -> tuple[DecisionCount, ...]:
    found = [DecisionCount(by=by, name=name or "none", decisions=int(n), last=int(last)) for by, name, n, last in rows]
    return tuple(sorted(found, key=lambda one: (-one.decisions, one.by, one.name)))


_COLUMNS: Final = (
    "d.number, d.id, d.run, d.at_ms, (SELECT b.at_ms FROM decision_batches b WHERE b.number = d.batch), d.policy, "
    "d.party, d.kind, d.mode, d.arm, d.chosen, d.propensity, d.acts"
)
