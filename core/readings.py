"""A text that was damaged on its way, read again in every way in which a Reference ID may still stand in it. PURE.

A reading is the letters and digits of the text and nothing else: upper case, look-alikes as Crockford reads them.
So line breaks, quote marks, hyphens, zero-width signs and case are gone at once. What leaves letters or digits in
the middle (an entity, a tag, an escape of a rewritten link) is undone by a row of UNDOINGS, in a reading of its own.

Time is linear in the text. All of it is read as it stands; of a long one both ends are read in every way, because
own words stand at the top and what they answer at the bottom.
"""

from __future__ import annotations

import html
import re
import string
import unicodedata
from collections.abc import Callable, Iterator

_LONGEST_END = 256 * 1024  # characters at each end of a text that are read in every way

_KEPT = (string.digits + string.ascii_letters).encode()
_DROPPED = bytes(set(range(256)) - set(_KEPT))
_ASCII = bytes(range(128))
_FOLDED = bytes.maketrans(_KEPT, _KEPT.upper().translate(bytes.maketrans(b"ILO", b"110")))

# Blocks with signs that NFKC makes letters or digits of: full-width, mathematical, in circles, raised and lowered.
_COMPATIBLE = re.compile(
    "[\u00aa-\u00ba\u017f\u02b0-\u02e3\u1d2c-\u1dbb\u2070-\u209c\u2102-\u217f\u2460-\u24ea\u2c7c\u2c7d"
    "\ua7f2-\ua7f4\uff10-\uff5a\U000107a5\U0001d400-\U0001d7ff\U0001f100-\U0001f149\U0001fbf0-\U0001fbf9]"
)
_ESCAPED_AMPERSANDS = re.compile(r"&(?:(?:amp|#38|#[xX]26);)+")
_ENDLESS_ENTITY = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}")  # html.unescape raises on the longest of them
_TAG = re.compile(r"<[^<>]*>")
_PERCENT = re.compile(r"%(?:25)*([0-9A-Fa-f]{2})")
_QUOTED_PRINTABLE = re.compile(r"=(?:3D)*([0-9A-F]{2})")
_PROOFPOINT = re.compile(r"[-*](?:25)*([0-9A-Fa-f]{2})")
# An escape in which a line was broken; looked for from the end of the text, because line ends are rarer than signs.
_BROKEN_ESCAPE_BACKWARDS = re.compile(r"\n[#;0-9A-Za-z]{0,40}[&%=]")
_LINE_BREAK = re.compile(r"\n[ \t>|]*(?:[A-Za-z]{1,4}>[ \t>|]*)?")
_PROOFPOINT_HOST = b"UR1DEFENSE"  # in a reading, where it is whole although a line was broken in it
_INITIALS = re.compile(r"\n[ \t>|]*[A-Za-z]{1,4}>")


def readings(text: str) -> Iterator[bytes]:
    """Yield the letters and digits of a text, once for each way in which it can be read."""
    if len(text) <= 2 * _LONGEST_END:
        yield from _in_every_way(text)
        return
    yield _letters(text)
    yield from _in_every_way(text[:_LONGEST_END])
    yield from _in_every_way(text[-_LONGEST_END:])


def _in_every_way(text: str) -> Iterator[bytes]:
    """Read a text as its lines are, and in one line where a line was broken within what has to be undone."""
    is_rewritten = False
    for reading in _undone(text):
        is_rewritten = is_rewritten or _PROOFPOINT_HOST in reading
        yield reading
    if is_rewritten or _BROKEN_ESCAPE_BACKWARDS.search(text[::-1]):
        yield from _undone(_LINE_BREAK.sub("", text))


def _undone(text: str) -> Iterator[bytes]:
    plain = _without_entities(text) if "&" in text else text
    # In both forms: what is a raised 2 in one mail is half of a broken sign in the next.
    for form in dict.fromkeys((plain, _in_usual_shapes(plain))):
        yield _letters(form)
        for sign, undone in UNDOINGS:
            if sign in form:
                other = undone(form)
                if other != form:
                    yield _letters(other)


def _letters(text: str) -> bytes:
    return text.encode("ascii", "ignore").translate(_FOLDED, _DROPPED)


def _in_usual_shapes(text: str) -> str:
    """Make full-width, mathematical and circled signs the letters that they show.

    One by one: NFKC over all of a text takes quadratic time to put rows of accents in order, which are no part of
    a Reference ID anyway.
    """
    if text.isascii() or not _COMPATIBLE.search(_beyond_ascii(text)):
        return text
    return _COMPATIBLE.sub(lambda sign: unicodedata.normalize("NFKC", sign[0]), text)


def _beyond_ascii(text: str) -> str:
    """Return the signs beyond ASCII, which are few in most languages and quickly looked through."""
    return text.encode("utf-8", "ignore").translate(None, _ASCII).decode()


def _without_entities(text: str) -> str:
    """Undo entities, also those that were escaped again each time that somebody replied."""
    spaced = text.replace("&nbsp;", " ")  # the most frequent one by far, for a twentieth of the time
    return html.unescape(_ENDLESS_ENTITY.sub("", _ESCAPED_AMPERSANDS.sub("&", spaced)))


def _octet(escape: re.Match[str]) -> str:
    """Return the letter or digit that an escape stands for; anything else is no part of a Reference ID."""
    sign = chr(int(escape[1], 16))
    return sign if sign.isascii() and sign.isalnum() else ""


def _without_tags(text: str) -> str:
    return _TAG.sub("", text)


def _without_percent_escapes(text: str) -> str:
    return _PERCENT.sub(_octet, text)


def _without_quoted_printable(text: str) -> str:
    """Undo what nobody decoded; the program that then quoted it broke lines behind the `=20` in its own way."""
    if not _QUOTED_PRINTABLE.search(text):
        return text
    return _QUOTED_PRINTABLE.sub(_octet, _without_initials(_without_tags(text)))


def _without_proofpoint_escapes(text: str) -> str:
    return _PROOFPOINT.sub(_octet, text)


def _without_initials(text: str) -> str:
    return _INITIALS.sub("", text)


# What a text must hold to be worth the reading, and what undoes the damage.
UNDOINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    # Editors put tags around a piece of it, programs an address or a link behind a piece.
    ("<", _without_tags),
    # Links; gateways write a link into another one, which escapes what was escaped.
    ("%", _without_percent_escapes),
    # Servers that lose the Content-Transfer-Encoding, and web forms.
    ("=", _without_quoted_printable),
    # Proofpoint's links have `-2D` or `*2D` for `%2D`.
    ("urldefense", _without_proofpoint_escapes),
    # The Bat! and newsreaders quote with the writer's initials, `AA> `.
    (">", _without_initials),
)
