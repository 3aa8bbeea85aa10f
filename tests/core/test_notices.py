"""Who is told what."""

from __future__ import annotations

import pytest

from core.rules.notices import AUTOMATIC, NOTICES, Audience, Happened, NoticeKind, notices_of
from core.rules.terms import EventKind, Role

TOLD = {
    EventKind.OPENED: {("case-opened", Audience.CONTACT)},
    EventKind.INFORMATION_ASKED: {("information-asked", Audience.CONTACT)},
    EventKind.SOLUTION_PROPOSED: {("solution-proposed", Audience.CONTACT)},
    EventKind.POST: {("public-post", Audience.CONTACT)},
    EventKind.STATUS_CHANGED: {("status-changed", Audience.CONTACT)},
    EventKind.PRIORITY_CHANGED: {("priority-changed", Audience.CONTACT)},
    EventKind.REMINDER_1: {("reminder-1", Audience.CONTACT)},
    EventKind.REMINDER_2: {("reminder-2", Audience.CONTACT)},
    EventKind.CLOSED: {("closed", Audience.CONTACT)},
    EventKind.CLOSED_BY_TIMER: {("closed-by-timer", Audience.CONTACT)},
    EventKind.REOPENED: {("reopened", Audience.CONTACT)},
    EventKind.CRITICAL_CALL_MESSAGE: {("critical-message-for-on-call", Audience.ON_CALL)},
    EventKind.CLOSING_POSTPONED: {("closing-postponed-for-owner", Audience.OWNER)},
    EventKind.NOTICE_FAILED: {("notice-failed-for-owner", Audience.OWNER)},
    EventKind.ESCALATION_ASKED: {(NoticeKind.ESCALATION_FOR_OWNER, Audience.OWNER)},
    EventKind.ESCALATION_GRANTED: {(NoticeKind.ESCALATION_DECIDED, Audience.CONTACT)},
    EventKind.ESCALATION_REFUSED: {(NoticeKind.ESCALATION_DECIDED, Audience.CONTACT)},
    EventKind.ESCALATION_NEWS: {(NoticeKind.PUBLIC_POST, Audience.CONTACT)},
    EventKind.ESCALATION_ENDED: {(NoticeKind.ESCALATION_DECIDED, Audience.CONTACT)},
    EventKind.UPDATE_WITHDRAWN: {(NoticeKind.UPDATE_WITHDRAWN_FOR_OWNER, Audience.OWNER)},
    EventKind.FIELDS_CHANGED: set(),
    EventKind.ASSIGNED: set(),
    EventKind.PURGED: set(),
    EventKind.NOTE: set(),
    EventKind.CRITICAL_CALL_TAKEN: set(),
}


@pytest.mark.parametrize("kind", [kind for kind in EventKind if kind is not EventKind.CUSTOMER_UPDATE])
def test_the_table(kind):
    """N1, N5, N7, P4, E7."""
    told = notices_of(Happened(kind, Role.ANALYST, public=True, moved=False))
    assert {(notice.kind, notice.audience) for notice in told} == TOLD[kind]


@pytest.mark.parametrize(
    ("moved", "told"),
    [
        (True, [NoticeKind.CUSTOMER_UPDATE_FOR_OWNER, NoticeKind.STATUS_CHANGED]),
        (False, [NoticeKind.CUSTOMER_UPDATE_FOR_OWNER]),
    ],
)
def test_a_customers_update_is_news_to_the_owner_and_to_the_customer_only_where_it_moves_the_case(
    moved, told
):
    """C7, N5."""
    happened = Happened(EventKind.CUSTOMER_UPDATE, Role.CUSTOMER, public=True, moved=moved)
    assert [notice.kind for notice in notices_of(happened)] == told


def test_a_message_that_was_an_answer_tells_the_contact_that_the_case_is_open_again():
    """C7, N5, P4."""
    happened = Happened(EventKind.CRITICAL_CALL_MESSAGE, Role.CUSTOMER, public=True, moved=True)
    assert [notice.kind for notice in notices_of(happened)] == [
        NoticeKind.CRITICAL_MESSAGE_FOR_ON_CALL,
        NoticeKind.STATUS_CHANGED,
    ]


def test_the_contact_is_told_of_a_withdrawal_only_where_the_case_waits_again():
    """N1, N5, E3."""
    happened = Happened(EventKind.UPDATE_WITHDRAWN, Role.ANALYST, public=False, moved=True)
    assert [notice.kind for notice in notices_of(happened)] == [
        NoticeKind.UPDATE_WITHDRAWN_FOR_OWNER,
        NoticeKind.WAITS_AGAIN,
    ]


def test_every_event_has_its_row():
    """A kind of event without a row would fail in the middle of an act."""
    assert set(NOTICES) | {EventKind.CUSTOMER_UPDATE} == set(EventKind)


def test_what_no_person_caused_is_marked_as_automatic():
    """RFC 3834, 5: so that machines do not answer it."""
    assert {
        NoticeKind.REMINDER_1,
        NoticeKind.REMINDER_2,
        NoticeKind.CLOSED_BY_TIMER,
        NoticeKind.MAIL_NOT_LINKED,
        NoticeKind.MAIL_TO_CLOSED_CASE,
    } <= AUTOMATIC
