"""The gateway on the phone: its real web server on each database, and callers who call it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
import requests
import sqlalchemy as sa
from pydantic import SecretStr

from core import cases, pins
from core.clock import HeldClock
from core.rules.terms import SubStatus
from core.store import cases as rows
from core.store.schema import calls, case_events, legs, outbox, recordings
from core.unit_of_work import Core
from intake.settings import Settings
from intake.web import WebServer, create_app
from ivr.phone import CallResult, Faults, PhoneLine, ScriptedCaller, place_call
from ivr.simulator.leg import Leg, new_sid
from ivr.simulator.signing import SIGNATURE_HEADER, sign
from tests.conftest import People

ACCOUNT, TOKEN = "AC" + "0" * 32, "a token of the tests"
CALLER, NUMBER = "+14155550132", "+18005550199"
ADA, GRACE = "+14155550141", "+14155550142"
INCOMING, STATUS = "/voice/twilio/incoming", "/voice/twilio/status"


class Doorway:
    """What the server serves: the application of the test that runs now."""

    def __init__(self):
        self.application = None
        self.server = WebServer(self, "127.0.0.1", 0)

    def __call__(self, environ, start_response):
        return self.application(environ, start_response)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.port}"


@pytest.fixture(scope="session")
def doorway() -> Iterator[Doorway]:
    """One web server for this worker; stopping one takes longer than a test."""
    opened = Doorway()
    opened.server.start()
    yield opened
    opened.server.stop()


@dataclass
class Gateway:
    """The running gateway, as callers, the provider and a reader of its database see it."""

    core: Core
    clock: HeldClock
    people: People
    url: str

    # --- calls ----------------------------------------------------------------------------------------------

    @property
    def line(self) -> PhoneLine:
        return PhoneLine(self.url, ACCOUNT, TOKEN, NUMBER)

    def call(self, keys="", analysts="", *, caller=CALLER, faults=Faults()) -> CallResult:  # noqa: B008
        """Place a call by script; it must end without a fault of the server."""
        result = place_call(
            self.line, caller, ScriptedCaller.from_script(keys, analysts), lambda _line: None, faults=faults
        )
        assert result.fault is None, "\n".join(result.transcript)
        return result

    def pin(self, name="alice") -> str:
        """Return a contact's PIN, issued now."""
        contact_id = self.people.customer(name).contact_id
        return self.core.write(lambda uow: pins.issue(uow, contact_id, by="test"))

    def wrong(self, pin) -> str:
        """Return a well-formed PIN with the same first five digits and another secret."""
        other = pin[:5] + f"{(int(pin[5:11]) + 1) % 10**6:06d}"
        return other + pins.check_digit(other)

    def post(self, path, *, signed_by=TOKEN, **params) -> requests.Response:
        """Send one signed webhook; `path` may be a full URL."""
        url = path if path.startswith("http") else self.url + path
        headers = {SIGNATURE_HEADER: sign(url, params, signed_by)}
        return requests.post(url, data=params, headers=headers, timeout=20)

    def params(self, **extra) -> dict[str, str]:
        """Return the parameters of a fresh call."""
        return Leg(ACCOUNT, new_sid("CA"), CALLER, NUMBER).params("in-progress") | extra

    def begin(self, *keyed) -> tuple[dict[str, str], str]:
        """Begin a call by hand and key; return its parameters and the key of its row."""
        params = self.params()
        assert self.post(INCOMING, **params).status_code == 200
        key = self.rows(calls)[-1]["key"]
        for turn, keys in enumerate(keyed, start=1):
            assert self.post(f"/voice/twilio/t/{key}/{turn}", **params, Digits=keys).status_code == 200
        return params, key

    # --- what is in the database ----------------------------------------------------------------------------

    def rows(self, table, *conditions) -> list[sa.RowMapping]:
        """Return the rows of a table, in the order of their making."""
        order = {calls: calls.c.began_at, legs: legs.c.rung}.get(table, table.primary_key.columns[0])
        with self.core.reading() as uow:
            found = uow.connection.execute(sa.select(table).where(*conditions).order_by(order))
            return list(found.mappings())

    def case(self, number):
        """Return a case as it is now."""
        with self.core.reading() as uow:
            return rows.find(uow.connection, number)

    def history(self, number) -> list[str]:
        """Return the kinds of a case's events."""
        case = self.case(number)
        return [row["kind"] for row in self.rows(case_events, case_events.c.case_id == case.id)]

    def mails(self, notice) -> list[str]:
        """Return who is told, by one notice."""
        return [row["recipient"] for row in self.rows(outbox, outbox.c.notice == notice)]

    def recorded(self, kind) -> list[int]:
        """Return the seconds of the recordings that are tied to events of this kind."""
        tied = {row["id"]: row["kind"] for row in self.rows(case_events)}
        return [row["seconds"] for row in self.rows(recordings) if tied.get(row["event_id"]) == kind]

    # --- what happens elsewhere -----------------------------------------------------------------------------

    def closed(self, contact="alice", *, ago=timedelta(0), by_timer=False) -> str:
        """Return the number of a case that was closed that long ago."""
        case = self.people.case(contact).case
        columns = {"closed_at": self.clock.now() - ago, "closed_by_timer": by_timer}
        ada = self.people.analyst()
        self.core.write(lambda uow: cases.close(uow, ada, case, SubStatus.RESOLVED, "It works again."))
        table = rows.cases
        changed = sa.update(table).where(table.c.id == case.id).values(**columns)
        self.core.write(lambda uow: uow.connection.execute(changed))
        return case.number


def at_once(*acts):
    """Do all of this at the same time, in threads of its own; return what each returned."""
    with ThreadPoolExecutor(len(acts)) as threads:
        return [done.result(30) for done in [threads.submit(act) for act in acts]]


@pytest.fixture
def gateway(core: Core, clock: HeldClock, people: People, doorway: Doorway) -> Gateway:
    """The gateway over the core of the test, reached over HTTP."""
    settings = Settings(
        public_url=doorway.url, twilio_account_sid=ACCOUNT, twilio_auth_token=SecretStr(TOKEN)
    )
    doorway.application = create_app(core, settings)
    return Gateway(core, clock, people, doorway.url)
