"""Public mail of others, into which our quote is planted: replies in many languages, and MIME of every shape.

Skipped where the folder of it is absent; a mail that cannot carry a quote in its text carries header fields only.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bench.corpora import folder_of_public_mail

_BOUNDARY = re.compile(rb'boundary="?([^"\r\n;]{1,70})"?', re.IGNORECASE)
_TOO_LONG = 64 * 1024  # octets; what is in a mail is planted over and over, and reading it takes its time


@lru_cache(maxsize=1)
def replies() -> tuple[str, ...]:
    """Return the texts of public replies; empty where the folder is absent."""
    return tuple(file.read_text() for file in sorted(folder_of_public_mail().glob("quotes/emails/*.txt")))


@lru_cache(maxsize=1)
def mails() -> tuple[bytes, ...]:
    """Return public mails of odd MIME shapes; empty where the folder is absent."""
    files = [file for kind in ("eml", "msg") for file in folder_of_public_mail().glob(f"mime/**/*.{kind}")]
    contents = [file.read_bytes() for file in sorted(files)]
    return tuple(content for content in contents if len(content) <= _TOO_LONG)


def with_part(mail: bytes, text: str) -> bytes | None:
    """Return the mail with a text as the first part of its outermost multipart; None when it has none."""
    head, separator, body = _split(mail)
    declared = _BOUNDARY.search(head)
    if (
        declared is None
        or re.search(rb"^content-type:\s*multipart/(?!report|digest|related)", head, re.I | re.M) is None
    ):
        return None
    line = b"--" + declared[1].rstrip()
    place = re.search(rb"^" + re.escape(line) + rb"[ \t]*\r?$", body, re.MULTILINE)
    if place is None:
        return None
    part = line + b"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode() + b"\r\n"
    return head + separator + body[: place.start()] + part + body[place.start() :]


def with_fields(mail: bytes, fields: list[tuple[str, str]]) -> bytes:
    """Return the mail with header fields before its own."""
    first, _end, rest = mail.partition(b"\n")
    envelope, mail = (first + b"\n", rest) if first.startswith(b"From ") else (b"", mail)
    added = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return envelope + added.encode("utf-8", "surrogateescape") + mail


def _split(mail: bytes) -> tuple[bytes, bytes, bytes]:
    end = re.search(rb"\r?\n\r?\n", mail)
    return (mail[: end.start()], end[0], mail[end.end() :]) if end else (mail, b"", b"")
