"""Who may hold which access for which combination: the table of core.rules.grants, row by row (A4, A5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.rules.grants import REFUSALS, Candidate, Relation, decide, support_owners
from core.rules.policy import Allowed
from core.rules.terms import Access

TERMS = datetime(2025, 1, 1, tzinfo=UTC)
DIRECT = Relation("Northwind", "Northwind", frozenset({"Northwind"}))
INDIRECT = Relation("Harbour", "Clinic", frozenset({"Harbour"}))
APPOINTED = Relation("Harbour", "Clinic", frozenset({"Fieldcare"}))
DIVISION = replace(INDIRECT, end_user_is_part_of_sold_to=True)
BUYS_DIRECTLY = replace(INDIRECT, end_user_buys_directly=True)
DC = Candidate("Harbour", Access.READ_WRITE, approver="Hanna Hafen", terms_accepted_at=TERMS)
READER = Candidate("Clinic", Access.READ_ONLY)

ALLOWED = {
    "a direct customer's own employee": (replace(DC, employer="Northwind"), DIRECT),
    "an employee of the partner": (DC, INDIRECT),
    "an employee of the company that the partner appointed": (replace(DC, employer="Fieldcare"), APPOINTED),
    "anybody with the Support Owner's recorded approval": (
        replace(DC, employer="Consulting", approved_by="Harbour"),
        INDIRECT,
    ),
    "an employee of a division, with the parent's approval": (
        replace(DC, employer="Clinic", approved_by="Harbour"),
        DIVISION,
    ),
    "an employee of an End User that buys directly too, with the partner's approval": (
        replace(DC, employer="Clinic", approved_by="Harbour"),
        BUYS_DIRECTLY,
    ),
    "a reader with the partner's approval": (replace(READER, approved_by="Harbour"), INDIRECT),
    "a reader of a division": (READER, DIVISION),
    "a reader of an End User that buys directly too": (READER, BUYS_DIRECTLY),
    "a reader at the direct customer": (replace(READER, employer="Northwind"), DIRECT),
    "nothing, which anybody may have": (Candidate("Clinic", Access.BASIC), INDIRECT),
}

REFUSED = {
    "an End User's employee, though approved": (
        replace(DC, employer="Clinic", approved_by="Harbour"),
        INDIRECT,
        "end-user-of-a-partner",
    ),
    "an employee of nobody's": (replace(DC, employer="Consulting"), INDIRECT, "no-support-owner"),
    "an employee of the partner that appointed another": (DC, APPOINTED, "no-support-owner"),
    "an employee of a division without approval": (
        replace(DC, employer="Clinic"),
        DIVISION,
        "no-support-owner",
    ),
    "a reader without approval": (READER, INDIRECT, "reader-without-approval"),
    "a reader with another's approval": (
        replace(READER, approved_by="Fieldcare"),
        APPOINTED,
        "reader-without-approval",
    ),
    "a DC who has not accepted the terms": (
        replace(DC, terms_accepted_at=None),
        INDIRECT,
        "terms-not-accepted",
    ),
    "a DC without a Designated Approver": (replace(DC, approver=None), INDIRECT, "no-approver"),
}


@pytest.mark.parametrize(("candidate", "relation"), ALLOWED.values(), ids=ALLOWED)
def test_these_may_hold_it(candidate, relation):
    """A4, A5."""
    assert decide(candidate, relation) == Allowed()


@pytest.mark.parametrize(("candidate", "relation", "reason"), REFUSED.values(), ids=REFUSED)
def test_these_may_not_hold_it(candidate, relation, reason):
    """A4, A5."""
    assert decide(candidate, relation).reason == reason


def test_every_row_of_the_table_is_reached():
    """A row that no test reaches is a row that nobody knows."""
    assert {reason for _, _, reason in REFUSED.values()} == {row.denied.reason for row in REFUSALS}


def test_the_support_owners_are_those_of_the_live_contracts():
    """A1, A4: who dealt with support once does not any more."""
    assert support_owners([("Harbour", False), ("Fieldcare", True)]) == {"Fieldcare"}


def test_where_no_contract_is_live_all_of_them_count():
    """A9: nothing is entitled then; a renewed contract finds its contacts as they were."""
    assert support_owners([("Harbour", False), ("Fieldcare", False)]) == {"Harbour", "Fieldcare"}
