"""The audit trail: what is written is read again, newest first, with a case's events; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import audit, cases, pins
from core.errors import NotFound
from core.rules.terms import Channel
from core.store.schema import inbox
from core.triage import Aside, EntryState, put_aside, settle


def record(core, act, subject, **more):
    core.write(lambda uow: audit.record(uow, by="Ada", act=act, subject=subject, **more))


def test_lines_are_read_newest_first_with_who_what_when_and_how(core, clock):
    """A10, I14."""
    record(core, "first", "a@x.example", detail="why", channel=Channel.PHONE)
    began = clock.now()
    clock.advance(timedelta(seconds=1))
    record(core, "second", "b@x.example")
    with core.reading() as uow:
        newest, oldest = audit.listed(uow, limit=2)
    assert (newest.act, newest.subject, newest.channel) == ("second", "b@x.example", "console")
    assert oldest == audit.Line(began, "Ada", "phone", "first", "a@x.example", "why")


def test_only_what_was_done_to_one_subject_is_read_when_that_is_asked(core):
    """A10, I14."""
    for number in range(5):
        record(core, f"act {number}", "a@x.example")
        record(core, "another", "b@x.example")
    with core.reading() as uow:
        mine = audit.listed(uow, "a@x.example", limit=3)
    assert [line.act for line in mine] == ["act 4", "act 3", "act 2"]


def test_a_case_has_its_events_and_the_lines_about_it_in_one_stream(core, people, clock):
    """E3, E5: also of the triage entries that name it; never the words of an event."""
    done = people.case()
    clock.advance(timedelta(minutes=1))
    entry = core.write(lambda uow: triage_entry(uow, done.case.id))
    core.write(lambda uow: settle(uow, entry, EntryState.DISCARDED, by="Grace"))
    clock.advance(timedelta(minutes=1))
    record(core, "case of another company asked for", done.case.number, channel=Channel.PHONE)
    clock.advance(timedelta(minutes=1))
    secret = "The words are the case's own."
    core.write(lambda uow: cases.post(uow, people.analyst(), done.case, secret))
    people.case()  # another one, of which nothing is told
    with core.reading() as uow:
        lines = audit.of_case(uow, done.case.number)
        newest = audit.of_case(uow, done.case.number, limit=2)
    assert [(line.act, line.actor) for line in lines] == [
        ("post", "Ada"),
        ("case of another company asked for", "Ada"),
        ("triage discarded", "Grace"),
        ("opened", "Ada"),
    ]
    assert secret not in str(lines)
    assert newest == lines[:2]


def triage_entry(uow, case_id):
    """Put a mail aside for a case."""
    mail = {"state": "done", "due_at": uow.now, "attempts": 1, "received_at": uow.now, "recipients": []}
    mail |= {"envelope_sender": "", "peer": "", "content": "0" * 64, "fingerprint": "0" * 64}
    inbox_id = uow.connection.scalar(sa.insert(inbox).values(**mail).returning(inbox.c.id))
    return put_aside(
        uow, Aside(inbox_id, "no-reference", "It names no case.", "sam@x.example", "Hi", case_id)
    )


def test_a_case_that_is_none_is_not_found(core):
    with core.reading() as uow, pytest.raises(NotFound):
        audit.of_case(uow, "0000000009")


def test_the_lines_of_a_contact_hold_no_pin(core, people):
    """A10, I14."""
    alice = people.customer("alice").contact_id
    pin = core.write(lambda uow: pins.issue(uow, alice, by="Ada"))
    core.write(lambda uow: pins.reveal(uow, alice, by="Ada"))
    core.write(lambda uow: pins.blank(uow, alice, by="Ada"))
    with core.reading() as uow:
        lines = audit.listed(uow, "alice@northwind.example")
    about_pins = [line.act for line in lines if line.act.startswith("PIN")]
    assert about_pins == ["PIN blanked", "PIN shown", "PIN issued"]
    assert not [form for form in (pin, pin[5:11], pins.spoken(pin)) if form in str(lines)]
