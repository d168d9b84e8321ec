"""Cockpit: how long the first page takes over ten million events, while more come in."""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from guanxi.app import Workspace
from guanxi.bench.ingest import BATCH, event_body, send, serving
from guanxi.bench.process import guanxi
from guanxi.bench.report import Figure, at_most, colour
from guanxi.core import DataError, local_day

#: What a person does on the page: other ranges, comparisons, platforms, metrics.
FILTERS: Final = (
    {"t": "30d"}, {"t": "7d", "pf": "taobao"}, {"t": "7d", "pf": "douyin,xiaohongshu"}, {"t": "yesterday"},
    {"t": "30d", "pf": "jd"}, {"t": "7d", "cmp": "yoy"}, {"t": "last_week"}, {"t": "7d", "metric": "buyers"},
)  # fmt: skip
PAUSE_S: Final = 0.2  # between rounds of 1,000 events: about 4,000 events a second beside the questions
DAYS: Final = 60  # of the town of size middle; it ends yesterday, so that the ranges of the page hold data
START_S: Final = 60.0  # a desk that has not answered by then does not start


def run(data: Path) -> Sequence[Figure]:
    """Measure both figures over the town of size middle; `data` is not read."""
    with TemporaryDirectory(prefix="guanxi-bench-") as home:
        folder = Path(home) / "town"
        start = local_day(time.time_ns() // 1_000_000) - timedelta(DAYS)
        made = guanxi(["town", "new", str(folder), "--size", "middle", "--start", start.isoformat()])
        with (
            serving(folder) as (_, port, key), keeping(folder), ingesting(port, key) as sent, desk(folder, port) as ask,
        ):  # fmt: skip
            first = ask({})
            again = [ask(filters) for filters in FILTERS for _ in range(3)]
        with Workspace.open(folder) as workspace:
            events = workspace.reader.sizes()["last_seq"]
        return [
            at_most("first_number_ms", first * 1000, "ms", 1_000),
            at_most("filter_ms", median(again) * 1000, "ms", 300),
            colour("filter_slowest_ms", max(again) * 1000, "ms"),
            colour("events", events, "events"),
            colour("ingested_meanwhile", sum(sent), "events"),
            colour("town_cpu_s", made.cpu, "s"),
        ]


@contextmanager
def desk(folder: Path, gate_port: int) -> Iterator[Callable[[Mapping[str, str]], float]]:
    """Serve a fresh desk; yield what asks it for the cockpit and returns the seconds until the whole answer."""
    password = secrets.token_urlsafe(16)
    with Workspace.open(folder) as workspace:
        user = workspace.control.create_user(f"bench.{os.getpid()}", password, roles=("analyst",))
    port = _free_port()
    environment = {**os.environ, "GUANXI_SERVE__DESK_PORT": str(port), "GUANXI_SERVE__GATE_PORT": str(gate_port)}
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "guanxi.api", "desk", "--workspace", str(folder)], env=environment
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            _await(client, process)
            client.post("/v1/session", json={"name": user.name, "password": password}).raise_for_status()

            def ask(filters: Mapping[str, str]) -> float:
                begin = time.monotonic()
                answer = client.get("/v1/cockpit", params={"asof": "", **filters})
                took = time.monotonic() - begin
                if answer.status_code != 200 or not answer.json()["cards"]:
                    raise DataError(f"the cockpit answered {answer.status_code}", answer.text[:200])
                return took

            yield ask
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """Run the keeper, as `guanxi serve` does: what came in is sealed while the page is asked."""
    process = subprocess.Popen([sys.executable, "-m", "guanxi.cli", "keeper", "--workspace", str(folder)])  # noqa: S603 - our own module
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def ingesting(port: int, key: str) -> Iterator[list[int]]:
    """Send events to the gate for as long as the block runs; the list holds how many each round sent."""
    sent: list[int] = []
    ended = threading.Event()

    def go() -> None:
        while not ended.is_set():
            bodies = [event_body(1_000_000 + sum(sent) // BATCH + number) for number in range(10)]
            asyncio.run(send(port, key, bodies))
            sent.append(len(bodies) * BATCH)
            ended.wait(PAUSE_S)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield sent
    finally:
        ended.set()
        thread.join()


def _await(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            if client.get("/healthz").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.02)
    raise DataError("the desk did not start", "Run `python -m guanxi.api desk` by hand")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return int(bound.getsockname()[1])
