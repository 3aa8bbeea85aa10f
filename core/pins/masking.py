"""Takes PINs out of what people wrote where none belongs: a mail, a case, a command line (A10).

`masked` knows which PINs there are and removes those, however their digits are set apart. A text with more than a
handful of what could be one loses them all: whoever guesses is not told by what was removed that a guess was
right. `without_pins` asks no database, for messages of errors: it removes whatever has the form of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from core import audit
from core.pins.derivation import HANDLE_LENGTH, PIN_LENGTH, has_right_check_digit, pin_of
from core.rules.terms import Channel
from core.store.schema import contacts

if TYPE_CHECKING:
    from core.unit_of_work import UnitOfWork

REMOVED = "[PIN removed]"
# Different ones in a text, with a right check digit: what a person wrote has no more.
_MOST_OF_A_HANDLE, _MOST_IN_ALL = 5, 20
# Digits with anything between them but letters and colons (a log is full of times).
_ROW = re.compile(r"[0-9][0-9\s!-/;-@\[-`{-~]{10,}[0-9]", re.ASCII)
_GROUPS = re.compile(
    r"(?<![0-9])(?=([0-9]{4})[^0-9]{1,10}([0-9]{4})[^0-9]{1,10}([0-9]{4})(?![0-9]))"
)  # 4-4-4 with a few of any other signs between them; they may overlap
_DIGIT = re.compile("[0-9]")
# What stands between digits in an address of the web or in HTML, and has digits itself.
_ENCODED = (
    (re.compile("%(?:20|0[9ad]|2[b-f]|3[ab]|a0|c2)", re.IGNORECASE), " " * 3),
    (re.compile("&#(?:160|xa0|x20);", re.IGNORECASE), " " * 6),
)
_MOST_WINDOWS = 5_000  # of one text; behind them nobody looks, and whole rows of digits go
# A telephone number of 12 digits begins with a plus.
_AS_SPOKEN = re.compile(r"(?<![0-9+])[0-9]{4}[^0-9A-Za-z]{0,3}[0-9]{4}[^0-9A-Za-z]{0,3}[0-9]{4}(?![0-9])")


class _Window(NamedTuple):
    """Twelve digits that follow each other in a text, and where they stand; no digits: nobody looked."""

    digits: str
    start: int
    end: int


def masked(uow: UnitOfWork, text: str) -> str:
    """Return the text with every contact's present PIN replaced by `[PIN removed]`; the audit trail tells of it.

    Found are 12 digits of any script, together or with spaces, line breaks or punctuation between them, also
    inside a longer row of digits; and 4-4-4 with a few words between. When there are many that could be a PIN,
    all of them are replaced.
    """
    without, owners = _without(uow, text)
    for email in owners:
        _record_removal(uow, email)
    return without


def shown(uow: UnitOfWork, text: str) -> str:
    """Return the text as `masked` would, and write nothing: for the bytes of a mail, which are only looked at."""
    without, _owners = _without(uow, text)
    return without


def _without(uow: UnitOfWork, text: str) -> tuple[str, list[str]]:
    """Return the text without PINs, and whose they were."""
    candidates = [window for window in _windows(text) if _may_be_pin(window.digits)]
    if not candidates:
        return text, []
    owners = _owners_by_pin(uow, {window.digits[:HANDLE_LENGTH] for window in candidates if window.digits})
    hits = [window for window in candidates if window.digits in owners]
    without = _cut(text, candidates if _are_many(candidates) else hits)
    return without, sorted({owners[window.digits] for window in hits})


def _may_be_pin(digits: str) -> bool:
    return not digits or has_right_check_digit(digits)


def _are_many(candidates: Iterable[_Window]) -> bool:
    """Say whether there are more candidates than somebody writes who does not guess."""
    different = {window.digits for window in candidates}
    of_handles = Counter(digits[:HANDLE_LENGTH] for digits in different)
    return "" in different or len(different) > _MOST_IN_ALL or max(of_handles.values()) > _MOST_OF_A_HANDLE


def _record_removal(uow: UnitOfWork, email: str) -> None:
    """Write that somebody's PIN was in a text: its owner may want another one. Who wrote it is in the case."""
    act = "PIN removed from a text"
    audit.record(uow, by=audit.GATEWAY, act=act, subject=email, channel=Channel.TIMER)


def without_pins(text: str) -> str:
    """Return the text without what has the form of a PIN: 12 digits, or 4-4-4, with a right check digit."""

    def cut(found: re.Match[str]) -> str:
        digits = "".join(_DIGIT.findall(found.group()))
        return REMOVED if has_right_check_digit(digits) else found.group()

    return _AS_SPOKEN.sub(cut, text)


def _plain(text: str) -> str:
    """Return a text of the same length whose digits are ASCII, and which has letters, spaces and ASCII only."""
    if text.isascii():
        return text
    others = [sign for sign in set(text) if not (sign.isascii() or sign.isalpha())]
    if not others:
        return text
    return text.translate({ord(sign): str(unicodedata.digit(sign, " ")) for sign in others})


def _windows(text: str) -> Iterator[_Window]:
    plain = _plain(text)
    yield from _windows_of(plain)
    decoded = plain
    for encoded, blank in _ENCODED:
        decoded = encoded.sub(blank, decoded)
    if decoded != plain:
        yield from _windows_of(decoded)


def _windows_of(plain: str) -> Iterator[_Window]:
    yield from _windows_of_rows(plain)
    for count, found in enumerate(_GROUPS.finditer(plain)):
        digits = "".join(found.groups()) if count < _MOST_WINDOWS else ""
        yield _Window(digits, found.start(1), found.end(3))


def _windows_of_rows(plain: str) -> Iterator[_Window]:
    left = _MOST_WINDOWS
    for row in _ROW.finditer(plain):
        found = _DIGIT.finditer(plain, *row.span())
        places = [digit.start() for digit in islice(found, left + PIN_LENGTH - 1)]
        digits = "".join(plain[place] for place in places)
        count = len(places) - PIN_LENGTH + 1
        for first in range(count):
            yield _Window(
                digits[first : first + PIN_LENGTH], places[first], places[first + PIN_LENGTH - 1] + 1
            )
        left -= max(count, 0)
        if left == 0 and next(found, None) is not None:
            yield _Window("", places[count], row.end())


def _owners_by_pin(uow: UnitOfWork, handles: set[str]) -> dict[str, str]:
    """Return the present PINs that begin with these handles, and the address of whose each is."""
    keys = uow.house.pin_keys
    columns = [contacts.c[name] for name in ("pin_key_id", "pin_handle", "id", "pin_version", "email")]
    named = sa.select(*columns).where(contacts.c.pin_handle.in_(sorted(handles)))
    return {
        pin_of(keys, *derived): email
        for *derived, email in uow.connection.execute(named)
        if derived[0] in keys.keys
    }


def _cut(text: str, windows: Sequence[_Window]) -> str:
    parts, at = [], 0
    for window in sorted(windows, key=lambda window: window.start):
        if window.start >= at:
            parts += [text[at : window.start], REMOVED]
        at = max(at, window.end)
    return "".join([*parts, text[at:]])
