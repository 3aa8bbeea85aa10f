"""How fast mail is taken in and applied, beside its floors.

    .venv/bin/python bench/mail.py [--mails 600] [--connections 1,20,100] [--rounds 5] [--only NAME,…]

In one run, by turns; printed are the medians of the rounds and their ratios to `discard` of the same round. The
client is a process of its own. Floors, none of which keeps a promise:

    discard   stock aiosmtpd throws every mail away
    large     this gateway's reading of DATA in large pieces; no parse, no database
    parse     reading alone, without a network: mails that are in memory are read, for their Reference ID too
    parsed    large pieces, the standard library's parse (compat32), and the group commit of SQLite
    single    as `accept`, with a commit for each mail

The gateway:

    accept    250 after the commit, SQLite
    apply     from the first connection until every mail is an update of its case: every rule, the decision log,
              the history, and the notice to the case's owner; server and worker in one process, SQLite
    accept-pg, apply-pg   the same on PostgreSQL (the wheel's, with its stock settings, fsync too)
    workers-1, workers-2  a backlog that one and two worker processes settle, PostgreSQL
"""

from __future__ import annotations

import argparse
import email
import os
import random
import shutil
import smtplib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiosmtpd.controller import Controller
from cases import PostgresDatabases, postgresql

from core import directory, telling
from core.acting import Actor
from core.cases import NewCase, open_case
from core.clock import SystemClock
from core.enrolment import enrol
from core.identifiers import ReferenceMint
from core.pins import PinKeys
from core.rules.terms import Channel, Role
from core.store import inbox
from core.store.blobs import FolderBlobs
from core.store.claiming import State
from core.store.database import Database
from core.store.inbox import ReceivedMail
from core.store.migrations import migrate
from core.store.schema import inbox as inbox_table
from core.unit_of_work import Core, House
from email_in import accepting
from email_in.accepting import Accepting
from email_in.message import read_mail
from email_in.references import found_references
from email_in.sender import SenderRules
from email_in.smtp_settings import SmtpSettings
from email_in.smtpd import SmtpServer
from email_in.worker import WORTH_A_COMMIT, apply_some
from intake.loop import GATHERING
from intake.running import free_port

HOST, SENDER, SUPPORT = "127.0.0.1", "alice@northwind.example", "support@support.example"
CASES = 200
DIRECTORY = {
    "accounts": ["Northwind"],
    "contracts": [
        {
            "number": "C-1",
            "sold_to": "Northwind",
            "care_level": "Premium Care",
            "starts": date(2020, 1, 1),
            "ends": date(2040, 1, 1),
        }
    ],
    "contacts": [
        {
            "email": SENDER,
            "first_name": "Alice",
            "last_name": "Archer",
            "employer": "Northwind",
            "country": "US",
            "terms_accepted": date(2020, 1, 1),
            "grants": [{"sold_to": "Northwind", "access": "Read-Write", "approver": "Nora North"}],
        }
    ],
    "analysts": [
        {"email": "ada@support.example", "name": "Ada", "phone": "+14155550141", "shifts": [{"rung": 1}]}
    ],
}
MINT = ReferenceMint("B1", b"key")
WORDS = ("version", "restart", "since", "Monday", "log", "Grüße")


# --- mails, and who sends them --------------------------------------------------------------------------------


def letters(count: int, references: list[str]) -> list[bytes]:
    """Return answers of mixed size: most are text, some with HTML beside it, some with a file; history quoted."""
    chance = random.Random(1)
    return [_letter(number, references[number % len(references)], chance) for number in range(count)]


