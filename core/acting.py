"""The frame of every verb: policy -> lifecycle -> targets -> event -> notices, in the unit of work of its caller.

`carry_out` is what a verb calls, with what it wishes (Wish) and what it says (Said). What a rule forbids raises
Refused and changes nothing; whoever was second on a case gets ChangedMeanwhile, and decides again on what is
there then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core import directory, pins, telling
from core.errors import BadInput, Refused
from core.rules import followups, lifecycle, targets
from core.rules.lifecycle import Impossible, Trigger
from core.rules.notices import Happened, notices_of
from core.rules.policy import ANALYST, TIMER, Act, CaseFacts, Denied, Question, Standing, decide
from core.rules.terms import CaseType, Channel, EscalationGround, EventKind, Priority, Role, Status
from core.store import cases as rows
from core.store import escalations
from core.store.cases import Case, KeptFile
from core.unit_of_work import UnitOfWork

LONGEST_ACTOR = 300


@dataclass(frozen=True)
class Actor:
    """Who acts, and over which channel. `name` is what the history shows."""

    role: Role
    name: str
    channel: Channel
    contact_id: int | None = None
    analyst_id: int | None = None


FOLLOWUP_TIMER = Actor(Role.TIMER, "follow-up timer", Channel.TIMER)
RETENTION = Actor(Role.TIMER, "retention", Channel.TIMER)
NOTIFIER = Actor(Role.TIMER, "notifier", Channel.TIMER)


@dataclass(frozen=True)
class Said:
    """What an act says: the event's kind and text, who may read it, what is attached, which feed it is of.

    `undoes_id`: the update that it takes back.
    """

    kind: EventKind
    text: str
    public: bool = True
    files: Sequence[KeptFile] = ()
    escalation_id: int | None = None
    undoes_id: int | None = None


@dataclass(frozen=True)
class Done:
    """What an act came to: the case as it is now, and the event that tells of it."""

    case: Case
    event_id: int


@dataclass(frozen=True)
class Wish:
    """What an act asks of policy and lifecycle, and which further columns it sets."""

    act: Act
    trigger: Trigger | None = None
    wanted: Priority | None = None
    opens: CaseType | None = None
    ground: EscalationGround | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


def carry_out(uow: UnitOfWork, actor: Actor, case: Case, wish: Wish, said: Said) -> Done:
    """Do what every verb does. Raises Refused and ChangedMeanwhile."""
    permit(uow, actor, case.combination_id, wish, case.facts)
    columns = _columns_of_move(uow, actor, case, wish) | dict(wish.columns)
    columns |= _columns_of_targets(uow, actor, case, said, columns)
    if case.escalated and columns.get("status") is Status.CLOSED:
        # C11: only an active case has an open escalation.
        escalations.end_with_the_case(uow.connection, case.id, uow.now)
        columns["escalated"] = False
    after, event_id = rows.change(uow.connection, case, columns, event_of(uow, actor, said))
    rows.attach(uow.connection, event_id, said.files)
    done = Done(after, event_id)
    moved = (after.status, after.sub_status) != (case.status, case.sub_status)
    tell(uow, actor, said, done, moved=moved)
    return done


def permit(
    uow: UnitOfWork, actor: Actor, combination_id: int, wish: Wish, case: CaseFacts | None = None
) -> Standing:
    """Return what the actor is to the combination. Raises Refused when they may not do it now."""
    standing = _standing(uow, actor, combination_id)
    answer = decide(_question(uow, actor, standing, wish, case))
    if isinstance(answer, Denied):
        raise Refused(answer)
    return standing


def denied(
    uow: UnitOfWork, actor: Actor, case: Case, act: Act, wanted: Priority | None = None
) -> Denied | None:
    """Return what forbids the act, or None when it is allowed now. Changes nothing."""
    standing = _standing(uow, actor, case.combination_id)
    answer = decide(_question(uow, actor, standing, Wish(act, wanted=wanted), case.facts))
    return answer if isinstance(answer, Denied) else None


def event_of(uow: UnitOfWork, actor: Actor, said: Said) -> rows.Event:
    """Return the line of history that an act writes, without PINs (A10)."""
    name, text = pins.masked(uow, actor.name)[:LONGEST_ACTOR], pins.masked(uow, said.text)
    return rows.Event(
        uow.now,
        said.kind,
        actor.channel,
        actor.role,
        name,
        text,
        said.public,
        said.escalation_id,
        said.undoes_id,
    )


def tell(uow: UnitOfWork, actor: Actor, said: Said, done: Done, *, moved: bool) -> None:
    """Write the notices of an event (N5)."""
    happened = Happened(said.kind, actor.role, said.public, moved)
    for notice in notices_of(happened):
        telling.tell(uow, notice, done.case, done.event_id)


def demand_words(field: str, text: str, why: str = "") -> None:
    """Raise BadInput when the text says nothing."""
    if not text.strip():
        raise BadInput(field, text, f"a few words{why}")


def _question(
    uow: UnitOfWork, actor: Actor, standing: Standing, wish: Wish, case: CaseFacts | None
) -> Question:
    return Question(
        wish.act,
        actor.channel,
        standing,
        uow.now,
        case,
        wanted=wish.wanted,
        rulebook=uow.house.rulebook,
        opens=wish.opens,
        ground=wish.ground,
    )


def _standing(uow: UnitOfWork, actor: Actor, combination_id: int) -> Standing:
    if actor.role is Role.ANALYST:
        return ANALYST
    if actor.role is Role.TIMER:
        return TIMER
    return directory.standing(uow, actor.contact_id, combination_id)


def _columns_of_move(uow: UnitOfWork, actor: Actor, case: Case, wish: Wish) -> dict[str, Any]:
    if wish.trigger is None:
        return {}
    move = lifecycle.move(case.type, case.status, case.sub_status, wish.trigger, actor.role)
    if isinstance(move, Impossible):
        raise Refused(Denied("no-such-move", "C6", f"This is not possible: {move.words}."))
    reminded = followups.has_followups(case.priority, production_down=case.production_down)
    followup = followups.followup_after(
        move, case.followup, uow.now, reminded=reminded, rulebook=uow.house.rulebook
    )
    sub_status = move.sub_status or case.sub_status
    return {"status": move.status, "sub_status": sub_status, **rows.followup_columns(followup)}


def _columns_of_targets(
    uow: UnitOfWork, actor: Actor, case: Case, said: Said, columns: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what an analyst's act gives of what is owed (P6, C14)."""
    if actor.role is not Role.ANALYST or actor.channel is Channel.MAIL:
        return {}  # a mail that an analyst links is still the customer's
    sub_status = columns.get("sub_status", case.sub_status)
    after = targets.given_by(case.targets, said.kind, sub_status, uow.now)
    return {} if after == case.targets else rows.target_columns(after)
