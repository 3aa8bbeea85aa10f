"""The verbs: everything that can be done to a case, by any channel.

Each takes the unit of work, who acts and over which channel, and is policy -> lifecycle -> event -> notices
and nothing else. What a rule forbids raises Refused and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import directory, telling
from core.errors import BadInput, Refused
from core.rules import lifecycle
from core.rules.lifecycle import Followup, Impossible, Step, Trigger
from core.rules.notices import Happened, notices_of
from core.rules.policy import (
    ANALYST,
    PHONE_INSTRUCTION,
    TIMER,
    Act,
    CaseFacts,
    Denied,
    Question,
    Standing,
    decide,
    reachable_priority,
)
from core.rules.terms import CaseType, Channel, EventKind, Priority, Role, Rulebook, Status, SubStatus
from core.store import cases as rows
from core.store import outbox
from core.store.cases import Case, KeptFile
from core.store.claiming import State
from core.unit_of_work import UnitOfWork

LONGEST_SUBJECT = 1000  # characters (C5)
LONGEST_ACTOR = 300


@dataclass(frozen=True)
class Actor:
    """Who acts, and over which channel. `name` is what the history shows."""

    role: Role
    name: str
    channel: Channel
    contact_id: int | None = None
    analyst_id: int | None = None


FOLLOWUP_TIMER = Actor(Role.TIMER, "follow-up timer", Channel.TIMER)
NOTIFIER = Actor(Role.TIMER, "notifier", Channel.TIMER)


@dataclass(frozen=True)
class NewCase:
    """What a case is opened with (C5)."""

    contact_id: int
    combination_id: int
    subject: str
    text: str
    product: str = ""
    priority: Priority = Priority.MEDIUM
    callback_number: str | None = None  # C12: kept for a case that is opened as Critical, in E.164
    production_down: bool = False
    type: CaseType = CaseType.SUPPORT


@dataclass(frozen=True)
class Said:
    """What an act says: the event's kind and text, who may read it, what is attached."""

    kind: EventKind
    text: str
    public: bool = True
    files: Sequence[KeptFile] = ()


@dataclass(frozen=True)
class Done:
    """What an act came to: the case as it is now, and the event that tells of it."""

    case: Case
    event_id: int


@dataclass(frozen=True)
class Wish:
    """What an act asks of policy and lifecycle, and which further columns it sets."""

    act: Act
    trigger: Trigger | None = None
    wanted: Priority | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


def open_case(uow: UnitOfWork, actor: Actor, new: NewCase) -> Done:
    """Open a case and return it (C1, C5); asked for Critical elsewhere than by phone, it is High (C3).

    Raises Refused (A3, A9, E1, P5) and BadInput.
    """
    subject = new.subject.strip()
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise BadInput("subject", new.subject, f"1 to {LONGEST_SUBJECT} characters long (C5)")
    priority = reachable_priority(new.priority, actor.channel)
    wish = Wish(Act.OPEN, wanted=priority)
    _permit(uow, actor, new.combination_id, wish, case=None)
    # Whoever opens it, it is opened for somebody who may have one (A3, A9).
    for_whom = Actor(Role.CUSTOMER, "", actor.channel, contact_id=new.contact_id)
    _permit(uow, for_whom, new.combination_id, wish, case=None)
    owner = directory.first_on_call(uow, new.product)
    values = {
        "type": new.type,
        "priority": int(priority),
        "production_down": new.production_down,
        "callback_number": new.callback_number,
        "status": Status.OPEN,
        "sub_status": SubStatus.NEW,
        "subject": subject,
        "product": new.product,
        "combination_id": new.combination_id,
        "contact_id": new.contact_id,
        "owner_id": owner.analyst_id if owner else None,
        "opened_at": uow.now,
    }
    said = Said(EventKind.OPENED, _with_instruction(new.text, new.priority, priority))
    case, event_id = rows.insert(uow.connection, values, _event(uow, actor, said))
    _tell(uow, actor, said, Done(case, event_id), status_changed=True)
    return Done(case, event_id)


def update(uow: UnitOfWork, actor: Actor, case: Case, text: str, files: Sequence[KeptFile] = ()) -> Done:
    """Add the customer's words to the history; what waited for them is Open again (C7, E4). Raises Refused."""
    said = Said(EventKind.CUSTOMER_UPDATE, text, files=files)
    return _carry_out(uow, actor, case, Wish(Act.UPDATE, Trigger.CUSTOMER_UPDATE), said)


