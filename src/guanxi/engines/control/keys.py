"""Keys of programs: made here, or the key texts of SDKs that the settings name."""

import contextlib
import hashlib
import secrets
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from guanxi.core import Busy, NotFound, SettingError
from guanxi.engines.control.database import Database
from guanxi.engines.control.records import ApiKey, NewKey
from guanxi.engines.control.roles import SCOPES, Scope
from guanxi.engines.control.tables import api_keys

REMEMBER_MS: Final = 3_000  # a revoked key works no longer than this in another process
REMEMBERED: Final = 10_000  # keys, good and bad, remembered at once
USED_MS: Final = 60_000  # how exactly the last use is kept
LONGEST: Final = 512  # characters of a key text that are looked at
SHOWN: Final = 10  # characters of a secret that lists show


class SettingsKey(NamedTuple):
    """A key text of the settings' [[keys]]."""

    text: str
    scope: Literal["client", "server"]
    label: str


class Keys:
    """The part of `Control` that knows what programs may do."""

    _database: Database
    _now: Callable[[], int]
    _remembered: dict[str, tuple[int, ApiKey | None]]  # key text -> good until, key

    def create_key(self, scope: str, *, label: str = "") -> NewKey:
        """Make a key; its secret is returned here and kept nowhere.

        raises  SettingError when the scope is unknown
        """
        checked = _check_scope(scope)
        secret = f"gx{checked[0]}_{secrets.token_urlsafe(32)}"
        with self._database.write() as connection:
            key = _insert(connection, secret, checked, label=label, origin="made", now=self._now())
        self._remembered.clear()
        return NewKey(secret=secret, key=key)

    def keys(self) -> list[ApiKey]:
        """Return all keys, revoked ones too, the newest first."""
        with self._database.read() as connection:
            return [_key(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.id.desc()))]

    def recall_key(self, text: str) -> tuple[bool, ApiKey | None]:
        """Return (known, key) from memory alone; (False, None) asks for `find_key`."""
        entry = self._remembered.get(text)
        if entry is None or entry[0] <= self._now():
            return False, None
        return True, entry[1]

    def find_key(self, text: str) -> ApiKey | None:
        """Return the key with this secret, None when it is unknown or revoked."""
        known, key = self.recall_key(text)
        if known:
            return key
        now = self._now()
        if 0 < len(text) <= LONGEST:
            query = select(api_keys).where(api_keys.c.secret_hash == _digest(text), api_keys.c.revoked_ms.is_(None))
            with self._database.read() as connection:
                row = connection.execute(query).one_or_none()
            if row is not None:
                key = _key(row)
                self._note_use(key, now)
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        if len(text) <= LONGEST:
            self._remembered[text] = (now + REMEMBER_MS, key)
        return key

    def revoke_key(self, key_id: int) -> ApiKey:
        """End a key: at once here, within REMEMBER_MS in other processes.

        raises  NotFound when there is none
        """
        changed = update(api_keys).where(api_keys.c.id == key_id)
        # A second revocation keeps the time of the first.
        changed = changed.values(revoked_ms=func.coalesce(api_keys.c.revoked_ms, self._now()))
        with self._database.write() as connection:
            connection.execute(changed)
            row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
        if row is None:
            raise NotFound(f"there is no key {key_id}", "See the list of keys")
        self._remembered.clear()
        return _key(row)

    def sync_keys(self, rows: Iterable[SettingsKey]) -> None:
        """Make the keys of origin "settings" those of the settings file; what left the file is revoked.

        raises  SettingError when one text is written twice, or is a key that was made here
        """
        wanted: dict[str, SettingsKey] = {}
        for row in rows:
            if wanted.setdefault(_digest(row.text), row) is not row:
                raise SettingError("[[keys]] holds the same key twice", "Remove one of the two", "keys")
        now = self._now()
        ours = api_keys.c.origin == "settings"
        with self._database.write() as connection:
            stale = update(api_keys).where(ours, api_keys.c.revoked_ms.is_(None))
            connection.execute(stale.where(api_keys.c.secret_hash.not_in(list(wanted))).values(revoked_ms=now))
            known = select(api_keys.c.secret_hash, api_keys.c.origin).where(api_keys.c.secret_hash.in_(list(wanted)))
            present = {row.secret_hash: row.origin for row in connection.execute(known)}
            if "made" in present.values():
                raise SettingError("[[keys]] holds a key that was made here", "Remove it from the settings", "keys")
            for digest, row in wanted.items():
                if digest in present:
                    values = {"scope": row.scope, "label": row.label[:128], "revoked_ms": None}
                    connection.execute(update(api_keys).where(api_keys.c.secret_hash == digest).values(values))
                else:
                    _insert(connection, row.text, row.scope, label=row.label, origin="settings", now=now)
        self._remembered.clear()

    def _note_use(self, key: ApiKey, now: int) -> None:
        if key.used_ms is not None and now - key.used_ms < USED_MS:
            return
        stale = or_(api_keys.c.used_ms.is_(None), api_keys.c.used_ms < now)
        # When the key was last used is worth less than the request that uses it now.
        with contextlib.suppress(Busy), self._database.write() as connection:
            connection.execute(update(api_keys).where(api_keys.c.id == key.id, stale).values(used_ms=now))


def _check_scope(scope: str) -> Scope:
    for known in SCOPES:
        if scope == known:
            return known
    raise SettingError(f"the scope is {scope[:40]!r}", f"Choose from {', '.join(SCOPES)}", "scope")


def _insert(connection: Connection, text: str, scope: Scope, *, label: str, origin: str, now: int) -> ApiKey:
    shown = "".join(char for char in label if char.isprintable())[:128]
    # Short texts, such as a project id, are shown by half: enough to know them by.
    values = {
        "secret_hash": _digest(text), "prefix": text[: min(SHOWN, len(text) // 2)], "scope": scope,
        "label": shown, "origin": origin, "created_ms": now,
    }  # fmt: skip
    return _key(connection.execute(insert(api_keys).values(values).returning(api_keys)).one())


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id, prefix=row.prefix, scope=row.scope, label=row.label, origin=row.origin, created_ms=row.created_ms,
        revoked_ms=row.revoked_ms, used_ms=row.used_ms,
    )  # fmt: skip


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
