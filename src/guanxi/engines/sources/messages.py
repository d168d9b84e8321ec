"""Files of SDK messages, read by the same adapters that read them from the wire."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import polars as pl

from guanxi.core import DataError
from guanxi.engines.sources.mapping import Mapped
from guanxi.engines.sources.preset import Preset
from guanxi.engines.sources.readers import Opened
from guanxi.engines.sources.readers.json import MAX_DOCUMENT, lines
from guanxi.engines.sources.recognise import format_of
from guanxi.engines.wire import ADAPTERS, WireRequest
from guanxi.events import SEPARATOR, Catalogue, Event, EventBatch, Intake, Parked, RawEvent, from_events
from guanxi.events.repair import read_time
from guanxi.parties import PLATFORM_ID


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that is not JSON."""

    text: str


@dataclass(slots=True)
class Messages:
    """Turns SDK messages, one a row, into events.

    preset     names the family of SDKs in `wire`
    latest_ms  an event later than this lies in the future
    """

    preset: Preset
    catalogue: Catalogue
    latest_ms: int
    _intakes: dict[str, Intake] = field(default_factory=dict)

    def chunks(self, source: Opened, start: int, size: int) -> Iterator[tuple[int, int, Mapped]]:
        """Yield (first row, next row, events) from row `start` on, `size` rows at a time."""
        held: list[tuple[int, Any]] = []
        for number, message in messages(source):
            if number < start:
                continue
            if len(held) == size:
                yield held[0][0], number, self.map(held)
                held = []
            held.append((number, message))
        if held:
            yield held[0][0], held[-1][0] + 1, self.map(held)

    def map(self, rows: Sequence[tuple[int, Any]]) -> Mapped:
        """Return the events of (row number, message); a message of which one event is bad is parked whole."""
        events: list[tuple[int, str, Event]] = []
        parked: list[Parked] = []
        accepted = 0
        for number, message in rows:
            found = self._row(message)
            if isinstance(found, Parked):
                parked.append(msgspec.structs.replace(found, row=number))
                continue
            accepted += bool(found)
            events += [(number, key, event) for key, event in found]
        empty = len(rows) - accepted - len(parked)
        skipped = {"no-event": empty} if empty else {}
        return Mapped(len(rows), accepted, self._batches(events), parked, skipped, {})

    def _row(self, message: Any) -> list[tuple[str, Event]] | Parked:
        """Return (natural key, event) of a message: its own id is the key, "" when it has none."""
        found: list[tuple[str, Event]] = []
        try:
            for raw in _read(self.preset.wire, message):
                event = self._event(raw)
                if isinstance(event, Parked):
                    return msgspec.structs.replace(event, source=self._source, raw=_text(message))
                found.append((SEPARATOR.join((raw.namespace, raw.message_id)) if raw.message_id else "", event))
        except DataError as error:
            return Parked(
                source=self._source, field=error.field, reason="time" if error.field == "at" else "malformed",
                what=error.what, mend=error.mend, raw=_text(message),
            )  # fmt: skip
        return found

    def _event(self, raw: RawEvent) -> Event | Parked:
        try:
            at = read_time(raw.at).value
        except DataError as error:
            raise DataError(error.what, error.mend, "at") from error
        if at is None:
            raise DataError("the time is missing", "Fill the message's timestamp", "at")
        if at + raw.correction_ms > self.latest_ms:
            raise DataError("the time lies in the future", "Check the message's timestamp and its zone", "at")
        if raw.platform not in self._intakes:
            known = [raw.platform] if PLATFORM_ID.match(raw.platform) else []
            self._intakes[raw.platform] = Intake(self.catalogue, known, _Unsealed())
        return self._intakes[raw.platform].check(raw, "server", received_ms=self.latest_ms, source=self._source)

    def _batches(self, events: Sequence[tuple[int, str, Event]]) -> list[EventBatch]:
        groups: dict[str, list[tuple[int, str, Event]]] = {}
        for one in events:
            own = self.catalogue.own_table(one[2].kind) is not None
            groups.setdefault(one[2].kind if own else "", []).append(one)
        batches = []
        for group in groups.values():
            (batch,) = from_events([event for _, _, event in group], self.catalogue)
            rows = pl.Series("row", [number for number, _, _ in group], pl.Int64)
            keys = pl.Series("nk", [key or None for _, key, _ in group], pl.String)
            batches.append(EventBatch(batch.kind, batch.frame.drop("id_hi", "id_lo").with_columns(rows, keys)))
        return batches

    @property
    def _source(self) -> str:
        return f"import:{self.preset.id}"


def messages(source: Opened) -> Iterator[tuple[int, Any]]:
    """Yield the messages of JSON lines, or of one JSON list, numbered from 1."""
    if format_of(source) == "json":  # or lines of which the second is broken: then it is no document
        with source.stream() as stream:
            data = stream.read(MAX_DOCUMENT + 1)
        whole = _decoded(data.removeprefix(b"\xef\xbb\xbf")) if len(data) <= MAX_DOCUMENT else Unread("")
        if not isinstance(whole, Unread):
            yield from enumerate(whole if isinstance(whole, list) else [whole], 1)
            return
        if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            raise DataError(
                f"{source.name} is no whole JSON list, or above {MAX_DOCUMENT >> 20} MB", "Write JSON lines"
            )
    yield from enumerate((_decoded(line.encode("utf-8", "surrogatepass")) for line in lines(source) if line.strip()), 1)


_PATHS: Final = {"segment": "/v1/import", "posthog": "/batch/"}
_ADAPTERS: Final = {adapter.name: adapter for adapter in ADAPTERS}


class _Unsealed:
    """Leaves personal values as they are: an import seals whole columns later."""

    def seal(self, person: str, field: str, value: str) -> str:
        return value

    def surrogate(self, role: str, key: str) -> str:
        return key


def _read(family: str, message: Any) -> list[RawEvent]:
    """Return the raw events of one message; raises DataError."""
    if isinstance(message, Unread):
        raise DataError("the line is not JSON", "Write one whole object a line")
    if family == "posthog" and isinstance(message, dict) and isinstance(message.get("properties"), str):
        properties = _decoded(message["properties"].encode("utf-8", "surrogatepass"))  # some exports write it as text
        message = {**message, "properties": properties if isinstance(properties, dict) else message["properties"]}
    body = msgspec.json.encode({"batch": [message], "historical_migration": True})
    request = WireRequest(method="POST", path=_PATHS[family], body=body)
    found = _ADAPTERS[family].read(request, received_ms=0, trust="server")
    for bad in found.malformed:
        raise DataError(bad.what, bad.mend)
    return found.raws


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unread(data[:1000].decode("utf-8", "replace"))


def _text(message: Any) -> str:
    return msgspec.json.encode(message.text if isinstance(message, Unread) else message).decode()
