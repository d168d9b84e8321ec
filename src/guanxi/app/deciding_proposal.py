"""What a run chose, counted, and as a proposal for whoever approves it."""

from collections import Counter
from typing import Final

from guanxi.app.deciding_rooms import Use
from guanxi.core import Estimate
from guanxi.decisions import (
    NOTHING,
    OF_RUN,
    Approval,
    ApprovalDetail,
    ApprovalFinal,
    ApprovalLimit,
    ApprovalOffer,
    ApprovalRules,
    Limit,
    Policy,
    Record,
    Room,
    proposed,
)
from guanxi.engines.control import Run

_FINAL: Final = ApprovalFinal(
    zh="已经发出的消息和券收不回来；没发出的可以撤回。",
    en="Messages and coupons that were sent cannot be called back; what was not sent can.",
)


class Tally:
    """Counts what a run chose."""

    def __init__(self, policy: Policy) -> None:
        self._offers = {one.id: one for one in policy.offers}
        self.people = self.acting = self.cost = 0
        self.arms: Counter[str] = Counter()
        self.chosen: Counter[str] = Counter()
        self.costs: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.uses: dict[str, Counter[str]] = {}  # limit -> account -> amount
        self.rooms: dict[str, tuple[str, Room]] = {}  # account -> as it stood before anything of this run
        self.value = self.low = self.high = 0.0
        self.level = 0.9
        self.is_estimated = True

    def add(self, record: Record, use: Use) -> None:
        """Count one decision and what it uses."""
        self.people += 1
        self.arms[record.arm] += 1
        for room in record.rooms:
            self.rooms.setdefault(room.account, (room.limit, room))
        chosen = next((one for one in record.weighed if one.verdict == "chosen"), None)
        if chosen is None or chosen.id == NOTHING:
            if all(one.verdict == "refused" for one in record.weighed if one.id != NOTHING):
                self.refused.update({f"{why.by}:{why.name}" for one in record.weighed for why in one.refusals})
            return
        self.acting += 1
        self.chosen[chosen.id] += 1
        self.costs[chosen.id] += chosen.cost
        self.cost += chosen.cost
        if chosen.value is None:
            self.is_estimated = False
        else:
            self.value, self.low = self.value + chosen.value.value, self.low + chosen.value.low
            self.high, self.level = self.high + chosen.value.high, chosen.value.level
        for move in use.moves:
            self.uses.setdefault(use.named[move.taker][0], Counter())[move.taker] += move.amount

    def counts(self) -> dict[str, float]:
        """Return the numbers of a run."""
        return {
            "people": self.people, "acting": self.acting, "cost_fen": self.cost,
            **dict(sorted(self.arms.items())),
            **{f"offer:{name}": count for name, count in sorted(self.chosen.items())},
            **{f"refused:{name}": count for name, count in sorted(self.refused.items())},
        }  # fmt: skip

    def forecast(self) -> Estimate | None:
        """Return what it is expected to bring, in yuan; None when an offer has no value."""
        if not self.is_estimated or not self.acting:
            return None
        # The ends are added up as if all were wrong in the same way, which is the widest that they can be.
        return Estimate(
            value=self.value, low=self.low, high=self.high, level=self.level, unit="yuan", n=self.acting,
            method="sum of stated intervals",
        )  # fmt: skip

    def limits(self, limits: dict[str, Limit]) -> tuple[ApprovalLimit, ...]:
        """Return what it uses of each limit."""
        found = []
        for name, uses in self.uses.items():
            row = limits.get(name)
            if row is None:
                continue
            left = {account: self.rooms[account][1].free - amount for account, amount in uses.items()}
            tight = min(left, key=lambda account: (left[account], account))
            room = self.rooms[tight][1]
            found.append(ApprovalLimit(
                name=name, zh=row.zh, en=row.en, unit=row.unit, cap=row.cap, used=room.used, reserved=room.reserved,
                asked=uses[tight], account=tight if len(uses) == 1 else "", accounts=len(uses),
                full=sum(free <= 0 for free in left.values()), resets_ms=room.resets_ms,
            ))  # fmt: skip
        return tuple(found)


def proposal(
    policy: Policy, run: Run, tally: Tally, *, limits: dict[str, Limit], version: int, audience: tuple[str, str],
    rules: ApprovalRules, now_ms: int, to_ms: int,
) -> Approval:  # fmt: skip
    """Return the approval that a run waits for."""
    offers = tuple(
        ApprovalOffer(
            id=one.id, zh=one.zh, en=one.en, kind=one.kind, people=tally.chosen[one.id], channel=one.channel,
            content=one.content, cost=tally.costs[one.id],
        )
        for one in policy.offers if tally.chosen[one.id]
    )  # fmt: skip
    detail = ApprovalDetail(
        offers=offers, audience_zh=audience[0], audience_en=audience[1], asked=tally.people, from_ms=run.at_ms,
        to_ms=to_ms, arms=dict(sorted(tally.arms.items())), refused=dict(sorted(tally.refused.items())),
        limits=tally.limits(limits), channels=tuple(dict.fromkeys(one.channel for one in offers if one.channel)),
        forecast=tally.forecast(), final=() if not run.send else (_FINAL,), policy=policy.name, version=version,
        hash=policy.hash, dry=not run.send,
    )  # fmt: skip
    return proposed(
        kind=OF_RUN, object=run.id, title_zh=policy.zh, title_en=policy.en, detail=detail, who=run.who,
        people=tally.acting, cost=tally.cost, rules=rules, now_ms=now_ms,
    )  # fmt: skip
