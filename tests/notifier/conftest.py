"""A real mail server that answers as it is told, and mails as their readers get them."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from core.rules.notices import NoticeKind
from core.store.schema import outbox
from core.unit_of_work import Core
from notifier.compose import compose, serialised
from notifier.facts import read
from notifier.settings import MailSettings
from notifier.transport import SmartHost

CERTIFICATE = Path(__file__).with_name("localhost.pem")
DROP = "drop the connection"
ACCEPT = "250 2.0.0 taken"


@dataclass
class Taken:
    """A mail that the server has seen whole, with its envelope."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        return parsed(self.raw)


class MailServer:
    """A real SMTP server. Each reply is the next of its list, and a yes when the list is empty."""

    def __init__(self) -> None:
        self.rcpt_replies: list[str] = []
        self.data_replies: list[str] = []
        self.pause = 0.0
        self.taken: list[Taken] = []
        self.connections: set[object] = set()

    async def handle_RCPT(self, _server, session, envelope, address, _options):
        self.connections.add(session.peer)
        reply = self.rcpt_replies.pop(0) if self.rcpt_replies else "250 2.1.5 yes"
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, _session, envelope):
        self.taken.append(Taken(envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        time.sleep(self.pause)  # one client, and it is to wait
        reply = self.data_replies.pop(0) if self.data_replies else ACCEPT
        if reply == DROP:
            server.transport.abort()
            return "421 gone"
        return reply


class _Listening(Controller):
    def __init__(self, handler: MailServer, tls: ssl.SSLContext | None, *, implicit: bool) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._starttls = None if implicit else tls
        super().__init__(
            handler,
            hostname="127.0.0.1",
            port=port,
            server_hostname="mail.test",
            ssl_context=tls if implicit else None,
        )

    def factory(self) -> SMTP:
        return SMTP(self.handler, hostname="mail.test", tls_context=self._starttls)


def server_context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def mail_server() -> MailServer:
    return MailServer()


@pytest.fixture
def listen(mail_server, request):
    """Start the mail server and return its port; `tls` as a context, `implicit` for TLS from the first byte."""

    def start(tls: ssl.SSLContext | None = None, *, implicit: bool = False) -> int:
        listening = _Listening(mail_server, tls, implicit=implicit)
        listening.start()
        request.addfinalizer(listening.stop)
        return listening.port

    return start


_STAGES = {
    "greeting": b"220",
    "EHLO": b"250",
    "MAIL": b"250",
    "RCPT": b"250",
    "DATA": b"354",
    "the mail": b"250",
}


@pytest.fixture
def dripping(request):
    """Start a server that at one stage of its first dialogue drips its reply for ever; return its port."""

    def start(stage: str) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        server = threading.Thread(target=_drip, args=(listening, stage))
        server.start()
        request.addfinalizer(server.join)
        return int(listening.getsockname()[1])

    return start


def _drip(listening: socket.socket, at: str) -> None:
    with listening, suppress(OSError):
        client, _address = listening.accept()
        with client, client.makefile("rb") as lines:
            for stage, code in _STAGES.items():
                if stage == "the mail":
                    while lines.readline() not in (b".\r\n", b""):
                        pass
                elif stage != "greeting":
                    lines.readline()
                while stage == at:
                    client.sendall(b"2")
                    time.sleep(0.05)
                client.sendall(code + b" yes\r\n")


@pytest.fixture
def smart_host(listen) -> Iterator[SmartHost]:
    """The way to the mail server."""
    transport = SmartHost(f"smtp://127.0.0.1:{listen()}", helo_name="gateway.test", timeout=5, patience=5)
    yield transport
    transport.close()


@pytest.fixture
def settings() -> MailSettings:
    return MailSettings(
        mail_from="Northwind Support <support@support.example>",
        mail_domain="support.example",
        case_url="https://support.example/cases/{number}",
        installation="T1",
        support_number="+1 415 555 0100",
    )


def parsed(raw: bytes) -> EmailMessage:
    return BytesParser(policy=default).parsebytes(raw)


def text_of(mail: EmailMessage) -> str:
    """Return the text with its paragraphs on one line each, so that a test can look for a sentence."""
    body = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in body.split("\n\n"))


def html_of(mail: EmailMessage) -> str:
    return mail.get_body(("html",)).get_content().replace("\r\n", "\n")


class _Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag, _attrs):
        self.hidden += tag in ("title", "h1")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("title", "h1")

    def handle_data(self, data):
        if not self.hidden:
            self.words += data.split()


def shown_words(html: str) -> list[str]:
    """Return the words below the heading of a page."""
    page = _Shown()
    page.feed(html)
    return page.words


class Outgoing:
    """The outbox as mails."""

    def __init__(self, core: Core, settings: MailSettings) -> None:
        self.core, self.settings = core, settings

    def rows(self, kind: NoticeKind | None = None) -> list[sa.RowMapping]:
        rows = sa.select(outbox).order_by(outbox.c.id)
        if kind:
            rows = rows.where(outbox.c.notice == kind)
        with self.core.reading() as uow:
            return list(uow.connection.execute(rows).mappings())

    def last(self, kind: NoticeKind) -> EmailMessage:
        """Return the newest notice of this kind as its reader gets it, if it left now."""
        with self.core.reading() as uow:
            facts = read(uow, self.rows(kind)[-1])
        return parsed(serialised(compose(facts, self.settings)))

    def settle(self, kind: NoticeKind | None = None, state: str = "done") -> None:
        """Let the notices have this state."""
        rows = [row["id"] for row in self.rows(kind)]
        self.core.write(
            lambda uow: uow.connection.execute(
                sa.update(outbox).where(outbox.c.id.in_(rows)).values(state=state)
            )
        )


@pytest.fixture
def outgoing(core: Core, settings: MailSettings) -> Outgoing:
    return Outgoing(core, settings)
