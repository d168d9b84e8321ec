"""The pages say what the code does: every command, setting, kind, capability and term, and no other."""

import re
import runpy
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from guanxi import settings
from guanxi.events import shipped

REPO = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
PAGES = sorted(path.relative_to(REPO).as_posix() for path in [*REPO.glob("*.md"), *REPO.glob("docs/*.md")])


def script(name: str) -> SimpleNamespace:
    """The names of one of the house's scripts."""
    return SimpleNamespace(**runpy.run_path(str(REPO / "scripts" / f"{name}.py")))


def page(name: str) -> str:
    return (REPO / name).read_text("utf-8")


def code(name: str) -> str:
    """The lines of a page's shell blocks and its inline code, one command a line, comments dropped."""
    text = page(name)
    blocks = [
        line.split(" #")[0].strip()
        for block in re.findall(r"```(?:bash|sh)\n(.*?)```", text, re.S)
        for line in block.splitlines()
    ]
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))])


def table(text: str) -> list[list[str]]:
    """Rows of the markdown tables in `text`, without heads and rules."""
    rows = [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines() if line.startswith("|")
    ]
    rules = {place for place, row in enumerate(rows) if set("".join(row)) <= set("-|: ")}
    return [row for place, row in enumerate(rows) if place not in rules and place + 1 not in rules]


@pytest.mark.parametrize(
    "name", [f"docs/{name}.md" for name in ("commands", "events", "metrics", "settings", "traits")]
)
def test_a_page_made_from_rows_is_current(name: str) -> None:
    assert page(name) == script("docs").pages()[name], "run: python scripts/docs.py"


def test_every_command_has_a_sentence_in_both_languages() -> None:
    for words, command in script("docs").tree().items():
        assert re.match(r"[A-Z].*[.?] .*[\u4e00-\u9fff]", " ".join((command.help or "").split())), words
        bare = [row.name for row in command.params if not row.help and row.name != "help"]
        assert bare == [], f"{words}: these have no help"


def test_every_setting_has_a_sentence() -> None:
    assert [name for name, _, sentence in settings.rows() if not sentence.endswith(".")] == []


def test_every_kind_is_named_in_both_languages() -> None:
    text = page("docs/events.md")
    assert [kind.name for kind in shipped().values() if f"{kind.name}" not in text or kind.zh not in text] == []


@pytest.mark.parametrize("name", [name for name in PAGES if name != "docs/commands.md"])
def test_commands_on_a_page_exist(name: str) -> None:
    tree = script("docs").tree()
    for line in code(name).splitlines():
        found = re.match(r"(?:\.venv/bin/)?(guanxi(?: [a-z]+(?:-[a-z]+)*)*)(.*)", line)
        if not found or not found[1].startswith("guanxi ") or found[1].split()[1] == "and":
            continue
        words = found[1].split()
        command = next((tree[" ".join(words[:n])] for n in (3, 2) if " ".join(words[:n]) in tree), None)
        group = any(known.startswith(f"{found[1]} ") for known in tree)
        assert command is not None or group, f"there is no command `{found[1]}`"
        given = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", found[2]))
        assert command is None or given <= {o for row in command.params for o in [*row.opts, *row.secondary_opts]} | {
            "--help"
        }, line


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page(name))
    here = (REPO / name).parent
    assert [link for link in links if "://" not in link and not (here / link).exists()] == []


@pytest.mark.parametrize("name", READMES)
def test_make_targets_in_the_readme_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.M))
    named = set(re.findall(r"\bmake ([a-z]+)", code(name)))
    assert named >= {"demo", "test"}
    assert named <= targets
    assert {"scripts/bootstrap.py demo", "scripts/bootstrap.py test"} <= set(
        re.findall(r"scripts/bootstrap\.py [a-z]+", code(name))
    )


def test_both_readmes_show_the_same_commands() -> None:
    blocks = [re.findall(r"```(?:bash|sh)\n(.*?)```", page(name), re.S) for name in READMES]
    english, chinese = (
        [[line.split(" #")[0].rstrip() for line in block.splitlines()] for block in one] for one in blocks
    )
    assert english == chinese


def test_every_capability_is_listed_once() -> None:
    rows = table(page("docs/capabilities.md"))
    ids = [row[0] for row in rows]
    scenes = (13, 11, 11, 10, 8, 7, 8, 10, 4)
    wanted = [f"S{scene}.{n}" for scene, count in enumerate(scenes, 1) for n in range(1, count + 1)]
    assert ids == [*wanted, *(f"R{n}" for n in range(1, 31))]
    assert [row[0] for row in rows if not re.match(r"(built|planned)$|in part: ", row[2])] == []


def test_the_glossary_reads_the_same_both_ways() -> None:
    to_field, to_operator = (table(part) for part in page("docs/glossary.md").split("\n## ")[1:])
    assert len(to_field) >= 150
    assert sorted((row[0], row[1]) for row in to_field) == sorted((row[1], row[0]) for row in to_operator)
    assert [row[0] for row in to_field if not row[2]] == []


def test_the_glossary_is_sorted() -> None:
    to_field, to_operator = (table(part) for part in page("docs/glossary.md").split("\n## ")[1:])
    words = [row[0] for row in to_field]
    assert words == sorted(words, key=lambda word: word.encode("gb18030"))
    terms = [row[0].casefold() for row in to_operator]
    assert terms == sorted(terms)
    assert len(set(words)) == len(words)


def test_the_changelog_has_the_version_and_the_unreleased() -> None:
    version = tomllib.loads(page("pyproject.toml"))["project"]["version"]
    heads = re.findall(r"^## \[?([^\]\s]+)", page("CHANGELOG.md"), re.M)
    assert heads[0] == "Unreleased"
    assert version in heads or len(heads) == 1
