"""Who may do what at the desk: sign-in, CSRF, sessions, roles, keys."""

import sqlite3
import time

import httpx
import pytest

from guanxi.app import ROLES, SCOPE_VERBS, VERBS

COOKIE = "guanxi_session"
DECIDE = "/v1/decide"  # also with a server key
SAFE = {"get", "head"}


def sign_in(served, client: httpx.Client, password: str = "", **headers: str) -> httpx.Response:
    body = {"name": "admin", "password": password or served.password}
    return client.post("/v1/session", json=body, headers=headers)


def test_sign_in_and_out(served, desk: httpx.Client, is_error) -> None:
    is_error(desk.get("/v1/me"), 401)
    answer = sign_in(served, desk)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "domain" not in cookie.lower()
    assert desk.get("/v1/me").json() == answer.json()
    assert set(answer.json()["verbs"]) == {"view", "export", "approve", "configure", "administer"}
    token = desk.cookies[COOKIE]
    assert desk.delete("/v1/session").status_code == 204
    assert COOKIE not in desk.cookies
    is_error(desk.get("/v1/me", headers={"cookie": f"{COOKIE}={token}"}), 401)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"name": "admin", "password": "wrong"}, 401, id="wrong-password"),
        pytest.param({"name": "nobody", "password": "wrong"}, 401, id="unknown-name"),
        pytest.param({"name": "admin"}, 400, id="no-password"),
        pytest.param({"name": "admin", "password": 5}, 400, id="number"),
        pytest.param({"name": "admin", "password": "secret-value", "extra": 1}, 400, id="unknown-field"),
        pytest.param({"name": "admin", "password": "secret-value" * 200}, 400, id="long"),
        pytest.param([], 400, id="list"),
    ],
)
def test_sign_in_refused(desk: httpx.Client, is_error, body: object, status: int) -> None:
    answer = desk.post("/v1/session", json=body)
    is_error(answer, status)
    assert "secret-value" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        pytest.param(b"{", {"content-type": "application/json"}, 400, id="half-json"),
        pytest.param(b'{"name":NaN,"password":"x"}', {"content-type": "application/json"}, 400, id="nan"),
        pytest.param(b'{"name":' + b"[" * 20_000, {"content-type": "application/json"}, 400, id="deep"),
        pytest.param(b"\xff", {"content-type": "application/json"}, 400, id="not-utf8"),
        pytest.param(b"name=admin&password=x", {"content-type": "application/x-www-form-urlencoded"}, 400, id="form"),
        pytest.param(b'{"name":"a","password":"b"}', {"content-type": "text/plain"}, 400, id="a-form-of-another-site"),
        pytest.param(b" " * 70_000, {"content-type": "application/json"}, 413, id="large"),
    ],
)
def test_bodies_that_are_no_sign_in(desk: httpx.Client, is_error, content: bytes, headers: dict, status: int) -> None:
    is_error(desk.post("/v1/session", content=content, headers=headers), status)


def test_a_token_that_the_browser_brings_is_never_used(served, desk: httpx.Client, is_error) -> None:
    planted = "planted-by-somebody-else-planted-by-somebody-"
    fixed = sign_in(served, desk, cookie=f"{COOKIE}={planted}")
    assert fixed.cookies[COOKIE] != planted
    is_error(desk.get("/v1/me", headers={"cookie": f"{COOKIE}={planted}"}), 401)
    first = fixed.cookies[COOKIE]
    second = sign_in(served, desk, cookie=f"{COOKIE}={first}").cookies[COOKIE]
    assert second != first
    desk.cookies.clear()
    is_error(desk.get("/v1/me", headers={"cookie": f"{COOKIE}={first}"}), 401)
    assert desk.get("/v1/me", headers={"cookie": f"{COOKIE}={second}"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"x-csrf-token": ""}, id="none"),
        pytest.param({"x-csrf-token": "wrong"}, id="wrong"),
        pytest.param({b"x-csrf-token": "é".encode()}, id="not-ascii"),
        pytest.param({"origin": "https://evil.example"}, id="another-site"),
        pytest.param({"origin": "null"}, id="sandboxed"),
    ],
)
def test_writes_need_the_csrf_token_and_no_strange_origin(served, is_error, headers: dict) -> None:
    before = len(served.workspace.control.keys())
    with served.browser("manager") as browser:
        is_error(browser.post("/v1/keys", json={"scope": "read"}, headers=headers), 403)
        assert len(served.workspace.control.keys()) == before
        own = {"origin": served.desk}
        assert browser.post("/v1/keys", json={"scope": "read"}, headers=own).status_code == 201


