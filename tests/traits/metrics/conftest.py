"""Small logs made event by event, and the real data sets imported once a session."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from guanxi.app import Workspace, import_files, seal_now
from guanxi.core import SHANGHAI, to_ms
from guanxi.engines.log import SqliteLog
from guanxi.engines.sources import Opened, preset
from guanxi.events import Event, event_id

Told = Callable[..., None]


def at(text: str) -> int:
    """An instant of China time, "11-03 10:00" of 2025."""
    return to_ms(datetime.strptime(f"2025-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI))


class Shop:
    """A workspace to which events are told one by one."""

    def __init__(self, folder: Path) -> None:
        self.workspace, _ = Workspace.create(folder)
        self._count = 0

    def tell(self, *events: tuple[str, str, dict[str, Any]]) -> None:
        """Store events: (kind, time, fields of Event; `who` and `order` for short)."""
        made = []
        for kind, when, given in events:
            self._count += 1
            fields = dict(given)
            roles = {"actor": f"account:app:{fields.pop('who')}"} if "who" in fields else {}
            refs = {"order": fields.pop("order")} if "order" in fields else {}
            named = {"platform": "app", "currency": "CNY", "id": event_id("test", str(self._count))} | fields
            named["roles"] = roles | named.get("roles", {})
            named["refs"] = refs | named.get("refs", {})
            moment = at(when)
            made.append(Event(kind=kind, at_ms=moment, **({"received_ms": moment, "live": True} | named)))
        log = SqliteLog(self.workspace.folder)
        log.append(made)
        log.close()

    def seal(self) -> None:
        """Move everything into the lake."""
        self.workspace.close()
        seal_now(self.workspace, hot=True)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "shop")
    yield made
    made.workspace.close()


def imported(folder: Path, files: Sequence[tuple[Path, str]]) -> Workspace:
    made, _ = Workspace.create(folder)
    import_files(made, [(Opened(path), preset(name)) for path, name in files])
    made.reopen()
    return made


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory, data_file: Callable[[str], Path]) -> Iterator[Workspace]:
    """The Complete Journey: baskets, their lines, redeemed coupons."""
    names = ("transactions", "coupon_redemptions")
    files = [(data_file(f"complete_journey/{name}.parquet"), f"complete_journey_{name}") for name in names]
    with imported(tmp_path_factory.mktemp("journey") / "shop", files) as made:
        yield made


@pytest.fixture(scope="session")
def retail(tmp_path_factory: pytest.TempPathFactory, data_file: Callable[[str], Path]) -> Iterator[Workspace]:
    """Online Retail II, its first year."""
    path = data_file("online_retail_2009_2010/online_retail_2009_2010.parquet")
    with imported(tmp_path_factory.mktemp("retail") / "shop", [(path, "online_retail")]) as made:
        yield made
