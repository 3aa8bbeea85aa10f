"""The audit trail: who did what to a contact, a PIN, a triage entry. Append-only, and never a secret in it.

What was done to a case is in its events; `of_case` reads both as one stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.errors import NotFound
from core.rules.terms import Channel, EventKind
from core.store.schema import audit, case_events, cases, escalations, triage

if TYPE_CHECKING:
    from core.unit_of_work import UnitOfWork

# What an event set, in the words that core.cases writes of it; what a person wrote stands behind them, or in quotes.
_SET_BY: Mapping[str, re.Pattern[str]] = {
    EventKind.PRIORITY_CHANGED: re.compile(
        r"\A(?:Priority changed from \S+ to|The priority is) ([1-4]-[A-Z][a-z]+)"
    ),
    EventKind.ASSIGNED: re.compile(r"\AAssigned (to \S+)\.\Z"),
    EventKind.FIELDS_CHANGED: re.compile(r"^([a-z ]+):", re.MULTILINE),
    EventKind.PURGED: re.compile(r": (.+)\. The history stays\."),
}
GATEWAY = "gateway"  # who acts where nobody asked for it
_LONGEST_NAME = 300  # of who acts, and of whom or what


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
    line = {"at": uow.now, "actor": by[:_LONGEST_NAME], "channel": channel, "act": act, "detail": detail}
    line["subject"] = subject[:_LONGEST_NAME]
    uow.connection.execute(sa.insert(audit).values(**line))


def listed(uow: UnitOfWork, subject: str | None = None, *, limit: int = 200) -> list[Line]:
    """Return the newest lines, of one subject or of all, newest first."""
    return _lines(uow, [] if subject is None else [audit.c.subject == subject], limit)


def of_case(uow: UnitOfWork, number: str, *, limit: int = 200) -> list[Line]:
    """Return what was done to a case, and to the triage entries that name it, newest first. Raises NotFound.

    Of an event who, what, when and over which channel, and in short what was set; what people wrote in it is the
    case's own to show.
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
    # Of the text only what we wrote ourselves: that of a mail may have megabytes.
    ours = sa.case((case_events.c.kind.in_(_SET_BY), case_events.c.text), else_="").label("ours")
    names = ("at", "actor", "channel", "kind", "status", "sub_status")
    told = sa.select(*(case_events.c[name] for name in names), ours, escalations.c.ground).select_from(
        case_events.outerjoin(escalations, escalations.c.id == case_events.c.escalation_id)
    )
    newest = told.where(case_events.c.case_id == case_id).order_by(case_events.c.version.desc()).limit(limit)
    return [
        Line(row.at, row.actor, row.channel, row.kind, number, _detail(row))
        for row in uow.connection.execute(newest)
    ]


def _detail(event: Any) -> str:
    """Return where the case stood after the event, and what it set: never a person's words."""
    pattern = _SET_BY.get(event.kind)
    found = pattern.findall(event.ours) if pattern else []
    return ", ".join([f"{event.status} / {event.sub_status}", *found, *filter(None, [event.ground])])
