"""Whose signatures a mail carries that hold (DKIM, RFC 6376).

The cryptography is dkimpy's. Only signatures of the From domain's owner are tried, and few of them, so that a
thousand of somebody else's cost nothing. Whatever dkimpy raises is a permanent error of that signature.

Not looked at: ARC (RFC 8617), with which whoever passed a mail on could vouch for it; and oversigning, the signing
of fields that are not there: a field that may stand once and stands twice is doubted instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from email_in.proof.evidence import Evidence
from email_in.proof.proven import Checked, Result
from email_in.proof.questions import NoAnswerYet, Questions
from email_in.proof.signatures import REFUSALS, Signature
from email_in.proof.signed_mail import SignedMail

MOST_TRIED = 5  # signatures of the From domain's owner
_LONGEST_KEY = 1000  # octets of a key record: RSA of 4096 bits takes 750
_SHORTEST_KEY = 1024  # bits, of RSA (RFC 8301)

_quiet = logging.getLogger("email_in.proof.dkim")  # dkimpy logs what strangers wrote
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


def check(evidence: Evidence, is_aligned: Callable[[str], bool], questions: Questions) -> list[Checked]:
    """Return what the signatures of a mail prove, up to the first that holds.

    `is_aligned` says which domains matter. Raises NameServersAreSilent.
    """
    try:
        mail = SignedMail(evidence.raw)
        if doubt := mail.doubt(evidence.headers):
            return [Checked("dkim", Result.PERMERROR, "", doubt)]
        return list(_checked(mail, is_aligned, questions, evidence.received_at))
    except OSError:
        raise
    except Exception as error:  # dkimpy raises of odd bytes whatever it stumbles over
        return [Checked("dkim", Result.PERMERROR, "", type(error).__name__)]


def _checked(
    mail: SignedMail, is_aligned: Callable[[str], bool], questions: Questions, at: datetime
) -> Iterator[Checked]:
    """Yield what each signature proves that matters, and whose the others are."""
    tried, others = 0, dict[str, None]()
    for signature in _signatures(mail):
        if not signature.domain or not is_aligned(signature.domain):
            others[signature.domain] = None
            continue
        tried += 1
        if tried > MOST_TRIED:
            break
        found = _tried(signature, questions, at)
        yield found
        if found.result is Result.PASS:
            return
    for domain in list(filter(None, others))[:2]:
        yield Checked("dkim", Result.NONE, domain, "not aligned with the From domain")


def _signatures(mail: SignedMail) -> Iterator[Signature]:
    for field in mail.fields:
        if field[0].lower() == b"dkim-signature":
            try:
                yield Signature(mail, field, parse_tag_value(field[1]))
            except InvalidTagValueList:
                continue


def _tried(signature: Signature, questions: Questions, at: datetime) -> Checked:
    """Return what one signature proves; what is wrong with it is no matter of the others'."""
    try:
        return _verified(signature, questions, at)
    except OSError:
        raise
    except Exception as error:
        return Checked("dkim", Result.PERMERROR, signature.domain, type(error).__name__)


def _verified(signature: Signature, questions: Questions, at: datetime) -> Checked:
    domain = signature.domain
    for why, applies in REFUSALS:
        if applies(signature, at):
            return Checked("dkim", Result.FAIL, domain, why)
    try:
        key = _key(signature, questions)
    except NoAnswerYet as error:
        return Checked("dkim", Result.TEMPERROR, domain, str(error))
    if key is None:
        return Checked("dkim", Result.PERMERROR, domain, "no key is published")
    holds = _holds(signature, key)
    return Checked(
        "dkim", Result.PASS if holds else Result.FAIL, domain, "" if holds else "a false signature"
    )


def _key(signature: Signature, questions: Questions) -> bytes | None:
    """Return the record with the key, None when there is no one such record of a reasonable size (3.6.2.2)."""
    selector = signature.tags[b"s"].decode("ascii", "replace")
    records = questions.ask(f"{selector}._domainkey.{signature.domain}", "TXT")
    if len(records) != 1 or len(records[0]) > _LONGEST_KEY:
        return None
    return records[0].encode("latin-1")


def _holds(signature: Signature, key: bytes) -> bool:
    """Let dkimpy check the signature over the header; the body was checked before."""
    checker = dkim.DKIM(logger=_quiet, minkey=_SHORTEST_KEY)
    checker.headers = signature.mail.fields
    tags = {name: value for name, value in signature.tags.items() if name != b"bh"}
    return bool(checker.verify_sig(tags, signature.signed, signature.field, lambda _name, **_: key))
