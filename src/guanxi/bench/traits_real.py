"""Real: public data sets through import and replay, checked against their raw files and judged by what they tell."""

import resource
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from guanxi.app import Workspace, import_files, sources, trait_table
from guanxi.app import traits as asked
from guanxi.bench.fraud_score import SEEDS, booster, judge, judge_by_time
from guanxi.bench.real_truths import JD, JOURNEY, SEEN, Real, differing, of_files
from guanxi.bench.report import Figure, at_least, at_most, colour
from guanxi.core import DAY_MS, DataError, NotFound
from guanxi.events import shipped
from guanxi.traits import PARTIES, Trait, midnight_before, traits

SLACK: Final = 0.003  # by how much traits may score below the features made by hand
SHOWN: Final = 15  # traits whose share of the gain is told
FRAUD: Final = "fraud_data.parquet"
_FORM: Final = "%m/%d/%Y %H:%M"  # of the times in FRAUD


def run(data: Path) -> Sequence[Figure]:
    """Import three public data sets into fresh workspaces, read every row of the catalogue, score fraud.

    raises  MissingEngine without LightGBM; NotFound without the data
    """
    booster()
    for folder, file in ((JOURNEY.folder, "transactions"), (JD.folder, "bo_action"), ("ecommerce_fraud", "fraud_data")):
        if not (data / folder / f"{file}.parquet").exists():
            raise NotFound(f"there is no {folder} in {data.name!r}", "Name the folder of the data sets with --data")
    return [
        *parties(data, JD), *parties(data, JOURNEY), *fraud(data / "ecommerce_fraud"),
        colour("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB"),
    ]  # fmt: skip


def parties(data: Path, real: Real) -> list[Figure]:
    """Import a data set, read the whole catalogue of its parties, and compare some traits with SQL."""
    folder, until = data / real.folder, int(real.until.timestamp() * 1000)
    with TemporaryDirectory(prefix="guanxi-bench-") as home, imported(
        Path(home), [folder / f"{name}.parquet" for name in real.files]
    ) as (workspace, seconds):  # fmt: skip
        frames, read, begin = {}, 0, time.monotonic()
        for party in real.parties:
            names = [row.name for row in _rows(party)]
            frames[party] = pl.concat(asked.everyone(workspace, party, names, until=until))
            read += _naming(workspace, party)
        wall = time.monotonic() - begin
        wrong = cells = 0
        for party, query in real.truths:
            truth = of_files(
                query, folder=folder, until=until, month=until - 30 * DAY_MS,
                quarter=midnight_before(until) - 89 * DAY_MS,
            )  # fmt: skip
            wrong += differing(frames[party], truth)
            cells += truth.height * (truth.width - 1)
        rows = [row for party in real.parties for row in _rows(party)]
        events = workspace.reader.last_seq()
    return [
        at_most(f"{real.short}_differing", wrong, "cells", 0), colour(f"{real.short}_compared", cells, "cells"),
        *_told(real.short, events, seconds, read / wall, rows, frames),
    ]  # fmt: skip


def fraud(folder: Path, *, seeds: int = SEEDS) -> list[Figure]:
    """Import first orders, read what each saw, and let the same booster judge traits, raw columns and the peer.

    The peer's five features are those of the notes, of the past alone: seconds from sign-up to purchase, earlier
    sign-ups on the same device and on the same IP address, and seconds since the last of each; alone and with the raw
    columns beside them. The bar is the better of the two.
    """
    until = int(datetime(2016, 1, 1, tzinfo=UTC).timestamp() * 1000)
    with TemporaryDirectory(prefix="guanxi-bench-") as home, imported(Path(home), [folder / FRAUD]) as made:
        workspace, seconds = made
        rows = [row for party in ("person", "account", "device", "ip") for row in _rows(party)
                if "risk" in row.uses]  # fmt: skip
        begin = time.monotonic()
        names = [row.name for row in rows]
        seen = pl.concat(trait_table.table(workspace, "orders", names, cut_off=until, use="risk"))
        speed = _naming(workspace, "person") / (time.monotonic() - begin)
        events = workspace.reader.last_seq()
    truth = of_files(SEEN, folder=folder, month=30 * DAY_MS, week=7 * DAY_MS)
    raw = pl.read_parquet(folder / FRAUD).with_row_index("row")
    seen = raw.select(account="account:web:" + pl.col("user_id").cast(pl.String)).join(
        seen, on="account", how="left", maintain_order="left"
    )
    return [
        at_most("ecommerce_differing", differing(seen.rename({"account": "party"}), truth), "cells", 0),
        colour("ecommerce_compared", truth.height * (truth.width - 1), "cells"),
        *_told("ecommerce", events, seconds, speed, rows, {"": seen}), *scored(raw, seen.select(names), seeds=seeds),
    ]  # fmt: skip


