"""Shared fixtures: where the real data is, and how hard hypothesis tries."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPO = Path(__file__).resolve().parents[1]

# No deadline: the same example takes ten times longer on a busy machine, and that is not a bug.
settings.register_profile("default", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data sets: $GUANXI_DATA, else `../shared/data` beside the repository; skips when absent."""
    named = os.environ.get("GUANXI_DATA")
    folder = Path(named) if named else REPO.parent / "shared" / "data"
    if not folder.is_dir():
        where = "$GUANXI_DATA" if named else "../shared/data, and GUANXI_DATA is not set"
        pytest.skip(f"the real data is not at {where}")
    return folder


@pytest.fixture(scope="session")
def data_file(data: Path) -> Callable[[str], Path]:
    """Path of one data file or folder by its name below `data`; the test is skipped when it is absent."""

    def find(name: str) -> Path:
        path = data / name
        if not path.exists():
            pytest.skip(f"the data set has no {name}")
        return path

    return find
