"""What a contact is at this instant, and who is on call: read in the transaction that acts, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from core import directory
from core.acting import Actor
from core.cases import NewCase, open_case
from core.enrolment import enrol
from core.errors import NotFound, Refused
from core.rules.policy import STRANGER
from core.rules.terms import Access, Channel, Role
from tests.people import DIRECTORY

CONTRACTS = {contract["number"]: contract for contract in DIRECTORY["contracts"]}


def standing(core, email):
    """Return what a contact's first grant is worth."""
    with core.reading() as uow:
        return directory.holdings(uow, directory.contact_by_email(uow, email).id)[0].standing


def change(core, **document):
    core.write(lambda uow: enrol(uow, document))


@pytest.mark.parametrize(
    "email",
    ["alice@northwind.example", "lena@labs.example", "frida@fieldcare.example", "hugo@hill.example"],
    ids=["a direct customer", "a division", "an appointed Support Owner", "a reader of a partner's End User"],
)
def test_a_grant_that_would_be_given_today_has_its_ground(core, email):
    """A4, A5."""
    assert standing(core, email).groundless is None


def test_a_grant_loses_its_ground_when_another_company_deals_with_support(core):
    """A4: at that instant, with no job in between."""
    change(core, contracts=[CONTRACTS["C-7"] | {"support_owner": "Harbour Partners"}])
    assert standing(core, "frida@fieldcare.example").groundless.reason == "no-support-owner"


def test_a_division_that_is_sold_is_one_no_longer(core):
    """A4: its employees are those of a partner's End User then."""
    change(core, accounts=[{"name": "Northwind Labs", "part_of": None}])
    assert standing(core, "lena@labs.example").groundless.reason == "end-user-of-a-partner"


def test_a_division_of_a_division_is_one(core):
    """A4."""
    parts = [{"name": "Middle", "part_of": "Northwind"}, {"name": "Northwind Labs", "part_of": "Middle"}]
    change(core, accounts=parts)
    assert standing(core, "lena@labs.example").groundless is None


def test_a_part_of_another_company_is_no_division(core):
    """A4."""
    change(
        core,
        accounts=[{"name": "Middle", "part_of": "Eastgate"}, {"name": "Northwind Labs", "part_of": "Middle"}],
    )
    assert standing(core, "lena@labs.example").groundless.reason == "end-user-of-a-partner"


def test_a_direct_contract_is_ground_while_it_is_live(core, clock):
    """A4, A9: on the day that it ends, its End User's employees are a partner's customers again."""
    own = {"number": "C-8", "sold_to": "Hill Hospital", "care_level": "Business Care"}
    change(core, contracts=[own | {"starts": "2025-01-01", "ends": "2027-01-01"}])
    grant = {"sold_to": "Harbour Partners", "end_user": "Hill Hospital", "access": "Read-Only"}
    person = next(one for one in DIRECTORY["contacts"] if one["email"] == "hugo@hill.example")
    change(core, contacts=[person | {"grants": [grant | {"approved_by": None, "approved_on": None}]}])
    assert standing(core, "hugo@hill.example").groundless is None
    clock.move_to(datetime(2027, 1, 1, tzinfo=UTC))
    assert standing(core, "hugo@hill.example").groundless.reason == "reader-without-approval"


def test_a_contract_that_was_terminated_leaves_no_standing(core):
    """A9: access is gone with it, and its Support Owner stays who it was."""
    change(core, contracts=[CONTRACTS["C-1"] | {"status": "Terminated"}])
    alice = standing(core, "alice@northwind.example")
    with core.reading() as uow:
        assert (alice.is_entitled(uow.now), alice.groundless) == (False, None)


def test_a_case_is_refused_to_a_grant_without_ground(core, people):
    """A4: whatever the grant says."""
    before = people.case("frida").case
    change(core, contracts=[CONTRACTS["C-7"] | {"support_owner": "Harbour Partners"}])
    frida = people.customer("frida")
    actor = Actor(Role.CUSTOMER, frida.name, Channel.PHONE, contact_id=frida.contact_id)
    new = NewCase(frida.contact_id, before.combination_id, "Again", "It blinks.")
    with pytest.raises(Refused, match="lost its ground"):
        core.write(lambda uow: open_case(uow, actor, new))


def test_who_has_no_grant_is_a_stranger(core):
    """A3."""
    with core.reading() as uow:
        [eastgate] = directory.holdings(uow, directory.contact_by_email(uow, "charlie@eastgate.example").id)
        alice = directory.contact_by_email(uow, "alice@northwind.example")
        assert directory.standing(uow, alice.id, eastgate.combination.id) == STRANGER
        assert directory.standing(uow, None, eastgate.combination.id) == STRANGER


def test_standing_asks_the_database_twice_however_much_is_held(core):
    """It is on the path of every mail and every turn of a call."""
    with core.reading() as uow:
        [held] = directory.holdings(uow, directory.contact_by_email(uow, "lena@labs.example").id)
        statements = []
        sa.event.listen(uow.connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
        contact_id = directory.contact_by_email(uow, "lena@labs.example").id
        statements.clear()
        assert directory.standing(uow, contact_id, held.combination.id).access is Access.READ_WRITE
    assert len(statements) == 2


def test_a_contact_is_shown_with_what_is_on_record(core):
    """A5, A7."""
    with core.reading() as uow:
        alice = directory.contact_by_email(uow, "alice@northwind.example")
        [held] = directory.holdings(uow, directory.contact_by_email(uow, "hugo@hill.example").id)
    assert (alice.employer, alice.language, alice.time_zone) == ("Northwind", "en", "UTC")
    assert alice.terms_accepted_at == datetime(2025, 1, 2, 10, 30, tzinfo=UTC)
    assert (held.approved_by, held.approved_at) == ("Harbour Partners", datetime(2025, 1, 3, tzinfo=UTC))


def test_a_contact_who_is_none_is_not_found(core):
    with core.reading() as uow, pytest.raises(NotFound):
        directory.contact_by_email(uow, "nobody@northwind.example")


SKILLED = [
    DIRECTORY["analysts"][0] | {"skills": ["Dialer"]},
    DIRECTORY["analysts"][1] | {"skills": ["Recorder"]},
]


@pytest.mark.parametrize(
    ("product", "name"), [("Dialer", "Ada"), ("Recorder", "Grace"), ("Wallboard", "Ada"), ("", "Ada")]
)
def test_a_case_goes_to_whose_skills_fit_its_product(core, product, name):
    """P4: the first on call whose skills fit, else the first; of an unknown product, anybody."""
    change(core, analysts=SKILLED)
    with core.reading() as uow:
        assert directory.first_on_call(uow, product).name == name


def test_no_skills_are_all_skills(core):
    """P4."""
    change(core, analysts=[SKILLED[0], DIRECTORY["analysts"][1] | {"skills": []}])
    with core.reading() as uow:
        assert directory.first_on_call(uow, "Recorder").name == "Grace"
