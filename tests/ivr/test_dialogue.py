"""The dialogue, walked from the welcome through every state that a call can be in.

`reachable` begins with a new call, lets every caller do everything and every errand be answered in every
way, and keeps what came of it; the first tests hold for all of that, the others are sentences of the menu.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, replace
from functools import cache
from typing import get_args

import pytest

from core.rules.policy import Act
from core.rules.terms import Priority, Status
from ivr.conversation import (
    ActAllowed,
    AddUpdate,
    AnalystFound,
    AskKeys,
    AskSpeech,
    Began,
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
    HangUp,
    Keyed,
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
    Reply,
    Ring,
    RingingEnded,
    Spoken,
    Step,
    UpdateKept,
)
from ivr.dialogue import ANSWERS, MOST_COMPANIES, STEPS, TRIES, converse, spell
from ivr.prompts import LANGUAGES, spoken

CASE = "0000000001"
NUMBER = "+14155550132"
RED, BLUE = Company(1, "Red"), Company(2, "Blue")
WORDS = Spoken("RE1", "https://recordings.example/RE1", 5)
REFUSAL = Refusal("It is not allowed.")
OPEN_CASE = CaseTold(CASE, "It blinks", Status.OPEN, "New", Priority.MEDIUM)
CLOSED_CASE = replace(OPEN_CASE, status=Status.CLOSED, sub_status="Resolved")

KEYS = [*"0123456789*#", "", "*#", "#0", CASE, "000000001", "123412341234"]
INPUTS = [Began(), *map(Keyed, KEYS), WORDS, replace(WORDS, seconds=0), RingingEnded()]

ANSWERS_TO: dict[type, tuple[CoreAnswer, ...]] = {
    CheckPin: (CallerKnown(7), PinMistyped(), PinRefused(), REFUSAL),
    FindCase: (OPEN_CASE, CLOSED_CASE, CaseUnknown(), REFUSAL),
    FindCompanies: (CompaniesFound((RED,)), CompaniesFound((RED, BLUE)), REFUSAL),
    CheckRight: (ActAllowed(Act.UPDATE), ActAllowed(Act.REOPEN), REFUSAL),
    AddUpdate: (UpdateKept(), REFUSAL),
    ReopenCase: (CaseReopened(), REFUSAL),
    OpenCase: (CaseOpened(CASE), REFUSAL),
    CheckCallback: (CallbackKnown(NUMBER), CallbackUnusable()),
    RaiseCase: (CaseRaised(), REFUSAL),
    FindAnalyst: (AnalystFound("leg", NUMBER), CallIsOver(), NobodyLeft()),
    LeaveMessage: (MessageKept(),),
    PageOnCall: (OnCallPaged(),),
}
USELESS = {
    "nothing-heard",
    "not-understood",
    "pin-mistyped",
    "pin-refused",
    "ten-digits",
    "case-unknown",
    "callback-unusable",
}


@dataclass(frozen=True)
class Passage:
    """From one state, by what the caller did, over what the core was asked, to a reply in the next state."""

    before: CallState
    by: object
    errands: tuple[Errand, ...]
    reply: Reply
    after: CallState

    @property
    def said(self) -> list[str]:
        return [line.prompt for line in self.reply.lines]

    @property
    def is_useless(self) -> bool:
        return bool(USELESS.intersection(self.said))


def passages(state, event, by=None, errands=()):
    """Return every way on from a state: one for each row of answers that the core can give."""
    assert len(errands) < 5, "the dialogue and the core ask each other for ever"
    after, move = converse(state, event)
    if isinstance(move, Reply):
        return [Passage(state, by or event, errands, move, after)]
    return [
        replace(found, before=state)
        for answer in ANSWERS_TO[type(move)]
        if not (isinstance(answer, AnalystFound) and after.rings >= 2)
        for found in passages(after, answer, by or event, (*errands, move))
    ]


ENDS = {
    Step.RINGING: ("rings", "made_critical", "case_number", "contact_id"),
    Step.MESSAGE: ("misses", "contact_id"),
    Step.OVER: (),
}


def in_short(state):
    """Return the state with only what still matters where the menu is left behind; else there are too many."""
    if state.step not in ENDS:
        return state if state.step is Step.PIN else replace(state, pin_entries=0)
    return CallState(state.step, **{name: getattr(state, name) for name in ENDS[state.step]})


@cache
def reachable():
    """Return every passage that a call can take, by the state that it begins in."""
    found, waiting = {}, [CallState()]
    while waiting:
        state = in_short(waiting.pop())
        if state not in found:
            found[state] = [way for event in INPUTS for way in passages(state, event)]
            waiting.extend(way.after for way in found[state])
    return found


def every_passage():
    return [way for ways in reachable().values() for way in ways]


def lines_everywhere():
    """Return every line that is said somewhere, once by its prompt and gaps."""
    lines = {(line.prompt, tuple(line.gaps)): line for way in every_passage() for line in way.reply.lines}
    return lines.values()


# --- what holds everywhere ----------------------------------------------------------------------------------


def test_every_step_is_reached():
    assert {state.step for state in reachable()} == set(Step) == set(STEPS)


def test_every_answer_of_the_core_is_handled():
    answers = set(get_args(CoreAnswer))
    assert answers == set(ANSWERS)
    assert answers == {type(answer) for given in ANSWERS_TO.values() for answer in given}
    assert set(get_args(Errand)) == set(ANSWERS_TO)


def test_every_errand_is_asked_somewhere():
    asked = {type(errand) for way in every_passage() for errand in way.errands}
    assert asked == set(ANSWERS_TO)


def test_every_reply_says_something_and_awaits_something():
    """Case 18: the caller always hears something."""
    for way in every_passage():
        assert way.reply.lines, way
        assert isinstance(way.reply.then, (AskKeys, AskSpeech, Ring, HangUp))
        assert isinstance(way.reply.then, HangUp) == (way.after.step is Step.OVER)
        assert isinstance(way.reply.then, Ring) == (way.after.step is Step.RINGING)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_every_line_exists_with_exactly_its_gaps(language):
    """Case 26: never an empty prompt."""
    for line in lines_everywhere():
        gaps = {name for _, name, _, _ in string.Formatter().parse(language.texts[line.prompt]) if name}
        assert gaps == set(line.gaps), line
        assert spoken(line, language).strip()


def test_every_language_has_the_same_prompts():
    """Case 26."""
    first, *others = [set(language.texts) for language in LANGUAGES]
    assert all(prompts == first for prompts in others)


def test_no_row_of_useless_entries_is_longer_than_three():
    """Cases 6 and 14: the third one in a row reaches a human, or the message that pages them."""
    human = (FindAnalyst, PageOnCall)
    for way in every_passage():
        if way.is_useless:
            assert way.after.misses == way.before.misses + 1 < TRIES, way
        if way.is_useless and way.after.misses == TRIES - 1:
            again = passages(way.after, way.by)
            assert any(isinstance(errand, human) for next_ in again for errand in next_.errands), way


def test_what_is_of_no_use_changes_nothing_but_the_count():
    for way in every_passage():
        if way.is_useless:
            before = replace(way.before, misses=way.after.misses, pin_entries=way.after.pin_entries)
            assert way.after == before, way


def test_nothing_about_a_case_is_asked_or_said_before_the_pin_is_right():
    """P1."""
    about_nothing = (CheckPin, FindAnalyst, LeaveMessage, PageOnCall)
    for way in every_passage():
        if way.before.contact_id is None:
            assert all(isinstance(errand, about_nothing) for errand in way.errands), way
            assert "case-state" not in way.said


def test_a_case_is_said_to_be_critical_only_when_it_was_made_so_in_this_call():
    made = (RaiseCase, OpenCase)
    for way in every_passage():
        if "ringing-critical" in way.said:
            assert way.before.made_critical or any(isinstance(errand, made) for errand in way.errands), way


def test_every_menu_leads_to_a_human_by_0():
    """Case 29: at every step where one key is awaited."""
    menus = [state for state in reachable() if state.step in MENUS]
    assert {state.step for state in menus} == MENUS
    for state in menus:
        for keys in ("0", "#0"):
            assert converse(state, Keyed(keys))[1] == FindAnalyst(), state


MENUS = {
    Step.HUMAN,
    Step.MAIN,
    Step.CRITICAL_KIND,
    Step.CASE,
    Step.COMBINATION,
    Step.PRIORITY,
    Step.PRODUCTION_DOWN,
}
ENTRIES = {Step.PIN, Step.CRITICAL_NUMBER, Step.CASE_NUMBER, Step.CALLBACK}


def test_star_repeats_the_question_wherever_keys_are_awaited_and_does_not_count():
    for state in reachable():
        if state.step in MENUS | ENTRIES:
            after, reply = converse(state, Keyed("*"))
            assert after == state, "the misses are kept, so that nothing is tried for ever"
            assert not USELESS.intersection(line.prompt for line in reply.lines)


def test_the_state_of_every_step_survives_its_keeping():
    """Case 23: a restart between two turns."""
    for state in reachable():
        assert CallState.from_json(state.as_json()) == state


def test_a_step_of_another_version_leads_to_the_main_menu_and_the_key_is_not_taken_for_its_answer():
    """Case 23."""
    kept = CallState(Step.MAIN, contact_id=7).as_json() | {"step": "of-tomorrow", "new": 1}
    after, reply = converse(CallState.from_json(kept), Keyed("3"))
    assert after.step is Step.MAIN
    assert reply.then == AskKeys(1)


def test_a_step_of_another_version_before_the_pin_asks_for_the_pin():
    """Case 23."""
    kept = CallState().as_json() | {"step": "of-tomorrow"}
    assert converse(CallState.from_json(kept), Keyed("3"))[0].step is Step.PIN


# --- sentences of the menu ----------------------------------------------------------------------------------


class Walk:
    """A caller on their way through the menu, with a core that answers what it is told to."""

    def __init__(self, state=CallState()):  # noqa: B008  # a state is frozen
        self.state, self.reply, self.errand = state, None, None

    def does(self, *events):
        for event in events:
            self.state, move = converse(self.state, Keyed(event) if isinstance(event, str) else event)
            self.reply = move if isinstance(move, Reply) else None
            self.errand = None if isinstance(move, Reply) else move
        return self

    @property
    def heard(self):
        assert self.reply is not None
        return [line.prompt for line in self.reply.lines]


def at(step, **known):
    return Walk(CallState(step, contact_id=7, **known))


def at_pin():
    return Walk(CallState(Step.PIN))


def test_the_call_begins_with_a_welcome_and_the_pin():
    walk = Walk().does(Began())
    assert walk.heard == ["welcome", "pin"]
    assert walk.reply.then == AskKeys()


def test_a_pin_goes_to_the_core_as_it_was_keyed_with_its_leading_zeros():
    """Case 8."""
    assert at_pin().does("001234123412").errand == CheckPin("001234123412")


def test_three_wrong_pins_ring_a_human():
    """Case 13."""
    walk = at_pin()
    for _time in range(2):
        walk.does("123412341234", PinRefused())
        assert walk.heard == ["pin-refused", "pin"]
    assert walk.does("123412341234", PinRefused()).errand == FindAnalyst()


def test_silence_mistypings_and_wrong_pins_count_together():
    """Cases 6 and 14: three entries in a call, then a human."""
    walk = at_pin().does("", "1", PinMistyped(), "123412341234", PinRefused())
    assert walk.errand == FindAnalyst()


def test_no_way_round_the_question_gives_more_than_three_pins_in_a_call():
    """A10, case 13: neither a `*` nor the beginning of the menu sets the count back."""
    walk = at_pin().does("123412341234", PinRefused(), "*", "1", PinMistyped(), "*")
    assert walk.heard == ["pin"]
    kept = CallState.from_json(walk.state.as_json() | {"step": "of-tomorrow"})
    again = Walk(kept).does(Keyed(""), "123412341234", PinRefused())
    assert again.errand == FindAnalyst()
    assert again.state.pin_entries == TRIES


def test_a_case_that_was_left_for_the_main_menu_is_told_to_nobody():
    """P4: who asks for a human afterwards is not put through about it."""
    walk = at(Step.CASE, case_number=CASE, case_is_closed=True).does("9")
    assert walk.heard == ["main"]
    assert (walk.state.case_number, walk.state.case_is_closed) == ("", False)


@pytest.mark.parametrize("key", "12")
def test_another_question_of_the_main_menu_leaves_the_case_just_opened_behind(key):
    """P4."""
    assert at(Step.MAIN, case_number=CASE).does("0").state.case_number == CASE
    assert at(Step.MAIN, case_number=CASE).does(key).state.case_number == ""


def test_a_lone_0_at_an_entry_reaches_a_human_and_a_leading_one_is_a_digit():
    """Cases 12 and 29: who has no PIN, or not the number at hand, has a way on."""
    for step in ENTRIES:
        assert at(step).does("0").errand == FindAnalyst()
    assert at(Step.CASE_NUMBER).does(CASE).errand == FindCase(CASE)


@pytest.mark.parametrize("number", ["000000001", "00000000011"], ids=["9 digits", "11 digits"])
def test_who_keys_too_few_or_too_many_digits_is_told_how_many(number):
    """Case 9."""
    walk = at(Step.CASE_NUMBER).does(number)
    assert walk.heard == ["ten-digits", "case-number"]


def test_a_hash_that_came_too_late_is_ignored():
    """Case 9."""
    assert at(Step.CASE_NUMBER).does(f"#{CASE}").errand == FindCase(CASE)
    assert at(Step.MAIN).does("#2").state.step is Step.CASE_NUMBER


def test_an_unknown_case_is_asked_for_again_three_times():
    walk = at(Step.CASE_NUMBER).does(CASE, CaseUnknown(), CASE, CaseUnknown())
    assert walk.heard == ["case-unknown", "case-number"]
    assert walk.does(CASE, CaseUnknown()).errand == FindAnalyst()


def test_a_case_is_told_digit_by_digit_with_its_menu():
    """C1."""
    walk = at(Step.CASE_NUMBER).does(CASE, OPEN_CASE)
    assert walk.heard == ["case-state", "case-menu"]
    assert walk.reply.lines[0].gaps["number"] == spell(CASE) == "0, 0, 0, 0, 0, 0, 0, 0, 0, 1"


def test_a_closed_case_can_be_reopened_and_not_updated_or_raised():
    """C9."""
    walk = at(Step.CASE_NUMBER).does(CASE, CLOSED_CASE)
    assert walk.heard == ["case-state", "case-closed-menu"]
    for key in "24":
        assert at(Step.CASE, case_number=CASE, case_is_closed=True).does(key).heard[0] == "not-understood"
    assert walk.does("3").errand == CheckRight(Act.REOPEN)
    assert walk.does(ActAllowed(Act.REOPEN), WORDS).errand == ReopenCase(WORDS)


def test_nobody_speaks_before_it_is_known_that_they_may():
    walk = at(Step.CASE, case_number=CASE).does("2")
    assert walk.errand == CheckRight(Act.UPDATE)
    assert walk.does(REFUSAL).heard == ["refused", "main"]


def test_critical_on_a_closed_case_offers_to_reopen_it_first():
    """Case 17."""
    walk = at(Step.CRITICAL_NUMBER).does(CASE, CLOSED_CASE)
    assert walk.heard == ["case-state", "case-closed-menu"]


def test_critical_on_an_open_case_asks_for_the_number_and_for_production_then_raises():
    """P3 C12."""
    walk = at(Step.CRITICAL_NUMBER).does(CASE, OPEN_CASE)
    assert walk.heard == ["case-state", "callback"]
    assert walk.does("1").errand == CheckCallback("")
    assert walk.does(CallbackKnown(NUMBER)).heard == ["callback-heard", "production-down"]
    assert walk.does("1").errand == RaiseCase()
    assert walk.state.production_down
    assert walk.does(CaseRaised()).errand == FindAnalyst()
    assert walk.does(AnalystFound("leg", NUMBER)).heard == ["ringing-critical"]


def test_who_gives_no_callback_number_is_put_through_and_the_case_is_not_called_critical():
    walk = at(Step.CRITICAL_NUMBER).does(CASE, OPEN_CASE, "", "", "")
    assert walk.does(AnalystFound("leg", NUMBER)).heard == ["ringing"]


@pytest.mark.parametrize("keys", ["1415*5550132", "*", "12*"])
def test_a_callback_number_is_made_of_digits(keys):
    """Case 7."""
    walk = at(Step.CALLBACK).does(keys)
    assert walk.errand is None
    assert walk.heard[-1] == "callback"


def test_a_new_case_for_one_company_asks_for_the_priority_at_once():
    walk = at(Step.MAIN).does("3")
    assert walk.errand == FindCompanies(critical=False)
    assert walk.does(CompaniesFound((RED,))).heard == ["priority"]
    assert walk.state.combination_id == RED.combination_id


def test_a_contact_of_several_companies_chooses_and_none_is_preselected():
    """Case 22."""
    walk = at(Step.MAIN).does("3", CompaniesFound((RED, BLUE)))
    assert walk.state.combination_id is None
    assert [line.gaps for line in walk.reply.lines] == [
        {"key": "1", "name": "Red"},
        {"key": "2", "name": "Blue"},
    ]
    assert walk.does("3").heard[0] == "not-understood"
    assert walk.does("2").state.combination_id == BLUE.combination_id


def test_no_more_than_nine_companies_are_read_out():
    """Case 22."""
    many = tuple(Company(number, f"Company {number}") for number in range(1, 15))
    walk = at(Step.MAIN).does("3", CompaniesFound(many))
    assert len(walk.reply.lines) == MOST_COMPANIES == 9


def test_the_companies_of_an_earlier_choice_are_forgotten():
    walk = at(Step.MAIN, companies=(RED, BLUE), combination_id=2).does("3", CompaniesFound((RED,)))
    assert walk.state.companies == ()


@pytest.mark.parametrize(
    ("key", "priority"), [("2", Priority.HIGH), ("3", Priority.MEDIUM), ("4", Priority.LOW)]
)
def test_a_new_case_is_described_and_its_number_said(key, priority):
    walk = at(Step.PRIORITY, combination_id=1).does(key)
    assert walk.heard == ["description"]
    assert walk.state.priority == priority
    assert walk.does(WORDS, CaseOpened(CASE)).heard == ["opened", "main"]


def test_a_new_critical_case_rings_the_analysts_as_soon_as_it_is_open():
    """P3."""
    walk = at(Step.CRITICAL_KIND).does("2", CompaniesFound((RED,)), "14155550132", CallbackKnown(NUMBER), "2")
    assert walk.heard == ["description"]
    assert walk.does(WORDS, CaseOpened(CASE)).errand == FindAnalyst()
    assert walk.does(AnalystFound("leg", NUMBER)).heard == ["ringing-critical"]


def test_the_next_analyst_is_rung_until_one_takes_the_call_or_nobody_is_left():
    """P4."""
    walk = at(Step.MAIN).does("0", AnalystFound("a", NUMBER))
    assert walk.reply.then == Ring("a", NUMBER)
    assert walk.does(RingingEnded(), AnalystFound("b", NUMBER)).heard == ["ringing-next"]
    assert walk.does(RingingEnded(), NobodyLeft()).heard == ["message"]
    assert walk.does(WORDS).errand == LeaveMessage(WORDS)
    assert walk.does(MessageKept()).heard == ["message-kept", "goodbye"]


@pytest.mark.parametrize("nothing", [Keyed(""), replace(WORDS, seconds=0)], ids=["no request", "no sound"])
def test_who_leaves_no_message_pages_everyone_all_the_same_and_they_are_not_rung_again(nothing):
    """Case 18: never silence."""
    walk = at(Step.MESSAGE).does(nothing, nothing)
    assert walk.heard == ["nothing-heard", "message"]
    assert walk.does(nothing).errand == PageOnCall()
    assert walk.does(OnCallPaged()).heard == ["no-message", "goodbye"]


def test_a_refusal_in_the_menu_says_why_and_goes_on_there():
    walk = at(Step.PRIORITY).does(REFUSAL)
    assert walk.heard == ["refused", "main"]
    assert walk.reply.lines[0].gaps == {"why": "It is not allowed."}


def test_who_may_not_use_the_menu_is_told_why_and_offered_a_human():
    """Case 11."""
    walk = at_pin().does("123412341234", REFUSAL)
    assert walk.heard == ["refused", "human"]
    assert walk.does("0").errand == FindAnalyst()


def test_a_call_that_is_over_says_goodbye_to_whatever_comes():
    walk = at(Step.RINGING).does(CallIsOver())
    assert walk.heard == ["goodbye"]
    for event in INPUTS:
        assert walk.does(event).reply.then == HangUp()
