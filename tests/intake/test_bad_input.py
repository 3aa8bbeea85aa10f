"""Bad input of every kind, at the real command line: named by field, value and rule; nothing changes."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Iterator

import pytest
import yaml

from tests.intake.test_exit_codes import SECRETS, Site
from tests.people import DIRECTORY

NUMBER = "0000000001"
OPEN = ("case", "open", "--contact", "alice@northwind.example", "--subject")
ALICE = next(person for person in DIRECTORY["contacts"] if person["email"].startswith("alice"))
CONTRACT = {"number": "N-1", "sold_to": "Northwind", "care_level": "Business Care"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A gateway with people, and one open case; every test leaves it as it is."""
    own = Site(tmp_path_factory.mktemp("bad-input"))
    file = own.folder / "people.yaml"
    file.write_text(yaml.safe_dump(DIRECTORY), encoding="utf-8")
    for words in (("migrate",), ("directory", "import", str(file)), (*OPEN, "The switch is down")):
        assert own.run(*words).code == 0
    return own


@pytest.fixture
def unchanged(site: Site) -> Iterator[None]:
    """The database has seen no commit when the test is over."""
    watcher = sqlite3.connect(site.database)
    before = watcher.execute("PRAGMA data_version").fetchone()
    yield
    assert watcher.execute("PRAGMA data_version").fetchone() == before
    watcher.close()


# What is typed -> the exit code, and what the message must name: field, value, rule.
TYPED = {
    "an unknown number": (("case", "show", "0000009999"), 1, ("case", "0000009999")),
    "a number of 9 digits": (
        ("case", "show", "000000001"),
        2,
        ("case number", "'000000001'", "10 digits", "C1"),
    ),
    "a number of 11 digits": (
        ("case", "post", "00000000001", "x"),
        2,
        ("case number", "'00000000001'", "C1"),
    ),
    "a number with a letter": (
        ("case", "close", "00000O0001", "x"),
        2,
        ("case number", "'00000O0001'", "C1"),
    ),
    "a subject of 1001 characters": (
        (*OPEN, "x" * 1001),
        2,
        ("subject", "xxx", "1001 characters", "1 to 1000", "C5"),
    ),
    "an empty subject": ((*OPEN, " "), 2, ("subject", "' '", "C5")),
    "a status that does not exist": (("case", "status", NUMBER, "Lost"), 2, ("sub-status", "'Lost'", "C6")),
    "a status of another type": (
        ("case", "status", NUMBER, "Accepted"),
        2,
        ("sub-status", "'Accepted'", "C6"),
    ),
    "a status that needs its verb": (
        ("case", "status", NUMBER, "Replied"),
        2,
        ("sub-status", "'Replied'", "C6"),
    ),
    "a closing reason of another type": (
        ("case", "close", NUMBER, "x", "--reason", "Completed"),
        2,
        ("reason", "'Completed'", "C8"),
    ),
    "a closing reason that is none": (
        ("case", "close", NUMBER, "x", "--reason", "Tired"),
        2,
        ("reason", "'Tired'", "C8"),
    ),
    "a closing without words": (("case", "close", NUMBER, ""), 2, ("comment", "C8")),
    "a reopening of what is open": (("case", "reopen", NUMBER, "x"), 1, ("not closed", "C9")),
    "a priority that is none": (("case", "priority", NUMBER, "urgent"), 2, ("priority", "'urgent'", "C3")),
    "a type that is none": ((*OPEN, "x", "--type", "Wish"), 2, ("type", "'Wish'", "C2")),
    "a sub-type of another type": (
        (*OPEN, "x", "--sub-type", "Empty PIN"),
        2,
        ("sub-type", "'Empty PIN'", "C15"),
    ),
    "a service request without cloud": ((*OPEN, "x", "--type", "Service Request"), 1, ("cloud", "C2")),
    "a stage that is none": ((*OPEN, "x", "--stage", "Test"), 2, ("stage", "'Test'", "Production", "C5")),
    "less than no agents": ((*OPEN, "x", "--agents-affected", "-1"), 2, ("agents affected", "-1", "C5")),
    "agents that are no number": (
        (*OPEN, "x", "--agents-affected", "many"),
        2,
        ("--agents-affected", "'many'"),
    ),
    "an escalation for urgency": (
        ("case", "escalate", NUMBER, "x", "--ground", "Urgency"),
        1,
        ("urgency", "C11"),
    ),
    "a ground that is none": (
        ("case", "escalate", NUMBER, "x", "--ground", "Anger"),
        2,
        ("ground", "'Anger'", "Unsatisfactory Answer", "C11"),
    ),
    "a list of a status that is none": (("case", "list", "--status", "Lost"), 2, ("status", "'Lost'", "C6")),
    "a list of a contact who is none": (
        ("case", "list", "--contact", "eve@x.example"),
        1,
        ("contact", "'eve@"),
    ),
    "bytes that are no text": ((*OPEN, "caf\udce9"), 2, ("argument 6", "UTF-8")),
    "an escalation without words": (("case", "escalate", NUMBER, " "), 2, ("text", "C11")),
    "a decision on no escalation": (
        ("case", "escalation", "grant", NUMBER, "x"),
        1,
        ("no open escalation", "C11"),
    ),
    "a contact without access": (
        ("case", "open", "--contact", "bob@northwind.example", "--subject", "x"),
        1,
        ("Designated Contact", "A3"),
    ),
    "a contact whose contracts ended": (
        ("case", "open", "--contact", "erin@lapsed.example", "--subject", "x"),
        1,
        ("contract", "A9"),
    ),
    "a contact who is none": (
        ("contact", "pin", "eve@elsewhere.example"),
        1,
        ("contact", "'eve@elsewhere.example'"),
    ),
    "an analyst who is none": (
        ("case", "assign", NUMBER, "eve@support.example"),
        1,
        ("analyst", "'eve@support.example'"),
    ),
    "a company that is not the contact's": (
        (*OPEN, "x", "--company", "Eastgate"),
        2,
        ("company", "'Eastgate'", "Northwind"),
    ),
    "a time in the past": (("worker", "--once", "--as-of", "2020-01-01"), 2, ("as-of", "2020")),
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("words", "code", "named"), TYPED.values(), ids=TYPED.keys())
def test_what_is_typed_wrong_is_named(site: Site, words, code, named) -> None:
    """C1, C2, C3, C5, C6, C8, C9, C11, C15, A3, A9, A10."""
    ended = site.run(*words)
    assert ended.code == code, ended.err
    for part in named:
        assert part.lower() in ended.err.lower()
    assert "Traceback" not in ended.err
    assert ended.out == ""


