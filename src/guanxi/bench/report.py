"""What a bench prints: figures with units and bars, and the machine they were measured on."""

import os
import platform
import time
from collections.abc import Callable, Sequence

import msgspec

from guanxi import __version__


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured number.

    bar   what it must reach; None = for colour only
    ok    whether it does; None without a bar
    """

    name: str
    value: float
    unit: str
    bar: float | None = None
    ok: bool | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one bench."""

    bench: str
    version: str
    machine: str
    seconds: float
    figures: tuple[Figure, ...]

    @property
    def passed(self) -> bool:
        """Whether no bar was missed."""
        return all(figure.ok is not False for figure in self.figures)


def at_least(name: str, value: float, unit: str, bar: float) -> Figure:
    """Return a figure that should be at or above its bar."""
    return Figure(name=name, value=round(value, 3), unit=unit, bar=bar, ok=value >= bar)


def at_most(name: str, value: float, unit: str, bar: float) -> Figure:
    """Return a figure that should be at or below its bar."""
    return Figure(name=name, value=round(value, 3), unit=unit, bar=bar, ok=value <= bar)


def colour(name: str, value: float, unit: str) -> Figure:
    """Return a figure without a bar."""
    return Figure(name=name, value=round(value, 3), unit=unit)


def measure(name: str, run: Callable[[], Sequence[Figure]]) -> Report:
    """Run a bench and return its report."""
    begin = time.monotonic()
    figures = tuple(run())
    return Report(
        bench=name, version=__version__, machine=machine(), seconds=round(time.monotonic() - begin, 2), figures=figures
    )


def machine() -> str:
    """Return processor, cores and Python, so that figures are compared with their like."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - a file of the system
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
