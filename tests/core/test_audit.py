"""The audit trail: what is written is read again, newest first, with a case's events; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import audit, cases, escalations, pins
from core.errors import NotFound
from core.rules.terms import Channel, EscalationGround, Priority, SubStatus
from core.store import escalations as escalation_rows
from core.store.schema import inbox
from core.triage import Aside, EntryState, listed, put_aside, settle


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


def test_a_name_of_any_length_is_kept_as_far_as_there_is_room(core, people):
    """C11, I14: PostgreSQL takes no more than there is room for, and the act must not fail by it."""
    long = "x" * 400
    core.write(lambda uow: audit.record(uow, by=long, act="first", subject=long))
    case = people.case().case
    somebody = replace(people.analyst(), name=long)
    ground = EscalationGround.NO_PROGRESS
    core.write(lambda uow: escalations.escalate(uow, somebody, case, ground, "Nothing happens."))
    core.write(lambda uow: settle(uow, triage_entry(uow, case.id), EntryState.DISCARDED, by=long))
    with core.reading() as uow:
        [escalation] = escalation_rows.of_case(uow.connection, case.id)
        [line] = audit.listed(uow, "x" * 300)
        [entry] = listed(uow, settled=True)
    assert {escalation["asked_by"], line.actor, entry["settled_by"]} == {"x" * 300}


def details(core, number):
    """Return what the trail says of a case's events: the kind and its detail, oldest first."""
    with core.reading() as uow:
        return [(line.act, line.detail) for line in reversed(audit.of_case(uow, number))]


def test_each_event_of_a_case_says_in_short_what_it_was(core, people, clock):
    """I14: where the case stood then, and what was set; nothing that a person wrote."""
    analyst, secret = people.analyst(), "Words of a customer: 4-Low"
    words = {"text": secret}

    def do(act):
        nonlocal case
        clock.advance(timedelta(minutes=1))
        case = core.write(act).case

    case = people.case(subject=secret).case
    do(lambda uow: cases.change_priority(uow, analyst, case, Priority.HIGH, **words))
    by_phone = people.customer("alice", Channel.PHONE)
    do(lambda uow: cases.raise_to_critical(uow, by_phone, case, callback_number="+14155550132"))
    do(lambda uow: cases.assign(uow, analyst, case, people.analyst("grace").analyst_id))
    do(lambda uow: cases.change_fields(uow, analyst, case, subject=f"{secret}\nowner: me", component="core"))
    do(lambda uow: escalations.escalate(uow, analyst, case, EscalationGround.NO_PROGRESS, secret))
    do(lambda uow: escalations.grant(uow, analyst, case, secret))
    do(lambda uow: cases.propose_solution(uow, analyst, case, secret))
    do(lambda uow: cases.close(uow, analyst, case, SubStatus.RESOLVED, secret))
    open_ = "Open / New"
    assert details(core, case.number) == [
        ("opened", open_),
        ("priority changed", f"{open_}, 2-High"),
        ("priority changed", f"{open_}, 1-Critical"),
        ("assigned", f"{open_}, to grace@support.example"),
        ("fields changed", f"{open_}, subject, component"),
        ("escalation asked", f"{open_}, No Progress"),
        ("escalation granted", f"{open_}, No Progress"),
        ("solution proposed", "Solution Proposed / Replied"),
        ("closed", "Closed / Resolved"),
    ]


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
