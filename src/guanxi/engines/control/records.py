"""What the control database hands out: frozen values, ready to encode, without hashes or secrets."""

from typing import Any, Literal

import msgspec

from guanxi.engines.control.roles import Scope, Verb, sees_people, verbs_of

JobState = Literal["waiting", "running", "done", "failed", "stopped"]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may sign in; instants in milliseconds UTC."""

    id: int
    name: str
    roles: tuple[str, ...]
    created_ms: int
    disabled_ms: int | None = None

    @property
    def verbs(self) -> frozenset[Verb]:
        """Every verb that the roles allow."""
        return verbs_of(self.roles)

    @property
    def sees_people(self) -> bool:
        """False for the wall screen: totals only."""
        return sees_people(self.roles)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that is still good.

    csrf        text that a writing request must repeat in a header
    expires_ms  the latest instant at which it ends, however busy
    """

    user: User
    csrf: str
    opened_ms: int
    expires_ms: int


class OpenedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A new session and its token; the token is not kept here and cannot be read again."""

    token: str
    session: Session


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as lists show it.

    prefix   the first characters, to recognise it by
    origin   "made" here, or "settings": an SDK's own key text from [keys]
    used_ms  last use, correct to a minute; None = never
    """

    id: int
    prefix: str
    scope: Scope
    label: str
    origin: Literal["made", "settings"]
    created_ms: int
    revoked_ms: int | None = None
    used_ms: int | None = None


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made, with its secret; the secret cannot be read again."""

    secret: str
    key: ApiKey


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the operation log (操作日志).

    who     user name, "key:<prefix>", "cli" or "guanxi"
    verb    what was done, "user.create"
    object  what it was done to, never a person's own values
    detail  small facts, never a secret
    """

    seq: int
    at_ms: int
    who: str
    verb: str
    object: str
    detail: dict[str, Any]
    ip: str


class ImportJob(msgspec.Struct, frozen=True, kw_only=True):
    """One import of one file: how far it came.

    source     name of the file, without its folder
    file_hash  XXH3-128 of its bytes
    """

    id: str
    source: str
    preset: str
    file_hash: str
    state: JobState = "waiting"
    rows: int = 0
    accepted: int = 0
    parked: int = 0
    started_ms: int | None = None
    ended_ms: int | None = None
    problem: str = ""
