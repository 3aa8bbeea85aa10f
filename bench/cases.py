"""What a case costs among a thousand and among a million.

    .venv/bin/python bench/cases.py [--cases 1000000] [--contacts 100000] [--database sqlite|postgresql|both]
        [--folder /tmp/bench_cases] [--rounds 7] [--operations 200] [--seed 1] [--cold]

A small house (1,000 cases, 100 contacts) and a large one stand beside each other on the same database. Every
operation is done in the small one and in the large one by turns, on cases drawn by lot; after a round that does
not count, printed are the medians of the rounds, in microseconds, and two ratios large / small, each the median
of its rounds: of a round's medians, and of a round's sums, in which the rare slow one is.

Writes are told twice: whole, with their commit and so with the disk, and their statements alone. Lists are asked
for less often. `decide` begins with the case already read.

Before each round all files are read once, so that the system's memory holds them and programs are compared, not
the disk. With `--cold` they are put out of it: a round then reads from the disk, page by page, what it needs.

Both houses have the same mix: of 100 cases 70 are closed (3 of them still to be purged), 10 wait for the customer
with a follow-up (2 of them due), 12 are worked on, 8 owe a response (6 of them overdue). A case has one to three
events, a Reference ID for its contact and one for its owner, and a notice that left. Three of four contacts are
Designated Contacts. All of it is computed from the numbers of cases and contacts, so nothing has to be read
beforehand to know what to ask for.

The large house stays in the folder and is used again; the small one is filled anew each time. PostgreSQL is the
wheel's, with its stock settings (fsync too), and its data are in the folder.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from core import cases, directory, telling
from core.acting import Actor, denied
from core.cases import NewCase, open_case
from core.clock import HeldClock
from core.enrolment import enrol
from core.identifiers import ReferenceMint, case_number
from core.pins import PinKeys
from core.rules.fields import CaseFields
from core.rules.followups import Step
from core.rules.notices import NoticeKind
from core.rules.policy import Act
from core.rules.terms import (
    Access,
    CareLevel,
    CaseType,
    Channel,
    ContractStatus,
    EventKind,
    Priority,
    Role,
    Status,
    SubStatus,
)
from core.store import cases as rows
from core.store import retention, schema
from core.store.blobs import FolderBlobs
from core.store.claiming import State
from core.store.database import Database
from core.store.migrations import is_current, migrate
from core.unit_of_work import Core, House, UnitOfWork

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)  # a Monday
YEARS = timedelta(days=1070)  # over which the cases were opened
BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
GOAL = 1.15
ANALYSTS = 5
CONTACTS_OF_A_COMPANY = 20
TO_PURGE, CLOSED, DUE, FOLLOWED_UP, WORKED_ON, OVERDUE = 3, 70, 72, 80, 92, 98  # of 100; where each ends
PAGE = 50
MINT = ReferenceMint("B1", b"key")
WORDS = (
    "The recorder stops after the update and writes nothing to its log since Monday.",
    "Nach dem Neustart fehlen die Gespräche der letzten Nacht; die Lizenz ist gültig.",
    "We restarted the service twice. Agents of the second floor still hear no tone, the others do.",
    "Please see the log of this morning, attached to the mail before. It happens at every full hour.",
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How large a house is."""

    cases: int
    contacts: int

    @property
    def companies(self) -> int:
        """How many companies there are, each with a contract of its own."""
        return max(5, self.contacts // CONTACTS_OF_A_COMPANY)

    @property
    def name(self) -> str:
        """The name of its database."""
        return f"cases_{self.cases}_{self.contacts}"


class Numbered:
    """Chance that is the same for the same words, so that a Reference ID is known without being kept."""

    def __init__(self, *words: object) -> None:
        self._state = repr(words).encode()

    def getrandbits(self, bits: int, /) -> int:
        """Return the next bits."""
        self._state = hashlib.sha256(self._state).digest()
        return int.from_bytes(self._state, "big") >> 256 - bits


# --- what is in a house ---------------------------------------------------------------------------------------


def bucket(case_id: int) -> int:
    """Return which of the 100 kinds a case is of."""
    return case_id * 37 % 100


def contact_of(size: Size, case_id: int) -> int:
    """Return the contact of a case, a Designated Contact."""
    return designated(case_id * 2654435761 % 2**32 % (size.contacts * 3 // 4))


def designated(number: int) -> int:
    """Return the id of a Designated Contact: every fourth contact is none."""
    return number + number // 3 + 1


def company_of(size: Size, contact_id: int) -> int:
    """Return the company of a contact, which is also the id of its combination."""
    return (contact_id - 1) % size.companies + 1


def email_of(size: Size, contact_id: int) -> str:
    """Return the address of a contact."""
    return f"person{contact_id}@company{company_of(size, contact_id):05d}.example"


def analyst_of(case_id: int) -> int:
    """Return the owner of a case."""
    return case_id % ANALYSTS + 1


def reference_of(case_id: int) -> str:
    """Return the Reference ID of a case for its contact."""
    return MINT.mint(Numbered(case_id))


def opened_at(size: Size, case_id: int) -> datetime:
    """Return when a case was opened: the newest three weeks ago."""
    return NOW - timedelta(days=21) - YEARS * ((size.cases - case_id) / size.cases)


def closed_at(size: Size, case_id: int) -> datetime:
    """Return when a case that is closed was closed."""
    return opened_at(size, case_id) + timedelta(days=1 + case_id % 19)


def version_of(case_id: int) -> int:
    """Return how many events a case has; a closed one has two or three."""
    return (case_id // 100 + case_id) % 3 + 1 if bucket(case_id) >= CLOSED else case_id % 2 + 2


def accounts(size: Size) -> Iterator[Row]:
    """Yield the companies."""
    for number in range(1, size.companies + 1):
        yield {"id": number, "name": f"Company {number:05d}", "part_of_id": None}


def combinations(size: Size) -> Iterator[Row]:
    """Yield a combination for each company."""
    for number in range(1, size.companies + 1):
        yield {"id": number, "sold_to_id": number, "end_user_id": number}


def contracts(size: Size) -> Iterator[Row]:
    """Yield a live contract for each combination."""
    for number in range(1, size.companies + 1):
        yield {
            "id": number,
            "number": f"C-{number:06d}",
            "combination_id": number,
            "support_owner_id": number,
            "care_level": CareLevel.PREMIUM_CARE.value,
            "products": ["Dialer", "Recorder"],
            "starts_at": BEGIN,
            "ends_at": END,
            "status": ContractStatus.ACTIVE.value,
        }


def contacts(size: Size) -> Iterator[Row]:
    """Yield the contacts; every second has a PIN."""
    for number in range(1, size.contacts + 1):
        yield {
            "id": number,
            "email": email_of(size, number),
            "first_name": "Maria",
            "last_name": f"Müller {number}",
            "employer_id": company_of(size, number),
            "country": "US",
            "phone": f"+1415{5000000 + number % 999999:07d}",
            "language": "en",
            "time_zone": "America/New_York",
            "terms_accepted_at": BEGIN,
            "pin_handle": f"{number * 7919 % 100000:05d}" if number % 2 and number < 100000 else None,
            "pin_key_id": "k" if number % 2 and number < 100000 else None,
            "pin_version": number % 2,
        }


def grants(size: Size) -> Iterator[Row]:
    """Yield a grant for each contact."""
    for number in range(1, size.contacts + 1):
        yield {
            "contact_id": number,
            "combination_id": company_of(size, number),
            "access": (Access.READ_WRITE if number % 4 else Access.READ_ONLY).value,
            "approver": f"Approver of company {company_of(size, number)}",
            "approved_by_id": None,
            "approved_at": None,
        }


def case_rows(size: Size) -> Iterator[Row]:
    """Yield the cases."""
    for number in range(1, size.cases + 1):
        contact_id = contact_of(size, number)
        yield {
            "id": number,
            "number": case_number(number),
            "type": CaseType.SUPPORT.value,
            "priority": int(Priority.MEDIUM if number % 4 else Priority.LOW),
            "production_down": False,
            "subject": f"{WORDS[number % 4][:40]} ({number})",
            **rows.field_columns(CaseFields(sub_type="Problem", product="Recorder", stage="Production")),
            "combination_id": company_of(size, contact_id),
            "contact_id": contact_id,
            "owner_id": analyst_of(number),
            "callback_number": None,
            "opened_at": opened_at(size, number),
            "escalated": False,
            "decision_due_at": None,
            "decided_at": None,
            "version": version_of(number),
            **state_of(size, number),
        }


def state_of(size: Size, number: int) -> Row:
    """Return the columns in which the hundred kinds of cases differ."""
    kind, opened = bucket(number), opened_at(size, number)
    is_closed, is_followed = kind < CLOSED, CLOSED <= kind < FOLLOWED_UP
    since = timedelta(seconds=number % 86400)
    status, sub_status = status_of(kind)
    return {
        "status": status.value,
        "sub_status": sub_status.value,
        "updated_at": closed_at(size, number) if is_closed else opened,
        "closed_at": closed_at(size, number) if is_closed else None,
        "closed_by_timer": is_closed and number % 5 == 0,
        "purged_at": purged_at(size, number),
        "response_due_at": NOW + since if kind >= OVERDUE else opened + timedelta(hours=4),
        "responded_at": opened + timedelta(hours=1) if kind < WORKED_ON else None,
        "followup_at": (NOW - since if kind < DUE else NOW + timedelta(days=1) + since)
        if is_followed
        else None,
        "followup_step": int(Step.REMINDER_1 if is_followed else Step.NONE),
    }


def status_of(kind: int) -> tuple[Status, SubStatus]:
    """Return where a case of this kind stands."""
    if kind < CLOSED:
        return Status.CLOSED, SubStatus.RESOLVED
    if kind < FOLLOWED_UP:
        return Status.AWAITING_INFORMATION, SubStatus.INFORMATION_REQUIRED
    return Status.OPEN, SubStatus.INVESTIGATION if kind < WORKED_ON else SubStatus.NEW


def purged_at(size: Size, number: int) -> datetime | None:
    """Return when a case was purged: a month after its closing, but for those that are still to be."""
    end = closed_at(size, number) + timedelta(days=30)
    return end if TO_PURGE <= bucket(number) < CLOSED and end < NOW else None


def events(size: Size) -> Iterator[Row]:
    """Yield the histories in the order in which cases were opened; of each case, the last tells how it stands."""
    event_id = 0
    for number in range(1, size.cases + 1):
        last = version_of(number)
        for version in range(1, last + 1):
            event_id += 1
            yield {"id": event_id, **event(size, number, version, is_last=version == last)}


def event(size: Size, number: int, version: int, *, is_last: bool) -> Row:
    """Return one line of a history."""
    kind = EventKind.OPENED if version == 1 else EventKind.POST
    if is_last and bucket(number) < CLOSED:
        kind = EventKind.CLOSED
    status, sub_status = status_of(bucket(number)) if is_last else (Status.OPEN, SubStatus.INVESTIGATION)
    by_customer = kind is EventKind.OPENED
    return {
        "case_id": number,
        "version": version,
        "at": opened_at(size, number) + timedelta(hours=version - 1),
        "kind": kind.value,
        "channel": (Channel.PHONE if by_customer else Channel.CONSOLE).value,
        "role": (Role.CUSTOMER if by_customer else Role.ANALYST).value,
        "actor": f"Maria Müller <{email_of(size, contact_of(size, number))}>" if by_customer else "Ada",
        "text": " ".join(WORDS[(number + version + more) % 4] for more in range(number % 3 + 1)),
        "public": True,
        "status": status.value,
        "sub_status": sub_status.value,
        "escalation_id": None,
    }


def references(size: Size) -> Iterator[Row]:
    """Yield a Reference ID of each case for its contact, and one for its owner."""
    for number in range(1, size.cases + 1):
        row = {"case_id": number, "made_at": opened_at(size, number)}
        yield {**row, "token": reference_of(number), "recipient": email_of(size, contact_of(size, number))}
        owner = analyst_email(analyst_of(number))
        yield {**row, "token": MINT.mint(Numbered(number, "owner")), "recipient": owner}


def notices(size: Size) -> Iterator[Row]:
    """Yield a notice of each opening; it has left."""
    event_id = 1
    for number in range(1, size.cases + 1):
        unique = Numbered(number, "notice")
        opened = opened_at(size, number)
        yield {
            "id": number,
            "state": State.DONE.value,
            "due_at": opened,
            "attempts": 1,
            "lease": None,
            "error": None,
            "finished_at": opened,
            "notice": NoticeKind.CASE_OPENED.value,
            "recipient": email_of(size, contact_of(size, number)),
            "case_id": number,
            "event_id": event_id,
            "written_at": opened,
            "message_id": f"<{reference_of(number)}.{unique.getrandbits(64):016x}@support.example>",
            "bounce_key": f"{unique.getrandbits(128):032x}",
        }
        event_id += version_of(number)


def analyst_email(number: int) -> str:
    """Return the address of an analyst."""
    return f"analyst{number}@support.example"


TABLES: tuple[tuple[sa.Table, Callable[[Size], Iterator[Row]]], ...] = (
    (schema.accounts, accounts),
    (schema.combinations, combinations),
    (schema.contracts, contracts),
    (schema.contacts, contacts),
    (schema.grants, grants),
    (schema.cases, case_rows),
    (schema.case_events, events),
    (schema.references, references),
    (schema.outbox, notices),
)
ON_CALL = {
    "analysts": [
        {"email": analyst_email(n), "name": f"Ada {n}", "phone": f"+1415555014{n}", "shifts": [{"rung": n}]}
        for n in range(1, ANALYSTS + 1)
    ]
}


# --- filling it -----------------------------------------------------------------------------------------------


def core_on(url: str, folder: Path) -> Core:
    """Return a core whose clock is held."""
    house = House(MINT, PinKeys("k", {"k": b"key"}), random.SystemRandom(), "support.example")
    clock = HeldClock(NOW)
    return Core(Database(url), FolderBlobs(folder / "blobs", clock), clock, house)


def bound(core: Core, table: sa.Table, made: Iterator[Row]) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Return the columns that are given, and the rows as this database's driver takes them."""
    first = next(made)
    dialect = core.database.engine.dialect
    forms = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in first]
    ways = list(zip(first, forms, strict=True))
    values = (tuple(to(row[name]) if to else row[name] for name, to in ways) for row in chain([first], made))
    return list(first), values


def told(table: sa.Table, values: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield the same rows, with a line that counts them."""
    count = 0
    for count, row in enumerate(values, 1):
        if count % 50_000 == 0:
            print(f"\r  {table.name} {count:,} ", end="", flush=True)
        yield row
    if count >= 50_000:
        print(f"\r  {table.name} {count:,}")


def fill_sqlite(core: Core, size: Size) -> None:
    """Fill a migrated SQLite database; nothing is safe until it is full."""
    file = core.database.url.database or ""
    core.database.close()
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-4000000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    for table, make in TABLES:
        names, values = bound(core, table, make(size))
        places = ", ".join("?" * len(names))
        into = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({places})"
        connection.executemany(into, told(table, values))
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.close()


def fill_postgresql(core: Core, size: Size) -> None:
    """Fill a migrated PostgreSQL database."""
    url = core.database.url.set(drivername="postgresql").render_as_string()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # what is made here fits together
        for table, make in TABLES:
            names, values = bound(core, table, make(size))
            with connection.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
                for row in told(table, values):
                    copy.write_row(row)
            if "id" in names:
                sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                connection.execute(f"SELECT setval({sequence}, max(id)) FROM {table.name}")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def fill(core: Core, size: Size) -> None:
    """Migrate and fill an empty database."""
    began = time.perf_counter()
    migrate(core.database)
    core.write(lambda uow: enrol(uow, ON_CALL))
    (fill_sqlite if core.database.is_sqlite else fill_postgresql)(core, size)
    print(f"  {size.cases:,} cases and {size.contacts:,} contacts in {time.perf_counter() - began:.1f} s")


@dataclass(frozen=True)
class SqliteFiles:
    """The databases in a folder."""

    folder: Path

    def url(self, name: str) -> str:
        """Return SQLAlchemy's URL of a database."""
        return f"sqlite:///{self.folder}/{name}.db"

    def has(self, name: str) -> bool:
        """Say whether it is there."""
        return (self.folder / f"{name}.db").exists()

    def create(self, _name: str) -> None:
        """Do nothing: a file is made when it is opened."""

    def drop(self, name: str) -> None:
        """Remove a database if it is there."""
        for end in ("", "-wal", "-shm"):
            (self.folder / f"{name}.db{end}").unlink(missing_ok=True)

    def rename(self, name: str, to: str) -> None:
        """Give a database that nobody has open another name."""
        (self.folder / f"{name}.db").rename(self.folder / f"{to}.db")

    def files(self, name: str) -> list[Path]:
        """Return what it is kept in."""
        return [self.folder / f"{name}.db"]


@dataclass(frozen=True)
class PostgresDatabases:
    """The databases of a server."""

    data: Path
    socket_folder: Path
    admin: psycopg.Connection[Any]

    def url(self, name: str) -> str:
        """Return SQLAlchemy's URL of a database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.socket_folder}"

    def has(self, name: str) -> bool:
        """Say whether it is there."""
        found = self.admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        return found.fetchone() is not None

    def create(self, name: str) -> None:
        """Make an empty database."""
        self.admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")

    def drop(self, name: str) -> None:
        """Remove a database if it is there."""
        self.admin.execute(f"DROP DATABASE IF EXISTS {name}")

    def rename(self, name: str, to: str) -> None:
        """Give a database that nobody has open another name."""
        self.admin.execute(f"ALTER DATABASE {name} RENAME TO {to}")

    def files(self, name: str) -> list[Path]:
        """Return what it is kept in."""
        found = self.admin.execute("SELECT oid FROM pg_database WHERE datname = %s", (name,)).fetchone()
        assert found is not None
        return list((self.data / "base" / str(found[0])).glob("[0-9]*"))  # tables and indexes


Databases = SqliteFiles | PostgresDatabases
LIFE_OF_A_SERVER = """
"$1" -D "$2" -k "$3" -c listen_addresses= >"$2/log" 2>&1 </dev/null &
read -r _
kill -INT $!
wait
"""


@contextmanager
def postgresql(folder: Path) -> Iterator[PostgresDatabases]:
    """Run a server over the folder's data; it goes with this process, however that ends."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests import postgres as wheel

    home, data = folder / "server", folder / "data"
    home.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(home / "site", ignore_errors=True)
    binaries = wheel._runnable(wheel._installed_binaries(), home)
    wheel._give_to_nobody(home)
    as_user = wheel._as_server_user()
    if not data.exists():
        data.mkdir()
        wheel._give_to_nobody(data)
        words = f"-D {data} -U postgres -A trust -E UTF8 --no-locale"
        subprocess.run([binaries / "initdb", *words.split()], check=True, **as_user)
    program: list[str | Path] = [binaries / "postgres", data, home]
    life = ["/bin/sh", "-c", LIFE_OF_A_SERVER, "postgres", *program]
    with (
        subprocess.Popen(life, stdin=subprocess.PIPE, start_new_session=True, **as_user),
        administered(home) as admin,
    ):
        yield PostgresDatabases(data, home, admin)


@contextmanager
def administered(socket_folder: Path) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection to the server, as soon as it answers."""
    for attempt in range(300):
        try:
            admin = psycopg.connect(
                host=str(socket_folder), user="postgres", dbname="postgres", autocommit=True
            )
            break
        except psycopg.OperationalError:
            if attempt == 299:
                raise
            time.sleep(0.1)
    with admin:
        yield admin


@contextmanager
def house(databases: Databases, size: Size, folder: Path, *, anew: bool) -> Iterator[Core]:
    """Yield a core on a filled database of this size."""
    making = f"{size.name}_making"
    if anew or not databases.has(size.name):
        databases.drop(size.name)
        databases.drop(making)
        databases.create(making)
        core = core_on(databases.url(making), folder)
        fill(core, size)
        core.database.close()
        databases.rename(making, size.name)
    core = core_on(databases.url(size.name), folder)
    if not is_current(core.database):
        sys.exit(f"{size.name} in {folder} is of another revision of the tables: remove the folder")
    size_on_disk = sum(file.stat().st_size for file in databases.files(size.name))
    print(f"  {size.name}: {size_on_disk / 1e6:,.1f} MB")
    try:
        yield core
    finally:
        core.database.close()


# --- what is measured -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Side:
    """One of the two houses, and the lots that are drawn for it."""

    core: Core
    size: Size
    lots: random.Random
    files: list[Path]

    def case(self, first: int = 0, end: int = 100) -> int:
        """Return the id of a case whose kind is one of these."""
        while True:
            case_id = self.lots.randint(1, self.size.cases)
            if first <= bucket(case_id) < end:
                return case_id

    def contact(self) -> int:
        """Return the id of a Designated Contact."""
        return designated(self.lots.randrange(self.size.contacts * 3 // 4))


Act_ = Callable[[UnitOfWork], object]


@dataclass(frozen=True)
class Operation:
    """Something that is timed: `draw` returns what is to be done in a unit of work."""

    name: str
    draw: Callable[[Side], Act_]
    writes: bool = False
    share: float = 1.0  # of the operations of a round


def customer(side: Side, contact_id: int, channel: Channel) -> Actor:
    """Return a contact as an actor."""
    return Actor(Role.CUSTOMER, email_of(side.size, contact_id), channel, contact_id=contact_id)


def opening(side: Side) -> Act_:
    """A Designated Contact opens a case by phone."""
    contact_id = side.contact()
    email, actor = email_of(side.size, contact_id), customer(side, contact_id, Channel.PHONE)

    def act(uow: UnitOfWork) -> object:
        contact = directory.contact_by_email(uow, email)
        pair = directory.holdings(uow, contact.id)[0].combination.id
        return open_case(uow, actor, NewCase(contact.id, pair, WORDS[0][:40], WORDS[1]))

    return act


def found(uow: UnitOfWork, token: str) -> rows.Case:
    """Return the case of a Reference ID."""
    case_id = telling.case_of_reference(uow.connection, token)
    assert case_id is not None
    return rows.by_id(uow.connection, case_id)


def finding(side: Side) -> Act_:
    """A mail names a Reference ID: find the case and who wrote."""
    case_id = side.case()
    token, email = reference_of(case_id), email_of(side.size, contact_of(side.size, case_id))
    return lambda uow: (found(uow, token), directory.contact_by_email(uow, email))


def deciding(side: Side) -> Act_:
    """May the contact of this case update it?"""
    case_id = side.case(FOLLOWED_UP, WORKED_ON)
    actor = customer(side, contact_of(side.size, case_id), Channel.MAIL)
    with side.core.reading() as uow:
        case = rows.by_id(uow.connection, case_id)

    def act(uow: UnitOfWork) -> object:
        answer = denied(uow, actor, case, Act.UPDATE)
        assert answer is None
        return answer

    return act


def updating(side: Side) -> Act_:
    """A case is found by its Reference ID and updated by its contact."""
    case_id = side.case(FOLLOWED_UP, WORKED_ON)
    token, actor = reference_of(case_id), customer(side, contact_of(side.size, case_id), Channel.MAIL)
    return lambda uow: cases.update(uow, actor, found(uow, token), WORDS[2])


def next_followup(_side: Side) -> Act_:
    """Which follow-up has been due for longest?"""
    return lambda uow: rows.next_followup(uow.connection, uow.now)


def purging(side: Side) -> Act_:
    """Which case is purged next, in the midst of a purge?"""
    case_id = side.case(0, TO_PURGE)
    place = retention.Place(closed_at(side.size, case_id), case_id)
    return lambda uow: retention.next_case(uow.connection, uow.now - timedelta(days=30), place)


def overdue(_side: Side) -> Act_:
    """Which cases owe something, since longest?"""
    return lambda uow: rows.overdue(uow.connection, uow.now, limit=PAGE)


def newest(_side: Side) -> Act_:
    """The newest cases."""
    return lambda uow: rows.listed(uow.connection, limit=PAGE)


def of_contact(side: Side) -> Act_:
    """The cases of a contact, newest first."""
    email = email_of(side.size, side.contact())
    return lambda uow: rows.listed(uow.connection, schema.contacts.c.email == email, limit=PAGE)


def most_urgent(_side: Side) -> Act_:
    """What the console shows first: the active cases, most urgent first."""
    order = schema.cases.c.priority, schema.cases.c.id
    return lambda uow: rows.listed(uow.connection, schema.ACTIVE, order=order, limit=2 * PAGE)


OPERATIONS = (
    Operation("open", opening, writes=True),
    Operation("find by Reference ID", finding),
    Operation("decide", deciding),
    Operation("update", updating, writes=True),
    Operation("next follow-up due", next_followup),
    Operation("next case to purge", purging),
    Operation(f"case list, {PAGE}", newest, share=0.25),
    Operation(f"case list --overdue, {PAGE}", overdue, share=0.025),
    Operation(f"case list --contact, {PAGE}", of_contact, share=0.25),
    Operation(f"console, {2 * PAGE}", most_urgent, share=0.025),
)


@dataclass(frozen=True)
class Timed:
    """What an operation took, in seconds: all of it, and its statements without begin and commit."""

    whole: float
    statements: float


def once(side: Side, operation: Operation) -> Timed:
    """Do an operation once."""
    act = operation.draw(side)
    spent = 0.0

    def within(uow: UnitOfWork) -> None:
        nonlocal spent
        began = time.perf_counter()
        act(uow)
        spent = time.perf_counter() - began

    assert isinstance(side.core.clock, HeldClock)
    side.core.clock.advance(timedelta(milliseconds=1))
    began = time.perf_counter()
    if operation.writes:
        side.core.write(within)
    else:
        with side.core.reading() as uow:
            within(uow)
    return Timed(time.perf_counter() - began, spent)


@dataclass(frozen=True)
class Round:
    """What an operation came to in one round, in seconds, as (small, large)."""

    medians: tuple[float, float]
    sums: tuple[float, float]

    @staticmethod
    def of(small: list[float], large: list[float]) -> Round:
        """Return the round of these times."""
        return Round((statistics.median(small), statistics.median(large)), (sum(small), sum(large)))


Rounds = dict[str, list[Round]]


def one_round(small: Side, large: Side, count: int) -> dict[str, Round]:
    """Do every operation so many times in both houses by turns, each first every other time."""
    result = {}
    for operation in OPERATIONS:
        times: dict[int, list[Timed]] = {id(small): [], id(large): []}
        for turn in range(max(1, round(count * operation.share))):
            for side in (small, large) if turn % 2 else (large, small):
                times[id(side)].append(once(side, operation))
        pair = times[id(small)], times[id(large)]
        result[operation.name] = Round.of(*([one.whole for one in part] for part in pair))
        if operation.writes:
            alone = ([one.statements for one in part] for part in pair)
            result[f"{operation.name}: statements"] = Round.of(*alone)
    return result


def put_in_memory(files: Iterable[Path]) -> None:
    """Read files from end to end, so that the system's memory holds them."""
    for file in files:
        with file.open("rb", buffering=0) as opened:
            while opened.read(1 << 20):
                pass


def put_out_of_memory(files: Iterable[Path]) -> None:
    """Let the system's memory hold nothing of files, but what is yet to be written."""
    for file in files:
        with file.open("rb", buffering=0) as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(small: Side, large: Side, given: argparse.Namespace) -> Rounds:
    """Return what every operation came to, round by round, without the first."""
    gc.collect()
    gc.freeze()
    number, count = given.rounds, given.operations
    rounds: Rounds = {}
    for turn in range(number + 1):
        (put_out_of_memory if given.cold else put_in_memory)(small.files + large.files)
        done = one_round(small, large, count)
        print(f"\r  round {turn} of {number} ", end="", flush=True)
        if turn:
            for name, one in done.items():
                rounds.setdefault(name, []).append(one)
    print()
    return rounds


def print_table(title: str, rounds: Rounds, load: float) -> None:
    """Print the medians of the rounds."""
    loads = f"load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end"
    print(f"\n{title}; {os.cpu_count()} cores, {loads}")
    print(f"| {'operation':26} | small µs | large µs | ratio | of sums | goal |")
    print(f"|{'-' * 28}|{'-' * 9}:|{'-' * 9}:|{'-' * 6}:|{'-' * 8}:|{'-' * 5}:|")
    for name, those in rounds.items():
        small, large = (statistics.median(one.medians[side] for one in those) * 1e6 for side in (0, 1))
        ratio = statistics.median(one.medians[1] / one.medians[0] for one in those)
        sums = statistics.median(one.sums[1] / one.sums[0] for one in those)
        print(f"| {name:26} | {small:8,.0f} | {large:8,.0f} | {ratio:5.2f} | {sums:7.2f} | {GOAL:4} |")


def run(kind: str, databases: Databases, given: argparse.Namespace) -> None:
    """Fill what is not there, measure, print."""
    print(kind)
    folder = Path(given.folder)
    small, large = Size(1_000, 100), Size(given.cases, given.contacts)
    with (
        house(databases, large, folder, anew=False) as large_core,
        house(databases, small, folder, anew=True) as small_core,
    ):
        load = os.getloadavg()[0]
        sides = (
            Side(small_core, small, random.Random(given.seed), databases.files(small.name)),
            Side(large_core, large, random.Random(given.seed), databases.files(large.name)),
        )
        how = "files on disk only" if given.cold else "files in memory"
        print_table(f"{kind}, {how}", measure(*sides, given), load)


def main() -> None:
    """Measure on one database or on both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--folder", default="/tmp/bench_cases")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--operations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cold", action="store_true", help="put the files out of memory before each round")
    given = parser.parse_args()
    folder = Path(given.folder)
    folder.mkdir(parents=True, exist_ok=True)
    if given.database != "postgresql":
        run("SQLite", SqliteFiles(folder), given)
    if given.database != "sqlite":
        with postgresql(folder / "postgresql") as databases:
            run("PostgreSQL", databases, given)


if __name__ == "__main__":
    main()
