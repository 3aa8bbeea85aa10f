"""The directory brought in from a document, on both databases."""

from __future__ import annotations

import copy
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from sqlalchemy.exc import OperationalError

from core import directory
from core.enrolment import bring_in, enrol, entries_of, planned, read_sheet
from core.enrolment.entries import Section
from core.enrolment.exporting import entries_on_record
from core.enrolment.refusals import DirectoryRefused
from core.errors import BadInput, DatabaseIsBusy
from core.rules.terms import Access
from core.store.schema import audit, metadata
from core.unit_of_work import UnitOfWork
from tests.people import DIRECTORY

NEW = {
    "email": "nora@northwind.example",
    "first_name": "Nora",
    "last_name": "North",
    "employer": "Northwind",
    "country": "US",
}
DC_OF_NORTHWIND = {"sold_to": "Northwind", "access": "Read-Write", "approver": "Nora North"}
READER_OF_HILL = {"sold_to": "Harbour Partners", "end_user": "Hill Hospital", "access": "Read-Only"}
DC_OF_HILL = READER_OF_HILL | {"access": "Read-Write", "approver": "Hanna Hafen"}
TERMS = {"terms_accepted": "2026-01-02"}
HILL = next(contract for contract in DIRECTORY["contracts"] if contract["number"] == "C-7")


def contact(document):
    return document["contacts"][0]


def shift(document):
    return document["analysts"][0]["shifts"][0]


def everything(core):
    with core.reading() as uow:
        return [uow.connection.execute(sa.select(table)).all() for table in metadata.sorted_tables]


def brought_in(core, document):
    return core.write(lambda uow: enrol(uow, document))


def refused(core, document):
    """Return what is refused of a document, and see that nothing changed."""
    before = everything(core)
    with pytest.raises(DirectoryRefused) as caught:
        brought_in(core, document)
    assert everything(core) == before
    return caught.value.lines


def held_by(core, email):
    with core.reading() as uow:
        person = directory.contact_by_email(uow, email)
        return {one.combination.name: one for one in directory.holdings(uow, person.id)}


def trail(core):
    with core.reading() as uow:
        return [(row.act, row.subject, row.detail) for row in uow.connection.execute(sa.select(audit))]


def test_bringing_the_same_in_twice_changes_nothing(core):
    """What is there is found by its natural key."""
    before = everything(core)
    plan = brought_in(core, DIRECTORY)
    assert everything(core) == before
    assert plan.changes == ()
    assert plan.unchanged[Section.CONTACT] == len(DIRECTORY["contacts"])


def test_what_is_changed_in_the_document_is_changed(core):
    """A grant that was lowered is lowered."""
    document = copy.deepcopy(DIRECTORY)
    contact(document)["grants"][0]["access"] = "Read-Only"
    brought_in(core, document)
    assert held_by(core, "Alice@Northwind.example")["Northwind"].standing.access is Access.READ_ONLY


def test_a_plan_says_what_would_change_and_changes_nothing(core):
    """From what to what, field by field."""
    before = everything(core)
    document = {"contacts": [contact(DIRECTORY) | {"last_name": "Bowman"}, NEW]}
    with core.reading() as uow:
        plan = planned(uow, read_sheet(entries_of(document)))
    alice, nora = plan.changes
    assert (alice.act, alice.fields) == ("changed", {"last_name": ("Archer", "Bowman")})
    assert (nora.act, nora.fields["employer"]) == ("added", (None, "Northwind"))
    assert plan.counts[Section.GRANT] == {"added": 0, "changed": 0, "unchanged": 1}
    assert everything(core) == before


def test_every_change_is_in_the_audit_trail(core):
    """Who it was, whom it is about, from what to what."""
    before = len(trail(core))
    grant = contact(DIRECTORY)["grants"][0] | {"access": "Read-Only"}
    core.write(
        lambda uow: enrol(uow, {"contacts": [contact(DIRECTORY) | {"grants": [grant]}, NEW]}, by="Ada")
    )
    assert trail(core)[before:] == [
        ("contact added", "nora@northwind.example", "employer: Northwind"),
        ("grant changed", "alice@northwind.example", "for Northwind: access: Read-Write -> Read-Only"),
    ]


