"""The directory brought in from a document, on both databases."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from core import directory
from core.enrolment import Enrolled, enrol
from core.errors import BadInput
from core.rules.terms import Access
from core.store.schema import metadata
from tests.people import DIRECTORY


def contact(document):
    return document["contacts"][0]


def shift(document):
    return document["analysts"][0]["shifts"][0]


def everything(core):
    with core.reading() as uow:
        tables = [table for table in metadata.sorted_tables if table.name != "shifts"]
        return [uow.connection.execute(sa.select(table)).all() for table in tables]


def test_bringing_the_same_in_twice_changes_nothing(core):
    """What is there is found by its natural key."""
    before = everything(core)
    core.write(lambda uow: enrol(uow, DIRECTORY))
    assert everything(core) == before


def test_what_is_changed_in_the_document_is_changed(core):
    """A grant that was lowered is lowered."""
    document = copy.deepcopy(DIRECTORY)
    contact(document)["grants"][0]["access"] = "Read-Only"
    core.write(lambda uow: enrol(uow, document))
    with core.reading() as uow:
        alice = directory.contact_by_email(uow, "Alice@Northwind.example")
        [held] = directory.holdings(uow, alice.id)
    assert held.standing.access is Access.READ_ONLY


def test_the_example_of_the_documentation_can_be_brought_in(core):
    """`docs/directory.yaml` is the description of the form, so it must be of that form."""
    file = Path(__file__).parents[2] / "docs" / "directory.yaml"
    done = core.write(lambda uow: enrol(uow, yaml.safe_load(file.read_text(encoding="utf-8"))))
    assert done == Enrolled(accounts=3, contracts=2, contacts=2, analysts=2)
    with core.reading() as uow:
        assert next(analyst.name for analyst in directory.on_call(uow, product="")) == "Ada"


WRONG = {
    "an unknown section": (lambda document: document.update(people=[]), "section is 'people'"),
    "a section that is no list": (lambda document: document.update(contacts={"a": 1}), "a list"),
    "an entry that is no mapping": (lambda document: document["contacts"].append("alice"), "'alice'"),
    "no first name": (lambda document: contact(document).pop("first_name"), "first_name.*A7"),
    "no employer": (lambda document: contact(document).update(employer=""), "employer.*A7"),
    "an unknown employer": (lambda document: contact(document).update(employer="Nobody"), "employer is 'Nobody'"),
    "no address": (lambda document: contact(document).update(email="alice"), "email is 'alice'"),
    "a country too long": (lambda document: contact(document).update(country="USA"), "at most 2 characters"),
    "no telephone number": (lambda document: contact(document).update(phone="12"), "phone is '12'"),
    "a satellite number": (lambda document: contact(document).update(phone="+870773111632"), "phone is"),
    "an unknown access": (
        lambda document: contact(document)["grants"][0].update(access="Admin"),
        "access is 'Admin'.*Read-Write",
    ),
    "an unknown care level": (
        lambda document: document["contracts"][0].update(care_level="Gold"),
        "care_level is 'Gold'",
    ),
    "a date that is none": (lambda document: document["contracts"][0].update(ends="soon"), "ends is 'soon'"),
    "a shift without a rung": (lambda document: shift(document).pop("rung"), "rung is None"),
    "an eighth day": (lambda document: shift(document).update(days=[8]), "days is 8.*1 to 7"),
    "an unknown zone": (
        lambda document: shift(document).update(time_zone="Mars/Base"),
        "time_zone is 'Mars/Base'",
    ),
    "a time that is none": (
        lambda document: shift(document).update(starts="25:00"),
        "starts is '25:00'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "words"), WRONG.values(), ids=WRONG)
def test_one_wrong_value_is_named_and_changes_nothing(core, spoil, words):
    """A3, A4, A6, A7, P4: all of the document or nothing."""
    document = copy.deepcopy(DIRECTORY)
    document["accounts"].append("Added before the fault was seen")
    spoil(document)
    before = everything(core)
    with pytest.raises(BadInput, match=words):
        core.write(lambda uow: enrol(uow, document))
    assert everything(core) == before
