"""The policies of a workspace: files in its folder `policies`, each read whole or refused with what is wrong."""

import re
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from guanxi.app.workspace import Workspace
from guanxi.core import NotFound, SettingError, nearest
from guanxi.decisions import Policy, read_policy

FOLDER: Final = "policies"
SUFFIX: Final = ".toml"
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
MOST_BYTES: Final = 200_000  # of a file


class PolicyFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of policies.

    hash      of what it says; "" when it cannot be read
    version   its number as it last decided; 0 = in this form it never did
    offers    ids, without the one that does nothing
    reads     traits that it reads
    wrong     what is wrong with the file; "" = nothing
    """

    name: str
    zh: str = ""
    en: str = ""
    mode: str = ""
    hash: str = ""
    version: int = 0
    holdout: float = 0.0
    explore: float = 0.0
    offers: tuple[str, ...] = ()
    rules: int = 0
    reads: tuple[str, ...] = ()
    wrong: str = ""


def policy_files(workspace: Workspace) -> list[PolicyFile]:
    """Return every policy of the workspace, by name, those that cannot be read included."""
    folder = workspace.folder / FOLDER
    names = sorted(path.stem for path in folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    return [_file(workspace, name) for name in names]


def load_policy(workspace: Workspace, name: str) -> tuple[Policy, str]:
    """Return a policy and its text.

    raises  NotFound when there is none of that name; SettingError naming what is wrong with the file
    """
    text = policy_text(workspace, name)
    return read_policy(text, workspace.traits, name=name), text


def policy_text(workspace: Workspace, name: str) -> str:
    """Return the text of a policy's file; raises NotFound, SettingError."""
    path = _path(workspace, name)
    if not path.is_file():
        known = [one.stem for one in path.parent.glob(f"*{SUFFIX}")]
        near = nearest(name, known)
        raise NotFound(
            f"there is no policy {name!r}",
            f"Did you mean {', '.join(near)}?" if near else "Make one with `guanxi policies new`",
            "policy",
        )
    if path.stat().st_size > MOST_BYTES:
        raise SettingError(f"{path.name} has {path.stat().st_size:,} bytes", f"Keep it below {MOST_BYTES:,}", "policy")
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path.name} cannot be read: {error}", "Save it as UTF-8 text") from error


def save_policy(workspace: Workspace, name: str, text: str, *, who: str, replace: bool = False) -> PolicyFile:
    """Write a policy's file, whole or not at all, after checking it.

    raises  SettingError when it cannot be read as a policy, or is there already and may not be replaced
    """
    path = _path(workspace, name)
    read_policy(text, workspace.traits, name=name)
    if path.exists() and not replace:
        raise SettingError(f"the policy {name!r} is there already", "Take another name, or replace it", "policy")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(text, "utf-8")
    draft.replace(path)
    workspace.control.record(who=who, verb="policy.write", object=name)
    return _file(workspace, name)


def template_names() -> list[str]:
    """Return the names of the policies that ship as beginnings."""
    return sorted(one.name.removesuffix(SUFFIX) for one in _templates().iterdir() if one.name.endswith(SUFFIX))


def template(name: str) -> str:
    """Return the text of a policy that ships; raises NotFound."""
    if name not in template_names():
        raise NotFound(f"no template is called {name[:60]!r}", f"Use one of {', '.join(template_names())}", "template")
    return _templates().joinpath(name + SUFFIX).read_text("utf-8")


def _templates() -> "resources.abc.Traversable":
    return resources.files("guanxi.decisions").joinpath("templates")


def _file(workspace: Workspace, name: str) -> PolicyFile:
    try:
        policy, _ = load_policy(workspace, name)
    except SettingError as error:
        return PolicyFile(name=name, wrong=str(error))
    kept = next((one for one in workspace.control.runs.policies(name) if one.hash == policy.hash), None)
    return PolicyFile(
        name=name, zh=policy.zh, en=policy.en, mode=policy.mode, hash=policy.hash,
        version=0 if kept is None else kept.version, holdout=policy.holdout, explore=policy.explore,
        offers=tuple(one.id for one in policy.offers), rules=len(policy.rules), reads=tuple(policy.reads),
    )  # fmt: skip


def _path(workspace: Workspace, name: str) -> Path:
    if not NAME.match(name):
        raise SettingError(
            f"a policy cannot be called {name[:60]!r}", "Use a-z, 0-9 and _, at most 63, a letter first", "policy"
        )
    return workspace.folder / FOLDER / f"{name}{SUFFIX}"
