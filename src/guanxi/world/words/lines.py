"""Searches, service lines, reviews and titles: which template a need asks for, and its text.

Group numbers count as the notes of the board do: `category.names` and `service.intents`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from guanxi.world.words.shelf import Shelf, lines, shelf, uniform_of, words

NEEDS: Final = ("find", "choose", "cheap", "gift", "ask")
SERVED: Final = ("course", "game", "loan", "travel", "checkup", "coffee")  # categories in which nothing is sent
PARTS: Final = ("calm", "angry", "agent")  # of an intent
SMALL_TALK: Final = ("open", "thanks", "angry", "hold", "close", "follow")  # hold and close are the agent's
FORMS: Final = ("video", "article", "note")
PLACES: Final = ("comment", "room")  # under a piece of content, in a live room

_GIFTS: Final = ("snack", "apparel", "skincare", "makeup", "toy", "kitchen", "digital", "outdoor", "supplement")
# What is not said where nothing is sent, in reviews and in titles.
_SENT: Final = ("快递", "退货", "运费", "囤", "收到", "包装", "买来", "买的", "坏了", "东西", "先用用")
_SOLD: Final = ("开箱", "返场", "入手", "顺手", "蹲了", "亏了", "搞定", "和贵的", "必备")
_TYPOS: Final = 0.015  # of lines [G]


def search_group(category: ArrayLike, need: ArrayLike) -> NDArray[np.int64]:
    """Return the groups of `search_shelf` for category numbers and places in NEEDS."""
    return np.asarray(category, np.int64) * len(NEEDS) + np.asarray(need, np.int64)


def review_group(category: ArrayLike, stars: ArrayLike) -> NDArray[np.int64]:
    """Return the groups of `review_shelf` for category numbers and stars 1..5."""
    return np.asarray(category, np.int64) * 5 + np.asarray(stars, np.int64) - 1


def service_group(intent: ArrayLike, part: ArrayLike) -> NDArray[np.int64]:
    """Return the groups of `service_shelf` for intent numbers and places in PARTS, for intent -1 in SMALL_TALK."""
    intent, part = np.asarray(intent, np.int64), np.asarray(part, np.int64)
    return np.where(intent < 0, part, len(SMALL_TALK) + intent * len(PARTS) + part)


def title_group(category: ArrayLike, form: ArrayLike) -> NDArray[np.int64]:
    """Return the groups of `title_shelf` for category numbers and places in FORMS."""
    return np.asarray(category, np.int64) * len(FORMS) + np.asarray(form, np.int64)


def chatter_group(category: ArrayLike, place: ArrayLike) -> NDArray[np.int64]:
    """Return the groups of `chatter_shelf` for category numbers and places in PLACES."""
    return np.asarray(category, np.int64) * len(PLACES) + np.asarray(place, np.int64)


def searches(template: ArrayLike, key: ArrayLike) -> list[str]:
    """Return search queries, as typed."""
    return _typed(search_shelf().render(template, key), key)


def service_lines(template: ArrayLike, key: ArrayLike) -> list[str]:
    """Return lines of the service desk."""
    return _typed(service_shelf().render(template, key), key)


def reviews(template: ArrayLike, key: ArrayLike) -> list[str]:
    """Return reviews."""
    return _typed(review_shelf().render(template, key), key)


def titles(template: ArrayLike, key: ArrayLike) -> list[str]:
    """Return titles of content, or first lines of notes."""
    return title_shelf().render(template, key)


@cache
def search_shelf() -> Shelf:
    """Templates of searches: group = category x NEEDS."""
    table, of = read("search"), goods_slots()
    slots = {name: words(text) for name, text in table["slots"].items()}
    templates, tables = {}, {}
    for category, mine in of.items():
        for need in NEEDS:
            asked = "find" if need == "gift" and category not in _GIFTS else need
            source = table["service"] if category in SERVED else table["needs"]
            group = f"{category}/{need}"
            templates[group] = mine["ask"] if asked == "ask" else lines(source[asked])
            tables[group] = {**slots, **mine}
    return shelf(templates, tables)


@cache
def review_shelf() -> Shelf:
    """Templates of reviews: group = category x stars."""
    table, of = read("reviews"), goods_slots()
    slots = {name: words(text) for name, text in table["slots"].items()}
    served = {name: words(text) for name, text in table["service"].items()}
    templates, tables = {}, {}
    for category, mine in of.items():
        for star in range(1, 6):
            kept = lines(table["stars"][str(star)])
            if category in SERVED:
                kept = tuple(line for line in kept if not any(word in line for word in _SENT))
            group = f"{category}/{star}"
            templates[group] = kept
            tables[group] = {**slots, **(served if category in SERVED else {}), **mine}
    return shelf(templates, tables)


@cache
def title_shelf() -> Shelf:
    """Templates of titles and notes: group = category x FORMS."""
    table, of = read("titles"), goods_slots()
    slots = {name: words(text) for name, text in table["slots"].items()}
    templates, tables = {}, {}
    for category, mine in of.items():
        for form in FORMS:
            kept = lines(table[form]["text"])
            if category in SERVED:
                kept = tuple(line for line in kept if not any(word in line for word in _SOLD))
            templates[f"{category}/{form}"] = kept
            tables[f"{category}/{form}"] = {**slots, **mine}
    return shelf(templates, tables)


@cache
def chatter_shelf() -> Shelf:
    """Templates of what viewers write: group = category x PLACES."""
    table, of = read("chatter"), goods_slots()
    slots = {name: words(text) for name, text in table["slots"].items()}
    templates, tables = {}, {}
    for category, mine in of.items():
        for place in PLACES:
            own = lines(table[place]["text"])
            templates[f"{category}/{place}"] = own if category in SERVED else own + lines(table[place]["sold"])
            tables[f"{category}/{place}"] = {**slots, **mine}
    return shelf(templates, tables)


@cache
def service_shelf() -> Shelf:
    """Templates of service lines: SMALL_TALK of any dialogue, then intent x PARTS."""
    table = read("service")
    slots = {name: words(text) for name, text in table.pop("slots").items()}
    templates = {f"any/{part}": lines(table["any"][part]) for part in SMALL_TALK}
    for intent, parts in table.items():
        if intent != "any":
            for part in PARTS:
                # One angry or agent's line is short of two halves: small talk of the same tone goes with it.
                more = {"angry": "angry", "agent": "hold"}.get(part)
                own = lines(parts[part])
                templates[f"{intent}/{part}"] = own if len(own) > 1 or more is None else own + templates[f"any/{more}"]
    return shelf(templates, dict.fromkeys(templates, slots))


@cache
def goods_slots() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Category -> table -> options: `thing`, `fine` (said before it, thing), `pack` (thing, size), `item` (all), …."""
    return {category: _tables(rows) for category, rows in read("goods").items()}


