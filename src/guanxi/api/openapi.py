"""The OpenAPI document: what FastAPI derives, the one error body, and the gate's paths described by hand."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from guanxi.api.access import COOKIE
from guanxi.api.schemas import COMPONENTS, merged
from guanxi.app import ADAPTERS

_TRACK: Final[dict[str, Any]] = {
    "type": "track", "event": "Product Viewed", "userId": "u-0001", "messageId": "m-1",
    "timestamp": "2026-01-02T03:04:05+08:00", "properties": {"product_id": "p-1", "price": 19.9},
}  # fmt: skip
_BARE: Final = {"userId": "u-0001", "messageId": "m-1"}

#: path -> (Chinese, English, example body); what is not listed is a path of another SDK
VERBS: Final[dict[str, tuple[str, str, Any]]] = {
    "/v1/track": ("记事件", "Record an event", _TRACK),
    "/v1/identify": ("记资料", "State traits of a person", {**_BARE, "traits": {"city": "杭州"}}),
    "/v1/alias": ("并身份", "Say that two ids are one person", {**_BARE, "previousId": "anon-1"}),
    "/v1/group": ("入群", "Put a person into a group", {**_BARE, "groupId": "hh-1", "traits": {"kind": "household"}}),
    "/v1/page": ("看网页", "Record a page view", {**_BARE, "name": "Home"}),
    "/v1/screen": ("看屏", "Record a screen view", {**_BARE, "name": "Home"}),
    "/v1/batch": ("成批记", "Record many at once", {"batch": [_TRACK], "sentAt": "2026-01-02T03:04:06+08:00"}),
    "/v1/relate": ("记关系", "State a relation of two parties",
                   {"kind": "spouse", "from": "account:app:u-0001", "to": "account:app:u-0002", "messageId": "m-1"}),
    "/v1/import": ("补历史", "Record history, by its own times", {"batch": [_TRACK]}),
}  # fmt: skip
ERROR: Final = {"what": "the key is not known", "mend": "Make one with `guanxi keys create`", "field": ""}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the desk, the gate's relayed paths included."""
    made = get_openapi(
        title="Guanxi 关系", version=app.version, routes=app.routes,
        description="Events in, history kept, every number explained. 事件进得来，历史留得住，每个数字说得清。",
    )  # fmt: skip
    components = made.setdefault("components", {})
    schemas = {
        name: schema for name, schema in components.get("schemas", {}).items()
        if name not in ("HTTPValidationError", "ValidationError")
    }  # fmt: skip
    schemas["Error"] = {
        "type": "object", "required": ["what", "mend", "field"], "example": ERROR,
        "properties": {
            "what": {"type": "string", "description": "what was received and what is allowed"},
            "mend": {"type": "string", "description": "the next step"},
            "field": {"type": "string", "description": "the field at fault, empty when it is not one field"},
        },
    }  # fmt: skip
    operations = [operation for item in made["paths"].values() for operation in item.values()]
    components["schemas"] = merged(schemas, *(operation.pop(COMPONENTS, {}) for operation in operations))
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "writes also need X-CSRF-Token"},
        "key": {"type": "http", "scheme": "bearer", "description": "a read or admin key"},
        "writeKey": {"type": "http", "scheme": "basic", "description": "a client or server key as the user name"},
    }
    shape = {"schema": {"$ref": "#/components/schemas/Error"}, "example": ERROR}
    wrong = {"description": "what went wrong, and the next step", "content": {"application/json": shape}}
    for path, item in made["paths"].items():
        for operation in item.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = wrong
            operation["security"] = [] if path in ("/v1/session", "/healthz") else [{"session": []}, {"key": []}]
    for adapter in ADAPTERS:
        for path in adapter.paths:
            made["paths"][path] = {"post": _gate_operation(adapter.name, path, wrong)}
    return made


def _gate_operation(name: str, path: str, wrong: dict[str, Any]) -> dict[str, Any]:
    zh, en, body = VERBS.get(path, (f"{name} SDK 上报", f"What the SDKs of {name} send", {}))
    inner = path.partition("{")[2].partition("}")[0]
    operation: dict[str, Any] = {
        "tags": ["gate"], "summary": f"{zh} · {en}", "operationId": f"gate{path.replace('/', '_').strip('{}')}",
        "description": "Answered once it is durable. Relayed to the gate's own port, which is faster.",
        "security": [{"writeKey": []}], "x-verb": "write",
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}, "example": body}}},
        "responses": {
            "200": {"description": "stored", "content": {"application/json": {"example": {"success": True}}}},
            "default": wrong,
        },
    }  # fmt: skip
    if inner:
        operation["parameters"] = [{"name": inner, "in": "path", "required": True, "schema": {"type": "string"}}]
    return operation
