"""Bytes and the charset they claim -> text.

Mail labels its text wrongly as often as rightly, so this is a reading and not a
check: every input gives some text, nothing raises, and the time is linear.
Codecs that do not stand for a charset (base64, punycode ...) are never reached
by a name out of a mail. NUL and lone surrogates, which no database column
takes, do not survive. Names of charsets: RFC 2978 and the IANA list.
"""

import codecs
import re

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
    "iso-2022-jp": "iso2022_jp_ext",
}

# Text codecs of the language that are no charsets of mail; the first two take quadratic time.
_NOT_CHARSETS = {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}

_SANE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,39}\Z", re.ASCII)
_ISO_2022_JP_ESCAPE = re.compile(rb"\x1b(?:\$(?:[@B]|\(D)|\([JI])")
_WIDE_LOOKED_AT = 4096  # octets
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(content: bytes, declared: str = "") -> str:
    """Return `content` as text, read by its `declared` charset where that makes sense."""
    text = _by_label(content, _codec(declared))
    if text is None:
        text = _by_guess(content)
    return _LONE_SURROGATE.sub("\ufffd", text.replace("\0", ""))


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
    try:
        return content.decode(codec, "replace")
    except (UnicodeError, ValueError):  # some codecs know no way to go on
        return None


def _labelled_utf8(content: bytes) -> str | None:
    """Forgive broken UTF-8, unless nothing in it is UTF-8 beyond ASCII: then the label is wrong."""
    text = content.decode("utf-8-sig", "replace")
    is_utf8 = "\ufffd" not in text or any(char > "\x7f" and char != "\ufffd" for char in text)
    return text if is_utf8 else None


def _wide(content: bytes) -> str:
    """Return the codec of UTF-16 without a label, told by the zero octets of its ASCII signs; else ''."""
    evens, odds = content[:_WIDE_LOOKED_AT:2].count(0), content[1:_WIDE_LOOKED_AT:2].count(0)
    if max(evens, odds) < max(8, min(len(content), _WIDE_LOOKED_AT) // 8):
        return ""
    return "utf-16-le" if odds > 2 * evens else "utf-16-be" if evens > 2 * odds else ""


def _by_guess(content: bytes) -> str:
    if _ISO_2022_JP_ESCAPE.search(content):
        try:
            return content.decode("iso2022_jp_ext")
        except UnicodeError:
            pass
    if wide := _wide(content):
        return content.decode(wide, "replace").removeprefix("\ufeff")
    for codec in ("utf-8-sig", "windows-1252"):
        try:
            return content.decode(codec)
        except UnicodeError:
            continue
    return content.decode("latin-1")
