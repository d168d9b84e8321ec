"""The town: stepped day by day, told and asked, forked for its twin."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DAY_MS, SHANGHAI, DataError, SettingError, to_ms
from guanxi.decisions import NONE, Decisions
from guanxi.events import EventBatch
from guanxi.world import asking
from guanxi.world.board import Board
from guanxi.world.day import Day
from guanxi.world.emit import Texts
from guanxi.world.founding import Charter, check_detail, found
from guanxi.world.freeze import freeze, thaw
from guanxi.world.reveal import truths_of
from guanxi.world.spec import Answerer, Dial, Mechanism
from guanxi.world.tables import Sessions, Slates
from guanxi.world.truth import Truths
from guanxi.world.turn import take_turn

Detail = Literal["full", "trade"]

HORIZON: Final = 730  # days that a town can live
SHARD: Final = 65_536  # people at a time


class Town:
    """A planted economy in which the truth is known.

    seed           of every draw
    people         1 to 16,777,216
    start          the first local day (China time)
    mechanisms     beside the base, in any order
    detail         "full", or "trade": activity rows, orders, payments, messages and coupons only; the same orders
    dials          how base mechanisms are set, by name: "repeat", "response"
    horizon        days that can be stepped
    items, content how many are planted; None: by the number of people
    campaigns      whether the house sends messages and coupons of its own
    deterministic  the house's slates never explore: no overlap, so off-policy methods must refuse
    shard          people at a time; changes no event
    raises         SettingError for what cannot be planted
    """

    def __init__(
        self,
        *,
        seed: int,
        people: int,
        start: date = date(2025, 9, 1),
        mechanisms: Sequence[Mechanism] = (),
        detail: Detail = "full",
        dials: Mapping[str, Dial] | None = None,
        horizon: int = HORIZON,
        items: int | None = None,
        content: int | None = None,
        campaigns: bool = True,
        deterministic: bool = False,
        shard: int = SHARD,
    ) -> None:
        self._charter = Charter(
            seed=seed, people=people, start=start, detail=detail, horizon=horizon, items=items, content=content,
            campaigns=campaigns, deterministic=deterministic,
        )  # fmt: skip
        self._day, self._queue = 0, NONE.frame
        self._core = found(self._charter, mechanisms=mechanisms, dials=dials or {}, shard=shard)

    @property
    def seed(self) -> int:
        """The seed of every draw."""
        return self._charter.seed

    @property
    def start(self) -> date:
        """The first local day."""
        return self._charter.start

    @property
    def horizon(self) -> int:
        """How many days can be stepped."""
        return self._charter.horizon

    @property
    def board(self) -> Board:
        """The public columns; scorers read them as truth."""
        return self._core.board

    @property
    def texts(self) -> Texts:
        """The references of the town, one text column for each noun; rows stand as on the board."""
        return self._core.texts

    @property
    def detail(self) -> str:
        """What is written from the next day on, "full" or "trade"; the choices are the same.

        raises   SettingError when it is set to anything else
        """
        return self._core.detail

    @detail.setter
    def detail(self, detail: Detail) -> None:
        check_detail(detail)
        self._core.detail = detail

    @property
    def day(self) -> int:
        """How many days have been stepped."""
        return self._day

    @property
    def now_ms(self) -> int:
        """The first instant that has not been stepped, ms UTC."""
        return self.ms_of(self._day)

    def ms_of(self, day: int) -> int:
        """Return the first instant of a day; 0 is the town's first."""
        return to_ms(datetime.combine(self._charter.start, time(), SHANGHAI)) + day * DAY_MS

    def part(self, name: str) -> Any:
        """Return a base mechanism, to be read.

        raises   SettingError when there is none of that name
        """
        if name not in self._core.parts:
            raise SettingError(f"there is no base mechanism {name!r:.40}", f"Use one of {', '.join(self._core.parts)}")
        return self._core.parts[name]

    def accounts_of(self, people: NDArray[Any]) -> pl.Series:
        """Return the account by which the house would write to each of these people (person numbers)."""
        return self.texts.account.gather(self._core.parts["reach"].account[people].astype(np.int64))

    def consent(self) -> NDArray[np.uint8]:
        """Return (people,) the consent bits in force now."""
        return np.asarray(self._core.parts["consent"].state["bits"].copy())

    def step(self, until: int, told: Decisions = NONE, answer: Answerer | None = None) -> Iterator[EventBatch]:
        """Run to an instant and give the events, day by day, one batch a kind, rows by (at, id).

        until    ms UTC, a day's first instant; days are run as the batches are taken: take them all
        told     messages and coupons; each is delivered at its `at_ms` and acts from the first midnight at or after it
        answer   chooses the slates; None: the house
        raises   SettingError when `until` is no midnight, lies behind or beyond the horizon; DataError for decisions
                 that lie in the past or name nobody
        """
        days, rest = divmod(until - self.ms_of(0), DAY_MS)
        if rest or not self._day <= days <= self.horizon:
            raise SettingError(
                f"the town stands at {self.now_ms} and cannot run until {until}",
                f"Give a local midnight, ms UTC, at most {self.ms_of(self.horizon)}; `ms_of(day)` gives one",
                "until",
            )
        self._enqueue(told)
        return self._run(days, answer)

    def truth(self) -> Truths:
        """Say what is true as of now, for scorers only."""
        return truths_of(self._core, self._day, self.now_ms)

    def fork(self, *, without: str = "") -> "Town":
        """Return the twin: the same town, whose arrays are copied when either side writes.

        without   a mechanism whose effect is taken away
        raises    SettingError when there is no such mechanism
        """
        other = object.__new__(Town)
        other.__dict__.update(self.__dict__)
        other._core = self._core.fork()
        if not without:
            return other
        core = other._core
        names = {*core.parts, *(one.spec.name for one in core.extras)}
        if without not in names:
            raise SettingError(f"the town has no mechanism {without!r:.40}", f"Use one of {', '.join(sorted(names))}")
        if without in core.parts:
            core.parts[without] = core.parts[without].fork(strength="off")
        core.extras = tuple(one.fork(strength="off") if one.spec.name == without else one for one in core.extras)
        return other

    def snapshot(self, path: Path) -> str:
        """Write the town to one .npz and return its hash."""
        return freeze(path, self._charter, self._core, self._day, self._queue)

    @classmethod
    def restore(cls, path: Path, *, mechanisms: Sequence[Mechanism] = (), shard: int = SHARD) -> "Town":
        """Return the town of a snapshot; `mechanisms` as it was made with.

        raises   DataError when the file is no whole snapshot, SettingError when the mechanisms are others
        """
        town = object.__new__(cls)
        town._charter, town._core, town._day, town._queue = thaw(path, mechanisms, shard)
        return town

    def bytes_per_person(self) -> dict[str, float]:
        """Return bytes a person: of public columns, and of each mechanism's private state."""
        n = self._core.board.count("people")
        private = {name: one.state.bytes() / n for name, one in self._core.all_parts().items()}
        return {"public": self._core.board.bytes() / n, "core": self._core.state.bytes() / n, **private}

    def _run(self, days: int, answer: Answerer | None) -> Iterator[EventBatch]:
        while self._day < days:
            start = self.now_ms
            due = self._queue["at_ms"] < start + DAY_MS
            frame = self._queue.filter(due).sort("at_ms", "id")
            self._queue = self._queue.filter(~due)
            batches = take_turn(
                self._core, self._day, start, frame, self._accounts(frame["party"]), self._asker(answer)
            )
            self._day += 1
            yield from batches

    def _asker(self, answer: Answerer | None) -> Any:
        core = self._core

        def ask(day: Day, slates: Slates, sessions: Sessions) -> asking.Chosen:
            house = asking.by_house(core.parts["browse"], core.seed, core.epsilon, slates)
            if answer is None:
                return house
            return asking.by_answerer(answer, house, day, core.texts, slates, sessions)

        return ask

    def _accounts(self, parties: pl.Series) -> NDArray[np.int64]:
        """Return the place of each account reference, -1 when the town has none such."""
        if not len(parties):
            return np.empty(0, np.int64)
        texts = self._core.texts.account
        table = pl.DataFrame({"party": texts, "place": np.arange(len(texts))})
        wanted = pl.DataFrame({"party": parties})
        return wanted.join(table, on="party", how="left", maintain_order="left")["place"].fill_null(-1).to_numpy()

    def _enqueue(self, told: Decisions) -> None:
        if not len(told):
            return
        frame = told.frame
        early = frame["at_ms"].min()
        if isinstance(early, int) and early < self.now_ms:
            raise DataError(f"a decision is for {early}, the town stands at {self.now_ms}", "Tell it before its time")
        self._queue = pl.concat([self._queue, frame], how="diagonal")