def post(uow: UnitOfWork, actor: Actor, case: Case, text: str, *, public: bool = True) -> Done:
    """Write to the customer, or a note for colleagues only. Raises Refused and BadInput."""
    _demand_words("text", text)
    kind = EventKind.POST if public else EventKind.NOTE
    return _carry_out(uow, actor, case, Wish(Act.WORK), Said(kind, text, public))


def ask_information(uow: UnitOfWork, actor: Actor, case: Case, question: str) -> Done:
    """Ask the customer; the follow-up timer starts (N1). Raises Refused and BadInput."""
    _demand_words("question", question)
    wish = Wish(Act.WORK, Trigger.INFORMATION_ASKED)
    return _carry_out(uow, actor, case, wish, Said(EventKind.INFORMATION_ASKED, question))


def propose_solution(
    uow: UnitOfWork, actor: Actor, case: Case, solution: str, *, fixed: bool = False
) -> Done:
    """Propose a solution; the follow-up timer starts (N1). `fixed`: software is provided.

    Raises Refused and BadInput.
    """
    _demand_words("solution", solution)
    wish = Wish(Act.WORK, Trigger.FIX_PROVIDED if fixed else Trigger.SOLUTION_REPLIED)
    return _carry_out(uow, actor, case, wish, Said(EventKind.SOLUTION_PROPOSED, solution))


_SET_BY_HAND: dict[SubStatus, Trigger] = {
    SubStatus.INVESTIGATION: Trigger.INVESTIGATED,
    SubStatus.ENGINEERING_REQUEST: Trigger.PASSED_TO_ENGINEERING,
    SubStatus.MAINTENANCE_REVIEW: Trigger.PASSED_TO_MAINTENANCE,
    SubStatus.THIRD_PARTY_PENDING: Trigger.THIRD_PARTY_AWAITED,
}


def set_status(uow: UnitOfWork, actor: Actor, case: Case, sub_status: SubStatus, text: str = "") -> Done:
    """Move the case to a sub-status that has no verb of its own (C6). Raises Refused and BadInput."""
    trigger = _SET_BY_HAND.get(sub_status)
    if trigger is None:
        allowed = ", ".join(_SET_BY_HAND)
        raise BadInput(
            "sub-status", str(sub_status), f"one of: {allowed}; the others have a verb of their own (C6)"
        )
    return _carry_out(uow, actor, case, Wish(Act.WORK, trigger), Said(EventKind.STATUS_CHANGED, text))


def change_priority(uow: UnitOfWork, actor: Actor, case: Case, priority: Priority, text: str = "") -> Done:
    """Set another priority (C4); who asks for Critical gets High and the phone instruction (C3). Raises Refused."""
    granted = reachable_priority(priority, actor.channel)
    columns = _columns_of_priority(uow, case, granted, production_down=False)
    wish = Wish(Act.CHANGE_PRIORITY, wanted=granted, columns=columns)
    words = f"Priority changed from {case.priority.label} to {granted.label}. {text}".strip()
    said = Said(EventKind.PRIORITY_CHANGED, _with_instruction(words, priority, granted))
    return _carry_out(uow, actor, case, wish, said)


def raise_to_critical(
    uow: UnitOfWork, actor: Actor, case: Case, *, callback_number: str, production_down: bool = False
) -> Done:
    """Make the case Critical and keep the number at which the caller can be reached (C3, C12, P3).

    `callback_number` is in E.164. Where production is down, the timer stops (N4). Raises Refused.
    """
    columns = _columns_of_priority(uow, case, Priority.CRITICAL, production_down=production_down)
    columns["callback_number"] = callback_number
    wish = Wish(Act.CHANGE_PRIORITY, wanted=Priority.CRITICAL, columns=columns)
    down = " Production is down." if production_down else ""
    was = "still" if case.priority is Priority.CRITICAL else f"now, {case.priority.label} before"
    words = f"The priority is {Priority.CRITICAL.label} {was}, by phone.{down}"
    said = Said(EventKind.PRIORITY_CHANGED, f"{words} Call-back number: {callback_number}.")
    return _carry_out(uow, actor, case, wish, said)


