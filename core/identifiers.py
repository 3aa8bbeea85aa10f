"""Case numbers and Reference IDs: made, written, found again in a damaged text.

A case number names a case to people (C1). A Reference ID ties a mail to a case (E2): one per case and
recipient, `R` + 2 characters naming the installation + 16 random + 3 check characters, in Crockford's
base 32, 22 characters, never ten digits in a row so that no case number can be read out of it.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

from core.errors import BadInput

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_LENGTH, _CHECK_LENGTH, REFERENCE_LENGTH = 16, 3, 22
# Crockford reads these letters as the digits that they are mistaken for.
_LOOKALIKES = str.maketrans("ILO", "110")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Z]+")
_ENDLESS_ENTITY = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}")  # html.unescape raises on the longest of them
_LONGEST_END = 256 * 1024  # characters looked at, at each end of a text
_MOST_CANDIDATES = 1_000  # in each of these
_TEN_DIGITS = re.compile(r"[0-9]{10}")


class Chance(Protocol):
    """Where randomness comes from: `secrets.SystemRandom` in production, a seeded one in a simulation."""

    def getrandbits(self, bits: int, /) -> int:
        """Return a whole number of that many random bits."""
        ...


def random_key(chance: Chance) -> str:
    """Return 128 random bits as 32 hexadecimal digits: call keys, leg keys, bounce addresses."""
    return f"{chance.getrandbits(128):032x}"


def case_number(sequence: int) -> str:
    """Return the case number of the case with this sequence number: 10 digits, leading zeros (C1)."""
    return f"{sequence:010d}"


def parse_case_number(text: str) -> str:
    """Return `text` when it is a case number; raise BadInput naming it when it is not (C1)."""
    if re.fullmatch(r"[0-9]{10}", text) is None:
        raise BadInput(
            "case number", text, "exactly 10 digits with their leading zeros, such as 0003256109 (C1)"
        )
    return text


@dataclass(frozen=True)
class ReferenceMint:
    """Makes Reference IDs of one installation, and recognises them before a database is asked.

    `installation`: 2 Crockford characters; `key`: the secret that the check characters are made with.
    """

    installation: str
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse an installation code that no mail could carry."""
        if len(self.installation) != 2 or any(letter not in CROCKFORD for letter in self.installation):
            raise BadInput("installation", self.installation, f"two characters of {CROCKFORD}")

    def mint(self, chance: Chance) -> str:
        """Return a new Reference ID."""
        while True:
            body = f"R{self.installation}{_base32(chance.getrandbits(80), _RANDOM_LENGTH)}"
            token = body + self._check(body)
            if _TEN_DIGITS.search(token) is None:
                return token

    def find(self, text: str) -> Iterator[str]:
        """Yield each Reference ID of this installation in `text`, however it was damaged on its way.

        Tags, entities, line breaks, quote marks, hyphens, zero-width characters and case do not matter;
        the check characters do, so a mistyped or foreign one is not found. Of a long text both ends are
        looked at: own words stand at its top, what they answer at its bottom.
        """
        for end in _ends(text):
            for source in dict.fromkeys((_TAG.sub("", end), end)):
                yield from self._find_in_normal(_normalise(source))

    def _find_in_normal(self, normal: str) -> Iterator[str]:
        prefix = f"R{self.installation.translate(_LOOKALIKES)}"
        at = normal.find(prefix)
        for _candidate in range(_MOST_CANDIDATES):
            if at < 0:
                return
            body = normal[at : at + REFERENCE_LENGTH]
            token = f"R{self.installation}{body[3:]}"
            if len(body) == REFERENCE_LENGTH and self._is_ours(token):
                yield token
            at = normal.find(prefix, at + 1)

    def _is_ours(self, token: str) -> bool:
        body, check = token[:-_CHECK_LENGTH], token[-_CHECK_LENGTH:]
        return hmac.compare_digest(self._check(body), check)

    def _check(self, body: str) -> str:
        digest = hmac.new(self.key, b"reference-id:" + body.encode(), hashlib.sha256).digest()
        return _base32(int.from_bytes(digest[:2], "big") >> 1, _CHECK_LENGTH)


def _base32(number: int, length: int) -> str:
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in reversed(range(length)))


def _ends(text: str) -> tuple[str, ...]:
    """Return the text, or where it is long its beginning and its end."""
    if len(text) <= 2 * _LONGEST_END:
        return (text,)
    return text[:_LONGEST_END], text[-_LONGEST_END:]


def _normalise(text: str) -> str:
    read = html.unescape(_ENDLESS_ENTITY.sub("", text))
    # Accents are no part of a token, and a long row of them takes NFKC quadratic time to put in order.
    bare = read if read.isascii() else "".join(sign for sign in read if not unicodedata.combining(sign))
    plain = unicodedata.normalize("NFKC", bare).upper()
    return _NOT_ALPHANUMERIC.sub("", plain).translate(_LOOKALIKES)
