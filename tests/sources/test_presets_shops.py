"""The presets of shops: orders, refunds, settlements and order APIs become the events that are written down."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guanxi.app import Workspace, import_files
from guanxi.engines.sources import Chunk, expand, open_source, preset, recognise
from guanxi.events import shipped
from guanxi.events.parked import Parked

EXPECTED = Path(__file__).with_name("presets_shops.txt")
CHINA = timezone(timedelta(hours=8))
SAMPLES = {
    "taobao_order_list.gbk.csv": "taobao_order_list",
    "taobao_order_detail.gbk.csv": "taobao_order_detail",
    "taobao_trades_sold_get.json": "taobao_trades_sold_get",
    "douyin_order.csv": "douyin_order",
    "doudian_order_searchList.json": "doudian_order_api",
    "douyin_settlement_by_order.csv": "douyin_settlement_by_order",
    "douyin_account_flow.csv": "douyin_account_flow",
    "jd_order.gbk.csv": "jd_order",
    "jd_settlement.csv": "jd_settlement",
    "pdd_order.csv": "pdd_order",
    "pdd_order_information_get.json": "pdd_order_information_get",
    "pdd_settlement.csv": "pdd_settlement",
    "kuaishou_order.csv": "kuaishou_order",
    "kuaishou_order.json": "kuaishou_order_api",
    "wechat_shop_order.csv": "wechat_shop_order",
    "wechat_shop_order.json": "wechat_shop_order_api",
    "xiaohongshu_order.xlsx": "xiaohongshu_order",
    "xiaohongshu_order.json": "xiaohongshu_order_api",
    "youzan_order.csv": "youzan_order",
}
Sample = Callable[[str], Path]


@dataclass
class Seen:
    """Everything that a reading of a file gave."""

    rows: int = 0
    accepted: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)


def seen(path: Path, name: str, **options: Any) -> Seen:
    """Read a file; events are in the order of kind and row, so that the cut into chunks does not show."""
    found = Seen()
    for chunk in open_source(path, preset(name), **options):
        _add(found, chunk)
    found.events.sort(key=lambda event: (KINDS.index(event["kind"]), event["row"], event["nk"]))
    return found


def _add(found: Seen, chunk: Chunk) -> None:
    found.rows += chunk.rows
    found.accepted += chunk.accepted
    found.parked += chunk.parked
    for reason, count in chunk.skipped.items():
        found.skipped[reason] = found.skipped.get(reason, 0) + count
    for batch in chunk.batches:
        for row in batch.frame.iter_rows(named=True):
            cells = {name: cell for name, cell in row.items() if cell is not None}
            found.events.append({"kind": batch.kind, **cells})


KINDS = [
    "Order Created", "Order Completed", "Order Shipped", "Order Received", "Order Finished", "Order Cancelled",
    "Order Refunded", "Order Line Recorded", "Settlement Recorded", "Payout Recorded",
]  # fmt: skip


def told(found: Seen) -> str:
    """Write a reading as text: per event a line of time, amount, references and roles, then one of properties."""
    lines = [f"rows {found.rows}, accepted {found.accepted}, parked {len(found.parked)}, skipped {found.skipped}"]
    for event in found.events:
        parts = [f"row {event['row']}", event["kind"], _clock(event["at_ms"]), _money(event.get("amount"))]
        for prefix in ("ref_", "role_"):
            parts += [f"{n[len(prefix) :]}={event[n]}" for n in sorted(event) if n.startswith(prefix)]
        lines.append(" | ".join(parts))
        types = shipped()[event["kind"]].properties
        names = [name[2:] for name in sorted(event) if name.startswith("p_")]
        texts = [f"{n}={_text(event[f'p_{n}'], types[n].type if n in types else '')}" for n in names]
        lines += [f"    {'; '.join(texts)}"] * bool(texts)
        lines.append(f"    key {event['nk'].replace(chr(31), ' + ')}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def sample(data_file: Sample) -> Sample:
    return lambda name: data_file(f"platform_fields/samples/{name}")


def _beside(name: str, sample: Sample) -> list[Path]:
    return [sample("jd_order.gbk.csv"), sample("taobao_order_list.gbk.csv")] if "detail" in name else []


def _sections() -> dict[str, str]:
    parts = EXPECTED.read_text("utf-8").split("## ")[1:]
    return {part.split(" = ")[0]: part.split("\n", 1)[1].strip() for part in parts}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_becomes_the_events_that_are_written_down(name: str, sample: Sample) -> None:
    found = seen(sample(name), SAMPLES[name], beside=_beside(name, sample))
    assert told(found).strip() == _sections()[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_recognised_under_a_wrong_name(name: str, sample: Sample, tmp_path: Path) -> None:
    lying = tmp_path / "holiday-photos.txt"
    lying.write_bytes(sample(name).read_bytes())
    found = recognise(lying)
    assert found[0].preset == SAMPLES[name]
    assert all(other.score < found[0].score for other in found[1:])


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_reads_the_same_row_by_row(name: str, sample: Sample) -> None:
    beside = _beside(name, sample)
    whole, cut = (seen(sample(name), SAMPLES[name], beside=beside, chunk_rows=rows) for rows in (None, 1))
    assert cut == whole


@pytest.mark.parametrize("name", [name for name in SAMPLES if "order" in name or "trades" in name])
def test_the_sum_over_orders_is_the_sum_over_distinct_ids(name: str, sample: Sample) -> None:
    found = seen(sample(name), SAMPLES[name], beside=_beside(name, sample))
    paid = [event for event in found.events if event["kind"] == "Order Completed"]
    assert sum(event["amount"] for event in paid) == sum(
        {event["ref_order"]: event["amount"] for event in paid}.values()
    )


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _money(amount: int | None) -> str:
    return "no amount" if amount is None else f"{amount} fen"


def _text(value: Any, declared: str) -> str:
    if declared == "time":
        return _clock(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return repr(value) if isinstance(value, str) else str(value)


@pytest.mark.slow
def test_importing_all_samples_twice_adds_nothing_the_second_time(sample: Sample, tmp_path: Path) -> None:
    workspace, _ = Workspace.create(tmp_path / "workspace")
    try:
        files = [(source, preset(name)) for file, name in SAMPLES.items() for source in expand(sample(file))]
        first, second = (import_files(workspace, files) for _ in range(2))
    finally:
        workspace.close()
    assert (first.parked, first.stored) == (0, sum(text.count("\nrow ") for text in _sections().values()))
    assert (second.rows, second.stored, second.parked) == (first.rows, 0, 0)
