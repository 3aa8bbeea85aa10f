"""The verb that takes an update out of a case again: a mail was linked to it that does not belong there (E3).

The history is append-only, so the update stays in it and an event of its own takes it back; from then on the
update is shown as withdrawn, its words go into no mail, and its files are withheld. Where nothing has happened
on the case since, it waits again for what it waited for, by rows of the lifecycle table; else it stands where
people have brought it meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from core.acting import Actor, Done, Said, Wish, carry_out
from core.errors import BadInput, Refused
from core.rules import lifecycle
from core.rules.lifecycle import Trigger
from core.rules.policy import Act, Denied
from core.rules.terms import EventKind, SubStatus
from core.store import cases as rows
from core.store.cases import Case
from core.unit_of_work import UnitOfWork

LONGEST_REASON = 2_000  # characters


@dataclass(frozen=True)
class Withdrawn:
    """What taking an update back came to.

    `went_back`: the case waits again as before the update. `stays`: the update had moved it, and what happened
    since keeps it where it is.
    """

    done: Done
    went_back: bool
    stays: bool


def withdraw_update(uow: UnitOfWork, actor: Actor, case: Case, event_id: int, reason: str = "") -> Withdrawn:
    """Take the update that this event made out of the case; also out of a closed one. `reason` may be empty.

    Raises Refused, BadInput, NotFound and ChangedMeanwhile.
    """
    demand_short(reason)
    undone = _standing_update(uow, case, event_id)
    back = _way_back(uow, undone)
    is_last = case.version == undone["version"]
    seen_at = rows.last_seen_at(uow.connection, case, without=event_id)
    wish = Wish(Act.WITHDRAW, back if is_last else None, columns={"updated_at": seen_at})
    said = Said(EventKind.UPDATE_WITHDRAWN, reason, public=False, undoes_id=event_id)
    done = carry_out(uow, actor, case, wish, said)
    return Withdrawn(done, went_back=back is not None and is_last, stays=back is not None and not is_last)


def demand_short(reason: str) -> None:
    """Raise BadInput for a reason of any length."""
    if len(reason) > LONGEST_REASON:
        raise BadInput("reason", reason, f"at most {LONGEST_REASON} characters")


def _standing_update(uow: UnitOfWork, case: Case, event_id: int) -> sa.RowMapping:
    event = rows.event(uow.connection, event_id)
    if event["case_id"] != case.id or event["kind"] != EventKind.CUSTOMER_UPDATE:
        raise BadInput("event", event_id, f"an update of case {case.number}")
    if event_id in uow.connection.scalars(rows.withdrawn(case.id)).all():
        raise Refused(Denied("so-already", "E3", "The update was taken out of the case already."))
    return event


def _way_back(uow: UnitOfWork, undone: sa.RowMapping) -> Trigger | None:
    """Return what would take the case back to where the update moved it from; None where it moved nothing."""
    before = rows.event_before(uow.connection, undone)
    return lifecycle.way_back(SubStatus(before["sub_status"]), SubStatus(undone["sub_status"]))
