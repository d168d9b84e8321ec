"""The start of the command line: what it loads is waited for by every command."""

import subprocess
import sys
from pathlib import Path

import pytest


def test_no_command_waits_for_a_compiler() -> None:
    loaded = "import sys, guanxi.cli; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], timeout=60).returncode == 0


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are listed in /proc on Linux alone")
def test_no_import_starts_the_threads_of_polars() -> None:
    """A process that is forked later would have none of them, and wait for ever."""
    listed = "any(Path(f'{one}/comm').read_text() == 'polars-0\\n' for one in Path('/proc/self/task').iterdir())"
    loaded = f"import sys, guanxi.cli, guanxi.api, guanxi.bench; from pathlib import Path; sys.exit({listed})"
    assert subprocess.run([sys.executable, "-c", loaded], timeout=60).returncode == 0
