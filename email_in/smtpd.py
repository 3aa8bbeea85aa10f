"""The SMTP server: takes mail from the network into the inbox.

`SmtpServer(core, settings)` runs in a thread with an event loop of its own, and commits in another
(email_in.accepting). A session is email_in.smtp_session; where LMTP is set, those of email_in.lmtp_session stand
beside it and share the limits and the commits. When it stops it takes no new connection, tells idle clients to
come again, and gives mails under way a few seconds: each is then either kept and answered, or not kept.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass

from core.unit_of_work import Core
from email_in import unix_socket
from email_in.accepting import Accepting
from email_in.lmtp_session import LmtpSession
from email_in.smtp_envelope import EnvelopeRules
from email_in.smtp_limits import ByteBudget, OpenSessions
from email_in.smtp_session import Reception, SmtpSession
from email_in.smtp_settings import SmtpSettings
from email_in.smtp_tls import Certificate

__all__ = ["SmtpServer", "SmtpSettings"]

FINISH_SECONDS = 5.0  # for mails that are coming in when the server stops
COMMIT_SECONDS = 10.0  # for those that wait for their commit: a locked database is waited for half as long
ANSWER_SECONDS = 1.0  # for the answers to those
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Ports:
    """What is listened on; `lmtp` is None where LMTP has no port."""

    smtp: int
    lmtp: int | None


class SmtpServer:
    """Listens from start() to stop(), once. Raises BadInput for a certificate that cannot be used."""

    def __init__(self, core: Core, settings: SmtpSettings) -> None:
        self._settings = settings
        self._certificate = Certificate(settings.tls) if settings.tls else None
        self._reception = Reception(
            settings,
            Accepting(core),
            EnvelopeRules(settings),
            ByteBudget(settings.max_bytes_in_flight),
            OpenSessions(settings.max_connections, settings.max_connections_per_peer),
        )
        self._listening: Future[Ports] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="intake-smtp")

    @property
    def port(self) -> int:
        """The port that is listened on, once start() has returned."""
        return self._listening.result().smtp

    @property
    def lmtp_port(self) -> int | None:
        """The port on which LMTP is spoken, None where there is none."""
        return self._listening.result().lmtp

    def start(self) -> None:
        """Listen; return when clients can connect. Raises OSError or ValueError when an address is no good."""
        self._thread.start()
        self._listening.result()

    def stop(self) -> None:
        """Take no more mail, finish what is under way, and return when all is done: in 20 seconds at most."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop_wanted.set)
            self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop_wanted = asyncio.Event()
        with ExitStack() as doors:
            try:
                ports = await self._open(doors)
            except (OSError, ValueError) as error:
                self._listening.set_exception(error)
                return
            self._reception.accepting.start()
            self._listening.set_result(ports)
            await self._stop_wanted.wait()
        await self._finish()

    async def _open(self, doors: ExitStack) -> Ports:
        lmtp = self._settings.lmtp
        smtp_port = await self._open_port(doors, self._new_session, self._settings.host, self._settings.port)
        lmtp_port = None
        if lmtp.port is not None:
            lmtp_port = await self._open_port(doors, self._new_lmtp_session, lmtp.host, lmtp.port)
        if lmtp.socket is not None:
            listener = await unix_socket.listener(self._loop, self._new_lmtp_session, lmtp.socket)
            doors.callback(listener.close)
            doors.enter_context(unix_socket.removed_afterwards(lmtp.socket))
        return Ports(smtp_port, lmtp_port)

    async def _open_port(
        self, doors: ExitStack, new_session: Callable[[], SmtpSession], host: str, port: int
    ) -> int:
        listener = await self._loop.create_server(new_session, host, port)
        doors.callback(listener.close)
        return int(listener.sockets[0].getsockname()[1])

    def _new_session(self) -> SmtpSession:
        context = self._certificate.context() if self._certificate else None
        return SmtpSession(self._reception, self._loop, context)

    def _new_lmtp_session(self) -> SmtpSession:
        return LmtpSession(self._reception, self._loop)

    async def _finish(self) -> None:
        sessions = self._reception.sessions
        sessions.is_closing = True
        await self._see_out(FINISH_SECONDS)
        await asyncio.to_thread(self._reception.accepting.stop, COMMIT_SECONDS)
        await self._see_out(ANSWER_SECONDS)
        for session in sessions:
            session.abort()
        await self._see_out(ANSWER_SECONDS)

    async def _see_out(self, seconds: float) -> None:
        """Say goodbye to each session that is between two mails, until all are gone or the time is over."""
        end = self._loop.time() + seconds
        while self._reception.sessions and self._loop.time() < end:
            for session in self._reception.sessions:
                session.leave_if_idle()
            await asyncio.sleep(LOOK_SECONDS)
