"""Where a case goes: (type, status, trigger) -> status, sub-status, effect on the follow-up timer.

MOVES has one table for each type of case (C6, C13, C14). What it does not name is not possible, by any
channel; whether somebody may cause what it names, now, is policy's to say. What a timer is, and when it is
due, is in core.rules.followups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.rules.terms import CaseType, Role, Status, SubStatus


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
    # Feature Requests (C13)
    PASSED_TO_PRODUCT_MANAGEMENT = "an analyst passes it to product management"
    CONSIDERED = "product management considers it"
    INFO_REQUIRED = "product management needs information"
    PLANNED = "it is planned on the roadmap"
    COMMITTED = "it is committed in development"
    IMPLEMENTED = "it is closed as implemented"
    NOT_IMPLEMENTED = "it is closed as not to be implemented"
    FOUND_DUPLICATE = "it is closed as a duplicate"
    CANCELED = "it is closed as canceled"
    OTHERWISE_RESOLVED = "it is closed with another resolution"
    LEFT_TO_ROADMAP = "it is closed as planned on the roadmap"
    # Service Requests (C14)
    ACKNOWLEDGED = "an analyst acknowledges it"
    ACCEPTED = "an analyst accepts it"
    REJECTED = "it is closed as rejected"
    COMPLETED = "it is closed as completed"
    # A mail that was linked by hand is taken out again (E3)
    BACK_TO_INFORMATION = "the mail that answered the question is taken back"
    BACK_TO_THIRD_PARTY = "the mail that came while a third party was awaited is taken back"
    BACK_TO_REPLY = "the mail that answered the solution is taken back"
    BACK_TO_FIX = "the mail that answered the fixed software is taken back"
    BACK_TO_INFO_REQUIRED = "the mail that answered product management is taken back"


class Timer(StrEnum):
    """What a move does to the follow-up timer (N1, N3)."""

    START = "starts"
    STOP = "stops"
    KEEP = "stays as it is"


@dataclass(frozen=True)
class Move:
    """A row of the table: from which statuses, on what, by whom, to where.

    `sub_status` None: stays what it is. `only_from`: the sub-statuses that it starts from, empty for all.
    """

    sources: frozenset[Status]
    trigger: Trigger
    by: frozenset[Role]
    status: Status
    sub_status: SubStatus | None
    timer: Timer
    only_from: frozenset[SubStatus] = frozenset()

    def starts_from(self, status: Status, sub_status: SubStatus) -> bool:
        """Say whether a case that stands there can make this move."""
        return status in self.sources and (not self.only_from or sub_status in self.only_from)


@dataclass(frozen=True)
class Impossible:
    """The table has no such move."""

    words: str


_T, _S, _SUB = Trigger, Status, SubStatus
_ACTIVE = frozenset({_S.OPEN, _S.AWAITING_INFORMATION, _S.SOLUTION_PROPOSED})
_WAITING = frozenset({_S.AWAITING_INFORMATION, _S.SOLUTION_PROPOSED})
_AWAITED, _ORDERED = frozenset({_S.AWAITING_INFORMATION}), frozenset({_S.OPEN, _S.AWAITING_INFORMATION})
_WISHED = frozenset({_S.CUSTOMER_CARE, _S.PRODUCT_MANAGEMENT})
_MANAGED = frozenset({_S.PRODUCT_MANAGEMENT})
_ASKED = frozenset({_SUB.INFO_REQUIRED})
_ANSWERED, _WISH_ANSWERED = frozenset({_SUB.INVESTIGATION}), frozenset({_SUB.UNDER_CONSIDERATION})
_NOT_ASKED = frozenset({_SUB.NEW, _SUB.UNDER_CONSIDERATION, _SUB.PLANNED, _SUB.COMMITTED})
_OPEN, _CLOSED = frozenset({_S.OPEN}), frozenset({_S.CLOSED})
_CUSTOMER, _ANALYST, _TIMER = frozenset({Role.CUSTOMER}), frozenset({Role.ANALYST}), frozenset({Role.TIMER})
_PEOPLE = _CUSTOMER | _ANALYST
_START, _STOP, _KEEP = Timer.START, Timer.STOP, Timer.KEEP


def _conversation(active: frozenset[Status], waiting: frozenset[Status]) -> tuple[Move, ...]:
    """Return what Support, Admin and Service Requests have in common."""
    return (
        # C7: an answer ends the waiting; in an open case it changes nothing but the history.
        Move(waiting, _T.CUSTOMER_UPDATE, _PEOPLE, _S.OPEN, _SUB.INVESTIGATION, _STOP),
        Move(_OPEN, _T.CUSTOMER_UPDATE, _PEOPLE, _S.OPEN, None, _KEEP),
        # N1, N3: each entry starts the timer afresh, also when the analyst asks a second time.
        Move(
            active, _T.INFORMATION_ASKED, _ANALYST, _S.AWAITING_INFORMATION, _SUB.INFORMATION_REQUIRED, _START
        ),
        # N3: nobody at the customer can answer for a third party.
        Move(
            active, _T.THIRD_PARTY_AWAITED, _ANALYST, _S.AWAITING_INFORMATION, _SUB.THIRD_PARTY_PENDING, _STOP
        ),
        # N3: any move out of the waiting statuses stops the timer.
        Move(active, _T.INVESTIGATED, _ANALYST, _S.OPEN, _SUB.INVESTIGATION, _STOP),
        # C8
        Move(active, _T.CANCELLED, _PEOPLE, _S.CLOSED, _SUB.CANCELLED, _STOP),
        # E3: nobody has answered after all. N3: the timer starts afresh, because the customer was told meanwhile
        # that nothing is asked, so the days between are no silence (I11).
        Move(
            _OPEN,
            _T.BACK_TO_INFORMATION,
            _ANALYST,
            _S.AWAITING_INFORMATION,
            _SUB.INFORMATION_REQUIRED,
            _START,
            _ANSWERED,
        ),
        Move(
            _OPEN,
            _T.BACK_TO_THIRD_PARTY,
            _ANALYST,
            _S.AWAITING_INFORMATION,
            _SUB.THIRD_PARTY_PENDING,
            _STOP,
            _ANSWERED,
        ),
        # C9: whether it still may be is policy's to say.
        Move(_CLOSED, _T.REOPENED, _PEOPLE, _S.OPEN, _SUB.INVESTIGATION, _STOP),
    )


SUPPORT_MOVES: tuple[Move, ...] = (
    *_conversation(_ACTIVE, _WAITING),
    Move(_ACTIVE, _T.SOLUTION_REPLIED, _ANALYST, _S.SOLUTION_PROPOSED, _SUB.REPLIED, _START),
    Move(_ACTIVE, _T.FIX_PROVIDED, _ANALYST, _S.SOLUTION_PROPOSED, _SUB.FIXED, _START),
    Move(_ACTIVE, _T.PASSED_TO_ENGINEERING, _ANALYST, _S.OPEN, _SUB.ENGINEERING_REQUEST, _STOP),
    Move(_ACTIVE, _T.PASSED_TO_MAINTENANCE, _ANALYST, _S.OPEN, _SUB.MAINTENANCE_REVIEW, _STOP),
    # E3, N3: as where information was asked.
    Move(_OPEN, _T.BACK_TO_REPLY, _ANALYST, _S.SOLUTION_PROPOSED, _SUB.REPLIED, _START, _ANSWERED),
    Move(_OPEN, _T.BACK_TO_FIX, _ANALYST, _S.SOLUTION_PROPOSED, _SUB.FIXED, _START, _ANSWERED),
    # C8: closing has a reason; the timer closes only what waits (N1).
    Move(_ACTIVE, _T.RESOLVED, _PEOPLE, _S.CLOSED, _SUB.RESOLVED, _STOP),
    Move(_WAITING, _T.TIMER_RAN_OUT, _TIMER, _S.CLOSED, _SUB.RESOLVED, _STOP),
)

# C13. D: Customer Care has no sub-status in the sources; New stands there. No timer: N1 names other statuses.
FEATURE_REQUEST_MOVES: tuple[Move, ...] = (
    # D, as C7: who was asked has answered.
    Move(
        _MANAGED, _T.CUSTOMER_UPDATE, _PEOPLE, _S.PRODUCT_MANAGEMENT, _SUB.UNDER_CONSIDERATION, _KEEP, _ASKED
    ),
    Move(_MANAGED, _T.CUSTOMER_UPDATE, _PEOPLE, _S.PRODUCT_MANAGEMENT, None, _KEEP, _NOT_ASKED),
    Move(frozenset({_S.CUSTOMER_CARE}), _T.CUSTOMER_UPDATE, _PEOPLE, _S.CUSTOMER_CARE, None, _KEEP),
    Move(_WISHED, _T.PASSED_TO_PRODUCT_MANAGEMENT, _ANALYST, _S.PRODUCT_MANAGEMENT, _SUB.NEW, _KEEP),
    Move(_WISHED, _T.CONSIDERED, _ANALYST, _S.PRODUCT_MANAGEMENT, _SUB.UNDER_CONSIDERATION, _KEEP),
    Move(_WISHED, _T.INFO_REQUIRED, _ANALYST, _S.PRODUCT_MANAGEMENT, _SUB.INFO_REQUIRED, _KEEP),
    # E3: nobody has answered after all; no timer, as before.
    Move(
        _MANAGED,
        _T.BACK_TO_INFO_REQUIRED,
        _ANALYST,
        _S.PRODUCT_MANAGEMENT,
        _SUB.INFO_REQUIRED,
        _KEEP,
        _WISH_ANSWERED,
    ),
    Move(_WISHED, _T.PLANNED, _ANALYST, _S.PRODUCT_MANAGEMENT, _SUB.PLANNED, _KEEP),
    Move(_WISHED, _T.COMMITTED, _ANALYST, _S.PRODUCT_MANAGEMENT, _SUB.COMMITTED, _KEEP),
    Move(_WISHED, _T.IMPLEMENTED, _ANALYST, _S.CLOSED, _SUB.IMPLEMENTED, _STOP),
    Move(_WISHED, _T.NOT_IMPLEMENTED, _ANALYST, _S.CLOSED, _SUB.WILL_NOT_IMPLEMENT, _STOP),
    Move(_WISHED, _T.FOUND_DUPLICATE, _ANALYST, _S.CLOSED, _SUB.DUPLICATE, _STOP),
    # C8, D: who wished for it may withdraw it, and can say nothing else of its end.
    Move(_WISHED, _T.CANCELED, _PEOPLE, _S.CLOSED, _SUB.CANCELED, _STOP),
    Move(_WISHED, _T.OTHERWISE_RESOLVED, _ANALYST, _S.CLOSED, _SUB.OTHER_RESOLUTION, _STOP),
    Move(_WISHED, _T.LEFT_TO_ROADMAP, _ANALYST, _S.CLOSED, _SUB.PLANNED, _STOP),
    # C9, D: it starts again where it started.
    Move(_CLOSED, _T.REOPENED, _PEOPLE, _S.CUSTOMER_CARE, _SUB.NEW, _STOP),
)

# C14. D: the sources name the steps and no statuses; these are those of C6 as far as they go.
SERVICE_REQUEST_MOVES: tuple[Move, ...] = (
    *_conversation(_ORDERED, _AWAITED),
    Move(_ORDERED, _T.ACKNOWLEDGED, _ANALYST, _S.OPEN, _SUB.ACKNOWLEDGED, _STOP),
    Move(_ORDERED, _T.ACCEPTED, _ANALYST, _S.OPEN, _SUB.ACCEPTED, _STOP),
    Move(_ORDERED, _T.REJECTED, _ANALYST, _S.CLOSED, _SUB.REJECTED, _STOP),
    Move(_ORDERED, _T.COMPLETED, _ANALYST, _S.CLOSED, _SUB.COMPLETED, _STOP),
    # N1; nothing was done, so it is not complete.
    Move(_AWAITED, _T.TIMER_RAN_OUT, _TIMER, _S.CLOSED, _SUB.CANCELLED, _STOP),
)

MOVES: Mapping[CaseType, tuple[Move, ...]] = {
    CaseType.SUPPORT: SUPPORT_MOVES,
    CaseType.ADMIN: SUPPORT_MOVES,  # D: the sources give Admin cases no statuses of their own
    CaseType.FEATURE_REQUEST: FEATURE_REQUEST_MOVES,
    CaseType.SERVICE_REQUEST: SERVICE_REQUEST_MOVES,
}

_OF_SUPPORT: Mapping[Status, tuple[SubStatus, ...]] = {
    _S.OPEN: (_SUB.NEW, _SUB.INVESTIGATION, _SUB.ENGINEERING_REQUEST, _SUB.MAINTENANCE_REVIEW),
    _S.AWAITING_INFORMATION: (_SUB.THIRD_PARTY_PENDING, _SUB.INFORMATION_REQUIRED),
    _S.SOLUTION_PROPOSED: (_SUB.REPLIED, _SUB.FIXED),
    _S.CLOSED: (_SUB.RESOLVED, _SUB.CANCELLED),
}

SUB_STATUSES: Mapping[CaseType, Mapping[Status, tuple[SubStatus, ...]]] = {
    CaseType.SUPPORT: _OF_SUPPORT,
    CaseType.ADMIN: _OF_SUPPORT,
    CaseType.FEATURE_REQUEST: {
        _S.CUSTOMER_CARE: (_SUB.NEW,),
        _S.PRODUCT_MANAGEMENT: (
            _SUB.NEW,
            _SUB.UNDER_CONSIDERATION,
            _SUB.INFO_REQUIRED,
            _SUB.PLANNED,
            _SUB.COMMITTED,
        ),
        _S.CLOSED: (
            _SUB.IMPLEMENTED,
            _SUB.WILL_NOT_IMPLEMENT,
            _SUB.DUPLICATE,
            _SUB.CANCELED,
            _SUB.OTHER_RESOLUTION,
            _SUB.PLANNED,
        ),
    },
    CaseType.SERVICE_REQUEST: {
        _S.OPEN: (_SUB.NEW, _SUB.INVESTIGATION, _SUB.ACKNOWLEDGED, _SUB.ACCEPTED),
        _S.AWAITING_INFORMATION: (_SUB.THIRD_PARTY_PENDING, _SUB.INFORMATION_REQUIRED),
        _S.CLOSED: (_SUB.COMPLETED, _SUB.REJECTED, _SUB.CANCELLED),
    },
}
"""Where a case of each type can stand, in the order in which people expect to read it."""

_WAYS_BACK: Mapping[SubStatus, Trigger] = {
    _SUB.INFORMATION_REQUIRED: _T.BACK_TO_INFORMATION,
    _SUB.THIRD_PARTY_PENDING: _T.BACK_TO_THIRD_PARTY,
    _SUB.REPLIED: _T.BACK_TO_REPLY,
    _SUB.FIXED: _T.BACK_TO_FIX,
    _SUB.INFO_REQUIRED: _T.BACK_TO_INFO_REQUIRED,
}
"""What takes a case back to where a customer's update can have moved it from (C7, C13)."""