def _letter(number: int, reference: str, chance: random.Random) -> bytes:
    lines = [" ".join(chance.choices(WORDS, k=10)) for _line in range(chance.randint(2, 40))]
    quoted = [f"> line {line} of what was said before, quoted" for line in range(40)]
    text = "\r\n".join([*lines, "", f"> Reference ID: {reference}", *quoted]) + "\r\n"
    head = (
        f"From: Alice Archer <{SENDER}>\r\nTo: {SUPPORT}\r\nSubject: Re: case [{reference}]\r\n"
        f"Message-ID: <{number}.{chance.random()}@northwind.example>\r\nMIME-Version: 1.0\r\n"
    )
    plain = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}"
    kind = chance.random()
    if kind < 0.6:
        return (head + plain).encode()
    if kind < 0.9:
        other = "text/html; charset=utf-8\r\n\r\n" + "".join(
            f"<p>{line}</p>\r\n" for line in text.split("\r\n")
        )
        multipart = "alternative"
    else:
        log = "\r\n".join(
            "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5" for _ in range(400)
        )
        other = f'application/octet-stream\r\nContent-Disposition: attachment; filename="log{number}.bin"\r\n'
        other += f"Content-Transfer-Encoding: base64\r\n\r\n{log}{number:08d}"
        multipart = "mixed"
    return (
        f'{head}Content-Type: multipart/{multipart}; boundary="b"\r\n\r\n--b\r\n{plain}\r\n'
        f"--b\r\nContent-Type: {other}\r\n--b--\r\n"
    ).encode()


def deliver(port: int, mails: list[bytes]) -> None:
    """Send mails over one connection."""
    with smtplib.SMTP(HOST, port, local_hostname="mail.northwind.example") as connection:
        for mail in mails:
            connection.sendmail(SENDER, [SUPPORT], mail)


def send_all(port: int, mails: list[bytes], connections: int) -> None:
    """Send mails over so many connections at once."""
    shares = [mails[number::connections] for number in range(connections)]
    with ThreadPoolExecutor(connections) as clients:
        list(clients.map(deliver, [port] * connections, shares))


class Client:
    """A process that sends, so that the server has its interpreter for itself."""

    def __init__(self) -> None:
        self._process = ProcessPoolExecutor(1)
        self._process.submit(int).result()

    def send(self, port: int, mails: list[bytes], connections: int) -> None:
        """Send all mails and return when each was answered."""
        self._process.submit(send_all, port, mails, connections).result()


# --- what is measured -----------------------------------------------------------------------------------------


class _Discard:
    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 OK"


class _Nothing(Accepting):
    """Keeps nothing."""

    def _commit(self, group: list[Any]) -> None:
        accepting._answer(group, [0] * len(group))


class _Parsed(Accepting):
    """Parses each mail as the standard library does, and keeps it."""

    def _commit(self, group: list[Any]) -> None:
        for waiting in group:
            for part in email.message_from_bytes(waiting.mail.raw).walk():
                if not part.is_multipart():
                    part.get_payload(decode=True)
        super()._commit(group)


class _Single(Accepting):
    """Commits each mail by itself."""

    def _others(self, most: int) -> list[Any]:  # noqa: ARG002
        return []


