"""What is said next, and what the core is asked: the phone menu as a pure state machine.

`converse(state, event)` returns the new state with either an Errand (the core is asked, and its answer is
the next event) or a Reply (the caller hears it, and what the caller does is the next event). Nothing about a
case is said before the PIN is right and the core has allowed it (P1).

The menu, in the order in which a caller meets it, is the table STEPS at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.rules.policy import Act
from core.rules.terms import Priority, Status
from ivr.conversation import (
    ActAllowed,
    AddUpdate,
    AnalystFound,
    AskKeys,
    AskSpeech,
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
    CoreAnswer,
    Errand,
    FindAnalyst,
    FindCase,
    FindCompanies,
    HangUp,
    Input,
    Keyed,
    LeaveMessage,
    Line,
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
    Reply,
    Ring,
    Spoken,
    Step,
    UpdateKept,
)

Event = Input | CoreAnswer
Move = tuple[CallState, Errand | Reply]
Handler = Callable[[CallState, Event], Move]

TRIES = 3  # useless entries at one question, wrong PINs among them, before a human is rung
MOST_COMPANIES = 9  # one key each
_NO_CASE: dict[str, Any] = {"case_number": "", "case_is_closed": False}  # the case is left behind


def converse(state: CallState, event: Event) -> Move:
    """Return where the call goes from `state` when `event` happens."""
    answer = ANSWERS.get(type(event))
    if answer is not None:
        return answer(state, event)
    return STEPS[state.step](state, event)


def spell(digits: str) -> str:
    """Return digits as they are read out: one by one (C1)."""
    return ", ".join(digits)


# --- asking -------------------------------------------------------------------------------------------------


def _ask(state: CallState, step: Step, *before: Line) -> Move:
    """Ask the question of a step, after what is to be said first."""
    asked = replace(state, step=step, misses=0)
    return asked, Reply((*before, *_question(asked)), _AWAITED[step])


def _repeat(state: CallState) -> Move:
    """Ask the same question once more, as if it had not been asked: the misses are kept."""
    return state, Reply(_question(state), _AWAITED[state.step])


def _ask_again(state: CallState, why: str) -> Move:
    """Say why the entry was of no use and ask again; at the third time a human is rung."""
    if state.misses + 1 >= TRIES:
        return _ring_somebody(state)
    missed = replace(state, misses=state.misses + 1)
    return missed, Reply((Line(why), *_question(missed)), _AWAITED[state.step])


def _question(state: CallState) -> tuple[Line, ...]:
    if state.step is Step.CASE:
        return (Line("case-closed-menu" if state.case_is_closed else "case-menu"),)
    if state.step is Step.COMBINATION:
        return tuple(
            Line("company-choice", {"key": str(key), "name": company.name})
            for key, company in enumerate(state.companies, start=1)
        )
    return (Line(state.step),)


def _ring_somebody(state: CallState) -> Move:
    return replace(state, step=Step.RINGING, rings=0), FindAnalyst()


def _say_goodbye(state: CallState, *before: Line) -> Move:
    return replace(state, step=Step.OVER), Reply((*before, Line("goodbye")), HangUp())


def _keys(event: Event) -> str:
    # A `#` that was keyed too late for the last entry leads this one; it means nothing here.
    return event.keys.lstrip("#") if isinstance(event, Keyed) else ""


def _keyed(read: Callable[[CallState, str], Move]) -> Handler:
    """Return the handler of keys: a lone 0 is a human, a lone `*` the question once more, at every question."""

    def handle(state: CallState, event: Event) -> Move:
        keys = _keys(event)
        if keys == "0":
            return _ring_somebody(state)
        if keys == "*":
            return _repeat(state)
        return read(state, keys) if keys else _ask_again(state, "nothing-heard")

    return handle


def _menu(choices: dict[str, Callable[[CallState], Move]]) -> Handler:
    """Return the handler of a menu: one key each."""

    def choose(state: CallState, key: str) -> Move:
        choice = choices.get(key)
        return choice(state) if choice else _ask_again(state, "not-understood")

    return _keyed(choose)


def _go(step: Step, **known: Any) -> Callable[[CallState], Move]:
    """Return the choice that asks the question of a step, with what is known by choosing it."""
    return lambda state: _ask(replace(state, **known), step)


def _speech(errand: Callable[[Spoken], Errand]) -> Handler:
    """Return the handler of a recording: what was said goes to the core."""

    def spoken(state: CallState, event: Event) -> Move:
        if isinstance(event, Spoken) and event.seconds > 0:
            return state, errand(event)
        return _ask_again(state, "nothing-heard")

    return spoken


# --- what the caller does -----------------------------------------------------------------------------------


def _welcome(state: CallState, _event: Event) -> Move:
    # A known caller comes here when the step is one of another version: then the menu begins again.
    return _ask(state, Step.MAIN if state.contact_id else Step.PIN, Line("welcome"))


def _pin(state: CallState, keys: str) -> Move:
    return replace(state, pin_entries=state.pin_entries + 1), CheckPin(keys)


def _pin_again(state: CallState, why: str) -> Move:
    # Counted for the call, so that no way round the question gives more tries (A10).
    return _ring_somebody(state) if state.pin_entries >= TRIES else _ask_again(state, why)


def _case_number(state: CallState, keys: str) -> Move:
    if len(keys) == 10 and keys.isdecimal():
        return state, FindCase(keys)
    return _ask_again(state, "ten-digits")


def _case_menu(state: CallState, event: Event) -> Move:
    choices: dict[str, Callable[[CallState], Move]] = {
        "1": lambda now: (now, FindCase(now.case_number)),
        "9": _go(Step.MAIN, **_NO_CASE),
    }
    if state.case_is_closed:
        choices["3"] = lambda now: (now, CheckRight(Act.REOPEN))
    else:
        choices["2"] = lambda now: (now, CheckRight(Act.UPDATE))
        choices["4"] = _go(Step.CALLBACK, priority=int(Priority.CRITICAL))
    return _menu(choices)(state, event)


def _new_case(priority: Priority) -> Callable[[CallState], Move]:
    critical = priority is Priority.CRITICAL
    afresh: dict[str, Any] = {
        **_NO_CASE,
        "companies": (),
        "combination_id": None,
        "priority": int(priority),
    }
    return lambda state: (replace(state, **afresh), FindCompanies(critical))


def _combination(state: CallState, key: str) -> Move:
    if key.isdecimal() and 1 <= int(key) <= len(state.companies):
        return _after_combination(replace(state, combination_id=state.companies[int(key) - 1].combination_id))
    return _ask_again(state, "not-understood")


def _after_combination(state: CallState) -> Move:
    return _ask(state, Step.CALLBACK if state.priority == Priority.CRITICAL else Step.PRIORITY)


def _callback(state: CallState, keys: str) -> Move:
    if not keys.isdecimal():
        return _ask_again(state, "callback-unusable")
    return state, CheckCallback("" if keys == "1" else keys)


def _after_production_down(*, down: bool) -> Callable[[CallState], Move]:
    def go_on(state: CallState) -> Move:
        told = replace(state, production_down=down)
        return (told, RaiseCase()) if state.case_number else _ask(told, Step.DESCRIPTION)

    return go_on


def _ringing(state: CallState, _event: Event) -> Move:
    return state, FindAnalyst()


def _message(state: CallState, event: Event) -> Move:
    was_silent = not (isinstance(event, Spoken) and event.seconds > 0)
    if was_silent and state.misses + 1 >= TRIES:
        # Everyone was rung already, so the third silence does not ring them again.
        return state, PageOnCall()
    return _speech(LeaveMessage)(state, event)


def _over(state: CallState, _event: Event) -> Move:
    return _say_goodbye(state)


# --- what the core answers ----------------------------------------------------------------------------------


def _on_caller_known(state: CallState, answer: CallerKnown) -> Move:
    return _ask(replace(state, contact_id=answer.contact_id), Step.MAIN, Line("pin-right"))


def _on_pin_mistyped(state: CallState, _answer: PinMistyped) -> Move:
    return _pin_again(state, "pin-mistyped")


def _on_pin_refused(state: CallState, _answer: PinRefused) -> Move:
    return _pin_again(state, "pin-refused")


def _on_refusal(state: CallState, answer: Refusal) -> Move:
    """Say why not, in the rule's words; who may not use the menu is offered a human."""
    return _ask(state, Step.MAIN if state.contact_id else Step.HUMAN, Line("refused", {"why": answer.words}))