def close(uow: UnitOfWork, actor: Actor, case: Case, reason: SubStatus, comment: str) -> Done:
    """Close the case for a reason, with a comment (C8). Raises Refused and BadInput."""
    triggers = {SubStatus.RESOLVED: Trigger.RESOLVED, SubStatus.CANCELLED: Trigger.CANCELLED}
    if reason not in triggers:
        raise BadInput("reason", str(reason), "Resolved or Cancelled (C8)")
    _demand_words("comment", comment, ": a case is closed with a comment (C8)")
    columns = {"closed_at": uow.now, "closed_by_timer": False}
    wish = Wish(Act.CLOSE, triggers[reason], columns=columns)
    return _carry_out(uow, actor, case, wish, Said(EventKind.CLOSED, comment))


def reopen(uow: UnitOfWork, actor: Actor, case: Case, information: str) -> Done:
    """Open a closed case again, within its window, with supporting information (C9). Raises Refused, BadInput."""
    _demand_words("information", information, ": a case is reopened with supporting information (C9)")
    wish = Wish(Act.REOPEN, Trigger.REOPENED, columns={"closed_at": None, "closed_by_timer": False})
    return _carry_out(uow, actor, case, wish, Said(EventKind.REOPENED, information))


def record_call_taken(uow: UnitOfWork, actor: Actor, case: Case) -> Done:
    """Note that an analyst took the critical call; the case is theirs from now on (P4)."""
    wish = Wish(Act.WORK, columns={"owner_id": actor.analyst_id})
    said = Said(EventKind.CRITICAL_CALL_TAKEN, f"{actor.name} took the call.", public=False)
    return _carry_out(uow, actor, case, wish, said)


def leave_message(uow: UnitOfWork, actor: Actor, case: Case, text: str) -> Done:
    """Keep the message of a caller whom nobody answered, and page everyone on call (P4). Raises Refused."""
    return _carry_out(uow, actor, case, Wish(Act.UPDATE), Said(EventKind.CRITICAL_CALL_MESSAGE, text))


def record_notice_failed(uow: UnitOfWork, case: Case, text: str) -> Done:
    """Note, for colleagues only, that a mail of the case did not arrive; its owner is told (E7, I8)."""
    return _carry_out(
        uow, NOTIFIER, case, Wish(Act.RECORD), Said(EventKind.NOTICE_FAILED, text, public=False)
    )


def take_followup_step(uow: UnitOfWork, case: Case) -> Done | None:
    """Carry out the step of the timer that is due: a reminder, or the closing (N1).

    Returns None when nothing was told: the closing waits until the reminders have left (I11).
    """
    if case.followup.step is Step.CLOSE:
        return _close_by_timer(uow, case)
    said = Said(lifecycle.STEP_EVENTS[case.followup.step], "")
    after = lifecycle.followup_after_step(case.followup, uow.now, uow.house.rulebook)
    wish = Wish(Act.WORK, columns=rows.followup_columns(after))
    return _carry_out(uow, FOLLOWUP_TIMER, case, wish, said)


def _close_by_timer(uow: UnitOfWork, case: Case) -> Done | None:
    first = outbox.of_last_event(uow.connection, case.id, EventKind.REMINDER_1)
    last = outbox.of_last_event(uow.connection, case.id, EventKind.REMINDER_2)
    states = {notice.state for notice in first + last}
    if states & {State.WAITING, State.WORKING}:
        rows.set_followup(uow.connection, case, lifecycle.put_off(case.followup, uow.now))
        return None
    if states - {State.DONE}:
        said = Said(EventKind.CLOSING_POSTPONED, "A reminder could not be delivered.", public=False)
        wish = Wish(Act.WORK, columns=rows.followup_columns(lifecycle.NO_FOLLOWUP))
        return _carry_out(uow, FOLLOWUP_TIMER, case, wish, said)
    earliest = _earliest_closing(last, uow.house.rulebook)
    if earliest is not None and uow.now < earliest:
        rows.set_followup(uow.connection, case, Followup(Step.CLOSE, earliest))
        return None
    days = uow.house.rulebook.followup_days[-1]
    said = Said(EventKind.CLOSED_BY_TIMER, f"Closed after {days} days without an answer.")
    columns = {"closed_at": uow.now, "closed_by_timer": True}
    wish = Wish(Act.CLOSE, Trigger.TIMER_RAN_OUT, columns=columns)
    return _carry_out(uow, FOLLOWUP_TIMER, case, wish, said)


