"""The service as an operator runs it: three processes, a stock SDK, imports beside it, and a gate that is killed."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import segment.analytics.client as segment

from guanxi.app import Workspace, queries
from guanxi.engines.locks import GATE, KEEPER, owner

pytestmark = pytest.mark.slow

SAMPLE = (
    "订单号,商品ID,商品名称,订购数量,支付方式,下单时间,京东价,订单金额,结算金额,余额支付,应付金额,订单状态,订单类型,下单帐号,"
    "客户姓名,客户地址,联系电话,订单备注,运费金额,付款确认时间,货号,订单完成时间,订单渠道\n"
    "300000000001,11,示例水壶,1,在线支付,2026-01-02 10:00:00,250.00,250.00,250.00,0.00,250.00,完成,SOP,jd_fake_1,"
    "测试,示例路66号,1******0003,,0.00,2026-01-02 10:00:30,SKU,2026-01-08 10:00:30,APP\n"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        workspace, self.password = Workspace.create(folder)
        self.server_key = workspace.control.create_key("server", label="test").secret
        workspace.close()
        self.desk, self.gate = free_port(), free_port()
        self.environment = os.environ | {
            "GUANXI_SERVE__DESK_PORT": str(self.desk),
            "GUANXI_SERVE__GATE_PORT": str(self.gate),
            "GUANXI_LOG__SEAL_SECONDS": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "guanxi.cli", "serve", "-w", str(folder)],
            env=self.environment,
            stderr=subprocess.DEVNULL,
        )
        self.wait_until(lambda: httpx.get(f"{self.url}/healthz", trust_env=False).status_code == 200)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.desk}"

    def wait_until(self, true: object, seconds: float = 40) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if true():  # type: ignore[operator]
                    return
            except (httpx.HTTPError, ConnectionError):
                pass
            time.sleep(0.1)
        raise AssertionError("it did not become true in time")

    def guanxi(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "guanxi.cli", *arguments, "-w", str(self.folder)],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("serve") / "ws")
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("door", ["desk", "gate"])
def test_the_stock_segment_sdk_works_unmodified(service: Service, door: str, gzip: bool) -> None:
    failures: list[object] = []
    client = segment.Client(
        service.server_key, host=f"http://127.0.0.1:{getattr(service, door)}", gzip=gzip, sync_mode=False,
        on_error=lambda error, items: failures.append(error), max_retries=1,
    )  # fmt: skip
    person = f"{door}-{gzip}"
    client.identify(person, {"name": "测试"})
    client.track(person, "Order Completed", {"order_id": f"S-{person}", "total": 19.9, "currency": "CNY"})
    client.group(person, "g-1", {"kind": "household"})
    client.page(person, "Docs", "Home")
    client.alias("anon-" + person, person)
    client.flush()
    client.join()
    assert failures == []
    with Workspace.open(service.folder) as workspace:
        orders = workspace.reader.read(kind="Order Completed")
        paid = [event for event in orders if event.refs["order"] == f"S-{person}"]
        assert [(event.amount, event.currency) for event in paid] == [(1990, "CNY")]
        assert "测试" not in str(list(workspace.reader.read(kind="Profile Updated")))


def test_an_import_goes_through_the_gate_that_serves(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(SAMPLE.encode("gbk"))
    assert '"stored":4' in service.guanxi("import", str(path), "--json")
    assert '"stored":0' in service.guanxi("import", str(path), "--json")
    with Workspace.open(service.folder) as workspace:
        assert queries.status(workspace).processes[0].job == GATE


def test_rows_parked_by_the_gate_are_mended_while_it_serves(service: Service) -> None:
    body = {"type": "track", "event": "Order Completed", "userId": "parked-1", "messageId": "p-1",
            "timestamp": "no time at all", "properties": {"order_id": "P-1", "total": 5}}  # fmt: skip
    answer = httpx.post(
        f"http://127.0.0.1:{service.gate}/v1/track", json=body, auth=(service.server_key, ""), trust_env=False
    )
    assert answer.status_code == 200
    assert '"reason":"time"' in service.guanxi("parked", "list", "--json")
    assert '"replayed":1' in service.guanxi("parked", "replay", "--fix", "at=2026-01-02 10:00:00", "--json")
    assert service.guanxi("parked", "list", "--json").strip() == "[]"
    assert '"P-1"' in service.guanxi("events", "tail", "--party", "account:app:parked-1", "--json")


def test_a_person_is_forgotten_while_it_serves(service: Service) -> None:
    body = {"type": "track", "event": "Product Viewed", "userId": "to-forget", "messageId": "f-1",
            "properties": {"product_id": "p"}}  # fmt: skip
    auth = (service.server_key, "")
    httpx.post(f"http://127.0.0.1:{service.gate}/v1/track", json=body, auth=auth, trust_env=False)
    assert "Product Viewed" in service.guanxi("events", "tail", "--party", "account:app:to-forget", "--json")
    service.guanxi("erase", "account:app:to-forget", "--reason", "asked", "--send")
    kinds = service.guanxi("events", "tail", "-n", "2", "--json")
    assert "Erasure Completed" in kinds
    for file in service.folder.rglob("*"):
        assert not file.is_file() or b"to-forget" not in file.read_bytes(), file.name


def test_a_backup_is_taken_while_it_serves(service: Service, tmp_path: Path) -> None:
    assert '"key":false' in service.guanxi("backup", str(tmp_path / "copy"), "--json")


def test_a_killed_gate_comes_back_and_loses_nothing(service: Service) -> None:
    def send(number: int) -> int:
        body = {"type": "track", "event": "Checked In", "userId": "u", "messageId": f"k-{number}", "properties": {}}
        return httpx.post(
            f"http://127.0.0.1:{service.gate}/v1/track", json=body, auth=(service.server_key, ""), trust_env=False
        ).status_code

    acknowledged = [number for number in range(20) if send(number) == 200]
    before = owner(service.folder, GATE)
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    service.wait_until(lambda: (now := owner(service.folder, GATE)) is not None and now.url and now.pid != before.pid)
    service.wait_until(lambda: send(100) == 200)
    acknowledged.append(100)
    with Workspace.open(service.folder) as workspace:
        found = [event.refs.get("message", event.id) for event in workspace.reader.read(kind="Checked In")]
        assert len(found) == len(acknowledged) == 21


def test_signing_in_reading_and_the_refusal_of_strangers(service: Service) -> None:
    with httpx.Client(base_url=service.url, trust_env=False) as browser:
        assert browser.get("/v1/status").status_code == 401
        signed = browser.post("/v1/session", json={"name": "admin", "password": service.password})
        assert signed.status_code in (200, 201), signed.text
        told = browser.get("/v1/status").json()
        assert told["events"] > 0
        body = browser.get("/v1/nowhere").json()
        assert set(body) >= {"what", "mend", "field"}


def test_a_second_service_is_refused_and_says_who_serves(service: Service) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "guanxi.cli", "serve", "-w", str(service.folder)], env=service.environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert re.search(r"in use by process \d+", done.stderr)


def test_the_keeper_seals_while_it_serves_and_ends_with_the_service(service: Service) -> None:
    with Workspace.open(service.folder) as workspace:
        service.wait_until(lambda: workspace.reader.sizes()["hot"] == 0, seconds=60)
        count = len(list(workspace.reader.read()))
        assert count == workspace.reader.sizes()["sealed"]
    service.stop()
    assert service.process.returncode == 0
    assert owner(service.folder, GATE) is None
    assert owner(service.folder, KEEPER) is None
