"""The gateway as its operators and customers meet it: real processes, real sockets, real mail.

`Gateway` is the program on a database of its own, `Sink` the smart host that its mail leaves through, `Customer`
somebody with a mail program. Everything that a test does to the gateway goes through its commands and its ports.
"""

from __future__ import annotations

import re
import secrets
import signal
import smtplib
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default
from email.utils import make_msgid, parseaddr
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import yaml
from aiosmtpd.controller import Controller

from tests.people import DIRECTORY
from tests.stories.program import Ended, Process, parsed, run, wait_for

HOST = "127.0.0.1"
SUPPORT = "support@support.example"
PUBLIC_URL = "https://gateway.test"
ACCOUNT = "AC" + "0123456789abcdef" * 2

_WEB = build_opener(ProxyHandler({}))  # a proxy of the tester's machine is no part of the story
_UNSETTLED = re.compile(r'^intake_(inbox|outbox)\{state="(?:waiting|working)"\} ([1-9][0-9.]*)', re.MULTILINE)
_TOKEN = re.compile(r"\bR[0-9A-HJKMNP-TV-Z]{21}\b")


# --- what leaves ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """A mail that the gateway sent, with its envelope."""

    sender: str
    recipient: str
    raw: bytes
    mail: EmailMessage = field(repr=False)

    @property
    def kind(self) -> str:
        """Which notice it is."""
        return str(self.mail["X-Intake-Notice"])

    @property
    def message_id(self) -> str:
        """Its Message-ID."""
        return str(self.mail["Message-ID"])

    @property
    def text(self) -> str:
        """Its plain text."""
        return _part(self.mail, "plain")

    @property
    def html(self) -> str:
        """Its HTML."""
        return _part(self.mail, "html")

    @property
    def one_line(self) -> str:
        """Its plain text without line breaks."""
        return " ".join(self.text.split())

    @property
    def reference(self) -> str:
        """The Reference ID that its text shows."""
        found = _TOKEN.search(self.text)
        assert found, self.text
        return found.group()


class Sink:
    """A smart host that takes every mail; stopped, nothing listens on its port."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.port = free_port()
        self._controller: Controller | None = None

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        raw = envelope.original_content
        mail = BytesParser(_class=EmailMessage, policy=default).parsebytes(raw)
        self.sent.extend(Sent(envelope.mail_from, recipient, raw, mail) for recipient in envelope.rcpt_tos)
        return "250 2.0.0 taken"

    def start(self) -> None:
        """Listen."""
        controller = Controller(self, hostname=HOST, port=self.port, server_hostname="sink.example")
        controller.start()
        self._controller = controller

    def stop(self) -> None:
        """Stop listening."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def to(self, address: str, kind: str, case: str = "") -> list[Sent]:
        """Return the mails of this kind to this address, in their order; with `case`, only those about it."""
        mine = (one for one in list(self.sent) if one.recipient == address and one.kind == kind)
        return [one for one in mine if not case or case in str(one.mail["Subject"])]

    def wait_for(self, address: str, kind: str, case: str = "") -> Sent:
        """Wait for a mail of this kind to this address and return the newest."""
        found = wait_for(lambda: self.to(address, kind, case), f"the mail {kind} to {address}")
        return found[-1]


@contextmanager
def listening_sink() -> Iterator[Sink]:
    """A sink that listens until the block is left."""
    sink = Sink()
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()