def test_a_field_that_is_left_out_stays_and_a_blank_one_is_cleared(core):
    """A list of names only takes away nobody's telephone number."""
    alice = contact(DIRECTORY)
    brought_in(core, {"contacts": [{name: alice[name] for name in alice if name not in ("phone", "grants")}]})
    with core.reading() as uow:
        assert directory.contact_by_email(uow, alice["email"]).phone == "+14155550132"
    brought_in(core, {"contacts": [alice | {"phone": ""}]})
    with core.reading() as uow:
        assert directory.contact_by_email(uow, alice["email"]).phone is None


def on_record(core, number):
    """Return a contract as an export has it."""
    with core.reading() as uow:
        entries = [one.fields for one in entries_on_record(uow) if one.section is Section.CONTRACT]
    return next(fields for fields in entries if fields["number"] == number)


def test_a_contract_keeps_its_end_user_and_its_support_owner_where_they_are_left_out(core):
    """A1: the Sold To stands for them in a new contract only."""
    entry = {name: HILL[name] for name in HILL if name not in ("end_user", "support_owner")}
    plan = brought_in(core, {"contracts": [entry | {"products": ["Dialer"]}]})
    assert [change.fields for change in plan.changes] == [{"products": ((), ("Dialer",))}]
    there = on_record(core, "C-7")
    assert (there["end_user"], there["support_owner"]) == ("Hill Hospital", "Fieldcare")


def test_a_contract_that_is_sold_by_another_stays_with_its_end_user(core):
    """A1: what is left out stays, also where the combination becomes another one."""
    entry = {name: HILL[name] for name in HILL if name != "end_user"}
    brought_in(core, {"contracts": [entry | {"sold_to": "Fieldcare"}]})
    there = on_record(core, "C-7")
    assert (there["sold_to"], there["end_user"]) == ("Fieldcare", "Hill Hospital")


@pytest.mark.parametrize("field", ["end_user", "support_owner"])
def test_a_blank_company_moves_no_contract(core, field):
    """A1: in CSV every row has every column, so a blank cell says nothing."""
    [line] = refused(core, {"contracts": [HILL | {field: ""}]})
    assert (line.name, line.field, line.rule) == ("C-7", field, "A1")
    assert f"on record is '{HILL[field]}'" in line.words


def test_a_blank_status_revives_no_contract(core):
    """A9: what was ended is ended until somebody writes Active."""
    brought_in(core, {"contracts": [HILL | {"status": "Terminated"}]})
    [line] = refused(core, {"contracts": [HILL | {"status": " "}]})
    assert (line.name, line.field, line.rule) == ("C-7", "status", "A1")
    assert brought_in(core, {"contracts": [HILL]}).changes == ()
    brought_in(core, {"contracts": [HILL | {"status": "Active"}]})
    assert on_record(core, "C-7")["status"] == "Active"


def test_a_blank_that_says_what_is_on_record_is_no_change(core):
    """A1: a file with blank cells can be brought in again and again."""
    blank = DIRECTORY["contracts"][0] | {"end_user": "", "support_owner": None, "status": ""}
    assert brought_in(core, {"contracts": [blank]}).changes == ()


def on_rungs(core):
    with core.reading() as uow:
        return [analyst.name for analyst in directory.on_call(uow, "")]


@pytest.mark.parametrize("given", [{}, {"shifts": None}], ids=["left out", "blank"])
def test_an_analyst_keeps_the_shifts_where_none_are_given(core, given):
    """P4: a new telephone number leaves nobody off the roster."""
    ada = {name: DIRECTORY["analysts"][0][name] for name in ("email", "name")}
    brought_in(core, {"analysts": [ada | given | {"phone": "+14155550199"}]})
    assert on_rungs(core) == ["Ada", "Grace"]


def test_an_empty_list_of_shifts_takes_them_away(core):
    """P4: it is said, and not left out."""
    plan = brought_in(core, {"analysts": [DIRECTORY["analysts"][0] | {"shifts": []}]})
    assert list(plan.changes[0].fields) == ["shifts"]
    assert on_rungs(core) == ["Grace"]


