"""What a wire adapter takes and gives: a request as it came, its events, an answer in the sender's own shape."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from guanxi.core import DataError
from guanxi.events import RawEvent, Trust


class WireRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, read from the socket and freed of its Content-Encoding.

    path         without the query: "/v1/batch"
    path_params  what the template's braces matched
    query        decoded; the last value of a repeated name
    headers      names in lower case
    body         inflated when the header Content-Encoding said so; what a body hides by itself
                 (the header `compress`, base64, form fields) the adapter opens
    """

    method: str
    path: str
    path_params: dict[str, str] = {}
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: bytes = b""


class Malformed(NamedTuple):
    """One message of a request that is no event in any reading; its neighbours are kept."""

    place: int  # in the request, from 0
    what: str
    mend: str
    raw: str  # the message as JSON text


class WireBatch(msgspec.Struct, frozen=True):
    """What a request holds: events to check, and messages that could not be read."""

    raws: list[RawEvent]
    malformed: list[Malformed]


class WireAnswer(msgspec.Struct, frozen=True):
    """An HTTP answer that the sender's SDK understands."""

    status: int
    content_type: str
    body: bytes


Errors = Sequence[tuple[int, str, str]]  # index of the message, what, mend


class Adapter(Protocol):
    """Reads the requests of one family of SDKs; pure."""

    @property
    def name(self) -> str:
        """The family, also the namespace of its message ids."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Where its SDKs send to, as Starlette path templates."""

    def key_of(self, request: WireRequest) -> str:
        """Return the key that the request names, "" when it names none.

        raises  DataError when the key lies in a body that cannot be read
        """

    def read(self, request: WireRequest, *, received_ms: int, trust: Trust) -> WireBatch:
        """Return the events of a request.

        received_ms  now; client clocks are set right against it
        trust        of the request's key
        raises       DataError when the body as a whole cannot be read; Refused when history comes
                     with a client key
        """

    def answer(self, stored: bool, *, errors: Errors = (), status: int = 400, field: str = "") -> WireAnswer:
        """Return what to send back.

        stored  the request is settled: everything in it was stored, parked or refused for good
        errors  what was wrong with single messages, or with the whole (index 0)
        status  HTTP status when not stored; 429 and 5xx make an SDK try again
        """


def each(messages: Iterable[Any], read: Callable[[dict[str, Any]], Iterable[RawEvent]]) -> WireBatch:
    """Read message by message; one that cannot be read becomes `Malformed`."""
    batch = WireBatch([], [])
    for index, message in enumerate(messages):
        try:
            if type(message) is not dict:
                raise DataError("the message is not an object", "Send one JSON object per event; see docs/sdks.md")
            batch.raws.extend(read(message))
        except DataError as error:
            batch.malformed.append(malformed(index, error, message))
        except RecursionError:
            deep = DataError("the message is nested too deeply", "At most 8 levels")
            batch.malformed.append(malformed(index, deep, message))
    return batch


def malformed(index: int, error: DataError, message: Any) -> Malformed:
    """Return the record of a message that could not be read."""
    try:
        raw = msgspec.json.encode(message).decode()
    except (RecursionError, TypeError, ValueError):
        raw = ""
    return Malformed(index, error.what, error.mend, raw)


def json_answer(status: int, content: Any) -> WireAnswer:
    """Return an answer with a JSON body."""
    return WireAnswer(status, "application/json", msgspec.json.encode(content))


def error_body(errors: Errors, field: str = "") -> dict[str, Any]:
    """Return the house's error body of the first error, and a list when there are more."""
    _, what, mend = errors[0] if errors else (0, "the request was not stored", "Send it again")
    body: dict[str, Any] = {"what": what, "mend": mend, "field": field}
    if len(errors) > 1:
        body["errors"] = [{"index": index, "what": what, "mend": mend} for index, what, mend in errors]
    return body
