"""The Record verb: records what is said.

It ends at one of the keys of `finishOnKey`, after `maxLength` seconds, or after `timeout` seconds of
silence. A caller who has spoken presses `#` where that ends it, and waits where it does not. An empty
recording falls through to the next verb. The status callback follows the action.

Source: https://www.twilio.com/docs/voice/twiml/record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.simulator.caller import FINISH, Prompt
from ivr.simulator.document import Document, Verb
from ivr.simulator.leg import API_VERSION, new_sid
from ivr.simulator.transcript import seconds_to_say

if TYPE_CHECKING:
    from ivr.simulator.interpreter import Interpreter

API = "https://api.twilio.com"


@dataclass(frozen=True)
class Recording:
    """A recording, as the webhooks about it name it."""

    sid: str
    url: str
    seconds: int

    def params(self) -> dict[str, str]:
        """Return the parameters that every webhook about it carries."""
        return {"RecordingSid": self.sid, "RecordingUrl": self.url, "RecordingDuration": str(self.seconds)}


def record(line: Interpreter, verb: Verb, document: Document) -> Document | None:
    """Record a message and go on at `action`, or fall through if it is empty."""
    if verb.word("playBeep", "true") == "true":
        line.end.hears("(beep)")
    recording = Recording(*_place(line.leg.account_sid), seconds=0)
    _tell(line, verb, document, "in-progress", recording)
    words = line.person.speak(Prompt(line.heard(), finish_on_key=verb.word("finishOnKey", "1234567890*#")))
    if words.strip() in ("", FINISH):
        _say_nothing(line, verb, words)
        _tell(line, verb, document, "absent", recording)
        return None
    recording = Recording(recording.sid, recording.url, _length(verb, words))
    following = line.follow(verb, document, recording.params() | _say_it(line, verb, words, recording))
    _tell(line, verb, document, "completed", recording)
    return following


def _place(account_sid: str) -> tuple[str, str]:
    sid = new_sid("RE")
    return sid, f"{API}/{API_VERSION}/Accounts/{account_sid}/Recordings/{sid}"


def _length(verb: Verb, words: str) -> int:
    return min(seconds_to_say(words), verb.number("maxLength", 3600))


def _say_nothing(line: Interpreter, verb: Verb, words: str) -> None:
    line.end.does("keys #" if words else "says nothing")
    line.pass_time(0 if words else verb.number("timeout", 5))


def _say_it(line: Interpreter, verb: Verb, words: str, recording: Recording) -> dict[str, str]:
    """Let the caller say the words; return the key that ended them, if one did."""
    cut_off = recording.seconds < seconds_to_say(words)
    finished = not cut_off and FINISH in verb.word("finishOnKey", "1234567890*#")
    how = "cut off after " if cut_off else ""
    line.end.does(f"says: {words} ({how}{recording.seconds} s recorded)")
    line.pass_time(recording.seconds)
    if not (finished or cut_off):
        line.pass_time(verb.number("timeout", 5))
    return {"Digits": FINISH} if finished else {}


def _tell(line: Interpreter, verb: Verb, document: Document, event: str, recording: Recording) -> None:
    url = verb.word("recordingStatusCallback", "")
    if not url or event not in verb.word("recordingStatusCallbackEvent", "completed").split():
        return
    params = {
        "AccountSid": line.leg.account_sid,
        "CallSid": line.leg.call_sid,
        "RecordingStatus": event,
        "RecordingChannels": "1",
        "RecordingSource": "RecordVerb",
    }
    method = verb.word("recordingStatusCallbackMethod", "POST")
    line.switchboard.webhooks.tell(document.resolve(url), params | recording.params(), method)
