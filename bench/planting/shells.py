"""The bytes of a mail around its text and HTML: forms, charsets and transfer encodings, also those that lie.

A charset that lacks a sign writes it as an entity, as programs do. Lines are broken by quoted-printable at any
width, so also within a Reference ID.
"""

from __future__ import annotations

import base64
import binascii
import random
import re
from dataclasses import dataclass, field

# Name on the label, and codec of the bytes.
CHARSETS: tuple[tuple[str, str], ...] = (
    ("utf-8", "utf-8"),
    ("utf-8", "utf-8"),
    ("UTF-8", "utf-8-sig"),
    ("us-ascii", "ascii"),
    ("iso-8859-1", "latin-1"),
    ("iso-8859-15", "iso-8859-15"),
    ("windows-1252", "windows-1252"),
    ("windows-1251", "windows-1251"),
    ("koi8-r", "koi8-r"),
    ("iso-8859-8-i", "iso-8859-8"),
    ("gb2312", "gb18030"),
    ("big5", "big5hkscs"),
    ("shift_jis", "cp932"),
    ("iso-2022-jp", "iso2022_jp_ext"),
    ("euc-kr", "cp949"),
    ("utf-7", "utf-7"),
    ("utf-16", "utf-16"),
    ("utf-16le", "utf-16le"),
    ("utf-16be", "utf-16be"),
    ("utf-32", "utf-32"),
    ("", "utf-8"),
    ("", "iso2022_jp_ext"),
)
# Labels that lie. ASCII letters survive them; letters of other shapes become other signs and are lost.
LYING: tuple[tuple[str, str], ...] = (
    ("iso-8859-1", "utf-8"),
    ("koi8-r", "utf-8"),
    ("us-ascii", "utf-8"),
    ("x-unknown", "utf-8"),
    ("utf-8", "latin-1"),
    ("", "utf-16le"),
)
_OTHER_SHAPES = re.compile("[\u2460-\u24ff\uff10-\uff5a\U0001d400-\U0001d7ff]")
_WIDE = ("utf-16", "utf-16le", "utf-16be", "utf-32")


@dataclass
class Letter:
    """A mail before it is bytes; `files` are attachments: a content type, a name and the content."""

    fields: list[tuple[str, str]]
    text: str = ""
    html: str = ""
    files: list[tuple[str, str, bytes]] = field(default_factory=list)


def as_bytes(letter: Letter, chance: random.Random) -> bytes:
    """Return the mail as it comes over the wire."""
    body = _body(letter, chance)
    for kind, name, content in letter.files:
        body = _multipart("mixed", [body, _file(kind, name, content)], chance)
    head = "".join(f"{name}: {value}\r\n" for name, value in letter.fields)
    return head.encode("utf-8", "surrogateescape") + b"MIME-Version: 1.0\r\n" + body


def _body(letter: Letter, chance: random.Random) -> bytes:
    text = [_part("plain", letter.text, chance)] if letter.text else []
    html = [_part("html", letter.html, chance)] if letter.html else []
    if not html or not text:
        return (text or html or [_part("plain", "\n", chance)])[0]
    if chance.random() < 0.2:
        html = [_multipart("related", [*html, _file("image/png", "logo.png", b"\x89PNG")], chance)]
    return _multipart("alternative", [*text, *html], chance)


def _multipart(kind: str, parts: list[bytes], chance: random.Random) -> bytes:
    boundary = f"----=_{chance.getrandbits(64):x}".encode()
    inner = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n%s--%s--\r\n' % (
        kind.encode(),
        boundary,
        inner,
        boundary,
    )


def _file(kind: str, name: str, content: bytes) -> bytes:
    if kind == "message/rfc822":
        return b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + content
    head = f'Content-Type: {kind}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n'
    return f"{head}Content-Transfer-Encoding: base64\r\n\r\n".encode() + base64.encodebytes(content)


def _part(kind: str, text: str, chance: random.Random) -> bytes:
    lies = chance.random() < 0.15 and not _OTHER_SHAPES.search(text)
    label, codec = chance.choice(LYING if lies else CHARSETS)
    content = text.replace("\n", "\r\n").encode(codec, "xmlcharrefreplace")
    encoding, encoded = _transfer_encoded(content, codec in _WIDE, chance)
    charset = f"; charset={label}" if label else ""
    flowed = "; format=flowed; delsp=yes" if kind == "plain" and chance.random() < 0.2 else ""
    return f"Content-Type: text/{kind}{charset}{flowed}\r\n{encoding}\r\n".encode() + encoded


def _transfer_encoded(content: bytes, is_wide: bool, chance: random.Random) -> tuple[str, bytes]:
    how = chance.choice(("base64", "quoted-printable", "8bit" if not is_wide else "base64", ""))
    if how == "base64" or is_wide:
        return "Content-Transfer-Encoding: base64\r\n", base64.encodebytes(content).replace(b"\n", b"\r\n")
    if how == "quoted-printable":
        return "Content-Transfer-Encoding: quoted-printable\r\n", _quoted_printable(content, chance)
    return (f"Content-Transfer-Encoding: {how}\r\n" if how else ""), content


def _quoted_printable(content: bytes, chance: random.Random) -> bytes:
    """Encode with soft line breaks at a width of the mail's own, wherever they fall."""
    width = chance.randint(6, 72)
    encoded = binascii.b2a_qp(content, istext=True).replace(b"=\n", b"").replace(b"=\r\n", b"")
    pieces = re.compile(rb"(?:=[0-9A-F]{2}|[^\r\n]){1,%d}|\r?\n" % width)
    lines = pieces.findall(encoded)
    return b"".join(
        line + (b"=\r\n" if follows.strip() and line.strip(b"\r\n") else b"")
        for line, follows in zip(lines, [*lines[1:], b""], strict=True)
    )
