"""Cases and their history as rows: read, inserted, changed by compare and set.

A case's version counts its events. `change` writes a new state only over the version that was read, and
with it the one event that made it; whoever was second gets ChangedMeanwhile and decides again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.errors import ChangedMeanwhile, NotFound
from core.identifiers import case_number
from core.rules.fields import FIELD_NAMES, CaseFields
from core.rules.followups import Followup, Step
from core.rules.policy import CaseFacts
from core.rules.targets import Targets
from core.rules.terms import CaseType, Channel, EventKind, Priority, Role, Status, SubStatus
from core.store.schema import (
    OWES_DECISION,
    OWES_RESPONSE,
    accounts,
    analysts,
    attachments,
    case_events,
    cases,
    combinations,
    contacts,
)

Condition = sa.ColumnElement[bool] | sa.TextClause
_NOTHING_YET: Mapping[str, Any] = {
    "version": 1,
    "closed_by_timer": False,
    "followup_step": Step.NONE,
    "escalated": False,
}
_TARGET_NAMES = tuple(field.name for field in fields(Targets))
# Made once: building them costs as much as running them.
_CHANGE = (
    sa.update(cases)
    .where(
        cases.c.id == sa.bindparam("id_before"),
        cases.c.version == sa.bindparam("version_before"),
    )
    .returning(*cases.c)
)
_APPEND = sa.insert(case_events).returning(case_events.c.id)


@dataclass(frozen=True)
class Case:
    """A case as it stands at one version. Times are UTC."""

    id: int
    number: str
    type: CaseType
    priority: Priority
    production_down: bool
    status: Status
    sub_status: SubStatus
    subject: str
    fields: CaseFields
    combination_id: int
    contact_id: int
    owner_id: int | None
    callback_number: str | None
    opened_at: datetime
    closed_at: datetime | None
    closed_by_timer: bool
    updated_at: datetime
    purged_at: datetime | None
    escalated: bool
    followup: Followup
    targets: Targets
    version: int

    @property
    def product(self) -> str:
        """The product that it is about; empty where nobody said."""
        return self.fields.product

    @property
    def facts(self) -> CaseFacts:
        """What the rules ask of it."""
        return CaseFacts(
            status=self.status,
            priority=self.priority,
            closed_at=self.closed_at,
            closed_by_timer=self.closed_by_timer,
            type=self.type,
            updated_at=self.updated_at,
            escalated=self.escalated,
            is_purged=self.purged_at is not None,
        )


@dataclass(frozen=True)
class Event:
    """One line of a case's history, as it is to be written. `public`: the contact may see it.

    `undoes_id`: the event that it takes back.
    """

    at: datetime
    kind: EventKind
    channel: Channel
    role: Role
    actor: str
    text: str
    public: bool
    escalation_id: int | None = None
    undoes_id: int | None = None


@dataclass(frozen=True)
class KeptFile:
    """An attachment whose bytes are in the blob store under `digest`. `size` in bytes.

    `inline`: shown among the text of its mail. `refused` says why it was not kept; then it has no digest.
    """

    digest: str
    name: str
    content_type: str
    size: int
    inline: bool = False
    refused: str = ""


def find(connection: sa.Connection, number: str) -> Case:
    """Return the case of this number as it is now. Raises NotFound."""
    return _only(connection, cases.c.number == number, number)


def by_id(connection: sa.Connection, case_id: int) -> Case:
    """Return the case of this id as it is now. Raises NotFound."""
    return _only(connection, cases.c.id == case_id, case_id)


def locked(connection: sa.Connection, case_ids: Iterable[int]) -> dict[int, Case]:
    """Return these cases by their ids, as nobody else changes them until the transaction ends.

    They are locked in the order of their ids, so that two who lock several never wait for each other.
    """
    wanted = sa.select(cases).where(cases.c.id.in_(sorted(case_ids))).order_by(cases.c.id)
    found = connection.execute(wanted.with_for_update()).mappings()
    return {row["id"]: _case(row) for row in found}


def insert(connection: sa.Connection, values: Mapping[str, Any], event: Event) -> tuple[Case, int]:
    """Keep a new case with its first event; return it and the event's id."""
    new = sa.insert(cases).values(**{**_NOTHING_YET, **values}, updated_at=event.at)
    case_id = int(connection.execute(new.returning(cases.c.id)).scalar_one())
    numbered = sa.update(cases).where(cases.c.id == case_id).values(number=case_number(case_id))
    connection.execute(numbered)
    case = by_id(connection, case_id)
    return case, _append(connection, case, event)


