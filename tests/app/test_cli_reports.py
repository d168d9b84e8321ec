"""What people are told: the words of import reports, and pages that fit their terminal."""

import os
import pty
import struct
import subprocess
import sys
from decimal import Decimal
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from guanxi.app import FileReport, ImportReport
from guanxi.cli.output import ago, size_text
from guanxi.cli.reports import show_report
from guanxi.engines.sources import TotalGap


@pytest.mark.parametrize(
    ("report", "told"),
    [
        pytest.param({"skipped": {"total": 1}}, "1 skipped: total rows", id="skipped"),
        pytest.param({"notes": {"phone:masked": 2}}, "2 phone values are masked", id="masked"),
        pytest.param({"notes": {"tied": 3}, "tied_share": 0.5147}, "tied share 对应比例 51.5%", id="tied"),
        pytest.param({"notes": {"untied:no-customer-id": 3}}, "3 not tied: the row has no customer id", id="untied"),
        pytest.param({"left_out": {"Order Created": 2}}, "2 Order Created left out", id="erased"),
        pytest.param(
            {"totals": [TotalGap("总花费(元)", Decimal("500"), Decimal("182.12"))]},
            "it says 500.00, its rows sum to 182.12; 317.88 is in no row", id="gap",
        ),
        pytest.param({"totals": [TotalGap("交易额", Decimal("5"), Decimal("5.00"))]}, "合计一致: 交易额", id="agrees"),
    ],
)  # fmt: skip
def test_a_report_is_in_words(report: dict[str, object], told: str, capfd: pytest.CaptureFixture[str]) -> None:
    one = FileReport(file="a.csv", preset="p", rows=1, stored=1, **report)  # type: ignore[arg-type]  # a table of cases
    show_report(ImportReport(files=[one], rows=1, stored=1), Path(".guanxi"))
    said = capfd.readouterr().err
    assert told in said
    assert "TotalGap" not in said


def test_a_report_says_what_is_next(capfd: pytest.CaptureFixture[str]) -> None:
    one = FileReport(file="a.csv", preset="p", rows=3, parked=1)
    show_report(ImportReport(files=[one, one], rows=6, parked=2), Path("shop"))
    said = capfd.readouterr().err
    assert "2 of 6 rows are parked (问题行): guanxi parked list -w shop" in said
    assert "together 合计: 6 rows" in said


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        pytest.param(30, "(30 s ago, 30 秒前)", id="seconds"),
        pytest.param(600, "(10 min ago, 10 分钟前)", id="minutes"),
        pytest.param(3 * 86_400, "(3 days ago, 3 天前)", id="days"),
        pytest.param(-99, "(in the future 未来)", id="future"),
    ],
)
def test_how_long_ago(seconds: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_000_000_000.0)
    assert ago((1_000_000_000 - seconds) * 1000) == told


@pytest.mark.parametrize(("count", "told"), [(1_530_000, "1.5 MB"), (2_240_000_000, "2.24 GB")])
def test_sizes(count: int, told: str) -> None:
    assert size_text(count) == told


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_wide_table_is_told_row_by_row_and_nothing_is_cut_off(width: int) -> None:
    """On a terminal of its own, as a person sees it."""
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    code = (
        "from guanxi.cli.output import show_table\n"
        f"show_table({[c * 7 for c in 'abcdefgh']!r}, [{[c * 12 for c in 'abcdefgh']!r}])"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    done = subprocess.Popen([sys.executable, "-c", code], stdout=slave, env=environment | {"TERM": "xterm"})
    os.close(slave)
    page = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the other end closed
            break
        if not part:
            break
        page += part
    assert done.wait() == 0
    os.close(master)
    for name in "abcdefgh":
        assert name * 12 in page.decode()
    assert page.startswith(b"-- 1 --") == (width < 8 * 12 + 7 * 3)
