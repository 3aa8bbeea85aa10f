"""Whole calls, by the simulator, against the running gateway, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core import directory, pins
from core.cases import ask_information, close
from core.enrolment import enrol
from core.rules.terms import EventKind, Priority, Status, SubStatus
from core.store.schema import (
    audit,
    calls,
    case_events,
    cases,
    contracts,
    legs,
    pin_failures,
    recordings,
    turns,
)
from ivr.conversation import CallState
from ivr.dialogue import spell
from ivr.phone import Ending, Faults, ScriptMistaken
from tests.ivr.conftest import ADA, GRACE, at_once

MINUTES = timedelta(minutes=1)


def ended_by(gateway, number):
    """End every contract of a case's combination, as of now."""
    pair = gateway.case(number).combination_id
    ending = (
        sa.update(contracts).where(contracts.c.combination_id == pair).values(ends_at=gateway.clock.now())
    )
    gateway.core.write(lambda uow: uow.connection.execute(ending))


# --- the PIN ------------------------------------------------------------------------------------------------


def test_a_caller_keys_the_pin_and_hears_how_a_case_stands(gateway, people):
    """P1 P2 C1."""
    number = people.case(subject="The switch is down").case.number
    result = gateway.call(f"{gateway.pin()}# 2 {number}# hangup")
    told = f"Case {spell(number)}, The switch is down. Its status is Open, New. Its priority is Medium."
    assert told in result.spoken


def test_silence_is_asked_about_three_times_and_then_a_human_is_rung(gateway):
    """Case 6."""
    result = gateway.call("- - -", "accept")
    assert result.spoken.count("I did not get an answer.") == 2
    assert result.bridged_to == ADA
    assert gateway.rows(pin_failures) == []


def test_three_wrong_pins_ring_a_human_and_the_analyst_hears_that_nobody_was_verified(gateway):
    """Case 13."""
    wrong = gateway.wrong(gateway.pin())
    result = gateway.call(f"{wrong}# {wrong}# {wrong}#", "accept")
    assert result.spoken.count("This PIN was not accepted.") == 2
    assert result.bridged_to == ADA
    assert any("not verified" in line for line in result.transcript)


def test_a_mistyped_digit_is_no_failure(gateway):
    """Case 14."""
    pin = gateway.pin()
    mistyped = pin[:-1] + str((int(pin[-1]) + 1) % 10)
    result = gateway.call(f"{mistyped}# 1# {pin}# hangup")
    assert "If your case is critical" in result.spoken
    assert gateway.rows(pin_failures) == []
    assert "Alice" not in result.spoken


def test_five_failures_over_several_calls_lock_and_the_right_pin_sounds_just_as_wrong(gateway):
    """Case 13: the wording is neutral; after 15 minutes the right PIN is right again and clears the count."""
    pin = gateway.pin()
    wrong = gateway.wrong(pin)
    gateway.call(f"{wrong}# {wrong}# {wrong}#")
    gateway.clock.advance(MINUTES)
    gateway.call(f"{wrong}# {wrong}# hangup")
    refused = gateway.call(f"{wrong}# hangup").spoken
    assert gateway.call(f"{pin}# hangup").spoken == refused
    gateway.clock.advance(14 * MINUTES)
    assert gateway.call(f"{pin}# hangup").spoken == refused
    gateway.clock.advance(MINUTES)
    assert "If your case is critical" in gateway.call(f"{pin}# hangup").spoken
    assert gateway.rows(pin_failures, pin_failures.c.scope == "contact") == []


def test_wrong_pins_at_once_are_all_counted_and_none_is_tried_after_the_lock(gateway):
    """Case 13: ten calls at the same time are no way around the five."""
    wrong = gateway.wrong(gateway.pin())
    at_once(*[lambda: gateway.call(f"{wrong}# hangup")] * 10)
    counted = {row["scope"]: row["failures"] for row in gateway.rows(pin_failures)}
    assert counted == {"contact": 5, "locked": 5, "number": 10, "system": 10}


def test_a_number_that_failed_often_waits_for_each_answer_right_or_wrong(gateway):
    """A10, DESIGN 5: it is slowed down, and the silence does not tell whether the PIN was right."""
    pin = gateway.pin()
    waits = [gateway.call(f"{gateway.wrong(pin)}# hangup").seconds for _call in range(4)]
    assert waits[1] < waits[2] < waits[3]
    result = gateway.call(f"{pin}# hangup")
    assert '<Pause length="2"' in gateway.rows(turns)[-1]["answer"]
    assert "Thank you" in result.spoken


