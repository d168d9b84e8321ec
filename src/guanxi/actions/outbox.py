"""What the outbox tells: attempts, what was taken back, what was asked for again."""

import msgspec

from guanxi.actions.outgoing import Outgoing
from guanxi.actions.retries import Verdict
from guanxi.actions.senders import Outcome


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to send.

    attempt   1, 2, ...
    ended_ms  None = under way, or cut off: it may have acted
    outcome   a kind of outcome, or `put back`: it was never begun
    """

    attempt: int
    begun_ms: int
    ended_ms: int | None = None
    outcome: str = ""
    detail: str = ""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that name one of the senders, and rows that name none on one of the channels."""

    senders: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A row that now belongs to whoever took it, until its lease is over.

    row     with this attempt counted
    tried   attempts since a person last asked for it, this one included
    """

    row: Outgoing
    tried: int


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt, to be written down.

    keys   True: the receiver knows the key, so what was accepted was done once, whatever was heard before
    """

    id: str
    attempt: int
    outcome: Outcome
    verdict: Verdict
    keys: bool = False


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """What came of taking rows back.

    rows     taken back
    sent     too late: sent, or written to the dry-run file
    sending  under way: sent when this attempt succeeds, taken back when it does not
    holds    reservations that were ended
    """

    rows: int = 0
    sent: int = 0
    sending: int = 0
    holds: tuple[str, ...] = ()


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking for another round of attempts.

    rows      that will be tried again
    refused   id -> why not
    """

    rows: int
    refused: dict[str, str]