# A section and an entry of a directory file -> what the message must name.
FILED = {
    "a contact twice": (
        "contacts",
        (ALICE, dict(ALICE)),
        ("alice@northwind.example", "stands on line 2 already"),
    ),
    "a contract that ends before it starts": (
        "contracts",
        ({**CONTRACT, "starts": "2026-02-01", "ends": "2026-01-01"},),
        ("ends", "2026-01-01", "A1"),
    ),
    "terms accepted tomorrow": (
        "contacts",
        ({**ALICE, "terms_accepted": "2999-01-01"},),
        ("terms", "2999", "A5"),
    ),
    "a telephone number of 5 digits": ("contacts", ({**ALICE, "phone": "+1415"},), ("phone", "+1415")),
    "a satellite number": ("contacts", ({**ALICE, "phone": "+870776123456"},), ("phone", "+870776123456")),
    "a free-mail address": (
        "contacts",
        ({**ALICE, "email": "alice@gmail.com"},),
        ("email", "alice@gmail.com", "A6"),
    ),
    "a role address": ("contacts", ({**ALICE, "email": "noc@northwind.example"},), ("email", "noc@", "A6")),
    "no last name": ("contacts", ({**ALICE, "last_name": ""},), ("last_name", "A7")),
    "no terms": (
        "contacts",
        ({**ALICE, "email": "al@northwind.example", "terms_accepted": None},),
        ("terms", "A5"),
    ),
    "an employer who is none": ("contacts", ({**ALICE, "employer": "Nobody"},), ("employer", "'Nobody'")),
    "a care level that is none": (
        "contracts",
        ({**CONTRACT, "care_level": "Gold", "starts": "2026-01-01", "ends": "2027-01-01"},),
        ("care_level", "'Gold'", "A1"),
    ),
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("section", "entries", "named"), FILED.values(), ids=FILED.keys())
def test_what_is_wrong_in_a_file_is_named_with_its_line(site: Site, section, entries, named) -> None:
    """A1, A4, A5, A6, A7."""
    file = site.folder / "wrong.yaml"
    file.write_text(yaml.safe_dump({section: [copy.deepcopy(entry) for entry in entries]}), encoding="utf-8")
    ended = site.run("directory", "import", str(file))
    assert ended.code == 1, ended.err
    for part in ("line ", *named):
        assert part.lower() in ended.err.lower()
    assert "nothing was brought in" in ended.err


def test_the_secrets_of_the_site_are_in_no_message(site: Site) -> None:
    """A10: whatever goes wrong."""
    for words, _code, _named in list(TYPED.values())[:5]:
        assert not any(secret in site.run(*words).err for secret in SECRETS.values())
