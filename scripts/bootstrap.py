"""Make Guanxi's own `.venv` with plain Python, then run one thing in it.

    python3 scripts/bootstrap.py setup             .venv with the `guanxi` command, and the console
    python3 scripts/bootstrap.py dev               the same, with the tools of the tests and checks
    python3 scripts/bootstrap.py bench             the same, with what benches measure against (1.4 GB more)
    python3 scripts/bootstrap.py demo [OPTIONS]    setup, then `guanxi demo OPTIONS`
    python3 scripts/bootstrap.py test [OPTIONS]    dev, then `pytest -n 2 OPTIONS`

GUANXI_PYTHON names the Python to use, GUANXI_VENV the folder to make. Talk goes to stderr; stdout belongs to what runs.
The syntax is kept to Python 3.8, so that an old Python can still say what is missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import console

REPO = Path(__file__).resolve().parents[1]
OLDEST, NEWEST = (3, 11), (3, 13)
LOCKS = {"setup": "requirements.lock", "dev": "requirements-dev.lock", "bench": "requirements-bench.lock"}
LEVELS = list(LOCKS)  # each holds those before it
NEEDS = "import ensurepip, sqlite3, ssl, venv"  # a trimmed Python lacks one of these
HEARTBEAT = 15.0  # seconds between signs of life when stderr is not a terminal
TAIL = 25  # lines of a failed command that are shown


class Failed(Exception):  # noqa: N818 - it reads as a claim
    """What went wrong, then how to mend it."""


def main(arguments: list[str]) -> int:
    """Prepare the environment and run the command; return the exit code."""
    command, rest = (arguments or [""])[0], arguments[1:]
    if command not in (*LEVELS, "demo", "test") or (rest and command in LOCKS):
        say((__doc__ or "").split("\n\n")[1])
        return 2
    try:
        venv = prepare(command if command in LEVELS else "dev" if command == "test" else "setup")
        build_console()
    except Failed as failed:
        say(f"error: {failed}")
        return 1
    except KeyboardInterrupt:
        say("\nstopped; the same command continues")
        return 130
    if command in LOCKS:
        say(f"ready: {_shown(venv / 'bin' / 'guanxi')}")
        return 0
    program = [str(venv / "bin" / "guanxi"), "demo"] if command == "demo" else [str(venv / "bin" / "pytest"), "-n", "2"]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("POLARS_MAX_THREADS", "2")
    sys.stderr.flush()
    os.chdir(REPO)
    return os.execv(program[0], [*program, *rest])  # signals and the exit code are the program's own


def prepare(level: str) -> Path:
    """Bring the environment to `level` and return its folder; nothing to do takes some milliseconds.

    level   "setup": what runs; "dev": and what tests; "bench": and what it is measured against
    raises  Failed with the mend
    """
    venv = Path(os.environ.get("GUANXI_VENV") or REPO / ".venv").absolute()
    stamps = {name: _stamp(name, venv) for name in LEVELS}
    done = venv / ".guanxi-stamp"
    enough = [stamps[name] for name in LEVELS[LEVELS.index(level) :]]
    if done.is_file() and done.read_text("utf-8") in enough and (venv / "bin" / "guanxi").exists():
        return venv
    started = time.monotonic()
    uv = _working_uv()
    python = _find_python(uv is not None)
    done.unlink() if done.exists() else None
    if uv is not None and not _installed_by_uv(uv, python, venv, level):
        uv = None
        python = _find_python(False)
    if uv is None:
        _installed_by_pip(python, venv, level)
    done.write_text(stamps[level], "utf-8")
    say(f"installed {_megabytes(venv)} MB in {_shown(venv)} in {time.monotonic() - started:.0f} s")
    return venv


def build_console() -> None:
    """Build the operator's page; without it the command line and the API still work, and this says what is missing."""
    try:
        console.build()
    except (console.NoNode, console.Failed) as problem:
        say(f"the console was not built: {problem}")
        say("going on without it: the command line and the API work, and / says what is missing")


def say(text: str) -> None:
    """Write one line of talk."""
    print(text, file=sys.stderr, flush=True)


def _stamp(level: str, venv: Path) -> str:
    """Digest of all that decides what is installed; changes when a lock or the project's metadata does."""
    digest = hashlib.sha256(f"{level} {venv} {os.environ.get('GUANXI_PYTHON', '')}".encode())
    for name in (*_locks(level), "pyproject.toml", "scripts/bootstrap.py"):
        digest.update((REPO / name).read_bytes())
    return digest.hexdigest()


