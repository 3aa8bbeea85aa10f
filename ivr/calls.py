"""Calls, turns, legs and recordings as rows.

A turn is one webhook request and its answer. The answer is kept in the transaction of its effect, so that the
same request again gets the same answer and has no second effect (I13).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.rules.roster import OnCall
from core.store.schema import analysts, calls, cases, legs, recordings, turns
from core.unit_of_work import UnitOfWork
from ivr.conversation import CallState, Spoken

OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
"""The provider's words for a call or leg that has ended; none of them is ever left again."""


@dataclass(frozen=True)
class Call:
    """A caller's call. `turn` is the turn that is awaited next."""

    key: str
    provider: str
    provider_call_id: str
    from_number: str
    state: CallState
    turn: int
    contact_id: int | None
    case_id: int | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Leg:
    """A call to an analyst on behalf of a caller."""

    key: str
    call: Call
    analyst_id: int
    analyst_name: str


@dataclass(frozen=True)
class Identity:
    """How the provider knows a call: its id, and the number that it says is calling."""

    provider: str
    call_id: str
    from_number: str


def begin(uow: UnitOfWork, identity: Identity, key: str) -> Call:
    """Return the call of this provider id, made now if it is new."""
    mine = (calls.c.provider == identity.provider, calls.c.provider_call_id == identity.call_id)
    row = uow.connection.execute(sa.select(calls).where(*mine)).mappings().first()
    if row is None:
        values = {
            "key": key,
            "provider": identity.provider,
            "provider_call_id": identity.call_id,
            "from_number": identity.from_number[:100],
            "state": CallState().as_json(),
            "turn": 0,
            "began_at": uow.now,
        }
        uow.connection.execute(sa.insert(calls).values(**values))
        row = uow.connection.execute(sa.select(calls).where(*mine)).mappings().one()
    return _call(row)


def find(uow: UnitOfWork, key: str) -> Call | None:
    """Return a call by its key, or None. Its row is locked: what happens to one call happens in a row."""
    found = sa.select(calls).where(calls.c.key == key).with_for_update(key_share=True)
    row = uow.connection.execute(found).mappings().first()
    return _call(row) if row else None


def stored_answer(uow: UnitOfWork, key: str, turn: int) -> str | None:
    """Return what this turn of a call or leg was answered, or None when it was not yet."""
    same = (turns.c.key == key, turns.c.turn == turn)
    return uow.connection.scalar(sa.select(turns.c.answer).where(*same))


def keep_answer(uow: UnitOfWork, key: str, turn: int, answer: str) -> None:
    """Keep the answer of a turn. Who is second at the same turn waits or fails, and then finds it stored."""
    uow.connection.execute(sa.insert(turns).values(key=key, turn=turn, at=uow.now, answer=answer))


def advance(uow: UnitOfWork, call: Call, state: CallState, turn: int) -> None:
    """Keep where the call stands now, and which turn is awaited."""
    case_id = sa.select(cases.c.id).where(cases.c.number == state.case_number).scalar_subquery()
    values = {
        "state": state.as_json(),
        "turn": turn,
        "contact_id": state.contact_id or call.contact_id,
        "case_id": case_id,  # none when the caller has turned to another question
    }
    uow.connection.execute(sa.update(calls).where(calls.c.key == call.key).values(**values))


def end(uow: UnitOfWork, identity: Identity) -> Call | None:
    """Note that the caller has hung up; return the call. None for one that is unknown or was over before."""
    mine = (calls.c.provider == identity.provider, calls.c.provider_call_id == identity.call_id)
    ended = sa.update(calls).where(*mine, calls.c.ended_at.is_(None)).values(ended_at=uow.now)
    key = uow.connection.scalar(ended.returning(calls.c.key))
    return find(uow, key) if key else None


# --- legs ---------------------------------------------------------------------------------------------------


