"""A mail of triage linked to a case, taken out again, linked elsewhere; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core import audit, cases
from core.acting import Done
from core.errors import BadInput, NotFound, Refused
from core.rules.followups import Followup, Step
from core.rules.notices import NoticeKind
from core.rules.terms import EventKind, Priority, Status, SubStatus
from core.store import cases as rows
from core.store import outbox
from core.triage import EntryState, retry
from core.withdrawing import LONGEST_REASON
from notifier.facts import no_longer_true, read
from tests.email_in.desk import ALICE, SUPPORT, Desk, letter, letter_with_a_file

DAY = timedelta(days=1)
UPDATE, WITHDRAWN = EventKind.CUSTOMER_UPDATE, EventKind.UPDATE_WITHDRAWN


@pytest.fixture
def desk(core, people):
    return Desk(core, people)


@pytest.fixture
def asked(core, people):
    """A case of Alice's that waits for information."""
    case = people.case().case
    return core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which version?")).case


@pytest.fixture
def linked(desk, asked):
    """An entry whose mail was linked to that case."""
    entry = desk.receives(letter())
    desk.links(entry, asked)
    return entry


def test_a_link_is_remembered_with_the_update_that_it_made(desk, asked, linked):
    """E3."""
    entry = desk.entry(linked)
    assert (entry["state"], entry["linked_to"], entry["settled_by"]) == ("linked", asked.number, "Ada")
    assert desk.history(asked)[-1] is UPDATE


def test_a_link_that_is_undone_leaves_the_case_waiting_with_its_timer_afresh(desk, clock, asked, linked):
    """E3, I6, N3: whom was told that nothing is asked has all his days again."""
    clock.advance(DAY)
    undone = desk.undoes(linked, "It was for another case.")
    after = desk.case(asked)
    assert undone.withdrawn.went_back
    assert (after.status, after.sub_status) == (
        Status.AWAITING_INFORMATION,
        SubStatus.INFORMATION_REQUIRED,
    )
    assert after.followup == Followup(Step.REMINDER_1, clock.now() + 2 * DAY)
    assert desk.history(asked)[-2:] == [UPDATE, WITHDRAWN]


def test_an_update_that_was_taken_back_was_no_update(desk, clock, people, core):
    """C11: a High case may be escalated 24 hours after its last update that stands."""
    case = people.case().case
    case = core.write(lambda uow: cases.change_priority(uow, people.analyst(), case, Priority.HIGH)).case
    clock.advance(DAY)
    entry = desk.receives(letter())
    desk.links(entry, case)
    desk.undoes(entry)
    assert desk.case(case).updated_at == case.updated_at


def test_a_case_that_has_gone_on_stays_where_people_brought_it(desk, core, asked, linked):
    """E3: what happened since was decided on what the mail said."""
    core.write(lambda uow: cases.post(uow, desk.ada, desk.case(asked), "Thank you."))
    undone = desk.undoes(linked)
    assert (undone.withdrawn.stays, undone.withdrawn.went_back) == (True, False)
    assert desk.case(asked).status is Status.OPEN


def test_a_mail_is_taken_out_of_a_closed_case_too(desk, core, asked, linked):
    """E3: the words may be another company's."""
    core.write(lambda uow: cases.close(uow, desk.ada, desk.case(asked), SubStatus.RESOLVED, "Done"))
    desk.undoes(linked)
    assert desk.case(asked).status is Status.CLOSED
    assert desk.history(asked)[-1] is WITHDRAWN


def test_a_mail_that_was_taken_out_waits_again_and_is_linked_elsewhere_once(desk, people, asked, linked):
    """E3, I2."""
    other = people.case("charlie").case
    desk.undoes(linked)
    assert (desk.entry(linked)["state"], desk.entry(linked)["event_id"]) == ("open", None)
    assert (desk.mail_of(linked)["outcome"], desk.mail_of(linked)["case_id"]) == ("triage", None)
    desk.links(linked, other)
    with pytest.raises(Refused, match="already linked by Ada"):
        desk.links(linked, asked)
    assert (desk.history(other).count(UPDATE), desk.history(asked).count(UPDATE)) == (1, 1)
    assert desk.mail_of(linked)["case_id"] == other.id


