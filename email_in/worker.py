"""One mail from the inbox to its outcome.

`apply_one` claims a mail (committed with its attempt, so that a mail which kills the worker is counted too),
reads it without touching the database, and settles it in one transaction: the update, the status, the event,
the notices and "done". What fails five times is parked in triage with its bytes. An outage of ours is no
fault of a mail's: it waits until the outage is over, uncounted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from core import acting, cases, directory, pins, telling, triage
from core.acting import Actor
from core.errors import LeaseLost, NotFound
from core.identifiers import random_key
from core.rules.policy import Act, Denied
from core.rules.terms import Channel, Role
from core.store import cases as case_rows
from core.store import claiming, inbox
from core.store.blobs import BlobStore
from core.store.cases import Case, KeptFile
from core.store.database import is_unavailable
from core.store.schema import inbox as inbox_table
from core.triage import Aside
from core.unit_of_work import Core, UnitOfWork
from email_in import undelivered
from email_in.attachments import keep_for_this_case, kept
from email_in.disposition import Decision, Facts, Outcome, decide
from email_in.machine import Author, Kind, written_by
from email_in.message import InboundMail, read_mail
from email_in.references import Found, found_references
from email_in.sender import Proof, SenderRules, one_sender, proof_of

log = structlog.get_logger()

MOST_ATTEMPTS = 5
_PAUSE = timedelta(seconds=30)  # before a failed mail is tried again; it doubles
_LONGEST_OUTAGE = timedelta(days=3)  # what looks like one for longer is the mail's own fault after all


@dataclass(frozen=True)
class Read:
    """A mail as it was read, before the database is asked anything."""

    row: sa.RowMapping
    mail: InboundMail
    author: Author
    found: tuple[Found, ...]
    sender: str | None
    proof: Proof
    files: tuple[KeptFile, ...]


def apply_one(core: Core, rules: SenderRules) -> bool:
    """Settle the oldest mail that waits. Returns False when none does."""
    row = core.write(lambda uow: _claim(uow), mark="inbox.claim")
    if row is None:
        return False
    try:
        _settle(core, rules, row)
    except LeaseLost:
        log.info("mail was taken over by another worker", inbox_id=row["id"])
    except Exception as error:
        log.exception("mail failed", inbox_id=row["id"], attempt=row["attempts"])
        _put_back(core, row, error)
    return True


def _claim(uow: UnitOfWork) -> sa.RowMapping | None:
    return claiming.claim(uow.connection, inbox_table, random_key(uow.house.chance), uow.now)


def _settle(core: Core, rules: SenderRules, row: sa.RowMapping) -> None:
    if row["attempts"] > MOST_ATTEMPTS:
        core.write(lambda uow: _park(uow, row), mark="inbox.apply")
        return
    read = _read(core, rules, row)
    core.write(lambda uow: _act(uow, core.blobs, rules, read), mark="inbox.apply")


def _put_back(core: Core, row: sa.RowMapping, error: Exception) -> None:
    pause = _PAUSE * 2 ** (row["attempts"] - 1)
    told = f"{type(error).__name__}: {error}"[:1000]

    def act(uow: UnitOfWork) -> None:
        claiming.put_back(uow.connection, inbox_table, row, uow.now + pause, pins.masked(uow, told))
        if _is_outage(error) and uow.now - row["received_at"] < _LONGEST_OUTAGE:
            inbox.forget_attempt(uow.connection, row["id"])

    try:
        core.write(act)
    except LeaseLost:
        log.info("mail was taken over by another worker", inbox_id=row["id"])


def _is_outage(error: Exception) -> bool:
    """Say whether the database or the disk failed, which says nothing about the mail."""
    return is_unavailable(error) or isinstance(error, OSError)


def _park(uow: UnitOfWork, row: sa.RowMapping) -> None:
    words = f"The mail failed {MOST_ATTEMPTS} times: {row['error']}. Its bytes are kept."
    aside = Aside(row["id"], "failed-repeatedly", words, row["envelope_sender"], "")
    triage.put_aside(uow, aside)
    claiming.park(uow.connection, inbox_table, row, uow.now, row["error"] or "", outcome="parked")


# --- reading ------------------------------------------------------------------------------------------------


def _read(core: Core, rules: SenderRules, row: sa.RowMapping) -> Read:
    with core.reading() as uow:
        raw = inbox.raw_of(uow.connection, row["id"])
    mail = read_mail(raw)
    mint = core.house.mint
    found = found_references(mail, row["recipients"], mint.find)
    sender = one_sender(mail)
    results = mail.headers.raw(
        "Authentication-Results"
    )  # decoding would let a sender's word grow a semicolon
    return Read(
        row=row,
        mail=mail,
        author=written_by(mail, row["envelope_sender"], mint.installation),
        found=found,
        sender=sender,
        proof=proof_of(sender, results, rules.authserv_id) if sender else Proof.NONE,
        # On disk before the row that names them; a mail without a Reference ID keeps them in its own bytes.
        files=kept(core.blobs, mail) if found else (),
    )


# --- deciding and acting, in one transaction ----------------------------------------------------------------


def _act(uow: UnitOfWork, blobs: BlobStore, rules: SenderRules, read: Read) -> None:
    case_ids = _cases_of(uow, read.found)
    case = case_rows.by_id(uow.connection, case_ids[0]) if len(case_ids) == 1 else None
    # Who wrote matters only where there is a case to update.
    actor = _actor(uow, read.sender) if case is not None and read.sender is not None else None
    about = undelivered.notice_of(uow, read.mail, read.author.kind, read.row["recipients"])
    facts = Facts(
        author=read.author.kind,
        is_repeat=inbox.is_repeat(uow.connection, read.row)
        or inbox.is_applied_already(uow.connection, read.row, case_ids),
        sender=read.sender,
        references=len(read.found),
        cases=case_ids,
        is_proven=rules.is_enough(read.proof),
        denied=_denied(uow, actor, case),
        bounced=about is not None,
    )
    decision = decide(facts)
    if decision.outcome is Outcome.UPDATE and case is not None and actor is not None:
        keep_for_this_case(uow, blobs, read.mail, read.files)
        cases.update(uow, actor, case, read.mail.text, read.files)
    elif decision.outcome is Outcome.BOUNCE and about is not None:
        undelivered.take_report(uow, about, read.mail)
    elif decision.outcome is Outcome.TRIAGE:
        _put_aside(uow, read, decision, case or _case_of(uow, about, read.author.kind))
    claiming.finish(uow.connection, inbox_table, read.row, uow.now, **_outcome(read, facts, decision))


def _cases_of(uow: UnitOfWork, found: tuple[Found, ...]) -> tuple[int, ...]:
    known = (telling.case_of_reference(uow.connection, one.token) for one in found)
    return tuple(dict.fromkeys(case_id for case_id in known if case_id is not None))


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


def _may_be_answered(uow: UnitOfWork, read: Read) -> bool:
    """Say whether an answer reaches the writer and nobody else: it goes to the return path (RFC 3834 4)."""
    is_return_path = read.sender == read.row["envelope_sender"].lower()
    is_ours = (read.sender or "").rpartition("@")[2] == uow.house.mail_domain.lower()
    return is_return_path and not is_ours and read.proof is not Proof.FAIL


def _outcome(read: Read, facts: Facts, decision: Decision) -> dict[str, Any]:
    """Return the columns that say what became of the mail, and why: its decision log."""
    log_of_decision = {
        "author": f"{read.author.kind.value}: {read.author.why}",
        "sender": read.sender,
        "proof": read.proof,
        "references": {one.token: [place.value for place in one.places] for one in read.found},
        "cases": list(facts.cases),
        "defects": list(read.mail.defects),
        "decided": decision.reason,
        "rule": decision.rule,
    } | undelivered.in_the_log(read.mail, read.author.kind)
    first = decision.outcome is not Outcome.DUPLICATE
    return {
        "outcome": decision.outcome,
        "decision": log_of_decision,
        "case_id": facts.cases[0] if len(facts.cases) == 1 else None,
        "effect_of": read.row["fingerprint"] if first else None,
    }
