"""Foreign strings, made fit for a mail of ours. PURE.

A subject, a name and a text were written by others. The standard library lets some of them become header
fields of their own (CVE-2024-6923, CVE-2026-1299); so what goes into a header loses its control characters,
and its encoded words no longer read as such. compose.py checks afterwards that nothing came through.
"""

from __future__ import annotations

import re
import unicodedata

# Marks that turn the direction of what follows: they make one name look like another.
_TURNS_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")


def one_line(text: str, longest: int = 1000) -> str:
    """Return the text as one line that is safe in a header: at most `longest` characters, the last one `…`."""
    visible = "".join(" " if _is_control(letter) else letter for letter in text)
    line = " ".join(_TURNS_DIRECTION.sub("", visible).split())
    defused = line.replace("=?", "= ?").replace("?=", "? =")
    return defused if len(defused) <= longest else f"{defused[: longest - 1].rstrip()}…"


def many_lines(text: str) -> str:
    """Return the text as lines that end with a line feed, without control characters but the tabulator."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = ("".join(c for c in line if c == "\t" or not _is_control(c)).rstrip() for line in lines)
    return "\n".join(kept).strip("\n")


def is_plain_message_id(text: str) -> bool:
    """Say whether a foreign Message-ID may stand in a header of ours."""
    return _MESSAGE_ID.fullmatch(text) is not None and "=?" not in text


def _is_control(letter: str) -> bool:
    # Cc: control; Cs: half of a surrogate pair, which no encoding takes; Zl, Zp: they end lines.
    return unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"}
