"""Senders: whatever can carry an action out, and what comes of an attempt."""

from typing import Final, Literal, Protocol, get_args

import msgspec

from guanxi.actions.outgoing import ErrorKind, Outgoing
from guanxi.core import DataError

OutcomeKind = Literal["accepted", "refused", "invalid", "unreachable", "timeout", "busy", "server", "unknown"]

AGAIN: Final = frozenset({"unreachable", "timeout", "busy", "server", "unknown"})  # worth another attempt later
UNCERTAIN: Final = frozenset({"timeout", "unknown"})  # after these it may have been done
RECEIPT: Final = 128  # characters of a receipt id
TEXT: Final = 480  # characters of an outcome's text


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one attempt.

    kind            accepted: the receiver took it
                    refused: it said no, and would again; invalid: it cannot be sent as it is, or to nobody
                    unreachable: no connection, so nothing was done; busy: asked to come later, nothing was done
                    server: the receiver failed, and said so; timeout: no answer, it may have been done
                    unknown: the sender itself failed, it may have been done
    receipt         the receiver's id for it, "" = gave none
    text            what went wrong, for people: codes and words of ours, never an address, a secret or an answer
    retry_after_ms  how long the receiver asked to be left alone; None = did not say
    raises          DataError
    """

    kind: OutcomeKind
    receipt: str = ""
    text: str = ""
    retry_after_ms: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(OutcomeKind):
            raise DataError(f"no outcome is called {self.kind!r:.40}", f"Use one of {', '.join(get_args(OutcomeKind))}")
        if len(self.receipt) > RECEIPT or not self.receipt.isprintable():
            raise DataError(f"the receipt id is no text of at most {RECEIPT} characters", "Shorten it", "receipt")
        if len(self.text) > TEXT:
            raise DataError(f"the text has {len(self.text)} characters, at most {TEXT} are kept", "Shorten it", "text")
        if self.retry_after_ms is not None and self.retry_after_ms < 0:
            raise DataError(f"retry_after_ms is {self.retry_after_ms}", "Give 0 or more", "retry_after_ms")

    @property
    def accepted(self) -> bool:
        """Whether the receiver took it."""
        return self.kind == "accepted"

    @property
    def error(self) -> ErrorKind:
        """The kind of error, "" when it was accepted."""
        return "" if self.kind == "accepted" else self.kind


class Sender(Protocol):
    """Hands actions to one receiver. Attempts run side by side, at most `at_once` of them.

    keys       True: the receiver does once what comes again under the same key (the action's id)
    asks       True: `did` can tell whether an earlier attempt was done
    addressed  True: it needs the person's address on the channel, such as a phone number
    at_once    most attempts under way at the same moment
    """

    keys: bool
    asks: bool
    addressed: bool
    at_once: int

    async def send(self, row: Outgoing, address: str, attempt: int) -> Outcome:
        """Try once to carry an action out, within bounded time.

        address   of the person on the row's channel; "" when the sender is not `addressed`
        attempt   1, 2, ...: which one it is; the key stays the same
        returns   what came of it; a failure of the receiver or the way to it is an outcome, never an exception
        """

    async def did(self, row: Outgoing) -> Outcome | None:
        """Tell what became of an earlier attempt whose answer was not heard.

        returns   accepted when it was done; None when it was not, or nobody can tell
        """

    async def close(self) -> None:
        """Give back connections."""
