"""Declaring a route of the desk: its verb, labels and example stand beside it, and nothing is served without them."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import StreamingResponse

from guanxi.api.access import Access, Principal, address_of
from guanxi.api.exports import Encoding, csv_file, sent, xlsx_file
from guanxi.api.labels import LABELS
from guanxi.api.schemas import COMPONENTS, answer_schema
from guanxi.app import Control, Verb
from guanxi.core import DataError

PAGE_ROWS: Final = 1_000  # most rows of a page
CURSOR: Final = 18  # most digits of a cursor: databases count up to 9e18
EXPORT_ROWS: Final = 50_000  # most rows of an export
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

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
        body: Mapping[str, Any] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Register a handler; what it returns is encoded as JSON, and its return annotation becomes the schema.

        verb     what the caller must be allowed to do
        zh, en   what it does
        example  an answer
        people   the answer holds single events or people
        body     requestBody of the document, where the handler reads the body itself
        """

        def register(handler: Handler) -> Handler:
            schema, components = answer_schema(inspect.signature(handler, eval_str=True).return_annotation)
            media = {"example": example} | ({"schema": schema} if schema else {})
            extra: dict[str, Any] = {"x-verb": verb, "x-people": people, COMPONENTS: components}
            self.router.add_api_route(
                path, encoded(handler, status), methods=[method], status_code=status, summary=f"{zh} · {en}",
                description=handler.__doc__, response_class=Response,
                dependencies=[Depends(self._access.needs(verb, people=people))],
                responses={status: {"description": en, "content": {"application/json": media}}},
                openapi_extra=extra | ({"requestBody": body} if body else {}),
            )  # fmt: skip
            return handler

        return register

    def listing(
        self, path: str, *, zh: str, en: str, example: Any, columns: Sequence[str], verb: Verb = "view",
        people: bool = False,
    ) -> Callable[[Handler], Handler]:  # fmt: skip
        """Register a list: JSON at `path` and `path.json`, `path.csv` and `path.xlsx` for those who may export.

        columns  fields of a row, as exports show them; a handler that takes `cursor` is asked for page after page
        """
        page = {"rows": [example], "next": None, "known": None}

        def register(handler: Handler) -> Handler:
            self._twins(handler, path, page, columns, _all_rows, zh=zh, en=en, verb=verb, people=people)
            return handler

        return register

    def answer(
        self, path: str, *, zh: str, en: str, example: Any, columns: Sequence[str],
        rows: Callable[[Any], Iterable[msgspec.Struct]], verb: Verb = "view", people: bool = False,
    ) -> Callable[[Handler], Handler]:  # fmt: skip
        """Register an answer that has a table: JSON at `path` and `path.json`, its rows as `.csv` and `.xlsx`.

        rows     answer -> the rows that an export shows
        columns  fields of such a row
        """

        def register(handler: Handler) -> Handler:
            self._twins(
                handler, path, example, columns, lambda given, *_: iter(rows(given)), zh=zh, en=en, verb=verb,
                people=people,
            )  # fmt: skip
            return handler

        return register

    def record(self, request: Request, verb: str, object: str, **detail: Any) -> None:  # noqa: A002
        """Write a line into the operation log; never a secret."""
        me: Principal = request.state.me
        self._control.record(who=me.who, verb=verb, object=object, detail=detail, ip=address_of(request))

    def _twins(
        self, handler: Handler, path: str, example: Any, columns: Sequence[str], rows: "Unrolled", *, zh: str, en: str,
        verb: Verb, people: bool,
    ) -> None:  # fmt: skip
        self.route("GET", path, verb=verb, zh=zh, en=en, example=example, people=people)(handler)
        check = Depends(self._access.needs(verb, people=people))
        self.router.add_api_route(
            f"{path}.json", encoded(handler, 200), methods=["GET"], dependencies=[check], include_in_schema=False,
            response_class=Response, openapi_extra={"x-verb": verb},
        )  # fmt: skip
        checks = [check, Depends(self._access.needs("export", people=people))]
        for form, words, media, shown in (
            ("csv", "CSV", "text/csv", ",".join(columns)),
            ("xlsx", "Excel", XLSX, "a workbook"),
        ):
            self.router.add_api_route(
                f"{path}.{form}", self._as_file(handler, path, columns, rows, zh, form), methods=["GET"],
                summary=f"{zh}（{words} 导出） · {en} as {words}", response_class=Response, dependencies=checks,
                openapi_extra={"x-verb": "export", "x-also": verb, "x-people": people},
                responses={200: {"description": f"At most {EXPORT_ROWS} rows", "content": {media: {"example": shown}}}},
            )  # fmt: skip

    def _as_file(
        self, handler: Handler, path: str, columns: Sequence[str], rows: "Unrolled", zh: str, form: str
    ) -> Handler:
        name = path.rpartition("/")[2]

        def run(request: Request, **given: Any) -> Response:
            encoding: Encoding = given.pop("encoding", "utf-8")
            first = handler(request=request, **given)
            count = Counted(rows(first, handler, {"request": request, **given}))
            # Whole before the answer begins: what goes wrong on the last page still has an error's body.
            if form == "csv":
                file, media = csv_file(count, columns, encoding=encoding), f"text/csv; charset={encoding}"
            else:
                file, media = xlsx_file(count, columns, sheet=zh, labels=LABELS), XLSX
            self.record(request, "export", name, columns=list(columns), rows=count.rows, form=form)
            headers = {"content-disposition": f'attachment; filename="{name}.{form}"'}
            return StreamingResponse(sent(file), 200, headers, media)

        return _like(handler, run, more=(_ENCODING,) if form == "csv" else ())


