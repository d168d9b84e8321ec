"""The console's files: what is kept, what is packed, what falls back to the page, and what never leaves the folder."""

import asyncio
import gzip
from pathlib import Path

import httpx
import pytest

from guanxi.api.shield import HEADERS
from guanxi.api.static import ABSENT, FOR_EVER, Console, accepts_gzip

PAGE = '<!doctype html><head><meta name="guanxi-workspace" content="" /></head>'


async def _nothing(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"nothing"})


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "secret.js").write_text("secret")
    folder = tmp_path / "console"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "stamp").write_text("stamp")
    (folder / "assets" / "index-a1.js").write_text("let a = 1;" * 50)
    (folder / "assets" / "index-a1.js.gz").write_bytes(gzip.compress(b"let a = 1;" * 50))
    (folder / "assets" / "mark-b2.svg").write_text("<svg/>")
    return folder


def ask(built: Path, path: str, *, method: str = "GET", **headers: str) -> httpx.Response:
    async def get() -> httpx.Response:
        app = Console(built, workspace='shop "<1>"', otherwise=_nothing)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
            return await client.request(method, path, headers={"accept-encoding": "identity", **headers})

    return asyncio.run(get())


@pytest.mark.parametrize(
    "path",
    ["/", "/cockpit", "/data/import", "/people/account:app:u-1.2", "/traits/ip.orders.count.10m", "/login", "/v1x"],
)
def test_paths_of_the_console_show_the_page(built: Path, path: str) -> None:
    answer = ask(built, path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert 'content="shop &quot;&lt;1&gt;&quot;"' in answer.text
    assert ask(built, path, method="HEAD").content == b""


@pytest.mark.parametrize(
    "path",
    [
        "/v1", "/v1/", "/v1/nothing", "/assets/", "/assets/absent.js", "/robots.txt", "/stamp.txt",
        "/assets/index-a1.js.gz", "/assets/..%2f..%2fsecret.js", "/assets/%2e%2e/secret.js", "/assets/..%5csecret.js",
        "/../secret.js", "/assets/index-a1.js%00", "/assets/.hidden.js",
    ],
)  # fmt: skip
def test_everything_else_is_not_the_console_s(built: Path, path: str) -> None:
    answer = ask(built, path)
    assert (answer.status_code, answer.text) == (404, "nothing")


def test_assets_are_kept_for_ever_and_packed_for_who_takes_it(built: Path) -> None:
    plain = ask(built, "/assets/index-a1.js")
    packed = ask(built, "/assets/index-a1.js", **{"accept-encoding": "br, gzip"})
    assert plain.text == packed.text
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    for answer in (plain, packed):
        assert answer.headers["cache-control"] == FOR_EVER
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers["content-type"].startswith("text/javascript")
    assert ask(built, "/assets/mark-b2.svg", **{"accept-encoding": "gzip"}).text == "<svg/>"


def test_other_methods_are_not_answered(built: Path) -> None:
    assert ask(built, "/", method="POST").status_code == 404


def test_without_a_build_the_page_says_what_to_do(tmp_path: Path) -> None:
    answer = ask(tmp_path / "absent", "/cockpit")
    assert answer.status_code == 200
    assert answer.text == ABSENT
    assert "make setup" in answer.text


@pytest.mark.parametrize(
    ("header", "allowed"),
    [("gzip", True), ("br;q=1, gzip;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.000, *", False), ("*", True),
     ("identity", False), ("", False), ("*;q=0", False)],
)  # fmt: skip
def test_accept_encoding(header: str, allowed: bool) -> None:
    assert accepts_gzip(header) is allowed


def test_scripts_come_from_here_alone() -> None:
    rules = dict(part.strip().split(" ", 1) for part in HEADERS["content-security-policy"].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"


def test_the_desk_serves_the_page_and_keeps_its_own_words_for_the_api(desk: httpx.Client, is_error) -> None:
    page = desk.get("/cockpit")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"] == HEADERS["content-security-policy"]
    is_error(desk.get("/v1/nothing"), 404)
    is_error(desk.post("/cockpit"), 404)
    is_error(desk.get("/v1/session"), 405)
