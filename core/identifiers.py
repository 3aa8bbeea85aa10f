"""Case numbers and Reference IDs: made, written, found again in a damaged text.

A case number names a case to people (C1). A Reference ID ties a mail to a case (E2): one per case and
recipient, `R` + 2 characters naming the installation + 16 random + 3 check characters, in Crockford's
base 32, 22 characters, never ten digits in a row so that no case number can be read out of it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from core.errors import BadInput
from core.readings import readings

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_LENGTH, _CHECK_LENGTH, REFERENCE_LENGTH = 16, 3, 22
# Crockford reads these letters as the digits that they are mistaken for; core.readings does so with a text.
_LOOKALIKES = str.maketrans("ILO", "110")
_MOST_CANDIDATES = 1_000  # from each end of each reading of a text; checking one takes 3 µs
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
        """Yield each Reference ID of this installation in `text`, once, however it was damaged on its way.

        Tags, entities, line breaks, quote marks, hyphens, zero-width characters, escapes of links and case do not
        matter; the check characters do, so a mistyped or foreign one is not found.
        """
        seen: set[bytes] = set()
        for reading in readings(text):
            for candidate in self._candidates(reading):
                if candidate not in seen:
                    seen.add(candidate)
                    token = f"R{self.installation}{candidate.decode()}"
                    if self._is_ours(token):
                        yield token

    def _candidates(self, reading: bytes) -> Iterator[bytes]:
        """Yield what stands behind each R and installation, where it has the length and the letters."""
        for at in self._places(reading):
            candidate = reading[at + 3 : at + REFERENCE_LENGTH]
            if len(candidate) == REFERENCE_LENGTH - 3 and b"U" not in candidate:
                yield candidate

    def _places(self, reading: bytes) -> Iterator[int]:
        """Yield where R and the installation stand, from the front, then from the back, up to a number each."""
        at = -1
        for _from_the_front in range(_MOST_CANDIDATES):
            at = reading.find(self._prefix, at + 1)
            if at < 0:
                return
            yield at
        behind, at = at + 1, len(reading)
        for _from_the_back in range(_MOST_CANDIDATES):
            at = reading.rfind(self._prefix, behind, at + len(self._prefix) - 1)
            if at < 0:
                return
            yield at

    @cached_property
    def _prefix(self) -> bytes:
        return f"R{self.installation.translate(_LOOKALIKES)}".encode()

    def _is_ours(self, token: str) -> bool:
        body, check = token[:-_CHECK_LENGTH], token[-_CHECK_LENGTH:]
        return hmac.compare_digest(self._check(body), check)

    def _check(self, body: str) -> str:
        digest = hmac.digest(self.key, b"reference-id:" + body.encode(), "sha256")
        return _base32(int.from_bytes(digest[:2], "big") >> 1, _CHECK_LENGTH)


def _base32(number: int, length: int) -> str:
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in reversed(range(length)))
