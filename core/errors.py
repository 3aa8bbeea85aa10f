"""One class per fact. The docstring says what it means, the message what happened and what to do.

`IntakeError` is the root of all that we raise on purpose. Everything else is unexpected, and
an unexpected error is temporary at every edge: SMTP 451, a spoken apology, a retry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.rules.policy import Denied


class IntakeError(Exception):
    """Something the gateway knows how to name."""


class Refused(IntakeError):
    """A rule forbids the act; nothing was changed. `denied` carries the rule and the words."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(f"{denied.words} ({denied.rule})")
        self.denied = denied


class NotFound(IntakeError):
    """There is no such thing."""

    def __init__(self, kind: str, value: object) -> None:
        super().__init__(f"there is no {kind} {value!r}")
        self.kind, self.value = kind, value


class BadInput(IntakeError):
    """A value is not of the form it must have; the message names the field, the value and the form."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field} is {_in_short(value)}; it must be {allowed}")
        self.field, self.value, self.allowed = field, value, allowed


_LONGEST_SHOWN = 100


def _in_short(value: object) -> str:
    """Return the value as a message shows it: a long one by its beginning and its length."""
    text = str(value)
    if len(text) <= _LONGEST_SHOWN:
        return repr(value)
    return f"{text[:_LONGEST_SHOWN]!r}… ({len(text)} characters)"


class ChangedMeanwhile(IntakeError):
    """Another unit of work changed the row first; decide again on what is there now."""


class LeaseLost(IntakeError):
    """The work was taken over by another worker after our lease ran out; it is no longer ours to finish."""


class DatabaseIsBusy(IntakeError):
    """The database could not be had in time; what was asked may be asked again."""
