"""The rows that say which events make which ties."""

from pathlib import Path

import pytest

from guanxi.core import SettingError
from guanxi.events import shipped
from guanxi.parties import EVIDENCE, PLATFORMS, SHARED, TYPES
from guanxi.relations import FAMILIES, PLATFORM, TieRule, read_rules, shipped_rules

PAGE = Path(__file__).resolve().parents[2] / "docs" / "parties.md"


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.id)
def test_every_rule_reads_roles_that_its_kinds_carry(rule: TieRule) -> None:
    for kind in rule.kinds:
        roles = {*shipped()[kind].role_names, PLATFORM}
        assert {rule.source, rule.target} <= roles, kind


def test_every_family_has_a_tie_and_conflict_alone_is_negative() -> None:
    rules = shipped_rules()
    assert {rule.family for rule in rules} == {family.id for family in FAMILIES}
    assert {rule.family for rule in rules if rule.sign < 0} == {"conflict"}


GOOD = {
    "zh": '"买"',
    "en": '"bought"',
    "family": '"trade"',
    "from": '"actor"',
    "to": '"item"',
    "kinds": '["Order Completed"]',
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"family": '"love"'}, "family 'love'", id="family"),
        pytest.param({"to": '"goods"'}, "role 'goods'", id="role"),
        pytest.param({"kinds": "[]"}, "no kinds", id="no-kinds"),
        pytest.param({"weight": "0"}, "weight 0", id="no-weight"),
        pytest.param({"weight": "nan"}, "weight nan", id="nan-weight"),
        pytest.param({"weight": "-1.0"}, "weight -1", id="negative-weight"),
        pytest.param({"half_life_days": "0"}, "half-life 0", id="no-half-life"),
        pytest.param({"half_life_days": "nan"}, "half-life nan", id="nan-half-life"),
        pytest.param({"confidence": "1.1"}, "confidence 1.1", id="over-one"),
        pytest.param({"sign": "0"}, "sign", id="sign"),
        pytest.param({"colour": '"red"'}, "colour", id="unknown-key"),
    ],
)
def test_a_rule_that_is_not_usable_says_why(change: dict[str, str], says: str) -> None:
    row = "\n".join(f"{key} = {value}" for key, value in (GOOD | change).items())
    with pytest.raises(SettingError, match=says):
        read_rules(f"[bought]\n{row}", "mine.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("[bought", "not TOML", id="broken"),
        pytest.param("bought = 1", "not a table", id="a-number"),
        pytest.param("[bought]", "zh", id="empty"),
    ],
)
def test_a_text_that_holds_no_rules_says_why(text: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        read_rules(text, "mine.toml")


def test_a_good_rule_is_read() -> None:
    row = "\n".join(f"{key} = {value}" for key, value in GOOD.items())
    (rule,) = read_rules(f"[bought]\n{row}\nhalf_life_days = inf", "mine.toml")
    assert (rule.id, rule.source, rule.target, rule.half_life_days) == ("bought", "actor", "item", float("inf"))


def table_row(rule: TieRule) -> str:
    family = next(row for row in FAMILIES if row.id == rule.family)
    half_life = "no end" if rule.half_life_days == float("inf") else f"{rule.half_life_days:g}"
    cells = [
        f"{family.zh} {family.id}", f"`{rule.id}` {rule.zh}", f"{rule.source} → {rule.target}",
        f"{rule.sign * rule.weight:+g}", half_life, f"{rule.confidence:g}", ", ".join(rule.kinds),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def test_the_page_shows_the_rows_as_they_are() -> None:
    rows = [
        *(f"| `{row.id}` | {row.zh} | {row.en} | {row.disc} |" for row in PLATFORMS),
        *(
            f"| `{row.id}` | {row.zh} | {row.en} | {'yes' if row.living else 'no'} | {'yes' if row.scoped else 'no'} |"
            for row in TYPES
        ),
        *(f"| `{row.id}` | {row.zh} | {row.en} | {row.strength} |" for row in EVIDENCE),
        *(f"| `{row.id}` | {row.zh} | {row.en} | weak |" for row in SHARED),
        *(table_row(rule) for rule in shipped_rules()),
    ]
    shown = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ") and "`" in line]
    assert shown == rows
