"""May this person do this to this case, over this channel, now?

`decide` is the one answer to that question, for mail, phone, console and timer alike. It walks REFUSALS,
the ordered table below: the first row that applies refuses, with the rule's id and words that triage
shows, the phone speaks and the command line prints. What no row refuses is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from core.rules.terms import (
    Access,
    CareLevel,
    CaseType,
    Channel,
    ContractStatus,
    EscalationGround,
    Priority,
    Role,
    Rulebook,
    Status,
)


class Act(StrEnum):
    """What somebody wants to do."""

    USE_PHONE_MENU = "use the phone menu"
    SEE = "see a case"
    OPEN = "open a case"
    UPDATE = "update a case"
    CLOSE = "close a case"
    REOPEN = "reopen a case"
    CHANGE_PRIORITY = "change the priority of a case"
    ESCALATE = "escalate a case"
    WORK = "work on a case"
    WITHDRAW = "take a linked mail out of a case"  # of a closed one too: the words may be another company's
    RECORD = "record what became of a mail"  # in no refusal: what happened to a closed case happened too


@dataclass(frozen=True)
class ContractFacts:
    """What the rules ask of a service contract (A1). Times are in UTC; it ends at `ends_at`, exclusively."""

    care_level: CareLevel
    status: ContractStatus
    starts_at: datetime
    ends_at: datetime

    def is_live(self, now: datetime) -> bool:
        """Say whether the contract entitles to anything at this instant (A9)."""
        return self.status is ContractStatus.ACTIVE and self.starts_at <= now < self.ends_at


@dataclass(frozen=True)
class Allowed:
    """Nothing forbids it."""


@dataclass(frozen=True)
class Denied:
    """A rule forbids it. `reason` is for programs, `rule` for the reader of the rules, `words` for people."""

    reason: str
    rule: str
    words: str


@dataclass(frozen=True)
class Standing:
    """What a person is to one combination, read in the same transaction that acts (A9).

    `access` is None for who has no grant there; `contracts` are those of the combination; `groundless` is why
    the grant would be refused today (core.rules.grants), None where it would not be.
    """

    role: Role
    access: Access | None = None
    contracts: tuple[ContractFacts, ...] = ()
    groundless: Denied | None = None

    def is_entitled(self, now: datetime) -> bool:
        """Say whether a contract of the combination is live (A9)."""
        return any(contract.is_live(now) for contract in self.contracts)

    def care_levels(self, now: datetime) -> frozenset[CareLevel]:
        """Return the care levels that are bought at this instant."""
        return frozenset(contract.care_level for contract in self.contracts if contract.is_live(now))


ANALYST = Standing(Role.ANALYST)
TIMER = Standing(Role.TIMER)
STRANGER = Standing(Role.CUSTOMER)


@dataclass(frozen=True)
class CaseFacts:
    """What the rules ask of a case. `closed_by_timer` matters only while it is Closed.

    `updated_at`: when somebody last did something to it that its contact may see; `escalated`: an escalation
    of it is open; `is_purged`: what was attached to it is gone (C10).
    """

    status: Status
    priority: Priority
    closed_at: datetime | None = None
    closed_by_timer: bool = False
    type: CaseType = CaseType.SUPPORT
    updated_at: datetime | None = None
    escalated: bool = False
    is_purged: bool = False


@dataclass(frozen=True)
class Question:
    """Everything a decision depends on.

    `wanted` is the priority asked for, `ground` that of an escalation, `opens` the type of a case that is to be
    opened, where they are.
    """

    act: Act
    channel: Channel
    standing: Standing
    now: datetime
    case: CaseFacts | None = None
    wanted: Priority | None = None
    rulebook: Rulebook = field(default_factory=Rulebook)
    opens: CaseType | None = None
    ground: EscalationGround | None = None

    @property
    def case_type(self) -> CaseType | None:
        """The type of the case that is there, or that is to be opened."""
        return self.case.type if self.case else self.opens


@dataclass(frozen=True)
class Refusal:
    """A row of the table: when it applies, what it answers."""

    denied: Denied
    applies: Callable[[Question], bool]


_CHANGES = frozenset({Act.OPEN, Act.UPDATE, Act.CLOSE, Act.REOPEN, Act.CHANGE_PRIORITY, Act.ESCALATE})
_NEVER_BY_MAIL = frozenset(
    {Act.CLOSE, Act.REOPEN, Act.ESCALATE}
)  # opening and priorities have rows of their own
_ENDS_WITH_THE_CASE = frozenset({Act.UPDATE, Act.CLOSE, Act.CHANGE_PRIORITY, Act.ESCALATE, Act.WORK})
_PHONE_FOR_CRITICAL_ONLY = frozenset({CareLevel.CARE_FOR_CLOUD})
_CLOUD = frozenset({CareLevel.CARE_FOR_CLOUD, CareLevel.BUSINESS_CARE_FOR_CLOUD})
_ANALYSTS_ONLY = frozenset({Act.WORK, Act.WITHDRAW})
_NEVER_CRITICAL = frozenset({CaseType.FEATURE_REQUEST, CaseType.SERVICE_REQUEST})


def reopen_until(closed_at: datetime, rulebook: Rulebook) -> datetime:
    """Return the instant from which a case closed at `closed_at` can no longer be reopened (C9)."""
    return closed_at + timedelta(days=rulebook.reopen_days)


def _is_customer(question: Question) -> bool:
    return question.standing.role is Role.CUSTOMER


def _has_no_grant(question: Question) -> bool:
    return _is_customer(question) and question.standing.access in (None, Access.BASIC)


def _is_not_designated(question: Question) -> bool:
    needs = question.act in _CHANGES or question.act is Act.USE_PHONE_MENU
    return _is_customer(question) and needs and question.standing.access is not Access.READ_WRITE


def _has_no_live_contract(question: Question) -> bool:
    return _is_customer(question) and not question.standing.is_entitled(question.now)


def _has_lost_its_ground(question: Question) -> bool:
    return _is_customer(question) and question.standing.groundless is not None


def _is_phone_for_less_than_critical(question: Question) -> bool:
    levels = question.standing.care_levels(question.now)
    return (
        _is_customer(question)
        and question.channel is Channel.PHONE
        and question.act in _CHANGES - {Act.REOPEN}  # C9: what the timer closed has no other way
        and levels <= _PHONE_FOR_CRITICAL_ONLY
        and question.wanted is not Priority.CRITICAL
        and not (question.case and question.case.priority is Priority.CRITICAL)
    )


def _asks_for_critical_elsewhere(question: Question) -> bool:
    return question.wanted is Priority.CRITICAL and question.channel is not Channel.PHONE


def _raises_to_high_in_writing(question: Question) -> bool:
    return (
        question.act is Act.CHANGE_PRIORITY
        and _is_customer(question)
        and question.wanted is Priority.HIGH
        and question.channel is not Channel.PHONE
    )


def _is_closed(question: Question) -> bool:
    return question.case is not None and question.case.status is Status.CLOSED


def _acts_on_a_closed_case(question: Question) -> bool:
    return _is_closed(question) and question.act in _ENDS_WITH_THE_CASE


def _reopens_an_active_case(question: Question) -> bool:
    return question.act is Act.REOPEN and not _is_closed(question)


def _reopens_too_late(question: Question) -> bool:
    case = question.case
    if question.act is not Act.REOPEN or case is None or case.closed_at is None:
        return False
    # A clock that was set back, or a figure that was raised, does not bring back what was removed (C10).
    return case.is_purged or question.now >= reopen_until(case.closed_at, question.rulebook)


def _reopens_in_writing_what_the_timer_closed(question: Question) -> bool:
    return (
        question.act is Act.REOPEN
        and _is_closed(question)
        and question.case is not None
        and question.case.closed_by_timer
        and question.channel is not Channel.PHONE
    )


def _is_no_longer_visible(question: Question) -> bool:
    case = question.case
    return (
        _is_customer(question)
        and case is not None
        and case.type is CaseType.FEATURE_REQUEST
        and case.closed_at is not None
        and question.now >= case.closed_at + timedelta(days=question.rulebook.feature_request_days)
    )


def _orders_a_service_without_cloud(question: Question) -> bool:
    levels = question.standing.care_levels(question.now)
    is_order = question.act is Act.OPEN and question.opens is CaseType.SERVICE_REQUEST
    return _is_customer(question) and is_order and not levels & _CLOUD


def _escalates(question: Question, *, priority: Priority) -> bool:
    return question.act is Act.ESCALATE and question.case is not None and question.case.priority is priority


def _escalates_high_too_early(question: Question) -> bool:
    updated_at = question.case.updated_at if question.case else None
    return (
        _escalates(question, priority=Priority.HIGH)
        and updated_at is not None
        and question.now < updated_at + question.rulebook.escalation_pause
    )


def _row(reason: str, rule: str, words: str, applies: Callable[[Question], bool]) -> Refusal:
    return Refusal(Denied(reason, rule, words), applies)


REFUSALS: tuple[Refusal, ...] = (
    # Who is nobody here learns nothing else about the case, so this comes first.
    _row(
        "no-access",
        "A3",
        "No access to cases of this customer is on record for this person.",
        _has_no_grant,
    ),
    # A right that has lost its ground is no right, whatever the grant says; and it is lost on every channel.
    _row(
        "no-live-contract",
        "A9",
        "No service contract for these systems is active at this time.",
        _has_no_live_contract,
    ),
    # A4, A5: nor is one that would not be given today, to somebody who now works elsewhere.
    _row(
        "grant-without-ground",
        "A4 A5",
        "This contact's access has lost its ground. Please open an Admin case, or let a colleague open it.",
        _has_lost_its_ground,
    ),
    _row(
        "not-designated",
        "A3",
        "Only a Designated Contact may do this; this contact may read cases and not change them.",
        _is_not_designated,
    ),
    # What a customer may do has acts of its own; these are what analysts do.
    _row(
        "not-an-analyst",
        "A3",
        "Only an analyst may do this.",
        lambda question: _is_customer(question) and question.act in _ANALYSTS_ONLY,
    ),
    _row(
        "feature-request-gone",
        "C13",
        "The feature request was closed {feature_request_days} days ago or more and is not shown any more.",
        _is_no_longer_visible,
    ),
    # The mail path has no verb for it; the row keeps it so when somebody adds one.
    _row(
        "mail-never-opens",
        "E1",
        "A mail cannot open a case. Please open one in the portal or by phone.",
        lambda question: question.act is Act.OPEN and question.channel is Channel.MAIL,
    ),
    _row(
        "priority-not-by-mail",
        "C4",
        "A mail does not change the priority of a case. Please use the phone for High or Critical.",
        lambda question: question.act is Act.CHANGE_PRIORITY and question.channel is Channel.MAIL,
    ),
    _row(
        "mail-only-updates",
        "E1",
        "A mail updates a case and does nothing else. Please use the portal or the phone.",
        lambda question: question.channel is Channel.MAIL and question.act in _NEVER_BY_MAIL,
    ),
    _row(
        "service-request-for-cloud",
        "C2",
        "Service requests are for cloud customers; no contract for these systems is one for the cloud.",
        _orders_a_service_without_cloud,
    ),
    # D: nothing is down because of a wish; who means a fault opens a support case.
    _row(
        "never-critical",
        "C3",
        "A feature request or service request cannot be Critical. Please open a support case.",
        lambda question: question.wanted is Priority.CRITICAL and question.case_type in _NEVER_CRITICAL,
    ),
    _row(
        "critical-by-phone-only",
        "C3",
        "A case becomes Critical by phone only. Please call support and choose 1.",
        _asks_for_critical_elsewhere,
    ),
    _row(
        "high-by-phone-only",
        "C4",
        "A case is raised to High by phone only. Please call support.",
        _raises_to_high_in_writing,
    ),
    _row(
        "phone-for-critical-only",
        "P5",
        "With Care for Cloud, the phone is for critical cases. Please use the portal for everything else.",
        _is_phone_for_less_than_critical,
    ),
    _row(
        "case-closed",
        "E6",
        "The case is closed. It can be reopened within {reopen_days} days of its closure.",
        _acts_on_a_closed_case,
    ),
    _row(
        "escalated-already",
        "C11",
        "The case is escalated already. Please follow that escalation.",
        lambda question: (
            question.act is Act.ESCALATE and question.case is not None and question.case.escalated
        ),
    ),
    _row(
        "urgency-is-priority",
        "C11",
        "More urgency is a change of priority and no escalation. For High or Critical, please call support.",
        lambda question: question.act is Act.ESCALATE and question.ground is EscalationGround.URGENCY,
    ),
    _row(
        "low-is-not-escalated",
        "C11",
        "A case of low priority is not escalated. Please ask for a higher priority first.",
        lambda question: _escalates(question, priority=Priority.LOW),
    ),
    _row(
        "high-too-early",
        "C11",
        "A case of high priority is escalated when it had no update for {escalation_hours} hours.",
        _escalates_high_too_early,
    ),
    _row(
        "not-closed",
        "C9",
        "The case is not closed, so it cannot be reopened.",
        _reopens_an_active_case,
    ),
    _row(
        "reopen-too-late",
        "C9",
        "The case was closed {reopen_days} days ago or more and cannot be reopened. Please open a new case.",
        _reopens_too_late,
    ),
    _row(
        "reopen-by-phone-only",
        "C9",
        "The case was closed after its reminders stayed unanswered. It can be reopened by phone only.",
        _reopens_in_writing_what_the_timer_closed,
    ),
)


PHONE_INSTRUCTION = "A case becomes Critical by phone only: please call support and choose 1. It is High now."


def reachable_priority(wanted: Priority, channel: Channel, case_type: CaseType) -> Priority:
    """Return the priority that this channel can set when `wanted` is asked for: High for Critical (C3).

    A type that is never Critical gets no High for it either: it is refused, and a call would not help.
    """
    is_for_the_phone = wanted is Priority.CRITICAL and case_type not in _NEVER_CRITICAL
    return Priority.HIGH if is_for_the_phone and channel is not Channel.PHONE else wanted


def decide(question: Question) -> Allowed | Denied:
    """Answer the question by the first row of REFUSALS that applies."""
    for refusal in REFUSALS:
        if refusal.applies(question):
            return in_figures(refusal.denied, question.rulebook)
    return Allowed()


def in_figures(denied: Denied, rulebook: Rulebook) -> Denied:
    """Return the refusal with the site's figures in its words."""
    figures = {
        "reopen_days": rulebook.reopen_days,
        "feature_request_days": rulebook.feature_request_days,
        "escalation_hours": int(rulebook.escalation_pause.total_seconds() // 3600),
    }
    return replace(denied, words=denied.words.format(**figures))
