"""May this person do this to this case, over this channel, now?

`decide` is the one answer to that question, for mail, phone, console and timer alike. It walks REFUSALS,
the ordered table below: the first row that applies refuses, with the rule's id and words that triage
shows, the phone speaks and the command line prints. What no row refuses is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.rules.terms import Access, CareLevel, Channel, ContractStatus, Priority, Role, Rulebook, Status


class Act(StrEnum):
    """What somebody wants to do."""

    USE_PHONE_MENU = "use the phone menu"
    SEE = "see a case"
    OPEN = "open a case"
    UPDATE = "update a case"
    CLOSE = "close a case"
    REOPEN = "reopen a case"
    CHANGE_PRIORITY = "change the priority of a case"
    REACH_ANALYST = "be put through to an analyst"
    WORK = "work on a case"
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
class Standing:
    """What a person is to one combination, read in the same transaction that acts (A9).

    `access` is None for who has no grant there; `contracts` are those of the combination.
    """

    role: Role
    access: Access | None = None
    contracts: tuple[ContractFacts, ...] = ()

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
    """What the rules ask of a case. `closed_by_timer` matters only while it is Closed."""

    status: Status
    priority: Priority
    closed_at: datetime | None = None
    closed_by_timer: bool = False


@dataclass(frozen=True)
class Question:
    """Everything a decision depends on. `wanted` is the priority asked for, where one is."""

    act: Act
    channel: Channel
    standing: Standing
    now: datetime
    case: CaseFacts | None = None
    wanted: Priority | None = None
    rulebook: Rulebook = field(default_factory=Rulebook)


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
class Refusal:
    """A row of the table: when it applies, what it answers."""

    denied: Denied
    applies: Callable[[Question], bool]


_CHANGES = frozenset({Act.OPEN, Act.UPDATE, Act.CLOSE, Act.REOPEN, Act.CHANGE_PRIORITY})
_PHONE_FOR_CRITICAL_ONLY = frozenset({CareLevel.CARE_FOR_CLOUD})


def reopen_until(closed_at: datetime, rulebook: Rulebook) -> datetime:
    """Return the instant from which a case closed at `closed_at` can no longer be reopened (C9)."""
    return closed_at + timedelta(days=rulebook.reopen_days)


def _is_customer(question: Question) -> bool:
    return question.standing.role is Role.CUSTOMER


def _has_no_grant(question: Question) -> bool:
    return _is_customer(question) and question.standing.access in (None, Access.BASIC)


def _is_not_designated(question: Question) -> bool:
    needs = question.act in _CHANGES or question.act in (Act.USE_PHONE_MENU, Act.REACH_ANALYST)
    return _is_customer(question) and needs and question.standing.access is not Access.READ_WRITE


def _has_no_live_contract(question: Question) -> bool:
    return _is_customer(question) and not question.standing.is_entitled(question.now)


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
    return _is_closed(question) and question.act in (Act.UPDATE, Act.CLOSE, Act.CHANGE_PRIORITY, Act.WORK)


def _reopens_an_active_case(question: Question) -> bool:
    return question.act is Act.REOPEN and not _is_closed(question)


def _reopens_too_late(question: Question) -> bool:
    closed_at = question.case.closed_at if question.case else None
    return (
        question.act is Act.REOPEN
        and closed_at is not None
        and question.now >= reopen_until(closed_at, question.rulebook)
    )


def _reopens_in_writing_what_the_timer_closed(question: Question) -> bool:
    return (
        question.act is Act.REOPEN
        and _is_closed(question)
        and question.case is not None
        and question.case.closed_by_timer
        and question.channel is not Channel.PHONE
    )


def _row(reason: str, rule: str, words: str, applies: Callable[[Question], bool]) -> Refusal:
    return Refusal(Denied(reason, rule, words), applies)


REFUSALS: tuple[Refusal, ...] = (
    # Who is nobody here learns nothing else about the case, so this comes first.
    _row(
        "no-access",
        "A3",
        "The sender or caller has no access to cases of this customer.",
        _has_no_grant,
    ),
    # A right that has lost its ground is no right, whatever the grant says; and it is lost on every channel.
    _row(
        "no-live-contract",
        "A9",
        "No service contract for these systems is active at this time.",
        _has_no_live_contract,
    ),
    _row(
        "not-designated",
        "A3",
        "Only a Designated Contact may do this; this contact may read cases and not change them.",
        _is_not_designated,
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
        "The case is closed. It can be reopened within 30 days of its closure, by phone.",
        _acts_on_a_closed_case,
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
        "The case was closed 30 days ago or more and cannot be reopened. Please open a new case.",
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


def reachable_priority(wanted: Priority, channel: Channel) -> Priority:
    """Return the priority that this channel can set when `wanted` is asked for: High for Critical (C3)."""
    return Priority.HIGH if wanted is Priority.CRITICAL and channel is not Channel.PHONE else wanted


def decide(question: Question) -> Allowed | Denied:
    """Answer the question by the first row of REFUSALS that applies."""
    for refusal in REFUSALS:
        if refusal.applies(question):
            return refusal.denied
    return Allowed()
