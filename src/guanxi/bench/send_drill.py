"""The drill of sending: a worker that is killed again and again, a receiver that misbehaves, and a count of effects.

Receiver and worker are processes. Workers are forked from one that holds no connection, so a kill costs no start of
Python; each finds what the one before left behind.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from guanxi.actions import Outgoing, Pace
from guanxi.app import Courier, Way
from guanxi.core import DataError
from guanxi.engines.control import Control
from guanxi.engines.senders import WebhookSender
from guanxi.events import event_id
from guanxi.ledger import ISSUER, LARGEST, Account, Move, Reserve, opaque_id

DAY_MS: Final = 86_400_000
AT_ONCE: Final = 8
PACE: Final = Pace(first_ms=50, most_ms=1_000, failures=64)  # a drill has no hours
SHARE: Final = 0.12  # of requests that go wrong
#: Where a worker is killed: after it took rows, after it sent and before it wrote that down, amid writing, after it.
SEAMS: Final = ("taken", "sent", "settling", "recorded")
_SECRET: Final = b"secret of the drills"
_GROUP: Final = 500


def fill(folder: Path, count: int) -> list[str]:
    """Put `count` messages in the outbox of a new control database, each with a reservation; returns their ids."""
    control, now_ms = Control.open(folder), _now()
    source, used = _id("source"), _id("used")
    control.ledger.open(Account(id=source, unit="contacts", kind=ISSUER, floor=-LARGEST))
    control.ledger.open(Account(id=used, unit="contacts", kind="used", cap=count))
    ids = [event_id("drill", str(number)) for number in range(count)]
    for at in range(0, count, _GROUP):
        some = ids[at : at + _GROUP]
        with control.transaction() as connection:
            holds = [
                Reserve(_id(one), (Move(source, used, "contacts", 1),), now_ms + 2 * DAY_MS) for one in some
            ]  # fmt: skip
            control.ledger.post_in(connection, holds, now_ms=now_ms)
            control.outbox.put_in(connection, [_row(one, now_ms) for one in some], now_ms=now_ms)
    control.close()
    return ids


def work(folder: Path, port: int, keys: bool, seam: str = "") -> None:
    """Send until nothing is left.

    seam   the worker kills itself there, the third time it comes by; "" = it does not
    """
    control = Control.open(folder)
    if seam:
        _arm(control, seam)
    sender = WebhookSender(
        f"http://127.0.0.1:{port}/", b"k" * 32, now=_now, allow_private=True, keys=keys, at_once=AT_ONCE, timeout_s=1.0
    )
    ways = {"drill": Way(sender=sender, channels=("app",))}
    with Courier(control, ways, lambda row, now_ms: None, _now, pace=PACE, alone=True) as courier:
        while True:
            courier.round()
            if control.outbox.next_due() is None:
                break
            time.sleep(0.02)
    control.close()


def kill_drill(
    folder: Path, *, count: int, kills: int, keys: bool, share: float = SHARE, seed: int = 7, seams: bool = True
) -> dict[str, int]:
    """Send while the worker is killed and the receiver misbehaves, then count.

    folder    empty; a control database is made in it
    kills     at random moments; with `seams` also once at each of SEAMS
    returns   actions, kills, requests that were effects; then what must be 0: lost (never done), unsent (not told as
              sent), unsettled (reservations that did not become use), untold (events missing), and `duplicates`:
              effects beyond the first; `unmarked`: those whose row does not say that it may have been done twice;
              `uncertain`: rows that say so
    """
    ids, dice = fill(folder, count), random.Random(seed)  # noqa: S311 - a drill, repeatable
    killed = 0
    with _receiver(folder, keys=keys, share=share, seed=seed) as (port, receiver):
        for seam in SEAMS if seams else ():
            killed += _wait(_fork(partial(work, folder, port, keys, seam))) == -signal.SIGKILL
        for _ in range(kills):
            child = _fork(partial(work, folder, port, keys))
            time.sleep(dice.uniform(0.05, 0.6))
            os.kill(child, signal.SIGKILL)
            killed += _wait(child) == -signal.SIGKILL
        status = _wait(_fork(partial(work, folder, port, keys)))
        if status or receiver.poll() is not None:
            raise DataError(f"a process of the drill ended with {status or receiver.poll()}", "Run it by hand")
    return {"actions": count, "kills": killed, **_counted(folder, ids)}


def clean_run(folder: Path, *, count: int) -> float:
    """Send to a receiver that works well; returns actions per second of wall time."""
    fill(folder, count)
    with _receiver(folder, keys=True, share=0.0, seed=1) as (port, _):
        begin = time.perf_counter()
        status = _wait(_fork(partial(work, folder, port, True)))
        took = time.perf_counter() - begin
    if status:
        raise DataError(f"a process of the drill ended with {status}", "Run it by hand")
    return count / took


def main() -> None:
    """Run both drills in the folder named first, with as many actions and kills as named next, and print the counts."""
    folder, count, kills = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    found = {}
    for kind in ("keys", "plain"):
        (folder / kind).mkdir()
        found[kind] = kill_drill(folder / kind, count=count, kills=kills, keys=kind == "keys")
    print(json.dumps(found))  # noqa: T201


class _receiver:  # noqa: N801 - used as a word
    """A receiver in a process of its own, and the port that it listens on."""

    def __init__(self, folder: Path, *, keys: bool, share: float, seed: int) -> None:
        self._folder = folder
        words = [str(folder), "keys" if keys else "plain", str(share), str(seed)]
        self._process = subprocess.Popen([sys.executable, "-m", "guanxi.bench.send_receiver", *words])  # noqa: S603 - ours

    def __enter__(self) -> tuple[int, "subprocess.Popen[bytes]"]:
        port, until = self._folder / "port", time.monotonic() + 60
        while not (port.exists() and port.read_text()):
            if self._process.poll() is not None or time.monotonic() > until:
                raise DataError("the receiver of the drill did not start", "Run python -m guanxi.bench.send_receiver")
            time.sleep(0.02)
        return int(port.read_text()), self._process

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()


def _counted(folder: Path, ids: list[str]) -> dict[str, int]:
    effects = Counter((folder / "effects").read_text("ascii").split())
    control = Control.open(folder)
    rows = {}
    after = 0
    while page := control.outbox.page(after=after, limit=2_000):
        rows.update({row.id: row for _, row in page})
        after = page[-1][0]
    used = control.ledger.standing(_id("used"))
    told = control.relay.waiting()
    control.close()
    twice = {one: times - 1 for one, times in effects.items() if times > 1}
    return {
        "effects": effects.total(),
        "duplicates": sum(twice.values()),
        "unmarked": sum(not rows[one].uncertain for one in twice),
        "uncertain": sum(row.uncertain for row in rows.values()),
        "lost": sum(one not in effects for one in ids),
        "unsent": sum(rows[one].state != "sent" for one in ids),
        "unsettled": abs(used.balance - len(ids)) + used.coming,
        "untold": abs(told - len(ids)),
    }


def _arm(control: Control, seam: str) -> None:
    """Let the process kill itself at a seam."""
    seen = 0

    def die_at(what: Callable[..., Any], before: bool) -> Callable[..., Any]:
        def armed(*arguments: Any, **named: Any) -> Any:
            nonlocal seen
            seen += 1
            if before and seen == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            found = what(*arguments, **named)
            if seen == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return armed

    place = {
        "taken": (control.outbox, "take", False), "sent": (control.outbox, "record", True),
        "settling": (control.ledger, "post_in", False), "recorded": (control.outbox, "record", False),
    }[seam]  # fmt: skip
    owner, name, before = place
    setattr(owner, name, die_at(getattr(owner, name), before))


def _row(id_: str, now_ms: int) -> Outgoing:
    return Outgoing(
        id=id_, decision=event_id("decided", id_), run="drill", party=f"account:app:{id_[:8]}", kind="message",
        channel="app", body=(("channel", "app"), ("content", "spring"), ("purpose", "message")), dry=False,
        hold=_id(id_), not_before_ms=now_ms, not_after_ms=now_ms + DAY_MS,
    )  # fmt: skip


def _fork(act: Callable[[], None]) -> int:
    """Start a process that does something; returns its id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        act()
        status = 0
    finally:
        os._exit(status)  # no clean-up of what belongs to the parent


def _wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _id(word: str) -> str:
    return opaque_id(_SECRET, word)


def _now() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
