"""The town's words: one pair is one text, no phone can ring, no slot stays open; and a golden sample to be read."""

import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from guanxi.core import SettingError
from guanxi.world import words
from guanxi.world.base import public_parts
from guanxi.world.board import Board, plant
from guanxi.world.draws import Draws
from guanxi.world.words.shelf import Shelf, halves, shelf

GOLDEN = Path(__file__).parent / "golden" / "words.txt"
DRAW = Draws(7, "words")
SHELVES = {
    "search": words.search_shelf,
    "service": words.service_shelf,
    "review": words.review_shelf,
    "title": words.title_shelf,
    "chatter": words.chatter_shelf,
}


@pytest.fixture(scope="module")
def board() -> Board:
    counts = {"people": 3000, "days": 10, "items": 600, "content": 100}
    return plant(Board(counts=counts), public_parts(first_day=date(2026, 9, 1)), seed=7)


def sample(board: Board) -> str:
    """Twenty texts of every kind, each kind under its title."""
    twenty = np.arange(20)
    spread = twenty * 137
    kinds = {
        "names": words.names(board, DRAW, spread),
        "nicknames": words.nicknames(board, DRAW, spread),
        "phones": words.phones(board, DRAW, spread),
        "addresses": words.addresses(board, DRAW, spread % board.count("homes"), occasion=twenty),
        "stations": words.addresses(board, DRAW, board["people.pickup"][spread], occasion=twenty),
        "items": words.item_names(board, DRAW, twenty * 29),
        "brands": words.brand_names(twenty * 14),
    }
    for kind, make in SHELVES.items():
        group = DRAW.child(kind).integers(twenty, high=len(make().groups))
        kinds[kind] = make().render(make().choose(group, DRAW.uniform(spread)), DRAW.bits(spread))
    return "\n".join(f"# {kind}\n" + "\n".join(texts) + "\n" for kind, texts in kinds.items())


def test_the_sample_is_the_golden_one(board: Board) -> None:
    # Changed words? Read the sample as a user would, then write it: GOLDEN.write_text(sample(board), "utf-8")
    assert sample(board) == GOLDEN.read_text("utf-8")


@pytest.mark.parametrize("kind", SHELVES)
def test_every_template_renders_to_clean_text(kind: str) -> None:
    made = SHELVES[kind]()
    every = np.arange(len(made.texts))
    for turn in range(3):
        for text in made.render(every, DRAW.bits(every, turn)):
            assert 0 < len(text) <= 80
            assert text == text.strip() or kind in ("search", "service")
            assert not re.search(r"[{}|]|  ", text), text


@pytest.mark.parametrize("kind", SHELVES)
def test_a_pair_is_one_text_whatever_the_shard(kind: str) -> None:
    made = SHELVES[kind]()
    group = DRAW.integers(np.arange(500), high=len(made.groups))
    template, key = made.choose(group, DRAW.uniform(np.arange(500))), DRAW.bits(np.arange(500))
    whole = made.render(template, key)
    assert made.render(template[:123], key[:123]) + made.render(template[123:], key[123:]) == whole
    assert made.render(template[::-1], key[::-1]) == whole[::-1]
    assert made.render(template[:0], key[:0]) == []


@pytest.mark.parametrize("kind", SHELVES)
def test_halves_share_no_template_and_fill_every_group(kind: str) -> None:
    made = SHELVES[kind]()
    group = np.repeat(np.arange(len(made.groups)), 40)
    u = DRAW.uniform(np.arange(len(group)))
    learning, scoring = (made.choose(group, u, half=half) for half in ("learning", "scoring"))
    assert not set(learning.tolist()) & set(scoring.tolist())
    assert not made.scoring(learning).any()
    assert made.scoring(scoring).all()
    both = made.choose(group, u)
    assert (np.searchsorted(made.start, both, side="right") - 1 == group).all()


def test_groups_are_counted_as_the_board_counts(board: Board) -> None:
    categories, intents = board.texts("category.names"), board.texts("service.intents")
    c = categories.index("skincare")
    assert words.search_shelf().groups[words.search_group(c, words.NEEDS.index("ask"))] == "skincare/ask"
    assert words.review_shelf().groups[words.review_group(c, 5)] == "skincare/5"
    assert words.title_shelf().groups[words.title_group(c, 2)] == "skincare/note"
    number = words.service_group(intents.index("fake"), words.PARTS.index("angry"))
    assert words.service_shelf().groups[number] == "fake/angry"
    assert words.service_shelf().groups[words.service_group(-1, words.SMALL_TALK.index("close"))] == "any/close"
    assert words.search_shelf().group("skincare/ask") == words.search_group(c, 4)
    with pytest.raises(SettingError, match="no templates"):
        words.search_shelf().group("moon/find")


