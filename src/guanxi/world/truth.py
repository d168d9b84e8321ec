"""Truths: what is so in a world, for scorers only. Seven kinds, typed and columnar, and no more."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, get_args

import polars as pl
from numpy.typing import NDArray

from guanxi.core import DataError, NotFound

Estimand = Literal["ate", "att", "cate", "total", "direct", "spill"]

_TEXT, _WHOLE, _NUMBER = pl.String(), pl.Int64(), pl.Float64()

#: Kind -> its columns. Instants are ms UTC, null when open; a party is a reference.
KINDS: Final[Mapping[str, Mapping[str, pl.DataType]]] = {
    "labels": {"party": _TEXT, "name": _TEXT, "value": _NUMBER, "since": _WHOLE, "until": _WHOLE},
    "edges": {"from": _TEXT, "to": _TEXT, "name": _TEXT, "since": _WHOLE, "until": _WHOLE, "value": _NUMBER},
    "effects": {
        "name": _TEXT, "estimand": _TEXT, "outcome": _TEXT, "population": _TEXT, "since": _WHOLE, "window": _WHOLE,
        "people": _WHOLE, "value": _NUMBER, "by": _TEXT, "error": _NUMBER,
    },
    "moments": {"name": _TEXT, "party": _TEXT, "at": _WHOLE, "until": _WHOLE},
    "curves": {"name": _TEXT, "party": _TEXT, "x": _NUMBER, "value": _NUMBER},
    "bests": {"context": _TEXT, "choice": _TEXT, "value": _NUMBER, "bound": _NUMBER},
    "causes": {"symptom": _TEXT, "cause": _TEXT, "scope": _TEXT, "share": _NUMBER},
    "violations": {"name": _TEXT, "party": _TEXT, "at": _WHOLE},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One named effect; an estimate without these names is void.

    name        of the decision or mechanism
    estimand    ate, att, cate, total, direct or spill
    outcome     what is counted, per person of the population
    population  whom it is about
    since       from when, ms UTC
    window      days
    people      how many
    value       the effect on one of them, on average
    by          "formula" (exact, such as summed chances of the kernel), "twin", or "experiment" (measured elsewhere)
    error       standard error of the value, >= 0; 0: it is known
    """

    name: str
    estimand: Estimand
    outcome: str
    population: str
    since: int
    window: int
    people: int
    value: float
    by: Literal["formula", "twin", "experiment"] = "formula"
    error: float = 0.0

    def __post_init__(self) -> None:
        if not self.name or not self.outcome or self.window < 1 or self.people < 1:
            raise DataError(
                f"the effect {self.name!r:.40} on {self.outcome!r:.40} of {self.people} people in {self.window} days is"
                " not named whole", "Name effect and outcome; use at least 1 person and 1 day",
            )  # fmt: skip
        if not (math.isfinite(self.value) and math.isfinite(self.error) and self.error >= 0):
            raise DataError(f"the effect is {self.value} with error {self.error}", "Use finite numbers, error >= 0")
        if self.estimand not in get_args(Estimand):
            raise DataError(
                f"no estimand is called {self.estimand!r:.40}", f"Use one of {', '.join(get_args(Estimand))}"
            )


