"""A person in the rows of the lake: which rows are theirs, and what a row says once they are erased."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from guanxi.engines.erasure.retention import kept_until_ms
from guanxi.engines.vault import ErasureJob
from guanxi.events import PROPERTY, REF, ROLE, Kind, person_of, split_ref

#: Whose event it is; a person in another role is only mentioned by it.
OWNERS: Final = ("actor", "recipient", "payer")
#: Roles that point back at the person: hidden in what is kept of them.
IDENTIFYING: Final = ("device", "ip", "phone", "address", "card", "household", "place")
#: References by which events without a person belong to one.
LINKS: Final = ("order", "conversation", "parcel", "ticket")
GONE: Final = "erased"  # stands where a text named the person

_TOKEN: Final = re.compile("vt_[0-9a-f]{32}")

Act = Literal["delete", "restrict", "rename", "leave"]


class Person:
    """Decides and rewrites, row by row; a row is a mapping of the lake's columns."""

    def __init__(self, job: ErasureJob, *, now_ms: int) -> None:
        self.refs = frozenset(job.refs)
        self.surrogate, self._now = job.surrogate, now_ms
        keys = [split_ref(ref)[2] for ref in job.refs]
        # A short or numeric key means other things in other people's events: an item has the number 17850 too.
        self.needles = tuple(dict.fromkeys([*job.refs, *filter(_is_telling, keys), *job.texts]))
        self.short_keys = tuple(key for key in keys if not _is_telling(key))
        self._telling = _words(self.needles)
        self._own = _words([*self.needles, *(key for key in keys if len(key) >= 4)])

    def act(self, row: Mapping[str, Any], kind: Kind | None, name: str) -> Act:
        """Return what becomes of a row that mentions the person.

        kind  its row of the catalogue, None for a custom kind; `name` is the kind's name in either case
        """
        roles, refs = _roles(row), _named(row, REF)
        held = self.refs.intersection(roles.values())
        owned = any(role in roles for role in OWNERS)
        theirs = person_of(roles, refs, row.get("platform") or "") in self.refs or (bool(held) and not owned)
        if theirs and (kind is None or kind.privacy != "public"):
            return self.act_on_own(row, kind, name)
        if held or self._mentioned(row):
            return "rename"
        return "leave"

    def act_on_own(self, row: Mapping[str, Any], kind: Kind | None, name: str) -> Act:
        """Return what becomes of a row that is the person's own: kept, restricted, only where a law orders it."""
        family = kind.family if kind is not None else ""
        return "restrict" if kept_until_ms(name, family, row["at_ms"]) > self._now else "delete"

    def restricted(self, row: Mapping[str, Any], kind: Kind | None) -> dict[str, Any]:
        """Return the person's own row without the person: what was traded stays, who it was does not."""
        result = self._hidden(row, self._own, kind)
        for role in IDENTIFYING:
            if result.get(ROLE + role):
                result[ROLE + role] = self._stand_in(result[ROLE + role])
        result["extra"] = None  # undeclared, so nobody knows what it says about the person
        return result

    def renamed(self, row: Mapping[str, Any], kind: Kind | None) -> dict[str, Any]:
        """Return somebody else's row with the person's references and names hidden."""
        result = self._hidden(row, self._telling, kind)
        if result.get("extra"):
            extra = _walked(msgspec.json.decode(result["extra"]), self._telling, self)
            text = msgspec.json.encode(extra).decode()
            result["extra"] = _TOKEN.sub("", text) if self.refs.intersection(_roles(row).values()) else text
        return result

    def _hidden(self, row: Mapping[str, Any], words: re.Pattern[str], kind: Kind | None) -> dict[str, Any]:
        result = dict(row)
        held = bool(self.refs.intersection(_roles(row).values()))
        for name, value in row.items():
            if not isinstance(value, str) or name == "extra":
                continue
            if name.startswith(ROLE):
                result[name] = self._stand_in(value) if value in self.refs else value
            elif name.startswith(PROPERTY):
                declared = kind.properties.get(name[len(PROPERTY) :]) if kind is not None else None
                if declared is not None and declared.personal:
                    result[name] = None if held or words is self._own else value
                elif declared is not None and declared.type == "json":
                    result[name] = msgspec.json.encode(_walked(msgspec.json.decode(value), words, self)).decode()
                else:
                    result[name] = words.sub(GONE, value)
            elif name.startswith(REF):
                result[name] = words.sub(GONE, value)
        return result

    def _mentioned(self, row: Mapping[str, Any]) -> bool:
        return any(
            isinstance(value, str) and name.startswith((PROPERTY, REF, "extra")) and self._telling.search(value)
            for name, value in row.items()
        )

    def _stand_in(self, ref: str) -> str:
        return f"{split_ref(ref)[0]}:{GONE}:{self.surrogate}"

    def stand_in(self) -> str:
        """Return the reference by which the log knows the erased person."""
        return self._stand_in(next((ref for ref in sorted(self.refs) if ref.startswith("account:")), min(self.refs)))

    def without(self, text: str) -> str:
        """Return a text for the record in which the person is not named."""
        return self._own.sub(GONE, text)

    def hide(self, text: str, words: re.Pattern[str]) -> str:
        """Return a text in which the person's references stand for the erased person and their names for nothing."""
        return self._stand_in(text) if text in self.refs else words.sub(GONE, text)


def tokens_of(row: Mapping[str, Any]) -> set[str]:
    """Return the vault tokens that a row holds."""
    texts = [value for name, value in row.items() if isinstance(value, str) and name.startswith((PROPERTY, "extra"))]
    return {token for text in texts for token in _TOKEN.findall(text)}


def links_of(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (reference name, platform, id) of the orders, parcels and talks of a row."""
    platform = row.get("platform") or ""
    return [(name, platform, row[REF + name]) for name in LINKS if row.get(REF + name)]


def _is_telling(key: str) -> bool:
    return len(key) >= 11 or (len(key) >= 6 and any(letter.isalpha() for letter in key))


def _words(texts: list[str] | tuple[str, ...]) -> re.Pattern[str]:
    body = "|".join(map(re.escape, sorted(set(texts), key=len, reverse=True)))
    return re.compile(f"(?<![0-9A-Za-z])(?:{body})(?![0-9A-Za-z])")


def _named(row: Mapping[str, Any], prefix: str) -> dict[str, str]:
    return {name[len(prefix) :]: value for name, value in row.items() if value is not None and name.startswith(prefix)}


def _roles(row: Mapping[str, Any]) -> dict[str, str]:
    roles = _named(row, ROLE)
    if row.get("extra"):
        roles |= msgspec.json.decode(row["extra"]).get("roles", {})
    return roles


def _walked(value: Any, words: re.Pattern[str], person: Person) -> Any:
    if isinstance(value, str):
        return person.hide(value, words)
    if isinstance(value, list):
        return [_walked(one, words, person) for one in value]
    if isinstance(value, dict):
        return {words.sub(GONE, name): _walked(one, words, person) for name, one in value.items()}
    if isinstance(value, int) and words.fullmatch(str(value)):
        return None
    return value
