"""Calls the gateway without a telephone: `place_call` is a call from its first ring to its end.

It goes to a running web server, by real HTTP, as the provider's calls do; see `ivr.simulator` for the parts.
The call always ends with the status callback of the caller's leg, whatever went wrong before. What the
server did wrong is the result's `fault`; what the script did wrong is raised as `ScriptMistaken`.

    line = PhoneLine("http://localhost:8080", "AC…", "token", "+18005550199")
    place_call(line, "+4930901820", ScriptedCaller.from_script("123412341234# 2", "busy,accept"), print)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ivr.simulator.caller import AnalystOutcome, Caller, InteractiveCaller, Person, Prompt, ScriptedCaller
from ivr.simulator.ending import Ending, HungUp
from ivr.simulator.errors import CallFault, ScriptMistaken
from ivr.simulator.interpreter import Interpreter, Switchboard
from ivr.simulator.leg import Leg, new_sid
from ivr.simulator.transcript import CallerEnd, Show, Transcript, TranscriptLine
from ivr.simulator.webhooks import Faults, Webhooks

__all__ = [
    "AnalystOutcome",
    "Call",
    "CallFault",
    "CallResult",
    "Caller",
    "Ending",
    "Faults",
    "HungUp",
    "InteractiveCaller",
    "Person",
    "PhoneLine",
    "Prompt",
    "ScriptMistaken",
    "ScriptedCaller",
    "TranscriptLine",
    "place_call",
]

INCOMING, STATUS = "/voice/twilio/incoming", "/voice/twilio/status"
APOLOGY = "(We are sorry, an application error has occurred. Goodbye.)"
NO_FAULTS = Faults()


@dataclass(frozen=True)
class PhoneLine:
    """The number that is called, and the gateway and the account behind it."""

    public_url: str
    account_sid: str
    auth_token: str = field(repr=False)
    number: str

    def url(self, path: str) -> str:
        """Return the full URL of one of the gateway's paths."""
        return self.public_url.rstrip("/") + path


@dataclass(frozen=True)
class CallResult:
    """What became of a call."""

    call_sid: str
    ending: Ending
    bridged_to: str | None
    """The analyst's number, if caller and analyst were connected."""
    fault: CallFault | None
    """What the server did wrong first, if anything."""
    seconds: int
    transcript: tuple[TranscriptLine, ...]

    @property
    def ok(self) -> bool:
        """Whether the server did nothing wrong."""
        return self.fault is None

    @property
    def bridged(self) -> bool:
        """Whether caller and analyst were connected."""
        return self.bridged_to is not None

    @property
    def spoken(self) -> str:
        """All that the gateway said to the caller, in one text."""
        return "\n".join(line.text for line in self.transcript if line.speaker == "gateway")


def place_call(
    line: PhoneLine, from_number: str, caller: Caller, show: Show, *, faults: Faults = NO_FAULTS
) -> CallResult:
    """Call `line` from `from_number`, as `caller`, and return what became of it.

    Each line of the transcript goes to `show` as it comes about. Raises `ScriptMistaken`.
    """
    transcript = Transcript(show)
    with Webhooks(line.auth_token, transcript, faults) as webhooks:
        return Call(line, from_number, caller, transcript, webhooks).run()


class Call:
    """One call under way."""

    def __init__(
        self, line: PhoneLine, from_number: str, caller: Caller, transcript: Transcript, webhooks: Webhooks
    ) -> None:
        self._phone_line = line
        self._leg = Leg(line.account_sid, new_sid("CA"), from_number, line.number)
        self._transcript = transcript
        self._webhooks = webhooks
        self._switchboard = Switchboard(webhooks, transcript, caller.analyst, self._caller_leaves)
        self._interpreter = Interpreter(self._leg, caller, CallerEnd(transcript), self._switchboard)
        self._over = False

    def run(self) -> CallResult:
        """Make the call, from the ring to the last status callback."""
        self._transcript.note("caller", f"{self._leg.from_number} calls {self._leg.to_number}")
        ending, fault = Ending.PERSON_HUNG_UP, None
        try:
            ending = self._talk()
        except CallFault as error:
            ending, fault = Ending.APPLICATION_ERROR, error
            self._apologise(error)
        finally:
            self._finish(ending)
        return self._result(ending, fault)

    def _talk(self) -> Ending:
        params = self._leg.params("ringing")
        return self._interpreter.run(self._webhooks.ask(self._phone_line.url(INCOMING), params))

    def _apologise(self, fault: CallFault) -> None:
        """Say what the provider says when it cannot go on, and to the tester why."""
        self._transcript.note("provider", APOLOGY)
        self._transcript.note("fault", str(fault))

    def _caller_leaves(self) -> None:
        """The caller hangs up while an analyst listens to a whisper."""
        if not self._over:
            self._transcript.note("caller", "hangs up")
            self._report("completed")

    def _finish(self, ending: Ending) -> None:
        if not self._over:
            self._report(ending.call_status)
        self._transcript.note("provider", f"the call is over: {ending}")

    def _report(self, status: str) -> None:
        """Post the status callback of the caller's leg, which there is one of."""
        self._over = True
        seconds = self._transcript.second
        extra = {
            "CallDuration": str(seconds),
            "Duration": str(-(-seconds // 60)),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": "0",
        }
        self._webhooks.tell(self._phone_line.url(STATUS), self._leg.params(status) | extra)

    def _result(self, ending: Ending, fault: CallFault | None) -> CallResult:
        refused = self._webhooks.refused
        return CallResult(
            call_sid=self._leg.call_sid,
            ending=ending,
            bridged_to=self._switchboard.bridged_to,
            fault=fault or (refused[0] if refused else None),
            seconds=self._transcript.second,
            transcript=tuple(self._transcript.lines),
        )
