"""Carrying a plan out: inserts and updates by the thousand, and a line in the audit trail for each change.

All of it is in the caller's transaction, so it is there or it is not. `progress` is told how many rows of how
many are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.enrolment.entries import Section
from core.enrolment.plan import Change, Plan
from core.enrolment.record import OnRecord
from core.rules.terms import Channel
from core.store.schema import accounts, analysts, audit, combinations, contacts, contracts, grants, shifts
from core.unit_of_work import UnitOfWork

Progress = Callable[[int, int], None]
Row = dict[str, Any]
_BATCH = 2_000
# What a new line of the trail repeats: what rights hang on. The rest is in the directory, and may be erased there.
_TOLD_WHEN_ADDED = frozenset(
    {"access", "approver", "approved_by", "approved_on", "employer", "terms_accepted", "part_of"}
    | {"sold_to", "end_user", "support_owner", "care_level", "starts", "ends", "status", "skills"}
)
_COLUMNS = {
    "part_of": "part_of_id",
    "sold_to": "combination_id",
    "end_user": "combination_id",
    "support_owner": "support_owner_id",
    "starts": "starts_at",
    "ends": "ends_at",
    "employer": "employer_id",
    "terms_accepted": "terms_accepted_at",
    "approved_by": "approved_by_id",
    "approved_on": "approved_at",
}
"""The column of a field that is called otherwise."""


class Writer:
    """One plan on its way into the database."""

    def __init__(self, uow: UnitOfWork, plan: Plan, there: OnRecord, progress: Progress) -> None:
        self._uow, self._there, self._progress = uow, there, progress
        self._changes: dict[Section, list[Change]] = {}
        for change in plan.changes:
            self._changes.setdefault(change.section, []).append(change)
        self._done, self._total = 0, 2 * len(plan.changes)  # each row, and its line in the trail

    def write(self, by: str) -> None:
        """Write everything, in the order in which one thing refers to another."""
        self._accounts()
        self._combinations()
        self._contracts()
        self._contacts()
        self._grants()
        self._analysts()
        for changes in self._changes.values():
            lines = [_line(self._uow, by, change) for change in changes]
            self._insert(audit, lines)

    def _accounts(self) -> None:
        changes = self._changes.get(Section.ACCOUNT, [])
        added = [{"name": change.key[0]} for change in changes if change.before is None]
        self._there.accounts |= self._insert_for_ids(accounts, added, accounts.c.name)
        # A company may be a part of one that stands further down in the file.
        parts = [
            {"id": self._id(change.key[0]), "part_of_id": self._id(change.after["part_of"])}
            for change in changes
            if "part_of" in change.fields
        ]
        self._update(accounts, parts, counts=False)

    def _combinations(self) -> None:
        named = dict.fromkeys(
            (change.after["sold_to"], change.after["end_user"])
            for section in (Section.CONTRACT, Section.GRANT)
            for change in self._changes.get(section, [])
        )
        added = [
            {"sold_to_id": self._id(sold_to), "end_user_id": self._id(end_user)}
            for sold_to, end_user in named
            if (sold_to, end_user) not in self._there.pairs
        ]
        names = {row_id: name for name, row_id in self._there.accounts.items()}
        statement = sa.insert(combinations).returning(
            combinations.c.id, combinations.c.sold_to_id, combinations.c.end_user_id
        )
        for batch in _batches(added):
            for row in self._uow.connection.execute(statement, batch):
                self._there.pairs[names[row.sold_to_id], names[row.end_user_id]] = row.id

    def _contracts(self) -> None:
        self._add_and_change(contracts, Section.CONTRACT, self._contract_row)

    def _contacts(self) -> None:
        self._add_and_change(contacts, Section.CONTACT, self._contact_row, contacts.c.email)

    def _grants(self) -> None:
        changes = self._changes.get(Section.GRANT, [])
        self._insert(grants, [self._grant_row(change.after) for change in changes if change.before is None])
        key = ("contact_id", "combination_id")
        changed = [
            _only_changed(change, self._grant_row(change.after), key)
            for change in changes
            if change.before is not None
        ]
        self._update(grants, changed, key)

    def _analysts(self) -> None:
        self._add_and_change(analysts, Section.ANALYST, _analyst_row, analysts.c.email)
        ids = self._there.ids[Section.ANALYST]
        changed = [change for change in self._changes.get(Section.ANALYST, []) if "shifts" in change.fields]
        for change in changed:
            mine = shifts.c.analyst_id == ids[change.key[0]]
            self._uow.connection.execute(sa.delete(shifts).where(mine))
        rows = [
            {"analyst_id": ids[change.key[0]], **_shift_row(shift)}
            for change in changed
            for shift in change.after["shifts"]
        ]
        self._insert(shifts, rows, counts=False)

    # --- rows -----------------------------------------------------------------------------------------------

    def _contract_row(self, values: Mapping[str, Any]) -> Row:
        return {
            "number": values["number"],
            "combination_id": self._there.pairs[values["sold_to"], values["end_user"]],
            "support_owner_id": self._id(values["support_owner"]),
            "care_level": values["care_level"],
            "products": list(values["products"]),
            "starts_at": values["starts"],
            "ends_at": values["ends"],
            "status": values["status"],
        }

    def _contact_row(self, values: Mapping[str, Any]) -> Row:
        return {
            "email": values["email"],
            "first_name": values["first_name"],
            "last_name": values["last_name"],
            "employer_id": self._id(values["employer"]),
            "country": values["country"],
            "phone": values["phone"],
            "language": values["language"],
            "time_zone": values["time_zone"],
            "terms_accepted_at": values["terms_accepted"],
        }

    def _grant_row(self, values: Mapping[str, Any]) -> Row:
        return {
            "contact_id": self._there.ids[Section.CONTACT][values["email"]],
            "combination_id": self._there.pairs[values["sold_to"], values["end_user"]],
            "access": values["access"],
            "approver": values["approver"],
            "approved_by_id": self._id(values["approved_by"]),
            "approved_at": values["approved_on"],
        }

    def _id(self, account: str | None) -> int | None:
        return None if account is None else self._there.accounts[account]

    # --- statements -----------------------------------------------------------------------------------------

    def _add_and_change(
        self,
        table: sa.Table,
        section: Section,
        row: Callable[[Mapping[str, Any]], Row],
        name: sa.Column[Any] | None = None,
    ) -> None:
        """Insert and update a section; with `name`, keep the ids of what is new by that column."""
        changes = self._changes.get(section, [])
        added = [row(change.after) for change in changes if change.before is None]
        ids = self._there.ids[section]
        changed = [
            {"id": ids[change.key[0]]} | _only_changed(change, row(change.after))
            for change in changes
            if change.before is not None
        ]
        if name is None:
            self._insert(table, added)
        else:
            ids |= self._insert_for_ids(table, added, name)
        self._update(table, changed)

    def _insert_for_ids(self, table: sa.Table, rows: Sequence[Row], name: sa.Column[Any]) -> dict[str, int]:
        ids: dict[str, int] = {}
        statement = sa.insert(table).returning(name, table.c.id)
        for batch in _batches(rows):
            ids |= {row[0]: row[1] for row in self._uow.connection.execute(statement, batch)}
            self._tell(len(batch))
        return ids

    def _insert(self, table: sa.Table, rows: Sequence[Row], *, counts: bool = True) -> None:
        for batch in _batches(rows):
            self._uow.connection.execute(sa.insert(table), batch)
            self._tell(len(batch) if counts else 0)

    def _update(
        self, table: sa.Table, rows: Sequence[Row], key: tuple[str, ...] = ("id",), *, counts: bool = True
    ) -> None:
        same = [table.c[name] == sa.bindparam(f"key_{name}") for name in key]
        alike: dict[tuple[str, ...], list[Row]] = {}  # by the columns that they change
        for row in rows:
            alike.setdefault(tuple(row), []).append(row)
        for names, group in alike.items():
            others: Row = {name: sa.bindparam(f"new_{name}") for name in names if name not in key}
            for batch in _batches(group):
                bound = [
                    {f"key_{name}" if name in key else f"new_{name}": value for name, value in row.items()}
                    for row in batch
                ]
                if others:  # of an analyst, nothing but the shifts may change
                    self._uow.connection.execute(sa.update(table).where(*same).values(others), bound)
                self._tell(len(batch) if counts else 0)

    def _tell(self, rows: int) -> None:
        self._done += rows
        self._progress(self._done, self._total)


def _only_changed(change: Change, row: Row, key: tuple[str, ...] = ()) -> Row:
    """Return the columns of a row that change, and those of its key: the others are not ours to write."""
    written = {_COLUMNS.get(name, name) for name in change.fields}
    return {name: value for name, value in row.items() if name in written or name in key}


def _analyst_row(values: Mapping[str, Any]) -> Row:
    return {
        "email": values["email"],
        "name": values["name"],
        "phone": values["phone"],
        "skills": list(values["skills"]),
    }


def _shift_row(values: Mapping[str, Any]) -> Row:
    return {**values, "days": list(values["days"]), "products": list(values["products"])}


def _line(uow: UnitOfWork, by: str, change: Change) -> Row:
    subject, told = change.key[0], change.told(_TOLD_WHEN_ADDED)
    if change.section is Section.GRANT:
        told = f"{change.name.removeprefix(f'{subject} ')}: {told}"
    return {
        "at": uow.now,
        "actor": by,
        "channel": Channel.CONSOLE,
        "act": f"{change.section} {change.act}",
        "subject": subject,
        "detail": told,
    }


def _batches(rows: Sequence[Row]) -> Iterable[list[Row]]:
    for start in range(0, len(rows), _BATCH):
        yield list(rows[start : start + _BATCH])
