"""What can go wrong in a simulated call, one class per fact.

A `CallFault` is the server's: the provider would tell the caller that an application error has occurred,
and the call ends with a failing result. A `ScriptMistaken` is the tester's, and is raised.
"""

from __future__ import annotations


class CallFault(Exception):
    """The server did something that the telephone provider cannot work with."""


class ServerUnreachable(CallFault):
    """The server gave no answer: the connection failed or timed out."""

    def __init__(self, request: str, cause: str) -> None:
        super().__init__(f"{request} had no answer: {cause}")


class RequestRefused(CallFault):
    """The server answered a webhook with something else than a success."""

    def __init__(self, request: str, status: int) -> None:
        super().__init__(f"{request} was answered {status}")
        self.status = status


class AnswersDiffer(CallFault):
    """The server answered the same webhook, sent twice, in two ways."""

    def __init__(self, request: str, first: str, second: str) -> None:
        super().__init__(f"{request} sent twice had two answers: first {first}, then {second}")


class NotTwiml(CallFault):
    """The answer to a webhook is not a TwiML document."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"the answer of {url} is not TwiML: {why}")


class UnknownVerb(CallFault):
    """The document holds a verb that is not known, or not known in this place."""

    def __init__(self, verb: str, parent: str) -> None:
        super().__init__(f"<{verb}> is not known inside <{parent}>")


class UnknownAttribute(CallFault):
    """A verb carries an attribute that is not known."""

    def __init__(self, verb: str, attribute: str) -> None:
        super().__init__(f"<{verb}> has an attribute that is not known: {attribute}")


class UnusableValue(CallFault):
    """An attribute has a value that the provider does not accept."""

    def __init__(self, verb: str, attribute: str, value: str, allowed: str) -> None:
        super().__init__(f'<{verb} {attribute}="{value}"> cannot be used; allowed: {allowed}')


class UnexpectedText(CallFault):
    """A verb that holds no text holds some."""

    def __init__(self, verb: str, text: str) -> None:
        super().__init__(f"<{verb}> holds no text, but says {text!r}")


class NobodyToDial(CallFault):
    """A Dial names no number, or more than the ten that may ring at once."""

    def __init__(self, count: int) -> None:
        super().__init__(f"<Dial> rings from one to ten numbers, not {count}")


class RejectedTooLate(CallFault):
    """Reject is not the first verb of the first document, so the call has been answered already."""

    def __init__(self) -> None:
        super().__init__("<Reject> works only as the first verb of the first document")


class ForbiddenInWhisper(CallFault):
    """A document played to an analyst before the bridge holds a verb that is not allowed there."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"<{verb}> is not allowed in what an analyst hears before the bridge")


class NeverEnds(CallFault):
    """The server keeps the call going without end."""

    def __init__(self, requests: int) -> None:
        super().__init__(f"the call is still going after {requests} requests")


class ScriptMistaken(Exception):
    """The script of the call does not fit what the gateway asks for, or cannot be read."""