def _on_case_told(state: CallState, case: CaseTold) -> Move:
    closed = case.status is Status.CLOSED
    known = replace(state, case_number=case.number, case_is_closed=closed)
    if state.step is Step.CRITICAL_NUMBER and not closed:
        return _ask(replace(known, priority=int(Priority.CRITICAL)), Step.CALLBACK, _state_of(case))
    return _ask(known, Step.CASE, _state_of(case))


def _state_of(case: CaseTold) -> Line:
    gaps = {
        "number": spell(case.number),
        "subject": case.subject,
        "status": case.status,
        "sub_status": case.sub_status,
        "priority": case.priority.name.capitalize(),
    }
    return Line("case-state", gaps)


def _on_case_unknown(state: CallState, _answer: CaseUnknown) -> Move:
    return _ask_again(state, "case-unknown")


def _on_companies(state: CallState, answer: CompaniesFound) -> Move:
    if len(answer.companies) == 1:
        return _after_combination(replace(state, combination_id=answer.companies[0].combination_id))
    return _ask(replace(state, companies=answer.companies[:MOST_COMPANIES]), Step.COMBINATION)


def _on_allowed(state: CallState, answer: ActAllowed) -> Move:
    return _ask(state, Step.REOPEN if answer.act is Act.REOPEN else Step.UPDATE)


