"""Two at once on one case: one consistent history, whoever is first. Real threads, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from core import cases, escalations
from core.errors import Refused
from core.rules.terms import Access, Channel, EscalationGround, EventKind, Priority, Role, Status, SubStatus
from core.store import cases as rows
from core.store import escalations as kept
from core.store.schema import grants, outbox

ROUNDS = 8


@pytest.fixture
def at_once(core):
    """Return a function that does two acts in two threads which start together; it returns what each came to."""

    def do(*verbs, case):
        start = threading.Barrier(len(verbs))

        def one(verb):
            start.wait()
            try:
                return core.write(lambda uow: verb(uow, rows.find(uow.connection, case.number)))
            except Refused as refused:
                return refused

        with ThreadPoolExecutor(len(verbs)) as pool:
            return [done.result() for done in [pool.submit(one, verb) for verb in verbs]]

    return do


def _history(core, case):
    with core.reading() as uow:
        lines = rows.history(uow.connection, case.id)
        now = rows.by_id(uow.connection, case.id)
    assert [line["version"] for line in lines] == list(range(1, len(lines) + 1))
    assert (now.version, now.status) == (len(lines), lines[-1]["status"])
    return [line["kind"] for line in lines], now


def test_an_answer_by_mail_and_a_closing_by_an_analyst(core, people, at_once):
    """C7 C8 E6: either the answer comes first and the case is closed after it, or it is refused."""
    alice, ada = people.customer("alice"), people.analyst()
    for _round in range(ROUNDS):
        case = people.case().case
        case = core.write(lambda uow, it=case: cases.ask_information(uow, ada, it, "Which?")).case
        answered, _closed = at_once(
            lambda uow, it: cases.update(uow, alice, it, "Version 4"),
            lambda uow, it: cases.close(uow, ada, it, SubStatus.RESOLVED, "Done"),
            case=case,
        )
        kinds, now = _history(core, case)
        assert now.status is Status.CLOSED
        assert (EventKind.CUSTOMER_UPDATE in kinds) == (not isinstance(answered, Refused))


def test_an_answer_and_the_timer_that_closes(core, people, clock, at_once):
    """N3 I10: never both a stopped timer and its closing."""
    alice, ada = people.customer("alice"), people.analyst()
    for _round in range(ROUNDS):
        case = people.case().case
        case = core.write(lambda uow, it=case: cases.propose_solution(uow, ada, it, "Restart")).case
        for _step in range(2):
            clock.move_to(case.followup.at)
            case = core.write(lambda uow, it=case: cases.take_followup_step(uow, it)).case
            core.write(lambda uow: uow.connection.execute(sa.update(outbox).values(state="done")))
        clock.move_to(case.followup.at)
        due = case.followup
        at_once(
            lambda uow, it: cases.update(uow, alice, it, "It helped not"),
            lambda uow, it, due=due: cases.take_followup_step(uow, it) if it.followup == due else None,
            case=case,
        )
        kinds, now = _history(core, case)
        answered, closed = EventKind.CUSTOMER_UPDATE in kinds, EventKind.CLOSED_BY_TIMER in kinds
        assert answered != closed
        assert now.status is (Status.OPEN if answered else Status.CLOSED)
        assert now.followup.at is None


def test_a_raise_by_phone_and_a_lower_priority_at_the_console(core, people, at_once):
    """C3 C12: the history says in which order, and the case is what the last of them made of it."""
    alice, ada = people.customer("alice", Channel.PHONE), people.analyst()
    for _round in range(ROUNDS):
        case = people.case().case
        at_once(
            lambda uow, it: cases.raise_to_critical(uow, alice, it, callback_number="+14155550132"),
            lambda uow, it: cases.change_priority(uow, ada, it, Priority.LOW),
            case=case,
        )
        with core.reading() as uow:
            last = rows.history(uow.connection, case.id)[-1]
        _kinds, now = _history(core, case)
        assert now.priority is (Priority.CRITICAL if last["role"] == Role.CUSTOMER else Priority.LOW)


def test_two_who_escalate(core, people, at_once):
    """C11: one is told that the other was first."""
    ada, alice = people.analyst(), people.customer("alice", Channel.CONSOLE)
    for _round in range(ROUNDS):
        case = people.case().case
        ground = EscalationGround.NO_PROGRESS
        done = at_once(
            lambda uow, it, why=ground: escalations.escalate(uow, ada, it, why, "A"),
            lambda uow, it, why=ground: escalations.escalate(uow, alice, it, why, "B"),
            case=case,
        )
        refused = [one for one in done if isinstance(one, Refused)]
        assert [one.denied.reason for one in refused] == ["escalated-already"]
        with core.reading() as uow:
            assert len(kept.of_case(uow.connection, case.id)) == 1


def test_a_right_that_is_withdrawn_while_its_owner_acts(core, people, at_once):
    """A9: the act came before the withdrawal, or not at all; never after it."""
    alice, ada = people.customer("alice"), people.analyst()
    for _round in range(ROUNDS):
        case = people.case().case
        mine = grants.c.contact_id == alice.contact_id

        def withdraw(uow, _case, mine=mine):
            uow.connection.execute(sa.update(grants).where(mine).values(access=Access.BASIC))
            return cases.post(uow, ada, rows.by_id(uow.connection, _case.id), "Withdrawn", public=False)

        at_once(lambda uow, it: cases.update(uow, alice, it, "Words"), withdraw, case=case)
        kinds, _now = _history(core, case)
        if EventKind.CUSTOMER_UPDATE in kinds:
            assert kinds.index(EventKind.CUSTOMER_UPDATE) < kinds.index(EventKind.NOTE)
        core.write(
            lambda uow, mine=mine: uow.connection.execute(
                sa.update(grants).where(mine).values(access=Access.READ_WRITE)
            )
        )


def test_many_at_once_leave_one_line_each(core, people, at_once):
    """C6: none is lost and none is told twice."""
    ada = people.analyst()
    case = people.case().case
    writers = [
        lambda uow, it, n=n: cases.post(uow, replace(ada, name=f"Ada {n}"), it, f"Post {n}") for n in range(5)
    ]
    at_once(*writers, case=case)
    with core.reading() as uow:
        texts = [line["text"] for line in rows.history(uow.connection, case.id)]
    assert sorted(texts[1:]) == [f"Post {n}" for n in range(5)]
