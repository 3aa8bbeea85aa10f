"""Mail that was accepted and is not yet decided, and for ever what became of it (I1).

`accept` is all that stands between DATA and `250`: a row with the envelope and the time, and one with the bytes.
A worker claims the first (core.store.claiming) and settles it in the transaction of the mail's effect. The
bytes stand in a table of their own: a change of state rewrites none of them, and they can go before the row (C10).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.errors import NotFound
from core.store.claiming import State
from core.store.schema import inbox, raw_mails

# Made once: building them costs as much as running them.
_KEEP = sa.insert(inbox).returning(inbox.c.id, sort_by_parameter_order=True)
_KEEP_BYTES = sa.insert(raw_mails)

_LONGEST_HELO = 255  # octets of a domain name (RFC 1035 2.3.4)
_NEARBY = 100  # mails: how far apart two deliveries of one mail are looked for


@dataclass(frozen=True)
class ReceivedMail:
    """A mail as it came. `envelope_sender` is empty for the null sender.

    `peer` is the address of the sending host, and `helo` the name that it gave itself; empty where unknown.
    """

    envelope_sender: str
    recipients: tuple[str, ...]
    peer: str
    raw: bytes
    helo: str = ""

    @cached_property
    def content(self) -> str:
        """The SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def fingerprint(self) -> str:
        """The same for the same envelope and bytes, and for nothing else (I2)."""
        envelope = json.dumps([self.envelope_sender, sorted(self.recipients), self.content])
        return hashlib.sha256(envelope.encode()).hexdigest()


def accept(connection: sa.Connection, mail: ReceivedMail, now: datetime) -> int:
    """Keep the mail and return its inbox id. Only once this is committed may the sender be told 250."""
    return accept_all(connection, [mail], now)[0]


def accept_all(connection: sa.Connection, mails: Sequence[ReceivedMail], now: datetime) -> list[int]:
    """Keep mails that came together, in two statements, and return their inbox ids in the same order."""
    ids = list(connection.scalars(_KEEP, [_row(mail, now) for mail in mails]))
    kept = zip(ids, mails, strict=True)
    connection.execute(_KEEP_BYTES, [{"inbox_id": inbox_id, "raw": mail.raw} for inbox_id, mail in kept])
    return ids


def _row(mail: ReceivedMail, now: datetime) -> dict[str, Any]:
    return {
        "state": State.WAITING,
        "due_at": now,
        "attempts": 0,
        "received_at": now,
        "envelope_sender": mail.envelope_sender,
        "recipients": list(mail.recipients),
        "peer": mail.peer,
        "helo": mail.helo[:_LONGEST_HELO],
        "content": mail.content,
        "fingerprint": mail.fingerprint,
    }


class Copies:
    """Which of some mails that are settled together had their outcome in another copy, before or just now (I2)."""

    def __init__(self, connection: sa.Connection, rows: Sequence[sa.RowMapping]) -> None:
        wanted = inbox.c.effect_of.in_({row["fingerprint"] for row in rows})
        found = connection.execute(sa.select(inbox.c.effect_of, inbox.c.id).where(wanted))
        self._settled: dict[str, int] = {row.effect_of: row.id for row in found}
        self._updates = _updates_near(connection, rows)

    def had_outcome(self, row: sa.RowMapping) -> bool:
        """Say whether the very same mail had its outcome in another row.

        Two workers on two such rows both say no; the unique column `effect_of` then lets one of them commit.
        """
        return row["fingerprint"] in self._settled and self._settled[row["fingerprint"]] != int(row["id"])

    def has_updated(self, row: sa.RowMapping, case_ids: Sequence[int]) -> bool:
        """Say whether the same bytes of the same sender, in another envelope, already updated the same case.

        A mail to two addresses of ours may come as two mails. Looked at are the mails that came shortly before
        and after, so that this costs the same in an inbox of any size.
        """
        same = self._updates.get((row["envelope_sender"], row["content"]), ())
        return bool(case_ids) and any(
            update.case_ids == tuple(case_ids) and 0 < abs(update.inbox_id - row["id"]) <= _NEARBY
            for update in same
        )

    def settle(self, row: sa.RowMapping, case_ids: Sequence[int], *, is_update: bool) -> None:
        """Note that a mail has its outcome now."""
        self._settled[row["fingerprint"]] = row["id"]
        if is_update:
            same = self._updates.setdefault((row["envelope_sender"], row["content"]), [])
            same.append(_Update(row["id"], tuple(case_ids)))


class _Update(NamedTuple):
    inbox_id: int
    case_ids: tuple[int, ...]


