"""What reports do to notices, owners and contacts, on both databases: little, and that once (E7, I7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import bouncing, cases
from core.enrolment.findings import findings
from core.rules.notices import NoticeKind
from core.rules.terms import BounceKind, EventKind
from core.store import cases as rows
from core.store import inbox
from core.store.claiming import State
from core.store.inbox import ReceivedMail
from core.store.schema import inbox as inbox_table
from core.store.schema import outbox, triage
from email_in.sender import SenderRules
from email_in.worker import apply_some

ALICE, SUPPORT = "alice@northwind.example", "support@support.example"
HARD = "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown"
SOFT = "Status: 5.2.2\r\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\0"


@pytest.fixture
def asked(core, people):
    """A case of Alice's that waits for information, about which she was sent a mail."""
    return ask(core, people, people.case().case)


def ask(core, people, case):
    case = core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which version?")).case
    core.write(lambda uow: uow.connection.execute(LEFT.values(finished_at=uow.now)))
    return case


LEFT = (
    sa.update(outbox)
    .where(outbox.c.state == State.WAITING, outbox.c.recipient == ALICE)
    .values(state=State.DONE)
)


def notice(core, kind=NoticeKind.INFORMATION_ASKED):
    """Return the newest notice of a kind."""
    newest = sa.select(outbox).where(outbox.c.notice == kind).order_by(outbox.c.id.desc())
    with core.reading() as uow:
        return uow.connection.execute(newest).mappings().first()


def report(of, status=HARD, action="failed", kind="delivery-status", recipient=ALICE):
    return (
        "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        f"--b\r\nContent-Type: message/{kind}\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\n{status}\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {of['message_id']}\r\n\r\nold\r\n--b--\r\n"
    ).encode()


def bounce_address(of):
    return f"bounce+{of['bounce_key']}@support.example"


def take(core, raw, to, sender=""):
    """Accept a mail, settle it, and return its row of the inbox."""
    mail = ReceivedMail(sender, (to,), "192.0.2.1", raw)
    inbox_id = core.write(lambda uow: inbox.accept(uow.connection, mail, uow.now))
    while apply_some(core, SenderRules()):
        pass
    with core.reading() as uow:
        return inbox.find(uow.connection, inbox_id)


def history(core, case):
    with core.reading() as uow:
        return [
            event
            for event in rows.history(uow.connection, case.id)
            if event["kind"] == EventKind.NOTICE_FAILED
        ]


def reach(core):
    with core.reading() as uow:
        return bouncing.out_of_reach(uow, ALICE)


@pytest.mark.parametrize(
    ("status", "kind", "code", "words"),
    [
        (HARD, BounceKind.HARD, "5.1.1", "unknown user (5.1.1): 550 5.1.1 User unknown"),
        (SOFT, BounceKind.SOFT, "5.2.2", "mailbox full (5.2.2): 552 5.2.2 Mailbox full"),
    ],
)
def test_a_report_marks_its_notice_with_what_it_says(core, asked, status, kind, code, words):
    """E7, RFC 3463: and the owner is told the same, once, however often it is reported."""
    sent = notice(core)
    for action in ("failed", "failed (again)"):
        take(core, report(sent, status, action), bounce_address(sent))
    after = notice(core)
    assert (after["state"], after["bounce"], after["bounce_status"]) == (State.BOUNCED, kind, code)
    assert (after["bounce_words"], after["bounced_at"]) == (words, core.clock.now())
    [event] = history(core, asked)
    assert event["text"].endswith(f"Why: {words}")
    assert ("may pass" in event["text"]) == (kind is BounceKind.SOFT)


def test_a_report_moves_nothing_and_stops_no_timer(core, asked):
    """E7, I7."""
    take(core, report(notice(core)), bounce_address(notice(core)))
    with core.reading() as uow:
        after = rows.by_id(uow.connection, asked.id)
    assert (after.status, after.sub_status, after.followup) == (
        asked.status,
        asked.sub_status,
        asked.followup,
    )


def test_a_report_to_another_address_of_ours_is_known_by_the_message_id_of_what_came_back(core, asked):
    """E7."""
    assert take(core, report(notice(core)), SUPPORT)["outcome"] == "bounce"
    assert notice(core)["bounce"] == BounceKind.HARD


def test_a_person_who_forwards_a_notice_marks_nothing(core, asked):
    """E7: what is attached to a person's mail says nothing of itself."""
    raw = report(notice(core)).replace(b"MAILER-DAEMON@mx.example", ALICE.encode())
    raw = raw.replace(b"multipart/report; report-type=delivery-status", b"multipart/mixed")
    assert take(core, raw, SUPPORT, sender=ALICE)["outcome"] == "triage"
    assert notice(core)["state"] == State.DONE


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
def test_what_is_still_tried_or_arrived_marks_nothing_and_is_no_news(core, asked, action):
    """E7, RFC 3464 2.3.3: its decision log says what it was, and nobody has to look."""
    row = take(core, report(notice(core), action=action), bounce_address(notice(core)))
    assert (row["outcome"], row["decision"]["decided"]) == ("noted", "delivery-report")
    assert row["decision"]["report"][0]["recipient"] == ALICE
    assert (notice(core)["state"], notice(core)["bounce"]) == (State.DONE, None)
    assert history(core, asked) == []