def test_a_pin_keyed_as_the_call_back_number_is_not_kept_and_not_repeated(gateway):
    """A10: who keys ahead, or misses a question."""
    pin = gateway.pin()
    number = gateway.people.case().case.number
    result = gateway.call(f"{pin}# 1 1 {number}# {pin}# hangup")
    assert "cannot" in result.spoken.lower()
    assert pin not in str(gateway.rows(calls))
    assert pin not in str(gateway.rows(turns))


def test_who_has_no_pin_on_file_is_shown_the_way_to_a_human(gateway):
    """Case 12."""
    with gateway.core.reading() as uow:
        assert not directory.contact_by_email(uow, "blanche@northwind.example").has_pin
    result = gateway.call("0#", "accept")
    assert "If you have no PIN, press 0" in result.spoken
    assert result.bridged_to == ADA


def test_a_pin_that_was_taken_away_sounds_as_a_wrong_one(gateway):
    """Case 12."""
    pin = gateway.pin("blanche")
    wrong = gateway.call(f"{gateway.wrong(pin)}# hangup").spoken
    blanche = gateway.people.customer("blanche").contact_id
    gateway.core.write(lambda uow: pins.blank(uow, blanche, by="test"))
    assert gateway.call(f"{pin}# hangup").spoken == wrong


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bob", "Only a Designated Contact may do this"),
        ("erin", "No service contract for these systems is active"),
    ],
    ids=["a read-only contact", "a lapsed contract"],
)
def test_who_may_not_use_the_menu_is_told_so_after_the_pin_and_offered_a_human(gateway, people, name, words):
    """Case 11. A9."""
    people.case()
    result = gateway.call(f"{gateway.pin(name)}# 0", "accept")
    assert words in result.spoken
    assert "To speak to a person, press 0." in result.spoken
    assert "If your case is critical" not in result.spoken
    assert result.bridged_to == ADA
    assert len(gateway.rows(case_events)) == 1


# --- cases --------------------------------------------------------------------------------------------------


def test_a_new_case_is_opened_and_its_number_read_back(gateway):
    """P2: with its recording, and a mail to the contact."""
    result = gateway.call(f"{gateway.pin()}# 3 3 say:The_printer_is_on_fire hangup")
    assert "Your case number is 0, 0, 0, 0, 0, 0, 0, 0, 0, 1." in result.spoken
    case = gateway.case("0000000001")
    assert (case.status, case.sub_status, case.priority) == (Status.OPEN, SubStatus.NEW, Priority.MEDIUM)
    assert gateway.history(case.number) == ["opened"]
    assert gateway.recorded(EventKind.OPENED) == [2]
    assert gateway.mails("case-opened") == ["alice@northwind.example"]


def test_a_new_critical_case_keeps_the_callback_number_and_rings_the_analyst_on_call(gateway):
    """P3 P4 C12."""
    keys = f"{gateway.pin()}# 1 2 4930901820# 1 say:Nobody_can_call"
    result = gateway.call(keys, "accept")
    case = gateway.case("0000000001")
    assert (case.priority, case.production_down) == (Priority.CRITICAL, True)
    assert case.callback_number == "+4930901820"
    assert "We will call you at 4, 9, 3, 0, 9, 0, 1, 8, 2, 0." in result.spoken
    assert result.bridged_to == ADA
    assert gateway.history(case.number) == ["opened", "critical call taken"]


def test_a_spoken_update_stands_in_the_history_and_the_case_is_open_again(gateway, people):
    """P2 C7."""
    case = people.case().case
    gateway.core.write(lambda uow: ask_information(uow, people.analyst(), case, "Which version?"))
    result = gateway.call(f"{gateway.pin()}# 2 {case.number}# 2 say:It_is_version_four hangup")
    assert "Your update was added to the case." in result.spoken
    assert gateway.history(case.number)[-1] == "customer update"
    assert gateway.recorded(EventKind.CUSTOMER_UPDATE) == [2]
    assert gateway.case(case.number).status is Status.OPEN
    assert "ada@support.example" in gateway.mails("customer-update-for-owner")


