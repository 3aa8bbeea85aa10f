"""Is the sender who the From field says? (E5)

Only the From field counts, never Reply-To. Where a trusted server stands in front, what it found is read; otherwise
the check is our own (`email_in.proof`), and may ask the DNS, never inside a transaction. A check that DNS trouble
stops is taken up again with the mail, a few times, and counts as no proof after that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from core.errors import IntakeError
from email_in.headers import DOUBTFUL_FROM
from email_in.message import InboundMail
from email_in.proof import results
from email_in.proof.evidence import Evidence, Transfer
from email_in.proof.proven import NOBODY_TO_PROVE, NOTHING_ASKED, Proof, Proven
from email_in.proof.questions import Resolver

MOST_TRIES = 5


class SenderCheck(StrEnum):
    """What is asked before a mail may change a case (setting INTAKE_SENDER_CHECK)."""

    OFF = "off"
    HOLD_FAILING = "hold-failing"
    REQUIRE_PASS = "require-pass"  # noqa: S105 - a word of mail authentication, not a secret


class SenderNotKnownYet(IntakeError):
    """The DNS had trouble when the sender was checked; the mail waits and is checked again."""


@dataclass(frozen=True)
class SenderRules:
    """How senders are checked.

    `trusted` are the servers in front whose Authentication-Results are believed, in lower case; with any, nothing is
    asked of `resolver`. All that is asked about one mail together takes `seconds` at most.
    """

    check: SenderCheck = SenderCheck.OFF
    trusted: frozenset[str] = frozenset()
    resolver: Resolver | None = None
    seconds: float = 8.0

    @property
    def asks_the_dns(self) -> bool:
        """Whether reading a mail may wait for name servers."""
        return self.check is not SenderCheck.OFF and not self.trusted and self.resolver is not None

    def is_enough(self, proof: Proof) -> bool:
        """Say whether a mail with this proof may change a case."""
        if self.check is SenderCheck.REQUIRE_PASS:
            return proof is Proof.PASS
        return self.check is SenderCheck.OFF or proof not in (Proof.FAIL, Proof.TEMPERROR)


def one_sender(mail: InboundMail) -> str | None:
    """Return the address of the one who wrote the mail, in lower case, or None when that is not certain."""
    if len(mail.senders) != 1 or DOUBTFUL_FROM in mail.defects:
        return None
    return mail.senders[0].address.lower()


def proven(rules: SenderRules, row: sa.RowMapping, raw: bytes, mail: InboundMail) -> Proven:
    """Return what is known of a mail's sender; `row` is its row of the inbox.

    Raises SenderNotKnownYet and NameServersAreSilent: the mail is to be tried again.
    """
    sender = one_sender(mail)
    if sender is None:
        return NOBODY_TO_PROVE
    domain = sender.rpartition("@")[2]
    if rules.trusted:
        return _found_in_front(rules.trusted, raw, mail, domain)
    if not rules.asks_the_dns or rules.resolver is None:
        return NOTHING_ASKED
    from email_in.proof import own  # here, because importing it would cost each command a tenth of a second

    transfer = Transfer(row["envelope_sender"], row["peer"], row["helo"])
    evidence = Evidence(raw, mail.headers, transfer, row["received_at"])
    found = own.prove(domain, evidence, rules.resolver, rules.seconds)
    if found.proof is Proof.TEMPERROR and row["attempts"] < MOST_TRIES:
        raise SenderNotKnownYet(found.words)
    return found


def _found_in_front(trusted: frozenset[str], raw: bytes, mail: InboundMail, domain: str) -> Proven:
    """Return what the server in front found, if it saw the mail that is read here."""
    # Undecoded: decoding would let a sender's word grow a semicolon.
    found = results.found_by(trusted, mail.headers.raw("Authentication-Results"), domain)
    if found.proof is not Proof.PASS:
        return found
    from email_in.proof.signed_mail import TWO_WAYS, is_read_alike  # here, for the same reason

    return found if is_read_alike(raw, mail.headers) else Proven(Proof.FAIL, TWO_WAYS)
