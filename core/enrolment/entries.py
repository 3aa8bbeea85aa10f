"""The one form that every directory file is brought to: a flat list of entries.

`entries_of` takes a directory document, in which grants stand under their contact and shifts under their
analyst, apart. In the flat list a grant and a shift name theirs by `email`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import BadInput


class Section(StrEnum):
    """What an entry is about."""

    ACCOUNT = "account"
    CONTRACT = "contract"
    CONTACT = "contact"
    GRANT = "grant"
    ANALYST = "analyst"
    SHIFT = "shift"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file as it was written; `line` is where it begins, None where there are no lines.

    `is_bare`: it says that nothing stands under it, `shifts: []`. `under` is the address of the entry under which
    it stands, where it names one of its own as well.
    """

    section: Section
    line: int | None
    fields: Any
    is_bare: bool = False
    under: Any = None


class Located(dict[str, Any]):
    """A mapping of a file, which knows the line at which it begins."""

    line: int | None = None


LISTS = {
    "accounts": Section.ACCOUNT,
    "contracts": Section.CONTRACT,
    "contacts": Section.CONTACT,
    "analysts": Section.ANALYST,
}
"""The lists of a document."""

NESTED = {Section.CONTACT: ("grants", Section.GRANT), Section.ANALYST: ("shifts", Section.SHIFT)}
"""What stands under an entry in a document."""


def entries_of(document: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the entries of a document. Raises BadInput where it is not of the form."""
    for name, items in document.items():
        section = section_of_list(name)
        for item in _listed(name, items):
            yield from entries_under(section, item)


def section_of_list(name: str) -> Section:
    """Return the section of a document's list. Raises BadInput."""
    if name not in LISTS:
        raise BadInput("section", name, f"one of {', '.join(LISTS)}")
    return LISTS[name]


def entries_under(section: Section, item: Any, line: int | None = None) -> Iterator[Entry]:
    """Yield an entry of a document, which begins at this line, and those that stand under it. Raises BadInput."""
    if section is Section.ACCOUNT and isinstance(item, str):
        item = {"name": item}
    if section not in NESTED or not isinstance(item, Mapping):
        yield Entry(section, line, item)
        return
    key, below = NESTED[section]
    own = {name: value for name, value in item.items() if name != key}
    yield Entry(section, line, own, is_bare=item.get(key) == [])
    for one in _listed(key, item.get(key)):
        nested_line = one.line if isinstance(one, Located) else line
        above = item.get("email")
        fields = {"email": above, **one} if isinstance(one, Mapping) else one
        is_named = isinstance(one, Mapping) and "email" in one
        yield Entry(below, nested_line, fields, under=above if is_named else None)


def _listed(name: str, value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise BadInput(name, value, "a list")
    return value
