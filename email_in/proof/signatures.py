"""What a DKIM-Signature field says, and why it may be no proof whatever its key says (RFC 6376 3.5). Pure.

REFUSALS is read before a key is asked for; among its rows are what dkimpy would take for a proof and we do not.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from email_in.proof.domains import as_name
from email_in.proof.signed_mail import SignedMail

_LONGEST_SIGNATURE = 4096  # octets; dkimpy's pattern for b= takes quadratic time
_MOST_SIGNED = 150  # fields named in h=
_ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")
_NEEDED = (b"a", b"b", b"bh", b"d", b"h", b"s", b"v")
_FORMS = (b"simple", b"relaxed")


@dataclass(frozen=True)
class Signature:
    """A DKIM-Signature field of a mail, and what it says."""

    mail: SignedMail
    field: tuple[bytes, bytes]
    tags: Mapping[bytes, bytes]

    @property
    def domain(self) -> str:
        """Who signed (d=), as the DNS has it; empty for what is no domain."""
        return as_name(self.tags.get(b"d", b"").decode("ascii", "replace")) or ""

    @property
    def signed(self) -> list[bytes]:
        """The names of the signed fields, in lower case."""
        return [name.strip().lower() for name in self.tags[b"h"].split(b":")]

    @property
    def forms(self) -> tuple[bytes, bytes]:
        """How header and body were made canonical (3.5, c=)."""
        header, _, body = self.tags.get(b"c", b"simple").partition(b"/")
        return header, body or b"simple"

    @property
    def body(self) -> bytes:
        """The body as it was signed."""
        return self.mail.relaxed if self.forms[1] == b"relaxed" else self.mail.simple

    def is_past(self, at: datetime) -> bool:
        """Say whether the signature says that it does not hold any more (3.5, x=)."""
        until = self.tags.get(b"x")
        return until is not None and (not _is_number(until) or int(until) < at.timestamp())

    @property
    def leaves_text_out(self) -> bool:
        """Say whether text stands behind what was signed (3.5, l=): anybody could have written it."""
        length = self.tags.get(b"l")
        return length is not None and (not _is_number(length) or int(length) != len(self.body))

    @property
    def is_for_another(self) -> bool:
        """Say whether it claims to be for somebody outside the signing domain (3.5, i=)."""
        whose = self.tags.get(b"i", b"").rpartition(b"@")[2].lower()
        domain = self.tags[b"d"].lower()
        return bool(whose) and whose != domain and not whose.endswith(b"." + domain)

    @property
    def fits_body(self) -> bool:
        """Say whether the body is the one that was signed (3.7)."""
        return b64decode(b"".join(self.tags[b"bh"].split())) == hashlib.sha256(self.body).digest()


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= 12


Refusal = Callable[[Signature, datetime], bool]

REFUSALS: tuple[tuple[str, Refusal], ...] = (
    ("too long", lambda one, _at: len(one.field[1]) > _LONGEST_SIGNATURE),
    ("incomplete", lambda one, _at: any(tag not in one.tags for tag in _NEEDED)),
    ("of an unknown version", lambda one, _at: one.tags[b"v"] != b"1"),
    # SHA-1 among them: it proves nothing any more (RFC 8301).
    ("of an algorithm that proves nothing", lambda one, _at: one.tags[b"a"] not in _ALGORITHMS),
    ("of an unknown form", lambda one, _at: any(form not in _FORMS for form in one.forms)),
    ("with its key elsewhere", lambda one, _at: one.tags.get(b"q", b"dns/txt") != b"dns/txt"),
    ("for somebody else", lambda one, _at: one.is_for_another),
    ("with too many fields", lambda one, _at: len(one.signed) > _MOST_SIGNED),
    ("without the From field", lambda one, _at: b"from" not in one.signed),
    ("expired", lambda one, at: one.is_past(at)),
    ("with text behind what was signed", lambda one, _at: one.leaves_text_out),
    ("of another body", lambda one, _at: not one.fits_body),
)