# --- what comes in --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Customer:
    """Somebody with a mail program."""

    name: str
    address: str

    def writes(self, words: str, subject: str = "A question", to: str = SUPPORT) -> EmailMessage:
        """Return a new mail."""
        mail = EmailMessage(policy=SMTP.clone(max_line_length=998))
        mail["From"] = f"{self.name} <{self.address}>"
        mail["To"] = to
        mail["Subject"] = subject
        mail["Date"] = datetime.now(UTC)
        mail["Message-ID"] = make_msgid(domain=self.address.partition("@")[2])
        mail.set_content(f"{words}\n")
        return mail

    def replies(self, notice: Sent, words: str) -> EmailMessage:
        """Return what a mail program sends for `words` written above the quoted notice."""
        to = parseaddr(str(notice.mail["Reply-To"] or notice.mail["From"]))[1]
        introduction = f"On {notice.mail['Date']}, {notice.mail['From']} wrote:"
        quoted = "\n".join(f"> {line}" for line in notice.text.splitlines())
        mail = self.writes(f"{words}\n\n{introduction}\n{quoted}", f"Re: {notice.mail['Subject']}", to)
        mail["In-Reply-To"] = notice.message_id
        mail["References"] = f"{notice.mail['References'] or ''} {notice.message_id}".strip()
        return mail


ALICE = Customer("Alice Archer", "alice@northwind.example")  # a Designated Contact
BOB = Customer("Bob Baker", "bob@northwind.example")  # her colleague, who may only read
CHARLIE = Customer("Charlie Cole", "charlie@eastgate.example")  # a Designated Contact elsewhere
ERIN = Customer("Erin Ended", "erin@lapsed.example")  # whose contract has ended


def a_stranger() -> Customer:
    """Return somebody whom no directory knows, and nobody has written to before."""
    return Customer("Sam Stranger", f"sam.{secrets.token_hex(4)}@elsewhere.example")


def deliver(port: int, mail: EmailMessage | bytes, sender: str, recipients: Sequence[str]) -> bool:
    """Hand a mail over as a mail server does, and return whether it was told 250."""
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    try:
        client = smtplib.SMTP(HOST, port, "mx.customer.example", timeout=20)
    except (OSError, smtplib.SMTPException):
        return False
    try:
        client.sendmail(sender, list(recipients), raw)
        with suppress(
            OSError, smtplib.SMTPException
        ):  # it may die after its 250: the mail is its own by then
            client.quit()
    except (OSError, smtplib.SMTPException):
        return False
    finally:
        client.close()
    return True


# --- the program ----------------------------------------------------------------------------------------------


