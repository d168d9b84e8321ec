"""A workspace, a shop export to import, a gate that keeps traits live, and a shop whose buyers are decided about."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from guanxi.app import Gate, Workspace, live_traits
from guanxi.app.live_traits import LiveTraits
from guanxi.app.policies import save_policy
from guanxi.core import DAY_MS, midnight_ms
from guanxi.decisions import Limit
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent

HEADER = (
    "订单号,商品ID,商品名称,订购数量,支付方式,下单时间,京东价,订单金额,结算金额,余额支付,应付金额,订单状态,订单类型,下单帐号,"
    "客户姓名,客户地址,联系电话,订单备注,运费金额,付款确认时间,货号,订单完成时间,订单渠道"
)


def line(
    order: str, item: str, *, price: str = "250.00", when: str = "2026-01-02 10:00:00", state: str = "完成"
) -> str:
    paid = "" if state.startswith("(删除)") else "2026-01-02 10:00:30"
    return (
        f"{order},{item},示例水壶,1,在线支付,{when},{price},{price},{price},0.00,{price},{state},SOP,jd_fake_{order[-1]},"
        f"王小芳,广东深圳市福田区示例路66号,13800000001,请快点,0.00,{paid},SKU-{item},2026-01-08 10:00:30,APP"
    )


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A JD order export of three orders, in GBK as the platform writes it."""
    path = tmp_path / "orders.csv"
    rows = [HEADER, line("300000000001", "11"), line("300000000002", "12", price="99.90"), line("300000000003", "11")]
    path.write_bytes("\n".join(rows).encode("gbk"))
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        yield made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Live traits look around and begin anew at once."""
    monkeypatch.setattr(live_traits, "PAUSE_S", 0.05)
    monkeypatch.setattr(live_traits, "EVERY_S", 0.05)


@contextlib.contextmanager
def live_workspace(folder: Path, uses: str) -> Iterator[Workspace]:
    """A new workspace whose gate keeps the traits for some uses, as TOML has a list."""
    made, _ = Workspace.create(folder)
    made.close()
    (made.folder / "guanxi.toml").write_text(f"[traits]\nlive = true\nuses = {uses}\n", "utf-8")
    with Workspace.open(made.folder) as opened:
        yield opened


def served(
    workspace: Workspace, script: Callable[[Gate, LiveTraits], Awaitable[None]], *, when_ready: bool = False
) -> None:  # fmt: skip
    """Run a script beside a gate with live traits, at once or when they answer."""

    async def serve() -> None:
        gate = Gate(workspace)
        await gate.start()
        try:
            assert gate.traits is not None
            give_up = time.monotonic() + 120  # a first run compiles
            while when_ready and not gate.traits.is_ready:
                assert time.monotonic() < give_up
                await asyncio.sleep(0.02)
            await script(gate, gate.traits)
        finally:
            await gate.close()

    asyncio.run(serve())


JAN = midnight_ms(date(2026, 1, 1))
NOW = JAN + 40 * DAY_MS + 10 * 3_600_000  # ten in the morning
BUYERS = [f"account:app:u{number:03}" for number in range(60)]
ANN = BUYERS[0]

POLICY = """\
zh = "唤回"
en = "Win back"
mode = "auto"
holdout = 0.2
explore = 0.1

[[offers]]
id = "hello"
zh = "问候"
en = "Greeting"
kind = "message"
channel = "app"
content = "好久不见"
value = 0.5
value_band = 0.5

[[offers]]
id = "coupon"
zh = "5 元券"
en = "5 yuan off"
kind = "coupon"
channel = "app"
content = "送你一张券"
params = { amount = 500, threshold = 3000, days = 7 }
cost_yuan = 2.0
value = "person_product_views_count_7d > 1 ? 6.0 : 3.0"
value_band = 0.5

[[rules]]
name = "looked"
when = "person_product_views_count_7d > 0"
effect = "require"
zh = "7 天内看过商品"
en = "looked at goods within 7 days"
"""


def look(who: str, day: float) -> RawEvent:
    return RawEvent(
        kind="Product Viewed", at=JAN + int(day * DAY_MS), message_id=f"v{who}{day}", historical=True, platform="app",
        roles={"actor": who, "item": "item:app:1"},
    )  # fmt: skip


def paid(who: str, day: float) -> RawEvent:
    return RawEvent(
        kind="Order Completed", at=JAN + int(day * DAY_MS), message_id=f"p{who}{day}", historical=True, platform="app",
        roles={"actor": who}, amount="20.00", refs={"order": f"{who}{day}"},
    )  # fmt: skip


def said(who: str, kind: str, day: float, **properties: object) -> RawEvent:
    return RawEvent(
        kind=kind, at=JAN + int(day * DAY_MS), message_id=f"{kind}{who}{day}{properties}", historical=True,
        roles={"actor": who}, platform="app", properties=properties,
    )  # type: ignore[arg-type]  # fmt: skip


def told(workspace: Workspace, *rows: RawEvent) -> None:
    """Put events into the log."""
    intake = workspace.intake()
    checked = [intake.check(raw, "server", received_ms=int(raw.at) + 1000, source="test") for raw in rows]
    events = [event for event in checked if isinstance(event, Event)]
    assert len(events) == len(rows), [one for one in checked if not isinstance(one, Event)]
    workspace.vault.flush()
    log = SqliteLog(workspace.folder)
    log.append(events)
    log.close()
    workspace.reopen()


@pytest.fixture
def buyers(tmp_path: Path) -> Iterator[Workspace]:
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        consents = [
            said(who, "Consent Given", 1, purpose=purpose)
            for who in BUYERS for purpose in ("analyse", "personalise", "message")
        ]  # fmt: skip
        told(made, *(look(who, 36) for who in BUYERS), *(look(who, 37) for who in BUYERS[:20]), *consents)
        save_policy(made, "winback", POLICY, who="test")
        yield made


def limit(workspace: Workspace, name: str, **fields: object) -> None:
    row = Limit(**{"name": name, "zh": name, "en": name, "unit": "fen", "cap": 0, **fields})  # type: ignore[arg-type]
    workspace.control.limits.set(row, who="test", reason="test", now_ms=NOW)
