"""What the dialogue asks of the core, done in the transaction of the turn.

Every errand is answered in the dialogue's own values; a rule that forbids it becomes a Refusal, and nothing
was changed then.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from core import acting, audit, cases, directory, pins, telling
from core.acting import Actor
from core.cases import NewCase
from core.errors import BadInput, NotFound, Refused
from core.identifiers import random_key
from core.numbers import dialable
from core.rules.policy import Act, Allowed, Denied, Question, decide
from core.rules.terms import Channel, Priority, Role
from core.store import cases as rows
from core.store.cases import Case
from core.unit_of_work import UnitOfWork
from ivr import calls, routing
from ivr.calls import Call
from ivr.conversation import (
    ActAllowed,
    AddUpdate,
    AnalystFound,
    CallbackKnown,
    CallbackUnusable,
    CallerKnown,
    CallIsOver,
    CallState,
    CaseOpened,
    CaseRaised,
    CaseReopened,
    CaseTold,
    CaseUnknown,
    CheckCallback,
    CheckPin,
    CheckRight,
    CompaniesFound,
    Company,
    CoreAnswer,
    Errand,
    FindAnalyst,
    FindCase,
    FindCompanies,
    LeaveMessage,
    MessageKept,
    NobodyLeft,
    OnCallPaged,
    OpenCase,
    PageOnCall,
    PinMistyped,
    PinRefused,
    RaiseCase,
    Refusal,
    ReopenCase,
    Spoken,
    Step,
    UpdateKept,
)

log = structlog.get_logger()


_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True)
class Turn:
    """What an errand works with: the transaction, the call, and where the call stands."""

    uow: UnitOfWork
    call: Call
    state: CallState


def run(turn: Turn, errand: Errand) -> CoreAnswer:
    """Do the errand and return the answer; what a rule forbids is a Refusal, with nothing changed."""
    try:
        return _ERRANDS[type(errand)](turn, errand)
    except Refused as refused:
        return Refusal(refused.denied.words)


def _check_pin(turn: Turn, errand: CheckPin) -> CoreAnswer:
    answer = pins.check(turn.uow, errand.digits, calling_number=turn.call.from_number)
    if isinstance(answer, pins.PinMistyped):
        return PinMistyped()
    if isinstance(answer, pins.PinRefused):
        return PinRefused()
    denied = _may_use_menu(turn.uow, answer.contact_id)
    return Refusal(denied.words) if denied else CallerKnown(answer.contact_id)


def delay(turn: Turn) -> int:
    """Return how many seconds an answer to a PIN waits: more, the more failures came from this number (A10)."""
    return pins.delay_of_number(turn.uow, turn.call.from_number)


def _may_use_menu(uow: UnitOfWork, contact_id: int) -> Denied | None:
    """Return what keeps the contact out, or None when one combination lets them in (P1, A9)."""
    answers = [
        decide(Question(Act.USE_PHONE_MENU, Channel.PHONE, held.standing, uow.now))
        for held in directory.holdings(uow, contact_id)
    ]
    if not answers or any(isinstance(answer, Allowed) for answer in answers):
        return None if answers else Denied("no-access", "A3", "You have no access to cases.")
    return next(answer for answer in answers if isinstance(answer, Denied))


def _find_case(turn: Turn, errand: FindCase) -> CoreAnswer:
    try:
        case = rows.find(turn.uow.connection, errand.number)
    except NotFound:
        return CaseUnknown()
    caller = _caller(turn)
    denied = acting.denied(turn.uow, caller, case, Act.USE_PHONE_MENU)
    if denied is None:
        return CaseTold(case.number, case.subject, case.status, case.sub_status, case.priority)
    if denied.reason != "no-access":
        return Refusal(denied.words)
    # Another company's case sounds exactly like one that does not exist.
    act = "case of another company asked for"
    audit.record(turn.uow, by=caller.name, act=act, subject=case.number, channel=Channel.PHONE)
    return CaseUnknown()


def _find_companies(turn: Turn, errand: FindCompanies) -> CoreAnswer:
    wanted = Priority.CRITICAL if errand.critical else None
    contact_id = _caller(turn).contact_id
    assert contact_id is not None
    found, denied = [], Denied("no-access", "A3", "You have no access to cases.")
    for held in directory.holdings(turn.uow, contact_id):
        question = Question(Act.OPEN, Channel.PHONE, held.standing, turn.uow.now, wanted=wanted)
        answer = decide(question)
        if isinstance(answer, Denied):
            denied = answer
        else:
            found.append(Company(held.combination.id, held.combination.name))
    return CompaniesFound(tuple(found)) if found else Refusal(denied.words)


def _check_right(turn: Turn, errand: CheckRight) -> CoreAnswer:
    denied = acting.denied(turn.uow, _caller(turn), _case(turn), errand.act)
    return Refusal(denied.words) if denied else ActAllowed(errand.act)


def _add_update(turn: Turn, errand: AddUpdate) -> CoreAnswer:
    done = cases.update(turn.uow, _caller(turn), _case(turn), _words("Spoken update", errand.spoken))
    calls.keep_recording(turn.uow, turn.call, errand.spoken, done.event_id)
    return UpdateKept()


def _reopen_case(turn: Turn, errand: ReopenCase) -> CoreAnswer:
    words = _words("Spoken reason to reopen", errand.spoken)
    done = cases.reopen(turn.uow, _caller(turn), _case(turn), words)
    calls.keep_recording(turn.uow, turn.call, errand.spoken, done.event_id)
    return CaseReopened()


def _open_case(turn: Turn, errand: OpenCase) -> CoreAnswer:
    caller, state = _caller(turn), turn.state
    assert caller.contact_id is not None
    assert state.combination_id is not None
    critical = state.priority == Priority.CRITICAL
    new = NewCase(
        contact_id=caller.contact_id,
        combination_id=state.combination_id,
        subject="Opened by phone; the description is recorded",
        text=_words("Spoken description", errand.spoken),
        priority=Priority(state.priority),
        callback_number=state.callback_number if critical else None,
        production_down=critical and state.production_down,
    )
    done = cases.open_case(turn.uow, caller, new)
    calls.keep_recording(turn.uow, turn.call, errand.spoken, done.event_id)
    return CaseOpened(done.case.number)


def _check_callback(turn: Turn, errand: CheckCallback) -> CoreAnswer:
    # A PIN that was keyed too late is repeated to nobody, and kept nowhere (A10).
    if pins.masked(turn.uow, errand.digits) != errand.digits:
        return CallbackUnusable()
    typed = f"+{errand.digits.removeprefix('00')}" if errand.digits else turn.call.from_number
    number = _usable(typed)
    return CallbackKnown(number) if number else CallbackUnusable()


def _usable(number: str) -> str | None:
    """Return a number that we can dial, or None: for a withheld or made-up caller id, a SIP or client name."""
    try:
        return dialable(number) if _E164.fullmatch(number) else None
    except BadInput:
        return None


def _raise_case(turn: Turn, _errand: RaiseCase) -> CoreAnswer:
    state = turn.state
    cases.raise_to_critical(
        turn.uow,
        _caller(turn),
        _case(turn),
        callback_number=state.callback_number,
        production_down=state.production_down,
    )
    return CaseRaised()


def _find_analyst(turn: Turn, _errand: FindAnalyst) -> CoreAnswer:
    uow, call = turn.uow, turn.call
    if call.ended_at is not None or calls.taker(uow, call.key) is not None:
        return CallIsOver()
    product = _case(turn).product if turn.state.case_number else ""
    rung = calls.rung_analysts(uow, call)
    analyst = routing.next_rung(directory.on_call(uow, product), rung)
    if analyst is None:
        return NobodyLeft()
    leg_key = random_key(uow.house.chance)
    calls.ring(uow, call, analyst, len(rung) + 1, leg_key)
    return AnalystFound(leg_key, analyst.phone)


def _leave_message(turn: Turn, errand: LeaveMessage) -> CoreAnswer:
    words = f"Nobody on call answered; message of a caller with {_callback(turn)}"
    event_id = _page(turn, _words(words, errand.spoken), is_spoken=True)
    calls.keep_recording(turn.uow, turn.call, errand.spoken, event_id)
    return MessageKept()


def _page_on_call(turn: Turn, _errand: PageOnCall) -> CoreAnswer:
    _page(turn, f"Nobody on call answered; the caller, with {_callback(turn)}, left no message.")
    return OnCallPaged()


def caller_left(turn: Turn) -> None:
    """Page everyone on call when the caller hung up while nobody had answered yet (P4)."""
    waits = turn.state.step in (Step.RINGING, Step.MESSAGE)
    if waits and calls.taker(turn.uow, turn.call.key) is None:
        _page(turn, f"The caller, with {_callback(turn)}, hung up before anybody answered.")


def _page(turn: Turn, words: str, *, is_spoken: bool = False) -> int | None:
    """Page everyone on call; return the event that tells of it, or None where no case takes it."""
    if turn.state.contact_id and turn.state.case_number:
        try:
            case = _case(turn)
            return cases.leave_message(turn.uow, _caller(turn), case, words, is_spoken=is_spoken).event_id
        except Refused as refused:
            # What a rule forbids about the case, a closed one for instance, does not silence the caller.
            with suppress(Exception):
                log.info("page without its case", case=turn.state.case_number, rule=refused.denied.rule)
    telling.page_on_call(turn.uow, turn.call.key)
    return None


def _callback(turn: Turn) -> str:
    number = turn.state.callback_number or _usable(turn.call.from_number)
    return f"call-back number {number}" if number else "the number withheld"


def _words(what: str, spoken: Spoken) -> str:
    return f"{what}, {spoken.seconds} seconds (recording {spoken.recording_id})."


def _caller(turn: Turn) -> Actor:
    assert turn.state.contact_id is not None, "the dialogue asks for nothing of the kind before the PIN"
    contact = directory.contact(turn.uow, turn.state.contact_id)
    return Actor(Role.CUSTOMER, f"{contact.name} <{contact.email}>", Channel.PHONE, contact_id=contact.id)


def _case(turn: Turn) -> Case:
    return rows.find(turn.uow.connection, turn.state.case_number)


_ERRANDS: dict[type[Any], Callable[[Turn, Any], CoreAnswer]] = {
    CheckPin: _check_pin,
    FindCase: _find_case,
    FindCompanies: _find_companies,
    CheckRight: _check_right,
    AddUpdate: _add_update,
    ReopenCase: _reopen_case,
    OpenCase: _open_case,
    CheckCallback: _check_callback,
    RaiseCase: _raise_case,
    FindAnalyst: _find_analyst,
    LeaveMessage: _leave_message,
    PageOnCall: _page_on_call,
}
