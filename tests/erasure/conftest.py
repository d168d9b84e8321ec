"""A small workspace in which one person has left traces everywhere an event can lie."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from guanxi.engines.lake import Lake, Reader, Sealer
from guanxi.engines.log import Index, Seen, SqliteLog, connect, now_ms, stage
from guanxi.engines.vault import Vault
from guanxi.events import Event, EventBatch, Intake, Parked, RawEvent, seal_columns, shipped

ANN, DEVICE, BEN = "account:taobao:AAE1xSECRET", "device:app:DEV77SECRET", "account:taobao:BBF2yFRIEND"
NAME, PHONE = "王小明", "13800138000"
NEEDLES = ("AAE1xSECRET", "DEV77SECRET", NAME, PHONE)
DAY = 86_400_000


@dataclass
class World:
    folder: Path
    vault: Vault
    log: SqliteLog

    def ingest(self, *raws: RawEvent) -> list[Event]:
        intake = Intake(shipped(), ["taobao", "app"], self.vault)
        events = []
        for raw in raws:
            event = intake.check(raw, "server", received_ms=now_ms(), source="http:1")
            assert isinstance(event, Event), event
            events.append(event)
        self.vault.flush()
        self.log.append(events)
        return events

    def bulk(self, kind: str, rows: list[dict[str, Any]], *, commit: bool = True) -> None:
        schema = {"at_ms": pl.Int64, "row": pl.Int64, "amount": pl.Int64}
        frame = pl.DataFrame([{"row": n + 1, "platform": "taobao"} | row for n, row in enumerate(rows)],
                             schema_overrides=schema, infer_schema_length=None)  # fmt: skip
        batch = EventBatch(kind, seal_columns(shipped()[kind], frame, self.vault))
        self.vault.flush()
        reading = connect(self.folder, read_only=True)
        known = Index(reading, self.folder).known()
        reading.close()
        staged = stage(self.folder, [batch], preset="t", seen=Seen(), known=known, catalogue=shipped())
        if commit:
            assert not self.log.commit(staged.manifest).conflict

    def seal(self) -> None:
        sealer = Sealer(self.folder, shipped())
        sealer.run(hot_after=1)
        sealer.close()

    def events(self) -> list[Event]:
        reader = Reader(self.folder, shipped())
        try:
            return list(reader.read())
        finally:
            reader.close()

    def counts(self) -> dict[str, int]:
        reader = Reader(self.folder, shipped())
        try:
            return {kind: count for kind, count in reader.counts().items() if count}
        finally:
            reader.close()

    def close(self) -> None:
        self.vault.close()
        self.log.close()


def make(folder: Path) -> World:
    world = World(folder, Vault.open(folder), SqliteLog(folder, create=True))
    Lake(folder, shipped()).close()
    return world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "w"
    folder.mkdir()
    made = make(folder)
    yield made
    made.close()


def traces(folder: Path, needles: tuple[str, ...] = NEEDLES) -> list[str]:
    """Which files hold which of the needles, as bytes or in a column of Parquet."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        held = path.read_bytes()
        if path.suffix == ".parquet":
            held += pl.read_parquet(path).write_csv().encode()
        found += [f"{needle} in {path.relative_to(folder)}" for needle in needles if needle.encode() in held]
    return found


def fill(world: World) -> None:
    """Sealed, staged and hot rows of Ann, of Ben, and of both; an unfinished import; parked rows."""
    now = now_ms()
    order = {"role_actor": ANN, "role_shop": "shop:taobao:1", "ref_order": "o1", "p_receiver_name": NAME,
             "p_receiver_phone": PHONE, "amount": 1000, "role_ip": "ip::192.0.2.7"}  # fmt: skip
    other = {"role_actor": BEN, "role_shop": "shop:taobao:2", "ref_order": "o2", "p_receiver_name": "韩梅梅",
             "amount": 500}  # fmt: skip
    done = "Order Completed"
    world.bulk(done, [order | {"at_ms": now - 9 * DAY}, other | {"at_ms": now - 8 * DAY},
                      order | {"at_ms": now - 1500 * DAY, "ref_order": "old"}])  # fmt: skip
    world.ingest(
        RawEvent(kind="Product Viewed", platform="app", roles={"actor": ANN, "device": DEVICE, "item": "item:app:1"}),
        RawEvent(kind="Product Viewed", platform="app", roles={"actor": BEN, "item": "item:app:1"}),
        RawEvent(kind="Quiz Finished", roles={"actor": ANN}, properties={"score": 3}),
        RawEvent(kind="Quiz Finished", roles={"actor": BEN}, properties={"rival": "AAE1xSECRET", "with": {"who": ANN}}),
    )
    world.seal()
    world.bulk(done, [order | {"at_ms": now - 7 * DAY, "ref_order": "o3"}, other | {"at_ms": now - 6 * DAY}])
    world.bulk("Product Viewed", [{"at_ms": now - DAY, "role_actor": ANN, "role_item": "item:taobao:1"}], commit=False)
    world.ingest(
        RawEvent(kind="Consent Given", platform="app", roles={"actor": ANN, "device": DEVICE}),
        RawEvent(kind="Settlement Recorded", platform="taobao", refs={"order": "o1"}, roles={"shop": "shop:taobao:s"},
                 properties={"note": f"refund to {NAME}"}, amount="1.00"),
        RawEvent(kind="Parcel Updated", platform="taobao", refs={"order": "o3", "parcel": "p3"},
                 properties={"text": f"{NAME} {PHONE} signed"}),
        RawEvent(kind="Order Received", platform="taobao", refs={"order": "o9"},
                 roles={"actor": BEN, "recipient": ANN}, properties={"signed_by": NAME}),
        RawEvent(kind="Party Resolved", roles={"actor": ANN, "object": DEVICE}, properties={"operation": "merge"}),
    )  # fmt: skip
    world.vault.parked.add([
        Parked(source="import:t", row=1, reason="amount", what="w", mend="m", raw='{"买家": "AAE1xSECRET", "n": 1}'),
        Parked(source="import:t", row=2, reason="amount", what="w", mend="m", raw='{"买家": "BBF2yFRIEND"}'),
    ])  # fmt: skip


@pytest.fixture
def filled(world: World) -> World:
    fill(world)
    return world


@pytest.fixture
def summary() -> Callable[[list[Event]], list[bytes]]:
    """Events in a form that can be compared, without times."""

    def shorten(events: list[Event]) -> list[bytes]:
        return sorted(msgspec.json.encode([e.id, e.kind, e.roles, e.refs, e.properties, e.amount]) for e in events)

    return shorten
