"""A triage entry as people look at it: why it is here, what its mail says, which cases it may belong to.

Shown is what people need in order to decide, and so much of it as they read; the mail as it came is in the inbox.
Nothing is written by looking, and no PIN is shown (A10).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core import candidates, pins, triage
from core.errors import Refused
from core.rules.candidates import Candidate
from core.rules.notices import NoticeKind
from core.store import inbox, outbox
from core.unit_of_work import Core, UnitOfWork
from email_in.answering import may_not_be_answered
from email_in.explained import explained
from email_in.held import HeldMail, MailIsUnreadable, held_mail
from email_in.hints import hints_of
from email_in.quoting import own_words
from email_in.sender import one_sender
from intake.output import plain_row

LONGEST_SHOWN = 20_000  # characters of the sender's own words, and of what they quote
_MOST_FILES = 100
_OF_THE_MAIL = ("received_at", "envelope_sender", "recipients", "peer")


def entry_told(core: Core, entry_id: int) -> dict[str, Any]:
    """Return everything about an entry. Raises NotFound.

    `why` is the decision log in sentences; `mail` is None where its bytes are gone or cannot be read, and
    `missing` says why; `candidates` are the cases that it may belong to, the strongest ground first; `answer` is
    what was written to its sender; `not_to_be_answered` is why it cannot be, empty where it can.
    """
    held, missing = _held(core, entry_id)
    with core.reading() as uow:
        entry = triage.find(uow, entry_id)
        row = inbox.find(uow.connection, entry["inbox_id"])
        told = plain_row(entry, "case_id", "event_id")
        told |= {name: row[name] for name in _OF_THE_MAIL} if row else {}
        denied = may_not_be_answered(uow, held) if held else None
        return told | {
            "why": [pins.shown(uow, line) for line in explained(row["decision"] if row else None)],
            "mail": _mail(uow, held) if held else None,
            "missing": missing,
            "candidates": [_candidate(one) for one in _candidates(uow, held)] if held else [],
            "answer": _answer(uow, entry["inbox_id"]),
            "not_to_be_answered": denied.words if denied else missing,
        }


def _held(core: Core, entry_id: int) -> tuple[HeldMail | None, str]:
    try:
        return held_mail(core, entry_id), ""
    except (Refused, MailIsUnreadable) as error:
        return None, str(error)


def _mail(uow: UnitOfWork, held: HeldMail) -> dict[str, Any]:
    words = own_words(held.mail.text)
    own, quoted = (pins.shown(uow, text[:LONGEST_SHOWN]) for text in (words.own, words.quoted))
    files = held.mail.attachments[:_MOST_FILES]
    return {
        "text": own,
        "left_out": max(0, len(words.own) - LONGEST_SHOWN),
        "quoted": quoted,
        "attachments": [
            {
                "name": pins.shown(uow, file.name),
                "type": file.content_type,
                "size": len(file.content),
                "inline": file.inline,
            }
            for file in files
        ],
        "attachments_left_out": len(held.mail.attachments) - len(files),
    }


def _candidates(uow: UnitOfWork, held: HeldMail) -> Iterable[Candidate]:
    decision = held.row["decision"] or {}
    hints = hints_of(held.mail, uow.house.mint.find)
    return candidates.candidates(uow, hints, one_sender(held.mail), decision.get("cases") or ())


def _candidate(one: Candidate) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("number", "status", "sub_status", "subject", "company")}
    return told | {"contact": one.contact, "because": [ground.words for ground in one.grounds]}


def _answer(uow: UnitOfWork, inbox_id: int) -> dict[str, Any] | None:
    row = outbox.answer_to(uow.connection, inbox_id, NoticeKind.TRIAGE_ANSWER)
    if row is None:
        return None
    return {name: row[name] for name in ("id", "written_at", "recipient", "state", "error", "words")}
