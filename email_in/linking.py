"""A mail from triage, linked to a case by hand: it becomes an update there, as its sender's words (E3, E5).

Whoever wrote it is accepted this once, and gets no right by it. The act is one transaction, in which the entry is
settled, the mail has its one effect and the case changes; whoever comes second is refused and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from core import cases, triage
from core.acting import Actor, Done
from core.errors import Refused
from core.rules.policy import Denied
from core.rules.terms import Channel
from core.store import inbox
from core.store.blobs import BlobStore
from core.store.cases import Case, KeptFile
from core.triage import EntryState
from core.unit_of_work import Core, UnitOfWork
from email_in.attachments import keep_for_this_case, kept
from email_in.held import HeldMail, held_mail


@dataclass(frozen=True)
class Prepared(HeldMail):
    """A mail of triage with its files on disk, before the database is locked for it."""

    files: tuple[KeptFile, ...]
    blobs: BlobStore


def prepare(core: Core, entry_id: int) -> Prepared:
    """Read the mail of an entry and keep its files. Raises what held_mail() does."""
    held = held_mail(core, entry_id)
    return Prepared(
        held.entry, held.row, held.mail, kept(core.blobs, core.house.file_rules, held.mail), core.blobs
    )


def link_by_hand(uow: UnitOfWork, prepared: Prepared, analyst: Actor, case: Case) -> Done:
    """Accept the mail of an entry as an update of the case, in the analyst's responsibility.

    Raises Refused when the entry was settled before, another copy of the mail had its effect, or the case is
    closed (E6).
    """
    entry, row = prepared.entry, prepared.row
    triage.settle(uow, entry["id"], EntryState.LINKED, by=analyst.name, detail=f"to case {case.number}")
    _refuse_a_second_effect(uow, prepared, case)
    inbox.mark_linked(uow.connection, row, case.id, uow.now)
    named = replace(analyst, name=f"{entry['sender']}, accepted by {analyst.name}", channel=Channel.MAIL)
    keep_for_this_case(uow, prepared.blobs, prepared.mail, prepared.files)
    done = cases.update(uow, named, case, prepared.mail.text, prepared.files)
    triage.remember(uow, entry["id"], done.event_id)
    return done


def _refuse_a_second_effect(uow: UnitOfWork, prepared: Prepared, case: Case) -> None:
    """Refuse what came twice, in one envelope or in two, and is an update of the case already (I2)."""
    is_repeat = inbox.Copies(uow.connection, [prepared.row]).had_outcome(prepared.row)
    if is_repeat or inbox.has_updated(uow.connection, prepared.row, case.id):
        words = "Another copy of this mail already had its effect; discard this one."
        raise Refused(Denied("duplicate", "I2", words))
