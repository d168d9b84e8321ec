"""A workspace in which a run waits for approval: reservations and rows of the outbox, as a run writes them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from guanxi.actions import Outgoing
from guanxi.app import Workspace, approving
from guanxi.decisions import Approval, ApprovalDetail, ApprovalLimit, ApprovalOffer, proposed
from guanxi.engines.control import Control
from guanxi.engines.control.decision_tables import runs
from guanxi.events import event_id
from guanxi.ledger import ISSUER, LARGEST, Account, Move, Reserve, Standing, opaque_id

T = 1_767_225_600_000
HOUR = 3_600_000
SECRET = b"s" * 32
SOURCE, BUDGET = opaque_id(SECRET, "source"), opaque_id(SECRET, "budget")
COST = 500  # fen a person


def propose(
    workspace: Workspace, *, people: int = 3, run: str = "a" * 32, who: str = "zhou.ning", now_ms: int = T
) -> Approval:
    """Open an approval about a run over some people, with all that waits for it, in one transaction."""
    control, cost = workspace.control, people * COST
    approval = proposed(
        kind="run", object=run, title_zh="补货提醒", title_en="Refill reminder", who=who, people=people, cost=cost,
        rules=approving.rules_of(workspace.settings), now_ms=now_ms,
        detail=ApprovalDetail(
            offers=(ApprovalOffer(id="c5", zh="5 元券", en="5 yuan off", kind="coupon", people=people, cost=cost),),
            audience_zh="护肤快用完的人", audience_en="people who run out of cream", asked=people + 1,
            from_ms=now_ms, to_ms=now_ms + 100 * HOUR, arms={"treated": people, "holdout": 1}, channels=("app",),
            limits=(ApprovalLimit(name="budget", zh="预算", en="budget", unit="fen", cap=10**9, used=0, reserved=0,
                                  asked=cost, account=BUDGET),),
        ),
    )  # fmt: skip
    accounts = [Account(id=SOURCE, unit="fen", kind=ISSUER, floor=-LARGEST),
                Account(id=BUDGET, unit="fen", kind="used", cap=10**9)]  # fmt: skip
    with control.transaction() as connection:
        connection.execute(insert(runs).values(
            id=run, policy="refill", hash="0" * 32, mode="propose", state="waiting", audience="all", who=who, known=0,
            begun_ms=now_ms, at_ms=now_ms, send=1, counts="{}",
        ))  # fmt: skip
        control.ledger.ensure_in(connection, accounts, now_ms=now_ms)
        holds = [opaque_id(SECRET, f"{run} {place}") for place in range(people)]
        control.ledger.post_in(connection, [
            Reserve(hold, (Move(SOURCE, BUDGET, "fen", COST),), now_ms + 200 * HOUR) for hold in holds
        ], now_ms=now_ms)  # fmt: skip
        control.outbox.put_in(connection, [
            Outgoing(
                id=event_id("action", run, str(place)), decision=event_id("decision", run, str(place)), run=run,
                party=f"account:app:u{place}", kind="message", channel="app", state="waiting", dry=False,
                approval=approval.id, hold=hold, not_before_ms=now_ms, not_after_ms=now_ms + 100 * HOUR,
                body=(("channel", "app"), ("content", "refill"), ("purpose", "message")),
            )
            for place, hold in enumerate(holds)
        ], now_ms=now_ms)  # fmt: skip
        approving.open_in(workspace, connection, approval, now_ms=now_ms)
    return approval


def budget(control: Control) -> Standing:
    return control.ledger.standing(BUDGET)


def run_state(control: Control, run: str = "a" * 32) -> str:
    with control.snapshot() as connection:
        return str(connection.execute(runs.select().where(runs.c.id == run)).one().state)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        yield made
