"""Where a case of each type goes, on what, by whom."""

from __future__ import annotations

import pytest

from core.rules.lifecycle import (
    MOVES,
    SUB_STATUSES,
    Impossible,
    Move,
    Timer,
    Trigger,
    beginning,
    closing_reasons,
    move,
    set_by_hand,
    way_back,
)
from core.rules.terms import CaseType, Role, Status, SubStatus

OPEN, AWAITING, PROPOSED, CLOSED, CARE, MANAGED = Status
CUSTOMER, ANALYST, TIMER = Role
SUPPORT, ADMIN, WISH, SERVICE = CaseType
T, S = Trigger, SubStatus

TABLE = [
    # C7
    (AWAITING, Trigger.CUSTOMER_UPDATE, CUSTOMER, OPEN, SubStatus.INVESTIGATION, Timer.STOP),
    (PROPOSED, Trigger.CUSTOMER_UPDATE, CUSTOMER, OPEN, SubStatus.INVESTIGATION, Timer.STOP),
    (OPEN, Trigger.CUSTOMER_UPDATE, CUSTOMER, OPEN, None, Timer.KEEP),
    (CLOSED, Trigger.CUSTOMER_UPDATE, CUSTOMER, None, None, None),
    # N1
    (OPEN, Trigger.INFORMATION_ASKED, ANALYST, AWAITING, SubStatus.INFORMATION_REQUIRED, Timer.START),
    (AWAITING, Trigger.INFORMATION_ASKED, ANALYST, AWAITING, SubStatus.INFORMATION_REQUIRED, Timer.START),
    (OPEN, Trigger.SOLUTION_REPLIED, ANALYST, PROPOSED, SubStatus.REPLIED, Timer.START),
    (OPEN, Trigger.FIX_PROVIDED, ANALYST, PROPOSED, SubStatus.FIXED, Timer.START),
    (OPEN, Trigger.INFORMATION_ASKED, CUSTOMER, None, None, None),
    (CLOSED, Trigger.SOLUTION_REPLIED, ANALYST, None, None, None),
    # N3
    (AWAITING, Trigger.THIRD_PARTY_AWAITED, ANALYST, AWAITING, SubStatus.THIRD_PARTY_PENDING, Timer.STOP),
    (PROPOSED, Trigger.INVESTIGATED, ANALYST, OPEN, SubStatus.INVESTIGATION, Timer.STOP),
    (OPEN, Trigger.PASSED_TO_ENGINEERING, ANALYST, OPEN, SubStatus.ENGINEERING_REQUEST, Timer.STOP),
    (OPEN, Trigger.PASSED_TO_MAINTENANCE, ANALYST, OPEN, SubStatus.MAINTENANCE_REVIEW, Timer.STOP),
    # C8
    (OPEN, Trigger.RESOLVED, CUSTOMER, CLOSED, SubStatus.RESOLVED, Timer.STOP),
    (PROPOSED, Trigger.CANCELLED, ANALYST, CLOSED, SubStatus.CANCELLED, Timer.STOP),
    (CLOSED, Trigger.RESOLVED, ANALYST, None, None, None),
    (AWAITING, Trigger.TIMER_RAN_OUT, TIMER, CLOSED, SubStatus.RESOLVED, Timer.STOP),
    (OPEN, Trigger.TIMER_RAN_OUT, TIMER, None, None, None),
    (AWAITING, Trigger.TIMER_RAN_OUT, ANALYST, None, None, None),
    # E3; what is in New was moved by no update
    (OPEN, Trigger.BACK_TO_INFORMATION, ANALYST, None, None, None),
    (AWAITING, Trigger.BACK_TO_INFORMATION, ANALYST, None, None, None),
    # C9
    (CLOSED, Trigger.REOPENED, CUSTOMER, OPEN, SubStatus.INVESTIGATION, Timer.STOP),
    (OPEN, Trigger.REOPENED, CUSTOMER, None, None, None),
    (CLOSED, Trigger.REOPENED, TIMER, None, None, None),
]


