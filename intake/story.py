"""A case as its readers see it: the fields, and its history told from the oldest line on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.rules.lifecycle import Step
from core.rules.terms import EventKind, Priority
from core.store import cases as rows
from core.unit_of_work import UnitOfWork
from email_in.quoting import own_words


def summary(case: sa.RowMapping) -> dict[str, Any]:
    """Return one line of a list of cases."""
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
        "combination": {"sold_to": case["sold_to"], "end_user": case["end_user"]},
    }


def story(uow: UnitOfWork, number: str) -> dict[str, Any]:
    """Return the whole story of a case. Raises NotFound.

    An update's `text` is what the sender wrote; what it quotes is in `quoted`, so together they are all of it.
    """
    case = rows.with_names(uow.connection, number)
    files = rows.files_of(uow.connection, case["id"])
    return summary(case) | {
        "product": case["product"],
        "callback_number": case["callback_number"],
        "opened_at": case["opened_at"],
        "closed_at": case["closed_at"],
        "closed_by_timer": case["closed_by_timer"],
        "followup_at": case["followup_at"],
        "followup_step": _step(case["followup_step"]),
        "history": [_line(event, files) for event in rows.history(uow.connection, case["id"])],
    }


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
            {"name": file["name"], "type": file["content_type"], "size": file["size"]}
            for file in files
            if file["version"] == event["version"]
        ],
    }
