"""What the SMTP server is told at its start."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.errors import BadInput
from email_in.smtp_tls import TlsFiles

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class LmtpSettings:
    """Where LMTP is listened for (RFC 2033): on a port, on a Unix socket, on both, or not at all."""

    host: str = "127.0.0.1"
    port: int | None = None
    socket: Path | None = None


@dataclass(frozen=True)
class SmtpSettings:
    """Where to listen, for whom mail is taken, and how much of it at a time.

    `port` 0 lets the system choose. `server_hostname` is the name we greet with. Sizes are in bytes; the size
    of a mail is that of RFC 1870: without the final dot and the dots that were doubled on the way.
    `max_bytes_in_flight` bounds the mail that is being received or waits for its commit, in all sessions.
    """

    host: str
    port: int
    server_hostname: str
    mail_from_address: str
    mail_domain: str
    max_message_bytes: int = 25 * MEBIBYTE
    max_recipients: int = 100
    max_connections: int = 200
    max_connections_per_peer: int = 50
    max_bytes_in_flight: int = 256 * MEBIBYTE
    tls: TlsFiles | None = None  # with them, STARTTLS is offered
    lmtp: LmtpSettings = field(default_factory=LmtpSettings)

    def __post_init__(self) -> None:
        # Without a name aiosmtpd asks the DNS for one at every connection, and all sessions wait for the answer.
        if not self.server_hostname:
            raise BadInput("server_hostname", self.server_hostname, "the name of this host")
