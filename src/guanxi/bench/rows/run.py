"""Running a row: every variant over its seeds; a long run is kept and goes on where it was."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import xxhash

from guanxi import __version__
from guanxi.bench.rows.score import Reading, Row, Score, Size, scored
from guanxi.core import SettingError


def run_row(
    row: Row, *, seeds: Sequence[int] | None = None, people: int | None = None, days: int | None = None,
    variant: str = "", full: bool = False, keep: Path | None = None, told: Callable[[int, int], None] | None = None,
) -> tuple[Score, ...]:  # fmt: skip
    """Return the scores of a row, a measure and a variant each.

    seeds, people, days   None: as the row says, for a bare or a full run
    variant               one of the row's; "": all
    keep                  folder in which finished worlds are kept, so that an interrupted run goes on
    told                  called with worlds done and in all
    raises                SettingError for a variant that the row has not
    """
    if variant and variant not in row.variants:
        known = ", ".join(row.variants)
        raise SettingError(f"{row.id} has no variant {variant!r:.40}", f"Use one of {known}", "variant")
    usual, count = row.full if full else row.bare
    size = Size(people=people or usual.people, days=days or usual.days)
    chosen, done = tuple(seeds or range(count)), 0
    variants = (variant,) if variant else row.variants
    found: list[Score] = []
    for one in variants:
        readings: dict[int, Sequence[Reading]] = {}
        for seed in chosen:
            readings[seed] = _kept(row, seed, one, size, keep)
            done += 1
            if told is not None:
                told(done, len(variants) * len(chosen))
        found += scored(row.id, one, readings)
    return tuple(found)


def _kept(row: Row, seed: int, variant: str, size: Size, keep: Path | None) -> Sequence[Reading]:
    """The readings of one world, from the folder when they are there."""
    if keep is None:
        return row.read(seed, variant, size)
    key = xxhash.xxh3_64_hexdigest(f"{__version__} {row.id} {seed} {variant} {size}".encode())
    path = keep / f"{row.id}-{key}.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=list[Reading])
    readings = row.read(seed, variant, size)
    keep.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.encode(readings))
    draft.replace(path)
    return readings
