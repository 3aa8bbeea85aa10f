"""The rules as a support manager reads them: one page of tables, printed from the code that decides.

`intake rules` prints it, and `docs/policy.md` is what it printed last; a test compares the two. Every cell is an
answer of `core.rules`, so that the page cannot say anything else than the gateway does. The figures are those of
the rulebook that is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.rules import grants
from core.rules.followups import STEP_EVENTS
from core.rules.lifecycle import MOVES, Move, beginning
from core.rules.notices import NOTICES, Notice
from core.rules.policy import (
    ANALYST,
    REFUSALS,
    STRANGER,
    Act,
    Allowed,
    CaseFacts,
    ContractFacts,
    Denied,
    Question,
    Standing,
    decide,
    in_figures,
)
from core.rules.targets import first_response_within
from core.rules.terms import (
    SUB_TYPES,
    Access,
    CareLevel,
    CaseType,
    Channel,
    ContractStatus,
    EscalationGround,
    EventKind,
    Priority,
    Role,
    Rulebook,
    Status,
)

_NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_DAY = timedelta(days=1)
_YES = "yes"

Cells = Sequence[str]


def rules_page(rulebook: Rulebook) -> str:
    """Return the page in Markdown."""
    return "\n".join(line for section in _SECTIONS for line in section(rulebook)).rstrip() + "\n"


# --- the cells ----------------------------------------------------------------------------------------------


def _contract(level: CareLevel, *, ends: timedelta = _DAY) -> ContractFacts:
    return ContractFacts(level, ContractStatus.ACTIVE, _NOW - 400 * _DAY, _NOW + ends)


def _customer(
    access: Access, level: CareLevel = CareLevel.PREMIUM_CARE, *, ends: timedelta = _DAY
) -> Standing:
    return Standing(Role.CUSTOMER, access, (_contract(level, ends=ends),))


_DC = _customer(Access.READ_WRITE)
_PEOPLE: tuple[tuple[str, Standing], ...] = (
    ("Designated Contact", _DC),
    ("Designated Contact, Care for Cloud", _customer(Access.READ_WRITE, CareLevel.CARE_FOR_CLOUD)),
    ("Designated Contact, every contract ended", _customer(Access.READ_WRITE, ends=timedelta(0))),
    (
        "Designated Contact whose grant lost its ground",
        replace(_DC, groundless=Denied("no-support-owner", "A4", "")),
    ),
    ("Read-Only", _customer(Access.READ_ONLY)),
    ("Basic", _customer(Access.BASIC)),
    ("nobody we know", STRANGER),
    ("analyst", ANALYST),
)
_OPEN = CaseFacts(Status.OPEN, Priority.MEDIUM, updated_at=_NOW - 2 * _DAY)


def _closed(ago: timedelta, *, by_timer: bool = False) -> CaseFacts:
    return CaseFacts(Status.CLOSED, Priority.MEDIUM, _NOW - ago, by_timer)


def _cell(question: Question) -> str:
    answer = decide(question)
    return _YES if isinstance(answer, Allowed) else answer.reason


def _by_channel(question: Question) -> str:
    """Return one answer, or where channels differ, each answer with its channels."""
    channels: dict[str, list[Channel]] = {}
    for channel in (Channel.PHONE, Channel.CONSOLE, Channel.MAIL):
        channels.setdefault(_cell(replace(question, channel=channel)), []).append(channel)
    if len(channels) == 1:
        return next(iter(channels))
    return "; ".join(f"{answer} ({', '.join(names)})" for answer, names in channels.items())


# --- the sections -------------------------------------------------------------------------------------------


def _head(_rulebook: Rulebook) -> Iterator[str]:
    yield "# Who may do what, and what happens then"
    yield ""
    yield "Printed by `intake rules` from the code that decides; do not edit it by hand. Words such as"
    yield "`not-designated` are explained under [Refusals](#refusals); rule ids are those of [rules.md](rules.md)."


def _acts(rulebook: Rulebook) -> Iterator[str]:
    yield from _title("On an active case of medium priority, last updated two days ago")
    acts = (Act.USE_PHONE_MENU, Act.SEE, Act.UPDATE, Act.CLOSE, Act.ESCALATE, Act.WORK)
    rows = [
        (
            who,
            *(
                _by_channel(Question(act, Channel.MAIL, standing, _NOW, _OPEN, rulebook=rulebook))
                for act in acts
            ),
        )
        for who, standing in _PEOPLE
    ]
    yield from _table(("who", *acts), rows)


def _openings(rulebook: Rulebook) -> Iterator[str]:
    yield from _title("Opening a case")
    rows = []
    for who, standing in _PEOPLE:
        questions = (
            Question(
                Act.OPEN,
                Channel.MAIL,
                standing,
                _NOW,
                rulebook=rulebook,
                opens=case_type,
                wanted=Priority.MEDIUM,
            )
            for case_type in CaseType
        )
        rows.append((who, *map(_by_channel, questions)))
    yield from _table(("who", *CaseType), rows)
    yield ""
    yield "Whoever opens a case, by whatever right: it is opened for a contact who may have one."
    yield ""
    yield from _table(
        ("type", "what it may be about"),
        [(case_type, ", ".join(words) or "none") for case_type, words in SUB_TYPES.items()],
    )


def _priorities(rulebook: Rulebook) -> Iterator[str]:
    yield from _title("Changing the priority")
    rows = []
    for who, standing in _PEOPLE:
        questions = (
            Question(Act.CHANGE_PRIORITY, Channel.MAIL, standing, _NOW, _OPEN, wanted, rulebook)
            for wanted in Priority
        )
        rows.append((who, *map(_by_channel, questions)))
    yield from _table(("who", *(priority.label for priority in Priority)), rows)
    yield ""
    yield "Who asks for Critical in writing gets High, where they may set High, and the phone instruction (C3)."


def _closed_cases(rulebook: Rulebook) -> Iterator[str]:
    yield from _title("On a closed case")
    days = rulebook.reopen_days
    states = (
        ("closed yesterday", _closed(_DAY)),
        ("closed yesterday by the timer", _closed(_DAY, by_timer=True)),
        (f"one second before {days} days", _closed(days * _DAY - timedelta(seconds=1))),
        (f"{days} days after the closing", _closed(days * _DAY)),
    )
    acts = ((Act.SEE, _DC), (Act.UPDATE, _DC), (Act.REOPEN, _DC), (Act.REOPEN, ANALYST))
    rows = [
        (
            state,
            *(
                _by_channel(Question(act, Channel.MAIL, standing, _NOW, case, rulebook=rulebook))
                for act, standing in acts
            ),
        )
        for state, case in states
    ]
    asked = (*(act for act, standing in acts if standing is _DC), f"{Act.REOPEN}, as an analyst")
    yield from _table(("a Designated Contact's case", *asked), rows)
    yield ""
    yield f"From {days} days after the closing on, attachments, recordings and raw mails are removed (C10)."
    yield f"A closed feature request is shown to customers for {rulebook.feature_request_days} days (C13)."


def _escalations(rulebook: Rulebook) -> Iterator[str]:
    yield from _title("Escalating a case")
    cases = [(f"{one.label}, updated two days ago", replace(_OPEN, priority=one)) for one in Priority]
    cases += [
        ("2-High, updated an hour ago", CaseFacts(Status.OPEN, Priority.HIGH, updated_at=_NOW - _DAY / 24))
    ]
    cases += [("escalated already", replace(_OPEN, escalated=True)), ("closed", _closed(_DAY))]
    rows = [
        (
            state,
            *(
                _cell(
                    Question(Act.ESCALATE, Channel.CONSOLE, _DC, _NOW, case, rulebook=rulebook, ground=ground)
                )
                for ground in (EscalationGround.NO_PROGRESS, EscalationGround.URGENCY)
            ),
        )
        for state, case in cases
    ]
    yield from _table(("case", "any other ground", EscalationGround.URGENCY), rows)


def _refusals(rulebook: Rulebook) -> Iterator[str]:
    yield from _title("Refusals")
    yield "Asked in this order; the first that applies is the answer."
    yield ""
    told = [in_figures(row.denied, rulebook) for row in REFUSALS]
    rows = [(f"`{denied.reason}`", denied.rule, denied.words) for denied in told]
    yield from _table(("reason", "rule", "what people are told"), rows)


def _moves(_rulebook: Rulebook) -> Iterator[str]:
    seen: dict[tuple[Move, ...], list[CaseType]] = {}
    for case_type, moves in MOVES.items():
        seen.setdefault(moves, []).append(case_type)
    for moves, types in seen.items():
        yield from _title(f"Where a case goes: {', '.join(types)}")
        status, sub_status = beginning(types[0])
        yield f"It begins as {status} / {sub_status}. What is not in the table is not possible."
        yield ""
        rows = [(_sources(move), move.trigger, _names(move.by), _target(move), move.timer) for move in moves]
        yield from _table(("from", "when", "by", "to", "the reminders"), rows)


def _sources(move: Move) -> str:
    names = _names(move.sources)
    return f"{names} ({_names(move.only_from)})" if move.only_from else names


def _target(move: Move) -> str:
    return f"{move.status} / {move.sub_status or 'as before'}"


def _followups(rulebook: Rulebook) -> Iterator[str]:
    yield from _title("Reminders")
    rows = [
        (f"{days} day{'s' * (days > 1)} of 24 hours", kind)
        for days, kind in zip(rulebook.followup_days, STEP_EVENTS.values(), strict=True)
    ]
    yield from _table(("after, without an answer", "what happens"), rows)
    yield ""
    yield "None while a Critical case is production-down (N4), none for a third party (N3). The timer closes only"
    yield "what it has reminded of: reminders that did not arrive postpone it."


def _targets(rulebook: Rulebook) -> Iterator[str]:
    yield from _title("First response")
    rows = [
        (level, *(_minutes(first_response_within(level, priority, rulebook)) for priority in Priority))
        for level in CareLevel
    ]
    yield from _table(("care level", *(priority.label for priority in Priority)), rows)
    yield ""
    first, second = rulebook.acknowledge_business_days, rulebook.decide_business_days
    yield f"A service request is acknowledged by the same time {first} business day{'s' * (first > 1)} later, and"
    yield f"accepted or rejected {second} business day{'s' * (second > 1)} later (C14)."
    zone, days_off = (
        rulebook.time_zone,
        ", ".join(day.isoformat() for day in sorted(rulebook.holidays)) or "none",
    )
    yield f"Business days are Monday to Friday in {zone}, holidays: {days_off}; what comes on another day counts from"
    yield "the beginning of the next. A feature request has no target."


def _minutes(within: timedelta) -> str:
    hours, minutes = divmod(int(within.total_seconds()) // 60, 60)
    return f"{hours} h" if not minutes else f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _notices(_rulebook: Rulebook) -> Iterator[str]:
    yield from _title("Who is mailed")
    rows: list[Cells] = [
        (EventKind.CUSTOMER_UPDATE, "the owner; where it moved the case, also the contact", "C7 N5")
    ]
    rows += [(kind, _told(told), " ".join(notice.rule for notice in told)) for kind, told in NOTICES.items()]
    yield from _table(("what happened", "who is told", "rule"), rows)


def _told(notices: Iterable[Notice]) -> str:
    return "; ".join(f"{notice.audience} (`{notice.kind}`)" for notice in notices) or "nobody"


def _grants(_rulebook: Rulebook) -> Iterator[str]:
    yield from _title("Who may be given access")
    yield "With accepted terms and a Designated Approver on record; else a Designated Contact is refused (A5)."
    yield ""
    rows = [
        (name, who, *(_granted(relation, employer, access, approved) for access, approved in _ASKED_FOR))
        for name, relation, employers in _RELATIONS
        for who, employer in employers
    ]
    head = (
        "relation",
        "works for",
        *(f"{access}{', approved' if approved else ''}" for access, approved in _ASKED_FOR),
    )
    yield from _table(head, rows)
    yield ""
    told = [(f"`{row.denied.reason}`", row.denied.rule, row.denied.words) for row in grants.REFUSALS]
    yield from _table(("reason", "rule", "what it means"), told)


_ASKED_FOR = (
    (Access.READ_WRITE, False),
    (Access.READ_WRITE, True),
    (Access.READ_ONLY, False),
    (Access.READ_ONLY, True),
)
_BOTH = (("the Sold To", "P"), ("the End User", "E"))
_RELATIONS = (
    ("direct", grants.Relation("E", "E", frozenset({"E"})), (("the company", "E"), ("another company", "X"))),
    ("through a partner", grants.Relation("P", "E", frozenset({"P"})), (*_BOTH, ("another company", "X"))),
    (
        "through a partner, a third company is Support Owner",
        grants.Relation("P", "E", frozenset({"T"})),
        (*_BOTH, ("the Support Owner", "T")),
    ),
    (
        "the End User is a division or subsidiary of the Sold To",
        grants.Relation("P", "E", frozenset({"P"}), end_user_is_part_of_sold_to=True),
        _BOTH,
    ),
    (
        "through a partner, the End User also buys directly",
        grants.Relation("P", "E", frozenset({"P"}), end_user_buys_directly=True),
        _BOTH,
    ),
)


def _granted(relation: grants.Relation, employer: str, access: Access, approved: bool) -> str:
    """Return what becomes of a grant; the approval is that of the Support Owner, or for readers the partner's."""
    by = relation.sold_to if access is Access.READ_ONLY else next(iter(relation.support_owners))
    candidate = grants.Candidate(employer, access, by if approved else None, "an approver", _NOW)
    answer = grants.decide(candidate, relation)
    return _YES if isinstance(answer, Allowed) else answer.reason


# --- Markdown -----------------------------------------------------------------------------------------------


def _title(words: str) -> Iterator[str]:
    yield from ("", f"## {words}", "")


def _table(head: Cells, rows: Iterable[Cells]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _names(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


_SECTIONS = (
    _head,
    _acts,
    _openings,
    _priorities,
    _closed_cases,
    _escalations,
    _refusals,
    _grants,
    _moves,
    _followups,
    _targets,
    _notices,
)
