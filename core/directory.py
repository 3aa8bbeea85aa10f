"""Who people are: contacts and what they hold, analysts and when they are on call.

What a contact may do is not kept anywhere; `standing` reads the grant, the contracts and whether the grant has
its ground in the transaction that acts, so a right that ended is gone at that instant on every channel (A4, A9).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa

from core.errors import NotFound
from core.rules import grants as grant_rules
from core.rules.policy import STRANGER, ContractFacts, Denied, Standing
from core.rules.roster import OnCall, Shift, first_who_fits, ladder
from core.rules.terms import Access, CareLevel, ContractStatus, Role
from core.store.schema import accounts, analysts, combinations, contacts, contracts, grants, shifts
from core.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Contact:
    """A person at a customer. Whether a PIN is on file is known, the PIN is not (A10)."""

    id: int
    email: str
    name: str
    phone: str | None
    has_pin: bool
    language: str
    time_zone: str
    terms_accepted_at: datetime | None
    employer: str


@dataclass(frozen=True)
class Combination:
    """A (Sold To, End User) pair, by its names."""

    id: int
    sold_to: str
    end_user: str

    @property
    def name(self) -> str:
        """The company whose systems it is about, and who bought the support where that is another."""
        return self.end_user if self.sold_to == self.end_user else f"{self.end_user} through {self.sold_to}"


@dataclass(frozen=True)
class Holding:
    """What a contact holds for one combination, and what that is worth now."""

    combination: Combination
    standing: Standing
    approver: str | None = None  # A5
    approved_by: str | None = None  # A4: whose approval is on record
    approved_at: datetime | None = None


def contact(uow: UnitOfWork, contact_id: int) -> Contact:
    """Return a contact. Raises NotFound."""
    return uow.recall(("contact", contact_id), lambda: _contact(uow, contacts.c.id == contact_id, contact_id))


def contact_by_email(uow: UnitOfWork, email: str) -> Contact:
    """Return the contact of this address, in whatever case it is written. Raises NotFound."""
    address = email.strip().lower()
    return uow.recall(("contact of", address), lambda: _contact(uow, contacts.c.email == address, email))


def standing(uow: UnitOfWork, contact_id: int | None, combination_id: int) -> Standing:
    """Return what a contact is to a combination at this moment of the transaction (A3, A4, A5, A9)."""

    def ask() -> Standing:
        held = (grants.c.contact_id == contact_id, grants.c.combination_id == combination_id)
        row = uow.connection.execute(_HELD.where(*held)).first()
        return STRANGER if row is None else _standing(uow, row)

    return uow.recall(("standing", contact_id, combination_id), ask)


def holdings(uow: UnitOfWork, contact_id: int) -> list[Holding]:
    """Return everything that a contact holds a grant for, by name of the company."""
    rows = uow.connection.execute(
        _HELD.where(grants.c.contact_id == contact_id).order_by(_END_USER.c.name, _SOLD_TO.c.name)
    ).all()
    return [
        Holding(
            Combination(row.combination_id, row.sold_to, row.end_user),
            _standing(uow, row),
            row.approver,
            row.approved_by,
            row.approved_at,
        )
        for row in rows
    ]


def on_call(uow: UnitOfWork, product: str) -> tuple[OnCall, ...]:
    """Return who is rung now for this product, one after another (P4)."""
    return uow.recall(("on call", product), lambda: ladder(_shifts(uow), uow.now, product))


def to_page(uow: UnitOfWork, product: str) -> tuple[OnCall, ...]:
    """Return who is told of a caller whom nobody answered: who is on call, else every analyst (P4)."""
    return on_call(uow, product) or _all_analysts(uow)


def first_on_call(uow: UnitOfWork, product: str) -> OnCall | None:
    """Return who is first now for this product and whose skills fit it, or None when nobody is on call (P4)."""
    return first_who_fits(on_call(uow, product), product)


def analyst_email(uow: UnitOfWork, analyst_id: int) -> str:
    """Return an analyst's address. Raises NotFound."""

    def ask() -> str:
        email = uow.connection.scalar(sa.select(analysts.c.email).where(analysts.c.id == analyst_id))
        if email is None:
            raise NotFound("analyst", analyst_id)
        return str(email)

    return uow.recall(("analyst", analyst_id), ask)


