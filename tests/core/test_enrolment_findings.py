"""What is on record and should not be so is reported with its rule, on both databases."""

from __future__ import annotations

from dataclasses import replace

from core import pins
from core.directory import contact_by_email, contact_emails
from core.enrolment import enrol
from core.enrolment.findings import findings
from core.pins import PinKeys
from core.rules.contact_addresses import AddressRules
from core.unit_of_work import UnitOfWork
from tests.people import DIRECTORY

CONTRACTS = {contract["number"]: contract for contract in DIRECTORY["contracts"]}


def found(core, rule, **house):
    """Return what is found by a rule, by its subject; in a house with something changed."""
    with core.reading() as uow:
        changed = UnitOfWork(uow.connection, uow.now, replace(uow.house, **house))
        return {one.subject: one for one in findings(changed) if one.rule == rule}


def give_pins(core):
    def issue(uow):
        for email in contact_emails(uow):
            pins.issue(uow, contact_by_email(uow, email).id, by="test")

    core.write(issue)


def change(core, **document):
    core.write(lambda uow: enrol(uow, document))


def test_a_sold_to_with_fewer_than_two_designated_contacts_is_named(core):
    """A8: Northwind has three, and Lapsed has no live contract to need them for."""
    assert set(found(core, "A8")) == {"Cloudline", "Eastgate"}


def test_a_designated_contact_without_ground_is_not_counted(core):
    """A4, A8: Harbour Partners has Petra and Frida."""
    change(core, contracts=[CONTRACTS["C-7"] | {"support_owner": "Harbour Partners"}])
    assert "only petra@harbour.example" in found(core, "A8")["Harbour Partners"].words


def test_a_grant_that_lost_its_ground_is_named(core):
    """A4."""
    assert found(core, "A4") == {}
    change(core, contracts=[CONTRACTS["C-7"] | {"support_owner": "Harbour Partners"}])
    assert set(found(core, "A4")) == {"frida@fieldcare.example for Hill Hospital through Harbour Partners"}


def test_a_designated_contact_all_of_whose_contracts_ended_is_named(core):
    """A9."""
    assert set(found(core, "A9")) == {"erin@lapsed.example"}


def test_a_designated_contact_without_a_pin_is_named(core):
    """A10: who only reads has no use for one."""
    give_pins(core)

    def blank(uow):
        for email in ("blanche@northwind.example", "bob@northwind.example"):
            pins.blank(uow, contact_by_email(uow, email).id, by="test")

    core.write(blank)
    assert set(found(core, "A10")) == {"blanche@northwind.example"}


def test_a_pin_of_the_key_before_is_named(core):
    """A10: it works until that key is taken away."""
    give_pins(core)
    words = {
        one.words for one in found(core, "A10", pin_keys=PinKeys("k2", {"k2": b"2", "k1": b"1"})).values()
    }
    assert words == {"The PIN is of the key before, and works while that is set."}


def test_a_pin_of_a_key_that_is_gone_is_named(core):
    """A10: nobody can use it any more."""
    give_pins(core)
    words = {one.words for one in found(core, "A10", pin_keys=PinKeys("k2", {"k2": b"2"})).values()}
    assert words == {"The PIN is of a key that is not set any more, and is refused."}


def test_an_address_that_would_be_refused_today_is_named(core):
    """A6: the lists are settings, and may have grown."""
    rules = AddressRules(free_mail_domains=frozenset({"labs.example"}))
    assert set(found(core, "A6", address_rules=rules)) == {"lena@labs.example"}
