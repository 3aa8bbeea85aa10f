"""Random acts by random people over random days: what must hold after each of them, whatever came before.

The machine keeps its own record of who holds what and which contract is live, and judges every act by that and
by the edges below, which are written down here a second time on purpose. On both databases.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core import cases, escalations
from core.acting import FOLLOWUP_TIMER, Actor
from core.cases import NewCase
from core.errors import BadInput, Refused
from core.rules import lifecycle, policy
from core.rules.terms import (
    Access,
    CaseType,
    Channel,
    ContractStatus,
    EscalationGround,
    EventKind,
    Priority,
    Role,
    Status,
    SubStatus,
)
from core.store import cases as rows
from core.store.claiming import State
from core.store.schema import contracts, grants, outbox
from core.withdrawing import withdraw_update
from tests.people import NOW

DAY = timedelta(days=1)
NAMES = ("alice", "bob", "charlie", "petra", "cleo", "blanche")
CHANNELS = (Channel.MAIL, Channel.PHONE, Channel.CONSOLE)
OPEN, AWAITING, PROPOSED, CLOSED, CARE, MANAGED = Status
UPDATE = EventKind.CUSTOMER_UPDATE
ACTIVE = {OPEN, AWAITING, PROPOSED}

# Which status may follow which, by whose act (C6, C7, C8, C9, C13, C14, N1): what is not here must never be seen.
EDGES = {
    Role.CUSTOMER: {
        *((status, status) for status in ACTIVE | {CARE, MANAGED}),
        *((status, OPEN) for status in ACTIVE),
        *((status, CLOSED) for status in ACTIVE | {CARE, MANAGED}),
        (CLOSED, OPEN),
        (CLOSED, CARE),
    },
    Role.ANALYST: {
        *((before, after) for before in ACTIVE for after in (*ACTIVE, CLOSED)),
        *((before, after) for before in (CARE, MANAGED) for after in (CARE, MANAGED, CLOSED)),
        (CLOSED, OPEN),
        (CLOSED, CARE),
        (CLOSED, CLOSED),
    },
    Role.TIMER: {(AWAITING, AWAITING), (PROPOSED, PROPOSED), (AWAITING, CLOSED), (PROPOSED, CLOSED)},
}  # fmt: skip
NEVER_BY_MAIL = {EventKind.CLOSED, EventKind.REOPENED, EventKind.PRIORITY_CHANGED, EventKind.OPENED}

# Each step draws its own dice: left to itself, Hypothesis prefers the first of everything, and gets nowhere.
dice = st.randoms(use_true_random=True)
# Often who may and what goes, so that runs get far; the rest often enough to be tried at every turn.
SOMEBODY = ("alice", "alice", "alice", "alice", *NAMES)
TEXTS = ("Some words.", "x", "More.", " ")

CUSTOMER_VERBS = (
    lambda d: partial(cases.update, text=d.choice(TEXTS)),
    lambda d: partial(cases.close, reason=d.choice(list(SubStatus)), comment=d.choice(TEXTS)),
    lambda _: partial(cases.close, reason=SubStatus.RESOLVED, comment="It works."),
    lambda d: partial(cases.reopen, information=d.choice(TEXTS)),
    lambda _: partial(cases.reopen, information="It is back."),
    lambda d: partial(cases.change_priority, priority=d.choice(list(Priority))),
    lambda d: partial(
        cases.raise_to_critical, callback_number="+14155550132", production_down=d.choice([True, False])
    ),
    lambda d: partial(escalations.escalate, ground=d.choice(list(EscalationGround)), text=d.choice(TEXTS)),
)


def withdraw_one(uow, actor, case, pick):
    """Take one of the case's updates back, if it has any; mostly the last."""
    updates = [row["id"] for row in rows.history(uow.connection, case.id) if row["kind"] == UPDATE]
    if updates:
        event_id = updates[-1] if pick < 0.7 else updates[int(pick * len(updates))]
        withdraw_update(uow, actor, case, event_id, "Not for this case.")


