"""The bar that long commands show on stderr."""

import os

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from guanxi.cli.output import talk


def progress_bar() -> Progress:
    """Return a bar whose tasks have a text `done`; it is gone when stderr is no terminal."""
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"),
        TimeElapsedColumn(), console=talk, transient=not talk.is_terminal, disable=bool(os.environ.get("CI")),
    )  # fmt: skip
