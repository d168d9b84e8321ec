"""Town: processor seconds of 10 million events up to the log, equal bytes, and memory; each in a fresh process."""

import io
import sys
from collections.abc import Sequence
from datetime import date
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from guanxi.app import found_town, plan_town, run_town
from guanxi.bench.process import module
from guanxi.bench.report import Figure, at_least, at_most, colour

START: Final = date(2025, 9, 1)
TODAY: Final = date(2026, 6, 1)  # fixed, so that the town of the bench is the same whenever it runs
PEOPLE, DAYS = 20_000, 60  # the size "middle": about 10 million events
SMALL, SMALL_DAYS = 2_000, 14
MILLION, MILLION_DAYS = 1_000_000, 9  # the size "large": about 10 million events at trade


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a case says of itself; the process's processor time and memory are measured from outside."""

    events: int = 0
    digest: str = ""
    bytes_per_person: float = 0.0


def run(data: Path) -> Sequence[Figure]:
    """Measure all figures; no data set is read.

    cpu_s_10m_events   the whole process: start, planting, stepping at full detail, the checks of columns, personal
                       values into the vault, ids compared with the log, Parquet staged, committed; not the sealing
    wall_s_10m_events  how long that takes; _two_processes: when another process steps the town meanwhile
    cpu_s_10m_town     the same without intake: planted, stepped and thrown away
    same_bytes         1 when another process, walking the people in other shards, gives the same bytes
    bytes_per_person   public and private columns of a million people; million_people_mb: the peak of that process over
                       the nine days of the size "large"
    """
    del data
    stored, two_at_it, plain = _case("log", "1"), _case("log", "2"), _case("step")
    one, two = _case("digest", "65536"), _case("digest", "700")
    million = _case("million")
    return [
        at_most("cpu_s_10m_events", stored[1] * 1e7 / stored[0].events, "s", 60),
        colour("wall_s_10m_events", stored[3] * 1e7 / stored[0].events, "s"),
        colour("wall_s_10m_two_processes", two_at_it[3] * 1e7 / two_at_it[0].events, "s"),
        colour("cpu_s_10m_two_processes", two_at_it[1] * 1e7 / two_at_it[0].events, "s"),
        colour("cpu_s_10m_town", plain[1] * 1e7 / plain[0].events, "s"),
        colour("events", stored[0].events, "events"),
        at_least("same_bytes", float(one[0].digest == two[0].digest), "", 1),
        colour("bytes_per_person", million[0].bytes_per_person, "B"),
        at_most("million_people_mb", million[2], "MB", 8_000),
        colour("million_people_cpu_s", million[1], "s"),
    ]


def to_log(people: int = PEOPLE, days: int = DAYS, *, processes: int = 1) -> Case:
    """Step a town into the log of a workspace, by one process or two."""
    with TemporaryDirectory(prefix="guanxi-bench-") as home:
        spec = plan_town("middle", people=people, days=days, start=START, today=TODAY)
        workspace, _ = found_town(Path(home) / "town", spec)
        with workspace:
            return Case(events=run_town(workspace, seal=False, processes=processes).events)


def stepped(people: int = PEOPLE, days: int = DAYS, *, detail: str = "full") -> Case:
    """Step a town and keep nothing."""
    from guanxi.world import Town

    town = Town(seed=7, people=people, start=START, detail="full" if detail == "full" else "trade")
    events = sum(len(batch) for batch in town.step(town.ms_of(days)))
    return Case(events=events, bytes_per_person=sum(town.bytes_per_person().values()))


def digested(shard: int, people: int = SMALL, days: int = SMALL_DAYS) -> Case:
    """Return the hash of everything that a town gives, walked in shards of so many people."""
    from guanxi.world import Town

    town = Town(seed=7, people=people, start=START, shard=shard)
    total, events = blake2b(digest_size=16), 0
    for batch in town.step(town.ms_of(days)):
        buffer = io.BytesIO()
        batch.frame.rechunk().write_ipc(buffer)
        total.update(batch.kind.encode() + buffer.getvalue())
        events += len(batch)
    return Case(events=events, digest=total.hexdigest())


def _case(*arguments: str) -> tuple[Case, float, float, float]:
    """What a case said, its processor seconds, its peak memory in MB and its seconds on the clock."""
    done = module("guanxi.bench.town", arguments)
    return msgspec.json.decode(done.out, type=Case), done.cpu, done.peak_mb, done.wall


def _main(name: str, *rest: str) -> None:
    if name == "log":
        case = to_log(processes=int(rest[0]))
    elif name == "digest":
        case = digested(int(rest[0]))
    elif name == "million":
        case = stepped(MILLION, MILLION_DAYS, detail="trade")
    else:
        case = stepped()
    sys.stdout.buffer.write(msgspec.json.encode(case))


if __name__ == "__main__":
    _main(*sys.argv[1:])
