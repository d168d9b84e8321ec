"""docs/api.md names every route under /v1 with its methods, and no other."""

import json
import re
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
METHODS = ("GET", "POST", "PUT", "DELETE")
TWINS = (".json", ".csv", ".xlsx")  # said once for all lists


def named(text: str) -> set[tuple[str, str]]:
    """(method, path) of every route in the first column of a table: `GET` `PUT /v1/a` `/v1/b` is both of both."""
    found: set[tuple[str, str]] = set()
    for line in text.splitlines():
        cell = line.split(" | ")[0] if line.startswith("| `") else ""
        pending: list[str] = []
        fresh = True
        for token in re.findall(r"`([^`]+)`", cell):
            method, _, path = token.partition(" ") if token.split(" ")[0] in METHODS else ("", "", token)
            if method:
                pending = [method] if fresh else [*pending, method]
            fresh = bool(path)
            if path.startswith("/v1/") or (path and pending and "/" not in path):
                found |= {(one, path if path.startswith("/") else f"/v1/{path}") for one in pending}
    return found


def test_the_page_names_every_route_and_no_other() -> None:
    document = json.loads((REPO / "console" / "openapi.json").read_text("utf-8"))
    served = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith("/v1/") and not path.endswith(TWINS)
    }
    told = named((REPO / "docs" / "api.md").read_text("utf-8"))
    assert served - told == set(), "docs/api.md does not name these"
    assert told - served == set(), "docs/api.md names what is not served"


def test_a_row_names_methods_and_paths() -> None:
    assert named("| `GET` `PUT /v1/a` `/v1/b`, `DELETE /v1/c` | `POST /v1/d` |\n| `POST /v1/track` `page` | x |") == {
        ("GET", "/v1/a"), ("PUT", "/v1/a"), ("GET", "/v1/b"), ("PUT", "/v1/b"), ("DELETE", "/v1/c"),
        ("POST", "/v1/track"), ("POST", "/v1/page"),
    }  # fmt: skip


def test_the_page_says_how_exports_are_written() -> None:
    text = (REPO / "docs" / "api.md").read_text("utf-8")
    assert all(word in text for word in ("PATH.json", "PATH.csv", "PATH.xlsx", "encoding=gb18030"))