ANALYST_VERBS = (
    lambda d: partial(cases.post, text=d.choice(TEXTS), public=d.choice([True, False])),
    lambda d: partial(cases.ask_information, question=d.choice(TEXTS)),
    lambda d: partial(cases.propose_solution, solution=d.choice(TEXTS), fixed=d.choice([True, False])),
    lambda d: partial(cases.set_status, sub_status=d.choice(list(SubStatus))),
    lambda d: partial(cases.change_fields, product=d.choice(TEXTS)),
    lambda d: partial(escalations.grant, reason=d.choice(TEXTS)),
    lambda d: partial(escalations.refuse, reason=d.choice(TEXTS)),
    lambda d: partial(escalations.tell_news, text=d.choice(TEXTS)),
    lambda d: partial(escalations.end, reason=d.choice(TEXTS)),
    lambda d: partial(withdraw_one, pick=d.random()),
)


@dataclass
class Holding:
    """What the machine knows of a combination: who has which access, and whether and until when a contract holds."""

    access: dict[int, Access]
    ends_at: datetime
    is_active: bool = True


class CaseMachine(RuleBasedStateMachine):
    """Random verbs; `core` and the rest are set by the test before it runs."""

    core = clock = people = None

    @initialize()
    def begin(self):
        """Put the directory back to where it began; forget the cases of earlier runs."""
        self.clock.move_to(NOW)
        self.numbers, self.told = [], {}
        self.core.write(self._restore)
        self.actors = {name: self.people.customer(name) for name in NAMES}
        self.ada = self.people.analyst()
        for case_type in (CaseType.SUPPORT, CaseType.SUPPORT, CaseType.FEATURE_REQUEST):
            self._opens("alice", "alice", Channel.CONSOLE, Priority.MEDIUM, case_type)

    def _restore(self, uow):
        if not hasattr(type(self), "kept"):
            type(self).kept = [dict(row) for row in uow.connection.execute(sa.select(grants)).mappings()]
        ends = sa.select(contracts.c.combination_id, sa.func.max(contracts.c.ends_at))
        ends = uow.connection.execute(ends.group_by(contracts.c.combination_id)).all()
        self.held = {pair: Holding({}, at) for pair, at in ends}
        uow.connection.execute(sa.update(contracts).values(status=ContractStatus.ACTIVE))
        for row in type(self).kept:
            same = [grants.c[name] == row[name] for name in ("contact_id", "combination_id")]
            uow.connection.execute(sa.update(grants).where(*same).values(access=row["access"]))
            self.held[row["combination_id"]].access[row["contact_id"]] = Access(row["access"])

    # --- the world moves ----------------------------------------------------------------------------------

    @rule(dice=dice)
    def time_passes(self, dice):
        self.clock.advance(timedelta(hours=dice.choice([0.01, 1, 23, 24, 48, 72, 120, 240])))

    @rule(dice=dice)
    def a_closed_case_comes_to_its_thirty_days(self, dice):
        case, _lines = self._seen(dice.choice(self.numbers))
        if case.closed_at is not None:
            end = case.closed_at + 30 * DAY + timedelta(seconds=dice.choice([-1, 0, 1]))
            self.clock.move_to(max(self.clock.now(), end))

    @rule(dice=dice)
    def the_directory_changes(self, dice):
        who = dice.choice(NAMES)
        contact_id, pair = self.actors[who].contact_id, self._pair_of(who)
        access = dice.choice([Access.READ_WRITE, Access.READ_WRITE, Access.READ_WRITE, *Access])
        status = dice.choice([ContractStatus.ACTIVE, ContractStatus.ACTIVE, *ContractStatus])
        mine = (grants.c.contact_id == contact_id, grants.c.combination_id == pair)
        of_pair = contracts.c.combination_id == pair

        def act(uow):
            uow.connection.execute(sa.update(grants).where(*mine).values(access=access))
            uow.connection.execute(sa.update(contracts).where(of_pair).values(status=status))

        self.core.write(act)
        self.held[pair].access[contact_id] = access
        self.held[pair].is_active = status is ContractStatus.ACTIVE

    @rule(dice=dice)
    def mails_leave_or_fail(self, dice):
        self._mails(dice.choice([State.DONE, State.DONE, State.DONE, State.PARKED]))

    def _mails(self, state):
        waiting = sa.update(outbox).where(outbox.c.state == State.WAITING)
        self.core.write(
            lambda uow: uow.connection.execute(waiting.values(state=state, finished_at=self.clock.now()))
        )

    @precondition(lambda self: len(self.numbers) > 3)
    @rule(dice=dice)
    def nobody_answers(self, dice):
        number = dice.choice(self.numbers)
        self._do(number, self.ada, partial(cases.ask_information, question="Which?"))
        for days in (2, 3, 5):
            self._mails(State.DONE)
            self.clock.advance(days * DAY)
            self._let_the_timer_fire(number)

    @rule(dice=dice)
    def a_mail_is_linked_and_taken_back(self, dice):
        number = dice.choice(self.numbers)
        if dice.random() < 0.7:
            self._do(number, self.ada, partial(cases.ask_information, question="Which?"))
        self._do(number, self.ada, partial(cases.update, text="Not for this case."))
        if dice.random() < 0.3:
            self._do(number, self.ada, dice.choice(ANALYST_VERBS)(dice))
        self._do(number, self.ada, partial(withdraw_one, pick=0))

    # --- what people do -----------------------------------------------------------------------------------

    @rule(dice=dice)
    def somebody_opens(self, dice):
        who, channel, case_type = dice.choice(SOMEBODY), dice.choice(CHANNELS), dice.choice(list(CaseType))
        priority, by_analyst = dice.choice(list(Priority)), dice.choice([True, False])
        self._opens(None if by_analyst else who, who, channel, priority, case_type)

    def _opens(self, who, for_whom, channel, priority, case_type):
        contact_id, pair = self.actors[for_whom].contact_id, self._pair_of(for_whom)
        new = NewCase(contact_id, pair, "A subject", "Words.", priority, "+14155550132", type=case_type)
        actor = self._as(who, channel) if who else self.ada
        try:
            case = self.core.write(lambda uow: cases.open_case(uow, actor, new)).case
        except Refused:
            return
        assert self._holds_read_write(contact_id, pair), "A3, A9: opened for somebody who may have no case"
        assert actor.channel is not Channel.MAIL, "E1: a mail opened a case"
        assert case.priority is not Priority.CRITICAL or actor.channel is Channel.PHONE, "C3, I12"
        assert case.priority is not Priority.CRITICAL or case_type in (CaseType.SUPPORT, CaseType.ADMIN), "C3"
        assert case_type is not CaseType.SERVICE_REQUEST or for_whom == "cleo", "C2"
        self.numbers.append(case.number)

    @rule(dice=dice)
    def a_customer_acts(self, dice):
        for _turn in range(5):
            actor = self._as(dice.choice(SOMEBODY), dice.choice(CHANNELS))
            self._do(dice.choice(self.numbers), actor, dice.choice(CUSTOMER_VERBS)(dice))

    @rule(dice=dice)
    def a_customer_tries_an_analysts_work(self, dice):
        actor = self._as(dice.choice(SOMEBODY), dice.choice(CHANNELS))
        assert not self._do(dice.choice(self.numbers), actor, dice.choice(ANALYST_VERBS)(dice)), "A3"

    @rule(dice=dice)
    def an_analyst_acts(self, dice):
        for _turn in range(3):
            verb = dice.choice(ANALYST_VERBS + CUSTOMER_VERBS)(dice)
            self._do(dice.choice(self.numbers), self.ada, verb)

    @rule(dice=dice)
    def the_timer_is_due(self, dice):
        self._let_the_timer_fire(dice.choice(self.numbers))

    def _let_the_timer_fire(self, number):
        def verb(uow, _actor, case):
            is_due = case.followup.at is not None and case.followup.at <= uow.now
            return cases.take_followup_step(uow, case) if is_due else None

        self._do(number, FOLLOWUP_TIMER, verb)

    # --- judging ------------------------------------------------------------------------------------------

    def _as(self, who, channel):
        mine = self.actors[who]
        return Actor(mine.role, mine.name, channel, contact_id=mine.contact_id)

    def _pair_of(self, who):
        return next(pair for pair, held in self.held.items() if self.actors[who].contact_id in held.access)

    def _holds_read_write(self, contact_id, pair):
        held = self.held[pair]
        is_live = held.is_active and self.clock.now() < held.ends_at
        return is_live and held.access.get(contact_id) is Access.READ_WRITE

    def _do(self, number, actor, verb):
        """Let the actor try; judge what came of it, and return whether anything did."""
        before, lines = self._seen(number)
        with suppress(Refused, BadInput):
            self.core.write(lambda uow: verb(uow, actor, rows.find(uow.connection, number)))
        after, now_told = self._seen(number)
        assert now_told[: len(lines)] == lines, "the history was rewritten"
        assert after.version == len(now_told), "an event without a version, or a version without an event"
        if after.version == before.version:
            assert (after.status, after.priority) == (before.status, before.priority)
            return False
        self._judge(actor, before, after, now_told[len(lines) :])
        return True

    def _seen(self, number):
        with self.core.reading() as uow:
            case = rows.find(uow.connection, number)
            lines = [tuple(row.values()) for row in rows.history(uow.connection, case.id)]
        return case, lines

    def _judge(self, actor, before, after, added):
        now = self.clock.now()
        (line,) = added
        kind = EventKind(line[4])
        assert (before.status, after.status) in EDGES[actor.role], "C6: a move that is in no table"
        if actor.role is Role.CUSTOMER:
            assert self._holds_read_write(actor.contact_id, before.combination_id), (
                "A3, A9: no right, and it did"
            )
        assert not (actor.channel is Channel.MAIL and kind in NEVER_BY_MAIL), "E1, I4"
        if kind is EventKind.UPDATE_WITHDRAWN:
            self._judge_withdrawal(before, after, undone=line[13])
        elif before.status is CLOSED:
            assert kind is EventKind.REOPENED, "something happened to a closed case"
            assert now < before.closed_at + 30 * DAY, "C9: reopened too late"
            assert not before.closed_by_timer or actor.channel is Channel.PHONE, "C9: by phone only"
        if after.priority is Priority.CRITICAL and before.priority is not Priority.CRITICAL:
            assert (actor.role, actor.channel) == (Role.CUSTOMER, Channel.PHONE), "C3, I12"
        if (
            after.priority is Priority.HIGH
            and before.priority > Priority.HIGH
            and actor.role is Role.CUSTOMER
        ):
            assert actor.channel is Channel.PHONE, "C4: raised in writing"
        if after.priority is Priority.CRITICAL:
            assert after.type in (CaseType.SUPPORT, CaseType.ADMIN), "C3: what cannot be down is Critical"
        if kind is EventKind.CUSTOMER_UPDATE:
            assert after.status not in (AWAITING, PROPOSED), "C7: answered, and it waits"
        if kind is EventKind.ESCALATION_ASKED:
            assert EscalationGround.URGENCY not in line[8], "C11, C4"
            assert before.priority is not Priority.LOW
            assert not before.escalated
            assert before.priority is not Priority.HIGH or now >= before.updated_at + DAY, "C11"
        if kind is EventKind.CLOSED_BY_TIMER:
            assert now >= self._waiting_since(before) + 10 * DAY, "N1: closed before its ten days"

    def _judge_withdrawal(self, before, after, undone):
        """E3: it goes back to where that update moved it from, or stays; and is taken back once."""
        with self.core.reading() as uow:
            lines = {line["id"]: line for line in rows.history(uow.connection, before.id)}
        (update,) = (line for line in lines.values() if line["id"] == undone)
        assert [line["undoes_id"] for line in lines.values()].count(undone) == 1
        stood = next(line for line in lines.values() if line["version"] == update["version"] - 1)
        is_last = update["version"] == before.version
        expected = (stood["status"], stood["sub_status"]) if is_last else (before.status, before.sub_status)
        assert (after.status, after.sub_status) == expected, "E3: to where it was, unless it has gone on"
        assert after.updated_at <= before.updated_at, "C11: as if the update had never been"

    def _waiting_since(self, case):
        with self.core.reading() as uow:
            lines = rows.history(uow.connection, case.id)
        asks = (EventKind.INFORMATION_ASKED, EventKind.SOLUTION_PROPOSED)
        went_back = [
            after["at"]
            for before, after in pairwise(lines)
            if after["kind"] == EventKind.UPDATE_WITHDRAWN and before["status"] != after["status"]
        ]
        return max([*went_back, *(line["at"] for line in lines if line["kind"] in asks)])

    @invariant()
    def what_always_holds_of_every_case(self):
        for number in getattr(self, "numbers", ()):
            with self.core.reading() as uow:
                case = rows.find(uow.connection, number)
            asks = case.status is PROPOSED or case.sub_status is SubStatus.INFORMATION_REQUIRED
            is_down = case.priority is Priority.CRITICAL and case.production_down
            assert case.followup.at is None or (asks and not is_down), "N1, N3, N4: a timer that may not run"
            assert (case.closed_at is not None) == (case.status is CLOSED)
            assert not (case.escalated and case.status is CLOSED), "C11"
            assert case.priority is Priority.CRITICAL or not case.production_down, "C3"
            assert case.priority is not Priority.CRITICAL or case.callback_number, "C12"


