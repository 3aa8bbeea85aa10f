"""What is on record and should not be so: reported, and not blocked.

A8   a Sold To with a live contract and fewer than two Designated Contacts
A10  a Designated Contact without a PIN; a PIN of a key that is old, or gone
A4, A5  a grant that would be refused today
A9   a Designated Contact all of whose contracts have ended
A6   a main address that would be refused today
E7   a contact to whom mail after mail came back for good
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core import bouncing
from core.enrolment.entries import Section
from core.enrolment.planning import candidate
from core.enrolment.record import (
    CONTACTS,
    CONTRACTS,
    GRANTS,
    OnRecord,
    contact_values,
    contract_values,
    grant_values,
    read_accounts,
)
from core.enrolment.relations import Pair, Relations
from core.enrolment.sheet import name_of
from core.rules import contact_addresses, grants
from core.rules.policy import Denied
from core.rules.terms import Access, ContractStatus
from core.store import schema
from core.unit_of_work import UnitOfWork

DCS_OF_A_SOLD_TO = 2  # A8
_AT_ONCE = 2_000


@dataclass(frozen=True)
class Finding:
    """One thing that should not be so: by which rule, with whom, why, and what to do."""

    rule: str
    subject: str
    words: str
    remedy: str


@dataclass(frozen=True)
class _Held:
    """A grant on record, its contact, and why it would be refused today."""

    pair: Pair
    contact: Mapping[str, Any]
    access: Access
    denied: Denied | None

    @property
    def is_dc(self) -> bool:
        return self.access is Access.READ_WRITE


@dataclass(frozen=True)
class _Directory:
    """Everything that the findings are looked for in."""

    uow: UnitOfWork
    contacts: Mapping[str, Mapping[str, Any]]
    held: tuple[_Held, ...]
    relations: Relations


def findings(uow: UnitOfWork) -> list[Finding]:
    """Return everything that is found, rule by rule; nothing is changed."""
    found = _read(uow)
    looks = (_sold_tos, _grounds, _ended, _blank_pins, _old_pins, _addresses, _out_of_reach)
    return [finding for look in looks for finding in look(found)]


def short_of_contacts(uow: UnitOfWork) -> list[tuple[str, int]]:
    """Return the Sold Tos with a live contract and fewer than two Designated Contacts, with how many (A8).

    One statement, for a page that is looked at often; whether their grants have their ground is asked by
    findings().
    """
    t = schema
    is_live = (
        t.contracts.c.status == ContractStatus.ACTIVE,
        t.contracts.c.starts_at <= uow.now,
        t.contracts.c.ends_at > uow.now,
    )
    holds = (t.grants.c.combination_id == t.combinations.c.id, t.grants.c.access == Access.READ_WRITE)
    joined = (
        t.contracts.join(t.combinations, t.combinations.c.id == t.contracts.c.combination_id)
        .join(t.accounts, t.accounts.c.id == t.combinations.c.sold_to_id)
        .outerjoin(t.grants, sa.and_(*holds))
    )
    count = sa.func.count(sa.distinct(t.grants.c.contact_id))
    few = sa.select(t.accounts.c.name, count).select_from(joined).where(*is_live)
    few = few.group_by(t.accounts.c.name).having(count < DCS_OF_A_SOLD_TO).order_by(t.accounts.c.name)
    return [(name, number) for name, number in uow.connection.execute(few)]


def _read(uow: UnitOfWork) -> _Directory:
    there = OnRecord()
    read_accounts(uow, there)
    part_of = {values["name"]: values["part_of"] for values in there.rows[Section.ACCOUNT].values()}
    contracts = (contract_values(row, there.names) for row in _rows(uow, CONTRACTS))
    relations = Relations(part_of, contracts, uow.now)
    by_email = {row.email: contact_values(row, there.names) for row in _rows(uow, CONTACTS)}
    held = []
    for row in _rows(uow, GRANTS.order_by(schema.grants.c.contact_id, schema.grants.c.combination_id)):
        grant, person = grant_values(row, there.names), by_email[row.email]
        pair = (grant["sold_to"], grant["end_user"])
        answer = grants.decide(candidate(person, grant), relations.of(pair))
        denied = answer if isinstance(answer, Denied) else None
        held.append(_Held(pair, person, grant["access"], denied))
    return _Directory(uow, by_email, tuple(held), relations)


def _sold_tos(found: _Directory) -> Iterator[Finding]:
    dcs: dict[str, set[str]] = {sold_to: set() for sold_to, _end_user in found.relations.live_pairs()}
    for one in found.held:
        if one.is_dc and one.denied is None and found.relations.has_live_contract(one.pair):
            dcs[one.pair[0]].add(one.contact["email"])
    for sold_to, emails in sorted(dcs.items()):
        if len(emails) < DCS_OF_A_SOLD_TO:
            who = f"only {min(emails)}" if emails else "nobody"
            words = f"Each Sold To keeps at least two Designated Contacts; {who} is one."
            yield Finding("A8", sold_to, words, "ask its Designated Approver to name another")


def _grounds(found: _Directory) -> Iterator[Finding]:
    for one in found.held:
        if one.denied is not None:
            subject = name_of(Section.GRANT, (one.contact["email"], *one.pair))
            words = f"{one.access} has lost its ground: {one.denied.words}"
            yield Finding(one.denied.rule, subject, words, "import what is missing, or access: Basic")


def _ended(found: _Directory) -> Iterator[Finding]:
    is_entitled: dict[str, bool] = {}
    for one in found.held:
        if one.is_dc:
            email = one.contact["email"]
            live = found.relations.has_live_contract(one.pair)
            is_entitled[email] = is_entitled.get(email, False) or live
    for email, live in is_entitled.items():
        if not live:
            words = "No contract of this Designated Contact is live, so nothing can be done under it."
            yield Finding("A9", email, words, "import the renewed contract, or access: Basic")


def _blank_pins(found: _Directory) -> Iterator[Finding]:
    dcs = {one.contact["email"] for one in found.held if one.is_dc}
    blank = sa.select(schema.contacts.c.email).where(schema.contacts.c.pin_handle.is_(None))
    for email in found.uow.connection.scalars(blank.order_by(schema.contacts.c.id)):
        if email in dcs:
            words = "This Designated Contact has no PIN, and cannot use the phone."
            yield Finding("A10", email, words, f"intake contact pin {email} --reissue")


def _old_pins(found: _Directory) -> Iterator[Finding]:
    keys = found.uow.house.pin_keys
    old = (schema.contacts.c.pin_handle.is_not(None), schema.contacts.c.pin_key_id != keys.newest)
    query = sa.select(schema.contacts.c.email, schema.contacts.c.pin_key_id).where(*old)
    for email, key_id in found.uow.connection.execute(query.order_by(schema.contacts.c.id)):
        words = (
            "The PIN is of the key before, and works while that is set."
            if key_id in keys.keys
            else "The PIN is of a key that is not set any more, and is refused."
        )
        yield Finding("A10", email, words, f"intake contact pin {email} --reissue")


def _addresses(found: _Directory) -> Iterator[Finding]:
    for email in found.contacts:
        answer = contact_addresses.decide(email, found.uow.house.address_rules)
        if isinstance(answer, Denied):
            yield Finding(answer.rule, email, answer.words, "ask the contact for an address of their own")


def _out_of_reach(found: _Directory) -> Iterator[Finding]:
    for email, gone in bouncing.contacts_out_of_reach(found.uow).items():
        if email in found.contacts:
            words = (
                f"The last {gone.mails} mails came back for good, since {gone.since:%Y-%m-%d}: {gone.words}."
            )
            yield Finding("E7", email, words, "ask the contact, or their Designated Approver, for an address")


def _rows(uow: UnitOfWork, query: sa.Select[Any]) -> Any:
    return uow.connection.execute(query, execution_options={"yield_per": _AT_ONCE})