WISHES = [
    # C13
    (CARE, S.NEW, T.PASSED_TO_PRODUCT_MANAGEMENT, ANALYST, MANAGED, S.NEW),
    (MANAGED, S.NEW, T.CONSIDERED, ANALYST, MANAGED, S.UNDER_CONSIDERATION),
    (MANAGED, S.NEW, T.INFO_REQUIRED, ANALYST, MANAGED, S.INFO_REQUIRED),
    (MANAGED, S.UNDER_CONSIDERATION, T.PLANNED, ANALYST, MANAGED, S.PLANNED),
    (MANAGED, S.PLANNED, T.COMMITTED, ANALYST, MANAGED, S.COMMITTED),
    (MANAGED, S.COMMITTED, T.IMPLEMENTED, ANALYST, CLOSED, S.IMPLEMENTED),
    (CARE, S.NEW, T.NOT_IMPLEMENTED, ANALYST, CLOSED, S.WILL_NOT_IMPLEMENT),
    (CARE, S.NEW, T.FOUND_DUPLICATE, ANALYST, CLOSED, S.DUPLICATE),
    (MANAGED, S.PLANNED, T.LEFT_TO_ROADMAP, ANALYST, CLOSED, S.PLANNED),
    (MANAGED, S.NEW, T.OTHERWISE_RESOLVED, ANALYST, CLOSED, S.OTHER_RESOLUTION),
    (MANAGED, S.NEW, T.CANCELED, CUSTOMER, CLOSED, S.CANCELED),
    (MANAGED, S.NEW, T.IMPLEMENTED, CUSTOMER, None, None),
    (MANAGED, S.NEW, T.PLANNED, CUSTOMER, None, None),
    (MANAGED, S.NEW, T.RESOLVED, ANALYST, None, None),
    (CARE, S.NEW, T.INFORMATION_ASKED, ANALYST, None, None),
    (MANAGED, S.INFO_REQUIRED, T.TIMER_RAN_OUT, TIMER, None, None),
    # C7, as far as it goes
    (MANAGED, S.INFO_REQUIRED, T.CUSTOMER_UPDATE, CUSTOMER, MANAGED, S.UNDER_CONSIDERATION),
    (MANAGED, S.PLANNED, T.CUSTOMER_UPDATE, CUSTOMER, MANAGED, None),
    (CARE, S.NEW, T.CUSTOMER_UPDATE, CUSTOMER, CARE, None),
    # C9
    (CLOSED, S.DUPLICATE, T.REOPENED, CUSTOMER, CARE, S.NEW),
]

SERVICES = [
    # C14
    (OPEN, S.NEW, T.ACKNOWLEDGED, ANALYST, OPEN, S.ACKNOWLEDGED),
    (OPEN, S.ACKNOWLEDGED, T.ACCEPTED, ANALYST, OPEN, S.ACCEPTED),
    (OPEN, S.ACKNOWLEDGED, T.REJECTED, ANALYST, CLOSED, S.REJECTED),
    (OPEN, S.ACCEPTED, T.COMPLETED, ANALYST, CLOSED, S.COMPLETED),
    (OPEN, S.ACCEPTED, T.COMPLETED, CUSTOMER, None, None),
    (OPEN, S.ACCEPTED, T.CANCELLED, CUSTOMER, CLOSED, S.CANCELLED),
    (OPEN, S.ACCEPTED, T.SOLUTION_REPLIED, ANALYST, None, None),
    (OPEN, S.ACCEPTED, T.INFORMATION_ASKED, ANALYST, AWAITING, S.INFORMATION_REQUIRED),
    (AWAITING, S.INFORMATION_REQUIRED, T.TIMER_RAN_OUT, TIMER, CLOSED, S.CANCELLED),
]


def _asked(case_type, status, sub_status, trigger, role):
    found = move(case_type, status, sub_status, trigger, role)
    assert isinstance(found, Move | Impossible)
    return (None, None) if isinstance(found, Impossible) else (found.status, found.sub_status)


@pytest.mark.parametrize("case_type", [SUPPORT, ADMIN])
@pytest.mark.parametrize(("status", "trigger", "role", "to", "sub_status", "timer"), TABLE)
def test_the_table_of_support_and_admin(case_type, status, trigger, role, to, sub_status, timer):
    """C6, C7, C8, C9, N1, N3."""
    found = move(case_type, status, SUB_STATUSES[case_type][status][0], trigger, role)
    if to is None:
        assert isinstance(found, Impossible)
    else:
        assert isinstance(found, Move)
        assert (found.status, found.sub_status, found.timer) == (to, sub_status, timer)


