"""Which reminder comes when, and when a case closes for want of an answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import followups
from core.rules.followups import (
    NO_FOLLOWUP,
    Followup,
    Step,
    followup_after,
    followup_after_step,
    has_followups,
)
from core.rules.lifecycle import SUB_STATUSES, Trigger, move
from core.rules.terms import CaseType, Priority, Role, Rulebook, Status, SubStatus
from tests.people import NOW

OPEN, AWAITING = Status.OPEN, Status.AWAITING_INFORMATION
CUSTOMER, ANALYST = Role.CUSTOMER, Role.ANALYST
RULES = Rulebook()
DAY = timedelta(days=1)


def test_production_down_has_no_followups():
    """N4."""
    assert has_followups(Priority.CRITICAL, production_down=False)
    assert not has_followups(Priority.CRITICAL, production_down=True)
    assert has_followups(Priority.LOW, production_down=False)


RUNNING = Followup(Step.REMINDER_2, NOW + DAY)


@pytest.mark.parametrize(
    ("trigger", "status", "reminded", "after"),
    [
        (Trigger.INFORMATION_ASKED, OPEN, True, Followup(Step.REMINDER_1, NOW + 2 * DAY)),
        (Trigger.INFORMATION_ASKED, OPEN, False, NO_FOLLOWUP),
        (Trigger.CUSTOMER_UPDATE, OPEN, True, RUNNING),
        (Trigger.CUSTOMER_UPDATE, AWAITING, True, NO_FOLLOWUP),
    ],
    ids=["starts afresh", "not while production is down", "is left alone", "stops"],
)
def test_what_a_move_does_to_the_timer(trigger, status, reminded, after):
    """N1, N3, N4."""
    role = CUSTOMER if trigger is Trigger.CUSTOMER_UPDATE else ANALYST
    row = move(CaseType.SUPPORT, status, SUB_STATUSES[CaseType.SUPPORT][status][0], trigger, role)
    assert followup_after(row, RUNNING, NOW, reminded=reminded, rulebook=RULES) == after


def test_on_time_the_plan_is_counted_from_the_event():
    """N1: 2, 5 and 10 days, however many seconds late each step is."""
    first = Followup(Step.REMINDER_1, NOW + 2 * DAY)
    second = followup_after_step(first, first.at + timedelta(hours=3), RULES)
    assert second == Followup(Step.REMINDER_2, NOW + 5 * DAY)
    third = followup_after_step(second, second.at + timedelta(seconds=1), RULES)
    assert third == Followup(Step.CLOSE, NOW + 10 * DAY)
    assert followup_after_step(third, third.at, RULES) == NO_FOLLOWUP


def test_an_outage_swallows_none_of_the_days_that_the_customer_has():
    """I11: a worker that was down for a week sends one mail, and the days count from there."""
    first = Followup(Step.REMINDER_1, NOW + 2 * DAY)
    back = NOW + 9 * DAY
    second = followup_after_step(first, back, RULES)
    assert second == Followup(Step.REMINDER_2, back + 3 * DAY)
    assert followup_after_step(second, second.at, RULES) == Followup(Step.CLOSE, back + 8 * DAY)


@given(
    st.lists(st.timedeltas(timedelta(0), timedelta(days=40)), min_size=3, max_size=3),
)
def test_no_case_is_closed_before_its_ten_days(delays):
    """N1, I11: whatever the worker's delays, the steps keep their distances."""
    followup, at = Followup(Step.REMINDER_1, NOW + 2 * DAY), NOW
    fired = []
    for delay in delays:
        at = max(followup.at, at) + delay
        fired.append(at)
        followup = followup_after_step(followup, at, RULES)
    assert followup == NO_FOLLOWUP
    grace = RULES.followup_grace
    assert fired[2] >= NOW + 10 * DAY
    assert fired[1] - fired[0] >= 3 * DAY - grace
    assert fired[2] - fired[1] >= 5 * DAY - grace


def test_a_closing_that_waits_for_its_reminders_asks_again_in_an_hour():
    """I11."""
    assert followups.put_off(Followup(Step.CLOSE, NOW), NOW) == Followup(Step.CLOSE, NOW + timedelta(hours=1))


WAITS = (AWAITING, SubStatus.INFORMATION_REQUIRED)


@pytest.mark.parametrize(
    ("status", "sub_status", "before", "reminded", "after"),
    [
        (*WAITS, RUNNING, True, RUNNING),
        (*WAITS, RUNNING, False, NO_FOLLOWUP),
        (*WAITS, NO_FOLLOWUP, True, Followup(Step.REMINDER_1, NOW + 2 * DAY)),
        (AWAITING, SubStatus.THIRD_PARTY_PENDING, NO_FOLLOWUP, True, NO_FOLLOWUP),
        (OPEN, SubStatus.INVESTIGATION, NO_FOLLOWUP, True, NO_FOLLOWUP),
    ],
    ids=[
        "goes on",
        "production is down now",
        "production runs again",
        "a third party is awaited",
        "nobody is asked",
    ],
)
def test_what_a_change_of_priority_does_to_the_timer(status, sub_status, before, reminded, after):
    """N3, N4."""
    found = followups.followup_after_priority(
        status, sub_status, before, NOW, reminded=reminded, rulebook=RULES
    )
    assert found == after


def test_the_timer_closes_no_earlier_than_the_last_reminder_allows():
    """I11: five days after it really left, less the grace."""
    assert followups.closing_not_before(NOW, RULES) == NOW + 5 * DAY - RULES.followup_grace
