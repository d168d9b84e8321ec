"""The console as people use it: a served workspace with a small town, and a browser that is signed in."""

import contextlib
import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from argon2 import PasswordHasher

from guanxi.api import desk as desk_module
from guanxi.api import desk_app, gate_app
from guanxi.api.static import BUILT
from guanxi.app import Control, Gate, Workspace, found_town, plan_town, run_town, today_there
from guanxi.app.trait_spread import distribution

REPO = Path(__file__).resolve().parents[2]
AXE = REPO / "console" / "node_modules" / "axe-core" / "axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1440, "height": 900}
PASSWORD = "a long enough password"
GENEROUS = "[limits]\nrequests_per_second = 1e6\nrequest_burst = 1000000\nlogins_per_minute = 1000\n"
PEOPLE, DAYS = 300, 21
# A workspace refuses variables that are no settings, so they are taken away here.
SHOTS = os.environ.pop("GUANXI_SHOTS", "")  # folder for pictures
BUILD = Path(os.environ.pop("GUANXI_CONSOLE", BUILT))  # another build of the console


@dataclass
class Served:
    """A served workspace.

    url        of the desk
    workspace  for changes behind the page's back
    """

    folder: Path
    url: str
    gate: str
    workspace: Workspace
    stop_desk: Callable[[], None]
    start_desk: Callable[[], None]
    members: set[str] = field(default_factory=set)

    def member(self, *roles: str, name: str = "") -> str:
        """The name of a member with these roles, who signs in with PASSWORD."""
        name = name or "-".join(roles)
        if name not in self.members:
            self.workspace.control.create_user(name, PASSWORD, roles=roles)
            self.members.add(name)
        return name

    def show(self, name: str, *, theme: str = "light", language: str = "zh") -> None:
        """Let the page look to a member as to a new one, but for what is named; the tour is over."""
        user = next(user for user in self.workspace.control.users() if user.name == name)
        plain = {"colours": "none", "density": "compact", "shortcuts": True, "tour_ms": 1}
        self.workspace.control.set_appearance(user.id, theme=theme, language=language, **plain)

    def cookie(self, name: str) -> dict[str, str]:
        """A new session of a member, as a browser keeps it."""
        user = next(user for user in self.workspace.control.users() if user.name == name)
        token = self.workspace.control.open_session(user).token
        return {"name": "guanxi_session", "value": token, "url": self.url, "sameSite": "Strict"}


class _Server:
    """One listener on a port of its own, which can be stopped and started again."""

    def __init__(self, make, port: int = 0) -> None:
        self._make = make
        with socket.create_server(("127.0.0.1", port)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None

    def start(self) -> None:
        bound = socket.create_server(("127.0.0.1", self.port))
        config = uvicorn.Config(
            self._make(), log_level="critical", access_log=False, ws="none", lifespan="on", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [bound]})
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        self._bound = bound

    def stop(self) -> None:
        if self._server is None:
            return
        self._server.should_exit = True
        self._thread.join()
        self._bound.close()
        self._server = None


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the machine's browser; skips without one, or without a built console."""
    pytest.importorskip("playwright.sync_api")
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the PATH")
    if not (BUILD / "index.html").is_file():
        pytest.skip("the console is not built: python3 scripts/console.py build")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str):
    """A headless browser for one module: while it is open, asyncio of other tests could not run in this thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def served(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A workspace with three weeks of a small town, behind a gate and a desk."""
    folder = tmp_path_factory.mktemp("console") / "shop"
    settle(folder, people=PEOPLE, days=DAYS)
    with Workspace.open(folder) as workspace:  # what a first reading compiles may take longer than a page is waited for
        distribution(workspace, "person.spend.sum.30d", until=1_767_225_600_000)
    with serving(folder) as one:
        yield one


def settle(folder: Path, **size: Any) -> None:
    """Make a workspace with a small town that ends yesterday; `size` as plan_town takes it."""
    made, _ = found_town(folder, plan_town("small", seed=7, today=today_there(), **size))
    run_town(made)
    made.close()


@contextlib.contextmanager
def serving_alone(folder: Path) -> Iterator[Served]:
    """A new workspace without any event, which no other module's tests write into."""
    made, _ = Workspace.create(folder)
    made.close()
    with serving(folder) as one:
        yield one


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """A workspace behind a gate and a desk, which shows the built console."""
    desk_module.BUILT = BUILD
    (folder / "guanxi.toml").write_text(GENEROUS, "utf-8")
    with contextlib.ExitStack() as stack:
        ingest, desk = (stack.enter_context(Workspace.open(folder)) for _ in range(2))
        # argon2id at its cheapest: the strength of the hash is tested beside the control database.
        desk.control.close()
        desk.__dict__["control"] = Control.open(folder, hasher=PasswordHasher(1, 64, 1))
        gate = Gate(ingest)
        taking = _Server(lambda: gate_app(ingest, gate, token=token))
        token = gate.announce(taking.url)
        serving = _Server(lambda: desk_app(desk, gate_url=taking.url))
        for one in (taking, serving):
            one.start()
            stack.callback(one.stop)
        yield Served(folder, serving.url, taking.url, desk, serving.stop, serving.start)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Call every test that opens a page slow: `make test` runs them, `make check` leaves them out."""
    for item in items:
        if item.path.parent == Path(__file__).parent and "page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def context(browser, served: Served):
    """A browser of its own for each test, in Chinese, that goes nowhere but to the desk."""
    made = browser.new_context(viewport=SIZE, locale="zh-CN", timezone_id="Asia/Shanghai", base_url=served.url)
    made.set_default_timeout(30_000)
    outside: list[str] = []
    made.on(
        "request",
        lambda asked: None if asked.url.startswith((served.url, "data:", "blob:")) else outside.append(asked.url),
    )
    yield made
    made.close()
    assert outside == [], "the page asks other hosts"


@pytest.fixture
def page(context, served: Served):
    """A page of a member who may do everything; it fails the test on an error of the page's own code."""
    name = served.member("manager", "engineer", "reviewer", "operator", name="zhou.ning")
    served.show(name)
    context.add_cookies([served.cookie(name)])
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    assert errors == [], "the page's own code failed"


@pytest.fixture(scope="session")
def axe():
    """Check a page by axe: WCAG 2 A and AA; returns nothing, fails with what is wrong and where."""

    def check(page) -> None:
        page.evaluate(f"() => {{ {AXE.read_text('utf-8')} }}")
        found = page.evaluate("() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })")
        wrong = [
            (one["id"], one["nodes"][0]["failureSummary"], [node["html"][:160] for node in one["nodes"]])
            for one in found["violations"]
        ]  # fmt: skip
        assert wrong == [], json.dumps(wrong, ensure_ascii=False, indent=1)

    return check


@pytest.fixture
def shot(page) -> Callable[..., None]:
    """Save a picture of the page under a name, in the folder that GUANXI_SHOTS names."""

    def save(name: str, *, full: bool = False) -> None:
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=full)

    return save
