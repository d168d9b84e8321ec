"""Journeys over a workspace: the log moves people, policies decide about them, and nothing happens twice."""

import pytest

from guanxi.app import Workspace
from guanxi.app import journeys as ways
from guanxi.app.care import erase
from guanxi.core import DAY_MS, SettingError
from guanxi.plays import Journey

from .conftest import BUYERS, JAN, NOW, look, said, told

TEXT = """
zh = "看过就提醒"
en = "Remind lookers"
enter = ["Product Viewed"]
leave = ["Consent Withdrawn"]
again = "30d"
keep = ["purpose", "price"]
send = true

[[steps]]
name = "seen"
wait = "1d"

[[steps]]
name = "reminded"
do = "winback"
"""


@pytest.fixture
def way(buyers: Workspace) -> Journey:
    (buyers.folder / "journeys").mkdir()
    (buyers.folder / "journeys" / "lookers.toml").write_text(TEXT, "utf-8")
    return ways.journeys_of(buyers)["lookers"]


def where(workspace: Workspace) -> dict[tuple[str, str], int]:
    with workspace.control.snapshot() as connection:
        return {(one.step, one.state): one.people for one in workspace.control.journeys.counts_in(connection)}


def test_the_log_moves_people_once(buyers: Workspace, way: Journey) -> None:
    assert ways.move_people(buyers, way, now_ms=NOW) == 0  # history sends nobody on a way
    told(buyers, *(look(who, 40.1) for who in BUYERS[:10]), *(look(who, 40.2) for who in BUYERS[:3]))
    assert ways.move_people(buyers, way, now_ms=NOW) == 10
    assert ways.move_people(buyers, way, now_ms=NOW) == 0
    told(buyers, said(BUYERS[0], "Consent Withdrawn", 40.3, purpose="message"))
    assert ways.move_people(buyers, way, now_ms=NOW) == 1
    assert where(buyers) == {("seen", "left"): 1, ("seen", "open"): 9}
    with buyers.control.snapshot() as connection:
        [row] = buyers.control.journeys.page_in(connection, party=BUYERS[1])
    assert (row.data, row.entered_ms) == ('{"purpose":null,"price":null}', JAN + int(40.1 * DAY_MS))


def test_a_step_lets_its_policy_decide_once(buyers: Workspace, way: Journey) -> None:
    ways.move_people(buyers, way, now_ms=NOW)
    told(buyers, *(look(who, 40.1) for who in BUYERS[:10]))
    assert ways.tick(buyers, now_ms=NOW) == "moved 10, decided about 0"
    assert ways.tick(buyers, now_ms=NOW + DAY_MS) == "moved 10, decided about 10"
    assert ways.tick(buyers, now_ms=NOW + DAY_MS + 1) == ""
    [run] = buyers.control.runs.runs()
    assert (run.who, run.send, run.counts["people"]) == ("journey:lookers", True, 10)
    assert run.audience == "旅程「看过就提醒」"


def test_who_waits_for_a_persons_word_waits_for_others(buyers: Workspace, way: Journey) -> None:
    policy = buyers.folder / "policies" / "winback.toml"
    policy.write_text(policy.read_text("utf-8").replace('"auto"', '"propose"'), "utf-8")
    ways.move_people(buyers, way, now_ms=NOW)
    told(buyers, *(look(who, 40.1) for who in BUYERS[:10]))
    ways.tick(buyers, now_ms=NOW)
    came = NOW + DAY_MS
    assert ways.tick(buyers, now_ms=came) == "moved 10, decided about 0"
    assert ways.tick(buyers, now_ms=came + ways.GATHER_MS - 1) == ""
    assert ways.tick(buyers, now_ms=came + ways.GATHER_MS) == "moved 0, decided about 10"
    assert len(buyers.control.approvals.page(limit=10)) == 1


def test_a_run_that_was_cut_off_doubles_nothing(buyers: Workspace, way: Journey, monkeypatch) -> None:
    ways.move_people(buyers, way, now_ms=NOW)
    told(buyers, *(look(who, 40.1) for who in BUYERS[:10]))
    ways.move_people(buyers, way, now_ms=NOW)
    ways.move_people(buyers, way, now_ms=NOW + DAY_MS)
    monkeypatch.setattr(buyers.control.journeys, "did_in", _killed)
    with pytest.raises(KeyboardInterrupt):
        ways.decide_people(buyers, way, now_ms=NOW + DAY_MS)
    monkeypatch.undo()
    assert ways.decide_people(buyers, way, now_ms=NOW + DAY_MS + 1) == 0
    assert len(buyers.control.runs.runs()) == 1


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_one_policy_refuses_is_told_and_kept(buyers: Workspace, way: Journey) -> None:
    ways.move_people(buyers, way, now_ms=NOW)
    told(buyers, *(look(who, 40.1) for who in BUYERS[:10]))
    ways.move_people(buyers, way, now_ms=NOW)
    policy = buyers.folder / "policies" / "winback.toml"
    text = policy.read_text("utf-8")
    policy.write_text("zh = 1", "utf-8")
    with pytest.raises(SettingError):
        ways.tick(buyers, now_ms=NOW + DAY_MS)
    assert where(buyers) == {("reminded", "open"): 10}
    policy.write_text(text, "utf-8")
    assert ways.tick(buyers, now_ms=NOW + DAY_MS + 1) == "moved 0, decided about 10"


def test_a_file_that_cannot_be_read_is_named(buyers: Workspace, way: Journey) -> None:
    path = buyers.folder / "journeys" / "lookers.toml"
    path.write_text(TEXT.replace('"winback"', '"winbak"'), "utf-8")
    with pytest.raises(SettingError, match=r"lookers has 'winbak' as policy in do .*Use one of winback"):
        ways.tick(buyers, now_ms=NOW)


def test_the_erased_are_on_no_way(buyers: Workspace, way: Journey) -> None:
    ways.move_people(buyers, way, now_ms=NOW)
    told(buyers, *(look(who, 40.1) for who in BUYERS[:3]))
    ways.move_people(buyers, way, now_ms=NOW)
    erase(buyers, [BUYERS[0]], reason="asked", send=True, who="ann")
    with buyers.control.snapshot() as connection:
        assert buyers.control.journeys.page_in(connection, party=BUYERS[0]) == []
    assert where(buyers) == {("seen", "open"): 2}


OWN = """
["Tea Tasted"]
zh = "品茶"
purpose = "A guest tasted a tea."
family = "place"
properties.score = {type = "integer", zh = "评分"}

["Cake Tasted"]
zh = "品糕"
purpose = "A guest tasted a cake."
family = "place"
"""


def test_kinds_of_the_workspace_move_people_too(buyers: Workspace) -> None:
    (buyers.folder / "kinds.toml").write_text(OWN, "utf-8")
    (buyers.folder / "journeys").mkdir()
    text = TEXT.replace("Product Viewed", "Tea Tasted").replace('["purpose", "price"]', '["score"]')
    (buyers.folder / "journeys" / "tea.toml").write_text(text, "utf-8")
    with Workspace.open(buyers.folder) as workspace:
        assert ways.tick(workspace, now_ms=NOW) == ""
        told(workspace, said(BUYERS[0], "Tea Tasted", 40.1, score=7), said(BUYERS[1], "Cake Tasted", 40.1, score=3))
        assert ways.tick(workspace, now_ms=NOW) == "moved 1, decided about 0"
        with workspace.control.snapshot() as connection:
            [row] = workspace.control.journeys.page_in(connection)
    assert (row.party, row.data) == (BUYERS[0], '{"score":"7"}')
