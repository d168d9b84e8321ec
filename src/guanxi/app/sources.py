"""Files for doors: find them, choose the preset that reads them, show what they would become."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from guanxi.core import DataError, NotFound, Refused
from guanxi.engines.sources import Chunk, Found, Opened, Preset, preset, presets, printable, recognise, suggest
from guanxi.engines.sources import expand as open_archive
from guanxi.events import Catalogue, Event, Parked, to_events

__all__ = [
    "Found",
    "Opened",
    "Preset",
    "Preview",
    "as_preview",
    "choose",
    "expand",
    "preset",
    "presets",
    "recognise",
    "suggest",
]


class PreviewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as an import would store it, with its row in the file; personal values are not sealed yet."""

    row: int
    event: Event


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk of a file would become."""

    rows: int
    events: tuple[PreviewEvent, ...]
    parked: tuple[Parked, ...]
    skipped: dict[str, int]
    notes: dict[str, int]


def expand(paths: Sequence[Path]) -> list[Path]:
    """Return the files that paths name; a folder stands for the files in it, by name.

    raises  NotFound when a path does not exist or holds no file; Refused when it may not be read
    """
    found: list[Path] = []
    for path in paths:
        name = printable(path.name)
        try:
            if path.is_dir():
                inside = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
                if not inside:
                    raise NotFound(f"the folder {name!r} holds no files", "Check the path")
                found.extend(inside)
            elif path.is_file():
                found.append(path)
            elif path.exists():
                raise NotFound(f"{name!r} is neither a file nor a folder", "Write its content into a file first")
            else:
                raise NotFound(f"there is no file {name!r}", "Check the path")
        except PermissionError as error:
            raise Refused(f"{name!r} may not be read", "Give this user the right to read it") from error
        except (OSError, ValueError) as error:  # links in a circle, names that the system does not take
            raise NotFound(f"{name!r} cannot be opened", "Check the path") from error
    return found


def choose(path: Path, name: str = "") -> list[tuple[Opened, Preset]]:
    """Return the sources in a file, each with the preset that reads it: the named one, or the one its content fits.

    A zip holds several sources; any other file is one.
    raises  DataError when none or several presets fit
    """
    if name:
        chosen = preset(name)
        return [(source, chosen) for source in open_archive(path)]
    found = recognise(path)
    return [
        (source, _best(source, [one for one in found if one.source == source.name])) for source in open_archive(path)
    ]


def _best(source: Opened, found: list[Found]) -> Preset:
    if not found and not source.head().strip(b"\r\n\t \xef\xbb\xbf"):
        raise DataError(f"{source.name} is empty", "Check that the export finished")
    if not found:
        raise DataError(
            f"no preset fits {source.name}",
            "Draft one with `guanxi mapping suggest FILE`, then import --as MAPPING.toml",
        )
    best = [one.preset for one in found if one.score == found[0].score]
    if len(best) > 1:
        raise DataError(f"{source.name} fits several presets: {', '.join(best)}", "Name one with --as")
    return preset(best[0])


def as_preview(catalogue: Catalogue, chunk: Chunk) -> Preview:
    """Return a chunk as a person reads it: rows beside the events they become."""
    events = []
    for batch in chunk.batches:
        rows = batch.frame["row"].to_list()
        identified = batch.frame.drop("nk", strict=False)
        for row, event in zip(
            rows, to_events(type(batch)(batch.kind, identified), catalogue=catalogue, id=""), strict=True
        ):
            events.append(PreviewEvent(row=row or 0, event=event))
    events.sort(key=lambda one: one.row)
    return Preview(
        rows=chunk.rows, events=tuple(events), parked=tuple(chunk.parked), skipped=chunk.skipped, notes=chunk.notes
    )
