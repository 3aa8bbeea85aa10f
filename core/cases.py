"""The verbs: everything that can be done to a case, by any channel.

Each takes the unit of work, who acts and over which channel, and is policy -> lifecycle -> event -> notices
and nothing else; core.acting is their common frame. What a rule forbids raises Refused and changes nothing.
The verbs of an escalation are in core.escalations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, NoReturn

from core import directory, numbers, pins
from core.acting import (
    FOLLOWUP_TIMER,
    NOTIFIER,
    RETENTION,
    Actor,
    Done,
    Said,
    Wish,
    carry_out,
    demand_words,
    event_of,
    permit,
    tell,
)
from core.errors import BadInput, Refused
from core.rules import followups, lifecycle, targets
from core.rules.fields import CaseFields, checked_fields, checked_subject
from core.rules.followups import Followup, Step
from core.rules.lifecycle import Move, Trigger
from core.rules.policy import PHONE_INSTRUCTION, Act, Denied, reachable_priority
from core.rules.terms import CareLevel, CaseType, EventKind, Priority, Role, Rulebook, SubStatus
from core.store import cases as rows
from core.store import outbox
from core.store.cases import Case, KeptFile
from core.store.claiming import State
from core.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class NewCase:
    """What a case is opened with (C5)."""

    contact_id: int
    combination_id: int
    subject: str
    text: str
    priority: Priority = Priority.MEDIUM
    callback_number: str | None = None  # C12: kept for a case that is opened as Critical, in E.164
    production_down: bool = False
    type: CaseType = CaseType.SUPPORT
    fields: CaseFields = field(default_factory=CaseFields)


def open_case(uow: UnitOfWork, actor: Actor, new: NewCase) -> Done:
    """Open a case and return it (C1, C5); asked for Critical elsewhere than by phone, it is High (C3).

    Raises Refused (A3, A9, C2, C3, E1, P5) and BadInput.
    """
    subject, given = _subject(uow, new.subject), _fields(uow, new.type, new.fields)
    priority = reachable_priority(new.priority, actor.channel, new.type)
    is_critical = priority is Priority.CRITICAL
    care_levels = _permit_opening(uow, actor, new, priority)
    callback_number = _callback_number(new.callback_number) if is_critical else None
    owner = directory.first_on_call(uow, given.product)
    status, sub_status = lifecycle.beginning(new.type)
    owed = targets.owed_from(new.type, priority, care_levels, uow.now, uow.house.rulebook)
    values = {
        "type": new.type,
        "priority": int(priority),
        "production_down": is_critical and new.production_down,
        "callback_number": callback_number,
        "status": status,
        "sub_status": sub_status,
        "subject": subject,
        "combination_id": new.combination_id,
        "contact_id": new.contact_id,
        "owner_id": owner.analyst_id if owner else None,
        "opened_at": uow.now,
        **rows.field_columns(given),
        **rows.target_columns(owed),
    }
    said = Said(EventKind.OPENED, _with_instruction(new.text, new.priority, priority))
    done = Done(*rows.insert(uow.connection, values, event_of(uow, actor, said)))
    tell(uow, actor, said, done, moved=True)
    return done


def _permit_opening(uow: UnitOfWork, actor: Actor, new: NewCase, priority: Priority) -> frozenset[CareLevel]:
    """Return the care levels that the case is opened under. Whoever opens it, it is for somebody who may (A3, A9)."""
    wish = Wish(Act.OPEN, wanted=priority, opens=new.type)
    standing = permit(uow, actor, new.combination_id, wish)
    if actor.role is not Role.CUSTOMER or actor.contact_id != new.contact_id:
        for_whom = Actor(Role.CUSTOMER, "", actor.channel, contact_id=new.contact_id)
        standing = permit(uow, for_whom, new.combination_id, wish)
    return standing.care_levels(uow.now)


def update(uow: UnitOfWork, actor: Actor, case: Case, text: str, files: Sequence[KeptFile] = ()) -> Done:
    """Add the customer's words to the history; what waited for them is Open again (C7, E4). Raises Refused."""
    named = [replace(file, name=pins.masked(uow, file.name)) for file in files]
    said = Said(EventKind.CUSTOMER_UPDATE, text, files=named)
    return carry_out(uow, actor, case, Wish(Act.UPDATE, Trigger.CUSTOMER_UPDATE), said)


def post(uow: UnitOfWork, actor: Actor, case: Case, text: str, *, public: bool = True) -> Done:
    """Write to the customer, or a note for colleagues only. Raises Refused and BadInput."""
    demand_words("text", text)
    kind = EventKind.POST if public else EventKind.NOTE
    return carry_out(uow, actor, case, Wish(Act.WORK), Said(kind, text, public))