def _updates_near(
    connection: sa.Connection, rows: Sequence[sa.RowMapping]
) -> dict[tuple[str, str], list[_Update]]:
    """Return the mails near these that hold the same bytes and became updates, by sender and bytes."""
    ids = [row["id"] for row in rows]
    near = sa.select(inbox.c.id, inbox.c.envelope_sender, inbox.c.content, inbox.c.decision).where(
        inbox.c.id.between(min(ids) - _NEARBY, max(ids) + _NEARBY),
        inbox.c.outcome == "update",
        inbox.c.content.in_({row["content"] for row in rows}),
    )
    updates: dict[tuple[str, str], list[_Update]] = {}
    for row in connection.execute(near):
        if row.decision:
            same = updates.setdefault((row.envelope_sender, row.content), [])
            same.append(_Update(row.id, tuple(row.decision["cases"])))
    return updates


def has_updated(connection: sa.Connection, row: sa.RowMapping, case_id: int) -> bool:
    """Say whether the same bytes, in any envelope, are an update of the case now (I2). Reads the case's mails."""
    others = sa.select(inbox.c.id).where(
        inbox.c.case_id == case_id,
        inbox.c.id != row["id"],
        inbox.c.outcome == "update",
        inbox.c.content == row["content"],
    )
    return connection.execute(others.limit(1)).first() is not None


def forget_attempt(connection: sa.Connection, inbox_id: int) -> None:
    """Do not count the last attempt against the mail: something else failed."""
    mail = sa.update(inbox).where(inbox.c.id == inbox_id)
    connection.execute(mail.values(attempts=inbox.c.attempts - 1))


def mark_linked(connection: sa.Connection, row: sa.RowMapping, case_id: int, now: datetime) -> None:
    """Note that people made an update of the mail, so that no worker applies it again."""
    linked = sa.update(inbox).where(inbox.c.id == row["id"])
    values = {"state": State.DONE, "outcome": "update", "error": None, "effect_of": row["fingerprint"]}
    values["case_id"] = case_id
    connection.execute(linked.values(finished_at=now, lease=None, **values))


def mark_taken_back(connection: sa.Connection, inbox_id: int, case_id: int | None) -> None:
    """Note that people took the update of a mail back: it is put aside again, for the case that it names, if any.

    It keeps its outcome to itself, so that another copy of it is a repeat as before (I2).
    """
    taken_back = sa.update(inbox).where(inbox.c.id == inbox_id)
    connection.execute(taken_back.values(outcome="triage", case_id=case_id))


def waiting_count(connection: sa.Connection) -> int:
    """Return how many mails are accepted and not settled."""
    waiting = sa.select(sa.func.count()).where(inbox.c.state.in_((State.WAITING, State.WORKING)))
    return int(connection.scalar(waiting) or 0)


def listed(connection: sa.Connection, limit: int) -> Sequence[sa.RowMapping]:
    """Return the newest mails without their bytes, newest first."""
    return connection.execute(sa.select(inbox).order_by(inbox.c.id.desc()).limit(limit)).mappings().all()


def find(connection: sa.Connection, inbox_id: int) -> sa.RowMapping | None:
    """Return one mail without its bytes, or None."""
    return connection.execute(sa.select(inbox).where(inbox.c.id == inbox_id)).mappings().first()


def sizes_of(connection: sa.Connection, inbox_ids: Sequence[int]) -> dict[int, int]:
    """Return how many bytes mails have, by their inbox ids, without reading them; of those that have their bytes."""
    sizes = sa.select(raw_mails.c.inbox_id, sa.func.length(raw_mails.c.raw).label("size"))
    found = connection.execute(sizes.where(raw_mails.c.inbox_id.in_(inbox_ids)))
    return {row.inbox_id: row.size for row in found}


def raws_of(connection: sa.Connection, inbox_ids: Sequence[int]) -> dict[int, bytes]:
    """Return the bytes of mails by their inbox ids, of those that have them."""
    kept = sa.select(raw_mails).where(raw_mails.c.inbox_id.in_(inbox_ids))
    return {row.inbox_id: row.raw for row in connection.execute(kept)}


def raw_of(connection: sa.Connection, inbox_id: int) -> bytes:
    """Return the bytes of a mail. Raises NotFound when it never was, or its bytes were removed (C10)."""
    raw: bytes | None = connection.scalar(sa.select(raw_mails.c.raw).where(raw_mails.c.inbox_id == inbox_id))
    if raw is None:
        raise NotFound("mail with its bytes", inbox_id)
    return raw
