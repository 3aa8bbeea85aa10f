"""The tables. What they mean is said here; how they came to be is in `migrations/`.

Times are aware UTC on both databases (`Instant`). Enums are kept as the text that people read, so that a
database can be read without the program. Every status is a value of `core.rules.terms`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC time. SQLite forgets time zones, so it is put back when read; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse a naive time and bring the others to UTC, so that SQLite compares like with like."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the time aware, in UTC."""
        if value is None:
            return None
        at: datetime = value
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _key(name: str = "id") -> Column[int]:
    return Column(name, Integer, primary_key=True)


def _to(target: str, name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, ForeignKey(target), nullable=nullable)


# --- the directory ------------------------------------------------------------------------------------------

accounts = Table(
    "accounts",
    metadata,
    _key(),
    Column("name", String(200), nullable=False, unique=True),
    _to(
        "accounts.id", "part_of_id", nullable=True
    ),  # the company that it is a division or subsidiary of (A4)
)

combinations = Table(  # a (Sold To, End User) pair: what a grant and a case are for (A3)
    "combinations",
    metadata,
    _key(),
    _to("accounts.id", "sold_to_id"),
    _to("accounts.id", "end_user_id"),
    UniqueConstraint("sold_to_id", "end_user_id"),
)

contracts = Table(  # A1
    "contracts",
    metadata,
    _key(),
    Column("number", String(40), nullable=False, unique=True),
    Column("combination_id", ForeignKey("combinations.id"), nullable=False, index=True),
    _to("accounts.id", "support_owner_id"),
    Column("care_level", String(40), nullable=False),
    Column("products", JSON, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("status", String(20), nullable=False),
)

contacts = Table(
    "contacts",
    metadata,
    _key(),
    Column("email", String(254), nullable=False, unique=True),  # lower case
    Column("first_name", String(100), nullable=False),
    Column("last_name", String(100), nullable=False),
    _to("accounts.id", "employer_id"),
    Column("country", String(2), nullable=False),
    Column("phone", String(20)),  # E.164
    Column("language", String(10), nullable=False),  # ISO 639-1, as `en`
    Column("time_zone", String(60), nullable=False),
    Column("terms_accepted_at", Instant),  # A5
    # The five digits that name the contact on the phone; no secret. NULL is a blank PIN (A10).
    Column("pin_handle", String(5), unique=True),
    Column("pin_key_id", String(20)),
    Column("pin_version", Integer, nullable=False, default=0),
)

grants = Table(
    "grants",
    metadata,
    Column("contact_id", ForeignKey("contacts.id"), primary_key=True),
    Column("combination_id", ForeignKey("combinations.id"), primary_key=True, index=True),
    Column("access", String(20), nullable=False),
    Column("approver", String(200)),  # the Designated Approver of the Sold To, by name (A5)
    _to("accounts.id", "approved_by_id", nullable=True),  # whose approval is on record, since when (A4)
    Column("approved_at", Instant),
)

analysts = Table(
    "analysts",
    metadata,
    _key(),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("phone", String(20), nullable=False),  # E.164
    Column("skills", JSON, nullable=False),  # products; empty means all
)

shifts = Table(  # the roster, see core.rules.roster.Shift
    "shifts",
    metadata,
    _key(),
    _to("analysts.id", "analyst_id"),
    Column("rung", Integer, nullable=False),
    Column("days", JSON, nullable=False),
    Column("starts", String(5), nullable=False),
    Column("ends", String(5), nullable=False),
    Column("time_zone", String(60), nullable=False),
    Column("products", JSON, nullable=False),
)

# --- cases --------------------------------------------------------------------------------------------------

cases = Table(
    "cases",
    metadata,
    _key(),
    Column("number", String(10), unique=True),  # C1; made from the key, in the same transaction
    Column("type", String(20), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("production_down", Boolean, nullable=False),
    Column("status", String(30), nullable=False),
    Column("sub_status", String(40), nullable=False),
    Column("subject", String(1000), nullable=False),
    Column("product", String(100), nullable=False),
    # C5; what the contact did not say is empty
    Column("sub_type", String(40), nullable=False),  # C2, C15: what SUB_TYPES has for the type
    Column("component", String(100), nullable=False),
    Column("deployment", String(100), nullable=False),
    Column("stage", String(20), nullable=False),
    Column("security_threat", Boolean, nullable=False),
    Column("business_impact", Text, nullable=False),
    Column("agents_affected", Integer),
    Column("external_reference", String(100), nullable=False),
    _to("combinations.id", "combination_id"),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False, index=True),
    _to("analysts.id", "owner_id", nullable=True),
    Column("callback_number", String(20)),  # C12
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),  # the last event that the contact may see
    Column("closed_at", Instant),
    Column("closed_by_timer", Boolean, nullable=False),
    Column("purged_at", Instant),  # C10
    Column("escalated", Boolean, nullable=False),  # an escalation is open (C11)
    # P6, C14: what is owed to the customer, and when it came; NULL where nothing is owed
    Column("response_due_at", Instant),
    Column("responded_at", Instant),
    Column("decision_due_at", Instant),
    Column("decided_at", Instant),
    Column("followup_at", Instant),
    Column("followup_step", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    # SQLite must never hand out the number of a case again.
    sqlite_autoincrement=True,
)

FOLLOWED_UP = text("followup_at IS NOT NULL")
OWES_RESPONSE = text("(closed_at IS NULL AND responded_at IS NULL)")
OWES_DECISION = text("(closed_at IS NULL AND decided_at IS NULL)")
TO_PURGE = text("(closed_at IS NOT NULL AND purged_at IS NULL)")
ACTIVE = text("(closed_at IS NULL)")
ESCALATED = text("escalated")
# Only cases that wait for something are in these, so finding what is due costs the same among a million.
for _name, _columns, _where in (
    ("ix_cases_followup_at", (cases.c.followup_at,), FOLLOWED_UP),
    ("ix_cases_response_due_at", (cases.c.response_due_at,), OWES_RESPONSE),
    ("ix_cases_decision_due_at", (cases.c.decision_due_at,), OWES_DECISION),
    ("ix_cases_closed_at", (cases.c.closed_at,), TO_PURGE),
    ("ix_cases_active", (cases.c.priority, cases.c.id), ACTIVE),
    ("ix_cases_escalated", (cases.c.id,), ESCALATED),
):
    Index(_name, *_columns, sqlite_where=_where, postgresql_where=_where)

escalations = Table(  # C11; its feed is the events that name it
    "escalations",
    metadata,
    _key(),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("ground", String(40), nullable=False),  # EscalationGround
    Column("state", String(20), nullable=False),  # EscalationState
    Column("reason", Text, nullable=False),  # of the last decision on it
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", String(300), nullable=False),
    Column("settled_at", Instant),  # refused or ended
)
# At most one escalation of a case is open, whoever asks at the same instant.
_IS_OPEN = text("settled_at IS NULL")
Index(
    "uq_escalations_open",
    escalations.c.case_id,
    unique=True,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)

case_events = Table(  # append-only, by a trigger: the history of a case
    "case_events",
    metadata,
    _key(),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("version", Integer, nullable=False),  # the case's version that this event made
    Column("at", Instant, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("role", String(20), nullable=False),
    Column("actor", String(300), nullable=False),
    Column("text", Text, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("status", String(30), nullable=False),
    Column("sub_status", String(40), nullable=False),
    _to("escalations.id", "escalation_id", nullable=True),
    _to(
        "case_events.id", "undoes_id", nullable=True
    ),  # the linking of a mail that this event takes back (E3)
    # One event for each version is what makes the history one line even if two acts meet.
    UniqueConstraint("case_id", "version"),
)

attachments = Table(
    "attachments",
    metadata,
    _key(),
    Column("event_id", ForeignKey("case_events.id"), nullable=False, index=True),
    # In the blob store; empty once removed (C10), and for what was never kept.
    Column("digest", String(64), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("inline", Boolean, nullable=False),  # shown among the text of its mail, as a signature's logo is
    Column("refused", String(200), nullable=False),  # why it was not kept, in words; empty for what was
    Column("purged_at", Instant),
)

references = Table(  # E2: one for each case and recipient
    "case_references",
    metadata,
    Column("token", String(22), primary_key=True),
    _to("cases.id", "case_id"),
    Column("recipient", String(254), nullable=False),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("case_id", "recipient"),
)

# --- durable work -------------------------------------------------------------------------------------------

DUE = text("(state = 'waiting' OR state = 'working')")
"""Written out in index and queries alike: with bound values, SQLite does not see that the index fits."""


def _work_columns() -> list[Column[Any]]:
    """Return the columns that core.store.claiming works with."""
    return [
        _key(),
        Column("state", String(20), nullable=False),
        Column("due_at", Instant, nullable=False),  # waiting: not before; working: when the lease ends
        Column("attempts", Integer, nullable=False),
        Column("lease", String(32)),
        Column("error", Text),
        Column("finished_at", Instant),
    ]


inbox = Table(
    "inbox",
    metadata,
    *_work_columns(),
    Column("received_at", Instant, nullable=False),
    Column("envelope_sender", String(1000), nullable=False),  # empty for the null sender
    Column("recipients", JSON, nullable=False),
    Column("peer", String(100), nullable=False),
    Column("helo", String(255), nullable=False),  # the name that the peer gave itself (RFC 7208 2.3)
    Column("content", String(64), nullable=False),  # SHA-256 of the bytes, in hexadecimal
    Column("fingerprint", String(64), nullable=False),  # of envelope and bytes (I2)
    # The fingerprint again, once the mail had its outcome: two rows of one mail cannot both have one.
    Column("effect_of", String(64), unique=True),
    Column("outcome", String(40)),
    Column("decision", JSON),
    Column("case_id", ForeignKey("cases.id"), index=True),  # the case that it updated, or was put aside for
)
Index("ix_inbox_due_at", inbox.c.due_at, sqlite_where=DUE, postgresql_where=DUE)

raw_mails = (
    Table(  # a table of their own: a state that changes rewrites no bytes, and a purge leaves the row (C10)
        "raw_mails",
        metadata,
        Column("inbox_id", ForeignKey("inbox.id"), primary_key=True, autoincrement=False),
        Column("raw", LargeBinary, nullable=False),
    )
)

outbox = Table(
    "outbox",
    metadata,
    *_work_columns(),
    Column("notice", String(60), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("case_id", ForeignKey("cases.id"), index=True),
    Column("event_id", ForeignKey("case_events.id")),
    Column("inbox_id", ForeignKey("inbox.id")),  # the mail that is answered, where one is
    Column("call_key", ForeignKey("calls.key")),  # the call that is told of, where no case was named
    Column("written_at", Instant, nullable=False),
    Column("message_id", String(200), nullable=False, unique=True),  # the same at every attempt (I9)
    Column("bounce_key", String(32), nullable=False, unique=True),
    Column("words", Text),  # what a person wrote for this one mail, where no template says it
    # E7: the report that it came back; `bounce` is hard or soft, `bounce_status` as RFC 3463 has it
    Column("bounced_at", Instant),
    Column("bounce", String(10)),
    Column("bounce_status", String(20)),
    Column("bounce_words", Text),
    UniqueConstraint("event_id", "notice", "recipient"),
    # What one address was sent of late, and whether it came back.
    Index("ix_outbox_recipient_written_at", "recipient", "written_at"),
)
# Few notices answer a mail; those of one are found without a look at the others.
_ANSWERS_A_MAIL = text("inbox_id IS NOT NULL")
Index(
    "ix_outbox_inbox_id",
    outbox.c.inbox_id,
    sqlite_where=_ANSWERS_A_MAIL,
    postgresql_where=_ANSWERS_A_MAIL,
)
Index("ix_outbox_due_at", outbox.c.due_at, sqlite_where=DUE, postgresql_where=DUE)

triage = Table(
    "triage",
    metadata,
    _key(),
    Column("inbox_id", ForeignKey("inbox.id"), nullable=False, index=True),
    Column("case_id", ForeignKey("cases.id"), index=True),  # the case it names, where it names one
    Column("reason", String(60), nullable=False),
    Column("words", Text, nullable=False),
    Column("sender", String(320), nullable=False),
    Column("subject", String(1000), nullable=False),
    Column("put_at", Instant, nullable=False),
    Column("state", String(20), nullable=False),  # core.triage.EntryState
    Column("settled_at", Instant),
    Column("settled_by", String(300)),
    _to("case_events.id", "event_id", nullable=True),  # the update that linking it made
)

IS_OPEN_ENTRY = text("(triage.state = 'open')")
"""What the list of triage asks; those that were settled, by the hundred thousand, are not walked through."""
_IS_OPEN_ENTRY = text("state = 'open'")
Index("ix_triage_open", triage.c.id, sqlite_where=_IS_OPEN_ENTRY, postgresql_where=_IS_OPEN_ENTRY)

answers_to_senders = Table(  # E3, E6: what a stranger was told, so that it is told once a day
    "answers_to_senders",
    metadata,
    Column("address", String(254), primary_key=True),
    Column("notice", String(60), primary_key=True),
    Column("day", String(10), primary_key=True),
)

# --- the phone ----------------------------------------------------------------------------------------------

calls = Table(
    "calls",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("provider", String(20), nullable=False),
    Column("provider_call_id", String(100), nullable=False),
    Column("from_number", String(100), nullable=False),
    Column("state", JSON, nullable=False),  # the dialogue's state
    Column("turn", Integer, nullable=False),  # the turn that is awaited next
    Column("contact_id", ForeignKey("contacts.id")),
    Column("case_id", ForeignKey("cases.id")),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("provider", "provider_call_id"),
)

turns = Table(  # I13: one effect and one identical answer for each turn of a call or a leg
    "turns",
    metadata,
    Column("key", String(32), primary_key=True),  # of the call, or of the leg
    Column("turn", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("answer", Text, nullable=False),
)

legs = Table(  # one call to one analyst
    "legs",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("call_key", ForeignKey("calls.key"), nullable=False, index=True),
    _to("analysts.id", "analyst_id"),
    Column("rung", Integer, nullable=False),
    Column("rang_at", Instant, nullable=False),
    Column("status", String(20), nullable=False),
    Column("took_at", Instant),
)
# At most one analyst has the caller, whoever presses 1 at the same instant.
Index(
    "uq_legs_taken",
    legs.c.call_key,
    unique=True,
    sqlite_where=text("took_at IS NOT NULL"),
    postgresql_where=text("took_at IS NOT NULL"),
)

recordings = Table(
    "recordings",
    metadata,
    _key(),
    Column("provider", String(20), nullable=False),
    Column("provider_recording_id", String(100), nullable=False),
    Column("call_key", ForeignKey("calls.key"), nullable=False),
    Column("event_id", ForeignKey("case_events.id"), index=True),
    Column("url", String(500), nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("purged_at", Instant),  # C10
    UniqueConstraint("provider", "provider_recording_id"),
)

pin_failures = Table(  # counted for a contact, a calling number, the whole system
    "pin_failures",
    metadata,
    Column("scope", String(20), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("locks", Integer, nullable=False),  # how often it was locked: each lock lasts twice as long
    Column("locked_until", Instant),
    Column("last_at", Instant, nullable=False),
)

audit = Table(  # append-only, by a trigger: who did what to a contact, a grant, a PIN, a triage entry
    "audit",
    metadata,
    _key(),
    Column("at", Instant, nullable=False),
    Column("actor", String(300), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("act", String(60), nullable=False),
    Column("subject", String(300), nullable=False, index=True),
    Column("detail", Text, nullable=False),
)

APPEND_ONLY = (case_events, audit)
"""Tables whose rows are never changed and never removed: a trigger of the database refuses both."""
