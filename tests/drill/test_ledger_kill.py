"""The ledger under kill -9 and under a race of processes: nothing lost, nothing twice, nobody overdrawn."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_kills_and_races(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "guanxi.bench.ledger_drill", str(tmp_path), "20"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    killed, raced = json.loads(done.stdout)
    assert (killed.pop("kills"), killed.pop("groups") >= 20, killed.pop("operations") >= 500) == (20, True, True)
    assert killed.pop("entries") > 300
    killed.pop("repeated")  # how often the kill fell between the commit and the answer
    assert killed == dict.fromkeys(killed, 0)
    assert raced == {"pots": 60, "won": 60, "overdraft": 0, "imbalance": 0}
