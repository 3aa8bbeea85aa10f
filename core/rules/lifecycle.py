"""Where a case goes: (type, status, trigger) -> status, sub-status, effect on the follow-up timer.

MOVES is the one table of C6. What it does not name is not possible, by any channel.
The follow-up plan (N1) is two columns of the case, `followup_at` and `followup_step`; only the functions
of this module say what stands in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from core.rules.terms import CaseType, EventKind, Priority, Role, Rulebook, Status, SubStatus


class Trigger(StrEnum):
    """What makes a case move."""

    CUSTOMER_UPDATE = "the customer's update"
    INFORMATION_ASKED = "an analyst asks for information"
    THIRD_PARTY_AWAITED = "an analyst waits for a third party"
    SOLUTION_REPLIED = "an analyst proposes a solution"
    FIX_PROVIDED = "an analyst provides fixed software"
    INVESTIGATED = "an analyst investigates"
    PASSED_TO_ENGINEERING = "an analyst passes it to engineering"
    PASSED_TO_MAINTENANCE = "an analyst passes it to maintenance review"
    RESOLVED = "it is closed as resolved"
    CANCELLED = "it is closed as cancelled"
    TIMER_RAN_OUT = "the follow-up timer runs out"
    REOPENED = "it is reopened"


class Timer(StrEnum):
    """What a move does to the follow-up timer (N1, N3)."""

    START = "starts"
    STOP = "stops"
    KEEP = "stays as it is"


class Step(IntEnum):
    """What the follow-up timer does next."""

    NONE = 0
    REMINDER_1 = 1
    REMINDER_2 = 2
    CLOSE = 3


@dataclass(frozen=True)
class Move:
    """A row of the table: from which statuses, on what, by whom, to where."""

    sources: frozenset[Status]
    trigger: Trigger
    by: frozenset[Role]
    status: Status
    sub_status: SubStatus | None  # None: stays what it is
    timer: Timer


@dataclass(frozen=True)
class Impossible:
    """The table has no such move."""

    words: str


@dataclass(frozen=True)
class Followup:
    """The timer of a case: the step that is due next, and when (UTC). Step.NONE has no time."""

    step: Step = Step.NONE
    at: datetime | None = None


NO_FOLLOWUP = Followup()

_ACTIVE = frozenset({Status.OPEN, Status.AWAITING_INFORMATION, Status.SOLUTION_PROPOSED})
_WAITING = frozenset({Status.AWAITING_INFORMATION, Status.SOLUTION_PROPOSED})
_OPEN, _CLOSED = frozenset({Status.OPEN}), frozenset({Status.CLOSED})
_CUSTOMER, _ANALYST, _TIMER = frozenset({Role.CUSTOMER}), frozenset({Role.ANALYST}), frozenset({Role.TIMER})
_PEOPLE = _CUSTOMER | _ANALYST

SUPPORT_MOVES: tuple[Move, ...] = (
    # C7: an answer ends the waiting; in an open case it changes nothing but the history.
    Move(_WAITING, Trigger.CUSTOMER_UPDATE, _PEOPLE, Status.OPEN, SubStatus.INVESTIGATION, Timer.STOP),
    Move(_OPEN, Trigger.CUSTOMER_UPDATE, _PEOPLE, Status.OPEN, None, Timer.KEEP),
    # N1, N3: each entry starts the timer afresh, also when the analyst asks a second time.
    Move(
        _ACTIVE,
        Trigger.INFORMATION_ASKED,
        _ANALYST,
        Status.AWAITING_INFORMATION,
        SubStatus.INFORMATION_REQUIRED,
        Timer.START,
    ),
    Move(
        _ACTIVE,
        Trigger.THIRD_PARTY_AWAITED,
        _ANALYST,
        Status.AWAITING_INFORMATION,
        SubStatus.THIRD_PARTY_PENDING,
        Timer.STOP,  # N3: nobody at the customer can answer for a third party
    ),
    Move(
        _ACTIVE, Trigger.SOLUTION_REPLIED, _ANALYST, Status.SOLUTION_PROPOSED, SubStatus.REPLIED, Timer.START
    ),
    Move(_ACTIVE, Trigger.FIX_PROVIDED, _ANALYST, Status.SOLUTION_PROPOSED, SubStatus.FIXED, Timer.START),
    # N3: any move out of the waiting statuses stops the timer.
    Move(_ACTIVE, Trigger.INVESTIGATED, _ANALYST, Status.OPEN, SubStatus.INVESTIGATION, Timer.STOP),
    Move(
        _ACTIVE,
        Trigger.PASSED_TO_ENGINEERING,
        _ANALYST,
        Status.OPEN,
        SubStatus.ENGINEERING_REQUEST,
        Timer.STOP,
    ),
    Move(
        _ACTIVE,
        Trigger.PASSED_TO_MAINTENANCE,
        _ANALYST,
        Status.OPEN,
        SubStatus.MAINTENANCE_REVIEW,
        Timer.STOP,
    ),
    # C8: closing has a reason; the timer closes only what waits (N1).
    Move(_ACTIVE, Trigger.RESOLVED, _PEOPLE, Status.CLOSED, SubStatus.RESOLVED, Timer.STOP),
    Move(_ACTIVE, Trigger.CANCELLED, _PEOPLE, Status.CLOSED, SubStatus.CANCELLED, Timer.STOP),
    Move(_WAITING, Trigger.TIMER_RAN_OUT, _TIMER, Status.CLOSED, SubStatus.RESOLVED, Timer.STOP),
    # C9: whether it still may be is policy's to say.
    Move(_CLOSED, Trigger.REOPENED, _PEOPLE, Status.OPEN, SubStatus.INVESTIGATION, Timer.STOP),
)

MOVES: dict[CaseType, tuple[Move, ...]] = {
    CaseType.SUPPORT: SUPPORT_MOVES,
    CaseType.ADMIN: SUPPORT_MOVES,  # D: the sources give Admin cases no statuses of their own
}

SUB_STATUSES: dict[Status, tuple[SubStatus, ...]] = {
    Status.OPEN: (
        SubStatus.NEW,
        SubStatus.INVESTIGATION,
        SubStatus.ENGINEERING_REQUEST,
        SubStatus.MAINTENANCE_REVIEW,
    ),
    Status.AWAITING_INFORMATION: (SubStatus.THIRD_PARTY_PENDING, SubStatus.INFORMATION_REQUIRED),
    Status.SOLUTION_PROPOSED: (SubStatus.REPLIED, SubStatus.FIXED),
    Status.CLOSED: (SubStatus.RESOLVED, SubStatus.CANCELLED),
}

STEP_EVENTS: dict[Step, EventKind] = {
    Step.REMINDER_1: EventKind.REMINDER_1,
    Step.REMINDER_2: EventKind.REMINDER_2,
    Step.CLOSE: EventKind.CLOSED_BY_TIMER,
}


def move(case_type: CaseType, status: Status, trigger: Trigger, role: Role) -> Move | Impossible:
    """Return the row of the table for this, or Impossible with the words to say so (C6)."""
    for row in MOVES[case_type]:
        if status in row.sources and trigger is row.trigger and role in row.by:
            return row
    return Impossible(f"a case in status {status} does not change when {trigger} ({role})")


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
