"""What is to be removed, as rows: found, counted, marked as gone (C10).

Finding it costs the same in a database of any size: closed cases have an index of those that still hold something,
and mails are walked in the order in which they came, so many at a time. What a mail holds is never read here.

A transaction that names files and one that discards them exclude each other: on SQLite there is one writer, on
PostgreSQL each of the first takes a share of a lock (`hold_files`), and the second the whole (`hold_off_naming`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.errors import ChangedMeanwhile
from core.store.cases import Case
from core.store.schema import (
    TO_PURGE,
    attachments,
    case_events,
    cases,
    inbox,
    raw_mails,
    recordings,
    triage,
)

_LOOKED_AT = 500  # mails at a time
_FILES_LOCK = 7_301_958  # a number of ours for PostgreSQL's advisory locks


@dataclass(frozen=True)
class Place:
    """Where a walk through the closed cases stands."""

    closed_at: datetime
    case_id: int


@dataclass(frozen=True)
class KeptMail:
    """A mail whose bytes are kept. `size` in bytes."""

    inbox_id: int
    size: int


@dataclass(frozen=True)
class Contents:
    """What a case holds that does not stay."""

    digests: tuple[str, ...]
    sizes: tuple[int, ...]  # of the attachments, in bytes
    recordings: int
    mails: tuple[KeptMail, ...]


@dataclass(frozen=True)
class Looked:
    """What a look at so many mails found. `end` is where the next one begins; None: the rest is too young."""

    mails: tuple[KeptMail, ...]
    end: int | None


# --- cases ----------------------------------------------------------------------------------------------------


def next_case(connection: sa.Connection, closed_by: datetime, after: Place | None) -> Place | None:
    """Return the next case that was closed at that time or before, and still holds what it held."""
    return _place(connection.execute(next_case_query(closed_by, after)).first())


def next_case_query(closed_by: datetime, after: Place | None) -> sa.Select[tuple[datetime, int]]:
    """Return the query of next_case: the test asks the database how it would go about it."""
    order = cases.c.closed_at, cases.c.id
    found = sa.select(*order).where(TO_PURGE, cases.c.closed_at <= closed_by)
    if after is not None:
        found = found.where(
            cases.c.closed_at >= after.closed_at, sa.tuple_(*order) > (after.closed_at, after.case_id)
        )
    return found.order_by(*order).limit(1)


def _place(row: sa.Row[tuple[datetime, int]] | None) -> Place | None:
    return Place(row.closed_at, row.id) if row else None


def contents(connection: sa.Connection, case_id: int, by: datetime) -> Contents:
    """Return what the case holds now; not its mails that people settled after the time `by`."""
    files = sa.select(attachments.c.digest, attachments.c.size).where(*_held_files(case_id))
    rows = connection.execute(files.order_by(attachments.c.id)).all()
    spoken = sa.select(sa.func.count()).select_from(recordings).where(*_held(recordings, case_id))
    return Contents(
        digests=tuple(dict.fromkeys(row.digest for row in rows if row.digest)),
        sizes=tuple(row.size for row in rows),
        recordings=connection.scalar(spoken) or 0,
        mails=_mails(connection, by, inbox.c.case_id == case_id, inbox.c.finished_at.is_not(None)),
    )


def mark_removed(connection: sa.Connection, case_id: int, now: datetime) -> None:
    """Note of the attachments and recordings of a case that they are gone.

    The provider's id of a recording stays, to delete it there.
    """
    files = sa.update(attachments).where(*_held_files(case_id)).values(purged_at=now, digest="")
    spoken = sa.update(recordings).where(*_held(recordings, case_id)).values(purged_at=now, url="")
    for held in (files, spoken):
        connection.execute(held)


def mark_purged(connection: sa.Connection, before: Case, now: datetime) -> None:
    """Note that a case which held nothing was looked at, without an event. Raises ChangedMeanwhile."""
    unchanged = (cases.c.id == before.id, cases.c.version == before.version, cases.c.purged_at.is_(None))
    marked = sa.update(cases).where(*unchanged).values(purged_at=now)
    if connection.execute(marked).rowcount != 1:
        raise ChangedMeanwhile(f"case {before.number} was changed by somebody else")


def _held_files(case_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Say which files a case holds; of one that was refused there is nothing to remove."""
    return *_held(attachments, case_id), attachments.c.refused == ""


