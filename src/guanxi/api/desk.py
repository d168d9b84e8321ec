"""The desk: the API that people and programs read from, and administer by."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import httpx
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse
from starlette.routing import Route

from guanxi import __version__
from guanxi.api.access import COOKIE, Access, Principal
from guanxi.api.analysis_routes import analysis_routes
from guanxi.api.approval_routes import approval_routes
from guanxi.api.data_routes import catalogue_routes, data_routes, intake_routes
from guanxi.api.decide_routes import decide_routes
from guanxi.api.decision_routes import decision_routes
from guanxi.api.errors import Problem, answer_error
from guanxi.api.kind_routes import kind_routes
from guanxi.api.ledger_routes import evidence_routes, ledger_routes
from guanxi.api.limit_routes import limit_routes
from guanxi.api.live import Live
from guanxi.api.metric_routes import cockpit_routes, metric_routes
from guanxi.api.note_routes import note_routes
from guanxi.api.openapi import document
from guanxi.api.own_trait_routes import own_trait_routes
from guanxi.api.parked_routes import parked_routes
from guanxi.api.people_routes import key_routes, member_change_routes, member_routes, own_routes, session_routes
from guanxi.api.person_routes import person_routes
from guanxi.api.reach_routes import reach_routes
from guanxi.api.readers import Readers
from guanxi.api.receipt_routes import RECEIPTS, receipt_routes
from guanxi.api.relay import TIMEOUT_S, Relay
from guanxi.api.settings_routes import policy_routes, settings_routes
from guanxi.api.shield import HEALTH, Shield
from guanxi.api.static import BUILT, Console
from guanxi.api.trait_routes import trait_routes
from guanxi.api.upload_routes import UPLOADS, import_routes, upload_routes
from guanxi.app import ADAPTERS, Workspace, remembering

SMALL_BODY = 64 * 1024  # bytes; what a form of the page may send


def desk_app(workspace: Workspace, *, gate_url: str) -> FastAPI:
    """Return the desk's application; several processes may serve it at once.

    gate_url  where the gate listens, "http://127.0.0.1:8601"
    """
    limits, serve = workspace.settings.limits, workspace.settings.serve
    access = Access(workspace.control, rate=limits.requests_per_second, burst=limits.request_burst)
    readers, last = Readers(workspace), Readers(workspace, count=1)  # a long query never holds up the live line
    gate = httpx.AsyncClient(base_url=gate_url, timeout=TIMEOUT_S, trust_env=False)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            await run_in_threadpool(stack.enter_context, remembering.remembering(workspace.folder))
            await run_in_threadpool(readers.ready)
            yield
        await gate.aclose()
        readers.close()
        last.close()

    app = FastAPI(
        title="Guanxi", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan,
        exception_handlers={HTTPException: answer_error, RequestValidationError: answer_error},
    )  # fmt: skip
    relayed = tuple(path.partition("{")[0] for adapter in ADAPTERS for path in adapter.paths)
    app.add_middleware(
        Shield, hosts=serve.allowed_hosts, https=serve.secure_cookies,
        body_limit=lambda path: (
            limits.upload_bytes + SMALL_BODY if path == UPLOADS
            else limits.body_bytes if path.startswith((*relayed, RECEIPTS)) else SMALL_BODY
        ),
    )  # fmt: skip
    app.include_router(session_routes(workspace))
    for routes in (own_routes, member_routes, member_change_routes, key_routes, note_routes, receipt_routes):
        app.include_router(routes(workspace, access))
    for reading in (data_routes, catalogue_routes, intake_routes, metric_routes, cockpit_routes):
        app.include_router(reading(workspace, access, readers))
    for bringing in (upload_routes, import_routes, parked_routes, kind_routes):
        app.include_router(bringing(workspace, access, readers))
    for answering in (
        settings_routes, policy_routes, analysis_routes, approval_routes, trait_routes, own_trait_routes,
        ledger_routes, evidence_routes, limit_routes, decide_routes, decision_routes, reach_routes,
    ):  # fmt: skip
        app.include_router(answering(workspace, access, readers))
    app.include_router(person_routes(workspace, access, readers))  # last of /v1/people: its path takes what is left
    _add_live(app, workspace, access, last)
    relay = Relay(gate)
    for adapter in ADAPTERS:
        for path in adapter.paths:
            app.router.routes.append(Route(path, relay, methods=["GET", "POST", "OPTIONS"]))
    # The router's last word, not a route: a route for every path would hide what takes another method.
    app.router.default = Console(BUILT, workspace=workspace.folder.name, otherwise=app.router.default)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's own way to extend the document
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = document(app)
    return app.openapi_schema


def _add_live(app: FastAPI, workspace: Workspace, access: Access, readers: Readers) -> None:
    def last_seq() -> int:
        with readers.lend() as ws:
            return ws.reader.sizes()["last_seq"]

    live = Live(last_seq)

    @app.get(
        HEALTH, summary="存活检查 · Whether the listener answers", tags=["live"], response_class=Response,
        responses={200: {"description": "Alive", "content": {"application/json": {"example": {"status": "ok"}}}}},
    )  # fmt: skip
    async def health() -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    @app.get(
        "/v1/live", summary="实时新事件数 · New events, live", tags=["live"], response_class=Response,
        dependencies=[Depends(access.needs("view", people=False))], openapi_extra={"x-verb": "view"},
        responses={
            200: {
                "description": "Server-sent events: news, bye",
                "content": {"text/event-stream": {"example": 'event: news\nid: 42\ndata: {"new":3,"last_seq":42}\n\n'}},
            }
        },
    )  # fmt: skip
    async def stream(request: Request) -> Response:
        """Tell at most once a second how many events are new; a comment every 15 s keeps the line open."""
        me: Principal = request.state.me
        if me.session is None:
            raise Problem(403, "the live line is for sessions, not for keys", "Sign in by POST /v1/session")
        live.admit()
        token = request.cookies[COOKIE]
        lines = live.stream(lambda: workspace.control.session(token) is not None)
        return StreamingResponse(lines, headers={"x-accel-buffering": "no"}, media_type="text/event-stream")
