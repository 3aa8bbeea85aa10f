"""What happened in a call, line by line, at which second.

Time is virtual: speech, key presses and time-outs advance a counter and nothing sleeps. A line is a
string, ready to be printed, which also knows its parts, so that a terminal can dim the HTTP turns.
A keyed run of twelve digits or more may hold a PIN and is never shown (A10).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

WORDS_PER_SECOND = 2.5
"""The pace of a clear voice: 150 words a minute."""

_TWELVE_DIGITS = re.compile(r"\d{12,}")


class TranscriptLine(str):
    """One line of a transcript: `"   4 s  caller    keys 1"`."""

    second: int
    speaker: str
    text: str

    def __new__(cls, second: int, speaker: str, text: str) -> TranscriptLine:
        """Lay the parts out in columns."""
        line = super().__new__(cls, f"{second:4d} s  {speaker:<8}  {text}")
        line.second, line.speaker, line.text = second, speaker, text
        return line

    @property
    def is_http(self) -> bool:
        """Whether this is a turn of HTTP, which nobody on the phone hears."""
        return self.speaker == "http"


Show = Callable[[TranscriptLine], None]
"""Takes each line of a transcript as it comes about; `print` will do."""


class Transcript:
    """The lines so far and the virtual clock, which starts at 0."""

    def __init__(self, show: Show) -> None:
        self.second = 0
        self.lines: list[TranscriptLine] = []
        self._show = show

    def note(self, speaker: str, text: str) -> None:
        """Add a line, now."""
        line = TranscriptLine(self.second, speaker, text)
        self.lines.append(line)
        self._show(line)

    def pass_time(self, seconds: int) -> None:
        """Let `seconds` go by."""
        self.second += seconds


@dataclass(frozen=True)
class CallerEnd:
    """How the transcript tells what the caller hears and does."""

    transcript: Transcript

    def hears(self, text: str) -> None:
        """The caller hears `text` from the gateway."""
        self.transcript.note("gateway", text)

    def does(self, text: str) -> None:
        """The caller does what `text` says."""
        self.transcript.note("caller", text)


@dataclass(frozen=True)
class AnalystEnd:
    """How the transcript tells what one of the analysts hears and does."""

    transcript: Transcript
    number: str

    def hears(self, text: str) -> None:
        """The analyst hears `text` as a whisper."""
        self.transcript.note("analyst", f"{self.number} hears: {text}")

    def does(self, text: str) -> None:
        """The analyst does what `text` says."""
        self.transcript.note("analyst", f"{self.number} {text}")


def seconds_to_say(text: str) -> int:
    """Return how many seconds it takes to say `text`, rounded up."""
    return math.ceil(len(text.split()) / WORDS_PER_SECOND)


def masked(keys: str) -> str:
    """Return `keys` as they may be shown: a run of twelve digits or more as asterisks (A10)."""
    return _TWELVE_DIGITS.sub(lambda run: "*" * len(run.group()), keys)