class Counted:
    """Rows on their way into an export, counted.

    raises  DataError when there are more than an export may have
    """

    def __init__(self, rows: Iterable[msgspec.Struct]) -> None:
        self._source, self.rows = rows, 0

    def __iter__(self) -> Iterator[msgspec.Struct]:
        for row in self._source:
            if self.rows == EXPORT_ROWS:
                raise DataError(
                    f"the export has more than {EXPORT_ROWS:,} rows",
                    "Narrow it: a shorter time, one kind, one platform or one person",
                )
            self.rows += 1
            yield row


def encoded(handler: Handler, status: int) -> Handler:
    """Return the handler with its result encoded as JSON; a Response passes."""

    def run(*args: Any, **kwargs: Any) -> Response:
        result = handler(*args, **kwargs)
        if isinstance(result, Response):
            return result
        return Response(msgspec.json.encode(result), status, media_type="application/json")

    return _like(handler, run)


def number_of(cursor: str) -> int:
    """Return the number that a cursor of a page holds; 0 for "".

    raises  DataError
    """
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) <= CURSOR):
        raise DataError("the cursor is not one of ours", "Send `next` of the page before", "cursor")
    return int(cursor or 0)


Unrolled = Callable[[Any, Handler, dict[str, Any]], Iterator[msgspec.Struct]]  # answer, handler, arguments -> rows
_ENCODING: Final = inspect.Parameter(
    "encoding", inspect.Parameter.KEYWORD_ONLY, default="utf-8",
    annotation=Annotated[Encoding, Query(description="gb18030 for spreadsheets that know nothing else 导出编码")],
)  # fmt: skip


def _all_rows(page: Page[Any], handler: Handler, given: dict[str, Any]) -> Iterator[msgspec.Struct]:
    while True:
        yield from page.rows
        if page.next is None:
            return
        page = handler(**given | {"cursor": page.next, "limit": PAGE_ROWS})


def _like(handler: Handler, run: Handler, *, more: Sequence[inspect.Parameter] = ()) -> Handler:
    """Give a wrapper the handler's name and parameters, which FastAPI reads.

    more  further parameters, by keyword
    """
    run.__name__, run.__doc__ = handler.__name__, handler.__doc__
    signature = inspect.signature(handler, eval_str=True)
    parameters = [*signature.parameters.values(), *more]
    run.__signature__ = signature.replace(parameters=parameters, return_annotation=Response)  # type: ignore[attr-defined]
    return run
