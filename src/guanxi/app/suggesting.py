"""Suggesting how to read an uploaded file: a preset that fits, or a draft that a person edits column by column."""

import os
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from guanxi.app import uploads
from guanxi.app.uploads import MAPPING_ID, MAPPINGS
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, SettingError, mask
from guanxi.engines.sources import WORDS, Found, Opened, Preset, guesses, presets, read_preset, recognise, suggest
from guanxi.events import looks_personal

SAMPLES: Final = 3  # values of a column that are shown, masked where personal
SURE: Final = 3.0  # signs that make a lone preset sure

Certainty = Literal["sure", "likely", "tie"]


class SettingAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What a mapping asks for and the file does not say, such as the period of a report; default None: required."""

    name: str
    zh: str
    en: str
    default: str | None


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping that fits a source.

    certainty  "sure": many signs and no rival · "likely": fewer signs, or a weaker rival · "tie": another fits as well
    own        drawn up in this workspace
    """

    mapping: str
    zh: str
    en: str
    platform: str
    certainty: Certainty
    score: float
    why: str
    own: bool
    settings: tuple[SettingAsked, ...]


class SourceLook(msgspec.Struct, frozen=True, kw_only=True):
    """One source of an upload and the mappings that fit it, the surest first."""

    source: str
    fits: tuple[Fit, ...]


class ColumnGuess(msgspec.Struct, frozen=True, kw_only=True):
    """What a column seems to be.

    what     a word of `words`; "" = not mapped
    reads    how its cells read: id, time, money, ...
    sure     what the guess rests on: "header and values", "header", "values", "nothing"
    samples  its first values, masked where they look personal
    """

    column: str
    what: str
    reads: str
    sure: str
    samples: tuple[str, ...]


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """How a file may be read.

    words  (word, Chinese, English): what a column may be
    toml   the draft as a mapping file; "" when the file has no columns to draft from, see `problem`
    """

    upload: str
    sources: tuple[SourceLook, ...]
    columns: tuple[ColumnGuess, ...] = ()
    words: tuple[tuple[str, str, str], ...] = tuple((word, zh, en) for word, (zh, en) in WORDS.items())
    toml: str = ""
    problem: str = ""


