"""The timer: the case that has been due for longest takes its next step (N1).

The step, its event, the next date and the notices are one commit. Whether the step is still wanted is read in
that commit too: an answer that came first has cleared the date, one that comes at the same time wins or loses
by the case's version.
"""

from __future__ import annotations

from core import cases
from core.store import cases as rows
from core.unit_of_work import Core, UnitOfWork


def follow_up_one(core: Core) -> bool:
    """Do one step of one case that is due; return whether there was one."""
    return core.write(_take_the_oldest, mark="followup")


def _take_the_oldest(uow: UnitOfWork) -> bool:
    case = rows.next_followup(uow.connection, uow.now)
    if case is None:
        return False
    cases.take_followup_step(uow, case)
    return True
