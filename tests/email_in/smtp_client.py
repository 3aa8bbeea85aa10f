"""A mail client for tests that says what it is told to, byte for byte, and a server for it to talk to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import sqlalchemy as sa

from core.store.schema import inbox, raw_mails
from core.unit_of_work import Core
from email_in.smtpd import SmtpServer, SmtpSettings

SUPPORT = "support@support.example"
ALICE = "alice@northwind.example"
MAIL = b"Subject: The switch is down\r\n\r\nIt blinks red.\r\n"

RESET = b"\1\0\0\0\0\0\0\0"
"""SO_LINGER of no seconds: close() breaks the connection."""


def settings(**limits: Any) -> SmtpSettings:
    """Return the settings of a server on a free port."""
    return SmtpSettings("127.0.0.1", 0, "mx.support.example", SUPPORT, "support.example", **limits)


@contextmanager
def serving(core: Core, **limits: Any) -> Iterator[SmtpServer]:
    """Start a server, and stop it."""
    server = SmtpServer(core, settings(**limits))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def dotted(mail: bytes) -> bytes:
    """Return what a client sends after DATA."""
    return (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def kept(core: Core) -> list[Any]:
    """Return what is in the inbox, oldest first."""
    with core.reading() as uow:
        rows = sa.select(inbox, raw_mails.c.raw).join(raw_mails, raw_mails.c.inbox_id == inbox.c.id)
        return list(uow.connection.execute(rows.order_by(inbox.c.id)).mappings())


class Client:
    """A connection to the server."""

    greets = "EHLO"

    def __init__(self, server: SmtpServer) -> None:
        self.socket = self._connected(server)
        self._replies = self.socket.makefile("rb")
        self.greeting = self.reply()

    def _connected(self, server: SmtpServer) -> socket.socket:
        return socket.create_connection(("127.0.0.1", server.port), timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._replies.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reply(self) -> str:
        """Return the next reply, its lines joined; empty when the server hung up."""
        lines = [self._replies.readline().decode()]
        while lines[-1][3:4] == "-":
            lines.append(self._replies.readline().decode())
        return "".join(lines).strip()

    def say(self, command: str) -> str:
        self.send(command.encode() + b"\r\n")
        return self.reply()

    def envelope(self, sender: str = ALICE, recipient: str = SUPPORT) -> None:
        """Come as far as the 354."""
        self.say(f"{self.greets} client.example")
        replies = [self.say(f"MAIL FROM:<{sender}>"), self.say(f"RCPT TO:<{recipient}>"), self.say("DATA")]
        assert [reply[:3] for reply in replies] == ["250", "250", "354"], replies

    def deliver(self, mail: bytes = MAIL) -> str:
        """Send a mail and return the answer to it."""
        self.envelope()
        self.send(dotted(mail))
        return self.reply()
