"""From one revision to the next, with what a site has in its tables, on both databases."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from core import pins
from core.store import inbox as mails
from core.store.database import Database
from core.store.inbox import ReceivedMail
from core.store.migrations import alembic_config, migrate
from core.store.schema import APPEND_ONLY, audit, case_events, cases, inbox, triage

THEN = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
MAIL = ReceivedMail(
    "alice@northwind.example", ("support@support.example",), "192.0.2.1", b"Subject: x\r\n\r\ny"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request, tmp_path):
    """A database at the first revision, with a case, its history and two mails."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/old.db")
    else:
        server = request.getfixturevalue("postgres")
        name = f"m{uuid.uuid4().hex}"
        server.create_database(name)
        database = Database(server.url(name))
    try:
        _at_the_first_revision(database)
        yield database
    finally:
        database.close()
        if request.param == "postgresql":
            server.drop_database(name)


def _at_the_first_revision(database):
    from alembic import command

    config = alembic_config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        _fill(connection)


def _fill(connection):
    tables = sa.MetaData()
    tables.reflect(connection)

    def put(table, /, **values):
        for column in tables.tables[table].c:
            is_json = isinstance(column.type, sa.JSON)
            if not column.nullable and column.name not in values and not column.primary_key:
                values[column.name] = [] if is_json else THEN if "_at" in column.name else 0
        connection.execute(sa.insert(tables.tables[table]).values(**values))

    text = {"state": "done", "envelope_sender": MAIL.envelope_sender, "peer": MAIL.peer, "raw": MAIL.raw}
    put("accounts", id=1, name="Northwind")
    put("combinations", id=1, sold_to_id=1, end_user_id=1)
    names = {"email": "alice@northwind.example", "first_name": "A", "last_name": "B", "country": "US"}
    put("contacts", id=1, employer_id=1, **names)
    words = {"type": "Support", "status": "Open", "sub_status": "New", "subject": "s", "product": ""}
    flags = {"production_down": False, "closed_by_timer": False, "opened_at": THEN, "priority": 3}
    put("cases", id=7, number="0000000007", combination_id=1, contact_id=1, **words, **flags)
    event = {"kind": "opened", "channel": "console", "role": "analyst", "actor": "Ada", "text": "t"}
    event |= {"status": "Open", "sub_status": "New", "public": True, "at": THEN, "version": 1}
    put("case_events", id=1, case_id=7, **event)
    sent = {"recipients": list(MAIL.recipients), "received_at": THEN, "due_at": THEN, **text}
    put("inbox", id=1, fingerprint="old", effect_of="old", decision={"cases": [7]}, outcome="update", **sent)
    put("inbox", id=2, fingerprint="old", decision={"cases": []}, outcome="triage", **sent)
    aside = {"reason": "r", "words": "w", "sender": "s", "subject": "s", "put_at": THEN, "state": "open"}
    put("triage", id=1, inbox_id=2, case_id=7, **aside)


def test_mails_keep_their_bytes_and_learn_which_case_they_are_of(old):
    """C10: what is purged with a case is found by it."""
    migrate(old)
    with old.reading() as connection:
        rows = connection.execute(sa.select(inbox).order_by(inbox.c.id)).mappings().all()
        assert [mails.raw_of(connection, row["id"]) for row in rows] == [MAIL.raw, MAIL.raw]
        assert connection.scalar(sa.select(triage.c.id)) == 1
    assert [row["case_id"] for row in rows] == [7, 7]
    assert {row["content"] for row in rows} == {hashlib.sha256(MAIL.raw).hexdigest()}


def test_a_mail_from_before_is_recognised_when_it_comes_again(old):
    """I2, across the migration."""
    migrate(old)
    with old.reading() as connection:
        first = mails.find(connection, 1)
    assert first["fingerprint"] == first["effect_of"] == MAIL.fingerprint


def test_a_case_was_updated_when_its_last_event_was(old):
    """C11 asks for the time of the last update."""
    migrate(old)
    with old.reading() as connection:
        assert connection.scalar(sa.select(cases.c.updated_at)) == THEN


def test_the_number_of_a_case_is_never_handed_out_again(old):
    """C1, also after a case was removed by hand."""
    migrate(old)
    if not old.is_sqlite:
        pytest.skip("PostgreSQL counts with a sequence")
    with old.reading() as connection:
        made = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = 'cases'"))
    assert "AUTOINCREMENT" in made


@pytest.mark.parametrize("table", APPEND_ONLY, ids=lambda table: table.name)
@pytest.mark.parametrize("change", [sa.update, sa.delete], ids=["changed", "removed"])
def test_a_line_of_the_history_or_the_audit_trail_is_never_touched(core, people, table, change):
    """The database itself refuses."""
    opened = people.case().case
    core.write(lambda uow: pins.issue(uow, opened.contact_id, by="test"))
    statement = change(table).values(actor="Mallory") if change is sa.update else change(table)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        core.database.write(lambda connection: connection.execute(statement))
    with core.reading() as uow:
        told = uow.connection.scalars(sa.select(case_events.c.actor)).all()
        assert "Mallory" not in told + uow.connection.scalars(sa.select(audit.c.actor)).all()
