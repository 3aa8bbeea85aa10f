"""Bytes and the charset they claim -> text.

Mail labels its text wrongly as often as rightly, so this is a reading and not a
check: every input gives some text, nothing raises, and the time is linear. What
a label cannot mean is left to `charset_guess`.
Codecs that do not stand for a charset (base64, punycode ...) are never reached
by a name out of a mail. NUL and lone surrogates, which no database column
takes, do not survive. Names of charsets: RFC 2978 and the IANA list.
"""

import codecs
import re

from email_in.charset_guess import by_escapes, by_utf8, guessed, wide

# What the label says, and what the senders of such mail really use (as browsers do).
_REALLY = {
    "ascii": "",
    "us-ascii": "",
    "ansi_x3.4-1968": "",
    "unknown-8bit": "",
    "x-unknown": "",
    "8bit": "",
    "binary": "",
    "default": "",
    "utf8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "iso-8859-1": "windows-1252",
    "iso8859-1": "windows-1252",
    "iso_8859-1": "windows-1252",
    "latin1": "windows-1252",
    "latin-1": "windows-1252",
    "iso-8859-9": "windows-1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "x-euc-jp": "euc-jp",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "x-mac-roman": "mac-roman",
    "x-macroman": "mac-roman",
    "x-user-defined": "",
}

# Text codecs of the language that are no charsets of mail; the first two take quadratic time.
_NOT_CHARSETS = {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}

_WIDE = ("utf-16", "utf-32")  # in these a line end is more than one octet

_SANE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,39}\Z", re.ASCII)
_WESTERN = frozenset({"cp1252", "iso8859-15"})
_SEVEN_BITS_ARE_ASCII = _WESTERN | {"", "utf-8"}  # in these an escape of ISO-2022-JP means nothing else
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(content: bytes, declared: str = "") -> str:
    """Return `content` as text, read by its `declared` charset where that makes sense."""
    codec = _codec(declared)
    text = by_escapes(content) if codec in _SEVEN_BITS_ARE_ASCII or codec == "iso2022_jp_ext" else None
    if text is None:
        text = _by_label(content, codec)
    return storable(guessed(content) if text is None else text)


def storable(text: str) -> str:
    """Return a text as every database takes it."""
    return _LONE_SURROGATE.sub("\ufffd", text.replace("\0", ""))


def decode_lines(content: bytes, declared: str = "") -> str:
    """Return the same with plain line ends.

    They are made plain in the bytes wherever a line end is one there: text can take four times the memory, and
    what is unchanged is not copied.
    """
    codec = _codec(declared)
    if not codec.startswith(_WIDE) and (codec or not wide(content)):
        content = content.replace(b"\0", b"").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return decode(content, declared).replace("\r\n", "\n").replace("\r", "\n")


def _codec(declared: str) -> str:
    """Return the codec for a declared name, or '' when the name says nothing."""
    name = declared.strip(" \t\"'").lower()
    name = _REALLY.get(name, name)
    if not _SANE_NAME.match(name):
        return ""
    try:
        known = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    is_text = getattr(known, "_is_text_encoding", True)
    return known.name if is_text and known.name.replace("_", "-") not in _NOT_CHARSETS else ""


def _by_label(content: bytes, codec: str) -> str | None:
    if not codec:
        return None
    if codec == "utf-8":
        return _labelled_utf8(content)
    if codec in _WESTERN and not content.isascii():
        text = by_utf8(content)  # `Ã©` is what UTF-8 under this label would be, and hardly anybody writes
        if text is not None:
            return text
    try:
        return content.decode(codec, "replace")
    except (UnicodeError, ValueError):  # some codecs know no way to go on
        return None


def _labelled_utf8(content: bytes) -> str | None:
    """Forgive broken UTF-8, unless nothing in it is UTF-8 beyond ASCII: then the label is wrong."""
    text = content.decode("utf-8-sig", "replace")
    is_utf8 = "\ufffd" not in text or any(char > "\x7f" and char != "\ufffd" for char in text)
    return text if is_utf8 else None
