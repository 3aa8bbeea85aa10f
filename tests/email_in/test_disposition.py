"""What becomes of a mail: every row of the table, and that the first that applies decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.rules.notices import NoticeKind
from core.rules.policy import Denied
from email_in.disposition import ROWS, Facts, Outcome, decide
from email_in.machine import Kind

UPDATE = Facts(Kind.PERSON, sender="alice@northwind.example", references=1, cases=(7,))
READ_ONLY = Denied("not-designated", "A3", "Only a Designated Contact may do this.")
CLOSED = Denied("case-closed", "E6", "The case is closed.")
NOT_LINKED, TO_CLOSED = NoticeKind.MAIL_NOT_LINKED, NoticeKind.MAIL_TO_CLOSED_CASE

TABLE = [
    ("an update", UPDATE, Outcome.UPDATE, "update", None),
    ("the same mail again", replace(UPDATE, is_repeat=True), Outcome.DUPLICATE, "duplicate", None),
    ("our own mail", replace(UPDATE, author=Kind.OWN), Outcome.TRIAGE, "own-mail", None),
    ("a bounce of ours", replace(UPDATE, author=Kind.BOUNCE, bounced=True), Outcome.BOUNCE, "bounce", None),
    ("another bounce", replace(UPDATE, author=Kind.BOUNCE), Outcome.TRIAGE, "bounce-of-nothing-known", None),
    ("a delay", replace(UPDATE, author=Kind.DELIVERY_REPORT, bounced=True), Outcome.NOTED, "delivery-report", None),
    ("another delay", replace(UPDATE, author=Kind.DELIVERY_REPORT), Outcome.TRIAGE, "automatic", None),
    ("a complaint", replace(UPDATE, author=Kind.COMPLAINT, bounced=True), Outcome.TRIAGE, "complaint", None),
    ("a vacation note", replace(UPDATE, author=Kind.AUTOMATIC), Outcome.TRIAGE, "automatic", None),
    ("list mail", replace(UPDATE, author=Kind.MAILING_LIST), Outcome.TRIAGE, "automatic", None),
    ("nobody clear", replace(UPDATE, sender=None), Outcome.TRIAGE, "sender-unclear", None),
    ("no reference", replace(UPDATE, references=0, cases=()), Outcome.TRIAGE, "no-reference", NOT_LINKED),
    ("an unknown one", replace(UPDATE, cases=()), Outcome.TRIAGE, "unknown-reference", NOT_LINKED),
    ("two cases", replace(UPDATE, references=2, cases=(7, 8)), Outcome.TRIAGE, "conflicting-references", None),
    ("21 references", replace(UPDATE, references=21), Outcome.TRIAGE, "too-many-references", None),
    ("unproven", replace(UPDATE, is_proven=False), Outcome.TRIAGE, "sender-unproven", None),
    ("not entitled", replace(UPDATE, denied=READ_ONLY), Outcome.TRIAGE, "not-designated", None),
    ("a closed case", replace(UPDATE, denied=CLOSED), Outcome.TRIAGE, "case-closed", TO_CLOSED),
    # E7 before everything else: a machine is never answered, whatever it lacks.
    ("a machine without a reference", Facts(Kind.AUTOMATIC), Outcome.TRIAGE, "automatic", None),
    ("a machine to a closed case", replace(UPDATE, author=Kind.OWN, denied=CLOSED), Outcome.TRIAGE, "own-mail", None),
    # E5 before E6: who did not prove to be entitled learns nothing of the case.
    ("unproven, closed", replace(UPDATE, is_proven=False, denied=CLOSED), Outcome.TRIAGE, "sender-unproven", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "outcome", "reason", "answer"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table(facts, outcome, reason, answer):
    """E2, E3, E4, E5, E6, E7, I2."""
    decision = decide(facts)
    assert (decision.outcome, decision.reason, decision.answer) == (outcome, reason, answer)


def test_every_row_is_reached():
    """A row that no mail reaches would be dead."""
    assert {row.decision.reason for row in ROWS} <= {row[3] for row in TABLE}


def test_nothing_is_thrown_away():
    """E3: what is no update stays whole, with its reason in a sentence and its rule."""
    for row in ROWS:
        assert row.decision.words.endswith(".")
        assert row.decision.rule
