"""Filling the directory: accounts, contracts, contacts with their grants, analysts with their shifts.

`enrol` takes a whole directory document and brings the database to it, all or nothing: what is there by its
natural key (account name, contract number, address) is changed, what is not is added, nothing is removed.
A value that a rule forbids raises BadInput naming the entry, the value and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
    names, *others = [_listed(document, section) for section in _SECTIONS]
    for name in names:
        _upsert(uow, accounts, {"name": _given({"account": name}, "account")}, {})
    for entries, enrol_one in zip(others, (_contract, _contact, _analyst), strict=True):
        for entry in entries:
            enrol_one(uow, _entry(entry))
    return Enrolled(len(names), *map(len, others))


def _contract(uow: UnitOfWork, entry: Entry) -> None:
    values = {
        "combination_id": _combination(uow, entry),
        "support_owner_id": _account(uow, entry, "support_owner" if "support_owner" in entry else "sold_to"),
        "care_level": _word(CareLevel, entry, "care_level"),
        "products": _texts(entry, "products"),
        "starts_at": _instant(entry, "starts"),
        "ends_at": _instant(entry, "ends"),
        "status": _word(ContractStatus, {"status": "Active"} | dict(entry), "status"),
    }
    _upsert(uow, contracts, {"number": _given(entry, "number")}, values)


def _contact(uow: UnitOfWork, entry: Entry) -> None:
    values = {  # A7
        "first_name": _given(entry, "first_name"),
        "last_name": _given(entry, "last_name"),
        "employer_id": _account(uow, entry, "employer"),
        "country": _given(entry, "country"),
        "phone": dialable(str(entry["phone"]), "phone") if entry.get("phone") else None,
        "language": "en",
        "time_zone": "UTC",
    }
    contact_id = _upsert(uow, contacts, {"email": _email(entry)}, values)
    for grant in _listed(entry, "grants"):
        _grant(uow, contact_id, _entry(grant))


def _grant(uow: UnitOfWork, contact_id: int, entry: Entry) -> None:
    held = {"contact_id": contact_id, "combination_id": _combination(uow, entry)}
    access = _word(Access, entry, "access")
    same = [grants.c[name] == value for name, value in held.items()]
    if uow.connection.execute(sa.update(grants).where(*same).values(access=access)).rowcount == 0:
        uow.connection.execute(sa.insert(grants).values(access=access, **held))


def _analyst(uow: UnitOfWork, entry: Entry) -> None:
    values = {
        "name": _given(entry, "name"),
        "phone": dialable(_given(entry, "phone"), "phone"),
        "skills": _texts(entry, "skills"),
    }
    analyst_id = _upsert(uow, analysts, {"email": _email(entry)}, values)
    uow.connection.execute(sa.delete(shifts).where(shifts.c.analyst_id == analyst_id))
    for shift in _listed(entry, "shifts"):
        uow.connection.execute(sa.insert(shifts).values(analyst_id=analyst_id, **_shift(_entry(shift))))


def _shift(entry: Entry) -> dict[str, Any]:
    return {
        "rung": _whole(entry, entry.get("rung"), "rung", range(1, 100)),
        "days": [_whole(entry, day, "days", range(1, 8)) for day in _listed(entry, "days") or range(1, 8)],
        "starts": _local_time(entry, "starts"),
        "ends": _local_time(entry, "ends"),
        "time_zone": _time_zone(entry),
        "products": _texts(entry, "products"),
    }


# --- rows ---------------------------------------------------------------------------------------------------


def _combination(uow: UnitOfWork, entry: Entry) -> int:
    sold_to = _account(uow, entry, "sold_to")
    end_user = _account(uow, entry, "end_user") if "end_user" in entry else sold_to
    return _upsert(uow, combinations, {"sold_to_id": sold_to, "end_user_id": end_user}, {})


def _account(uow: UnitOfWork, entry: Entry, field: str) -> int:
    name = _given(entry, field)
    account_id = uow.connection.scalar(sa.select(accounts.c.id).where(accounts.c.name == name))
    if account_id is None:
        raise BadInput(field, name, "an account of the section accounts")
    return int(account_id)


def _upsert(uow: UnitOfWork, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    for name, value in (dict(key) | dict(values)).items():
        longest = getattr(table.c[name].type, "length", None)
        if isinstance(value, str) and longest is not None and len(value) > longest:
            raise BadInput(name, value, f"at most {longest} characters long")
    same = [table.c[name] == value for name, value in key.items()]
    row_id = uow.connection.scalar(sa.select(table.c.id).where(*same))
    if row_id is None:
        added = sa.insert(table).values(**key, **values).returning(table.c.id)
        return int(uow.connection.execute(added).scalar_one())
    if values:
        uow.connection.execute(sa.update(table).where(table.c.id == row_id).values(**values))
    return int(row_id)


# --- values -------------------------------------------------------------------------------------------------


def _listed(entry: Entry, field: str) -> list[Any]:
    value = entry.get(field) or []
    if not isinstance(value, list):
        raise BadInput(field, value, "a list")
    return value


def _entry(value: Any) -> Entry:
    if not isinstance(value, Mapping):
        raise BadInput("entry", value, "a mapping of fields to values")
    return value


def _texts(entry: Entry, field: str) -> list[str]:
    return [str(text) for text in _listed(entry, field)]


def _given(entry: Entry, field: str) -> str:
    value = str(entry.get(field) or "").strip()
    if not value:
        raise BadInput(field, entry.get(field), f"given (A7), in {dict(entry)}")
    return value


def _email(entry: Entry) -> str:
    email = _given(entry, "email").lower()
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email) is None:
        raise BadInput("email", email, "an address such as alice@northwind.example (A6)")
    return email


def _whole(entry: Entry, value: Any, field: str, allowed: range) -> int:
    if not isinstance(value, int) or value not in allowed:
        raise BadInput(
            field, value, f"a whole number from {allowed.start} to {allowed.stop - 1}, in {dict(entry)}"
        )
    return value


def _time_zone(entry: Entry) -> str:
    name = str(entry.get("time_zone", "UTC"))
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput("time_zone", name, "a time zone such as Europe/Berlin") from None


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
