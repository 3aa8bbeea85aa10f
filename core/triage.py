"""Mail that could not be applied: put aside whole, with a reason, for people to act on (E3, E5, E6).

An entry is `open` until somebody links it to a case (the mail becomes an update there), answers its sender,
or discards it. Nothing is deleted by any of these; every act is in the audit trail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from core import audit, pins
from core.errors import NotFound, Refused
from core.rules.policy import Denied
from core.store import claiming
from core.store.schema import cases, inbox, triage
from core.unit_of_work import UnitOfWork


class EntryState(StrEnum):
    """What became of an entry."""

    OPEN = "open"
    LINKED = "linked"
    DISCARDED = "discarded"
    RETRIED = "retried"  # the mail had failed, and is worked on again


@dataclass(frozen=True)
class Aside:
    """A mail to put aside: why, in a word and in words; and what people will know it by."""

    inbox_id: int
    reason: str
    words: str
    sender: str
    subject: str
    case_id: int | None = None


_LONGEST_SENDER, _LONGEST_SUBJECT, _LONGEST_NAME = 320, 1000, 300


def put_aside(uow: UnitOfWork, aside: Aside) -> int:
    """Put a mail into the queue and return the entry's id."""
    entry = sa.insert(triage).values(
        inbox_id=aside.inbox_id,
        case_id=aside.case_id,
        reason=aside.reason,
        words=pins.masked(uow, aside.words),
        sender=pins.masked(uow, aside.sender)[:_LONGEST_SENDER],
        subject=pins.masked(uow, aside.subject)[:_LONGEST_SUBJECT],
        put_at=uow.now,
        state=EntryState.OPEN,
    )
    return int(uow.connection.execute(entry.returning(triage.c.id)).scalar_one())


def listed(uow: UnitOfWork, *, settled: bool = False, limit: int = 500) -> Sequence[sa.RowMapping]:
    """Return the entries that wait for people (with `settled`, all), oldest first, with `case_number`."""
    entries = sa.select(triage, cases.c.number.label("case_number")).select_from(triage.outerjoin(cases))
    if not settled:
        entries = entries.where(triage.c.state == EntryState.OPEN)
    return uow.connection.execute(entries.order_by(triage.c.id).limit(limit)).mappings().all()


def find(uow: UnitOfWork, entry_id: int) -> sa.RowMapping:
    """Return one entry with its `case_number`. Raises NotFound."""
    entry = sa.select(triage, cases.c.number.label("case_number")).select_from(triage.outerjoin(cases))
    row = uow.connection.execute(entry.where(triage.c.id == entry_id)).mappings().first()
    if row is None:
        raise NotFound("triage entry", entry_id)
    return row


def retry(uow: UnitOfWork, inbox_id: int, *, by: str) -> None:
    """Let a mail that failed too often be worked on again; its entry is settled.

    Raises NotFound, and Refused when people have settled its entry: the mail would have a second effect.
    """
    if not claiming.retry(uow.connection, inbox, inbox_id, uow.now):
        raise NotFound("parked mail", inbox_id)
    waiting = (triage.c.inbox_id == inbox_id, triage.c.state == EntryState.OPEN)
    open_entries = uow.connection.scalars(sa.select(triage.c.id).where(*waiting)).all()
    if not open_entries:
        words = f"Mail {inbox_id} is not tried again: its triage entry was already settled."
        raise Refused(Denied("already-settled", "E3", words))
    for entry_id in open_entries:
        settle(uow, entry_id, EntryState.RETRIED, by=by)


def settle(uow: UnitOfWork, entry_id: int, state: EntryState, *, by: str, detail: str = "") -> None:
    """Take the entry off the list, once. Raises NotFound and Refused when somebody already did."""
    settled = (
        sa.update(triage)
        .where(triage.c.id == entry_id, triage.c.state == EntryState.OPEN)
        .values(state=state, settled_at=uow.now, settled_by=by[:_LONGEST_NAME])
    )
    if uow.connection.execute(settled).rowcount != 1:
        row = find(uow, entry_id)  # as whoever was first left it
        words = f"Triage entry {entry_id} was already {row['state']} by {row['settled_by']}."
        raise Refused(Denied("already-settled", "E3", words))
    audit.record(uow, by=by, act=f"triage {state}", subject=f"triage entry {entry_id}", detail=detail)
