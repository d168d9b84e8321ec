"""The receiver that people may run and change: each action once, forged ones never."""

import base64
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from guanxi.actions import Sender
from guanxi.actions.contract import SenderContract, attempt, notice
from guanxi.engines.senders import AdapterSender, WebhookSender, read_secret

SECRET = "whsec_" + base64.b64encode(b"e" * 32).decode()
RECEIVER = Path(__file__).resolve().parents[2] / "examples" / "receiver.py"


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, str(RECEIVER), "--port", "0", "--database", str(tmp_path / "done.sqlite")],
        stdout=subprocess.PIPE, env={**os.environ, "RECEIVER_SECRET": SECRET},
    )  # fmt: skip
    assert process.stdout is not None
    with process, process.stdout as said:
        yield said.readline().decode().split()[-1]
        process.kill()


def now() -> int:
    return time.time_ns() // 1_000_000


def adapter(url: str, secret: str = SECRET, *, late_s: int = 0) -> AdapterSender:
    return AdapterSender(
        url.rstrip("/"), read_secret(secret), now=lambda: now() - late_s * 1_000, allow_private=True, keys=True,
        asks=True,
    )  # fmt: skip


class TestExample(SenderContract):
    @pytest.fixture(autouse=True)
    def _receiver(self, receiver: str, tmp_path: Path) -> None:
        self.url, self.database = receiver, tmp_path / "done.sqlite"

    def make(self, reached: bool = True) -> Sender:
        return adapter(self.url if reached else "http://127.0.0.1:9/")

    def effects(self) -> list[str]:
        with closing(sqlite3.connect(self.database)) as connection:
            return [id_ for (id_,) in connection.execute("SELECT id FROM done ORDER BY rowid")]


def test_webhooks_are_understood_and_forged_or_old_ones_refused(receiver: str) -> None:
    hook = WebhookSender(receiver, read_secret(SECRET), now=now, allow_private=True)
    assert attempt(hook, notice())[0].kind == "accepted"
    forged = "whsec_" + base64.b64encode(b"f" * 32).decode()
    assert attempt(adapter(receiver, forged), notice("2"))[0].text == "HTTP 401: bad_signature"
    assert attempt(adapter(receiver, late_s=3_600), notice("3"))[0].kind == "refused"
