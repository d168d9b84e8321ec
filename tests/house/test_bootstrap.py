"""The bootstrap: what it says when Python is not enough, and that it gets out of the way when all is there."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
SCRIPT = REPO / "scripts" / "bootstrap.py"


def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the bootstrap with an empty PATH, so that no uv and no other Python is found."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env={"PATH": "", **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)
    return path


def old_python(folder: Path, version: str) -> Path:
    """A Python that knows its version and has no modules."""
    return program(folder / "python", f'case "$2" in *version_info*) echo {version} ;; *) exit 1 ;; esac')


@pytest.mark.parametrize("arguments", [(), ("fly",), ("setup", "--fast")], ids=["nothing", "unknown", "too-much"])
def test_wrong_usage_shows_the_right_one(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "bootstrap.py demo" in done.stderr


@pytest.mark.parametrize(
    ("version", "mend"),
    [
        pytest.param("3 9", "Guanxi needs Python 3.11, 3.12 or 3.13", id="too-old"),
        pytest.param("3 14", "Guanxi needs Python 3.11, 3.12 or 3.13", id="too-new"),
        pytest.param("3 12", "apt install python3.12-venv", id="no-venv-module"),
    ],
)
def test_a_python_that_is_not_enough_is_refused_with_the_mend(tmp_path: Path, version: str, mend: str) -> None:
    done = run("setup", GUANXI_PYTHON=str(old_python(tmp_path, version)), GUANXI_VENV=str(tmp_path / "venv"))
    assert done.returncode == 1
    assert mend in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_folder_with_other_files_is_not_cleared(tmp_path: Path) -> None:
    kept = tmp_path / "letters.txt"
    kept.write_text("dear", "utf-8")
    done = run("setup", GUANXI_VENV=str(tmp_path))
    assert done.returncode == 1
    assert "is no Python environment" in done.stderr
    assert kept.read_text("utf-8") == "dear"


def stamped(venv: Path, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `venv` look installed at `level`."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))  # as it is when the script is run
    names = runpy.run_path(str(SCRIPT))
    monkeypatch.delenv("GUANXI_PYTHON", raising=False)
    program(venv / "bin" / "guanxi", 'echo "guanxi $*"; exit 7')
    program(venv / "bin" / "pytest", 'echo "pytest $*, $OMP_NUM_THREADS thread"')
    (venv / ".guanxi-stamp").write_text(names["_stamp"](level, venv), "utf-8")


def test_an_installed_demo_only_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamped(tmp_path, "setup", monkeypatch)
    done = run("demo", "--no-serve", "--json", GUANXI_VENV=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (7, "guanxi demo --no-serve --json\n", "")


def test_an_installed_test_runs_two_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamped(tmp_path, "dev", monkeypatch)
    done = run("test", "-k", "money", GUANXI_VENV=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "pytest -n 2 -k money, 1 thread\n")


def test_tools_are_enough_for_the_demo_and_not_the_other_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamped(tmp_path, "dev", monkeypatch)
    assert run("setup", GUANXI_VENV=str(tmp_path)).returncode == 0
    stamped(tmp_path, "bench", monkeypatch)
    assert [run(level, GUANXI_VENV=str(tmp_path)).returncode for level in ("setup", "dev", "bench")] == [0, 0, 0]
    nothing = str(old_python(tmp_path / "else", "3 9"))
    for have, wanted in (("setup", "dev"), ("dev", "bench")):
        stamped(tmp_path, have, monkeypatch)
        assert run(wanted, GUANXI_VENV=str(tmp_path), GUANXI_PYTHON=nothing).returncode == 1


def test_the_script_reads_on_an_old_python() -> None:
    ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 8))  # a SyntaxError here is what an old Python would say
