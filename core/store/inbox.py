"""Mail that was accepted and is not yet decided, and for ever what became of it (I1).

`accept` is all that stands between DATA and `250`: one row with the bytes, the envelope and the time.
A worker claims the row (core.store.claiming) and settles it in the transaction of the mail's effect.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.store.claiming import State
from core.store.schema import inbox

_KEEP = sa.insert(inbox).returning(inbox.c.id)  # made once: building it costs as much as running it

_NEARBY = 100  # mails: how far apart two deliveries of one mail are looked for


@dataclass(frozen=True)
class ReceivedMail:
    """A mail as it came. `envelope_sender` is empty for the null sender; `peer` is the sending host."""

    envelope_sender: str
    recipients: tuple[str, ...]
    peer: str
    raw: bytes

    @property
    def fingerprint(self) -> str:
        """The same for the same envelope and bytes, and for nothing else (I2)."""
        envelope = json.dumps([self.envelope_sender, sorted(self.recipients)])
        return hashlib.sha256(envelope.encode() + b"\0" + self.raw).hexdigest()


def accept(connection: sa.Connection, mail: ReceivedMail, now: datetime) -> int:
    """Keep the mail and return its inbox id. Only once this is committed may the sender be told 250."""
    row = {
        "state": State.WAITING,
        "due_at": now,
        "attempts": 0,
        "received_at": now,
        "envelope_sender": mail.envelope_sender,
        "recipients": list(mail.recipients),
        "peer": mail.peer,
        "fingerprint": mail.fingerprint,
        "raw": mail.raw,
    }
    return int(connection.execute(_KEEP, row).scalar_one())


def is_repeat(connection: sa.Connection, row: sa.RowMapping) -> bool:
    """Say whether the very same mail already had its outcome in another row (I2).

    Two workers on two such rows both read False; the unique column `effect_of` then lets one of them commit.
    """
    settled = sa.select(inbox.c.id).where(inbox.c.effect_of == row["fingerprint"], inbox.c.id != row["id"])
    return connection.execute(settled).first() is not None


def is_applied_already(connection: sa.Connection, row: sa.RowMapping, case_ids: Sequence[int]) -> bool:
    """Say whether the same bytes of the same sender, in another envelope, already updated the same case (I2).

    A mail to two addresses of ours may come as two mails. Looked at are the mails that came shortly before
    and after, so that this costs the same in an inbox of any size.
    """
    if not case_ids:
        return False
    these = inbox.alias()
    nearby = sa.select(inbox.c.decision).where(
        inbox.c.id.between(row["id"] - _NEARBY, row["id"] + _NEARBY),
        inbox.c.id != row["id"],
        inbox.c.envelope_sender == row["envelope_sender"],
        inbox.c.outcome == "update",
        inbox.c.raw == sa.select(these.c.raw).where(these.c.id == row["id"]).scalar_subquery(),
    )
    return any(decision["cases"] == list(case_ids) for decision in connection.scalars(nearby) if decision)


def forget_attempt(connection: sa.Connection, inbox_id: int) -> None:
    """Do not count the last attempt against the mail: something else failed."""
    mail = sa.update(inbox).where(inbox.c.id == inbox_id)
    connection.execute(mail.values(attempts=inbox.c.attempts - 1))


def mark_linked(connection: sa.Connection, row: sa.RowMapping, now: datetime) -> None:
    """Note that people made an update of the mail, so that no worker applies it again."""
    linked = sa.update(inbox).where(inbox.c.id == row["id"])
    values = {"state": State.DONE, "outcome": "update", "error": None, "effect_of": row["fingerprint"]}
    connection.execute(linked.values(finished_at=now, lease=None, **values))


def waiting_count(connection: sa.Connection) -> int:
    """Return how many mails are accepted and not settled."""
    waiting = sa.select(sa.func.count()).where(inbox.c.state.in_((State.WAITING, State.WORKING)))
    return int(connection.scalar(waiting) or 0)


def listed(connection: sa.Connection, limit: int) -> Sequence[sa.RowMapping]:
    """Return the newest mails without their bytes, newest first."""
    columns = [column for column in inbox.c if column.name != "raw"]
    return connection.execute(sa.select(*columns).order_by(inbox.c.id.desc()).limit(limit)).mappings().all()


def find(connection: sa.Connection, inbox_id: int) -> sa.RowMapping | None:
    """Return one mail with its bytes, or None."""
    return connection.execute(sa.select(inbox).where(inbox.c.id == inbox_id)).mappings().first()
