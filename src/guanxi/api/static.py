"""The console's files: hashed assets that browsers keep for ever, and one page for every path of the console."""

import html
import re
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

BUILT: Final = Path(__file__).with_name("console")  # written by scripts/console.py, shipped in the wheel
FOR_EVER: Final = "public, max-age=31536000, immutable"  # the name holds the digest of the content
MEDIA_TYPES: Final = {
    "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml",
    "png": "image/png", "woff2": "font/woff2", "json": "application/json",
}  # fmt: skip
ABSENT: Final = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>关系 Guanxi</title>
<body style="font:14px/22px sans-serif;max-width:720px;margin:48px auto;padding:0 24px;background:#FAF8F3">
<h1 style="font-size:20px">这个安装没有控制台页面</h1>
<p>命令行与 API 照常可用：<code>guanxi status</code>，<a href="/openapi.json">/openapi.json</a>。
要有页面，装好 Node 20.19 或更新的版本，再运行 <code>make setup</code>。</p>
<h2 style="font-size:16px" lang="en">This install has no console</h2>
<p lang="en">The command line and the API work: <code>guanxi status</code>, <a href="/openapi.json">/openapi.json</a>.
To have the page, install Node 20.19 or newer, then run <code>make setup</code>.</p></body></html>
"""

_ASSET: Final = re.compile(r"/assets/([A-Za-z0-9_-][A-Za-z0-9_.-]*)\Z")
#: A person's reference may hold a dot, and a trait's name does.
_PAGE: Final = re.compile(r"/(?!(?:v1|assets)(?:/|\Z))[^.]*\Z|/(?:people|traits)/.*\Z")
_MARK: Final = '<meta name="guanxi-workspace" content="" />'


class Console:
    """ASGI application for what no route of the API takes.

    built      folder that the build wrote; it may be absent
    workspace  name of the workspace, which the sign-in shows
    otherwise  answers what is no path of the console
    """

    def __init__(self, built: Path, *, workspace: str, otherwise: ASGIApp) -> None:
        self._built, self._otherwise = built, otherwise
        self._mark = f'<meta name="guanxi-workspace" content="{html.escape(workspace)}" />'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = self._answer(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        await (answer or self._otherwise)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        path = scope["path"]
        if asset := _ASSET.match(path):
            return self._asset(asset[1], Headers(scope=scope))
        return self._page() if _PAGE.match(path) else None

    def _page(self) -> Response:
        try:
            text = (self._built / "index.html").read_text("utf-8").replace(_MARK, self._mark)
        except FileNotFoundError:
            text = ABSENT
        return Response(text, media_type="text/html", headers={"cache-control": "no-store"})

    def _asset(self, name: str, headers: Headers) -> Response | None:
        media = MEDIA_TYPES.get(name.rpartition(".")[2])
        file = self._built / "assets" / name
        if media is None or not file.is_file():
            return None
        told = {"cache-control": FOR_EVER, "vary": "accept-encoding"}
        packed = file.with_name(f"{name}.gz")
        if packed.is_file() and accepts_gzip(headers.get("accept-encoding", "")):
            return FileResponse(packed, media_type=media, headers=told | {"content-encoding": "gzip"})
        return FileResponse(file, media_type=media, headers=told)


def accepts_gzip(header: str) -> bool:
    """Tell whether an Accept-Encoding header allows gzip.

    source  RFC 9110, 12.5.3
    """
    weights: dict[str, bool] = {}
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        weights[name.strip()] = re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight) is None
    return weights.get("gzip", weights.get("*", False))
