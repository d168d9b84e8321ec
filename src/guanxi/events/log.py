"""What an event log must do: store once, keep one order, read as of a moment."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from guanxi.events.event import Event


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """What became of events handed to the log.

    stored      how many were new and are durable now
    duplicates  how many had an id that the log already held
    last_seq    the log's last sequence number after the call
    """

    stored: int
    duplicates: int
    last_seq: int


class EventLog(Protocol):
    """Append-only store of events with one total order; what an engine must do and no more."""

    def append(self, events: Sequence[Event]) -> Appended:
        """Store the events not seen before (by id), durably, in the order given; `seq` is assigned here."""

    def read(
        self,
        *,
        until_ms: int | None = None,
        known: int | None = None,
        kind: str | None = None,
        party: str | None = None,
    ) -> Iterator[Event]:
        """Yield events in `seq` order as known at `known` (a seq; default: all), superseded ones left out.

        until_ms  only events with at_ms < until_ms
        kind      only this kind
        party     only events in which this party stands in some role
        """
