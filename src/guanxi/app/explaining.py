"""The whole story of a decision: why, what else, which limit, what became of it, and that it is as it was made."""

import msgspec

from guanxi.app.workspace import Workspace
from guanxi.core import NotFound
from guanxi.decisions import Section, for_person, story
from guanxi.engines.control import Kept


class DecisionStory(msgspec.Struct, frozen=True, kw_only=True):
    """A decision told in both languages.

    zh, en                the story, part by part; () = the person was erased, and with them the record
    person_zh, person_en  what the person concerned is told
    became                state of what was to be sent, "" = nothing was
    proved                whether the record is the one that the ledger's entry `key` stands for
    text                  all of it as plain text, Chinese first
    """

    id: str
    zh: tuple[Section, ...] = ()
    en: tuple[Section, ...] = ()
    person_zh: str = ""
    person_en: str = ""
    became: str = ""
    proved: bool = False
    key: str = ""
    text: str = ""


def explain_decision(workspace: Workspace, id: str) -> DecisionStory:  # noqa: A002 - the word of the command
    """Return the story of a decision.

    raises  NotFound when there is none
    """
    kept = workspace.control.decisions.kept(id)
    if kept.record is None:
        gone = "此人已要求删除，决策内容随之删除，只留下证明。\nThe person was erased, and with them what was decided."
        return DecisionStory(id=id, proved=kept.is_proved, key=kept.key, text=f"{gone}\n{_proof(kept)}")
    limits = workspace.control.limits.at(kept.record.limits).values()
    zh, en = (story(kept.record, limits, lang=lang, catalogue=workspace.traits) for lang in ("zh", "en"))
    mine = for_person(kept.record, "zh"), for_person(kept.record, "en")
    became = _became(workspace, id)
    parts = [
        zh.text(), f"给本人的说明\n  {mine[0]}", en.text(), f"What the person is told\n  {mine[1]}",
        f"后来 What became of it\n  {became or '没有要发的 nothing was to be sent'}", _proof(kept),
    ]  # fmt: skip
    return DecisionStory(
        id=id, zh=zh.sections, en=en.sections, person_zh=mine[0], person_en=mine[1], became=became,
        proved=kept.is_proved, key=kept.key, text="\n\n".join(parts),
    )  # fmt: skip


def is_decision(workspace: Workspace, id: str) -> bool:  # noqa: A002
    """Tell whether an id is a decision's."""
    try:
        workspace.control.decisions.kept(id)
    except NotFound:
        return False
    return True


def _became(workspace: Workspace, decision: str) -> str:
    found = workspace.control.decision_pages.out_of(decision)
    return workspace.control.outbox.row(found).state if found else ""


def _proof(kept: Kept) -> str:
    zh, en = ("记录与账本一致", "The record is the one that the ledger stands for") if kept.is_proved else (
        "记录与账本不一致", "The record is NOT the one that the ledger stands for"
    )  # fmt: skip
    return f"证明 Proof\n  {zh} {en}\n  {kept.key} · {kept.place + 1}/{kept.size}"