class Gateway:
    """The program on one database, in one folder, with secrets of its own."""

    def __init__(self, folder: Path, database_url: str, sink: Sink) -> None:
        self.folder, self.sink = folder, sink
        self.is_on_sqlite = database_url.startswith("sqlite")
        self.auth_token = secrets.token_hex(16)
        self.smtp_port = self.web_port = 0
        self.process: Process | None = None
        settings = {
            "DATABASE_URL": database_url,
            "BLOB_URL": str(folder / "blobs"),
            "PUBLIC_URL": PUBLIC_URL,
            "SMTP_HOST": HOST,
            "SMTP_PORT": "0",
            "WEB_HOST": HOST,
            "WEB_PORT": "0",
            "MAIL_DOMAIN": "support.example",
            "MAIL_FROM": f"Northstar Support <{SUPPORT}>",
            "SMARTHOST_URL": f"smtp://{HOST}:{sink.port}",
            "CASE_URL": "https://portal.support.example/cases/{number}",
            "SUPPORT_NUMBER": "+1 415 555 0100",
            "INSTALLATION": "T1",
            "SECRET_KEY": secrets.token_hex(32),
            "PIN_KEY": secrets.token_hex(32),
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": self.auth_token,
            "CONSOLE_PASSWORD": secrets.token_hex(8),
        }
        self.environment = {f"INTAKE_{name}": value for name, value in settings.items()}

    # commands

    def run(self, *words: str, **variables: str) -> Ended:
        """Run a command to its end, with further environment variables."""
        return run(words, self.environment | variables, self.folder)

    def intake(self, *words: str) -> str:
        """Run a command that must go well, and return what it printed."""
        ended = self.run(*words)
        assert ended.code == 0, f"`intake {' '.join(words)}` ended with {ended.code}: {ended.err}"
        return ended.out

    def read(self, *words: str) -> Any:
        """Run a reading command and return its JSON."""
        return parsed(self.run(*words, "--json"))

    def set_up(self) -> None:
        """Make the tables and bring in the people of `tests.people`."""
        self.intake("migrate")
        file = self.folder / "directory.yaml"
        file.write_text(yaml.safe_dump(DIRECTORY), encoding="utf-8")
        self.intake("directory", "import", str(file))

    def open_case(
        self, contact: Customer = ALICE, subject: str = "The switch is down", **options: str
    ) -> str:
        """Open a case and return its number."""
        extra = [word for name, value in options.items() for word in (f"--{name}", value)]
        told = self.intake("case", "open", "--contact", contact.address, "--subject", subject, *extra)
        return told.split()[0]

    def case(self, number: str) -> Any:
        """Return a case with its history."""
        return self.read("case", "show", number)

    def updates(self, number: str) -> list[Any]:
        """Return the customer's updates of a case."""
        return [line for line in self.case(number)["history"] if line["kind"] == "customer update"]

    def triage_of(self, sender: str) -> list[Any]:
        """Return what waits for people from this sender, oldest first."""
        return [entry for entry in self.read("triage", "list") if entry["sender"] == sender]

    # the process

    def start(self, command: str = "run", crash_at: str = "", *, waits: bool = True) -> None:
        """Start the program, armed with a crash point if one is given, and return when it is ready.

        Does not wait for that if not told to: it may die before.
        """
        armed = {"INTAKE_CRASH_AT": crash_at} if crash_at else {}
        self.process = Process((command,), self.environment | armed, self.folder, "process")
        if waits:
            said = self.process.wait_until_it_says("ready")
            ports = dict(re.findall(r"^(SMTP|web) listens on port (\d+)$", said, re.MULTILINE))
            self.smtp_port, self.web_port = int(ports.get("SMTP", 0)), int(ports.get("web", 0))

    def died(self) -> None:
        """Wait for the process to end, and make sure that it was killed."""
        assert self.process is not None
        ended, self.process = self.process.wait(), None
        assert ended.code == -signal.SIGKILL, f"exit {ended.code}: {ended.err}"

    def kill(self) -> None:
        """End the process as by `kill -9`."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def stop(self) -> None:
        """Ask the process to end, as a service manager does."""
        assert self.process is not None
        self.process.signal(signal.SIGTERM)
        ended, self.process = self.process.wait(), None
        assert ended.code == 0, f"exit {ended.code}: {ended.err}"

    # its ports

    def get(self, path: str) -> str:
        """Return a page of the web server."""
        with _WEB.open(f"http://{HOST}:{self.web_port}{path}", timeout=20) as answer:
            return str(answer.read().decode())

    def takes(self, mail: EmailMessage, sender: str | None = None) -> bool:
        """Hand a mail to the SMTP server and return whether it said 250."""
        to, author = (parseaddr(str(mail[name]))[1] for name in ("To", "From"))
        return deliver(self.smtp_port, mail, author if sender is None else sender, [to])

    def wait_until_done(self, *queues: str) -> None:
        """Wait until all mail that came is settled, and all mail that is due has left."""
        wanted = set(queues or ("inbox", "outbox"))

        def look() -> bool:
            return not {name for name, _count in _UNSETTLED.findall(self.get("/metrics"))} & wanted

        wait_for(look, f"{' and '.join(sorted(wanted))} to be done")


@contextmanager
def prepared(folder: Path, database_url: str, sink: Sink) -> Iterator[Gateway]:
    """A gateway with its directory filled, not running yet; whatever still runs at the end is killed."""
    gateway = Gateway(folder, database_url, sink)
    gateway.set_up()
    try:
        yield gateway
    finally:
        gateway.kill()


_kept: list[socket.socket] = []


def free_port() -> int:
    """Return a port that nothing listens on, and that nobody else is given while these tests run.

    It stays bound without being listened on; whoever sets SO_REUSEADDR, as servers do, can listen on it.
    """
    mark = socket.socket()
    mark.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    mark.bind((HOST, 0))
    _kept.append(mark)
    return int(mark.getsockname()[1])


def _part(mail: EmailMessage, subtype: str) -> str:
    body = mail.get_body((subtype,))
    return str(body.get_content()) if body else ""