def mistyped(text: str, u: float) -> str:
    """Return a text with one homophone or look-alike character in it, as the input method offers them; u in (0, 1)."""
    pairs = _mistakes()
    places = [n for n, letter in enumerate(text) if letter in pairs]
    if not places:
        return text
    at = places[int(u * len(places))]
    return text[:at] + pairs[text[at]] + text[at + 1 :]


def read(name: str) -> dict[str, Any]:
    """Return a table of words that ships with the town."""
    return tomllib.loads((resources.files("guanxi.world.words") / f"{name}.toml").read_text("utf-8"))


def _typed(texts: list[str], key: ArrayLike) -> list[str]:
    u = uniform_of(np.atleast_1d(np.asarray(key)))
    for n in np.flatnonzero(u < _TYPOS).tolist():
        texts[n] = mistyped(texts[n], u[n] / _TYPOS)
    return texts


@cache
def _mistakes() -> dict[str, str]:
    pairs = words(read("names")["typo"]["pairs"])
    return {pair[0]: pair[1] for pair in pairs} | {pair[1]: pair[0] for pair in pairs}


def _tables(rows: Mapping[str, str]) -> dict[str, Sequence[str]]:
    tables: dict[str, list[str]] = {"thing": [], "fine": [], "pack": [], "item": []}
    for row in lines(rows["kinds"]):
        things, points, sizes = (words(part) for part in row.split("|"))
        tables["thing"] += things
        tables["fine"] += [point + thing for thing in things for point in points]
        tables["pack"] += [f"{thing} {size}" for thing in things for size in sizes]
        tables["item"] += [f"{point}{thing} {size}" for thing in things for point in points for size in sizes]
    named: dict[str, Sequence[str]] = {name: words(rows[name]) for name in ("who", "good", "bad", "scene")}
    named["use"] = (rows.get("use", "用"),)
    return {**tables, **named, "ask": lines(rows["ask"])}
