"""What goes on by itself: chores when they are due, failures that are noted, runs of policies that survive a kill."""

import threading
import time

import pytest

from guanxi.app import Workspace, deciding, evidence_chain, job_flows, jobs, keeper
from guanxi.app.audience import named_audience
from guanxi.app.job_flows import policy_run
from guanxi.core import DAY_MS, Busy, DataError, NotFound, SettingError
from guanxi.engines.control import ScheduleRow
from guanxi.engines.jobs import FILE
from guanxi.plays import JobStatus, Plan

from .conftest import BUYERS, NOW

MINUTE = 60_000


class Clock:
    def __init__(self) -> None:
        self.ms = NOW

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(jobs, "now_ms", made)
    return made


@pytest.fixture
def duty(workspace: Workspace, clock: Clock) -> jobs.Duty:
    return jobs.Duty(workspace)


def rows(workspace: Workspace) -> dict[str, ScheduleRow]:
    with workspace.control.snapshot() as connection:
        return {row.name: row for row in workspace.control.schedules.all_in(connection)}


def test_chores_are_done_when_they_are_due(duty: jobs.Duty, clock: Clock) -> None:
    assert jobs.look(duty, slow=False) == 0  # they begin with the next minute
    clock.ms += MINUTE
    assert (jobs.look(duty, slow=False), jobs.look(duty, slow=False)) == (1, 0)
    assert jobs.look(duty, slow=True) == 1
    clock.ms += 400 * DAY_MS  # a jump: once each, then from now
    assert (jobs.look(duty, slow=False), jobs.look(duty, slow=False)) == (2, 0)
    found = rows(duty.workspace)
    assert {name: row.fails for name, row in found.items()} == dict.fromkeys(("expire", "journeys", "sign"), 0)
    assert found["sign"].outcome == "0 entries"
    assert evidence_chain.public_key(duty.workspace).exists()


def test_what_fails_is_noted_and_tried_again(duty: jobs.Duty, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise DataError("the value is 7", "Use 8")

    def break_(*_: object, **__: object) -> str:
        raise RuntimeError("u001 has the phone 13800000001")

    jobs.look(duty, slow=False)
    with monkeypatch.context() as broken:
        broken.setattr(duty.workspace.control.ledger, "expire", refuse)
        broken.setattr(jobs.evidence_chain, "sign", break_)
        clock.ms += DAY_MS
        assert jobs.look(duty, slow=False) == 2
    found = rows(duty.workspace)
    assert (found["expire"].fails, found["expire"].outcome) == (1, "the value is 7. Use 8")
    assert (found["sign"].fails, found["sign"].outcome) == (1, "RuntimeError")  # never what it was about
    assert found["sign"].next_ms == clock.ms + MINUTE  # not tomorrow
    clock.ms += MINUTE
    assert jobs.look(duty, slow=False) == 2
    assert {row.fails for row in rows(duty.workspace).values()} == {0}


def test_one_by_hand_leaves_its_schedule(duty: jobs.Duty, clock: Clock) -> None:
    jobs.look(duty, slow=False)
    before = rows(duty.workspace)["sign"]
    assert jobs.run_chore(duty.workspace, "sign") == "0 entries"
    after = rows(duty.workspace)["sign"]
    assert after.plan == before.plan
    assert (after.begun_ms, after.ended_ms, after.outcome) == (NOW, NOW, "0 entries")
    with pytest.raises(NotFound, match="Use one of expire"):
        jobs.run_chore(duty.workspace, "other")


def test_two_processes_do_not_do_the_same(duty: jobs.Duty, clock: Clock) -> None:
    with jobs.held(duty.workspace.folder, "chores", doing="test"), pytest.raises(Busy, match="another process"):
        jobs.run_chore(duty.workspace, "expire")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("x = [", "cannot be used", id="no-toml"),
        pytest.param('[weekly]\nwhen = "* * * * *"', "policy", id="no-policy"),
        pytest.param('[weekly]\npolicy = "winback"\nwhen = "61 * * * *"', "minute", id="no-rule"),
        pytest.param('[weekly]\npolicy = "winback"\nwhen = "0 0 30 2 *"', "never comes due", id="never-due"),
        pytest.param('[weekly]\npolicy = "winback"\nwhen = "* * * * *"\nsent = true', "sent", id="unknown-field"),
        pytest.param('[sign]\npolicy = "winback"\nwhen = "* * * * *"', "chore of the house", id="taken"),
        pytest.param("# 每周".encode("gb18030"), "UTF-8", id="not-utf-8"),
    ],
)
def test_a_file_of_schedules_that_cannot_be_used(
    duty: jobs.Duty, clock: Clock, text: str | bytes, told: str
) -> None:  # fmt: skip
    text = text if isinstance(text, bytes) else text.encode()
    (duty.workspace.folder / "schedules.toml").write_bytes(text)
    with pytest.raises(SettingError, match=told):
        jobs.chores_of(duty.workspace)
    (duty.workspace.folder / "schedules.toml").write_text("", "utf-8")
    jobs.look(duty, slow=False)
    (duty.workspace.folder / "schedules.toml").write_bytes(text)
    clock.ms += MINUTE
    assert jobs.look(duty, slow=False) == 1  # the house's own go on


