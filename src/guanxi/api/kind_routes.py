"""The desk's routes that define kinds of event, and show what was seen of one."""

from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from guanxi.api import examples
from guanxi.api.access import Access, Principal, address_of
from guanxi.api.readers import Readers
from guanxi.api.routes import Routes
from guanxi.app import Workspace, kinds
from guanxi.core import DataError, SettingError
from guanxi.events import Kind

_TEA: Final[dict[str, Any]] = {
    "zh": "品茶", "purpose": "A guest tasted a tea.", "family": "place", "trust": "server", "roles": ["actor!"],
    "properties": {"score": {"type": "integer", "zh": "评分"}},
}  # fmt: skip
_SEEN: Final = msgspec.to_builtins(
    kinds.KindSeen(
        name="Tea Tasted", kind=None, custom=True, events=42, first_ms=1_767_225_600_000, last_ms=1_767_830_400_000,
        platforms=("store",), looked=42, roles={"actor": 42}, refs={},
        properties=(
            kinds.PropertySeen(name="score", zh="", declared=False, personal=False, type="integer", events=40,
                               samples=("7", "9")),
        ),
    )
)  # fmt: skip

Name = Annotated[str, Path(max_length=100, description="name of the kind 事件名")]


class PropertyBody(BaseModel):
    """One typed property."""

    model_config = ConfigDict(extra="forbid", strict=True)
    type: str = Field("text", max_length=20)
    unit: str = Field("", max_length=40)
    zh: str = Field(max_length=100)
    en: str = Field("", max_length=100)
    personal: bool = False


class KindBody(BaseModel):
    """A kind of the workspace's own; required roles and references end in "!"."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": _TEA})
    zh: str = Field(max_length=100)
    en: str = Field("", max_length=100)
    purpose: str = Field(max_length=500)
    family: str = Field("custom", max_length=40)
    trust: Literal["client", "server"] = "server"
    privacy: Literal["public", "behaviour", "sensitive"] = "behaviour"
    roles: list[str] = Field([], max_length=30)
    refs: list[str] = Field([], max_length=30)
    amount: str = Field("", max_length=200)
    properties: dict[str, PropertyBody] = Field({}, max_length=200)


def kind_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about the workspace's own kinds."""
    routes = Routes(access, workspace.control, tag="data")

    @routes.route("GET", "/v1/kinds/{name}/seen", verb="view", zh="事件里有什么", en="What was seen of a kind",
                  people=True, example=_SEEN)  # fmt: skip
    def seen(request: Request, name: Name) -> kinds.KindSeen:
        """How often, since when, where; roles and properties of its newest events, personal values masked."""
        with readers.lend() as ws:
            return kinds.kind_seen(ws, name)

    @routes.route("PUT", "/v1/kinds/{name}", verb="configure", zh="定义事件", en="Define a kind",
                  example=examples.KIND | _TEA | {"name": "Tea Tasted", "custom": True})  # fmt: skip
    def define(request: Request, name: Name, body: KindBody) -> Kind:
        """Define a kind of the workspace's own, or change it; it holds within a second, without a restart."""
        given: dict[str, Any] = {"name": name, **body.model_dump()}
        try:
            kind = msgspec.convert(given, Kind)
        except msgspec.ValidationError as error:
            if isinstance(error.__cause__, SettingError):
                raise DataError(error.__cause__.what, error.__cause__.mend) from None
            raise DataError(f"the kind is not usable: {error}", "See docs/events.md") from None
        with readers.lend() as ws:
            return kinds.define_kind(ws, kind, **_by(request))

    @routes.route("DELETE", "/v1/kinds/{name}", verb="configure", zh="取消定义", en="Take a definition back",
                  example=examples.KIND | _TEA | {"name": "Tea Tasted", "custom": True})  # fmt: skip
    def remove(request: Request, name: Name) -> Kind:
        """Take a definition back; its events stay, as custom ones that nobody defined."""
        with readers.lend() as ws:
            return kinds.remove_kind(ws, name, **_by(request))

    return routes.router


def _by(request: Request) -> dict[str, Any]:
    me: Principal = request.state.me
    return {"who": me.who, "ip": address_of(request)}
