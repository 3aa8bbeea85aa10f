"""Bytes whose charset nobody named, or whose label cannot be true. PURE.

Only what proves itself is taken: the zero octets of UTF-16, the escapes of ISO-2022-JP, well-formed UTF-8 beyond
ASCII, and Japanese that reads as Japanese. Everything else is Western, as most of it is. Linear time; nothing raises.
"""

import re

_ISO_2022_JP_ESCAPE = re.compile(rb"\x1b(?:\$(?:[@B]|\(D)|\([JI])")
_WIDE_LOOKED_AT = 4096  # octets
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_BEYOND_ASCII = re.compile("[^\0-\x7f]")
_LOOKED_AT = 10_000  # characters in which Japanese shows itself
_FEWEST_KANA, _KANA_OF_TEN = (
    3,
    3,
)  # no Japanese sentence is without; other scripts read as it have next to none


def guessed(content: bytes) -> str:
    """Return the text that unlabelled bytes most likely are."""
    codec = wide(content)
    if codec:
        return content.decode(codec, "replace").removeprefix("\ufeff")
    return by_escapes(content) or by_utf8(content) or _by_kana(content) or _western(content)


def wide(content: bytes) -> str:
    """Return the codec of UTF-16 without a label, told by the zero octets of its ASCII signs; else ''."""
    evens, odds = content[:_WIDE_LOOKED_AT:2].count(0), content[1:_WIDE_LOOKED_AT:2].count(0)
    if max(evens, odds) < max(8, min(len(content), _WIDE_LOOKED_AT) // 8):
        return ""
    return "utf-16-le" if odds > 2 * evens else "utf-16-be" if evens > 2 * odds else ""


def by_escapes(content: bytes) -> str | None:
    """Return the text of 7-bit Japanese, which says itself what it is (RFC 1468); None for anything else."""
    if not _ISO_2022_JP_ESCAPE.search(content):
        return None
    for codec, as_sent in (
        ("iso2022_jp_ext", content),
        # Rows that senders use and the codec does not know, such as ①, are in the newer set under the same codes.
        ("iso2022_jp_2004", content.replace(b"\x1b$B", b"\x1b$(Q")),
    ):
        text = _strict(as_sent, codec)
        if text is not None:
            return text
    return None


def by_utf8(content: bytes) -> str | None:
    """Return the text of well-formed UTF-8, which other charsets are not by chance; None for anything else."""
    return _strict(content, "utf-8-sig")


def _by_kana(content: bytes) -> str | None:
    """Return the text of EUC-JP or Shift_JIS where it has as many kana as Japanese does."""
    for codec in ("euc_jp", "cp932"):
        text = _strict(content, codec)
        if text is not None and _is_japanese(text[:_LOOKED_AT]):
            return text
    return None


def _is_japanese(text: str) -> bool:
    kana, foreign = len(_KANA.findall(text)), len(_BEYOND_ASCII.findall(text))
    return kana >= _FEWEST_KANA and kana * 10 >= foreign * _KANA_OF_TEN


def _western(content: bytes) -> str:
    text = _strict(content, "windows-1252")
    return content.decode("latin-1") if text is None else text


def _strict(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except (UnicodeError, ValueError):
        return None
