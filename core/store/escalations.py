"""Escalations as rows (C11). A case has at most one that is open; a unique index sees to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from core.rules.terms import EscalationGround, EscalationState
from core.store.schema import escalations

_LONGEST_NAME = 300


def insert(
    connection: sa.Connection, case_id: int, ground: EscalationGround, text: str, by: str, now: datetime
) -> int:
    """Keep a new escalation that is asked for and return its id."""
    row = {"case_id": case_id, "ground": ground, "state": EscalationState.ASKED, "reason": text}
    new = sa.insert(escalations).values(asked_at=now, asked_by=by[:_LONGEST_NAME], **row)
    return int(connection.execute(new.returning(escalations.c.id)).scalar_one())


def open_one(connection: sa.Connection, case_id: int) -> sa.RowMapping | None:
    """Return the open escalation of a case, or None."""
    mine = (escalations.c.case_id == case_id, escalations.c.settled_at.is_(None))
    return connection.execute(sa.select(escalations).where(*mine)).mappings().first()


def settle(
    connection: sa.Connection,
    escalation_id: int,
    state: EscalationState,
    reason: str,
    settled_at: datetime | None,
) -> None:
    """Give the escalation a state with its reason; `settled_at` None leaves it open."""
    row = sa.update(escalations).where(escalations.c.id == escalation_id)
    connection.execute(row.values(state=state, reason=reason, settled_at=settled_at))


def end_with_the_case(connection: sa.Connection, case_id: int, now: datetime) -> None:
    """End the open escalation of a case that is closed."""
    found = open_one(connection, case_id)
    if found is not None:
        settle(connection, found["id"], EscalationState.ENDED, "The case was closed.", now)


def of_case(connection: sa.Connection, case_id: int) -> Sequence[sa.RowMapping]:
    """Return every escalation of a case, oldest first."""
    mine = sa.select(escalations).where(escalations.c.case_id == case_id).order_by(escalations.c.id)
    return connection.execute(mine).mappings().all()
