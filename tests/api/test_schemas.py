"""Schemas of answers: the names and fields that the console's types are made of."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from starlette.responses import Response, StreamingResponse

from guanxi.api.routes import Page
from guanxi.api.schemas import answer_schema, merged


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A leaf."""

    name: str
    size: int | None = None


class Thin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Leaves out what is default."""

    name: str
    leaves: Sequence[Leaf] = ()


@pytest.mark.parametrize("nothing", [Response, StreamingResponse, Any, None])
def test_what_says_nothing_has_no_schema(nothing: Any) -> None:
    assert answer_schema(nothing) == (None, {})


def test_a_page_is_named_after_its_rows() -> None:
    schema, named = answer_schema(Page[Leaf])
    assert schema == {"$ref": "#/components/schemas/LeafPage"}
    assert sorted(named) == ["Leaf", "LeafPage"]
    assert named["LeafPage"]["properties"]["rows"]["items"] == {"$ref": "#/components/schemas/Leaf"}


def test_an_answer_holds_fields_with_defaults_unless_its_struct_leaves_them_out() -> None:
    _, named = answer_schema(dict[str, Page[Thin]])
    assert named["Leaf"]["required"] == ["name", "size"]
    assert named["ThinPage"]["required"] == ["rows", "next", "known"]
    assert named["Thin"]["required"] == ["name"]


def test_two_types_of_one_name_are_refused() -> None:
    assert list(merged({"B": {"type": "string"}}, {"A": {"type": "object"}}, {"B": {"type": "string"}})) == ["A", "B"]
    with pytest.raises(ValueError, match="called B"):
        merged({"B": {"type": "string"}}, {"B": {"type": "object"}})
