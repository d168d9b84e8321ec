"""The tour: which data lies here, how much and of when, so that a newcomer knows what the page shows."""

from typing import Final, Literal

import msgspec

from guanxi.app.workspace import Workspace
from guanxi.engines.lake import time_span

Data = Literal["empty", "town", "complete-journey", "mixed", "own"]

#: What a source's name begins with -> the data that it is; any other is the business's own.
_DEMOS: Final[dict[str, Data]] = {
    "import:complete_journey": "complete-journey",
    "import:complete-journey": "complete-journey",
    "import:town": "town",
    "town": "town",
}


class Tour(msgspec.Struct, frozen=True, kw_only=True):
    """What a newcomer is told.

    data       "town": the planted demo town · "complete-journey": a year of 2,469 real households · "own": the
               business's own · "mixed": its own beside a demo · "empty"
    workspace  name of its folder
    first_ms, last_ms  when the first and the last event happened
    platforms  (id, zh) of those with events, most events first
    kinds      different kinds of event
    done       this person has seen the tour, or closed it
    """

    data: Data
    workspace: str
    events: int
    first_ms: int | None
    last_ms: int | None
    platforms: tuple[tuple[str, str], ...]
    kinds: int
    done: bool


def tour(workspace: Workspace, *, done: bool) -> Tour:
    """Return what lies here."""
    counts = workspace.reader.counts()
    span = time_span(workspace.reader)
    found = {_data(source) for source in span.sources}
    data: Data = "empty" if not found else found.pop() if len(found) == 1 else "mixed"
    return Tour(
        data=data, workspace=workspace.folder.name, events=sum(counts.values()), first_ms=span.first_ms,
        last_ms=span.last_ms, kinds=len(counts), done=done,
        platforms=tuple(
            (name, workspace.platforms[name].zh if name in workspace.platforms else name) for name in span.platforms
        ),
    )  # fmt: skip


def _data(source: str) -> Data:
    return next((data for start, data in _DEMOS.items() if source.startswith(start)), "own")