def _find_python(with_uv: bool) -> str:
    """Path of a Python of 3.11 to 3.13 that can make an environment: the named one, this one, else one on PATH."""
    named = os.environ.get("GUANXI_PYTHON")
    names = [named] if named else [sys.executable, "python3.13", "python3.12", "python3.11", "python3"]
    lacking = []
    for name in names:
        path = shutil.which(name)
        if path is None:
            continue
        answer = _output([path, "-c", "import sys; print(*sys.version_info[:2])"])
        version = tuple(int(part) for part in answer.split()) if answer else ()
        if not OLDEST <= version <= NEWEST:
            continue
        if with_uv or _output([path, "-c", NEEDS]) is not None:
            return path
        lacking.append("{}.{}".format(*version))
    if lacking:
        raise Failed(
            f"Python {lacking[0]} is here without its venv module. Run: apt install python{lacking[0]}-venv "
            "(as root, on Debian and Ubuntu), or install uv; then repeat the command"
        )
    wanted = f"{named} is not" if named else "there is none"
    raise Failed(
        f"Guanxi needs Python 3.11, 3.12 or 3.13, and {wanted}. "
        "Install one (Debian 12: apt install python3 python3-venv), or name it: GUANXI_PYTHON=/path/to/python3.12"
    )


def _working_uv() -> str | None:
    uv = shutil.which("uv")
    return uv if uv is not None and _output([uv, "--version"]) is not None else None


def _installed_by_uv(uv: str, python: str, venv: Path, level: str) -> bool:
    """Install with uv; False when uv cannot, so that pip is tried: a mirror known to pip may be unknown to uv."""
    try:
        if not _usable(venv, python, ""):
            _clear(venv)
            _step("making the environment with uv", [uv, "venv", "--quiet", "--python", python, str(venv)], 0)
        install = [uv, "pip", "install", "--python", str(venv / "bin" / "python"), "--no-deps"]
        _step("installing packages with uv", [*install, "-r", str(REPO / LOCKS[level])], _pins(level))
        _step("installing guanxi", [*install, "--no-build-isolation", "--editable", str(REPO)], 0)
    except Failed as failed:
        say(f"uv did not manage, trying pip. uv said: {str(failed).splitlines()[-1]}")
        return False
    return True


def _installed_by_pip(python: str, venv: Path, level: str) -> None:
    if not _usable(venv, python, "import pip"):
        _clear(venv)
        _step("making the environment", [python, "-m", "venv", str(venv)], 0)
    install = [
        str(venv / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
    ]
    _step("installing packages", [*install, "-r", str(REPO / LOCKS[level])], _pins(level))
    _step("installing guanxi", [*install, "--no-build-isolation", "--editable", str(REPO)], 0)


def _clear(venv: Path) -> None:
    """Remove an environment that is broken or of another Python; refuse to remove anything else."""
    if venv.exists() and any(venv.iterdir()) and not (venv / "pyvenv.cfg").is_file():
        raise Failed(
            f"{venv} holds files and is no Python environment. Set GUANXI_VENV to a new folder, or empty this one"
        )
    shutil.rmtree(venv, ignore_errors=True)


def _usable(venv: Path, python: str, statement: str) -> bool:
    """Whether `venv` is an environment of the same Python version in which `statement` runs."""
    version = "import sys; print(sys.version_info[:2])"
    there = _output([str(venv / "bin" / "python"), "-c", f"{version}\n{statement}"])
    return there is not None and there == _output([python, "-c", version])


def _step(title: str, command: list[str], packages: int) -> None:
    """Run one command, showing its progress; `packages` is how many it will name, 0 when it names none."""
    started = shown = time.monotonic()
    live = sys.stderr.isatty()
    lines, count = [], 0
    if not live:
        say(f"{title} ...")
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    try:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
    except OSError as error:
        raise Failed(f"{command[0]} does not start: {error.strerror}. Delete .venv and repeat the command") from None
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip())
        count += line.startswith(("Collecting ", "Requirement already satisfied: ", " + "))
        name = f" {min(count, packages)}/{packages}" if packages else ""
        now = time.monotonic()
        if live:
            print(f"\r\x1b[K{title}{name} {now - started:.0f} s", end="", file=sys.stderr, flush=True)
        elif now - shown > HEARTBEAT:
            shown = now
            say(f"{title}{name} {now - started:.0f} s")
    if process.wait() != 0:
        raise Failed(
            f"{title} failed. Its last lines are below; mend what they say (is the package index reachable? "
            "PIP_INDEX_URL names another one), then repeat the command\n" + "\n".join(lines[-TAIL:])
        )
    say(("\r\x1b[K" if live else "") + f"{title}: done in {time.monotonic() - started:.1f} s")


def _pins(level: str) -> int:
    return sum("==" in line for name in _locks(level) for line in (REPO / name).read_text("utf-8").splitlines())


def _locks(level: str) -> list[str]:
    return [LOCKS[name] for name in LEVELS[: LEVELS.index(level) + 1]]


def _output(command: list[str]) -> str | None:
    """What the command prints; None when it fails or cannot start."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _megabytes(folder: Path) -> int:
    sizes = (os.lstat(f"{at}/{name}").st_size for at, _, names in os.walk(folder) for name in names)
    return round(sum(sizes) / 1e6)


def _shown(path: Path) -> str:
    return str(path.relative_to(REPO)) if REPO in path.parents else str(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
