"""Header fields: capped, decoded, and who a From names.

Values are kept as they arrived and decoded when asked for, by our own reading of
RFC 2047, which is linear and forgives what real senders do: raw 8-bit bytes, a
character cut in two by the end of an encoded word. Addresses are read before
anything in them is decoded, because a decoded name may look like an address.

The reading of From is strict (RFC 5322 3.4). Where it and the standard library
see different people, or a field leaves room for two readings, it says
`DOUBTFUL_FROM` instead of choosing.
"""

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import getaddresses
from functools import cached_property

from email_in import charset

DOUBTFUL_FROM = "doubtful From"

_LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3
_LONGEST_COMPARED = 1_000  # the standard library takes quadratic time, and recurses into comments

_FOLDING = re.compile(r"[\r\n]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*)\?=")
_QUOTED_OCTET = re.compile(rb"=([0-9A-Fa-f]{2})")
_ADDRESS_TOKEN = re.compile(r'\\.|["(),<>:;]|[^\\"(),<>:;]+|\\', re.DOTALL)
_SANE_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@\w[\w-]*(?:\.[\w-]+)*\Z")


@dataclass(frozen=True)
class Headers:
    """The fields of one header section, in order; names are compared without case."""

    fields: tuple[tuple[str, str], ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """The values by their names: who wrote a mail is asked of forty."""
        values: dict[str, list[str]] = {}
        for name, value in self.fields:
            values.setdefault(name.lower(), []).append(value)
        return values

    def raw(self, name: str) -> tuple[str, ...]:
        """Return each value of `name` unfolded but undecoded; raw 8-bit bytes are surrogates."""
        return tuple(_FOLDING.sub("", value) for value in self._by_name.get(name.lower(), ()))

    def every(self, name: str) -> tuple[str, ...]:
        """Return each value of `name` as decoded text."""
        return tuple(decode_words(value) for value in self.raw(name))

    def first(self, name: str, default: str = "") -> str:
        """Return the first value of `name` as decoded text."""
        values = self.raw(name)
        return decode_words(values[0]) if values else default


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One person as a header names them (RFC 5322 3.4)."""

    name: str
    address: str


def decode_words(value: str) -> str:
    """Return a raw header value as one line of text, its encoded words decoded (RFC 2047)."""
    if "=?" not in value:
        return _CONTROLS.sub(" ", _words(value)).strip()
    pieces: list[str] = []
    run = b""  # neighbours of one charset are joined before decoding: senders cut inside characters
    run_charset = ""
    end = 0
    for word in _ENCODED_WORD.finditer(value):
        between = value[end : word.start()]
        name = word[1].lower()
        if between.strip() or name != run_charset:
            pieces += _flushed(run, run_charset, between)
            run = b""
        run, run_charset = run + _octets(word[2], word[3]), name
        end = word.end()
    pieces += _flushed(run, run_charset, value[end:] or " ")
    return _CONTROLS.sub(" ", "".join(pieces)).strip()


def _flushed(run: bytes, run_charset: str, between: str) -> list[str]:
    """White space between two encoded words is not shown (RFC 2047 6.2)."""
    plain = _words(between) if between.strip() or not run else ""
    return [charset.decode(run, run_charset), plain]


def _octets(encoding: str, text: str) -> bytes:
    octets = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        octets = octets.replace(b"_", b" ")
        return _QUOTED_OCTET.sub(lambda match: bytes([int(match[1], 16)]), octets)
    return from_base64(octets)


def _words(value: str) -> str:
    """Read words that are not encoded; they may be Japanese in seven bits, which an address never is."""
    return charset.decode(value.encode("utf-8", "surrogateescape")) if "\x1b" in value else _plain(value)


def _plain(value: str) -> str:
    """Read what is not encoded; it may hold raw 8-bit bytes (RFC 6532 says UTF-8, old mail anything)."""
    if value.isascii():
        return value
    return charset.decode(value.encode("utf-8", "surrogateescape"))


_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)


def from_base64(encoded: bytes) -> bytes:
    """Decode base64 as far as it goes: strange characters are skipped, missing padding is added."""
    digits = encoded.translate(None, _NOT_BASE64)
    digits = digits.partition(b"=")[0]
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def mailboxes(values: Iterable[str]) -> tuple[Mailbox, ...]:
    """Return the mailboxes that raw header values name; what is no sane address is left out."""
    return _read(values).found


def senders(values: tuple[str, ...]) -> tuple[tuple[Mailbox, ...], tuple[str, ...]]:
    """Return the mailboxes of the From fields, and `DOUBTFUL_FROM` unless every reading of one field agrees."""
    reading = _read(values)
    agreed = (
        reading.sane
        and len(values) == 1
        and bool(reading.found)
        and _standard_library_agrees(values, reading.found)
    )
    return reading.found, () if agreed else (DOUBTFUL_FROM,)


def _standard_library_agrees(values: tuple[str, ...], found: tuple[Mailbox, ...]) -> bool:
    if sum(map(len, values)) > _LONGEST_COMPARED:
        return False
    try:
        theirs = [address for _, address in getaddresses(list(values)) if address]
    except (ValueError, TypeError, IndexError, RecursionError):
        return False
    return [_plain(address) for address in theirs] == [mailbox.address for mailbox in found]


@dataclass(frozen=True, slots=True)
class _Reading:
    found: tuple[Mailbox, ...]
    sane: bool


def _read(values: Iterable[str]) -> _Reading:
    found: list[Mailbox] = []
    sane = True
    for value in values:
        scan = _AddressScan()
        scan.read(value)
        found += scan.found
        sane = sane and scan.sane
    return _Reading(tuple(found), sane)


class _AddressScan:
    """One pass over an address list; each token is looked at once."""

    def __init__(self) -> None:
        self.found: list[Mailbox] = []
        self.sane = True
        self._quoted = False
        self._comments = 0
        self._start()

    def _start(self) -> None:
        self._phrase: list[str] = []
        self._bare: list[str] = []  # the part of the phrase that stood outside quotation marks
        self._remarks: list[str] = []
        self._angle: list[str] | None = None
        self._in_angle = False

    def read(self, value: str) -> None:
        for sign in _ADDRESS_TOKEN.findall(value):
            if self._quoted:
                self._in_quotes(sign)
            elif self._comments:
                self._in_comment(sign)
            else:
                self._outside(sign)
        self.sane = self.sane and not (self._quoted or self._comments or self._in_angle)
        self._finish()

    def _in_quotes(self, sign: str) -> None:
        if sign == '"':
            self._quoted = False
        else:
            self._phrase.append(sign[1:] if len(sign) == 2 and sign[0] == "\\" else sign)

    def _in_comment(self, sign: str) -> None:
        self._comments += (sign == "(") - (sign == ")")
        if self._comments:
            self._remarks.append(sign)

    def _outside(self, sign: str) -> None:
        if sign == '"':
            self._quoted = True
            self.sane = self.sane and not self._in_angle
        elif sign == "(":
            self._comments = 1
        elif sign == ",":
            self._finish()
            self._start()
        elif sign in "<>":
            self._bracket(sign)
        elif sign in ":;)\\":
            self.sane = False  # groups (RFC 6854), routes and stray signs name nobody for certain
        else:
            self._word(sign)

    def _bracket(self, sign: str) -> None:
        self.sane = self.sane and self._in_angle == (sign == ">") and (sign == ">" or self._angle is None)
        self._in_angle = sign == "<"
        if sign == "<":
            self._angle = []

    def _word(self, sign: str) -> None:
        if self._in_angle and self._angle is not None:
            self._angle.append(sign)
            return
        self.sane = self.sane and (self._angle is None or not sign.strip())
        self._phrase.append(sign)
        self._bare.append(sign)

    def _finish(self) -> None:
        phrase = "".join(self._phrase).strip()
        if self._angle is None:
            address, name = phrase, "".join(self._remarks)
        else:
            address, name = "".join(self._angle).strip(), phrase
            self.sane = self.sane and "@" not in "".join(self._bare)
        if not address and self._angle is None:
            return
        address = _plain(address)
        if len(address) <= _LONGEST_ADDRESS and _SANE_ADDRESS.match(address):
            self.found.append(Mailbox(decode_words(name), address))
        else:
            self.sane = False
