"""Erasure jobs: whom to erase, kept sealed until it is done, then only that it was done."""

import secrets
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guanxi.core import DataError
from guanxi.engines.vault.database import Database, mark_scrub, workspace_key
from guanxi.engines.vault.keys import Keys, open_box, seal_box

_KEY: Final = "erasure key"


class ErasureJob(msgspec.Struct, frozen=True, kw_only=True):
    """One person's erasure on its way.

    job           32 hex digits
    surrogate     32 random hex digits that stand for the person in what the law orders kept
    refs          every party reference by which the person is known
    texts         names, phone numbers ... to be looked for in free text and parked rows
    reason        why, for the record
    ticket        id of the request in the shop's own system
    requested_ms  milliseconds UTC
    counts        what the job found so far; a run after a crash finds less, so the larger number stands
    """

    job: str
    surrogate: str
    refs: tuple[str, ...]
    texts: tuple[str, ...] = ()
    reason: str = ""
    ticket: str = ""
    requested_ms: int = 0
    counts: dict[str, int] = {}


class ErasureStore:
    """The erasure jobs of one workspace, in the vault's file."""

    def __init__(self, database: Database, keys: Keys, clock: Callable[[], int]) -> None:
        self._database, self._keys, self._clock = database, keys, clock

    def add(
        self, refs: Iterable[str], *, texts: Iterable[str] = (), reason: str = "erasure requested", ticket: str = "",
        surrogate: str = "",
    ) -> ErasureJob:  # fmt: skip
        """Store a job durably and return it; it is open until `finish`.

        refs       accounts, devices ... of one person, as the caller resolved them
        surrogate  only when an erasure is applied again: the one it used before
        raises     DataError when there is no reference or one is not written type:scope:key
        """
        known = tuple(dict.fromkeys(refs))
        if not known or any(ref.count(":") < 2 or not ref.rsplit(":", 1)[1] for ref in known):
            raise DataError(
                "an erasure needs party references written type:scope:key", "See `guanxi parties show`", "refs"
            )
        job = ErasureJob(
            job=secrets.token_hex(16), surrogate=surrogate or secrets.token_hex(16), refs=known,
            texts=tuple(text for text in dict.fromkeys(texts) if text.strip()), reason=reason, ticket=ticket,
            requested_ms=self._clock(),
        )  # fmt: skip
        with self._database.write() as connection:
            key = workspace_key(connection, self._keys, _KEY)
            box = _sealed(key, job)
            connection.execute(
                "INSERT INTO erasures (job, box, requested_ms) VALUES (?, ?, ?)", (job.job, box, job.requested_ms)
            )
        return job

    def open_jobs(self) -> list[ErasureJob]:
        """Return the jobs that are not finished, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT job, box FROM erasures WHERE box IS NOT NULL ORDER BY requested_ms, job"
            ).fetchall()
            if not rows:
                return []
            key = workspace_key(connection, self._keys, _KEY)
        return [msgspec.json.decode(open_box(key, box, job.encode()), type=ErasureJob) for job, box in rows]

    def note(self, job: ErasureJob, counts: dict[str, int]) -> ErasureJob:
        """Remember what a job found, before it acts on it; return the job as it stands now."""
        names = job.counts | counts
        job = msgspec.structs.replace(
            job, counts={name: max(job.counts.get(name, 0), counts.get(name, 0)) for name in names}
        )
        with self._database.write() as connection:
            key = workspace_key(connection, self._keys, _KEY)
            connection.execute("UPDATE erasures SET box = ? WHERE job = ?", (_sealed(key, job), job.job))
        return job

    def finish(self, job: ErasureJob) -> None:
        """Forget whom a job erased; that it was done, and when, stays."""
        with self._database.write() as connection:
            connection.execute("UPDATE erasures SET box = NULL, done_ms = ? WHERE job = ?", (self._clock(), job.job))
            mark_scrub(connection, 1)
        self._database.scrub()


def _sealed(key: AESGCM, job: ErasureJob) -> bytes:
    return seal_box(key, msgspec.json.encode(job), job.job.encode())
