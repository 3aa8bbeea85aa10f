"""A notice leaves, waits, or is visibly given up. A real mail server, both databases."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import cases, telling
from core.identifiers import random_key
from core.rules.notices import NoticeKind
from core.rules.terms import Channel, EventKind, Status, SubStatus
from core.store import cases as rows
from core.store import claiming, inbox
from core.store.claiming import LEASE
from core.store.inbox import ReceivedMail
from core.store.schema import contracts, grants, outbox, references
from notifier.followups import follow_up_one
from notifier.transport import SmartHost
from notifier.worker import GIVE_UP_AFTER, MOST_ATTEMPTS, MOST_FAULTS, PAUSES, pause_after, send_one
from tests.notifier.conftest import DROP, parsed
from tests.people import NOW

N = NoticeKind
DAY = timedelta(days=1)


@pytest.fixture
def send(core, settings, smart_host):
    """Do one notice."""
    return lambda: send_one(core, settings, smart_host)


@pytest.fixture
def asked(core, people):
    case = people.case().case
    core.write(lambda uow: uow.connection.execute(sa.update(outbox).values(state="done")))
    return core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which version?")).case


def row_of(outgoing, kind=N.INFORMATION_ASKED):
    return outgoing.rows(kind)[-1]


def kinds_of_history(core, case):
    with core.reading() as uow:
        return [row["kind"] for row in rows.history(uow.connection, case.id)]


def test_a_notice_reaches_the_smart_host_once_and_is_done(send, mail_server, outgoing, asked):
    """I8 I9: to its recipient alone, with the Message-ID and the bounce address of its row."""
    assert send()
    assert not send()
    [taken] = mail_server.taken
    row = row_of(outgoing)
    assert (row["state"], row["attempts"], row["finished_at"], row["error"]) == ("done", 1, NOW, None)
    assert taken.recipients == ["alice@northwind.example"]
    assert taken.sender == f"bounce+{row['bounce_key']}@support.example"
    assert taken.mail["Message-ID"] == row["message_id"]
    assert taken.mail["X-Intake-Notice"] == "information-asked"


def test_with_nothing_due_nothing_is_done(send, mail_server):
    assert not send()
    assert mail_server.taken == []


@pytest.mark.parametrize("reply", ["451 4.7.1 greylisted", DROP], ids=["4xx", "break after the dot"])
def test_what_is_not_accepted_this_time_is_sent_again_as_the_same_mail(
    send, mail_server, clock, outgoing, asked, reply
):
    """I8 I9."""
    mail_server.data_replies.append(reply)
    assert send()
    waiting = row_of(outgoing)
    assert (waiting["state"], waiting["due_at"]) == ("waiting", NOW + timedelta(minutes=5))
    assert reply == DROP or waiting["error"] == reply
    assert not send(), "not before it is due"
    clock.advance(timedelta(minutes=5))
    assert send()
    assert row_of(outgoing)["state"] == "done"
    first, second = (taken.mail["Message-ID"] for taken in mail_server.taken)
    assert first == second


def test_the_pauses_grow_up_to_67_minutes():
    assert [pause_after(attempts) / timedelta(minutes=1) for attempts in (1, 2, 3, 4, 5, 6, 70)] == [
        *(5, 10, 20, 40, 67),
        *(67, 67),
    ]
    assert timedelta(minutes=67) * MOST_ATTEMPTS > GIVE_UP_AFTER


def test_a_smart_host_that_is_down_for_three_days_is_given_up_and_the_owner_told(
    send, mail_server, core, clock, outgoing, asked
):
    """I8: the failure is seen on the case and by its owner."""
    while clock.now() < NOW + GIVE_UP_AFTER:
        assert row_of(outgoing)["state"] == "waiting"
        mail_server.rcpt_replies = ["451 4.3.0 later"]
        assert send()
        clock.move_to(row_of(outgoing)["due_at"])
    mail_server.rcpt_replies = ["451 4.3.0 later"]
    send()
    given_up = row_of(outgoing)
    assert (given_up["state"], given_up["error"]) == ("parked", "451 4.3.0 later")
    assert GIVE_UP_AFTER <= given_up["finished_at"] - NOW < GIVE_UP_AFTER + timedelta(minutes=67)
    assert kinds_of_history(core, asked)[-1] == EventKind.NOTICE_FAILED
    assert row_of(outgoing, N.NOTICE_FAILED_FOR_OWNER)["recipient"] == "ada@support.example"


def test_after_a_long_outage_of_our_own_a_notice_still_gets_its_attempts(
    send, mail_server, clock, outgoing, asked
):
    clock.advance(5 * DAY)
    mail_server.rcpt_replies = ["451 greylisted"]
    send()
    assert row_of(outgoing)["state"] == "waiting"


def test_a_permanent_refusal_is_parked_at_once_and_told(send, mail_server, core, outgoing, asked):
    """I8 E7."""
    mail_server.rcpt_replies = ["550 5.1.1 no such user"]
    send()
    assert (row_of(outgoing)["state"], row_of(outgoing)["attempts"]) == ("parked", 1)
    with core.reading() as uow:
        event = rows.history(uow.connection, asked.id)[-1]
    assert (event["kind"], event["public"]) == (EventKind.NOTICE_FAILED, False)
    assert event["text"] == (
        "The notice information-asked to alice@northwind.example could not be delivered: 550 5.1.1 no such user"
    )


def test_the_failure_of_a_closing_mail_is_recorded_on_the_closed_case(
    send, mail_server, core, people, outgoing
):
    case = people.case().case
    outgoing.settle()
    core.write(lambda uow: cases.close(uow, people.analyst(), case, SubStatus.RESOLVED, "It runs."))
    mail_server.rcpt_replies = ["550 no"]
    send()
    assert kinds_of_history(core, case)[-1] == EventKind.NOTICE_FAILED


def test_a_failed_notice_of_a_failed_notice_is_told_to_nobody(send, mail_server, core, outgoing, asked):
    """No loop."""
    mail_server.rcpt_replies = ["550 no", "550 no"]
    assert send()
    assert send()
    assert not send()
    assert row_of(outgoing, N.NOTICE_FAILED_FOR_OWNER)["state"] == "parked"
    assert kinds_of_history(core, asked).count(EventKind.NOTICE_FAILED) == 1


def test_an_answer_to_a_stranger_that_fails_is_parked(send, mail_server, core, outgoing):
    """There is no case to tell it on."""

    def answer(uow):
        mail = ReceivedMail("eve@elsewhere.example", (), "192.0.2.1", b"\r\nHello")
        inbox_id = inbox.accept(uow.connection, mail, uow.now)
        telling.answer_sender(uow, N.MAIL_NOT_LINKED, "eve@elsewhere.example", inbox_id, None)

    core.write(answer)
    mail_server.rcpt_replies = ["550 no"]
    send()
    assert row_of(outgoing, N.MAIL_NOT_LINKED)["state"] == "parked"


def test_what_we_cannot_compose_is_tried_five_times_and_parked(
    send, mail_server, core, clock, outgoing, asked
):
    """Our own fault: here the Reference ID is gone, and a mail that cannot be answered is not sent (E2)."""
    core.write(lambda uow: uow.connection.execute(sa.delete(references)))
    for _attempt in range(MOST_FAULTS - 1):
        assert send()
        assert row_of(outgoing)["state"] == "waiting"
        clock.move_to(row_of(outgoing)["due_at"])
    send()
    assert row_of(outgoing)["state"] == "parked"
    assert "no Reference ID" in row_of(outgoing)["error"]
    assert mail_server.taken == []


def test_an_address_that_cannot_stand_in_a_mail_is_parked_at_once(send, mail_server, core, outgoing, asked):
    bad = "a@b\r\nBcc: v@elsewhere.example"
    core.write(lambda uow: uow.connection.execute(sa.update(references).values(recipient=bad)))
    core.write(lambda uow: uow.connection.execute(sa.update(outbox).values(recipient=bad)))
    send()
    assert row_of(outgoing)["state"] == "parked"
    assert mail_server.taken == []


def test_a_mail_that_kills_its_worker_again_and_again_is_parked(send, mail_server, core, outgoing, asked):
    core.write(lambda uow: uow.connection.execute(sa.update(outbox).values(attempts=MOST_ATTEMPTS)))
    send()
    assert row_of(outgoing)["state"] == "parked"
    assert mail_server.taken == []


def remind(core, clock):
    clock.move_to(NOW + 2 * DAY)
    core.write(lambda uow: uow.connection.execute(sa.update(outbox).values(state="done")))
    assert follow_up_one(core)


def test_a_reminder_that_is_still_true_leaves(send, mail_server, core, clock, outgoing, asked):
    """N1."""
    remind(core, clock)
    send()
    assert [taken.mail["X-Intake-Notice"] for taken in mail_server.taken] == ["reminder-1"]


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(
            lambda uow, who, case: cases.update(uow, who.customer("alice"), case, "4"), id="answered"
        ),
        pytest.param(
            lambda uow, who, case: cases.ask_information(uow, who.analyst(), case, "And the model?"),
            id="asked again",
        ),
        pytest.param(
            lambda uow, who, case: cases.set_status(uow, who.analyst(), case, SubStatus.THIRD_PARTY_PENDING),
            id="a third party is awaited",
        ),
        pytest.param(
            lambda uow, who, case: cases.close(uow, who.analyst(), case, SubStatus.CANCELLED, "Never mind"),
            id="closed",
        ),
        pytest.param(
            lambda uow, who, case: cases.raise_to_critical(
                uow,
                who.customer("alice", Channel.PHONE),
                case,
                callback_number="+14155550132",
                production_down=True,
            ),
            id="production is down (N4)",
        ),
    ],
)
def test_a_reminder_for_what_is_no_longer_awaited_is_dropped_with_its_reason(
    send, mail_server, core, people, clock, outgoing, asked, act
):
    """I10 N3."""
    remind(core, clock)
    with core.reading() as uow:
        case = rows.by_id(uow.connection, asked.id)
    core.write(lambda uow: act(uow, people, case))
    send()
    dropped = row_of(outgoing, N.REMINDER_1)
    assert dropped["state"] == "dropped"
    assert "I10" in dropped["error"]
    assert mail_server.taken == []


CONTRACT_ENDED = sa.update(contracts).values(ends_at=NOW)
GRANT_TAKEN = sa.delete(grants)


@pytest.mark.parametrize(
    ("loss", "rule"),
    [
        pytest.param(CONTRACT_ENDED, "A9", id="the contract ended"),
        pytest.param(GRANT_TAKEN, "A3", id="the grant is gone"),
    ],
)
def test_who_may_not_see_the_case_any_more_gets_no_mail_of_it(
    send, mail_server, core, people, outgoing, asked, loss, rule
):
    """A9: the question was written before, and nothing of the case is told after."""
    core.write(lambda uow: cases.close(uow, people.analyst(), asked, SubStatus.RESOLVED, "It runs."))
    core.write(lambda uow: uow.connection.execute(loss))
    while send():
        pass
    assert mail_server.taken == []
    for kind in (N.INFORMATION_ASKED, N.CLOSED):
        assert row_of(outgoing, kind)["state"] == "dropped"
        assert row_of(outgoing, kind)["error"].endswith(f"({rule})")


def test_the_answer_to_a_mail_tells_a_contact_who_may_not_see_the_case_nothing_about_it(
    send, mail_server, core, people, outgoing, asked
):
    """A9 E6: they are a stranger now."""
    core.write(lambda uow: cases.close(uow, people.analyst(), asked, SubStatus.RESOLVED, "It runs."))
    outgoing.settle()
    alice = "alice@northwind.example"

    def answer(uow):
        inbox_id = inbox.accept(uow.connection, ReceivedMail(alice, (), "192.0.2.1", b"\r\nHello"), uow.now)
        telling.answer_sender(uow, N.MAIL_TO_CLOSED_CASE, alice, inbox_id, asked.id)

    core.write(answer)
    core.write(lambda uow: uow.connection.execute(CONTRACT_ENDED))
    assert send()
    [taken] = mail_server.taken
    assert taken.mail["X-Intake-Notice"] == "mail-to-closed-case"
    assert b"The switch is down" not in taken.raw


def test_colleagues_are_told_of_a_case_whose_contact_may_not_see_it(
    send, mail_server, core, people, outgoing, asked
):
    """A9 is about customers."""
    core.write(lambda uow: cases.update(uow, people.customer("alice"), asked, "Version 4"))
    core.write(lambda uow: uow.connection.execute(CONTRACT_ENDED))
    while send():
        pass
    assert [taken.mail["X-Intake-Notice"] for taken in mail_server.taken] == ["customer-update-for-owner"]


def test_a_case_whose_contact_may_not_be_reminded_is_not_closed_by_the_timer(
    send, mail_server, core, clock, outgoing, asked
):
    """I11 A9: nobody knows that we wait, so its owner decides."""
    core.write(lambda uow: uow.connection.execute(CONTRACT_ENDED))
    for day in (2, 5, 10):
        clock.move_to(NOW + day * DAY)
        follow_up_one(core)
        while send():
            pass
    with core.reading() as uow:
        assert rows.by_id(uow.connection, asked.id).status is Status.AWAITING_INFORMATION
    assert kinds_of_history(core, asked)[-1] == EventKind.CLOSING_POSTPONED
    assert [taken.mail["X-Intake-Notice"] for taken in mail_server.taken] == ["closing-postponed-for-owner"]


def test_a_late_first_reminder_leaves_with_the_second(send, mail_server, core, clock, outgoing, asked):
    """I11: the case still waits, and both must have left before it closes."""
    remind(core, clock)
    clock.move_to(NOW + 5 * DAY)
    follow_up_one(core)
    while send():
        pass
    assert [taken.mail["X-Intake-Notice"] for taken in mail_server.taken] == ["reminder-1", "reminder-2"]


def test_a_worker_whose_lease_was_taken_over_changes_nothing(core, settings, clock, outgoing, asked):
    """It slept; the other one is at work, and this one says nothing."""

    class TakenOverMeanwhile:
        def send(self, *_mail):
            clock.advance(LEASE)
            core.write(
                lambda uow: claiming.claim(uow.connection, outbox, random_key(uow.house.chance), uow.now)
            )

    assert send_one(core, settings, TakenOverMeanwhile())
    row = row_of(outgoing)
    assert (row["state"], row["attempts"]) == ("working", 2)


def test_a_worker_killed_after_the_smart_host_accepted_sends_the_same_mail_again(
    database_url, send, smart_host, mail_server, clock, outgoing, asked
):
    """I8 I9: kill -9 between the final dot and the mark."""
    killed = subprocess.run(
        [sys.executable, "-c", _DIES, database_url, str(smart_host._port)], capture_output=True, timeout=60
    )
    assert killed.returncode == -9, killed.stderr.decode()
    assert row_of(outgoing)["state"] == "working"
    assert not send(), "the lease still runs"
    clock.advance(LEASE)
    assert send()
    assert row_of(outgoing)["state"] == "done"
    first, second = (parsed(taken.raw) for taken in mail_server.taken)
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_body().get_content() == second.get_body().get_content()


_DIES = """
import random, sys
from core import crashpoints
from core.clock import HeldClock
from core.identifiers import ReferenceMint
from core.pins import PinKeys
from core.store.database import Database
from core.unit_of_work import Core, House
from notifier.settings import MailSettings
from notifier.transport import SmartHost
from notifier.worker import send_one
from datetime import UTC, datetime

