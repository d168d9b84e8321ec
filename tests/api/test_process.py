"""The gate as a process of its own: it says where it listens, ends in order, and shares the log with nobody."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from guanxi.app import Workspace
from guanxi.engines.locks import GATE, owner


def start(folder: Path, listener: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "guanxi.api", listener, "--workspace", str(folder)]
    environment = {**os.environ, "GUANXI_SERVE__GATE_PORT": "0"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)


def test_the_gate_process(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    workspace, _ = Workspace.create(folder)
    key = workspace.control.create_key("server").secret
    workspace.close()
    first = start(folder, "gate")
    try:
        end = time.monotonic() + 60
        while not ((held := owner(folder, GATE)) and held.url):
            assert time.monotonic() < end
            assert first.poll() is None
            time.sleep(0.05)
        second = start(folder, "gate")
        said = second.communicate(timeout=60)[1].decode()
        assert second.returncode == 1
        assert f"process {first.pid}" in said
        assert "Traceback" not in said
        with httpx.Client(base_url=held.url, trust_env=False, verify=False, timeout=20) as client:
            body = {"userId": "u-1", "event": "Product Viewed", "properties": {"product_id": "p"}}
            assert client.post("/v1/track", json=body, auth=(key, "")).status_code == 200
        first.send_signal(signal.SIGTERM)
        _, said = first.communicate(timeout=60)
        assert (first.returncode, said) == (0, b"")
    finally:
        first.kill()
        first.wait()
    assert owner(folder, GATE) is None
    with Workspace.open(folder) as again:
        assert [event.kind for event in again.reader.read()] == ["Product Viewed"]


def test_a_folder_without_a_workspace(tmp_path: Path) -> None:
    process = start(tmp_path, "desk")
    said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert "there is no workspace" in said
    assert "Traceback" not in said
