"""Senders: files, webhooks, adapters of providers, mail, robots of work groups."""

from guanxi.engines.senders.file import FileSender, append_lines
from guanxi.engines.senders.http import Answer, Caller, status_outcome
from guanxi.engines.senders.mail import MailSender
from guanxi.engines.senders.network import is_public, resolve
from guanxi.engines.senders.opening import Closed, open_sender
from guanxi.engines.senders.robots import DIALECTS, RATE, Dialect, RobotSender
from guanxi.engines.senders.signing import read_secret, signed
from guanxi.engines.senders.webhook import AdapterSender, WebhookSender

__all__ = [
    "DIALECTS",
    "RATE",
    "AdapterSender",
    "Answer",
    "Caller",
    "Closed",
    "Dialect",
    "FileSender",
    "MailSender",
    "RobotSender",
    "WebhookSender",
    "append_lines",
    "is_public",
    "open_sender",
    "read_secret",
    "resolve",
    "signed",
    "status_outcome",
]
