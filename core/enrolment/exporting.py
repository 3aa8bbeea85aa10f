"""The directory on record as entries of a file, and no PIN among them (A10).

Importing what was exported changes nothing. Contacts come one after another with their grants behind them, read
from the database as they are asked for, so that a large directory costs little memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from core.enrolment.entries import Entry, Section
from core.enrolment.record import (
    CONTACTS,
    CONTRACTS,
    GRANTS,
    OnRecord,
    analyst_values,
    contact_values,
    contract_values,
    grant_values,
    read_accounts,
    shift_values,
)
from core.store.schema import analysts, contacts, contracts, grants, shifts
from core.unit_of_work import UnitOfWork

_AT_ONCE = 2_000


def entries_on_record(uow: UnitOfWork) -> Iterator[Entry]:
    """Yield everything: accounts, contracts, each contact before its grants, each analyst before their shifts."""
    there = OnRecord()
    read_accounts(uow, there)
    for values in there.rows[Section.ACCOUNT].values():
        yield Entry(Section.ACCOUNT, None, values)
    for row in _rows(uow, CONTRACTS.order_by(contracts.c.id)):
        yield Entry(Section.CONTRACT, None, contract_values(row, there.names))
    people = (
        (row.id, contact_values(row, there.names)) for row in _rows(uow, CONTACTS.order_by(contacts.c.id))
    )
    held = (
        (row.contact_id, grant_values(row, there.names))
        for row in _rows(uow, GRANTS.order_by(grants.c.contact_id, grants.c.combination_id))
    )
    yield from _with_those_below(Section.CONTACT, people, Section.GRANT, held)
    staff = ((row.id, analyst_values(row)) for row in _rows(uow, sa.select(analysts).order_by(analysts.c.id)))
    roster = (
        (row.analyst_id, {"email": row.email, **shift_values(row)})
        for row in _rows(
            uow,
            sa.select(shifts, analysts.c.email)
            .join_from(shifts, analysts, analysts.c.id == shifts.c.analyst_id)
            .order_by(shifts.c.analyst_id, shifts.c.id),
        )
    )
    yield from _with_those_below(Section.ANALYST, staff, Section.SHIFT, roster)


def _with_those_below(
    section: Section,
    owners: Iterable[tuple[int, dict[str, Any]]],
    below: Section,
    owned: Iterable[tuple[int, dict[str, Any]]],
) -> Iterator[Entry]:
    """Yield owners, each followed by what is theirs; both come in the order of the owners' ids."""
    rest = iter(owned)
    waiting = next(rest, None)
    for owner_id, values in owners:
        is_bare = waiting is None or waiting[0] != owner_id
        yield Entry(section, None, values, is_bare=is_bare)
        while waiting is not None and waiting[0] == owner_id:
            yield Entry(below, None, waiting[1])
            waiting = next(rest, None)


def _rows(uow: UnitOfWork, query: sa.Select[Any]) -> Iterable[Any]:
    return uow.connection.execute(query, execution_options={"yield_per": _AT_ONCE})
