"""The desk's routes about one person: the page, the timeline, plain text by purpose, merges."""

import re
import time
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from guanxi.api import person_examples as examples
from guanxi.api.access import Access, Principal, address_of
from guanxi.api.readers import Readers
from guanxi.api.routes import Limit, Routes
from guanxi.app import Workspace, identity, person, person_segment, reveal, timeline
from guanxi.core import DataError
from guanxi.events import repair

_ITEM_COLUMNS: Final = (
    "at_ms", "kind", "family", "zh", "en", "count", "platform", "amount", "currency", "order", "id", "seq",
)  # fmt: skip

Ref = Annotated[str, Path(max_length=700, description="type:scope:key 参与方")]
AsOf = Annotated[str, Query(max_length=40, description="as it was known then: ISO time or ms; empty = now 截至")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class RevealBody(_Body):
    """Which value, and what for."""

    model_config = ConfigDict(json_schema_extra={"example": {"field": "phone", "purpose": "售后处理"}})
    field: str = Field(max_length=40)
    purpose: str = Field(max_length=200)


class MergeBody(_Body):
    """Two references that are one person, and why; `keep` is named first in the event."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"keep": "account:taobao:AAE1x", "other": "account:app:u-0001", "reason": "同一手机号"}
        }
    )
    keep: str = Field(max_length=512)
    other: str = Field(max_length=512)
    reason: str = Field(max_length=identity.MAX_REASON)


class SplitBody(_Body):
    """The merge that is taken back, by the id of its event, and why."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"merge": "5f0c5a5d9c1f4d7e8a2b3c4d5e6f7081", "reason": "家人共用手机"}}
    )
    merge: str = Field(max_length=40)
    reason: str = Field(max_length=identity.MAX_REASON)


def person_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about one person; include them after others under /v1/people."""
    routes = Routes(access, workspace.control, tag="people")
    _identity_routes(routes, readers)

    @routes.answer("/v1/people/{ref:path}/timeline", zh="时间线", en="A person's timeline", people=True,
                   example=examples.TIMELINE, columns=_ITEM_COLUMNS, rows=lambda page: page.rows)  # fmt: skip
    def person_timeline(
        request: Request, ref: Ref, asof: AsOf = "",
        families: Annotated[str, Query(max_length=200, description="comma-joined families 类别")] = "",
        limit: Limit = 50, cursor: Annotated[str, Query(max_length=60)] = "",
    ) -> timeline.Timeline:  # fmt: skip
        """What happened to a person, the newest first; browsing comes in runs, each with the events behind it."""
        with readers.lend() as ws:
            return timeline.timeline(
                ws, ref, now_ms=now(), asof_ms=instant(asof), limit=limit, cursor=cursor,
                families=[one for one in families.split(",") if one],
            )  # fmt: skip

    @routes.route("GET", "/v1/people/{ref:path}/segment", verb="view", zh="RFM 分层", en="A person among all buyers",
                  people=True, example=examples.SEGMENT)  # fmt: skip
    def segment(
        request: Request, ref: Ref, asof: AsOf = "", variant: Literal["quantile", "rule"] | None = None
    ) -> person_segment.PersonSegment:
        """By the same scores as the list of people."""
        with readers.lend() as ws:
            return person_segment.person_segment(ws, ref, asof=asof, variant=variant)

    @routes.route("POST", "/v1/people/{ref:path}/reveal", verb="reveal", zh="查看明文", en="Read a personal value",
                  people=True, example=examples.REVEALED)  # fmt: skip
    def reveal_value(request: Request, ref: Ref, body: RevealBody) -> reveal.Revealed:
        """A name, phone or address in plain text; the look, its purpose and who looked are logged."""
        me: Principal = request.state.me
        with readers.lend() as ws:
            return reveal.reveal(
                ws, ref, body.field, purpose=body.purpose, who=me.who, ip=address_of(request)
            )  # fmt: skip

    @routes.route("GET", "/v1/people/{ref:path}", verb="view", zh="用户细查", en="One person", people=True,
                  example=examples.PERSON)  # fmt: skip
    def one_person(
        request: Request, ref: Ref, asof: AsOf = "", ties: Annotated[int, Query(ge=0, le=100)] = 12
    ) -> person.Person:
        """Who this is, what they did, what they allow: every number counted from their events."""
        with readers.lend() as ws:
            return person.person(ws, ref, now_ms=now(), asof_ms=instant(asof), ties=ties)

    return routes.router


def _identity_routes(routes: Routes, readers: Readers) -> None:
    @routes.route("POST", "/v1/people/merge", verb="configure", zh="合并为一人", en="Say that two are one person",
                  people=True, example=examples.CHANGE)  # fmt: skip
    def merge(request: Request, body: MergeBody) -> identity.IdentityChange:
        """Write a Party Resolved event; `undo` in the answer takes it back."""
        with readers.lend() as ws:
            return identity.merge(ws, body.keep, body.other, reason=body.reason, **_by(request))

    @routes.route("POST", "/v1/people/split", verb="configure", zh="拆开", en="Take a merge back", people=True,
                  example=examples.CHANGE | {"operation": "split"})  # fmt: skip
    def split(request: Request, body: SplitBody) -> identity.IdentityChange:
        """Write a Party Resolved event that ends a merge; `undo` in the answer makes it again."""
        with readers.lend() as ws:
            return identity.split(ws, body.merge, reason=body.reason, **_by(request))


def now() -> int:
    """Return the present instant, milliseconds UTC."""
    return time.time_ns() // 1_000_000


def instant(text: str) -> int | None:
    """Return milliseconds UTC of an `asof`; None for now. A time without a zone is China time.

    raises  DataError when it is no time
    """
    if not text:
        return None
    # "+" in a query is a blank; in a time a blank before an offset can be nothing else.
    value = repair.read_time(re.sub(r" (\d\d:?\d\d)\Z", r"+\1", text) if "T" in text else text).value
    if value is None:
        raise DataError("the time is empty", "Write 2026-11-11T00:00:00+08:00, or milliseconds", "asof")
    return value


def _by(request: Request) -> dict[str, Any]:
    me: Principal = request.state.me
    return {"who": me.who, "ip": address_of(request)}
