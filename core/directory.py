"""Who people are: contacts and what they hold, analysts and when they are on call.

What a contact may do is not kept anywhere; `standing` reads the grant and the contracts in the transaction
that acts, so a right that ended is gone at that instant on every channel (A9).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

import sqlalchemy as sa

from core.errors import NotFound
from core.rules.policy import STRANGER, ContractFacts, Standing
from core.rules.roster import OnCall, Shift, ladder
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


def contact(uow: UnitOfWork, contact_id: int) -> Contact:
    """Return a contact. Raises NotFound."""
    return _contact(uow, contacts.c.id == contact_id, contact_id)


def contact_by_email(uow: UnitOfWork, email: str) -> Contact:
    """Return the contact of this address, in whatever case it is written. Raises NotFound."""
    return _contact(uow, contacts.c.email == email.strip().lower(), email)


def standing(uow: UnitOfWork, contact_id: int | None, combination_id: int) -> Standing:
    """Return what a contact is to a combination at this moment of the transaction (A3, A9)."""
    held = (grants.c.contact_id == contact_id, grants.c.combination_id == combination_id)
    access = uow.connection.scalar(sa.select(grants.c.access).where(*held))
    if access is None:
        return STRANGER
    return Standing(Role.CUSTOMER, Access(access), _contracts_of(uow, combination_id))


def holdings(uow: UnitOfWork, contact_id: int) -> list[Holding]:
    """Return everything that a contact holds a grant for, by name of the company."""
    sold_to, end_user = accounts.alias("sold_to"), accounts.alias("end_user")
    joined = (
        grants.join(combinations, combinations.c.id == grants.c.combination_id)
        .join(sold_to, sold_to.c.id == combinations.c.sold_to_id)
        .join(end_user, end_user.c.id == combinations.c.end_user_id)
    )
    rows = uow.connection.execute(
        sa.select(combinations.c.id, sold_to.c.name, end_user.c.name)
        .select_from(joined)
        .where(grants.c.contact_id == contact_id)
        .order_by(end_user.c.name, sold_to.c.name)
    )
    return [Holding(Combination(*row), standing(uow, contact_id, row[0])) for row in rows]


def on_call(uow: UnitOfWork, product: str) -> tuple[OnCall, ...]:
    """Return who is rung now for this product, one after another (P4)."""
    return ladder(_shifts(uow), uow.now, product)


def to_page(uow: UnitOfWork, product: str) -> tuple[OnCall, ...]:
    """Return who is told of a caller whom nobody answered: who is on call, else every analyst (P4)."""
    return on_call(uow, product) or _all_analysts(uow)


def first_on_call(uow: UnitOfWork, product: str) -> OnCall | None:
    """Return who is rung first now for this product, or None when nobody is on call."""
    return next(iter(on_call(uow, product)), None)


def analyst_email(uow: UnitOfWork, analyst_id: int) -> str:
    """Return an analyst's address. Raises NotFound."""
    email = uow.connection.scalar(sa.select(analysts.c.email).where(analysts.c.id == analyst_id))
    if email is None:
        raise NotFound("analyst", analyst_id)
    return str(email)


def analyst_by_email(uow: UnitOfWork, email: str) -> OnCall:
    """Return the analyst of this address. Raises NotFound."""
    row = (
        uow.connection.execute(sa.select(analysts).where(analysts.c.email == email.strip().lower()))
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound("analyst", email)
    return OnCall(row["id"], row["name"], row["email"], row["phone"])


def contact_emails(uow: UnitOfWork) -> list[str]:
    """Return the addresses of all contacts, in order of their making."""
    return list(uow.connection.scalars(sa.select(contacts.c.email).order_by(contacts.c.id)))


def _all_analysts(uow: UnitOfWork) -> tuple[OnCall, ...]:
    rows = uow.connection.execute(sa.select(analysts).order_by(analysts.c.id)).mappings()
    return tuple(OnCall(row["id"], row["name"], row["email"], row["phone"]) for row in rows)


def _contact(uow: UnitOfWork, condition: sa.ColumnElement[bool], asked_for: object) -> Contact:
    row = uow.connection.execute(sa.select(contacts).where(condition)).mappings().first()
    if row is None:
        raise NotFound("contact", asked_for)
    name = f"{row['first_name']} {row['last_name']}"
    return Contact(row["id"], row["email"], name, row["phone"], row["pin_handle"] is not None)


def _contracts_of(uow: UnitOfWork, combination_id: int) -> tuple[ContractFacts, ...]:
    rows = uow.connection.execute(
        sa.select(contracts).where(contracts.c.combination_id == combination_id)
    ).mappings()
    return tuple(
        ContractFacts(
            CareLevel(row["care_level"]), ContractStatus(row["status"]), row["starts_at"], row["ends_at"]
        )
        for row in rows
    )


def _shifts(uow: UnitOfWork) -> tuple[Shift, ...]:
    joined = shifts.join(analysts, analysts.c.id == shifts.c.analyst_id)
    rows = uow.connection.execute(
        sa.select(shifts, analysts.c.name, analysts.c.email, analysts.c.phone).select_from(joined)
    ).mappings()
    return tuple(
        Shift(
            analyst=OnCall(row["analyst_id"], row["name"], row["email"], row["phone"]),
            rung=row["rung"],
            days=frozenset(row["days"]),
            starts=time.fromisoformat(row["starts"]),
            ends=time.fromisoformat(row["ends"]),
            time_zone=row["time_zone"],
            products=frozenset(row["products"]),
        )
        for row in rows
    )
