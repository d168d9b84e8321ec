"""The town: stepped day by day, told and asked, forked for its twin."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DAY_MS, SHANGHAI, DataError, SettingError
from guanxi.decisions import NONE, Decisions
from guanxi.events import EventBatch
from guanxi.world import asking
from guanxi.world.base import public_parts
from guanxi.world.base.ads import Ads
from guanxi.world.base.browse import EPSILON, Browse
from guanxi.world.base.consent import Consent
from guanxi.world.base.live import Live
from guanxi.world.base.reach import Reach
from guanxi.world.base.repeat import Repeat, board_price
from guanxi.world.base.response import Response
from guanxi.world.base.trade import Trade
from guanxi.world.board import Board, plant
from guanxi.world.day import Day
from guanxi.world.draws import Draws
from guanxi.world.emit import Texts
from guanxi.world.ids import MAX_ENTITIES, Ids, check_numbers
from guanxi.world.mechanism import Planted
from guanxi.world.reveal import truths_of
from guanxi.world.snapshot import read_snapshot, write_snapshot
from guanxi.world.spec import Answerer, Dial, Mechanism, State, order_of
from guanxi.world.tables import Sessions, Slates, Told
from guanxi.world.truth import Truths
from guanxi.world.turn import Core, take_turn

Detail = Literal["full", "trade"]

BASE: Final[tuple[type[Planted], ...]] = (Browse, Trade, Repeat, Response, Consent, Reach, Live, Ads)
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
        _check(people, detail, horizon, shard)
        self.seed, self.start, self.horizon = seed, start, horizon
        self._made = {
            "seed": seed,
            "people": people,
            "start": start.isoformat(),
            "detail": detail,
            "horizon": horizon,
            "items": items,
            "content": content,
            "campaigns": campaigns,
            "deterministic": deterministic,
        }
        self._dials = dict(dials or {})
        self._start_ms = int(datetime.combine(start, time(), SHANGHAI).timestamp() * 1000)
        self._day = 0
        self._queue = NONE.frame
        board = Board(
            counts={
                "people": people,
                "days": horizon,
                "items": items or _sized(people, 4, 600, 50_000),
                "content": content or _sized(people, 50, 200, 5_000),
            }
        )
        plant(board, public_parts(first_day=start), seed=seed)
        parts = _base(self._dials)
        check_numbers(tuple(one.spec.name for one in (*parts.values(), *mechanisms)))
        ordered = order_of([*parts.values(), *mechanisms], given=(*board.columns, *board.notes))
        for one in ordered:
            one.plant(board, Draws(seed, one.spec.name))
        price = board_price(board)[parts["repeat"].state["category"]]
        parts["response"].know_prices((price * parts["repeat"].share(board, 0, people)).sum(axis=1))
        extras = tuple(sorted(mechanisms, key=lambda one: one.spec.name))
        self._core = Core(
            seed=seed,
            board=board,
            texts=Texts(board, seed),
            ids=Ids(seed),
            detail=detail,
            shard=shard,
            epsilon=0.0 if deterministic else EPSILON,
            sends=campaigns,
            parts=parts,
            extras=extras,
            state=_core_state(board),
        )

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
        _check(self.board.count("people"), detail, self.horizon, self._core.shard)
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
        return self._start_ms + day * DAY_MS

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
        days, rest = divmod(until - self._start_ms, DAY_MS)
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
        core = self._core
        arrays = {f"core/{name}": values for name, values in core.state.arrays.items()}
        for name, one in _all_parts(core).items():
            arrays |= {f"{name}/{key}": values for key, values in one.state.arrays.items()}
        frames = {f"later/{n}": batch.frame for n, batch in enumerate(core.later)} | {"queue": self._queue}
        if core.waiting is not None:
            arrays |= {f"waiting/{key}": getattr(core.waiting, key) for key in _TOLD}
            frames["waiting"] = pl.DataFrame({"decision": core.waiting.decision.cast(pl.String)})
        if core.waiting_told is not None:
            frames["waiting_told"] = core.waiting_told
        meta = {
            **self._made,
            "detail": core.detail,
            "day": self._day,
            "kinds": [batch.kind for batch in core.later],
            "effects": core.effects,
            "violations": core.violations,
            "extras": [one.spec.name for one in core.extras],
            "dials": {name: dataclasses.asdict(one.dial) for name, one in _all_parts(core).items()},
        }
        return write_snapshot(path, meta, arrays, frames)

    @classmethod
    def restore(cls, path: Path, *, mechanisms: Sequence[Mechanism] = (), shard: int = SHARD) -> "Town":
        """Return the town of a snapshot; `mechanisms` as it was made with.

        raises   DataError when the file is no whole snapshot, SettingError when the mechanisms are others
        """
        meta, arrays, frames = read_snapshot(path)
        names = sorted(one.spec.name for one in mechanisms)
        if names != meta["extras"]:
            raise SettingError(f"the snapshot has the mechanisms {meta['extras']}, not {names}", "Pass the same ones")
        dials = {name: Dial(**row) for name, row in meta["dials"].items()}
        made = {
            key: meta[key]
            for key in ("seed", "people", "detail", "horizon", "items", "content", "campaigns", "deterministic")
        }
        base = {part.spec.name for part in BASE}
        town = cls(
            **made,
            start=date.fromisoformat(meta["start"]),
            mechanisms=mechanisms,
            shard=shard,
            dials={name: dial for name, dial in dials.items() if name in base},
        )
        town._load(meta, arrays, frames)
        return town

    def bytes_per_person(self) -> dict[str, float]:
        """Return bytes a person: of public columns, and of each mechanism's private state."""
        n = self._core.board.count("people")
        private = {name: one.state.bytes() / n for name, one in _all_parts(self._core).items()}
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

    def _load(
        self, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], frames: Mapping[str, pl.DataFrame]
    ) -> None:
        core = self._core
        states = {"core": core.state} | {name: one.state for name, one in _all_parts(core).items()}
        waiting: dict[str, NDArray[Any]] = {}
        for path, values in arrays.items():
            owner, name = path.split("/", 1)
            if owner == "waiting":
                waiting[name] = values
            else:
                states[owner][name] = values.copy()
        if waiting:
            core.waiting = Told(**waiting, decision=frames["waiting"]["decision"])
        core.waiting_told = frames.get("waiting_told")
        core.later = [EventBatch(kind, frames[f"later/{n}"]) for n, kind in enumerate(meta["kinds"])]
        core.effects = [tuple(row) for row in meta["effects"]]
        core.violations = [tuple(row) for row in meta["violations"]]
        self._day, self._queue = meta["day"], frames["queue"]