@dataclass(frozen=True)
class Bench:
    """What all measurements share."""

    client: Client
    count: int
    connections: int
    folder: Path
    databases: PostgresDatabases | None

    def discard(self) -> float:
        """Stock aiosmtpd throws the mails away."""
        port = free_port(HOST, 0)
        controller = Controller(_Discard(), hostname=HOST, port=port, server_hostname="bench.example")
        controller.start()
        try:
            return self._rate(port, letters(self.count, ["R"]), lambda: None)
        finally:
            controller.stop()

    def large(self) -> float:
        """DATA in large pieces, and nothing is kept."""
        return self._accepted(_Nothing)

    def parsed(self) -> float:
        """A compat32 parse before the group commit."""
        return self._accepted(_Parsed)

    def single(self) -> float:
        """A commit for each mail."""
        return self._accepted(_Single)

    def accept(self) -> float:
        """250 after the group commit."""
        return self._accepted(Accepting)

    def parse(self) -> float:
        """Reading alone."""
        references = [MINT.mint(random.Random(number)) for number in range(CASES)]
        mails = letters(self.count, references)
        began = time.perf_counter()
        for mail in mails:
            assert found_references(read_mail(mail), [SUPPORT], MINT.find)
        return len(mails) / (time.perf_counter() - began)

    def apply(self) -> float:
        """Accepted and applied on SQLite."""
        with self._sqlite() as core:
            return self._applied(core)

    def accept_pg(self) -> float:
        """Accepted on PostgreSQL."""
        with self._postgresql() as core, serving(core, Accepting) as port:
            return self._rate(port, letters(self.count, open_cases(core)), lambda: None)

    def apply_pg(self) -> float:
        """Accepted and applied on PostgreSQL."""
        with self._postgresql() as core:
            return self._applied(core)

    def workers_1(self) -> float:
        """A backlog and one worker."""
        return self._settled(1)

    def workers_2(self) -> float:
        """A backlog and two workers."""
        return self._settled(2)

    def _accepted(self, kind: type[Accepting]) -> float:
        with self._sqlite() as core, serving(core, kind) as port:
            return self._rate(port, letters(self.count, open_cases(core)), lambda: None)

    def _applied(self, core: Core) -> float:
        with serving(core, Accepting) as port, working(core) as settled:
            return self._rate(port, letters(self.count, open_cases(core)), settled)

    def _settled(self, workers: int) -> float:
        """Return how many mails a second so many processes settle."""
        with self._postgresql() as core:
            for some in _in_pieces(letters(self.count * 4, open_cases(core)), 100):
                core.write(
                    lambda uow, some=some: [
                        inbox.accept(uow.connection, _received(mail), uow.now) for mail in some
                    ]
                )
            words = [
                sys.executable,
                __file__,
                "--worker",
                str(core.database.url.render_as_string()),
                str(self.folder),
            ]
            with ExitStack() as stack:
                processes = [
                    stack.enter_context(
                        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                    )
                    for _ in range(workers)
                ]
                for process in processes:
                    assert process.stdout is not None
                    process.stdout.readline()  # it is ready
                began = time.perf_counter()
                for process in processes:
                    assert process.stdin is not None
                    process.stdin.close()
                for process in processes:
                    process.wait()
                seconds = time.perf_counter() - began
            _assert_all_updates(core)
        return self.count * 4 / seconds

    def _rate(self, port: int, mails: list[bytes], settled: Callable[[], None]) -> float:
        began = time.perf_counter()
        self.client.send(port, mails, self.connections)
        settled()
        return len(mails) / (time.perf_counter() - began)

    @contextmanager
    def _sqlite(self) -> Iterator[Core]:
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as home,
            core_on(f"sqlite:///{home}/bench.db", Path(home)) as core,
        ):
            migrate(core.database)
            core.write(lambda uow: enrol(uow, DIRECTORY))
            yield core

    @contextmanager
    def _postgresql(self) -> Iterator[Core]:
        assert self.databases is not None
        self.databases.drop("mail")
        self.databases.create("mail")
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as home,
            core_on(self.databases.url("mail"), Path(home)) as core,
        ):
            migrate(core.database)
            core.write(lambda uow: enrol(uow, DIRECTORY))
            yield core


@contextmanager
def core_on(url: str, home: Path) -> Iterator[Core]:
    """Yield a core."""
    clock = SystemClock()
    house = House(MINT, PinKeys("k", {"k": b"key"}), random.SystemRandom(), "support.example")
    core = Core(Database(url), FolderBlobs(home / "blobs", clock), clock, house)
    try:
        yield core
    finally:
        core.database.close()


