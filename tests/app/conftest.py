"""A workspace and a small shop export to import."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from guanxi.app import Workspace

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
