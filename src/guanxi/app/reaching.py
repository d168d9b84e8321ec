"""Taking back what was not sent, and trying again what was given up; each is written into the operation log."""

from collections.abc import Sequence
from typing import Final

import msgspec

from guanxi.actions import Pace
from guanxi.app.workspace import Workspace
from guanxi.core import DataError
from guanxi.engines.control import ReachFilter

MOST: Final = 5_000  # rows in one request
ARRIVED: Final = "a receipt says that it arrived: it is not sent twice"
DOUBT: Final = "it may have arrived: ask the receiver, then try again with `uncertain`"


class TakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """What came of taking back.

    withdrawn  rows that are not sent any more
    sent       too late for these; dry runs are counted here too
    sending    under way: sent when this attempt succeeds, else taken back
    """

    withdrawn: int
    sent: int
    sending: int


class NotAgain(msgspec.Struct, frozen=True):
    """Rows that are not tried again, and why."""

    why: str
    rows: int


class TriedAgain(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking for another try.

    rows     that will be tried again
    refused  why not -> how many
    left     of a group: how many more may be asked for, because one request takes at most MOST
    """

    rows: int
    refused: tuple[NotAgain, ...] = ()
    left: int = 0


def withdraw(
    workspace: Workspace, *, run: str = "", ids: Sequence[str] = (), who: str, ip: str = "", now_ms: int
) -> TakenBack:  # fmt: skip
    """Take back what was not sent, of a run or by ids; what it had reserved is free again.

    raises  DataError when nothing, too much or nothing known is named
    """
    if bool(run) == bool(ids) or len(ids) > MOST:
        what = f"{len(ids)} ids and {'a' if run else 'no'} run are named"
        raise DataError(what, f"Name one run, or 1 to {MOST} ids", "ids")
    with workspace.control.transaction() as connection:
        done = workspace.control.outbox.withdraw_in(connection, run=run, ids=ids, now_ms=now_ms)
    if done.rows + done.sent + done.sending == 0:
        raise DataError("nothing of this can be taken back", "See what is still open at /v1/reach/outbox", "ids")
    detail = {"withdrawn": done.rows, "sent": done.sent, "sending": done.sending}
    workspace.control.record(who=who, verb="reach.withdraw", object=run or _named(ids), detail=detail, ip=ip)
    return TakenBack(withdrawn=done.rows, sent=done.sent, sending=done.sending)


def try_again(
    workspace: Workspace, *, ids: Sequence[str] = (), group: ReachFilter | None = None, uncertain: bool = False,
    who: str, ip: str = "", now_ms: int,
) -> TriedAgain:  # fmt: skip
    """Try again what was given up, by ids or a group of one error, channel and sender.

    What a receipt says arrived is never sent again; what may have arrived only when that is asked for.

    group      error, channel and sender of dead letters
    uncertain  also what may have arrived
    raises     DataError when nothing or too much is named
    """
    control, left = workspace.control, 0
    if (group is None) == (not ids) or len(ids) > MOST:
        raise DataError(f"{len(ids)} ids are named", f"Name one group of dead letters, or 1 to {MOST} ids", "ids")
    refused: dict[str, str] = {}
    if group is not None:
        found = control.reach.again(group, uncertain=uncertain, now_ms=now_ms, limit=100_000)
        chosen, left = found[:MOST], max(0, len(found) - MOST)
    else:
        chosen, refused = _sound(workspace, ids, uncertain)
    asked = list(chosen)
    if asked:
        with control.transaction() as connection:
            refused |= control.outbox.retry_in(connection, asked, now_ms=now_ms, pace=Pace())
    done = len(asked) - sum(one in refused for one in asked)
    name = f"{group.channel}:{group.error}" if group is not None else _named(ids)
    detail = {"rows": done, "refused": len(refused), "uncertain": uncertain}
    control.record(who=who, verb="reach.retry", object=name, detail=detail, ip=ip)
    reasons = list(refused.values())
    why = tuple(NotAgain(one, reasons.count(one)) for one in dict.fromkeys(reasons))
    return TriedAgain(rows=done, refused=why, left=left)


def _sound(workspace: Workspace, ids: Sequence[str], uncertain: bool) -> tuple[list[str], dict[str, str]]:
    """Ids that are not known to have arrived, and why the others are left out."""
    heard = workspace.control.receipts.states(list(ids))
    doubtful = set() if uncertain else workspace.control.reach.doubtful(ids)
    refused = {one: ARRIVED for one in ids if not set(heard.get(one, ())).isdisjoint(_ARRIVED)}
    refused |= {one: DOUBT for one in ids if one in doubtful and one not in refused}
    return [one for one in ids if one not in refused], refused


def _named(ids: Sequence[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{len(ids)} actions"


_ARRIVED: Final = ("delivered", "opened", "redeemed")
