"""The town as a source: stepped day by day, its events go through the checks of every import into a workspace."""

import os
import shutil
import time
import tomllib
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import polars as pl
import xxhash

from guanxi import __version__
from guanxi.app.importing import JOBS, Taker, take_batches
from guanxi.app.sealing import seal_now
from guanxi.app.town_days import Step, days_of, forget_before, town_at
from guanxi.app.workspace import Workspace
from guanxi.core import SHANGHAI, DataError, NotFound, SettingError, from_ms
from guanxi.engines.erasure import keep_out
from guanxi.engines.locks import Lock
from guanxi.engines.log import Index, Seen, connect, now_ms
from guanxi.events import AHEAD_MS, EventBatch, problems, seal_columns

if TYPE_CHECKING:  # the world compiles its kernels: only those who run it wait for that
    from guanxi.world import Town

Size = Literal["tiny", "small", "middle", "demo", "large"]
Progress = Callable[[int, int, int], None]  # days done, days in all, events so far

#: Size -> people, days, and how many of the first days are written at detail "trade".
SIZES: Final[dict[str, tuple[int, int, int]]] = {
    "tiny": (200, 14, 0),
    "small": (2_000, 28, 0),
    "middle": (20_000, 60, 0),
    "demo": (20_000, 90, 76),
    "large": (1_000_000, 9, 9),
}

SPEC: Final = "town.toml"  # in the workspace: what its town is made of
ASIDE: Final = 400_000  # person-days from which on another process steps the town while this one stores


class TownSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a workspace's town is made of.

    start       first local day (China time)
    days        how many are planned; trade_days: how many of the first are written at detail "trade"
    size        a key of SIZES, "" when people or days were named
    version     of Guanxi that founded it: another one may draw another town
    """

    seed: int
    people: int
    start: date
    days: int
    trade_days: int = 0
    size: str = ""
    version: str = __version__

    @property
    def job(self) -> str:
        """The name under which the log keeps how far the town has come."""
        text = f"{self.seed} {self.people} {self.start} {self.trade_days} {self.version}"
        return "town" + xxhash.xxh3_128_hexdigest(text.encode())[:28]


class TownReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of a town did.

    days       stepped so far; events: new in the log by this run; sealed: of them, moved to the lake
    resumed    the day at which this run began
    """

    days: int
    events: int
    sealed: int
    resumed: int
    seconds: float


def plan_town(
    size: str = "small", *, seed: int = 7, people: int | None = None, days: int | None = None,
    detail: Literal["full", "trade", ""] = "", start: date | None = None, today: date,
) -> TownSpec:  # fmt: skip
    """Return the spec of a town.

    size           a key of SIZES; people, days, detail change what it says
    start          None: so that the last planned day is yesterday
    raises         SettingError for an unknown size, or days that lie in the future
    """
    if size not in SIZES:
        raise SettingError(f"no size is called {size!r:.40}", f"Use one of {', '.join(SIZES)}", "size")
    of_people, of_days, of_trade = SIZES[size]
    given = (people or of_people, days or of_days)
    trade = {"": min(of_trade, given[1]), "full": 0, "trade": given[1]}[detail]
    first = start or today - timedelta(given[1])
    if first + timedelta(given[1]) > today:
        raise SettingError(f"the town would end on {first + timedelta(given[1] - 1)}, which is not over",
                           "Start it earlier, or plan fewer days", "start")  # fmt: skip
    if given[0] < 1 or given[1] < 1:
        raise SettingError(f"a town of {given[0]} people and {given[1]} days is empty", "Use 1 or more of both")
    same = given == (of_people, of_days) and trade == of_trade
    return TownSpec(seed=seed, people=given[0], start=first, days=given[1], trade_days=trade, size=size if same else "")


def today_there() -> date:
    """Return the local day (China time) that it is now."""
    return from_ms(now_ms(), zone=SHANGHAI).date()