def test_an_analysts_shifts_are_replaced_by_those_of_the_document(core):
    """P4."""
    ada = DIRECTORY["analysts"][0] | {"shifts": [{"rung": 3, "days": [1]}, {"rung": 4}]}
    brought_in(core, {"analysts": [ada]})
    with core.reading() as uow:
        assert [analyst.name for analyst in directory.on_call(uow, "")] == ["Grace", "Ada"]


def test_a_company_may_be_a_part_of_one_that_stands_below_it(core):
    """A4: a division of a division is one too."""
    chain = [{"name": "Bench", "part_of": "Cellar"}, {"name": "Cellar", "part_of": "Northwind Labs"}]
    brought_in(core, {"accounts": chain})
    assert brought_in(core, {"accounts": chain}).changes == ()


def test_one_approver_may_stand_for_all_grants_of_a_contact(core):
    """A5."""
    grant = {"sold_to": "Northwind", "access": "Read-Write"}
    brought_in(core, {"contacts": [NEW | TERMS | {"approver": "Nora North", "grants": [grant]}]})
    assert held_by(core, NEW["email"])["Northwind"].approver == "Nora North"


def test_access_is_withdrawn_by_setting_it_to_basic(core):
    """A3: nothing is removed, and Basic needs no ground."""
    gone = contact(DIRECTORY) | {
        "employer": "Eastgate",
        "grants": [{"sold_to": "Northwind", "access": "Basic"}],
    }
    brought_in(core, {"contacts": [gone]})
    assert held_by(core, "alice@northwind.example")["Northwind"].standing.access is Access.BASIC


def test_the_example_of_the_documentation_can_be_brought_in(core):
    """`docs/directory.yaml` is the description of the form, so it must be of that form."""
    file = Path(__file__).parents[2] / "docs" / "directory.yaml"
    brought_in(core, yaml.safe_load(file.read_text(encoding="utf-8")))
    assert (
        held_by(core, "frida@fieldcare.example")["Island Clinic through Harbour Partners"].standing.groundless
        is None
    )
    with core.reading() as uow:
        assert next(analyst.name for analyst in directory.on_call(uow, product="")) == "Ada"


# --- two at once --------------------------------------------------------------------------------------------


def at_once(core, first, second):
    """Bring in `first`, and `second` beside it, which begins before `first` is committed."""
    is_in = threading.Event()
    with ThreadPoolExecutor(2) as pool:

        def bring_in_slowly(uow):
            enrol(uow, first)
            is_in.set()
            wait([beside], timeout=0.5)

        beside = pool.submit(lambda: is_in.wait() and brought_in(core, second))
        core.write(bring_in_slowly)
        return beside.result()


def test_an_import_gives_nobody_back_what_another_one_ended(core):
    """A9: one ends a contract, the other one changes its products; both hold."""
    at_once(
        core,
        {"contracts": [HILL | {"status": "Terminated"}]},
        {"contracts": [HILL | {"products": ["Dialer"]}]},
    )
    there = on_record(core, "C-7")
    assert (there["status"], there["products"]) == ("Terminated", ("Dialer",))


def test_an_import_is_judged_by_what_another_one_left(core):
    """A9: each line of the trail begins where the one before it ended."""
    before = len(trail(core))
    at_once(
        core,
        {"contracts": [HILL | {"care_level": "Premium Care"}]},
        {"contracts": [HILL | {"care_level": "Care for Cloud"}]},
    )
    assert [detail for _act, _subject, detail in trail(core)[before:]] == [
        "care_level: Business Care -> Premium Care",
        "care_level: Premium Care -> Care for Cloud",
    ]


def test_an_import_that_waits_too_long_is_asked_to_come_again(core):
    """A9: it is not brought in beside the other one."""
    with core.database.engine.begin() as other:
        bring_in(UnitOfWork(other, core.clock.now(), core.house), read_sheet([]))
        with pytest.raises((OperationalError, DatabaseIsBusy)):
            brought_in(core, DIRECTORY)