def ask_information(uow: UnitOfWork, actor: Actor, case: Case, question: str) -> Done:
    """Ask the customer; the follow-up timer starts (N1), but for a Feature Request (C13).

    Raises Refused and BadInput.
    """
    demand_words("question", question)
    is_wish = case.type is CaseType.FEATURE_REQUEST
    wish = Wish(Act.WORK, Trigger.INFO_REQUIRED if is_wish else Trigger.INFORMATION_ASKED)
    return carry_out(uow, actor, case, wish, Said(EventKind.INFORMATION_ASKED, question))


def propose_solution(
    uow: UnitOfWork, actor: Actor, case: Case, solution: str, *, fixed: bool = False
) -> Done:
    """Propose a solution; the follow-up timer starts (N1). `fixed`: software is provided.

    Raises Refused and BadInput.
    """
    demand_words("solution", solution)
    wish = Wish(Act.WORK, Trigger.FIX_PROVIDED if fixed else Trigger.SOLUTION_REPLIED)
    return carry_out(uow, actor, case, wish, Said(EventKind.SOLUTION_PROPOSED, solution))


def set_status(uow: UnitOfWork, actor: Actor, case: Case, sub_status: SubStatus, text: str = "") -> Done:
    """Move the case to a sub-status that has no verb of its own (C6, C13, C14). Raises Refused and BadInput."""
    by_hand = lifecycle.set_by_hand(case.type)
    if sub_status not in by_hand:
        words = f"one of: {', '.join(by_hand)}; others are set by asking, proposing, closing, reopening (C6)"
        raise BadInput("sub-status", str(sub_status), words)
    wish = Wish(Act.WORK, by_hand[sub_status])
    move = lifecycle.move(case.type, case.status, case.sub_status, by_hand[sub_status], actor.role)
    if isinstance(move, Move) and (move.status, move.sub_status) == (case.status, case.sub_status):
        _refuse_what_is_so(uow, actor, case, wish, f"The case is {case.status} / {sub_status} already.", "C6")
    return carry_out(uow, actor, case, wish, Said(EventKind.STATUS_CHANGED, text))


def change_fields(
    uow: UnitOfWork, actor: Actor, case: Case, *, subject: str | None = None, **changed: Any
) -> Done:
    """Change what the case tells besides its story; the change is noted for colleagues (C5).

    `changed` are names of CaseFields. Raises Refused and BadInput.
    """
    after = _fields(uow, case.type, case.fields.changed(**changed))
    new_subject = case.subject if subject is None else _subject(uow, subject)
    differences = _differences(case, after, new_subject)
    if not differences:
        raise BadInput("fields", "", "at least one that is not so already (C5)")
    wish = Wish(Act.WORK, columns={"subject": new_subject, **rows.field_columns(after)})
    said = Said(EventKind.FIELDS_CHANGED, "\n".join(differences), public=False)
    return carry_out(uow, actor, case, wish, said)


def _differences(case: Case, after: CaseFields, subject: str) -> list[str]:
    pairs = [("subject", case.subject, subject)]
    pairs += [(one.name, getattr(case.fields, one.name), getattr(after, one.name)) for one in fields(after)]
    return [f"{name.replace('_', ' ')}: {was!r} -> {is_!r}" for name, was, is_ in pairs if was != is_]


def assign(uow: UnitOfWork, actor: Actor, case: Case, analyst_id: int) -> Done:
    """Give the case to an analyst (C5). Raises Refused and NotFound."""
    email = directory.analyst_email(uow, analyst_id)
    wish = Wish(Act.WORK, columns={"owner_id": analyst_id})
    if case.owner_id == analyst_id:
        _refuse_what_is_so(uow, actor, case, wish, f"The case is assigned to {email} already.", "C5")
    return carry_out(uow, actor, case, wish, Said(EventKind.ASSIGNED, f"Assigned to {email}.", public=False))


def change_priority(uow: UnitOfWork, actor: Actor, case: Case, priority: Priority, text: str = "") -> Done:
    """Set another priority (C4); who asks for Critical in writing gets High and the phone instruction (C3).

    Raises Refused, and BadInput for Critical by phone, which raise_to_critical sets (C12).
    """
    granted = reachable_priority(priority, actor.channel, case.type)
    wish = Wish(Act.CHANGE_PRIORITY, wanted=granted)
    if priority is case.priority:
        _refuse_what_is_so(uow, actor, case, wish, f"The priority is {priority.label} already.", "C3")
    if granted is case.priority:  # High is all that it could get, and has
        wish = replace(wish, wanted=priority)
    permit(uow, actor, case.combination_id, wish, case.facts)
    if granted is Priority.CRITICAL:
        _callback_number(None)
    columns = _columns_of_priority(uow, case, granted, production_down=False)
    wish = replace(wish, columns=columns)
    words = f"Priority changed from {case.priority.label} to {granted.label}. {text}".strip()
    said = Said(EventKind.PRIORITY_CHANGED, _with_instruction(words, priority, granted))
    return carry_out(uow, actor, case, wish, said)


