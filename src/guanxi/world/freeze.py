"""A town between processes: its private arrays, what is due, and what it was made from."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl
from numpy.typing import NDArray

from guanxi.core import SettingError
from guanxi.events import EventBatch
from guanxi.world.founding import BASE, Charter, found
from guanxi.world.snapshot import read_snapshot, write_snapshot
from guanxi.world.spec import Dial, Mechanism
from guanxi.world.tables import Told
from guanxi.world.turn import Core

_TOLD: Final = tuple(name for name in Told.__dataclass_fields__ if name != "decision")


def freeze(path: Path, charter: Charter, core: Core, day: int, queue: pl.DataFrame) -> str:
    """Write a town and return the hash of the file's content.

    queue   decisions not yet delivered
    """
    arrays = {f"core/{name}": values for name, values in core.state.arrays.items()}
    for name, one in core.all_parts().items():
        arrays |= {f"{name}/{key}": values for key, values in one.state.arrays.items()}
    frames = {f"later/{n}": batch.frame for n, batch in enumerate(core.later)} | {"queue": queue}
    if core.waiting is not None:
        arrays |= {f"waiting/{key}": getattr(core.waiting, key) for key in _TOLD}
        frames["waiting"] = pl.DataFrame({"decision": core.waiting.decision.cast(pl.String)})
    if core.waiting_told is not None:
        frames["waiting_told"] = core.waiting_told
    meta = {
        "charter": dataclasses.asdict(charter), "detail": core.detail, "day": day,
        "kinds": [batch.kind for batch in core.later], "effects": core.effects, "violations": core.violations,
        "extras": [one.spec.name for one in core.extras],
        "dials": {name: dataclasses.asdict(one.dial) for name, one in core.all_parts().items()},
    }  # fmt: skip
    return write_snapshot(path, meta, arrays, frames)


def thaw(path: Path, mechanisms: Sequence[Mechanism], shard: int) -> tuple[Charter, Core, int, pl.DataFrame]:
    """Return what `freeze` was given; `mechanisms` beside the base as the town was made with.

    raises   DataError when the file is no whole snapshot, SettingError when the mechanisms are others
    """
    meta, arrays, frames = read_snapshot(path)
    names = sorted(one.spec.name for one in mechanisms)
    if names != meta["extras"]:
        raise SettingError(f"the snapshot has the mechanisms {meta['extras']}, not {names}", "Pass the same ones")
    dials = {name: Dial(**row) for name, row in meta["dials"].items()}
    charter = Charter(**{**meta["charter"], "start": date.fromisoformat(meta["charter"]["start"])})
    base = {part.spec.name for part in BASE}
    core = found(charter, mechanisms=mechanisms, dials={k: v for k, v in dials.items() if k in base}, shard=shard)
    core.extras = tuple(one.fork(strength=dials[one.spec.name].strength) for one in core.extras)
    _load(core, meta, arrays, frames)
    return charter, core, meta["day"], frames["queue"]


def _load(
    core: Core, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], frames: Mapping[str, pl.DataFrame]
) -> None:
    states = {"core": core.state} | {name: one.state for name, one in core.all_parts().items()}
    waiting: dict[str, NDArray[Any]] = {}
    for path, values in arrays.items():
        owner, name = path.split("/", 1)
        if owner == "waiting":
            waiting[name] = values
        else:
            states[owner][name] = values
    if waiting:
        core.waiting = Told(**waiting, decision=frames["waiting"]["decision"])
    core.waiting_told = frames.get("waiting_told")
    core.later = [EventBatch(kind, frames[f"later/{n}"]) for n, kind in enumerate(meta["kinds"])]
    core.effects = [tuple(row) for row in meta["effects"]]
    core.violations = [tuple(row) for row in meta["violations"]]
    core.detail = meta["detail"]
