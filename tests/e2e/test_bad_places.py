"""A hostile outsider: odd names, folders, settings, outputs, processes; clear errors, nothing lost or doubled."""

import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from guanxi.app import Workspace
from guanxi.cli import INTERRUPTED

from .conftest import AT, bring, guanxi, process, table

NAMES = ["a b.csv", 'it\'s "q".csv', "两 份.csv", "new\nline.csv", "[bold]x[red].csv", "\x1b[31m.csv", "bad\udcff.csv"]


def test_any_file_name_works(home: Path) -> None:
    for order, name in enumerate(NAMES, 1):
        report = bring(home, name, table([[str(order), AT, "5", "u", ""]]), "orders")
        assert report["stored"] == 1
        assert report["files"][0]["file"].isprintable()


@pytest.mark.parametrize("name", ["两 份 [bold]", "x?y#z%20"])
def test_any_folder_name_works_and_nothing_lies_outside(tmp_path: Path, name: str) -> None:
    guanxi("init", tmp_path / name)
    guanxi("keys", "create", "server", "-w", tmp_path / name)
    assert json.loads(guanxi("sql", "SELECT 1 AS one", "-w", tmp_path / name, "--json")) == [{"one": 1}]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_workspace_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    assert "quotation mark" in guanxi("init", tmp_path / "it's", code=1)
    assert list((tmp_path / "it's").iterdir()) == []
    (tmp_path / "file").write_text("x")
    assert "is a file" in guanxi("init", tmp_path / "file", code=1)


def test_what_is_no_file_is_refused_with_a_reason(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "odd"
    odd.mkdir()
    monkeypatch.chdir(odd)  # a socket's path is short
    os.mkfifo("fifo.csv")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.csv")
    for name, target in (("dangling.csv", "nowhere"), ("loop.csv", "loop.csv")):
        Path(name).symlink_to(target)
    Path("folder").mkdir()
    Path("empty.csv").write_bytes(b"\n \n")
    for name, said in (("fifo.csv", "neither a file"), ("socket.csv", "neither a file"), ("dangling.csv", "no file"),
                       ("loop.csv", "no file"), ("folder", "holds no files"), ("empty.csv", "is empty")):  # fmt: skip
        told = guanxi("import", name, "-w", home, code=1)
        assert said in told
        assert str(tmp_path) not in told


@pytest.mark.parametrize(
    ("file", "data", "said"),
    [
        ("guanxi.toml", b"[serve", "not TOML"),
        ("guanxi.toml", b"\xff", "not TOML"),
        ("guanxi.toml", b"[serve]\ngate_port = 99999", "serve.gate_port is 99999"),
        ("guanxi.toml", b"[limits]\nrequests_per_second = inf", "finite"),
        ("guanxi.toml", b'[[keys]]\nkey = "hunter2"\nscope = "root"', "keys.0.scope"),
        ("guanxi.toml", b'[[keys]]\nkey = "hunter2"\n[[keys]]\nkey = "hunter2"', "same key"),
        ("kinds.toml", b"\xff", "kinds.toml"),
        ("kinds.toml", b'["Tea"]', "zh"),
    ],
)
def test_a_broken_settings_file_says_what_to_mend(home: Path, file: str, data: bytes, said: str) -> None:
    (home / file).write_bytes(data)
    told = guanxi("events", "kinds", "-w", home, code=1)
    assert said in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GUANXI_SERVE__GATE_PORT", "abc", "variable GUANXI_SERVE__GATE_PORT"),
        ("GUANXI_SERVE", "notjson", "not JSON"),
        ("GUANXI_NONSENSE", "1", "GUANXI_NONSENSE"),
    ],
)
def test_a_wrong_variable_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert said in guanxi("status", "-w", home, code=1)


