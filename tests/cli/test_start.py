"""The start of the command line: what it loads is waited for by every command."""

import subprocess
import sys


def test_no_command_waits_for_a_compiler() -> None:
    loaded = "import sys, guanxi.cli; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], timeout=60).returncode == 0