_TOLD: Final = tuple(name for name in Told.__dataclass_fields__ if name != "decision")


def _check(people: int, detail: str, horizon: int, shard: int) -> None:
    if not 1 <= people <= MAX_ENTITIES:
        raise SettingError(f"a town of {people} people is asked for", f"Use 1 to {MAX_ENTITIES}", "people")
    if detail not in ("full", "trade"):
        raise SettingError(f"the detail is {detail!r:.40}", "Use full or trade", "detail")
    if not 1 <= horizon <= 8_000:
        raise SettingError(f"the horizon is {horizon} days", "Use 1 to 8,000", "horizon")
    if shard < 1:
        raise SettingError(f"a shard of {shard} people is asked for", "Use 1 or more", "shard")


def _sized(people: int, per: int, low: int, high: int) -> int:
    return int(min(max(people // per, low), high))


def _base(dials: Mapping[str, Dial]) -> dict[str, Any]:
    names = {part.spec.name for part in BASE}
    strange = sorted(set(dials) - names)
    if strange:
        raise SettingError(f"there is no base mechanism {strange[0]!r:.40}", f"Use one of {', '.join(sorted(names))}")
    return {part.spec.name: part(dials.get(part.spec.name)) for part in BASE}


def _core_state(board: Board) -> State:
    people = board.count("people")
    return State(
        {
            "seen": np.zeros(board.count("accounts"), np.uint8),
            "stated": np.zeros(people, np.uint8),
            "points": np.zeros(people, np.int32),
            "bought_person": np.empty(0, np.int32),
            "bought_item": np.empty(0, np.int32),
        }
    )


def _all_parts(core: Core) -> dict[str, Any]:
    return {**core.parts, **{one.spec.name: one for one in core.extras}}
