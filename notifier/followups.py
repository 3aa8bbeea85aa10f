"""The timer: the case that has been due for longest takes its next step (N1).

The step, its event, the next date and the notices are one commit. Whether the step is still wanted is read in
that commit too: an answer that came first has cleared the date, one that comes at the same time wins or loses
by the case's version. A case whose step fails waits an hour, so that it holds up no other.
"""

from __future__ import annotations

import structlog

from core import cases
from core.rules.followups import put_off
from core.store import cases as rows
from core.store.cases import Case
from core.store.database import is_unavailable
from core.unit_of_work import Core, UnitOfWork

log = structlog.get_logger()


def follow_up_one(core: Core) -> bool:
    """Do one step of one case that is due; return whether there was one."""
    with core.reading() as uow:
        oldest = rows.next_followup(uow.connection, uow.now)
    if oldest is None:
        return False
    try:
        core.write(lambda uow: _take_step(uow, oldest), mark="followup")
    except Exception as error:
        if is_unavailable(error):
            raise
        log.exception("follow-up failed", case=oldest.number)
        core.write(lambda uow: _put_off(uow, oldest))
    return True


def _take_step(uow: UnitOfWork, seen: Case) -> None:
    case = rows.by_id(uow.connection, seen.id)
    if case.followup == seen.followup:  # else another worker, or an answer, came first
        cases.take_followup_step(uow, case)


def _put_off(uow: UnitOfWork, seen: Case) -> None:
    case = rows.by_id(uow.connection, seen.id)
    if case.followup == seen.followup:
        rows.set_followup(uow.connection, case, put_off(case.followup, uow.now))