def found_town(folder: Path, spec: TownSpec) -> tuple[Workspace, str]:
    """Make a workspace for a town, or go on with one that holds nothing else; return it and a new password, or "".

    raises   SettingError when the folder holds another town, other events or other files
    """
    if not (folder / "log.sqlite").exists():
        return _founded(folder, spec)
    workspace = Workspace.open(folder)
    try:
        if (folder / SPEC).exists():
            held = read_spec(folder)
            if _same(held, spec):
                return workspace, ""
            raise SettingError(
                f"the workspace {folder.name!r} holds another town: seed {held.seed}, {held.people:,} people,"
                f" {held.days} days from {held.start}, made by {held.version}",
                "Name another folder, or remove this one",
            )
        if workspace.reader.sizes()["last_seq"]:
            raise SettingError(f"the workspace {folder.name!r} holds other events", "Name another folder for the town")
        _write_spec(folder, spec)
    except BaseException:
        workspace.close()
        raise
    return workspace, ""


def read_spec(folder: Path) -> TownSpec:
    """Return the spec of a workspace's town.

    raises   NotFound when it holds none; DataError when the file is not readable
    """
    try:
        return msgspec.convert(tomllib.loads((folder / SPEC).read_text("utf-8")), TownSpec)
    except FileNotFoundError:
        raise NotFound(f"the workspace {folder.name!r} holds no town", "Make one: guanxi town new DIR") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise DataError(
            f"{SPEC} is not readable: {error}", "Restore it from a backup, or make the town anew"
        ) from error


def run_town(
    workspace: Workspace, *, until: int | None = None, progress: Progress | None = None, seal: bool = True,
    processes: int | None = None,
) -> TownReport:  # fmt: skip
    """Step a workspace's town; a run that was killed goes on where its last segment ended.

    until    how many days it shall have in all; None: as many as planned
    seal     move what is stored to the lake, unless a keeper does
    processes   2: another one steps the town while this one stores; None: two when there is much to do. What is
                stored is the same
    raises   NotFound when there is no town; SettingError when a day is not over yet; Busy when another run is at it
    """
    begin = time.monotonic()
    spec = read_spec(workspace.folder)
    goal = spec.days if until is None else until
    if spec.start + timedelta(goal) > today_there():
        raise SettingError(
            f"the town's day {goal} is not over yet", f"Its first day is {spec.start}: name an earlier one"
        )
    (workspace.folder / JOBS).mkdir(exist_ok=True)
    lock = Lock(workspace.folder / JOBS, spec.job, doing="guanxi town")
    try:
        with Taker(workspace, doing="guanxi town") as taker:
            run = _Run(workspace, spec, taker)
            try:
                resumed, events = run.days, run.to(goal, progress, processes)
            finally:
                run.close()
            serving = taker.serving
    finally:
        lock.release(remove=True)
    sealed = 0 if serving or not seal else seal_now(workspace)
    workspace.reopen()
    return TownReport(
        days=run.days, events=events, sealed=sealed, resumed=resumed, seconds=round(time.monotonic() - begin, 2)
    )


def open_town(folder: Path) -> "Town":
    """Return a workspace's town, standing after the last day that the log holds.

    raises   NotFound when the workspace holds none
    """
    spec = read_spec(folder)
    db = connect(folder, read_only=True)
    try:
        return town_at(folder, spec, _progress_of(db, spec)[0])
    finally:
        db.close()


