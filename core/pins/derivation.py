"""A PIN as digits: derived from a key that the database does not have. Knows no database.

12 digits, spoken 4-4-4: 5 that name the contact (the handle; random, not secret), 6 that are secret, and the
check digit of Damm.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

PIN_LENGTH, HANDLE_LENGTH, SECRET_LENGTH = 12, 5, 6


@dataclass(frozen=True, repr=False)
class PinKeys:
    """The keys that PINs are derived with, by their ids. The newest issues; the others still check."""

    newest: str
    keys: Mapping[str, bytes]


def check_digit(digits: str) -> str:
    """Return the Damm check digit: it finds every single wrong digit and every swap of two neighbours."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def has_right_check_digit(digits: str) -> bool:
    """Say whether the last digit is the check digit of the others."""
    return check_digit(digits) == "0"  # Damm's own test: a right check digit brings the whole back to 0


def spoken(pin: str) -> str:
    """Return the PIN as it is read out and printed: 4-4-4."""
    return f"{pin[:4]} {pin[4:8]} {pin[8:]}"


def secret_of(keys: PinKeys, key_id: str, contact_id: int, version: int) -> str:
    """Return the six secret digits. Raises KeyError when there is no such key."""
    message = f"pin:{contact_id}:{version}".encode()
    digest = hmac.new(keys.keys[key_id], message, hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**SECRET_LENGTH:0{SECRET_LENGTH}d}"


def pin_of(keys: PinKeys, key_id: str, handle: str, contact_id: int, version: int) -> str:
    """Return the whole PIN. Raises KeyError when there is no such key."""
    body = handle + secret_of(keys, key_id, contact_id, version)
    return body + check_digit(body)


_DAMM = tuple(
    tuple(int(digit) for digit in row)
    for row in (
        "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
        "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
    )
)  # fmt: skip
