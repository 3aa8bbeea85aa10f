"""May this person do this to this case, over this channel, now? Every row of the table, and the order of rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.policy import (
    ANALYST,
    REFUSALS,
    STRANGER,
    TIMER,
    Act,
    Allowed,
    CaseFacts,
    ContractFacts,
    Denied,
    Question,
    Standing,
    decide,
    reachable_priority,
)
from core.rules.terms import (
    Access,
    CareLevel,
    CaseType,
    Channel,
    ContractStatus,
    EscalationGround,
    Priority,
    Role,
    Status,
)
from tests.people import NOW

DAY = timedelta(days=1)
LIVE = ContractFacts(CareLevel.PREMIUM_CARE, ContractStatus.ACTIVE, NOW - DAY, NOW + DAY)
ENDED = ContractFacts(CareLevel.PREMIUM_CARE, ContractStatus.ACTIVE, NOW - 2 * DAY, NOW)
NOT_BEGUN = ContractFacts(CareLevel.PREMIUM_CARE, ContractStatus.ACTIVE, NOW + DAY, NOW + 2 * DAY)
TERMINATED = ContractFacts(CareLevel.PREMIUM_CARE, ContractStatus.TERMINATED, NOW - DAY, NOW + DAY)
CLOUD = ContractFacts(CareLevel.CARE_FOR_CLOUD, ContractStatus.ACTIVE, NOW - DAY, NOW + DAY)

OPEN = CaseFacts(Status.OPEN, Priority.MEDIUM)
CRITICAL = CaseFacts(Status.OPEN, Priority.CRITICAL)


def customer(access, *contracts):
    return Standing(Role.CUSTOMER, access, contracts)


DC = customer(Access.READ_WRITE, LIVE)
LAPSED_DC = customer(Access.READ_WRITE, ENDED)
EARLY_DC = customer(Access.READ_WRITE, NOT_BEGUN)
DROPPED_DC = customer(Access.READ_WRITE, TERMINATED)
GROUNDLESS_DC = Standing(Role.CUSTOMER, Access.READ_WRITE, (LIVE,), Denied("no-support-owner", "A4", "Why."))
READER = customer(Access.READ_ONLY, LIVE)
BASIC = customer(Access.BASIC, LIVE)
CLOUD_DC = customer(Access.READ_WRITE, CLOUD)
BUSINESS_CLOUD_DC = customer(Access.READ_WRITE, replace(LIVE, care_level=CareLevel.BUSINESS_CARE_FOR_CLOUD))


def closed(ago, *, by_timer=False):
    return CaseFacts(Status.CLOSED, Priority.MEDIUM, NOW - ago, by_timer)


def reason(act, channel, standing, case=None, wanted=None):
    answer = decide(Question(act, channel, standing, NOW, case, wanted))
    return None if isinstance(answer, Allowed) else answer.reason


SERVICE = CaseType.SERVICE_REQUEST
MAIL, PHONE, CONSOLE = Channel.MAIL, Channel.PHONE, Channel.CONSOLE
MONTH = 30 * DAY
SECOND = timedelta(seconds=1)
TIMED_OUT = closed(DAY, by_timer=True)

YEAR = 365 * DAY
MEDIUM = CaseFacts(Status.OPEN, Priority.MEDIUM, updated_at=NOW)
LOW = CaseFacts(Status.OPEN, Priority.LOW)
ESCALATED = CaseFacts(Status.OPEN, Priority.MEDIUM, escalated=True)
WISH = CaseFacts(Status.CUSTOMER_CARE, Priority.MEDIUM, type=CaseType.FEATURE_REQUEST)


def high(ago):
    return CaseFacts(Status.OPEN, Priority.HIGH, updated_at=NOW - ago)


def closed_wish(ago):
    return replace(closed(ago), type=CaseType.FEATURE_REQUEST)


TABLE = [
    # A3: who may do what
    ("a DC updates by mail", Act.UPDATE, MAIL, DC, OPEN, None, None),
    ("a reader sees a case", Act.SEE, CONSOLE, READER, OPEN, None, None),
    ("a reader changes nothing", Act.UPDATE, MAIL, READER, OPEN, None, "not-designated"),
    ("a reader does not use the phone menu", Act.USE_PHONE_MENU, PHONE, READER, None, None, "not-designated"),
    ("Basic sees no case", Act.SEE, CONSOLE, BASIC, OPEN, None, "no-access"),
    ("a stranger sees no case", Act.SEE, MAIL, STRANGER, OPEN, None, "no-access"),
    ("a stranger updates no case", Act.UPDATE, MAIL, STRANGER, OPEN, None, "no-access"),
    # A9: a right without a live contract is none
    ("nothing at the end", Act.UPDATE, MAIL, LAPSED_DC, OPEN, None, "no-live-contract"),
    ("nothing before the start", Act.OPEN, PHONE, EARLY_DC, None, None, "no-live-contract"),
    ("nothing once terminated", Act.UPDATE, PHONE, DROPPED_DC, OPEN, None, "no-live-contract"),
    ("nothing without any contract", Act.UPDATE, MAIL, customer(Access.READ_WRITE), OPEN, None, "no-live-contract"),
    ("one live contract is enough", Act.UPDATE, MAIL, customer(Access.READ_WRITE, ENDED, LIVE), OPEN, None, None),
    # A4, A5: a grant that would not be given today
    ("nothing without ground", Act.UPDATE, MAIL, GROUNDLESS_DC, OPEN, None, "grant-without-ground"),
    ("nor seeing", Act.SEE, CONSOLE, GROUNDLESS_DC, OPEN, None, "grant-without-ground"),
    # E1, I4: what a mail never does
    ("mail never opens", Act.OPEN, MAIL, DC, None, None, "mail-never-opens"),
    ("not even an analyst's mail", Act.OPEN, MAIL, ANALYST, None, None, "mail-never-opens"),
    ("mail sets no priority", Act.CHANGE_PRIORITY, MAIL, DC, OPEN, Priority.MEDIUM, "priority-not-by-mail"),
    # C3, C4: priorities
    ("Critical by phone", Act.CHANGE_PRIORITY, PHONE, DC, OPEN, Priority.CRITICAL, None),
    ("no Critical in writing", Act.CHANGE_PRIORITY, CONSOLE, DC, OPEN, Priority.CRITICAL, "critical-by-phone-only"),
    ("nor by an analyst", Act.CHANGE_PRIORITY, CONSOLE, ANALYST, OPEN, Priority.CRITICAL, "critical-by-phone-only"),
    ("no High in writing", Act.CHANGE_PRIORITY, CONSOLE, DC, OPEN, Priority.HIGH, "high-by-phone-only"),
    ("Medium in writing", Act.CHANGE_PRIORITY, CONSOLE, DC, OPEN, Priority.MEDIUM, None),
    ("an analyst sets High", Act.CHANGE_PRIORITY, CONSOLE, ANALYST, OPEN, Priority.HIGH, None),
    # P5: with Care for Cloud the phone is for Critical
    ("cloud opens no High by phone", Act.OPEN, PHONE, CLOUD_DC, None, Priority.HIGH, "phone-for-critical-only"),
    ("cloud opens Critical by phone", Act.OPEN, PHONE, CLOUD_DC, None, Priority.CRITICAL, None),
    ("cloud raises to Critical", Act.CHANGE_PRIORITY, PHONE, CLOUD_DC, OPEN, Priority.CRITICAL, None),
    ("cloud updates no Medium by phone", Act.UPDATE, PHONE, CLOUD_DC, OPEN, None, "phone-for-critical-only"),
    ("cloud updates a Critical by phone", Act.UPDATE, PHONE, CLOUD_DC, CRITICAL, None, None),
    ("cloud updates by mail", Act.UPDATE, MAIL, CLOUD_DC, OPEN, None, None),
    ("cloud hears its cases", Act.SEE, PHONE, CLOUD_DC, OPEN, None, None),
    # E6: a closed case
    ("no update of a closed case", Act.UPDATE, MAIL, DC, closed(DAY), None, "case-closed"),
    ("no work on a closed case", Act.WORK, CONSOLE, ANALYST, closed(DAY), None, "case-closed"),
    ("a stranger does not learn that it is closed", Act.UPDATE, MAIL, STRANGER, closed(DAY), None, "no-access"),
    ("a reader does not either", Act.UPDATE, MAIL, READER, closed(DAY), None, "not-designated"),
    # C9: the window is thirty times 24 hours, and its end is outside
    ("one second before the end", Act.REOPEN, PHONE, DC, closed(MONTH - SECOND), None, None),
    ("at the end", Act.REOPEN, PHONE, DC, closed(MONTH), None, "reopen-too-late"),
    ("later", Act.REOPEN, PHONE, DC, closed(MONTH + DAY), None, "reopen-too-late"),
    ("purged is gone", Act.REOPEN, PHONE, DC, replace(closed(DAY), is_purged=True), None, "reopen-too-late"),
    ("what is open is not reopened", Act.REOPEN, PHONE, DC, OPEN, None, "not-closed"),
    ("closed by the timer: by phone", Act.REOPEN, PHONE, DC, TIMED_OUT, None, None),
    ("closed by the timer: not else", Act.REOPEN, CONSOLE, DC, TIMED_OUT, None, "reopen-by-phone-only"),
    ("cloud reopens by phone, there is no other way", Act.REOPEN, PHONE, CLOUD_DC, TIMED_OUT, None, None),
    # A3, E1: what customers and mails never do
    ("a DC does no analyst's work", Act.WORK, CONSOLE, DC, OPEN, None, "not-an-analyst"),
    ("nor takes a mail out", Act.WITHDRAW, CONSOLE, DC, OPEN, None, "not-an-analyst"),
    ("an analyst does, out of a closed case too", Act.WITHDRAW, CONSOLE, ANALYST, closed(DAY), None, None),
    ("no closing by mail", Act.CLOSE, MAIL, DC, OPEN, None, "mail-only-updates"),
    ("no reopening by mail", Act.REOPEN, MAIL, DC, closed(DAY), None, "mail-only-updates"),
    ("no escalation by mail", Act.ESCALATE, MAIL, DC, OPEN, None, "mail-only-updates"),
    # C3: only what can be down is Critical
    ("a wish never is", Act.CHANGE_PRIORITY, PHONE, DC, WISH, Priority.CRITICAL, "never-critical"),
    # C8: who closes
    ("a DC closes by phone", Act.CLOSE, PHONE, DC, OPEN, None, None),
    ("a DC closes in the portal", Act.CLOSE, CONSOLE, DC, OPEN, None, None),
    ("an analyst closes", Act.CLOSE, CONSOLE, ANALYST, OPEN, None, None),
    ("a reader does not close", Act.CLOSE, CONSOLE, READER, OPEN, None, "not-designated"),
    ("what is closed is not closed again", Act.CLOSE, CONSOLE, ANALYST, closed(DAY), None, "case-closed"),
    # C11: escalation
    ("a DC escalates", Act.ESCALATE, CONSOLE, DC, MEDIUM, None, None),
    ("an analyst escalates", Act.ESCALATE, CONSOLE, ANALYST, MEDIUM, None, None),
    ("a reader does not", Act.ESCALATE, CONSOLE, READER, MEDIUM, None, "not-designated"),
    ("Critical is escalated", Act.ESCALATE, PHONE, DC, CRITICAL, None, None),
    ("not twice", Act.ESCALATE, CONSOLE, DC, ESCALATED, None, "escalated-already"),
    ("never Low", Act.ESCALATE, CONSOLE, DC, LOW, None, "low-is-not-escalated"),
    ("High not within 24 hours", Act.ESCALATE, CONSOLE, DC, high(DAY - SECOND), None, "high-too-early"),
    ("High after 24 hours", Act.ESCALATE, CONSOLE, DC, high(DAY), None, None),
    ("nothing closed", Act.ESCALATE, CONSOLE, DC, closed(DAY), None, "case-closed"),
    # C13: a closed feature request is seen for a year
    ("a wish seen for a year", Act.SEE, CONSOLE, DC, closed_wish(YEAR - SECOND), None, None),
    ("and no longer", Act.SEE, CONSOLE, DC, closed_wish(YEAR), None, "feature-request-gone"),
    ("but by analysts", Act.SEE, CONSOLE, ANALYST, closed_wish(YEAR), None, None),
    ("a support case is seen for ever", Act.SEE, CONSOLE, DC, closed(YEAR), None, None),
    # N1: the timer
    ("the timer closes", Act.CLOSE, Channel.TIMER, TIMER, OPEN, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("act", "channel", "standing", "case", "wanted", "expected"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_the_table(act, channel, standing, case, wanted, expected):
    """A3, A9, C3, C4, C9, E1, E6, P5."""
    assert reason(act, channel, standing, case, wanted) == expected


OPENINGS = [
    # C2
    ("cloud orders a service", CONSOLE, BUSINESS_CLOUD_DC, SERVICE, None, None),
    ("nobody else does", CONSOLE, DC, SERVICE, None, "service-request-for-cloud"),
    ("no Critical order", PHONE, BUSINESS_CLOUD_DC, SERVICE, Priority.CRITICAL, "never-critical"),
    ("a DC files a wish", CONSOLE, DC, CaseType.FEATURE_REQUEST, None, None),
    ("a reader files none", CONSOLE, READER, CaseType.FEATURE_REQUEST, None, "not-designated"),
    ("no Critical wish", PHONE, DC, CaseType.FEATURE_REQUEST, Priority.CRITICAL, "never-critical"),
    ("an Admin case", PHONE, DC, CaseType.ADMIN, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("channel", "standing", "opens", "wanted", "expected"),
    [row[1:] for row in OPENINGS],
    ids=[row[0] for row in OPENINGS],
)
def test_who_opens_what(channel, standing, opens, wanted, expected):
    """A3, C2, C3."""
    answer = decide(Question(Act.OPEN, channel, standing, NOW, None, wanted, opens=opens))
    assert (None if isinstance(answer, Allowed) else answer.reason) == expected


@pytest.mark.parametrize("ground", EscalationGround)
def test_more_urgency_is_no_ground_for_an_escalation(ground):
    """C11, C4."""
    answer = decide(Question(Act.ESCALATE, CONSOLE, DC, NOW, MEDIUM, ground=ground))
    assert isinstance(answer, Allowed) == (ground is not EscalationGround.URGENCY)


def test_every_row_of_the_table_is_reached():
    """A row that no question reaches would be a rule that nobody tests."""
    asked = {row[-1] for row in TABLE} | {row[-1] for row in OPENINGS} | {"urgency-is-priority"}
    assert asked - {None} == {refusal.denied.reason for refusal in REFUSALS}


def test_every_refusal_speaks_in_whole_sentences():
    """Triage shows the words, the phone speaks them."""
    for refusal in REFUSALS:
        assert refusal.denied.words[0].isupper()
        assert refusal.denied.words.endswith(".")
        assert refusal.denied.rule


contracts = st.builds(
    ContractFacts,
    st.sampled_from(CareLevel),
    st.sampled_from(ContractStatus),
    st.sampled_from([NOW - DAY, NOW, NOW + DAY]),
    st.sampled_from([NOW - DAY, NOW, NOW + DAY]),
)
customers = st.builds(
    Standing,
    st.just(Role.CUSTOMER),
    st.sampled_from([None, *Access]),
    st.lists(contracts, max_size=2).map(tuple),
)
case_facts = st.one_of(
    st.none(),
    st.builds(
        CaseFacts, st.sampled_from([s for s in Status if s is not Status.CLOSED]), st.sampled_from(Priority)
    ),
    st.builds(
        CaseFacts,
        st.just(Status.CLOSED),
        st.sampled_from(Priority),
        st.sampled_from([NOW - 40 * DAY, NOW - MONTH, NOW - DAY]),
        st.booleans(),
    ),
)
questions = st.builds(
    Question,
    st.sampled_from(Act),
    st.sampled_from(Channel),
    customers,
    st.just(NOW),
    case_facts,
    st.sampled_from([None, *Priority]),
)


@given(questions)
def test_a_customer_changes_something_only_as_a_dc_with_a_live_contract(question):
    """A3, A9: whatever else is asked."""
    changes = question.act not in (Act.SEE, Act.RECORD)
    if changes and isinstance(decide(question), Allowed):
        assert question.standing.access is Access.READ_WRITE
        assert any(contract.is_live(NOW) for contract in question.standing.contracts)


@given(questions)
def test_critical_comes_by_phone_only(question):
    """C3, I12."""
    if question.wanted is Priority.CRITICAL and isinstance(decide(question), Allowed):
        assert question.channel is PHONE


@pytest.mark.parametrize("channel", Channel)
def test_what_a_channel_makes_of_a_wish_for_critical(channel):
    """C3: every other channel gets High."""
    assert reachable_priority(Priority.CRITICAL, channel, CaseType.SUPPORT) is (
        Priority.CRITICAL if channel is PHONE else Priority.HIGH
    )
    assert reachable_priority(Priority.LOW, channel, CaseType.SUPPORT) is Priority.LOW
    # What is never Critical gets no High for it: the wish is refused.
    assert reachable_priority(Priority.CRITICAL, channel, CaseType.FEATURE_REQUEST) is Priority.CRITICAL


def _every_standing():
    for access in (None, *Access):
        for contract in (LIVE, ENDED, NOT_BEGUN, TERMINATED, CLOUD):
            for groundless in (None, Denied("no-support-owner", "A4", "Why.")):
                yield Standing(Role.CUSTOMER, access, (contract,), groundless)
    yield from (ANALYST, TIMER, STRANGER)


def _every_case():
    yield None
    for case_type in CaseType:
        for priority in (Priority.CRITICAL, Priority.HIGH, Priority.LOW):
            for escalated in (False, True):
                yield CaseFacts(Status.OPEN, priority, type=case_type, updated_at=NOW, escalated=escalated)
        for ago, by_timer in ((DAY, False), (DAY, True), (MONTH, False), (YEAR, False)):
            yield replace(closed(ago, by_timer=by_timer), type=case_type)


def test_every_combination_has_an_answer_and_no_answer_lets_in_who_may_not():
    """A3 A4 A9 C3 C9 C13 E1: every standing, case, channel, act and wish, one by one."""
    changes = set(Act) - {Act.SEE, Act.RECORD}
    asked = product(Act, Channel, _every_standing(), _every_case(), (None, *Priority))
    for act, channel, standing, case, wanted in asked:
        answer = decide(Question(act, channel, standing, NOW, case, wanted, opens=CaseType.SUPPORT))
        if isinstance(answer, Denied):
            assert "{" not in answer.words
            continue
        is_customer = standing.role is Role.CUSTOMER
        holds = standing.access is Access.READ_WRITE and standing.is_entitled(NOW) and not standing.groundless
        assert holds or not is_customer or act not in changes
        assert not is_customer or standing.access not in (None, Access.BASIC)
        assert wanted is not Priority.CRITICAL or channel is PHONE
        assert act is not Act.OPEN or channel is not MAIL
        assert act is not Act.REOPEN or (case is not None and case.closed_at + MONTH > NOW)
