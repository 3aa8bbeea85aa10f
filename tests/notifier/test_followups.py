"""The timer, one step at a time. On both databases."""

from __future__ import annotations

from datetime import timedelta

from core import cases
from core.rules.notices import NoticeKind
from core.rules.terms import EventKind
from core.store import cases as rows
from notifier.followups import follow_up_one
from tests.people import NOW

DAY = timedelta(days=1)


def kinds(core, case):
    with core.reading() as uow:
        return [row["kind"] for row in rows.history(uow.connection, case.id)]


def test_before_a_follow_up_is_due_there_is_nothing_to_do(core, people, clock):
    """N1: to the second."""
    case = people.case().case
    core.write(lambda uow: cases.propose_solution(uow, people.analyst(), case, "Restart it"))
    clock.move_to(NOW + 2 * DAY - timedelta(seconds=1))
    assert not follow_up_one(core)
    clock.move_to(NOW + 2 * DAY)
    assert follow_up_one(core)
    assert not follow_up_one(core)
    assert kinds(core, case)[-1] == EventKind.REMINDER_1


def test_the_case_that_has_been_due_for_longest_comes_first(core, people, clock):
    first, second = people.case().case, people.case(subject="The other").case
    core.write(lambda uow: cases.ask_information(uow, people.analyst(), second, "Which?"))
    clock.advance(timedelta(hours=1))
    core.write(lambda uow: cases.ask_information(uow, people.analyst(), first, "Which?"))
    clock.move_to(NOW + 3 * DAY)
    follow_up_one(core)
    assert kinds(core, second)[-1] == EventKind.REMINDER_1
    assert kinds(core, first)[-1] == EventKind.INFORMATION_ASKED


def test_an_answer_that_came_first_leaves_nothing_to_remind_of(core, people, clock, outgoing):
    """N3."""
    case = people.case().case
    case = core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which?")).case
    core.write(lambda uow: cases.update(uow, people.customer("alice"), case, "This one"))
    clock.move_to(NOW + 30 * DAY)
    assert not follow_up_one(core)
    assert outgoing.rows(NoticeKind.REMINDER_1) == []


def test_an_outage_does_not_swallow_the_days_between_two_reminders(core, people, clock):
    """I11: after nine days of silence of ours, the second reminder still comes three days after the first."""
    case = people.case().case
    core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which?"))
    clock.move_to(NOW + 9 * DAY)
    assert follow_up_one(core)
    assert not follow_up_one(core)
    clock.advance(3 * DAY)
    assert follow_up_one(core)
    assert kinds(core, case)[-2:] == [EventKind.REMINDER_1, EventKind.REMINDER_2]
