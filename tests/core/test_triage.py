"""The queue of triage: what waits, who settled it, what is asked of it; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import audit, triage
from core.errors import NotFound, Refused
from core.store import inbox
from core.store.inbox import ReceivedMail
from core.triage import Aside, EntryState, Wanted, listing
from core.undoing import undo

ADA = "Ada"


@pytest.fixture
def aside(core):
    """Return a function that puts a mail aside and returns its entry's id."""

    def put(sender="sam@elsewhere.example", reason="no-reference", case=None):
        def act(uow):
            mail = ReceivedMail(sender, ("support@support.example",), "192.0.2.1", b"Subject: x\r\n\r\ny")
            inbox_id = inbox.accept(uow.connection, mail, uow.now)
            entry = Aside(inbox_id, reason, "Why.", sender, "Help", case.id if case else None)
            return triage.put_aside(uow, entry)

        return core.write(act)

    return put


def ids(core, wanted=triage.EVERY, **how):
    with core.reading() as uow:
        return [row["id"] for row in triage.listed(uow, wanted, **how)]


def settle(core, entry, state=EntryState.DISCARDED):
    core.write(lambda uow: triage.settle(uow, entry, state, by=ADA))


def test_what_waits_is_listed_oldest_first_and_what_was_settled_newest_first(core, aside):
    """E3."""
    first, second, third = aside(), aside(), aside()
    settle(core, second)
    assert ids(core) == [first, third]
    assert ids(core, settled=True) == [third, second, first]
    assert ids(core, settled=True, limit=1) == [third]


def test_only_what_is_asked_for_is_listed(core, people, aside):
    """E3: by reason, by the case that a mail names, by its sender or the sender's domain."""
    case = people.case().case
    mine, theirs = aside("Alice@Northwind.example", "sender-unproven", case), aside()
    assert ids(core, Wanted(reason="no-reference")) == [theirs]
    assert ids(core, Wanted(case_number=case.number)) == [mine]
    assert ids(core, Wanted(case_number="0000000099")) == []
    assert ids(core, Wanted(sender="alice@northwind.EXAMPLE ")) == [mine]
    assert ids(core, Wanted(sender="@elsewhere.example")) == [theirs]
    assert ids(core, Wanted(sender="@%")) == []


def test_the_list_reads_the_entries_that_wait_and_no_settled_ones(core):
    """E3: on SQLite, an index on some rows serves only a query in its own words."""
    if not core.database.is_sqlite:
        pytest.skip("PostgreSQL plans by what is in the table")
    with core.reading() as uow:
        for wanted in (triage.EVERY, Wanted("no-reference", "0000000001", "@elsewhere.example")):
            query = listing(wanted, settled=False, limit=9)
            written = str(query.compile(uow.connection, compile_kwargs={"literal_binds": True}))
            plan = str(uow.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}").all())
            assert "ix_triage_open" in plan or "ix_triage_case_id" in plan
            assert "SCAN cases" not in plan
            assert "SCAN case_events" not in plan


def test_an_entry_is_settled_once(core, aside):
    """E3: whoever is second is told who was first, and nothing of it is in the audit trail."""
    entry = aside()
    settle(core, entry)
    with pytest.raises(Refused, match="already discarded by Ada"):
        settle(core, entry, EntryState.ANSWERED)
    with core.reading() as uow:
        assert [line.act for line in audit.listed(uow, triage.subject_of(entry))] == ["triage discarded"]


def test_the_audit_trail_names_the_case_that_a_mail_names(core, people, clock, aside):
    """E3, I14."""
    case = people.case().case
    entry = aside(case=case)
    clock.advance(timedelta(hours=1))
    settle(core, entry)
    with core.reading() as uow:
        [line, *_events] = audit.of_case(uow, case.number)
    assert (line.actor, line.detail) == (ADA, f"case {case.number}")


def test_what_was_undone_is_as_if_it_had_never_been_settled(core, people, clock, aside):
    """E3."""
    entry = aside()
    with core.reading() as uow:
        before = dict(triage.find(uow, entry))
    settle(core, entry)
    clock.advance(timedelta(hours=1))
    core.write(lambda uow: undo(uow, entry, people.analyst()))
    with core.reading() as uow:
        assert dict(triage.find(uow, entry)) == before


@pytest.mark.parametrize("state", [EntryState.OPEN, EntryState.RETRIED])
def test_what_people_did_not_settle_is_not_undone(core, people, aside, state):
    """E3, I2: a mail that was worked on again has its outcome."""
    entry = aside()
    changed = sa.update(triage.triage).values(state=state)
    core.write(lambda uow: uow.connection.execute(changed))
    with pytest.raises(Refused, match="E3"):
        core.write(lambda uow: undo(uow, entry, people.analyst()))


def test_a_link_from_before_links_were_remembered_stays(core, people, aside):
    """E3: nobody knows which update it made."""
    entry = aside()
    settle(core, entry, EntryState.LINKED)
    with pytest.raises(Refused, match="before links could be undone"):
        core.write(lambda uow: undo(uow, entry, people.analyst()))


def test_an_entry_that_is_none_is_not_found(core, people):
    with pytest.raises(NotFound):
        core.write(lambda uow: undo(uow, 9, people.analyst()))