def test_a_report_about_somebody_else_too_is_read_for_the_notices_own_recipient(core, asked):
    """E7: an alias that loses one of its members has still delivered."""
    both = f"Status: 4.4.1\r\n\r\nFinal-Recipient: rfc822; bob@home.example\r\nAction: failed\r\n{HARD}"
    take(core, report(notice(core), both, action="delayed"), bounce_address(notice(core)))
    assert notice(core)["bounce"] is None


def test_a_complaint_waits_for_people_at_its_case_with_who_complained(core, asked):
    """E7, RFC 5965."""
    fields = f"Feedback-Type: abuse\r\nUser-Agent: Loop/1.0\r\nOriginal-Rcpt-To: {ALICE}"
    take(core, report(notice(core), fields, kind="feedback-report"), SUPPORT)
    with core.reading() as uow:
        [entry] = uow.connection.execute(sa.select(triage)).mappings().all()
    assert (entry["reason"], entry["case_id"]) == ("complaint", asked.id)
    assert entry["words"].endswith(f"It was reported by Loop/1.0 as 'abuse', about what was sent to {ALICE}.")
    assert notice(core)["state"] == State.DONE


def hard_bounce(core, people, case):
    ask(core, people, case)
    take(core, report(notice(core)), bounce_address(notice(core)))


def test_a_contact_is_out_of_reach_after_three_mails_in_a_row_that_came_back_for_good(core, people, clock):
    """E7: the third one tells the owner so."""
    case = people.case().case
    for number in range(3):
        assert reach(core) is None
        clock.advance(timedelta(days=1))
        case = now(core, case)
        hard_bounce(core, people, case)
        assert ("ask for another address" in history(core, case)[-1]["text"]) == (number == 2)
    gone = reach(core)
    assert (gone.mails, gone.since) == (3, clock.now() - timedelta(days=2))
    with core.reading() as uow:
        [finding] = [one for one in findings(uow) if one.rule == "E7"]
    assert finding.subject == ALICE


def now(core, case):
    with core.reading() as uow:
        return rows.by_id(uow.connection, case.id)


@pytest.fixture
def gone(core, people):
    """A case of Alice's when she is just out of reach."""
    case = people.case().case
    for _mail in range(3):
        hard_bounce(core, people, now(core, case))
    assert reach(core) is not None
    return case


def test_a_mail_that_arrived_ends_it_a_day_later(core, people, clock, gone):
    """E7: until then it may still come back."""
    ask(core, people, now(core, gone))
    assert reach(core) is not None
    clock.advance(timedelta(days=1))
    assert reach(core) is None


def test_a_mail_that_came_back_from_a_full_mailbox_ends_it(core, people, gone):
    """E7: somebody has that mailbox."""
    ask(core, people, now(core, gone))
    take(core, report(notice(core), SOFT), bounce_address(notice(core)))
    assert reach(core) is None


def test_what_is_long_ago_does_not_count(core, clock, gone):
    """E7: the figures are settings."""
    clock.advance(timedelta(days=30, seconds=1))
    assert reach(core) is None
    rulebook = replace(core.house.rulebook, hard_bounce_days=60)
    core = replace(core, house=replace(core.house, rulebook=rulebook))
    assert reach(core) is not None


def test_reports_that_meet_mark_and_tell_once(core, asked):
    """E7: a second worker with another report of the same notice finds it marked."""
    sent = notice(core)
    bounce = bouncing.Bounce(BounceKind.HARD, "unknown user")
    assert [core.write(lambda uow: bouncing.record(uow, sent, bounce)) for _worker in range(2)] == [
        True,
        False,
    ]
    assert len(history(core, asked)) == 1


def test_a_forged_report_without_a_key_or_a_message_id_of_ours_marks_nothing(core, asked):
    """E7: it waits in triage, and nobody is told."""
    unknown = {"message_id": "<1@support.example>", "bounce_key": "0" * 32}
    row = take(core, report(unknown), bounce_address(unknown))
    assert row["decision"]["decided"] == "bounce-of-nothing-known"
    with core.reading() as uow:
        assert uow.connection.scalar(sa.select(sa.func.count()).where(outbox.c.bounce.is_not(None))) == 0
        assert uow.connection.scalar(sa.select(sa.func.count()).select_from(inbox_table)) == 1