def _on_update_kept(state: CallState, _answer: UpdateKept) -> Move:
    return _ask(state, Step.CASE, Line("update-kept"))


def _on_reopened(state: CallState, _answer: CaseReopened) -> Move:
    return _ask(replace(state, case_is_closed=False), Step.CASE, Line("reopened"))


def _on_opened(state: CallState, answer: CaseOpened) -> Move:
    opened = replace(state, case_number=answer.number, case_is_closed=False)
    if state.priority == Priority.CRITICAL:
        return _ring_somebody(replace(opened, made_critical=True))
    return _ask(opened, Step.MAIN, Line("opened", {"number": spell(answer.number)}))


def _on_callback_known(state: CallState, answer: CallbackKnown) -> Move:
    heard = Line("callback-heard", {"number": spell(answer.number.lstrip("+"))})
    return _ask(replace(state, callback_number=answer.number), Step.PRODUCTION_DOWN, heard)


def _on_callback_unusable(state: CallState, _answer: CallbackUnusable) -> Move:
    return _ask_again(state, "callback-unusable")


def _on_raised(state: CallState, _answer: CaseRaised) -> Move:
    return _ring_somebody(replace(state, made_critical=True))


def _on_analyst(state: CallState, answer: AnalystFound) -> Move:
    ringing = replace(state, rings=state.rings + 1)
    if state.rings > 0:
        line = Line("ringing-next")
    elif state.made_critical:
        line = Line("ringing-critical", {"number": spell(state.case_number)})
    else:
        line = Line("ringing")
    return ringing, Reply((line,), Ring(answer.leg_key, answer.phone))


def _on_over(state: CallState, _answer: CallIsOver) -> Move:
    return _say_goodbye(state)


def _on_nobody(state: CallState, _answer: NobodyLeft) -> Move:
    return _ask(state, Step.MESSAGE)