def test_an_update_of_silence_is_asked_for_again(gateway, people):
    """Case 6."""
    number = people.case().case.number
    result = gateway.call(f"{gateway.pin()}# 2 {number}# 2 # say:Here_it_is hangup")
    assert result.spoken.count("Please say your update after the tone") == 2
    assert gateway.history(number) == ["opened", "customer update"]


@pytest.mark.parametrize("by_timer", [False, True], ids=["closed by an analyst", "closed by the timer"])
def test_a_closed_case_is_reopened_in_its_window_with_a_spoken_reason(gateway, by_timer):
    """Case 16: one minute before 30 days are over. C9."""
    number = gateway.closed(ago=timedelta(days=30) - MINUTES, by_timer=by_timer)
    result = gateway.call(f"{gateway.pin()}# 2 {number}# 3 say:It_is_broken_again hangup")
    assert "The case is open again." in result.spoken
    assert gateway.case(number).status is Status.OPEN
    assert gateway.history(number)[-1] == "reopened"
    assert gateway.recorded(EventKind.REOPENED) == [2]


def test_after_thirty_days_a_case_is_not_reopened_and_the_caller_hears_what_to_do(gateway):
    """Case 16."""
    number = gateway.closed(ago=timedelta(days=30))
    result = gateway.call(f"{gateway.pin()}# 2 {number}# 3 hangup")
    assert (
        "The case was closed 30 days ago or more and cannot be reopened. Please open a new case."
        in result.spoken
    )
    assert "Please say after the tone" not in result.spoken
    assert gateway.case(number).status is Status.CLOSED


def test_a_case_is_raised_to_critical_and_the_caller_put_through(gateway, people):
    """P3 C3 C12: `1#` is the number that the caller calls from."""
    number = people.case().case.number
    result = gateway.call(f"{gateway.pin()}# 1 1 {number}# 1# 2", "accept")
    case = gateway.case(number)
    assert (case.priority, case.production_down) == (Priority.CRITICAL, False)
    assert case.callback_number == "+14155550132"
    assert f"Case {spell(number)} is now critical." in result.spoken
    assert gateway.history(number) == ["opened", "priority changed", "critical call taken"]
    assert result.bridged_to == ADA
    assert gateway.mails("priority-changed") == ["alice@northwind.example"]


@pytest.mark.parametrize(
    "caller",
    ["anonymous", "+266696687", "+86282452253", "sip:alice@example.com", "client:+14155550132", ""],
)
def test_who_calls_from_no_usable_number_must_type_one(gateway, people, caller):
    """Case 21: withheld, keypad-word, SIP and client caller ids."""
    number = people.case().case.number
    result = gateway.call(f"{gateway.pin()}# 1 1 {number}# 1# 14155550177# 2", "accept", caller=caller)
    assert "We cannot dial that number." in result.spoken
    assert gateway.case(number).callback_number == "+14155550177"
    assert result.bridged_to == ADA


@pytest.mark.parametrize("keys", ["8816123456789", "19005550132", "12345", "000"])
def test_a_number_that_we_never_dial_is_refused(gateway, people, keys):
    """Case 21: satellite, premium, too short."""
    number = people.case().case.number
    result = gateway.call(f"{gateway.pin()}# 1 1 {number}# {keys}# 0014155550177# 2", "accept")
    assert result.spoken.count("We cannot dial that number.") == 1
    assert gateway.case(number).callback_number == "+14155550177"


def test_a_hang_up_before_the_last_answer_raises_nothing(gateway, people):
    """Case 1: nothing half done."""
    number = people.case().case.number
    gateway.call(f"{gateway.pin()}# 1 1 {number}# 1# hangup")
    assert gateway.case(number).priority is Priority.MEDIUM
    assert gateway.history(number) == ["opened"]


def test_a_foreign_case_sounds_exactly_as_one_that_does_not_exist(gateway, people):
    """Case 10: the same words, and a line in the audit trail."""
    number = people.case("charlie", subject="A secret of Eastgate").case.number
    pin = gateway.pin()
    foreign = gateway.call(f"{pin}# 2 {number}# hangup")
    unknown = gateway.call(f"{pin}# 2 9999999999# hangup")
    assert foreign.spoken == unknown.spoken
    assert "There is no case of yours with this number." in foreign.spoken
    asked = gateway.rows(audit, audit.c.act == "case of another company asked for")
    assert [(row["subject"], row["channel"]) for row in asked] == [(number, "phone")]
    assert "alice@northwind.example" in asked[0]["actor"]


