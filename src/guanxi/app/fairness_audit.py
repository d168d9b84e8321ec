"""Whether a run treated loyal and new people alike: those who behave the same, counted after the fact."""

from typing import Final

import msgspec

from guanxi.app.traits import as_of
from guanxi.app.workspace import Workspace
from guanxi.core import DAY_MS, DataError, Estimate
from guanxi.decisions import compile_policy, parity, read_policy

LOYAL: Final = "person.spend.since_first.life"  # ms since somebody first paid
LOYAL_DAYS: Final = 180


class RunParity(msgspec.Struct, frozen=True, kw_only=True):
    """How often loyal people and others were given a price, among those who behave the same.

    difference loyal minus others, a share with its interval; None = no cell of behaviour holds both
    cells      of behaviour; compared: those that hold both
    loyal, others          people outside the hold-out; loyal_with, others_with: of them, who were given a price
    days       whoever first paid longer ago counts as loyal
    """

    difference: Estimate | None
    cells: int
    compared: int
    loyal: int
    loyal_with: int
    others: int
    others_with: int
    days: int


def run_parity(workspace: Workspace, run: str, *, days: int = LOYAL_DAYS) -> RunParity:
    """Return how a run treated loyal people, who first paid at least `days` before it, beside all others.

    raises  NotFound; DataError when the run decided about nobody whose record is kept
    """
    found = workspace.control.runs.run(run)
    records = [record for _, record in workspace.control.decisions.records(run=run, limit=10_000_000)]
    if not records:
        raise DataError("no record of the run is kept", "Its people were erased, or it decided about nobody", "run")
    kept = workspace.control.runs.policy(found.hash)
    compiled = compile_policy(read_policy(kept.text, workspace.traits, name=kept.name))
    people = [record.context.party for record in records]
    frame = as_of(workspace, people, [LOYAL], until=found.begun_ms, known=found.known, use="profile")
    old = {who for who, since in frame.rows() if since is not None and since >= days * DAY_MS}
    told = parity(
        [(compiled.cell(record.context), record) for record in records], lambda one: one.context.party in old
    )  # fmt: skip
    return RunParity(
        difference=told.difference, cells=told.cells, compared=told.compared, loyal=told.loyal,
        loyal_with=told.loyal_with, others=told.others, others_with=told.others_with, days=days,
    )  # fmt: skip
