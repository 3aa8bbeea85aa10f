"""Mails that were read get their outcomes, together in one transaction: the updates, the notices, and "done".

For each, what the database says of it is put beside what was read (Facts), the table of email_in.disposition
decides, and what it decided is done. The mails of a group are gone through case by case, in the order in which
they came.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core import acting, cases, directory, telling, triage
from core.acting import Actor, Done
from core.errors import NotFound
from core.rules.notices import NoticeKind
from core.rules.policy import Act, Denied
from core.rules.terms import Channel, Role
from core.store import cases as case_rows
from core.store import claiming
from core.store.blobs import BlobStore
from core.store.cases import Case
from core.store.schema import inbox as inbox_table
from core.triage import Aside
from core.unit_of_work import UnitOfWork
from email_in import undelivered
from email_in.attachments import keep_for_this_case
from email_in.decision_log import logged
from email_in.disposition import Decision, Facts, Outcome, decide
from email_in.known import Known
from email_in.machine import Kind
from email_in.proof.proven import Proof
from email_in.reading import Read
from email_in.sender import SenderRules


def settle(uow: UnitOfWork, blobs: BlobStore, rules: SenderRules, reads: Sequence[Read]) -> None:
    """Give each of these mails its outcome. Raises LeaseLost when not all are ours any more."""
    claiming.hold(uow.connection, inbox_table, [read.row for read in reads])
    known = Known(uow, reads)
    outcomes = {read.row["id"]: _settle(uow, blobs, rules, known, read) for read in known.in_order(reads)}
    claiming.finish_held(uow.connection, inbox_table, outcomes, uow.now)


def _settle(
    uow: UnitOfWork, blobs: BlobStore, rules: SenderRules, known: Known, read: Read
) -> dict[str, Any]:
    began = time.perf_counter()
    case_ids = known.cases_of(read)
    case = known.case(case_ids)
    # Who wrote matters only where there is a case to update.
    actor = _actor(uow, read.sender) if case is not None and read.sender is not None else None
    notice = undelivered.notice_of(uow, read.mail, read.author.kind, read.row["recipients"])
    facts = Facts(
        author=read.author.kind,
        is_repeat=known.is_repeat(read),
        sender=read.sender,
        references=len(read.found),
        cases=case_ids,
        is_proven=rules.is_enough(read.proven.proof),
        denied=_denied(uow, actor, case),
        bounced=notice is not None,
    )
    decision = decide(facts)
    if decision.outcome is Outcome.UPDATE and case is not None and actor is not None:
        keep_for_this_case(uow, blobs, read.mail, read.files)
        done = cases.update(uow, actor, case, read.mail.text, read.files)
        known.case_is_now(done.case)
        _tell_what_was_refused(uow, read, done)
    elif decision.outcome is Outcome.BOUNCE and notice is not None:
        undelivered.take_report(uow, notice, read.mail)
        known.read_again(uow, notice["case_id"])
    elif decision.outcome is Outcome.TRIAGE:
        _put_aside(uow, read, decision, case or _case_of(uow, notice, read.author.kind))
    known.settle(read, is_update=decision.outcome is Outcome.UPDATE)
    return _outcome(read, facts, decision, time.perf_counter() - began)


def _actor(uow: UnitOfWork, sender: str) -> Actor:
    """Return who writes: a contact, or somebody whom the directory does not know and no rule lets update."""
    try:
        contact = directory.contact_by_email(uow, sender)
    except NotFound:
        return Actor(Role.CUSTOMER, sender, Channel.MAIL)
    return Actor(Role.CUSTOMER, f"{contact.name} <{contact.email}>", Channel.MAIL, contact_id=contact.id)


def _denied(uow: UnitOfWork, actor: Actor | None, case: Case | None) -> Denied | None:
    """Return why the sender may not update the case, None when they may or there is no one case."""
    if actor is None or case is None:
        return None
    return acting.denied(uow, actor, case, Act.UPDATE)


def _case_of(uow: UnitOfWork, notice: sa.RowMapping | None, author: Kind) -> Case | None:
    """Return the case that a machine's mail concerns; a person's links by its Reference ID alone (E2)."""
    if notice is None or notice["case_id"] is None or author is Kind.PERSON:
        return None
    return case_rows.by_id(uow.connection, notice["case_id"])


def _put_aside(uow: UnitOfWork, read: Read, decision: Decision, case: Case | None) -> None:
    aside = Aside(
        inbox_id=read.row["id"],
        reason=decision.reason,
        words=f"{decision.words} ({decision.rule}){undelivered.remark(read.mail, read.author.kind)}",
        sender=read.sender or read.mail.headers.first("From") or read.row["envelope_sender"],
        subject=read.mail.subject,
        case_id=case.id if case else None,
    )
    triage.put_aside(uow, aside)
    if decision.answer is not None and read.sender is not None and _may_be_answered(uow, read):
        telling.answer_sender(uow, decision.answer, read.sender, read.row["id"], case.id if case else None)


def _tell_what_was_refused(uow: UnitOfWork, read: Read, done: Done) -> None:
    """Tell the sender of files that were not kept (E4); the notice reads from the event which."""
    if read.sender is None or not any(file.refused for file in read.files):
        return
    if _may_be_answered(uow, read):
        kind = NoticeKind.ATTACHMENT_REFUSED
        telling.answer_sender(uow, kind, read.sender, read.row["id"], done.case.id, done.event_id)


def _may_be_answered(uow: UnitOfWork, read: Read) -> bool:
    """Say whether an answer reaches the writer and nobody else: it goes to the return path (RFC 3834 4)."""
    is_return_path = read.sender == read.row["envelope_sender"].lower()
    is_ours = (read.sender or "").rpartition("@")[2] == uow.house.mail_domain.lower()
    return is_return_path and not is_ours and read.proven.proof in (Proof.PASS, Proof.NONE)


def _outcome(read: Read, facts: Facts, decision: Decision, seconds: float) -> dict[str, Any]:
    """Return the columns that say what became of the mail, and why."""
    is_first = decision.outcome is not Outcome.DUPLICATE
    return {
        "outcome": decision.outcome,
        "decision": logged(read, facts, decision, seconds),
        "case_id": facts.cases[0] if len(facts.cases) == 1 else None,
        "effect_of": read.row["fingerprint"] if is_first else None,
    }
