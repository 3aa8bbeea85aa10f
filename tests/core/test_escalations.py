"""More attention for a case: asked for, decided on, told of, ended. On both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import cases, escalations
from core.errors import BadInput, ChangedMeanwhile, Refused
from core.rules.terms import Channel, EscalationGround, EscalationState, EventKind, Priority, SubStatus
from core.store import cases as rows
from core.store import escalations as kept
from core.store.schema import outbox
from tests.people import NOW

WHY = "Nobody has written since Friday."


@pytest.fixture
def escalated(core, people):
    """Alice's case, with an escalation that is asked for."""
    case = people.case().case
    alice = people.customer("alice", Channel.CONSOLE)
    return core.write(
        lambda uow: escalations.escalate(uow, alice, case, EscalationGround.NO_PROGRESS, WHY)
    ).case


def _states(core, case):
    with core.reading() as uow:
        return [(one["state"], one["reason"]) for one in kept.of_case(uow.connection, case.id)]


def _mails(core):
    with core.reading() as uow:
        return [tuple(row) for row in uow.connection.execute(sa.select(outbox.c.notice, outbox.c.recipient))]


def _feed(core, case):
    with core.reading() as uow:
        return [row["kind"] for row in rows.history(uow.connection, case.id) if row["escalation_id"]]


def test_the_owner_is_told_and_the_case_is_marked(core, escalated):
    """C11."""
    assert escalated.escalated
    assert _states(core, escalated) == [(EscalationState.ASKED, WHY)]
    assert ("escalation-for-owner", "ada@support.example") in _mails(core)


def test_a_granted_one_has_a_feed_of_its_own_until_it_ends(core, people, escalated):
    """C11: and then another may be asked for."""
    ada = people.analyst()
    granted = core.write(lambda uow: escalations.grant(uow, ada, escalated, "A second engineer joins.")).case
    told = core.write(lambda uow: escalations.tell_news(uow, ada, granted, "We have a trace.")).case
    core.write(lambda uow: cases.post(uow, ada, told, "By the way"))
    with core.reading() as uow:
        told = rows.find(uow.connection, told.number)
    ended = core.write(lambda uow: escalations.end(uow, ada, told, "The cause is found.")).case
    assert not ended.escalated
    assert _feed(core, ended) == [
        EventKind.ESCALATION_ASKED,
        EventKind.ESCALATION_GRANTED,
        EventKind.ESCALATION_NEWS,
        EventKind.ESCALATION_ENDED,
    ]
    assert _states(core, ended) == [(EscalationState.ENDED, "The cause is found.")]
    assert _mails(core).count(("escalation-decided", "alice@northwind.example")) == 2
    again = core.write(
        lambda uow: escalations.escalate(uow, ada, ended, EscalationGround.ANSWER, "It came back.")
    ).case
    assert again.escalated


def test_a_refused_one_carries_its_reason(core, people, escalated):
    """C11."""
    refused = core.write(
        lambda uow: escalations.refuse(uow, people.analyst(), escalated, "It is being worked on today.")
    ).case
    assert not refused.escalated
    assert _states(core, refused) == [(EscalationState.REFUSED, "It is being worked on today.")]
    assert ("escalation-decided", "alice@northwind.example") in _mails(core)


def test_a_case_has_one_open_escalation(core, people, escalated):
    """C11."""
    with pytest.raises(Refused) as refused:
        core.write(
            lambda uow: escalations.escalate(
                uow, people.analyst(), escalated, EscalationGround.ANSWER, "Again"
            )
        )
    assert refused.value.denied.reason == "escalated-already"
    assert len(_states(core, escalated)) == 1


def test_of_two_who_escalate_at_once_one_decides_again_on_what_the_other_did(core, people):
    """C11: on what was read before, the second is told so; the database allows one open row in any case."""
    case = people.case().case
    ada = people.analyst()
    core.write(lambda uow: escalations.escalate(uow, ada, case, EscalationGround.ANSWER, "First"))
    with pytest.raises((ChangedMeanwhile, sa.exc.IntegrityError)):
        core.write(lambda uow: escalations.escalate(uow, ada, case, EscalationGround.ANSWER, "Second"))
    assert len(_states(core, case)) == 1


def test_closing_the_case_ends_its_escalation(core, people, escalated):
    """C11: only an active case has one."""
    closed = core.write(
        lambda uow: cases.close(uow, people.analyst(), escalated, SubStatus.RESOLVED, "Done")
    ).case
    assert not closed.escalated
    assert _states(core, closed) == [(EscalationState.ENDED, "The case was closed.")]


def test_a_high_case_is_escalated_after_a_day_without_news(core, people, clock):
    """C11, C4: and what analysts note for each other is no news."""
    case = people.case().case
    high = core.write(lambda uow: cases.change_priority(uow, people.analyst(), case, Priority.HIGH)).case
    clock.move_to(NOW + timedelta(hours=23))
    noted = core.write(
        lambda uow: cases.post(uow, people.analyst(), high, "Still looking", public=False)
    ).case
    clock.move_to(NOW + timedelta(hours=24) - timedelta(seconds=1))
    with pytest.raises(Refused) as refused:
        core.write(
            lambda uow: escalations.escalate(uow, people.analyst(), noted, EscalationGround.NO_PROGRESS, WHY)
        )
    assert refused.value.denied.reason == "high-too-early"
    clock.move_to(NOW + timedelta(hours=24))
    core.write(
        lambda uow: escalations.escalate(uow, people.analyst(), noted, EscalationGround.NO_PROGRESS, WHY)
    )


@pytest.mark.parametrize(
    ("verb", "reason"),
    [(escalations.grant, "not-escalated"), (escalations.end, "not-escalated")],
    ids=["granted", "ended"],
)
def test_what_nobody_asked_for_is_not(core, people, verb, reason):
    """C11."""
    case = people.case().case
    with pytest.raises(Refused) as refused:
        core.write(lambda uow: verb(uow, people.analyst(), case, "Because"))
    assert refused.value.denied.reason == reason


def test_only_what_was_granted_is_ended_and_only_what_is_asked_is_granted(core, people, escalated):
    """C11: each decision is taken once."""
    with pytest.raises(Refused, match="Asked"):
        core.write(lambda uow: escalations.end(uow, people.analyst(), escalated, "Over"))
    granted = core.write(lambda uow: escalations.grant(uow, people.analyst(), escalated, "Yes")).case
    with pytest.raises(Refused, match="Granted"):
        core.write(lambda uow: escalations.refuse(uow, people.analyst(), granted, "No"))


def test_a_decision_without_a_reason_changes_nothing(core, people, escalated):
    """C11."""
    with pytest.raises(BadInput, match="reason is '  '"):
        core.write(lambda uow: escalations.grant(uow, people.analyst(), escalated, "  "))
    assert _states(core, escalated) == [(EscalationState.ASKED, WHY)]


def test_a_customer_does_not_decide_on_their_own_escalation(core, people, escalated):
    """A3."""
    with pytest.raises(Refused) as refused:
        core.write(lambda uow: escalations.grant(uow, people.customer("alice"), escalated, "Please"))
    assert refused.value.denied.reason == "not-an-analyst"
