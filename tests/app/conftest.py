"""A workspace, a small shop export to import, and a gate that keeps traits live."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from guanxi.app import Gate, Workspace, live_traits
from guanxi.app.live_traits import LiveTraits

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
