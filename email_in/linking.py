"""A mail from triage, linked to a case by hand: it becomes an update there, as its sender's words (E3, E5)."""

from __future__ import annotations

from dataclasses import replace

from core import cases, triage
from core.cases import Actor, Done
from core.errors import NotFound
from core.rules.terms import Channel
from core.store import inbox
from core.store.blobs import BlobStore
from core.store.cases import Case
from core.triage import EntryState
from core.unit_of_work import UnitOfWork
from email_in.attachments import kept
from email_in.message import read_mail


def link_by_hand(uow: UnitOfWork, blobs: BlobStore, analyst: Actor, entry_id: int, case: Case) -> Done:
    """Accept the mail of an entry as an update of the case, in the analyst's responsibility.

    Raises NotFound, and Refused when the entry was settled before or the case is closed (E6).
    """
    entry = triage.find(uow, entry_id)
    row = inbox.find(uow.connection, entry["inbox_id"])
    if row is None:
        raise NotFound("mail in the inbox", entry["inbox_id"])
    mail = read_mail(row["raw"])
    named = replace(analyst, name=f"{entry['sender']}, accepted by {analyst.name}", channel=Channel.MAIL)
    done = cases.update(uow, named, case, mail.text, kept(blobs, mail))
    triage.settle(uow, entry_id, EntryState.LINKED, by=analyst.name, detail=f"to case {case.number}")
    return done
