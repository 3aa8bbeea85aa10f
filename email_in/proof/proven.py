"""What was found out about a sender, in a word and in words. Pure.

A `Checked` is one method's answer about one domain; `Proven` is what all of them come to for the From domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Proof(StrEnum):
    """What is known of the sender's domain."""

    PASS = "pass"  # noqa: S105 - a word of mail authentication, not a secret
    FAIL = "fail"
    NONE = "none"  # nothing speaks for it or against it
    TEMPERROR = "temperror"  # it could not be asked: neither a pass nor a fail


class Result(StrEnum):
    """What one method found (RFC 8601 2.7)."""

    PASS = "pass"  # noqa: S105 - as above
    FAIL = "fail"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True)
class Proven:
    """What is known of the sender's domain, and what says so, in words for the decision log."""

    proof: Proof
    words: str


@dataclass(frozen=True)
class Checked:
    """What `method` (dkim, spf) found about `domain`, in lower case, and why; `domain` may be empty."""

    method: str
    result: Result
    domain: str
    why: str = ""

    @property
    def words(self) -> str:
        """It as people read it."""
        domain = f" {self.domain}" if self.domain else ""
        return f"{self.method}={self.result}{domain}" + (f" ({self.why})" if self.why else "")


NOTHING_ASKED = Proven(Proof.NONE, "the sender check asks nobody")
NOBODY_TO_PROVE = Proven(Proof.NONE, "the mail does not say clearly who wrote it")
NO_PERSONS = Proven(Proof.NONE, "no person wrote the mail, so nothing was asked")