def test_a_broken_mapping_and_a_broken_file_among_good_ones(home: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    (mixed / "a.zip").write_bytes(b"PK\x03\x04 cut")
    (mixed / "b.csv").write_text("x,y\n1,2\n")
    assert "not TOML" in guanxi("import", mixed / "b.csv", "--as", tmp_path / "bad.toml", "-w", home, code=1)
    assert "b.csv" in guanxi("mapping", "recognise", mixed, code=1)


def test_odd_numbers_of_rows_are_wrong_usage_or_not_found(home: Path) -> None:
    guanxi("parked", "show", "9" * 30, "--purpose", "x", "-w", home, code=2)
    assert "none of these rows" in guanxi("parked", "drop", "9", "--why", "x", "-w", home, code=1)
    assert "name=value" in guanxi("parked", "replay", "--fix", "x", "-w", home, code=1)


def test_output_to_nowhere_ends_quietly_or_says_why(home: Path) -> None:
    tail = f"{sys.executable} -m guanxi.cli mapping list --json"
    for command, code in ((f"{tail} | head -c 1", 0), (f"{tail} >&- 2>&-", 0), (f"{tail} > /dev/full", 1)):
        if "/dev/full" in command and not Path("/dev/full").exists():
            continue
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False)
        assert done.returncode == code, done.stderr
        assert b"Traceback" not in done.stderr
        assert code == 0 or b"mend:" in done.stderr


def test_a_terminal_that_knows_no_chinese_still_gets_its_table() -> None:
    poor = os.environ | {"PYTHONIOENCODING": "ascii", "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "20"}
    assert "中文" in process("mapping", "list", env=poor).stdout.decode()


def counted(path: Path, rows: int) -> None:
    lines = (f"u{n % 50},{AT},{'bad' if n % 500 == 7 else n // 2}\n" for n in range(rows))
    path.write_text("who,at,n\n" + "".join(lines), "utf-8")


def settled(home: Path, rows: int) -> None:
    """Every row is there once: accepted or parked."""
    with Workspace.open(home) as workspace:
        assert len(list(workspace.reader.read(kind="Thing Counted"))) == rows - rows // 500
        assert workspace.vault.parked.counts()["open"] == rows // 500


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_import_that_is_ended_again_and_again_stores_every_row_once(home: Path, number: int) -> None:
    path, rng = home.parent / "counted.csv", random.Random(number)
    counted(path, 12_000)
    command = [sys.executable, "-m", "guanxi.cli", "import", str(path), "--as", str(home.parent / "counted.toml"),
               "-w", str(home), "--json"]  # fmt: skip
    for _ in range(6):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            running.communicate(timeout=rng.uniform(1.2, 2.2))
        except subprocess.TimeoutExpired:
            running.send_signal(number)
            said = running.communicate()[1]
            # Before `main` runs, Python itself answers a signal.
            assert running.returncode in (-number, INTERRUPTED, 0), said
            assert running.returncode != INTERRUPTED or b"mend:" in said
    process("import", path, "--as", home.parent / "counted.toml", "-w", home, check=True)
    settled(home, 12_000)


@pytest.mark.slow
def test_imports_at_once_store_every_row_once(home: Path) -> None:
    path = home.parent / "counted.csv"
    counted(path, 6_000)
    command = [sys.executable, "-m", "guanxi.cli", "import", str(path), "--as", str(home.parent / "counted.toml"),
               "-w", str(home), "--json"]  # fmt: skip
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(3)]
    ended = [(one.communicate()[1], one.returncode) for one in running]
    assert 0 in [code for _, code in ended]
    assert all(code == 0 or b"in use" in said or b"using the workspace" in said for said, code in ended)
    settled(home, 6_000)


@pytest.mark.slow
def test_a_disk_that_fills_is_named_and_the_import_goes_on_later(home: Path) -> None:
    path = home.parent / "counted.csv"
    counted(path, 20_000)

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    full = process("import", path, "--as", home.parent / "counted.toml", "-w", home, preexec_fn=small)
    assert full.returncode == 1
    assert b"mend:" in full.stderr
    process("import", path, "--as", home.parent / "counted.toml", "-w", home, check=True)
    settled(home, 20_000)