def test_only_what_changes_is_written(core):
    """A9: a column that a file does not change is nobody's to write."""
    statements = []

    def keep(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    sa.event.listen(core.database.engine, "before_cursor_execute", keep)
    alice = contact(DIRECTORY) | {"grants": [contact(DIRECTORY)["grants"][0] | {"access": "Read-Only"}]}
    brought_in(core, {"contracts": [HILL | {"products": ["Dialer"]}], "contacts": [alice]})
    sa.event.remove(core.database.engine, "before_cursor_execute", keep)
    updates = [statement for statement in statements if statement.startswith("UPDATE")]
    assert [one.partition(" WHERE ")[0].count("=") for one in updates] == [1, 1]


# --- who may hold what --------------------------------------------------------------------------------------

DIRECT_TOO = {"number": "C-8", "sold_to": "Hill Hospital", "care_level": "Business Care",
              "starts": "2025-01-01", "ends": "2030-01-01"}  # fmt: skip
BY_PARTNER = {"approved_by": "Harbour Partners", "approved_on": "2026-01-02"}
BY_FIELDCARE = {"approved_by": "Fieldcare", "approved_on": "2026-01-02"}

GRANTED = {
    "an employee of the Support Owner": ({"employer": "Fieldcare"}, DC_OF_HILL, {}),
    "anybody with the Support Owner's approval": ({"employer": "Cloudline"}, DC_OF_HILL | BY_FIELDCARE, {}),
    "an employee of a division": (
        {"employer": "Northwind Labs"},
        DC_OF_NORTHWIND | {"end_user": "Northwind Labs", "approved_by": "Northwind", "approved_on": "2026-01-02"},
        {},
    ),
    "an employee of an End User that buys directly too": (
        {"employer": "Hill Hospital"},
        DC_OF_HILL | BY_FIELDCARE,
        {"contracts": [DIRECT_TOO]},
    ),
    "a reader with the partner's approval": ({"employer": "Hill Hospital"}, READER_OF_HILL | BY_PARTNER, {}),
    "a reader of an End User that buys directly too": (
        {"employer": "Hill Hospital"},
        READER_OF_HILL,
        {"contracts": [DIRECT_TOO]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("person", "grant", "others"), GRANTED.values(), ids=GRANTED)
def test_these_are_given_access(core, person, grant, others):
    """A4, A5, judged by what is there once the document is in."""
    brought_in(core, others | {"contacts": [NEW | TERMS | person | {"grants": [grant]}]})
    [held] = held_by(core, NEW["email"]).values()
    assert (held.standing.access, held.standing.groundless) == (grant["access"], None)


NOT_GRANTED = {
    "an employee of a partner's End User": (
        TERMS | {"employer": "Hill Hospital"}, DC_OF_HILL | BY_FIELDCARE, ("access", "Read-Write", "A4")),
    "somebody without the Support Owner's approval": (
        TERMS | {"employer": "Cloudline"}, DC_OF_HILL, ("access", "Read-Write", "A4")),
    "a reader without the partner's approval": (
        {"employer": "Hill Hospital"}, READER_OF_HILL, ("approved_by", None, "A4")),
    "a DC who has not accepted the terms": ({}, DC_OF_NORTHWIND, ("terms_accepted", None, "A5")),
    "a DC without a Designated Approver": (
        TERMS, {"sold_to": "Northwind", "access": "Read-Write"}, ("approver", None, "A5")),
    "an approval without a date": (
        TERMS, DC_OF_NORTHWIND | {"approved_by": "Northwind"}, ("approved_on", None, "A4")),
    "an approval without its giver": (
        TERMS, DC_OF_NORTHWIND | {"approved_on": "2026-01-02"}, ("approved_by", None, "A4")),
    "an approval in the future": (
        TERMS, DC_OF_NORTHWIND | BY_PARTNER | {"approved_on": "2026-03-03"},
        ("approved_on", "2026-03-03T00:00:00+00:00", "A4")),
    "an approval of nobody": (
        TERMS, DC_OF_NORTHWIND | BY_PARTNER | {"approved_by": "Nobody"}, ("approved_by", "Nobody", "A4")),
    "a combination without a contract": (
        TERMS, DC_OF_NORTHWIND | {"end_user": "Eastgate"}, ("access", "Read-Write", "A1")),
    "a combination of nobody": (TERMS, DC_OF_NORTHWIND | {"sold_to": "Nobody"}, ("sold_to", "Nobody", "A3")),
}  # fmt: skip


@pytest.mark.parametrize(("person", "grant", "named"), NOT_GRANTED.values(), ids=NOT_GRANTED)
def test_these_are_not_given_access(core, person, grant, named):
    """A1, A4, A5: the field, its value and the rule are named, and nothing changed."""
    lines = refused(core, {"contacts": [NEW | person | {"grants": [grant]}]})
    assert (lines[0].field, lines[0].value, lines[0].rule) == named


def test_a_contact_who_changes_employer_does_not_take_the_grants_along(core):
    """A4: judged for what is on record too, not only for what the document names."""
    [line] = refused(core, {"contacts": [contact(DIRECTORY) | {"employer": "Eastgate", "grants": []}]})
    assert (line.field, line.value, line.rule) == ("employer", "Eastgate", "A4")
    assert "Read-Write for Northwind" in line.words


def test_terms_that_are_taken_back_take_the_grant_along(core):
    """A5."""
    [line] = refused(core, {"contacts": [contact(DIRECTORY) | {"terms_accepted": None}]})
    assert (line.field, line.value, line.rule) == ("terms_accepted", None, "A5")


def test_a_right_that_stays_as_it_was_is_not_given_again(core):
    """What lost its ground meanwhile is reported, and does not keep the rest of a file out."""
    contract = DIRECTORY["contracts"][0] | {"support_owner": "Fieldcare"}
    brought_in(core, {"contracts": [contract]})
    assert brought_in(core, {"contacts": DIRECTORY["contacts"]}).changes == ()
    assert held_by(core, "alice@northwind.example")["Northwind"].standing.groundless.rule == "A4"


# --- what is refused ----------------------------------------------------------------------------------------


def without(name):
    return lambda document: contact(document).pop(name)


def in_contact(**fields):
    return lambda document: document["contacts"].append(NEW | fields)


def in_contract(**fields):
    return lambda document: document["contracts"][0].update(fields)


def in_shift(**fields):
    return lambda document: shift(document).update(fields)


WRONG = {
    "no first name": (without("first_name"), "first_name", None, "A7"),
    "no last name": (without("last_name"), "last_name", None, "A7"),
    "no employer": (without("employer"), "employer", None, "A7"),
    "no country": (without("country"), "country", None, "A7"),
    "no address": (without("email"), "email", None, "A7"),
    "a blank name": (in_contact(first_name=" "), "first_name", " ", "A7"),
    "an address that is none": (in_contact(email="alice"), "email", "alice", "A7"),
    "a free-mail address": (in_contact(email="bob@gmail.com"), "email", "bob@gmail.com", "A6"),
    "a role address": (in_contact(email="noc@northwind.example"), "email", "noc@northwind.example", "A6"),
    "an unknown employer": (in_contact(employer="Nobody"), "employer", "Nobody", "A7"),
    "a country of three letters": (in_contact(country="USA"), "country", "USA", "A7"),
    "a country that is none": (in_contact(country="XX"), "country", "XX", "A7"),
    "an unknown language": (in_contact(language="xx"), "language", "xx", "A7"),
    "an unknown time zone": (in_contact(time_zone="Mars/Base"), "time_zone", "Mars/Base", "A7"),
    "terms of tomorrow": (
        in_contact(terms_accepted="2026-03-03"), "terms_accepted", "2026-03-03T00:00:00+00:00", "A5"),
    "terms at no time": (in_contact(terms_accepted="yes"), "terms_accepted", "yes", "A7"),
    "a name of two lines": (in_contact(last_name="A\nB"), "last_name", "A\nB", "A7"),
    "a name that is too long": (in_contact(last_name="x" * 101), "last_name", "x" * 101, "A7"),
    "no telephone number": (in_contact(phone="12"), "phone", "12", "A7"),
    "a number without its country": (in_contact(phone="4155550132"), "phone", "4155550132", "A7"),
    "a number of a digit too few": (in_contact(phone="+1415555013"), "phone", "+1415555013", "A7"),
    "a number of a digit too many": (in_contact(phone="+141555501320"), "phone", "+141555501320", "A7"),
    "a satellite number": (in_contact(phone="+870773111632"), "phone", "+870773111632", "A7"),
    "an unknown key": (in_contact(telephone="1"), "telephone", "1", "A7"),
    "an unknown access": (
        lambda document: contact(document)["grants"][0].update(access="Admin"), "access", "Admin", "A3"),
    "the same contact twice": (
        lambda document: document["contacts"].append(contact(document) | {"grants": []}),
        "email", "alice@northwind.example", "A7"),
    "the same contract twice": (
        lambda document: document["contracts"].append(document["contracts"][0]), "number", "C-1", "A1"),
    "the same company twice": (lambda document: document["accounts"].append("Lapsed"), "name", "Lapsed", "A1"),
    "the same analyst twice": (
        lambda document: document["analysts"].append(document["analysts"][0]),
        "email", "ada@support.example", "P4"),
    "an unknown care level": (in_contract(care_level="Gold"), "care_level", "Gold", "A1"),
    "an unknown status": (in_contract(status="Open"), "status", "Open", "A1"),
    "a date that is none": (in_contract(ends="soon"), "ends", "soon", "A1"),
    "an end before the start": (in_contract(ends="2024-12-31"), "ends", "2024-12-31T00:00:00+00:00", "A1"),
    "an end at the start": (in_contract(ends="2025-01-01"), "ends", "2025-01-01T00:00:00+00:00", "A1"),
    "an unknown Sold To": (in_contract(sold_to="Nobody"), "sold_to", "Nobody", "A1"),
    "an unknown Support Owner": (in_contract(support_owner="Nobody"), "support_owner", "Nobody", "A1"),
    "a contract without a number": (in_contract(number=None), "number", None, "A1"),
    "a company of nobody": (
        lambda document: document["accounts"].append({"name": "Lab", "part_of": "Nobody"}),
        "part_of", "Nobody", "A1"),
    "a company that is a part of itself": (
        lambda document: document["accounts"].append({"name": "Lab", "part_of": "Lab"}), "part_of", "Lab", "A4"),
    "a shift without a rung": (lambda document: shift(document).pop("rung"), "rung", None, "P4"),
    "an eighth day": (in_shift(days=[8]), "days", 8, "P4"),
    "a shift in an unknown zone": (in_shift(time_zone="Mars/Base"), "time_zone", "Mars/Base", "P4"),
    "a time that is none": (in_shift(starts="25:00"), "starts", "25:00", "P4"),
    "an entry that is no mapping": (
        lambda document: document["contacts"].append("alice"), "entry", "alice", "A7"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "field", "value", "rule"), WRONG.values(), ids=WRONG)
def test_one_wrong_value_is_named_and_changes_nothing(core, spoil, field, value, rule):
    """A1, A3, A5, A6, A7, P4: all of the document or nothing."""
    document = copy.deepcopy(DIRECTORY)
    document["accounts"].append("Added before the fault was seen")
    spoil(document)
    line = refused(core, document)[0]
    assert (line.field, line.value, line.rule) == (field, value, rule)
    assert f"{field} is " in str(line)
    assert f"({rule})" in str(line)


NO_ADDRESSES = [
    "carla at caretakers", "a@", "a@b", "12", "Carla <c@x.example>", "Carla<c@x.example>",
    "a@x.example, b@x.example", "a@x.example,b@x.example", "a@x.example; b@x.example", "a@x..example",
    "no\u200bc@northwind.example",
]  # fmt: skip


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_an_address_that_is_none_is_refused_once_with_what_stands_below_it(core, address):
    """A7: its grants and its shifts cannot be brought in, and are not refused for it."""
    analyst = DIRECTORY["analysts"][0] | {"email": address}
    for document in (
        {"contacts": [NEW | TERMS | {"email": address, "grants": [DC_OF_NORTHWIND]}]},
        {"analysts": [analyst]},
    ):
        [line] = refused(core, document)
        assert (line.field, line.value) == ("email", address)
        assert line.rule in ("A7", "P4")


def test_what_stands_below_nobody_is_not_refused_for_it(core):
    """A7."""
    nobody = {name: value for name, value in NEW.items() if name != "email"}
    [line] = refused(core, {"contacts": [nobody | TERMS | {"grants": [DC_OF_NORTHWIND]}]})
    assert (str(line), line.value) == ("contact: email is missing (A7)", None)


def test_a_grant_below_a_contact_is_that_contacts(core):
    """A3: it changes nobody else."""
    lowered = {"email": "charlie@eastgate.example", "sold_to": "Eastgate", "access": "Basic"}
    [line] = refused(core, {"contacts": [contact(DIRECTORY) | {"grants": [lowered]}]})
    assert (line.section, line.field, line.value) == (Section.GRANT, "email", "charlie@eastgate.example")
    assert "alice@northwind.example" in line.words
    same = contact(DIRECTORY)["grants"][0] | {"email": " Alice@Northwind.example"}
    assert brought_in(core, {"contacts": [contact(DIRECTORY) | {"grants": [same]}]}).changes == ()


def test_a_shift_below_an_analyst_is_that_analysts(core):
    """P4."""
    ada = DIRECTORY["analysts"][0] | {"shifts": [{"rung": 1, "email": "grace@support.example"}]}
    [line] = refused(core, {"analysts": [ada]})
    assert (line.section, line.field, line.value) == (Section.SHIFT, "email", "grace@support.example")


def test_a_name_is_the_same_however_its_letters_are_composed(core):
    """A1: no second company that looks like the first one."""
    brought_in(core, {"accounts": ["Caf\u00e9 M\u00fcller"]})
    apart = unicodedata.normalize("NFD", "Caf\u00e9 M\u00fcller")
    assert brought_in(core, {"accounts": [apart]}).changes == ()


@pytest.mark.parametrize("mark", ["\u2060", "\u200b", "\u00ad", "\u202e", "\ufeff", "\x07"])
def test_a_name_holds_nothing_that_is_not_seen(core, mark):
    """A1: a format character makes another name that looks the same."""
    [line] = refused(core, {"accounts": [f"North{mark}wind", "Lab"]})
    assert (line.field, line.rule) == ("name", "A1")


# --- in which words -----------------------------------------------------------------------------------------


def test_a_refusal_says_a_word_as_the_file_has_it(core):
    """A5."""
    [line] = refused(
        core, {"contacts": [NEW | TERMS | {"employer": "Cloudline", "grants": [DC_OF_NORTHWIND]}]}
    )
    assert "access is 'Read-Write' (A4): " in str(line)


TO_DO = {
    "approval of the Support Owner": (
        TERMS | {"employer": "Cloudline"}, DC_OF_NORTHWIND,
        "To do: give approved_by and approved_on, or access: Basic."),
    "approval of the partner": (
        {"employer": "Hill Hospital"}, READER_OF_HILL, "To do: give approved_by and approved_on, or access: Basic."),
    "employee of the End User": (
        TERMS | {"employer": "Hill Hospital"}, DC_OF_HILL,
        "To do: give access: Read-Only with approved_by and approved_on, or access: Basic."),
    "terms": ({}, DC_OF_NORTHWIND, "To do: give the contact terms_accepted, or access: Basic."),
    "approver": (
        TERMS, {"sold_to": "Northwind", "access": "Read-Write"}, "To do: give approver, or access: Basic."),
}  # fmt: skip


@pytest.mark.parametrize(("person", "grant", "words"), TO_DO.values(), ids=TO_DO)
def test_a_refusal_says_what_to_do(core, person, grant, words):
    """A4, A5: as `directory check` does."""
    [line] = refused(core, {"contacts": [NEW | person | {"grants": [grant]}]})
    assert str(line).endswith(words)


def test_a_refusal_for_a_grant_that_stays_says_what_to_do(core):
    """A4: the grant is not in the file."""
    [line] = refused(core, {"contacts": [contact(DIRECTORY) | {"employer": "Eastgate", "grants": []}]})
    assert str(line).endswith(
        "To do: in an entry of that grant, give approved_by and approved_on, or access: Basic."
    )


@pytest.mark.parametrize("is_new", [True, False])
def test_an_unknown_employer_is_refused_once(core, is_new):
    """A7, A4: who works for nobody known is judged for nothing else."""
    person = NEW | TERMS if is_new else contact(DIRECTORY)
    grants = [[DC_OF_NORTHWIND], []] if is_new else [contact(DIRECTORY)["grants"], []]
    for given in grants:
        [line] = refused(core, {"contacts": [person | {"employer": "Nortwind", "grants": given}]})
        assert (line.field, line.value, line.rule) == ("employer", "Nortwind", "A7")


MISSPELT = {
    "Sold To": {"contracts": [DIRECT_TOO | {"sold_to": "Fieldkare", "end_user": "Eastgate"}]},
    "End User": {"contracts": [DIRECT_TOO | {"sold_to": "Fieldcare", "end_user": "Eastgat"}]},
    "Support Owner": {
        "contracts": [DIRECT_TOO | {"sold_to": "Fieldcare", "end_user": "Eastgate", "support_owner": "Fieldkare"}]},
}  # fmt: skip


@pytest.mark.parametrize("document", MISSPELT.values(), ids=MISSPELT)
def test_a_company_that_is_misspelt_in_a_contract_is_refused_once(core, document):
    """A1, A4: and not for each grant of that contract."""
    grant = DC_OF_NORTHWIND | {"sold_to": "Fieldcare", "end_user": "Eastgate"}
    person = NEW | TERMS | {"employer": "Fieldcare", "grants": [grant]}
    lines = refused(core, document | {"contacts": [person]})
    assert {line.section for line in lines} == {Section.CONTRACT}
    assert {line.rule for line in lines} == {"A1"}


def test_a_company_that_is_misspelt_in_its_division_is_refused_once(core):
    """A1, A4: nobody knows of what the division is one."""
    lena = next(one for one in DIRECTORY["contacts"] if one["first_name"] == "Lena")
    grant = lena["grants"][0] | {"approver": "Another"}
    document = {
        "accounts": [{"name": "Northwind Labs", "part_of": "Nortwind"}],
        "contacts": [lena | {"grants": [grant]}],
    }
    [line] = refused(core, document)
    assert (line.section, line.field) == (Section.ACCOUNT, "part_of")


@pytest.mark.parametrize("number", ["+870773111632", "+19002345678"], ids=["satellite", "premium"])
def test_a_number_that_is_one_but_not_accepted_is_told_so(core, number):
    """A7: it is not called invalid."""
    [line] = refused(core, {"contacts": [NEW | {"phone": number}]})
    assert "this kind of number is not accepted" in line.words


def test_a_circle_of_companies_is_refused(core):
    """A4: each would be a division of the other."""
    document = {"accounts": [{"name": "Northwind", "part_of": "Northwind Labs"}]}
    assert [line.name for line in refused(core, document)] == ["Northwind"]


def test_every_refused_line_is_named_and_not_only_the_first(core):
    """A6, A7; and what hangs on a refused contact is not refused for that."""
    wrong = [
        NEW | {"email": "bob@gmail.com", "country": "XX", "grants": [DC_OF_NORTHWIND]},
        NEW | {"phone": "1"},
    ]
    assert [(line.field, line.rule) for line in refused(core, {"contacts": wrong})] == [
        ("country", "A7"),
        ("phone", "A7"),
        ("email", "A6"),
    ]


@pytest.mark.parametrize(
    "document", [{"people": []}, {"contacts": {"a": 1}}, {"contacts": [NEW | {"grants": 1}]}]
)
def test_a_document_of_another_form_is_bad_input(core, document):
    """There is no line to name."""
    before = everything(core)
    with pytest.raises(BadInput):
        brought_in(core, document)
    assert everything(core) == before
