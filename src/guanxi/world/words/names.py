"""Names: of people, accounts, brands and items, and phone numbers that nobody has.

Phones begin with 154 or 164, which the numbering plan has not given to mobile users [M]; so they look right and ring
nowhere.
"""

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from guanxi.world.board import Board
from guanxi.world.draws import Draws, mix64
from guanxi.world.jit import compiled
from guanxi.world.words.lines import goods_slots, read
from guanxi.world.words.shelf import words

PHONE_PREFIXES: Final = ("154", "164")

_HALF: Final = 10_000  # a number's eight digits are two halves


def names(board: Board, draw: Draws, who: ArrayLike) -> list[str]:
    """Return the personal names of people, by sex and cohort; children carry the head's surname.

    who   person numbers
    """
    who, table = np.asarray(who, np.int64), _table()
    role, home = board["people.role"][who], board["people.home"][who].astype(np.int64)
    of_home = (role == 0) | (role == 3)
    family = draw.child("surname")
    weights = 1.0 / (np.arange(len(table["surnames"])) + 4.0)
    own, shared = family.choice(weights, who), family.child("home").choice(weights, home)
    surname = table["surnames"][np.where(of_home, shared, own)]
    age = board["people.age"][who].astype(np.int64)
    cohort = np.select([age >= 55, age >= 26], [0, 1], 2) + 3 * board["people.sex"][who].astype(np.int64)
    given = draw.child("given")
    first = np.empty(len(who), object)
    for n, name in enumerate(("woman_old", "woman", "woman_young", "man_old", "man", "man_young")):
        mine = np.flatnonzero(cohort == n)
        if len(mine):
            options = table[name]
            first[mine] = options[given.integers(who[mine], high=len(options))]
    rare = np.flatnonzero(given.uniform(who, slot=1) < 0.004)  # 生僻字
    if len(rare):
        first[rare] = table["rare"][given.integers(who[rare], slot=2, high=len(table["rare"]))]
    return list(map("".join, zip(surname.tolist(), first.tolist(), strict=True)))


def nicknames(board: Board, draw: Draws, account: ArrayLike) -> list[str]:
    """Return what accounts call themselves: by age and style, with emoji, rare characters and, 1 in 2,000, markup.

    account   account numbers
    """
    account, table = np.asarray(account, np.int64), _nick_table()
    person = board["account.person"][account].astype(np.int64)
    age = board["people.age"][person].astype(np.int64)
    parent = np.isin(board["people.stage"][person], (4, 5))
    weights = np.where(age[:, None] >= 55, (1, 0, 1, 8, 0, 2, 0, 1, 2.0), (4, 3, 5, 0.2, 2, 0.5, 0, 2, 1.2))
    weights[:, 6] = 3.0 * parent
    form = draw.child("form").choice(weights, account)
    form[draw.child("rare").uniform(account) < 0.02] = 9
    form[draw.child("default").uniform(account) < 0.06] = len(_NICKS)  # never chose a name
    form[draw.child("hostile").uniform(account) < 0.0005] = 10
    picks = draw.child("pick")
    out = np.empty(len(account), object)
    out[:] = [f"用户{number % 10**10:010d}" for number in picks.bits(account, 1).tolist()]
    for n, parts in enumerate(_NICKS):
        mine = np.flatnonzero(form == n)
        if not len(mine):
            continue
        columns = [
            table[part][picks.integers(account[mine], slot=slot, high=len(table[part]))].tolist()
            for slot, part in enumerate(parts)
        ]
        out[mine] = list(map("".join, zip(*columns, strict=True)))
    return list(out)


def phones(board: Board, draw: Draws, who: ArrayLike) -> list[str]:
    """Return the mobile numbers of people: unique, but .005 give the number of the home's head.

    who   person numbers
    """
    who = np.asarray(who, np.int64)
    head = np.searchsorted(board["people.home"], board["people.home"][who], side="left")
    holder = np.where(draw.child("lent").uniform(who) < 0.005, head, who).astype(np.int64)
    number = np.empty(len(holder), np.int64)
    _scramble(holder, draw.child("number").key, number)
    which = (number & 1).tolist()
    return [f"{PHONE_PREFIXES[w]}{n:08d}" for w, n in zip(which, number.tolist(), strict=True)]


def brand_names(brand: ArrayLike) -> list[str]:
    """Return invented names of brands, each number its own."""
    table = _table()
    first, last = table["brand/first"], table["brand/last"]
    n = np.asarray(brand, np.int64)
    heads = first[n % len(first)].tolist()
    return [head + tail for head, tail in zip(heads, last[n // len(first) % len(last)].tolist(), strict=True)]


def item_names(board: Board, draw: Draws, item: ArrayLike) -> list[str]:
    """Return what a shop calls items: brand, what is said before the thing, thing, for whom, size.

    item   item numbers
    """
    item = np.asarray(item, np.int64)
    category = board["item.category"][item].astype(np.int64)
    picks, out = draw.child("item"), np.empty(len(item), object)
    for c, name in enumerate(board.texts("category.names")):
        mine = np.flatnonzero(category == c)
        if not len(mine):
            continue
        slots, u = goods_slots()[name], [picks.uniform(item[mine], slot=slot) for slot in range(4)]
        full, short, who = (np.array(slots[table], object) for table in ("item", "pack", "who"))
        title = np.where(u[0] < 0.85, full[(u[1] * len(full)).astype(int)], short[(u[1] * len(short)).astype(int)])
        suits = (u[2] < 0.3) & (name in _SUITS)
        ends = np.where(suits, " " + who[(u[3] * len(who)).astype(int)] + "适用", "")
        out[mine] = title + ends
    brands = brand_names(board["item.brand"][item].astype(np.int64))
    return [f"{brand} {title}" for brand, title in zip(brands, out.tolist(), strict=True)]


_NICKS: Final = (
    ("doing", "animal"), ("sweet", "year"), ("sweet",), ("elder",), ("cool",), ("boss_a", "boss", "call"), ("mum",),
    ("sweet", "emoji"), ("emoji", "elder", "emoji"), ("rare",), ("hostile",),
)  # fmt: skip
_SUITS: Final = ("skincare", "makeup", "apparel", "formula", "supplement", "toy", "outdoor", "course", "digital")


@compiled
def _scramble(number: Any, key: Any, out: Any) -> None:
    # Feistel network on two halves of four digits: one to one on 0..99,999,999, so that numbers stay unique.
    for n in range(len(number)):
        left, right = number[n] // _HALF, number[n] % _HALF
        for turn in range(4):
            mixed = mix64(key + np.uint64(right * 8 + turn))
            left, right = right, (left + np.int64(mixed % np.uint64(_HALF))) % _HALF
        out[n] = left * _HALF + right


@cache
def _table() -> dict[str, NDArray[np.object_]]:
    table = read("names")
    rows = {"surnames": words(table["surnames"])}
    rows |= {name: words(text) for name, text in table["given"].items()}
    rows |= {f"brand/{name}": words(text) for name, text in table["brand"].items()}
    return {name: np.array(options, object) for name, options in rows.items()}


@cache
def _nick_table() -> dict[str, NDArray[np.object_]]:
    rows = {name: words(text) for name, text in read("names")["nick"].items()}
    rows["year"] = tuple(str(n) for n in (*range(80, 100), 520, 666, 233, 1996, 2001))
    rows["boss_a"] = ("A", "A", "AA", "")
    return {name: np.array(options, object) for name, options in rows.items()}
