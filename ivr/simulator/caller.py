"""How the people on the phone behave.

The interpreter asks a `Person` what it keys or says at a prompt, and a `Caller` also how each analyst
reacts who is rung for it. `ScriptedCaller` reads both from a script, `InteractiveCaller` asks at a terminal.

A script is a row of tokens, split as a shell does (so quotes keep spaces together), one for each Gather:

- ``1``, ``123412341234#``  the keys pressed; those a Gather does not take are there for the next one
- ``-``                     nothing, until the Gather times out
- ``hangup``                the caller hangs up
- ``say:my_phone_is_down``  what is spoken at a Record; underscores are spaces
- ``#``                     at a Record: ends it at once, with nothing said

A Record that finds neither `say:` nor `#` next takes no token and gets a message of five seconds. When the
script has run out the caller stays silent at three more Gathers and then hangs up.
"""

from __future__ import annotations

import re
import shlex
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ivr.simulator.ending import HungUp
from ivr.simulator.errors import ScriptMistaken
from ivr.simulator.transcript import masked

SAY, SILENCE, HANG_UP, FINISH = "say:", "-", "hangup", "#"
DEFAULT_MESSAGE = "Hello, our phone system is down and nobody can reach us."  # 11 words: 5 seconds
PATIENCE = 3
"""How many prompts a caller whose script has run out lets pass."""

_KEYS = re.compile(r"[0-9*#A-D]+")


@dataclass(frozen=True)
class Prompt:
    """What a person has heard since the last prompt, and what is awaited now."""

    heard: str
    num_digits: int | None = None
    finish_on_key: str = ""


class AnalystOutcome(StrEnum):
    """How an analyst reacts to a ringing phone."""

    ACCEPT = "accept"  # answers, listens to the whisper, presses 1
    DECLINE = "decline"  # answers, hangs up in the whisper
    IGNORE = "ignore"  # answers, presses nothing
    VOICEMAIL = "voicemail"  # a machine answers and presses nothing
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"  # the number cannot be reached
    CALLER_GONE = "caller-gone"  # presses 1, but the caller has hung up during the whisper (phone case 2)


class Person(Protocol):
    """Somebody on a leg."""

    def next_keys(self, prompt: Prompt) -> str:
        """Return the keys pressed at a Gather, none for silence. Raises `HungUp`."""

    def speak(self, prompt: Prompt) -> str:
        """Return what is said at a Record, nothing for silence, `#` for only that key. Raises `HungUp`."""


class Caller(Person, Protocol):
    """The person who calls, and who knows how the analysts react."""

    def analyst(self, number: str) -> AnalystOutcome:
        """Return how the analyst at `number` reacts; asked once for each leg, in the order of ringing."""


class ScriptedCaller:
    """A caller who follows a script; see the head of this module."""

    def __init__(self, tokens: Iterable[str] = (), analysts: Iterable[AnalystOutcome] = ()) -> None:
        self._tokens = deque(tokens)
        self._analysts = deque(analysts)
        self._silences = 0

    @classmethod
    def from_script(cls, keys: str = "", analysts: str = "") -> ScriptedCaller:
        """Read `keys` (tokens) and `analysts` (outcomes with commas). Raises `ScriptMistaken`."""
        return cls(_tokens(keys), _outcomes(analysts))

    @property
    def unused(self) -> tuple[str, ...]:
        """The tokens that no prompt has asked for yet."""
        return tuple(self._tokens)

    def next_keys(self, prompt: Prompt) -> str:
        """Return the keys of the next token. Raises `HungUp`, and `ScriptMistaken` for speech."""
        if not self._tokens:
            return self._wait_in_silence()
        token = self._tokens.popleft()
        if token.startswith(SAY):
            raise ScriptMistaken(f"the script says {token!r} where keys are awaited: {prompt.heard!r}")
        if token == HANG_UP:
            raise HungUp
        return "" if token == SILENCE else token

    def speak(self, prompt: Prompt) -> str:  # noqa: ARG002  # a script knows what it says
        """Return the words of a `say:` token, a lone `#`, or else the default message."""
        token = self._tokens[0] if self._tokens else ""
        if not (token.startswith(SAY) or token in (FINISH, HANG_UP)):
            return DEFAULT_MESSAGE
        self._tokens.popleft()
        if token == HANG_UP:
            raise HungUp
        return token.removeprefix(SAY).replace("_", " ")

    def analyst(self, number: str) -> AnalystOutcome:  # noqa: ARG002  # the list goes by order
        """Return the next outcome of the list, and no answer after its end."""
        return self._analysts.popleft() if self._analysts else AnalystOutcome.NO_ANSWER

    def _wait_in_silence(self) -> str:
        if self._silences == PATIENCE:
            raise HungUp
        self._silences += 1
        return ""


