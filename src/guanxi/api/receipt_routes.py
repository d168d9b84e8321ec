"""The desk's route by which senders report what became of actions."""

from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from guanxi.api.access import Access
from guanxi.api.errors import Problem
from guanxi.api.routes import encoded
from guanxi.api.schemas import COMPONENTS, answer_schema
from guanxi.app import Workspace, receipts
from guanxi.core import DataError
from guanxi.engines.log import now_ms

RECEIPTS: Final = "/v1/receipts"
_BODY: Final = {
    "receipts": [
        {
            "action": "5b0c6ab5e1f1b5a0c1f7e8a9d2c3b4a5", "at": "2026-11-15T20:03:09+08:00", "state": "delivered",
            "detail": "",
        }
    ]
}  # fmt: skip
_ANSWER: Final = msgspec.to_builtins(
    receipts.Received(
        accepted=1,
        parked=(
            receipts.ReceiptNote(index=1, what="no action has this id", mend="Give the action's id", field="action"),
        ),
    )
)


_Given = receipts.GivenReceipt


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    receipts: list[_Given]


def receipt_routes(workspace: Workspace, access: Access) -> APIRouter:
    """Return the route that takes receipts, with a server key or signed as a sender's webhooks are."""
    router = APIRouter(tags=["reach"])
    schema, components = answer_schema(receipts.Received)
    given = {
        "type": "object",
        "required": ["receipts"],
        "properties": {"receipts": {"type": "array", "maxItems": receipts.MOST}},
    }
    extra: dict[str, Any] = {
        "x-verb": "write", "x-people": False, COMPONENTS: components,
        "requestBody": {"required": True, "content": {"application/json": {"schema": given, "example": _BODY}}},
    }  # fmt: skip
    media = {"example": _ANSWER} | ({"schema": schema} if schema else {})

    async def admit(request: Request) -> None:
        """Let in whoever shows a server key, or signed the request with the secret of a sender."""
        if request.headers.get("authorization", "") or "webhook-signature" not in request.headers:
            await run_in_threadpool(access.needs_server_key, request)
        elif not receipts.signed_by(workspace, request.headers, await request.body(), now_ms=now_ms()):
            raise Problem(
                401, "no sender's secret made this signature, or more than five minutes ago",
                "Sign as Standard Webhooks does, with the secret that [[senders]] names for the sender",
            )  # fmt: skip

    async def body(request: Request) -> list[_Given]:
        try:
            return _DECODE(await request.body()).receipts
        except msgspec.DecodeError as error:
            what = f"the body is not understood: {error}"[:300]
            raise DataError(what, 'Send {"receipts": [{"action", "at", "state", "detail"}]}', "receipts") from None

    def take(given: list[_Given] = Depends(body)) -> Any:  # noqa: B008 - FastAPI's way
        """Report what became of actions: delivered, opened, failed, redeemed, refused; in any order, and again.

        Each receipt is answered by itself: what is refused is not kept; what is parked belongs to no action sent here.
        """
        done = receipts.take_receipts(workspace, given)
        kept = done.accepted + done.repeated + len(done.parked)
        return Response(msgspec.json.encode(done), 200 if kept else 400, media_type="application/json")

    router.add_api_route(
        RECEIPTS, encoded(take, 200), methods=["POST"], summary="回执 · Receipts of actions",
        description=take.__doc__, response_class=Response, dependencies=[Depends(admit)],
        responses={200: {"description": "What became of each", "content": {"application/json": media}}},
        openapi_extra=extra,
    )  # fmt: skip
    return router


_DECODE: Final = msgspec.json.Decoder(_Body).decode
