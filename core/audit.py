"""The audit trail: who did what to a contact, a PIN, a triage entry. Append-only, and never a secret in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.rules.terms import Channel
from core.store.schema import audit

if TYPE_CHECKING:
    from core.unit_of_work import UnitOfWork


def record(
    uow: UnitOfWork, *, by: str, act: str, subject: str, detail: str = "", channel: Channel = Channel.CONSOLE
) -> None:
    """Write one line, in the transaction of the act that it tells of."""
    line = {"at": uow.now, "actor": by, "channel": channel, "act": act, "subject": subject, "detail": detail}
    uow.connection.execute(sa.insert(audit).values(**line))