def change(
    connection: sa.Connection, before: Case, values: Mapping[str, Any], event: Event
) -> tuple[Case, int]:
    """Change the case and tell of it; return what it is now and the event's id. Raises ChangedMeanwhile."""
    columns = {"version": before.version + 1, **_seen(event), **values}
    changed = {"id_before": before.id, "version_before": before.version, **columns}
    row = connection.execute(_CHANGE, changed).mappings().first()
    if row is None:
        raise ChangedMeanwhile(f"case {before.number} was changed by somebody else")
    case = _case(row)
    return case, _append(connection, case, event)


def set_followup(connection: sa.Connection, before: Case, followup: Followup) -> None:
    """Move only the timer of a case, without an event. Raises ChangedMeanwhile."""
    moved = (
        sa.update(cases)
        .where(
            cases.c.id == before.id,
            cases.c.version == before.version,
            cases.c.followup_at == before.followup.at,
        )
        .values(followup_columns(followup))
    )
    if connection.execute(moved).rowcount != 1:
        raise ChangedMeanwhile(f"case {before.number} was changed by somebody else")


def followup_columns(followup: Followup) -> dict[str, Any]:
    """Return the two columns that are the whole timer."""
    return {"followup_at": followup.at, "followup_step": int(followup.step)}


def field_columns(given: CaseFields) -> dict[str, Any]:
    """Return the columns of the fields (C5)."""
    return asdict(given)


def target_columns(targets: Targets) -> dict[str, Any]:
    """Return the columns that say what is owed and what was given (P6, C14)."""
    return asdict(targets)


def attach(connection: sa.Connection, event_id: int, files: Sequence[KeptFile]) -> None:
    """Tie files to an event."""
    for file in files:
        connection.execute(sa.insert(attachments).values(event_id=event_id, **asdict(file)))


def last_opened_at(connection: sa.Connection, case: Case) -> datetime:
    """Return when the case was opened, or last reopened."""
    reopened = sa.select(sa.func.max(case_events.c.at)).where(
        case_events.c.case_id == case.id, case_events.c.kind == EventKind.REOPENED
    )
    return connection.scalar(reopened) or case.opened_at


def next_followup(connection: sa.Connection, now: datetime) -> Case | None:
    """Return the case whose follow-up has been due for longest, or None."""
    due = sa.select(cases).where(cases.c.followup_at <= now).order_by(cases.c.followup_at).limit(1)
    row = connection.execute(due).mappings().first()
    return _case(row) if row else None


def history(connection: sa.Connection, case_id: int) -> Sequence[sa.RowMapping]:
    """Return the events of a case, oldest first."""
    told = sa.select(case_events).where(case_events.c.case_id == case_id).order_by(case_events.c.version)
    return connection.execute(told).mappings().all()


def event(connection: sa.Connection, event_id: int) -> sa.RowMapping:
    """Return one event. Raises NotFound."""
    row = connection.execute(sa.select(case_events).where(case_events.c.id == event_id)).mappings().first()
    if row is None:
        raise NotFound("event", event_id)
    return row


def event_before(connection: sa.Connection, event_: sa.RowMapping) -> sa.RowMapping:
    """Return the event of the same case before this one. Raises NotFound."""
    before = (case_events.c.case_id == event_["case_id"], case_events.c.version == event_["version"] - 1)
    row = connection.execute(sa.select(case_events).where(*before)).mappings().first()
    if row is None:
        raise NotFound("event before", event_["id"])
    return row


def withdrawn(case_id: int) -> sa.Select[int]:
    """Select the ids of the case's events that were taken back."""
    undoing = (case_events.c.case_id == case_id, case_events.c.undoes_id.is_not(None))
    return sa.select(case_events.c.undoes_id).where(*undoing)


def last_seen_at(connection: sa.Connection, case: Case, *, without: int) -> datetime:
    """Return when the case was last updated, had the event `without` never been."""
    seen = sa.select(sa.func.max(case_events.c.at)).where(
        case_events.c.case_id == case.id,
        case_events.c.public,
        case_events.c.role != Role.TIMER,
        case_events.c.id != without,
        case_events.c.id.not_in(withdrawn(case.id)),
    )
    return connection.scalar(seen) or case.opened_at


def files_of(connection: sa.Connection, case_id: int) -> Sequence[sa.RowMapping]:
    """Return the attachments of a case with the version of their event, oldest first."""
    joined = attachments.join(case_events, attachments.c.event_id == case_events.c.id)
    files = sa.select(attachments, case_events.c.version).select_from(joined)
    return (
        connection.execute(files.where(case_events.c.case_id == case_id).order_by(attachments.c.id))
        .mappings()
        .all()
    )


def listed(
    connection: sa.Connection,
    *conditions: Condition,
    order: Sequence[sa.ColumnElement[Any]] = (cases.c.id.desc(),),
    limit: int = 500,
) -> list[sa.RowMapping]:
    """Return cases with the names that people know them by, newest first or in another `order`.

    Columns: those of the case, `contact_email`, `contact_name`, `owner_email`, `owner_name`, `sold_to`,
    `end_user`.
    """
    rows = connection.execute(_with_names().where(*conditions).order_by(*order).limit(limit))
    return list(rows.mappings())