def test_a_page_of_another_site_cannot_sign_anybody_in(served, desk: httpx.Client, is_error) -> None:
    is_error(sign_in(served, desk, origin="https://evil.example"), 403)


@pytest.mark.parametrize("column", ["seen_ms", "expires_ms"])
def test_sessions_end_by_themselves(served, is_error, column: str) -> None:
    with served.browser("operator", fresh=True) as browser:
        assert browser.get("/v1/me").status_code == 200
        long_ago = int(time.time() * 1000) - 8 * 86_400_000
        db = sqlite3.connect(served.folder / "control.sqlite")
        with db:
            name = browser.get("/v1/me").json()["who"]
            db.execute(
                f"UPDATE sessions SET {column}=? WHERE user_id=(SELECT id FROM users WHERE name=?)", (long_ago, name)
            )
        db.close()
        is_error(browser.get("/v1/me"), 401)


def test_failed_sign_ins_pause_the_address(tight, is_error) -> None:
    with tight.client(tight.desk) as client:
        for _ in range(3):
            is_error(client.post("/v1/session", json={"name": "admin", "password": "wrong"}), 401)
        paused = sign_in(tight, client)
        is_error(paused, 429)
        assert int(paused.headers["retry-after"]) > 0


def test_requests_of_one_caller_are_limited(tight, is_error) -> None:
    with tight.client(tight.desk, headers={"authorization": f"Bearer {tight.keys['read']}"}) as client:
        answers = [client.get("/v1/kinds") for _ in range(5)]
    assert answers[0].status_code == 200
    is_error(answers[-1], 429)


def operations_of(served) -> list[tuple[str, str, str, str, bool]]:
    """(method, path with made-up values, verb, second verb, people) of every route that needs a right."""
    with served.client(served.desk) as client:
        paths = client.get("/openapi.json").json()["paths"]
    dummies = {
        "{user_id}": "999999",
        "{key_id}": "999999",
        "{reference}": "1",
        "{name}": "nothing",
        "{ref}": "account:app:x",
        "{upload_id}": "0123456789abcdef",
        "{job_id}": "nothing",
        "{note_id}": "nothing",
    }
    found = []
    for path, item in paths.items():
        for method, operation in item.items():
            verb = operation.get("x-verb", "")
            if verb in VERBS and path != "/v1/live":
                for brace, value in dummies.items():
                    path = path.replace(brace, value)
                found.append((method, path, verb, operation.get("x-also", verb), operation["x-people"]))
    return found


@pytest.mark.parametrize("role", ROLES)
def test_every_route_asks_for_its_right(served, role: str) -> None:
    verbs, sees_people = set(ROLES[role].verbs), not ROLES[role].aggregates_only
    tried = operations_of(served)
    assert len(tried) > 30
    personal = {path for _, path, _, _, people in tried if people}
    assert personal >= {"/v1/events", "/v1/events.xlsx", "/v1/parties/account:app:x", "/v1/parked/rows"}
    assert not personal & {"/v1/status", "/v1/kinds", "/v1/roles"}
    with served.browser(role) as browser:
        for method, path, verb, also, people in tried:
            needed = {verb, also}
            if path.endswith((".csv", ".xlsx")):
                assert "export" in needed, path
            if administered(path):
                assert "administer" in needed, path
            allowed = needed <= verbs and (sees_people or not people)
            status = browser.request(method, path).status_code
            assert (status == 403) is not allowed, (method, path, status)
            assert status < 500, (method, path, status)


def administered(path: str) -> bool:
    return path.startswith(("/v1/users", "/v1/keys", "/v1/operations"))


