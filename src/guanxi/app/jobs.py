"""What goes on by itself in a workspace: its schedules, its flows, and the keeper's hands for both."""

import contextlib
import itertools
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from guanxi.app import evidence_chain, journeys
from guanxi.app.job_flows import FLOWS, POLICY_RUN, PolicyRun
from guanxi.app.workspace import Workspace
from guanxi.core import Busy, DataError, GuanxiError, NotFound, SettingError
from guanxi.engines.control import ScheduleRow
from guanxi.engines.jobs import FILE, DbosJobs
from guanxi.engines.locks import held
from guanxi.engines.log import now_ms
from guanxi.plays import ENDED, Flow, JobStatus, Json, Steps, is_due, job_id, next_ms, planned, ran, read_rule

SCHEDULES: Final = "schedules.toml"  # of the workspace: runs of policies
WORKER: Final = "jobs"  # the lock of the process that works on flows
PAUSE_S: Final = 1.0  # between two looks for what is due
LOOK_S: Final = 0.5  # between two looks at a flow that is waited for
EACH_MINUTE: Final = "* * * * *"


class Chore(NamedTuple):
    """Something that is done again and again.

    rule   cron of China's time
    act    does it and says what it did, "" = there was nothing to do
    slow   it may take long, so what is quick does not wait for it
    """

    name: str
    rule: str
    zh: str
    en: str
    act: Callable[["Duty", int], str]
    slow: bool = False


class Duty:
    """What a chore is done with: the workspace, its flows, and a word when it is to end."""

    def __init__(self, workspace: Workspace, stop: threading.Event | None = None) -> None:
        self.workspace, self.stop = workspace, stop or threading.Event()

    def finish(self, name: str, key: str, args: Mapping[str, Json]) -> str:
        """Run a flow to its end, or go on with the run of this key; where that failed, with its next try.

        raises  DataError with its words when it failed; Busy when this process is to end first: the next one goes on
        """
        with opened_jobs(self.workspace) as jobs:
            job = _begun(jobs, name, key, args)
            while (found := jobs.status(job)).state not in ENDED:
                if self.stop.wait(LOOK_S):
                    raise Busy(f"the job {job} goes on later", "It is taken up when the keeper begins again")
        if found.state != "done":
            raise DataError(found.error or f"the job {job} was {found.state}", "See it: guanxi jobs list")
        return f"{job}: {found.result}"


def chores_of(workspace: Workspace) -> dict[str, Chore]:
    """Return all that a workspace does by itself, by name: the house's chores, then its own runs of policies.

    raises  SettingError when the file of schedules cannot be used
    """
    return {one.name: one for one in (*CHORES, *_runs(workspace))}


def run_chore(workspace: Workspace, name: str, *, stop: threading.Event | None = None) -> str:
    """Do one now, whether it is due or not, and note how it went; return what it says.

    raises  NotFound; Busy while another process does it; what it raises itself, after that was noted
    """
    chores = chores_of(workspace)
    if name not in chores:
        raise NotFound(f"nothing here is called {name!r:.60}", f"Use one of {', '.join(chores)}")
    rows = {row.name: row for row in keep_schedules(workspace)}
    return _done(Duty(workspace, stop), chores[name], rows[name], by_hand=True)


def keep_schedules(workspace: Workspace) -> list[ScheduleRow]:
    """Bring the schedules of the control database to what the workspace declares, and return them."""
    rules = {one.name: one.rule for one in chores_of(workspace).values()}
    with workspace.control.transaction() as connection:
        return workspace.control.schedules.keep_in(connection, rules, now_ms=now_ms())


def look(duty: Duty, *, slow: bool) -> int:
    """Do what is due, of the slow chores or of the others; return how many were done. What fails is noted.

    raises  what the database raises when it is busy: nothing is lost, a later look goes on
    """
    control, done = duty.workspace.control, 0
    try:
        chores, is_whole = chores_of(duty.workspace), True
    except SettingError:  # the file of schedules is being mended: the house's own go on
        chores, is_whole = {one.name: one for one in CHORES}, False
    with control.snapshot() as connection:
        rows = {row.name: row for row in control.schedules.all_in(connection)}
    rules = {name: one.rule for name, one in chores.items()}
    if is_whole and (
        {name: row.rule for name, row in rows.items()} != rules
        or any(planned(row.plan, now_ms()) != row.plan for row in rows.values())
    ):
        with control.transaction() as connection:
            rows = {row.name: row for row in control.schedules.keep_in(connection, rules, now_ms=now_ms())}
    for chore in chores.values():
        row = rows.get(chore.name)
        if row is None or chore.slow is not slow or not is_due(row.plan, now_ms()) or duty.stop.is_set():
            continue
        with contextlib.suppress(Exception):  # it is noted; what goes on by itself must not end by itself
            _done(duty, chore, row)
        done += 1
    return done


def latest_jobs(workspace: Workspace, *, limit: int) -> list[JobStatus]:
    """Return the latest runs of flows, the newest first."""
    with contextlib.closing(DbosJobs(workspace.folder / FILE, {}, works=False)) as jobs:
        return list(jobs.page(limit=limit))


@contextlib.contextmanager
def opened_jobs(workspace: Workspace) -> Iterator[DbosJobs]:
    """The flows of a workspace: worked on here when nobody else does, else only asked for and looked at."""
    flows = {name: _bound(workspace.folder, flow) for name, flow in FLOWS.items()}
    with held(workspace.folder, WORKER, doing="guanxi jobs") as lock:
        jobs = DbosJobs(workspace.folder / FILE, flows, works=lock is not None)
        try:
            yield jobs
        finally:
            jobs.close()


