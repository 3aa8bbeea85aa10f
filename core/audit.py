"""The audit trail: who did what to a contact, a PIN, a triage entry. Append-only, and never a secret in it.

What was done to a case is in its events; `of_case` reads both as one stream.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.errors import NotFound
from core.rules.terms import Channel
from core.store.schema import audit, case_events, cases, triage

if TYPE_CHECKING:
    from core.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Line:
    """Who did what, to whom or what, when, over which channel."""

    at: datetime
    actor: str
    channel: str
    act: str
    subject: str
    detail: str = ""


def record(
    uow: UnitOfWork, *, by: str, act: str, subject: str, detail: str = "", channel: Channel = Channel.CONSOLE
) -> None:
    """Write one line, in the transaction of the act that it tells of."""
    line = {"at": uow.now, "actor": by, "channel": channel, "act": act, "subject": subject, "detail": detail}
    uow.connection.execute(sa.insert(audit).values(**line))


def listed(uow: UnitOfWork, subject: str | None = None, *, limit: int = 200) -> list[Line]:
    """Return the newest lines, of one subject or of all, newest first."""
    return _lines(uow, [] if subject is None else [audit.c.subject == subject], limit)


def of_case(uow: UnitOfWork, number: str, *, limit: int = 200) -> list[Line]:
    """Return what was done to a case, and to the triage entries that name it, newest first. Raises NotFound.

    Of an event who, what, when and over which channel; its text is the case's own to show.
    """
    case_id = uow.connection.scalar(sa.select(cases.c.id).where(cases.c.number == number))
    if case_id is None:
        raise NotFound("case", number)
    entries = uow.connection.scalars(sa.select(triage.c.id).where(triage.c.case_id == case_id))
    subjects = [number, *(f"triage entry {entry}" for entry in entries)]
    lines = [*_events(uow, case_id, number, limit), *_lines(uow, [audit.c.subject.in_(subjects)], limit)]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:limit]


def _lines(uow: UnitOfWork, which: Iterable[sa.ColumnElement[bool]], limit: int) -> list[Line]:
    columns = [audit.c[name] for name in ("at", "actor", "channel", "act", "subject", "detail")]
    newest = sa.select(*columns).where(*which).order_by(audit.c.id.desc()).limit(limit)
    return [Line(*row) for row in uow.connection.execute(newest)]


def _events(uow: UnitOfWork, case_id: int, number: str, limit: int) -> list[Line]:
    columns = [case_events.c[name] for name in ("at", "actor", "channel", "kind")]
    mine = sa.select(*columns).where(case_events.c.case_id == case_id)
    newest = mine.order_by(case_events.c.version.desc()).limit(limit)
    return [Line(row.at, row.actor, row.channel, row.kind, number) for row in uow.connection.execute(newest)]
