"""The parts of a mail, found within bounds.

One pass over the bytes with a stack of open boundaries (RFC 2046 5.1); only the
header blocks, capped before, go to the standard library (compat32, the policy
whose cost is known). A part is a leaf with its transfer-decoded bytes, or a
multipart with its children. An attached mail is a leaf: nothing looks inside.

Beyond a bound the walk stops descending or collecting and notes a defect. It
never raises, and its time is linear in the size of the mail.
Charsets and the choice of what to show are left to `charset` and `message`.
"""

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from email.policy import compat32
from itertools import islice
from urllib.parse import unquote_to_bytes

from email_in import charset
from email_in.headers import Headers, decode_words, from_base64

HEADER_SECTION = 128 * 1024  # octets
ALL_HEADER_SECTIONS = 1024 * 1024  # octets, all parts of one mail together
ONE_HEADER = 16 * 1024  # characters
HEADERS = 1_000
DEPTH = 20
PARTS = 1_000
ALMOST_BOUNDARIES = 500_000  # lines of one mail that begin as a boundary does and are none
_UU_LINES = 1_000_000  # of one body; 25 MB of whole lines have less than half as many
BOUNDARY = 200  # octets; RFC 2046 5.1.1 allows 70

_BOUNDARY_LINE = re.compile(rb"\n--([^\n]{1,250})")
_EMPTY_OR_BOUNDARY_LINE = re.compile(rb"\n(?:\r?\n|--([^\n]{1,250}))")
_TYPE = re.compile(r"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)", re.ASCII)
_TOKEN = re.compile(r"\s*([\w-]+)", re.ASCII)
_PARAMETER = re.compile(r';\s*([^=;\s"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
# Neither a field, nor its continuation, nor the first line of an mbox: the body begins here.
_NO_HEADER_LINE = re.compile(rb"^(?!From |[\x21-\x39\x3b-\x7e]+[ \t]*:|[\t ]|\r?$)", re.MULTILINE)
_UU_LINE = re.compile(rb"^(?!begin |end\s)[!-M][ -`]{2,90}", re.MULTILINE)  # one of 45 octets has 61
_SPACE_BEFORE_COLON = re.compile(rb"^([\x21-\x39\x3b-\x7e]+)[ \t]+:", re.MULTILINE)
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?\Z")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME entity (RFC 2045 2.4): a leaf with `content`, or a multipart with `children`."""

    headers: Headers
    content_type: str
    params: Mapping[str, str]
    disposition: str = ""
    file_name: str = ""
    content: bytes = b""
    children: tuple["Part", ...] = ()

    @property
    def is_multipart(self) -> bool:
        """Whether it was taken apart."""
        return bool(self.children)

    @property
    def text(self) -> str:
        """The content as text with plain line ends."""
        return charset.decode_lines(self.content, self.params.get("charset", ""))


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole mail, the type that it declares even where its parts are broken, and what is wrong with it."""

    root: Part
    content_type: str
    defects: tuple[str, ...]


def walk(raw: bytes) -> Tree:
    """Take a mail apart within the bounds of this module; any bytes will do."""
    walker = _Walker(raw)
    root = walker.entity(1, "text/plain")
    return Tree(root, walker.declared, tuple(walker.defects))


def parameters(value: str) -> dict[str, str]:
    """Return the parameters of a Content-* field: quoted, continued and encoded (RFC 2045 5.1, 2231)."""
    plain: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for name, written in _PARAMETER.findall(value):
        parts = _SECTION.match(name.lower())
        if parts is None:
            continue
        text = _unquoted(written)
        if parts[2] is None and parts[3] is None:
            plain.setdefault(parts[1], text)
        else:
            sections.setdefault(parts[1], []).append((int(parts[2] or 0), bool(parts[3]), text))
    return plain | {name: _joined(pieces) for name, pieces in sections.items()}


def _unquoted(written: str) -> str:
    written = written.strip()
    if len(written) >= 2 and written[0] == written[-1] == '"':
        return _ESCAPED.sub(r"\1", written[1:-1])
    return written.strip('"')


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """Join continued sections in their order; the first names the charset (RFC 2231 4.1)."""
    pieces.sort(key=lambda piece: piece[0])
    name, octets = "", b""
    for index, (_, encoded, text) in enumerate(pieces):
        if index == 0 and encoded and text.count("'") >= 2:
            name, _, text = text.split("'", 2)
        raw = text.encode("utf-8", "surrogateescape")
        octets += unquote_to_bytes(raw) if encoded else raw
    return charset.decode(octets, name)


@dataclass(frozen=True, slots=True)
class _Block:
    """What one header section says about its entity."""

    headers: Headers
    content_type: str
    params: Mapping[str, str]
    encoding: str
    disposition: str
    file_name: str


@dataclass(slots=True)
class _Delimiter:
    """The boundary line at which the walk stands."""

    boundary: bytes
    closing: bool


@dataclass(slots=True)
class _Walker:
    raw: bytes
    position: int = 1
    stands_at: _Delimiter | None = None
    open: list[bytes] = field(default_factory=list)
    parts: int = 0
    header_octets: int = 0
    almost: int = 0
    declared: str = ""
    defects: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.raw = b"\n" + self.raw  # so that every line, the first too, follows a line end

    def note(self, defect: str) -> None:
        if defect not in self.defects:
            self.defects.append(defect)

    def entity(self, depth: int, default_type: str) -> Part:
        """Read the entity that begins here, up to the boundary line that ends it."""
        self.parts += 1
        block = self.block(default_type)
        self.declared = self.declared or block.content_type
        boundary = block.params.get("boundary", "").rstrip().encode("utf-8", "surrogateescape")
        if not block.content_type.startswith("multipart/"):
            return self.leaf(block, self.up_to_delimiter())
        if depth >= DEPTH:
            self.note(f"parts nested deeper than {DEPTH}")
            return self.leaf(block, self.up_to_delimiter())
        if not 0 < len(boundary) <= BOUNDARY:
            self.note("multipart without a usable boundary")
            return self.leaf(block, self.up_to_delimiter(), "text/plain")
        return self.multipart(block, boundary, depth)

    def multipart(self, block: _Block, boundary: bytes, depth: int) -> Part:
        self.open.append(boundary)
        preamble = self.up_to_delimiter()
        default = "message/rfc822" if block.content_type == "multipart/digest" else "text/plain"
        children: list[Part] = []
        while self.stands_at_next(boundary) and not self.is_full():
            children.append(self.entity(depth + 1, default))
        self.open.pop()
        if self.stands_at is not None and self.stands_at.boundary == boundary:
            self.up_to_delimiter()  # the epilogue is shown to nobody
        if not children:
            self.note("multipart without parts")
            return self.leaf(block, preamble, "text/plain")
        return Part(block.headers, block.content_type, block.params, children=tuple(children))

    def stands_at_next(self, boundary: bytes) -> bool:
        here = self.stands_at
        return here is not None and here.boundary == boundary and not here.closing

    def is_full(self) -> bool:
        if self.parts < PARTS and self.header_octets < ALL_HEADER_SECTIONS:
            return False
        self.note(f"more than {PARTS} parts" if self.parts >= PARTS else "too many headers in the parts")
        self.position, self.stands_at = len(self.raw), None
        return True

    def leaf(self, block: _Block, body: bytes, shown_as: str = "") -> Part:
        content = body if shown_as else _transfer_decoded(body, block.encoding)
        return Part(
            block.headers,
            shown_as or block.content_type,
            block.params,
            block.disposition,
            block.file_name,
            content,
        )

    def block(self, default_type: str) -> _Block:
        headers = self.header_section()
        declared = (headers.raw("Content-Type") or ("",))[0]
        kind = _TYPE.match(declared)
        disposition = (headers.raw("Content-Disposition") or ("",))[0]
        token = _TOKEN.match(disposition)
        encoding = _TOKEN.match((headers.raw("Content-Transfer-Encoding") or ("",))[0])
        params = parameters(declared)
        return _Block(
            headers=headers,
            content_type=kind[1].lower() if kind else default_type if not declared else "text/plain",
            params=params,
            encoding=encoding[1].lower() if encoding else "",
            disposition=token[1].lower() if token else "",
            file_name=decode_words(parameters(disposition).get("filename") or params.get("name", "")),
        )

    def header_section(self) -> Headers:
        """Read the header section that begins here; the walk stands at the body afterwards."""
        start = self.position
        line, delimiter = self.find(_EMPTY_OR_BOUNDARY_LINE)
        stop = line.start() + 1 if line else len(self.raw)
        if stop - start > HEADER_SECTION:
            self.note(f"header section over {HEADER_SECTION} octets")
        block = _whole_lines(self.raw[start:stop])
        self.header_octets += len(block)
        broken = _NO_HEADER_LINE.search(block)
        if broken:
            self.note("header section without an end")
            self.position = start + broken.start()
        else:
            self.position = stop if line is None or delimiter else line.end()
        return self.parse(block[: broken.start()] if broken else block)

    def parse(self, block: bytes) -> Headers:
        """Return the fields of a capped header block that holds header lines only.

        The standard library ends the section at a space before a colon, which RFC 5322 4.5 says to take.
        """
        tidy = _SPACE_BEFORE_COLON.sub(rb"\1:", block)
        parsed = BytesHeaderParser(policy=compat32).parsebytes(tidy)
        fields: list[tuple[str, str]] = []
        for name, value in parsed.raw_items():
            if len(fields) == HEADERS:
                self.note(f"more than {HEADERS} headers")
                break
            if len(value) > ONE_HEADER:
                self.note(f"header over {ONE_HEADER} characters")
            fields.append((name, value[:ONE_HEADER]))
        return Headers(tuple(fields))

    def up_to_delimiter(self) -> bytes:
        """Return the bytes up to the next open boundary line, and stand behind that line."""
        start = self.position
        line, self.stands_at = self.find(_BOUNDARY_LINE) if self.open else (None, None)
        if line is None:
            if self.open:
                self.note("multipart without its last boundary")
            self.position = len(self.raw)
            return self.raw[start:]
        self.position = min(line.end() + 1, len(self.raw))
        return self.raw[start : max(start, line.start())].removesuffix(b"\r")

    def find(self, pattern: re.Pattern[bytes]) -> tuple[re.Match[bytes] | None, _Delimiter | None]:
        """Find the next line that is an open boundary's, or that is empty where the pattern says so.

        All that is looked at lies behind the walk afterwards: it is one pass at any depth.
        """
        for line in pattern.finditer(self.raw, self.position - 1):
            if line[1] is None:
                return line, None
            delimiter = self.delimiter(line)
            if delimiter:
                return line, delimiter
            self.almost += 1
            if self.almost > ALMOST_BOUNDARIES:
                self.note(f"more than {ALMOST_BOUNDARIES} lines that resemble boundaries")
                break
        return None, None

    def delimiter(self, line: re.Match[bytes]) -> _Delimiter | None:
        """Read a line as the delimiter of an open multipart (RFC 2046 5.1.1)."""
        if self.raw[line.end() : line.end() + 1] not in (b"", b"\n"):
            return None  # longer than any boundary
        name = line[1].rstrip(b" \t\r")
        if name in self.open:
            return _Delimiter(name, closing=False)
        name = name.removesuffix(b"--")
        return (
            _Delimiter(name, closing=True) if line[1].startswith(name + b"--") and name in self.open else None
        )


def _whole_lines(block: bytes) -> bytes:
    """Cap a header section, without leaving half a line of it."""
    if len(block) <= HEADER_SECTION:
        return block
    capped = block[:HEADER_SECTION]
    return capped[: capped.rfind(b"\n") + 1] or capped


def _transfer_decoded(body: bytes, encoding: str) -> bytes:
    """Undo the transfer encoding (RFC 2045 6); an unknown one leaves the bytes as they are."""
    if encoding == "base64":
        return from_base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uudecoded(body)
    return body


def _uudecoded(body: bytes) -> bytes:
    content = bytearray()
    for line in islice(_UU_LINE.finditer(body), _UU_LINES):
        try:
            content += binascii.a2b_uu(line[0])
        except binascii.Error:
            continue
    return bytes(content)
