"""A directory file, read: every entry's values in their form, and every line that has none.

`read_sheet` is pure and asks nothing of a database, so that a large file is read before a transaction begins.
It collects what is refused and goes on; what one wrong value spoils is not refused a second time below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.enrolment.entries import Entry, Section
from core.enrolment.forms import FORMS, ONLY_GIVEN, Field
from core.enrolment.refusals import MUST_BE_GIVEN, RefusedLine, is_blank
from core.errors import BadInput

Key = tuple[str, ...]
_BELOW = frozenset({Section.GRANT, Section.SHIFT})  # they name whose they are, and have no name


@dataclass(frozen=True, slots=True)
class Record:
    """An entry in its form. `values` are those that it gives, what is blank as its default.

    `blank` are fields that are given and blank, and must be said to become another value.
    """

    section: Section
    line: int | None
    key: Key
    values: Mapping[str, Any]
    blank: tuple[str, ...] = ()


@dataclass
class Sheet:
    """All records of a file by their keys.

    `named` holds the names of every account, contact and analyst that the file has an entry for, also of those
    that are refused. `shifts` are an analyst's, in the order of the file; an empty list
    where it says that there are none.
    """

    records: dict[Section, dict[Key, Record]] = field(
        default_factory=lambda: {section: {} for section in Section}
    )
    shifts: dict[str, list[Record]] = field(default_factory=dict)
    approvers: dict[str, str] = field(default_factory=dict)
    named: dict[Section, set[str]] = field(default_factory=lambda: {section: set() for section in Section})
    refused: list[RefusedLine] = field(default_factory=list)
    incomplete: list[Record] = field(
        default_factory=list
    )  # of what is refused, the values that have their form
    spoilt: set[str] = field(default_factory=set)  # addresses that are none, as they were written


def name_of(section: Section, key: Key) -> str:
    """Return what people call an entry: a number, a name, an address, and what a grant is for."""
    if section is not Section.GRANT:
        return key[0]
    email, sold_to, end_user = key
    return f"{email} for {end_user if sold_to == end_user else f'{end_user} through {sold_to}'}"


def refused(
    record: Record, field_name: str, value: Any, rule: str, words: str, remedy: str | None = None
) -> RefusedLine:
    """Return the refusal of a value of a record."""
    shown = name_of(record.section, record.key)
    return RefusedLine(record.line, record.section, shown, field_name, value, rule, words, remedy)


def read_sheet(entries: Iterable[Entry]) -> Sheet:
    """Read every entry."""
    sheet = Sheet()
    for entry in entries:
        if isinstance(entry.fields, Mapping):
            _read(sheet, entry)
        else:
            words = "must be a mapping of fields to values"
            _refuse(sheet, entry, "entry", entry.fields, words)
    return sheet


def _read(sheet: Sheet, entry: Entry) -> None:
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    is_right = all(  # every one is looked at, so that all that is wrong is named
        [
            _has_known_fields(sheet, entry),
            _is_whose_it_stands_under(sheet, entry),
            *(_read_field(sheet, entry, one, values) for one in FORMS[entry.section].fields),
            *(_read_field(sheet, entry, one, extra) for one in ONLY_GIVEN.get(entry.section, ())),
        ]
    )
    if entry.section is Section.GRANT:  # its End User is a part of its name
        values["end_user"] = values.get("end_user") or values.get("sold_to")
    name = values.get(FORMS[entry.section].key[0])
    if name is not None and entry.section not in _BELOW:
        sheet.named[entry.section].add(name)
    if name is not None and extra.get("approver"):
        sheet.approvers[name] = extra["approver"]
    if is_right:
        _keep(sheet, entry, values)
    else:
        key = tuple(values.get(name) or "" for name in FORMS[entry.section].key)
        sheet.incomplete.append(Record(entry.section, entry.line, key, values))


def _read_field(sheet: Sheet, entry: Entry, one: Field, values: dict[str, Any]) -> bool:
    """Put a field's value in, and say whether it is right."""
    if one.name not in entry.fields and not one.needed:
        return True
    written = entry.fields.get(one.name)
    if is_blank(written):
        if one.needed:
            _refuse(sheet, entry, one.name, written, MUST_BE_GIVEN)
            return False
        values[one.name] = one.default
        return True
    try:
        values[one.name] = one.read(one.name, written)
    except BadInput as error:
        _refuse(sheet, entry, one.name, error.value, f"must be {error.allowed}")
        return False
    return True


def _keep(sheet: Sheet, entry: Entry, values: dict[str, Any]) -> None:
    form = FORMS[entry.section]
    blank = tuple(
        one.name
        for one in form.fields
        if one.is_said and one.name in values and is_blank(entry.fields[one.name])
    )
    record = Record(entry.section, entry.line, tuple(values[name] for name in form.key), values, blank)
    if entry.section is Section.SHIFT:
        whole = form.defaults | values
        sheet.shifts.setdefault(record.key[0], []).append(
            Record(record.section, record.line, record.key, whole)
        )
        return
    if entry.section is Section.ANALYST and entry.is_bare:
        sheet.shifts.setdefault(record.key[0], [])
    first = sheet.records[entry.section].setdefault(record.key, record)
    if first is not record:
        where = f"on line {first.line}" if first.line else "before"
        words = f"stands {where} already; an entry stands once in a file"
        sheet.refused.append(refused(record, form.key[0], record.key[0], form.rule, words))


def _has_known_fields(sheet: Sheet, entry: Entry) -> bool:
    known = [one.name for one in (*FORMS[entry.section].fields, *ONLY_GIVEN.get(entry.section, ()))]
    unknown = [name for name in entry.fields if name not in known]
    for name in unknown:
        words = f"no such field; one of {', '.join(known)}"
        _refuse(sheet, entry, str(name), entry.fields[name], words)
    return not unknown


def _is_whose_it_stands_under(sheet: Sheet, entry: Entry) -> bool:
    """Refuse a grant that stands under a contact and names another one; a shift alike."""
    if is_blank(entry.under) or is_blank(entry.fields["email"]):
        return True
    above, own = (str(written).strip().lower() for written in (entry.under, entry.fields["email"]))
    if above == own:
        return True
    words = f"must be {entry.under}, under which it stands, or left out"
    _refuse(sheet, entry, "email", entry.fields["email"], words)
    return False


def _refuse(sheet: Sheet, entry: Entry, name: str, value: Any, words: str) -> None:
    form = FORMS[entry.section]
    if name == "email":
        if entry.section in _BELOW and str(value) in sheet.spoilt:
            return
        sheet.spoilt.add(str(value))
    given = entry.fields if isinstance(entry.fields, Mapping) else {}
    shown = " ".join(str(given.get(key) or "") for key in form.key[:1])
    sheet.refused.append(RefusedLine(entry.line, entry.section, shown, name, value, form.rule, words))
