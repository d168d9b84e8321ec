"""The walk of docs/onboarding.md: its commands run, and answer what the page says."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]


@pytest.mark.slow  # about twenty processes, a second each
def test_the_walk_answers_what_the_page_says(tmp_path: Path) -> None:
    shutil.copytree(REPO / "examples", tmp_path / "examples")
    blocks = re.findall(r"```(bash|json)\n(.*?)```", (REPO / "docs" / "onboarding.md").read_text("utf-8"), re.S)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GUANXI_")}
    answer = ""
    compared = 0
    for language, text in blocks:
        if language == "json":
            assert answer == text
            compared += 1
            continue
        for line in text.splitlines():
            words = shlex.split(line)
            assert words[0] == "guanxi"
            done = subprocess.run(
                [sys.executable, "-m", "guanxi.cli", *words[1:]],
                cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            answer = done.stdout
    assert compared == 5
