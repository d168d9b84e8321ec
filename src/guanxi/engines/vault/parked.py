"""Parked rows: what intake could not accept, kept whole and sealed until it is mended, replayed or dropped."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from guanxi.core import DataError, NotFound
from guanxi.engines.vault.database import Database, check_reader, log_reveals, mark_scrub, workspace_key
from guanxi.engines.vault.keys import Keys, open_box, seal_box
from guanxi.events import SEPARATOR, Parked

Status = Literal["open", "replayed", "dropped"]
STATUSES: Final[tuple[Status, ...]] = ("open", "replayed", "dropped")

_COLUMNS: Final = "id, source, row, kind, field, reason, what, mend, mates, job, status, note, parked_ms"
_KEY: Final = "parked key"
_PERSON_FIELD: Final = re.compile(
    "user|cust|account|acct|household|hshd|buyer|member|visitor|open_?id|union_?id|client|person|distinct|anonymous"
    "|买家|会员|用户|账号|帐号|账户|客户|顾客|昵称|粉丝",
    re.IGNORECASE,
)


class ParkedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A parked row as lists show it, without its raw text; fields as in `Parked`.

    id         its number in this workspace
    job        the import that parked it, "" for live events
    status     open (waits), replayed (became events) or dropped (given up)
    note       what was said when the status changed
    parked_ms  when it was first parked, milliseconds UTC
    """

    id: int
    source: str
    row: int
    kind: str
    field: str
    reason: str
    what: str
    mend: str
    group: str
    job: str
    status: Status
    note: str
    parked_ms: int


class ParkedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Open parked rows that share source, kind, field and reason; `what` and `mend` are those of the first."""

    reason: str
    field: str
    source: str
    kind: str
    count: int
    what: str
    mend: str


class ParkedStore:
    """The parked rows of one workspace, in the vault's file; raw text is encrypted under a key of its own."""

    def __init__(self, database: Database, keys: Keys, clock: Callable[[], int]) -> None:
        self._database, self._keys, self._clock = database, keys, clock

    def add(self, rows: Iterable[Parked], *, job: str = "") -> list[int]:
        """Store parked rows durably; return their ids in the order given.

        A row with the same job, source, row number, reason and raw text is stored once: its first id is returned,
        and what was decided about it stands. Another job's row is another row: an order is rebuilt from one export.
        """
        ids: list[int] = []
        with self._database.write() as connection:
            key = workspace_key(connection, self._keys, _KEY)
            now = self._clock()
            for parked in rows:
                identity = (job, parked.source, str(parked.row), parked.reason, parked.raw)
                digest = self._keys.row(SEPARATOR.join(identity))
                known = connection.execute("SELECT id FROM parked WHERE digest = ?", (digest,)).fetchone()
                if known is not None:
                    ids.append(known[0])
                    continue
                box = seal_box(key, parked.raw.encode("utf-8", "surrogatepass"), digest)
                cursor = connection.execute(
                    "INSERT INTO parked (digest, job, source, row, kind, field, reason, what, mend, mates, box,"
                    " parked_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        digest, job, parked.source, parked.row, parked.kind, parked.field, parked.reason, parked.what,
                        parked.mend, parked.group, box, now,
                    ),
                )  # fmt: skip
                ids.append(int(cursor.lastrowid or 0))
        return ids

    def groups(self) -> list[ParkedGroup]:
        """Return the open rows in groups, the largest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                # With min(id), SQLite takes the bare columns from the row that holds the minimum.
                "SELECT reason, field, source, kind, count(*), what, mend, min(id) FROM parked WHERE status = 'open'"
                " GROUP BY reason, field, source, kind ORDER BY count(*) DESC, min(id)"
            ).fetchall()
        names = ("reason", "field", "source", "kind", "count", "what", "mend")
        return [ParkedGroup(**dict(zip(names, row[:7], strict=True))) for row in rows]

    def rows(
        self,
        *,
        reason: str | None = None,
        source: str | None = None,
        group: str | None = None,
        status: Status | None = "open",
        limit: int = 100,
        after: int = 0,
    ) -> list[ParkedRow]:
        """Return parked rows by id, with id > after; None for a filter means all."""
        filters = {"reason": reason, "source": source, "mates": group, "status": status}
        given = {name: value for name, value in filters.items() if value is not None}
        where = "".join(f" AND {name} = ?" for name in given)
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM parked WHERE id > ?{where} ORDER BY id LIMIT ?",
                (after, *given.values(), limit),
            ).fetchall()
        names = _COLUMNS.replace("mates", "group").split(", ")
        return [ParkedRow(**dict(zip(names, row, strict=True))) for row in rows]

    def raw(self, row_id: int, *, purpose: str, who: str) -> str:
        """Return the raw text of one parked row, after the look was logged; see `whole`."""
        return self.whole([row_id], purpose=purpose, who=who)[0].raw

    def whole(self, ids: Sequence[int], *, purpose: str, who: str) -> list[Parked]:
        """Return parked rows with their raw text, in the order given, after each look was logged.

        purpose, who  why and by whom they are read, for instance "replay" and "import job 12"
        raises        Refused without purpose or reader; NotFound when an id is not there (any more)
        """
        check_reader(purpose, who)
        result = []
        with self._database.write() as connection:
            key = workspace_key(connection, self._keys, _KEY)
            for row_id in ids:
                row = connection.execute(
                    "SELECT source, row, kind, field, reason, what, mend, mates, digest, box FROM parked WHERE id = ?",
                    (row_id,),
                ).fetchone()
                if row is None:
                    raise NotFound(
                        f"there is no parked row {row_id}", "See `guanxi parked list`; it may have been erased"
                    )
                fields = ("source", "row", "kind", "field", "reason", "what", "mend", "group")
                raw = open_box(key, row[9], row[8]).decode("utf-8", "surrogatepass")
                result.append(Parked(**dict(zip(fields, row[:8], strict=True)), raw=raw))
            names = [f"parked:{row_id}" for row_id in ids]
            log_reveals(connection, names, now=self._clock(), purpose=purpose, who=who)
        return result

    def mark(self, ids: Iterable[int], *, status: Status, note: str = "") -> int:
        """Set the status of rows and say why; return how many there were."""
        if status not in STATUSES:
            raise DataError(f"{status!r} is not a status of parked rows", f"Use one of {', '.join(STATUSES)}", "status")
        with self._database.write() as connection:
            return connection.executemany(
                "UPDATE parked SET status = ?, note = ? WHERE id = ?", [(status, note, row_id) for row_id in ids]
            ).rowcount

    def counts(self) -> dict[Status, int]:
        """Return how many rows are open, replayed and dropped."""
        with self._database.read() as connection:
            found = dict(connection.execute("SELECT status, count(*) FROM parked GROUP BY status").fetchall())
        return {status: found.get(status, 0) for status in STATUSES}

    def purge(self, texts: Iterable[str], *, keys: Iterable[str] = ()) -> int:
        """Destroy the rows of an erased person, so that no byte stays in the file; return how many there were.

        texts   references, phones, names ... A row goes when its raw text holds one of them as a whole word, and with
                it all rows of its group: the lines of an order belong to one person
        keys    short ids that may mean other things elsewhere ("17850"): a row goes when a field named like a
                person's id holds exactly this
        raises  DataError when a text is empty: it would match every row
        """
        pattern, exact = _pattern(texts), set(keys)
        if pattern is None and not exact:
            return 0
        with self._database.write() as connection:
            key = workspace_key(connection, self._keys, _KEY)
            doomed, mates = [], set()
            for row_id, source, group, digest, box, what in connection.execute(
                "SELECT id, source, mates, digest, box, what FROM parked"
            ):
                raw = open_box(key, box, digest).decode("utf-8", "surrogatepass")
                named = pattern is not None and (pattern.search(raw) or pattern.search(what))
                if named or (exact and _holds_key(raw, exact)):
                    doomed.append((row_id,))
                    if group:
                        mates.add((source, group))
            purged = connection.executemany("DELETE FROM parked WHERE id = ?", doomed).rowcount if doomed else 0
            if mates:
                purged += connection.executemany("DELETE FROM parked WHERE source = ? AND mates = ?", mates).rowcount
            mark_scrub(connection, purged)
        self._database.scrub()
        return purged


def _holds_key(raw: str, keys: set[str]) -> bool:
    try:
        row = json.loads(raw)
    except ValueError:
        return False
    return any(str(value) in keys for name, value in _fields(row) if _PERSON_FIELD.search(name))


def _fields(row: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a JSON document with the name of its field."""
    if isinstance(row, dict):
        for key, value in row.items():
            yield from _fields(value, str(key))
    elif isinstance(row, list):
        for value in row:
            yield from _fields(value, name)
    else:
        yield name, row


def _pattern(texts: Iterable[str]) -> re.Pattern[str] | None:
    """A search for the texts as whole words, plain or escaped as JSON does."""
    forms: set[str] = set()
    for text in texts:
        if not text.strip():
            raise DataError("an empty text would match every parked row", "Leave it out", "texts")
        forms |= {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    if not forms:
        return None
    body = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    return re.compile(f"(?<![0-9A-Za-z])(?:{body})(?![0-9A-Za-z])")
