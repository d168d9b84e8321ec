"""Errors over HTTP: one shape of body, one table of statuses."""

import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from guanxi.app import TooManyFailures
from guanxi.core import Busy, DataError, GuanxiError, MissingEngine, NotFound, Refused, SettingError

log: Final = logging.getLogger("guanxi.api")

#: kind of error -> status; the first row that fits counts
STATUSES: Final[tuple[tuple[type[GuanxiError], int], ...]] = (
    (TooManyFailures, 429),
    (Refused, 403),
    (NotFound, 404),
    (Busy, 503),
    (MissingEngine, 501),
    (DataError, 400),
    (SettingError, 400),
)
RETRY_AFTER: Final = {429: "60", 503: "1"}  # seconds, where the error does not say


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is an error.

    what   what was received and what is allowed
    mend   the next step
    field  the field at fault, "" when it is not one field
    """

    what: str
    mend: str
    field: str = ""


class Problem(GuanxiError):  # noqa: N818 - the house names errors as nouns
    """An error that only HTTP knows: no key, a body too large, too many requests."""

    def __init__(
        self, status: int, what: str, mend: str, field: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(what, mend, field)
        self.args = (status, what, mend, field, headers)  # so that pickling works
        self.status, self.headers = status, dict(headers or {})


def status_of(error: GuanxiError) -> tuple[int, dict[str, str]]:
    """Return the HTTP status of an error and the headers that go with it."""
    if isinstance(error, Problem):
        return error.status, error.headers
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 400)
    return status, {"retry-after": RETRY_AFTER[status]} if status in RETRY_AFTER else {}


def as_problem(error: Exception, scope: Scope) -> GuanxiError:
    """Return any error as one that may be shown; one that nobody expected goes to the server's log with its number."""
    if isinstance(error, GuanxiError):
        return error
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return _http(error, scope)
    incident = secrets.token_hex(4)
    log.error("incident %s: %s %s", incident, scope.get("method", ""), scope.get("path", ""), exc_info=error)
    return Problem(500, "the server failed", f"Look for incident {incident} in the server's log, or try again")


def error_response(error: Exception, scope: Scope) -> Response:
    """Return the answer for an error."""
    shown = as_problem(error, scope)
    status, headers = status_of(shown)
    body = msgspec.json.encode(ErrorBody(shown.what, shown.mend, shown.field))
    return Response(body, status, headers, "application/json")


async def answer_error(request: Request, error: Exception) -> Response:
    """Return the answer for an error; the form in which Starlette asks."""
    return error_response(error, request.scope)


def _invalid(error: RequestValidationError) -> Problem:
    first: Mapping[str, Any] = error.errors()[0]
    place = [str(part) for part in first.get("loc", ()) if part not in ("body", "query", "path", "header")]
    # Never the value: it may be a password.
    kind = first.get("type", "")
    if kind == "json_invalid":
        return Problem(400, "the body is not JSON", "Send one JSON object in UTF-8")
    what = f"the field {'.'.join(place) or 'body'} is not usable: {first.get('msg', kind)}"
    return Problem(400, what, "See /openapi.json for what is allowed", ".".join(place))


def _http(error: HTTPException, scope: Scope) -> Problem:
    headers = dict(error.headers or {})
    path = str(scope.get("path", ""))[:200]
    if error.status_code == 404:
        return Problem(404, f"there is nothing at {path!r}", "See /openapi.json for all paths", headers=headers)
    if error.status_code == 405:
        method = scope.get("method", "")
        return Problem(405, f"{path!r} does not take {method}", f"Use {headers.get('Allow', 'GET')}", headers=headers)
    if error.status_code == 400:
        return Problem(400, "the body cannot be read", "Send one JSON object in UTF-8", headers=headers)
    phrase = HTTPStatus(error.status_code).phrase.lower()
    return Problem(error.status_code, f"the request was answered with {phrase}", "See docs/api.md", headers=headers)
