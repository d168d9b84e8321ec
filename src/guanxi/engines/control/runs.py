"""Policies as they decided, and runs: decidings about many people."""

import secrets
from typing import Any, Final, Literal, get_args

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, text, update

from guanxi.core import NotFound
from guanxi.engines.control.database import Database
from guanxi.engines.control.decision_tables import policies, runs

#: deciding: its people are being decided about. waiting: for an approval. sending: what it chose may go out.
#: done: nothing of it is open. refused, withdrawn: by a person, or it lapsed. failed: not decided to its end.
RunState = Literal["deciding", "waiting", "sending", "done", "refused", "withdrawn", "failed"]
RUN_STATES: Final[tuple[RunState, ...]] = get_args(RunState)


class PolicyText(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a policy as it decided; `version` counts from 1 for each name."""

    hash: str
    name: str
    version: int
    text: str
    since_ms: int
    who: str


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One deciding about many people.

    hash       of the policy's text
    mode       shadow, propose or auto, as it was run
    audience   who was asked about, in words of the command
    known      up to which sequence number the log was read
    at_ms      when what is chosen is to happen
    send       False = a dry run
    counts     people, acting, holdout, explore, cost_fen, value_yuan, bound_yuan, offer:<id>, refused:<by>:<name>
    problem    why it failed; "" = it did not
    """

    id: str
    policy: str
    hash: str
    mode: str
    state: RunState
    audience: str
    who: str
    known: int
    begun_ms: int
    at_ms: int
    ended_ms: int | None = None
    send: bool = False
    counts: dict[str, float] = {}
    problem: str = ""


class RunStore:
    """The part of the control database that keeps policies and runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep_policy(self, text: str, *, name: str, hash: str, who: str, now_ms: int) -> PolicyText:  # noqa: A002
        """Keep a policy's text as its next version, unless this very text was kept; return it."""
        with self._database.write() as connection:
            self._database.alone(connection, "policies")
            found = connection.execute(select(policies).where(policies.c.hash == hash)).one_or_none()
            if found is None:
                last = select(func.coalesce(func.max(policies.c.version), 0)).where(policies.c.name == name)
                version = connection.scalars(last).one() + 1
                row = {"hash": hash, "name": name, "version": version, "text": text, "since_ms": now_ms, "who": who}
                found = connection.execute(insert(policies).values(row).returning(policies)).one()
        return PolicyText(**found._mapping)

    def policy(self, hash: str) -> PolicyText:  # noqa: A002 - the field's word
        """Return the policy of a hash; raises NotFound."""
        with self._database.read() as connection:
            found = connection.execute(select(policies).where(policies.c.hash == hash)).one_or_none()
        if found is None:
            raise NotFound(f"no policy has the hash {hash[:40]!r}", "See `guanxi policies list`")
        return PolicyText(**found._mapping)

    def policies(self, name: str = "") -> list[PolicyText]:
        """Return every version, or those of one name, the newest first."""
        wanted = select(policies).order_by(policies.c.since_ms.desc(), policies.c.version.desc())
        with self._database.read() as connection:
            rows = connection.execute(wanted.where(policies.c.name == name) if name else wanted)
            return [PolicyText(**row._mapping) for row in rows]

    def begin(self, run: Run) -> Run:
        """Keep a new run and return it."""
        with self._database.write() as connection:
            connection.execute(insert(runs).values(_columns(run)))
        return run

    def save_in(self, connection: Connection, run: Run) -> None:
        """Store a run as it stands now; raises NotFound."""
        done = connection.execute(update(runs).where(runs.c.id == run.id).values(_columns(run)))
        if done.rowcount == 0:
            raise NotFound(f"there is no run {run.id[:40]!r}", "See `guanxi decide list`")

    def save(self, run: Run) -> None:
        """Store a run as it stands now, in a transaction of its own."""
        with self._database.write() as connection:
            self.save_in(connection, run)

    def close_done(self, *, now_ms: int) -> int:
        """Let runs of which nothing is open any more be done; returns how many."""
        with self._database.read() as connection:
            ended = list(connection.scalars(_ENDED))
        if ended:
            with self._database.write() as connection:
                done = update(runs).where(runs.c.id.in_(ended), runs.c.state == "sending")
                return connection.execute(done.values(state="done", ended_ms=now_ms)).rowcount
        return 0

    def run(self, id: str) -> Run:  # noqa: A002
        """Return one run; raises NotFound."""
        with self._database.read() as connection:
            return self.run_in(connection, id)

    def run_in(self, connection: Connection, id: str) -> Run:  # noqa: A002
        """Return one run as this transaction sees it; raises NotFound."""
        found = connection.execute(select(runs).where(runs.c.id == id)).one_or_none()
        if found is None:
            raise NotFound(f"there is no run {id[:40]!r}", "See `guanxi decide list`")
        return _run(found)

    def runs(self, *, policy: str = "", state: str = "", limit: int = 100) -> list[Run]:
        """Return at most `limit` runs, the latest begun first."""
        wanted = select(runs).order_by(runs.c.begun_ms.desc(), runs.c.id).limit(limit)
        if policy:
            wanted = wanted.where(runs.c.policy == policy)
        if state:
            wanted = wanted.where(runs.c.state == state)
        with self._database.read() as connection:
            return [_run(row) for row in connection.execute(wanted)]


_ENDED: Final = text(
    "SELECT id FROM runs WHERE state = 'sending' AND NOT EXISTS"
    " (SELECT 1 FROM outbox o WHERE o.run = runs.id AND o.state IN ('waiting', 'ready', 'sending')) LIMIT 900"
)


def new_run_id() -> str:
    """Return the id of a new run."""
    return secrets.token_hex(16)


def _columns(run: Run) -> dict[str, Any]:
    row = msgspec.structs.asdict(run)
    counts = {**run.counts, **({"problem": run.problem} if run.problem else {})}
    del row["problem"]
    return row | {"send": int(run.send), "counts": msgspec.json.encode(counts).decode()}


def _run(row: Row[Any]) -> Run:
    counts = msgspec.json.decode(row.counts)
    problem = counts.pop("problem", "")
    return Run(**{**row._mapping, "send": bool(row.send), "counts": counts, "problem": problem})
