"""Who is told what: case event -> notices.

NOTICES is the table. A notice is one thing to tell one person; its template has the notice's name. Notices
are written in the transaction of their event, unique by (event, notice, recipient), so none is lost and
none is told twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.rules.terms import EventKind, Role


class Audience(StrEnum):
    """Whom a notice is for."""

    CONTACT = "the case's contact"
    OWNER = (
        "the analyst who owns the case; while nobody does, the first one on call, else every analyst there is"
    )
    ON_CALL = "every analyst on the on-call list; every analyst there is while nobody is on call"
    SENDER = "the sender of a mail"


class NoticeKind(StrEnum):
    """One kind of mail that leaves; each has a template of its name."""

    CASE_OPENED = "case-opened"
    INFORMATION_ASKED = "information-asked"
    SOLUTION_PROPOSED = "solution-proposed"
    PUBLIC_POST = "public-post"
    STATUS_CHANGED = "status-changed"
    PRIORITY_CHANGED = "priority-changed"
    REMINDER_1 = "reminder-1"
    REMINDER_2 = "reminder-2"
    CLOSED = "closed"
    CLOSED_BY_TIMER = "closed-by-timer"
    REOPENED = "reopened"
    CUSTOMER_UPDATE_FOR_OWNER = "customer-update-for-owner"
    CRITICAL_MESSAGE_FOR_ON_CALL = "critical-message-for-on-call"
    CALLER_MESSAGE_FOR_ON_CALL = "caller-message-for-on-call"
    CLOSING_POSTPONED_FOR_OWNER = "closing-postponed-for-owner"
    NOTICE_FAILED_FOR_OWNER = "notice-failed-for-owner"
    ESCALATION_FOR_OWNER = "escalation-for-owner"
    ESCALATION_DECIDED = "escalation-decided"
    UPDATE_WITHDRAWN_FOR_OWNER = "update-withdrawn-for-owner"
    WAITS_AGAIN = "waits-again"
    TRIAGE_ANSWER = "triage-answer"
    MAIL_NOT_LINKED = "mail-not-linked"
    MAIL_TO_CLOSED_CASE = "mail-to-closed-case"
    ATTACHMENT_REFUSED = "attachment-refused"


@dataclass(frozen=True)
class Happened:
    """What the rules ask of an event. `moved`: status or sub-status changed; `public`: the contact may see it."""

    kind: EventKind
    by: Role
    public: bool
    moved: bool


@dataclass(frozen=True)
class Notice:
    """A row of the table."""

    kind: NoticeKind
    audience: Audience
    rule: str


_N = NoticeKind
_CONTACT, _OWNER, _ON_CALL = Audience.CONTACT, Audience.OWNER, Audience.ON_CALL

NOTICES: dict[EventKind, tuple[Notice, ...]] = {
    EventKind.OPENED: (Notice(_N.CASE_OPENED, _CONTACT, "N5"),),
    EventKind.INFORMATION_ASKED: (Notice(_N.INFORMATION_ASKED, _CONTACT, "N1 N5"),),
    EventKind.SOLUTION_PROPOSED: (Notice(_N.SOLUTION_PROPOSED, _CONTACT, "N1 N5"),),
    EventKind.POST: (Notice(_N.PUBLIC_POST, _CONTACT, "N5"),),
    EventKind.STATUS_CHANGED: (Notice(_N.STATUS_CHANGED, _CONTACT, "N5"),),
    EventKind.PRIORITY_CHANGED: (Notice(_N.PRIORITY_CHANGED, _CONTACT, "N5"),),
    EventKind.REMINDER_1: (Notice(_N.REMINDER_1, _CONTACT, "N1 N2"),),
    EventKind.REMINDER_2: (Notice(_N.REMINDER_2, _CONTACT, "N1 N2"),),
    EventKind.CLOSED: (Notice(_N.CLOSED, _CONTACT, "N5 N7"),),
    EventKind.CLOSED_BY_TIMER: (Notice(_N.CLOSED_BY_TIMER, _CONTACT, "N1 N7"),),
    EventKind.CLOSING_POSTPONED: (Notice(_N.CLOSING_POSTPONED_FOR_OWNER, _OWNER, "N1"),),
    EventKind.REOPENED: (Notice(_N.REOPENED, _CONTACT, "N5"),),
    EventKind.CRITICAL_CALL_MESSAGE: (Notice(_N.CRITICAL_MESSAGE_FOR_ON_CALL, _ON_CALL, "P4"),),
    EventKind.NOTICE_FAILED: (Notice(_N.NOTICE_FAILED_FOR_OWNER, _OWNER, "E7"),),
    # C11: who asked is told what came of it, and why.
    EventKind.ESCALATION_ASKED: (Notice(_N.ESCALATION_FOR_OWNER, _OWNER, "C11"),),
    EventKind.ESCALATION_GRANTED: (Notice(_N.ESCALATION_DECIDED, _CONTACT, "C11 N5"),),
    EventKind.ESCALATION_REFUSED: (Notice(_N.ESCALATION_DECIDED, _CONTACT, "C11 N5"),),
    EventKind.ESCALATION_NEWS: (Notice(_N.PUBLIC_POST, _CONTACT, "C11 N5"),),
    EventKind.ESCALATION_ENDED: (Notice(_N.ESCALATION_DECIDED, _CONTACT, "C11 N5"),),
    # E3: what the owner was told to read is no customer's word for this case.
    EventKind.UPDATE_WITHDRAWN: (Notice(_N.UPDATE_WITHDRAWN_FOR_OWNER, _OWNER, "E3"),),
    # Internal, or told on the line: nobody is mailed.
    EventKind.FIELDS_CHANGED: (),
    EventKind.ASSIGNED: (),
    EventKind.NOTE: (),
    EventKind.CRITICAL_CALL_TAKEN: (),
    EventKind.PURGED: (),  # the closing mail said when (N7)
}

_UPDATE_FOR_OWNER = Notice(_N.CUSTOMER_UPDATE_FOR_OWNER, _OWNER, "C7")
_STATUS_FOR_CONTACT = Notice(_N.STATUS_CHANGED, _CONTACT, "N5")
_WAITS_FOR_CONTACT = Notice(_N.WAITS_AGAIN, _CONTACT, "N1 N5")


def notices_of(happened: Happened) -> tuple[Notice, ...]:
    """Return whom to tell what about an event (N1, N5, C7)."""
    if happened.kind is EventKind.CUSTOMER_UPDATE:
        # Who wrote the update need not be told that it came; that the case is Open again is news.
        return (_UPDATE_FOR_OWNER, _STATUS_FOR_CONTACT) if happened.moved else (_UPDATE_FOR_OWNER,)
    if happened.kind is EventKind.CRITICAL_CALL_MESSAGE and happened.moved:
        return (*NOTICES[happened.kind], _STATUS_FOR_CONTACT)  # it was an answer, too
    if happened.kind is EventKind.UPDATE_WITHDRAWN and happened.moved:
        # Who was told that nothing more is asked of them must hear that it is.
        return (*NOTICES[happened.kind], _WAITS_FOR_CONTACT)
    return NOTICES[happened.kind]


AUTOMATIC = frozenset(
    {
        _N.REMINDER_1,
        _N.REMINDER_2,
        _N.CLOSED_BY_TIMER,
        _N.CLOSING_POSTPONED_FOR_OWNER,
        _N.NOTICE_FAILED_FOR_OWNER,
        _N.MAIL_NOT_LINKED,
        _N.MAIL_TO_CLOSED_CASE,
        _N.ATTACHMENT_REFUSED,
    }
)
"""Notices that no person caused: sent with `Auto-Submitted: auto-replied` or `auto-generated` (RFC 3834)."""
