"""A person answers the sender of a mail of triage: whom, with which words, and what of a case."""

from __future__ import annotations

import pytest

from core import pins
from core.errors import BadInput, Refused
from core.rules.notices import NoticeKind
from core.store import claiming
from core.store.claiming import State
from core.store.schema import outbox
from email_in.answerable import REFUSALS, Writer, why_not
from email_in.answering import LONGEST_ANSWER
from email_in.machine import Author, Kind
from tests.email_in.desk import ALICE, BOB, STRANGER, Desk, letter

PERSON = Author(Kind.PERSON, "no sign of a machine")
ANSWER = NoticeKind.TRIAGE_ANSWER


def writer(kind=Kind.PERSON, address=STRANGER, envelope_sender=STRANGER, is_ours=False):
    return Writer(Author(kind, ""), address, envelope_sender, is_ours)


TABLE = {
    "own-mail": writer(Kind.OWN),
    "bounce": writer(Kind.BOUNCE),
    "automatic": writer(Kind.AUTOMATIC),
    "null-sender": writer(envelope_sender="<>"),
    "sender-unclear": writer(address=None),
    "our-own-address": writer(is_ours=True),
    "address-unusable": writer(address="jürgen@elsewhere.example"),
}


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.denied.reason)
def test_each_row_refuses_what_it_is_for(row):
    """E7, E5, N6."""
    assert why_not(TABLE[row.denied.reason]) is row.denied


def test_a_mailing_list_gets_no_answer_and_a_person_does():
    """E7."""
    assert why_not(writer(Kind.MAILING_LIST)).reason == "automatic"
    assert why_not(writer()) is None


@pytest.fixture
def desk(core, people):
    return Desk(core, people)


@pytest.fixture
def case(people):
    return people.case().case


def test_an_answer_leaves_to_the_sender_and_settles_the_entry(desk):
    """E3, N6."""
    entry = desk.receives(letter(sender=STRANGER), "another@elsewhere.example")
    assert desk.answers(entry, "Please call us.\n") == STRANGER
    told = desk.notices("notice", "recipient", "inbox_id", "case_id", "words")
    assert told == [(ANSWER, STRANGER, desk.mail_of(entry)["id"], None, "Please call us.")]
    assert (desk.entry(entry)["state"], desk.entry(entry)["settled_by"]) == ("answered", "Ada")


def test_an_entry_is_answered_once(desk):
    """E3."""
    entry = desk.receives(letter())
    desk.answers(entry)
    with pytest.raises(Refused, match="already answered by Ada"):
        desk.answers(entry)
    assert [notice for (notice,) in desk.notices("notice")].count(ANSWER) == 1


@pytest.mark.parametrize(("sender", "may_see"), [(BOB, True), ("charlie@eastgate.example", False)])
def test_only_who_may_see_the_case_that_the_mail_names_gets_its_reference(desk, case, sender, may_see):
    """A3, E5: Bob may read it, Charlie works elsewhere; both found its Reference ID somewhere."""
    entry = desk.receives(letter(f"Me too. {desk.reference(case)}", sender), sender)
    desk.answers(entry)
    *_before, (case_id, message_id) = desk.notices("case_id", "message_id")
    assert case_id == (case.id if may_see else None)
    assert message_id.startswith("<RT1") is may_see


def test_an_answer_that_has_not_left_is_taken_back_with_its_entry(desk):
    """E3: and another can be written."""
    entry = desk.receives(letter())
    desk.answers(entry, "Wrong.")
    assert desk.undoes(entry).answer_stopped
    desk.answers(entry, "Right.")
    told = [row for row in desk.notices("notice", "words", "state") if row[0] == ANSWER]
    assert told == [(ANSWER, "Wrong.", State.DROPPED), (ANSWER, "Right.", State.WAITING)]


def test_an_answer_that_may_have_left_stays(core, desk):
    """E3, I8: a worker has it."""
    entry = desk.receives(letter(), "another@northwind.example")
    desk.answers(entry)
    core.write(lambda uow: claiming.claim(uow.connection, outbox, "a lease", uow.now))
    assert not desk.undoes(entry).answer_stopped
    assert desk.entry(entry)["state"] == "open"


MACHINES = {
    "automatic": ("Auto-Submitted: auto-generated\r\n", STRANGER),
    "own-mail": ("X-Intake-Installation: T1\r\n", STRANGER),
    "bounce": ("X-Failed-Recipients: a@b.example\r\n", STRANGER),
    "null-sender": ("", ""),
}


@pytest.mark.parametrize("kind", MACHINES)
def test_a_machine_gets_no_answer_and_its_entry_waits(desk, kind):
    """E7, RFC 3834 2."""
    extra, envelope_sender = MACHINES[kind]
    entry = desk.receives(letter(sender=STRANGER, extra=extra), envelope_sender)
    with pytest.raises(Refused, match="E7"):
        desk.answers(entry)
    assert desk.entry(entry)["state"] == "open"
    assert desk.notices("notice") == []


def test_two_authors_get_no_answer(desk):
    """E5: nobody knows who asked."""
    entry = desk.receives(letter(sender=f"{ALICE}, {STRANGER}"))
    with pytest.raises(Refused, match="clearly"):
        desk.answers(entry)


def test_control_characters_and_pins_do_not_leave(core, desk, people):
    """A10: the audit trail tells of it."""
    pin = core.write(lambda uow: pins.issue(uow, people.customer("alice").contact_id, by="test"))
    desk.answers(desk.receives(letter(sender=STRANGER), STRANGER), f"Your PIN is \x1b[31m{pin}\0.\r\nBye")
    *_before, (words,) = desk.notices("words")
    assert words == "Your PIN is [31m[PIN removed].\nBye"


@pytest.mark.parametrize("text", ["", " \n\t", "\0\x1b", "x" * (LONGEST_ANSWER + 1)])
def test_an_answer_says_something_and_has_an_end(desk, text):
    """I17."""
    entry = desk.receives(letter())
    with pytest.raises(BadInput):
        desk.answers(entry, text)
    assert desk.entry(entry)["state"] == "open"
