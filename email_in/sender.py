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


# Of a field (RFC 8601 2.2): an escaped sign, a sign that opens or ends something, a run of anything else.
_SIGN = re.compile(r'\\.|["();\\]|[^"();\\]+', re.DOTALL)
_QUOTED = '""'  # stands where a quoted string stood: what was quoted is never read
_DMARC = re.compile(r"\s*dmarc\s*(?:/\s*[0-9]+\s*)?=\s*([a-z]+)(?!\S)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"(?<!\S)header\.from\s*=\s*([a-z0-9.-]+)(?!\S)", re.IGNORECASE)
_LONGEST_FIELD = 8192


def one_sender(mail: InboundMail) -> str | None:
    """Return the address of the one who wrote the mail, in lower case, or None when that is not certain."""
    if len(mail.senders) != 1 or DOUBTFUL_FROM in mail.defects:
        return None
    return mail.senders[0].address.lower()


def proof_of(address: str, results: Iterable[str], authserv_id: str) -> Proof:
    """Return what the trusted server's Authentication-Results say of the domain of `address`.

    `results` are the undecoded values of all such fields, topmost first; the topmost of the trusted server
    counts, for that is the one which it wrote itself. It repeats words of the sender's, so it proves nothing
    when a quote or comment in it does not end, or when it gives several results.
    """
    domain = address.rpartition("@")[2].lower()
    for field in results:
        (server, *methods), is_whole = _pieces(field[:_LONGEST_FIELD])
        if authserv_id and server.lower().split()[:1] == [authserv_id.lower()]:
            is_whole = is_whole and len(field) <= _LONGEST_FIELD
            return _dmarc(methods, domain) if is_whole else Proof.FAIL
    return Proof.NONE


def _dmarc(methods: Iterable[str], domain: str) -> Proof:
    judged = [(found.group(1).lower(), method) for method in methods if (found := _DMARC.match(method))]
    if len(judged) != 1:
        return Proof.FAIL if judged else Proof.NONE
    [(result, method)] = judged
    if [name.lower() for name in _HEADER_FROM.findall(method)] != [domain]:
        return Proof.NONE
    return Proof.PASS if result == "pass" else Proof.FAIL


def _pieces(field: str) -> tuple[list[str], bool]:
    """Cut a field at its semicolons, without its comments and quoted strings; say whether each of them ends."""
    pieces, comments, is_quoted, is_whole = [""], 0, False, True
    for sign in _SIGN.findall(field):
        if is_quoted:
            is_quoted = sign != '"'
        elif sign in ("(", ")"):
            comments += 1 if sign == "(" else -1
            is_whole = is_whole and comments >= 0
        elif comments > 0:
            continue
        elif sign == '"':
            is_quoted = True
            pieces[-1] += _QUOTED
        elif sign == ";":
            pieces.append("")
        else:
            is_whole = is_whole and not sign.startswith("\\")
            pieces[-1] += sign
    return pieces, is_whole and not is_quoted and comments == 0
