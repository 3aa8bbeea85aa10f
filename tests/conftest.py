"""What every test may ask for: a core on each database, held at one instant, with people in its directory."""

from __future__ import annotations

import os
import random
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from core import directory
from core.acting import Actor, Done
from core.cases import NewCase, open_case
from core.clock import HeldClock
from core.enrolment import enrol
from core.identifiers import ReferenceMint
from core.pins import PinKeys
from core.rules.terms import Channel, Role
from core.store.blobs import FolderBlobs
from core.store.database import Database
from core.store.migrations import migrate
from core.unit_of_work import Core, House
from tests.people import DIRECTORY, NOW
from tests.postgres import PostgresServer, postgres_server


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: a third of the time, tests wait for locks, time-outs and processes of their own."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(scope="session", autouse=True)
def quiet_log() -> None:
    """Log to nowhere: what a test says of the log, it says of the real process."""
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL with a migrated template, for this worker."""
    with postgres_server() as server:
        server.create_database("template_intake")
        database = Database(server.url("template_intake"))
        migrate(database)
        database.close()
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, for this worker to copy."""
    file = tmp_path_factory.mktemp("template") / "intake.db"
    database = Database(f"sqlite:///{file}")
    migrate(database)
    database.close()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty migrated database: every test that asks for one runs on both."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "intake.db")
        yield f"sqlite:///{tmp_path}/intake.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    server.create_database(name, template="template_intake")
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same database, open."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> HeldClock:
    """A clock that stands at NOW until the test moves it."""
    return HeldClock(NOW)


@pytest.fixture
def core(database: Database, clock: HeldClock, tmp_path: Path) -> Core:
    """The core, its directory filled with the people of `tests.people`."""
    house = House(
        mint=ReferenceMint("T1", b"test reference key"),
        pin_keys=PinKeys("k1", {"k1": b"test pin key"}),
        chance=random.Random(7),
        mail_domain="support.example",
    )
    assembled = Core(database, FolderBlobs(tmp_path / "blobs", clock), clock, house)
    assembled.write(lambda uow: enrol(uow, DIRECTORY))
    return assembled


class People:
    """Actors and cases by the names of people, so that a test reads as a sentence."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def customer(self, name: str, channel: Channel = Channel.MAIL) -> Actor:
        """Return a contact as an actor; `name` is the part of the address before the company."""
        with self.core.reading() as uow:
            email = next(email for email in directory.contact_emails(uow) if email.startswith(f"{name}@"))
            contact = directory.contact_by_email(uow, email)
        return Actor(Role.CUSTOMER, f"{contact.name} <{contact.email}>", channel, contact_id=contact.id)

    def analyst(self, name: str = "ada") -> Actor:
        """Return an analyst at the console."""
        with self.core.reading() as uow:
            analyst = directory.analyst_by_email(uow, f"{name}@support.example")
        return Actor(Role.ANALYST, analyst.name, Channel.CONSOLE, analyst_id=analyst.analyst_id)

    def case(self, contact: str = "alice", subject: str = "The switch is down") -> Done:
        """Open a case for a contact, by an analyst."""
        contact_id = self.customer(contact).contact_id
        assert contact_id is not None

        def open_it(uow):
            pair = directory.holdings(uow, contact_id)[0].combination.id
            return open_case(uow, self.analyst(), NewCase(contact_id, pair, subject, "It blinks red."))

        return self.core.write(open_it)


@pytest.fixture
def people(core: Core) -> People:
    """Alice (a DC), Bob (read-only), Charlie (a DC elsewhere), and the others of `tests.people`."""
    return People(core)
