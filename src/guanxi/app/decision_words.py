"""What people call the things in decisions: policies, offers, limits, rules; and one line of the decision log."""

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import msgspec

from guanxi.app.consents import PURPOSES
from guanxi.app.workspace import Workspace
from guanxi.decisions import NOTHING, Record, RefusedBy
from guanxi.engines.control import DecisionLine

#: what refuses -> (Chinese, English)
REFUSED_BY: Final[dict[RefusedBy, tuple[str, str]]] = {
    "erased": ("已删除", "erased"),
    "consent": ("同意", "consent"),
    "personalise": ("个性化已关闭", "personalisation off"),
    "rule": ("规则", "rule"),
    "limit": ("限额", "limit"),
    "fairness": ("公平", "fairness"),
}


class RefusedName(msgspec.Struct, frozen=True, kw_only=True):
    """What refused candidates: a limit, a rule, a purpose, ..."""

    by: str
    name: str
    zh: str
    en: str


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One decision in the log; fields as in `DecisionLine`.

    person    masked name, "" = nobody said one; party: "" = erased
    policy_zh, policy_en, chosen_zh, chosen_en   as people call them
    """

    number: int
    id: str
    run: str
    at_ms: int
    written_ms: int
    policy: str
    policy_zh: str
    policy_en: str
    party: str
    person: str
    kind: str
    mode: str
    arm: str
    chosen: str
    chosen_zh: str
    chosen_en: str
    propensity: float
    acts: bool
    refused: tuple[RefusedName, ...]
    refused_zh: str
    out: str
    dry: bool


class DecisionWords:
    """What people call policies, offers, limits and rules, as far as it is known."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        newest: dict[str, str] = {}
        for one in workspace.control.runs.policies():  # the newest first
            newest.setdefault(one.name, one.text)
        self._policies = {name: _policy_words(text) for name, text in newest.items()}
        self._offers: dict[str, tuple[str, str]] = {NOTHING: ("不做", "nothing"), "": ("不做", "nothing")}
        for words in self._policies.values():
            self._offers.update(words.offers)
        self._rules = {name: pair for words in self._policies.values() for name, pair in words.rules.items()}
        with workspace.control.snapshot() as connection:
            versions = workspace.control.limits.newest_in(connection)
        self._limits = {name: one.limit for name, one in versions.items() if one.limit is not None}

    def learn(self, ids: Iterable[str]) -> None:
        """Learn names from what some decisions recorded."""
        for id_ in dict.fromkeys(ids):
            record = self._workspace.control.decisions.kept(id_).record
            if record is not None:
                self.take(record)

    def take(self, record: Record) -> None:
        """Learn names from one record."""
        for one in record.weighed:
            if one.id != NOTHING:
                self._offers[one.id] = (one.zh, one.en)
            for why in one.refusals:
                if why.by == "rule":
                    self._rules.setdefault(why.name, (why.zh, why.en))

    def policy(self, name: str) -> tuple[str, str]:
        """Return what a policy is called."""
        words = self._policies.get(name)
        return (words.zh, words.en) if words else (name, name)

    def offer(self, name: str) -> tuple[str, str]:
        """Return what an offer is called."""
        return self._offers.get(name, (name, name))

    def refused(self, by: str, name: str) -> tuple[str, str]:
        """Return what that is called which refused a candidate."""
        if by == "limit" and name in self._limits:
            return self._limits[name].zh, self._limits[name].en
        if by == "consent" and name in PURPOSES:
            zh, en = PURPOSES[name]
            return f"未同意「{zh}」", f"no consent to {en}"
        if by == "rule":
            return self._rules.get(name, (name, name))
        return next((pair for kind, pair in REFUSED_BY.items() if kind == by), (name, name))

    def row(self, one: DecisionLine, person: str) -> DecisionRow:
        """Return a line with names; person: the masked name."""
        policy, offers = self.policy(one.policy), [self.offer(name) for name in one.chosen] or [self.offer(NOTHING)]
        refused = tuple(
            RefusedName(by=by, name=name, **dict(zip(("zh", "en"), self.refused(by, name), strict=True)))
            for by, name in one.refused
        )  # fmt: skip
        return DecisionRow(
            number=one.number, id=one.id, run=one.run, at_ms=one.at_ms, written_ms=one.written_ms, policy=one.policy,
            policy_zh=policy[0], policy_en=policy[1], party=one.party, person=person, kind=one.kind, mode=one.mode,
            arm=one.arm, chosen=",".join(one.chosen) or NOTHING, chosen_zh="、".join(zh for zh, _ in offers),
            chosen_en=", ".join(en for _, en in offers), propensity=one.propensity, acts=one.acts, refused=refused,
            refused_zh="、".join(row.zh for row in refused), out=one.out, dry=one.dry,
        )  # fmt: skip


class _PolicyWords(msgspec.Struct, frozen=True):
    zh: str
    en: str
    offers: dict[str, tuple[str, str]]
    rules: dict[str, tuple[str, str]]


@lru_cache(maxsize=256)
def _policy_words(text: str) -> _PolicyWords:
    told: dict[str, Any] = tomllib.loads(text)
    offers = {str(one["id"]): (str(one["zh"]), str(one["en"])) for one in told.get("offers", ())}
    rules = {str(one["name"]): _rule_words(one) for one in told.get("rules", ())}
    return _PolicyWords(str(told["zh"]), str(told["en"]), offers, rules)


def _rule_words(rule: dict[str, Any]) -> tuple[str, str]:
    """What a rule says when it refuses: one that requires something was not met."""
    zh, en = str(rule["zh"]), str(rule["en"])
    return (f"不符合「{zh}」", f"not met: {en}") if rule.get("effect") == "require" else (zh, en)
