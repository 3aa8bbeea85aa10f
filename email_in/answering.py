"""Answers the sender of a mail of triage, in the words of a person (E3).

The answer leaves as a notice of its own, below the mail that it answers. It says nothing of a case, unless the
mail names one that its sender may see at this moment (A3, A9); then it carries that case's Reference ID.
"""

from __future__ import annotations

import unicodedata

from core import acting, directory, pins, telling, triage
from core.acting import Actor
from core.errors import BadInput, NotFound, Refused
from core.rules.policy import Act, Denied
from core.rules.terms import Channel, Role
from core.store import cases
from core.triage import EntryState
from core.unit_of_work import UnitOfWork
from email_in.answerable import Writer, why_not
from email_in.held import HeldMail
from email_in.machine import written_by
from email_in.sender import one_sender

LONGEST_ANSWER = 20_000  # characters


def answer(uow: UnitOfWork, held: HeldMail, analyst: Actor, text: str) -> str:
    """Let the text leave to the mail's sender, settle the entry, and return the address.

    Raises Refused when the mail may not be answered (E7) or its entry was settled before, and BadInput.
    """
    words = _words(uow, text)
    address = _address(uow, held)
    triage.settle(uow, held.entry["id"], EntryState.ANSWERED, by=analyst.name)
    case_id = _case_that_they_may_see(uow, address, held.entry["case_id"])
    telling.answer_in_words(uow, address, held.row["id"], case_id, words)
    return address


def _words(uow: UnitOfWork, text: str) -> str:
    """Return what leaves: without control characters, and without PINs (A10)."""
    if len(text) > LONGEST_ANSWER:
        raise BadInput("text", text, f"at most {LONGEST_ANSWER} characters")
    clean = "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs"))
    acting.demand_words("text", clean)
    return pins.masked(uow, clean.strip("\n"))


def _address(uow: UnitOfWork, held: HeldMail) -> str:
    denied = may_not_be_answered(uow, held)
    if denied is not None:
        raise Refused(denied)
    return one_sender(held.mail) or ""  # which the table has refused


def may_not_be_answered(uow: UnitOfWork, held: HeldMail) -> Denied | None:
    """Return why nobody can answer the mail, or None when it can be answered (E7)."""
    sender, envelope_sender = one_sender(held.mail), held.row["envelope_sender"]
    domain = (sender or "").rpartition("@")[2]
    author = written_by(held.mail, envelope_sender, uow.house.mint.installation)
    is_ours = domain == uow.house.mail_domain.lower()
    return why_not(Writer(author, sender, envelope_sender, is_ours))


def _case_that_they_may_see(uow: UnitOfWork, address: str, case_id: int | None) -> int | None:
    if case_id is None:
        return None
    try:
        contact = directory.contact_by_email(uow, address)
    except NotFound:
        return None
    reader = Actor(Role.CUSTOMER, contact.name, Channel.MAIL, contact_id=contact.id)
    denied = acting.denied(uow, reader, cases.by_id(uow.connection, case_id), Act.SEE)
    return case_id if denied is None else None