def _earliest_closing(reminders: Sequence[outbox.Leaving], rulebook: Rulebook) -> datetime | None:
    left = [notice.settled_at for notice in reminders if notice.settled_at is not None]
    return lifecycle.closing_not_before(max(left), rulebook) if left else None


def permitted(
    uow: UnitOfWork, actor: Actor, case: Case, act: Act, wanted: Priority | None = None
) -> Denied | None:
    """Return what forbids the act, or None when it is allowed now. Changes nothing."""
    return _denied(uow, actor, case.combination_id, Wish(act, wanted=wanted), case.facts)


def _demand_words(field: str, text: str, why: str = "") -> None:
    if not text.strip():
        raise BadInput(field, text, f"a few words{why}")


def _with_instruction(text: str, asked: Priority, granted: Priority) -> str:
    return text if asked is granted else f"{text} {PHONE_INSTRUCTION}".strip()


def _carry_out(uow: UnitOfWork, actor: Actor, case: Case, wish: Wish, said: Said) -> Done:
    """Do what every verb does: policy, lifecycle, event, notices."""
    _permit(uow, actor, case.combination_id, wish, case.facts)
    columns = _columns_of_move(uow, actor, case, wish) | dict(wish.columns)
    after, event_id = rows.change(uow.connection, case, columns, _event(uow, actor, said))
    rows.attach(uow.connection, event_id, said.files)
    done = Done(after, event_id)
    _tell(uow, actor, said, done, status_changed=after.status is not case.status)
    return done


def _permit(uow: UnitOfWork, actor: Actor, combination_id: int, wish: Wish, case: CaseFacts | None) -> None:
    denied = _denied(uow, actor, combination_id, wish, case)
    if denied is not None:
        raise Refused(denied)


def _denied(
    uow: UnitOfWork, actor: Actor, combination_id: int, wish: Wish, case: CaseFacts | None
) -> Denied | None:
    standing = _standing(uow, actor, combination_id)
    question = Question(
        wish.act, actor.channel, standing, uow.now, case, wanted=wish.wanted, rulebook=uow.house.rulebook
    )
    answer = decide(question)
    return answer if isinstance(answer, Denied) else None


def _standing(uow: UnitOfWork, actor: Actor, combination_id: int) -> Standing:
    if actor.role is Role.ANALYST:
        return ANALYST
    if actor.role is Role.TIMER:
        return TIMER
    return directory.standing(uow, actor.contact_id, combination_id)


def _columns_of_move(uow: UnitOfWork, actor: Actor, case: Case, wish: Wish) -> dict[str, Any]:
    if wish.trigger is None:
        return {}
    move = lifecycle.move(case.type, case.status, wish.trigger, actor.role)
    if isinstance(move, Impossible):
        raise Refused(Denied("no-such-move", "C6", f"This is not possible: {move.words}."))
    reminded = lifecycle.has_followups(case.priority, production_down=case.production_down)
    followup = lifecycle.followup_after(
        move, case.followup, uow.now, reminded=reminded, rulebook=uow.house.rulebook
    )
    sub_status = move.sub_status or case.sub_status
    return {"status": move.status, "sub_status": sub_status, **rows.followup_columns(followup)}


def _columns_of_priority(
    uow: UnitOfWork, case: Case, priority: Priority, *, production_down: bool
) -> dict[str, Any]:
    followup = lifecycle.followup_after_priority(
        case.status,
        case.sub_status,
        case.followup,
        uow.now,
        reminded=lifecycle.has_followups(priority, production_down=production_down),
        rulebook=uow.house.rulebook,
    )
    return {
        "priority": int(priority),
        "production_down": production_down,
        **rows.followup_columns(followup),
    }


def _event(uow: UnitOfWork, actor: Actor, said: Said) -> rows.Event:
    name = actor.name[:LONGEST_ACTOR]
    return rows.Event(uow.now, said.kind, actor.channel, actor.role, name, said.text, said.public)


def _tell(uow: UnitOfWork, actor: Actor, said: Said, done: Done, *, status_changed: bool) -> None:
    happened = Happened(said.kind, actor.role, said.public, status_changed)
    for notice in notices_of(happened):
        telling.tell(uow, notice, done.case, done.event_id)
