"""A case as its readers see it: the fields, and its history told from the oldest line on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.rules.fields import FIELD_NAMES
from core.rules.followups import Step
from core.rules.terms import EventKind, Priority, Status
from core.store import cases as rows
from core.store import escalations
from core.unit_of_work import UnitOfWork
from email_in.quoting import own_words
from intake.output import plain_row

_TOLD_AS_KEPT = (
    "callback_number",
    "opened_at",
    "updated_at",
    "closed_at",
    "closed_by_timer",
    "purged_at",
    "response_due_at",
    "responded_at",
    "decision_due_at",
    "decided_at",
    "followup_at",
)


def summary(case: sa.RowMapping, now: datetime) -> dict[str, Any]:
    """Return one line of a list of cases; what is late at `now` is in it (P6, C14)."""
    is_over = case["status"] == Status.CLOSED
    return {
        "number": case["number"],
        "type": case["type"],
        "priority": Priority(case["priority"]).label,
        "production_down": case["production_down"],
        "status": case["status"],
        "sub_status": case["sub_status"],
        "subject": case["subject"],
        "contact": case["contact_email"],
        "owner": case["owner_email"],
        "escalated": case["escalated"],
        "overdue": "" if is_over else ", ".join(rows.targets_of(case).overdue(now)),
        "combination": {"sold_to": case["sold_to"], "end_user": case["end_user"]},
    }


def story(uow: UnitOfWork, number: str) -> dict[str, Any]:
    """Return the whole story of a case. Raises NotFound.

    An update's `text` is what the sender wrote; what it quotes is in `quoted`, so together they are all of it.
    Of one that was taken out again, `withdrawn` says by whom, when and why, and its files are withheld (E3).
    """
    case = rows.with_names(uow.connection, number)
    files = rows.files_of(uow.connection, case["id"])
    history = rows.history(uow.connection, case["id"])
    told = {name: case[name] for name in FIELD_NAMES + _TOLD_AS_KEPT}
    return (
        summary(case, uow.now)
        | told
        | {
            "followup_step": _step(case["followup_step"]),
            "escalations": [
                _escalation(one, history) for one in escalations.of_case(uow.connection, case["id"])
            ],
            "history": [_line(event, files) | {"withdrawn": _withdrawn(event, history)} for event in history],
        }
    )


def _escalation(escalation: sa.RowMapping, history: Sequence[sa.RowMapping]) -> dict[str, Any]:
    """Return an escalation with its feed: the events that are of it (C11)."""
    feed = [_line(event, ()) for event in history if event["escalation_id"] == escalation["id"]]
    return plain_row(escalation, "id", "case_id") | {"feed": feed}


def _withdrawn(event: sa.RowMapping, history: Sequence[sa.RowMapping]) -> dict[str, Any] | None:
    """Return who took the event back, when and why; None where it stands (E3)."""
    undoing = next((one for one in history if one["undoes_id"] == event["id"]), None)
    if undoing is None:
        return None
    return {"at": undoing["at"], "by": undoing["actor"], "why": undoing["text"]}


def _step(number: int) -> str | None:
    return None if number == Step.NONE else Step(number).name.lower().replace("_", " ")


def _line(event: sa.RowMapping, files: Any) -> dict[str, Any]:
    text, quoted = event["text"], ""
    if event["kind"] == EventKind.CUSTOMER_UPDATE:
        words = own_words(text)
        text, quoted = words.own, words.quoted
    return {
        "at": event["at"],
        "kind": event["kind"],
        "channel": event["channel"],
        "actor": event["actor"],
        "text": text,
        "quoted": quoted,
        "public": event["public"],
        "status": event["status"],
        "sub_status": event["sub_status"],
        "attachments": [
            {
                "name": file["name"],
                "type": file["content_type"],
                "size": file["size"],
                "inline": file["inline"],
                "refused": file["refused"] or None,
                "removed_at": file["purged_at"],
            }
            for file in files
            if file["version"] == event["version"]
        ],
    }
