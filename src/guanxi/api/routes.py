"""Declaring a route of the desk: its verb, labels and example stand beside it, and nothing is served without them."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import StreamingResponse

from guanxi.api.access import Access, Principal, address_of
from guanxi.api.exports import to_csv
from guanxi.api.schemas import COMPONENTS, answer_schema
from guanxi.app import Control, Verb

PAGE_ROWS: Final = 1_000  # most rows of a page
EXPORT_ROWS: Final = 50_000  # most rows of an export

#: how many rows a page of a list has
Limit = Annotated[int, Query(ge=1, le=PAGE_ROWS, description="rows of a page 每页行数")]

T = TypeVar("T", bound=msgspec.Struct)
Handler = Callable[..., Any]
Method = Literal["GET", "POST", "PUT", "DELETE"]


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Rows of a list.

    next   cursor of the following page, None on the last
    known  the sequence number as of which the rows were read; None where that has no meaning
    """

    rows: Sequence[T]
    next: str | None = None
    known: int | None = None


class Routes:
    """Collects the routes of one part of the desk."""

    def __init__(self, access: Access, control: Control, *, tag: str) -> None:
        self.router = APIRouter(tags=[tag])
        self._access, self._control = access, control

    def route(
        self,
        method: Method,
        path: str,
        *,
        verb: Verb,
        zh: str,
        en: str,
        example: Any,
        people: bool = False,
        status: int = 200,
    ) -> Callable[[Handler], Handler]:
        """Register a handler; what it returns is encoded as JSON, and its return annotation becomes the schema.

        verb     what the caller must be allowed to do
        zh, en   what it does
        example  an answer
        people   the answer holds single events or people
        """

        def register(handler: Handler) -> Handler:
            schema, components = answer_schema(inspect.signature(handler, eval_str=True).return_annotation)
            media = {"example": example} | ({"schema": schema} if schema else {})
            self.router.add_api_route(
                path, encoded(handler, status), methods=[method], status_code=status, summary=f"{zh} · {en}",
                description=handler.__doc__, response_class=Response,
                dependencies=[Depends(self._access.needs(verb, people=people))],
                responses={status: {"description": en, "content": {"application/json": media}}},
                openapi_extra={"x-verb": verb, COMPONENTS: components},
            )  # fmt: skip
            return handler

        return register

    def listing(
        self, path: str, *, zh: str, en: str, example: Any, columns: Sequence[str], verb: Verb = "view",
        people: bool = False,
    ) -> Callable[[Handler], Handler]:  # fmt: skip
        """Register a list: JSON at `path` and `path.json`, CSV at `path.csv` for those who may export.

        columns  fields of a row, as CSV shows them; a handler that takes `cursor` is asked for page after page
        """
        page = {"rows": [example], "next": None, "known": None}

        def register(handler: Handler) -> Handler:
            self.route("GET", path, verb=verb, zh=zh, en=en, example=page, people=people)(handler)
            check = Depends(self._access.needs(verb, people=people))
            self.router.add_api_route(
                f"{path}.json", encoded(handler, 200), methods=["GET"], dependencies=[check], include_in_schema=False,
                response_class=Response, openapi_extra={"x-verb": verb},
            )  # fmt: skip
            name = path.rpartition("/")[2]
            checks = [check, Depends(self._access.needs("export", people=people))]
            self.router.add_api_route(
                f"{path}.csv", self._as_csv(handler, name, columns), methods=["GET"], dependencies=checks,
                summary=f"{zh}（CSV 导出） · {en} as CSV", response_class=Response, openapi_extra={"x-verb": "export"},
                responses={200: {"description": "CSV, UTF-8", "content": {"text/csv": {"example": ",".join(columns)}}}},
            )  # fmt: skip
            return handler

        return register

    def record(self, request: Request, verb: str, object: str, **detail: Any) -> None:  # noqa: A002
        """Write a line into the operation log; never a secret."""
        me: Principal = request.state.me
        self._control.record(who=me.who, verb=verb, object=object, detail=detail, ip=address_of(request))

    def _as_csv(self, handler: Handler, name: str, columns: Sequence[str]) -> Handler:
        def run(request: Request, **given: Any) -> Response:
            first = handler(request=request, **given)  # before the answer begins, so that an error has its body
            self.record(request, "export", name, columns=list(columns))
            rows = _all_rows(first, handler, {"request": request, **given})
            headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
            return StreamingResponse(to_csv(rows, columns), 200, headers, "text/csv; charset=utf-8")

        return _like(handler, run)


def encoded(handler: Handler, status: int) -> Handler:
    """Return the handler with its result encoded as JSON; a Response passes."""

    def run(*args: Any, **kwargs: Any) -> Response:
        result = handler(*args, **kwargs)
        if isinstance(result, Response):
            return result
        return Response(msgspec.json.encode(result), status, media_type="application/json")

    return _like(handler, run)


def _all_rows(page: Page[Any], handler: Handler, given: dict[str, Any]) -> Iterator[msgspec.Struct]:
    sent = 0
    while True:
        yield from page.rows[: EXPORT_ROWS - sent]
        sent += len(page.rows)
        if page.next is None or sent >= EXPORT_ROWS:
            return
        page = handler(**given | {"cursor": page.next, "limit": PAGE_ROWS})


def _like(handler: Handler, run: Handler) -> Handler:
    """Give a wrapper the handler's name and parameters, which FastAPI reads."""
    run.__name__, run.__doc__ = handler.__name__, handler.__doc__
    run.__signature__ = inspect.signature(handler, eval_str=True).replace(return_annotation=Response)  # type: ignore[attr-defined]
    return run
