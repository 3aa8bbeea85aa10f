"""Takes back what people did with an entry of triage: it is on the list again (E3).

A mail that was linked is taken out of its case, in the same transaction; it can then be linked elsewhere, once.
A mail that was discarded waits again. An answer that nobody has begun to send does not leave; one that may have
left cannot be called back, and its entry only waits again.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from core import audit, pins, triage
from core.acting import Actor
from core.errors import Refused
from core.rules.notices import NoticeKind
from core.rules.policy import Denied
from core.store import cases as case_rows
from core.store import inbox, outbox
from core.triage import EntryState
from core.unit_of_work import UnitOfWork
from core.withdrawing import Withdrawn, demand_short, withdraw_update


@dataclass(frozen=True)
class Undone:
    """What was undone; where the mail was linked, what became of the case that it was taken out of.

    `answer_stopped`: it was answered, and the answer had not begun to leave.
    """

    was: EntryState
    withdrawn: Withdrawn | None = None
    answer_stopped: bool = False


_NOT_UNDONE = {
    EntryState.OPEN: "Triage entry {id} waits for people; there is nothing to undo.",
    EntryState.RETRIED: "The mail of triage entry {id} was worked on again; what came of it is not undone.",
}


def undo(uow: UnitOfWork, entry_id: int, actor: Actor, reason: str = "") -> Undone:
    """Put a settled entry on the list again; a mail that was linked is taken out of its case (E3).

    Raises NotFound, Refused and BadInput.
    """
    demand_short(reason)
    entry = triage.find(uow, entry_id)
    was = EntryState(entry["state"])
    why_not = _why_not(entry)
    if why_not:
        raise Refused(Denied("nothing-to-undo", "E3", why_not.format(**entry)))
    triage.put_back(uow, entry)
    _record(uow, entry, actor, reason)
    if was is EntryState.LINKED:
        return Undone(was, withdrawn=_take_back(uow, entry, actor, reason))
    return Undone(was, answer_stopped=was is EntryState.ANSWERED and _stop_answer(uow, entry))


def _why_not(entry: sa.RowMapping) -> str:
    """Return why there is nothing to undo; empty where there is."""
    if entry["state"] == EntryState.LINKED and entry["event_id"] is None:
        return "Triage entry {id} was linked before links could be undone."
    return _NOT_UNDONE.get(entry["state"], "")


def _take_back(uow: UnitOfWork, entry: sa.RowMapping, actor: Actor, reason: str) -> Withdrawn:
    inbox.mark_taken_back(uow.connection, entry["inbox_id"], entry["case_id"])
    case = case_rows.find(uow.connection, entry["linked_to"])
    return withdraw_update(uow, actor, case, entry["event_id"], reason)


def _stop_answer(uow: UnitOfWork, entry: sa.RowMapping) -> bool:
    row = outbox.answer_to(uow.connection, entry["inbox_id"], NoticeKind.TRIAGE_ANSWER)
    why = "The answer was taken back before it left (E3)."
    return row is not None and outbox.stop(uow.connection, row["id"], uow.now, why)


def _record(uow: UnitOfWork, entry: sa.RowMapping, actor: Actor, reason: str) -> None:
    number = entry["linked_to"] or entry["case_number"]
    of_case = f", case {number}" if number else ""
    told = f"it was {entry['state']} by {entry['settled_by']}{of_case}"
    detail = pins.masked(uow, f"{told}: {reason}" if reason else told)
    audit.record(
        uow, by=actor.name, act="triage undone", subject=triage.subject_of(entry["id"]), detail=detail
    )
