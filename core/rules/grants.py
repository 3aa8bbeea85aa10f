"""May this contact hold this access for this combination? (A4, A5)

`decide` walks REFUSALS, the ordered table below; the first row that applies refuses, with its rule and words.
Who employs whom and who approved what comes in; nothing is asked of a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from core.rules.policy import Allowed, Denied
from core.rules.terms import Access


@dataclass(frozen=True)
class Relation:
    """A combination as the rules see it (A1, A2), accounts by their names.

    `support_owners` are those of its contracts. `end_user_is_part_of_sold_to`: a division or subsidiary of it.
    `end_user_buys_directly`: it also has a contract of its own.
    """

    sold_to: str
    end_user: str
    support_owners: frozenset[str]
    end_user_is_part_of_sold_to: bool = False
    end_user_buys_directly: bool = False

    @property
    def is_direct(self) -> bool:
        """Whether one company buys, uses and deals with the support (A2)."""
        return self.sold_to == self.end_user and self.support_owners <= {self.sold_to}


def support_owners(contracts: Iterable[tuple[str, bool]]) -> frozenset[str]:
    """Return who deals with the support by contracts of (Support Owner, is live): none live, then all of them."""
    known = list(contracts)
    return frozenset(owner for owner, is_live in known if is_live) or frozenset(owner for owner, _ in known)


@dataclass(frozen=True)
class Candidate:
    """Who is to hold the access, and what stands on record for it.

    `approved_by` is the account whose approval is recorded; `approver` the Designated Approver of the Sold To.
    """

    employer: str
    access: Access
    approved_by: str | None = None
    approver: str | None = None
    terms_accepted_at: datetime | None = None


@dataclass(frozen=True)
class Refusal:
    """A row of the table."""

    denied: Denied
    applies: Callable[[Candidate, Relation], bool]


def _is_dc(candidate: Candidate) -> bool:
    return candidate.access is Access.READ_WRITE


def _works_for_end_user_of_a_partner(candidate: Candidate, relation: Relation) -> bool:
    exempt = relation.end_user_is_part_of_sold_to or relation.end_user_buys_directly
    only_uses = candidate.employer == relation.end_user and candidate.employer != relation.sold_to
    return not relation.is_direct and only_uses and not exempt


def _has_no_word_of_the_support_owner(candidate: Candidate, relation: Relation) -> bool:
    known = candidate.employer in relation.support_owners or candidate.approved_by in relation.support_owners
    return _is_dc(candidate) and not known


def _row(reason: str, rule: str, words: str, applies: Callable[[Candidate, Relation], bool]) -> Refusal:
    return Refusal(Denied(reason, rule, words), applies)


REFUSALS: tuple[Refusal, ...] = (
    # No approval helps here, so it comes before the question of approvals.
    _row(
        "end-user-of-a-partner",
        "A4",
        "Where a partner sold the support, an employee of the End User cannot be a Designated Contact.",
        lambda candidate, relation: (
            _is_dc(candidate) and _works_for_end_user_of_a_partner(candidate, relation)
        ),
    ),
    _row(
        "no-support-owner",
        "A4",
        "A Designated Contact works for the Support Owner or has its recorded approval.",
        _has_no_word_of_the_support_owner,
    ),
    _row(
        "reader-without-approval",
        "A4",
        "Where a partner sold the support, who works for the End User reads with the partner's recorded approval.",
        lambda candidate, relation: (
            candidate.access is Access.READ_ONLY
            and _works_for_end_user_of_a_partner(candidate, relation)
            and candidate.approved_by != relation.sold_to
        ),
    ),
    _row(
        "terms-not-accepted",
        "A5",
        "A Designated Contact has accepted the terms; when is not on record.",
        lambda candidate, _relation: _is_dc(candidate) and candidate.terms_accepted_at is None,
    ),
    _row(
        "no-approver",
        "A5",
        "A Designated Contact has a named Designated Approver of the Sold To; none is on record.",
        lambda candidate, _relation: _is_dc(candidate) and not candidate.approver,
    ),
)


def decide(candidate: Candidate, relation: Relation) -> Allowed | Denied:
    """Answer by the first row of REFUSALS that applies."""
    for refusal in REFUSALS:
        if refusal.applies(candidate, relation):
            return refusal.denied
    return Allowed()
