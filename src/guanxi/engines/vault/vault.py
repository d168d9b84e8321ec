"""The vault: personal values under per-person keys, known outside by tokens only."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guanxi.core import NotFound, mask
from guanxi.engines.vault.database import FILE, Database, check_reader, log_reveals, mark_scrub, value_of
from guanxi.engines.vault.erasures import ErasureStore
from guanxi.engines.vault.keys import KEY_FILE, TOKEN, Keys, make_key, open_box, read_key, seal_box
from guanxi.engines.vault.parked import ParkedStore

REMEMBERED: Final = 100_000  # tokens per generation known to be stored; two generations take about 25 MB
_CHUNK: Final = 500  # bound values per statement

Clock = Callable[[], int]


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure destroyed: sealed values (`rows`) and the data keys of people (`keys`)."""

    rows: int
    keys: int


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """That a person was erased: a keyed digest (32 hex digits), when, and why; never who.

    surrogate  what stands for the person in events that the law orders kept, "" when there are none
    """

    person: str
    at_ms: int
    reason: str
    surrogate: str = ""


class Reveal(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a personal value: when, by whom, what for, and the token ("parked:<id>" for a parked row)."""

    at_ms: int
    who: str
    purpose: str
    token: str


class Vault:
    """Personal values of one workspace. `seal` is quick and buffers; `flush` makes everything sealed durable.

    Flush before the log's commit: a crash in between leaves a value without an event, which `sweep` removes,
    never an event without its value. Threads may share a vault; several processes may open the same folder.
    """

    def __init__(self, keys: Keys, database: Database, clock: Clock) -> None:
        self._keys, self._database, self._clock = keys, database, clock
        self._guard = threading.Lock()  # held for moments: `seal` never waits for the disk
        self._pending: dict[bytes, tuple[str, str, str]] = {}
        self._stored: set[bytes] = set()
        self._stored_before: set[bytes] = set()
        self._people: dict[bytes, tuple[int, AESGCM]] = {}
        self._tombstones: frozenset[bytes] = frozenset()
        self._epoch = b""
        self.parked = ParkedStore(database, keys, clock)
        self.erasures = ErasureStore(database, keys, clock)
        with database.read() as connection:
            self._catch_up(connection)

    @classmethod
    def open(cls, folder: Path, *, readonly: bool = False, clock: Clock | None = None) -> Self:
        """Return the vault of a workspace folder; the first opening makes its two files.

        readonly  tokens and surrogates are computed, nothing is kept, nothing is revealed
        clock     milliseconds since 1970-01-01 UTC; default: the system's
        raises    SettingError when the key is missing, open to others or another vault's; DataError when damaged
        """
        fresh = not readonly and not (folder / FILE).exists() and not (folder / KEY_FILE).exists()
        keys = Keys(make_key(folder) if fresh else read_key(folder))
        return cls(keys, Database(folder, readonly=readonly, check=keys.check), clock or _now_ms)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Store what is buffered, then close the file; closing again does nothing."""
        if self._database.closed:
            return
        try:
            if not self._database.readonly:
                self.flush()
        finally:
            self._database.close()

    def seal(self, person: str, field: str, value: str) -> str:
        """Return the token of a personal value, "vt_" and 32 hex digits; "" when the person was erased.

        The same person, field and value always give the same token; another person's equal value gives another.
        """
        token = self._keys.token(person, field, value)
        if self._tombstones and self._keys.person(person) in self._tombstones:
            return ""
        if token not in self._stored and token not in self._stored_before and not self._database.readonly:
            with self._guard:
                self._pending[token] = (person, field, value)
        return TOKEN + token.hex()

    def surrogate(self, role: str, key: str) -> str:
        """Return the keyed hash, "h." and 32 hex digits, of a phone, card or address; a surrogate stays itself."""
        return self._keys.surrogate(role, key)

    @property
    def ledger_secret(self) -> bytes:
        """The 32 bytes by which accounts of the ledger are named, so that nobody without them can tell whose one is."""
        return self._keys.ledger

    def flush(self) -> int:
        """Make every value sealed before this call durable; return how many were new.

        raises  Busy when the file is locked or the disk is full: nothing is lost, call again
        """
        with self._database.lock:  # taken first: who finds nothing pending has waited for the flush that took it
            with self._guard:
                batch, self._pending = self._pending, {}
            if not batch:
                with self._database.read() as connection:
                    self._catch_up(connection)
                return 0
            try:
                with self._database.write() as connection:
                    self._catch_up(connection)
                    stored = self._store(connection, batch)
            except BaseException:
                with self._guard:
                    self._pending = batch | self._pending
                self._people.clear()  # may hold keys of the transaction that was undone
                raise
            self._remember(batch)
            return stored

    def reveal(self, token: str, *, purpose: str, who: str) -> str:
        """Return the value behind a token, after the look was logged.

        purpose, who  why and by whom it is read; neither may be empty
        raises        Refused without purpose or reader; NotFound when nothing is kept under the token
        """
        found = self.reveal_many([token], purpose=purpose, who=who)
        if token not in found:
            raise NotFound(
                "no personal value is kept under this token", "It was erased, or the token is of another workspace"
            )
        return found[token]

    def reveal_many(self, tokens: Iterable[str], *, purpose: str, who: str) -> dict[str, str]:
        """Return token -> value of those that are kept, after each look was logged; see `reveal`."""
        check_reader(purpose, who)
        with self._database.write() as connection:
            found = {token: value for token, _, value in self._opened(connection, tokens)}
            log_reveals(connection, found, now=self._clock(), purpose=purpose, who=who)
        return found

    def masked(self, tokens: Iterable[str]) -> dict[str, str]:
        """Return token -> masked value of those that are kept, as `core.mask` masks their field; no look is logged."""
        with self._database.read() as connection:
            return {token: mask(field, value) for token, field, value in self._opened(connection, tokens)}

    def reveals(self, *, after: int = 0, limit: int = 100) -> list[tuple[int, Reveal]]:
        """Return (id, look) of the log of looks, oldest first, with id > after."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT id, at_ms, who, purpose, token FROM reveals WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
            ).fetchall()
        return [(row[0], Reveal(at_ms=row[1], who=row[2], purpose=row[3], token=row[4])) for row in rows]

    def forget(
        self, person_refs: Iterable[str], *, tokens: Iterable[str] = (), reason: str = "erasure requested",
        surrogate: str = "",
    ) -> Forgotten:  # fmt: skip
        """Destroy the data keys and values of people, and single values besides, so that no byte stays in the file.

        person_refs  every reference by which the person is known; values sealed for them later are dropped
        tokens       values to destroy that were sealed under a reference shared with others
        surrogate    kept with the tombstones; see `Tombstone`
        raises       Busy when the file is in use all the time; the values are gone then, call again to scrub
        """
        now = self._clock()
        stones = [
            Tombstone(person=self._keys.person(ref).hex(), at_ms=now, reason=reason, surrogate=surrogate)
            for ref in dict.fromkeys(person_refs)
        ]
        return self.entomb(stones, tokens=tokens)

    def entomb(self, tombstones: Sequence[Tombstone], *, tokens: Iterable[str] = ()) -> Forgotten:
        """Apply tombstones, as `forget` does; used when an older backup has been restored."""
        people = [bytes.fromhex(stone.person) for stone in tombstones]
        single = [key for key in map(_token_bytes, tokens) if key is not None]
        with self._database.write() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?)",
                [
                    (key, stone.at_ms, stone.reason, stone.surrogate)
                    for key, stone in zip(people, tombstones, strict=True)
                ],
            )
            rows = _delete(connection, "DELETE FROM sealed WHERE token = ?", single)
            rows += _delete(
                connection, "DELETE FROM sealed WHERE person IN (SELECT id FROM people WHERE person = ?)", people
            )
            keys = _delete(connection, "DELETE FROM people WHERE person = ?", people)
            _new_epoch(connection)
            mark_scrub(connection, rows + keys)
            self._catch_up(connection)
        self._database.scrub()
        return Forgotten(rows=rows, keys=keys)

    def is_forgotten(self, person: str) -> bool:
        """Tell whether a person was erased."""
        return person in self.forgotten_among([person])

    @property
    def anyone_forgotten(self) -> bool:
        """Whether anybody was ever erased, as known at the last flush."""
        return bool(self._tombstones)

    def forgotten_among(self, refs: Iterable[str]) -> dict[str, Tombstone]:
        """Return reference -> tombstone of those references whose person was erased."""
        with self._database.read() as connection:
            self._catch_up(connection)
        if not self._tombstones:
            return {}
        stones = {stone.person: stone for stone in self.tombstones()}
        digests = {ref: self._keys.person(ref).hex() for ref in refs}
        return {ref: stones[digest] for ref, digest in digests.items() if digest in stones}

    def tombstones(self) -> list[Tombstone]:
        """Return all tombstones, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT person, at_ms, reason, surrogate FROM tombstones ORDER BY at_ms, person"
            ).fetchall()
        return [Tombstone(person=row[0].hex(), at_ms=row[1], reason=row[2], surrogate=row[3]) for row in rows]

    def sweep(self, used: Iterable[str], *, before_ms: int) -> int:
        """Delete the values stored before a moment whose token no event uses; return how many there were.

        used       the tokens of the whole log
        before_ms  milliseconds UTC; choose it well before `used` was read, or values on their way into the log go too
        """
        with self._database.write() as connection:
            connection.execute("CREATE TEMP TABLE used (token BLOB PRIMARY KEY) WITHOUT ROWID")
            try:
                tokens = ((key,) for key in map(_token_bytes, used) if key is not None)
                connection.executemany("INSERT OR IGNORE INTO used VALUES (?)", tokens)
                swept = connection.execute(
                    "DELETE FROM sealed WHERE made_ms < ? AND token NOT IN (SELECT token FROM used)", (before_ms,)
                ).rowcount
            finally:
                connection.execute("DROP TABLE used")
            _new_epoch(connection)
            mark_scrub(connection, swept)
            self._catch_up(connection)
        self._database.scrub()
        return swept

    def backup(self, target: Path) -> None:
        """Write a consistent copy of vault.sqlite (not of its key) to a new file, while others go on writing."""
        with self._database.read() as connection:
            copy = sqlite3.connect(target)
            try:
                connection.backup(copy)
            finally:
                copy.close()

    def _opened(self, connection: sqlite3.Connection, tokens: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """Yield (token, field, value) of those that are kept; who asks logs the look, or masks the value."""
        wanted = {key: token for token in tokens if (key := _token_bytes(token)) is not None}
        for part in _chunks(list(wanted)):
            for token, field, box, person, wrapped in connection.execute(
                "SELECT token, field, box, people.person, wrapped FROM sealed"
                f" JOIN people ON people.id = sealed.person WHERE token IN ({', '.join('?' * len(part))})",
                part,
            ):
                value = open_box(self._keys.data_key(wrapped, person), box, _bound(token, person, field))
                yield wanted[token], field, value.decode("utf-8", "surrogatepass")

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        """Learn of erasures, also those that another process made."""
        epoch = value_of(connection, "epoch") or b""
        if epoch == self._epoch:
            return
        stones = connection.execute("SELECT person FROM tombstones").fetchall()
        self._tombstones = frozenset(row[0] for row in stones)
        self._people.clear()
        self._stored, self._stored_before = set(), set()
        self._epoch = epoch

    def _store(self, connection: sqlite3.Connection, batch: dict[bytes, tuple[str, str, str]]) -> int:
        now = self._clock()
        digests: dict[str, bytes] = {}
        rows = []
        for token, (ref, field, value) in batch.items():
            person = digests.get(ref)
            if person is None:
                person = digests[ref] = self._keys.person(ref)
            if person in self._tombstones:
                continue
            number, key = self._people.get(person) or self._person(connection, person, now)
            content = value.encode("utf-8", "surrogatepass")
            rows.append((token, number, field, seal_box(key, content, _bound(token, person, field)), now))
        return (
            connection.executemany("INSERT OR IGNORE INTO sealed VALUES (?, ?, ?, ?, ?)", rows).rowcount if rows else 0
        )

    def _person(self, connection: sqlite3.Connection, person: bytes, now: int) -> tuple[int, AESGCM]:
        row = connection.execute("SELECT id, wrapped FROM people WHERE person = ?", (person,)).fetchone()
        if row is not None:
            known = (int(row[0]), self._keys.data_key(row[1], person))
        else:
            key, wrapped = self._keys.new_data_key(person)
            cursor = connection.execute(
                "INSERT INTO people (person, wrapped, made_ms) VALUES (?, ?, ?)", (person, wrapped, now)
            )
            known = (int(cursor.lastrowid or 0), key)
        if len(self._people) >= REMEMBERED:
            self._people.clear()
        self._people[person] = known
        return known

    def _remember(self, tokens: Iterable[bytes]) -> None:
        self._stored.update(tokens)
        if len(self._stored) >= REMEMBERED:
            self._stored_before, self._stored = self._stored, set()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _bound(token: bytes, person: bytes, field: str) -> bytes:
    """What a box is bound to: moved to another token, person or field it does not open."""
    return token + person + field.encode("utf-8", "surrogatepass")


def _token_bytes(token: str) -> bytes | None:
    if len(token) != len(TOKEN) + 32 or not token.startswith(TOKEN):
        return None
    try:
        return bytes.fromhex(token[len(TOKEN) :])
    except ValueError:
        return None


def _new_epoch(connection: sqlite3.Connection) -> None:
    """Tell all processes that what they remember of the vault no longer holds."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', randomblob(16))")


def _delete(connection: sqlite3.Connection, statement: str, keys: Sequence[bytes]) -> int:
    return connection.executemany(statement, [(key,) for key in keys]).rowcount if keys else 0


def _chunks(items: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
