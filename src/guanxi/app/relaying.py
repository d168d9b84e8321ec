"""Relaying: what control made true becomes part of the log, exactly once, in order."""

from typing import Final

from msgspec.structs import replace

from guanxi.app.importing import Taker
from guanxi.app.workspace import Workspace
from guanxi.core import Busy
from guanxi.engines.erasure import keep_out_events
from guanxi.engines.locks import GATE, owner
from guanxi.engines.log import now_ms

SOURCE: Final = "control"  # of events that control made
PART: Final = 1_000  # events handed over at once
ROUND: Final = 20  # parts in one look of the keeper, which has other work


def relay_events(workspace: Workspace, taker: Taker, *, parts: int | None = None) -> int:
    """Hand over the events that wait, oldest first; return how many the log did not hold yet.

    An event is taken away only when the log has it; killed anywhere, the next call hands it over under the same id.

    parts   at most so many times PART events; None = all that wait
    raises  Busy when the gate that serves does not answer
    """
    stored = 0
    while parts is None or parts > 0:
        waiting = workspace.control.relay.take(limit=PART)
        # Live: traits count them from when the log learnt of them, as they do for what a gate receives.
        received = now_ms()
        kept = keep_out_events(waiting, workspace.vault)
        stored += taker.append([replace(one, received_ms=received, live=True, source=SOURCE) for one in kept])
        workspace.control.relay.done(waiting)
        if len(waiting) < PART:
            break
        parts = None if parts is None else parts - 1
    return stored


def relay_now(workspace: Workspace, *, doing: str) -> int:
    """Hand over what waits, for a command that has just made some; return how many events are new in the log.

    When another command is using the log, what waits stays for that command's successor or for the keeper.

    doing   the command, as other processes are told: "guanxi send"
    """
    if not workspace.control.relay.waiting():
        return 0
    try:
        with Taker(workspace, doing=doing) as taker:
            return relay_events(workspace, taker)
    except Busy:
        return 0


def relay_round(workspace: Workspace) -> int:
    """One look of the keeper: hand over what waits to the gate that serves; nothing while it is not there.

    returns  how many events are new in the log
    """
    held = owner(workspace.folder, GATE)
    if held is None or not held.url or not workspace.control.relay.waiting():
        return 0  # not by taking the lock: the gate that comes back would find it held
    try:
        with Taker(workspace, doing="guanxi serve") as taker:
            return relay_events(workspace, taker, parts=ROUND)
    except Busy:
        return 0