def test_a_contract_that_ends_between_pin_and_confirmation_is_refused(gateway, people):
    """Case 15: decided again inside the writing transaction."""
    number = people.case().case.number
    _params, key = gateway.begin(f"{gateway.pin()}", "1", "1", number, "1")
    params, turn = _params, f"/voice/twilio/t/{key}/6"
    ended_by(gateway, number)
    answer = gateway.post(turn, **params, Digits="1").text
    assert "No service contract for these systems is active at this time." in answer
    assert "To speak to an analyst, press 0." in answer
    assert gateway.case(number).priority is Priority.MEDIUM


def test_an_analyst_closes_the_case_while_the_caller_is_in_its_menu(gateway, people):
    """Case 28: the caller hears the state as it is now, and no update is lost in a closed case."""
    case = people.case().case
    params, key = gateway.begin(gateway.pin(), "2", case.number)
    gateway.core.write(lambda uow: close(uow, people.analyst(), case, SubStatus.RESOLVED, "Done."))
    answer = gateway.post(f"/voice/twilio/t/{key}/4", **params, Digits="1").text
    assert "Its status is Closed, Resolved." in answer
    assert "To reopen this case, press 3." in answer


# --- who may what -------------------------------------------------------------------------------------------


def test_care_for_cloud_is_told_kindly_that_the_phone_is_for_critical_cases(gateway):
    """P5."""
    result = gateway.call(f"{gateway.pin('cleo')}# 3 hangup")
    assert "With Care for Cloud, the phone is for critical cases." in result.spoken
    assert gateway.rows(cases) == []


def test_care_for_cloud_opens_a_critical_case_by_phone(gateway):
    """P5."""
    result = gateway.call(f"{gateway.pin('cleo')}# 1 2 1# 1 say:All_is_down", "accept")
    assert result.bridged_to == ADA
    assert gateway.case("0000000001").priority is Priority.CRITICAL


def test_a_partners_contact_opens_a_case_for_its_end_user(gateway):
    """A2."""
    result = gateway.call(f"{gateway.pin('petra')}# 1 2 1# 2 say:No_sound", "accept", caller="+493012345678")
    assert any("Critical call. Island Clinic. Case" in line for line in result.transcript)
    assert gateway.case("0000000001").callback_number == "+493012345678"


def test_a_contact_of_two_companies_chooses_one(gateway):
    """Case 22."""
    approval = {"approver": "Edgar East", "approved_by": "Eastgate", "approved_on": "2026-01-02"}
    more = {"sold_to": "Eastgate", "access": "Read-Write", **approval}
    document = {"contacts": [person("alice", "Northwind") | {"grants": [more]}]}
    gateway.core.write(lambda uow: enrol(uow, document))
    result = gateway.call(f"{gateway.pin()}# 3 1 4 say:A_question hangup")
    assert "For Eastgate, press 1." in result.spoken
    assert "For Northwind, press 2." in result.spoken
    charlies = gateway.people.case("charlie").case
    assert gateway.case("0000000001").combination_id == charlies.combination_id


def test_a_case_under_the_combination_that_is_only_read_is_refused_by_the_rule(gateway, people):
    """Case 11: a DC for one combination, the case under another."""
    more = {"sold_to": "Eastgate", "access": "Read-Only"}
    document = {"contacts": [person("alice", "Northwind") | {"grants": [more]}]}
    gateway.core.write(lambda uow: enrol(uow, document))
    number = people.case("charlie").case.number
    result = gateway.call(f"{gateway.pin()}# 2 {number}# hangup")
    assert "Only a Designated Contact may do this" in result.spoken
    assert "The switch is down" not in result.spoken


def person(name, company):
    return {
        "email": f"{name}@{company.lower()}.example",
        "first_name": name.title(),
        "last_name": "Archer",
        "employer": company,
        "country": "US",
        "phone": "+14155550132",
    }


# --- the ladder ---------------------------------------------------------------------------------------------


def raised(gateway, number, analysts, **options):
    """Call, raise the case to Critical, and let the analysts react."""
    return gateway.call(f"{gateway.pin()}# 1 1 {number}# 1# 1", analysts, **options)