def test_a_link_is_undone_once(desk, asked, linked):
    """E3."""
    desk.undoes(linked)
    with pytest.raises(Refused, match="nothing to undo"):
        desk.undoes(linked)
    assert desk.history(asked).count(WITHDRAWN) == 1


def test_the_same_mail_that_comes_again_after_an_undo_is_a_repeat(desk, asked, linked):
    """I2: its outcome is its entry's."""
    desk.undoes(linked)
    assert desk.receives(letter()) == linked


def test_one_mail_in_two_envelopes_is_linked_to_a_case_once(desk, asked, linked):
    """I2: to two addresses of ours, and put aside twice."""
    copy = desk.receives(letter(), recipients=(SUPPORT, "postmaster@support.example"))
    with pytest.raises(Refused, match="copy"):
        desk.links(copy, asked)
    desk.undoes(linked)
    desk.links(copy, asked)
    assert desk.history(asked).count(UPDATE) == 2


def test_files_of_a_mail_come_along_with_each_link(desk, core, people, asked):
    """E4."""
    other = people.case("charlie").case
    entry = desk.receives(letter_with_a_file())
    for case in (asked, other):
        desk.links(entry, case)
        with core.reading() as uow:
            [file] = rows.files_of(uow.connection, case.id)
        assert core.blobs.get(file["digest"]) == b"the log"
        desk.undoes(entry)


def facts_of_last(core, desk, kind):
    with core.reading() as uow:
        [*_others, row] = [
            row for row in reversed(outbox.listed(uow.connection, 100)) if row["notice"] == kind
        ]
        return read(uow, row)


def test_a_notice_of_an_update_that_was_taken_back_does_not_leave(core, desk, asked, linked):
    """I10: neither to the owner nor to the contact."""
    told = (NoticeKind.CUSTOMER_UPDATE_FOR_OWNER, NoticeKind.STATUS_CHANGED)
    assert [no_longer_true(facts_of_last(core, desk, kind)) for kind in told] == [None, None]
    desk.undoes(linked)
    assert all("taken out" in no_longer_true(facts_of_last(core, desk, kind)) for kind in told)


def test_the_question_is_asked_again_once_its_answer_was_none(core, desk, asked, linked):
    """I10, N2: a question that has not left yet says so, too."""
    assert not facts_of_last(core, desk, NoticeKind.INFORMATION_ASKED).still_waits
    desk.undoes(linked)
    assert facts_of_last(core, desk, NoticeKind.INFORMATION_ASKED).still_waits
    again = facts_of_last(core, desk, NoticeKind.WAITS_AGAIN)
    assert (again.still_waits, again.asked.text, again.event.text) == (True, "Which version?", "")


def test_the_owner_is_told_of_a_withdrawal_and_why(core, desk, asked, linked):
    """E3."""
    desk.undoes(linked, "It was Eastgate's.")
    facts = facts_of_last(core, desk, NoticeKind.UPDATE_WITHDRAWN_FOR_OWNER)
    assert (facts.recipient, facts.event.text) == ("ada@support.example", "It was Eastgate's.")


def test_every_act_is_in_the_audit_trail_with_its_case(core, desk, asked, linked):
    """E3, I14: and a refused one is not."""
    desk.undoes(linked, "A mistake.")
    with pytest.raises(Refused):
        desk.undoes(linked)
    desk.discards(linked)
    with core.reading() as uow:
        lines = reversed(audit.listed(uow, f"triage entry {linked}"))
        told = [(line.act, line.actor, line.detail) for line in lines]
    assert told == [
        ("triage linked", "Ada", f"to case {asked.number}"),
        ("triage undone", "Ada", f"it was linked by Ada, case {asked.number}: A mistake."),
        ("triage discarded", "Ada", ""),
    ]


def test_a_reason_without_end_is_refused(desk, linked):
    """I17."""
    with pytest.raises(BadInput):
        desk.undoes(linked, "x" * (LONGEST_REASON + 1))


