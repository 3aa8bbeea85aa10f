"""What is owed to the customer, and until when: the first response (P6), and a decision on a Service Request (C14).

The figures are the Rulebook's: minutes for each priority, counted around the clock, which Business Care Plus
and Premium Care halve for Critical, High and Medium; business days for Service Requests. A case without a live
contract, and a Feature Request, is owed nothing by the clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.rules.terms import CareLevel, CaseType, EventKind, Priority, Rulebook, SubStatus

_HALVING = frozenset({CareLevel.BUSINESS_CARE_PLUS, CareLevel.PREMIUM_CARE})
_HALVED = frozenset({Priority.CRITICAL, Priority.HIGH, Priority.MEDIUM})

# D: what the customer hears from a person. That a status moved is no response.
_RESPONSES = frozenset(
    {
        EventKind.POST,
        EventKind.INFORMATION_ASKED,
        EventKind.SOLUTION_PROPOSED,
        EventKind.CLOSED,
        EventKind.CRITICAL_CALL_TAKEN,
        EventKind.ESCALATION_GRANTED,
        EventKind.ESCALATION_REFUSED,
        EventKind.ESCALATION_NEWS,
    }
)
_DECISIONS = frozenset({SubStatus.ACCEPTED, SubStatus.REJECTED, SubStatus.COMPLETED})
_ACKNOWLEDGEMENTS = _DECISIONS | {SubStatus.ACKNOWLEDGED}
_WEEKEND = (6, 7)  # ISO weekdays


@dataclass(frozen=True)
class Targets:
    """What is owed and what was given, in UTC; None where nothing is owed, or nothing was given yet."""

    response_due_at: datetime | None = None
    responded_at: datetime | None = None
    decision_due_at: datetime | None = None
    decided_at: datetime | None = None

    def overdue(self, now: datetime) -> tuple[str, ...]:
        """Return what is owed and late at `now`, in words."""
        owed = (
            ("first response", self.response_due_at, self.responded_at),
            ("decision", self.decision_due_at, self.decided_at),
        )
        return tuple(name for name, due_at, given_at in owed if due_at and not given_at and due_at <= now)


NOTHING_OWED = Targets()


def first_response_within(care_level: CareLevel, priority: Priority, rulebook: Rulebook) -> timedelta:
    """Return how long a first response may take at this care level and priority (P6)."""
    minutes = rulebook.response_minutes_of.get(care_level, rulebook.response_minutes)
    usual = timedelta(minutes=minutes[priority - 1])
    return usual / 2 if care_level in _HALVING and priority in _HALVED else usual


def owed_from(
    case_type: CaseType,
    priority: Priority,
    care_levels: Iterable[CareLevel],
    now: datetime,
    rulebook: Rulebook,
) -> Targets:
    """Return what is owed for a case that is opened, or reopened, at `now` (P6, C14)."""
    levels = frozenset(care_levels)
    if case_type is CaseType.FEATURE_REQUEST or not levels:
        return NOTHING_OWED
    if case_type is CaseType.SERVICE_REQUEST:
        return Targets(
            response_due_at=after_business_days(now, rulebook.acknowledge_business_days, rulebook),
            decision_due_at=after_business_days(now, rulebook.decide_business_days, rulebook),
        )
    return Targets(response_due_at=now + _best(levels, priority, rulebook))


def owed_after_priority(
    before: Targets,
    priority: Priority,
    care_levels: Iterable[CareLevel],
    opened_at: datetime,
    now: datetime,
    rulebook: Rulebook,
) -> Targets:
    """Return what is owed after a change of priority (P6). `opened_at`: when it was opened, or last reopened.

    D: what is raised is owed from now on, but never later than before; what is lowered, as if it had been
    opened so. What was answered stays answered.
    """
    levels = frozenset(care_levels)
    by_days = before.decision_due_at is not None  # a Service Request, whatever its priority (C14)
    if before.responded_at is not None or before.response_due_at is None or by_days or not levels:
        return before
    within = _best(levels, priority, rulebook)
    raised = min(before.response_due_at, now + within)
    return replace(before, response_due_at=max(raised, opened_at + within))


def given_by(before: Targets, kind: EventKind, sub_status: SubStatus, now: datetime) -> Targets:
    """Return the targets after an analyst did this, and the case stands in `sub_status` (P6, C14)."""
    answers = kind in _RESPONSES or sub_status in _ACKNOWLEDGEMENTS
    after = replace(before, responded_at=now) if answers and before.responded_at is None else before
    decides = sub_status in _DECISIONS and after.decided_at is None
    return replace(after, decided_at=now) if decides and after.decision_due_at is not None else after


def after_business_days(start: datetime, days: int, rulebook: Rulebook) -> datetime:
    """Return the same local time `days` business days later, in UTC (C14).

    D: Monday to Friday in the site's time zone, without its holidays; what comes on another day counts as
    having come at the beginning of the next business day.
    """
    zone = ZoneInfo(rulebook.time_zone)
    local = start.astimezone(zone)
    if not _is_business_day(local, rulebook):
        local = _next_business_day(datetime.combine(local.date(), time(0), zone), rulebook)
    for _day in range(days):
        local = _next_business_day(local, rulebook)
    return local.astimezone(start.tzinfo)


def _next_business_day(local: datetime, rulebook: Rulebook) -> datetime:
    local += timedelta(days=1)
    while not _is_business_day(local, rulebook):
        local += timedelta(days=1)
    return local


def _is_business_day(local: datetime, rulebook: Rulebook) -> bool:
    return local.isoweekday() not in _WEEKEND and local.date() not in rulebook.holidays


def _best(levels: frozenset[CareLevel], priority: Priority, rulebook: Rulebook) -> timedelta:
    """Several contracts may be live at once: the customer has bought the best of them."""
    return min(first_response_within(level, priority, rulebook) for level in levels)
