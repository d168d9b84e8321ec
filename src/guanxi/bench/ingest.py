"""Ingest: events by HTTP acknowledged after the flush, rows of files per processor second, peak memory."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

import httpx
import msgspec

from guanxi.app import Workspace
from guanxi.bench.process import cpu_seconds, guanxi
from guanxi.bench.report import Figure, at_least, at_most, colour
from guanxi.core import DataError, NotFound
from guanxi.engines.locks import GATE, owner

EVENTS: Final = 200_000  # sent by HTTP
BATCH: Final = 100
CONNECTIONS: Final = 8
QUESTION: Final = b'{"party": "ip", "ref": "ip::192.0.2.1", "names": ["velocity"]}'


def run(data: Path) -> Sequence[Figure]:
    """Measure all figures; `data` holds complete_journey."""
    folder = data / "complete_journey"
    if not (folder / "transactions.parquet").exists():
        raise NotFound(f"there is no complete_journey in {data.name!r}", "Name the folder of the data sets with --data")
    with TemporaryDirectory(prefix="guanxi-bench-") as home:
        return [*gates(Path(home)), *rows(Path(home), folder), *peak(Path(home), folder)]


def gates(home: Path) -> list[Figure]:
    """Events per second through the gate's own port, without live traits and with them, one after the other."""
    plain, kept = http(home / "http"), http(home / "live", live=True)
    rates = [figures[0].value for figures in (plain, kept)]
    spent = [1e6 / figures[1].value for figures in (plain, kept)]  # us of processor time for one event
    return [
        *plain, *(msgspec.structs.replace(one, name=f"live_{one.name}") for one in kept),
        colour("live_ratio", rates[1] / rates[0], ""), colour("live_cpu_us_per_event", spent[1] - spent[0], "us"),
    ]  # fmt: skip


def http(folder: Path, *, live: bool = False) -> list[Figure]:
    """Events per second: one gate process, batches of 100, every answer after the flush.

    live  the gate keeps traits too, and one connection asks about some after each of its batches: how long it waits is
          how far traits are behind what is acknowledged, the two ways of the request included
    """
    with serving(folder, live=live) as (pid, port, key):
        bodies = [event_body(number) for number in range(EVENTS // BATCH)]
        asyncio.run(send(port, key, bodies[:20]))  # warm
        before, begin = cpu_seconds(pid), time.monotonic()
        asked: list[float] = []
        delays = asyncio.run(send(port, key, bodies[20:], asked if live else None))
        wall, cpu = time.monotonic() - begin, cpu_seconds(pid) - before
    count = len(delays) * BATCH
    with Workspace.open(folder) as workspace:
        stored = workspace.reader.sizes()["last_seq"]
    if stored != EVENTS:
        raise DataError(f"{EVENTS} events were acknowledged and {stored} are stored", "Report this: events were lost")
    return [
        at_least("http_events_per_s_core", count / wall, "events/s", 10_000),
        colour("http_events_per_cpu_s", count / cpu, "events/s"),
        *(colour(f"http_batch_{name}_ms", value * 1000, "ms") for name, value in _middle_and_tail(delays)),
        *(colour(f"behind_{name}_ms", value * 1000, "ms") for name, value in _middle_and_tail(asked) if live),
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
def serving(folder: Path, *, live: bool = False) -> Iterator[tuple[int, int, str]]:
    """Serve a workspace, made when there is none, by a gate alone; yield its process id, port and a server key.

    live  it keeps traits, and is ready
    """
    workspace = Workspace.open(folder) if (folder / "log.sqlite").exists() else Workspace.create(folder)[0]
    key = workspace.control.create_key("server", label="bench").secret
    workspace.close()
    environment = {**os.environ, "GUANXI_SERVE__GATE_PORT": "0", "GUANXI_LIMITS__REQUESTS_PER_SECOND": "1000000",
                   "GUANXI_LIMITS__REQUEST_BURST": "1000000", "GUANXI_TRAITS__LIVE": str(live).lower()}  # fmt: skip
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "guanxi.api", "gate", "--workspace", str(folder)], env=environment
    )
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            held = owner(folder, GATE)
            if held is not None and held.url and is_ready(held.url):
                yield process.pid, int(held.url.rsplit(":", 1)[1]), key
                return
            if process.poll() is not None:
                break
            time.sleep(0.05)
        raise DataError("the gate did not start", "Run `python -m guanxi.api gate` by hand")
    finally:
        process.terminate()
        process.wait(30)


def is_ready(url: str) -> bool:
    """Tell whether a gate answers all that it can answer."""
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


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


async def send(port: int, key: str, bodies: Sequence[bytes], asked: list[float] | None = None) -> list[float]:
    """Send all bodies over a few kept connections; return the delay of every answer, in seconds.

    asked  one connection more sends, and asks about traits after each of its batches: gets the delays of the answers
    """
    queue = list(bodies)[::-1]
    delays: list[float] = []

    async def worker(asks: bool) -> None:
        async with _Connection(port, key) as connection:
            while queue:
                delays.append(await connection.post("/v1/batch", queue.pop()))
                if asks and asked is not None:
                    asked.append(await connection.post("/v1/traits", QUESTION))

    await asyncio.gather(*(worker(False) for _ in range(CONNECTIONS)), *([worker(True)] if asked is not None else []))
    return delays


class _Connection:
    """A kept connection to the gate: the least that a sender can do, so that the gate is what is measured."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._writer.close()

    async def post(self, path: str, body: bytes) -> float:
        """Send a body; return the seconds until the answer was there."""
        begin = time.monotonic()
        self._writer.write(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._key}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        answer = await self._reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            raise DataError(f"the gate answered {head[:40]!r}", answer.decode("utf-8", "replace")[:200])
        return time.monotonic() - begin


def _middle_and_tail(delays: Sequence[float]) -> list[tuple[str, float]]:
    some = sorted(delays) or [0.0]
    return [("p50", some[len(some) // 2]), ("p99", some[int(len(some) * 0.99)])]
