"""A run that is killed at any group: nothing of it leaves, all that it reserved comes back, the next run is whole."""

import signal
import subprocess
import sys

import pytest

from guanxi.app import Workspace
from guanxi.app.deciding import close_dead_runs, run_policy
from guanxi.core import Busy
from guanxi.engines.locks import DECIDER, Lock

from .conftest import BUYERS, NOW

DIES = """\
import os, signal, sys
from pathlib import Path
from guanxi.app import Workspace, deciding

deciding.GROUP = 10

def say(step, done, total):
    if step == "decide" and done == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

with Workspace.open(Path(sys.argv[1])) as workspace:
    people = [f"account:app:u{number:03}" for number in range(60)]
    deciding.run_policy(workspace, "winback", people, audience="x", who="ann", now_ms=int(sys.argv[3]), send=True,
                        progress=say)
"""


@pytest.mark.slow
@pytest.mark.parametrize("groups", [30, 60])
def test_a_killed_run_is_taken_back(buyers: Workspace, groups: int) -> None:
    words = [sys.executable, "-c", DIES, str(buyers.folder), str(groups), str(NOW)]
    assert subprocess.run(words, timeout=120).returncode == -signal.SIGKILL
    control = buyers.control
    [dead] = control.runs.runs()
    rows = [row for _, row in control.outbox.page(run=dead.id, limit=100)]
    assert (dead.state, {row.state for row in rows}) == ("deciding", {"waiting"})
    assert close_dead_runs(buyers, now_ms=NOW + 1) == 1
    assert {row.state for _, row in control.outbox.page(run=dead.id, limit=100)} == {"withdrawn"}
    assert control.runs.run(dead.id).state == "failed"
    used = [one for _, one in control.ledger.standings(limit=1_000) if one.account.kind == "used"]
    assert used
    assert all((one.balance, one.coming) == (0, 0) for one in used)
    again = run_policy(buyers, "winback", BUYERS, audience="x", who="ann", now_ms=NOW + 2, send=True)
    assert (again.state, again.counts["people"]) == ("sending", 60)
    assert control.ledger.audit().is_sound


def test_one_run_at_a_time(buyers: Workspace) -> None:
    with Lock(buyers.folder, DECIDER, doing="another run"):
        with pytest.raises(Busy):
            run_policy(buyers, "winback", BUYERS, audience="x", who="ann", now_ms=NOW)
        assert close_dead_runs(buyers, now_ms=NOW) == 0