def test_words_keep_the_order_of_the_boards_notes(board: Board) -> None:
    categories, intents = board.texts("category.names"), board.texts("service.intents")
    assert words.search_shelf().groups == tuple(f"{name}/{need}" for name in categories for need in words.NEEDS)
    talk = tuple(f"any/{part}" for part in words.SMALL_TALK)
    assert words.chatter_shelf().groups == tuple(f"{name}/{place}" for name in categories for place in words.PLACES)
    assert words.service_shelf().groups == talk + tuple(f"{name}/{part}" for name in intents for part in words.PARTS)


def test_nothing_outside_the_town_reads_its_words() -> None:
    source = Path(words.__file__).parents[2]
    readers = [path for path in source.rglob("*.py") if "world.words" in path.read_text("utf-8")]
    assert readers
    assert all(path.relative_to(source).parts[0] == "world" for path in readers)


def test_there_are_a_few_hundred_searches() -> None:
    made = words.search_shelf()
    every = np.repeat(np.arange(len(made.texts)), 20)
    texts = made.render(every, DRAW.bits(np.arange(len(every))))
    assert len(made.texts) > 500
    assert len(set(texts)) > 3000
    assert 4 < np.mean([len(text) for text in texts]) < 12  # people type little


def test_writing_is_quick() -> None:
    made = words.search_shelf()
    count = 100_000
    template = made.choose(np.arange(count) % len(made.groups), DRAW.uniform(np.arange(count)))
    key = DRAW.bits(np.arange(count))
    made.render(template[:10], key[:10])
    spent = []
    for _ in range(3):
        start = time.process_time()
        words.searches(template, key)
        spent.append(time.process_time() - start)
    assert min(spent) / count < 1.5e-6  # 0.25 us measured; the bar is 0.5 on a quiet machine


def test_a_few_lines_are_mistyped() -> None:
    made = words.service_shelf()
    template, key = np.full(40_000, made.start[words.service_group(0, 0)]), DRAW.bits(np.arange(40_000))
    clean, typed = made.render(template, key), words.service_lines(template, key)
    wrong = [(one, other) for one, other in zip(clean, typed, strict=True) if one != other]
    assert 0 < len(wrong) / 40_000 < 0.03
    assert all(sum(a != b for a, b in zip(one, other, strict=True)) == 1 for one, other in wrong)


# --- shelves


def test_one_slot_is_one_word_and_its_second_pick_another() -> None:
    tables = {"g": {"x": list("abcdefgh")}}
    made = shelf({"g": ["{x}{x}{x2}", "-{x}{x}{x2}"]}, tables)
    for text in made.render(np.arange(400) % 2, DRAW.bits(np.arange(400))):
        first, again, second = text[-3:]
        assert first == again != second
    counts = Counter(text[-1] for text in made.render(np.zeros(8000, int), DRAW.bits(np.arange(8000))))
    assert len(counts) == 8
    assert max(counts.values()) / min(counts.values()) < 1.3


def test_blank_options_write_nothing() -> None:
    made = shelf({"g": ["{x}a", "{x}b"]}, {"g": {"x": ["_"]}})
    assert sorted(made.render([0, 1], [1, 2])) == ["a", "b"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda: shelf({"g": ["{y}", "b"]}, {"g": {}}), "has no options", id="unknown-slot"),
        pytest.param(lambda: shelf({"g": ["a"]}, {"g": {}}), "fewer than two", id="no-two-halves"),
        pytest.param(lambda: words.search_shelf().render([1, 2], [3]), "no pairs", id="no-pair"),
    ],
)
def test_broken_shelves_are_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        make()


def test_halves_are_equal_and_do_not_hang_on_the_order() -> None:
    lines = [f"line {n}" for n in range(11)]
    learning, scoring = halves(lines)
    assert (len(learning), len(scoring)) == (5, 6)
    assert halves(reversed(lines)) == (learning, scoring)
    assert isinstance(words.title_shelf(), Shelf)


