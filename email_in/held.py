"""A mail of triage, read again from its bytes, for people to look at, link or answer."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from core import triage
from core.errors import IntakeError, NotFound, Refused
from core.rules.policy import Denied
from core.store import inbox
from core.unit_of_work import Core, UnitOfWork
from email_in.message import InboundMail, read_mail


class MailIsUnreadable(IntakeError):
    """The bytes of a mail are kept, but reading them fails; `intake inbox show ID --raw` prints them."""


@dataclass(frozen=True)
class HeldMail:
    """An entry of triage, the row of its mail in the inbox, and the mail."""

    entry: sa.RowMapping
    row: sa.RowMapping
    mail: InboundMail


def held_mail(core: Core, entry_id: int) -> HeldMail:
    """Read the mail of an entry. Raises NotFound, MailIsUnreadable, and Refused once its bytes are removed (C10)."""
    with core.reading() as uow:
        entry = triage.find(uow, entry_id)
        row = inbox.find(uow.connection, entry["inbox_id"])
        if row is None:
            raise NotFound("mail in the inbox", entry["inbox_id"])
        raw = _raw(uow, entry)
    return HeldMail(entry, row, _read(raw, row["id"]))


def _raw(uow: UnitOfWork, entry: sa.RowMapping) -> bytes:
    try:
        return inbox.raw_of(uow.connection, entry["inbox_id"])
    except NotFound:
        words = f"The mail of triage entry {entry['id']} was removed when its time was over."
        raise Refused(Denied("mail-removed", "C10", words)) from None


def _read(raw: bytes, inbox_id: int) -> InboundMail:
    try:
        return read_mail(raw)
    except Exception as error:  # what failed five times in the worker fails here too
        words = f"mail {inbox_id} cannot be read ({type(error).__name__}); its bytes are kept"
        raise MailIsUnreadable(words) from error
