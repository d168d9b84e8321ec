"""The desk's routes for settings pages: appearance, the tour, consent purposes, masking."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, StrictBool

from guanxi.api.access import Access, Principal
from guanxi.api.readers import Readers
from guanxi.api.routes import Page, Routes
from guanxi.app import ROLES, Appearance, Colours, Density, Language, Theme, Workspace, consents, person, reveal
from guanxi.app import tour as tours
from guanxi.core import DataError, mask
from guanxi.parties import Platform
from guanxi.settings import rows as setting_rows

_SAMPLES: Final = {
    "name": "王小芳", "phone": "13800001234", "address": "杭州市示例路 1 号", "email": "wang.fang@example.com",
    "birthday": "1988-01-02",
}  # fmt: skip
_PLATFORM: Final = {"id": "taobao", "zh": "淘宝天猫", "en": "Taobao and Tmall", "disc": "淘", "own": False}
_SETTING: Final = {
    "name": "limits.upload_bytes", "value": "2000000000", "default": "2000000000", "changed": False,
    "sentence": "Largest file that the page may bring, in bytes.",
}  # fmt: skip
_PURPOSE: Final = {
    "purpose": "message", "bit": 4, "zh": "营销触达", "en": "messages", "given": 1_204, "withdrawn": 17,
}  # fmt: skip
_TOUR: Final = {
    "data": "town", "workspace": "demo", "events": 1_240_000, "first_ms": 1_767_225_600_000,
    "last_ms": 1_775_000_000_000, "platforms": [["taobao", "淘宝天猫"]], "kinds": 61, "done": False,
}  # fmt: skip


class SettingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the settings, as it stands and as it ships; changed in guanxi.toml."""

    name: str
    value: str
    default: str
    sentence: str
    changed: bool


class AppearanceBody(BaseModel):
    """What shall change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"colours": "red_up", "density": "roomy"}})
    colours: Colours | None = None
    density: Density | None = None
    language: Language | None = None
    theme: Theme | None = None
    shortcuts: StrictBool | None = None


class TourBody(BaseModel):
    """Whether the tour was seen."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"done": True}})
    done: StrictBool = True


class MaskedField(msgspec.Struct, frozen=True, kw_only=True):
    """How a personal field is shown to everyone, and who may read it in plain text.

    example, masked  a made-up value and what the page shows of it
    roles            Chinese names of the roles with the right 明文
    """

    field: str
    zh: str
    en: str
    example: str
    masked: str
    roles: tuple[str, ...]


class Masking(msgspec.Struct, frozen=True, kw_only=True):
    """Masking (脱敏): always on; a look needs a right and a purpose, and is logged.

    purposes  (zh, en) that a page offers; any other may be written out
    """

    fields: tuple[MaskedField, ...]
    purposes: tuple[tuple[str, str], ...]


def settings_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about one's own page: appearance and the tour."""
    control = workspace.control
    routes = Routes(access, control, tag="settings")

    @routes.route("GET", "/v1/appearance", verb="view", zh="外观", en="How the page looks to me",
                  example=msgspec.to_builtins(Appearance()))  # fmt: skip
    def appearance(request: Request) -> Appearance:
        """What the person who is signed in chose; the defaults for a key."""
        me: Principal = request.state.me
        return control.appearance(me.session.user.id) if me.session else Appearance()

    @routes.route("PUT", "/v1/appearance", verb="view", zh="改外观", en="Change how the page looks to me",
                  example=msgspec.to_builtins(Appearance(colours="red_up", density="roomy")))  # fmt: skip
    def set_appearance(request: Request, body: AppearanceBody) -> Appearance:
        """Change some of it; it belongs to the person, not to a link."""
        return control.set_appearance(_user(request), **body.model_dump(exclude_none=True))

    @routes.route("GET", "/v1/tour", verb="view", zh="新手引导", en="Which data this is", example=_TOUR)
    def tour(request: Request) -> tours.Tour:
        """Demo or own data, how much and of when; whether this person has seen the tour."""
        me: Principal = request.state.me
        done = me.session is not None and control.appearance(me.session.user.id).tour_ms is not None
        with readers.lend() as ws:
            return tours.tour(ws, done=done)

    @routes.route("PUT", "/v1/tour", verb="view", zh="引导已看", en="Close the tour, or offer it again",
                  example=msgspec.to_builtins(Appearance(tour_ms=1_767_225_600_000)))  # fmt: skip
    def set_tour(request: Request, body: TourBody) -> Appearance:
        """Remember it for the person who is signed in."""
        return control.finish_tour(_user(request), done=body.done)

    return routes.router


def policy_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about what is in force for everybody: consent, platforms, settings, masking."""
    routes = Routes(access, workspace.control, tag="settings")

    @routes.listing("/v1/consents", zh="同意用途", en="Purposes of consent", example=_PURPOSE,
                    columns=("purpose", "bit", "zh", "en", "given", "withdrawn"))  # fmt: skip
    def purposes(
        request: Request, known: Annotated[int | None, Query(ge=0, description="as known at this seq 当时所知")] = None
    ) -> Page[consents.Purpose]:
        """How many people allow each purpose now, and how many took it back."""
        with readers.lend() as ws:
            return Page(rows=consents.purposes(ws, known=known), known=known)

    @routes.listing("/v1/platforms", zh="平台", en="Platforms", columns=("id", "zh", "en", "disc", "own"),
                    example=_PLATFORM)  # fmt: skip
    def platforms(request: Request) -> Page[Platform]:
        """The platforms that events may name, those of the workspace's own last."""
        return Page(rows=list(workspace.platforms.values()))

    @routes.listing("/v1/settings", verb="configure", zh="运行设置", en="Settings",
                    columns=("name", "value", "default", "sentence", "changed"), example=_SETTING)  # fmt: skip
    def settings(request: Request) -> Page[SettingRow]:
        """Limits and listeners as they are in force; keys are not shown."""
        return Page(rows=_rows(workspace))

    @routes.route("GET", "/v1/masking", verb="view", zh="脱敏规则", en="How personal values are shown",
                  example=msgspec.to_builtins(_masking()))  # fmt: skip
    def masking(request: Request) -> Masking:
        """What is hidden of each field, and which roles may read it in plain text."""
        return _masking()

    return routes.router


def _rows(workspace: Workspace) -> list[SettingRow]:
    found = []
    for name, default, sentence in setting_rows():
        section, _, row = name.partition(".")
        if not row or "[]" in section or "<" in row:
            continue  # keys are secrets, platforms have a list of their own
        value = repr(getattr(getattr(workspace.settings, section), row))
        found.append(SettingRow(name=name, value=value, default=default, sentence=sentence, changed=value != default))
    return found


def _masking() -> Masking:
    roles = tuple(role.zh for role in ROLES.values() if "reveal" in role.verbs)
    return Masking(
        fields=tuple(
            MaskedField(
                field=name, zh=zh, en=en, example=_SAMPLES[name], masked=mask(name, _SAMPLES[name]), roles=roles
            )
            for name, (zh, en, _) in person.FIELDS.items()
        ),
        purposes=reveal.PURPOSES,
    )


def _user(request: Request) -> Any:
    me: Principal = request.state.me
    if me.session is None:
        raise DataError("a key has no page", "Sign in by POST /v1/session")
    return me.session.user.id
