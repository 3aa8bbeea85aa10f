"""What the directory has on record, in the form of its file: accounts by their names, rows by their keys.

`on_record` reads what a sheet names and what the rules ask of it, and no more, so that a small file costs little
on a large directory. Accounts are read whole: their chains of divisions may lead anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from core.enrolment.entries import Section
from core.enrolment.sheet import Key, Sheet
from core.rules.terms import Access, CareLevel, ContractStatus
from core.store.schema import accounts, analysts, combinations, contacts, contracts, grants, shifts
from core.unit_of_work import UnitOfWork

_AT_ONCE = 5_000  # values in one statement; both databases take more
Pair = tuple[str, str]


@dataclass
class OnRecord:
    """Rows by section and key, and the ids behind them."""

    names: dict[int, str] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    pairs: dict[Pair, int] = field(default_factory=dict)
    held: dict[str, list[Key]] = field(default_factory=dict)  # the grants of a contact
    ids: dict[Section, dict[str, int]] = field(default_factory=lambda: {section: {} for section in Section})
    rows: dict[Section, dict[Key, dict[str, Any]]] = field(
        default_factory=lambda: {section: {} for section in Section}
    )


def on_record(uow: UnitOfWork, sheet: Sheet) -> OnRecord:
    """Read what is there of all that the sheet names."""
    there = OnRecord()
    read_accounts(uow, there)
    wanted = {section: list(records) for section, records in sheet.records.items()}
    emails = {key[0] for section in (Section.CONTACT, Section.GRANT) for key in wanted[section]}
    emails |= {record.key[0] for record in sheet.incomplete if record.section is Section.CONTACT}
    _read_contacts(uow, there, contacts.c.email, emails)
    _read_grants(uow, there, there.ids[Section.CONTACT].values())
    _read_contracts(uow, there, contracts.c.number, (key[0] for key in wanted[Section.CONTRACT]))
    _read_pairs(uow, there, sheet)
    _read_contracts(uow, there, contracts.c.combination_id, there.pairs.values())
    named = {key[0] for key in wanted[Section.ANALYST]} | set(sheet.shifts)
    _read_analysts(uow, there, named)
    return there


def read_accounts(uow: UnitOfWork, there: OnRecord) -> None:
    """Read every account."""
    rows = uow.connection.execute(
        sa.select(accounts.c.id, accounts.c.name, accounts.c.part_of_id).order_by(accounts.c.id)
    ).all()
    there.names = {row_id: name for row_id, name, _whole in rows}
    there.accounts = {name: row_id for row_id, name, _whole in rows}
    there.rows[Section.ACCOUNT] = {
        (name,): {"name": name, "part_of": there.names.get(whole)} for _id, name, whole in rows
    }


def contract_values(row: Any, names: Mapping[int, str]) -> dict[str, Any]:
    """Return a row of `CONTRACTS` as a file has it."""
    return {
        "number": row.number,
        "sold_to": names[row.sold_to_id],
        "end_user": names[row.end_user_id],
        "support_owner": names[row.support_owner_id],
        "care_level": CareLevel(row.care_level),
        "products": tuple(row.products),
        "starts": row.starts_at,
        "ends": row.ends_at,
        "status": ContractStatus(row.status),
    }


def contact_values(row: Any, names: Mapping[int, str]) -> dict[str, Any]:
    """Return a row of `contacts` as a file has it: never its PIN (A10)."""
    return {
        "email": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "employer": names[row.employer_id],
        "country": row.country,
        "phone": row.phone,
        "language": row.language,
        "time_zone": row.time_zone,
        "terms_accepted": row.terms_accepted_at,
    }


def grant_values(row: Any, names: Mapping[int, str]) -> dict[str, Any]:
    """Return a row of `GRANTS` as a file has it."""
    return {
        "email": row.email,
        "sold_to": names[row.sold_to_id],
        "end_user": names[row.end_user_id],
        "access": Access(row.access),
        "approver": row.approver,
        "approved_by": names.get(row.approved_by_id),
        "approved_on": row.approved_at,
    }


def analyst_values(row: Any) -> dict[str, Any]:
    """Return a row of `analysts` as a file has it, without shifts."""
    return {"email": row.email, "name": row.name, "phone": row.phone, "skills": tuple(row.skills)}


def shift_values(row: Any) -> dict[str, Any]:
    """Return a row of `shifts` as a file has it."""
    return {
        "rung": row.rung,
        "days": tuple(row.days),
        "starts": row.starts,
        "ends": row.ends,
        "time_zone": row.time_zone,
        "products": tuple(row.products),
    }


CONTRACTS = sa.select(contracts, combinations.c.sold_to_id, combinations.c.end_user_id).join_from(
    contracts, combinations, combinations.c.id == contracts.c.combination_id
)
# The columns are named: a PIN's, even its handle, are never among what is read here.
CONTACTS = sa.select(
    contacts.c.id,
    contacts.c.email,
    contacts.c.first_name,
    contacts.c.last_name,
    contacts.c.employer_id,
    contacts.c.country,
    contacts.c.phone,
    contacts.c.language,
    contacts.c.time_zone,
    contacts.c.terms_accepted_at,
)
GRANTS = (
    sa.select(grants, contacts.c.email, combinations.c.sold_to_id, combinations.c.end_user_id)
    .join_from(grants, contacts, contacts.c.id == grants.c.contact_id)
    .join(combinations, combinations.c.id == grants.c.combination_id)
)


def _read_contacts(uow: UnitOfWork, there: OnRecord, column: sa.Column[Any], wanted: Iterable[Any]) -> None:
    for row in _among(uow, CONTACTS, column, wanted):
        there.ids[Section.CONTACT][row.email] = row.id
        there.rows[Section.CONTACT][(row.email,)] = contact_values(row, there.names)


def _read_grants(uow: UnitOfWork, there: OnRecord, contact_ids: Iterable[int]) -> None:
    for row in _among(uow, GRANTS, grants.c.contact_id, contact_ids):
        values = grant_values(row, there.names)
        there.pairs[values["sold_to"], values["end_user"]] = row.combination_id
        key = (values["email"], values["sold_to"], values["end_user"])
        there.rows[Section.GRANT][key] = values
        there.held.setdefault(row.email, []).append(key)


def _read_pairs(uow: UnitOfWork, there: OnRecord, sheet: Sheet) -> None:
    """Read the combinations that are named, and those in which their accounts buy for themselves (A4)."""
    records = (*sheet.records[Section.CONTRACT].values(), *sheet.records[Section.GRANT].values())
    given = (*(record.values for record in records), *there.rows[Section.CONTRACT].values())
    # Where a contract leaves its End User out, it is that on record, or its Sold To.
    named = {values.get(side) for values in given for side in ("sold_to", "end_user")}
    named |= {name for pair in there.pairs for name in pair}
    ids = {there.accounts[name] for name in named if name in there.accounts}
    for row in _among(uow, sa.select(combinations), combinations.c.sold_to_id, ids):
        there.pairs[there.names[row.sold_to_id], there.names[row.end_user_id]] = row.id


def _read_contracts(uow: UnitOfWork, there: OnRecord, column: sa.Column[Any], wanted: Iterable[Any]) -> None:
    for row in _among(uow, CONTRACTS, column, wanted):
        there.ids[Section.CONTRACT][row.number] = row.id
        there.rows[Section.CONTRACT][(row.number,)] = contract_values(row, there.names)


def _read_analysts(uow: UnitOfWork, there: OnRecord, emails: Iterable[str]) -> None:
    by_id = {}
    for row in _among(uow, sa.select(analysts), analysts.c.email, emails):
        there.ids[Section.ANALYST][row.email] = row.id
        by_id[row.id] = there.rows[Section.ANALYST][(row.email,)] = analyst_values(row) | {"shifts": ()}
    for row in _among(uow, sa.select(shifts).order_by(shifts.c.id), shifts.c.analyst_id, by_id):
        by_id[row.analyst_id]["shifts"] += (shift_values(row),)


def _among(
    uow: UnitOfWork, query: sa.Select[Any], column: sa.Column[Any], wanted: Iterable[Any]
) -> Iterator[Any]:
    values = list(wanted)
    for start in range(0, len(values), _AT_ONCE):
        yield from uow.connection.execute(query.where(column.in_(values[start : start + _AT_ONCE])))
