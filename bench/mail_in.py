"""How fast mail is accepted, and applied, beside stock aiosmtpd throwing it away.

    .venv/bin/python bench/mail_in.py [--mails 600] [--connections 20] [--rounds 5]

In one run, interleaved: `discard` is aiosmtpd's own Controller with a handler that keeps nothing; `accept` is
this gateway answering 250 after its commit to SQLite; `apply` is from the first connection until every mail
is an update of its case. The client is a process of its own. Printed are medians and their ratios to `discard`.
"""

from __future__ import annotations

import argparse
import os
import random
import smtplib
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from aiosmtpd.controller import Controller

from core import directory, telling
from core.acting import Actor
from core.cases import NewCase, open_case
from core.clock import SystemClock
from core.enrolment import enrol
from core.identifiers import ReferenceMint
from core.pins import PinKeys
from core.rules.terms import Channel, Role
from core.store.blobs import FolderBlobs
from core.store.database import Database
from core.store.migrations import migrate
from core.unit_of_work import Core, House
from email_in.sender import SenderRules
from email_in.smtp_settings import SmtpSettings
from email_in.smtpd import SmtpServer
from email_in.worker import apply_some
from intake.running import free_port

SENDER, SUPPORT = "alice@northwind.example", "support@support.example"
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
}


_WORDS = ("version", "restart", "since", "Monday", "log", "Grüße")


class _Discard:
    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 OK"


def deliver(port: int, mails: list[bytes]) -> None:
    """Send mails over one connection."""
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for mail in mails:
            connection.sendmail(SENDER, [SUPPORT], mail)


def send_all(port: int, mails: list[bytes], connections: int) -> float:
    """Send mails over so many connections at once; return how many a second were accepted."""
    shares = [mails[number::connections] for number in range(connections)]
    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as clients:
        list(clients.map(deliver, [port] * connections, shares))
    return len(mails) / (time.perf_counter() - began)


@contextmanager
def discarding() -> Iterator[int]:
    """Yield the port of stock aiosmtpd."""
    port = free_port("127.0.0.1", 0)
    controller = Controller(_Discard(), hostname="127.0.0.1", port=port, server_hostname="bench.example")
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@contextmanager
def gateway(folder: Path) -> Iterator[tuple[Core, int]]:
    """Yield a core with one contact, and the port of our server before it."""
    house = House(
        ReferenceMint("B1", b"key"), PinKeys("k", {"k": b"key"}), random.SystemRandom(), "support.example"
    )
    clock = SystemClock()
    core = Core(Database(f"sqlite:///{folder}/bench.db"), FolderBlobs(folder / "blobs", clock), clock, house)
    migrate(core.database)
    core.write(lambda uow: enrol(uow, DIRECTORY))
    server = SmtpServer(core, SmtpSettings("127.0.0.1", 0, "bench.example", SUPPORT, "support.example"))
    server.start()
    try:
        yield core, server.port
    finally:
        server.stop()
        core.database.close()


def letters(count: int, references: list[str]) -> list[bytes]:
    """Return answers of mixed size with quoted history, each to one of the references."""
    chance = random.Random(1)
    history = "\r\n".join(f"> line {number} of what was said before, quoted" for number in range(40))
    mails = []
    for number in range(count):
        lines = (" ".join(chance.choices(_WORDS, k=10)) for _line in range(chance.randint(2, 40)))
        words = "\r\n".join(lines)
        reference = references[number % len(references)]
        head = (
            f"From: Alice Archer <{SENDER}>\r\nTo: {SUPPORT}\r\nSubject: Re: case [{reference}]\r\n"
            f"Message-ID: <{number}.{chance.random()}@northwind.example>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        )
        mails.append(f"{head}{words}\r\n\r\n> Reference ID: {reference}\r\n{history}\r\n".encode())
    return mails


def open_cases(core: Core, count: int) -> list[str]:
    """Open cases and return their Reference IDs."""

    def act(uow):  # noqa: ANN001, ANN202 - a unit of work in, tokens out
        contact = directory.contact_by_email(uow, SENDER)
        pair = directory.holdings(uow, contact.id)[0].combination.id
        analyst = Actor(Role.ANALYST, "bench", Channel.CONSOLE)
        opened = [
            open_case(uow, analyst, NewCase(contact.id, pair, f"Case {n}", "")).case for n in range(count)
        ]
        return [telling.reference_for(uow, case.id, SENDER) for case in opened]

    return core.write(act)


def in_client_process(port: int, mails: list[bytes], connections: int) -> float:
    """Send from another process, so that the server has its interpreter for itself."""
    with ProcessPoolExecutor(1) as client:
        return client.submit(send_all, port, mails, connections).result()


def applied(core: Core, port: int, mails: list[bytes], connections: int) -> float:
    """Return how many mails a second were accepted and applied, with one worker beside the server."""
    done, left = threading.Event(), [len(mails)]

    def work() -> None:
        while left[0] > 0:
            if apply_some(core, SenderRules()):
                left[0] -= 1
            else:
                time.sleep(0.001)
        done.set()

    began = time.perf_counter()
    threading.Thread(target=work, daemon=True).start()
    in_client_process(port, mails, connections)
    done.wait(300)
    return len(mails) / (time.perf_counter() - began)


def one_round(count: int, connections: int) -> dict[str, float]:
    """Measure everything once."""
    with (
        tempfile.TemporaryDirectory() as folder,
        gateway(Path(folder)) as (core, port),
        discarding() as floor,
    ):
        mails = letters(count, open_cases(core, 200))
        rates = {"discard": in_client_process(floor, mails, connections)}
        rates["apply"] = applied(core, port, mails, connections)
    with tempfile.TemporaryDirectory() as folder, gateway(Path(folder)) as (core, port):
        rates["accept"] = in_client_process(port, letters(count, open_cases(core, 200)), connections)
    return rates


def main() -> None:
    """Print the medians of the rounds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mails", type=int, default=600)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    rounds = []
    for number in range(given.rounds):
        rounds.append(one_round(given.mails, given.connections))
        print(
            f"round {number + 1} of {given.rounds}", {name: round(rate) for name, rate in rounds[-1].items()}
        )
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {given.connections} connections")
    floor = statistics.median(rates["discard"] for rates in rounds)
    for name in ("discard", "accept", "apply"):
        median = statistics.median(rates[name] for rates in rounds)
        print(f"{name:8} {median:6.0f} mails/s   {median / floor:.2f} of discard")


if __name__ == "__main__":
    main()
