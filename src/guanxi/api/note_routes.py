"""The desk's routes for date notes: dated lines on every time chart."""

import re
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from guanxi.api.access import Access, Principal
from guanxi.api.routes import Page, Routes
from guanxi.app import Workspace
from guanxi.app import notes as dated
from guanxi.core import DataError, days_window
from guanxi.traits.metrics import DateNote

_EXAMPLE: Final = {
    "id": "a3f0", "day": "2026-11-11", "text": "直播间换主播", "text_en": "直播间换主播", "source": "person",
    "platform": "douyin", "who": "zhou.ning",
}  # fmt: skip
_COLUMNS: Final = ("day", "text", "source", "platform", "who")


class NoteBody(BaseModel):
    """A dated line; platform "" means all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"day": "2026-11-11", "text": "直播间换主播", "platform": "douyin"}},
    )
    day: str = Field(max_length=10)
    text: str = Field(max_length=240)
    platform: str = Field("", max_length=64)


def note_routes(workspace: Workspace, access: Access) -> APIRouter:
    """Return the routes about date notes."""
    control = workspace.control
    routes = Routes(access, control, tag="metrics")

    @routes.listing("/v1/notes", zh="日期批注", en="Date notes", example=_EXAMPLE, columns=_COLUMNS)
    def notes(
        request: Request,
        first: Annotated[str, Query(max_length=10, description="YYYY-MM-DD 首日")],
        last: Annotated[str, Query(max_length=10, description="YYYY-MM-DD 末日（含）")],
    ) -> Page[DateNote]:
        """What people wrote, and what the calendar says, of at most 400 days."""
        return Page(rows=dated.notes(workspace, days_window(_day(first, "first"), _day(last, "last"))))

    @routes.route("POST", "/v1/notes", verb="view", zh="加批注", en="Write a date note", example=_EXAMPLE, status=201)
    def write(request: Request, body: NoteBody) -> DateNote:
        """Write a line that everyone sees on the charts of that day."""
        if body.platform and body.platform not in workspace.platforms:
            raise DataError(
                f"the platform {body.platform!r} is not known", "Use an id of the list of platforms", "platform"
            )
        me: Principal = request.state.me
        note = control.add_note(_day(body.day, "day"), body.text, platform=body.platform, who=me.who)
        routes.record(request, "note.write", note.id, day=note.day)
        return dated.as_date_note(note)

    @routes.route("DELETE", "/v1/notes/{note_id}", verb="view", zh="删批注", en="Remove a date note", example=_EXAMPLE)
    def remove(request: Request, note_id: Annotated[str, Path(max_length=64)]) -> DateNote:
        """Remove a line that somebody wrote; the answer is enough to write it again."""
        note = control.remove_note(note_id)
        routes.record(request, "note.remove", note.id, day=note.day)
        return dated.as_date_note(note)

    return routes.router


def _day(text: str, field: str) -> Any:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise DataError(f"the day is {text!r}", "Write it as 2026-11-11", field)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"there is no day {text}", "Write it as 2026-11-11", field) from None
