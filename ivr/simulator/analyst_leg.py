"""One leg of a Dial: the phone of one analyst rings, is answered, hears its whisper, and ends.

Each step is reported to the Number's `statusCallback`, if its `statusCallbackEvent` asks for it.

Source: https://www.twilio.com/docs/voice/twiml/number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.simulator.caller import Analyst, AnalystOutcome
from ivr.simulator.document import Document, Verb
from ivr.simulator.ending import Ending
from ivr.simulator.leg import Leg, new_sid
from ivr.simulator.transcript import AnalystEnd

if TYPE_CHECKING:
    from ivr.simulator.interpreter import Interpreter

DROPS_OUT = frozenset({AnalystOutcome.BUSY, AnalystOutcome.FAILED})
SILENT = DROPS_OUT | {AnalystOutcome.NO_ANSWER}
REFUSES = frozenset({AnalystOutcome.DECLINE, AnalystOutcome.CALLER_GONE})
"""These end without a bridge, whatever the whisper does."""

ENDS = {
    "busy": "is busy",
    "failed": "cannot be reached",
    "no-answer": "does not answer",
    "canceled": "stops ringing",
    "completed": "is off the line",
}


class AnalystLeg:
    """The call to one Number."""

    def __init__(self, caller: Interpreter, dial: Verb, noun: Verb, document: Document) -> None:
        self.leg = Leg(
            account_sid=caller.leg.account_sid,
            call_sid=new_sid("CA"),
            from_number=dial.word("callerId", caller.leg.from_number),
            to_number=noun.text,
            direction="outbound-dial",
            parent_call_sid=caller.leg.call_sid,
        )
        self.outcome = caller.switchboard.analyst(noun.text)
        self.status = "initiated"
        self.bridged = False
        self.over = False
        self.answered_at: int | None = None
        self._ended_at = 0
        self._reports = 0
        self._noun = noun
        self._document = document
        self._switchboard = caller.switchboard
        self._end = AnalystEnd(caller.switchboard.transcript, noun.text)
        self._line = caller.to_analyst(
            self.leg, Analyst(self.outcome, self._switchboard.caller_gone), self._end
        )

    @property
    def drops_out(self) -> bool:
        """Whether there is no ringing at this number at all."""
        return self.outcome in DROPS_OUT

    @property
    def will_answer(self) -> bool:
        """Whether somebody, or a machine, picks up."""
        return self.outcome not in SILENT

    @property
    def duration(self) -> int:
        """Seconds from the answer to the end."""
        return 0 if self.answered_at is None else self._ended_at - self.answered_at

    def ring(self) -> None:
        """Start the call."""
        self._report("initiated", "initiated")
        if self.drops_out:
            return
        self._end.does("rings")
        self._report("ringing", "ringing")

    def answer(self) -> bool:
        """Pick up and listen to the whisper; return whether the caller may be put through."""
        self.answered_at = self._switchboard.transcript.second
        machine = self.outcome is AnalystOutcome.VOICEMAIL
        self._end.does("is answered by a machine" if machine else "answers")
        self._report("answered", "in-progress")
        ending = self._hear_whisper()
        if self.outcome is AnalystOutcome.CALLER_GONE:
            self._switchboard.caller_gone()
        return ending is Ending.DOCUMENT_ENDED and self.outcome not in REFUSES

    def end(self, status: str) -> None:
        """Be over, in this final status."""
        self.over = True
        self._ended_at = self._switchboard.transcript.second
        self._end.does(ENDS[status])
        self._report("completed", status)

    def _hear_whisper(self) -> Ending:
        url = self._noun.word("url", "")
        if not url:
            return Ending.DOCUMENT_ENDED
        whisper = self._line.ask(self._document.resolve(url), self._noun.word("method", "POST"), {})
        return self._line.run(whisper)

    def _report(self, event: str, status: str) -> None:
        self.status = status
        url = self._noun.word("statusCallback", "")
        if not url or event not in self._noun.word("statusCallbackEvent", "completed").split():
            return
        extra = {"CallbackSource": "call-progress-events", "SequenceNumber": str(self._reports)}
        if event == "completed":
            extra |= {"CallDuration": str(self.duration), "Duration": str(-(-self.duration // 60))}
        self._reports += 1
        method = self._noun.word("statusCallbackMethod", "POST")
        self._switchboard.webhooks.tell(self._document.resolve(url), self.leg.params(status) | extra, method)
