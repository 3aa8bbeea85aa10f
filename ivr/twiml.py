"""Replies written as TwiML: the one place where text becomes XML for the provider.

Control characters are stripped and lengths capped here, for every text; the library escapes. Sources:
https://www.twilio.com/docs/voice/twiml (Say, Gather, Record, Dial, Number, Redirect, Hangup).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from ivr.conversation import AskKeys, AskSpeech, HangUp, Line, Reply, Ring
from ivr.prompts import ENGLISH, Language, spoken
from ivr.routing import RING_SECONDS

LONGEST_SAY = 1000  # characters; a provider takes 4096, a caller takes less
_LONGEST_GAP = 200
_SECONDS_FOR_A_KEY, _SECONDS_FOR_AN_ENTRY = 6, 8
_LONGEST_RECORDING = 120


@dataclass(frozen=True)
class Links:
    """Where the provider goes next: absolute URLs without a query string or a secret."""

    base: str  # public URL + /voice/<provider>
    shown_number: str = ""  # what an analyst's telephone shows; empty: what the caller's provider gives

    def turn(self, call_key: str, turn: int) -> str:
        """Return where a turn of a call is sent."""
        return f"{self.base}/t/{call_key}/{turn}"

    def leg(self, leg_key: str, turn: int) -> str:
        """Return where a turn of an analyst's leg is sent."""
        return f"{self.base}/leg/{leg_key}/{turn}"

    def leg_status(self, call_key: str, leg_key: str) -> str:
        """Return where the provider reports on a leg."""
        return f"{self.base}/status/{call_key}/{leg_key}"

    def recording(self, call_key: str) -> str:
        """Return where the provider reports on a recording."""
        return f"{self.base}/recording/{call_key}"


def of_reply(reply: Reply, links: Links, call_key: str, turn: int, *, pause: int = 0) -> str:
    """Return the TwiML of a reply; `turn` is the one that what happens then is sent to.

    `pause`: how many seconds of silence come first.
    """
    response = VoiceResponse()
    if pause:
        response.pause(length=pause)
    action = links.turn(call_key, turn)
    match reply.then:
        case AskKeys() as keys:
            response.append(_gather(keys, action, reply.lines))
        case AskSpeech():
            _say(response, reply.lines)
            _record(response, action, links.recording(call_key))
        case Ring() as ring:
            _say(response, reply.lines)
            response.append(_dial(ring, action, links, call_key))
        case HangUp():
            _say(response, reply.lines)
            response.hangup()
    return str(response)


def of_whisper(line: Line, action: str) -> str:
    """Return what an analyst hears before taking a call; without a key it ends in a hang-up."""
    response = VoiceResponse()
    gather = Gather(input="dtmf", num_digits=1, timeout=10, action=action, method="POST")
    _say(gather, (line,))
    response.append(gather)
    response.hangup()
    return str(response)


def of_bridge() -> str:
    """Return the empty document: the whisper is over and the two are joined."""
    return str(VoiceResponse())


def of_goodbye(*lines: Line) -> str:
    """Return a document that says something, or nothing, and hangs up."""
    response = VoiceResponse()
    _say(response, lines)
    response.hangup()
    return str(response)


def of_apology(again: str, fallback_number: str) -> str:
    """Return what is said when a turn failed inside: a word, then a human where one is set, else once more.

    The call ends with the human: the menu does not begin again behind them.
    """
    response = VoiceResponse()
    _say(response, (Line("apology"),))
    if fallback_number:
        response.dial(fallback_number, timeout=RING_SECONDS)
        response.hangup()
    else:
        response.pause(length=3)
        response.redirect(again, method="POST")
    return str(response)


def _gather(keys: AskKeys, action: str, lines: tuple[Line, ...]) -> Gather:
    wait = _SECONDS_FOR_A_KEY if keys.count else _SECONDS_FOR_AN_ENTRY
    # Silence makes a request too, so that it is the dialogue that decides what follows it.
    options = {
        "input": "dtmf",
        "timeout": wait,
        "action": action,
        "method": "POST",
        "action_on_empty_result": True,
    }
    gather = Gather(num_digits=keys.count, **options) if keys.count else Gather(finish_on_key="#", **options)
    _say(gather, lines)
    return gather


def _record(response: VoiceResponse, action: str, report: str) -> None:
    response.record(
        action=action,
        method="POST",
        max_length=_LONGEST_RECORDING,
        timeout=5,
        finish_on_key="#",
        play_beep=True,
        recording_status_callback=report,
    )
    # A recording of silence makes no request; the same question is asked by the same turn then.
    response.redirect(action, method="POST")


def _dial(ring: Ring, action: str, links: Links, call_key: str) -> Dial:
    # A caller without a number (withheld, SIP) has none that could be shown, and the call would fail.
    shown = links.shown_number or None
    dial = Dial(action=action, method="POST", timeout=RING_SECONDS, answer_on_bridge=True, caller_id=shown)
    dial.number(
        ring.phone,
        url=links.leg(ring.leg_key, 1),
        method="POST",
        status_callback=links.leg_status(call_key, ring.leg_key),
        status_callback_event="initiated ringing answered completed",
    )
    return dial


def _say(target: VoiceResponse | Gather, lines: tuple[Line, ...], language: Language = ENGLISH) -> None:
    for line in lines:
        gaps = {name: clean(text)[:_LONGEST_GAP] for name, text in line.gaps.items()}
        target.say(clean(spoken(Line(line.prompt, gaps), language))[:LONGEST_SAY], language=language.code)


def clean(text: str) -> str:
    """Return text without what XML or a voice cannot take: control characters, surrogates, private use."""
    kept = (" " if letter.isspace() else letter for letter in text)
    return "".join(letter for letter in kept if unicodedata.category(letter)[0] != "C")
