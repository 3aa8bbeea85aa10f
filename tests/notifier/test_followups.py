"""The timer, one step at a time. On both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import sqlalchemy as sa

from core import cases
from core.rules.notices import NoticeKind
from core.rules.terms import EventKind
from core.store import cases as rows
from core.store.schema import case_events
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


def test_a_case_whose_step_fails_holds_up_no_other(core, people, clock):
    """It is tried again an hour later; what is broken here is its history."""
    broken, sound = people.case().case, people.case(subject="The other").case
    for case in (broken, sound):
        core.write(lambda uow, case=case: cases.ask_information(uow, people.analyst(), case, "Which?"))
    with core.reading() as uow:
        stray = dict(rows.history(uow.connection, broken.id)[-1]) | {"id": 999, "version": 3}
    core.write(lambda uow: uow.connection.execute(sa.insert(case_events).values(**stray)))
    clock.move_to(NOW + 2 * DAY)
    while follow_up_one(core):
        pass
    assert kinds(core, sound)[-1] == EventKind.REMINDER_1
    with core.reading() as uow:
        assert rows.by_id(uow.connection, broken.id).followup.at == clock.now() + timedelta(hours=1)


def test_two_workers_take_each_step_once(core, people, clock):
    """N1: the version of the case decides between them."""
    numbers = [people.case(subject=f"Case {number}").case for number in range(6)]
    for case in numbers:
        core.write(lambda uow, case=case: cases.ask_information(uow, people.analyst(), case, "Which?"))
    clock.move_to(NOW + 2 * DAY)

    def work(_worker):
        while follow_up_one(core):
            pass

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    for case in numbers:
        assert kinds(core, case).count(EventKind.REMINDER_1) == 1


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