def raise_to_critical(
    uow: UnitOfWork, actor: Actor, case: Case, *, callback_number: str, production_down: bool = False
) -> Done:
    """Make the case Critical and keep the number at which the caller can be reached (C3, C12, P3).

    `callback_number` is in E.164. Where production is down, the timer stops (N4). Raises Refused and BadInput.
    """
    number = _callback_number(callback_number)
    columns = _columns_of_priority(uow, case, Priority.CRITICAL, production_down=production_down)
    columns["callback_number"] = number
    wish = Wish(Act.CHANGE_PRIORITY, wanted=Priority.CRITICAL, columns=columns)
    down = " Production is down." if production_down else ""
    was = "still" if case.priority is Priority.CRITICAL else f"now, {case.priority.label} before"
    words = f"The priority is {Priority.CRITICAL.label} {was}, by phone.{down}"
    said = Said(EventKind.PRIORITY_CHANGED, f"{words} Call-back number: {number}.")
    return carry_out(uow, actor, case, wish, said)


def close(uow: UnitOfWork, actor: Actor, case: Case, reason: SubStatus, comment: str) -> Done:
    """Close the case for a reason, with a comment (C8, C13, C14). Raises Refused and BadInput."""
    reasons = lifecycle.closing_reasons(case.type)
    if reason not in reasons:
        raise BadInput("reason", str(reason), f"one of: {', '.join(reasons)} (C8)")
    demand_words("comment", comment, ": a case is closed with a comment (C8)")
    columns = {"closed_at": uow.now, "closed_by_timer": False, "purged_at": None}
    wish = Wish(Act.CLOSE, reasons[reason], columns=columns)
    return carry_out(uow, actor, case, wish, Said(EventKind.CLOSED, comment))


def reopen(uow: UnitOfWork, actor: Actor, case: Case, information: str) -> Done:
    """Open a closed case again, within its window, with supporting information (C9).

    A response is owed as if it were opened now (P6). Raises Refused and BadInput.
    """
    demand_words("information", information, ": a case is reopened with supporting information (C9)")
    levels = _care_levels(uow, case)
    owed = targets.owed_from(case.type, case.priority, levels, uow.now, uow.house.rulebook)
    columns = {"closed_at": None, "closed_by_timer": False, **rows.target_columns(owed)}
    wish = Wish(Act.REOPEN, Trigger.REOPENED, columns=columns)
    return carry_out(uow, actor, case, wish, Said(EventKind.REOPENED, information))


def record_call_taken(uow: UnitOfWork, actor: Actor, case: Case) -> Done:
    """Note that an analyst took the critical call; the case is theirs from now on (P4)."""
    wish = Wish(Act.WORK, columns={"owner_id": actor.analyst_id})
    said = Said(EventKind.CRITICAL_CALL_TAKEN, f"{actor.name} took the call.", public=False)
    return carry_out(uow, actor, case, wish, said)


def leave_message(uow: UnitOfWork, actor: Actor, case: Case, text: str, *, is_spoken: bool) -> Done:
    """Keep the message of a caller whom nobody answered, and page everyone on call (P4). Raises Refused.

    `is_spoken`: they said something, which is an update like any other (C7, N3).
    """
    wish = Wish(Act.UPDATE, Trigger.CUSTOMER_UPDATE if is_spoken else None)
    return carry_out(uow, actor, case, wish, Said(EventKind.CRITICAL_CALL_MESSAGE, text))


def record_notice_failed(uow: UnitOfWork, case: Case, text: str) -> Done:
    """Note, for colleagues only, that a mail of the case did not arrive; its owner is told (E7, I8)."""
    said = Said(EventKind.NOTICE_FAILED, text, public=False)
    return carry_out(uow, NOTIFIER, case, Wish(Act.RECORD), said)


def record_purge(uow: UnitOfWork, case: Case, text: str) -> Done:
    """Note that what was attached to the case was removed; `text` says what (C10)."""
    wish = Wish(Act.RECORD, columns={"purged_at": uow.now})
    return carry_out(uow, RETENTION, case, wish, Said(EventKind.PURGED, text))


