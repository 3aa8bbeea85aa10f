"""Takes PINs out of what people wrote where none belongs: a mail, a case, a command line (A10).

`masked` knows which PINs there are and removes those, however their digits are set apart. `without_pins`
asks no database, for messages of errors: it removes whatever has the form of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.pins.derivation import HANDLE_LENGTH, PIN_LENGTH, has_right_check_digit, pin_of
from core.store.schema import contacts

if TYPE_CHECKING:
    from core.unit_of_work import UnitOfWork

REMOVED = "[PIN removed]"
# Digits with anything between them but letters, colons (a log is full of times) and a few more.
_RUN = re.compile(r"""[0-9][0-9\s.,;_/\\|*#()\[\]<>~'"+=-]{10,}[0-9]""", re.ASCII)
_DIGIT = re.compile("[0-9]")
_MOST_WINDOWS, _MOST_CANDIDATES = 20_000, 2_000  # of one text: what a person wrote has a handful
# A telephone number of 12 digits begins with a plus.
_AS_SPOKEN = re.compile(r"(?<![0-9+])[0-9]{4}([ .-]?)[0-9]{4}\1[0-9]{4}(?![0-9])")


@dataclass(frozen=True)
class _Window:
    """Twelve digits that follow each other in a text, and where they stand."""

    digits: str
    start: int
    end: int


def masked(uow: UnitOfWork, text: str) -> str:
    """Return the text with every contact's present PIN replaced by `[PIN removed]`.

    Found are 12 digits of any script, together or with spaces, line breaks or punctuation between them, also
    inside a longer row of digits; of a text with tens of thousands of digits only the first are looked at.
    """
    fitting = (window for window in _windows(_plain(text)) if has_right_check_digit(window.digits))
    candidates = list(islice(fitting, _MOST_CANDIDATES))
    if not candidates:
        return text
    pins = _present_pins(uow, {window.digits[:HANDLE_LENGTH] for window in candidates})
    return _cut(text, (window for window in candidates if window.digits in pins))


def without_pins(text: str) -> str:
    """Return the text without what has the form of a PIN: 12 digits, or 4-4-4, with the right check digit."""

    def cut(found: re.Match[str]) -> str:
        digits = "".join(_DIGIT.findall(found.group()))
        return REMOVED if has_right_check_digit(digits) else found.group()

    return _AS_SPOKEN.sub(cut, text)


def _plain(text: str) -> str:
    """Return a text of the same length whose digits are ASCII, and which has letters, spaces and ASCII only."""
    if text.isascii():
        return text
    others = (sign for sign in set(text) if not (sign.isascii() or sign.isalpha()))
    return text.translate({ord(sign): str(unicodedata.digit(sign, " ")) for sign in others})


def _windows(plain: str) -> Iterator[_Window]:
    left = _MOST_WINDOWS
    for run in _RUN.finditer(plain):
        places = [
            found.start() for found in islice(_DIGIT.finditer(plain, *run.span()), left + PIN_LENGTH - 1)
        ]
        digits = "".join(plain[place] for place in places)
        for first in range(len(digits) - PIN_LENGTH + 1):
            last = first + PIN_LENGTH - 1
            yield _Window(digits[first : last + 1], places[first], places[last] + 1)
            left -= 1
        if left <= 0:
            return


def _present_pins(uow: UnitOfWork, handles: set[str]) -> set[str]:
    keys = uow.house.pin_keys
    named = sa.select(
        contacts.c.pin_key_id, contacts.c.pin_handle, contacts.c.id, contacts.c.pin_version
    ).where(contacts.c.pin_handle.in_(sorted(handles)))
    return {pin_of(keys, *row) for row in uow.connection.execute(named) if row.pin_key_id in keys.keys}


def _cut(text: str, windows: Iterable[_Window]) -> str:
    parts, at = [], 0
    for window in windows:
        if window.start >= at:
            parts += [text[at : window.start], REMOVED]
        at = max(at, window.end)
    return "".join([*parts, text[at:]])