# --- people


def test_no_phone_can_ring(board: Board) -> None:
    everybody = np.arange(3000)
    numbers = words.phones(board, DRAW, everybody)
    assert {number[:3] for number in numbers} <= set(words.PHONE_PREFIXES) == {"154", "164"}
    assert {len(number) for number in numbers} == {11}
    twice = [number for number, count in Counter(numbers).items() if count > 1]
    assert 0 < len(twice) < 0.01 * 3000  # those who give the number of the home's head
    for number in twice:
        homes = {int(board["people.home"][n]) for n in everybody if numbers[n] == number}
        assert len(homes) == 1


def test_names_hang_on_the_person_alone(board: Board) -> None:
    who = np.arange(0, 3000, 7)
    whole = words.names(board, DRAW, who)
    assert words.names(board, DRAW, who[50:90]) == whole[50:90]
    assert words.nicknames(board, DRAW, who[50:90]) == words.nicknames(board, DRAW, who)[50:90]
    assert all(2 <= len(name) <= 4 for name in whole)
    assert len(set(whole)) > 0.8 * len(whole)
    assert Counter(name[0] for name in whole).most_common(1)[0][0] in "王李张刘"


def test_nicknames_hold_emoji_rare_characters_and_markup(board: Board) -> None:
    texts = words.nicknames(board, DRAW, np.arange(board.count("accounts")))
    assert sum(any(ord(letter) > 0x1F000 for letter in text) for text in texts) > 100
    assert any("𠮷" in text for text in texts)
    assert 0 < sum("<" in text or "';" in text or text.startswith("=") for text in texts) < 30
    assert all(0 < len(text) < 40 for text in texts)


def test_every_brand_has_its_own_name(board: Board) -> None:
    assert len(set(words.brand_names(np.arange(board.count("brands"))))) == board.count("brands")


def test_items_are_called_by_brand_and_thing(board: Board) -> None:
    items = np.arange(600)
    titles, brands = words.item_names(board, DRAW, items), words.brand_names(board["item.brand"])
    assert all(title.startswith(brand + " ") for title, brand in zip(titles, brands, strict=True))
    assert words.item_names(board, DRAW, items[100:200]) == titles[100:200]


# --- addresses


def test_addresses_carry_the_noise_of_the_design(board: Board) -> None:
    site = board["address.site"]
    homes = np.flatnonzero(board["site.kind"][site[: board.count("homes")]] == 0)
    typed = np.repeat(homes, 20)
    texts = words.addresses(board, DRAW, typed, occasion=np.arange(len(typed)))
    cities = np.array(board.texts("city.names"))[board["site.city"][site[typed]]]
    begins = ("广东", "四川", "浙江", "湖北", "河南", "山东", "云南", "安徽", "广西")
    provinces = [text.startswith(begins) for text in texts]
    elsewhere = ~np.isin(cities, ("北京", "上海"))
    assert np.array(provinces)[elsewhere].mean() == pytest.approx(0.75, abs=0.03)
    shares = {mark: sum(mark in text for text in texts) / len(texts) for mark in ("栋", "#", "单元")}
    assert all(0.05 < share < 0.95 for share in shares.values()), shares
    spoken = sum(bool(re.search("[一二三四五六七八九十]号楼", text)) for text in texts) / len(texts)
    assert 0.05 < spoken < 0.3
    named = words.site_names(board, DRAW, site[typed])
    aliased = np.mean([name not in text for name, text in zip(named, texts, strict=True)])
    assert aliased == pytest.approx(0.15, abs=0.05)


def test_a_home_typed_twice_is_one_place_in_two_texts(board: Board) -> None:
    texts = set(words.addresses(board, DRAW, np.zeros(40, int), occasion=np.arange(40)))
    assert 3 < len(texts) < 41
    assert words.addresses(board, DRAW, [0], occasion=5) == words.addresses(board, DRAW, [0], occasion=5)


def test_compounds_of_a_city_have_their_own_names(board: Board) -> None:
    site = np.arange(board.count("sites"))
    names = words.site_names(board, DRAW, site)
    compounds = [(int(board["site.city"][n]), names[n]) for n in site if board["site.kind"][n] == 0]
    assert len(set(compounds)) == len(compounds)