class _Run:
    """A town on its way into a log."""

    def __init__(self, workspace: Workspace, spec: TownSpec, taker: Taker) -> None:
        self._workspace, self._spec, self._taker = workspace, spec, taker
        self._db = connect(workspace.folder, read_only=True)
        self._index = Index(self._db, workspace.folder)
        self.days, self._rows, self._chunks = _progress_of(self._db, spec)

    def close(self) -> None:
        """Close the view of the log."""
        self._db.close()

    def to(self, goal: int, progress: Progress | None, processes: int | None) -> int:
        """Step until so many days are done; return how many events are new."""
        if goal <= self.days:
            return 0
        large = (goal - self.days) * self._spec.people >= ASIDE and (os.cpu_count() or 1) > 1
        stored, waiting = 0, list[EventBatch]()
        with closing(
            days_of(self._workspace.folder, self._spec, (self.days, self._rows), goal,
                    processes=processes or 1 + large)
        ) as days:  # fmt: skip
            for step in days:
                waiting += step.batches
                if progress is not None:
                    progress(step.day, goal, step.events)
                if step.ends:
                    stored += self._take(step, waiting)
                    waiting = []
        return stored

    def _checked(self, batch: EventBatch) -> EventBatch:
        """A batch that passed the checks of columns, personal values sealed, the erased kept out."""
        workspace = self._workspace
        kind = workspace.catalogue.find(batch.kind)
        bad = problems(kind, batch.frame, latest_ms=now_ms() + AHEAD_MS)
        strange = set(batch.frame["platform"].drop_nulls().unique()) - {"", *workspace.platforms}
        if bad.height or strange:
            first = "an unknown platform" if strange else f"{bad['field'][0]}: {bad['what'][0]}"
            raise DataError(f"the town made {batch.kind} events that no import would take: {first}", "Report this")
        frame, _ = keep_out(batch.frame, workspace.vault)
        return EventBatch(batch.kind, seal_columns(kind, frame, workspace.vault))

    def _take(self, step: Step, batches: Sequence[EventBatch]) -> int:
        """Vault, then the segment with the progress: whatever is killed, nothing doubles.

        The town's own state was written before; it counts once the progress names its day.
        """
        checked = [self._checked(batch) for batch in _by_kind(batches)]
        self._workspace.vault.flush()
        staged = take_batches(
            self._workspace, self._taker, checked, preset="town", seen=Seen(), index=self._index, job=self._spec.job,
            chunk=self._chunks, cursor=f"{step.day} {step.events}", accepted=sum(map(len, batches)),
        )  # fmt: skip
        self.days, self._rows, self._chunks = step.day, step.events, self._chunks + 1
        forget_before(self._workspace.folder, step.day)
        return staged.manifest.rows


def _progress_of(db: object, spec: TownSpec) -> tuple[int, int, int]:
    """Days, events and segments that the log holds of a town."""
    row = db.execute("SELECT cursor, chunks FROM imports WHERE job=?", (spec.job,)).fetchone()  # type: ignore[attr-defined]
    if row is None:
        return 0, 0, 0
    day, rows = row[0].split()
    return int(day), int(rows), int(row[1])


def _by_kind(batches: Sequence[EventBatch]) -> list[EventBatch]:
    """One batch for each kind: checks of a few days at once cost less."""
    frames: dict[str, list[pl.DataFrame]] = {}
    for batch in batches:
        frames.setdefault(batch.kind, []).append(batch.frame)
    return [EventBatch(kind, pl.concat(parts, how="diagonal")) for kind, parts in frames.items()]


def _founded(folder: Path, spec: TownSpec) -> tuple[Workspace, str]:
    """A new workspace that knows its town, whole or not at all: made beside its place, then moved there."""
    folder = folder.absolute()
    if folder.exists():  # nothing is moved over a folder that somebody may stand in
        workspace, password = Workspace.create(folder)
        _write_spec(folder, spec)
        return workspace, password
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(folder.parent, f".{folder.name}", doing="guanxi town new")
    home = folder.with_name(f".{folder.name}.new")
    try:
        shutil.rmtree(home, ignore_errors=True)  # what a killed founding left
        workspace, password = Workspace.create(home / folder.name)
        workspace.close()
        _write_spec(home / folder.name, spec)
        (home / folder.name).rename(folder)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        lock.release(remove=True)
    return Workspace.open(folder), password


def _same(held: TownSpec, wanted: TownSpec) -> bool:
    """Whether two specs are of one town, whatever it is called."""
    return msgspec.structs.replace(held, size=wanted.size) == wanted


def _write_spec(folder: Path, spec: TownSpec) -> None:
    rows = msgspec.structs.asdict(spec)
    lines = [f"{name} = {value if isinstance(value, int | date) else f'{value!r}'}" for name, value in rows.items()]
    draft = folder / f"{SPEC}.new"
    draft.write_text("# The town of this workspace; made by `guanxi town new` or `guanxi demo`.\n" + "\n".join(lines)
                     + "\n", "utf-8")  # fmt: skip
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.replace(folder / SPEC)
