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
from core.enrolment.refusals import RefusedLine
from core.errors import BadInput

Key = tuple[str, ...]
_BELOW = frozenset({Section.GRANT, Section.SHIFT})  # they name whose they are, and have no name


@dataclass(frozen=True, slots=True)
class Record:
    """An entry in its form. `values` are those that it gives, what is blank as its default."""

    section: Section
    line: int | None
    key: Key
    values: Mapping[str, Any]


@dataclass
class Sheet:
    """All records of a file by their keys.

    `named` holds the names of every account, contact and analyst that the file has an entry for, also of those
    that are refused. `shifts` are an analyst's, in the order of the file.
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


def refused(record: Record, field_name: str, value: Any, rule: str, words: str) -> RefusedLine:
    """Return the refusal of a value of a record."""
    shown = name_of(record.section, record.key)
    return RefusedLine(record.line, record.section, shown, field_name, value, rule, words)


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
    before = len(sheet.refused)
    _refuse_unknown(sheet, entry)
    values: dict[str, Any] = {}
    for one in FORMS[entry.section].fields:
        _read_field(sheet, entry, one, values)
    _complete(entry.section, values)
    name = values.get(FORMS[entry.section].key[0])
    if name is not None and entry.section not in _BELOW:
        sheet.named[entry.section].add(name)
    extra: dict[str, Any] = {}
    for one in ONLY_GIVEN.get(entry.section, ()):
        _read_field(sheet, entry, one, extra)
    if name is not None and extra.get("approver"):
        sheet.approvers[name] = extra["approver"]
    if len(sheet.refused) == before:
        _keep(sheet, entry, values)
    else:
        key = tuple(values.get(name) or "" for name in FORMS[entry.section].key)
        sheet.incomplete.append(Record(entry.section, entry.line, key, values))


def _read_field(sheet: Sheet, entry: Entry, one: Field, values: dict[str, Any]) -> None:
    if one.name not in entry.fields and not one.needed:
        return
    written = entry.fields.get(one.name)
    if _is_blank(written):
        if one.needed:
            _refuse(sheet, entry, one.name, written, "must be given")
        values[one.name] = one.default
        return
    try:
        values[one.name] = one.read(one.name, written)
    except BadInput as error:
        _refuse(sheet, entry, one.name, error.value, f"must be {error.allowed}")


def _complete(section: Section, values: dict[str, Any]) -> None:
    """Put in the accounts that are the Sold To where they are left out (A2)."""
    same = {Section.CONTRACT: ("end_user", "support_owner"), Section.GRANT: ("end_user",)}
    for name in same.get(section, ()):
        values[name] = values.get(name) or values.get("sold_to")


def _keep(sheet: Sheet, entry: Entry, values: dict[str, Any]) -> None:
    form = FORMS[entry.section]
    record = Record(entry.section, entry.line, tuple(values[name] for name in form.key), values)
    if entry.section is Section.SHIFT:
        whole = form.defaults | values
        sheet.shifts.setdefault(record.key[0], []).append(
            Record(record.section, record.line, record.key, whole)
        )
        return
    first = sheet.records[entry.section].setdefault(record.key, record)
    if first is not record:
        where = f"on line {first.line}" if first.line else "before"
        words = f"stands {where} already; an entry stands once in a file"
        sheet.refused.append(refused(record, form.key[0], record.key[0], form.rule, words))


def _refuse_unknown(sheet: Sheet, entry: Entry) -> None:
    known = [one.name for one in (*FORMS[entry.section].fields, *ONLY_GIVEN.get(entry.section, ()))]
    for name, written in entry.fields.items():
        if name not in known:
            _refuse(sheet, entry, str(name), written, f"no such field; one of {', '.join(known)}")


def _refuse(sheet: Sheet, entry: Entry, name: str, value: Any, words: str) -> None:
    form = FORMS[entry.section]
    if name == "email":
        if entry.section in _BELOW and str(value) in sheet.spoilt:
            return
        sheet.spoilt.add(str(value))
    given = entry.fields if isinstance(entry.fields, Mapping) else {}
    shown = " ".join(str(given.get(key) or "") for key in form.key[:1])
    sheet.refused.append(RefusedLine(entry.line, entry.section, shown, name, value, form.rule, words))


def _is_blank(written: Any) -> bool:
    return written is None or written == "" or (isinstance(written, str) and not written.strip())
