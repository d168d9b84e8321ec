"""Ingest: events by HTTP acknowledged after the flush, rows of files per processor second, peak memory."""

import asyncio
import base64
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from guanxi.app import Workspace
from guanxi.bench.process import cpu_seconds, guanxi
from guanxi.bench.report import Figure, at_least, at_most, colour
from guanxi.core import DataError, NotFound
from guanxi.engines.locks import GATE, owner

EVENTS: Final = 200_000  # sent by HTTP
BATCH: Final = 100
CONNECTIONS: Final = 8


def run(data: Path) -> Sequence[Figure]:
    """Measure all figures; `data` holds complete_journey."""
    folder = data / "complete_journey"
    if not (folder / "transactions.parquet").exists():
        raise NotFound(f"there is no complete_journey in {data.name!r}", "Name the folder of the data sets with --data")
    with TemporaryDirectory(prefix="guanxi-bench-") as home:
        return [*http(Path(home)), *rows(Path(home), folder), *peak(Path(home), folder)]


def http(home: Path) -> list[Figure]:
    """Events per second through the gate's own port: one gate process, batches of 100, every answer after the flush."""
    with serving(home / "http") as (pid, port, key):
        bodies = [event_body(number) for number in range(EVENTS // BATCH)]
        asyncio.run(send(port, key, bodies[:20]))  # warm
        before, begin = cpu_seconds(pid), time.monotonic()
        delays = asyncio.run(send(port, key, bodies[20:]))
        wall, cpu = time.monotonic() - begin, cpu_seconds(pid) - before
    count = len(delays) * BATCH
    with Workspace.open(home / "http") as workspace:
        stored = workspace.reader.sizes()["last_seq"]
    if stored != EVENTS:
        raise DataError(f"{EVENTS} events were acknowledged and {stored} are stored", "Report this: events were lost")
    delays.sort()
    return [
        at_least("http_events_per_s_core", count / wall, "events/s", 10_000),
        colour("http_events_per_cpu_s", count / cpu, "events/s"),
        colour("http_batch_p50_ms", delays[len(delays) // 2] * 1000, "ms"),
        colour("http_batch_p99_ms", delays[int(len(delays) * 0.99)] * 1000, "ms"),
    ]


def rows(home: Path, folder: Path) -> list[Figure]:
    """Rows of real transactions per processor second, start of the process and sealing included."""
    guanxi(["init", str(home / "rows")])
    run = guanxi(["import", str(folder / "transactions.parquet"), "-w", str(home / "rows"), "--json"])
    report = msgspec.json.decode(run.out)
    again = guanxi(["import", str(folder / "transactions.parquet"), "-w", str(home / "rows"), "--json"])
    if msgspec.json.decode(again.out)["stored"]:
        raise DataError("importing a file again stored events", "Report this: the import is not idempotent")
    return [
        at_least("import_rows_per_cpu_s", report["rows"] / run.cpu, "rows/s", 100_000),
        colour("import_rows", report["rows"], "rows"),
        colour("import_events", report["stored"], "events"),
        colour("import_wall_s", run.wall, "s"),
        colour("reimport_rows_per_cpu_s", report["rows"] / again.cpu, "rows/s"),
    ]


def peak(home: Path, folder: Path) -> list[Figure]:
    """Peak memory while 20.9 million promotions stream in."""
    guanxi(["init", str(home / "peak")])
    run = guanxi(["import", str(folder / "promotions.parquet"), "-w", str(home / "peak"), "--json"])
    report = msgspec.json.decode(run.out)
    return [
        at_most("import_peak_mb", run.peak_mb, "MB", 1_500),
        colour("promotions_rows", report["rows"], "rows"),
        colour("promotions_rows_per_cpu_s", report["rows"] / run.cpu, "rows/s"),
        colour("promotions_wall_s", run.wall, "s"),
    ]


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, int, str]]:
    """Serve a workspace, made when there is none, by a gate alone; yield its process id, port and a server key."""
    workspace = Workspace.open(folder) if (folder / "log.sqlite").exists() else Workspace.create(folder)[0]
    key = workspace.control.create_key("server", label="bench").secret
    workspace.close()
    environment = {**os.environ, "GUANXI_SERVE__GATE_PORT": "0", "GUANXI_LIMITS__REQUESTS_PER_SECOND": "1000000",
                   "GUANXI_LIMITS__REQUEST_BURST": "1000000"}  # fmt: skip
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "guanxi.api", "gate", "--workspace", str(folder)], env=environment
    )
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            held = owner(folder, GATE)
            if held is not None and held.url:
                yield process.pid, int(held.url.rsplit(":", 1)[1]), key
                return
            if process.poll() is not None:
                break
            time.sleep(0.05)
        raise DataError("the gate did not start", "Run `python -m guanxi.api gate` by hand")
    finally:
        process.terminate()
        process.wait(30)


def event_body(number: int) -> bytes:
    """Return the body of one batch; another number is other events."""
    events = [
        {
            "type": "track", "event": "Product Viewed", "messageId": f"bench-{number}-{place}", "userId": f"u{place}",
            "timestamp": "2026-01-02T03:04:05.000Z",
            "properties": {"product_id": f"p{number % 97}", "price": 19.9, "currency": "CNY", "position": place},
            "context": {"ip": f"192.0.2.{place}", "library": {"name": "bench", "version": "1"}},
        }
        for place in range(BATCH)
    ]  # fmt: skip
    return msgspec.json.encode({"batch": events, "sentAt": None})


async def send(port: int, key: str, bodies: Sequence[bytes]) -> list[float]:
    """Send all bodies over a few kept connections; return the delay of every answer, in seconds."""
    queue = list(enumerate(bodies))[::-1]
    delays: list[float] = []
    token = base64.b64encode(f"{key}:".encode()).decode()

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while queue:
            _, body = queue.pop()
            begin = time.monotonic()
            writer.write(
                f"POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"Authorization: Basic {token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                raise DataError(f"the gate answered {head[:40]!r}", answer.decode("utf-8", "replace")[:200])
            delays.append(time.monotonic() - begin)
        writer.close()

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
    return delays
