"""How a leg of a call ends, and the signal that it has."""

from __future__ import annotations

from enum import StrEnum


class Ending(StrEnum):
    """How a leg ended."""

    DOCUMENT_ENDED = "the document came to its end"
    GATEWAY_HUNG_UP = "the gateway hung up"
    PERSON_HUNG_UP = "the caller hung up"
    TALKED = "caller and analyst hung up after their conversation"
    REJECTED = "the gateway rejected the call"
    BUSY = "the gateway rejected the call as busy"
    APPLICATION_ERROR = "an application error has occurred"

    @property
    def call_status(self) -> str:
        """The final `CallStatus`; a rejected call was never answered (docs/voice/twiml/reject)."""
        return {Ending.REJECTED: "no-answer", Ending.BUSY: "busy"}.get(self, "completed")


class LineEnded(Exception):
    """The verb just performed ended this leg."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.value)
        self.ending = ending


class HungUp(Exception):
    """The person on this leg has hung up."""