def scored(raw: pl.DataFrame, seen: pl.DataFrame, *, seeds: int) -> list[Figure]:
    """Judge traits against raw columns and the peer, in the same folds."""
    truth = raw["class"].to_numpy() == 1
    clock = raw["purchase_time"].str.to_datetime(_FORM).dt.timestamp("ms").to_numpy()
    seen = seen.select(name for name in seen.columns if seen[name].n_unique() > 1)  # no tree can split the others
    plain, five = raw_columns(raw), five_features(raw)
    judged = {
        name: judge(features, truth, seeds=seeds)
        for name, features in (
            ("traits", seen), ("raw", plain), ("five", five), ("raw_five", pl.concat([plain, five], how="horizontal")),
        )
    }  # fmt: skip
    ours, peers = judged["traits"], [judged["five"], judged["raw_five"]]
    best = sorted(ours.gain.items(), key=lambda one: -one[1])[:SHOWN]
    return [
        at_least("ecommerce_auc", ours.auc, "AUC", max(one.auc for one in peers) - SLACK),
        at_least("ecommerce_recall_at_1pct", ours.recall, "share", max(one.recall for one in peers) - SLACK),
        *(colour(f"ecommerce_auc_{name}", one.auc, "AUC") for name, one in judged.items() if name != "traits"),
        *(colour(f"ecommerce_recall_{name}", one.recall, "share") for name, one in judged.items() if name != "traits"),
        colour("ecommerce_by_time_auc", judge_by_time(seen, truth, clock), "AUC"),
        colour("ecommerce_by_time_auc_five", judge_by_time(five, truth, clock), "AUC"),
        colour("ecommerce_seeds", seeds, "seeds"), colour("ecommerce_rate", float(truth.mean()), "share"),
        *(colour(f"gain {name}", share, "share") for name, share in best),
    ]  # fmt: skip


def raw_columns(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the file's own columns as numbers; texts by their rank. Times and names of devices are none."""
    texts = (pl.col(name).rank("dense") for name in ("source", "browser", "sex"))
    return raw.select("purchase_value", "age", "ip_address", *texts)


def five_features(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the five features made by hand, as known when the account signed up; rows in the order of the file."""
    joined, bought = (pl.col(name).str.to_datetime(_FORM) for name in ("signup_time", "purchase_time"))
    since = pl.col("joined").diff().dt.total_seconds()
    columns = [(pl.col("bought") - pl.col("joined")).dt.total_seconds().alias("waited")]
    for key in ("device_id", "ip_address"):
        columns += [pl.int_range(pl.len()).over(key).alias(f"earlier_{key}"), since.over(key).alias(f"since_{key}")]
    table = raw.with_columns(joined=joined, bought=bought).sort("joined", "row").select("row", *columns)
    return table.sort("row").drop("row")


@contextmanager
def imported(home: Path, files: Iterable[Path]) -> Iterator[tuple[Workspace, float]]:
    """Import files into a fresh workspace by the presets their content fits; yield it and the seconds it took.

    raises  DataError when a row was not accepted
    """
    workspace, _ = Workspace.create(home / "workspace")
    with workspace:
        report = import_files(workspace, [pair for path in files for pair in sources.choose(path)])
        if report.accepted != report.rows or report.stored != workspace.reader.last_seq():
            raise DataError(
                f"of {report.rows:,} rows {report.accepted:,} were accepted",
                "Import the file by hand and see `guanxi parked list`",
            )
        yield workspace, report.seconds


def _rows(party: str) -> list[Trait]:
    return [row for row in traits().values() if row.party == party and not row.via]


def _naming(workspace: Workspace, party: str) -> int:
    """Return how many events are of kinds that may name a party: so many are read."""
    role, counts = PARTIES[party].role, workspace.reader.counts()
    return sum(count for kind, count in counts.items() if role in shipped()[kind].role_names)


def _told(
    short: str, events: int, seconds: float, speed: float, rows: Sequence[Trait], frames: Mapping[str, pl.DataFrame]
) -> list[Figure]:  # fmt: skip
    """Figures of colour: how many events, how fast, and how much of the catalogue these data fill.

    frames  party -> what is known of each of its kind; "" = one frame has all rows
    """
    columns = [frames.get(row.party, frames.get("", pl.DataFrame()))[row.name] for row in rows]
    varied = sum(column.n_unique() > 1 for column in columns)
    return [
        colour(f"{short}_events", events, "events"), colour(f"{short}_import_s", seconds, "s"),
        colour(f"{short}_replay_events_per_s", speed, "events/s"),
        colour(f"{short}_read", sum(len(frame) for frame in frames.values()), "rows"),
        colour(f"{short}_traits", len(rows), "traits"), colour(f"{short}_varied", varied / len(rows), "share"),
        colour(f"{short}_unknown", sum(one.null_count() for one in columns) / sum(map(len, columns)), "share"),
    ]  # fmt: skip