@pytest.mark.parametrize("scope", SCOPE_VERBS)
def test_keys_at_the_desk(served, scope: str) -> None:
    with served.client(served.desk, headers={"authorization": f"Bearer {served.keys[scope]}"}) as client:
        for method, path, verb, _, _ in operations_of(served):
            if path == "/v1/me" or path.startswith("/v1/me/"):
                assert client.request(method, path).status_code in (400, 403)
                continue
            allowed = verb in SCOPE_VERBS[scope] or (path, scope) == (DECIDE, "server")
            status = client.request(method, path).status_code
            assert (status == 403) is not allowed, (method, path, status)


@pytest.mark.parametrize("header", ["Bearer nope", "Basic nope", "nope", "Bearer", "Bearer \xe9"])
def test_a_bad_key_does_not_fall_back_to_the_cookie(served, is_error, header: str) -> None:
    with served.browser("manager") as browser:
        is_error(browser.get("/v1/status", headers={"authorization": header.encode("latin-1")}), 401)


def test_members_are_administered_and_it_is_logged_without_secrets(served, is_error) -> None:
    control = served.workspace.control
    with served.browser("manager", fresh=True) as admin, served.client(served.desk) as other:
        made = admin.post("/v1/users", json={"name": "Zhou.Ning", "roles": ["operator"]}).json()
        user, password = made["user"]["id"], made["password"]
        assert len(password) >= 20
        key = admin.post("/v1/keys", json={"scope": "client", "label": "shop"}).json()
        assert other.post("/v1/session", json={"name": "zhou.ning", "password": password}).status_code == 200
        assert admin.put(f"/v1/users/{user}/roles", json={"roles": ["analyst"]}).json()["roles"] == ["analyst"]
        is_error(other.get("/v1/me"), 401)  # other rights, another session
        second = admin.post(f"/v1/users/{user}/password").json()["password"]
        is_error(other.post("/v1/session", json={"name": "zhou.ning", "password": password}), 401)
        assert other.post("/v1/session", json={"name": "zhou.ning", "password": second}).status_code == 200
        other.headers["x-csrf-token"] = other.get("/v1/me").json()["csrf"]
        is_error(other.put("/v1/me/password", json={"old": "wrong", "new": "a third long one"}), 403)
        is_error(other.put("/v1/me/password", json={"old": second, "new": "short"}), 400)
        assert other.put("/v1/me/password", json={"old": second, "new": "a third long one"}).status_code == 200
        assert other.get("/v1/me").status_code == 200  # a new session in place of the old
        assert admin.delete(f"/v1/users/{user}").json()["disabled_ms"]
        is_error(other.get("/v1/me"), 401)
        assert admin.post(f"/v1/users/{user}/enable").json()["disabled_ms"] is None
        assert admin.delete(f"/v1/keys/{key['key']['id']}").json()["revoked_ms"]
        for bad in (
            {"name": "x", "roles": ["king"]},
            {"name": "zhou.ning", "roles": ["wall"]},
            {"name": "", "roles": []},
        ):
            is_error(admin.post("/v1/users", json=bad), 400)
        is_error(admin.post("/v1/keys", json={"scope": "root"}), 400)
        is_error(admin.delete("/v1/users/999999"), 404)
        is_error(admin.delete("/v1/keys/999999"), 404)
        is_error(admin.put("/v1/users/x/roles", json={"roles": ["wall"]}), 400)
        who = admin.get("/v1/me").json()["who"]
        lines = admin.get("/v1/operations", params={"who": who}).json()["rows"]
    assert [line["verb"] for line in lines] == [
        "revoke", "enable", "disable", "reset password", "change roles", "create", "create",
    ]  # fmt: skip
    assert all(line["ip"] == "127.0.0.1" for line in lines)
    assert [row.verb for row in control.operations(who="zhou.ning")] == ["change password", "sign-in", "sign-in"]
    stored = b"".join(path.read_bytes() for path in served.folder.glob("control.sqlite*"))
    for secret in (password, second, "a third long one", key["secret"], served.password):
        assert secret.encode() not in stored


def test_the_last_administrator_stays(tight, is_error) -> None:
    admin = tight.workspace.control.users()[0]
    opened = tight.workspace.control.open_session(admin)
    headers = {"x-csrf-token": opened.session.csrf}
    with tight.client(tight.desk, cookies={COOKIE: opened.token}, headers=headers) as client:
        is_error(client.delete(f"/v1/users/{admin.id}"), 403)
        assert client.get("/v1/me").status_code == 200