@pytest.mark.parametrize("first", ["no-answer", "busy", "failed", "decline", "ignore", "voicemail"])
def test_the_next_analyst_is_rung_and_takes_the_case(gateway, people, first):
    """Case 20: a voicemail never accepts. P4."""
    number = people.case().case.number
    result = raised(gateway, number, f"{first},accept")
    assert "I am ringing the next analyst." in result.spoken
    assert result.bridged_to == GRACE
    assert result.ending is Ending.TALKED
    assert gateway.case(number).owner_id == people.analyst("grace").analyst_id
    assert gateway.history(number)[-1] == "critical call taken"
    rung = [(row["status"], row["took_at"] is not None) for row in gateway.rows(legs)]
    final = {"decline": "completed", "ignore": "completed", "voicemail": "completed"}.get(first, first)
    assert rung == [(final, False), ("completed", True)]


def test_the_whisper_says_who_calls_about_what(gateway, people):
    """P4: and every whisper asks for 1."""
    number = people.case(subject="The switch is down").case.number
    result = raised(gateway, number, "accept")
    whisper = f"Critical call. Northwind. Case {spell(number)}. The switch is down. Press 1 to take the call."
    assert any(whisper in line for line in result.transcript)


def test_when_nobody_answers_the_message_is_kept_and_everyone_is_paged(gateway, people):
    """Case 18: after at most four minutes of ringing. P4."""
    number = people.case().case.number
    keys = f"{gateway.pin()}# 1 1 {number}# 1# 1 say:Please_call_me_back"
    result = gateway.call(keys, "voicemail,no-answer")
    assert "No analyst could take your call." in result.spoken
    assert "Your message was sent to everyone on call." in result.spoken
    assert gateway.history(number)[-1] == "critical call message"
    assert gateway.recorded(EventKind.CRITICAL_CALL_MESSAGE) == [2]
    assert gateway.mails("critical-message-for-on-call") == ["ada@support.example", "grace@support.example"]
    assert result.seconds < 240


def test_without_a_case_the_message_pages_everyone_too(gateway):
    """Case 18."""
    gateway.call("0# say:I_have_no_PIN", "busy,busy")
    assert gateway.mails("caller-message-for-on-call") == ["ada@support.example", "grace@support.example"]
    assert [row["seconds"] for row in gateway.rows(recordings)] == [2]


def test_who_says_nothing_after_the_tone_is_paged_for_all_the_same(gateway):
    """Case 18: what the caller is told is true."""
    result = gateway.call("0# # # #", "busy,busy")
    assert "Everyone on call was told that you called." in result.spoken
    assert gateway.mails("caller-message-for-on-call") == ["ada@support.example", "grace@support.example"]


def test_a_message_about_a_closed_case_reaches_everyone_though_the_case_takes_no_update(gateway):
    """Case 18: a rule about the case does not swallow the message."""
    number = gateway.closed()
    result = gateway.call(f"{gateway.pin()}# 2 {number}# 0 say:It_is_urgent", "busy,busy")
    assert "Your message was sent to everyone on call." in result.spoken
    assert gateway.mails("caller-message-for-on-call") == ["ada@support.example", "grace@support.example"]
    assert len(gateway.rows(recordings)) == 1


def test_nobody_on_call_leads_to_the_message_at_once(gateway, people):
    """Case 18."""
    with_none = {"analysts": [{"email": f"{name}@support.example", "name": name, "phone": phone} for name, phone in
                              (("ada", ADA), ("grace", GRACE))]}  # fmt: skip
    number = people.case().case.number
    gateway.core.write(lambda uow: enrol(uow, with_none))
    result = raised(gateway, number, "")
    assert "No analyst could take your call." in result.spoken
    assert gateway.history(number)[-1] == "critical call message"


def test_a_caller_who_hangs_up_in_the_whisper_is_told_of_and_everyone_is_paged(gateway, people):
    """Case 2: the analyst hears that the caller has gone, and which case; no further phone rings."""
    number = people.case().case.number
    result = raised(gateway, number, "caller-gone,accept")
    assert any(
        f"The caller has hung up. Northwind. Case {spell(number)}." in line for line in result.transcript
    )
    assert not result.bridged
    assert len(gateway.rows(legs)) == 1
    assert gateway.case(number).priority is Priority.CRITICAL
    assert gateway.mails("critical-message-for-on-call") == ["ada@support.example", "grace@support.example"]


