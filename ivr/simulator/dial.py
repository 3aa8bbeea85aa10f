"""The Dial verb: rings analysts and joins the one who accepts to the caller.

All numbers ring at once. The busy and the unreachable drop out first. Then those who answer hear their
whispers, one after the other in the order of the document; the first whose whisper comes to its end without
a hang-up is joined to the caller, and the other legs are cancelled. At `timeout` the rest stop ringing.
Last the action is asked, with the status of the leg that was joined, or else of the one that ended last.
The caller waits through all this, unless an outcome says that the caller has gone.

Sources: https://www.twilio.com/docs/voice/twiml/dial and /number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.simulator.analyst_leg import AnalystLeg
from ivr.simulator.caller import AnalystOutcome
from ivr.simulator.document import Document, Verb
from ivr.simulator.ending import Ending, LineEnded
from ivr.simulator.errors import NobodyToDial

if TYPE_CHECKING:
    from ivr.simulator.interpreter import Interpreter

MOST_NUMBERS = 10
CONVERSATION = 30
"""Seconds that caller and analyst talk before both hang up."""
DROPS_OUT_AFTER, ANSWERS_AFTER = 1, 4
"""Seconds until a busy signal, and until the next phone is picked up."""


def dial(line: Interpreter, verb: Verb, document: Document) -> Document | None:
    """Ring the numbers, then go on at `action`, or fall through where there is none."""
    if not 1 <= len(verb.children) <= MOST_NUMBERS:
        raise NobodyToDial(len(verb.children))
    dialling = Dialling(line, verb, document)
    dialling.run()
    following = line.follow(verb, document, dialling.params()) if "action" in verb.attributes else None
    if dialling.ended:
        raise LineEnded(dialling.ended)
    return following


class Dialling:
    """One Dial under way."""

    def __init__(self, line: Interpreter, verb: Verb, document: Document) -> None:
        self.ended: Ending | None = None
        """Set when the caller is no longer on the line."""
        self._line = line
        self._verb = verb
        self._legs = [AnalystLeg(line, verb, noun, document) for noun in verb.children]
        self._last = self._legs[0]

    def run(self) -> None:
        """Ring all legs and see each of them to its end."""
        rings_until = self._line.switchboard.transcript.second + self._verb.number("timeout", 30)
        for leg in self._legs:
            leg.ring()
        self._drop_out()
        for leg in [leg for leg in self._legs if leg.will_answer]:
            self._line.pass_time(ANSWERS_AFTER)
            if self._talk_to(leg):
                return
        self._ring_out(rings_until)

    def params(self) -> dict[str, str]:
        """Return what the action is told."""
        params = {
            "DialCallSid": self._last.leg.call_sid,
            "DialCallStatus": self._last.status,
            "DialBridged": "true" if self._last.bridged else "false",
        }
        if self._last.answered_at is not None:
            params["DialCallDuration"] = str(self._last.duration)
        return params

    def _drop_out(self) -> None:
        for leg in self._legs:
            if leg.drops_out:
                self._line.pass_time(DROPS_OUT_AFTER)
                self._end(leg, leg.outcome.value)

    def _talk_to(self, leg: AnalystLeg) -> bool:
        """Let an analyst answer; return whether the dialling is over with that."""
        accepted = leg.answer()
        if accepted:
            self._cancel_others(leg)
            self._bridge(leg)
        self._end(leg, "completed")
        if leg.outcome is AnalystOutcome.CALLER_GONE:
            self._caller_leaves(Ending.PERSON_HUNG_UP)
            self._cancel_others(leg)
        return accepted or self.ended is not None

    def _bridge(self, leg: AnalystLeg) -> None:
        limit = self._verb.number("timeLimit", 14400)
        note = self._line.switchboard.transcript.note
        leg.bridged = True
        self._line.switchboard.bridged_to = leg.leg.to_number
        note("provider", f"the caller and {leg.leg.to_number} are connected")
        self._line.pass_time(min(CONVERSATION, limit))
        if limit < CONVERSATION:
            note("provider", f"the time limit of {limit} s parts them; the caller stays on the line")
        else:
            note("provider", f"they talk for {CONVERSATION} s, and both hang up")
            self._caller_leaves(Ending.TALKED)

    def _caller_leaves(self, ending: Ending) -> None:
        self.ended = ending
        self._line.status = "completed"

    def _cancel_others(self, winner: AnalystLeg) -> None:
        for leg in self._legs:
            if leg is not winner and not leg.over:
                leg.end("canceled")

    def _ring_out(self, until: int) -> None:
        ringing = [leg for leg in self._legs if not leg.over]
        if ringing:
            self._line.pass_time(max(0, until - self._line.switchboard.transcript.second))
        for leg in ringing:
            self._end(leg, "no-answer")

    def _end(self, leg: AnalystLeg, status: str) -> None:
        leg.end(status)
        self._last = leg