@pytest.mark.parametrize("act", ["discards", "answers"])
def test_what_was_discarded_or_answered_comes_back_with_undo(desk, asked, act):
    """E3."""
    entry = desk.receives(letter())
    getattr(desk, act)(entry)
    assert desk.undoes(entry).withdrawn is None
    desk.links(entry, asked)
    assert desk.case(asked).status is Status.OPEN


# --- two at once ------------------------------------------------------------------------------------------------

ROUNDS = 4


def at_once(*acts):
    """Do the acts in a thread each and return what came of them."""

    def one(act):
        try:
            return act()
        except (Refused, NotFound) as refused:
            return refused

    with ThreadPoolExecutor(len(acts)) as pool:
        return [done.result() for done in [pool.submit(one, act) for act in acts]]


def refusals(done):
    return [one.denied.reason for one in done if isinstance(one, Refused)]


def test_two_who_link_one_mail_to_two_cases(desk, people):
    """E3, I2: the second is told who was first, and its case has no word of it."""
    for number in range(ROUNDS):
        first, second = people.case().case, people.case("charlie").case
        entry = desk.receives(letter(f"Version {number}"))
        done = at_once(lambda e=entry, c=first: desk.links(e, c), lambda e=entry, c=second: desk.links(e, c))
        assert refusals(done) == ["already-settled"]
        assert desk.history(first).count(UPDATE) + desk.history(second).count(UPDATE) == 1


def test_two_who_undo_one_link(desk, asked):
    """E3: it is taken out once."""
    for number in range(ROUNDS):
        entry = desk.receives(letter(f"Version {number}"))
        desk.links(entry, asked)
        done = at_once(lambda e=entry: desk.undoes(e), lambda e=entry: desk.undoes(e))
        assert refusals(done) == ["nothing-to-undo"]
        assert desk.history(asked).count(WITHDRAWN) == number + 1


def test_one_who_links_and_one_who_closes_the_case(core, desk, people):
    """E6: the mail is an update of a case that was open then, or its entry waits."""
    for number in range(ROUNDS):
        case = people.case().case
        entry = desk.receives(letter(f"Version {number}"))

        def close(case=case):
            return core.write(
                lambda uow: cases.close(
                    uow, desk.ada, rows.by_id(uow.connection, case.id), SubStatus.RESOLVED, "Done"
                )
            )

        linking, closing = at_once(lambda e=entry, c=case: desk.links(e, c), close)
        assert isinstance(closing, Done)
        was_refused = isinstance(linking, Refused)
        assert desk.history(case).count(UPDATE) == (0 if was_refused else 1)
        assert desk.entry(entry)["state"] == ("open" if was_refused else "linked")


def test_one_who_undoes_a_link_and_one_who_works_on_the_case(core, desk, people):
    """E3, I6: the case goes back only if the other came later, and then that is on a case that waits."""
    for number in range(ROUNDS):
        case = people.case().case
        case = core.write(lambda uow, it=case: cases.ask_information(uow, desk.ada, it, "Which?")).case
        entry = desk.receives(letter(f"Version {number}"))
        desk.links(entry, case)

        def post(case=case):
            return core.write(
                lambda uow: cases.post(uow, desk.ada, rows.by_id(uow.connection, case.id), "Ok")
            )

        at_once(lambda e=entry: desk.undoes(e), post)
        went_back = desk.history(case)[-2:] == [WITHDRAWN, EventKind.POST]
        assert desk.case(case).status is (Status.AWAITING_INFORMATION if went_back else Status.OPEN)


def test_one_who_links_a_parked_mail_and_one_who_has_it_tried_again(core, desk, asked):
    """E3, I2: it has one effect, by hand or by the worker."""
    for number in range(ROUNDS):
        entry = desk.parks(letter(f"Version {number} {desk.reference(asked)}", ALICE), ALICE)

        inbox_id = desk.mail_of(entry)["id"]

        def again(inbox_id=inbox_id):
            core.write(lambda uow: retry(uow, inbox_id, by="Grace"))

        at_once(lambda e=entry: desk.links(e, asked), again)
        desk.works()
        assert desk.history(asked).count(UPDATE) == number + 1
        assert desk.entry(entry)["state"] in (EntryState.LINKED, EntryState.RETRIED)
