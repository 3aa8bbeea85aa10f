"""Filling the directory: accounts, contracts, contacts with their grants, analysts with their shifts.

`enrol` takes a whole directory document and brings the database to it, all or nothing: what is there by its
natural key (account name, contract number, address) is changed, what is not is added, nothing is removed.
A value that a rule forbids raises BadInput naming the entry, the value and what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa

from core.errors import BadInput
from core.numbers import dialable
from core.rules.terms import Access, CareLevel, ContractStatus
from core.store.schema import accounts, analysts, combinations, contacts, contracts, grants, shifts
from core.unit_of_work import UnitOfWork

Word = TypeVar("Word", bound=StrEnum)
Entry = Mapping[str, Any]
_SECTIONS = ("accounts", "contracts", "contacts", "analysts")


@dataclass(frozen=True)
class Enrolled:
    """How many entries of each section were brought in."""

    accounts: int
    contracts: int
    contacts: int
    analysts: int


def enrol(uow: UnitOfWork, document: Mapping[str, Any]) -> Enrolled:
    """Bring the directory to what the document says. Raises BadInput; then nothing was changed."""
    for section in document:
        if section not in _SECTIONS:
            raise BadInput("section", section, f"one of {', '.join(_SECTIONS)}")
    counts = {section: len(document.get(section) or []) for section in _SECTIONS}
    for name in document.get("accounts") or []:
        _account(uow, name)
    for entry in document.get("contracts") or []:
        _contract(uow, entry)
    for entry in document.get("contacts") or []:
        _contact(uow, entry)
    for entry in document.get("analysts") or []:
        _analyst(uow, entry)
    return Enrolled(**counts)


def _account(uow: UnitOfWork, name: str) -> int:
    return _upsert(uow, accounts, {"name": name}, {})


def _contract(uow: UnitOfWork, entry: Entry) -> None:
    sold_to = _known_account(uow, entry, "sold_to")
    end_user = _known_account(uow, entry, "end_user") if "end_user" in entry else sold_to
    owner = _known_account(uow, entry, "support_owner") if "support_owner" in entry else sold_to
    pair = _upsert(uow, combinations, {"sold_to_id": sold_to, "end_user_id": end_user}, {})
    values = {
        "combination_id": pair,
        "support_owner_id": owner,
        "care_level": _word(CareLevel, entry, "care_level"),
        "products": list(entry.get("products", [])),
        "starts_at": _instant(entry, "starts"),
        "ends_at": _instant(entry, "ends"),
        "status": _word(ContractStatus, {"status": "Active"} | dict(entry), "status"),
    }
    _upsert(uow, contracts, {"number": _given(entry, "number")}, values)


def _contact(uow: UnitOfWork, entry: Entry) -> None:
    values = {  # A7
        "first_name": _given(entry, "first_name"),
        "last_name": _given(entry, "last_name"),
        "employer_id": _known_account(uow, entry, "employer"),
        "country": _given(entry, "country"),
        "phone": dialable(entry["phone"], "phone") if entry.get("phone") else None,
    }
    contact_id = _upsert(uow, contacts, {"email": _given(entry, "email").lower()}, values)
    for grant in entry.get("grants", []):
        sold_to = _known_account(uow, grant, "sold_to")
        end_user = _known_account(uow, grant, "end_user") if "end_user" in grant else sold_to
        pair = _upsert(uow, combinations, {"sold_to_id": sold_to, "end_user_id": end_user}, {})
        held = {"contact_id": contact_id, "combination_id": pair}
        access = _word(Access, grant, "access")
        found = sa.select(grants.c.access).where(*[grants.c[name] == value for name, value in held.items()])
        if uow.connection.execute(found).first() is None:
            uow.connection.execute(sa.insert(grants).values(access=access, **held))
        else:
            same = [grants.c[name] == value for name, value in held.items()]
            uow.connection.execute(sa.update(grants).where(*same).values(access=access))


def _analyst(uow: UnitOfWork, entry: Entry) -> None:
    values = {
        "name": _given(entry, "name"),
        "phone": dialable(_given(entry, "phone"), "phone"),
        "skills": list(entry.get("skills", [])),
    }
    analyst_id = _upsert(uow, analysts, {"email": _given(entry, "email").lower()}, values)
    uow.connection.execute(sa.delete(shifts).where(shifts.c.analyst_id == analyst_id))
    for shift in entry.get("shifts", []):
        row = {
            "rung": int(shift["rung"]),
            "days": list(shift.get("days", range(1, 8))),
            "starts": _local_time(shift, "starts"),
            "ends": _local_time(shift, "ends"),
            "time_zone": shift.get("time_zone", "UTC"),
            "products": list(shift.get("products", [])),
        }
        uow.connection.execute(sa.insert(shifts).values(analyst_id=analyst_id, **row))


def _upsert(uow: UnitOfWork, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    same = [table.c[name] == value for name, value in key.items()]
    row_id = uow.connection.scalar(sa.select(table.c.id).where(*same))
    if row_id is None:
        added = sa.insert(table).values(**key, **values).returning(table.c.id)
        return int(uow.connection.execute(added).scalar_one())
    if values:
        uow.connection.execute(sa.update(table).where(table.c.id == row_id).values(**values))
    return int(row_id)


def _given(entry: Entry, field: str) -> str:
    value = str(entry.get(field) or "").strip()
    if not value:
        raise BadInput(field, entry.get(field), f"given (A7), in {dict(entry)}")
    return value


def _known_account(uow: UnitOfWork, entry: Entry, field: str) -> int:
    name = _given(entry, field)
    account_id = uow.connection.scalar(sa.select(accounts.c.id).where(accounts.c.name == name))
    if account_id is None:
        raise BadInput(field, name, "an account of the section accounts")
    return int(account_id)


def _word(words: type[Word], entry: Entry, field: str) -> Word:
    try:
        return words(_given(entry, field))
    except ValueError:
        raise BadInput(field, entry.get(field), f"one of {', '.join(words)}") from None


def _instant(entry: Entry, field: str) -> datetime:
    value = entry.get(field)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(0), UTC)
    raise BadInput(field, value, "a date such as 2026-01-31, which begins at midnight UTC")


def _local_time(entry: Entry, field: str) -> str:
    text = str(entry.get(field, "00:00"))
    try:
        return time.fromisoformat(text).strftime("%H:%M")
    except ValueError:
        raise BadInput(field, text, 'a time in quotes such as "08:30"') from None
