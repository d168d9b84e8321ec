"""Laws that every row of the shipped catalogue keeps."""

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib import resources
from typing import get_args

import pytest

from guanxi.events import Kind, shipped
from guanxi.traits.document import AGGREGATES, document
from guanxi.traits.family import Family, traits
from guanxi.traits.measure import SINCE, Measure, measures
from guanxi.traits.trait import PARTIES, Aggregate, Trait, name_of
from guanxi.traits.words import CODES, TOPICS, is_part, sentence

ROWS = tuple(traits().values())
RISK = tuple(row for row in ROWS if "risk" in row.uses)
WINDOWS = {"10m", "1h", "6h", "1d", "7d", "30d"}  # sliding: few, so that a party keeps few lists
NAME = re.compile(r"[a-z]+\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\.(\d+[mhd]|life)\Z")


def families() -> Iterator[tuple[str, dict[str, object]]]:
    folder = resources.files("guanxi.traits.catalogue")
    for file in sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml")):
        if not file.startswith("measures"):
            for row in tomllib.loads((folder / file).read_text("utf-8"))["family"]:
                yield file, row


def used(row: Trait) -> tuple[Measure, ...]:
    return tuple(measures()[name] for name in (row.of, row.over, row.after) if name)


def kinds(measure: Measure) -> tuple[Kind, ...]:
    """The kinds a measure reads; every kind when it names none."""
    return tuple(shipped()[name] for name in measure.kinds) or tuple(shipped().values())


def carries(kind: Kind, field: str) -> bool:
    """True when events of a kind may have the field."""
    head, _, name = field.removeprefix(SINCE).partition(".")
    if not name:
        return field != "amount" or bool(kind.amount)
    return name in {"role": kind.role_names, "ref": kind.ref_names, "p": tuple(kind.properties)}[head]


def needed(row: Trait, measure: Measure) -> list[str]:
    """The fields without which a measure says nothing about the trait's party."""
    fields = [f"role.{PARTIES[row.party].role}", *(clause.field for clause in measure.clauses if clause.op != "lacks")]
    if measure.name == row.of:
        fields += [measure.value] * (row.aggregate not in ("count", "after")) + [row.by]
    return [field for field in fields if field and field != "day"]


def test_there_are_as_many_rows_as_promised() -> None:
    assert len(RISK) >= 500
    rich = [party for party, n in Counter(row.party for row in RISK).items() if n >= 20]
    assert len(rich) >= 6, rich


def test_names_follow_from_the_parts() -> None:
    assert [row.name for row in ROWS if row.name != name_of(row) or not NAME.match(row.name)] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_row_says_something_of_its_own(language: str) -> None:
    said = Counter(getattr(row, language) for row in ROWS)
    assert [text for text, n in said.items() if n > 1 or not text.strip() or re.search(r"[{}]|  |的的", text)] == []


def test_chinese_sentences_hold_no_codes() -> None:
    assert {row.name: row.zh for row in ROWS if re.search(r"[A-Za-z_]", row.zh.replace("IP", ""))} == {}
    assert {row.by for row in ROWS if row.by and row.by.rpartition(".")[2] not in CODES} == set()


def test_english_sentences_hold_no_chinese() -> None:
    assert {row.name: row.en for row in ROWS if re.search(r"[\u3000-\u9fff]|_", row.en + row.why_en)} == {}


def test_every_family_has_a_reason_of_its_own() -> None:
    for language in ("why_zh", "why_en"):
        why = Counter(row[language] for _, row in families())
        assert [text for text, n in why.items() if n > 1 or len(str(text)) < 10] == []


def test_a_sentence_of_its_own_comes_in_both_languages() -> None:
    assert [row for _, row in families() if bool(row.get("zh")) != bool(row.get("en"))] == []
    assert {key for _, row in families() for key in row} <= set(Family.__struct_fields__)


def test_topics_are_known() -> None:
    assert {row.topic for row in ROWS} <= set(TOPICS)
    assert all(zh and en for zh, en in TOPICS.values())


def test_every_measure_is_of_use() -> None:
    assert set(measures()) == {measure.name for row in ROWS for measure in used(row)}


def test_no_two_measures_are_the_same() -> None:
    parts = Counter((row.kinds, row.where, row.value, row.scale, row.sign) for row in measures().values())
    assert [one for one, n in parts.items() if n > 1] == []


def test_measures_read_what_their_kinds_have() -> None:
    for measure in measures().values():
        for field in measure.fields:
            assert any(carries(kind, field) for kind in kinds(measure)), (measure.name, field)


def test_nothing_personal_is_read() -> None:
    read = {(m.name, field) for row in ROWS for m in used(row) for field in (*m.fields, row.by) if field[:2] == "p."}
    for name, field in read:
        rows = [kind.properties.get(field[2:]) for kind in kinds(measures()[name])]
        assert not any(row.personal for row in rows if row), (name, field)


def test_no_row_is_nothing_by_construction() -> None:
    """Some one kind of event carries at once the party, what is counted and what is asked of it."""
    for row in ROWS:
        for measure in used(row):
            fields = needed(row, measure)
            assert any(all(carries(kind, field) for field in fields) for kind in kinds(measure)), (row.name, fields)


def test_neighbours_can_meet() -> None:
    for row in ROWS:
        if row.via:
            pair = {PARTIES[row.party].role, row.via}
            assert any(pair <= set(kind.role_names) for kind in shipped().values()), row.name


def test_nobody_counts_itself() -> None:
    own = {name: f"role.{party.role}" for name, party in PARTIES.items()}
    assert [row.name for row in ROWS if row.aggregate == "distinct" and row.by == own[row.party]] == []


def test_a_ratio_is_a_share_or_says_that_it_is_none() -> None:
    for row in ROWS:
        if row.aggregate == "ratio":
            of, over = used(row)
            shares = is_part(of, over) and not (of.value and over.value)
            assert ("占比" in sentence(row, measures())[0]) is shares, row.name
            assert shares or "之比" in row.zh or row.zh != sentence(row, measures())[0], row.name


def test_no_share_is_the_whole_by_construction() -> None:
    """Below stand events of the party that are not above."""
    for row in ROWS:
        if row.aggregate == "ratio" and not (measures()[row.of].value and measures()[row.over].value):
            role = f"role.{PARTIES[row.party].role}"
            of, over = ({kind.name for kind in kinds(one) if carries(kind, role)} for one in used(row))
            assert over - of or measures()[row.of].where != measures()[row.over].where, row.name


def test_sensitive_events_make_sensitive_traits() -> None:
    for row in ROWS:
        if any(kind.privacy == "sensitive" for m in used(row) if m.kinds for kind in kinds(m)):
            assert row.privacy == "sensitive", row.name


def test_the_engine_can_hold_them() -> None:
    windows: dict[str, set[str]] = defaultdict(set)
    of: dict[str, set[str]] = defaultdict(set)
    for row in ROWS:
        of[row.party] |= {measure.name for measure in used(row)}
        windows[row.party] |= {row.window} if row.plan == "window" else set()
    assert {party: len(names) for party, names in of.items() if len(names) > 62} == {}
    assert len(set().union(*of.values())) <= 160
    assert set().union(*windows.values()) <= WINDOWS


def test_the_page_tells_every_row_and_aggregate() -> None:
    text = document()
    assert set(AGGREGATES) == set(get_args(Aggregate))
    assert [row.name for row in ROWS if f"| `{row.name}` | {row.zh} | {row.en} |" not in text] == []
    assert [name for name in measures() if f"| `{name}` |" not in text] == []
