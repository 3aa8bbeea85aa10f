"""The processes: SMTP, web and worker, together (`intake run`) or one of them."""

from __future__ import annotations

import fcntl
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog

from core import retention
from core.errors import BadInput, IntakeError
from core.numbers import readable
from core.store import claiming
from core.store.schema import inbox, outbox
from core.unit_of_work import Core
from email_in.smtp_settings import LmtpSettings, SmtpSettings
from email_in.smtpd import SmtpServer
from email_in.worker import WORTH_A_COMMIT, apply_some
from intake.assembly import sender_rules, tls_files
from intake.loop import Loop, Round, Work
from intake.settings import Settings, SettingsAreWrong
from intake.web import WebServer, create_app
from notifier.followups import follow_up_one
from notifier.settings import MailSettings
from notifier.transport import SmartHost
from notifier.worker import send_one

log = structlog.get_logger()

_SECONDS_TO_FINISH = 10.0
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class AnotherWorkerRuns(IntakeError):
    """An SQLite database has a worker already."""


class CannotListen(IntakeError):
    """An address or a socket is taken, or none of this machine's; the cause is what the system says."""


@dataclass(frozen=True)
class Parts:
    """Which parts run in this process."""

    smtp: bool = False
    web: bool = False
    worker: bool = False


EVERYTHING = Parts(smtp=True, web=True, worker=True)


@dataclass(frozen=True)
class Listening:
    """Where the running parts are reached; None for a part that does not run."""

    smtp_port: int | None
    lmtp_port: int | None
    web_port: int | None


def smtp_settings(settings: Settings) -> SmtpSettings:
    """Return what the SMTP server and the pipe need."""
    return SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        server_hostname=settings.mail_domain,
        mail_from_address=settings.mail_from_address,
        mail_domain=settings.mail_domain,
        max_message_bytes=settings.smtp_max_bytes,
        tls=tls_files(settings),
        lmtp=lmtp_settings(settings),
    )


def lmtp_settings(settings: Settings) -> LmtpSettings:
    """Return where LMTP is spoken."""
    socket_file = Path(settings.lmtp_socket) if settings.lmtp_socket else None
    return LmtpSettings(settings.lmtp_host, settings.lmtp_port, socket_file)


def mail_settings(settings: Settings) -> MailSettings:
    """Return what mails are composed with."""
    return MailSettings(
        mail_from=settings.mail_from,
        mail_domain=settings.mail_domain,
        case_url=settings.case_url,
        installation=settings.installation,
        support_number=readable(settings.support_number),
    )


@contextmanager
def works(core: Core, settings: Settings) -> Iterator[tuple[Work, ...]]:
    """Yield every kind of work, in the order in which one causes the next; then leave the smart host."""
    rules = sender_rules(settings)
    mail, host = mail_settings(settings), SmartHost(settings.smarthost_url, helo_name=settings.mail_domain)
    try:
        yield (
            Work("inbox", lambda: _is_due(core, inbox) and apply_some(core, rules), WORTH_A_COMMIT),
            Work("followups", lambda: follow_up_one(core)),
            Work("outbox", lambda: _is_due(core, outbox) and send_one(core, mail, host)),
            Work("purge", Round(lambda: retention.purge(core), _HOUR, core.clock)),
            Work("sweep", Round(lambda: retention.sweep(core), _DAY, core.clock)),
        )
    finally:
        host.close()


def _is_due(core: Core, table: sa.Table) -> bool:
    """Look before claiming: a claim takes the write lock, and most looks find nothing."""
    with core.reading() as uow:
        due_at = claiming.next_due(uow.connection, table)
        return due_at is not None and due_at <= uow.now


@contextmanager
def running(core: Core, settings: Settings, parts: Parts) -> Iterator[Listening]:
    """Run the parts until the block is left; then stop taking in, and finish what is at hand.

    Raises AnotherWorkerRuns on SQLite.
    """
    with ExitStack() as stack:
        if parts.worker and core.database.is_sqlite:
            stack.enter_context(the_only_worker_of(Path(core.database.url.database or "")))
            _take_back(core)
        stack.callback(log.info, "stopped")
        web = _web(core, settings, stack) if parts.web else None
        smtp = _smtp(core, settings, stack) if parts.smtp else None
        if parts.worker:
            _worker(core, settings, stack)
        yield Listening(
            smtp_port=smtp.port if smtp else None,
            lmtp_port=smtp.lmtp_port if smtp else None,
            web_port=web.port if web else None,
        )


def _web(core: Core, settings: Settings, stack: ExitStack) -> WebServer:
    try:
        server = WebServer(create_app(core, settings), settings.web_host, settings.web_port)
    except OSError as error:
        raise CannotListen(
            f"{settings.web_host}:{settings.web_port} cannot be listened on: {error}"
        ) from error
    server.start()
    stack.callback(server.stop)
    return server


def _smtp(core: Core, settings: Settings, stack: ExitStack) -> SmtpServer:
    try:
        server = SmtpServer(core, smtp_settings(settings))
    except BadInput as error:
        raise SettingsAreWrong(f"INTAKE_SMTP_TLS_CERTIFICATE, INTAKE_SMTP_TLS_KEY: {error}") from None
    try:
        server.start()
    except (OSError, ValueError) as error:
        raise CannotListen(f"mail cannot be taken in: {error}") from error
    stack.callback(server.stop)
    return server


def _worker(core: Core, settings: Settings, stack: ExitStack) -> None:
    loops = [Loop(work) for work in stack.enter_context(works(core, settings))]
    stack.callback(_stop, loops)
    for loop in loops:
        loop.start()


def _stop(loops: Sequence[Loop]) -> None:
    """Stop all loops at once, so that the slowest decides how long it takes."""
    with ThreadPoolExecutor(len(loops)) as at_once:
        list(at_once.map(lambda loop: loop.stop(_SECONDS_TO_FINISH), loops))


@contextmanager
def the_only_worker_of(file: Path) -> Iterator[None]:
    """Hold the lock of the one worker of an SQLite database. Raises AnotherWorkerRuns."""
    with Path(f"{file}.worker").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            words = f"another process works on {file}: end it first, or use PostgreSQL for several"
            raise AnotherWorkerRuns(words) from None
        yield


def _take_back(core: Core) -> None:
    """Let what a crash left behind be claimed again."""
    core.write(
        lambda uow: [claiming.release_all(uow.connection, table, uow.now) for table in (inbox, outbox)]
    )


def until_told_to_stop() -> None:
    """Return when the process gets SIGTERM or SIGINT."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    told.wait()


def free_port(host: str, usual: int) -> int:
    """Return the usual port when it is free, else one that the system chooses."""
    for port in (usual, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"no port of {host} is free")
