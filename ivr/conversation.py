"""The values of a call: where it stands, what comes in, what the core is asked, what goes back.

Everything is a frozen dataclass. A CallState is kept as JSON between two turns.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from core.rules.policy import Act
from core.rules.terms import Priority, Status


class Step(StrEnum):
    """Where in the menu a call stands: which question was asked last."""

    WELCOME = "welcome"
    PIN = "pin"
    HUMAN = "human"
    MAIN = "main"
    CRITICAL_KIND = "critical-kind"
    CRITICAL_NUMBER = "critical-number"
    CASE_NUMBER = "case-number"
    CASE = "case"
    UPDATE = "update"
    REOPEN = "reopen"
    COMBINATION = "combination"
    PRIORITY = "priority"
    DESCRIPTION = "description"
    CALLBACK = "callback"
    PRODUCTION_DOWN = "production-down"
    RINGING = "ringing"
    MESSAGE = "message"
    OVER = "over"


@dataclass(frozen=True)
class Company:
    """A combination that the caller may open cases for, as it is read out."""

    combination_id: int
    name: str


@dataclass(frozen=True)
class CallState:
    """Where a call stands.

    `misses` counts useless entries in a row, `pin_entries` the PINs keyed in the whole call, `rings` the
    analysts rung since the caller asked for one.
    `made_critical`: the case was opened as, or raised to, Critical in this call.
    """

    step: Step = Step.WELCOME
    misses: int = 0
    pin_entries: int = 0  # nothing sets it back
    rings: int = 0
    contact_id: int | None = None
    case_number: str = ""
    case_is_closed: bool = False
    companies: tuple[Company, ...] = ()
    combination_id: int | None = None
    priority: int = int(Priority.MEDIUM)
    callback_number: str = ""
    production_down: bool = False
    made_critical: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the state as it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> CallState:
        """Return the state that was kept; a step of another version begins with the welcome again."""
        known = {name: value for name, value in kept.items() if name in cls.__dataclass_fields__}
        step = known.get("step")
        known["step"] = Step(step) if step in set(Step) else Step.WELCOME
        known["companies"] = tuple(Company(**company) for company in known.get("companies", ()))
        return cls(**known)


# --- what comes in ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Began:
    """The call came in."""


@dataclass(frozen=True)
class Keyed:
    """What the caller keyed: ASCII digits, `*` and `#` only; empty for silence or anything else."""

    keys: str


@dataclass(frozen=True)
class Spoken:
    """A recording was made. `seconds` is its length."""

    recording_id: str
    url: str
    seconds: int


@dataclass(frozen=True)
class RingingEnded:
    """The analyst's leg is over, however it ended; whether it was taken stands in the database."""


# --- what the core is asked ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckPin:
    """Whose PIN is this?"""

    digits: str


@dataclass(frozen=True)
class FindCase:
    """May the caller hear of this case, and how does it stand?"""

    number: str


@dataclass(frozen=True)
class FindCompanies:
    """For which companies may the caller open a case?"""

    critical: bool


@dataclass(frozen=True)
class CheckRight:
    """May the caller do this to the case? Asked before a recording, so that nobody speaks in vain."""

    act: Act


@dataclass(frozen=True)
class AddUpdate:
    """Add what was spoken to the case (C7)."""

    spoken: Spoken


@dataclass(frozen=True)
class ReopenCase:
    """Reopen the case with what was spoken (C9)."""

    spoken: Spoken


@dataclass(frozen=True)
class OpenCase:
    """Open a case with what was spoken; Critical with its call-back number (P2, P3)."""

    spoken: Spoken


@dataclass(frozen=True)
class CheckCallback:
    """Is this a number that we can dial? Empty: the number that the caller calls from."""

    digits: str


@dataclass(frozen=True)
class RaiseCase:
    """Raise the case to Critical (C3, P3)."""


@dataclass(frozen=True)
class FindAnalyst:
    """Did somebody take the call; and if not, who is rung next (P4)?"""