class InteractiveCaller:
    """A caller at a terminal. `ask` is like `input`; its end (EOF) or `hangup` hangs up."""

    def __init__(self, ask: Callable[[str], str], show: Callable[[str], None]) -> None:
        self._ask_terminal = ask
        self._show = show

    def next_keys(self, prompt: Prompt) -> str:
        """Return the keys typed; an empty line is silence."""
        hint = (
            f" (end with {prompt.finish_on_key})" if prompt.finish_on_key and prompt.num_digits != 1 else ""
        )
        while True:
            typed = self._ask(f"your keys{hint}: ").replace(" ", "")
            if typed in ("", SILENCE):
                return ""
            if _KEYS.fullmatch(typed):
                return typed
            self._show("A phone has the keys 0-9, * and #. Press only enter to wait, type hangup to hang up.")

    def speak(self, prompt: Prompt) -> str:  # noqa: ARG002  # the terminal has shown it
        """Return the words typed; an empty line is silence."""
        return self._ask("your words: ").removeprefix(SAY)

    def analyst(self, number: str) -> AnalystOutcome:
        """Return the outcome typed; an empty line is no answer."""
        known = ", ".join(AnalystOutcome)
        while True:
            typed = self._ask(f"the phone of {number} rings ({known}): ")
            try:
                return AnalystOutcome(typed or AnalystOutcome.NO_ANSWER)
            except ValueError:
                self._show(f"An analyst may: {known}.")

    def _ask(self, question: str) -> str:
        try:
            typed = self._ask_terminal(question).strip()
        except EOFError:
            raise HungUp from None
        if typed == HANG_UP:
            raise HungUp
        return typed


class Analyst:
    """An analyst who listens to a whisper. `caller_gone` is told when, meanwhile, the caller hangs up."""

    def __init__(self, outcome: AnalystOutcome, caller_gone: Callable[[], None]) -> None:
        self._outcome = outcome
        self._caller_gone = caller_gone

    def next_keys(self, prompt: Prompt) -> str:  # noqa: ARG002  # an analyst knows the one key
        """Press 1, or nothing, or hang up."""
        if self._outcome is AnalystOutcome.DECLINE:
            raise HungUp
        if self._outcome is AnalystOutcome.CALLER_GONE:
            self._caller_gone()
        return "1" if self._outcome in (AnalystOutcome.ACCEPT, AnalystOutcome.CALLER_GONE) else ""

    def speak(self, prompt: Prompt) -> str:  # noqa: ARG002
        """Say nothing: a whisper records nobody."""
        return ""


def _tokens(keys: str) -> tuple[str, ...]:
    try:
        tokens = shlex.split(keys)
    except ValueError as error:
        raise ScriptMistaken(f"the script cannot be read: {error}: {masked(keys)!r}") from error
    for token in tokens:
        if not (token in (SILENCE, HANG_UP) or token.startswith(SAY) or _KEYS.fullmatch(token)):
            raise ScriptMistaken(f"{masked(token)!r} is no key run (0-9 * #), nor '-', 'hangup' or 'say:…'")
    return tuple(tokens)


def _outcomes(analysts: str) -> tuple[AnalystOutcome, ...]:
    try:
        return tuple(AnalystOutcome(name.strip()) for name in analysts.split(",") if name.strip())
    except ValueError as error:
        raise ScriptMistaken(f"{error}; an analyst may: {', '.join(AnalystOutcome)}") from error
