"""What a report does: it finds the notice that it is about, and that notice is marked (E7).

A notice is found by the address to which its report came, which was made for it alone, or by its Message-ID in the
header of the mail that came back. Only what a machine wrote is asked for a Message-ID: a person's mail may hold
anything that was forwarded. What a forged report may do is said in `core.bouncing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from core import bouncing
from core.addresses import read_bounce_key
from core.bouncing import Bounce
from core.rules.terms import BounceKind
from core.store import outbox
from core.unit_of_work import UnitOfWork
from email_in import bounces
from email_in.complaints import read_complaint
from email_in.machine import Kind
from email_in.message import InboundMail

_REPORTS = frozenset({Kind.BOUNCE, Kind.DELIVERY_REPORT, Kind.COMPLAINT})
_MOST_LOGGED = 10  # recipients
_LOGGED = ("recipient", "verdict", "why", "status")


def notice_of(
    uow: UnitOfWork, mail: InboundMail, author: Kind, recipients: Iterable[str]
) -> sa.RowMapping | None:
    """Return the notice that a mail is about, None where that is not known. `recipients` are the envelope's."""
    return next((notice for notice in _notices(uow, mail, author, recipients) if notice is not None), None)


def _notices(
    uow: UnitOfWork, mail: InboundMail, author: Kind, recipients: Iterable[str]
) -> Iterator[sa.RowMapping | None]:
    for key in filter(None, map(read_bounce_key, recipients)):
        yield outbox.by_bounce_key(uow.connection, key)
    if author in _REPORTS:
        for message_id in bounces.returned_ids(mail):
            yield outbox.by_message_id(uow.connection, message_id)


def take_report(uow: UnitOfWork, notice: sa.RowMapping, mail: InboundMail) -> None:
    """Mark a notice by what the report says of its recipient; a delay or a success marks nothing (E7)."""
    said = bounces.of_recipient(bounces.deliveries(mail), notice["recipient"])
    if said is not None and said.verdict.is_failure:
        kind = BounceKind(said.verdict.value)
        bouncing.record(uow, notice, Bounce(kind, said.why, said.status, said.words))


def remark(mail: InboundMail, author: Kind) -> str:
    """Return what else people must know in order to act on a mail in triage; '' for most."""
    complaint = read_complaint(mail) if author is Kind.COMPLAINT else None
    return f" {complaint.words}" if complaint else ""


def in_the_log(mail: InboundMail, author: Kind) -> dict[str, Any]:
    """Return what the decision log says of a delivery report; nothing of any other mail."""
    if author not in (Kind.BOUNCE, Kind.DELIVERY_REPORT):
        return {}
    said = bounces.deliveries(mail)[:_MOST_LOGGED]
    return {"report": [{name: getattr(one, name) for name in _LOGGED} for one in said]}
