"""Whose address may be a contact's main address: one person's, at a company (A6)."""

from __future__ import annotations

import pytest

from core.rules.contact_addresses import AddressRules, decide
from core.rules.policy import Allowed

RULES = AddressRules()


@pytest.mark.parametrize("email", ["bob@gmail.com", "bob@mail.gmail.com", "bob@web.de"])
def test_free_mail_is_nobodys_company(email):
    assert decide(email, RULES).reason == "free-mail"


@pytest.mark.parametrize("email", ["support@northwind.example", "noc+emea@northwind.example"])
def test_a_role_address_is_no_person(email):
    assert decide(email, RULES).reason == "role-address"


@pytest.mark.parametrize(
    "email", ["alice@northwind.example", "bob@notgmail.com", "infodesk@northwind.example"]
)
def test_a_persons_address_at_a_company_is_taken(email):
    assert decide(email, RULES) == Allowed()


def test_both_lists_are_the_sites():
    """A6: both lists are settings."""
    rules = AddressRules(frozenset({"free.example"}), frozenset({"desk"}))
    answers = [decide(email, rules) for email in ("a@free.example", "desk@a.example", "bob@gmail.com")]
    assert [answer == Allowed() for answer in answers] == [False, False, True]
