"""Filling the directory: accounts, contracts, contacts with their grants, analysts with their shifts.

    entries_of, or a file's reader   what was written, as a flat list of entries       entries
    read_sheet                       every value in its form, or refused               sheet, forms, values
    planned                          compared with what is there, and judged           record, planning, plan
    bring_in                         inserted and updated, with an audit trail         writing

All or nothing: what is there by its natural key (account name, contract number, address) is changed, what is not is
added, nothing is removed but an analyst's shifts, which those of the file replace. Every line that is refused is
named with its rule by DirectoryRefused. Imports come one after another: each is compared with what the one before
it left. Reading files is left to the caller; `exporting` gives back what is on record, `findings` says what of it
should not be so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from core.enrolment.entries import entries_of
from core.enrolment.plan import Plan
from core.enrolment.planning import plan
from core.enrolment.record import on_record
from core.enrolment.sheet import Sheet, read_sheet
from core.enrolment.writing import Progress, Writer
from core.unit_of_work import UnitOfWork

__all__ = ["BY", "bring_in", "enrol", "entries_of", "planned", "read_sheet"]

BY = "directory import"
_ONE_AT_A_TIME = int.from_bytes(b"enrolmen", "big")  # PostgreSQL's name for the lock: any number of 63 bits


def enrol(uow: UnitOfWork, document: Mapping[str, Any], *, by: str = BY) -> Plan:
    """Bring the directory to what the document says. Raises DirectoryRefused and BadInput; then nothing changed."""
    return bring_in(uow, read_sheet(entries_of(document)), by=by)


def planned(uow: UnitOfWork, sheet: Sheet) -> Plan:
    """Return what bringing the sheet in would change. Raises DirectoryRefused naming every refused line."""
    return plan(uow, sheet, on_record(uow, sheet))


def bring_in(
    uow: UnitOfWork, sheet: Sheet, *, by: str = BY, progress: Progress = lambda _done, _total: None
) -> Plan:
    """Bring the directory to what the sheet says, and return what changed. Raises DirectoryRefused."""
    if uow.connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        uow.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    there = on_record(uow, sheet)
    agreed = plan(uow, sheet, there)
    Writer(uow, agreed, there, progress).write(by)
    return agreed
