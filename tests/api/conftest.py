"""A workspace that is served for real: gate and desk by uvicorn on free loopback ports."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher

from guanxi.api import desk_app, gate_app
from guanxi.app import Control, Gate, User, Workspace

GENEROUS = "[limits]\nrequests_per_second = 1e6\nrequest_burst = 1000000\nlogins_per_minute = 1000\n"


@dataclass
class Served:
    """What a test needs to talk to a served workspace."""

    folder: Path
    password: str
    gate: str
    desk: str
    token: str
    keys: dict[str, str]
    workspace: Workspace
    members: dict[str, User] = field(default_factory=dict)

    def client(self, url: str, **options) -> httpx.Client:
        # Nothing here is HTTPS; reading the certificates of the world takes longer than most tests.
        return httpx.Client(base_url=url, trust_env=False, timeout=20, verify=False, **options)

    def browser(self, *roles: str, fresh: bool = False) -> httpx.Client:
        """A client whose session belongs to a member with these roles; `fresh` = one of its own."""
        control = self.workspace.control
        name = f"{'-'.join(roles)}.{time.monotonic_ns()}" if fresh else "-".join(roles)
        user = self.members.get(name) or control.create_user(name, "a long enough password", roles=roles)
        self.members[name] = user
        opened = control.open_session(user)
        headers = {"x-csrf-token": opened.session.csrf}
        return self.client(self.desk, cookies={"guanxi_session": opened.token}, headers=headers)


@contextlib.contextmanager
def run(app, bound: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(
        app, log_level="critical", access_log=False, ws="none", lifespan="on", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        bound.close()


@contextlib.contextmanager
def serve(folder: Path, settings: str) -> Iterator[Served]:
    made, password = Workspace.create(folder)
    made.close()
    (folder / "guanxi.toml").write_text(settings, "utf-8")
    with contextlib.ExitStack() as stack:
        ingest, desk = (stack.enter_context(Workspace.open(folder)) for _ in range(2))
        # argon2id at its cheapest: the strength of the hash is tested beside the control database.
        desk.control.close()
        desk.__dict__["control"] = Control.open(folder, hasher=PasswordHasher(1, 64, 1))
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        urls = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in sockets]
        gate = Gate(ingest)
        token = gate.announce(urls[0])
        keys = {scope: desk.control.create_key(scope).secret for scope in ("client", "server", "read", "admin")}
        stack.enter_context(run(gate_app(ingest, gate, token=token), sockets[0]))
        stack.enter_context(run(desk_app(desk, gate_url=urls[0]), sockets[1]))
        yield Served(folder, password, urls[0], urls[1], token, keys, desk)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served workspace with limits that no test meets."""
    keys = '[[keys]]\nkey = "PRODUCT"\nscope = "server"\nlabel = "GrowingIO"\n'
    with serve(tmp_path_factory.mktemp("served") / "shop", GENEROUS + keys) as one:
        yield one


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served workspace for tests that fill the log with every kind: reading it back takes long."""
    with serve(tmp_path_factory.mktemp("apart") / "shop", GENEROUS) as one:
        yield one


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served workspace with limits that are met at once."""
    limits = """[limits]
body_bytes = 2000
inflated_bytes = 4000
batch_events = 5
requests_per_second = 0.5
request_burst = 3
logins_per_minute = 3
upload_bytes = 3000
"""
    with serve(tmp_path_factory.mktemp("tight") / "shop", limits) as one:
        yield one


@pytest.fixture
def gate(served: Served) -> Iterator[httpx.Client]:
    with served.client(served.gate) as client:
        yield client


@pytest.fixture
def desk(served: Served) -> Iterator[httpx.Client]:
    with served.client(served.desk) as client:
        yield client


@pytest.fixture
def bearer(served: Served) -> Callable[[str], dict[str, str]]:
    """Headers that show the key of a scope."""
    return lambda scope: {"authorization": f"Bearer {served.keys[scope]}"}


@pytest.fixture(scope="session")
def is_error() -> Callable[[httpx.Response, int], dict]:
    """Check that a response is an error of the one shape, with the headers of every answer; returns its body."""

    def check(response: httpx.Response, status: int) -> dict:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/json"
        body = response.json()
        assert body["what"]
        assert body["mend"]
        assert isinstance(body["field"], str)
        assert response.headers["x-content-type-options"] == "nosniff"
        return body

    return check
