"""What a notice is about, read at the moment when it leaves.

`read` takes an outbox row to a frozen NoticeFacts; everything after it is pure. What an analyst wrote for
colleagues only is not read for a customer's mail at all, so no template can show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32

import sqlalchemy as sa

from core import acting, directory
from core.acting import Actor
from core.errors import IntakeError, NotFound
from core.rules import followups
from core.rules.candidates import without_prefixes
from core.rules.followups import Followup, Step
from core.rules.notices import NoticeKind
from core.rules.policy import Act, reopen_until
from core.rules.terms import Channel, EventKind, Priority, Role, Rulebook, Status, SubStatus
from core.store import cases as rows
from core.store import inbox
from core.store.cases import Case
from core.store.schema import calls, case_events, recordings, triage
from core.telling import given_reference
from core.unit_of_work import UnitOfWork
from notifier.cleaning import is_plain_message_id

_N, _E = NoticeKind, EventKind

FOR_STAFF = frozenset(
    {
        _N.CUSTOMER_UPDATE_FOR_OWNER,
        _N.CRITICAL_MESSAGE_FOR_ON_CALL,
        _N.CALLER_MESSAGE_FOR_ON_CALL,
        _N.CLOSING_POSTPONED_FOR_OWNER,
        _N.NOTICE_FAILED_FOR_OWNER,
        _N.ESCALATION_FOR_OWNER,
        _N.UPDATE_WITHDRAWN_FOR_OWNER,
    }
)
FOR_SENDERS = frozenset({_N.MAIL_NOT_LINKED, _N.MAIL_TO_CLOSED_CASE, _N.ATTACHMENT_REFUSED})
REMINDERS = frozenset({_N.REMINDER_1, _N.REMINDER_2})

_SPEAKS_OF_WHAT_WAS_ASKED = REMINDERS | {
    _N.INFORMATION_ASKED,
    _N.SOLUTION_PROPOSED,
    _N.CLOSED_BY_TIMER,
    _N.WAITS_AGAIN,
}
_ASKS = frozenset({_E.INFORMATION_ASKED, _E.SOLUTION_PROPOSED})
# N3: what stops the timer or starts it afresh; a mail about the waiting before it is out of date.
_ENDS_THE_WAITING = _ASKS | {
    _E.CUSTOMER_UPDATE,
    _E.STATUS_CHANGED,
    _E.CLOSED,
    _E.CLOSED_BY_TIMER,
    _E.REOPENED,
}
_HEADERS_LOOKED_AT = 128 * 1024  # bytes of an answered mail


class ReferenceIsMissing(IntakeError):
    """A case has no Reference ID for a recipient, so the mail could not be answered (E2); it is not sent."""


@dataclass(frozen=True)
class CaseTold:
    """A case as mails show it. `is_known_to_reader`: more of it than its number may be shown to them.

    `subject` is empty where it is not; `owner_name` and `callback_number` may be empty.
    """

    number: str
    type: str
    subject: str
    status: str
    sub_status: str
    priority: str
    company: str
    contact_name: str
    contact_email: str
    owner_name: str
    callback_number: str
    is_critical: bool
    is_known_to_reader: bool = True


@dataclass(frozen=True)
class Said:
    """An event as mails show it. `by_reader`: the recipient of the mail wrote it."""

    kind: EventKind
    by: str
    by_reader: bool
    channel: Channel
    at: datetime
    text: str
    status: Status
    sub_status: SubStatus


@dataclass(frozen=True)
class Answered:
    """The mail that is answered. `message_id` is empty when it has none that is safe to repeat.

    `subject` is read only where a person answers.
    """

    received_at: datetime
    message_id: str
    subject: str = ""


@dataclass(frozen=True)
class CallTold:
    """A call in which a message was left and no case was named (P4). `contact_name` may be empty."""

    at: datetime
    from_number: str
    contact_name: str
    seconds: int


@dataclass(frozen=True)
class Plan:
    """What the clock brings next; None where nothing is planned. Times are UTC."""

    reminder_at: datetime | None = None
    closes_at: datetime | None = None
    reopen_until: datetime | None = None


@dataclass(frozen=True)
class NoticeFacts:
    """Everything that a mail says. `reference` is empty, and `case` None, only where there is no case.

    `asked`: the question or the solution that the case waits, or waited, to have answered; `still_waits`: it
    still does. `files`: the names of what is attached to the event; `refused`: of what came with it and was not
    kept, with the reason. `forbidden`: why the case's contact may not see it now, and empty when they may.
    `is_withdrawn`: the event was taken back since (E3). `words`: what a person wrote for this one mail.
    """

    kind: NoticeKind
    now: datetime
    recipient: str
    recipient_name: str
    message_id: str
    reference: str = ""
    case: CaseTold | None = None
    event: Said | None = None
    asked: Said | None = None
    still_waits: bool = False
    plan: Plan = Plan()
    files: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    answered: Answered | None = None
    call: CallTold | None = None
    forbidden: str = ""
    is_withdrawn: bool = False
    words: str = ""


def read(uow: UnitOfWork, row: sa.RowMapping) -> NoticeFacts:
    """Return what the notice in this outbox row is about, as it is now. Raises ReferenceIsMissing."""
    if row["case_id"] is None:
        return _without_case(uow, row)
    kind, recipient = NoticeKind(row["notice"]), str(row["recipient"])
    case = rows.by_id(uow.connection, row["case_id"])
    event = rows.event(uow.connection, row["event_id"]) if row["event_id"] else None
    asked, still_waits = _waiting(uow, kind, case, event)
    forbidden = _forbidden(uow, kind, case, recipient)
    told = _case_told(uow, kind, case, recipient, may_see=not forbidden)
    files = _files(uow, case, event)
    return NoticeFacts(
        kind=kind,
        now=uow.now,
        recipient=recipient,
        recipient_name=_recipient_name(uow, kind, told, recipient),
        message_id=row["message_id"],
        reference=_reference(uow, case, recipient),
        case=told,
        event=_said(event, kind, recipient) if event else None,
        asked=_said(asked, kind, recipient) if asked else None,
        still_waits=still_waits,
        plan=_plan(case, uow.now, uow.house.rulebook),
        files=tuple(file["name"] for file in files if not file["refused"]),
        refused=tuple(f"{file['name']}: {file['refused']}" for file in files if file["refused"]),
        answered=_answered(uow, kind, row["inbox_id"]),
        forbidden=forbidden,
        words=row["words"] or "",
        is_withdrawn=event is not None and _is_withdrawn(uow, event),
    )


def no_longer_true(facts: NoticeFacts) -> str | None:
    """Return why the notice must not be sent any more, or None (A9, I10).

    A contact who may not see the case is told nothing of it, and nobody is told of an update that was taken
    back. Else only a reminder can come too late: every other notice tells of what happened, which stays true;
    its text says so where the case has moved on.
    """
    if facts.is_withdrawn:
        return "The update was taken out of the case before the mail left (I10)."
    if facts.forbidden and facts.kind not in FOR_STAFF | FOR_SENDERS:
        return facts.forbidden
    if facts.kind in REMINDERS and not facts.still_waits:
        return "The case was answered or moved on before the reminder left (I10)."
    return None


def _without_case(uow: UnitOfWork, row: sa.RowMapping) -> NoticeFacts:
    kind, recipient = NoticeKind(row["notice"]), str(row["recipient"])
    return NoticeFacts(
        kind=kind,
        now=uow.now,
        recipient=recipient,
        recipient_name=_analyst_name(uow, recipient) if kind in FOR_STAFF else "",
        message_id=row["message_id"],
        answered=_answered(uow, kind, row["inbox_id"]),
        words=row["words"] or "",
        call=_call(uow, row["call_key"]),
    )


def _waiting(
    uow: UnitOfWork, kind: NoticeKind, case: Case, event: sa.RowMapping | None
) -> tuple[sa.RowMapping | None, bool]:
    """Return the event that asked something of the customer, and whether the case still waits for that."""
    if event is None or kind not in _SPEAKS_OF_WHAT_WAS_ASKED:
        return None, False
    asked = _newest(uow, case, _ASKS, case_events.c.version <= event["version"])
    moved_on = _newest(uow, case, _ENDS_THE_WAITING, case_events.c.version > event["version"])
    stopped = kind in REMINDERS and case.followup.step is Step.NONE  # N4: production is down
    still_waits = case.status == event["status"] and moved_on is None and not stopped
    return rows.event(uow.connection, asked) if asked is not None else None, still_waits


def _newest(
    uow: UnitOfWork, case: Case, kinds: frozenset[EventKind], where: sa.ColumnElement[bool]
) -> int | None:
    """Return the id of the newest event of these kinds that stands; what the history says, megabytes, is not read."""
    stands = case_events.c.id.not_in(rows.withdrawn(case.id))
    mine = (case_events.c.case_id == case.id, case_events.c.kind.in_(kinds), stands, where)
    newest = sa.select(case_events.c.id).where(*mine).order_by(case_events.c.version.desc()).limit(1)
    return uow.connection.scalar(newest)


def _is_withdrawn(uow: UnitOfWork, event: sa.RowMapping) -> bool:
    if event["kind"] != EventKind.CUSTOMER_UPDATE:
        return False  # nothing else can be taken back
    undoing = rows.withdrawn(event["case_id"]).where(case_events.c.undoes_id == event["id"])
    return uow.connection.scalar(undoing) is not None


def _forbidden(uow: UnitOfWork, kind: NoticeKind, case: Case, recipient: str) -> str:
    """Return why the case's contact may not see it at this moment, or an empty text (A3, A9).

    Whom a person answers may be a colleague of the contact's; then it is asked of the colleague.
    """
    try:
        answered = kind is NoticeKind.TRIAGE_ANSWER
        contact = (
            directory.contact_by_email(uow, recipient)
            if answered
            else directory.contact(uow, case.contact_id)
        )
    except NotFound:
        return "The recipient is no contact any more (A3)"
    reader = Actor(Role.CUSTOMER, contact.name, Channel.MAIL, contact_id=contact.id)
    denied = acting.denied(uow, reader, case, Act.SEE)
    return f"{denied.words} ({denied.rule})" if denied else ""


def _case_told(uow: UnitOfWork, kind: NoticeKind, case: Case, recipient: str, *, may_see: bool) -> CaseTold:
    named = rows.with_names(uow.connection, case.number)
    company = directory.Combination(case.combination_id, named["sold_to"], named["end_user"]).name
    contact = directory.contact(uow, case.contact_id)
    # E5: a Reference ID does not authorise. Who answered with one may be anybody, and learns nothing new.
    is_stranger = kind in FOR_SENDERS and not (may_see and recipient.lower() == contact.email)
    return CaseTold(
        number=case.number,
        type=case.type,
        subject="" if is_stranger else case.subject,
        status=case.status,
        sub_status=case.sub_status,
        priority=case.priority.label,
        company=company,
        contact_name=contact.name,
        contact_email=contact.email,
        owner_name=named["owner_name"] or "",
        callback_number=case.callback_number or contact.phone or "",
        is_critical=case.priority is Priority.CRITICAL,
        is_known_to_reader=not is_stranger,
    )


def _recipient_name(uow: UnitOfWork, kind: NoticeKind, case: CaseTold, recipient: str) -> str:
    if kind in FOR_STAFF:
        return _analyst_name(uow, recipient)
    return case.contact_name if recipient.lower() == case.contact_email else ""


def _analyst_name(uow: UnitOfWork, email: str) -> str:
    try:
        return directory.analyst_by_email(uow, email).name
    except NotFound:
        return ""  # has left since


def _said(event: sa.RowMapping, kind: NoticeKind, recipient: str) -> Said:
    may_read = event["public"] or kind in FOR_STAFF
    name, _bracket, _address = str(event["actor"]).partition(" <")
    return Said(
        kind=EventKind(event["kind"]),
        by=name,
        by_reader=f"<{recipient.lower()}>" in event["actor"].lower(),
        channel=Channel(event["channel"]),
        at=event["at"],
        text=event["text"] if may_read else "",
        status=Status(event["status"]),
        sub_status=SubStatus(event["sub_status"]),
    )


def _plan(case: Case, now: datetime, rulebook: Rulebook) -> Plan:
    if case.closed_at is not None:
        until = reopen_until(case.closed_at, rulebook)
        return Plan(reopen_until=until if now < until else None)
    steps = {step.step: step.at for step in _coming_steps(case.followup, rulebook)}
    return Plan(
        reminder_at=steps.get(Step.REMINDER_1) or steps.get(Step.REMINDER_2), closes_at=steps.get(Step.CLOSE)
    )


def _coming_steps(due: Followup, rulebook: Rulebook) -> Sequence[Followup]:
    """Return the steps of the timer that are still to come, each on time (N1)."""
    coming = []
    while due.at is not None:
        coming.append(due)
        due = followups.followup_after_step(due, due.at, rulebook)
    return coming


def _reference(uow: UnitOfWork, case: Case, recipient: str) -> str:
    token = given_reference(uow, case.id, recipient)
    if token is None:
        raise ReferenceIsMissing(f"case {case.number} has no Reference ID for {recipient}")
    return token


def _files(uow: UnitOfWork, case: Case, event: sa.RowMapping | None) -> Sequence[sa.RowMapping]:
    if event is None:
        return ()
    files = rows.files_of(uow.connection, case.id)
    return [file for file in files if file["version"] == event["version"]]


def _answered(uow: UnitOfWork, kind: NoticeKind, inbox_id: int | None) -> Answered | None:
    mail = inbox.find(uow.connection, inbox_id) if inbox_id is not None else None
    if mail is None:
        return None
    subject = _subject_in_triage(uow, mail["id"]) if kind is NoticeKind.TRIAGE_ANSWER else ""
    with suppress(NotFound):  # its bytes were removed meanwhile (C10)
        message_id = _message_id_of(inbox.raw_of(uow.connection, mail["id"]))
        return Answered(mail["received_at"], message_id, subject)
    return Answered(mail["received_at"], "", subject)


def _subject_in_triage(uow: UnitOfWork, inbox_id: int) -> str:
    """Return the subject of a mail that was put aside, without PINs (A10) and without what answers put before it."""
    kept = sa.select(triage.c.subject).where(triage.c.inbox_id == inbox_id).order_by(triage.c.id.desc())
    return without_prefixes(uow.connection.scalar(kept.limit(1)) or "")


def _call(uow: UnitOfWork, key: str | None) -> CallTold | None:
    if key is None:
        return None
    call = uow.connection.execute(sa.select(calls).where(calls.c.key == key)).mappings().one()
    left = sa.select(recordings).where(recordings.c.call_key == key).order_by(recordings.c.id.desc())
    recording = uow.connection.execute(left).mappings().first()
    return CallTold(
        at=recording["recorded_at"] if recording else call["began_at"],
        from_number=call["from_number"],
        contact_name=directory.contact(uow, call["contact_id"]).name if call["contact_id"] else "",
        seconds=recording["seconds"] if recording else 0,
    )


def _message_id_of(raw: bytes) -> str:
    """Return the Message-ID of a foreign mail, or an empty text when it has none, several or an odd one."""
    head, _blank, _body = raw[:_HEADERS_LOOKED_AT].replace(b"\r\n", b"\n").partition(b"\n\n")
    found = BytesHeaderParser(policy=compat32).parsebytes(head).get_all("Message-ID", [])
    only = str(found[0]).strip() if len(found) == 1 else ""
    return only if is_plain_message_id(only) else ""
