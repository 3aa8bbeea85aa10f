"""Mail that could not be applied: put aside whole, with a reason, for people to act on (E3, E5, E6).

An entry is `open` until somebody links it to a case (the mail becomes an update there), answers its sender,
or discards it; core.undoing opens it again, and takes what was linked out of its case. Nothing is deleted by any of
these. Every act is in the audit trail, with the number of the case; one that is refused is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from core import audit, pins
from core.errors import ChangedMeanwhile, NotFound, Refused
from core.rules.policy import Denied
from core.store import claiming
from core.store.schema import IS_OPEN_ENTRY, case_events, cases, inbox, triage
from core.unit_of_work import UnitOfWork


class EntryState(StrEnum):
    """What became of an entry."""

    OPEN = "open"
    LINKED = "linked"
    DISCARDED = "discarded"
    ANSWERED = "answered"
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


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for; None: whatever it is. `sender`: an address, or `@` and a domain, in any case."""

    reason: str | None = None
    case_number: str | None = None
    sender: str | None = None


EVERY = Wanted()


def listed(
    uow: UnitOfWork, wanted: Wanted = EVERY, *, settled: bool = False, limit: int = 500
) -> Sequence[sa.RowMapping]:
    """Return the entries that wait for people, oldest first; with `settled` all, newest first. As find() does."""
    return uow.connection.execute(listing(wanted, settled=settled, limit=limit)).mappings().all()


def listing(wanted: Wanted, *, settled: bool, limit: int) -> sa.Select[Any]:
    """Return the query of listed: the test asks the database how it would go about it."""
    entries = _ENTRIES.where(*_conditions(wanted))
    if settled:
        return entries.order_by(triage.c.id.desc()).limit(limit)
    return entries.where(IS_OPEN_ENTRY).order_by(triage.c.id).limit(limit)


def _conditions(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.reason is not None:
        yield triage.c.reason == wanted.reason
    if wanted.case_number is not None:
        named = sa.select(cases.c.id).where(cases.c.number == wanted.case_number)
        yield triage.c.case_id == named.scalar_subquery()
    if wanted.sender is not None:
        sender, asked = sa.func.lower(triage.c.sender), wanted.sender.strip().lower()
        yield sender.endswith(asked, autoescape=True) if asked.startswith("@") else sender == asked


_LINKED_TO = cases.alias("linked_to")
_ENTRIES = sa.select(
    triage, cases.c.number.label("case_number"), _LINKED_TO.c.number.label("linked_to")
).select_from(
    triage.outerjoin(cases, cases.c.id == triage.c.case_id)
    .outerjoin(case_events, case_events.c.id == triage.c.event_id)
    .outerjoin(_LINKED_TO, _LINKED_TO.c.id == case_events.c.case_id)
)


def find(uow: UnitOfWork, entry_id: int) -> sa.RowMapping:
    """Return one entry with `case_number`, the case that it names, and `linked_to`. Raises NotFound."""
    row = uow.connection.execute(_ENTRIES.where(triage.c.id == entry_id)).mappings().first()
    if row is None:
        raise NotFound("triage entry", entry_id)
    return row


def retry(uow: UnitOfWork, inbox_id: int, *, by: str) -> None:
    """Let a mail that failed too often be worked on again; its entry is settled.

    Raises NotFound, and Refused when people have settled its entry: the mail would have a second effect.
    """
    waiting = (triage.c.inbox_id == inbox_id, triage.c.state == EntryState.OPEN)
    open_entries = uow.connection.scalars(sa.select(triage.c.id).where(*waiting)).all()
    # The entry before the mail, as linking does: who comes second waits, and neither waits for the other.
    for entry_id in open_entries:
        settle(uow, entry_id, EntryState.RETRIED, by=by)
    if not claiming.retry(uow.connection, inbox, inbox_id, uow.now):
        raise NotFound("parked mail", inbox_id)
    if not open_entries:
        words = f"Mail {inbox_id} is not tried again: its triage entry was already settled."
        raise Refused(Denied("already-settled", "E3", words))


def settle(uow: UnitOfWork, entry_id: int, state: EntryState, *, by: str, detail: str = "") -> None:
    """Take the entry off the list, once. Raises NotFound and Refused when somebody already did."""
    settled = (
        sa.update(triage)
        .where(triage.c.id == entry_id, triage.c.state == EntryState.OPEN)
        .values(state=state, settled_at=uow.now, settled_by=by[:_LONGEST_NAME])
    )
    is_first = uow.connection.execute(settled).rowcount == 1
    row = find(uow, entry_id)
    if not is_first:
        words = f"Triage entry {entry_id} was already {row['state']} by {row['settled_by']}."
        raise Refused(Denied("already-settled", "E3", words))
    named = f"case {row['case_number']}" if row["case_number"] else ""
    audit.record(uow, by=by, act=f"triage {state}", subject=subject_of(entry_id), detail=detail or named)


def remember(uow: UnitOfWork, entry_id: int, event_id: int) -> None:
    """Note which update the linking of an entry made, so that it can be undone."""
    uow.connection.execute(sa.update(triage).where(triage.c.id == entry_id).values(event_id=event_id))


def put_back(uow: UnitOfWork, entry: sa.RowMapping) -> None:
    """Put a settled entry on the list again, as it was read. Raises ChangedMeanwhile when it is not so any more."""
    as_read = [triage.c[name] == entry[name] for name in ("id", "state", "settled_at")]
    opened = sa.update(triage).where(*as_read)
    values = {"state": EntryState.OPEN, "settled_at": None, "settled_by": None, "event_id": None}
    if uow.connection.execute(opened.values(values)).rowcount != 1:
        raise ChangedMeanwhile(f"triage entry {entry['id']} was changed by somebody else")


def subject_of(entry_id: int) -> str:
    """Return what the audit trail calls an entry."""
    return f"triage entry {entry_id}"
