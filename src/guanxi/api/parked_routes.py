"""The desk's routes that mend parked rows: look into a group, try a mend dry, do it."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from guanxi.api.access import Access, Principal, address_of
from guanxi.api.readers import Readers
from guanxi.api.routes import Routes
from guanxi.app import Workspace, mending

_GROUP: Final = {"reason": "amount", "field": "应付金额", "source": "import:jd_order", "kind": "Order Completed"}
_DETAIL: Final = msgspec.to_builtins(
    mending.ParkedDetail(
        group=mending.Group(**_GROUP),
        zh="金额读不出或不合理",
        en="an amount is unreadable or absurd",
        count=240,
        looked=100,
        columns=("订单号", "应付金额"),
        values=(mending.ValueCount(value="1,2.5", rows=7),),
        samples=(
            mending.ParkedSample(
                id=1, row=17, what="the amount cannot be read", mend="Write it as 12.50", cells={"应付金额": "1,2.5"}
            ),
        ),
        units=(("fen", "分，换成元", "fen, to yuan"),),
    )
)
_MENDED: Final = msgspec.to_builtins(
    mending.Mended(
        dry=True, rows=240, changed=240, replayed=238, parked=2, ignored=0, events=512, why={"still unreadable": 2},
        samples=(mending.MendSample(row=17, before="1,2.5", after="12.5"),),
    )
)  # fmt: skip

Text = Annotated[str, Query(max_length=200)]


class MendBody(BaseModel):
    """Which group, what to do to all its rows, and whether only to try it."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {**_GROUP, "how": "replace", "find": ",", "value": "", "dry_run": True},
        },
    )
    reason: str = Field(max_length=40)
    field: str = Field("", max_length=200)
    source: str = Field(max_length=200)
    kind: str = Field("", max_length=100)
    how: mending.How
    column: str = Field("", max_length=200)
    value: str = Field("", max_length=1_000)
    find: str = Field("", max_length=200)
    unit: str = Field("", max_length=20)
    note: str = Field("", max_length=200)
    settings: dict[str, str] = Field({}, max_length=40)
    dry_run: bool = True


def parked_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes that mend parked rows."""
    routes = Routes(access, workspace.control, tag="intake")

    @routes.route("GET", "/v1/parked/group", verb="view", zh="一组问题行", en="A group of parked rows", people=True,
                  example=_DETAIL)  # fmt: skip
    def group(request: Request, reason: Text, source: Text, field: Text = "", kind: Text = "") -> mending.ParkedDetail:
        """What its rows hold where they are at fault, personal values masked; the look is logged in the vault."""
        me: Principal = request.state.me
        with readers.lend() as ws:
            wanted = mending.Group(reason=reason, field=field, source=source, kind=kind)
            return mending.parked_detail(ws, wanted, who=me.who)

    @routes.route("POST", "/v1/parked/mend", verb="configure", zh="整组修好并重放", en="Mend a whole group",
                  people=True, example=_MENDED)  # fmt: skip
    def mend(request: Request, body: MendBody) -> mending.Mended:
        """Set, replace, scale, retry or ignore; `dry_run` says what would become of the rows and stores nothing."""
        me: Principal = request.state.me
        group = mending.Group(reason=body.reason, field=body.field, source=body.source, kind=body.kind)
        given: dict[str, Any] = body.model_dump(include={*mending.Mend.__struct_fields__})
        with readers.lend() as ws:
            return mending.mend(
                ws, group, mending.Mend(**given), who=me.who, ip=address_of(request), dry=body.dry_run
            )  # fmt: skip

    return routes.router