@pytest.mark.parametrize(("status", "sub_status", "trigger", "role", "to", "then"), WISHES)
def test_the_table_of_feature_requests(status, sub_status, trigger, role, to, then):
    """C13."""
    assert _asked(WISH, status, sub_status, trigger, role) == (to, then)


@pytest.mark.parametrize(("status", "sub_status", "trigger", "role", "to", "then"), SERVICES)
def test_the_table_of_service_requests(status, sub_status, trigger, role, to, then):
    """C14."""
    assert _asked(SERVICE, status, sub_status, trigger, role) == (to, then)


@pytest.mark.parametrize("case_type", CaseType)
def test_whatever_an_update_moves_goes_back_by_a_row_of_the_table(case_type):
    """E3, I6: to where it was, by an analyst, and by nobody else."""
    for status, several in SUB_STATUSES[case_type].items():
        for before in several:
            after = move(case_type, status, before, T.CUSTOMER_UPDATE, CUSTOMER)
            if isinstance(after, Impossible) or after.sub_status in (None, before):
                continue
            trigger = way_back(before, after.sub_status)
            assert _asked(case_type, after.status, after.sub_status, trigger, ANALYST) == (status, before)
            assert _asked(case_type, after.status, after.sub_status, trigger, CUSTOMER) == (None, None)


def test_what_an_update_did_not_move_does_not_go_back():
    """E3."""
    assert way_back(S.ENGINEERING_REQUEST, S.ENGINEERING_REQUEST) is None


@pytest.mark.parametrize("case_type", CaseType)
def test_every_sub_status_but_the_first_is_reached_by_a_move_of_its_status(case_type):
    """C6, C13, C14: no sub-status stands under a foreign status, and none is out of reach."""
    reached = {beginning(case_type)}
    for row in MOVES[case_type]:
        if row.sub_status is not None:
            reached.add((row.status, row.sub_status))
    there_are = {(status, one) for status, several in SUB_STATUSES[case_type].items() for one in several}
    assert reached == there_are


@pytest.mark.parametrize("case_type", CaseType)
def test_no_two_rows_answer_the_same_question(case_type):
    """The table has no order: a row that hides another would be a rule that is not kept."""
    seen = [
        (status, sub_status, row.trigger, role)
        for row in MOVES[case_type]
        for status in row.sources
        for sub_status in SUB_STATUSES[case_type][status]
        for role in row.by
        if row.starts_from(status, sub_status)
    ]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("case_type", CaseType)
def test_timers_start_only_where_the_customer_is_asked(case_type):
    """N1, N3: on entering Awaiting Information from the customer, or Solution Proposed."""
    for row in MOVES[case_type]:
        asks = row.status is PROPOSED or row.sub_status is S.INFORMATION_REQUIRED
        assert (row.timer is Timer.START) == asks


@pytest.mark.parametrize(
    ("case_type", "reasons"),
    [
        (SUPPORT, {S.RESOLVED, S.CANCELLED}),
        (ADMIN, {S.RESOLVED, S.CANCELLED}),
        (WISH, set(SUB_STATUSES[WISH][CLOSED])),
        (SERVICE, {S.COMPLETED, S.REJECTED, S.CANCELLED}),
    ],
)
def test_a_case_is_closed_for_the_reasons_of_its_type(case_type, reasons):
    """C8, C13, C14."""
    assert set(closing_reasons(case_type)) == reasons


def test_what_has_a_verb_of_its_own_is_not_set_by_hand():
    """C6: a question that asks nothing, or a solution without one, would start reminders about nothing."""
    assert set(set_by_hand(SUPPORT)) == {
        S.INVESTIGATION,
        S.ENGINEERING_REQUEST,
        S.MAINTENANCE_REVIEW,
        S.THIRD_PARTY_PENDING,
    }
    assert set(set_by_hand(SERVICE)) == {S.INVESTIGATION, S.THIRD_PARTY_PENDING, S.ACKNOWLEDGED, S.ACCEPTED}
    assert set(set_by_hand(WISH)) == set(SUB_STATUSES[WISH][MANAGED]) - {S.INFO_REQUIRED}