def _empty(kind: str) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(KINDS[kind]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truths:
    """What is true of a world, as frames with the columns of KINDS.

    curves   points (x, value) of each curve, by x
    raises   DataError when a frame has other columns
    """

    labels: pl.DataFrame = field(default_factory=lambda: _empty("labels"))
    edges: pl.DataFrame = field(default_factory=lambda: _empty("edges"))
    effects: pl.DataFrame = field(default_factory=lambda: _empty("effects"))
    moments: pl.DataFrame = field(default_factory=lambda: _empty("moments"))
    curves: pl.DataFrame = field(default_factory=lambda: _empty("curves"))
    bests: pl.DataFrame = field(default_factory=lambda: _empty("bests"))
    causes: pl.DataFrame = field(default_factory=lambda: _empty("causes"))
    violations: pl.DataFrame = field(default_factory=lambda: _empty("violations"))

    def __post_init__(self) -> None:
        for kind, columns in KINDS.items():
            held = dict(getattr(self, kind).schema)
            if held != dict(columns):
                raise DataError(f"the {kind} have the columns {held}", f"Use {dict(columns)}")

    @classmethod
    def of_labels(
        cls, parties: pl.Series, values: Mapping[str, NDArray[Any]], *, since_ms: int | None = None
    ) -> "Truths":
        """Return labels of the same parties under several names.

        values   name -> one number for each party
        """
        frames = [
            pl.DataFrame({
                "party": parties, "name": pl.Series([name]).new_from_index(0, len(parties)), "value": numbers,
                "since": pl.Series([since_ms], dtype=_WHOLE).new_from_index(0, len(parties)),
                "until": pl.Series([None], dtype=_WHOLE).new_from_index(0, len(parties)),
            }, schema=dict(KINDS["labels"]))
            for name, numbers in values.items()
        ]  # fmt: skip
        return cls(labels=pl.concat([_empty("labels"), *frames]))

    @classmethod
    def of_edges(
        cls, name: str, start: pl.Series, end: pl.Series, value: NDArray[Any], *, since_ms: int | None = None
    ) -> "Truths":
        """Return edges of one name, each with a value."""
        frame = pl.DataFrame({"from": start, "to": end, "value": value}, schema_overrides={"value": _NUMBER})
        frame = frame.with_columns(name=pl.lit(name), since=pl.lit(since_ms, _WHOLE), until=pl.lit(None, _WHOLE))
        return cls(edges=frame.select(list(KINDS["edges"])))

    @classmethod
    def of_effects(cls, effects: Iterable[Effect]) -> "Truths":
        """Return effects as columns."""
        held = list(effects)
        data = {name: [getattr(one, name) for one in held] for name in KINDS["effects"]}
        return cls(effects=pl.DataFrame(data, schema=dict(KINDS["effects"])))

    @classmethod
    def read(cls, folder: Path) -> "Truths":
        """Return what `write` wrote; a kind without a file is empty.

        raises   NotFound when the folder holds no such file; DataError for a file that is none of ours
        """
        frames = {}
        for kind in KINDS:
            path = folder / f"{kind}.parquet"
            if path.exists():
                try:
                    frames[kind] = pl.read_parquet(path)
                except (OSError, pl.exceptions.PolarsError) as error:
                    raise DataError(f"{path.name} is no Parquet file", "Write it again with `Truths.write`") from error
        if not frames:
            raise NotFound(
                f"the folder {folder.name!r} holds no truth", f"Put <kind>.parquet into it: {', '.join(KINDS)}"
            )
        return cls(**frames)

    def write(self, folder: Path) -> None:
        """Write each kind that holds anything as <kind>.parquet."""
        folder.mkdir(parents=True, exist_ok=True)
        for one in fields(self):
            frame = getattr(self, one.name)
            if frame.height:
                frame.write_parquet(folder / f"{one.name}.parquet")

    def __add__(self, other: "Truths") -> "Truths":
        """Return what both say."""
        rows = {one.name: pl.concat([getattr(self, one.name), getattr(other, one.name)]) for one in fields(self)}
        return Truths(**rows)

    def label(self, name: str) -> pl.DataFrame:
        """Return the labels of one name.

        raises   NotFound when nothing is labelled so
        """
        return _named(self.labels, name, "label")

    def edge(self, name: str) -> pl.DataFrame:
        """Return the edges of one name.

        raises   NotFound when nothing is related so
        """
        return _named(self.edges, name, "edge")

    def effect(self, name: str, estimand: Estimand, *, outcome: str, window: int, since: int | None = None) -> Effect:
        """Return one effect; of several, the latest.

        since    the one from that instant
        raises   NotFound when there is none
        """
        frame = self.effects.filter(
            (pl.col("name") == name)
            & (pl.col("estimand") == estimand)
            & (pl.col("outcome") == outcome)
            & (pl.col("window") == window)
        )
        if since is not None:
            frame = frame.filter(pl.col("since") == since)
        if not frame.height:
            known = self.effects.select("name", "estimand", "outcome", "window").unique(maintain_order=True).rows()
            raise NotFound(
                f"no effect {name} {estimand} on {outcome} in {window} d is true here", f"Known: {known[:12]}"
            )
        return Effect(**frame.sort("since").row(-1, named=True))


def _named(frame: pl.DataFrame, name: str, kind: str) -> pl.DataFrame:
    found = frame.filter(pl.col("name") == name)
    if not found.height:
        known = ", ".join(frame["name"].unique(maintain_order=True).to_list())
        raise NotFound(f"no {kind} is called {name!r:.60}", f"Known: {known or 'none'}")
    return found
