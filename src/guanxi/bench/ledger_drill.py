"""The ledger's drills: processes that are killed between any two writes, and processes that race for the last yuan.

Each process is forked from one that holds no connection, so a kill costs no start of Python. A killed process has
done, and been answered, any number of groups; its successor asks the last, perhaps unanswered, group again under the
same keys.
source   POSIX: SIGKILL cannot be caught; what was not synced may be lost with the machine, not with the process
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from guanxi.engines.control import Control
from guanxi.ledger import (
    ISSUER,
    LARGEST,
    Account,
    Move,
    Receipt,
    Release,
    Request,
    Reserve,
    Settle,
    Transfer,
    opaque_id,
)

START_MS: Final = 1_767_326_400_000
DAY_MS: Final = 86_400_000
MEMBERS: Final = 40


def open_town(folder: Path) -> None:
    """A ledger with an issuer, a quota of 10,000 and some members, in a control database of its own."""
    control = Control.open(folder)
    control.ledger.open_many(
        [
            Account(id=_id("issuer"), unit="points", kind=ISSUER, floor=-LARGEST),
            Account(id=_id("quota"), unit="points", kind="quota", cap=10_000),
            *(Account(id=_id(f"member {place}"), unit="points", floor=-20 * (place < 4)) for place in range(MEMBERS)),
        ]
    )
    control.close()


def random_group(number: int, *, seed: int, size: int) -> tuple[int, list[Request]]:
    """The requests of group `number`, always the same ones, and their instant."""
    dice = random.Random(f"{seed} {number}")  # noqa: S311 - a drill, repeatable
    now_ms = START_MS + number * DAY_MS // 50
    return now_ms, [_request(dice, seed, number, (place, size), now_ms) for place in range(size)]


def kill_drill(folder: Path, *, kills: int, seed: int = 7, size: int = 25) -> dict[str, int]:
    """Kill a posting process again and again, then count.

    folder    empty; a control database is made in it
    size      requests in a group
    returns   kills; groups answered; operations asked in them; entries written; repeated: groups that were committed,
              but whose process died before it could say so; then what must be 0: lost (requests that were answered
              with a receipt and are not there) and the counts of the audit
    """
    open_town(folder)
    dice, done, repeated = random.Random(seed), 0, 0  # noqa: S311 - a drill, repeatable
    kept: list[Request] = []
    for _ in range(kills):
        child, answers = _fork(partial(_post_groups, folder, done, seed, size))
        with os.fdopen(answers, "rb") as told:
            lines = [told.readline()]  # it has opened the database and done a group
            time.sleep(dice.uniform(0, 0.08))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            lines += told.read().splitlines()
        for line in lines:
            number, mask, again = (int(word, 16) for word in line.split())
            asked = random_group(number, seed=seed, size=size)[1]
            kept += [request for place, request in enumerate(asked) if mask >> place & 1]
            repeated += again
            done = number + 1
    control = Control.open(folder)
    store = control.ledger
    before = store.size()
    found = store.post_many(kept, now_ms=START_MS)
    lost = sum(not isinstance(one, Receipt) or one.first >= before for one in found)
    count = store.audit()
    control.close()
    return {
        "kills": kills, "groups": done, "operations": done * size, "entries": count.entries, "repeated": repeated,
        "lost": lost, "imbalance": count.imbalance, "overdraft": count.overdraft, "double_settle": count.double_settle,
        "wrong_keys": count.keys, "wrong_lots": count.lots, "wrong_limits": count.limits, "wrong_nodes": count.nodes,
        "broken": int(count.broken is not None),
    }  # fmt: skip


def random_drill(folder: Path, *, operations: int, seed: int = 11, size: int = 1_000) -> dict[str, int]:
    """Post random requests in groups of `size`, change a limit after each, then count.

    folder    empty; a control database is made in it
    returns   operations; admitted (those with a receipt); entries; and the counts of the audit
    """
    open_town(folder)
    control = Control.open(folder)
    store = control.ledger
    admitted = 0
    for number in range(operations // size):
        now_ms, asked = random_group(number, seed=seed, size=size)
        admitted += sum(isinstance(one, Receipt) for one in store.post_many(asked, now_ms=now_ms))
        store.limit(_id("member 0"), floor=-number % 40 - 39, cap=500 + number % 7, now_ms=now_ms)
    count = store.audit()
    control.close()
    return {
        "operations": operations // size * size, "admitted": admitted, "entries": count.entries,
        "imbalance": count.imbalance, "overdraft": count.overdraft, "double_settle": count.double_settle,
        "wrong_keys": count.keys, "wrong_lots": count.lots, "wrong_limits": count.limits, "wrong_nodes": count.nodes,
        "broken": int(count.broken is not None),
    }  # fmt: skip


def race_drill(folder: Path, *, pots: int, racers: int = 2) -> dict[str, int]:
    """Processes take the last yuan of each of many accounts at once.

    folder    empty; a control database is made in it
    returns   pots; won: how often a process was told that it has it; overdraft and imbalance of the audit
    """
    control = Control.open(folder)
    store = control.ledger
    mint, till = _id("mint"), _id("till")
    store.open_many(
        [
            Account(id=mint, unit="fen", kind=ISSUER, floor=-LARGEST),
            Account(id=till, unit="fen"),
            *(Account(id=_id(f"pot {pot}"), unit="fen") for pot in range(pots)),
        ]
    )
    fill = [Transfer(_id(f"fill {pot}"), (Move(mint, _id(f"pot {pot}"), "fen", 100),)) for pot in range(pots)]
    store.post_many(fill, now_ms=START_MS)
    control.close()
    children = [_fork(partial(_take_pots, folder, pots, racer)) for racer in range(racers)]
    won = 0
    for child, answers in children:
        with os.fdopen(answers, "rb") as told:
            won += sum(int(line) for line in told)
        os.waitpid(child, 0)
    control = Control.open(folder)
    count = control.ledger.audit()
    control.close()
    return {"pots": pots, "won": won, "overdraft": count.overdraft, "imbalance": count.imbalance}


def main() -> None:
    """Run both drills in the folder named first, with as many kills as named second, and print what was counted."""
    folder, kills = Path(sys.argv[1]), int(sys.argv[2])
    for name in ("kill", "race"):
        (folder / name).mkdir()
    print(json.dumps([kill_drill(folder / "kill", kills=kills), race_drill(folder / "race", pots=60)]))  # noqa: T201


def _request(dice: random.Random, seed: int, number: int, place: tuple[int, int], now_ms: int) -> Request:
    """A request of any sort; settlements and releases name reservations of this group or of a few groups before."""
    key = _id(f"{seed} {number} {place[0]}")
    giver, taker = (_id(f"member {one}") for one in dice.sample(range(MEMBERS), 2))
    amount = dice.randint(1, 60)
    sort = dice.randrange(8)
    if sort < 2:
        until = now_ms + dice.randint(1, 200) * DAY_MS // 50 if sort else None
        return Transfer(key, (Move(_id("issuer"), taker, "points", amount, until),), "grant")
    if sort < 4:
        return Transfer(key, (Move(giver, taker, "points", amount), Move(taker, giver, "points", 1)))
    if sort < 6:
        until, dated = (now_ms + dice.randint(1, 200) * DAY_MS // 50 for _ in range(2))
        used = Move(_id("issuer"), _id("quota"), "points", 1, dated)
        return Reserve(key, (Move(giver, taker, "points", amount), used), until)
    hold = _id(f"{seed} {max(number - dice.randrange(3), 0)} {dice.randrange(place[1])}")
    return Settle(key, hold, (dice.randint(1, 30), dice.randint(0, 1))) if sort == 6 else Release(key, hold)


def _post_groups(folder: Path, start: int, seed: int, size: int, tell: int) -> None:
    """Post group after group until killed; after each commit, tell its number and which requests have a receipt."""
    store = Control.open(folder).ledger
    number = start
    while True:
        now_ms, asked = random_group(number, seed=seed, size=size)
        before = store.size()
        done = store.post_many(asked, now_ms=now_ms)
        mask = sum(1 << place for place, one in enumerate(done) if isinstance(one, Receipt))
        again = any(isinstance(one, Receipt) and one.first < before for one in done)
        os.write(tell, b"%x %x %x\n" % (number, mask, again))
        number += 1


def _take_pots(folder: Path, pots: int, racer: int, tell: int) -> None:
    """Take the whole of each pot, and tell 1 for each that was given."""
    control = Control.open(folder)
    store = control.ledger
    for pot in range(pots):
        take = Transfer(_id(f"take {racer} {pot}"), (Move(_id(f"pot {pot}"), _id("till"), "fen", 100),))
        done = store.post_many([take], now_ms=START_MS)[0]
        os.write(tell, b"%d\n" % isinstance(done, Receipt))
    control.close()


def _fork(work: Callable[[int], None]) -> tuple[int, int]:
    """Start a process that does `work` with the writing end of a pipe; returns its id and the reading end."""
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return child, read
    status = 1
    try:
        os.close(read)
        work(write)
        status = 0
    finally:
        os._exit(status)  # no clean-up of what belongs to the parent


def _id(word: str) -> str:
    return opaque_id(b"secret of the drills", word)


if __name__ == "__main__":
    main()
