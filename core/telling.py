"""From a notice of the rules to rows in the outbox: who exactly is told, and with which Reference ID.

Called in the transaction of the event, so there is no event without its notices and no notice without its event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from core import directory
from core.identifiers import random_key
from core.rules import answers
from core.rules.notices import Audience, Notice, NoticeKind
from core.store import outbox
from core.store.cases import Case
from core.store.outbox import OutgoingNotice
from core.store.schema import answers_to_senders, references
from core.unit_of_work import UnitOfWork

_GIVEN = sa.select(references.c.case_id, references.c.recipient, references.c.token)


def tell(uow: UnitOfWork, notice: Notice, case: Case, event_id: int) -> None:
    """Write the notice for each of its recipients, with the Reference ID of the case for them (E2, N6)."""
    for recipient in dict.fromkeys(_recipients(uow, notice.audience, case)):
        token = reference_for(uow, case.id, recipient)
        _write(uow, notice.kind, recipient, token, case_id=case.id, event_id=event_id)


def answer_sender(
    uow: UnitOfWork,
    kind: NoticeKind,
    address: str,
    inbox_id: int,
    case_id: int | None,
    event_id: int | None = None,
) -> bool:
    """Tell the sender of a mail what became of it, once for each address, reason and day (E3, E4, E6).

    Returns whether anything was written. The caller has made sure that a person wrote the mail (E7).
    """
    lately = outbox.kinds_sent_to(uow.connection, address, uow.now - answers.DAY)
    if not answers.may_be_told(kind, lately) or _is_noted(uow, kind, address):
        return False
    token = reference_for(uow, case_id, address) if case_id is not None else ""
    _write(uow, kind, address, token, case_id=case_id, event_id=event_id, inbox_id=inbox_id)
    return True


def _is_noted(uow: UnitOfWork, kind: NoticeKind, address: str) -> bool:
    """Say whether this day has its answer already, and note it: of two who note at once, one starts anew."""
    told = {"address": address.lower(), "notice": kind, "day": uow.now.date().isoformat()}
    same = [answers_to_senders.c[name] == value for name, value in told.items()]
    if uow.connection.execute(sa.select(answers_to_senders).where(*same)).first() is not None:
        return True
    uow.connection.execute(sa.insert(answers_to_senders).values(**told))
    return False


def answer_in_words(uow: UnitOfWork, address: str, inbox_id: int, case_id: int | None, words: str) -> None:
    """Let a person's words leave as the answer to a mail that was put aside (E3).

    `case_id` is that of a case which the recipient may see, so that their answer links to it; None where there
    is none. The caller has made sure that a person wrote the mail (E7), and that no PIN is in the words (A10).
    """
    token = reference_for(uow, case_id, address) if case_id is not None else ""
    kind = NoticeKind.TRIAGE_ANSWER
    _write(uow, kind, address, token, case_id=case_id, inbox_id=inbox_id, words=words)


def page_on_call(uow: UnitOfWork, call_key: str) -> None:
    """Tell everyone on call of a caller who left a message and named no case (P4)."""
    for analyst in directory.to_page(uow, product=""):
        _write(uow, NoticeKind.CALLER_MESSAGE_FOR_ON_CALL, analyst.email, "", call_key=call_key)


def reference_for(uow: UnitOfWork, case_id: int, recipient: str) -> str:
    """Return the Reference ID of this case for this recipient; it is made at the first need (DESIGN 4)."""
    given = _given(uow, case_id)
    token = given.get(recipient)
    if token is None:
        token = given[recipient] = uow.house.mint.mint(uow.house.chance)
        row = {"token": token, "case_id": case_id, "recipient": recipient, "made_at": uow.now}
        uow.connection.execute(sa.insert(references).values(**row))
    return token


def given_reference(uow: UnitOfWork, case_id: int, recipient: str) -> str | None:
    """Return the Reference ID that this recipient has for this case, or None when none was given out."""
    return _given(uow, case_id).get(recipient)


def know_references(uow: UnitOfWork, case_ids: Collection[int]) -> None:
    """Ask at once for all Reference IDs of cases that are acted on together."""
    if uow.known is None or not case_ids:
        return
    uow.known.update({("references of", case_id): {} for case_id in case_ids})
    for row in uow.connection.execute(_GIVEN.where(references.c.case_id.in_(case_ids))):
        uow.known["references of", row.case_id][row.recipient] = row.token


def _given(uow: UnitOfWork, case_id: int) -> dict[str, str]:
    """Return the Reference IDs that were given out for a case, by their recipients."""

    def ask() -> dict[str, str]:
        found = uow.connection.execute(_GIVEN.where(references.c.case_id == case_id))
        return {row.recipient: row.token for row in found}

    return uow.recall(("references of", case_id), ask)


def case_of_reference(connection: sa.Connection, token: str) -> int | None:
    """Return the id of the case that a Reference ID ties a mail to, or None when it was never given out (E2)."""
    return cases_of_references(connection, [token]).get(token)


def cases_of_references(connection: sa.Connection, tokens: Iterable[str]) -> dict[str, int]:
    """Return the ids of the cases that Reference IDs tie mails to, of those that were given out (E2)."""
    given_out = sa.select(references.c.token, references.c.case_id).where(references.c.token.in_(tokens))
    return {row.token: row.case_id for row in connection.execute(given_out)}


def _recipients(uow: UnitOfWork, audience: Audience, case: Case) -> list[str]:
    if audience is Audience.CONTACT:
        return [directory.contact(uow, case.contact_id).email]
    if audience is Audience.ON_CALL:
        return [analyst.email for analyst in directory.to_page(uow, case.product)]
    if case.owner_id is not None:
        return [directory.analyst_email(uow, case.owner_id)]
    first = directory.first_on_call(uow, case.product)
    return [analyst.email for analyst in ([first] if first else directory.to_page(uow, case.product))]


def _write(uow: UnitOfWork, kind: NoticeKind, recipient: str, token: str, **about: Any) -> None:
    """Put a notice into the outbox, with the address and the Message-ID that are its alone."""
    message_id, bounce_key = _message_id(uow, token), random_key(uow.house.chance)
    outgoing = OutgoingNotice(kind, recipient, message_id, bounce_key, **about)
    outbox.write(uow.connection, outgoing, uow.now)


def _message_id(uow: UnitOfWork, token: str) -> str:
    unique = random_key(uow.house.chance)[:16]
    local = f"{token}.{unique}" if token else unique
    return f"<{local}@{uow.house.mail_domain}>"
