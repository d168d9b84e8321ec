"""Files that only grow by whole lines, mail through a real SMTP server, and senders as settings describe them."""

import asyncio
import json
import smtplib
import socket
import ssl
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from guanxi.actions import Sender
from guanxi.actions.contract import ADDRESS, NOW_MS, SenderContract, attempt, notice
from guanxi.core import SettingError
from guanxi.engines.senders import Closed, FileSender, MailSender, append_lines, open_sender
from guanxi.settings import SenderRow


class TestFile(SenderContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "out" / "coupons.jsonl"
        self.blocked = tmp_path / "blocked"
        self.blocked.write_text("a file where a folder should be")

    def make(self, reached: bool = True) -> Sender:
        return FileSender(self.path if reached else self.blocked / "x.jsonl")

    def effects(self) -> list[str]:
        return [json.loads(line)["id"] for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def test_a_torn_line_goes_before_the_next_is_added(self) -> None:
        attempt(self.make(), notice("1"))
        with self.path.open("ab") as file:
            file.write(b'{"id":"' + notice("2").id.encode() + b'","ki')
        assert asyncio.run(self.make().did(notice("2"))) is None
        attempt(self.make(), notice("3"))
        assert self.effects() == [notice("1").id, notice("3").id]
        assert self.path.stat().st_mode & 0o077 == 0

    def test_a_long_torn_line_without_any_whole_one(self, tmp_path: Path) -> None:
        path = tmp_path / "torn"
        path.write_bytes(b"x" * 200_000)
        append_lines(path, [b"a", b"b"])
        assert path.read_bytes() == b"a\nb\n"


class Inbox:
    """What a mail server took in."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.code = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.code:
            return f"{self.code} said"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture
def inbox(certificate: tuple[Path, Path]) -> Iterator[tuple[Inbox, int, ssl.SSLContext]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    taken = Inbox()

    def let_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"s3cret-password", handled=False)

    controller = Controller(
        taken, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True,
        authenticator=let_in,
    )  # fmt: skip
    controller.start()
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    yield taken, controller.port, trusting
    controller.stop()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def mail(port: int, context: ssl.SSLContext | None = None, **fields: Any) -> MailSender:
    given = {"user": "guanxi", "password": "s3cret-password", "mail_to": ADDRESS, "allow_private": True, **fields}
    url = given.pop("url", f"smtp://localhost:{port}")
    return MailSender(url, "ops@example.com", now=lambda: NOW_MS, context=context, timeout_s=5, **given)


class TestMail(SenderContract):
    @pytest.fixture(autouse=True)
    def server(self, inbox: tuple[Inbox, int, ssl.SSLContext]) -> None:
        self.taken, self.port, self.context = inbox

    def make(self, reached: bool = True) -> Sender:
        return mail(self.port if reached else free_port(), self.context)

    def effects(self) -> list[str]:
        return [str(message_from_bytes(body)["Message-ID"])[1:33] for _, _, body in self.taken.mails]

    def test_a_message_as_it_arrives(self) -> None:
        row = notice("5", kind="message", channel="mail", title="春季上新")
        (outcome,) = attempt(self.make(), row, address="someone@example.org")
        assert (outcome.kind, outcome.receipt) == ("accepted", f"<{row.id}@example.com>")
        ((sender, to, body),) = self.taken.mails
        found = message_from_bytes(body)
        assert (sender, to) == ("ops@example.com", ["someone@example.org"])
        assert str(make_header(decode_header(found["Subject"]))) == "春季上新"
        assert found.get_payload(decode=True).decode().split() == ["有", "3", "项待审批"]  # type: ignore[union-attr]

    @pytest.mark.parametrize("address", ["a@b.c\r\nBcc: x@y.z", "a@b.c, x@y.z", "A <a@b.c>", "", "a@b c", "@b.c"])
    def test_only_one_plain_address(self, address: str) -> None:
        (outcome,) = attempt(self.make(), notice(kind="message", channel="mail"), address=address)
        assert outcome.kind == "invalid"
        assert self.taken.mails == []

    def test_a_line_break_in_the_subject_is_refused(self) -> None:
        (outcome,) = attempt(self.make(), notice(title="Hello\r\nBcc: x@y.z"))
        assert outcome.kind == "invalid"
        assert self.taken.mails == []

    @pytest.mark.parametrize(("code", "kind"), [("550", "invalid"), ("451", "busy")])
    def test_codes(self, code: str, kind: str) -> None:
        self.taken.code = code
        (outcome,) = attempt(self.make(), notice())
        assert (outcome.kind, outcome.text) == (kind, f"SMTP {code}")

    def test_a_wrong_password(self) -> None:
        (outcome,) = attempt(mail(self.port, self.context, password="wrong-password"), notice())
        assert outcome.kind == "refused"
        assert "wrong-password" not in outcome.text

    @pytest.mark.parametrize(("code", "kind"), [(454, "busy"), (421, "busy"), (535, "refused")])
    def test_who_is_not_let_in_for_now_tries_again(
        self, code: int, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:  # fmt: skip
        def login(*_: object) -> None:
            raise smtplib.SMTPAuthenticationError(code, b"someone@example.org")

        monkeypatch.setattr(smtplib.SMTP, "login", login)
        (outcome,) = attempt(self.make(), notice())
        assert outcome.kind == kind
        assert str(code) in outcome.text
        assert "example.org" not in outcome.text

    def test_a_certificate_nobody_vouches_for(self) -> None:
        assert attempt(mail(self.port), notice())[0].kind == "unreachable"
        assert self.taken.mails == []

    def test_a_private_server_must_be_meant(self) -> None:
        (outcome,) = attempt(mail(self.port, self.context, allow_private=False), notice())
        assert outcome.kind == "refused"


def test_a_server_without_encryption_is_refused() -> None:
    taken = Inbox()
    controller = Controller(taken, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        assert attempt(mail(controller.port), notice())[0].kind == "refused"
        plain = mail(controller.port, url=f"smtp-plain://localhost:{controller.port}", user="")
        assert attempt(plain, notice())[0].kind == "accepted"
        assert len(taken.mails) == 1
    finally:
        controller.stop()


def test_a_server_that_says_nothing_ends_in_bounded_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender = MailSender(
            f"smtp://localhost:{silent.getsockname()[1]}",
            "a@b.c",
            now=lambda: NOW_MS,
            allow_private=True,
            timeout_s=0.5,
        )
        (outcome,) = attempt(sender, notice(kind="message"))
    assert outcome.kind in ("unreachable", "timeout")


@pytest.mark.parametrize(
    ("url", "mail_from"),
    [
        pytest.param("http://host", "a@b.c", id="another-scheme"),
        pytest.param("smtp://user:s3cret@host", "a@b.c", id="a-password-in-the-url"),
        pytest.param("smtps://host", "A <a@b.c>", id="a-name-with-the-address"),
        pytest.param("smtp-plain://host", "a@b.c", id="plain-text-in-public"),
    ],
)
def test_mail_settings_that_cannot_be_used(url: str, mail_from: str) -> None:
    with pytest.raises(SettingError) as caught:
        MailSender(url, mail_from, now=lambda: NOW_MS)
    assert "s3cret" not in str(caught.value)


URL = "https://a.example/"
SECRETS = {"HOOK": "whsec_" + "QUJD" * 8, "TOKEN": "t0ken"}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        pytest.param({"kind": "file"}, "", id="file"),
        pytest.param({"kind": "file", "path": "../outside.jsonl"}, "out of the workspace", id="a-file-elsewhere"),
        pytest.param({"kind": "webhook", "url": URL, "secret_env": "HOOK"}, "", id="webhook"),
        pytest.param({"kind": "adapter", "url": URL, "secret_env": "HOOK"}, "", id="adapter"),
        pytest.param({"kind": "webhook", "url": URL}, "no variable", id="no-secret"),
        pytest.param({"kind": "webhook", "url": URL, "secret_env": "NONE"}, "NONE is not set", id="unset"),
        pytest.param({"kind": "webhook", "url": URL, "secret_env": "TOKEN"}, "another form", id="no-form"),
        pytest.param({"kind": "wecom", "token_env": "TOKEN"}, "", id="wecom"),
        pytest.param({"kind": "dingtalk", "token_env": "TOKEN", "secret_env": "TOKEN"}, "", id="dingtalk"),
        pytest.param({"kind": "feishu"}, "no variable", id="a-robot-without-token"),
        pytest.param({"kind": "mail", "url": "smtps://a.example", "mail_from": "a@b.c"}, "", id="mail"),
    ],
)  # fmt: skip
def test_senders_of_settings(tmp_path: Path, row: dict[str, Any], problem: str) -> None:
    made = SenderRow(name="one", channels=("sms",), **row)
    sender = open_sender(made, tmp_path, secret=lambda name: SECRETS.get(name, ""), now=lambda: NOW_MS)
    if not problem:
        assert not isinstance(sender, Closed)
        return
    assert isinstance(sender, Closed)
    assert problem in sender.problem.what
    (outcome,) = attempt(sender, notice())
    assert outcome.kind == "unreachable"
    assert problem in outcome.text
    assert "t0ken" not in outcome.text