def test_a_caller_without_a_case_who_hangs_up_in_the_whisper_is_told_of_too(gateway):
    """Case 2."""
    result = gateway.call("0#", "caller-gone,accept")
    assert any("The caller has hung up. No case was named." in line for line in result.transcript)
    assert gateway.mails("caller-message-for-on-call") == ["ada@support.example", "grace@support.example"]


def test_a_caller_who_hangs_up_before_the_message_is_called_back(gateway, people):
    """Case 1: a confirmed Critical stays, and somebody is told of it."""
    number = people.case().case.number
    gateway.call(f"{gateway.pin()}# 1 1 {number}# 1# 1 hangup", "busy,busy")
    assert gateway.history(number)[-1] == "critical call message"
    assert gateway.mails("critical-message-for-on-call") == ["ada@support.example", "grace@support.example"]


def ringing(gateway, number):
    """Return the parameters, the call's key and the two legs of a call in which Grace rings after Ada."""
    params, key = gateway.begin(gateway.pin(), "1", "1", number, "1", "1")
    turn = f"/voice/twilio/t/{key}/7"
    gateway.post(turn, **params, DialCallStatus="no-answer")
    first, second = gateway.rows(legs)
    return params, key, first["key"], second["key"]


def press_1(gateway, leg):
    params = gateway.params()
    gateway.post(f"/voice/twilio/leg/{leg}/1", **params)
    return gateway.post(f"/voice/twilio/leg/{leg}/2", **params, Digits="1").text


def is_bridge(text):
    return text.endswith(("<Response />", "<Response/>"))


def test_an_analyst_who_presses_1_late_hears_who_has_the_caller(gateway, people):
    """Case 19."""
    _params, _key, adas, graces = ringing(gateway, people.case().case.number)
    assert is_bridge(press_1(gateway, graces))
    assert "The call was already taken by Grace." in press_1(gateway, adas)


def test_an_analyst_who_presses_1_after_the_ladder_went_on_does_not_take_the_call(gateway, people):
    """Case 19: the caller waits for the next one, and is not left alone with an empty line."""
    number = people.case().case.number
    _params, _key, adas, graces = ringing(gateway, number)
    assert "went on to somebody else" in press_1(gateway, adas)
    assert is_bridge(press_1(gateway, graces))
    assert gateway.case(number).owner_id == people.analyst("grace").analyst_id


def test_an_analyst_who_presses_1_after_the_caller_moved_to_the_message_does_not_take_the_call(
    gateway, people
):
    """Case 19."""
    params, key, _adas, graces = ringing(gateway, people.case().case.number)
    answer = gateway.post(f"/voice/twilio/t/{key}/8", **params, DialCallStatus="no-answer").text
    assert "Please leave a message" in answer
    assert "went on to somebody else" in press_1(gateway, graces)


def test_two_analysts_who_press_1_at_the_same_time_are_not_both_joined(gateway, people):
    """Case 19."""
    number = people.case().case.number
    _params, _key, adas, graces = ringing(gateway, number)
    answers = at_once(lambda: press_1(gateway, adas), lambda: press_1(gateway, graces))
    assert sorted(map(is_bridge, answers)) == [False, True]
    assert [row["took_at"] is not None for row in gateway.rows(legs)] == [False, True]
    assert gateway.history(number).count("critical call taken") == 1


def test_an_analyst_who_presses_1_twice_takes_the_call_once(gateway, people):
    """Case 19."""
    number = people.case().case.number
    _params, _key, _adas, graces = ringing(gateway, number)
    answers = at_once(*[lambda: press_1(gateway, graces)] * 2)
    assert all(map(is_bridge, answers))
    assert gateway.history(number).count("critical call taken") == 1


def test_a_ladder_that_goes_on_while_1_is_pressed_has_one_outcome(gateway, people):
    """Case 19: either the analyst has the caller, or the caller goes on to the message."""
    params, key, _adas, graces = ringing(gateway, people.case().case.number)
    turn = f"/voice/twilio/t/{key}/8"
    pressed, went_on = at_once(
        lambda: press_1(gateway, graces),
        lambda: gateway.post(turn, **params, DialCallStatus="completed").text,
    )
    assert is_bridge(pressed) == ("leave a message" not in went_on)


