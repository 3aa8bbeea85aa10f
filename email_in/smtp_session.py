"""One SMTP session: aiosmtpd's dialogue, with our own DATA, limits and answers to what goes wrong.

Promised: `250` to a mail only after its commit; any fault of ours is a 4xx with a fixed text; nothing waits for
the database in the event loop; what a session may hold of connections, recipients, bytes and time is bounded.
Left to aiosmtpd: reading commands, their order and their syntax. No AUTH is offered, and VRFY tells nothing.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

import structlog
from aiosmtpd.smtp import SMTP

from core.store.inbox import ReceivedMail
from email_in import smtp_replies
from email_in.accepting import Accepting
from email_in.smtp_data import MAX_HOPS, PIECE_BYTES, IncomingMail, early_input, hops, read_mail
from email_in.smtp_envelope import NULL_SENDER, EnvelopeRules, read_path
from email_in.smtp_limits import ByteBudget, OpenSessions
from email_in.smtp_settings import SmtpSettings

IDLE_SECONDS = 300.0
"""For a command, and for each piece of a mail: 64 KiB in five minutes is the least (RFC 5321, 4.5.3.2.7)."""

MAIL_SECONDS = 3_600.0
"""For a whole mail: of the largest, 7 KiB a second. Else a few slow ones could hold the room of all for days."""

MOST_ERRORS = 50
"""Refusals (5xx) that a client is told without having delivered a mail in between."""

SOCKET_PEER = "socket"
"""What stands in the inbox for the sending host of a mail that came through a Unix socket."""

COMMANDS_A_SESSION = {
    "*": 1_000_000,
    "NOOP": 1_000,
    "RSET": 10_000,
    "EHLO": 100,
    "HELO": 100,
    "LHLO": 100,
    "VRFY": 20,
    "HELP": 20,
}

_AT_ONCE = 0.001  # seconds; to aiosmtpd none are as many as it likes

# aiosmtpd writes every command, and so every address, to this log.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)

log = structlog.get_logger()


class Phase(Enum):
    """What a session is at."""

    COMMANDS = auto()
    READING = auto()  # mail is coming, up to the final dot
    KEEPING = auto()  # the mail waits for its commit


@dataclass(frozen=True)
class Reception:
    """What all sessions of a server share."""

    settings: SmtpSettings
    accepting: Accepting
    envelopes: EnvelopeRules
    budget: ByteBudget
    sessions: OpenSessions[SmtpSession]


class SmtpSession(SMTP):
    """The dialogue with one client."""

    line_length_limit = PIECE_BYTES  # of the reader; a line of a mail knows no limit here
    protocol = "ESMTP"
    not_greeted = smtp_replies.NOT_GREETED

    def __init__(
        self, reception: Reception, loop: asyncio.AbstractEventLoop, tls: ssl.SSLContext | None = None
    ) -> None:
        # The library's are one table for all sessions, which each EHLO changes for everybody.
        self.command_size_limits = defaultdict(lambda: self.command_size_limit)
        super().__init__(
            reception.envelopes,
            data_size_limit=reception.settings.max_message_bytes,
            enable_SMTPUTF8=True,
            hostname=reception.settings.server_hostname,
            ident=self.protocol,
            timeout=IDLE_SECONDS,
            command_call_limit=COMMANDS_A_SESSION,
            loop=loop,
            tls_context=tls,
        )
        self._reception = reception
        self._phase = Phase.COMMANDS
        self._peer = ""
        self._errors = 0
        self._mail_ends_by = 0.0

    # --- coming and going -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, and remember with whom; a client that is gone already has no name."""
        peer = transport.get_extra_info("peername")
        self._peer = SOCKET_PEER if isinstance(peer, str) else peer[0] if peer else ""
        super().connection_made(transport)

    async def _handle_client(self) -> None:
        if not self._reception.sessions.enter(self, self._peer):
            self._hang_up(smtp_replies.TOO_MANY_CONNECTIONS)
            return
        with suppress(ConnectionError):  # the client went
            await super()._handle_client()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the session."""
        self._reception.sessions.leave(self)
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Go on with what was sent: a client may close its half after the final dot and wait for the answer."""
        stays_open = asyncio.StreamReaderProtocol.eof_received(self)  # aiosmtpd's would cancel the commit
        return stays_open if self.session is None or not self.session.ssl else False  # TLS knows no half

    def leave_if_idle(self) -> None:
        """Say goodbye, unless a mail is under way."""
        if self._phase is Phase.COMMANDS:
            self._hang_up(smtp_replies.SHUTTING_DOWN)

    def abort(self) -> None:
        """Break the connection."""
        self._writer.transport.abort()

    def _timeout_cb(self) -> None:
        if self._phase is Phase.KEEPING:
            self.abort()  # without a word: after a 4xx the mail must not appear (RFC 5321, 4.2.5), and it still may
            return
        self._hang_up(smtp_replies.TOO_SLOW)
        if self._writer.transport.get_write_buffer_size():
            self.abort()  # it does not even read; what is written last would never leave

    def _hang_up(self, reply: str) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(f"{reply}\r\n".encode())
            self.transport.close()

    # --- commands -------------------------------------------------------------------------------------------

    async def push(self, status: str | bytes) -> None:
        """Send a reply, with an enhanced status code (RFC 2034); hang up instead after too many refusals."""
        reply = smtp_replies.with_status(status.decode() if isinstance(status, bytes) else status)
        self._errors += reply.startswith("5")
        if self._errors > MOST_ERRORS:
            self._hang_up(smtp_replies.TOO_MANY_ERRORS)
            raise ConnectionResetError  # what else was sent is not read
        await super().push(reply)
        if early_input(self._reader):  # it pipelines: the others' turn, for reading what is here never waits
            await asyncio.sleep(0)

    async def check_helo_needed(self, _helo: str = "") -> bool:
        """Say whether the client has yet to greet, and tell it so."""
        assert self.session is not None
        if self.session.host_name:
            return False
        await self.push(self.not_greeted)
        return True

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        return read_path(arg)

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool] | None:
        # To Python the digits of other scripts are some too, until it has to read the number.
        return super()._getparams(params) if all(map(str.isascii, params)) else None

    async def smtp_VRFY(self, _arg: str) -> None:  # noqa: N802
        """Tell nothing (RFC 5321, 7.3)."""
        await self.push(smtp_replies.NOT_VERIFIED)

    async def smtp_AUTH(self, _arg: str) -> None:  # noqa: N802
        """Offer no sign-in: whoever has mail for us may leave it."""
        await self.push(smtp_replies.NOT_OFFERED)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """Take a mail, and answer when it is committed."""
        if refusal := self._refusal_before_data(arg):
            await self._refuse_data(refusal)
            return
        await self.push(smtp_replies.GO_AHEAD)
        self._phase = Phase.READING
        mail = await self._read_mail()
        self._phase = Phase.KEEPING
        self._reset_timeout()
        answer = self._told(mail.refusal or await self._keep(mail))
        self._end_of_mail()
        await self.push(answer)

    async def handle_exception(self, error: Exception) -> str:
        """Return the answer to what nobody expected: come again."""
        phase, self._phase = self._phase, Phase.COMMANDS
        answer = smtp_replies.TRY_AGAIN
        if phase is not Phase.COMMANDS:
            answer = self._told(answer)
            self._end_of_mail()
        if isinstance(error, asyncio.IncompleteReadError):  # the client closed its half and has nothing more
            assert self.transport is not None
            self.transport.close()
            return answer
        with suppress(Exception):  # a log that cannot be written bounces no mail
            log.error("smtp.unexpected", phase=phase.name, error=type(error).__name__)
        if phase is Phase.READING:  # the rest of the mail would be read as commands
            self._hang_up(smtp_replies.OUT_OF_STEP)
        return answer

    # --- one mail -------------------------------------------------------------------------------------------

    def _refusal_before_data(self, arg: str | None) -> str | None:
        assert self.session is not None
        assert self.envelope is not None
        refusals = (
            (self._reception.sessions.is_closing, smtp_replies.SHUTTING_DOWN),
            (not self.session.host_name, self.not_greeted),
            (bool(arg), smtp_replies.DATA_TAKES_NOTHING),
            (not self.envelope.rcpt_tos, smtp_replies.NO_RECIPIENT),
            (self._reception.budget.is_spent, smtp_replies.NO_ROOM),
        )
        return next((reply for applies, reply in refusals if applies), None)

    async def _refuse_data(self, reply: str) -> None:
        """Answer DATA with a refusal, and hang up if the mail was sent without waiting for our word.

        A group of commands ends with DATA (RFC 2920, 3.1); what is there already is mail and would be read as
        commands. Where DATA is accepted such mail is harmless, and is taken.
        """
        if early_input(self._reader) or self._reception.sessions.is_closing:
            self._hang_up(reply)
        else:
            await self.push(reply)

    async def _read_mail(self) -> IncomingMail:
        mail = IncomingMail(self._reception.settings.max_message_bytes, self._reception.budget)
        self._mail_ends_by = self.loop.time() + MAIL_SECONDS
        try:
            await read_mail(self._reader, mail, self._mail_goes_on)
        except BaseException:
            mail.let_go()
            raise
        return mail

    def _mail_goes_on(self) -> None:
        left = self._mail_ends_by - self.loop.time()
        self._reset_timeout(min(IDLE_SECONDS, max(left, _AT_ONCE)))

    async def _keep(self, mail: IncomingMail) -> str:
        """Commit the mail and return the answer to it.

        The commit goes on when the client goes: it must be either done or not, and its bytes are counted until then.
        """
        if hops(mail.raw) > MAX_HOPS:
            mail.let_go()
            return smtp_replies.MAIL_LOOP
        kept = self._reception.accepting.submit(self._received(mail.raw))
        kept.add_done_callback(lambda _kept: mail.let_go())
        answer = smtp_replies.kept_as(await asyncio.shield(kept))
        self._errors = 0
        return answer

    def _received(self, raw: bytes) -> ReceivedMail:
        assert self.session is not None
        assert self.envelope is not None
        sender = self.envelope.mail_from
        assert sender is not None
        return ReceivedMail(
            envelope_sender="" if sender == NULL_SENDER else sender,
            recipients=tuple(self.envelope.rcpt_tos),
            peer=self._peer,
            raw=raw,
            helo="".join(filter(str.isprintable, self.session.host_name or "")),
        )

    def _told(self, reply: str) -> str:
        """Return the reply to a mail as this protocol gives it."""
        return reply

    def _end_of_mail(self) -> None:
        self._phase = Phase.COMMANDS
        self.envelope = self._create_envelope()
