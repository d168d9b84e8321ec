"""Limits as a workspace has them: the shipped rows, overlaid by what people set, each with who, when and why."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, insert, select, text

from guanxi.core import DataError, NotFound
from guanxi.decisions import Limit, shipped_limits, shipped_rows
from guanxi.engines.control.database import Database
from guanxi.engines.control.decision_tables import limits

REASON: Final = 240  # characters
_READ: Final = 900


class LimitVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a limit.

    number  counts up over all limits; 0 = as shipped
    limit   None = taken away from then on
    reason_en  another one than `reason` for what was shipped alone
    """

    number: int
    name: str
    limit: Limit | None
    since_ms: int
    who: str
    reason: str
    reason_en: str


class NamedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that counts what one subject used of a limit.

    subject   dimension -> value, without the person; empty also after an erasure
    used      what lies in it now; what is due has left, swept or not
    """

    account: str
    subject: dict[str, str]
    person: str
    used: int
    reserved: int
    resets_ms: int | None


class LimitStore:
    """The part of the control database that keeps limits; versions are only added."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, Limit]:
        """Return the limits that hold now, the shipped ones first, then the workspace's own by name."""
        with self._database.read() as connection:
            return self.all_in(connection)

    def all_in(self, connection: Connection) -> dict[str, Limit]:
        """Return the same as an open transaction sees it."""
        return {name: one.limit for name, one in self.newest_in(connection).items() if one.limit is not None}

    def last(self) -> int:
        """Return the number of the newest version of any limit; 0 = only what was shipped."""
        with self._database.read() as connection:
            return int(connection.scalars(select(func.coalesce(func.max(limits.c.number), 0))).one())

    def at(self, number: int) -> dict[str, Limit]:
        """Return the limits that held when a number was the newest version's, as `all` does."""
        held: dict[str, Limit | None] = dict(shipped_limits())
        own: dict[str, Limit | None] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(limits).where(limits.c.number <= number).order_by(limits.c.number)):
                one = _version(row._mapping)
                (held if one.name in held else own)[one.name] = one.limit
        return {name: one for name, one in (held | dict(sorted(own.items()))).items() if one is not None}

    def newest_in(self, connection: Connection) -> dict[str, LimitVersion]:
        """Return the newest version of every limit that ever was, those that were taken away too."""
        newest = {name: _shipped(name) for name in shipped_rows()}
        own: dict[str, LimitVersion] = {}
        for row in connection.execute(_NEWEST):
            one = _version(row._mapping)
            (newest if one.name in newest else own)[one.name] = one
        return newest | dict(sorted(own.items()))

    def history(self, name: str) -> list[LimitVersion]:
        """Return every version of a limit, the newest first, what was shipped last.

        raises  NotFound
        """
        with self._database.read() as connection:
            return self.history_in(connection, name)

    def history_in(self, connection: Connection, name: str) -> list[LimitVersion]:
        """Return the same as an open transaction sees it."""
        rows = connection.execute(select(limits).where(limits.c.name == name).order_by(limits.c.number.desc()))
        versions = [_version(row._mapping) for row in rows]
        if name in shipped_rows():
            versions.append(_shipped(name))
        if not versions:
            raise NotFound(f"there is no limit {name[:40]!r}", "See `guanxi limits list`")
        return versions

    def set(self, limit: Limit, *, who: str, reason: str, now_ms: int) -> LimitVersion:
        """Let a limit hold from now on; caps of accounts follow when they are next used."""
        with self._database.write() as connection:
            return self.set_in(connection, limit, who=who, reason=reason, now_ms=now_ms)

    def set_in(self, connection: Connection, limit: Limit, *, who: str, reason: str, now_ms: int) -> LimitVersion:
        """Do so inside the caller's transaction; the same limit again adds no version.

        raises  DataError when the reason is missing, or the limit would count another unit or other subjects than
                under its name so far: what lies in its accounts would mean something else
        """
        reason = checked_reason(reason)
        before = next((one for one in self._known(connection, limit.name) if one.limit is not None), None)
        if before is not None and before.limit is not None:
            if (before.limit.unit, before.limit.per) != (limit.unit, limit.per):
                raise DataError(
                    f"{limit.name} counts {before.limit.unit} per {', '.join(before.limit.per) or 'all'}",
                    "What is used would mean something else: give the new limit a name of its own", "name",
                )  # fmt: skip
            newest = self._known(connection, limit.name)[0]
            if newest.limit == limit:
                return newest
        return self._add(connection, limit.name, limit, who=who, reason=reason, now_ms=now_ms)

    def remove(self, name: str, *, who: str, reason: str, now_ms: int) -> LimitVersion:
        """Take a limit away; its history stays, and it can be set again."""
        with self._database.write() as connection:
            return self.remove_in(connection, name, who=who, reason=reason, now_ms=now_ms)

    def remove_in(self, connection: Connection, name: str, *, who: str, reason: str, now_ms: int) -> LimitVersion:
        """Do so inside the caller's transaction.

        raises  NotFound when it does not hold; DataError without a reason
        """
        reason = checked_reason(reason)
        if self.history_in(connection, name)[0].limit is None:
            raise NotFound(f"the limit {name} is taken away already", "See `guanxi limits history`")
        return self._add(connection, name, None, who=who, reason=reason, now_ms=now_ms)

    def subjects_in(
        self, connection: Connection, name: str, *, now_ms: int, most: int = 200
    ) -> list[NamedAccount]:  # fmt: skip
        """Return what subjects have used of a limit, those who used most first."""
        rows = connection.execute(_SUBJECTS, {"name": name, "now": now_ms, "most": most})
        return [_named(row._mapping) for row in rows]

    def of_person_in(self, connection: Connection, person: str, *, now_ms: int) -> dict[str, list[NamedAccount]]:
        """Return what one person has used, by limit; `person` as decisions name the person."""
        found: dict[str, list[NamedAccount]] = {}
        for row in connection.execute(_OF_PERSON, {"person": person, "now": now_ms}):
            found.setdefault(row.name, []).append(_named(row._mapping))
        return found

    def taken_in(self, connection: Connection, name: str, *, now_ms: int) -> list[tuple[int, int]]:
        """Return how many subjects of a limit have used or reserved how much: (amount, subjects), rising."""
        rows = connection.execute(_TAKEN, {"name": name, "now": now_ms})
        return [(int(row.taken), int(row.subjects)) for row in rows]

    def accounts_in(self, connection: Connection, name: str) -> Iterator[list[str]]:
        """Iterate over the ids of a limit's accounts, some hundred at a time."""
        after = ""
        while rows := list(connection.scalars(_ACCOUNTS, {"name": name, "after": after, "most": _READ})):
            yield rows
            after = rows[-1]

    def _known(self, connection: Connection, name: str) -> list[LimitVersion]:
        try:
            return self.history_in(connection, name)
        except NotFound:
            return []

    def _add(
        self, connection: Connection, name: str, limit: Limit | None, *, who: str, reason: str, now_ms: int
    ) -> LimitVersion:
        row = "" if limit is None else msgspec.json.encode(limit).decode()
        values = {"name": name, "row": row, "since_ms": now_ms, "who": who, "reason": reason}
        number = connection.execute(insert(limits).values(values).returning(limits.c.number)).scalar_one()
        return _version(values | {"number": number})