_SETTINGS = {"stateful_step_count": 50, "deadline": None, "suppress_health_check": list(HealthCheck)}


def test_no_series_of_acts_breaks_a_rule(core, people, clock):
    """A3, A9, C3, C6, C7, C8, C9, C11, C12, C13, C14, E1, N1, N3, N4: whatever anybody tries, in any order."""

    class Machine(CaseMachine):
        pass

    Machine.core, Machine.people, Machine.clock = core, people, clock
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=25 if core.database.is_sqlite else 8, **_SETTINGS)
    )


PLANTED = (
    "case-closed",
    "mail-never-opens",
    "not-designated",
)


@pytest.mark.parametrize("reason", PLANTED)
def test_the_machine_finds_a_rule_that_was_forgotten(core, people, clock, monkeypatch, reason):
    """A judge who never finds anything is none: each time, one row of the refusals is taken out."""
    kept = tuple(row for row in policy.REFUSALS if row.denied.reason != reason)
    monkeypatch.setattr(policy, "REFUSALS", kept)
    _expect_a_finding(core, people, clock)


def test_the_machine_finds_a_case_that_does_not_wait_again(core, people, clock, monkeypatch):
    """E3: the same, where a mail that was taken back leaves its case Open."""
    monkeypatch.setattr(lifecycle, "way_back", lambda _before, _now: None)
    _expect_a_finding(core, people, clock)


def _expect_a_finding(core, people, clock):
    if not core.database.is_sqlite:
        pytest.skip("one database is enough to judge the judge")

    class Machine(CaseMachine):
        pass

    Machine.core, Machine.people, Machine.clock = core, people, clock
    generating = settings(
        max_examples=100, phases=[Phase.generate], derandomize=True, database=None, **_SETTINGS
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Machine, settings=generating)
