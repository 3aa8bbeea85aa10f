"""What a mail that was signed with S/MIME in one block says, without any key (RFC 8551 3.5.2, RFC 5652 5). PURE.

Its words stand in it in the clear: a few nested elements of DER or BER are stepped through to them, front to back.
Nothing is verified. The way is of fixed length but for the pieces of one string, and takes linear time; what is not
of this form gives None.
"""

from dataclasses import dataclass

_SEQUENCE, _EXPLICIT_0, _OBJECT_ID, _OCTETS, _OCTETS_IN_PIECES = 0x30, 0xA0, 0x06, 0x04, 0x24
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2
_DATA = bytes.fromhex("2a864886f70d010701")  # 1.2.840.113549.1.7.1
_MOST_PIECES = 200_000  # of one string; 25 MB in the usual pieces of 1,000 octets have an eighth of that
_LONGEST_LENGTH = 4  # octets; no mail has 4 GB


class _OtherForm(Exception):
    """The block is not what this module reads."""


def signed_content(block: bytes) -> bytes | None:
    """Return the MIME entity inside a CMS SignedData, or None where there is none."""
    try:
        return _content(_Cursor(block))
    except (_OtherForm, IndexError):
        return None


def _content(cursor: "_Cursor") -> bytes:
    cursor.enter(_SEQUENCE)
    cursor.demand(_OBJECT_ID, _SIGNED_DATA)
    cursor.enter(_EXPLICIT_0)
    cursor.enter(_SEQUENCE)
    cursor.skip()  # the version
    cursor.skip()  # the digest algorithms
    cursor.enter(_SEQUENCE)
    cursor.demand(_OBJECT_ID, _DATA)
    cursor.enter(_EXPLICIT_0)
    return cursor.octets()


@dataclass(slots=True)
class _Cursor:
    """A place in a block of BER (X.690); it moves forward only."""

    block: bytes
    place: int = 0

    def header(self) -> tuple[int, int | None]:
        """Read a tag and a length; None is the indefinite one (X.690 8.1.3.6)."""
        tag, first = self.block[self.place], self.block[self.place + 1]
        self.place += 2
        if first < 0x80:
            return tag, first
        if first == 0x80:
            return tag, None
        count = first & 0x7F
        if count > _LONGEST_LENGTH:
            raise _OtherForm
        self.place += count
        return tag, int.from_bytes(self.block[self.place - count : self.place], "big")

    def enter(self, wanted: int) -> int | None:
        """Step into an element of this tag and return its length."""
        tag, length = self.header()
        if tag != wanted:
            raise _OtherForm
        return length

    def take(self, length: int | None) -> bytes:
        if length is None or self.place + length > len(self.block):
            raise _OtherForm
        self.place += length
        return self.block[self.place - length : self.place]

    def demand(self, tag: int, content: bytes) -> None:
        if self.take(self.enter(tag)) != content:
            raise _OtherForm

    def skip(self) -> None:
        _tag, length = self.header()
        if length is None:
            raise _OtherForm
        self.place += length

    def octets(self) -> bytes:
        """Read an octet string, whole or in pieces (X.690 8.7)."""
        tag, length = self.header()
        if tag == _OCTETS:
            return self.take(length)
        if tag != _OCTETS_IN_PIECES:
            raise _OtherForm
        return self.pieces(len(self.block) if length is None else self.place + length)

    def pieces(self, end: int) -> bytes:
        content = bytearray()
        for _piece in range(_MOST_PIECES):
            if self.place >= end:
                return bytes(content)
            tag, length = self.header()
            if (tag, length) == (0, 0):
                return bytes(content)
            if tag != _OCTETS:
                raise _OtherForm
            content += self.take(length)
        raise _OtherForm
