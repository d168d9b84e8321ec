"""Foreign worlds: events and truth that others wrote, read from a folder; they replay and answer to nobody."""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import numpy as np
import polars as pl

from guanxi.core import DAY_MS, SHANGHAI, DataError, NotFound, Refused, SettingError, from_ms, midnight_ms
from guanxi.decisions import NONE, Decisions
from guanxi.events import EventBatch, hash_texts, problems, shipped
from guanxi.world.spec import Answerer
from guanxi.world.truth import Truths

EVENTS, TRUTH, CARD = "events.parquet", "truth", "card.toml"  # what the folder of a foreign world holds


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person must know of a world that others wrote.

    author, licence   as its source states them
    true              what is known to be true of it, and how
    unknown           what is not: a scorer must not rest on it
    source            where it comes from
    """

    author: str
    licence: str
    true: str
    unknown: str
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("author", "licence", "true", "unknown"):
            if not getattr(self, name).strip():
                raise DataError(f"{CARD} does not say {name!r}", "Say it, if only that nobody stated it", name)


class ForeignWorld:
    """A world that others wrote, as `World`: it replays its events, says what is true, and takes no decision.

    batches   lawful events with ids, any order
    raises    DataError when an event breaks a law of its kind, or an id stands twice
    """

    def __init__(self, card: Card, batches: Sequence[EventBatch], truths: Truths) -> None:
        self.card, self._truths = card, truths
        self._batches = [EventBatch(one.kind, one.frame.sort("at_ms", "id_hi", "id_lo")) for one in batches if len(one)]
        _check(self._batches)
        starts = [one.frame["at_ms"][0] for one in self._batches]
        self._now = midnight_ms(from_ms(min(starts), zone=SHANGHAI).date()) if starts else 0

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the world of a folder: `events.parquet`, `truth/<kind>.parquet`, `card.toml`.

        raises   NotFound when one of them is missing; DataError when one is not readable
        """
        for name in (EVENTS, TRUTH, CARD):
            if not (folder / name).exists():
                raise NotFound(f"the folder {folder.name!r} holds no {name}", f"Put in {EVENTS}, {TRUTH}/ and {CARD}")
        try:
            card = msgspec.convert(tomllib.loads((folder / CARD).read_text("utf-8")), Card)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
            mend = "Give author, licence, true, unknown, and source if there is one"
            raise DataError(f"{CARD} of {folder.name!r} is not usable: {error}", mend) from error
        try:
            events = pl.read_parquet(folder / EVENTS)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError(f"{EVENTS} of {folder.name!r} is no Parquet file", "Write it with `write`") from error
        missing = [name for name in ("kind", "at_ms", "id_hi", "id_lo") if name not in events.columns]
        if missing:
            mend = "Give kind, at_ms, id_hi and id_lo"
            raise DataError(f"{EVENTS} of {folder.name!r} has no column {missing[0]!r}", mend)
        batches = [
            EventBatch(str(kind), part.select(c for c in part if c.name != "kind" and c.null_count() < part.height))
            for (kind,), part in events.partition_by("kind", as_dict=True, maintain_order=True).items()
        ]
        return cls(card, batches, Truths.read(folder / TRUTH))

    def write(self, folder: Path) -> None:
        """Write the world as a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        frames = [one.frame.with_columns(kind=pl.lit(one.kind)) for one in self._batches]
        pl.concat(frames, how="diagonal").write_parquet(folder / EVENTS)
        self._truths.write(folder / TRUTH)
        said = msgspec.structs.asdict(self.card)
        lines = [f"{name} = {msgspec.json.encode(text).decode()}" for name, text in said.items()]
        (folder / CARD).write_text("\n".join(lines) + "\n", "utf-8")

    @property
    def now_ms(self) -> int:
        """The first instant that has not been replayed, ms UTC."""
        return self._now

    def step(self, until: int, told: Decisions = NONE, answer: Answerer | None = None) -> Iterator[EventBatch]:
        """Replay the events before an instant, one batch a kind, rows by (at, id).

        raises   Refused when it is told or answered anything; SettingError when `until` lies behind
        """
        if len(told) or answer is not None:
            raise Refused(
                f"{len(told)} decisions are told to a world that only replays what happened",
                "Score a policy on its logged decisions, or tell them to a town",
            )
        if until < self._now:
            raise SettingError(f"the world stands at {self._now} and cannot run until {until}", "Give a later instant")
        start, self._now = self._now, until
        inside = pl.col("at_ms").is_between(start, until, closed="left")
        found = (EventBatch(one.kind, one.frame.filter(inside)) for one in self._batches)
        return iter([one for one in found if len(one)])

    def truth(self) -> Truths:
        """Say what is true, for scorers only."""
        return self._truths

    def fork(self, *, without: str = "") -> "ForeignWorld":
        """Return a copy that stands where this one does.

        raises   Refused for `without`: nothing can be taken out of what happened
        """
        if without:
            raise Refused(f"{without!r:.40} cannot be taken out of a world that happened", "Fork a town instead")
        other = object.__new__(ForeignWorld)
        other.__dict__.update(self.__dict__)
        return other


def batch_of(kind: str, author: str, **columns: Any) -> EventBatch:
    """Return events whose ids follow from author, kind, actor or object, and place.

    columns   as in EventBatch; `at_ms` among them
    """
    frame = pl.DataFrame(columns)
    key = frame.select(pl.concat_str([pl.col(c).cast(pl.String) for c in frame.columns if c.startswith("role_")]))
    texts = key.to_series() + ":" + pl.Series(np.arange(frame.height)).cast(pl.String)
    ids = hash_texts(texts, author, kind)
    return EventBatch(kind, frame.with_columns(id_hi=pl.Series(ids[:, 0]), id_lo=pl.Series(ids[:, 1])))


def day_ms(year: int, month: int, day: int, after: int = 0) -> int:
    """Return the first instant of a local day, or of one some days after it, ms UTC."""
    return midnight_ms(date(year, month, day)) + after * DAY_MS


_LATEST: Final = 4_102_444_799_999  # the last ms of 2099


def _check(batches: Sequence[EventBatch]) -> None:
    catalogue, seen = shipped(), 0
    for one in batches:
        bad = problems(catalogue.find(one.kind), one.frame, latest_ms=_LATEST)
        if bad.height:
            field, _, what, mend = bad.drop("index").row(0)
            raise DataError(f"{bad.height} events {one.kind!r:.60}: {what}", mend, field)
        seen += len(one)
    if batches and pl.concat([one.frame.select("id_hi", "id_lo") for one in batches]).n_unique() < seen:
        raise DataError("an id stands at two events", "Give each event its own id")
