"""Is the sender who the From field says? (E5) Pure.

Only the From field counts, never Reply-To. It is proven by what a trusted front server found
(Authentication-Results, RFC 8601): its `dmarc` result for the domain of the From address. Fields of other
servers say nothing, for anybody can write one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from email_in.headers import DOUBTFUL_FROM
from email_in.message import InboundMail


class SenderCheck(StrEnum):
    """What is asked before a mail may change a case (setting INTAKE_SENDER_CHECK)."""

    OFF = "off"
    HOLD_FAILING = "hold-failing"
    REQUIRE_PASS = "require-pass"  # noqa: S105 - a word of mail authentication, not a secret


class Proof(StrEnum):
    """What is known of the sender's domain."""

    PASS = "pass"  # noqa: S105 - as above
    FAIL = "fail"
    NONE = "none"


@dataclass(frozen=True)
class SenderRules:
    """How senders are checked. `authserv_id`: whose Authentication-Results are believed; empty: nobody's."""

    check: SenderCheck = SenderCheck.OFF
    authserv_id: str = ""

    def is_enough(self, proof: Proof) -> bool:
        """Say whether a mail with this proof may change a case."""
        if self.check is SenderCheck.REQUIRE_PASS:
            return proof is Proof.PASS
        return self.check is SenderCheck.OFF or proof is not Proof.FAIL


_COMMENT = re.compile(r"\([^()]{0,500}\)")
_DMARC = re.compile(r"\bdmarc\s*=\s*([a-z]+)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"\bheader\.from\s*=\s*([a-z0-9.-]+)", re.IGNORECASE)
_LONGEST_FIELD = 4096


def one_sender(mail: InboundMail) -> str | None:
    """Return the address of the one who wrote the mail, in lower case, or None when that is not certain."""
    if len(mail.senders) != 1 or DOUBTFUL_FROM in mail.defects:
        return None
    return mail.senders[0].address.lower()


def proof_of(address: str, results: Iterable[str], authserv_id: str) -> Proof:
    """Return what the trusted server's Authentication-Results say of the domain of `address`.

    `results` are the values of all such fields, topmost first; the topmost of the trusted server counts,
    for that is the one which it wrote itself.
    """
    domain = address.rpartition("@")[2].lower()
    for field in results:
        text = _COMMENT.sub("", field[:_LONGEST_FIELD])
        server, _semicolon, methods = text.partition(";")
        if authserv_id and server.split()[:1] == [authserv_id]:
            return _dmarc(methods, domain)
    return Proof.NONE


def _dmarc(methods: str, domain: str) -> Proof:
    for method in methods.split(";"):
        result, judged = _DMARC.search(method), _HEADER_FROM.search(method)
        if result is None or judged is None or judged.group(1).lower() != domain:
            continue
        return Proof.PASS if result.group(1).lower() == "pass" else Proof.FAIL
    return Proof.NONE
