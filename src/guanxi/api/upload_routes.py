"""The desk's routes about files: bring one, see what it is, run it dry, import it, stop it."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from guanxi.api import upload_examples as examples
from guanxi.api.access import Access, Principal, address_of
from guanxi.api.readers import Readers
from guanxi.api.routes import Page, Routes
from guanxi.api.upload_body import FIELD, receive_file
from guanxi.app import ImportJob, Workspace, dry_run, suggesting, upload_jobs, uploads

UPLOADS: Final = "/v1/uploads"
_COLUMNS: Final = ("id", "name", "bytes", "at_ms", "who", "problem", "present")
_FORM: Final = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object", "required": [FIELD],
                "properties": {FIELD: {"type": "string", "contentMediaType": "application/octet-stream"}},
            },
            "example": {FIELD: "orders.csv"},
        },
        "application/octet-stream": {"schema": {"type": "string"}, "example": "the file, named by ?name="},
    },
}  # fmt: skip

Number = Annotated[str, Path(max_length=40, description="id of the upload 上传编号")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class MappingBody(_Body):
    """A mapping: columns said over the draft of an upload, or its whole text."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "my_orders", "upload": "0a1b2c3d4e5f6071", "zh": "我的订单", "platform": "app",
                "columns": {"单号": "order", "时间": "at", "金额": "amount"},
            }
        }
    )  # fmt: skip
    id: str = Field(max_length=60)
    upload: str = Field("", max_length=40)
    zh: str = Field("", max_length=60)
    platform: str = Field("", max_length=40)
    columns: dict[str, str] = Field({}, max_length=500)
    toml: str = Field("", max_length=50_000)


class RunBody(_Body):
    """By which mapping, and what that asks for."""

    model_config = ConfigDict(json_schema_extra={"example": {"mapping": "taobao_order", "settings": {}, "rows": 2000}})
    mapping: str = Field("", max_length=60)
    settings: dict[str, str] = Field({}, max_length=40)
    rows: int = Field(2_000, ge=1, le=20_000)


class ImportBody(_Body):
    """By which mapping, and what that asks for."""

    model_config = ConfigDict(json_schema_extra={"example": {"mapping": "taobao_order", "settings": {}}})
    mapping: str = Field("", max_length=60)
    settings: dict[str, str] = Field({}, max_length=40)


def upload_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about the files themselves."""
    routes = Routes(access, workspace.control, tag="uploads")

    async def received(
        request: Request,
        name: Annotated[str, Query(max_length=255, description="name of the file, when the body is it 文件名")] = "",
    ) -> str:
        begun: list[str] = []

        def begin(named: str) -> Any:
            number, path = uploads.new_upload(workspace, named)
            begun.append(number)
            return path

        try:
            await receive_file(request, begin, name=name)
        except BaseException:
            for number in begun:
                await asyncio.to_thread(uploads.drop_upload, workspace, number)
            raise
        return begun[0]

    @routes.route("POST", UPLOADS, verb="configure", zh="上传文件", en="Bring a file", status=201, body=_FORM,
                  example=examples.UPLOAD)  # fmt: skip
    def bring(request: Request, number: Annotated[str, Depends(received)]) -> uploads.Upload:
        """A form with the file in `file`, or the file itself with ?name=; at most limits.upload_bytes."""
        return uploads.finish_upload(workspace, number, **_by(request))

    @routes.listing(UPLOADS, verb="configure", zh="上传记录", en="Files that were brought", columns=_COLUMNS,
                    example=examples.UPLOAD)  # fmt: skip
    def listed(request: Request) -> Page[uploads.Upload]:
        return Page(rows=uploads.uploads(workspace))

    @routes.route("GET", UPLOADS + "/{upload_id}", verb="configure", zh="一个上传", en="One file",
                  example=examples.UPLOAD)  # fmt: skip
    def one(request: Request, upload_id: Number) -> uploads.Upload:
        return uploads.upload(workspace, upload_id)

    @routes.route("DELETE", UPLOADS + "/{upload_id}", verb="configure", zh="删除上传", en="Remove a file",
                  example=examples.UPLOAD)  # fmt: skip
    def remove(request: Request, upload_id: Number) -> uploads.Upload:
        """Remove the file and its note; what was imported stays."""
        row = uploads.upload(workspace, upload_id)
        upload_jobs.check_idle(workspace, upload_id)
        uploads.drop_upload(workspace, upload_id)
        routes.record(request, "upload.remove", f"file {upload_id}")
        return row

    return routes.router


def import_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes that turn a file into events."""
    routes = Routes(access, workspace.control, tag="uploads")

    @routes.route("GET", UPLOADS + "/{upload_id}/suggest", verb="configure", zh="识别文件", en="What a file is",
                  people=True, example=examples.SUGGESTION)  # fmt: skip
    def suggest(request: Request, upload_id: Number) -> suggesting.Suggestion:
        """Formats that fit, how surely, and a draft column by column for a file that none fits."""
        with readers.lend() as ws:
            return suggesting.suggestion(ws, upload_id)

    @routes.listing("/v1/mappings", verb="view", zh="自有映射", en="Mappings of this workspace",
                    columns=("mapping", "zh", "platform", "kinds"), example=examples.MAPPING)  # fmt: skip
    def mappings(request: Request) -> Page[suggesting.SavedMapping]:
        return Page(rows=suggesting.mappings(workspace))

    @routes.route("POST", "/v1/mappings", verb="configure", zh="保存映射", en="Keep a mapping", status=201,
                  example=examples.MAPPING)  # fmt: skip
    def save_mapping(request: Request, body: MappingBody) -> suggesting.SavedMapping:
        """Draw up a mapping from an upload, some columns said; or keep a text. One of the same id is replaced."""
        return suggesting.save_mapping(
            workspace, body.id, number=body.upload, columns=body.columns, zh=body.zh, platform=body.platform,
            toml=body.toml, **_by(request),
        )  # fmt: skip

    @routes.route("POST", UPLOADS + "/{upload_id}/dry-run", verb="configure", zh="试运行", en="Run it dry", people=True,
                  example=examples.DRY_RUN)  # fmt: skip
    def run_dry(request: Request, upload_id: Number, body: RunBody) -> dry_run.DryRun:
        """The first rows beside the events they become, and what would be parked; nothing is stored."""
        with readers.lend() as ws:
            return dry_run.dry_run(ws, upload_id, mapping=body.mapping, settings=body.settings, rows=body.rows)

    @routes.route("POST", UPLOADS + "/{upload_id}/import", verb="configure", zh="导入", en="Import it", status=202,
                  example={"rows": [examples.JOB], "next": None, "known": None})  # fmt: skip
    def begin_import(request: Request, upload_id: Number, body: ImportBody) -> Page[ImportJob]:
        """Ask the keeper to import it; progress stands in /v1/jobs. It goes on after any crash."""
        return Page(
            rows=upload_jobs.enqueue(
                workspace, upload_id, mapping=body.mapping, settings=body.settings, **_by(request)
            )
        )  # fmt: skip

    @routes.route("POST", "/v1/jobs/{job_id}/stop", verb="configure", zh="停止导入", en="Stop an import",
                  example=examples.JOB | {"state": "stopped"})  # fmt: skip
    def stop(request: Request, job_id: Annotated[str, Path(max_length=64)]) -> ImportJob:
        """Stop an import at its next chunk; what is imported stays, and importing again goes on from there."""
        return upload_jobs.stop_job(workspace, job_id, **_by(request))

    return routes.router


def _by(request: Request) -> dict[str, Any]:
    me: Principal = request.state.me
    return {"who": me.who, "ip": address_of(request)}
