"""The desk's routes about data: status, events, kinds, parked rows, parties, imports."""

import re
from functools import cache
from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request

from guanxi.api import examples
from guanxi.api.access import Access
from guanxi.api.readers import Readers
from guanxi.api.routes import Limit, Page, Routes, number_of
from guanxi.app import Explanation, ImportJob, KindCount, ParkedGroup, ParkedRow, Status, Workspace, queries
from guanxi.app.sources import presets
from guanxi.core import DataError
from guanxi.events import Event, Kind, repair
from guanxi.parties import PartyView

_COLUMNS: Final = (
    "seq", "id", "kind", "at_ms", "received_ms", "platform", "amount", "currency", "roles", "refs", "properties",
    "source", "repairs",
)  # fmt: skip
_JOB_COLUMNS: Final = (
    "id", "source", "preset", "state", "rows", "accepted", "parked", "started_ms", "ended_ms", "problem",
)  # fmt: skip


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A format of files that can be imported."""

    id: str
    zh: str
    en: str
    platform: str
    kinds: tuple[str, ...]


def data_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about the workspace and its events."""
    routes = Routes(access, workspace.control, tag="data")

    @routes.route(
        "GET", "/v1/status", verb="view", zh="运行状态", en="The workspace at a glance", example=examples.STATUS
    )
    def status(request: Request) -> Status:
        with readers.lend() as ws:
            return queries.status(ws)

    @routes.listing("/v1/events", zh="事件", en="Events", example=examples.EVENT, columns=_COLUMNS, people=True)
    def events(
        request: Request,
        kind: Annotated[str | None, Query(max_length=100, description="kind of event 事件名")] = None,
        party: Annotated[str | None, Query(max_length=700, description="type:scope:key 参与方")] = None,
        until: Annotated[str, Query(max_length=40, description="happened before: ISO time or ms 发生于此前")] = "",
        known: Annotated[int | None, Query(ge=0, description="as known at this seq 当时所知")] = None,
        order: Literal["newest", "oldest"] = "newest",
        limit: Limit = 100,
        cursor: Annotated[str, Query(max_length=60)] = "",
    ) -> Page[Event]:
        """Events in the order in which they were learnt; `known` and `until` together re-read the past.

        All pages of one list are read as known when its first page was.
        """
        until_ms, newest = _instant(until), order == "newest"
        with readers.lend() as ws:
            known, place = _cursor(cursor) if cursor else (_last(ws) if known is None else known, None)
            rows = queries.events(
                ws, kind=kind, party=party, until_ms=until_ms, known=known, limit=limit, newest=newest,
                before_seq=place if newest else None, after_seq=0 if newest or place is None else place,
            )  # fmt: skip
        more = f"{known}.{rows[-1].seq}" if len(rows) == limit else None
        return Page(rows=rows, next=more, known=known)

    @routes.route("GET", "/v1/events/{reference}", verb="view", zh="事件由来", en="Where an event came from",
                  people=True, example=examples.EXPLANATION)  # fmt: skip
    def explain(request: Request, reference: Annotated[str, Path(max_length=64)]) -> Explanation:
        with readers.lend() as ws:
            return queries.explain(ws, reference)

    return routes.router


def catalogue_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about kinds of event and about parties."""
    routes = Routes(access, workspace.control, tag="data")

    @routes.listing("/v1/kinds", zh="事件目录", en="The catalogue of kinds", example=examples.KIND_COUNT,
                    columns=("name", "zh", "en", "family", "trust", "privacy", "custom", "events",
                             "first_ms", "last_ms"))  # fmt: skip
    def kinds(request: Request) -> Page[KindCount]:
        with readers.lend() as ws:
            return Page(rows=queries.kinds(ws))

    @routes.route("GET", "/v1/kinds/{name}", verb="view", zh="事件定义", en="One kind with its roles and properties",
                  example=examples.KIND)  # fmt: skip
    def kind(request: Request, name: Annotated[str, Path(max_length=100)]) -> Kind:
        with readers.lend() as ws:
            return ws.catalogue[name]

    @routes.route("GET", "/v1/parties/{ref:path}", verb="view", zh="参与方", en="One party", people=True,
                  example=examples.PARTY)  # fmt: skip
    def party(
        request: Request, ref: Annotated[str, Path(max_length=700)], known: Annotated[int | None, Query(ge=0)] = None
    ) -> PartyView:
        """What is known of a party and of everything that is the same party."""
        with readers.lend() as ws:
            return queries.party(ws, ref, known=known)

    return routes.router


def intake_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about what came in from outside."""
    routes = Routes(access, workspace.control, tag="intake")

    @routes.listing("/v1/parked", zh="问题行", en="Parked rows by reason", example=examples.GROUP,
                    columns=("reason", "field", "source", "kind", "count", "what", "mend"))  # fmt: skip
    def parked(request: Request) -> Page[ParkedGroup]:
        with readers.lend() as ws:
            return Page(rows=queries.parked_groups(ws))

    @routes.listing("/v1/parked/rows", zh="问题行明细", en="Parked rows, without their raw form", people=True,
                    columns=("id", "source", "row", "kind", "field", "reason", "what", "mend", "parked_ms"),
                    example=examples.PARKED)  # fmt: skip
    def parked_rows(
        request: Request, reason: Annotated[str | None, Query(max_length=40)] = None,
        limit: Limit = 100, cursor: Annotated[str, Query(max_length=20)] = "",
    ) -> Page[ParkedRow]:  # fmt: skip
        after = number_of(cursor)
        with readers.lend() as ws:
            rows = queries.parked_rows(ws, reason=reason, limit=limit, after=after)
        return Page(rows=rows, next=str(rows[-1].id) if len(rows) == limit else None)

    @routes.listing("/v1/jobs", zh="导入任务", en="Imports", example=examples.JOB,
                    columns=_JOB_COLUMNS)  # fmt: skip
    def jobs(
        request: Request, state: Literal["waiting", "running", "done", "failed", "stopped"] | None = None,
        limit: Limit = 100,
    ) -> Page[ImportJob]:  # fmt: skip
        return Page(rows=workspace.control.jobs(limit=limit, state=state))

    @routes.listing("/v1/sources", zh="来源格式", en="Formats that can be imported",
                    columns=("id", "zh", "en", "platform", "kinds"), example=examples.SOURCE)  # fmt: skip
    def sources(request: Request) -> Page[Source]:
        return Page(rows=_sources())

    return routes.router


@cache
def _sources() -> list[Source]:
    return [
        Source(
            id=one.id, zh=one.zh, en=one.en, platform=one.platform,
            kinds=tuple(dict.fromkeys(row.kind for row in one.events)),
        )
        for one in presets().values()
    ]  # fmt: skip


def _instant(text: str) -> int | None:
    """Return milliseconds UTC; a time without a zone is China time."""
    if not text:
        return None
    # "+" in a query is a blank; in a time a blank before an offset can be nothing else.
    value = repair.read_time(re.sub(r" (\d\d:?\d\d)\Z", r"+\1", text) if "T" in text else text).value
    if value is None:
        raise DataError("the time is empty", "Write 2026-11-11T00:00:00+08:00, or milliseconds", "until")
    return value


def _cursor(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,18})\.(\d{1,18})", text)
    if found is None:
        raise DataError("the cursor is not one of ours", "Send `next` of the page before", "cursor")
    return int(found[1]), int(found[2])


def _last(ws: Workspace) -> int:
    return ws.reader.sizes()["last_seq"]