def _held(table: sa.Table, case_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    told = sa.select(case_events.c.id).where(case_events.c.case_id == case_id)
    return table.c.event_id.in_(told), table.c.purged_at.is_(None)


# --- mails ----------------------------------------------------------------------------------------------------


def settled_mails(connection: sa.Connection, by: datetime, begin: int) -> Looked:
    """Look at the next mails from the id `begin` on; return those whose time is over.

    They were settled at the time `by` or before, and their case, if they have one, was closed by then and is
    purged; the mails of one that is still to be purged go with it.
    """
    kept = sa.select(raw_mails.c.inbox_id).where(raw_mails.c.inbox_id >= begin)
    ids = connection.scalars(kept.order_by(raw_mails.c.inbox_id).limit(_LOOKED_AT)).all()
    if not ids:
        return Looked((), None)
    these = inbox.c.id.between(ids[0], ids[-1])
    # They came in this order, and what has come too late cannot have been settled in time.
    old = sa.select(inbox.c.id).where(these, inbox.c.received_at <= by).limit(1)
    if connection.scalar(old) is None:
        return Looked((), None)
    is_purged = sa.and_(cases.c.closed_at <= by, cases.c.purged_at.is_not(None))
    is_over = sa.or_(inbox.c.case_id.is_(None), is_purged)
    return Looked(_mails(connection, by, these, inbox.c.finished_at <= by, is_over), ids[-1] + 1)


def first_mail_at(connection: sa.Connection) -> datetime | None:
    """Return when the first mail came, or None when none did."""
    first: datetime | None = connection.scalar(sa.select(inbox.c.received_at).order_by(inbox.c.id).limit(1))
    return first


def remove_bytes(connection: sa.Connection, mails: Sequence[KeptMail]) -> None:
    """Remove what these mails hold; their rows, with what became of them, stay."""
    ids = [mail.inbox_id for mail in mails]
    connection.execute(sa.delete(raw_mails).where(raw_mails.c.inbox_id.in_(ids)))


def _mails(
    connection: sa.Connection, by: datetime, *conditions: sa.ColumnElement[bool]
) -> tuple[KeptMail, ...]:
    """Return the mails with bytes that fulfil the conditions, and that no person in triage had to do with since."""
    unsettled = sa.or_(triage.c.settled_at.is_(None), triage.c.settled_at > by)
    waiting = sa.exists().where(triage.c.inbox_id == inbox.c.id, unsettled)
    joined = inbox.join(raw_mails, raw_mails.c.inbox_id == inbox.c.id)
    found = (
        sa.select(inbox.c.id, sa.func.length(raw_mails.c.raw).label("size"))
        .select_from(joined.outerjoin(cases, cases.c.id == inbox.c.case_id))
        .where(*conditions, ~waiting)
        .order_by(inbox.c.id)
    )
    return tuple(KeptMail(row.id, row.size) for row in connection.execute(found))


# --- recordings and files that are of no case ---------------------------------------------------------------------


def recordings_of_no_case(connection: sa.Connection, by: datetime) -> int:
    """Return how many recordings, made at the time `by` or before, became part of no case."""
    return connection.scalar(sa.select(sa.func.count()).select_from(recordings).where(*_strays(by))) or 0


def mark_recordings_of_no_case(connection: sa.Connection, by: datetime, now: datetime) -> int:
    """Note of the same that they are gone; return how many."""
    marked = sa.update(recordings).where(*_strays(by)).values(purged_at=now, url="")
    return connection.execute(marked).rowcount


def _strays(by: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return recordings.c.event_id.is_(None), recordings.c.purged_at.is_(None), recordings.c.recorded_at <= by


def hold_files(connection: sa.Connection) -> None:
    """Let no file be discarded until this transaction, which is about to name some, has ended."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_FILES_LOCK)))


def hold_off_naming(connection: sa.Connection) -> None:
    """Wait until everybody who is about to name files has done so, and let nobody begin before this has ended."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_FILES_LOCK)))


def named_digests(connection: sa.Connection, beginning: str) -> frozenset[str]:
    """Return the digests with this beginning (it may be a whole one) that attachments name."""
    digest = attachments.c.digest
    # A letter behind the hexadecimal digits: every longer digest comes before it.
    these = sa.select(digest).where(digest >= beginning, digest < beginning + "g")
    return frozenset(connection.scalars(these.where(attachments.c.purged_at.is_(None)).distinct()))
