"""The follow-up timer: which reminder comes when, and when a case closes for want of an answer (N1-N4).

The timer of a case is two columns, `followup_at` and `followup_step`; only the functions of this module say
what stands in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from core.rules.lifecycle import Move, Timer
from core.rules.terms import EventKind, Priority, Rulebook, Status, SubStatus


class Step(IntEnum):
    """What the follow-up timer does next."""

    NONE = 0
    REMINDER_1 = 1
    REMINDER_2 = 2
    CLOSE = 3


@dataclass(frozen=True)
class Followup:
    """The timer of a case: the step that is due next, and when (UTC). Step.NONE has no time."""

    step: Step = Step.NONE
    at: datetime | None = None


NO_FOLLOWUP = Followup()

_WAITING = frozenset({Status.AWAITING_INFORMATION, Status.SOLUTION_PROPOSED})

STEP_EVENTS: dict[Step, EventKind] = {
    Step.REMINDER_1: EventKind.REMINDER_1,
    Step.REMINDER_2: EventKind.REMINDER_2,
    Step.CLOSE: EventKind.CLOSED_BY_TIMER,
}


def has_followups(priority: Priority, *, production_down: bool) -> bool:
    """Say whether reminders are sent at all (N4): not where production is down."""
    return not (priority is Priority.CRITICAL and production_down)


def followup_after(
    move_: Move, before: Followup, now: datetime, *, reminded: bool, rulebook: Rulebook
) -> Followup:
    """Return the timer after a move (N1, N3). `reminded` is has_followups() of the case."""
    if move_.timer is Timer.KEEP:
        return before
    if move_.timer is Timer.STOP or not reminded:
        return NO_FOLLOWUP
    return Followup(Step.REMINDER_1, now + timedelta(days=rulebook.followup_days[0]))


def followup_after_step(done: Followup, now: datetime, rulebook: Rulebook) -> Followup:
    """Return the timer after its step `done` was carried out at `now` (N1).

    On time, the next date is counted from the event that started the timer. Late beyond the grace, it is
    counted from now: an outage must not swallow the days that the customer has to answer (I11).
    """
    if done.at is None or done.step in (Step.NONE, Step.CLOSE):
        return NO_FOLLOWUP
    days = rulebook.followup_days
    gap = timedelta(days=days[done.step] - days[done.step - 1])
    is_late = now - done.at > rulebook.followup_grace
    return Followup(Step(done.step + 1), (now if is_late else done.at) + gap)


def followup_after_priority(
    status: Status,
    sub_status: SubStatus,
    before: Followup,
    now: datetime,
    *,
    reminded: bool,
    rulebook: Rulebook,
) -> Followup:
    """Return the timer after a change of priority or of "production down"; `reminded` as it is then (N4).

    It stops where production is down; where it runs again and the customer is still asked, it starts afresh.
    """
    if not reminded:
        return NO_FOLLOWUP
    if before != NO_FOLLOWUP or status not in _WAITING or sub_status is SubStatus.THIRD_PARTY_PENDING:
        return before
    return Followup(Step.REMINDER_1, now + timedelta(days=rulebook.followup_days[0]))


def closing_not_before(reminder_2_left_at: datetime, rulebook: Rulebook) -> datetime:
    """Return the earliest instant at which the timer may close, by when its last reminder really left (I11).

    A reminder that waited for the smart host leaves the customer as many days as one that did not.
    """
    days = timedelta(days=rulebook.followup_days[2] - rulebook.followup_days[1])
    return reminder_2_left_at + days - rulebook.followup_grace


def put_off(due: Followup, now: datetime) -> Followup:
    """Return the timer with the same step an hour later.

    For a closing whose reminders are still on their way (I11), and for a step that failed.
    """
    return Followup(due.step, now + timedelta(hours=1))