@dataclass(frozen=True)
class LeaveMessage:
    """Nobody answered: keep what was spoken and page everyone on call (P4)."""

    spoken: Spoken


@dataclass(frozen=True)
class PageOnCall:
    """Nobody answered and nothing was spoken: page everyone on call all the same (P4)."""


Errand = (
    CheckPin
    | FindCase
    | FindCompanies
    | CheckRight
    | AddUpdate
    | ReopenCase
    | OpenCase
    | CheckCallback
    | RaiseCase
    | FindAnalyst
    | LeaveMessage
    | PageOnCall
)

# --- what the core answers ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class CallerKnown:
    """The PIN is right and its owner may use the menu."""

    contact_id: int


@dataclass(frozen=True)
class PinMistyped:
    """Not a PIN: asked again, not counted."""


@dataclass(frozen=True)
class PinRefused:
    """Wrong, unknown, blank or locked."""


@dataclass(frozen=True)
class Refusal:
    """A rule forbids it; the caller hears its words."""

    words: str


@dataclass(frozen=True)
class CaseTold:
    """A case that the caller may hear of."""

    number: str
    subject: str
    status: Status
    sub_status: str
    priority: Priority


@dataclass(frozen=True)
class CaseUnknown:
    """No such case, or none of the caller's: the two sound the same."""


@dataclass(frozen=True)
class CompaniesFound:
    """For which companies the caller may open a case; at least one, else it is a Refusal."""

    companies: tuple[Company, ...]


@dataclass(frozen=True)
class ActAllowed:
    """The caller may do this to the case, as it is now."""

    act: Act


@dataclass(frozen=True)
class UpdateKept:
    """The update stands in the history."""


@dataclass(frozen=True)
class CaseReopened:
    """The case is Open again."""


@dataclass(frozen=True)
class CaseOpened:
    """The case was opened under this number."""

    number: str


@dataclass(frozen=True)
class CallbackKnown:
    """The number, in E.164."""

    number: str


@dataclass(frozen=True)
class CallbackUnusable:
    """No number that we can dial."""


@dataclass(frozen=True)
class CaseRaised:
    """The case is Critical."""


@dataclass(frozen=True)
class AnalystFound:
    """Ring this number; the leg's key is in its URLs."""

    leg_key: str
    phone: str


@dataclass(frozen=True)
class CallIsOver:
    """An analyst had the caller on the line, or the caller has hung up."""


@dataclass(frozen=True)
class NobodyLeft:
    """Everyone on call was rung."""


@dataclass(frozen=True)
class MessageKept:
    """The message is kept and everyone is paged."""


@dataclass(frozen=True)
class OnCallPaged:
    """Everyone on call is paged."""


CoreAnswer = (
    CallerKnown
    | PinMistyped
    | PinRefused
    | Refusal
    | CaseTold
    | CaseUnknown
    | CompaniesFound
    | ActAllowed
    | UpdateKept
    | CaseReopened
    | CaseOpened
    | CallbackKnown
    | CallbackUnusable
    | CaseRaised
    | AnalystFound
    | CallIsOver
    | NobodyLeft
    | MessageKept
    | OnCallPaged
)
Input = Began | Keyed | Spoken | RingingEnded

# --- what goes back to the caller ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One thing to say: a prompt by its name, and what stands in its gaps."""

    prompt: str
    gaps: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AskKeys:
    """Wait for keys. `count` ends the entry by itself; None waits for `#`."""

    count: int | None = None


@dataclass(frozen=True)
class AskSpeech:
    """Record what is said, until `#` or silence."""


@dataclass(frozen=True)
class Ring:
    """Ring an analyst."""

    leg_key: str
    phone: str


@dataclass(frozen=True)
class HangUp:
    """End the call."""


@dataclass(frozen=True)
class Reply:
    """What the caller hears, and what is awaited then."""

    lines: tuple[Line, ...]
    then: AskKeys | AskSpeech | Ring | HangUp
