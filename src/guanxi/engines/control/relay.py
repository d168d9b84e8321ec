"""Events that control made and the log must have: kept with what they tell of, until the log holds them."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, text

from guanxi.engines.control.action_tables import relay
from guanxi.engines.control.database import Database
from guanxi.events import Event


class Relay:
    """The events of one workspace that wait for its log; safe for threads and for several processes.

    An event is written in the transaction that makes it true, and taken away when the log has it. Whoever is killed
    between the two hands it over again under the same id, which the log knows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_in(self, connection: Connection, events: Sequence[Event]) -> None:
        """Add events, in order, inside the caller's transaction; one that waits already stays as it is.

        events  their ids derived from what they tell of (`event_id`), never drawn
        """
        if events:
            connection.execute(_PUT, [{"event": one.id, "body": _JSON.encode(one).decode()} for one in events])

    def take(self, *, limit: int = 1_000) -> list[Event]:
        """Return the oldest events that wait, in the order in which they were put; they wait on until `done`."""
        wanted = select(relay.c.body).order_by(relay.c.number).limit(limit)
        with self._database.read() as connection:
            return [_READ.decode(body) for body in connection.scalars(wanted)]

    def done(self, events: Sequence[Event]) -> None:
        """Take away events that the log holds."""
        # By id: SQLite gives the number of the last row that was taken away to the next one.
        with self._database.write() as connection:
            if events:
                connection.execute(_DONE, [{"id": one.id} for one in events])

    def waiting(self) -> int:
        """How many events wait."""
        with self._database.read() as connection:
            return int(connection.scalars(_COUNT).one())

    def forget_in(self, connection: Connection, refs: Collection[str]) -> int:
        """Take away what waits and names one of the references in a role; return how many those were."""
        gone = [one for body in connection.scalars(select(relay.c.body)) if _names(one := _READ.decode(body), refs)]
        if gone:
            connection.execute(_DONE, [{"id": one.id} for one in gone])
        return len(gone)


def _names(event: Event, refs: Collection[str]) -> bool:
    return any(ref in refs for ref in event.roles.values())


_JSON: Final = msgspec.json.Encoder()
_READ: Final = msgspec.json.Decoder(Event)
_PUT: Final = text("INSERT INTO relay (event, body) VALUES (:event, :body) ON CONFLICT (event) DO NOTHING")
_DONE: Final = delete(relay).where(relay.c.event == bindparam("id"))
_COUNT: Final = text("SELECT count(*) FROM relay")