_WITH_A_VERB = frozenset(
    {
        *_WAYS_BACK.values(),
        _T.CUSTOMER_UPDATE,
        _T.INFORMATION_ASKED,
        _T.INFO_REQUIRED,
        _T.SOLUTION_REPLIED,
        _T.FIX_PROVIDED,
        _T.REOPENED,
    }
)


def beginning(case_type: CaseType) -> tuple[Status, SubStatus]:
    """Return where a case of this type stands when it is opened (C6, C13)."""
    return (_S.CUSTOMER_CARE if case_type is CaseType.FEATURE_REQUEST else _S.OPEN), _SUB.NEW


def move(
    case_type: CaseType, status: Status, sub_status: SubStatus, trigger: Trigger, role: Role
) -> Move | Impossible:
    """Return the row of the type's table for this, or Impossible with the words to say so (C6)."""
    for row in MOVES[case_type]:
        if row.starts_from(status, sub_status) and trigger is row.trigger and role in row.by:
            return row
    return Impossible(
        f"a {case_type} case in {status} / {sub_status} does not change when {trigger} ({role})"
    )


def way_back(before: SubStatus, now: SubStatus) -> Trigger | None:
    """Return what takes a case that an update moved back to where it stood before; None where it did not move it."""
    return None if before is now else _WAYS_BACK[before]


def set_by_hand(case_type: CaseType) -> dict[SubStatus, Trigger]:
    """Return the sub-statuses that an analyst sets by hand, having no verb of their own, with what sets them."""
    return _to(row for row in MOVES[case_type] if row.status is not _S.CLOSED and row.by >= _ANALYST)


def closing_reasons(case_type: CaseType) -> dict[SubStatus, Trigger]:
    """Return the reasons for which people close a case of this type, with what closes it (C8, C13, C14)."""
    return _to(row for row in MOVES[case_type] if row.status is _S.CLOSED and row.by >= _ANALYST)


def _to(rows: Iterable[Move]) -> dict[SubStatus, Trigger]:
    return {row.sub_status: row.trigger for row in rows if row.sub_status and row.trigger not in _WITH_A_VERB}
