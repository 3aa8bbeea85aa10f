"""Who is rung next (P4)."""

from __future__ import annotations

from core.rules.roster import OnCall
from ivr.routing import LONGEST_LADDER_SECONDS, MOST_RUNGS, RING_SECONDS, next_rung


def analyst(number):
    return OnCall(number, f"Analyst {number}", f"a{number}@support.example", f"+1415555014{number}")


ADA, GRACE, EDITH = analyst(1), analyst(2), analyst(3)


def test_the_first_of_the_ladder_is_rung_first():
    assert next_rung((ADA, GRACE), []) == ADA


def test_who_did_not_answer_is_followed_by_the_next():
    assert next_rung((ADA, GRACE), [1]) == GRACE


def test_nobody_is_rung_twice():
    assert next_rung((ADA, GRACE), [1, 2]) is None


def test_nobody_on_call_leaves_nobody():
    """Case 18."""
    assert next_rung((), []) is None


def test_a_shift_that_begins_during_the_call_is_rung_though_it_stands_first():
    """Case 27: the roster is asked for each rung."""
    assert next_rung((EDITH, ADA, GRACE), [1]) == EDITH


def test_a_shift_that_ends_during_the_call_is_not_rung_any_more():
    """Case 27."""
    assert next_rung((GRACE,), [1]) == GRACE
    assert next_rung((), [1]) is None


def test_the_ladder_ends_after_four_minutes():
    """Case 18."""
    many = [OnCall(number, "", "", "") for number in range(1, 30)]
    rung = []
    while (following := next_rung(many, rung)) is not None:
        rung.append(following.analyst_id)
    assert rung == list(range(1, MOST_RUNGS + 1))
    assert len(rung) * RING_SECONDS <= LONGEST_LADDER_SECONDS == 240
