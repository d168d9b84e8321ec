"""Senders as the settings describe them."""

from collections.abc import Callable
from pathlib import Path

from guanxi.actions import Outcome, Outgoing, Sender
from guanxi.core import GuanxiError, SettingError
from guanxi.engines.senders.file import FileSender
from guanxi.engines.senders.mail import MailSender
from guanxi.engines.senders.robots import RobotSender
from guanxi.engines.senders.signing import read_secret
from guanxi.engines.senders.webhook import AdapterSender, WebhookSender
from guanxi.settings import SenderRow


class Closed:
    """A sender whose settings cannot be used: what is to leave by it waits, and says why."""

    keys = False
    asks = False
    addressed = False
    at_once = 1

    def __init__(self, problem: GuanxiError) -> None:
        self.problem = problem

    async def send(self, row: Outgoing, address: str, attempt: int) -> Outcome:
        """Say what is wrong with the settings."""
        return Outcome(kind="unreachable", text=str(self.problem)[:480])

    async def did(self, row: Outgoing) -> Outcome | None:
        """Nobody can tell."""
        return None

    async def close(self) -> None:
        """Nothing is open."""


def open_sender(row: SenderRow, folder: Path, *, secret: Callable[[str], str], now: Callable[[], int]) -> Sender:
    """Return the sender of a row of [[senders]]; a `Closed` one when the row, or a secret, cannot be used.

    folder   of the workspace: files lie in it
    secret   value of an environment variable, "" when it is not set
    now      the clock, ms UTC
    """
    try:
        return _open(row, folder, secret, now)
    except GuanxiError as error:
        return Closed(error)


def _open(row: SenderRow, folder: Path, secret: Callable[[str], str], now: Callable[[], int]) -> Sender:
    if row.kind == "file":
        return FileSender(_inside(folder, row.path or f"outbox/{row.name}.jsonl"))
    if row.kind == "mail":
        return MailSender(
            row.url, row.mail_from, now=now, mail_to=row.mail_to, user=row.user,
            password=_held(row.secret_env, secret) if row.user else "", allow_private=row.allow_private,
            at_once=row.at_once,
        )  # fmt: skip
    if row.kind in ("webhook", "adapter"):
        signing = read_secret(_held(row.secret_env, secret))
        if row.kind == "webhook":
            return WebhookSender(
                row.url, signing, now=now, allow_private=row.allow_private, keys=row.keys, at_once=row.at_once
            )
        return AdapterSender(
            row.url, signing, now=now, allow_private=row.allow_private, keys=row.keys, asks=row.asks,
            at_once=row.at_once,
        )  # fmt: skip
    return RobotSender(
        row.kind, _held(row.token_env, secret), now=now, secret=_held(row.secret_env, secret) if row.secret_env else "",
        url=row.url, allow_private=row.allow_private,
    )  # fmt: skip


def _held(name: str, secret: Callable[[str], str]) -> str:
    if not name:
        raise SettingError("a sender names no variable for its secret", "Write secret_env or token_env", "senders")
    value = secret(name)
    if not value:
        raise SettingError(f"the environment variable {name} is not set", "Set it, then start again", "senders")
    return value


def _inside(folder: Path, path: str) -> Path:
    found = (folder / path).resolve()
    if not found.is_relative_to(folder.resolve()):
        raise SettingError("the path of a sender leads out of the workspace", "Write outbox/NAME.jsonl", "senders")
    return found
