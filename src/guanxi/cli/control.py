"""Commands about keys and users."""

from typing import Annotated

import typer

from guanxi.app import Workspace
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    LARGEST,
    JsonOption,
    WorkspaceOption,
    moment,
    say,
    show_json,
    show_table,
    show_text,
    talk,
)
from guanxi.cli.tree import Commands

keys = typer.Typer(cls=Commands, no_args_is_help=True, help="Keys of programs. 密钥")
users = typer.Typer(cls=Commands, no_args_is_help=True, help="People who sign in. 成员")


@keys.command("create")
def create_key(
    scope: Annotated[str, typer.Argument(help="client, server, read or admin. 权限范围")],
    label: Annotated[str, typer.Option("--label", help="What it is for. 用途")] = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Make a key and print it once. 新建密钥"""
    with Workspace.open(workspace) as opened:
        made = opened.control.create_key(scope, label=label)
        opened.control.record(who="cli", verb="key.create", object=made.key.prefix, detail={"scope": scope})
    talk.print("Keep it: it is shown only now.")
    show_text(made.secret)


@keys.command("list")
def list_keys(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List keys; the secrets are not kept. 密钥清单"""
    with Workspace.open(workspace) as opened:
        rows = opened.control.keys()
    if as_json:
        show_json(rows)
    else:
        show_table(
            ("id", "prefix", "scope", "label", "made", "revoked"),
            [(str(r.id), r.prefix, r.scope, r.label, moment(r.created_ms), moment(r.revoked_ms)) for r in rows],
        )


@keys.command("revoke")
def revoke_key(
    key: Annotated[int, typer.Argument(min=1, max=LARGEST, help="Id from `keys list`. 编号")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """End a key; it stops working within seconds. 停用密钥"""
    with Workspace.open(workspace) as opened:
        opened.control.revoke_key(key)
        opened.control.record(who="cli", verb="key.revoke", object=str(key), detail={})
    talk.print("Revoked.")


@users.command("create")
def create_user(
    name: Annotated[str, typer.Argument(help="Sign-in name. 登录名")],
    roles: Annotated[list[str], typer.Option("--role", help="operator, analyst, manager, engineer … 角色")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Add a person; a password is made and printed once. 添加成员"""
    import secrets

    password = secrets.token_urlsafe(15)
    with Workspace.open(workspace) as opened:
        opened.control.create_user(name, password, roles=tuple(roles))
        opened.control.record(who="cli", verb="user.create", object=name, detail={"roles": list(roles)})
    say(f"{name} signs in with this password, shown once:")
    show_text(password)


@users.command("list")
def list_users(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List people and their roles. 成员清单"""
    with Workspace.open(workspace) as opened:
        rows = opened.control.users()
    if as_json:
        show_json(rows)
    else:
        show_table(("name", "roles"), [(row.name, ", ".join(row.roles)) for row in rows])
