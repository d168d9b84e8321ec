"""`guanxi approvals`: a vote at the machine belongs to a person, by their password."""

from pathlib import Path

import msgspec
from argon2 import PasswordHasher
from typer.testing import CliRunner

from guanxi.app import Workspace
from guanxi.cli import cli
from guanxi.engines.control import Control
from guanxi.engines.log import now_ms

from .conftest import propose

WORD = "a long enough password"


def run(*words: str, given: str = "") -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, ["approvals", *words], input=given)
    return done.exit_code, done.stdout, f"{done.output}{done.exception or ''}"


def members(folder: Path) -> None:
    with_cheap = Control.open(folder, hasher=PasswordHasher(1, 64, 1))
    with_cheap.create_user("lin", WORD, roles=("manager",))
    with_cheap.create_user("zhou", WORD, roles=("operator",))
    with_cheap.close()


def test_a_vote_at_the_machine(workspace: Workspace) -> None:
    approval = propose(workspace, who="cli", now_ms=now_ms())
    members(workspace.folder)
    at = ("-w", str(workspace.folder))
    assert [one["id"] for one in msgspec.json.decode(run("list", "--json", *at)[1])] == [approval.id]
    code, shown, _ = run("show", approval.id, *at)
    assert (code, "补货提醒" in shown, "护肤快用完的人" in shown, "3 waiting" in shown) == (0, True, True, True)
    code, _, said = run("approve", approval.id, "--as", "lin", *at, given="wrong\n")
    assert (code, "the name or the password is wrong" in said) == (1, True)
    code, _, said = run("approve", approval.id, "--as", "zhou", *at, given=f"{WORD}\n")
    assert (code, "lacks the right 'approve'" in said) == (1, True)
    assert workspace.control.approvals.get(approval.id).state == "open"
    code, _, said = run("approve", approval.id, "--as", "lin", *at, given=f"{WORD}\n")
    assert (code, "3 may be sent" in said) == (0, True)
    code, told, _ = run("undo", approval.id, "--reason", "文案有错", "--json", *at)
    done = msgspec.json.decode(told)
    assert (code, done["withdrawn"], done["sent"], done["approval"]["state"]) == (0, 3, 0, "undone")
    verbs = [one.verb for one in workspace.control.operations(limit=2)]
    assert verbs == ["approval.undo", "approval.approve"]


def test_refused_and_withdrawn_at_the_machine(workspace: Workspace) -> None:
    first, second = (propose(workspace, run=one * 32, who="cli", now_ms=now_ms()) for one in "12")
    members(workspace.folder)
    at = ("-w", str(workspace.folder))
    code, _, said = run("refuse", first.id, "--as", "lin", "--reason", "太贵", *at, given=f"{WORD}\n")
    assert (code, "撤回 3" in said) == (0, True)
    code, _, said = run("withdraw", second.id, *at)
    assert (code, "withdrawn: 3 taken back" in said) == (0, True)
    code, _, said = run("withdraw", second.id, *at)
    assert (code, "this approval is withdrawn" in said) == (1, True)
    assert run("list", "--state", "open", *at)[2].strip().startswith("Nothing waits")
