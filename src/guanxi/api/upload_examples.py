"""Example answers about files, shown in the OpenAPI document: made from the very structs."""

from typing import Any, Final

import msgspec

from guanxi.api.examples import JOB
from guanxi.app import dry_run, suggesting, uploads

__all__ = ["DRY_RUN", "JOB", "MAPPING", "SUGGESTION", "UPLOAD"]

_NOON: Final = 1_767_326_400_000  # 2026-01-02 12:00 in China


def _example(value: msgspec.Struct) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(value)
    return built


UPLOAD: Final = _example(
    uploads.Upload(
        id="0a1b2c3d4e5f6071", name="订单.csv", bytes=20_480, at_ms=_NOON, who="zhou.ning", sources=("订单.csv",)
    )
)
SUGGESTION: Final = _example(
    suggesting.Suggestion(
        upload="0a1b2c3d4e5f6071",
        sources=(
            suggesting.SourceLook(
                source="订单.csv",
                fits=(
                    suggesting.Fit(
                        mapping="taobao_order",
                        zh="淘宝订单",
                        en="Taobao orders",
                        platform="taobao",
                        certainty="sure",
                        score=12.5,
                        why="12 column names",
                        own=False,
                        settings=(),
                    ),
                ),
            ),
        ),
        columns=(
            suggesting.ColumnGuess(
                column="订单编号", what="order", reads="id", sure="header and values", samples=("300000000001",)
            ),
        ),
        toml='id = "orders"\n…',
    )
)
MAPPING: Final = _example(
    suggesting.SavedMapping(
        mapping="my_orders", zh="我的订单", platform="app", kinds=("Order Completed",), toml='id = "my_orders"\n…'
    )
)
DRY_RUN: Final = _example(
    dry_run.DryRun(
        upload="0a1b2c3d4e5f6071",
        took_ms=84.0,
        sources=(
            dry_run.SourceRun(
                source="订单.csv",
                mapping="taobao_order",
                mapping_zh="淘宝订单",
                rows=2,
                accepted=1,
                parked=1,
                whole=True,
                skipped={},
                notes={},
                kinds=(dry_run.MadeKind(kind="Order Completed", zh="订单付清", events=1),),
                first_ms=_NOON,
                last_ms=_NOON,
                platforms=("taobao",),
                samples=(
                    dry_run.Beside(
                        row=1,
                        cells={"订单编号": "300000000001", "收货人姓名": "王*芳"},
                        events=(
                            dry_run.SampleEvent(
                                kind="Order Completed",
                                zh="订单付清",
                                at_ms=_NOON,
                                platform="taobao",
                                amount=1990,
                                currency="CNY",
                                roles={"actor": "account:taobao:AAE1x"},
                                refs={"order": "300000000001"},
                                properties={"receiver_name": "王*芳"},
                            ),
                        ),
                    ),
                ),
                problems=(
                    dry_run.WouldPark(
                        reason="amount",
                        zh="金额读不出或不合理",
                        en="an amount is unreadable or absurd",
                        kind="Order Completed",
                        field="实付金额",
                        what="the amount cannot be read",
                        mend="Write it as 12.50",
                        count=1,
                        rows=(2,),
                        cells={"实付金额": "很多"},
                    ),
                ),
            ),
        ),
    )
)
