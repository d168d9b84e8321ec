"""Sending under kill -9 and a failing network: each effect once, or more often only where the row says so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_kills_and_a_receiver_that_misbehaves(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "guanxi.bench.send_drill", str(tmp_path), "300", "3"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for kind, counted in found.items():
        assert counted.pop("actions") == 300
        assert counted.pop("kills") >= 5  # four between two writes, the others at random moments
        assert counted.pop("effects") == 300 + counted["duplicates"]
        uncertain, duplicates = counted.pop("uncertain"), counted.pop("duplicates")
        assert (duplicates, uncertain) == (0, 0) if kind == "keys" else uncertain >= duplicates > 0
        assert counted == dict.fromkeys(counted, 0)
