"""The operation log (操作日志) and the list of import jobs."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Row, insert, select, update

from guanxi.core import DataError, NotFound
from guanxi.engines.control.database import Database
from guanxi.engines.control.records import ImportJob, Operation
from guanxi.engines.control.tables import import_jobs, operation_log

MAX_DETAIL: Final = 4_000  # characters of JSON
SECRET_NAMES: Final = re.compile(
    r"pass(word|wd|phrase)?|secret|token|csrf|cookie|authorization|hash|phone|mobile|email|address|id_?card|real_?name"
)


class Journal:
    """The part of `Control` that remembers who did what."""

    _database: Database
    _now: Callable[[], int]

    def record(
        self,
        *,
        who: str,
        verb: str,
        object: str,  # noqa: A002 - the word of the operation log
        detail: Mapping[str, Any] | None = None,
        ip: str = "",
    ) -> Operation:
        """Append one line; lines are never changed or removed.

        who, verb, object, detail  see `Operation`
        raises  DataError when a detail is named like a secret or a personal value, or is too long
        """
        facts = dict(detail or {})
        for name in _names(facts):
            if SECRET_NAMES.search(name.lower()):
                raise DataError(f"the detail {name!r} may not be logged", "Log what was done, not the value", "detail")
        if len(msgspec.json.encode(facts)) > MAX_DETAIL:
            raise DataError("the detail is too long", f"At most {MAX_DETAIL} bytes of JSON", "detail")
        values = {
            "at_ms": self._now(), "who": who[:128], "verb": verb[:64], "object": object[:255], "detail": facts,
            "ip": ip[:64],
        }  # fmt: skip
        with self._database.write() as connection:
            row = connection.execute(insert(operation_log).values(values).returning(operation_log)).one()
        return _operation(row)

    def operations(
        self, *, limit: int = 100, before: int | None = None, who: str | None = None, verb: str | None = None
    ) -> list[Operation]:
        """Return at most `limit` lines, the newest first.

        before  exclusive bound on `seq`, for paging
        """
        query = select(operation_log).order_by(operation_log.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(operation_log.c.seq < before)
        if who is not None:
            query = query.where(operation_log.c.who == who)
        if verb is not None:
            query = query.where(operation_log.c.verb == verb)
        with self._database.read() as connection:
            return [_operation(row) for row in connection.execute(query)]


class Jobs:
    """The part of `Control` that lists imports."""

    _database: Database

    def save_job(self, job: ImportJob) -> None:
        """Store a job as it stands now, over what was stored of it before."""
        values = msgspec.to_builtins(job)
        values["problem"] = job.problem[:1024]
        with self._database.write() as connection:
            changed = connection.execute(update(import_jobs).where(import_jobs.c.id == job.id).values(values))
            if changed.rowcount == 0:
                connection.execute(insert(import_jobs).values(values))

    def job(self, job_id: str) -> ImportJob:
        """Return one job.

        raises  NotFound when there is none
        """
        with self._database.read() as connection:
            row = connection.execute(select(import_jobs).where(import_jobs.c.id == job_id)).one_or_none()
        if row is None:
            raise NotFound(f"there is no import job {job_id[:64]!r}", "See the list of jobs")
        return _job(row)

    def jobs(self, *, limit: int = 100, state: str | None = None) -> list[ImportJob]:
        """Return at most `limit` jobs, the latest begun first."""
        query = select(import_jobs).order_by(import_jobs.c.started_ms.desc(), import_jobs.c.id).limit(limit)
        if state is not None:
            query = query.where(import_jobs.c.state == state)
        with self._database.read() as connection:
            return [_job(row) for row in connection.execute(query)]


def _names(value: Any) -> list[str]:
    """Return every name in nested objects."""
    if isinstance(value, Mapping):
        return [str(name) for name in value] + [name for one in value.values() for name in _names(one)]
    if isinstance(value, (list, tuple)):
        return [name for one in value for name in _names(one)]
    return []


def _operation(row: Row[Any]) -> Operation:
    return Operation(
        seq=row.seq, at_ms=row.at_ms, who=row.who, verb=row.verb, object=row.object, detail=row.detail, ip=row.ip
    )


def _job(row: Row[Any]) -> ImportJob:
    return ImportJob(**{name: getattr(row, name) for name in ImportJob.__struct_fields__})
