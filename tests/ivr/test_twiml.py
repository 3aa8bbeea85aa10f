"""Replies as TwiML: well-formed whatever a text holds, and in the grammar of the provider's own library."""

from __future__ import annotations

import inspect
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.twiml import voice_response

from ivr.conversation import AskKeys, AskSpeech, HangUp, Line, Reply, Ring
from ivr.routing import RING_SECONDS
from ivr.simulator.document import MAX_BYTES, read_document
from ivr.twiml import LONGEST_SAY, Links, clean, of_apology, of_bridge, of_goodbye, of_reply, of_whisper

LINKS = Links("https://gateway.example/voice/twilio")
KEY, LEG = "c" * 32, "d" * 32
THENS = [AskKeys(1), AskKeys(), AskSpeech(), Ring(LEG, "+14155550141"), HangUp()]
ODD = [
    "<Hangup/> & <Say>hello</Say>",
    "]]> <!-- &lt; &#0; \"quotes\" 'and' more",
    "bell \a null \0 escape \x1b delete \x7f C1 \x85\x9b",
    "🔥 The switch 👩🏽‍🔧 is on fire \N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{ZERO WIDTH NO-BREAK SPACE}\ufffe\uffff\ud800\ue000",
    "{number} {0} {{}} %s",
    "x" * 5000,
    "&" * 5000,
    "🔥" * 5000,
    "",
]
TEXTS = st.text(st.characters()) | st.sampled_from(ODD) | st.text("<>&\"'\0\x0b]", max_size=300)


def case_state(subject):
    gaps = {"number": "1", "subject": subject, "status": subject, "sub_status": subject, "priority": "High"}
    return Line("case-state", gaps)


def documents(line):
    """Return every kind of document that can carry a line."""
    replies = [of_reply(Reply((line,) * 11, then), LINKS, KEY, 2) for then in THENS]
    return [*replies, of_whisper(line, LINKS.leg(LEG, 2)), of_goodbye(line)]


FIXED = [of_bridge(), of_apology(LINKS.turn(KEY, 1), ""), of_apology(LINKS.turn(KEY, 1), "+14155550199")]


def grammar():
    """Return the attributes that the provider's library knows for each element.

    Its classes have a method for every element that may stand inside, with the attributes as parameters.
    """
    known = {"Response": set()}
    for _name, verb in inspect.getmembers(voice_response, inspect.isclass):
        for name, method in inspect.getmembers(verb, inspect.isfunction):
            words = inspect.signature(method).parameters
            names = {re.sub(r"_(.)", lambda found: found[1].upper(), word) for word in words}
            known.setdefault(name.capitalize(), set()).update(names)
    return known


def read(document):
    return ElementTree.fromstring(document)  # noqa: S314  # our own


@settings(deadline=None, max_examples=60, database=None)
@given(TEXTS)
def test_every_document_is_well_formed_and_under_64_kilobytes(text):
    """Case 25."""
    for document in documents(case_state(text)):
        encoded = document.encode()
        assert len(encoded) < MAX_BYTES
        read_document(LINKS.base, encoded)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts_add_no_element_and_leave_nothing_unsaid(text):
    """Case 25: escaped, stripped, capped."""
    for document in documents(case_state(text)):
        root = read(document)
        said = [element.text or "" for element in root.iter("Say")]
        assert len(said) in (1, 11)
        assert all(words.startswith("Case 1, ") and "High" in words for words in said)
        assert all(len(words) <= LONGEST_SAY for words in said)


@pytest.mark.parametrize("document", [*documents(case_state("It blinks")), *FIXED])
def test_every_element_and_attribute_is_known_to_the_providers_library(document):
    known = grammar()
    for element in read(document).iter():
        assert set(element.attrib) <= known[element.tag], element.tag


@pytest.mark.parametrize("document", [*documents(case_state("It blinks")), *FIXED])
def test_no_url_carries_a_query_string(document):
    urls = re.findall(r"https?://[^\s\"<]+", document)
    assert all("?" not in url and url.startswith(LINKS.base) for url in urls)


def test_control_characters_are_stripped_and_white_space_is_a_space():
    """Case 25."""
    assert clean("a\0b\tc\nd\x1be\u2028f") == "ab c de f"


def test_an_emoji_is_kept():
    """Case 25."""
    assert clean("🔥") == "🔥"


def test_a_long_name_is_cut_and_the_rest_of_the_sentence_is_said():
    """Case 25."""
    assert "x" * 200 + ". Its status is" in of_goodbye(case_state("x" * 5000))


def test_a_whisper_always_ends_in_a_hang_up():
    """Case 20: who presses nothing is not joined to the caller."""
    (gather, hang_up) = read(of_whisper(case_state("It blinks"), LINKS.leg(LEG, 2)))
    assert (gather.tag, hang_up.tag) == ("Gather", "Hangup")
    assert "actionOnEmptyResult" not in gather.attrib
    assert gather.attrib["numDigits"] == "1"


def test_the_bridge_is_an_empty_document():
    assert list(read(of_bridge())) == []


def test_silence_makes_a_request_too():
    """Case 6: the dialogue decides what follows it."""
    (gather,) = read(of_reply(Reply((Line("main"),), AskKeys(1)), LINKS, KEY, 2))
    assert gather.attrib["actionOnEmptyResult"] == "true"
    (_say, record, redirect) = read(of_reply(Reply((Line("update"),), AskSpeech()), LINKS, KEY, 2))
    assert record.attrib["action"] == redirect.text == LINKS.turn(KEY, 2)


def test_an_analyst_is_rung_for_twenty_seconds_with_a_whisper():
    """P4."""
    reply = Reply((Line("ringing"),), Ring(LEG, "+14155550141"))
    (_say, dial) = read(of_reply(reply, LINKS, KEY, 2))
    (number,) = dial
    assert dial.attrib["timeout"] == str(RING_SECONDS) == "20"
    assert number.text == "+14155550141"
    assert number.attrib["url"] == LINKS.leg(LEG, 1)


def test_an_apology_rings_the_number_for_faults_where_one_is_set_and_ends_the_call_with_it():
    """Case 23: the menu does not begin again behind a human; without a number the turn is tried again."""
    root = read(of_apology(LINKS.turn(KEY, 1), "+14155550199"))
    assert [element.tag for element in root] == ["Say", "Dial", "Hangup"]
    assert [element.tag for element in read(FIXED[1])] == ["Say", "Pause", "Redirect"]


def test_a_pause_comes_before_everything_else():
    """DESIGN 5: the answer to a number that failed often comes later."""
    reply = Reply((Line("main"),), AskKeys(1))
    (pause, gather) = read(of_reply(reply, LINKS, KEY, 2, pause=4))
    assert (pause.tag, pause.get("length"), gather.tag) == ("Pause", "4", "Gather")