@contextmanager
def serving(core: Core, kind: type[Accepting]) -> Iterator[int]:
    """Yield the port of our server, with this way of accepting."""
    settings = SmtpSettings(
        HOST, 0, "bench.example", SUPPORT, "support.example", max_connections_per_peer=200
    )
    server = SmtpServer(core, settings)
    server._reception = replace(server._reception, accepting=kind(core))
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@contextmanager
def working(core: Core) -> Iterator[Callable[[], None]]:
    """Run a worker beside; yield what waits until every mail is settled."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.is_set():  # as the worker's loop does, but looks more often
            done = apply_some(core, SenderRules())
            if done < WORTH_A_COMMIT:
                stopping.wait(GATHERING)

    worker = threading.Thread(target=work)
    worker.start()

    def settled() -> None:
        while True:
            with core.reading() as uow:
                if not inbox.waiting_count(uow.connection):
                    break
            time.sleep(0.005)
        _assert_all_updates(core)

    try:
        yield settled
    finally:
        stopping.set()
        worker.join()


def _assert_all_updates(core: Core) -> None:
    with core.reading() as uow:
        others = sa.select(sa.func.count()).where(
            sa.or_(inbox_table.c.outcome != "update", inbox_table.c.state != State.DONE)
        )
        assert uow.connection.scalar(others) == 0, "not every mail became an update"


def open_cases(core: Core) -> list[str]:
    """Open cases with an owner and return their Reference IDs."""

    def act(uow: Any) -> list[str]:
        contact = directory.contact_by_email(uow, SENDER)
        pair = directory.holdings(uow, contact.id)[0].combination.id
        analyst = Actor(Role.ANALYST, "bench", Channel.CONSOLE)
        opened = [
            open_case(uow, analyst, NewCase(contact.id, pair, f"Case {n}", "")).case for n in range(CASES)
        ]
        return [telling.reference_for(uow, case.id, SENDER) for case in opened]

    return core.write(act)


def _received(mail: bytes) -> ReceivedMail:
    return ReceivedMail(SENDER, (SUPPORT,), HOST, mail)


def _in_pieces(mails: list[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(mails), size):
        yield mails[start : start + size]


def one_worker(url: str, folder: Path) -> None:
    """Settle what waits, once standard input is closed."""
    with core_on(url, folder) as core:
        with core.reading():
            print("ready", flush=True)
        sys.stdin.read()
        while apply_some(core, SenderRules()):
            pass


MEASURED = (
    "discard",
    "large",
    "parse",
    "parsed",
    "single",
    "accept",
    "apply",
    "accept-pg",
    "apply-pg",
    "workers-1",
    "workers-2",
)


def measure(bench: Bench, rounds: int, names: list[str]) -> None:
    """Measure by turns and print the medians."""
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        for name in names:
            rate = getattr(bench, name.replace("-", "_"))()
            if number:  # the first round warms up
                found[name].append(rate)
        told = " ".join(f"{name} {rates[-1]:.0f}" for name, rates in found.items() if rates)
        print(f"  round {number} of {rounds}: {told or 'warmed up'}", file=sys.stderr)
    load = os.getloadavg()[0]
    print(f"\n{os.cpu_count()} cores, load {load:.1f}, {bench.connections} connections, {bench.count} mails")
    floors = found.get("discard")
    for name, rates in found.items():
        of_floor = (
            statistics.median(rate / floor for rate, floor in zip(rates, floors, strict=True))
            if floors
            else 0
        )
        print(f"{name:10} {statistics.median(rates):6.0f} mails/s   {of_floor:.2f} of discard")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mails", type=int, default=600)
    parser.add_argument("--connections", default="1,20,100")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(MEASURED))
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        one_worker(given.worker[0], Path(given.worker[1]))
        return
    names = given.only.split(",")
    folder = Path(tempfile.mkdtemp(prefix="bench_mail_"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        wants_server = any(name.endswith("-pg") or name.startswith("workers") for name in names)
        databases = stack.enter_context(postgresql(folder)) if wants_server else None
        client = Client()
        for connections in map(int, given.connections.split(",")):
            measure(Bench(client, given.mails, connections, folder, databases), given.rounds, names)


if __name__ == "__main__":
    main()
