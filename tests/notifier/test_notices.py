"""Each notice as its reader gets it, out of what really happened to a case. On both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import cases, directory, escalations, telling, triage
from core.cases import NewCase
from core.rules.notices import NOTICES, Audience, NoticeKind
from core.rules.terms import CaseType, Channel, EscalationGround, Priority, SubStatus
from core.store import cases as rows
from core.store import inbox
from core.store.inbox import ReceivedMail
from core.store.schema import calls, recordings
from core.withdrawing import withdraw_update
from notifier.facts import FOR_STAFF, no_longer_true, read
from notifier.followups import follow_up_one
from tests.notifier.conftest import html_of, text_of
from tests.people import NOW

N = NoticeKind
DAY = timedelta(days=1)


@pytest.fixture
def asked(core, people):
    """A case that waits for information."""
    case = people.case().case
    return core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which version?")).case


@pytest.fixture
def proposed(core, people):
    """A case with a solution to check."""
    case = people.case().case
    return core.write(lambda uow: cases.propose_solution(uow, people.analyst(), case, "Restart it.")).case


def accepted(core, sender="alice@northwind.example", head="Message-ID: <their.own@northwind.example>\r\n"):
    mail = ReceivedMail(sender, ("support@support.example",), "192.0.2.1", f"{head}\r\nHello".encode())
    return core.write(lambda uow: inbox.accept(uow.connection, mail, uow.now))


def opening(mail):
    """Return the first paragraph below the lines for machines: what is asked of the reader."""
    return text_of(mail).split("\n\n")[1]


def test_a_question_says_first_what_is_asked_then_the_question_then_the_case(outgoing, asked):
    """N1 N5."""
    mail = outgoing.last(N.INFORMATION_ASKED)
    assert str(mail["To"]) == "Alice Archer <alice@northwind.example>"
    assert str(mail["From"]) == "Northwind Support <support@support.example>"
    assert mail["Subject"].startswith("Case 0000000001 needs information from you: The switch is down [RT1")
    assert opening(mail) == "Please answer the question below, so that we can go on with your case."
    text = text_of(mail)
    order = [
        "Please answer",
        "Ada asks:",
        "Which version?",
        "Case 0000000001: The switch is down",
        "To answer, reply",
    ]
    assert sorted(order, key=text.index) == order
    assert "Status: Awaiting Information (Information Required From Customer)" in text
    assert "Priority: 3-Medium" in text
    assert "https://support.example/cases/0000000001" in text
    assert "remind you on 4 March 2026, 09:00 UTC, and close the case on 12 March 2026, 09:00 UTC" in text


def test_a_question_that_was_answered_before_its_mail_left_asks_nothing(core, people, outgoing, asked):
    """I10: the history is told, the demand is not."""
    core.write(lambda uow: cases.update(uow, people.customer("alice"), asked, "Version 4"))
    mail = outgoing.last(N.INFORMATION_ASKED)
    assert opening(mail).endswith("no answer is needed any more.")
    assert "Which version?" in text_of(mail)
    assert "remind" not in text_of(mail)


def test_a_question_on_a_case_without_follow_ups_announces_none(core, people, outgoing, asked):
    """N4."""
    alice = people.customer("alice", Channel.PHONE)
    core.write(
        lambda uow: cases.raise_to_critical(
            uow, alice, asked, callback_number="+14155550132", production_down=True
        )
    )
    assert "remind" not in text_of(outgoing.last(N.INFORMATION_ASKED))


def test_the_first_reminder_repeats_the_question_and_says_what_comes_next(core, clock, outgoing, asked):
    """N1 N2."""
    clock.move_to(NOW + 2 * DAY)
    assert follow_up_one(core)
    mail = outgoing.last(N.REMINDER_1)
    assert mail["Subject"].startswith("Reminder: case 0000000001 waits for information from you")
    assert opening(mail).startswith(
        "Please give us the information that we asked for on 2 March 2026, 09:00 UTC"
    )
    text = text_of(mail)
    assert "Ada asked:\n\nWhich version?" in text
    assert "remind you on 7 March 2026, 09:00 UTC, and close the case on 12 March 2026, 09:00 UTC" in text
    assert "https://support.example/cases/0000000001" in text
    assert mail["Auto-Submitted"] == "auto-generated"


def test_the_second_reminder_says_that_it_is_the_last(core, clock, outgoing, proposed):
    """N1 N2: here the action is to accept or reject the solution."""
    for day in (2, 5):
        clock.move_to(NOW + day * DAY)
        follow_up_one(core)
    mail = outgoing.last(N.REMINDER_2)
    assert mail["Subject"].startswith("Last reminder: case 0000000001")
    assert opening(mail).startswith("Please accept or reject the solution that we proposed on 2 March 2026")
    assert "Ada proposed:\n\nRestart it." in text_of(mail)
    assert "the case will be closed on 12 March 2026, 09:00 UTC" in text_of(mail)


def test_a_reminder_repeats_the_last_of_several_questions(core, people, clock, outgoing, asked):
    """N3: the timer started afresh."""
    core.write(lambda uow: cases.ask_information(uow, people.analyst(), asked, "And which model?"))
    clock.move_to(NOW + 2 * DAY)
    follow_up_one(core)
    text = text_of(outgoing.last(N.REMINDER_1))
    assert "And which model?" in text
    assert "Which version?" not in text


def test_a_reminder_reads_none_of_the_mails_that_came_before(core, people, clock, outgoing, asked):
    """I17: four of 9 MB each were read for one reminder."""
    alice, case = people.customer("alice"), asked
    case = core.write(lambda uow: cases.update(uow, alice, case, "A mail of megabytes.")).case
    core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which build?"))
    read_texts = []

    def listen(_connection, cursor, statement, _parameters, _context, _many):
        if "case_events.text" in statement:
            read_texts.append(statement)

    clock.advance(2 * DAY)
    assert follow_up_one(core)
    sa.event.listen(core.database.engine, "before_cursor_execute", listen)
    mail = outgoing.last(N.REMINDER_1)
    sa.event.remove(core.database.engine, "before_cursor_execute", listen)
    assert "Which build?" in text_of(mail)
    assert len(read_texts) == 2, "that of the reminder, and the question"
    assert all("case_events.id = " in one for one in read_texts)


@pytest.mark.parametrize("action", ["closed by an analyst", "closed by the timer"])
def test_the_closing_mail_says_how_to_reopen_until_when_and_when_the_files_go(
    core, people, clock, outgoing, proposed, action
):
    """N7 C9 C10."""
    by_timer = action == "closed by the timer"
    if by_timer:
        for day in (2, 5, 10):
            outgoing.settle()
            clock.move_to(NOW + day * DAY)
            follow_up_one(core)
        until = "11 April 2026, 09:00 UTC"
    else:
        core.write(lambda uow: cases.close(uow, people.analyst(), proposed, SubStatus.RESOLVED, "It runs."))
        until = "1 April 2026, 09:00 UTC"
    mail = outgoing.last(N.CLOSED_BY_TIMER if by_timer else N.CLOSED)
    text = text_of(mail)
    assert f"can be reopened until {until}" in text
    assert ("by phone only" in text) is by_timer
    assert (
        "please call support at +1 415 555 0100, with your PIN and the case number 0000000001 at hand" in text
    )
    assert f"From {until} on, the files and recordings of the case are no longer kept" in text
    assert "deleted" not in text
    assert "does not open the case again" in text
    assert ("We reminded you twice" in text) is by_timer


def test_without_a_number_in_the_settings_mails_name_none(core, people, outgoing, proposed, settings):
    core.write(lambda uow: cases.close(uow, people.analyst(), proposed, SubStatus.RESOLVED, "It runs."))
    object.__setattr__(settings, "support_number", "")
    assert "please call support, with your PIN" in text_of(outgoing.last(N.CLOSED))


def test_a_closing_mail_that_comes_after_the_reopening_says_so(core, people, outgoing, proposed):
    """I10."""
    closed = core.write(
        lambda uow: cases.close(uow, people.analyst(), proposed, SubStatus.RESOLVED, "It runs.")
    ).case
    alice = people.customer("alice", Channel.PHONE)
    core.write(lambda uow: cases.reopen(uow, alice, closed, "It does not."))
    text = text_of(outgoing.last(N.CLOSED))
    assert "The case has been opened again since." in text
    assert "removed" not in text
    assert text_of(outgoing.last(N.REOPENED)).count("It does not.") == 1


def test_an_answer_is_acknowledged_without_repeating_it_to_its_writer(core, people, outgoing, asked):
    """N5 C7."""
    core.write(lambda uow: cases.update(uow, people.customer("alice"), asked, "Version 4"))
    mail = outgoing.last(N.STATUS_CHANGED)
    assert opening(mail).startswith("Your answer has reached us")
    assert "Version 4" not in text_of(mail)


def test_the_answer_of_a_colleague_is_shown_to_the_contact(core, people, outgoing, asked):
    """E4 N5."""
    core.write(lambda uow: cases.update(uow, people.customer("blanche"), asked, "Version 4"))
    mail = outgoing.last(N.STATUS_CHANGED)
    assert opening(mail).startswith("An answer by Blanche Nopin has reached us")
    assert "Version 4" in text_of(mail)


def test_the_owner_reads_the_update_and_who_wrote_it(core, people, outgoing, asked):
    """C7."""
    core.write(lambda uow: cases.update(uow, people.customer("alice"), asked, "Version 4"))
    mail = outgoing.last(N.CUSTOMER_UPDATE_FOR_OWNER)
    assert str(mail["To"]) == "Ada <ada@support.example>"
    text = text_of(mail)
    assert "Alice Archer wrote by mail, on 2 March 2026, 09:00 UTC:\n\nVersion 4" in text
    assert "Company: Northwind" in text


def test_a_post_and_a_status_change_tell_what_was_said(core, people, outgoing):
    """N5."""
    case = people.case().case
    case = core.write(lambda uow: cases.post(uow, people.analyst(), case, "More tomorrow.")).case
    assert "Ada writes:\n\nMore tomorrow." in text_of(outgoing.last(N.PUBLIC_POST))
    core.write(
        lambda uow: cases.set_status(uow, people.analyst(), case, SubStatus.ENGINEERING_REQUEST, "A defect.")
    )
    text = text_of(outgoing.last(N.STATUS_CHANGED))
    assert "changed to Open (Engineering Request)" in text
    assert "Ada writes:\n\nA defect." in text


def test_what_colleagues_wrote_for_colleagues_is_in_no_mail_to_a_customer(core, people, outgoing, asked):
    """The text of an event that is not public is not even read."""
    core.write(
        lambda uow: cases.post(uow, people.analyst(), asked, "This customer is hopeless.", public=False)
    )
    with core.reading() as uow:
        note = rows.history(uow.connection, asked.id)[-1]
        # As if a rule told the contact of a note by mistake.
        facts = read(uow, {**outgoing.rows(N.INFORMATION_ASKED)[0], "event_id": note["id"]})
    assert facts.event.text == ""
    assert all(
        "hopeless" not in text_of(outgoing.last(kind)) for kind in (N.CASE_OPENED, N.INFORMATION_ASKED)
    )


def test_the_contact_of_a_critical_case_is_asked_to_be_reachable(core, people, outgoing):
    """C12."""
    case = people.case().case
    alice = people.customer("alice", Channel.PHONE)
    case = core.write(
        lambda uow: cases.raise_to_critical(uow, alice, case, callback_number="+14155550199")
    ).case
    assert "reached at +14155550199, day and night" in opening(outgoing.last(N.PRIORITY_CHANGED))
    core.write(lambda uow: cases.change_priority(uow, people.analyst(), case, Priority.MEDIUM))
    assert opening(outgoing.last(N.PRIORITY_CHANGED)).startswith("No answer is needed")


def test_everyone_on_call_gets_case_company_and_call_back_number(core, people, outgoing):
    """P4 C12."""
    case = people.case().case
    alice = people.customer("alice", Channel.PHONE)
    case = core.write(
        lambda uow: cases.raise_to_critical(uow, alice, case, callback_number="+14155550199")
    ).case
    core.write(lambda uow: cases.leave_message(uow, alice, case, "Message of 34 seconds", is_spoken=True))
    told = [row["recipient"] for row in outgoing.rows(N.CRITICAL_MESSAGE_FOR_ON_CALL)]
    assert told == ["ada@support.example", "grace@support.example"]
    mail = outgoing.last(N.CRITICAL_MESSAGE_FOR_ON_CALL)
    assert mail["Subject"].startswith("CRITICAL: call Northwind back at +14155550199, case 0000000001")
    assert opening(mail) == "Please call Alice Archer of Northwind back now: +14155550199."


def test_a_message_on_a_case_that_is_not_critical_is_not_called_critical(core, people, outgoing):
    """P4: whoever is woken by the word can rely on it."""
    case = people.case().case
    alice = people.customer("alice", Channel.PHONE)
    core.write(lambda uow: cases.leave_message(uow, alice, case, "Message of 34 seconds", is_spoken=True))
    subject = outgoing.last(N.CRITICAL_MESSAGE_FOR_ON_CALL)["Subject"]
    assert subject.startswith("Call Northwind back at +14155550132, case 0000000001")


def test_everyone_on_call_is_told_of_a_caller_who_named_no_case(core, outgoing):
    """P4."""

    def leave(uow):
        call = {"key": "c" * 32, "provider": "test", "provider_call_id": "1", "from_number": "+14155550177"}
        uow.connection.execute(calls.insert().values(**call, state={}, turn=1, began_at=uow.now))
        recording = {
            "provider": "test",
            "provider_recording_id": "2",
            "call_key": "c" * 32,
            "url": "x",
            "seconds": 34,
        }
        uow.connection.execute(recordings.insert().values(**recording, recorded_at=uow.now))
        telling.page_on_call(uow, "c" * 32)

    core.write(leave)
    mail = outgoing.last(N.CALLER_MESSAGE_FOR_ON_CALL)
    assert mail["Subject"] == "Call back a caller at +14155550177: a message was left"
    assert "a message of 34 seconds on 2 March 2026, 09:00 UTC" in text_of(mail)


def test_the_owner_learns_of_a_closing_that_waits_and_of_a_notice_that_failed(core, clock, outgoing, asked):
    """I11 E7."""
    for day in (2, 5):
        clock.move_to(NOW + day * DAY)
        follow_up_one(core)
    outgoing.settle(state="parked")
    clock.move_to(NOW + 10 * DAY)
    follow_up_one(core)
    assert opening(outgoing.last(N.CLOSING_POSTPONED_FOR_OWNER)).startswith("Please reach Alice Archer")
    with core.reading() as uow:
        case = rows.by_id(uow.connection, asked.id)
    core.write(lambda uow: cases.record_notice_failed(uow, case, "The notice could not be delivered: 550 no"))
    assert "The notice could not be delivered: 550 no" in text_of(outgoing.last(N.NOTICE_FAILED_FOR_OWNER))


def test_a_sender_whose_mail_did_not_link_is_told_how_it_would(core, outgoing):
    """E1 E2 E3."""
    inbox_id = accepted(core, "eve@elsewhere.example")
    core.write(
        lambda uow: telling.answer_sender(uow, N.MAIL_NOT_LINKED, "eve@elsewhere.example", inbox_id, None)
    )
    mail = outgoing.last(N.MAIL_NOT_LINKED)
    text = text_of(mail)
    assert "was kept and will be read by people" in text
    assert "Reference ID" in text
    assert "A mail does not open a case." in text
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == mail["References"] == "<their.own@northwind.example>"
    assert mail["Reply-To"] is None


@pytest.mark.parametrize(
    "head",
    [
        "",
        "Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n",
        "Message-ID: <a b@c>\r\n",
        "Message-ID: =?utf-8?q?=3Ca=40b=3E=0D=0ABcc=3A_v=40e?=\r\n",
        "Message-ID: <\xff@b>\r\n",
    ],
)
def test_an_odd_message_id_of_theirs_is_not_repeated(core, outgoing, head):
    inbox_id = accepted(core, head=head)
    core.write(
        lambda uow: telling.answer_sender(uow, N.MAIL_NOT_LINKED, "eve@elsewhere.example", inbox_id, None)
    )
    assert outgoing.last(N.MAIL_NOT_LINKED)["In-Reply-To"] is None


def test_a_mail_to_a_closed_case_is_answered_with_the_way_to_reopen_it(
    core, people, clock, outgoing, proposed
):
    """E6 C9, and after thirty days with the way to a new case."""
    core.write(lambda uow: cases.close(uow, people.analyst(), proposed, SubStatus.RESOLVED, "It runs."))
    inbox_id = accepted(core)
    alice = "alice@northwind.example"
    core.write(lambda uow: telling.answer_sender(uow, N.MAIL_TO_CLOSED_CASE, alice, inbox_id, proposed.id))
    mail = outgoing.last(N.MAIL_TO_CLOSED_CASE)
    assert "can be reopened until 1 April 2026, 09:00 UTC" in text_of(mail)
    assert "The switch is down" in mail["Subject"]
    clock.move_to(NOW + 30 * DAY)
    late = text_of(outgoing.last(N.MAIL_TO_CLOSED_CASE))
    assert "is over, and its files and recordings are no longer kept" in late
    assert "please open a new case" in late


def test_a_stranger_who_answers_a_closed_case_learns_nothing_about_it(core, people, outgoing, proposed):
    """E5: a Reference ID links, it does not authorise."""
    core.write(lambda uow: cases.close(uow, people.analyst(), proposed, SubStatus.RESOLVED, "It runs."))
    inbox_id, eve = accepted(core, "eve@elsewhere.example"), "eve@elsewhere.example"
    core.write(lambda uow: telling.answer_sender(uow, N.MAIL_TO_CLOSED_CASE, eve, inbox_id, proposed.id))
    mail = outgoing.last(N.MAIL_TO_CLOSED_CASE)
    everything = f"{mail['Subject']} {mail['To']} {text_of(mail)} {html_of(mail)}"
    for secret in (
        "The switch is down",
        "Alice",
        "Resolved",
        "3-Medium",
        "cases/0000000001",
        "It runs.",
        "Restart it.",
    ):
        assert secret not in everything


def test_who_is_staff_is_what_the_table_of_notices_says():
    audiences = {notice.kind: notice.audience for notices in NOTICES.values() for notice in notices}
    staff = {kind for kind, audience in audiences.items() if audience in (Audience.OWNER, Audience.ON_CALL)}
    assert staff <= FOR_STAFF
    assert not FOR_STAFF & {kind for kind, audience in audiences.items() if audience is Audience.CONTACT}


def test_a_decision_on_an_escalation_is_told_with_its_reason(core, people, outgoing):
    """C11: to the owner that it is asked for, to the contact what came of it."""
    case, ada = people.case().case, people.analyst()
    alice = people.customer("alice", Channel.CONSOLE)
    case = core.write(
        lambda uow: escalations.escalate(uow, alice, case, EscalationGround.COMMUNICATION, "I hear nothing.")
    ).case
    asked = outgoing.last(N.ESCALATION_FOR_OWNER)
    assert str(asked["To"]) == "Ada <ada@support.example>"
    assert opening(asked).startswith("Please decide on the escalation")
    assert "Communication: I hear nothing." in text_of(asked)
    case = core.write(lambda uow: escalations.grant(uow, ada, case, "A second engineer joins.")).case
    granted = outgoing.last(N.ESCALATION_DECIDED)
    assert str(granted["Subject"]).startswith("Case 0000000001 is escalated: The switch is down")
    assert "A second engineer joins." in text_of(granted)
    case = core.write(lambda uow: escalations.tell_news(uow, ada, case, "We have a trace.")).case
    assert "We have a trace." in text_of(outgoing.last(N.PUBLIC_POST))
    core.write(lambda uow: escalations.end(uow, ada, case, "It is found."))
    assert str(outgoing.last(N.ESCALATION_DECIDED)["Subject"]).startswith(
        "Case 0000000001 is no longer escalated"
    )


def test_a_refused_escalation_says_that_the_work_goes_on(core, people, outgoing):
    """C11."""
    case, ada = people.case().case, people.analyst()
    ground = EscalationGround.NO_PROGRESS
    case = core.write(lambda uow: escalations.escalate(uow, ada, case, ground, "Please")).case
    core.write(lambda uow: escalations.refuse(uow, ada, case, "It was answered an hour ago."))
    mail = outgoing.last(N.ESCALATION_DECIDED)
    assert str(mail["Subject"]).startswith("Case 0000000001 is not escalated")
    assert "We go on working on it" in text_of(mail)
    assert "It was answered an hour ago." in text_of(mail)


def test_each_change_of_a_feature_request_names_its_sub_status(core, people, outgoing):
    """C13: and nobody is told to call because a wish became critical."""
    case = opened_as(core, people, CaseType.FEATURE_REQUEST)
    assert "critical" not in text_of(outgoing.last(N.CASE_OPENED)).lower()
    core.write(
        lambda uow: cases.set_status(uow, people.analyst(), case, SubStatus.COMMITTED, "In release 9.")
    )
    text = " ".join(text_of(outgoing.last(N.STATUS_CHANGED)).split())
    assert "changed to Open - Product Management (Committed in Development)" in text
    assert "In release 9." in text


def test_a_question_about_a_feature_request_threatens_no_closing(core, people, outgoing):
    """C13 N1: no timer runs, so no mail speaks of one."""
    case = opened_as(core, people, CaseType.FEATURE_REQUEST)
    core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "What for?"))
    text = text_of(outgoing.last(N.INFORMATION_ASKED))
    assert "What for?" in text
    assert "remind" not in text


def test_a_service_request_is_complete_when_its_mail_says_so(core, people, outgoing):
    """C14."""
    case = opened_as(core, people, CaseType.SERVICE_REQUEST, contact="cleo")
    core.write(
        lambda uow: cases.close(uow, people.analyst(), case, SubStatus.COMPLETED, "Two seats were added.")
    )
    text = " ".join(text_of(outgoing.last(N.CLOSED)).split())
    assert "as Completed" in text
    assert "Two seats were added." in text


def opened_as(core, people, case_type, contact="alice"):
    """Open a case of this type for the contact."""
    contact_id = people.customer(contact).contact_id

    def act(uow):
        pair = directory.holdings(uow, contact_id)[0].combination.id
        new = NewCase(contact_id, pair, "A wish", "Words.", type=case_type)
        return cases.open_case(uow, people.analyst(), new)

    return core.write(act).case


def put_aside(core, subject="Help", sender="sam@elsewhere.example", case_id=None):
    """Put a mail aside and return its inbox id."""
    inbox_id = accepted(core, sender)
    aside = triage.Aside(inbox_id, "no-reference", "Why.", sender, subject, case_id)
    core.write(lambda uow: triage.put_aside(uow, aside))
    return inbox_id


def test_a_persons_answer_stands_below_the_mail_and_says_where_a_reply_goes(core, outgoing):
    """E3, N6: it is no automatic mail, and it tells of no case."""
    inbox_id = put_aside(core, subject="The switch\r\nBcc: x@y.example")
    sender = "sam@elsewhere.example"
    core.write(lambda uow: telling.answer_in_words(uow, sender, inbox_id, None, "Please call us.\n\nAda"))
    mail = outgoing.last(N.TRIAGE_ANSWER)
    assert (mail["To"], mail["Subject"]) == (sender, "Re: The switch Bcc: x@y.example")
    assert mail["In-Reply-To"] == "<their.own@northwind.example>"
    assert mail["Auto-Submitted"] is None
    text = text_of(mail)
    assert "Support writes:\n\nPlease call us.\n\nAda" in text
    assert "carries no Reference ID, so your reply does not reach a case by itself" in text
    assert "Case 00" not in text


@pytest.mark.parametrize("subject", ["Help", "Re: Help", "AW: Re: Help", "Re[2]: Help"])
def test_an_answer_to_an_answer_has_one_prefix(core, outgoing, subject):
    """E3: a mail program counts no Re: twice, and neither do we."""
    inbox_id = put_aside(core, subject=subject)
    core.write(lambda uow: telling.answer_in_words(uow, "sam@elsewhere.example", inbox_id, None, "Yes."))
    assert outgoing.last(N.TRIAGE_ANSWER)["Subject"] == "Re: Help"


def test_a_persons_answer_to_a_colleague_of_the_contact_carries_the_case(core, people, outgoing, asked):
    """A3, E2, N6: Bob may see it."""
    bob = "bob@northwind.example"
    inbox_id = put_aside(core, sender=bob, case_id=asked.id)
    core.write(lambda uow: telling.answer_in_words(uow, bob, inbox_id, asked.id, "Thank you."))
    mail = outgoing.last(N.TRIAGE_ANSWER)
    assert mail["Subject"].startswith("Case 0000000001 has an answer to your mail: The switch is down [RT1")
    assert "Reference ID: RT1" in text_of(mail)
    assert "brings your answer to this case" in text_of(mail)


def test_who_may_not_see_the_case_any_more_is_not_answered_about_it(core, outgoing, asked):
    """A9: read when the mail leaves."""
    charlie = "charlie@eastgate.example"
    inbox_id = put_aside(core, sender=charlie, case_id=asked.id)
    core.write(lambda uow: telling.answer_in_words(uow, charlie, inbox_id, asked.id, "Thank you."))
    with core.reading() as uow:
        assert "A3" in no_longer_true(read(uow, outgoing.rows(N.TRIAGE_ANSWER)[-1]))


def test_who_was_told_that_nothing_is_asked_is_asked_again(core, people, outgoing, asked):
    """N1, N5, E3: the question is repeated; who took the mail out, and why, is not told."""
    done = core.write(lambda uow: cases.update(uow, people.customer("alice"), asked, "Version 4"))
    core.write(lambda uow: withdraw_update(uow, people.analyst(), done.case, done.event_id, "Eastgate's."))
    mail = outgoing.last(N.WAITS_AGAIN)
    assert mail["Subject"].startswith("Case 0000000001 waits for your answer again")
    assert opening(mail).startswith("Please answer what is repeated below")
    text = text_of(mail)
    assert "Which version?" in text
    assert "remind you on 4 March 2026, 09:00 UTC" in text
    assert "Eastgate" not in text
    assert "Version 4" not in text
    core.write(
        lambda uow: cases.update(uow, people.customer("alice"), rows.find(uow.connection, asked.number), "5")
    )
    assert opening(outgoing.last(N.WAITS_AGAIN)).startswith("No answer is needed.")
