"""What a report says of one recipient, in the words of RFC 3464, and how long it will stay so."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What became of a mail on its way to one recipient, as far as a report tells."""

    HARD = "hard"  # the address or its host is not there: the next mail will come back too
    SOFT = "soft"  # given up for a reason that may pass: a full mailbox, a filter, an outage
    DELAYED = "delayed"  # still tried: no failure (RFC 3464 2.3.3)
    DELIVERED = "delivered"  # arrived, or was handed on: no failure either

    @property
    def is_failure(self) -> bool:
        """Whether the mail is known not to have arrived."""
        return self in (Verdict.HARD, Verdict.SOFT)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a report has on one recipient, unjudged. What it does not say is empty.

    `action` and `status` are those of RFC 3464; `words` are what was said about the recipient; `stage` is the
    SMTP command that was refused; `around` is what the report says elsewhere, when it is about nobody else.
    """

    recipient: str
    action: str = ""
    status: str = ""
    words: str = ""
    stage: str = ""
    around: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An entry, judged: the enhanced status (RFC 3463), the SMTP reply code, and why in a few words."""

    recipient: str
    verdict: Verdict
    why: str
    status: str = ""
    code: str = ""
    words: str = ""
