"""The verbs of an escalation: asked for, granted or refused with a reason, told of, ended (C11).

An escalation asks for more attention, by other people; more urgency is a change of priority. Its feed is the
events of the case that name it. Closing the case ends it.
"""

from __future__ import annotations

import sqlalchemy as sa

from core import pins
from core.acting import Actor, Done, Said, Wish, carry_out, demand_words, permit
from core.errors import Refused
from core.rules.policy import Act, Denied
from core.rules.terms import EscalationGround, EscalationState, EventKind
from core.store import escalations as rows
from core.store.cases import Case
from core.unit_of_work import UnitOfWork


def escalate(uow: UnitOfWork, actor: Actor, case: Case, ground: EscalationGround, text: str) -> Done:
    """Ask for an escalation; the case's owner is told. Raises Refused and BadInput."""
    demand_words("text", text, ": an escalation says what is wrong (C11)")
    wish = Wish(Act.ESCALATE, ground=ground, columns={"escalated": True})
    permit(uow, actor, case.combination_id, wish, case.facts)
    reason = pins.masked(uow, text)
    escalation_id = rows.insert(uow.connection, case.id, ground, reason, actor.name, uow.now)
    said = Said(EventKind.ESCALATION_ASKED, f"{ground}: {text}", escalation_id=escalation_id)
    return carry_out(uow, actor, case, wish, said)


def grant(uow: UnitOfWork, actor: Actor, case: Case, reason: str) -> Done:
    """Grant the escalation that was asked for; the contact is told why. Raises Refused and BadInput."""
    found = _open(uow, case, EscalationState.ASKED)
    _settle(uow, found, EscalationState.GRANTED, reason)
    return _say(uow, actor, case, found, EventKind.ESCALATION_GRANTED, reason)


def refuse(uow: UnitOfWork, actor: Actor, case: Case, reason: str) -> Done:
    """Refuse the escalation that was asked for; the contact is told why. Raises Refused and BadInput."""
    found = _open(uow, case, EscalationState.ASKED)
    _settle(uow, found, EscalationState.REFUSED, reason)
    return _say(uow, actor, case, found, EventKind.ESCALATION_REFUSED, reason, is_over=True)


def tell_news(uow: UnitOfWork, actor: Actor, case: Case, text: str) -> Done:
    """Write to the feed of the open escalation; the contact is told. Raises Refused and BadInput."""
    return _say(uow, actor, case, _open(uow, case), EventKind.ESCALATION_NEWS, text)


def end(uow: UnitOfWork, actor: Actor, case: Case, reason: str) -> Done:
    """End the escalation that was granted; the contact is told why. Raises Refused and BadInput."""
    found = _open(uow, case, EscalationState.GRANTED)
    _settle(uow, found, EscalationState.ENDED, reason)
    return _say(uow, actor, case, found, EventKind.ESCALATION_ENDED, reason, is_over=True)


def _open(uow: UnitOfWork, case: Case, state: EscalationState | None = None) -> sa.RowMapping:
    found = rows.open_one(uow.connection, case.id)
    if found is None:
        raise Refused(Denied("not-escalated", "C11", f"Case {case.number} has no open escalation."))
    if state is not None and found["state"] != state:
        words = (
            f"The escalation of case {case.number} is {found['state']}; this asks for one that is {state}."
        )
        raise Refused(Denied("escalation-moved-on", "C11", words))
    return found


def _settle(uow: UnitOfWork, found: sa.RowMapping, state: EscalationState, reason: str) -> None:
    over_at = None if state is EscalationState.GRANTED else uow.now
    rows.settle(uow.connection, found["id"], state, pins.masked(uow, reason), over_at)


def _say(
    uow: UnitOfWork,
    actor: Actor,
    case: Case,
    found: sa.RowMapping,
    kind: EventKind,
    text: str,
    *,
    is_over: bool = False,
) -> Done:
    demand_words("reason", text, ": an escalation carries its reason (C11)")
    columns = {"escalated": False} if is_over else {}
    said = Said(kind, text, escalation_id=found["id"])
    return carry_out(uow, actor, case, Wish(Act.WORK, columns=columns), said)
