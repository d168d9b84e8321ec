"""Parcel addresses as people type them: complete, and then not.

Cities and districts are real, streets and compounds invented. Noise by the town's design [G]: province left out .25,
the compound by another name .15, 3号楼 or 3栋 or 三号楼, a homophone or look-alike character .02, order swapped .01.
"""

from bisect import bisect
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from guanxi.world.base import COMPOUND, DORM, OFFICE, SHOP, STATION
from guanxi.world.board import Board
from guanxi.world.draws import Draws
from guanxi.world.words.lines import mistyped, read
from guanxi.world.words.shelf import words

NO_PROVINCE, ALIAS, TYPO, SWAPPED = 0.25, 0.15, 0.02, 0.01

_WINGS: Final = (0.40, 0.65, 0.80, 0.90)  # how often the first ways of naming a building are used, summed [G]
_DIGITS: Final = "零一二三四五六七八九"


def addresses(board: Board, draw: Draws, who: ArrayLike, *, occasion: ArrayLike = 0) -> list[str]:
    """Return the text of addresses, typed anew on each occasion.

    who        address numbers (`people.address`, `people.pickup`)
    occasion   what makes a second typing differ, e.g. the person or the order
    """
    who = np.asarray(who, np.int64)
    site, room = board["address.site"][who].astype(np.int64), board["address.room"][who].tolist()
    city, kind = board["site.city"][site].astype(np.int64), board["site.kind"][site].tolist()
    noise = draw.child("noise")
    u = [noise.uniform(who, occasion, slot).tolist() for slot in range(9)]
    heads = _heads(board, site, city, u[0])
    plain, other = site_names(board, draw, site), site_names(board, draw, site, alias=True)
    out = []
    for n, head in enumerate(heads):
        name = other[n] if u[1][n] < ALIAS else plain[n]
        tail = _tail(kind[n], room[n], u[2][n], u[3][n])
        text = f"{name}{tail}{head}" if u[4][n] < SWAPPED else f"{head}{name}{tail}"
        out.append(mistyped(text, u[6][n]) if u[5][n] < TYPO else text)
    return out


def site_names(board: Board, draw: Draws, site: ArrayLike, *, alias: bool = False) -> list[str]:
    """Return what sites are called: compounds, dorms, office buildings, pick-up stations, shops.

    alias   what people say instead: 锦栎小区 for 锦栎花园
    """
    site, table = np.asarray(site, np.int64), _table()
    kind, city = board["site.kind"][site].astype(np.int64), board["site.city"][site].astype(np.int64)
    block = kind * board.count("cities") + city
    rank = site - board["site.start"][block]  # in its city: names stay unique there
    first, last = table["compound"], table["compound_last"]
    count = len(first) * len(last)
    turned = (rank * 7919 + draw.child("site").integers(block, high=count)) % count
    phase = rank // count
    out = []
    for k, n, p, s in zip(kind.tolist(), turned.tolist(), phase.tolist(), site.tolist(), strict=True):
        name, end = first[n % len(first)], last[n // len(first)]
        if k == COMPOUND:
            # Either the short name alone, or the common word for the proper one.
            out.append(
                (name + ("小区" if end != "小区" else "") if alias else name + end) + (f"{p + 1}期" if p else "")
            )
        elif k == DORM:
            out.append(f"{name}{'学院宿舍' if alias else '学院学生公寓'}{s % 9 + 1}号楼")
        elif k == OFFICE:
            out.append(f"{name}{('大楼' if alias else ('大厦', '中心', '科技园', '广场')[s % 4])}{s % 5 + 1}座")
        elif k == STATION:
            out.append(f"{name}{'快递点' if alias else ('驿站', '菜鸟驿站', '快递柜')[s % 3]}")
        else:
            out.append(f"{name}{('门店' if alias else '店')}")
    return out


def _heads(board: Board, site: NDArray[np.int64], city: NDArray[np.int64], u: list[float]) -> list[str]:
    table, names = _table(), board.texts("city.names")
    district = board["site.district"][site].tolist()
    street = site * 2654435761 % (2**31)  # a site's street is fixed by its number
    roads = table["street"][street % len(table["street"])].tolist()
    ends = table["street_last"][street // 97 % len(table["street_last"])].tolist()
    numbers = (street // 1009 % 398 + 1).tolist()
    kind = board["site.kind"][site].tolist()
    out = []
    for n, c in enumerate(city.tolist()):
        name, province = names[c], table["province"][names[c]]
        own = f"{name}市" if province != f"{name}市" else ""
        shown = "" if u[n] < NO_PROVINCE and own else province
        number = f"{numbers[n]}号" if u[n] * 7 % 1 < 0.6 or kind[n] in (STATION, SHOP) else ""
        out.append(f"{shown}{own}{table['district'][name][district[n]]}{roads[n]}{ends[n]}{number}")
    return out


def _tail(kind: int, room: int, u: float, v: float) -> str:
    if kind == OFFICE:
        return f"{int(u * 28) + 2}楼" + ("前台" if v < 0.5 else "")
    if room < 0:
        return ""
    building, unit, level, door = room // 100_000, room // 10_000 % 10, room // 100 % 100, room % 100
    if kind == DORM:
        return f"{level}{door:02d}" + ("室" if u < 0.5 else "")
    wings = (f"{building}号楼", f"{building}栋", f"{_spoken(building)}号楼", f"{building}幢", f"{building}#")
    wing = wings[bisect(_WINGS, u)]
    if v < 0.2:  # 3-2-1501
        return f"{building}-{unit}-{level}{door:02d}"
    return f"{wing}{unit}单元{level}{door:02d}" + ("室" if v < 0.6 else "")


def _spoken(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if not tens else ("" if tens == 1 else _DIGITS[tens]) + "十") + (
        _DIGITS[ones] if ones or not tens else ""
    )


@cache
def _table() -> dict[str, Any]:
    table = read("names")
    streets = table["street"]
    return {
        "street": np.array(words(streets["first"]), object),
        "street_last": np.array(words(streets["last"]), object),
        "compound": words(streets["compound"]),
        "compound_last": words(streets["compound_last"]),
        "district": {city: tuple(names.split(",")) for city, names in _pairs(streets["district"])},
        "province": dict(_pairs(streets["province"])),
    }


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(city, rest) for city, _, rest in (part.partition(":") for part in words(text))]
