"""How often a PIN was not right: counted in the database, in the transaction of the attempt, atomically.

    scope     key            counts                              and then
    contact   contact id     since the last right or new PIN     every fifth locks: 15 minutes, doubled up to a day;
                                                                 the audit trail says so
    locked    contact id     what was tried during a lock        nothing: a lock is not made longer by it
    number    who called     until a day passes without one      its answers come later (`delay_for`)
    system    "all"          this hour of the clock              the log has `pin.alarm`, once an hour

What a contact's PIN failed never lapses by itself: whoever waited would be given fresh tries, five of them
and short locks again. Its owner ends it by one right PIN, or by being given a new one. The number's does
lapse, because all callers who withhold their number share one.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from core import audit
from core.rules.terms import Channel
from core.store.schema import contacts, pin_failures

if TYPE_CHECKING:
    from core.unit_of_work import UnitOfWork

log = structlog.get_logger()

FAILURES_TO_LOCK = 5
MOST_FAILURES_AN_HOUR = 100  # of all contacts together, before the alarm
LONGEST_DELAY = 8  # seconds; a caller who waits longer thinks that the line is dead
_FAILURES_WITHOUT_DELAY = 2
_FIRST_LOCK, _LONGEST_LOCK = timedelta(minutes=15), timedelta(hours=24)
_NUMBER_IS_FORGOTTEN_AFTER = timedelta(hours=24)


def is_locked(uow: UnitOfWork, contact_id: int) -> bool:
    """Say whether the contact's PIN is locked now."""
    return locked_until(uow, contact_id) is not None


def locked_until(uow: UnitOfWork, contact_id: int) -> datetime | None:
    """Return until when the contact's PIN is locked, or None when it is not locked now."""
    until: datetime | None = uow.connection.scalar(
        sa.select(pin_failures.c.locked_until).where(*_row("contact", str(contact_id)))
    )
    return until if until is not None and uow.now < until else None


def forget(uow: UnitOfWork, contact_id: int) -> None:
    """Begin to count from nothing again, for the contact."""
    uow.connection.execute(sa.delete(pin_failures).where(*_row("contact", str(contact_id))))


def count(
    uow: UnitOfWork, contact_id: int, calling_number: str, *, during_lock: bool, can_lock: bool
) -> None:
    """Count one failure everywhere. The rows are always taken in this order, so no two attempts deadlock."""
    failures, locks = _add(uow, "locked" if during_lock else "contact", str(contact_id), since=None)
    if can_lock and not during_lock and failures % FAILURES_TO_LOCK == 0:
        _lock(uow, contact_id, locks)
    _add(uow, "number", calling_number, since=uow.now - _NUMBER_IS_FORGOTTEN_AFTER)
    # The one row that every failure meets comes last, right before the commit; a right PIN never needs it.
    of_all, _locks = _add(uow, "system", "all", since=_this_hour(uow.now))
    if of_all == MOST_FAILURES_AN_HOUR + 1:
        with suppress(Exception):  # a log that cannot be written lets nobody in, and keeps nobody out
            log.warning("pin.alarm", failures=of_all, since=_this_hour(uow.now).isoformat())


def delay_for(failures: int) -> int:
    """Return how many seconds a number that failed so often waits for each answer: 0, 0, 0, 1, 2, 4, 8, 8 …"""
    beyond = min(failures - _FAILURES_WITHOUT_DELAY, 10)
    return min(2 ** (beyond - 1), LONGEST_DELAY) if beyond > 0 else 0


def delay_of_number(uow: UnitOfWork, calling_number: str) -> int:
    """Return how many seconds the answer to this number waits now; right or wrong, so that it tells nothing."""
    recent = pin_failures.c.last_at >= uow.now - _NUMBER_IS_FORGOTTEN_AFTER
    mine = sa.select(pin_failures.c.failures).where(*_row("number", calling_number), recent)
    return delay_for(uow.connection.scalar(mine) or 0)


def counted(uow: UnitOfWork) -> dict[str, int]:
    """Return the failures by scope, for whoever watches; those of the system are of this hour."""
    counts = pin_failures.c.scope != "system", pin_failures.c.last_at >= _this_hour(uow.now)
    grouped = sa.select(pin_failures.c.scope, sa.func.sum(pin_failures.c.failures)).where(sa.or_(*counts))
    found = {
        scope: int(sum_) for scope, sum_ in uow.connection.execute(grouped.group_by(pin_failures.c.scope))
    }
    return dict.fromkeys(("contact", "locked", "number", "system"), 0) | found


def _row(scope: str, key: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return pin_failures.c.scope == scope, pin_failures.c.key == key


def _add(uow: UnitOfWork, scope: str, key: str, *, since: datetime | None) -> tuple[int, int]:
    """Add one failure, forgetting those from before `since`; return how many there are, and how many locks."""
    insert = sqlite.insert if uow.connection.dialect.name == "sqlite" else postgresql.insert
    one_more: sa.ColumnElement[int] = pin_failures.c.failures + 1
    if since is not None:
        one_more = sa.case((pin_failures.c.last_at < since, 1), else_=one_more)
    first = insert(pin_failures).values(scope=scope, key=key, failures=1, locks=0, last_at=uow.now)
    added = first.on_conflict_do_update(
        index_elements=["scope", "key"], set_={"failures": one_more, "last_at": uow.now}
    )
    failures, locks = uow.connection.execute(
        added.returning(pin_failures.c.failures, pin_failures.c.locks)
    ).one()
    return failures, locks


def _lock(uow: UnitOfWork, contact_id: int, times_locked: int) -> None:
    doubled: timedelta = _FIRST_LOCK * 2 ** min(times_locked, 10)
    until = uow.now + min(doubled, _LONGEST_LOCK)
    lock = {"locks": times_locked + 1, "locked_until": until}
    uow.connection.execute(sa.update(pin_failures).where(*_row("contact", str(contact_id))).values(**lock))
    email = uow.connection.scalar(sa.select(contacts.c.email).where(contacts.c.id == contact_id)) or ""
    told = f"until {until:%Y-%m-%d %H:%M} UTC"
    audit.record(uow, by=audit.GATEWAY, act="PIN locked", subject=email, detail=told, channel=Channel.TIMER)


def _this_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)
