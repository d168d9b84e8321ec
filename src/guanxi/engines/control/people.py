"""People who may sign in: accounts, passwords, sessions."""

import hashlib
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from guanxi.core import Busy, NotFound, Refused, SettingError
from guanxi.engines.control.database import Database
from guanxi.engines.control.records import OpenedSession, Session, User
from guanxi.engines.control.roles import check_roles
from guanxi.engines.control.tables import login_failures, sessions, users

PASSWORD_LENGTH: Final = (10, 1024)  # characters
IDLE_MS: Final = 12 * 3_600_000  # a session unused for so long has ended
LIFE_MS: Final = 7 * 24 * 3_600_000  # no session lasts longer
SEEN_MS: Final = 60_000  # how exactly its last use is kept
NAME_FAILURES: Final = 50  # failed sign-ins under one name, from anywhere, within NAME_WINDOW_MS
NAME_WINDOW_MS: Final = 15 * 60_000
IP_WINDOW_MS: Final = 60_000


class TooManyFailures(Busy):
    """Sign-in is paused for a name or an address after many failures."""


class People:
    """The part of `Control` that knows who may sign in and who has."""

    _database: Database
    _now: Callable[[], int]
    _hasher: PasswordHasher
    # Each check takes 64 MB and 50 ms of a core: a flood of sign-ins must not take the machine.
    _checks: threading.BoundedSemaphore
    _nobody: str  # a hash that is checked when the name is unknown, so that both take as long; "" until first needed

    def create_user(self, name: str, password: str, *, roles: Iterable[str]) -> User:
        """Add a person.

        raises  SettingError when the name is taken or the name, the password or a role is not usable
        """
        folded, wanted = _check_name(name), check_roles(roles)
        now = self._now()
        values = {"name": folded, "password_hash": self._hash(password), "roles": list(wanted), "created_ms": now}
        with self._database.write() as connection:
            try:
                key = connection.execute(insert(users).values(values).returning(users.c.id)).scalar_one()
            except IntegrityError:
                raise SettingError(f"the name {folded!r} is taken", "Choose another name", "name") from None
        return User(id=key, name=folded, roles=wanted, created_ms=now)

    def users(self) -> list[User]:
        """Return everyone, by name."""
        with self._database.read() as connection:
            return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]

    def set_roles(self, user_id: int, roles: Iterable[str]) -> User:
        """Give a person other roles; their sessions end.

        raises  Refused when nobody would be left who administers
        """
        return self._change(user_id, {"roles": list(check_roles(roles))})

    def set_password(self, user_id: int, password: str) -> User:
        """Give a person another password; their sessions end."""
        return self._change(user_id, {"password_hash": self._hash(password)})

    def disable_user(self, user_id: int) -> User:
        """Forbid a person to sign in; their sessions end.

        raises  Refused when nobody would be left who administers
        """
        return self._change(user_id, {"disabled_ms": self._now()})

    def enable_user(self, user_id: int) -> User:
        """Allow a person to sign in again."""
        return self._change(user_id, {"disabled_ms": None})

    def verify_password(self, name: str, password: str, *, ip: str = "", per_minute: int = 10) -> User | None:
        """Return the person, or None when the name or the password is wrong; both take equally long.

        per_minute  failures that one address may make in a minute
        raises      TooManyFailures when the address or the name has failed too often
        """
        folded = _fold(name)
        with self._checks:
            attempt = self._count_attempt(folded, ip, per_minute)
            self._nobody = self._nobody or self._hasher.hash(secrets.token_urlsafe(16))
            with self._database.read() as connection:
                row = connection.execute(select(users).where(users.c.name == folded)).one_or_none()
            good = _matches(self._hasher, row.password_hash if row else self._nobody, password)
            if row is None or not good or row.disabled_ms is not None:
                return None
            with self._database.write() as connection:
                connection.execute(delete(login_failures).where(login_failures.c.id == attempt))
                if self._hasher.check_needs_rehash(row.password_hash):
                    fresh = self._hasher.hash(password)
                    connection.execute(update(users).where(users.c.id == row.id).values(password_hash=fresh))
        return _user(row)

    def open_session(self, user: User) -> OpenedSession:
        """Begin a session with a token of its own; never one that the caller brings."""
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), self._now()
        with self._database.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_ms <= now))
            connection.execute(
                insert(sessions).values(
                    token_hash=_digest(token), user_id=user.id, csrf=csrf, opened_ms=now, seen_ms=now,
                    expires_ms=now + LIFE_MS,
                )
            )  # fmt: skip
        return OpenedSession(
            token=token, session=Session(user=user, csrf=csrf, opened_ms=now, expires_ms=now + LIFE_MS)
        )

    def session(self, token: str) -> Session | None:
        """Return the session of a token, None when there is none, it has ended, or its user may not sign in."""
        now = self._now()
        query = select(sessions, users).join(users, sessions.c.user_id == users.c.id)
        query = query.where(sessions.c.token_hash == _digest(token), users.c.disabled_ms.is_(None))
        query = query.where(sessions.c.expires_ms > now, sessions.c.seen_ms > now - IDLE_MS)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if now - row.seen_ms >= SEEN_MS:
            with self._database.write() as connection:
                connection.execute(update(sessions).where(sessions.c.token_hash == row.token_hash).values(seen_ms=now))
        return Session(user=_user(row), csrf=row.csrf, opened_ms=row.opened_ms, expires_ms=row.expires_ms)

    def close_session(self, token: str) -> bool:
        """End a session; tell whether there was one."""
        with self._database.write() as connection:
            ended = connection.execute(delete(sessions).where(sessions.c.token_hash == _digest(token)))
        return ended.rowcount > 0

    def _hash(self, password: str) -> str:
        least, most = PASSWORD_LENGTH
        if not least <= len(password) <= most:
            raise SettingError(
                f"the password has {len(password)} characters", f"Use {least} to {most} characters", "password"
            )
        try:
            return self._hasher.hash(password)
        except UnicodeEncodeError:
            raise SettingError("the password holds half a character", "Type it again", "password") from None

    def _change(self, user_id: int, values: dict[str, Any]) -> User:
        with self._database.write() as connection:
            self._database.alone(connection, "users")  # two administrators might disable each other at once
            connection.execute(update(users).where(users.c.id == user_id).values(values))
            row = connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
            if row is None:
                raise NotFound(f"there is no user {user_id}", "See the list of users")
            connection.execute(delete(sessions).where(sessions.c.user_id == user_id))
            _keep_an_administrator(connection)
        return _user(row)

    def _count_attempt(self, name: str, ip: str, per_minute: int) -> int:
        """Count an attempt as failed before it is checked, so that parallel ones cannot slip through."""
        now, digest = self._now(), _digest(name)
        attempts = select(func.count()).select_from(login_failures)
        with self._database.write() as connection:
            self._database.alone(connection, "sign-in")
            connection.execute(delete(login_failures).where(login_failures.c.at_ms <= now - NAME_WINDOW_MS))
            by_ip = attempts.where(login_failures.c.ip == ip, login_failures.c.at_ms > now - IP_WINDOW_MS)
            by_name = attempts.where(login_failures.c.name_hash == digest)
            if connection.execute(by_ip).scalar_one() >= per_minute:
                raise TooManyFailures("too many failed sign-ins from this address", "Wait a minute, then try again")
            if connection.execute(by_name).scalar_one() >= NAME_FAILURES:
                raise TooManyFailures("too many failed sign-ins under this name", "Wait 15 minutes, then try again")
            values = {"name_hash": digest, "ip": ip, "at_ms": now}
            made = connection.execute(insert(login_failures).values(values).returning(login_failures.c.id))
            return int(made.scalar_one())


def _keep_an_administrator(connection: Connection) -> None:
    rows = connection.execute(select(users).where(users.c.disabled_ms.is_(None)))
    if not any("administer" in _user(row).verbs for row in rows):
        raise Refused("nobody would be left who administers", "Give somebody else the role manager or engineer first")


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id, name=row.name, roles=tuple(row.roles), created_ms=row.created_ms, disabled_ms=row.disabled_ms
    )


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _check_name(name: str) -> str:
    folded = _fold(name)
    if not 1 <= len(folded) <= 64 or not folded.isprintable() or " " in folded:
        raise SettingError("the name is empty, too long or holds blanks", "Use 1 to 64 printable characters", "name")
    return folded


def _matches(hasher: PasswordHasher, stored: str, password: str) -> bool:
    if len(password) > PASSWORD_LENGTH[1]:
        return False
    try:
        return hasher.verify(stored, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):  # lone surrogates are nobody's password
        return False


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