def overdue(
    connection: sa.Connection, now: datetime, *conditions: Condition, limit: int = 500
) -> list[sa.RowMapping]:
    """Return the cases that owe a response or a decision at `now`, longest first, as listed() does (P6, C14)."""
    # Each branch walks its own partial index and stops at the limit, however many are late.
    branches = (
        _late(OWES_RESPONSE, cases.c.response_due_at, now, conditions, limit),
        _late(OWES_DECISION, cases.c.decision_due_at, now, conditions, limit),
    )
    both = sa.union_all(*(sa.select(branch.c.id, branch.c.since) for branch in branches)).subquery()
    since = sa.func.min(both.c.since)
    longest = sa.select(both.c.id).group_by(both.c.id).order_by(since, both.c.id).limit(limit)
    places = {case_id: place for place, case_id in enumerate(connection.scalars(longest))}
    found = listed(connection, cases.c.id.in_(places), limit=limit)
    return sorted(found, key=lambda row: places[row["id"]])


def _late(
    owes: sa.TextClause,
    due_at: sa.Column[datetime],
    now: datetime,
    conditions: Sequence[Condition],
    limit: int,
) -> sa.Subquery:
    joined = cases.join(contacts, contacts.c.id == cases.c.contact_id)
    late = sa.select(cases.c.id, due_at.label("since")).select_from(joined)
    return late.where(owes, due_at <= now, *conditions).order_by(due_at, cases.c.id).limit(limit).subquery()


def targets_of(row: sa.RowMapping) -> Targets:
    """Return what a case owes and gave."""
    return Targets(**{name: row[name] for name in _TARGET_NAMES})


def with_names(connection: sa.Connection, number: str) -> sa.RowMapping:
    """Return one case as listed() does. Raises NotFound."""
    rows = listed(connection, cases.c.number == number)
    if not rows:
        raise NotFound("case", number)
    return rows[0]


def _with_names() -> sa.Select[Any]:
    sold_to, end_user = accounts.alias("sold_to"), accounts.alias("end_user")
    joined = (
        cases.join(contacts, contacts.c.id == cases.c.contact_id)
        .join(combinations, combinations.c.id == cases.c.combination_id)
        .join(sold_to, sold_to.c.id == combinations.c.sold_to_id)
        .join(end_user, end_user.c.id == combinations.c.end_user_id)
        .outerjoin(analysts, analysts.c.id == cases.c.owner_id)
    )
    return sa.select(
        cases,
        contacts.c.email.label("contact_email"),
        (contacts.c.first_name + " " + contacts.c.last_name).label("contact_name"),
        analysts.c.email.label("owner_email"),
        analysts.c.name.label("owner_name"),
        sold_to.c.name.label("sold_to"),
        end_user.c.name.label("end_user"),
    ).select_from(joined)


def _only(connection: sa.Connection, condition: sa.ColumnElement[bool], asked_for: object) -> Case:
    row = connection.execute(sa.select(cases).where(condition)).mappings().first()
    if row is None:
        raise NotFound("case", asked_for)
    return _case(row)


def _case(row: sa.RowMapping) -> Case:
    return Case(
        id=row["id"],
        number=row["number"],
        type=CaseType(row["type"]),
        priority=Priority(row["priority"]),
        production_down=row["production_down"],
        status=Status(row["status"]),
        sub_status=SubStatus(row["sub_status"]),
        subject=row["subject"],
        fields=CaseFields(**{name: row[name] for name in FIELD_NAMES}),
        combination_id=row["combination_id"],
        contact_id=row["contact_id"],
        owner_id=row["owner_id"],
        callback_number=row["callback_number"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        closed_by_timer=row["closed_by_timer"],
        updated_at=row["updated_at"],
        purged_at=row["purged_at"],
        escalated=row["escalated"],
        followup=Followup(Step(row["followup_step"]), row["followup_at"]),
        targets=targets_of(row),
        version=row["version"],
    )


def _seen(event: Event) -> dict[str, datetime]:
    """Return when the case was last updated, if the event is somebody's that its contact may see."""
    return {"updated_at": event.at} if event.public and event.role is not Role.TIMER else {}


def _append(connection: sa.Connection, case: Case, event_: Event) -> int:
    told = {
        "case_id": case.id,
        "version": case.version,
        "at": event_.at,
        "kind": event_.kind,
        "channel": event_.channel,
        "role": event_.role,
        "actor": event_.actor,
        "text": event_.text,
        "public": event_.public,
        "status": case.status,
        "sub_status": case.sub_status,
        "escalation_id": event_.escalation_id,
        "undoes_id": event_.undoes_id,
    }
    return int(connection.execute(_APPEND, told).scalar_one())
