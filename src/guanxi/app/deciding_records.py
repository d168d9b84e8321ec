"""Records of decisions: what a plan and chance make of a person's offers, under an id of its own; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from guanxi.app.deciding_rooms import Key
from guanxi.decisions import Compiled, Context, Limit, Mode, Policy, Record, Room, best_of
from guanxi.events import event_id


def concluded(
    compiled: Compiled, context: Context, rooms: Mapping[Key, Room], limits: Sequence[Limit], planned: str, *,
    odds: Mapping[str, float] | None = None, mode: Mode,
) -> Record:  # fmt: skip
    """Return the decision about one person by what is planned for them; pure: the same again, bit for bit.

    planned  offer, NOTHING, or "" = the best; what a limit does not admit gives way to the best that is possible
    odds     choice -> share of the people in the same case to whom the plan gave it; the propensities count them
    """
    weighed = compiled.weigh(context, rooms, limits)
    possible = {one.id for one in weighed if one.verdict != "refused"}
    best = planned if planned in possible else best_of(weighed)
    shares = dict(odds or {}) if planned == best and set(odds or ()) <= possible else {}
    drawn = compiled.draw(context, weighed, best)
    record = compiled.conclude(context, rooms, weighed, drawn.chosen, arm=drawn.arm, mode=mode, best=best)
    return msgspec.structs.replace(_by_odds(record, compiled.policy, best, shares), planned=best, odds=shares)


def placed(record: Record, *, run: str = "", ask: str = "", version: int, limits: int) -> Record:
    """Return a record with an id of its own: what two runs, or two questions, decide alike are two decisions.

    ask      key under which the caller asked: the id follows from it alone
    version  of the policy; limits: number of the newest version of any limit
    """
    what = record.decision
    if run:
        what = replace(what, id=event_id("decision", run, what.id))
    elif ask:
        what = replace(what, id=asked_id(what.policy, ask), ask=ask)
    else:
        what = replace(what, id=event_id("decision", "alone", what.id, str(record.context.until_ms)))
    return msgspec.structs.replace(record, decision=what, run=run, version=version, limits=limits)


def asked_id(policy: str, ask: str) -> str:
    """Return the id of the decision that a caller's key stands for."""
    return event_id("decision", "ask", policy, ask)


def _by_odds(record: Record, policy: Policy, best: str, odds: Mapping[str, float]) -> Record:
    """Return a record with what a plan's draw could have given instead of the best."""
    if not odds:
        return record
    top = (1 - policy.holdout) * (1 - policy.explore)
    weighed = tuple(
        one if one.verdict == "refused"
        else msgspec.structs.replace(one, propensity=one.propensity + top * (odds.get(one.id, 0.0) - (one.id == best)))
        for one in record.weighed
    )  # fmt: skip
    chosen = next(one for one in weighed if one.verdict == "chosen")
    decision = replace(record.decision, propensity=chosen.propensity)
    return msgspec.structs.replace(record, decision=decision, weighed=weighed)
