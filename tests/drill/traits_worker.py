"""A process that keeps traits: it takes up the snapshot, feeds what the log holds behind it, stores snapshots."""

from pathlib import Path

import numpy as np

from guanxi.engines.trait_store import TraitStore
from guanxi.traits.family import traits
from guanxi.traits.measure import measures
from guanxi.traits.state import Plan, TraitState, compile_plan
from guanxi.traits.state import layout as L  # noqa: N812 - as in the state itself

CHUNK = 200
PARTIES = ("account", "device")


def plan() -> Plan:
    """The shipped rows of two parties, over sliding windows, days and life."""
    table = traits()
    return compile_plan([row for row in map(table.__getitem__, table) if row.party in PARTIES], measures())


def write_log(path: Path, made: Plan, count: int) -> None:
    """Events of everything that is measured, over 80 days, as the log would hold them."""
    rng = np.random.default_rng(5)
    events = np.zeros((count, made.event_words), np.int64)
    values = L.E_BITS + made.bit_words
    codes = values + len(made.values)
    events[:, L.E_CLOCK] = 1_780_000_000_000 + np.sort(rng.integers(0, 80 * 86_400_000, count))
    events[:, L.E_SEQ] = np.arange(1, count + 1)
    events[:, L.E_PRESENT] = rng.integers(0, 1 << len(made.values), count)
    events[:, L.E_BITS : values] = rng.integers(0, 1 << 62, (count, made.bit_words)) & rng.integers(0, 1 << 62)
    events[:, values:codes] = rng.integers(-100, 10**9, (count, len(made.values)))
    events[:, codes:-2] = rng.integers(0, 6, (count, len(made.codes)))
    events[:, -2:] = rng.zipf(1.4, (count, 2)) % 40
    np.save(path, events)


def keep(folder: Path, turns: Path) -> None:
    """Feed the log to its end; a line in `turns` for every start and for every snapshot."""
    made, store = plan(), TraitStore(folder)
    events = np.load(folder / "log.npy", mmap_mode="r")
    state = store.load(made) or TraitState(made)
    at = int(np.searchsorted(events[:, L.E_SEQ], state.last_seq, side="right"))
    say(turns, f"start {at}")
    while at < len(events):
        state.feed(np.ascontiguousarray(events[at : at + CHUNK]))
        at = min(at + CHUNK, len(events))
        store.save(state)
        say(turns, f"saved {at}")
    say(turns, f"end {state.digest()}")


def say(turns: Path, line: str) -> None:
    """Append a line."""
    with turns.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
