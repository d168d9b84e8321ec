"""Each package has one door: what its `__all__` lists, and others enter by it."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
DOORS = sorted(SOURCE.rglob("__init__.py"))
MODULES = sorted(SOURCE.rglob("*.py"))

# Modules read as namespaces (`repair.read_time`) beside their package's door.
OPEN = frozenset({"guanxi.events.repair", "guanxi.events.document", "guanxi.app.sources", "guanxi.app.serving"})
PEERS = {  # engines that share a form on purpose
    "guanxi.engines.lake": "guanxi.engines.log.",  # moves rows out of the log and knows its files' layout
    "guanxi.engines.erasure": "guanxi.engines.lake.",  # rewrites the lake's files
}


def named(path: Path) -> str:
    """`guanxi.core` for src/guanxi/core/__init__.py."""
    words = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


def defined(tree: ast.Module) -> Iterator[str]:
    """Names that a module defines at its top: functions, classes and values."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def unit_of(module: str) -> str:
    """The part inside which imports are free: a package of the layout, or one engine."""
    words = module.split(".")
    return ".".join(words[: 3 if words[1:2] == ["engines"] else 2])


def is_door(module: str) -> bool:
    """Whether `module` is a package, or a unit that is one module."""
    return (SOURCE.joinpath(*module.split(".")) / "__init__.py").is_file() or unit_of(module) == module


def listed(path: Path) -> list[str] | None:
    """`__all__` as written, None when there is none."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return list(ast.literal_eval(node.value))
    return None


@pytest.mark.parametrize("path", DOORS, ids=named)
def test_a_door_lists_what_it_opens(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    names = {name for name in defined(tree) if not name.startswith("_")}
    written = listed(path)
    if written is None:
        assert names == set(), "a door with names lists them in __all__"
        return
    assert names - set(written) == set(), "public names that the door does not list"
    assert len(written) == len(set(written)), "a name stands twice"
    module = importlib.import_module(named(path))
    assert [name for name in written if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_others_enter_by_the_door(path: Path) -> None:
    own = unit_of(named(path))
    deep = [
        f"line {node.lineno}: {node.module}"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("guanxi.")
        if unit_of(str(node.module)) != own and not is_door(str(node.module)) and node.module not in OPEN
        if not str(node.module).startswith(PEERS.get(own, "-"))
    ]
    assert deep == [], f"import these names from the door, {unit_of(deep[0].split()[-1])}"
