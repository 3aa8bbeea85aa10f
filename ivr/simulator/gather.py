"""The Gather verb: collects keys.

It ends when `numDigits` keys are in, at the `finishOnKey` (which is no part of the digits), or `timeout`
seconds after the last key. Keys that it did not take stay in the line and are the first ones of the next
Gather; if they complete that one, its prompt is cut short and nobody is asked. With no digits the next
verb is performed, unless `actionOnEmptyResult` asks for the action all the same.

Source: https://www.twilio.com/docs/voice/twiml/gather.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.simulator.caller import Prompt
from ivr.simulator.document import Document, Verb
from ivr.simulator.transcript import masked

if TYPE_CHECKING:
    from ivr.simulator.interpreter import Interpreter

KEYS_PER_SECOND = 2


@dataclass(frozen=True)
class Taken:
    """What a Gather takes of a run of keys."""

    digits: str
    finish: str
    """The key that ended the Gather, if one did."""
    left: str
    complete: bool


def take(keys: str, num_digits: int | None, finish_on_key: str) -> Taken:
    """Return what a Gather takes of `keys`; `complete` unless it would wait for more."""
    for count, key in enumerate(keys):
        if key == finish_on_key:
            return Taken(keys[:count], key, keys[count + 1 :], complete=True)
        if count + 1 == num_digits:
            return Taken(keys[: count + 1], "", keys[count + 1 :], complete=True)
    return Taken(keys, "", "", complete=False)


def gather(line: Interpreter, verb: Verb, document: Document) -> Document | None:
    """Collect keys and go on at `action`, or fall through if there are none."""
    taken = _collect(line, verb)
    line.typed_ahead = taken.left
    if not taken.digits and not verb.is_set("actionOnEmptyResult"):
        return None
    return line.follow(verb, document, {"Digits": taken.digits})


def _collect(line: Interpreter, verb: Verb) -> Taken:
    num_digits = verb.number("numDigits", 0) or None
    finish_on_key = verb.word("finishOnKey", "#")
    taken = take(line.typed_ahead, num_digits, finish_on_key)
    if taken.complete:
        line.end.does(f"had keyed {_shown(taken)} too early")
        return taken
    line.play(verb.children)
    keys = line.person.next_keys(Prompt(line.heard(), num_digits, finish_on_key))
    taken = take(line.typed_ahead + keys, num_digits, finish_on_key)
    line.pass_time(-(-len(keys) // KEYS_PER_SECOND))
    line.end.does(f"keys {_shown(taken)}")
    if not taken.complete:
        line.pass_time(verb.number("timeout", 5))
    return taken


def _shown(taken: Taken) -> str:
    """Return the keys in a form that gives no PIN away (A10)."""
    keys = masked(taken.digits) + taken.finish
    ahead = f", and {masked(taken.left)} too early" if taken.left else ""
    return (keys or "nothing") + ahead