def ring(uow: UnitOfWork, call: Call, analyst: OnCall, rung: int, key: str) -> None:
    """Note that an analyst is rung."""
    values = {"key": key, "call_key": call.key, "analyst_id": analyst.analyst_id, "rung": rung}
    uow.connection.execute(sa.insert(legs).values(rang_at=uow.now, status="initiated", **values))


def rung_analysts(uow: UnitOfWork, call: Call) -> list[int]:
    """Return the ids of the analysts who were rung in this call, in order."""
    rung = sa.select(legs.c.analyst_id).where(legs.c.call_key == call.key).order_by(legs.c.rung)
    return list(uow.connection.scalars(rung))


def last_leg(uow: UnitOfWork, call: Call) -> str | None:
    """Return the key of the leg that was rung last."""
    rung = sa.select(legs.c.key).where(legs.c.call_key == call.key).order_by(legs.c.rung.desc())
    return uow.connection.scalar(rung.limit(1))


def taker(uow: UnitOfWork, call_key: str) -> str | None:
    """Return the name of the analyst who took the call, or None."""
    joined = legs.join(analysts, analysts.c.id == legs.c.analyst_id)
    took = sa.select(analysts.c.name).select_from(joined).where(legs.c.call_key == call_key)
    return uow.connection.scalar(took.where(legs.c.took_at.is_not(None)))


def find_leg(uow: UnitOfWork, key: str) -> Leg | None:
    """Return a leg with its call, or None."""
    joined = legs.join(analysts, analysts.c.id == legs.c.analyst_id)
    found = sa.select(legs, analysts.c.name).select_from(joined).where(legs.c.key == key)
    row = uow.connection.execute(found).mappings().first()
    call = find(uow, row["call_key"]) if row else None
    return Leg(key, call, row["analyst_id"], row["name"]) if row and call else None


def take(uow: UnitOfWork, leg: Leg) -> bool:
    """Claim the caller for this leg: one statement, one winner. False when another leg has the caller."""
    taking = sa.update(legs).where(legs.c.key == leg.key).values(took_at=uow.now)
    try:
        with uow.connection.begin_nested():
            uow.connection.execute(taking)
    except IntegrityError:
        return False
    return True


def note_leg_status(uow: UnitOfWork, call_key: str, leg_key: str, status: str) -> bool:
    """Keep a leg's status; a final one is never left again. False for an unknown leg."""
    mine = (legs.c.key == leg_key, legs.c.call_key == call_key)
    if uow.connection.execute(sa.select(legs.c.key).where(*mine)).first() is None:
        return False
    uow.connection.execute(sa.update(legs).where(*mine, legs.c.status.not_in(OVER)).values(status=status))
    return True


# --- recordings ---------------------------------------------------------------------------------------------


def keep_recording(uow: UnitOfWork, call: Call, spoken: Spoken, event_id: int | None) -> None:
    """Note a recording, once; it is tied to its event as soon as the event is known."""
    mine = (
        recordings.c.provider == call.provider,
        recordings.c.provider_recording_id == spoken.recording_id,
    )
    found = uow.connection.execute(sa.select(recordings.c.event_id).where(*mine)).first()
    if found is None:
        values = {
            "provider": call.provider,
            "provider_recording_id": spoken.recording_id,
            "call_key": call.key,
            "event_id": event_id,
            "url": spoken.url,
            "seconds": spoken.seconds,
            "recorded_at": uow.now,
        }
        uow.connection.execute(sa.insert(recordings).values(**values))
    elif found.event_id is None and event_id is not None:
        uow.connection.execute(sa.update(recordings).where(*mine).values(event_id=event_id))


def _call(row: sa.RowMapping) -> Call:
    return Call(
        key=row["key"],
        provider=row["provider"],
        provider_call_id=row["provider_call_id"],
        from_number=row["from_number"],
        state=CallState.from_json(row["state"]),
        turn=row["turn"],
        contact_id=row["contact_id"],
        case_id=row["case_id"],
        ended_at=row["ended_at"],
    )
