"""People on the phone behave as their script or their terminal says."""

from __future__ import annotations

import pytest

from ivr.phone import AnalystOutcome, HungUp, InteractiveCaller, Prompt, ScriptedCaller, ScriptMistaken
from ivr.simulator.caller import DEFAULT_MESSAGE
from ivr.simulator.gather import Taken, take
from ivr.simulator.transcript import TranscriptLine, masked, seconds_to_say

MENU = Prompt("Press 1.", num_digits=1)


def typing(*lines):
    """Return a caller at a terminal who types these lines, and then closes it."""
    rest, shown = list(lines), []

    def ask(_question):
        if not rest:
            raise EOFError
        return rest.pop(0)

    caller = InteractiveCaller(ask, shown.append)
    return caller, shown


def test_each_token_is_keyed_at_one_prompt():
    caller = ScriptedCaller.from_script("1 1234#")
    assert [caller.next_keys(MENU), caller.next_keys(MENU)] == ["1", "1234#"]


def test_a_dash_is_silence():
    assert ScriptedCaller.from_script("-").next_keys(MENU) == ""


def test_the_token_hangup_hangs_up():
    with pytest.raises(HungUp):
        ScriptedCaller.from_script("hangup").next_keys(MENU)


def test_the_token_hangup_hangs_up_at_a_record_too():
    with pytest.raises(HungUp):
        ScriptedCaller.from_script("hangup").speak(MENU)


def test_underscores_are_spaces_in_what_is_spoken():
    assert ScriptedCaller.from_script("say:all_lines_down").speak(MENU) == "all lines down"


def test_quotes_keep_what_is_spoken_together():
    assert ScriptedCaller.from_script("'say:all lines down' 1").speak(MENU) == "all lines down"


def test_a_lone_hash_is_taken_at_a_record():
    caller = ScriptedCaller.from_script("# 2")
    assert (caller.speak(MENU), caller.unused) == ("#", ("2",))


def test_a_record_takes_no_keys_and_gets_five_seconds_of_speech():
    caller = ScriptedCaller.from_script("2")
    assert (caller.speak(MENU), caller.unused) == (DEFAULT_MESSAGE, ("2",))
    assert seconds_to_say(DEFAULT_MESSAGE) == 5


def test_speech_where_keys_are_awaited_is_a_mistake_in_the_script():
    with pytest.raises(ScriptMistaken, match=r"where keys are awaited: 'Press 1\.'"):
        ScriptedCaller.from_script("say:hello").next_keys(MENU)


@pytest.mark.parametrize("script", ["one", "12x", "'12", "１２"])  # the last in full-width digits
def test_a_token_that_no_phone_can_key_is_a_mistake_in_the_script(script):
    with pytest.raises(ScriptMistaken):
        ScriptedCaller.from_script(script)


def test_a_mistake_in_the_script_shows_no_pin():  # A10
    with pytest.raises(ScriptMistaken) as told:
        ScriptedCaller.from_script("123412341234# '2")
    assert "123412341234" not in str(told.value)


def test_when_the_script_has_run_out_three_prompts_pass_and_then_the_caller_hangs_up():
    caller = ScriptedCaller.from_script("")
    assert [caller.next_keys(MENU) for _ in range(3)] == ["", "", ""]
    with pytest.raises(HungUp):
        caller.next_keys(MENU)


def test_analysts_react_in_the_order_of_the_list_and_then_not_at_all():
    caller = ScriptedCaller.from_script(analysts="busy, accept")
    outcomes = [caller.analyst("+491") for _ in range(3)]
    assert outcomes == [AnalystOutcome.BUSY, AnalystOutcome.ACCEPT, AnalystOutcome.NO_ANSWER]


def test_an_unknown_outcome_is_a_mistake_in_the_script():
    with pytest.raises(ScriptMistaken, match="an analyst may: accept, decline"):
        ScriptedCaller.from_script(analysts="asleep")


def test_a_terminal_keys_what_is_typed():
    caller, _ = typing("1234 1234 #", "", "-")
    assert [caller.next_keys(MENU) for _ in range(3)] == ["12341234#", "", ""]


def test_a_terminal_asks_again_for_what_is_no_key():
    caller, shown = typing("one", "1")
    assert caller.next_keys(MENU) == "1"
    assert "0-9, * and #" in shown[0]


def test_a_terminal_speaks_what_is_typed():
    caller, _ = typing("all lines down", "")
    assert [caller.speak(MENU), caller.speak(MENU)] == ["all lines down", ""]


@pytest.mark.parametrize("lines", [["hangup"], []])
def test_a_terminal_hangs_up_by_word_and_by_its_end(lines):
    caller, _ = typing(*lines)
    with pytest.raises(HungUp):
        caller.next_keys(MENU)


def test_a_terminal_plays_the_analysts_too():
    caller, shown = typing("accept", "asleep", "")
    assert [caller.analyst("+491"), caller.analyst("+492")] == [
        AnalystOutcome.ACCEPT,
        AnalystOutcome.NO_ANSWER,
    ]
    assert "accept, decline" in shown[0]


@pytest.mark.parametrize(
    ("keys", "num_digits", "finish", "taken"),
    [
        ("1", 1, "#", Taken("1", "", "", complete=True)),
        ("123", 1, "#", Taken("1", "", "23", complete=True)),
        ("12#3", None, "#", Taken("12", "#", "3", complete=True)),
        ("#", 1, "#", Taken("", "#", "", complete=True)),
        ("#", 1, "", Taken("#", "", "", complete=True)),
        ("12", None, "#", Taken("12", "", "", complete=False)),
        ("1*", None, "*", Taken("1", "*", "", complete=True)),
        ("", 1, "#", Taken("", "", "", complete=False)),
    ],
)
def test_a_gather_takes_keys_up_to_its_number_or_its_finish_key(keys, num_digits, finish, taken):
    assert take(keys, num_digits, finish) == taken


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("123412341234", "************"),
        ("123412341234#", "************#"),
        ("0003256109", "0003256109"),
        ("12345678901", "12345678901"),
        ("123412341234123412341234", "************************"),
        ("1*123412341234", "1*************"),
    ],
)
def test_twelve_digits_or_more_are_never_shown(keys, shown):  # A10
    assert masked(keys) == shown


def test_a_transcript_line_is_a_string_that_knows_its_parts():
    line = TranscriptLine(4, "http", "POST /x -> 200")
    assert (str(line), line.second, line.is_http) == ("   4 s  http      POST /x -> 200", 4, True)
