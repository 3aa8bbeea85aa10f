"""Mail that was decided and has not yet left.

A row says who is told what about which event; the text is composed when it leaves. It is written in the
transaction of the event, once for each (event, notice, recipient), with the Message-ID that every attempt
to send it will carry (I9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.rules.notices import NoticeKind
from core.rules.terms import BounceKind
from core.store.claiming import State
from core.store.schema import case_events, outbox

_WRITE = sa.insert(outbox).returning(outbox.c.id)  # made once: building it costs as much as running it


@dataclass(frozen=True)
class OutgoingNotice:
    """One notice for one person. `message_id` has its angle brackets; `words` are a person's, for this one mail."""

    notice: NoticeKind
    recipient: str
    message_id: str
    bounce_key: str
    case_id: int | None = None
    event_id: int | None = None
    inbox_id: int | None = None
    call_key: str | None = None
    words: str | None = None


def write(connection: sa.Connection, notice: OutgoingNotice, now: datetime) -> int:
    """Put the notice into the outbox and return its id."""
    row = {"state": State.WAITING, "due_at": now, "attempts": 0, "written_at": now, **vars(notice)}
    return int(connection.execute(_WRITE, row).scalar_one())


@dataclass(frozen=True)
class Leaving:
    """How far a notice has come, and when it was settled."""

    state: State
    settled_at: datetime | None


def of_last_event(connection: sa.Connection, case_id: int, event_kind: str) -> list[Leaving]:
    """Return the notices of the case's latest event of this kind; empty when there is none."""
    latest = (
        sa.select(sa.func.max(case_events.c.id))
        .where(case_events.c.case_id == case_id, case_events.c.kind == event_kind)
        .scalar_subquery()
    )
    rows = connection.execute(
        sa.select(outbox.c.state, outbox.c.finished_at).where(outbox.c.event_id == latest)
    )
    return [Leaving(State(state), settled_at) for state, settled_at in rows]


def kinds_sent_to(connection: sa.Connection, recipient: str, since: datetime) -> list[str]:
    """Return the kind of each notice to this address that was written since then."""
    to_them = sa.select(outbox.c.notice).where(outbox.c.recipient == recipient, outbox.c.written_at > since)
    return list(connection.scalars(to_them))


def listed(connection: sa.Connection, limit: int) -> Sequence[sa.RowMapping]:
    """Return the newest notices, newest first."""
    return connection.execute(sa.select(outbox).order_by(outbox.c.id.desc()).limit(limit)).mappings().all()


def find(connection: sa.Connection, outbox_id: int) -> sa.RowMapping | None:
    """Return one notice, or None."""
    return connection.execute(sa.select(outbox).where(outbox.c.id == outbox_id)).mappings().first()


def answer_to(connection: sa.Connection, inbox_id: int, notice: NoticeKind) -> sa.RowMapping | None:
    """Return the newest notice of this kind that answers this mail, or None."""
    answering = sa.select(outbox).where(outbox.c.inbox_id == inbox_id, outbox.c.notice == notice)
    newest = answering.order_by(outbox.c.id.desc()).limit(1)
    return connection.execute(newest).mappings().first()


def stop(connection: sa.Connection, outbox_id: int, now: datetime, why: str) -> bool:
    """Let a notice that nobody has begun to send not leave. False when it may have left."""
    untried = (outbox.c.id == outbox_id, outbox.c.state == State.WAITING, outbox.c.attempts == 0)
    stopped = sa.update(outbox).where(*untried)
    values = {"state": State.DROPPED, "finished_at": now, "error": why}
    return connection.execute(stopped.values(values)).rowcount == 1


def by_bounce_key(connection: sa.Connection, bounce_key: str) -> sa.RowMapping | None:
    """Return the notice whose envelope sender carried this key, or None (E7)."""
    return connection.execute(sa.select(outbox).where(outbox.c.bounce_key == bounce_key)).mappings().first()


def by_message_id(connection: sa.Connection, message_id: str) -> sa.RowMapping | None:
    """Return the notice with this Message-ID, in its angle brackets, or None (E7)."""
    return connection.execute(sa.select(outbox).where(outbox.c.message_id == message_id)).mappings().first()


@dataclass(frozen=True)
class BounceMark:
    """What is noted on a notice that came back: the status as RFC 3463 has it, empty where none was given."""

    kind: BounceKind
    status: str
    words: str


def mark_bounced(connection: sa.Connection, outbox_id: int, mark: BounceMark, now: datetime) -> bool:
    """Note on a notice that it came back as undeliverable (E7). False when that was noted before.

    A worker that has sent it and not yet marked it as sent has lost its lease by this, so the mark stays.
    """
    sent = sa.update(outbox).where(outbox.c.id == outbox_id, outbox.c.state != State.BOUNCED)
    noted = sent.values(
        state=State.BOUNCED,
        lease=None,
        bounced_at=now,
        bounce=mark.kind,
        bounce_status=mark.status or None,
        bounce_words=mark.words,
    )
    return connection.execute(noted).rowcount == 1


def sent_to(connection: sa.Connection, address: str, since: datetime, limit: int) -> list[sa.RowMapping]:
    """Return the mails to an address that have left or come back, of those written since; newest first."""
    settled = outbox.c.state.in_((State.DONE, State.BOUNCED))
    rows = sa.select(outbox).where(outbox.c.recipient == address, outbox.c.written_at >= since, settled)
    newest_first = rows.order_by(outbox.c.written_at.desc(), outbox.c.id.desc()).limit(limit)
    return list(connection.execute(newest_first).mappings())


def often_back(connection: sa.Connection, since: datetime, times: int) -> list[str]:
    """Return the addresses to which so many mails, of those written since, came back for good."""
    back = sa.select(outbox.c.recipient).where(
        outbox.c.written_at >= since, outbox.c.bounce == BounceKind.HARD
    )
    often = back.group_by(outbox.c.recipient).having(sa.func.count() >= times).order_by(outbox.c.recipient)
    return list(connection.scalars(often))
