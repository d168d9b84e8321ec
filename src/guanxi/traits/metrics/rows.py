"""Metric rows (口径): one definition each, checked when read; console, command line, API and reports all walk them."""

import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from guanxi.core import DataError, RowTable, SettingError
from guanxi.traits.metrics.answers import Better, MetricRow, Unit
from guanxi.traits.metrics.facts import FACTS


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sum over one fact.

    value  SQL over the fact's columns; {start} and {end} stand for the window's instants
    """

    fact: str
    value: str
    sign: Literal[1, -1] = 1


class Metric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One metric.

    of, over     what is added up, and what it is divided by (empty: nothing)
    n            how many things stand behind it: SQL over the first fact
    additive     parts of a dimension, and of time, add up to the whole
    people       it counts people, so that people can be listed behind it
    ripens_days  days after the window's end before it can be said
    needs        kinds that must have occurred beside those of its facts
    """

    name: str
    zh: str
    en: str
    unit: Unit
    better: Better
    of: tuple[Part, ...]
    over: tuple[Part, ...] = ()
    n: str = "count(*)"
    additive: bool = False
    people: bool = False
    ripens_days: int = 0
    needs: tuple[str, ...] = ()
    definition_zh: str
    definition_en: str

    def __post_init__(self) -> None:
        if not self.of:
            raise SettingError(f"the metric {self.name!r} adds nothing up", "Give it `of`", "of")
        for part in (*self.of, *self.over):
            if part.fact not in FACTS:
                raise SettingError(f"the metric {self.name!r} reads the fact {part.fact!r}",
                                   f"Use one of {', '.join(FACTS)}", "of")  # fmt: skip
        if self.unit == "share" and not self.over:
            raise SettingError(f"the share {self.name!r} is divided by nothing", "Give it `over`", "over")
        if self.additive and self.over:
            raise SettingError(f"the quotient {self.name!r} cannot be additive", "Remove `additive`", "additive")

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that it reads, the first one first."""
        return tuple(dict.fromkeys(part.fact for part in (*self.of, *self.over)))

    @property
    def grain(self) -> str:
        """What one counted thing is."""
        return FACTS[self.facts[0]].grain

    @property
    def dimensions(self) -> tuple[str, ...]:
        """By what it may be split: what every one of its facts knows."""
        known = [FACTS[name].dimensions for name in self.facts]
        return tuple(name for name in known[0] if all(name in one for one in known))

    @property
    def kinds(self) -> tuple[tuple[str, ...], ...]:
        """Groups of kinds; of each group at least one must have occurred."""
        return (*(FACTS[name].needs for name in self.facts), *((kind,) for kind in self.needs))

    def check_split(self, dimension: str) -> None:
        """Let a dimension pass that the metric may be split by.

        raises  DataError: a sum over orders split by what only their lines know would count orders twice
        """
        if dimension and dimension not in self.dimensions:
            raise DataError(
                f"{self.name} ({self.zh}) is counted by {self.grain} and cannot be split by {dimension[:40]!r}",
                f"Use one of {', '.join(self.dimensions)}", "by",
            )  # fmt: skip

    @property
    def row(self) -> MetricRow:
        """The definition as a catalogue shows it."""
        return MetricRow(
            id=self.name, zh=self.zh, en=self.en, unit=self.unit, better=self.better, grain=self.grain,
            definition_zh=self.definition_zh, definition_en=self.definition_en, dimensions=self.dimensions,
            needs=tuple(dict.fromkeys(kind for group in self.kinds for kind in group)),
        )  # fmt: skip


def read_metrics(text: str, where: str) -> RowTable[Metric]:
    """Return the metrics declared in a TOML text: tables `[id]`, keys as in `Metric`.

    where   the file's name, for messages
    raises  SettingError when a row is not a metric
    """
    rows = []
    for name, row in tomllib.loads(text).items():
        try:
            rows.append(msgspec.convert({"name": name, **row}, Metric))
        except (msgspec.ValidationError, TypeError) as error:
            raise SettingError(f"{where}: the metric {name!r} is not usable: {error}", "See docs/metrics.md") from error
    return RowTable(rows, noun="metric", mend="See `guanxi metrics list`.")


@cache
def metrics() -> RowTable[Metric]:
    """Return the metrics that ship with Guanxi: `traits/metrics/rows.toml`."""
    text = (resources.files("guanxi.traits.metrics") / "rows.toml").read_text("utf-8")
    return read_metrics(text, "rows.toml")


def document() -> str:
    """Return docs/metrics.md."""
    lines = [
        "# Metrics 指标口径", "",
        "This page is made from `src/guanxi/traits/metrics/rows.toml` by `python scripts/docs.py`; change those rows,"
        " not this text.", "",
        "Each metric has one definition for the console, the API, `guanxi metrics` and reports. People are counted"
        " after identities were joined, as known at the asked moment; superseded events are left out; two"
        " currencies are never added. Where the data cannot say a number, the answer names what is missing instead of"
        " showing 0.", "",
    ]  # fmt: skip
    for one in metrics().values():
        row = one.row
        lines += [
            f"## {one.name}", "", f"**{one.zh} · {one.en}** ({one.unit}; better: {one.better}; one {one.grain})", "",
            one.definition_zh, "", one.definition_en, "", f"Split by: {', '.join(row.dimensions)}."
            f" Needs: {', '.join(row.needs)}.", "",
        ]  # fmt: skip
    return "\n".join(lines)
