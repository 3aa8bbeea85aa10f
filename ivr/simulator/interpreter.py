"""Performs TwiML on one leg of a call.

Verbs are performed in their order. One that asks for another document (Gather, Record, Redirect, Dial)
leaves the current one for good; one that does not falls through to the next. A document that comes to its
end ends the caller's call, and lets an analyst's leg through to the caller. The small verbs are here;
Gather, Record and Dial have modules of their own.

Sources: https://www.twilio.com/docs/voice/twiml and its pages say, pause, redirect, hangup, reject.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ivr.simulator.caller import AnalystOutcome, Person
from ivr.simulator.dial import dial
from ivr.simulator.document import Document, Verb
from ivr.simulator.ending import Ending, HungUp, LineEnded
from ivr.simulator.errors import ForbiddenInWhisper, RejectedTooLate
from ivr.simulator.gather import gather
from ivr.simulator.leg import Leg
from ivr.simulator.record import record
from ivr.simulator.transcript import Transcript, seconds_to_say
from ivr.simulator.webhooks import Webhooks

WHISPERED = frozenset({"Say", "Pause", "Gather", "Redirect", "Hangup"})
"""What an analyst may be played before the bridge. The provider excludes Dial; the rest makes no sense."""


class End(Protocol):
    """Tells the transcript what the person at this end of the line hears and does."""

    def hears(self, text: str) -> None:
        """The person hears `text`."""

    def does(self, text: str) -> None:
        """The person does what `text` says."""


@dataclass
class Switchboard:
    """What all legs of one call share."""

    webhooks: Webhooks
    transcript: Transcript
    analyst: Callable[[str], AnalystOutcome]
    caller_gone: Callable[[], None]
    bridged_to: str | None = None


class Interpreter:
    """Performs documents for the person on one leg."""

    def __init__(self, leg: Leg, person: Person, end: End, switchboard: Switchboard) -> None:
        self.leg = leg
        self.person = person
        self.end = end
        self.switchboard = switchboard
        self.status = "in-progress"
        self.typed_ahead = ""
        self.answered = leg.parent_call_sid is not None
        self._heard: list[str] = []

    def run(self, document: Document) -> Ending:
        """Perform `document` and all that follow it. Raises a `CallFault`."""
        following: Document | None = document
        try:
            while following:
                following = self._perform(following)
        except LineEnded as end:
            return end.ending
        except HungUp:
            self.end.does("hangs up")
            return Ending.PERSON_HUNG_UP
        return Ending.DOCUMENT_ENDED

    def ask(self, url: str, method: str, extra: Mapping[str, str]) -> Document:
        """Ask the gateway what comes next on this leg."""
        return self.switchboard.webhooks.ask(url, self.leg.params(self.status) | dict(extra), method)

    def follow(self, verb: Verb, document: Document, extra: Mapping[str, str]) -> Document:
        """Ask for the document at a verb's `action`, which is the current one where it has none."""
        return self.ask(document.resolve(verb.word("action", "")), verb.word("method", "POST"), extra)

    def play(self, verbs: tuple[Verb, ...]) -> None:
        """Perform the Say and Pause verbs inside another."""
        for verb in verbs:
            (say if verb.name == "Say" else pause)(self, verb)

    def hear(self, text: str) -> None:
        """Let the person hear `text`; the next prompt will repeat it to them."""
        self._heard.append(text)
        self.end.hears(text)

    def heard(self) -> str:
        """Return what the person has heard since this was asked last."""
        heard, self._heard = " ".join(self._heard), []
        return heard

    def pass_time(self, seconds: int) -> None:
        """Let virtual time go by."""
        self.switchboard.transcript.pass_time(seconds)

    def to_analyst(self, leg: Leg, person: Person, end: End) -> Interpreter:
        """Return an interpreter for another leg of the same call."""
        return Interpreter(leg, person, end, self.switchboard)

    def _perform(self, document: Document) -> Document | None:
        for verb in document.verbs:
            if self.leg.parent_call_sid and verb.name not in WHISPERED:
                raise ForbiddenInWhisper(verb.name)
            if verb.name == "Reject" and self.answered:
                raise RejectedTooLate
            self.answered = True
            if following := PERFORM[verb.name](self, verb, document):
                return following
        return None


def say(line: Interpreter, verb: Verb) -> None:
    """Speak the text, `loop` times."""
    for _ in range(verb.number("loop", 1)):
        line.hear(verb.text)
        line.pass_time(seconds_to_say(verb.text))


def pause(line: Interpreter, verb: Verb) -> None:
    """Be silent for `length` seconds, 1 unless told."""
    line.pass_time(verb.number("length", 1))


def _say(line: Interpreter, verb: Verb, _document: Document) -> None:
    say(line, verb)


def _pause(line: Interpreter, verb: Verb, _document: Document) -> None:
    pause(line, verb)


def _redirect(line: Interpreter, verb: Verb, document: Document) -> Document:
    return line.ask(document.resolve(verb.text), verb.word("method", "POST"), {})


def _hang_up(_line: Interpreter, _verb: Verb, _document: Document) -> None:
    raise LineEnded(Ending.GATEWAY_HUNG_UP)


def _reject(_line: Interpreter, verb: Verb, _document: Document) -> None:
    raise LineEnded(Ending.BUSY if verb.word("reason", "rejected") == "busy" else Ending.REJECTED)


PERFORM: Mapping[str, Callable[[Interpreter, Verb, Document], Document | None]] = {
    "Say": _say,
    "Pause": _pause,
    "Gather": gather,
    "Record": record,
    "Redirect": _redirect,
    "Hangup": _hang_up,
    "Reject": _reject,
    "Dial": dial,
}
