"""A mail from triage, linked to a case by hand: it becomes an update there, as its sender's words (E3, E5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa

from core import cases, triage
from core.acting import Actor, Done
from core.errors import NotFound, Refused
from core.rules.policy import Denied
from core.rules.terms import Channel
from core.store import inbox
from core.store.blobs import BlobStore
from core.store.cases import Case, KeptFile
from core.triage import EntryState
from core.unit_of_work import Core, UnitOfWork
from email_in.attachments import keep_for_this_case, kept
from email_in.message import InboundMail, read_mail


@dataclass(frozen=True)
class Prepared:
    """A mail of triage, read and its files on disk, before the database is locked for it."""

    entry: sa.RowMapping
    row: sa.RowMapping
    mail: InboundMail
    files: tuple[KeptFile, ...]
    blobs: BlobStore


def prepare(core: Core, entry_id: int) -> Prepared:
    """Read the mail of an entry and keep its files. Raises NotFound, and Refused once its bytes are removed (C10)."""
    with core.reading() as uow:
        entry = triage.find(uow, entry_id)
        row = inbox.find(uow.connection, entry["inbox_id"])
        if row is None:
            raise NotFound("mail in the inbox", entry["inbox_id"])
        raw = _raw(uow, entry)
    mail = read_mail(raw)
    return Prepared(entry, row, mail, kept(core.blobs, core.house.file_rules, mail), core.blobs)


def _raw(uow: UnitOfWork, entry: sa.RowMapping) -> bytes:
    try:
        return inbox.raw_of(uow.connection, entry["inbox_id"])
    except NotFound:
        words = f"Triage entry {entry['id']} can no longer be linked: its mail was removed when its time was over."
        raise Refused(Denied("mail-removed", "C10", words)) from None


def link_by_hand(uow: UnitOfWork, prepared: Prepared, analyst: Actor, case: Case) -> Done:
    """Accept the mail of an entry as an update of the case, in the analyst's responsibility.

    Raises Refused when the entry was settled before, another copy of the mail had its effect, or the case is
    closed (E6).
    """
    entry, row = prepared.entry, prepared.row
    triage.settle(uow, entry["id"], EntryState.LINKED, by=analyst.name, detail=f"to case {case.number}")
    if inbox.Copies(uow.connection, [row]).had_outcome(row):
        words = "Another copy of this mail already had its effect; discard this one."
        raise Refused(Denied("duplicate", "I2", words))
    inbox.mark_linked(uow.connection, row, case.id, uow.now)
    named = replace(analyst, name=f"{entry['sender']}, accepted by {analyst.name}", channel=Channel.MAIL)
    keep_for_this_case(uow, prepared.blobs, prepared.mail, prepared.files)
    return cases.update(uow, named, case, prepared.mail.text, prepared.files)
