"""The build of the console: what the lock names, what makes a build stale, what a first visit weighs."""

import gzip
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """scripts/console.py over a small tree of its own."""
    spec = importlib.util.spec_from_file_location("console_script", REPO / "scripts" / "console.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sources, built = tmp_path / "console", tmp_path / "built"
    for folder in (sources / "src", sources / "node_modules", built / "assets"):
        folder.mkdir(parents=True)
    (sources / "src" / "main.ts").write_text("1")
    (sources / "package-lock.json").write_text("{}")
    (built / "index.html").write_text("<html>")
    for name, path in (("CONSOLE", sources), ("BUILT", built), ("STAMP", built / "stamp")):
        monkeypatch.setattr(module, name, path)
    return module


def test_the_lock_names_no_registry_and_every_package_by_its_digest() -> None:
    lock = json.loads((REPO / "console" / "package-lock.json").read_text("utf-8"))
    packages = {name: row for name, row in lock["packages"].items() if name}
    assert len(packages) > 100
    assert [name for name, row in packages.items() if "resolved" in row] == []
    assert [name for name, row in packages.items() if not row.get("integrity", "").startswith("sha512-")] == []
    own = json.loads((REPO / "console" / "package.json").read_text("utf-8"))
    pins = {**own["dependencies"], **own["devDependencies"]}
    assert [pin for pin in pins.items() if not pin[1][0].isdigit()] == []
    assert "://" not in (REPO / "console" / ".npmrc").read_text("utf-8")


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        pytest.param("src/main.ts", True, id="a source"),
        pytest.param("src/new.tsx", True, id="a new source"),
        pytest.param("package-lock.json", True, id="the lock"),
        pytest.param("src/main.test.ts", False, id="a test"),
        pytest.param("node_modules/x.js", False, id="a package"),
        pytest.param("README.md", False, id="a page for people"),
    ],
)
def test_what_makes_a_build_stale(console: ModuleType, changed: str, stale: bool) -> None:
    console.STAMP.write_text(console.digest())
    assert console.is_fresh()
    (console.CONSOLE / changed).write_text("changed")
    assert console.is_fresh() is not stale


def test_a_build_without_its_page_or_stamp_is_stale(console: ModuleType) -> None:
    assert not console.is_fresh()
    console.STAMP.write_text(console.digest())
    (console.BUILT / "index.html").unlink()
    assert not console.is_fresh()


def test_the_first_load_counts_what_is_imported_at_once(console: ModuleType) -> None:
    texts = {"index.html": "<html>", "assets/a.js": "a" * 999, "assets/b.js": "b" * 99, "assets/a.css": "c" * 9}
    for name, text in {**texts, "assets/late.js": "d" * 99_999}.items():
        (console.BUILT / name).write_text(text)
    manifest = {
        "index.html": {"file": "assets/a.js", "isEntry": True, "imports": ["_b"], "dynamicImports": ["late"],
                       "css": ["assets/a.css"]},
        "_b": {"file": "assets/b.js", "imports": ["index.html"]},
        "late": {"file": "assets/late.js", "imports": ["_b"]},
    }  # fmt: skip
    (console.BUILT / "manifest.json").write_text(json.dumps(manifest))
    assert console.first_load(console.BUILT) == sum(len(gzip.compress(text.encode(), 9)) for text in texts.values())


def test_an_old_node_will_not_do(console: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("node", "npm"):
        (tools / name).write_text("#!/bin/sh\necho v18.20.0\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("CI", "")
    monkeypatch.setattr(console, "_wheel_node", lambda: None)
    monkeypatch.setattr(console, "_installer", lambda: ["/bin/sh", "-c", "echo no such package; exit 1"])
    with pytest.raises(console.NoNode, match="no such package"):
        console.provide_node()
    assert (console.main(["check"]), console.main(["build"])) == (0, 1)
    monkeypatch.setenv("CI", "true")
    assert console.main(["check"]) == 1
