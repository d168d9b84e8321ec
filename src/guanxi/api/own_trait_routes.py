"""The desk's routes about traits that the workspace defines: what it has, check, add, remove, undo."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from guanxi.api.access import Access, Principal, address_of
from guanxi.api.readers import Readers
from guanxi.api.routes import Routes
from guanxi.app import Workspace, own_traits

LONGEST: Final = 200_000  # characters of a file
_TEXT: Final = """\
[[family]]
party = ["account"]
of = ["orders"]
aggregate = ["count"]
window = ["3h"]
topic = "velocity"
uses = ["risk"]
why_zh = "三小时内的下单。"
why_en = "Orders in three hours."
"""
_ROW: Final = {
    "name": "account.orders.count.3h", "zh": "此账号近3小时的下单次数",
    "en": "this account: number of orders placed, last 3 hours", "unit": "count", "party": "account", "of": "orders",
    "aggregate": "count", "window": "3h", "by": "", "over": "", "after": "", "via": "", "within": "", "rank": 1,
    "half_life": "", "privacy": "behaviour", "topic": "velocity", "topic_zh": "频次", "topic_en": "Velocity",
    "uses": ["risk"], "plan": "window", "why_zh": "三小时内的下单。", "why_en": "Orders in three hours.", "own": True,
}  # fmt: skip
_OWN: Final = {"text": _TEXT, "rows": [_ROW], "wrong": "", "undo": True}
_ADDED: Final = {"added": [_ROW], "removed": [], "own": 1}
_REMOVED: Final = {"added": [], "removed": [_ROW["name"]], "own": 0}


class OwnTraitsBody(BaseModel):
    """A text of TOML: `[[measure]]` and `[[family]]`, as docs/own-traits.md explains them."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": {"text": _TEXT}})
    text: str = Field(max_length=LONGEST)


def own_trait_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about the workspace's own traits."""
    routes = Routes(access, workspace.control, tag="traits")

    @routes.route("GET", "/v1/own-traits", verb="view", zh="自定义特征", en="Traits of the workspace's own",
                  example=_OWN)  # fmt: skip
    def held(request: Request) -> own_traits.OwnTraits:
        """The file that defines them, what it makes, and what is wrong with it."""
        with readers.lend() as ws:
            return own_traits.own_traits(ws)

    @routes.route("POST", "/v1/own-traits/check", verb="configure", zh="检查自定义特征", en="Check traits of one's own",
                  example=_ADDED)  # fmt: skip
    def check(request: Request, body: OwnTraitsBody) -> own_traits.TraitsChanged:
        """What a text would add, or which line of it is wrong and what may stand there; nothing is written."""
        with readers.lend() as ws:
            return own_traits.check_traits(ws, body.text, "text")

    @routes.route("POST", "/v1/own-traits", verb="configure", zh="增加自定义特征", en="Add traits of one's own",
                  example=_ADDED)  # fmt: skip
    def add(request: Request, body: OwnTraitsBody) -> own_traits.TraitsChanged:
        """Add all that a text defines, or nothing; the gate fills them in beside what answers."""
        with readers.lend() as ws:
            return own_traits.add_traits(ws, body.text, "text", **_by(request))

    @routes.route("POST", "/v1/own-traits/undo", verb="configure", zh="撤回特征改动", en="Take a change of traits back",
                  example=_REMOVED)  # fmt: skip
    def undo(request: Request) -> own_traits.TraitsChanged:
        """Put back what the file was before the last change; once more, and the change is there again."""
        with readers.lend() as ws:
            return own_traits.undo_traits(ws, **_by(request))

    @routes.route("DELETE", "/v1/own-traits/{name}", verb="configure", zh="删除自定义特征", en="Remove a trait",
                  example=_REMOVED)  # fmt: skip
    def remove(request: Request, name: Annotated[str, Path(max_length=120)]) -> own_traits.TraitsChanged:
        """Remove a trait, or a measure that no trait reads, of the workspace's own."""
        with readers.lend() as ws:
            return own_traits.remove_trait(ws, name, **_by(request))

    return routes.router


def _by(request: Request) -> dict[str, Any]:
    me: Principal = request.state.me
    return {"who": me.who, "ip": address_of(request)}
