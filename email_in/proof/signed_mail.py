"""A mail as signatures see it: its fields in order, and its body in the forms in which it is signed (RFC 6376 3.4).

Bodies are made canonical here, in time that grows with their size, and once for all signatures: dkimpy's patterns
take quadratic time for runs of spaces, and every other second for each 25 MB.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import zip_longest

import dkim

from email_in.headers import Headers
from email_in.mime import HEADER_SECTION, ONE_HEADER

_ENDS = re.compile(rb"(?:\A|\n)\r?\n")
# What readers show of a mail, and what the gateway links it by: a second one could be anybody's (RFC 5322 3.6).
_ONCE = (
    b"from sender reply-to to cc subject date message-id in-reply-to references mime-version content-type "
    b"content-transfer-encoding"
).split()

TWO_WAYS = "the header can be read in two ways"


class SignedMail:
    """A mail's `fields` in order, each with its value as it came, and its body. Raises what dkimpy does."""

    def __init__(self, raw: bytes) -> None:
        end = _ENDS.search(raw, 0, HEADER_SECTION)
        head = raw[: end.end()] if end else raw[:HEADER_SECTION]
        self._body = raw[end.end() :] if end else b""
        self.fields: list[tuple[bytes, bytes]] = [(name, value) for name, value in dkim.rfc822_parse(head)[0]]
        self._is_whole = end is not None or len(raw) < HEADER_SECTION

    def doubt(self, read: Headers) -> str:
        """Return why no signature of the mail counts, or nothing; `read` are its fields as the gateway reads them."""
        if not self._is_whole:
            return "the header is too large"
        names = [name.lower() for name, _value in self.fields]
        twice = [name.decode() for name in _ONCE if names.count(name) > 1]
        if twice:
            return f"several fields {', '.join(twice)}"
        return "" if self.is_read_alike(read) else TWO_WAYS

    def is_read_alike(self, read: Headers) -> bool:
        """Say whether signers see the fields that the gateway reads.

        A stray carriage return, say, ends a line for some and not for others: a Subject of somebody else's can hide
        in a field that is not signed.
        """
        pairs = zip_longest(self.fields, read.fields)
        return all(ours and theirs and _is_same(theirs, ours) for theirs, ours in pairs)

    @cached_property
    def simple(self) -> bytes:
        """The body in simple form (3.4.3)."""
        return _with_one_end(self._in_crlf) or b"\r\n"

    @cached_property
    def relaxed(self) -> bytes:
        """The body in relaxed form (3.4.4)."""
        body = self._in_crlf.replace(b"\t", b" ")
        while b"  " in body:  # halves each run of spaces; a pattern takes thirty times as long
            body = body.replace(b"  ", b" ")
        return _with_one_end(body.replace(b" \r\n", b"\r\n").removesuffix(b" "))

    @property
    def _in_crlf(self) -> bytes:
        return self._body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def is_read_alike(raw: bytes, read: Headers) -> bool:
    """Say whether other servers see the fields of a mail that the gateway reads; see SignedMail."""
    try:
        return SignedMail(raw).is_read_alike(read)
    except Exception:  # dkimpy raises of odd bytes whatever it stumbles over
        return False


def _is_same(signed: tuple[bytes, bytes], read: tuple[str, str]) -> bool:
    """Compare a field with what was read of it, which may be its beginning only."""
    name, value = (text.encode("utf-8", "surrogateescape") for text in read)
    whole, start = _unfolded(signed[1]), _unfolded(value)
    is_cut = len(read[1]) >= ONE_HEADER and whole.startswith(start)
    return signed[0].lower() == name.lower() and (whole == start or is_cut)


def _unfolded(value: bytes) -> bytes:
    return value.translate(None, b"\r\n").strip()


def _with_one_end(body: bytes) -> bytes:
    """Return a body without the empty lines at its end: it ends with one CRLF, or is empty."""
    kept = body.rstrip(b"\r\n")
    # Behind it are pairs, and carriage returns that stand alone and are no line ends.
    kept += body[len(kept) :].replace(b"\r\n", b"\n").rstrip(b"\n").replace(b"\n", b"\r\n")
    return kept + b"\r\n" if kept else b""
