"""Custom kinds: accepted unknown, defined later, read typed, whatever was sent before."""

from pathlib import Path

import msgspec
import pytest

from guanxi.app import Workspace, kinds, queries, seal_now
from guanxi.core import SettingError
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, Kind, Property, RawEvent, read_kinds

DEFINED = (
    '["Tea Tasted"]\nzh = "品茶"\npurpose = "A guest tasted a tea."\nfamily = "place"\n'
    'properties.score = {type = "integer", zh = "评分"}\n'
)


def send(workspace: Workspace, number: int, score: object) -> None:
    raw = RawEvent(
        kind="Tea Tasted", message_id=str(number), roles={"actor": "account:app:1"}, properties={"score": score}
    )
    event = workspace.intake().check(raw, "server", received_ms=1_767_323_045_000, source="test")
    assert isinstance(event, Event), event
    log = SqliteLog(workspace.folder)
    log.append([event])
    log.close()


def test_a_kind_defined_later_types_what_came_before_and_after(tmp_path: Path) -> None:
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        send(made, 1, "7")
        seal_now(made, hot=True)
    (tmp_path / "ws" / "kinds.toml").write_text(DEFINED, "utf-8")
    with Workspace.open(tmp_path / "ws") as workspace:
        send(workspace, 2, "9 ")
        for hot in (True, False):
            columns, rows = queries.query(workspace, "SELECT p_score FROM tea_tasted ORDER BY seq")
            assert (columns, rows) == (["p_score"], [(7,), (9,)])
            if hot:
                seal_now(workspace, hot=True)
        rows = {row.name: row for row in queries.kinds(workspace)}
        assert (rows["Tea Tasted"].zh, rows["Tea Tasted"].events) == ("品茶", 2)
        assert [event.properties["score"] for event in workspace.reader.read(kind="Tea Tasted")] == ["7", 9]


def test_a_defined_kind_is_written_whole_and_read_back_the_same(tmp_path: Path) -> None:
    made, _ = Workspace.create(tmp_path / "ws")
    tea = Kind(
        name='Tea "Tasted"', zh="品\\茶", en="tea", purpose="A guest's \"tea\".", family="place", trust="client",
        privacy="sensitive", roles=("actor!", "shop"), refs=("session",), amount="price",
        properties={
            "score": Property(type="integer", unit="count", zh="评分"), "who": Property(zh="谁", personal=True),
        },
    )  # fmt: skip
    with made:
        assert not made.refresh()
        other = Kind(name="Cup Broken", zh="碎杯", purpose="A cup broke.", family="place")
        for kind in (tea, other):
            assert kinds.define_kind(made, kind, who="test") == msgspec.structs.replace(kind, custom=True)
        text = (made.folder / "kinds.toml").read_text("utf-8")
        assert read_kinds(text, "kinds.toml") == [tea, other]
        with Workspace.open(made.folder) as another:
            assert another.catalogue[tea.name].properties == tea.properties
            kinds.remove_kind(made, tea.name, who="test")
            assert another.refresh()
            assert tea.name not in another.catalogue
            assert not another.refresh()
            (made.folder / "kinds.toml").write_text("broken = [", "utf-8")
            assert not another.refresh()  # what it knew stays in force
            assert "Cup Broken" in another.catalogue
        with pytest.raises(SettingError):
            kinds.define_kind(made, tea, who="test")
