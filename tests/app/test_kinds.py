"""Custom kinds: accepted unknown, defined later, read typed, whatever was sent before."""

from pathlib import Path

from guanxi.app import Workspace, queries, seal_now
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent

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
        kinds = {row.name: row for row in queries.kinds(workspace)}
        assert (kinds["Tea Tasted"].zh, kinds["Tea Tasted"].events) == ("品茶", 2)
        assert [event.properties["score"] for event in workspace.reader.read(kind="Tea Tasted")] == ["7", 9]