def checked_reason(reason: str) -> str:
    """Return a reason as it is kept; raises DataError when there is none, or it is too long."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > REASON:
        raise DataError(
            f"the reason has {len(reason)} characters", f"Say why in 1 to {REASON} characters", "reason"
        )  # fmt: skip
    return reason


def _version(row: Mapping[Any, Any]) -> LimitVersion:
    kept = row["row"]
    return LimitVersion(
        number=row["number"], name=row["name"], since_ms=row["since_ms"],
        limit=msgspec.json.decode(kept, type=Limit) if kept else None, who=row["who"], reason=row["reason"],
        reason_en=row["reason"],
    )  # fmt: skip


def _shipped(name: str) -> LimitVersion:
    row = shipped_rows()[name]
    return LimitVersion(
        number=0, name=name, limit=row.limit, since_ms=0, who="guanxi", reason=row.why_zh, reason_en=row.why_en
    )  # fmt: skip


def _named(row: Mapping[Any, Any]) -> NamedAccount:
    resets = row["next"]
    return NamedAccount(
        account=row["account"], subject=msgspec.json.decode(row["subject"], type=dict[str, str]),
        person=row["person"], used=int(row["used"]), reserved=int(row["coming"]),
        resets_ms=None if resets is None else int(resets),
    )  # fmt: skip


_NEWEST: Final = text(
    "SELECT l.* FROM limits l JOIN (SELECT name, max(number) AS number FROM limits GROUP BY name) n"
    " ON n.number = l.number ORDER BY l.number"
)
#: accounts as of now: what is due has left them, whether the keeper has swept it or not
_NOW: Final = (
    " FROM account_names n JOIN ledger_accounts a ON a.id = n.account"
    " LEFT JOIN ledger_lots l ON l.account = a.id WHERE n.what = 'limit'"
)
_USED: Final = (
    "a.balance - coalesce(sum(CASE WHEN l.expires_ms <= :now THEN l.remaining ELSE 0 END), 0) AS used,"
    " a.coming AS coming, min(CASE WHEN l.expires_ms > :now THEN l.expires_ms END) AS next"
)
_GROUPED: Final = " GROUP BY n.account, n.name, n.subject, n.person, a.balance, a.coming"
_COLUMNS: Final = f"SELECT n.account, n.name, n.subject, n.person, {_USED}"
_SUBJECTS: Final = text(
    f"SELECT * FROM ({_COLUMNS}{_NOW} AND n.name = :name{_GROUPED}) AS s"
    " ORDER BY used + coming DESC, account LIMIT :most"
)
_OF_PERSON: Final = text(f"{_COLUMNS}{_NOW} AND n.person = :person{_GROUPED} ORDER BY n.account")
_TAKEN: Final = text(
    "SELECT used + coming AS taken, count(*) AS subjects"
    f" FROM (SELECT n.account, {_USED}{_NOW} AND n.name = :name{_GROUPED}) AS s GROUP BY used + coming ORDER BY 1"
)
_ACCOUNTS: Final = text(
    "SELECT account FROM account_names WHERE what = 'limit' AND name = :name AND account > :after"
    " ORDER BY account LIMIT :most"
)