class Housekeeper:
    """The keeper's two hands: one for what is quick, one for what may take long, and the worker of open flows."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stop = folder, threading.Event()
        self._problem: Exception | None = None
        self._threads = [
            threading.Thread(target=self._work, args=(slow,), name="guanxi-chores", daemon=True)
            for slow in (False, True)
        ]
        for thread in self._threads:
            thread.start()

    def check(self) -> None:
        """Raise what ended one of the hands: then the keeper ends too, and is begun again."""
        if self._problem is not None:
            raise self._problem

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way; flows go on with the next keeper."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, slow: bool) -> None:
        try:
            with Workspace.open(self._folder) as workspace, contextlib.ExitStack() as kept:
                working = False
                while not self._stop.is_set():
                    with contextlib.suppress(GuanxiError):  # the database is busy: a later look goes on
                        workspace.refresh()
                        if slow and not working and (self._folder / FILE).exists():
                            working = _work_on_flows(workspace, kept)
                        look(Duty(workspace, self._stop), slow=slow)
                    self._stop.wait(PAUSE_S)
        except Exception as error:  # noqa: BLE001 - told by `check`, in the keeper's own thread
            self._problem = error


def _work_on_flows(workspace: Workspace, kept: contextlib.ExitStack) -> bool:
    """Open the flows for as long as the keeper lives; False while another process works on them."""
    with contextlib.ExitStack() as opened:
        if not opened.enter_context(opened_jobs(workspace)).works:
            return False
        kept.push(opened.pop_all())
    return True


def _done(duty: Duty, chore: Chore, row: ScheduleRow, *, by_hand: bool = False) -> str:
    """Do a chore and note how it went; raises what it raises. By hand: when it is due by itself stays as it was."""
    control, lock_name = duty.workspace.control, "chores-slow" if chore.slow else "chores"
    with held(duty.workspace.folder, lock_name, doing=f"guanxi jobs, {chore.name}") as lock:
        if lock is None:
            raise Busy("another process does such work now", "Wait for it, or see: guanxi jobs list")
        with control.transaction() as connection:
            control.schedules.begin_in(connection, chore.name, now_ms=now_ms())
        problem: Exception | None = None
        try:
            outcome = chore.act(duty, now_ms() if by_hand else row.plan.instant_ms)
        except Exception as error:
            if isinstance(error, Busy) and duty.stop.is_set():
                raise  # it is due as before, and goes on where it was
            problem, outcome = error, str(error) if isinstance(error, GuanxiError) else type(error).__name__
        plan = row.plan if by_hand else ran(row.plan, now_ms(), failed=problem is not None)
        with control.transaction() as connection:
            control.schedules.end_in(connection, chore.name, plan, outcome=outcome, now_ms=now_ms())
        if problem is not None:
            raise problem
    return outcome


def _begun(jobs: DbosJobs, name: str, key: str, args: Mapping[str, Json]) -> str:
    """Start a flow and return its job: the first try of this key that has not failed, so no two go on side by side."""
    for number in itertools.count():
        wanted = f"{key}.{number}" if number else key
        try:
            if jobs.status(job_id(name, wanted)).state not in ("failed", "cancelled"):
                break
        except NotFound:
            break
    return jobs.start(name, wanted, args)


def _bound(folder: Path, flow: Callable[[Workspace, Steps, Mapping[str, Json]], Json]) -> Flow:
    def run(steps: Steps, args: Mapping[str, Json]) -> Json:
        with Workspace.open(folder) as workspace:
            return flow(workspace, steps, args)

    return run


def _runs(workspace: Workspace) -> list[Chore]:
    """Runs of policies that the workspace's file schedules."""
    path = workspace.folder / SCHEDULES
    if not path.exists():
        return []
    try:
        given = tomllib.loads(path.read_text("utf-8"))
        rows = msgspec.convert(given, dict[str, PolicyRun])
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{SCHEDULES} cannot be read: {error}", "Save it as UTF-8 text", SCHEDULES) from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SettingError(f"{SCHEDULES} cannot be used: {error}", "See docs/jobs.md for its form", SCHEDULES) from None
    for name, row in rows.items():
        next_ms(read_rule(row.when), now_ms())  # one that never comes due is no rule
        if name in {one.name for one in CHORES}:
            raise SettingError(f"{name} in {SCHEDULES} is a chore of the house", "Give the run another name", name)
    return [_run(name, row) for name, row in rows.items()]


def _run(name: str, row: PolicyRun) -> Chore:
    def act(duty: Duty, slot_ms: int) -> str:
        return duty.finish(POLICY_RUN, f"{name}@{slot_ms}", msgspec.to_builtins(row))

    return Chore(name, row.when, f"策略 {row.policy}", f"policy {row.policy}", act, slow=True)


def _expire(duty: Duty, _: int) -> str:
    written = duty.workspace.control.ledger.expire(now_ms=now_ms())
    return f"{written} entries" if written else ""


def _sign(duty: Duty, _: int) -> str:
    return f"{evidence_chain.sign(duty.workspace, now_ms=now_ms()).size} entries"


def _move(duty: Duty, _: int) -> str:
    return journeys.tick(duty.workspace, now_ms=now_ms())


#: What every workspace does by itself.
CHORES: Final = (
    Chore("expire", EACH_MINUTE, "到期的预留和额度", "holds and amounts whose time is over", _expire),
    Chore("sign", "10 3 * * *", "签署账本", "sign the ledger", _sign),
    Chore("journeys", EACH_MINUTE, "推进旅程", "move people on their journeys", _move, slow=True),
)
