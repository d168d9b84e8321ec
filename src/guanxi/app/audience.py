"""Who is asked about: everybody, a segment, whoever bears labels, or people by name; in words of both languages."""

from collections.abc import Iterable
from typing import Final

import msgspec

from guanxi.app.everybody import BUYERS, NO_ORDER, everybody
from guanxi.app.labels import bearing
from guanxi.app.scope import scope
from guanxi.app.workspace import Workspace
from guanxi.core import DataError
from guanxi.events import split_ref
from guanxi.traits.labels import find_label, label_words
from guanxi.traits.metrics import segment_name

MOST: Final = 2_000_000
_WORDS: Final = {
    "": ("所有人", "everybody"),
    BUYERS: ("买过的人", "buyers"),
    NO_ORDER: ("没买过的人", "who never bought"),
}


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """People, and who they are in words; each person once, in order of their reference."""

    people: tuple[str, ...]
    zh: str
    en: str


def find_audience(workspace: Workspace, *, segment: str = "", label: str = "", t: str = "30d") -> Audience:
    """Return the people of a segment who bear all of some labels.

    segment  "" = all; of RFM; "buyers" or "no_order"
    label    such as "gender:female,age:25-34"
    t        the time by whose end RFM is scored
    raises   DataError for another segment or label
    """
    asked = scope(workspace, t=t)
    rows = everybody(workspace, asked, segment=segment)
    words = [_WORDS[segment] if segment in _WORDS else segment_name(segment)]
    for part in filter(None, (one.strip() for one in label.split(","))):
        name, _, value = part.partition(":")
        row = find_label(name)
        zh, en = label_words(row, value)
        words.append((f"{row.zh}{zh}", f"{row.en}: {en}"))
    if label:
        rows = bearing(workspace, asked, rows, label)
    people = sorted(rows["person"].to_list())
    return Audience(people=tuple(people), zh="、".join(zh for zh, _ in words), en=", ".join(en for _, en in words))


def named_audience(refs: Iterable[str], *, zh: str = "", en: str = "") -> Audience:
    """Return people by their references, one each; blank ones are left out.

    raises  DataError naming the first that is no reference of a person
    """
    people = tuple(dict.fromkeys(filter(None, (one.strip() for one in refs))))
    for ref in people:
        kind = split_ref(ref)[0] if ref.count(":") >= 2 else ""
        if kind not in ("account", "person"):
            raise DataError(f"{ref[:80]!r} names no person", "Write account:taobao:AAE1x, one a line", "people")
    if len(people) > MOST:
        raise DataError(f"{len(people):,} people are named", f"Name at most {MOST:,}", "people")
    return Audience(people=people, zh=zh or f"点名的 {len(people):,} 人", en=en or f"{len(people):,} people by name")
