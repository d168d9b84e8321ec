"""XML, streamed; document types and entities are refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from guanxi.core import DataError
from guanxi.engines.sources.preset import Table
from guanxi.engines.sources.readers.archive import Opened
from guanxi.engines.sources.readers.base import BadRow
from guanxi.engines.sources.readers.objects import Stack

MAX_DEPTH: Final = 60


@dataclass(slots=True)
class XmlRows:
    """The rows of one XML file: the elements that the row path names, below the root."""

    source: Opened
    table: Table

    def stacks(self) -> Iterator[tuple[int, Stack | BadRow]]:
        """Yield every row as an object: `@attribute`, `#text`, children by name."""
        wanted = [part.removesuffix("[]") for part in self.table.rows.split(".") if part]
        number = 0
        for path, element, root in elements(self.source):
            if path[1:] == wanted:
                number += 1
                around = ({f"@{name}": value for name, value in root.attrib.items()},) if wanted else ()
                yield number, (*around, as_object(element))
                if wanted:
                    element.clear()


def elements(source: Opened) -> Iterator[tuple[list[str], Element, Element]]:
    """Yield (path of tags, element, root) at the end of every element.

    raises   DataError for entities, document types, damage and absurd depth
    """
    path: list[str] = []
    root: Element | None = None
    try:
        with source.stream() as stream:
            for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
                if event == "start":
                    root = element if root is None else root
                    path.append(_tag(element))
                    if len(path) > MAX_DEPTH:
                        raise DataError(
                            f"{source.name} nests more than {MAX_DEPTH} elements", "No export does: check the file"
                        )
                else:
                    assert root is not None  # noqa: S101 - an end follows a start
                    yield list(path), element, root
                    path.pop()
    except DefusedXmlException as error:
        raise DataError(
            f"{source.name} declares a document type or entities", "Remove the DOCTYPE; entities are never read"
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{source.name} is not sound XML: {error}", "Check that the file is whole") from error


def as_object(element: Element) -> dict[str, Any]:
    """Return an element as an object; a child without attributes and children is its text."""
    found: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    if element.text is not None and (element.text.strip() or not len(element)):
        found["#text"] = element.text
    for inner in element:
        value: Any = as_object(inner) if len(inner) or inner.attrib else inner.text
        name = _tag(inner)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _tag(element: Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]
