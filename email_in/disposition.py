"""What becomes of a mail: one ordered table from facts to outcome, the first row that applies decides.

Read it from the top: what is no person's mail leaves first (E7), then what names no case (E2, E3), then what
its sender may not do (E5), then what comes too late (E6). Only what is left is an update (E4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.rules.notices import NoticeKind
from core.rules.policy import Denied
from email_in.machine import Kind
from email_in.references import MOST_REFERENCES


class Outcome(StrEnum):
    """What is done with a mail."""

    DUPLICATE = "duplicate"  # the very same mail had its outcome: nothing more
    BOUNCE = "bounce"  # the notice that bounced is marked, the case's owner told
    NOTED = "noted"  # nothing is to be done; its decision log says what it was
    TRIAGE = "triage"
    UPDATE = "update"


@dataclass(frozen=True)
class Facts:
    """All that the decision depends on, read in the transaction that acts.

    `cases` are the different cases that the mail's Reference IDs belong to; `denied` is why the sender may not
    update the one case, None when they may; `bounced` says that the notice is known which a report is about.
    """

    author: Kind
    is_repeat: bool = False
    sender: str | None = None
    references: int = 0
    cases: tuple[int, ...] = ()
    is_proven: bool = True
    denied: Denied | None = None
    bounced: bool = False


@dataclass(frozen=True)
class Decision:
    """What is done, why (in a word and in words), by which rule, and what the sender is told, if anything."""

    outcome: Outcome
    reason: str
    words: str
    rule: str
    answer: NoticeKind | None = None


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    decision: Decision
    applies: Callable[[Facts], bool]


def _row(
    outcome: Outcome,
    reason: str,
    rule: str,
    words: str,
    applies: Callable[[Facts], bool],
    answer: NoticeKind | None = None,
) -> Row:
    return Row(Decision(outcome, reason, words, rule, answer), applies)


ROWS: tuple[Row, ...] = (
    _row(
        Outcome.DUPLICATE,
        "duplicate",
        "I2",
        "The very same mail was received before.",
        lambda facts: facts.is_repeat,
    ),
    # Never answered, never applied: two machines would talk to each other for ever.
    _row(
        Outcome.TRIAGE,
        "own-mail",
        "E7",
        "A mail of this gateway came back to it.",
        lambda facts: facts.author is Kind.OWN,
    ),
    _row(
        Outcome.BOUNCE,
        "bounce",
        "E7",
        "A notice could not be delivered.",
        lambda facts: facts.author is Kind.BOUNCE and facts.bounced,
    ),
    _row(
        Outcome.TRIAGE,
        "bounce-of-nothing-known",
        "E7",
        "A delivery report that belongs to no notice of this gateway.",
        lambda facts: facts.author is Kind.BOUNCE,
    ),
    # What is still tried has not failed: no mark, no news, nobody's time.
    _row(
        Outcome.NOTED,
        "delivery-report",
        "E7",
        "A notice is delayed, or was delivered.",
        lambda facts: facts.author is Kind.DELIVERY_REPORT and facts.bounced,
    ),
    # People must act on it: whoever complains wants no more mail, or pressed the wrong key.
    _row(
        Outcome.TRIAGE,
        "complaint",
        "E7",
        "A recipient complains about a mail of this gateway.",
        lambda facts: facts.author is Kind.COMPLAINT,
    ),
    _row(
        Outcome.TRIAGE,
        "automatic",
        "E7",
        "An automatic mail: it changes no case and gets no answer.",
        lambda facts: facts.author in (Kind.AUTOMATIC, Kind.MAILING_LIST, Kind.DELIVERY_REPORT),
    ),
    # Who wrote it comes before what it says: an unclear sender could be anybody.
    _row(
        Outcome.TRIAGE,
        "sender-unclear",
        "E5",
        "The mail does not say clearly who wrote it.",
        lambda facts: facts.sender is None,
    ),
    _row(
        Outcome.TRIAGE,
        "no-reference",
        "E2",
        "The mail carries no Reference ID; a case number alone does not link.",
        lambda facts: facts.references == 0,
        NoticeKind.MAIL_NOT_LINKED,
    ),
    # Not all of so many are looked up, so whose they are is not known; no answer carries them.
    _row(
        Outcome.TRIAGE,
        "too-many-references",
        "E2",
        f"The mail carries more than {MOST_REFERENCES} Reference IDs.",
        lambda facts: facts.references > MOST_REFERENCES,
    ),
    _row(
        Outcome.TRIAGE,
        "unknown-reference",
        "E2",
        "The mail carries a Reference ID that was never given out.",
        lambda facts: not facts.cases,
        NoticeKind.MAIL_NOT_LINKED,
    ),
    _row(
        Outcome.TRIAGE,
        "conflicting-references",
        "E2",
        "The mail carries the Reference IDs of several cases.",
        lambda facts: len(facts.cases) > 1,
    ),
    _row(
        Outcome.TRIAGE,
        "sender-unproven",
        "E5",
        "The sender's address did not pass the sender check.",
        lambda facts: not facts.is_proven,
    ),
)
UPDATE = Decision(Outcome.UPDATE, "update", "The mail is an update of its case.", "E4")

_ANSWERS = {
    "case-closed": NoticeKind.MAIL_TO_CLOSED_CASE
}  # E6; who has no right is told nothing about a case


def decide(facts: Facts) -> Decision:
    """Return what becomes of a mail: the first row that applies, then what policy says, then an update."""
    for row in ROWS:
        if row.applies(facts):
            return row.decision
    if facts.denied is not None:
        denied = facts.denied
        answer = _ANSWERS.get(denied.reason)
        return Decision(Outcome.TRIAGE, denied.reason, denied.words, denied.rule, answer)
    return UPDATE
