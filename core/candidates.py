"""Looks up the cases that a mail of triage may belong to; what makes one so is in core.rules.candidates.

The work is bounded, whatever the mail says and among however many cases: a few numbers and Reference IDs by their
indexes, and the cases of the sender and of the sender's colleagues, the last updated of them. Subjects have no
index, so no other cases are looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from core import directory, telling
from core.errors import NotFound
from core.rules.candidates import Candidate, Ground, Hints, has_subject, ranked, strongest_first
from core.rules.terms import Status
from core.store import cases as rows
from core.store.schema import cases, grants
from core.unit_of_work import UnitOfWork

MOST_CANDIDATES = 10
_MOST_CASES = 200  # of the sender, and of the sender's colleagues
_MOST_COLLEAGUES = 100


def candidates(
    uow: UnitOfWork, hints: Hints, sender: str | None, named: Iterable[int] = (), most: int = MOST_CANDIDATES
) -> list[Candidate]:
    """Return the cases that the mail may belong to, the strongest ground first.

    `sender` is the one clear address of its From, None where there is none; `named` are the ids of the cases
    whose Reference IDs it carries.
    """
    grounds: dict[int, set[Ground]] = defaultdict(set)
    for case_id, ground in (*((one, Ground.NAMED) for one in named), *_grounds(uow, hints, sender)):
        grounds[case_id].add(ground)
    found = rows.listed(uow.connection, cases.c.id.in_(grounds), limit=len(grounds))
    return ranked((_candidate(row, grounds[row["id"]]) for row in found), most)


def _grounds(uow: UnitOfWork, hints: Hints, sender: str | None) -> Iterator[tuple[int, Ground]]:
    yield from _by_reference(uow, hints.attached)
    yield from _by_number(uow, hints.numbers_in_subject, Ground.NUMBER_IN_SUBJECT)
    yield from _by_number(uow, hints.numbers_in_text, Ground.NUMBER_IN_TEXT)
    try:
        contact_id = directory.contact_by_email(uow, sender or "").id
    except NotFound:
        return
    yield from _of_sender(uow, contact_id, hints.subject)
    yield from _of_colleagues(uow, contact_id, hints.subject)


def _by_reference(uow: UnitOfWork, tokens: Iterable[str]) -> Iterator[tuple[int, Ground]]:
    for token in tokens:
        case_id = telling.case_of_reference(uow.connection, token)
        if case_id is not None:
            yield case_id, Ground.ATTACHED


def _by_number(uow: UnitOfWork, numbers: Iterable[str], ground: Ground) -> Iterator[tuple[int, Ground]]:
    known = sa.select(cases.c.id).where(cases.c.number.in_(list(numbers)))
    for case_id in uow.connection.scalars(known):
        yield case_id, ground


def _of_sender(uow: UnitOfWork, contact_id: int, subject: str) -> Iterator[tuple[int, Ground]]:
    for row in uow.connection.execute(of_contacts([contact_id])):
        if has_subject(subject, row.subject):
            yield row.id, Ground.SUBJECT_OF_SENDER
        if row.status != Status.CLOSED:
            yield row.id, Ground.SENDER


def _of_colleagues(uow: UnitOfWork, contact_id: int, subject: str) -> Iterator[tuple[int, Ground]]:
    mine = sa.select(grants.c.combination_id).where(grants.c.contact_id == contact_id)
    theirs = sa.select(grants.c.contact_id).where(
        grants.c.combination_id.in_(mine), grants.c.contact_id != contact_id
    )
    colleagues = list(uow.connection.scalars(theirs.distinct().limit(_MOST_COLLEAGUES)))
    for row in uow.connection.execute(of_contacts(colleagues)):
        if row.status != Status.CLOSED and has_subject(subject, row.subject):
            yield row.id, Ground.SUBJECT_OF_COMPANY


def of_contacts(contact_ids: list[int]) -> sa.Select[int, str, str]:
    """Return the query of the last updated cases of these contacts.

    In an order that no index has, so that no planner walks through all cases in it.
    """
    theirs = sa.select(cases.c.id, cases.c.subject, cases.c.status).where(cases.c.contact_id.in_(contact_ids))
    return theirs.order_by(cases.c.updated_at.desc()).limit(_MOST_CASES)


def _candidate(row: sa.RowMapping, grounds: set[Ground]) -> Candidate:
    company = directory.Combination(row["combination_id"], row["sold_to"], row["end_user"])
    return Candidate(
        number=row["number"],
        subject=row["subject"],
        status=row["status"],
        sub_status=row["sub_status"],
        company=company.name,
        contact=row["contact_email"],
        is_closed=row["status"] == Status.CLOSED,
        updated_at=row["updated_at"],
        grounds=strongest_first(grounds),
    )