class SavedMapping(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping of this workspace, and the kinds that it makes."""

    mapping: str
    zh: str
    platform: str
    kinds: tuple[str, ...]
    toml: str


def suggestion(workspace: Workspace, number: str) -> Suggestion:
    """Return how an upload may be read.

    raises  NotFound when it is gone; DataError when it cannot be opened
    """
    path = uploads.file_of(workspace, number)
    found = recognise(path, among=_among(workspace))
    sources = tuple(
        SourceLook(source=one.name, fits=_fits(workspace, one, found)) for one in uploads.opened(workspace, number)
    )
    try:
        drafted, frame = guesses(path)
        toml = suggest(path)
    except DataError as error:
        return Suggestion(upload=number, sources=sources, problem=str(error))
    columns = tuple(
        ColumnGuess(
            column=one.column, what=one.what, reads=one.as_, sure=one.sure,
            samples=_samples(frame[one.column].to_list(), one.column, drop=one.what == "drop"),
        )
        for one in drafted
    )  # fmt: skip
    return Suggestion(upload=number, sources=sources, columns=columns, toml=toml)


def save_mapping(
    workspace: Workspace, name: str, *, number: str = "", columns: Mapping[str, str] | None = None, zh: str = "",
    platform: str = "", toml: str = "", who: str, ip: str = "",
) -> SavedMapping:  # fmt: skip
    """Keep a mapping in the workspace: drafted from an upload with some columns said, or as its text says.

    name     its id; a mapping of the same id is replaced
    columns  column -> word
    raises   DataError, SettingError naming what is not usable
    """
    if not MAPPING_ID.match(name) or name in presets():
        raise DataError(
            f"the id is {name[:60]!r}", "Use lower-case letters, digits and _, a letter first, no preset's id", "id"
        )
    if platform and platform not in workspace.platforms:
        raise DataError(
            f"the platform is {platform[:40]!r}", f"Use one of {', '.join(workspace.platforms)}", "platform"
        )
    text = toml or suggest(
        uploads.file_of(workspace, number), chosen=columns or {}, name=name, zh=zh, platform=platform
    )
    made = read_preset(text, f"{name}.toml")
    if made.id != name:
        raise SettingError(f"the text says id = {made.id!r}", f'Write id = "{name}"', "id")
    _check(workspace, made)
    home = workspace.folder / MAPPINGS
    home.mkdir(mode=0o700, exist_ok=True)
    fresh = home / f"{name}.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(home / f"{name}.toml")
    workspace.control.record(who=who, verb="mapping.save", object=f"mapping {name}", ip=ip)
    return saved(made, text)


def mappings(workspace: Workspace) -> list[SavedMapping]:
    """Return the workspace's own mappings, by id."""
    found = []
    for one in uploads.own_mappings(workspace):
        path = uploads.mapping_path(workspace, one.id)
        if path is not None:
            found.append(saved(one, path.read_text("utf-8")))
    return found


def saved(made: Preset, text: str) -> SavedMapping:
    """Return a mapping as doors show it."""
    kinds = tuple(dict.fromkeys(row.kind for row in made.events))
    return SavedMapping(mapping=made.id, zh=made.zh, platform=made.platform, kinds=kinds, toml=text)


def pairs(workspace: Workspace, number: str, mapping: str) -> list[tuple[Opened, Preset]]:
    """Return the sources of an upload, each with the mapping that reads it.

    mapping  an id for all of them; "" = the one that each fits best
    raises   DataError when nothing, or more than one, fits a source
    """
    sources = uploads.opened(workspace, number)
    if mapping:
        chosen = uploads.mapping_of(workspace, mapping)
        return [(one, chosen) for one in sources]
    found = recognise(uploads.file_of(workspace, number), among=_among(workspace))
    return [(one, uploads.mapping_of(workspace, _best(one, found))) for one in sources]


def _best(source: Opened, found: list[Found]) -> str:
    fits = [one for one in found if one.source == source.name]
    best = [one.preset for one in fits if one.score == fits[0].score]
    if len(best) == 1:
        return best[0]
    if best:
        raise DataError(f"{source.name} fits several formats: {', '.join(best)}", "Choose one", "mapping")
    raise DataError(f"no format fits {source.name}", "Check the draft column by column and save it", "mapping")


def _among(workspace: Workspace) -> dict[str, Preset]:
    return presets() | {one.id: one for one in uploads.own_mappings(workspace)}


def _fits(workspace: Workspace, source: Opened, found: list[Found]) -> tuple[Fit, ...]:
    fits = [one for one in found if one.source == source.name]
    among = _among(workspace)
    rows = []
    for one in fits[:5]:
        rivals = [other for other in fits if other is not one and other.score >= one.score]
        alone = len(fits) == 1 or fits[0].score >= 2 * fits[1].score
        certainty: Certainty = "tie" if rivals and one.score == fits[0].score else "likely"
        if one is fits[0] and not rivals and alone and one.score >= SURE:
            certainty = "sure"
        row = among[one.preset]
        asked = tuple(
            SettingAsked(name=name, zh=ask.zh, en=ask.en or name, default=ask.default)
            for name, ask in row.settings.items()
        )
        rows.append(
            Fit(
                mapping=row.id, zh=row.zh, en=row.en or row.zh, platform=row.platform, certainty=certainty,
                score=round(one.score, 2), why=one.why, own=row.id not in presets(), settings=asked,
            )
        )  # fmt: skip
    return tuple(rows)


def _samples(cells: list[object], column: str, *, drop: bool) -> tuple[str, ...]:
    found = list(dict.fromkeys(str(cell).strip() for cell in cells if cell is not None and str(cell).strip()))
    hidden = drop or looks_personal(column)
    return tuple(mask(column, text[:80]) if hidden else text[:80] for text in found[:SAMPLES])


def _check(workspace: Workspace, made: Preset) -> None:
    """Refuse a mapping whose draft was not finished."""
    if not made.events:
        raise SettingError("the mapping makes no events", "Say which column is the time and what a row is", "columns")
    for row in made.events:
        if row.at == "???":
            raise SettingError("no column is the time", "Say which column is 时间, 付款时间 or 日期", "columns")
        if not row.kind:
            raise SettingError("an event has no kind", "Name one; see the event catalogue", "kind")
    if made.platform and made.platform not in workspace.platforms:
        raise SettingError(f"the platform {made.platform!r} is not known", "Use one of the platforms", "platform")
