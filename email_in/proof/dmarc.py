"""What a domain asks of mail in its name, and whether a mail has it (DMARC, RFC 7489). Pure.

A mail is proven when a signature or a sending host that passed belongs to the From domain: to the very same one
(strict), or to one of the same owner (relaxed, the default). That holds where no record is published, too; a record
only makes of what is not proven a failure. What a domain wants done with failures (p=, sp=, pct=) is told and not
carried out: INTAKE_SENDER_CHECK is our policy. Of the tags, adkim= and aspf= count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from email_in.proof.domains import organisational
from email_in.proof.proven import Checked, Proof, Proven, Result

_POLICIES = ("none", "quarantine", "reject")
_VERSION = re.compile(r"v\s*=\s*DMARC1\s*(?:;|\Z)")
_LONGEST_RECORD = 4096  # characters
_MOST_WORDS = 400  # characters of the decision log


@dataclass(frozen=True)
class Policy:
    """What a domain published: where, what for failures, and which methods must name the From domain itself."""

    domain: str
    policy: str
    strict: frozenset[str]

    @property
    def words(self) -> str:
        """It as people read it."""
        return f"{self.domain} publishes p={self.policy}"


def asked_at(domain: str) -> tuple[str, ...]:
    """Return the domains that are asked for a record, in this order; the first that has one decides (6.6.3)."""
    return tuple(dict.fromkeys((domain, organisational(domain))))


def records_of(texts: Iterable[str]) -> list[str]:
    """Return which of the texts at `_dmarc.` are DMARC records: the version comes first, in this very spelling."""
    return [text for text in texts if _VERSION.match(text)]


def read_policy(records: Sequence[str], at: str, domain: str) -> Policy | None:
    """Return what the records found at `at` mean for the From domain; None when they are several or none is good.

    Below the domain that publishes it, sp= stands for p= (6.3). A record without a good policy that wants reports
    is one of p=none (6.6.3).
    """
    if len(records) != 1 or len(records[0]) > _LONGEST_RECORD:
        return None
    tags = _tags(records[0])
    policy = tags.get("p", "").lower()
    if policy not in _POLICIES:
        if "rua" not in tags:
            return None
        policy = "none"
    below = tags.get("sp", "").lower()
    if at != domain and below in _POLICIES:
        policy = below
    modes = {"dkim": tags.get("adkim"), "spf": tags.get("aspf")}
    return Policy(at, policy, frozenset(name for name, mode in modes.items() if (mode or "").lower() == "s"))


def _tags(record: str) -> Mapping[str, str]:
    pairs = (piece.partition("=") for piece in record.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}


def is_aligned(method: str, authenticated: str, domain: str, policy: Policy | None) -> bool:
    """Say whether a domain that a method proves stands for the From domain (3.1)."""
    if policy is not None and method in policy.strict:
        return authenticated == domain
    return organisational(authenticated) == organisational(domain)


def judged(domain: str, policy: Policy | None, checks: Sequence[Checked]) -> Proven:
    """Return what the checks come to for the From domain."""
    aligned = [one for one in checks if is_aligned(one.method, one.domain, domain, policy)]
    passed = [one for one in aligned if one.result is Result.PASS]
    if passed:
        return _told(Proof.PASS, passed[:1], policy)
    if any(one.result is Result.TEMPERROR for one in aligned):
        return _told(Proof.TEMPERROR, checks, policy)
    return _told(Proof.FAIL if policy else Proof.NONE, checks, policy)


def _told(proof: Proof, checks: Sequence[Checked], policy: Policy | None) -> Proven:
    said = [one.words for one in checks] or ["neither signed nor sent by a host of the domain's"]
    published = policy.words if policy else "no DMARC record"
    return Proven(proof, f"{published}; {', '.join(said)}"[:_MOST_WORDS])