def _on_message_kept(state: CallState, _answer: MessageKept) -> Move:
    return _say_goodbye(state, Line("message-kept"))


def _on_paged(state: CallState, _answer: OnCallPaged) -> Move:
    return _say_goodbye(state, Line("no-message"))


# --- the tables ---------------------------------------------------------------------------------------------

_AWAITED: dict[Step, AskKeys | AskSpeech] = {
    Step.PIN: AskKeys(),
    Step.HUMAN: AskKeys(1),
    Step.MAIN: AskKeys(1),
    Step.CRITICAL_KIND: AskKeys(1),
    Step.CRITICAL_NUMBER: AskKeys(),
    Step.CASE_NUMBER: AskKeys(),
    Step.CASE: AskKeys(1),
    Step.UPDATE: AskSpeech(),
    Step.REOPEN: AskSpeech(),
    Step.COMBINATION: AskKeys(1),
    Step.PRIORITY: AskKeys(1),
    Step.DESCRIPTION: AskSpeech(),
    Step.CALLBACK: AskKeys(),
    Step.PRODUCTION_DOWN: AskKeys(1),
    Step.MESSAGE: AskSpeech(),
}

STEPS: dict[Step, Handler] = {
    Step.WELCOME: _welcome,
    Step.PIN: _keyed(_pin),
    Step.HUMAN: _menu({}),  # who may not use the menu; 0 is the way on
    Step.MAIN: _menu(
        {
            "1": _go(Step.CRITICAL_KIND, **_NO_CASE),
            "2": _go(Step.CASE_NUMBER, priority=int(Priority.MEDIUM), **_NO_CASE),
            "3": _new_case(Priority.MEDIUM),
        }
    ),
    Step.CRITICAL_KIND: _menu({"1": _go(Step.CRITICAL_NUMBER), "2": _new_case(Priority.CRITICAL)}),
    Step.CRITICAL_NUMBER: _keyed(_case_number),
    Step.CASE_NUMBER: _keyed(_case_number),
    Step.CASE: _case_menu,
    Step.UPDATE: _speech(AddUpdate),
    Step.REOPEN: _speech(ReopenCase),
    Step.COMBINATION: _keyed(_combination),
    Step.PRIORITY: _menu(
        {
            "1": _go(Step.CALLBACK, priority=int(Priority.CRITICAL)),
            "2": _go(Step.DESCRIPTION, priority=int(Priority.HIGH)),
            "3": _go(Step.DESCRIPTION, priority=int(Priority.MEDIUM)),
            "4": _go(Step.DESCRIPTION, priority=int(Priority.LOW)),
        }
    ),
    Step.CALLBACK: _keyed(_callback),
    Step.PRODUCTION_DOWN: _menu(
        {"1": _after_production_down(down=True), "2": _after_production_down(down=False)}
    ),
    Step.DESCRIPTION: _speech(OpenCase),
    Step.RINGING: _ringing,
    Step.MESSAGE: _message,
    Step.OVER: _over,
}

ANSWERS: dict[type[Any], Callable[[CallState, Any], Move]] = {
    CallerKnown: _on_caller_known,
    PinMistyped: _on_pin_mistyped,
    PinRefused: _on_pin_refused,
    Refusal: _on_refusal,
    CaseTold: _on_case_told,
    CaseUnknown: _on_case_unknown,
    CompaniesFound: _on_companies,
    ActAllowed: _on_allowed,
    UpdateKept: _on_update_kept,
    CaseReopened: _on_reopened,
    CaseOpened: _on_opened,
    CallbackKnown: _on_callback_known,
    CallbackUnusable: _on_callback_unusable,
    CaseRaised: _on_raised,
    AnalystFound: _on_analyst,
    CallIsOver: _on_over,
    NobodyLeft: _on_nobody,
    MessageKept: _on_message_kept,
    OnCallPaged: _on_paged,
}
