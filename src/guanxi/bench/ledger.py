"""The bench of the ledger: how fast it is when nothing may be lost, and whether it is ever wrong."""

import os
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from guanxi.bench.ledger_drill import DAY_MS, START_MS, kill_drill, race_drill, random_drill
from guanxi.bench.report import Figure, at_least, at_most, colour
from guanxi.engines.control import Control
from guanxi.ledger import (
    ISSUER,
    LARGEST,
    Account,
    Edge,
    Move,
    Receipt,
    Reserve,
    Transfer,
    entry_bytes,
    leaf_hash,
    leaf_hashes,
    verify_consistency,
    verify_inclusion,
    verify_run,
)

GROUP: Final = 1_000  # transfers in one durable commit
GROUPS: Final = 100
ACCOUNTS: Final = 10_000
SINGLES: Final = 400
OPERATIONS: Final = 1_000_000
KILLS: Final = 50
FLIPS: Final = 400
PROOFS: Final = 200


def run(_data: Path, *, operations: int = OPERATIONS, kills: int = KILLS, groups: int = GROUPS) -> Sequence[Figure]:
    """Measure speed, then count what is wrong after random requests, kills, races and flipped bytes."""
    with tempfile.TemporaryDirectory(prefix="guanxi-ledger-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for part in ("speed", "limits", "random", "kill", "race"):
            (folder / part).mkdir()
        return [
            *_speed(folder / "speed", groups),
            _limited(folder / "limits", max(groups // 20, 1)),
            *_drilled(random_drill(folder / "random", operations=operations), "random"),
            *_proved(folder / "random"),
            *_drilled(kill_drill(folder / "kill", kills=kills), "kill"),
            *_raced(race_drill(folder / "race", pots=200)),
            at_most("rfc6962_mismatches", _mismatches(), "vectors", 0),
        ]


def _speed(folder: Path, groups: int) -> list[Figure]:
    control = Control.open(folder)
    store, dice = control.ledger, random.Random(7)  # noqa: S311 - a bench, repeatable
    bank, members = _new_id(), [_new_id() for _ in range(ACCOUNTS)]
    store.open(Account(id=bank, unit="points", kind=ISSUER, floor=-LARGEST))
    store.open_many(Account(id=one, unit="points") for one in members)
    asked = [[_grant(bank, dice.choice(members)) for _ in range(GROUP)] for _ in range(groups)]
    wall, cpu, waited = time.perf_counter(), time.process_time(), _waited()
    done = sum(isinstance(one, Receipt) for group in asked for one in store.post_many(group, now_ms=START_MS))
    wall, cpu, waited = time.perf_counter() - wall, time.process_time() - cpu, _waited() - waited
    singles = []
    for _ in range(SINGLES):
        begin = time.perf_counter()
        store.post(_grant(bank, dice.choice(members)), now_ms=START_MS)
        singles.append((time.perf_counter() - begin) * 1000)
    singles.sort()
    begin = time.perf_counter()
    rows, hashes = zip(*store.rows(), strict=True)
    read = time.perf_counter() - begin
    begin = time.perf_counter()
    found = verify_run(rows, hashes)
    verified = time.perf_counter() - begin
    control.close()
    return [
        at_least("transfers_per_s", done / wall, "1/s", 30_000),
        colour("transfers_per_s_on_own_core", done / (wall - waited), "1/s"),
        colour("transfers_per_cpu_s", done / cpu, "1/s"),
        colour("single_p50_ms", singles[len(singles) // 2], "ms"),
        colour("single_p99_ms", singles[int(len(singles) * 0.99)], "ms"),
        at_least("verify_entries_per_s", len(rows) / verified, "1/s", 500_000),
        colour("read_entries_per_s", len(rows) / read, "1/s"),
        at_most("verify_faults", found is not None, "entries", 0),
        at_most("flips_missed", _missed(rows[:500], hashes[:500], dice), "bytes", 0),
    ]


def _limited(folder: Path, batches: int) -> Figure:
    """Decisions that each open, read and reserve three limits of a person and one of all, `GROUP` in a transaction."""
    control = Control.open(folder)
    store, took = control.ledger, 0.0
    source = Account(id=_new_id(), unit="contacts", kind=ISSUER, floor=-LARGEST)
    shared = Account(id=_new_id(), unit="contacts", kind="used", cap=LARGEST)
    for _ in range(batches):
        used = [[Account(id=_new_id(), unit="contacts", kind="used", cap=3) for _ in range(3)] for _ in range(GROUP)]
        accounts = [source, shared, *(account for own in used for account in own)]
        begin = time.perf_counter()
        with control.transaction() as connection:
            store.ensure_in(connection, accounts, now_ms=START_MS)
            store.standings_in(connection, [account.id for account in accounts])
            asked = [
                Reserve(_new_id(), tuple(_use(source, account) for account in (*own, shared)), START_MS + DAY_MS)
                for own in used
            ]
            done = store.post_in(connection, asked, now_ms=START_MS)
        took += time.perf_counter() - begin
        assert all(isinstance(one, Receipt) for one in done)  # noqa: S101 - nothing here may be refused
    control.close()
    return colour("decisions_with_4_limits_per_s", batches * GROUP / took, "1/s")


def _use(source: Account, account: Account) -> Move:
    return Move(source.id, account.id, "contacts", 1, START_MS + 7 * DAY_MS)


def _waited() -> float:
    """Seconds that this thread was ready and had no core, since others had them; 0.0 where the system does not tell.

    source   Linux: Documentation/scheduler/sched-stats.rst, the second field of a thread's schedstat
    """
    told = Path("/proc/thread-self/schedstat")
    return int(told.read_text().split()[1]) / 1e9 if told.exists() else 0.0


def _proved(folder: Path) -> list[Figure]:
    """Proofs of any entry and any older size of a ledger that is there, each checked as an outsider would."""
    control = Control.open(folder)
    store, dice = control.ledger, random.Random(7)  # noqa: S311 - a bench, repeatable
    size, root = store.size(), store.root()
    took: dict[str, list[float]] = {"inclusion": [], "consistency": []}
    wrong = 0
    for _ in range(PROOFS):
        number, old = dice.randrange(size), dice.randrange(size)
        begin = time.perf_counter()
        proof = store.inclusion(number)
        took["inclusion"].append((time.perf_counter() - begin) * 1000)
        begin = time.perf_counter()
        grown = store.consistency(old)
        took["consistency"].append((time.perf_counter() - begin) * 1000)
        path, tie = ([bytes.fromhex(word) for word in one.path] for one in (proof, grown))
        leaf = leaf_hash(entry_bytes(proof.entry))
        wrong += not verify_inclusion(leaf, number, size=size, path=path, root=root)
        wrong += not verify_consistency(old, size, path=tie, old_root=store.root(old), new_root=root)
    control.close()
    return [
        *(colour(f"{name}_p99_ms", sorted(taken)[int(PROOFS * 0.99)], "ms") for name, taken in took.items()),
        at_most("proofs_wrong", wrong, "", 0),
    ]


def _missed(rows: Sequence[bytes], hashes: Sequence[bytes], dice: random.Random) -> int:
    """Flipped bytes, anywhere in the entries and hashes, that the chain does not find at their place."""
    missed = 0
    for _ in range(FLIPS):
        changed = [list(rows), list(hashes)]
        side, at = changed[dice.randrange(2)], dice.randrange(len(rows))
        place = dice.randrange(len(side[at]))
        word = bytearray(side[at])
        word[place] ^= 1 << dice.randrange(8)
        side[at] = bytes(word)
        found = verify_run(*changed)
        missed += found is None or found.number != at
    return missed


def _drilled(counted: dict[str, int], drill: str) -> list[Figure]:
    told = ("operations", "admitted", "entries", "kills", "groups", "repeated")
    return [
        colour(f"{drill}_{name}", value, "") if name in told else at_most(f"{drill}_{name}", value, "", 0)
        for name, value in counted.items()
    ]


def _raced(counted: dict[str, int]) -> list[Figure]:
    return [
        colour("race_pots", counted["pots"], ""),
        at_most("race_won_twice", abs(counted["won"] - counted["pots"]), "", 0),
        at_most("race_overdraft", counted["overdraft"], "", 0),
        at_most("race_imbalance", counted["imbalance"], "", 0),
    ]


def _mismatches() -> int:
    """Roots of the test vectors of certificate transparency that come out otherwise."""
    edge, wrong = Edge(), 0
    for leaf, root in zip(_LEAVES, _ROOTS, strict=True):
        edge.append(leaf_hash(bytes.fromhex(leaf)))
        wrong += edge.root().hex() != root
    whole = Edge()
    whole.extend(leaf_hashes(bytes.fromhex(leaf) for leaf in _LEAVES))
    return wrong + (whole.root().hex() != _ROOTS[-1])


def _grant(bank: str, member: str) -> Transfer:
    return Transfer(_new_id(), (Move(bank, member, "points", 5),), "grant")


def _new_id() -> str:
    return os.urandom(16).hex()


#: Test vectors of certificate-transparency-go: eight leaves, and the root after each.
_LEAVES: Final = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
_ROOTS: Final = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
