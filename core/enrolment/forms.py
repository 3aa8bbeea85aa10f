"""Which fields an entry of each section has: the one table that reads, compares, writes and exports go by.

A field that an entry leaves out stays as it is on record, and gets its default where the entry is new; one that
is given and blank gets its default. Fields that are needed are given in every entry (A7). In CSV a row has every
column, so a blank cell may mean either: where a right hangs on it, a blank changes nothing on record, and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.enrolment import values
from core.enrolment.entries import Section
from core.enrolment.values import Read
from core.rules.terms import Access, CareLevel, ContractStatus

_NAME, _NUMBER, _PRODUCT = values.text(200), values.text(40), values.words(100)
EVERY_DAY = tuple(range(1, 8))


@dataclass(frozen=True)
class Field:
    """One field: how it is read, whether it is needed, what it is when it is not given.

    `is_said`: on record it becomes another value only where that is written out.
    """

    name: str
    read: Read
    needed: bool = False
    default: Any = None
    is_said: bool = False


@dataclass(frozen=True)
class Form:
    """The fields of a section, those that name an entry, and the rule that its form comes from."""

    rule: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)

    @property
    def defaults(self) -> dict[str, Any]:
        """What the fields are that are not needed, when they are not given."""
        return {field.name: field.default for field in self.fields if not field.needed}


def _needed(name: str, read: Read) -> Field:
    return Field(name, read, needed=True)


FORMS: Mapping[Section, Form] = {
    Section.ACCOUNT: Form(
        "A1",
        ("name",),
        (_needed("name", _NAME), Field("part_of", _NAME)),
    ),
    Section.CONTRACT: Form(
        "A1",
        ("number",),
        (
            _needed("number", _NUMBER),
            _needed("sold_to", _NAME),
            Field("end_user", _NAME, is_said=True),  # these two are the Sold To where they are none (A2)
            Field("support_owner", _NAME, is_said=True),
            _needed("care_level", values.word(CareLevel)),
            Field("products", _PRODUCT, default=()),
            _needed("starts", values.instant),
            _needed("ends", values.instant),
            Field("status", values.word(ContractStatus), default=ContractStatus.ACTIVE, is_said=True),
        ),
    ),
    Section.CONTACT: Form(
        "A7",
        ("email",),
        (
            _needed("email", values.email),
            _needed("first_name", values.text(100)),
            _needed("last_name", values.text(100)),
            _needed("employer", _NAME),
            _needed("country", values.country),
            Field("phone", values.phone),
            Field("language", values.language, default="en"),
            Field("time_zone", values.time_zone, default="UTC"),
            Field("terms_accepted", values.instant),
        ),
    ),
    Section.GRANT: Form(
        "A3",
        ("email", "sold_to", "end_user"),
        (
            _needed("email", values.email),
            _needed("sold_to", _NAME),
            Field("end_user", _NAME),
            _needed("access", values.word(Access)),
            Field("approver", _NAME),
            Field("approved_by", _NAME),
            Field("approved_on", values.instant),
        ),
    ),
    Section.ANALYST: Form(
        "P4",
        ("email",),
        (
            _needed("email", values.email),
            _needed("name", _NAME),
            _needed("phone", values.phone),
            Field("skills", _PRODUCT, default=()),
        ),
    ),
    Section.SHIFT: Form(
        "P4",
        ("email",),
        (
            _needed("email", values.email),
            _needed("rung", values.rung),
            Field("days", values.days, default=EVERY_DAY),
            Field("starts", values.local_time, default="00:00"),
            Field("ends", values.local_time, default="00:00"),
            Field("time_zone", values.time_zone, default="UTC"),
            Field("products", _PRODUCT, default=()),
        ),
    ),
}

ONLY_GIVEN: Mapping[Section, tuple[Field, ...]] = {
    # The approver of all grants of this contact in the file that name none of their own.
    Section.CONTACT: (Field("approver", _NAME),),
}
"""Fields that may be given, and are kept elsewhere than in their entry."""
