"""The desk's routes about people: signing in, members, keys, the operation log."""

import secrets
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from guanxi.api import examples
from guanxi.api.access import COOKIE, Access, Principal, address_of, check_origin
from guanxi.api.errors import Problem
from guanxi.api.routes import Limit, Page, Routes, number_of
from guanxi.app import ROLES, ApiKey, NewKey, OpenedSession, Operation, Role, Session, User, Verb, Workspace

_KEY_COLUMNS: Final = ("id", "prefix", "scope", "label", "origin", "created_ms", "revoked_ms", "used_ms")
_OPERATION_COLUMNS: Final = ("seq", "at_ms", "who", "verb", "object", "detail", "ip")


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in; `csrf` goes into X-CSRF-Token of every write."""

    who: str
    roles: tuple[str, ...]
    verbs: list[Verb]
    csrf: str
    expires_ms: int


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """A member and the password, shown once."""

    user: User
    password: str


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SignIn(_Body):
    """Name and password."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "admin", "password": "the password"}})
    name: str = Field(max_length=128)
    password: str = Field(max_length=1024)


class UserBody(_Body):
    """A new member."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "zhou.ning", "roles": ["operator"]}})
    name: str = Field(max_length=64)
    roles: list[str] = Field(max_length=len(ROLES))


class RolesBody(_Body):
    """Other roles."""

    model_config = ConfigDict(json_schema_extra={"example": {"roles": ["operator", "analyst"]}})
    roles: list[str] = Field(max_length=len(ROLES))


class PasswordBody(_Body):
    """The old password and the new one."""

    model_config = ConfigDict(json_schema_extra={"example": {"old": "the old one", "new": "a longer new one"}})
    old: str = Field(max_length=1024)
    new: str = Field(max_length=1024)


class KeyBody(_Body):
    """A new key."""

    model_config = ConfigDict(json_schema_extra={"example": {"scope": "client", "label": "shop front"}})
    scope: Literal["client", "server", "read", "admin"]
    label: str = Field("", max_length=128)


def session_routes(workspace: Workspace) -> APIRouter:
    """Return signing in and out: the only routes that ask for no right."""
    router, control = APIRouter(tags=["session"]), workspace.control
    settings = workspace.settings

    @router.post(
        "/v1/session", summary="登录 · Sign in", response_class=Response,
        responses={200: {"description": "Signed in", "content": {"application/json": {"example": examples.ME}}}},
    )  # fmt: skip
    def sign_in(request: Request, body: SignIn) -> Response:
        """Begin a session; the cookie is HttpOnly, the CSRF token is in the answer."""
        check_origin(request)
        ip = address_of(request)
        user = control.verify_password(body.name, body.password, ip=ip, per_minute=settings.limits.logins_per_minute)
        if user is None:
            raise Problem(401, "the name or the password is wrong", "Try again, or ask an administrator for a new one")
        old = request.cookies.get(COOKIE)
        if old:
            control.close_session(old)
        opened = control.open_session(user)
        control.record(who=user.name, verb="sign-in", object="session", ip=ip)
        return _with_cookie(opened, secure=settings.serve.secure_cookies)

    @router.delete(
        "/v1/session", summary="退出 · Sign out", response_class=Response, status_code=204,
        responses={204: {"description": "Signed out", "content": {"text/plain": {"example": ""}}}},
    )  # fmt: skip
    def sign_out(request: Request) -> Response:
        """End the session of the cookie; without one nothing happens."""
        check_origin(request)
        token = request.cookies.get(COOKIE)
        if token and (session := control.session(token)) is not None:
            control.close_session(token)
            control.record(who=session.user.name, verb="sign-out", object="session", ip=address_of(request))
        answer = Response(status_code=204)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=settings.serve.secure_cookies)
        return answer

    return router


def own_routes(workspace: Workspace, access: Access) -> APIRouter:
    """Return the routes about oneself."""
    control = workspace.control
    routes = Routes(access, control, tag="session")

    @routes.route("GET", "/v1/me", verb="view", zh="我是谁", en="Who is signed in", example=examples.ME)
    def me(request: Request) -> Me:
        return _me(_session(request))

    @routes.route("PUT", "/v1/me/password", verb="view", zh="改密码", en="Change the own password", example=examples.ME)
    def change_password(request: Request, body: PasswordBody) -> Response:
        """Give oneself another password; all own sessions end, a new one begins."""
        user = _session(request).user
        limit = workspace.settings.limits.logins_per_minute
        if control.verify_password(user.name, body.old, ip=address_of(request), per_minute=limit) is None:
            raise Problem(403, "the old password is wrong", "Try again", "old")
        control.set_password(user.id, body.new)
        routes.record(request, "change password", f"user {user.id}")
        return _with_cookie(control.open_session(user), secure=workspace.settings.serve.secure_cookies)

    return routes.router


def member_routes(workspace: Workspace, access: Access) -> APIRouter:
    """Return the routes about roles and members."""
    control = workspace.control
    routes = Routes(access, control, tag="members")

    @routes.listing("/v1/roles", zh="角色", en="Roles and their rights", columns=("name", "zh", "en", "verbs"),
                    example=examples.ROLE)  # fmt: skip
    def roles(request: Request) -> Page[Role]:
        return Page(rows=list(ROLES.values()))

    @routes.listing("/v1/users", verb="administer", zh="成员", en="Members", example=examples.USER,
                    columns=("id", "name", "roles", "created_ms", "disabled_ms"))  # fmt: skip
    def users(request: Request) -> Page[User]:
        return Page(rows=control.users())

    @routes.route("POST", "/v1/users", verb="administer", zh="添加成员", en="Add a member", status=201,
                  example=examples.NEW_USER)  # fmt: skip
    def create_user(request: Request, body: UserBody) -> NewUser:
        """Add a member; the password is made here and shown once."""
        password = secrets.token_urlsafe(15)
        user = control.create_user(body.name, password, roles=body.roles)
        routes.record(request, "create", f"user {user.id}", name=user.name, roles=list(user.roles))
        return NewUser(user=user, password=password)

    return routes.router


def member_change_routes(workspace: Workspace, access: Access) -> APIRouter:
    """Return the routes that change a member."""
    control = workspace.control
    routes = Routes(access, control, tag="members")

    @routes.route(
        "PUT", "/v1/users/{user_id}/roles", verb="administer", zh="改角色", en="Change roles", example=examples.USER
    )
    def set_roles(request: Request, user_id: int, body: RolesBody) -> User:
        """Give a member other roles; their sessions end."""
        user = control.set_roles(user_id, body.roles)
        routes.record(request, "change roles", f"user {user.id}", roles=list(user.roles))
        return user

    @routes.route("POST", "/v1/users/{user_id}/password", verb="administer", zh="重置密码", en="Make a new password",
                  example=examples.NEW_USER)  # fmt: skip
    def reset_password(request: Request, user_id: int) -> NewUser:
        """Make a new password for a member, shown once; their sessions end."""
        password = secrets.token_urlsafe(15)
        user = control.set_password(user_id, password)
        routes.record(request, "reset password", f"user {user.id}")
        return NewUser(user=user, password=password)

    @routes.route(
        "DELETE", "/v1/users/{user_id}", verb="administer", zh="停用成员", en="Disable a member", example=examples.USER
    )
    def disable_user(request: Request, user_id: int) -> User:
        """Forbid a member to sign in; what they did stays in the log."""
        user = control.disable_user(user_id)
        routes.record(request, "disable", f"user {user.id}")
        return user

    @routes.route(
        "POST",
        "/v1/users/{user_id}/enable",
        verb="administer",
        zh="恢复成员",
        en="Enable a member",
        example=examples.USER,
    )
    def enable_user(request: Request, user_id: int) -> User:
        user = control.enable_user(user_id)
        routes.record(request, "enable", f"user {user.id}")
        return user

    return routes.router


def key_routes(workspace: Workspace, access: Access) -> APIRouter:
    """Return the routes about keys and the operation log."""
    control = workspace.control
    routes = Routes(access, control, tag="keys")

    @routes.listing("/v1/keys", verb="administer", zh="密钥", en="Keys", example=examples.KEY,
                    columns=_KEY_COLUMNS)  # fmt: skip
    def keys(request: Request) -> Page[ApiKey]:
        return Page(rows=control.keys())

    @routes.route("POST", "/v1/keys", verb="administer", zh="新建密钥", en="Make a key", status=201,
                  example=examples.NEW_KEY)  # fmt: skip
    def create_key(request: Request, body: KeyBody) -> NewKey:
        """Make a key; its secret is shown once."""
        made = control.create_key(body.scope, label=body.label)
        routes.record(request, "create", f"key {made.key.id}", prefix=made.key.prefix, scope=made.key.scope)
        return made

    @routes.route(
        "DELETE", "/v1/keys/{key_id}", verb="administer", zh="停用密钥", en="Revoke a key", example=examples.KEY
    )
    def revoke_key(request: Request, key_id: int) -> ApiKey:
        """End a key; within three seconds no process takes it any more."""
        key = control.revoke_key(key_id)
        routes.record(request, "revoke", f"key {key.id}", prefix=key.prefix)
        return key

    @routes.listing("/v1/operations", verb="administer", zh="操作日志", en="The operation log",
                    example=examples.OPERATION, columns=_OPERATION_COLUMNS)  # fmt: skip
    def operations(
        request: Request, who: str | None = None, verb: str | None = None, limit: Limit = 100,
        cursor: Annotated[str, Query(max_length=40)] = "",
    ) -> Page[Operation]:  # fmt: skip
        """Who did what, the newest first; nothing here can be changed."""
        before = number_of(cursor) or None
        rows = control.operations(limit=limit, before=before, who=who, verb=verb)
        return Page(rows=rows, next=str(rows[-1].seq) if len(rows) == limit else None)

    return routes.router


def _session(request: Request) -> Session:
    me: Principal = request.state.me
    if me.session is None:
        raise Problem(403, "a key is no person", "Sign in by POST /v1/session")
    return me.session


def _me(session: Session) -> Me:
    user = session.user
    return Me(
        who=user.name, roles=user.roles, verbs=sorted(user.verbs), csrf=session.csrf, expires_ms=session.expires_ms
    )


def _with_cookie(opened: OpenedSession, *, secure: bool) -> Response:
    body: dict[str, Any] = msgspec.to_builtins(_me(opened.session))
    answer = Response(msgspec.json.encode(body), media_type="application/json")
    answer.set_cookie(COOKIE, opened.token, path="/", httponly=True, samesite="strict", secure=secure)
    return answer
