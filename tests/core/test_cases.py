"""The verbs, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import cases
from core.errors import BadInput, ChangedMeanwhile, Refused
from core.rules.followups import Followup, Step
from core.rules.terms import Channel, EventKind, Priority, Status, SubStatus
from core.store import cases as rows
from core.store.claiming import State
from core.store.schema import outbox, shifts
from tests.people import NOW


def mails(core, notice=None):
    """Return the outbox as (notice, recipient)."""
    with core.reading() as uow:
        found = uow.connection.execute(sa.select(outbox.c.notice, outbox.c.recipient).order_by(outbox.c.id))
        return [tuple(row) for row in found if notice in (None, row.notice)]


def history(core, case):
    with core.reading() as uow:
        return [(row["kind"], row["status"]) for row in rows.history(uow.connection, case.id)]


def all_sent(core):
    core.write(lambda uow: uow.connection.execute(sa.update(outbox).values(state=State.DONE)))


def test_a_case_has_a_ten_digit_number_and_its_contact_is_told(core, people):
    """C1 N5."""
    case = people.case().case
    assert case.number == "0000000001"
    assert (case.status, case.sub_status) == (Status.OPEN, SubStatus.NEW)
    assert mails(core) == [("case-opened", "alice@northwind.example")]


def test_asking_starts_the_timer_and_the_answer_stops_it(core, people):
    """C7 N1 N3."""
    case = people.case().case
    asked = core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which version?")).case
    assert (asked.status, asked.sub_status) == (Status.AWAITING_INFORMATION, SubStatus.INFORMATION_REQUIRED)
    assert asked.followup == Followup(Step.REMINDER_1, NOW + timedelta(days=2))
    answered = core.write(lambda uow: cases.update(uow, people.customer("alice"), asked, "Version 4")).case
    assert (answered.status, answered.sub_status) == (Status.OPEN, SubStatus.INVESTIGATION)
    assert answered.followup == Followup(Step.NONE, None)
    assert ("customer-update-for-owner", "ada@support.example") in mails(core)


@pytest.mark.parametrize(
    ("who", "reason"),
    [("bob", "not-designated"), ("charlie", "no-access")],
    ids=["a read-only colleague", "a DC of another company"],
)
def test_who_is_not_entitled_changes_nothing(core, people, who, reason):
    """A3 E5."""
    case = people.case().case
    with pytest.raises(Refused) as refused:
        core.write(lambda uow: cases.update(uow, people.customer(who), case, "Me too"))
    assert refused.value.denied.reason == reason
    assert history(core, case) == [("opened", "Open")]


def test_a_right_ends_with_its_contract_at_that_instant(core, people, clock):
    """A9."""
    clock.move_to(NOW - timedelta(seconds=1))
    case = people.case("erin").case
    core.write(lambda uow: cases.update(uow, people.customer("erin"), case, "One second before the end"))
    clock.move_to(NOW)
    with core.reading() as uow:
        case = rows.find(uow.connection, case.number)
    with pytest.raises(Refused) as refused:
        core.write(lambda uow: cases.update(uow, people.customer("erin"), case, "At the end"))
    assert refused.value.denied.reason == "no-live-contract"


def test_two_acts_on_one_case_end_in_one_history(core, people):
    """The loser of a race is told so and changes nothing; deciding again, it succeeds."""
    case = people.case().case
    core.write(lambda uow: cases.post(uow, people.analyst(), case, "First"))
    with pytest.raises(ChangedMeanwhile):
        core.write(lambda uow: cases.post(uow, people.analyst(), case, "Second, on what was read before"))
    core.write(
        lambda uow: cases.post(uow, people.analyst(), rows.find(uow.connection, case.number), "Second")
    )
    assert [kind for kind, _status in history(core, case)] == ["opened", "post", "post"]


def test_who_asks_for_critical_elsewhere_than_by_phone_gets_high(core, people):
    """C3."""
    case = people.case().case
    raised = core.write(
        lambda uow: cases.change_priority(uow, people.analyst(), case, Priority.CRITICAL)
    ).case
    assert raised.priority is Priority.HIGH
    with core.reading() as uow:
        assert "by phone only" in rows.history(uow.connection, case.id)[-1]["text"]


def test_a_critical_case_keeps_its_call_back_number(core, people):
    """C3 C12."""
    case = people.case().case
    alice = people.customer("alice", Channel.PHONE)
    raised = core.write(
        lambda uow: cases.raise_to_critical(
            uow, alice, case, callback_number="+14155550132", production_down=True
        )
    ).case
    assert (raised.priority, raised.production_down) == (Priority.CRITICAL, True)
    assert raised.callback_number == "+14155550132"
    asked = core.write(lambda uow: cases.ask_information(uow, people.analyst(), raised, "Logs?")).case
    assert asked.followup.step is Step.NONE, "N4: production down has no follow-ups"


def test_the_timer_reminds_twice_and_closes_after_ten_days(core, people, clock):
    """N1 N2 N7, day by day."""
    case = people.case().case
    core.write(lambda uow: cases.propose_solution(uow, people.analyst(), case, "Restart it"))
    for day, kind in [(2, EventKind.REMINDER_1), (5, EventKind.REMINDER_2), (10, EventKind.CLOSED_BY_TIMER)]:
        all_sent(core)
        clock.move_to(NOW + timedelta(days=day) - timedelta(seconds=1))
        with core.reading() as uow:
            assert rows.next_followup(uow.connection, uow.now) is None
        clock.move_to(NOW + timedelta(days=day))
        core.write(lambda uow: cases.take_followup_step(uow, rows.next_followup(uow.connection, uow.now)))
        assert history(core, case)[-1][0] == kind
    with core.reading() as uow:
        closed = rows.find(uow.connection, case.number)
    assert (closed.status, closed.closed_by_timer, closed.followup.step) == (Status.CLOSED, True, Step.NONE)


def test_the_timer_does_not_close_before_its_reminders_have_left(core, people, clock):
    """I11."""
    case = people.case().case
    core.write(lambda uow: cases.propose_solution(uow, people.analyst(), case, "Restart it"))
    for day in (2, 5, 10):
        clock.move_to(NOW + timedelta(days=day))
        core.write(lambda uow: cases.take_followup_step(uow, rows.next_followup(uow.connection, uow.now)))
    with core.reading() as uow:
        waiting = rows.find(uow.connection, case.number)
    assert waiting.status is Status.SOLUTION_PROPOSED
    assert waiting.followup == Followup(Step.CLOSE, NOW + timedelta(days=10, hours=1))


def closed_case(core, people):
    case = people.case().case
    return core.write(lambda uow: cases.close(uow, people.analyst(), case, SubStatus.RESOLVED, "Done")).case


def test_a_closed_case_is_reopened_within_thirty_days_only(core, people, clock):
    """C9, to the second."""
    case = closed_case(core, people)
    alice = people.customer("alice", Channel.PHONE)
    clock.move_to(NOW + timedelta(days=30))
    with pytest.raises(Refused) as refused:
        core.write(lambda uow: cases.reopen(uow, alice, case, "It is back"))
    assert refused.value.denied.reason == "reopen-too-late"
    clock.move_to(NOW + timedelta(days=30) - timedelta(seconds=1))
    reopened = core.write(lambda uow: cases.reopen(uow, alice, case, "It is back")).case
    assert (reopened.status, reopened.closed_at) == (Status.OPEN, None)


def test_a_closed_case_takes_no_update(core, people):
    """E6."""
    case = closed_case(core, people)
    with pytest.raises(Refused) as refused:
        core.write(lambda uow: cases.update(uow, people.customer("alice"), case, "Thanks"))
    assert refused.value.denied.reason == "case-closed"


@pytest.mark.parametrize("subject", ["", "   ", "x" * 1001])
def test_a_subject_has_one_to_a_thousand_characters(people, subject):
    """C5."""
    with pytest.raises(BadInput, match="subject"):
        people.case(subject=subject)


def test_the_timer_comes_back_when_production_runs_again(core, people):
    """N4: a customer who is still asked is reminded again."""
    case = people.case().case
    asked = core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which version?")).case
    alice = people.customer("alice", Channel.PHONE)
    down = core.write(
        lambda uow: cases.raise_to_critical(
            uow, alice, asked, callback_number="+14155550132", production_down=True
        )
    ).case
    assert down.followup.step is Step.NONE
    runs = core.write(lambda uow: cases.change_priority(uow, people.analyst(), down, Priority.MEDIUM)).case
    assert runs.followup == Followup(Step.REMINDER_1, NOW + timedelta(days=2))


def test_a_reminder_that_left_late_leaves_the_customer_as_many_days(core, people, clock):
    """I11: the smart host was gone for three days after the second reminder was written."""
    case = people.case().case
    core.write(lambda uow: cases.propose_solution(uow, people.analyst(), case, "Restart it"))
    for day in (2, 5):
        clock.move_to(NOW + timedelta(days=day))
        core.write(lambda uow: cases.take_followup_step(uow, rows.next_followup(uow.connection, uow.now)))
        left = NOW + timedelta(days=day if day == 2 else 8)
        core.write(
            lambda uow, left=left: uow.connection.execute(
                sa.update(outbox)
                .where(outbox.c.state == State.WAITING)
                .values(state=State.DONE, finished_at=left)
            )
        )
    clock.move_to(NOW + timedelta(days=10))
    assert (
        core.write(lambda uow: cases.take_followup_step(uow, rows.next_followup(uow.connection, uow.now)))
        is None
    )
    with core.reading() as uow:
        waiting = rows.find(uow.connection, case.number)
    assert waiting.followup == Followup(Step.CLOSE, NOW + timedelta(days=12))
    clock.move_to(NOW + timedelta(days=12))
    core.write(lambda uow: cases.take_followup_step(uow, rows.next_followup(uow.connection, uow.now)))
    assert history(core, case)[-1][0] == EventKind.CLOSED_BY_TIMER


def test_a_name_of_any_length_can_act(core, people):
    """The history cuts it, on both databases."""
    case = people.case().case
    actor = replace(people.analyst(), name="x" * 1000)
    core.write(lambda uow: cases.post(uow, actor, case, "Hello"))
    with core.reading() as uow:
        assert rows.history(uow.connection, case.id)[-1]["actor"] == "x" * 300


def test_a_critical_message_pages_every_analyst_when_nobody_is_on_call(core, people):
    """P4: never to silence."""
    case = people.case().case
    core.write(lambda uow: uow.connection.execute(sa.delete(shifts)))
    alice = people.customer("alice", Channel.PHONE)
    core.write(lambda uow: cases.leave_message(uow, alice, case, "Please call", is_spoken=True))
    paged = mails(core, "critical-message-for-on-call")
    assert [recipient for _notice, recipient in paged] == ["ada@support.example", "grace@support.example"]


def test_a_case_of_nobody_is_told_of_to_every_analyst_when_nobody_is_on_call(core, people):
    """C7, P4: a customer's answer that no analyst hears of would wait for ever."""
    core.write(lambda uow: uow.connection.execute(sa.delete(shifts)))
    case = people.case().case
    core.write(lambda uow: cases.update(uow, people.customer("alice"), case, "It blinks again"))
    told = mails(core, "customer-update-for-owner")
    assert [recipient for _notice, recipient in told] == ["ada@support.example", "grace@support.example"]


@pytest.mark.parametrize(("contact", "reason"), [("bob", "not-designated"), ("erin", "no-live-contract")])
def test_nobody_opens_a_case_for_who_may_not_have_one(people, contact, reason):
    """A3, A9: an analyst neither; its answers would all be held."""
    with pytest.raises(Refused) as refused:
        people.case(contact)
    assert refused.value.denied.reason == reason


@pytest.mark.parametrize("verb", [cases.ask_information, cases.propose_solution, cases.post])
def test_nothing_is_asked_or_told_without_words(core, people, verb):
    """N1: a timer would run for a question that nobody can answer."""
    case = people.case().case
    with pytest.raises(BadInput, match="a few words"):
        core.write(lambda uow: verb(uow, people.analyst(), case, "  "))
    assert history(core, case) == [("opened", "Open")]
