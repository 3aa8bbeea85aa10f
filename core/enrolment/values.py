"""Reading one value of a directory file: what comes as text, or as Python data, becomes what is kept.

Each reader takes the field's name and what was written, which is not blank, and returns the value. It raises
BadInput naming the form. Text is all that a CSV file has, so every reader takes text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from core.errors import BadInput
from core.numbers import dialable

Read = Callable[[str, Any], Any]
Word = TypeVar("Word", bound=StrEnum)

LIST_SEPARATOR = ";"
_ADDRESS = re.compile(r"""[^@\s,;:<>()\[\]\\"]+@(?:[\w-]+\.)+[\w-]+""")
_UNREADABLE = frozenset(
    {"Cc", "Cf", "Cs", "Zl", "Zp"}
)  # categories of Unicode: they are not seen, or break lines
_LANGUAGE_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee
el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is
it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms
mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk
sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi
yo za zh zu
"""
_LANGUAGES = frozenset(_LANGUAGE_CODES.split())
"""ISO 639-1."""


def text(longest: int) -> Read:
    """Return a reader of one line of text."""

    def read(field: str, written: Any) -> str:
        if isinstance(written, list | dict):
            raise BadInput(field, written, "text")
        value = _composed(written)
        if len(value) > longest:
            raise BadInput(field, written, f"at most {longest} characters long")
        if not _is_readable(value):
            raise BadInput(field, written, "one line of text without control or invisible characters")
        return value

    return read


def word(words: type[Word]) -> Read:
    """Return a reader of one of these words."""

    def read(field: str, written: Any) -> Word:
        try:
            return words(str(written).strip())
        except ValueError:
            raise BadInput(field, written, f"one of {', '.join(words)}") from None

    return read


def words(longest: int) -> Read:
    """Return a reader of a list of texts."""
    one = text(longest)

    def read(field: str, written: Any) -> tuple[str, ...]:
        values = tuple(one(field, value) for value in _listed(written))
        # Where lists stand in one cell, it would come back as two.
        if any(LIST_SEPARATOR in value for value in values):
            raise BadInput(field, written, f"a list of texts without {LIST_SEPARATOR!r} in them")
        return values

    return read


def email(field: str, written: Any) -> str:
    """Return an address in lower case."""
    value = _composed(written).lower()
    if len(value) > 254 or _ADDRESS.fullmatch(value) is None or not _is_readable(value):
        raise BadInput(field, written, "an address such as alice@northwind.example")
    return value


def phone(field: str, written: Any) -> str:
    """Return a telephone number in E.164."""
    return dialable(str(written), field)


def country(field: str, written: Any) -> str:
    """Return an ISO 3166 code of two letters, in upper case."""
    value = str(written).strip().upper()
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise BadInput(field, written, "a country's two letters (ISO 3166), such as DE")
    return value


def language(field: str, written: Any) -> str:
    """Return an ISO 639-1 code of two letters, in lower case."""
    value = str(written).strip().lower()
    if value not in _LANGUAGES:
        raise BadInput(field, written, "a language's two letters (ISO 639-1), such as en")
    return value


def time_zone(field: str, written: Any) -> str:
    """Return the name of a time zone of the IANA database."""
    value = str(written).strip()
    if not _is_time_zone(value):
        raise BadInput(field, written, "a time zone such as Europe/Berlin")
    return value


def instant(field: str, written: Any) -> datetime:
    """Return a time in UTC; a date is its first instant, and what has no time zone is in UTC."""
    try:
        value = _as_time(written)
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise BadInput(field, written, "a date such as 2026-01-31, which begins at midnight UTC") from None


def local_time(field: str, written: Any) -> str:
    """Return a time of day as HH:MM."""
    try:
        return time.fromisoformat(str(written).strip()).strftime("%H:%M")
    except ValueError:
        raise BadInput(field, written, 'a time in quotes such as "08:30"') from None


def rung(field: str, written: Any) -> int:
    """Return a place in the ladder, 1 being rung first."""
    return _whole(field, written, range(1, 100))


def days(field: str, written: Any) -> tuple[int, ...]:
    """Return ISO weekdays, 1 being Monday; each once, in their order."""
    return tuple(sorted({_whole(field, day, range(1, 8)) for day in _listed(written)}))


def _composed(written: Any) -> str:
    """Return the text in one form of Unicode (NFC), so that what looks the same is the same."""
    return unicodedata.normalize("NFC", str(written)).strip()


def _is_readable(value: str) -> bool:
    return value.isprintable() or all(unicodedata.category(one) not in _UNREADABLE for one in value)


def _whole(field: str, written: Any, allowed: range) -> int:
    digits = str(written).strip()
    if isinstance(written, bool) or not re.fullmatch("[0-9]{1,2}", digits) or int(digits) not in allowed:
        raise BadInput(field, written, f"a whole number from {allowed.start} to {allowed.stop - 1}")
    return int(digits)


def _listed(written: Any) -> list[Any]:
    if isinstance(written, list | tuple):
        return list(written)
    parts = (part.strip() for part in str(written).split(LIST_SEPARATOR))
    return [part for part in parts if part]


def _as_time(written: Any) -> datetime:
    if isinstance(written, datetime):
        return written
    if isinstance(written, date):
        return datetime.combine(written, time(0))
    return datetime.fromisoformat(str(written).strip())


@lru_cache(maxsize=1000)
def _is_time_zone(name: str) -> bool:
    try:
        return ZoneInfo(name).key == name
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
