"""E-mail by SMTP, always encrypted unless a private server is meant."""

import asyncio
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import urlsplit

from guanxi.actions import NOTICE, Outcome, Outgoing
from guanxi.core import SettingError
from guanxi.engines.senders.network import resolve

TIMEOUT_S: Final = 20.0
PORTS: Final = {"smtps": 465, "smtp": 587, "smtp-plain": 25}
SUBJECT: Final = 150  # characters


class MailSender:
    """Hands mail to one server. SMTP knows no keys: what comes twice arrives twice, under the same Message-ID.

    url        smtps://host (TLS from the start), smtp://host (STARTTLS, demanded), smtp-plain://host (allow_private)
    mail_from  whom it comes from; mail_to: who gets notices
    user, password  "" = nobody signs in
    context    which certificates count; None: those of the system
    """

    keys = False
    asks = False
    addressed = True

    def __init__(
        self, url: str, mail_from: str, *, now: Callable[[], int], mail_to: str = "", user: str = "",
        password: str = "", allow_private: bool = False, at_once: int = 4, timeout_s: float = TIMEOUT_S,
        context: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or parts.password or parts.username:
            raise SettingError(
                "the url of a mail sender is not usable", f"Write one of {', '.join(PORTS)}://host", "senders"
            )
        if parts.scheme == "smtp-plain" and not allow_private:
            raise SettingError(
                "mail would travel in plain text", "Write smtps:// or smtp://, or set allow_private = true", "senders"
            )
        if not is_address(mail_from):
            raise SettingError("mail_from is no e-mail address", "Write name@host", "senders")
        self._scheme, self._host, self._port = parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme]
        self._from, self._to, self._now = mail_from, mail_to, now
        self._user, self._password, self._private = user, password, allow_private
        self._timeout_s, self._context, self.at_once = timeout_s, context, at_once

    async def send(self, row: Outgoing, address: str, attempt: int) -> Outcome:
        """Hand one message to the server."""
        to = self._to if row.kind == NOTICE else address
        if not is_address(to):
            return Outcome(kind="invalid", text="there is no e-mail address to send to")
        try:
            message = self._message(row, to)
        except ValueError:
            return Outcome(kind="invalid", text="the subject has a line break, or cannot be written in a header")
        try:
            async with asyncio.timeout(self._timeout_s):
                pinned = await resolve(self._host, self._port, allow_private=self._private)
        except TimeoutError:
            return Outcome(kind="unreachable", text="the name of the mail server was not resolved in time")
        if isinstance(pinned, Outcome):
            return pinned
        client: smtplib.SMTP = _Implicit(pinned, self._host, self._timeout_s, self._tls())\
            if self._scheme == "smtps" else _Pinned(pinned, self._host, self._timeout_s)  # fmt: skip
        work = asyncio.create_task(asyncio.to_thread(self._deliver, client, message))
        done, _ = await asyncio.wait({work}, timeout=self._timeout_s)
        if not done:  # a server that answers a letter at a time: cut it off, then the thread ends by itself
            _cut(client)
            await asyncio.wait({work}, timeout=self._timeout_s)
        return work.result() if work.done() else Outcome(kind="timeout", text="the mail server did not answer in time")

    async def did(self, row: Outgoing) -> Outcome | None:
        """Nobody can tell."""
        return None

    async def close(self) -> None:
        """Nothing is kept open."""

    def _message(self, row: Outgoing, to: str) -> EmailMessage:
        params = dict(row.body)
        text = str(params.get("text") or params.get("content") or "")
        message = EmailMessage()
        message["Subject"] = str(params.get("title") or text.partition("\n")[0])[:SUBJECT]
        message["From"], message["To"] = self._from, to
        message["Message-ID"] = f"<{row.id}@{self._from.rpartition('@')[2]}>"
        message["Date"] = formatdate(self._now() / 1000)
        message.set_content(text)
        return message

    def _deliver(self, client: smtplib.SMTP, message: EmailMessage) -> Outcome:
        try:
            self._enter(client)
        except smtplib.SMTPAuthenticationError as error:
            _cut(client)
            kind: Any = "busy" if 400 <= error.smtp_code < 500 else "refused"  # 454 is for a while: RFC 4954, 6
            return Outcome(kind=kind, text=f"SMTP {error.smtp_code}: the mail server does not let the user in")
        except smtplib.SMTPNotSupportedError:
            _cut(client)
            return Outcome(kind="refused", text="the mail server offers no encryption, or no sign-in")
        except ssl.SSLError:
            _cut(client)
            return Outcome(kind="unreachable", text="the mail server's certificate is not good for its name")
        except (smtplib.SMTPException, OSError):
            _cut(client)
            return Outcome(kind="unreachable", text="no connection to the mail server")
        try:
            client.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            return _said(next(iter(error.recipients.values()))[0], "invalid")
        except smtplib.SMTPResponseException as error:
            return _said(error.smtp_code, "refused")
        except (smtplib.SMTPException, OSError):
            return Outcome(kind="timeout", text="the connection broke before the mail server's answer")
        finally:
            _leave(client)
        return Outcome(kind="accepted", receipt=str(message["Message-ID"])[:128])

    def _enter(self, client: smtplib.SMTP) -> None:
        client.connect(self._host, self._port)
        client.ehlo()
        if self._scheme == "smtp":
            client.starttls(context=self._tls())
            client.ehlo()
        if self._user:
            client.login(self._user, self._password)

    def _tls(self) -> ssl.SSLContext:
        return self._context or ssl.create_default_context()


class _Pinned(smtplib.SMTP):
    """Connects to the address that was checked; certificates are those of the name."""

    def __init__(self, pinned: str, host: str, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s, local_hostname="localhost")
        self._pinned, self._host = pinned, host

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._pinned, port), timeout)


class _Implicit(_Pinned):
    def __init__(self, pinned: str, host: str, timeout_s: float, context: ssl.SSLContext) -> None:
        super().__init__(pinned, host, timeout_s)
        self._context = context

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._context.wrap_socket(super()._get_socket(host, port, timeout), server_hostname=host)


def is_address(text: str) -> bool:
    """Tell whether a text is one plain e-mail address: no names, lists, blanks or line breaks."""
    return len(text) <= 254 and _ADDRESS(text) is not None


def _said(code: int, kind: Any) -> Outcome:
    text = f"SMTP {code}"
    return Outcome(kind="busy", text=text) if 400 <= code < 500 else Outcome(kind=kind, text=text)


def _cut(client: smtplib.SMTP) -> None:
    sock = client.sock
    if sock is not None:
        with suppress(OSError):  # it is closed already
            sock.shutdown(socket.SHUT_RDWR)
        client.close()


def _leave(client: smtplib.SMTP) -> None:
    try:
        client.quit()
    except (smtplib.SMTPException, OSError):
        client.close()


_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*").fullmatch
