"""Reads the TwiML that the gateway serves, and refuses what it does not know.

The whole document is checked before its first verb is performed, as the provider does. `VERBS` is the
table of what is known: a verb or attribute that is not in it is refused rather than ignored, since a
call that silently lost an attribute would prove nothing.

Source: https://www.twilio.com/docs/voice/twiml and its page of each verb.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree import ElementTree

from ivr.simulator.errors import NotTwiml, UnexpectedText, UnknownAttribute, UnknownVerb, UnusableValue

MAX_BYTES = 64 * 1024
"""The provider refuses a longer document (error 11750)."""

DTMF = frozenset("0123456789*#")
CALL_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
RECORDING_EVENTS = frozenset({"in-progress", "completed", "absent"})


@dataclass(frozen=True)
class Rule:
    """Which values an attribute takes: in words, and as a test."""

    allowed: str
    accepts: Callable[[str], bool]


@dataclass(frozen=True)
class Shape:
    """What a verb may carry: attributes, verbs inside it, text."""

    attributes: Mapping[str, Rule]
    children: frozenset[str] = frozenset()
    holds_text: bool = False


def _one_of(*values: str) -> Rule:
    return Rule(" or ".join(values), lambda value: value in values)


def _whole(least: int, most: int | None = None) -> Rule:
    words = f"a whole number from {least}" + (f" to {most}" if most else "")
    return Rule(words, lambda value: value.isdecimal() and least <= int(value) <= (most or int(value)))


def _events(known: frozenset[str]) -> Rule:
    words = "one or more of " + ", ".join(sorted(known))
    return Rule(words, lambda value: bool(value.split()) and known.issuperset(value.split()))


_ANY = Rule("any text", lambda _: True)
_FILLED = Rule("some text", lambda value: bool(value.strip()))
_YES_NO = _one_of("true", "false")
_METHOD = _one_of("GET", "POST")
_FINISH_KEY = Rule("one of 0-9, #, * or nothing", lambda value: value == "" or value in DTMF)
_FINISH_KEYS = Rule("some of 0-9, #, *", lambda value: DTMF.issuperset(value))

_RESPONSE = Shape({}, frozenset({"Say", "Pause", "Gather", "Record", "Redirect", "Hangup", "Reject", "Dial"}))

VERBS: Mapping[str, Shape] = {
    "Say": Shape(
        # The provider takes loop="0" too and repeats for ever; a caller would never get out of that.
        {"language": _FILLED, "voice": _FILLED, "loop": _whole(1)},
        holds_text=True,
    ),
    "Pause": Shape({"length": _whole(1)}),
    "Gather": Shape(
        {
            "input": _one_of("dtmf"),
            "numDigits": _whole(1),
            "finishOnKey": _FINISH_KEY,
            "timeout": _whole(1),
            "action": _ANY,
            "method": _METHOD,
            "actionOnEmptyResult": _YES_NO,
        },
        frozenset({"Say", "Pause"}),
    ),
    "Record": Shape(
        {
            "action": _ANY,
            "method": _METHOD,
            "maxLength": _whole(2, 14400),
            "finishOnKey": _FINISH_KEYS,
            "playBeep": _YES_NO,
            "timeout": _whole(1),
            "trim": _one_of("trim-silence", "do-not-trim"),
            "recordingStatusCallback": _FILLED,
            "recordingStatusCallbackMethod": _METHOD,
            "recordingStatusCallbackEvent": _events(RECORDING_EVENTS),
        }
    ),
    "Redirect": Shape({"method": _METHOD}, holds_text=True),
    "Hangup": Shape({}),
    "Reject": Shape({"reason": _one_of("rejected", "busy")}),
    "Dial": Shape(
        {
            "action": _ANY,
            "method": _METHOD,
            "timeout": _whole(5, 600),
            "timeLimit": _whole(1, 14400),
            "callerId": _FILLED,
            "answerOnBridge": _YES_NO,
            "hangupOnStar": _YES_NO,
        },
        frozenset({"Number"}),
    ),
    "Number": Shape(
        {
            "url": _FILLED,
            "method": _METHOD,
            "statusCallback": _FILLED,
            "statusCallbackMethod": _METHOD,
            "statusCallbackEvent": _events(CALL_EVENTS),
        },
        holds_text=True,
    ),
}


@dataclass(frozen=True)
class Verb:
    """One verb, checked: its attributes, its text, the verbs inside it."""

    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple[Verb, ...]

    def word(self, attribute: str, default: str) -> str:
        """Return an attribute's text."""
        return self.attributes.get(attribute, default)

    def number(self, attribute: str, default: int) -> int:
        """Return an attribute's number."""
        return int(self.attributes.get(attribute, default))

    def is_set(self, attribute: str) -> bool:
        """Return whether an attribute that defaults to false is true."""
        return self.attributes.get(attribute) == "true"


@dataclass(frozen=True)
class Document:
    """A TwiML document and the URL it came from."""

    url: str
    verbs: tuple[Verb, ...]

    def resolve(self, url: str) -> str:
        """Return `url`, relative to this document, in full; nothing means the document itself."""
        return urljoin(self.url, url.strip())


def read_document(url: str, content: bytes) -> Document:
    """Return the checked TwiML document in `content`, served by `url`.

    Raises `NotTwiml`, `UnknownVerb`, `UnknownAttribute`, `UnusableValue` or `UnexpectedText`.
    """
    if len(content) > MAX_BYTES:
        raise NotTwiml(url, f"{len(content)} bytes are more than {MAX_BYTES}")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  # it comes from the server that is on trial
    except ElementTree.ParseError as error:
        raise NotTwiml(url, f"{error}; it begins {content[:60]!r}") from error
    if root.tag != "Response":
        raise NotTwiml(url, f"its root is <{root.tag}>, not <Response>")
    return Document(url, _check(root, _RESPONSE).children)


def _check(element: ElementTree.Element, shape: Shape) -> Verb:
    for attribute, value in element.items():
        _check_attribute(element.tag, attribute, value, shape)
    text = "".join([element.text or "", *(child.tail or "" for child in element)])
    if text.strip() and not shape.holds_text:
        raise UnexpectedText(element.tag, text.strip())
    children = tuple(_check_child(element.tag, child, shape) for child in element)
    return Verb(element.tag, dict(element.items()), " ".join(text.split()), children)


def _check_child(parent: str, child: ElementTree.Element, shape: Shape) -> Verb:
    if child.tag not in shape.children:
        raise UnknownVerb(child.tag, parent)
    return _check(child, VERBS[child.tag])


def _check_attribute(verb: str, attribute: str, value: str, shape: Shape) -> None:
    rule = shape.attributes.get(attribute)
    if rule is None:
        raise UnknownAttribute(verb, attribute)
    if not rule.accepts(value):
        raise UnusableValue(verb, attribute, value, rule.allowed)
