"""What is owed to the customer, and until when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.targets import (
    NOTHING_OWED,
    Targets,
    after_business_days,
    first_response_within,
    given_by,
    owed_after_priority,
    owed_from,
)
from core.rules.terms import CareLevel, CaseType, EventKind, Priority, Rulebook, SubStatus

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = Rulebook()
BERLIN = Rulebook(time_zone="Europe/Berlin")
CRITICAL, HIGH, MEDIUM, LOW = Priority
PLAIN, PLUS, PREMIUM = CareLevel.BUSINESS_CARE, CareLevel.BUSINESS_CARE_PLUS, CareLevel.PREMIUM_CARE


@pytest.mark.parametrize(
    ("level", "priority", "minutes"),
    [
        (PLAIN, CRITICAL, 60),
        (PLAIN, HIGH, 240),
        (PLAIN, MEDIUM, 480),
        (PLAIN, LOW, 1440),
        (PLUS, CRITICAL, 30),
        (PREMIUM, HIGH, 120),
        (PREMIUM, MEDIUM, 240),
        (PREMIUM, LOW, 1440),
        (CareLevel.CARE_FOR_CLOUD, CRITICAL, 60),
    ],
)
def test_premium_and_plus_halve_all_but_low(level, priority, minutes):
    """P6."""
    assert first_response_within(level, priority, RULES) == timedelta(minutes=minutes)


def test_a_site_sets_the_figures_of_a_care_level():
    """P6: and they are halved where the rule says so."""
    own = Rulebook(response_minutes_of={PREMIUM: (20, 40, 60, 80)})
    assert first_response_within(PREMIUM, HIGH, own) == timedelta(minutes=20)
    assert first_response_within(PREMIUM, LOW, own) == timedelta(minutes=80)
    assert first_response_within(PLAIN, HIGH, own) == timedelta(minutes=240)


def test_of_several_contracts_the_best_counts():
    """P6."""
    assert owed_from(CaseType.SUPPORT, HIGH, {PLAIN, PREMIUM}, NOW, RULES).response_due_at == NOW + 2 * HOUR


@pytest.mark.parametrize(
    ("case_type", "levels"),
    [(CaseType.SUPPORT, set()), (CaseType.FEATURE_REQUEST, {PREMIUM})],
    ids=["without a contract", "for a wish"],
)
def test_nothing_is_owed(case_type, levels):
    """P6, C13."""
    assert owed_from(case_type, HIGH, levels, NOW, RULES) == NOTHING_OWED


def test_a_service_request_is_acknowledged_in_one_business_day_and_decided_in_two():
    """C14."""
    friday = datetime(2026, 3, 6, 16, 0, tzinfo=UTC)
    owed = owed_from(CaseType.SERVICE_REQUEST, LOW, {CareLevel.CARE_FOR_CLOUD}, friday, RULES)
    assert owed.response_due_at == datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
    assert owed.decision_due_at == datetime(2026, 3, 10, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "days", "rulebook", "due"),
    [
        (NOW, 1, RULES, NOW + DAY),
        (datetime(2026, 3, 7, 15, tzinfo=UTC), 1, RULES, datetime(2026, 3, 10, tzinfo=UTC)),
        (NOW, 1, Rulebook(holidays=frozenset({date(2026, 3, 3)})), NOW + 2 * DAY),
        # Sunday 23:30 in UTC is Monday 00:30 in Berlin.
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), 1, BERLIN, datetime(2026, 3, 2, 23, 30, tzinfo=UTC)),
        # The clock goes forward on Sunday 29 March: nine in the morning stays nine in the morning.
        (datetime(2026, 3, 27, 8, tzinfo=UTC), 1, BERLIN, datetime(2026, 3, 30, 7, tzinfo=UTC)),
    ],
    ids=["the next day", "what comes on Saturday came on Monday", "a holiday", "local midnight", "summer time"],
)  # fmt: skip
def test_a_business_day(start, days, rulebook, due):
    """C14."""
    assert after_business_days(start, days, rulebook) == due


@given(
    st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    st.integers(1, 5),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"]),
)
def test_more_business_days_are_never_due_earlier_and_never_on_a_weekend(start, days, zone):
    """C14."""
    rules = Rulebook(time_zone=zone)
    due = after_business_days(start, days, rules)
    assert due.astimezone(ZoneInfo(zone)).isoweekday() <= 5
    assert start < due < after_business_days(start, days + 1, rules)


@pytest.mark.parametrize(
    ("before", "now", "priority", "due"),
    [
        (8 * HOUR, HOUR, CRITICAL, 2 * HOUR),
        (8 * HOUR, 7 * HOUR, HIGH, 8 * HOUR),
        (4 * HOUR, HOUR, LOW, DAY),
        (8 * HOUR, HOUR, MEDIUM, 8 * HOUR),
    ],
    ids=["raised: from now on", "raised: never later than before", "lowered: as if opened so", "the same"],
)
def test_what_a_change_of_priority_does(before, now, priority, due):
    """P6."""
    owed = Targets(response_due_at=NOW + before)
    assert owed_after_priority(owed, priority, {PLAIN}, NOW, NOW + now, RULES) == Targets(NOW + due)


def test_what_was_answered_stays_answered():
    """P6."""
    answered = Targets(NOW + HOUR, NOW)
    assert owed_after_priority(answered, CRITICAL, {PLAIN}, NOW, NOW, RULES) == answered
    assert given_by(answered, EventKind.POST, SubStatus.NEW, NOW + DAY) == answered


@pytest.mark.parametrize(
    ("kind", "sub_status", "answers", "decides"),
    [
        (EventKind.POST, SubStatus.NEW, True, False),
        (EventKind.INFORMATION_ASKED, SubStatus.INFORMATION_REQUIRED, True, False),
        (EventKind.SOLUTION_PROPOSED, SubStatus.REPLIED, True, False),
        (EventKind.CRITICAL_CALL_TAKEN, SubStatus.NEW, True, False),
        (EventKind.CLOSED, SubStatus.RESOLVED, True, False),
        (EventKind.ESCALATION_GRANTED, SubStatus.NEW, True, False),
        (EventKind.NOTE, SubStatus.NEW, False, False),
        (EventKind.STATUS_CHANGED, SubStatus.ENGINEERING_REQUEST, False, False),
        (EventKind.PRIORITY_CHANGED, SubStatus.NEW, False, False),
        (EventKind.STATUS_CHANGED, SubStatus.ACKNOWLEDGED, True, False),
        (EventKind.STATUS_CHANGED, SubStatus.ACCEPTED, True, True),
        (EventKind.CLOSED, SubStatus.REJECTED, True, True),
    ],
)
def test_what_counts_as_a_response_and_as_a_decision(kind, sub_status, answers, decides):
    """P6, C14."""
    after = given_by(Targets(NOW, None, NOW, None), kind, sub_status, NOW + HOUR)
    assert (after.responded_at is not None, after.decided_at is not None) == (answers, decides)


def test_what_is_late_is_named():
    """P6, C14: at the very instant."""
    owed = Targets(NOW, None, NOW + DAY, None)
    assert owed.overdue(NOW - timedelta(seconds=1)) == ()
    assert owed.overdue(NOW) == ("first response",)
    assert owed.overdue(NOW + DAY) == ("first response", "decision")