class Once:
    """Steps that remember what they gave, as an engine does."""

    id = "policy_run:test"

    def __init__(self) -> None:
        self.given: dict[str, object] = {}
        self.told: tuple[int, int] = (0, 0)

    def do(self, name, act):
        if name not in self.given:
            self.given[name] = act()
        return self.given[name]

    def tell(self, done: int, of: int, text: str = "") -> None:
        self.told = (done, of)

    def pause(self, seconds: float) -> None:
        raise AssertionError


def test_a_policy_run_that_was_cut_off_is_taken_back_first(buyers: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = named_audience(BUYERS, zh="全部", en="all")
    monkeypatch.setattr(job_flows, "now_ms", lambda: NOW)
    monkeypatch.setattr(job_flows, "find_audience", lambda *_, **__: everybody)
    asked, steps = {"policy": "winback", "send": True}, Once()
    with monkeypatch.context() as dying:
        dying.setattr(deciding, "_ended", _killed)
        with pytest.raises(KeyboardInterrupt):
            policy_run(buyers, Once(), asked)
    [cut] = buyers.control.runs.runs()
    assert cut.state == "deciding"
    made = policy_run(buyers, steps, asked)
    assert {run.id: run.state for run in buyers.control.runs.runs()} == {cut.id: "failed", made: "sending"}
    assert {row.state for _, row in buyers.control.outbox.page(run=cut.id, limit=100)} == {"withdrawn"}
    assert steps.told == (60, 60)
    assert policy_run(buyers, Once(), asked) == made  # the step's result was lost: the run is found again


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_a_run_that_was_lost_sight_of_is_gone_on_with(
    buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One due instant decides once, though looking at its job failed meanwhile."""
    (buyers.folder / "schedules.toml").write_text('[daily]\npolicy = "winback"\nwhen = "0 3 * * *"\n', "utf-8")
    jobs.keep_schedules(buyers)
    clock.ms = rows(buyers)["daily"].next_ms
    real, looks = jobs.DbosJobs.status, []

    def status(self: jobs.DbosJobs, id: str) -> JobStatus:  # noqa: A002
        looks.append(id)
        if len(looks) in (2, 4):  # the first look after each beginning
            raise OSError
        return real(self, id)

    monkeypatch.setattr(jobs.DbosJobs, "status", status)
    for _ in range(3):
        jobs.look(jobs.Duty(buyers), slow=True)
        clock.ms += 5 * MINUTE
    row = rows(buyers)["daily"]
    assert (row.fails, [run.who for run in buyers.control.runs.runs()]) == (0, [f"job:policy_run:daily@{row.slot_ms}"])
    assert len(jobs.latest_jobs(buyers, limit=9)) == 1


@pytest.mark.slow
def test_a_scheduled_run_goes_through_the_keeper(buyers: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real engine, the real keeper: a run that is due is decided; what is quick does not wait for it."""
    (buyers.folder / "schedules.toml").write_text('[now]\npolicy = "winback"\nwhen = "* * * * *"\n', "utf-8")
    jobs.keep_schedules(buyers)
    with buyers.control.transaction() as connection:
        plan = Plan(rule="* * * * *", next_ms=jobs.now_ms() - 1)
        buyers.control.schedules.end_in(connection, "now", plan, outcome="", now_ms=0)
    stop = threading.Event()
    thread = threading.Thread(target=keeper.keep, args=(buyers, stop))
    thread.start()
    until = time.monotonic() + 60
    while not rows(buyers)["now"].outcome:
        assert time.monotonic() < until
        time.sleep(0.1)
    stop.set()
    thread.join(30)
    row = rows(buyers)["now"]
    [run] = buyers.control.runs.runs()
    assert row.outcome == f"policy_run:now@{row.slot_ms}: {run.id}"
    assert (row.fails, run.send, run.who) == (0, False, f"job:policy_run:now@{row.slot_ms}")
    assert (buyers.folder / FILE).exists()