crashpoints.arm("outbox.accepted-by-smart-host")
house = House(ReferenceMint("T1", b"key"), PinKeys("k", {"k": b"key"}), random.Random(8), "support.example")
core = Core(Database(sys.argv[1]), None, HeldClock(datetime(2026, 3, 2, 9, tzinfo=UTC)), house)
settings = MailSettings(
    "Northwind Support <support@support.example>", "support.example",
    "https://support.example/cases/{number}", "T1", "+1 415 555 0100",
)
send_one(core, settings, SmartHost(f"smtp://127.0.0.1:{sys.argv[2]}", helo_name="gateway.test"))
"""


def test_the_timer_closes_only_after_both_reminders_have_left(send, mail_server, core, clock, asked):
    """I11 N1: from the question to the closing mail, every mail through the smart host."""
    for day in (0, 2, 5, 10):
        clock.move_to(NOW + day * DAY)
        while follow_up_one(core):
            pass
        while send():
            pass
    assert [taken.mail["X-Intake-Notice"] for taken in mail_server.taken] == [
        "information-asked",
        "reminder-1",
        "reminder-2",
        "closed-by-timer",
    ]
    with core.reading() as uow:
        assert rows.by_id(uow.connection, asked.id).status is Status.CLOSED


def test_a_smart_host_that_is_not_there_costs_a_pause_and_no_mail(core, settings, outgoing, asked):
    nowhere = SmartHost("smtp://127.0.0.1:1", helo_name="gateway.test", timeout=1)
    assert send_one(core, settings, nowhere)
    assert row_of(outgoing)["due_at"] == NOW + PAUSES[0]
