"""What an analyst hears before taking a call, and the claim when 1 is pressed (P4).

Only the leg that was rung last can win the claim, and only while the caller waits for it; the call's row is
locked meanwhile, so the ladder does not go on at the same instant. A voicemail never accepts: without a key
every whisper ends in a hang-up.
"""

from __future__ import annotations

from contextlib import suppress

import structlog

from core import cases, directory
from core.acting import Actor
from core.errors import Refused
from core.rules.terms import Channel, Priority, Role
from core.store import cases as rows
from core.unit_of_work import UnitOfWork
from ivr import calls, twiml
from ivr.calls import Call, Leg
from ivr.conversation import Input, Keyed, Line, Step
from ivr.dialogue import spell
from ivr.twiml import Links

log = structlog.get_logger()


def ask(uow: UnitOfWork, leg: Leg, links: Links) -> str:
    """Return the whisper: who is calling about what, and "press 1"."""
    return twiml.of_whisper(_line(uow, leg.call), links.leg(leg.key, 2))


def answer(uow: UnitOfWork, leg: Leg, event: Input) -> str:
    """Return what joins the two when the analyst pressed 1 first; else who has the caller, or nothing."""
    if event != Keyed("1"):
        return twiml.of_goodbye()
    if leg.call.ended_at is not None:
        return twiml.of_goodbye(_line(uow, leg.call))
    if not (_is_awaited(uow, leg) and calls.take(uow, leg)):
        return twiml.of_goodbye(_who_has_it(uow, leg.call))
    _tell_case(uow, leg)
    return twiml.of_bridge()


def _is_awaited(uow: UnitOfWork, leg: Leg) -> bool:
    return leg.call.state.step is Step.RINGING and calls.last_leg(uow, leg.call) == leg.key


def _who_has_it(uow: UnitOfWork, call: Call) -> Line:
    name = calls.taker(uow, call.key)
    return Line("whisper-late", {"name": name}) if name else Line("whisper-passed-on")


def _line(uow: UnitOfWork, call: Call) -> Line:
    if call.case_id is not None:
        case = rows.by_id(uow.connection, call.case_id)
        names = rows.with_names(uow.connection, case.number)
        gaps = {"company": names["end_user"], "number": spell(case.number)}
        if call.ended_at is not None:
            return Line("whisper-gone", gaps)
        prompt = "whisper" if case.priority is Priority.CRITICAL else "whisper-case"
        return Line(prompt, gaps | {"subject": case.subject})
    if call.ended_at is not None:
        return Line("whisper-gone-no-case")
    if call.contact_id is None:
        return Line("whisper-unknown")
    companies = [held.combination.name for held in directory.holdings(uow, call.contact_id)]
    return Line("whisper-known", {"company": ", ".join(companies)})


def _tell_case(uow: UnitOfWork, leg: Leg) -> None:
    if leg.call.case_id is None:
        return
    case = rows.by_id(uow.connection, leg.call.case_id)
    analyst = Actor(Role.ANALYST, leg.analyst_name, Channel.PHONE, analyst_id=leg.analyst_id)
    try:
        cases.record_call_taken(uow, analyst, case)
    except Refused:
        # A case that was closed in the meantime is no reason to part the two.
        with suppress(Exception):
            log.info("call taken for a closed case", case=case.number)
