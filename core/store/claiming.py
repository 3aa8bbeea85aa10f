"""Durable work: claim it, finish it, put it back, park it.

The inbox and the outbox are tables of work. Each row goes

    waiting --claim--> working --finish--> done
       ^                  |---put_back--> waiting, later
       |                  `---park------> parked: failed too often, kept for people
       `---- lease ran out: the next claim takes it over

A claim is one statement, safe against a second worker on both databases; it commits the attempt and the
lease before the work begins, so that work which kills its worker is counted too. Whoever finishes must
still hold the lease, in the transaction of the effect: a worker that slept through its lease changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from core.errors import LeaseLost
from core.store.schema import DUE


class State(StrEnum):
    """Where a piece of work stands."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    PARKED = "parked"
    BOUNCED = "bounced"  # it left, and came back as undeliverable
    DROPPED = "dropped"  # no longer wanted: its reason is in `error`


LEASE = timedelta(minutes=5)


def claim(connection: sa.Connection, table: sa.Table, lease: str, now: datetime) -> sa.RowMapping | None:
    """Return the oldest due row, now ours until `now + LEASE`, or None when nothing is due.

    `lease` is a random key that finish(), put_back() and park() ask for again.
    """
    due = (
        sa.select(table.c.id)
        .where(DUE, table.c.due_at <= now)
        .order_by(table.c.due_at, table.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = (
        sa.update(table)
        .where(table.c.id == due.scalar_subquery())
        .values(state=State.WORKING, lease=lease, attempts=table.c.attempts + 1, due_at=now + LEASE)
        .returning(*table.c)
    )
    return connection.execute(taken).mappings().first()


def claim_fresh(
    connection: sa.Connection, table: sa.Table, lease: str, now: datetime, most: int
) -> list[sa.RowMapping]:
    """Return up to so many of the oldest due rows that nobody has claimed before, now ours as by claim().

    What was claimed before may have killed its worker: it is claimed alone, not to take others with it.
    """
    due = (
        sa.select(table.c.id)
        .where(DUE, table.c.due_at <= now, table.c.attempts == 0)
        .order_by(table.c.due_at, table.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")  # a subquery of its own kind could be asked again for each row (PostgreSQL)
    )
    taken = (
        sa.update(table)
        .where(table.c.id.in_(sa.select(due.c.id)))
        .values(state=State.WORKING, lease=lease, attempts=1, due_at=now + LEASE)
        .returning(*table.c)
    )
    return sorted(connection.execute(taken).mappings(), key=lambda row: int(row["id"]))


def hold(connection: sa.Connection, table: sa.Table, rows: Sequence[sa.RowMapping]) -> None:
    """Make sure that all these rows are ours until the transaction ends. Raises LeaseLost."""
    ids, leases = [row["id"] for row in rows], {row["lease"] for row in rows}
    held = sa.select(table.c.id).where(table.c.id.in_(ids), table.c.lease.in_(leases)).order_by(table.c.id)
    if len(connection.execute(held.with_for_update()).all()) != len(ids):
        raise LeaseLost(f"of {table.name} rows {ids} not all are ours any more")


def finish_held(
    connection: sa.Connection, table: sa.Table, outcomes: Mapping[int, Mapping[str, Any]], now: datetime
) -> None:
    """Mark rows that are held done, by their ids, each with what came of it: the same columns for all."""
    done = {"state": State.DONE, "lease": None, "error": None, "finished_at": now}
    finished = [{"row_id": row_id, **done, **outcome} for row_id, outcome in outcomes.items()]
    connection.execute(sa.update(table).where(table.c.id == sa.bindparam("row_id")), finished)


def next_due(connection: sa.Connection, table: sa.Table) -> datetime | None:
    """Return when the next row is due (it may be in the past), or None when nothing waits."""
    due = sa.select(sa.func.min(table.c.due_at)).where(DUE)
    earliest: datetime | None = connection.scalar(due)
    return earliest


def finish(
    connection: sa.Connection, table: sa.Table, row: sa.RowMapping, now: datetime, **outcome: Any
) -> None:
    """Mark the row done, with what came of it. Raises LeaseLost."""
    _release(connection, table, row, state=State.DONE, finished_at=now, error=None, **outcome)


def drop(connection: sa.Connection, table: sa.Table, row: sa.RowMapping, now: datetime, why: str) -> None:
    """Mark the row as no longer wanted. Raises LeaseLost."""
    _release(connection, table, row, state=State.DROPPED, finished_at=now, error=why)


def put_back(
    connection: sa.Connection, table: sa.Table, row: sa.RowMapping, due_at: datetime, error: str
) -> None:
    """Let the row wait until `due_at`. Raises LeaseLost."""
    _release(connection, table, row, state=State.WAITING, due_at=due_at, error=error)


def park(
    connection: sa.Connection, table: sa.Table, row: sa.RowMapping, now: datetime, error: str, **outcome: Any
) -> None:
    """Put the row aside, with its bytes, for people to look at. Raises LeaseLost."""
    _release(connection, table, row, state=State.PARKED, finished_at=now, error=error, **outcome)


def retry(connection: sa.Connection, table: sa.Table, row_id: int, now: datetime) -> bool:
    """Let a parked row be worked on again, from a fresh count. False when no such row is parked."""
    again = (
        sa.update(table)
        .where(table.c.id == row_id, table.c.state == State.PARKED)
        .values(state=State.WAITING, due_at=now, attempts=0, error=None, finished_at=None)
    )
    return connection.execute(again).rowcount == 1


def release_all(connection: sa.Connection, table: sa.Table, now: datetime) -> int:
    """Let everything that is being worked on be claimed again, and return how much that was.

    For the start of the only worker of a database. A worker that lives all the same has lost its lease then.
    """
    left = sa.update(table).where(table.c.state == State.WORKING)
    return connection.execute(left.values(state=State.WAITING, due_at=now, lease=None)).rowcount


def _release(connection: sa.Connection, table: sa.Table, row: sa.RowMapping, **values: Any) -> None:
    held = (
        sa.update(table)
        .where(table.c.id == row["id"], table.c.lease == row["lease"])
        .values(lease=None, **values)
    )
    if connection.execute(held).rowcount != 1:
        raise LeaseLost(f"{table.name} row {row['id']} was taken over by another worker")
