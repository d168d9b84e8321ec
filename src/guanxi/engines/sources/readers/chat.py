"""Chat text as people copy it: a line with name and time, then what was said."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from guanxi.engines.sources.readers.archive import Opened
from guanxi.engines.sources.readers.base import BadRow, raw_json
from guanxi.engines.sources.readers.json import lines
from guanxi.engines.sources.readers.objects import Stack

LINE: Final = re.compile(r"(\S.{0,80}?)\s*[（(]?(\d{4}[-/]\d{1,2}[-/]\d{1,2}\s+\d{1,2}:\d{2}(?::\d{2})?)[)）]?:?\s*\Z")


@dataclass(slots=True)
class ChatRows:
    """The messages of a copied conversation: `name`, `time`, `text`."""

    source: Opened

    def stacks(self) -> Iterator[tuple[int, Stack | BadRow]]:
        """Yield every message, numbered from 1; text before the first name is a bad row."""
        number, held, stray = 0, dict[str, Any](), list[str]()
        for line in lines(self.source):
            text = line.rstrip("\r")
            found = LINE.match(text.strip())
            if found is None:
                (held["lines"] if held else stray).append(text)
                continue
            if held or "".join(stray).strip():
                number += 1
                yield number, _message(held, stray, number)
                stray = []
            held = {"name": found[1], "time": found[2], "lines": []}
        if held or "".join(stray).strip():
            yield number + 1, _message(held, stray, number + 1)


def looks_like(text: str) -> bool:
    """Tell whether a text begins with a line of name and time."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return LINE.match(first.strip()) is not None


def _message(held: dict[str, Any], stray: list[str], number: int) -> Stack | BadRow:
    if not held:
        what = "the text stands before the first line with a name and a time"
        return BadRow(
            number,
            "malformed",
            what,
            "Copy the conversation from its first message",
            raw_json({"text": "\n".join(stray)}),
        )
    return ({"name": held["name"], "time": held["time"], "text": "\n".join(held["lines"]).strip()},)
