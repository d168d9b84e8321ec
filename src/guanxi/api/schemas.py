"""Schemas of answers: what a handler returns, as the OpenAPI document and the console's types say it."""

from collections.abc import Mapping
from inspect import Signature
from typing import Any, Final, TypeAlias, get_args

import msgspec
from starlette.responses import Response

COMPONENTS: Final = "x-components"  # where a route carries the schemas that its answer refers to
REF: Final = "#/components/schemas/"

Schema: TypeAlias = dict[str, Any]


def answer_schema(annotation: Any) -> tuple[Schema | None, dict[str, Schema]]:
    """Return the schema of what a handler returns, and the named schemas that it refers to.

    annotation  of the return; a struct "Page[User]" is named UserPage
    returns     (None, {}) when it says nothing: a Response, Any, or nothing at all
    """
    if annotation in (Signature.empty, Any, None) or (
        isinstance(annotation, type) and issubclass(annotation, Response)
    ):
        return None, {}
    (schema,), components = msgspec.json.schema_components([annotation], ref_template=REF + "{name}")
    sparse = {_name(cls.__name__) for cls in _structs(annotation) if cls.__struct_config__.omit_defaults}
    named = {_name(name): _complete(one, sparse=_name(name) in sparse) for name, one in components.items()}
    return _renamed(schema), {name: _renamed(one) for name, one in named.items()}


def merged(*parts: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return all named schemas as one table, in the order of their names.

    raises  ValueError when two different types bear one name: rename one of them
    """
    table: dict[str, Schema] = {}
    for part in parts:
        for name, schema in part.items():
            if table.setdefault(name, schema) != schema:
                raise ValueError(f"two types of the API are called {name}; rename one")
    return dict(sorted(table.items()))


def _complete(schema: Schema, *, sparse: bool) -> Schema:
    """An answer holds every field, those with defaults too, unless its struct leaves defaults out."""
    shown = {name: value for name, value in schema.items() if name != "title"}
    if "properties" in shown and not sparse:
        shown["required"] = list(shown["properties"])
    return shown


def _structs(annotation: Any) -> list[type[msgspec.Struct]]:
    """Every struct that a type is made of."""
    found: dict[int, type[msgspec.Struct]] = {}

    def walk(info: Any) -> None:
        if isinstance(info, msgspec.inspect.StructType):
            cls = getattr(info.cls, "__origin__", info.cls)
            if id(cls) in found and not get_args(info.cls):
                return
            found[id(cls)] = cls
        if isinstance(info, (tuple, list)):
            for one in info:
                walk(one)
        elif isinstance(info, msgspec.Struct):
            for name in info.__struct_fields__:
                walk(getattr(info, name))

    walk(msgspec.inspect.type_info(annotation))
    return list(found.values())


def _name(name: str) -> str:
    """ "Page_User_", as msgspec writes a generic, becomes UserPage."""
    outer, _, inner = name.partition("_")
    return _name(inner.strip("_")) + outer if inner and name.endswith("_") else name


def _renamed(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            name: REF + _name(value.removeprefix(REF)) if name == "$ref" else _renamed(value)
            for name, value in schema.items()
        }
    return [_renamed(one) for one in schema] if isinstance(schema, list) else schema
