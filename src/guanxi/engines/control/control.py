"""Control: who may do what here, what was decided and done, and what it used."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from argon2 import PasswordHasher
from sqlalchemy import Connection

from guanxi.engines.control import action_tables, decision_tables, job_tables  # noqa: F401 - the whole schema
from guanxi.engines.control.accounting import Accounting
from guanxi.engines.control.appearances import Appearances
from guanxi.engines.control.approvals import ApprovalStore
from guanxi.engines.control.database import Database
from guanxi.engines.control.deciding import DecisionStore
from guanxi.engines.control.decision_pages import DecisionPages
from guanxi.engines.control.followers import Followers
from guanxi.engines.control.journal import Jobs, Journal
from guanxi.engines.control.journeys import Journeys
from guanxi.engines.control.keys import Keys
from guanxi.engines.control.ledger import LedgerStore
from guanxi.engines.control.limits import LimitStore
from guanxi.engines.control.notes import Notes
from guanxi.engines.control.outbox import OutboxStore
from guanxi.engines.control.people import People
from guanxi.engines.control.reach import ReachStore
from guanxi.engines.control.receipts import ReceiptStore
from guanxi.engines.control.relay import Relay
from guanxi.engines.control.runs import RunStore
from guanxi.engines.control.schedules import Schedules

FILE: Final = "control.sqlite"
CHECKS_AT_ONCE: Final = 2


class Control(People, Keys, Journal, Jobs, Appearances, Notes):
    """The control database of one workspace: people, sessions, keys, operation log, imports, appearance, notes, ledger.

    Safe for threads and for several processes. Instants are milliseconds UTC.

    where   path of a SQLite file, or an SQLAlchemy URL
    now     the clock
    hasher  how passwords are hashed; argon2id with the library's defaults (RFC 9106, low memory)
    """

    def __init__(
        self, where: str | Path, *, now: Callable[[], int] | None = None, hasher: PasswordHasher | None = None
    ) -> None:
        self._database = Database(where)
        self.ledger = LedgerStore(self._database)  # accounts, holds and entries, in the same file
        self.approvals = ApprovalStore(self._database)  # what waits for a person
        self.limits = LimitStore(self._database)  # what may be used of what
        self.runs = RunStore(self._database)  # policies as they decided, and decidings about many people
        self.relay = Relay(self._database)  # events for the log
        self.receipts = ReceiptStore(self._database, self.relay)  # what came back of actions
        self.reach = ReachStore(self._database)  # the outbox and its receipts, counted
        self.outbox = OutboxStore(self._database, self.ledger, self.relay)  # what is to be sent
        self.accounting = Accounting(self._database)  # the ledger as people read it
        self.followers = Followers()  # how far readers of the log have come
        self.journeys = Journeys()  # where people are on their ways
        self.schedules = Schedules()  # when what goes on by itself is due
        self.decisions = DecisionStore(self._database, self.ledger, self.outbox, self.relay)
        self.decision_pages = DecisionPages(self._database)  # decisions, looked through
        self._now = now or _clock
        self._hasher = hasher or PasswordHasher()
        self._checks = threading.BoundedSemaphore(CHECKS_AT_ONCE)
        self._nobody = ""
        self._remembered = {}

    @classmethod
    def open(cls, folder: Path, *, now: Callable[[], int] | None = None, hasher: PasswordHasher | None = None) -> Self:
        """Open the control database of a workspace, made or brought to the newest schema when needed."""
        return cls(folder / FILE, now=now, hasher=hasher)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One writing transaction for the `…_in` methods of several parts: they stand or fall together.

        No other process posts to the ledger meanwhile.
        """
        with self._database.write() as connection:
            self._database.alone(connection, "ledger")
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One picture of the whole database, for the `…_in` methods that only read."""
        with self._database.read() as connection:
            yield connection

    def close(self) -> None:
        """Give back every connection."""
        self._database.close()


def _clock() -> int:
    return time.time_ns() // 1_000_000
