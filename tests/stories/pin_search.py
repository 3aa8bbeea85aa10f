"""Looks for a PIN in whatever bytes there are, in every form in which one might have got there (A10).

The check digit is not looked for: five digits that name somebody followed by six secret ones are a PIN.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

_BETWEEN = rb"""(?:[\s\x00,.:;_/+'"()\[\]=>-]|%20|%2D|&nbsp;|\xc2\xa0|\xa0|=\r?\n){0,4}"""


def places_of(pins: Iterable[str], places: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return in which places there is a PIN, and the form that it has there."""
    patterns = [(name, re.compile(form, re.IGNORECASE)) for pin in pins for name, form in _forms(pin).items()]
    return [
        (place, f"{name}: …{content[max(0, found.start() - 40) : found.start()]!r}")
        for place, content in places.items()
        for name, pattern in patterns
        if (found := pattern.search(content))
    ]


def _forms(pin: str) -> dict[str, bytes]:
    body = pin[:11]
    return {
        "digits": _BETWEEN.join(_each(body, "{}")),
        "reversed": _BETWEEN.join(_each(pin[::-1], "{}")),
        "hexadecimal": b"[\\s:]?".join(_each(body, "3{}")),
        "percent-encoded": b"".join(_each(body, "%3{}")),
        "entities": b"".join(b"&#(?:x3%d|%d);" % (int(digit), 48 + int(digit)) for digit in body),
        "other scripts": b"|".join(b"".join(_shifted(body, zero)) for zero in "٠०０"),
        "base64": b"|".join(_base64(pin, offset) for offset in range(3)),
    }


def _each(digits: str, form: str) -> list[bytes]:
    return [form.format(digit).encode() for digit in digits]


def _shifted(digits: str, zero: str) -> list[bytes]:
    return [chr(ord(zero) + int(digit)).encode() for digit in digits]


def _base64(pin: str, offset: int) -> bytes:
    """Return the characters that the PIN alone decides, when it begins `offset` bytes after a multiple of three."""
    encoded = base64.b64encode(b"\0" * offset + pin.encode() + b"\0\0")
    first, end = -(-offset * 8 // 6), (offset + len(pin)) * 8 // 6
    return re.escape(encoded[first:end])


def decoded(raw: bytes) -> bytes:
    """Return a mail's headers and parts as its reader sees them."""
    mail = BytesParser(_class=EmailMessage, policy=default).parsebytes(raw)
    headers = [f"{name}: {value}".encode("utf-8", "replace") for name, value in mail.items()]
    parts = [part.get_payload(decode=True) or b"" for part in mail.walk() if not part.is_multipart()]
    return b"\n\n".join([*headers, *(part for part in parts if isinstance(part, bytes))])
