"""Our own check of a mail that came straight from its sender's server.

The record of the From domain first, because it says what counts as the same domain; then signatures, which hold
wherever a mail has been; then the sending host, where no signature held. Each is asked only about domains of the
From domain's owner, so that nothing else that a stranger wrote into a mail makes us ask anything.
"""

from __future__ import annotations

from email_in.proof import dkim, dmarc, spf
from email_in.proof.dmarc import Policy
from email_in.proof.domains import as_name
from email_in.proof.evidence import Evidence, Transfer
from email_in.proof.proven import Checked, Proof, Proven, Result
from email_in.proof.questions import NoAnswerYet, Questions, Resolver


def prove(domain: str, evidence: Evidence, resolver: Resolver, seconds: float) -> Proven:
    """Return whether a mail is from the From domain, asking for so long at most. Raises NameServersAreSilent."""
    name = as_name(domain)
    if name is None:
        return Proven(Proof.NONE, "the From domain is no name of the DNS")
    questions = Questions.within(seconds, resolver, name)
    try:
        questions.begin()
        policy = _policy(name, questions)
    except NoAnswerYet as error:
        return Proven(Proof.TEMPERROR, f"dmarc=temperror: {error}")
    checks = dkim.check(evidence, lambda signer: dmarc.is_aligned("dkim", signer, name, policy), questions)
    if not any(one.result is Result.PASS for one in checks):
        checks = [*checks, *_sent_by(name, policy, evidence.transfer, questions)]
    return dmarc.judged(name, policy, checks)


def _policy(name: str, questions: Questions) -> Policy | None:
    for domain in dmarc.asked_at(name):
        records = dmarc.records_of(questions.ask(f"_dmarc.{domain}", "TXT"))
        if records:
            return dmarc.read_policy(records, domain, name)
    return None


def _sent_by(name: str, policy: Policy | None, transfer: Transfer, questions: Questions) -> list[Checked]:
    """Return what the sending host proves: nothing unless it spoke for the From domain's owner."""
    if transfer.domain is None:
        return []
    if not dmarc.is_aligned("spf", transfer.domain, name, policy):
        return [Checked("spf", Result.NONE, transfer.domain, "not aligned with the From domain")]
    return [spf.check(transfer, transfer.domain, questions)]