def test_the_case_of_an_earlier_question_is_not_the_one_that_is_whispered(gateway, people):
    """Who turns to a new case and asks for a human does not call about the old one."""
    number = people.case().case.number
    result = gateway.call(f"{gateway.pin()}# 2 {number}# 9 3 0", "accept")
    assert any("No case was named." in line for line in result.transcript)
    assert gateway.history(number) == ["opened"]


def test_the_message_of_a_withheld_caller_names_no_number(gateway, people):
    """Case 21."""
    number = people.case().case.number
    gateway.call(f"{gateway.pin()}# 2 {number}# 0 say:Please_call", "busy,busy", caller="anonymous")
    case = gateway.case(number)
    text = gateway.rows(case_events, case_events.c.case_id == case.id)[-1]["text"]
    assert "number withheld" in text
    assert "anonymous" not in text


# --- a bad network, a restart, a curious caller -------------------------------------------------------------


def test_every_webhook_sent_twice_makes_the_same_call_and_single_effects(gateway, people):
    """Case 3."""
    first, second = people.case().case.number, people.case().case.number
    pin = gateway.pin()

    def script(number):
        wrong = gateway.wrong(pin)
        return f"{wrong}# {pin}# 2 {number}# 2 say:One_update 9 1 1 {number}# 1# 1 say:Please_call_me"

    plain = gateway.call(script(first), "decline,voicemail")
    doubled = gateway.call(script(second), "decline,voicemail", faults=Faults(duplicate_every_webhook=True))
    assert doubled.spoken == plain.spoken.replace(spell(first), spell(second))
    assert gateway.history(second) == gateway.history(first)
    assert gateway.history(second) == [
        "opened",
        "customer update",
        "priority changed",
        "critical call message",
    ]
    assert len(gateway.rows(legs)) == 4
    assert len(gateway.rows(recordings)) == 4
    assert {row["scope"]: row["failures"] for row in gateway.rows(pin_failures)} == {"number": 2, "system": 2}


def test_a_call_goes_on_after_a_restart_with_another_version(gateway, people):
    """Case 23: a step that this version does not know leads to the main menu."""
    params, key = gateway.begin(gateway.pin(), "2")
    state = CallState(contact_id=people.customer("alice").contact_id).as_json() | {"step": "of-tomorrow"}
    changed = sa.update(calls).where(calls.c.key == key).values(state=state)
    gateway.core.write(lambda uow: uow.connection.execute(changed))
    answer = gateway.post(f"/voice/twilio/t/{key}/3", **params, Digits="0000000001").text
    assert "If your case is critical, press 1." in answer


def test_no_call_leaves_a_pin_behind(gateway, people):
    """A10: no table holds what was keyed."""
    pin = gateway.pin()
    gateway.call(f"{pin}# 2 {people.case().case.number}# 2 hangup")
    with gateway.core.reading() as uow:
        tables = sa.inspect(uow.connection).get_table_names()
        for name in tables:
            kept = uow.connection.execute(sa.text(f'SELECT * FROM "{name}"'))  # noqa: S608
            assert pin not in str(list(kept)), name


TOKENS = st.sampled_from(
    ["PIN#", *"0123456789*#", "-", "00", "CASE#", "FOREIGN#", "1#", "14155550177#", "say:Well"]
)
OUTCOMES = st.lists(
    st.sampled_from(["accept", "decline", "voicemail", "busy", "no-answer", "caller-gone"]), max_size=2
)


def test_whatever_is_keyed_nothing_breaks_and_no_other_company_is_heard_of(gateway, people):
    """Case 10, over 60 calls on the two databases: never a 5xx, never a word of another company's case."""
    mine, foreign = (
        people.case().case.number,
        people.case("charlie", subject="A secret of Eastgate").case.number,
    )
    pin = gateway.pin()
    examples = 25 if gateway.core.database.is_sqlite else 35

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(TOKENS, max_size=9), OUTCOMES)
    def curious(tokens, outcomes):
        words = {"PIN#": f"{pin}#", "CASE#": f"{mine}#", "FOREIGN#": f"{foreign}#"}
        keys = " ".join([f"{pin}#", *(words.get(token, token) for token in tokens)])
        try:
            result = gateway.call(keys, ",".join(outcomes))
        except ScriptMistaken:
            return
        heard = "\n".join(line for line in result.transcript)
        assert "secret of Eastgate" not in heard
        assert "went wrong" not in heard

    curious()
    assert gateway.history(foreign) == ["opened"]
