"""Access at the desk: who asks, by session or key, and which verb the route needs."""

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from guanxi.api.buckets import Buckets
from guanxi.api.errors import Problem
from guanxi.app import SCOPE_VERBS, VERBS, ApiKey, Control, Session, Verb

COOKIE: Final = "guanxi_session"
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
STRANGERS: Final = (5.0, 50.0)  # requests with a bad key, per address: per second, at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever asks.

    who          as the operation log names it: a user's name, or "key:<prefix>"
    sees_people  False for the wall screen: totals only
    session      None when a key asks
    """

    who: str
    verbs: frozenset[Verb]
    sees_people: bool
    session: Session | None = None


class Access:
    """Finds out who asks; one per desk."""

    def __init__(self, control: Control, *, rate: float, burst: float) -> None:
        self._control = control
        self._senders = Buckets(rate=rate, burst=burst)
        self._strangers = Buckets(rate=STRANGERS[0], burst=STRANGERS[1])

    def needs(self, verb: Verb, *, people: bool) -> Callable[[Request], None]:
        """Return the check of a route: it leaves the principal in `request.state.me`, or raises Problem.

        people  the answer holds single events or people
        """

        def check(request: Request) -> None:
            me = self.principal(request)
            self._senders.take(me.who)
            if verb not in me.verbs:
                zh, en = VERBS[verb]
                raise Problem(
                    403, f"this needs the right {verb!r} ({zh}, {en})", "Ask an administrator for a role with it"
                )
            if people and not me.sees_people:
                raise Problem(403, "this role sees totals, not people", "Ask an administrator for another role")
            request.state.me = me

        return check

    def needs_server_key(self, request: Request) -> None:
        """Check a route for programs that write: leave the principal in `request.state.me`, or raise Problem."""
        if not request.headers.get("authorization", ""):
            raise Problem(
                401, "the request names no key", "Send a server key as a Bearer token; make one with `guanxi keys "
                "create server`", headers={"www-authenticate": "Bearer"},
            )  # fmt: skip
        key = self._key(request.headers["authorization"], address_of(request))
        me = Principal(who=f"key:{key.prefix}", verbs=SCOPE_VERBS[key.scope], sees_people=True)
        self._senders.take(me.who)
        if key.scope != "server":
            raise Problem(403, f"a {key.scope} key may not write this", "Use a server key")
        request.state.me = me

    def needs_proposer(self, request: Request) -> None:
        """Check a route for programs with a server key, and for people who may propose."""
        if request.headers.get("authorization", ""):
            self.needs_server_key(request)
        else:
            self.needs("propose", people=True)(request)

    def principal(self, request: Request) -> Principal:
        """Return who asks.

        raises  Problem: 401 nobody, 403 a write without the session's CSRF token
        """
        authorization = request.headers.get("authorization", "")
        if authorization:
            return self._by_key(authorization, address_of(request))
        token = request.cookies.get(COOKIE, "")
        session = self._control.session(token) if token else None
        if session is None:
            raise Problem(
                401, "nobody is signed in", "Sign in by POST /v1/session, or send a key as a Bearer token",
                headers={"www-authenticate": "Bearer"},
            )  # fmt: skip
        if request.method not in SAFE:
            check_origin(request)
            # Bytes: a header may hold what ASCII cannot, and compare_digest refuses such text.
            if not compare_digest(request.headers.get(CSRF_HEADER, "").encode(), session.csrf.encode()):
                raise Problem(
                    403, "the request lacks the session's CSRF token", f"Send it in {CSRF_HEADER}; see /v1/me"
                )
        user = session.user
        return Principal(who=user.name, verbs=user.verbs, sees_people=user.sees_people, session=session)

    def _by_key(self, authorization: str, address: str) -> Principal:
        key = self._key(authorization, address)
        return Principal(who=f"key:{key.prefix}", verbs=SCOPE_VERBS[key.scope], sees_people=True)

    def _key(self, authorization: str, address: str) -> ApiKey:
        scheme, _, text = authorization.partition(" ")
        known, key = self._control.recall_key(text.strip())
        if not known:
            self._strangers.take(address)
            key = self._control.find_key(text.strip())
        if scheme.lower() != "bearer" or key is None:
            raise Problem(
                401, "the key is not known", "Make one with `guanxi keys create read`, send it as a Bearer token",
                headers={"www-authenticate": "Bearer"},
            )  # fmt: skip
        return key


def check_origin(request: Request) -> None:
    """Refuse a write that a page of another site makes.

    raises  Problem: 403
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise Problem(403, "the request comes from a page of another site", "Use the page that this server serves")


def address_of(request: Request) -> str:
    """Return the network address that the request came from."""
    return request.client.host if request.client else ""