def analyst_by_email(uow: UnitOfWork, email: str) -> OnCall:
    """Return the analyst of this address. Raises NotFound."""
    row = (
        uow.connection.execute(sa.select(analysts).where(analysts.c.email == email.strip().lower()))
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound("analyst", email)
    return _analyst(row)


def contact_emails(uow: UnitOfWork) -> list[str]:
    """Return the addresses of all contacts, in order of their making."""
    return list(uow.connection.scalars(sa.select(contacts.c.email).order_by(contacts.c.id)))


def _all_analysts(uow: UnitOfWork) -> tuple[OnCall, ...]:
    rows = uow.connection.execute(sa.select(analysts).order_by(analysts.c.id)).mappings()
    return tuple(_analyst(row) for row in rows)


def _analyst(row: sa.RowMapping) -> OnCall:
    return OnCall(row["id"], row["name"], row["email"], row["phone"], frozenset(row["skills"]))


def _contact(uow: UnitOfWork, condition: sa.ColumnElement[bool], asked_for: object) -> Contact:
    joined = contacts.join(accounts, accounts.c.id == contacts.c.employer_id)
    query = sa.select(contacts, accounts.c.name.label("employer")).select_from(joined).where(condition)
    row = uow.connection.execute(query).first()
    if row is None:
        raise NotFound("contact", asked_for)
    return Contact(
        id=row.id,
        email=row.email,
        name=f"{row.first_name} {row.last_name}",
        phone=row.phone,
        has_pin=row.pin_handle is not None,
        language=row.language,
        time_zone=row.time_zone,
        terms_accepted_at=row.terms_accepted_at,
        employer=row.employer,
    )


# --- what a grant is worth ----------------------------------------------------------------------------------

_SOLD_TO, _END_USER = accounts.alias("sold_to"), accounts.alias("end_user")
_EMPLOYER, _APPROVED_BY = accounts.alias("employer"), accounts.alias("approved_by")
_HELD = (
    sa.select(
        grants.c.combination_id,
        grants.c.access,
        grants.c.approver,
        grants.c.approved_at,
        contacts.c.terms_accepted_at,
        combinations.c.sold_to_id,
        combinations.c.end_user_id,
        _SOLD_TO.c.name.label("sold_to"),
        _END_USER.c.name.label("end_user"),
        _END_USER.c.part_of_id,
        _EMPLOYER.c.name.label("employer"),
        _APPROVED_BY.c.name.label("approved_by"),
    )
    .join_from(grants, contacts, contacts.c.id == grants.c.contact_id)
    .join(combinations, combinations.c.id == grants.c.combination_id)
    .join(_SOLD_TO, _SOLD_TO.c.id == combinations.c.sold_to_id)
    .join(_END_USER, _END_USER.c.id == combinations.c.end_user_id)
    .join(_EMPLOYER, _EMPLOYER.c.id == contacts.c.employer_id)
    .outerjoin(_APPROVED_BY, _APPROVED_BY.c.id == grants.c.approved_by_id)
)
"""A grant with everything that its ground depends on, but the contracts."""


def _standing(uow: UnitOfWork, held: Any) -> Standing:
    """Return what a row of _HELD is worth now."""
    contracts_there = _contracts_there(uow, held)
    own = [one for one in contracts_there if one.combination_id == held.combination_id]
    facts = [(_facts(one), one.support_owner) for one in own]
    directly = [one for one in contracts_there if one.sold_to_id == one.end_user_id]
    relation = grant_rules.Relation(
        held.sold_to,
        held.end_user,
        grant_rules.support_owners((owner, contract.is_live(uow.now)) for contract, owner in facts),
        end_user_is_part_of_sold_to=_is_part_of(uow, held),
        end_user_buys_directly=any(_facts(one).is_live(uow.now) for one in directly),
    )
    candidate = grant_rules.Candidate(
        held.employer, Access(held.access), held.approved_by, held.approver, held.terms_accepted_at
    )
    answer = grant_rules.decide(candidate, relation)
    groundless = answer if isinstance(answer, Denied) else None
    return Standing(Role.CUSTOMER, candidate.access, tuple(contract for contract, _ in facts), groundless)


def _contracts_there(uow: UnitOfWork, held: Any) -> list[Any]:
    """Return the contracts of a grant's combination, and those by which its End User buys for itself."""
    owner = accounts.alias("support_owner")
    query = (
        sa.select(
            contracts,
            combinations.c.sold_to_id,
            combinations.c.end_user_id,
            owner.c.name.label("support_owner"),
        )
        .join_from(combinations, contracts, contracts.c.combination_id == combinations.c.id)
        .join(owner, owner.c.id == contracts.c.support_owner_id)
        .where(
            combinations.c.end_user_id == held.end_user_id,
            combinations.c.sold_to_id.in_((held.sold_to_id, held.end_user_id)),
        )
    )
    return list(uow.connection.execute(query))


def _facts(row: Any) -> ContractFacts:
    return ContractFacts(CareLevel(row.care_level), ContractStatus(row.status), row.starts_at, row.ends_at)


def _is_part_of(uow: UnitOfWork, held: Any) -> bool:
    """Say whether the End User is a division or subsidiary of the Sold To; only a long chain is asked for."""
    if held.part_of_id is None or held.part_of_id == held.sold_to_id:
        return held.part_of_id is not None
    chain = (
        sa.select(accounts.c.part_of_id.label("id"))
        .where(accounts.c.id == held.part_of_id)
        .cte("chain", recursive=True)
    )
    # A union without ALL ends where a circle closes.
    chain = chain.union(sa.select(accounts.c.part_of_id).join(chain, accounts.c.id == chain.c.id))
    found = sa.select(chain.c.id).where(chain.c.id == held.sold_to_id)
    return uow.connection.scalar(found) is not None


# --- the roster ---------------------------------------------------------------------------------------------


def _shifts(uow: UnitOfWork) -> tuple[Shift, ...]:
    joined = shifts.join(analysts, analysts.c.id == shifts.c.analyst_id)
    rows = uow.connection.execute(
        sa.select(shifts, analysts.c.name, analysts.c.email, analysts.c.phone, analysts.c.skills).select_from(
            joined
        )
    ).mappings()
    return tuple(
        Shift(
            analyst=OnCall(
                row["analyst_id"], row["name"], row["email"], row["phone"], frozenset(row["skills"])
            ),
            rung=row["rung"],
            days=frozenset(row["days"]),
            starts=time.fromisoformat(row["starts"]),
            ends=time.fromisoformat(row["ends"]),
            time_zone=row["time_zone"],
            products=frozenset(row["products"]),
        )
        for row in rows
    )