def take_followup_step(uow: UnitOfWork, case: Case) -> Done | None:
    """Carry out the step of the timer that is due: a reminder, or the closing (N1).

    Returns None when nothing was told: the closing waits until the reminders have left (I11).
    """
    if case.followup.step is Step.CLOSE:
        return _close_by_timer(uow, case)
    said = Said(followups.STEP_EVENTS[case.followup.step], "")
    after = followups.followup_after_step(case.followup, uow.now, uow.house.rulebook)
    wish = Wish(Act.WORK, columns=rows.followup_columns(after))
    return carry_out(uow, FOLLOWUP_TIMER, case, wish, said)


def _close_by_timer(uow: UnitOfWork, case: Case) -> Done | None:
    first = outbox.of_last_event(uow.connection, case.id, EventKind.REMINDER_1)
    last = outbox.of_last_event(uow.connection, case.id, EventKind.REMINDER_2)
    states = {notice.state for notice in first + last}
    if states & {State.WAITING, State.WORKING}:
        rows.set_followup(uow.connection, case, followups.put_off(case.followup, uow.now))
        return None
    if states - {State.DONE}:
        said = Said(EventKind.CLOSING_POSTPONED, "A reminder could not be delivered.", public=False)
        wish = Wish(Act.WORK, columns=rows.followup_columns(followups.NO_FOLLOWUP))
        return carry_out(uow, FOLLOWUP_TIMER, case, wish, said)
    earliest = _earliest_closing(last, uow.house.rulebook)
    if earliest is not None and uow.now < earliest:
        rows.set_followup(uow.connection, case, Followup(Step.CLOSE, earliest))
        return None
    days = uow.house.rulebook.followup_days[-1]
    said = Said(EventKind.CLOSED_BY_TIMER, f"Closed after {days} days without an answer.")
    columns = {"closed_at": uow.now, "closed_by_timer": True, "purged_at": None}
    wish = Wish(Act.CLOSE, Trigger.TIMER_RAN_OUT, columns=columns)
    return carry_out(uow, FOLLOWUP_TIMER, case, wish, said)


def _earliest_closing(reminders: Sequence[outbox.Leaving], rulebook: Rulebook) -> datetime | None:
    left = [notice.settled_at for notice in reminders if notice.settled_at is not None]
    return followups.closing_not_before(max(left), rulebook) if left else None


def _subject(uow: UnitOfWork, subject: str) -> str:
    return checked_subject(pins.masked(uow, subject))


def _fields(uow: UnitOfWork, case_type: CaseType, given: CaseFields) -> CaseFields:
    texts = {name: text for name, text in vars(given).items() if isinstance(text, str)}
    masked: dict[str, Any] = {name: pins.masked(uow, text) for name, text in texts.items()}
    return checked_fields(case_type, replace(given, **masked))


def _callback_number(given: str | None) -> str:
    """Return the number in E.164. Raises BadInput where there is none, or none that can be dialled (C12)."""
    if not given:
        raise BadInput("call-back number", given, "given: a Critical case has one at all times (C12)")
    return numbers.dialable(given, "call-back number")


def _with_instruction(text: str, asked: Priority, granted: Priority) -> str:
    return text if asked is granted else f"{text}\n\n{PHONE_INSTRUCTION}".strip()


def _refuse_what_is_so(
    uow: UnitOfWork, actor: Actor, case: Case, wish: Wish, words: str, rule: str
) -> NoReturn:
    """Refuse an act that would change nothing, once it is sure that the actor may know that."""
    permit(uow, actor, case.combination_id, wish, case.facts)
    raise Refused(Denied("so-already", rule, words))


def _care_levels(uow: UnitOfWork, case: Case) -> frozenset[CareLevel]:
    """Return what is bought for the case's combination now, as its contact holds it (P6)."""
    return directory.standing(uow, case.contact_id, case.combination_id).care_levels(uow.now)


def _columns_of_priority(
    uow: UnitOfWork, case: Case, priority: Priority, *, production_down: bool
) -> dict[str, Any]:
    rulebook = uow.house.rulebook
    followup = followups.followup_after_priority(
        case.status,
        case.sub_status,
        case.followup,
        uow.now,
        reminded=followups.has_followups(priority, production_down=production_down),
        rulebook=rulebook,
    )
    levels = _care_levels(uow, case)
    opened_at = rows.last_opened_at(uow.connection, case)
    owed = targets.owed_after_priority(case.targets, priority, levels, opened_at, uow.now, rulebook)
    return {
        "priority": int(priority),
        "production_down": production_down,
        **rows.followup_columns(followup),
        **rows.target_columns(owed),
    }
